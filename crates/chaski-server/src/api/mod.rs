//! The public API under `/v2`.

mod closing_notes;
pub(crate) mod contact_fields;
mod contact_filter;
mod contact_list;
mod contact_marks;
mod contacts;
mod conversations;
pub(crate) mod custom_fields;
mod messages;
mod mtm;
pub(crate) mod openapi;
mod openapi_admin;
mod openapi_contacts;
mod openapi_space;
mod page;
pub(crate) mod parse;
mod parse_email;
mod parse_template;
mod send;
mod space;
pub(crate) mod tags;
mod users;
pub(crate) mod views;

use crate::problem::Problem;
use crate::state::App;
use axum::Router;
use axum::extract::{Path, rejection::PathRejection};
use axum::routing::{delete, get, post, put};
use chaski_model::identifier::Identifier;
use chaski_model::{ErrorCode, WorkspaceId};
use chaski_store::contacts::Contact;

pub(crate) use page::number as page_number;

/// The routes of `/v2`, with their whole paths: a nested router costs each request a layer.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/v2/contact/{identifier}", get(contacts::get).post(contacts::create))
        .route("/v2/contact/{identifier}", put(contacts::update))
        .route("/v2/contact/list", post(contact_list::list))
        .route("/v2/contact/{identifier}/tag", post(contact_marks::add_tags))
        .route("/v2/contact/{identifier}/tag", delete(contact_marks::remove_tags))
        .route("/v2/contact/{identifier}/lifecycle/update", post(contact_marks::lifecycle))
        .route("/v2/contact/{identifier}/channels", get(contact_marks::channels))
        .route("/v2/contact/{identifier}/conversation/assignee", post(conversations::assign))
        .route("/v2/contact/create_or_update/{identifier}", post(contacts::create_or_update))
        .route("/v2/contact/{identifier}/message", post(send::post))
        .route("/v2/contact/{identifier}/message/list", get(messages::list))
        .route("/v2/contact/{identifier}/message/{message_id}", get(messages::get))
        .route("/v2/space/channel", get(space::channels))
        .route("/v2/space/channel/{channel_id}/template", get(space::templates))
        .route("/v2/space/channel/{channel_id}/mtm", get(mtm::list))
        .route("/v2/space/mtm/{template_id}", get(mtm::get))
        .route("/v2/space/user", get(users::list))
        .route("/v2/space/user/{user_id}", get(users::get))
        .route("/v2/space/custom_field", get(custom_fields::list).post(custom_fields::create))
        .route("/v2/space/custom_field/{field_id}", get(custom_fields::get))
        .route("/v2/space/closing_notes", get(closing_notes::list))
        .route("/v2/space/tag", post(tags::create).put(tags::change).delete(tags::delete))
}

/// A path parameter, decoded; a path that is not UTF-8 is the caller's fault.
pub(crate) fn path<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Problem> {
    path.map(|Path(value)| value).map_err(|rejection| {
        Problem::new(
            ErrorCode::IdentifierInvalid,
            format!("The path cannot be read: {}.", rejection.body_text()),
        )
    })
}

/// Reads an identifier as the workspace writes numbers.
pub(crate) fn identifier(app: &App, workspace: WorkspaceId, text: &str) -> Result<Identifier, Problem> {
    let snapshot = app.engine.snapshot();
    let country = snapshot.workspaces.get(&workspace).and_then(|w| w.country.as_deref());
    Identifier::parse(text, country).map_err(|why| Problem::new(ErrorCode::IdentifierInvalid, why))
}

/// The contact that an identifier names.
pub(crate) async fn contact(app: &App, workspace: WorkspaceId, text: &str) -> Result<Contact, Problem> {
    let identifier = identifier(app, workspace, text)?;
    let found = app.engine.store().contact(workspace, &identifier).await?;
    found.ok_or_else(|| Problem::new(ErrorCode::ContactNotFound, "Contact not found"))
}
