//! The workspace's people.

use super::space::cut;
use super::{page, path};
use crate::auth;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, UserId};
use chaski_store::admin::User;
use serde_json::{Value, json};

/// `GET /v2/space/user`.
pub(crate) async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let snapshot = app.engine.snapshot();
    let own = snapshot.users.iter().filter(|user| user.workspace == token.workspace);
    let rows = own.map(|user| (user.id.0, view(user))).collect();
    Ok(ok(cut(rows, limit, cursor, &format!("{}/v2/space/user", app.engine.config().public_url))))
}

/// `GET /v2/space/user/{id}`.
pub(crate) async fn get(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let id = UserId(page::number(&path(place)?, ErrorCode::NotFound, "User")?);
    let snapshot = app.engine.snapshot();
    let found = snapshot.users.iter().find(|user| user.id == id && user.workspace == token.workspace);
    let user = found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "User not found"))?;
    Ok(ok(view(user)))
}

/// There are no teams and no restrictions here: nobody is in one, and nobody has any.
fn view(user: &User) -> Value {
    json!({
        "id": user.id, "firstName": user.first_name, "lastName": user.last_name, "email": user.email,
        "role": user.role, "team": null, "restrictions": [],
    })
}
