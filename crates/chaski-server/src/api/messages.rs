//! Reading messages back.

use super::page::{self, Cursor};
use super::{contact, path, views};
use crate::auth;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, MessageId, WorkspaceId};
use chaski_store::inbox::Message;
use chaski_store::media::MediaState;
use serde_json::Value;

/// The most messages of a page; clients that ask for more get these.
const MOST: usize = 50;

/// `GET /v2/contact/{identifier}/message/{messageId}`.
pub(crate) async fn get(
    State(app): State<App>,
    place: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "messages:read").await?;
    let (whom, id) = path(place)?;
    let contact = contact(&app, token.workspace, &whom).await?;
    let id = page::number(&id, ErrorCode::MessageNotFound, "Message")?;
    let found = app.engine.store().message(token.workspace, MessageId(id)).await?;
    match found.filter(|message| message.contact == contact.id) {
        Some(message) => Ok(ok(view(&app, token.workspace, &message))),
        None => Err(Problem::new(ErrorCode::MessageNotFound, "Message not found")),
    }
}

/// A message, with a link to what it brought.
fn view(app: &App, workspace: WorkspaceId, message: &Message) -> Value {
    let is_held = matches!(message.media, Some(MediaState::Held(_)));
    views::message(message, is_held.then(|| app.engine.media_url(workspace, message.id)))
}

/// `GET /v2/contact/{identifier}/message/list`: newest first.
pub(crate) async fn list(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "messages:read").await?;
    let whom = path(place)?;
    let contact = contact(&app, token.workspace, &whom).await?;
    let (limit, cursor) = page::read(&uri)?;
    let limit = limit.min(MOST);
    let store = app.engine.store();
    let mut messages = match cursor {
        Cursor::Start => store.thread(token.workspace, contact.id, None, limit + 1).await?,
        Cursor::After(id) => {
            store.thread(token.workspace, contact.id, Some(MessageId(id)), limit + 1).await?
        }
        Cursor::Before(id) => store.thread_after(token.workspace, contact.id, MessageId(id), limit).await?,
    };
    let more = messages.len() > limit || matches!(cursor, Cursor::Before(_));
    messages.truncate(limit);
    let next = messages.last().filter(|_| more).map(|m| m.id.0);
    let previous = messages.first().filter(|_| cursor != Cursor::Start).map(|m| m.id.0);
    let items: Vec<Value> = messages.iter().map(|m| view(&app, token.workspace, m)).collect();
    let address = format!("{}/v2/contact/id:{}/message/list", app.engine.config().public_url, contact.id);
    Ok(ok(page::page(items, &address, limit, next, previous)))
}
