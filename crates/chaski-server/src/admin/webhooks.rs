//! Webhooks that could not be used: shown, taken in again, or let go.

use super::operator;
use crate::body;
use crate::problem::Problem;
use crate::state::App;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use chaski_model::{ErrorCode, Failure, Fault};
use chaski_store::receive::KeptWebhook;
use serde_json::{Value, json};

/// How many one page has, and how much of each body it shows.
const PAGE: usize = 50;
const SHOWN: usize = 2048;

/// `GET /admin/v1/webhooks`: the newest first; `before` goes on below a number.
pub(crate) async fn list(State(app): State<App>, headers: HeaderMap, uri: Uri) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let before = match body::query(&uri)?.get("before") {
        None => None,
        Some(text) => Some(text.parse::<i64>().map_err(|_| {
            Problem::faults(vec![Fault::new("/before", "`before` must be the number of a kept webhook.")])
        })?),
    };
    let kept = app.engine.store().kept_webhooks(token.workspace, before, PAGE).await?;
    let items: Vec<Value> = kept.iter().map(|one| view(&app, one, SHOWN)).collect();
    Ok(Json(json!({"items": items})).into_response())
}

/// `GET /admin/v1/webhooks/{id}`: one with all of its body that is kept.
pub(crate) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = number(&id)?;
    let kept = app.engine.store().kept_webhooks(token.workspace, Some(id.saturating_add(1)), 1).await?;
    let one = kept.iter().find(|one| one.id == id).ok_or_else(missing)?;
    Ok(Json(view(&app, one, usize::MAX)).into_response())
}

fn view(app: &App, one: &KeptWebhook, most: usize) -> Value {
    let snapshot = app.engine.snapshot();
    let hook = snapshot.hooks.values().find(|entry| entry.hook.id == one.hook);
    json!({
        "id": one.id,
        "source": hook.and_then(|entry| entry.adapter).map(|adapter| adapter.kind().source()),
        "receivedAt": one.received_at.to_rfc3339(),
        "cause": one.cause,
        "query": one.query,
        "bytes": one.body.len(),
        "body": String::from_utf8_lossy(&one.body[..one.body.len().min(most)]),
    })
}

fn missing() -> Problem {
    Problem::from(Failure::new(ErrorCode::NotFound, "There is no such kept webhook."))
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| missing())
}

/// `POST /admin/v1/webhooks/{id}/replay`: takes it in again.
pub(crate) async fn replay(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = number(&id)?;
    app.engine.replay_webhook(token.workspace, id).await?;
    Ok(Json(json!({"id": id, "replayed": true})).into_response())
}

/// `POST /admin/v1/webhooks/{id}/dismiss`: lets it go.
pub(crate) async fn dismiss(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = number(&id)?;
    if app.engine.store().let_webhook_go(token.workspace, id).await? {
        return Ok(Json(json!({"id": id, "dismissed": true})).into_response());
    }
    Err(missing())
}
