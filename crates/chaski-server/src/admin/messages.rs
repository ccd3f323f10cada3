//! One message with its whole life, and what a person decides about it.

use super::{fields, object, operator};
use crate::api::{page_number, path};
use crate::problem::{Problem, ok};
use crate::state::App;
use crate::timeline;
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, MessageId};
use serde_json::json;

pub(crate) async fn show(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = page_number(&path(place)?, ErrorCode::MessageNotFound, "Message")?;
    let life = timeline::life(&app.engine, token.workspace, MessageId(id)).await?;
    let life = life.ok_or_else(|| Problem::new(ErrorCode::MessageNotFound, "Message not found"))?;
    Ok(ok(life.json()))
}

/// An unknown outcome: send it again, or leave it.
pub(crate) async fn resolve(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = page_number(&path(place)?, ErrorCode::MessageNotFound, "Message")?;
    let body = object(request).await?;
    let resend =
        fields(&body, |given, faults| given.word("choice", &[("resend", true), ("leave", false)], faults))?;
    let resend = resend
        .ok_or_else(|| Problem::new(ErrorCode::ValidationFailed, "`choice` must be `resend` or `leave`."))?;
    app.engine.resolve_unknown(token.workspace, MessageId(id), resend).await?;
    Ok(ok(json!({"messageId": id})))
}
