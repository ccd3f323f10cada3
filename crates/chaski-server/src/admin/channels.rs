//! Channels, and the check of everything.

use super::{fields, object, operator};
use crate::api::{page_number, path};
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_engine::directory::ChannelEntry;
use chaski_model::{ChannelId, ChannelKind, ErrorCode, Fault, Timestamp, WorkspaceId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let items: Vec<Value> =
        snapshot.channels_of(token.workspace).into_iter().map(|entry| view(&app, entry)).collect();
    Ok(ok(json!({"items": items})))
}

fn view(app: &App, entry: &ChannelEntry) -> Value {
    let c = &entry.channel;
    let snapshot = app.engine.snapshot();
    let account = snapshot.accounts.get(&c.account);
    let state = if entry.locked { "locked" } else { c.state.as_str() };
    json!({
        "id": c.id, "name": c.name, "source": c.kind.source(), "sender": c.sender, "state": state, "held": c.held,
        "heldAt": c.held_at.map(Timestamp::to_rfc3339), "settings": c.settings, "webhookUrl": entry.hook_url,
        "templatesSyncedAt": account.and_then(|a| a.synced_at).map(Timestamp::to_rfc3339),
        "templatesError": account.and_then(|a| a.sync_error.clone()),
        "mailboxError": account.and_then(|a| a.mailbox_error.clone()),
    })
}

pub(crate) async fn add(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let body = object(request).await?;
    let kinds: Vec<(&str, ChannelKind)> = ChannelKind::all().map(|kind| (kind.source(), kind)).collect();
    let (kind, name, set) = fields(&body, |given, faults| {
        if given.get("source").is_none() {
            faults.push(Fault::new(
                "/source",
                "`source` is missing: what the channel is, for example whatsapp_cloud.",
            ));
        }
        let kind = given.word("source", &kinds, faults);
        let name = given.required_text("name", "the channel's name", faults).trim().to_owned();
        (kind, name, given.get("set").and_then(Value::as_object).map(settings).unwrap_or_default())
    })?;
    let Some(kind) = kind else {
        return Err(Problem::new(ErrorCode::ValidationFailed, "`source` is missing."));
    };
    let engine = Arc::clone(&app.engine);
    let connecting = tokio::spawn(async move { engine.connect(token.workspace, kind, &name, set).await });
    let connected = connecting.await.map_err(|cause| Problem::new(ErrorCode::Internal, cause.to_string()))?;
    let connected =
        connected.map_err(|refused| Problem::from(refused.failure).with_faults(refused.faults))?;
    Ok(ok(json!({
        "id": connected.id, "webhookUrl": connected.webhook_url, "key": connected.key, "toDo": connected.by_hand,
        "templates": connected.templates,
    })))
}

fn settings(given: &serde_json::Map<String, Value>) -> BTreeMap<String, String> {
    given
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

/// The channel that a path names, if it is the workspace's.
pub(crate) fn channel(
    app: &App,
    workspace: WorkspaceId,
    place: Result<Path<String>, PathRejection>,
) -> Result<Arc<ChannelEntry>, Problem> {
    let id = page_number(&path(place)?, ErrorCode::ChannelNotFound, "Channel")?;
    let found = app.engine.snapshot().channel(workspace, ChannelId(id)).cloned();
    found.ok_or_else(|| Problem::new(ErrorCode::ChannelNotFound, "Channel not found"))
}

/// Changes settings and secrets: how credentials are renewed.
pub(crate) async fn change(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    let body = object(request).await?;
    let set = body.get("set").and_then(Value::as_object).map(settings).unwrap_or_default();
    if set.is_empty() {
        return Err(Problem::faults(vec![Fault::new("/set", "`set` is missing: the settings to change.")]));
    }
    let changed = app.engine.change(entry.channel.id, set).await;
    changed.map_err(|refused| Problem::from(refused.failure).with_faults(refused.faults))?;
    Ok(ok(json!({"id": entry.channel.id, "changed": true})))
}

pub(crate) async fn check(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    app.engine.check(entry.channel.id).await?;
    Ok(ok(json!({"id": entry.channel.id, "ok": true})))
}

pub(crate) async fn resume(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    app.engine.resume(entry.channel.id).await?;
    Ok(ok(json!({"id": entry.channel.id, "state": "connected"})))
}

pub(crate) async fn remove(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    app.engine.disconnect(entry.channel.id).await?;
    Ok(ok(json!({"id": entry.channel.id, "state": "removed"})))
}

/// Database, clock and every channel, each with a remedy.
pub(crate) async fn check_all(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let mut items = Vec::new();
    let database = app.engine.store().can_write().await;
    items.push(row(
        "database",
        "",
        database
            .as_ref()
            .err()
            .map(|e| (e.to_string(), "See that the data folder can be written and has room.")),
    ));
    // In a demo the clock is there to be moved.
    let offset = app.engine.clock().offset_ms();
    let moved = (offset != 0 && app.simulator_url.is_none()).then(|| {
        (format!("The clock is moved by {} s.", offset / 1000), "Start the server without --clock.")
    });
    items.push(row("clock", "", moved));
    let entries: Vec<Arc<ChannelEntry>> =
        app.engine.snapshot().channels_of(token.workspace).into_iter().cloned().collect();
    for entry in entries {
        let result = app.engine.check(entry.channel.id).await;
        let held = entry.channel.held.clone();
        let fault = match (result, held) {
            (Err(failure), _) => Some((failure.message, failure.code.info().en.1)),
            (Ok(()), Some(held)) => Some((format!("The channel is held: {}", held.message), "Resume it.")),
            (Ok(()), None) => None,
        };
        items.push(row("channel", &entry.channel.name, fault));
        if !app.engine.reports(entry.channel.id) {
            continue;
        }
        let missing = app.engine.receipts(entry.channel.id).filter(|receipts| receipts.overdue > 0);
        let fault = missing.map(|receipts| {
            let since = receipts.since.map(Timestamp::to_rfc3339).unwrap_or_default();
            let cause =
                format!("The provider takes messages, but has reported nothing about them since {since}.");
            (cause, "Check the webhook's address and signing secret at the provider.")
        });
        items.push(row("receipts", &entry.channel.name, fault));
    }
    let unknown = app.engine.store().unknown_outcomes(Some(token.workspace), None, 200).await?.len();
    let fault = (unknown > 0).then(|| {
        (format!("{unknown} messages have an unknown outcome."), "Decide about each: chaski unknown list.")
    });
    items.push(row("outcomes", "", fault));
    let all_ok = items.iter().all(|item| item["ok"] == true);
    Ok(ok(json!({"ok": all_ok, "items": items})))
}

fn row(what: &str, name: &str, fault: Option<(String, &str)>) -> Value {
    match fault {
        None => json!({"what": what, "name": name, "ok": true}),
        Some((cause, remedy)) => {
            json!({"what": what, "name": name, "ok": false, "cause": cause, "remedy": remedy})
        }
    }
}
