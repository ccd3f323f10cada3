//! Contacts: read, create, update, create or update.

use super::{contact, contact_fields, identifier, path, views};
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::{auth, body};
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::identifier::Identifier;
use chaski_model::{ErrorCode, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::admin::Token;
use chaski_store::contacts::ContactChange;
use serde_json::json;

/// `GET /v2/contact/{identifier}`.
pub(crate) async fn get(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:read").await?;
    let found = contact(&app, token.workspace, &path(place)?).await?;
    let snapshot = app.engine.snapshot();
    Ok(ok(views::contact(&found, &snapshot.fields_of(token.workspace), &snapshot.users)))
}

/// `POST /v2/contact/{identifier}`.
pub(crate) async fn create(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let bytes = body::read(request, body::API).await?;
    let whom = identifier(&app, token.workspace, &path(place)?)?;
    if matches!(whom, Identifier::Id(_)) {
        let (code, message) = contact_fields::refuse_id();
        return Err(Problem::new(code, message));
    }
    let mut change = change_of(&app, token.workspace, &bytes, true)?;
    contact_fields::add_identifier(&mut change, &whom);
    let made =
        app.engine.store().create_contact(token.workspace, None, change, app.engine.clock().now()).await;
    made.map_err(taken)?;
    Ok(ok(json!({"code": "200", "message": "Contact added successfully!"})))
}

/// `POST /v2/contact/create_or_update/{identifier}`.
pub(crate) async fn create_or_update(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let bytes = body::read(request, body::API).await?;
    let whom = identifier(&app, token.workspace, &path(place)?)?;
    let mut change = change_of(&app, token.workspace, &bytes, true)?;
    let store = app.engine.store();
    let now = app.engine.clock().now();
    let id = match store.contact(token.workspace, &whom).await? {
        Some(known) => {
            store.update_contact(token.workspace, known.id, change, now).await.map_err(taken)?;
            known.id
        }
        None if matches!(whom, Identifier::Id(_)) => {
            return Err(Problem::new(ErrorCode::ContactNotFound, "Contact not found"));
        }
        None => {
            contact_fields::add_identifier(&mut change, &whom);
            store.create_contact(token.workspace, None, change, now).await.map_err(taken)?
        }
    };
    Ok(ok(json!({"contactId": id})))
}

/// `PUT /v2/contact/{identifier}`.
pub(crate) async fn update(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "contacts:write").await?;
    let bytes = body::read(request, body::API).await?;
    let change = change_of(&app, token.workspace, &bytes, false)?;
    change_by(&app, &token, &path(place)?, change, taken).await
}

/// Changes the contact that an identifier names, and answers with its number. `refused` says what a refusal by
/// the store means.
pub(super) async fn change_by(
    app: &App,
    token: &Token,
    place: &str,
    change: ContactChange,
    refused: fn(StoreError) -> Problem,
) -> Result<Response, Problem> {
    let found = contact(app, token.workspace, place).await?;
    let now = app.engine.clock().now();
    app.engine.store().update_contact(token.workspace, found.id, change, now).await.map_err(refused)?;
    Ok(ok(json!({"contactId": found.id})))
}

fn change_of(
    app: &App,
    workspace: WorkspaceId,
    bytes: &[u8],
    name_required: bool,
) -> Result<ContactChange, Problem> {
    let given = body::json(bytes)?;
    let snapshot = app.engine.snapshot();
    let country = snapshot.workspaces.get(&workspace).and_then(|w| w.country.as_deref());
    contact_fields::read(&given, &snapshot.fields_of(workspace), country, name_required)
        .map_err(Problem::faults)
}

/// An address that belongs to another contact.
fn taken(error: StoreError) -> Problem {
    match error {
        StoreError::Conflict(why) => Problem::new(ErrorCode::ContactExists, why),
        other => other.into(),
    }
}
