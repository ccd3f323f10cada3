//! What the command line and the web need beyond `/v2`. Every route wants the scope `admin`.

mod channels;
mod contacts;
mod health;
mod messages;
pub(crate) mod people;
mod space;
mod templates;
mod webhooks;

use crate::auth;
use crate::body::{self, Fields};
use crate::problem::Problem;
use crate::state::App;
use axum::Router;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use chaski_model::Fault;
use chaski_store::admin::Token;
use serde_json::Value;
use std::sync::Arc;

/// The routes of `/admin/v1`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/workspaces", get(people::workspaces).post(people::add_workspace))
        .route("/tokens", get(people::tokens).post(people::add_token))
        .route("/users", get(people::users).post(people::add_user))
        .route("/sign-in-links", post(people::add_sign_in_link))
        .route("/channels", get(channels::list).post(channels::add))
        .route("/channels/{id}/settings", post(channels::change))
        .route("/channels/{id}/check", post(channels::check))
        .route("/channels/{id}/resume", post(channels::resume))
        .route("/channels/{id}/remove", post(channels::remove))
        .route("/channels/{id}/templates/sync", post(templates::sync))
        .route("/channels/{id}/templates/import", post(templates::import))
        .route("/templates", get(templates::list))
        .route("/templates/lint", post(templates::lint))
        .route("/contacts", get(contacts::list).post(contacts::add))
        .route("/lifecycles", get(contacts::lifecycles).put(contacts::set_lifecycles))
        .route("/fields", get(contacts::fields).post(contacts::add_field))
        .route("/fields/{name}", axum::routing::delete(contacts::delete_field))
        .route("/tags", get(space::tag_list))
        .route("/closing-notes", get(space::closing_notes).post(space::add_closing_note))
        .route("/closing-notes/{id}", axum::routing::delete(space::delete_closing_note))
        .route("/messages/{id}", get(messages::show))
        .route("/messages/{id}/resolve", post(messages::resolve))
        .route("/messages/{id}/replay", post(health::replay))
        .route("/unknown", get(health::unknown))
        .route("/webhooks", get(webhooks::list))
        .route("/webhooks/{id}", get(webhooks::show))
        .route("/webhooks/{id}/replay", post(webhooks::replay))
        .route("/webhooks/{id}/dismiss", post(webhooks::dismiss))
        .route("/dead-letters", get(health::dead_letters))
        .route("/dead-letters/messages", get(health::dead_letter_list))
        .route("/dead-letters/replay", post(health::replay_many))
        .route("/dead-letters/dismiss", post(health::dismiss))
        .route("/health", get(health::health))
        .route("/retention", get(health::removable))
        .route("/retention/run", post(health::retain))
        .route("/check", get(channels::check_all))
}

/// The token of an operator.
async fn operator(app: &App, headers: &HeaderMap) -> Result<Arc<Token>, Problem> {
    auth::token(app, headers, "admin").await
}

/// A body as one JSON object.
async fn object(request: Body) -> Result<Value, Problem> {
    body::json(&body::read(request, body::API).await?)
}

/// Reads fields, and answers with every fault at once.
fn fields<T>(value: &Value, read: impl FnOnce(&Fields<'_>, &mut Vec<Fault>) -> T) -> Result<T, Problem> {
    let mut faults = Vec::new();
    let result = read(&Fields::new(value, ""), &mut faults);
    if faults.is_empty() { Ok(result) } else { Err(Problem::faults(faults)) }
}
