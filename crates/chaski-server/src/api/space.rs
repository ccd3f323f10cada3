//! The workspace's channels and templates.

use super::page::{self, Cursor};
use super::path;
use crate::auth;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::extract::{OriginalUri, Path, State, rejection::PathRejection};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chaski_model::{ChannelId, ErrorCode, WorkspaceId};
use serde_json::{Value, json};

/// `GET /v2/space/channel`.
pub(crate) async fn channels(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let (limit, cursor) = page::read(&uri)?;
    let snapshot = app.engine.snapshot();
    let rows: Vec<(i64, Value)> = snapshot
        .channels_of(token.workspace)
        .into_iter()
        .map(|entry| {
            let c = &entry.channel;
            (c.id.0, json!({"id": c.id, "name": c.name, "source": c.kind.source(), "created_at": c.created_at.secs()}))
        })
        .collect();
    Ok(ok(cut(rows, limit, cursor, &format!("{}/v2/space/channel", app.engine.config().public_url))))
}

/// `GET /v2/space/channel/{channelId}/template`.
pub(crate) async fn templates(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = auth::token(&app, &headers, "space:read").await?;
    let id = page::number(&path(place)?, ErrorCode::ChannelNotFound, "Channel")?;
    Ok(ok(template_page(&app, token.workspace, (id, "template"), &uri, Value::clone)?))
}

/// One page of a channel's templates, at the end of whose address the last word stands. `components` says how
/// their components are shown.
pub(super) fn template_page(
    app: &App,
    workspace: WorkspaceId,
    (id, word): (i64, &str),
    uri: &Uri,
    components: fn(&Value) -> Value,
) -> Result<Value, Problem> {
    let (limit, cursor) = page::read(uri)?;
    let snapshot = app.engine.snapshot();
    let entry = snapshot
        .channel(workspace, ChannelId(id))
        .ok_or_else(|| Problem::new(ErrorCode::ChannelNotFound, "Channel not found"))?;
    let mut rows: Vec<(i64, Value)> = snapshot
        .catalogue(entry.channel.account)
        .into_iter()
        .map(|template| {
            let d = &template.definition;
            let row = json!({
                "id": template.id, "name": d.name, "components": components(&template.object["components"]),
                "channelId": id, "languageCode": d.language, "namespace": template.object.get("namespace"),
                "category": d.category, "status": d.status.word().to_lowercase(),
                "statusDetail": d.rejected_reason, "templateId": d.external_id,
            });
            (template.id.0, row)
        })
        .collect();
    rows.sort_by_key(|(id, _)| *id);
    let address = format!("{}/v2/space/channel/{id}/{word}", app.engine.config().public_url);
    Ok(cut(rows, limit, cursor, &address))
}

/// One page of rows that are in memory, by their numbers.
pub(super) fn cut(rows: Vec<(i64, Value)>, limit: usize, cursor: Cursor, address: &str) -> Value {
    let inside: Vec<&(i64, Value)> = match cursor {
        Cursor::Start => rows.iter().take(limit).collect(),
        Cursor::After(id) => rows.iter().filter(|row| row.0 > id).take(limit).collect(),
        Cursor::Before(id) => {
            let before: Vec<_> = rows.iter().filter(|row| row.0 < id).collect();
            before[before.len().saturating_sub(limit)..].to_vec()
        }
    };
    let first = inside.first().map(|row| row.0);
    let last = inside.last().map(|row| row.0);
    let next = last.filter(|id| rows.iter().any(|row| row.0 > *id));
    let previous = first.filter(|id| rows.iter().any(|row| row.0 < *id));
    page::page(inside.into_iter().map(|row| row.1.clone()).collect(), address, limit, next, previous)
}
