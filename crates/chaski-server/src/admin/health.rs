//! The engine's own health: dead letters and their replay, unknown outcomes, what waits, retention.

use super::{object, operator};
use crate::api::{page_number, path, views};
use crate::body;
use crate::health::channels;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chaski_engine::dead_letters::refusal;
use chaski_engine::retention::Removed;
use chaski_model::{ChannelId, ErrorCode, Failure, Fault, MessageId, Timestamp};
use chaski_store::admin::Token;
use chaski_store::upkeep::{Cause, DeadLetterStep};
use serde_json::{Value, json};
use std::sync::Arc;

/// Dead letters of one page, and of one step of a replay.
const PAGE: usize = 100;
const STEP: usize = 500;

/// Each cause with its number.
pub(crate) async fn dead_letters(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let groups = app.engine.store().dead_letter_groups(Some(token.workspace)).await?;
    let items: Vec<Value> = groups
        .into_iter()
        .map(|group| {
            let channel = snapshot.channel(token.workspace, group.cause.channel);
            json!({
                "channelId": group.cause.channel, "channel": channel.map(|entry| entry.channel.name.clone()),
                "error": group.cause.code, "providerCode": group.cause.provider_code, "messages": group.messages,
                "firstAt": group.first_at.to_rfc3339(), "lastAt": group.last_at.to_rfc3339(),
                "sampleMessageId": group.sample, "why": group.failure.as_ref().map(views::error),
            })
        })
        .collect();
    Ok(ok(json!({"items": items})))
}

/// Dead letters, newest first; `next` leads on.
pub(crate) async fn dead_letter_list(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let query = json!(body::query(&uri)?);
    let mut faults = Vec::new();
    let before = number(&query, "before", &mut faults).map(MessageId);
    let limit = number(&query, "limit", &mut faults).and_then(|n| usize::try_from(n).ok());
    let cause = cause(&query, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let limit = limit.unwrap_or(PAGE).clamp(1, PAGE);
    let letters = app.engine.store().dead_letters(token.workspace, cause, before, limit).await?;
    let next = (letters.len() == limit).then(|| letters.last().map(|letter| letter.message)).flatten();
    let items: Vec<Value> = letters
        .into_iter()
        .map(|letter| {
            json!({
                "messageId": letter.message, "contactId": letter.contact, "channelId": letter.cause.channel,
                "error": letter.cause.code, "providerCode": letter.cause.provider_code,
                "failedAt": letter.failed_at.to_rfc3339(), "why": letter.failure.as_ref().map(views::error),
            })
        })
        .collect();
    Ok(ok(json!({"items": items, "next": next})))
}

/// A number of a query or a body.
fn number(given: &Value, key: &str, faults: &mut Vec<Fault>) -> Option<i64> {
    let value = given.get(key).filter(|value| !value.is_null())?;
    let read = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    if read.is_none() {
        faults.push(Fault::new(format!("/{key}"), format!("`{key}` must be a whole number.")));
    }
    read
}

/// The cause that a query or a body names; `None` = all of them.
fn cause(given: &Value, faults: &mut Vec<Fault>) -> Option<Cause> {
    let channel = number(given, "channelId", faults);
    let provider_code = number(given, "providerCode", faults);
    let code = given.get("error").and_then(Value::as_str);
    match (channel, code) {
        (Some(channel), Some(code)) => {
            Some(Cause { channel: ChannelId(channel), code: code.to_owned(), provider_code })
        }
        (None, None) if provider_code.is_none() => None,
        _ => {
            let message = "A cause is named by `channelId`, `error` and, if it has one, `providerCode`.";
            faults.push(Fault::new("/error", message));
            None
        }
    }
}

/// One step over the dead letters of a cause, or of all with `{"all": true}`.
fn step(app: &App, token: &Token, given: &Value) -> Result<DeadLetterStep, Problem> {
    let mut faults = Vec::new();
    let cause = cause(given, &mut faults);
    if cause.is_none() && given.get("all") != Some(&Value::Bool(true)) && faults.is_empty() {
        faults.push(Fault::new("/all", "Name a cause, or give `\"all\": true`."));
    }
    let after = number(given, "after", &mut faults).map(MessageId);
    let limit = number(given, "limit", &mut faults).and_then(|n| usize::try_from(n).ok());
    let before = given.get("failedBefore").and_then(Value::as_str).map(Timestamp::parse_rfc3339);
    if before == Some(None) {
        faults.push(Fault::new("/failedBefore", "`failedBefore` must be a time in RFC 3339."));
    }
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    if let Some(cause) = &cause
        && app.engine.snapshot().channel(token.workspace, cause.channel).is_none()
    {
        return Err(refusal(chaski_store::upkeep::NotReplayed::ChannelRemoved).into());
    }
    Ok(DeadLetterStep {
        workspace: token.workspace,
        cause,
        after,
        // What fails now, while this runs, belongs to the next run.
        failed_before: before.flatten().unwrap_or_else(|| Timestamp(app.engine.clock().now().0 + 1)),
        limit: limit.unwrap_or(STEP).clamp(1, STEP),
    })
}

/// Sends the dead letters of a cause, or all, again: one step, and where the next one begins.
pub(crate) async fn replay_many(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let step = step(&app, &token, &object(request).await?)?;
    let done = app.engine.replay_step(step.clone(), &token.name).await?;
    let skipped: Vec<Value> = done
        .skipped
        .iter()
        .map(|(message, why)| json!({"messageId": message, "why": refusal(*why).message}))
        .collect();
    Ok(ok(json!({
        "replayed": done.messages, "skipped": skipped, "next": done.last,
        "failedBefore": step.failed_before.to_rfc3339(),
    })))
}

/// Takes the dead letters of a cause, or all, off the list: one step.
pub(crate) async fn dismiss(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let step = step(&app, &token, &object(request).await?)?;
    let gone = app.engine.store().dismiss_dead_letters(step.clone()).await?;
    Ok(ok(
        json!({"dismissed": gone, "more": gone == step.limit, "failedBefore": step.failed_before.to_rfc3339()}),
    ))
}

/// Sends one failed message again.
pub(crate) async fn replay(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let id = page_number(&path(place)?, ErrorCode::MessageNotFound, "Message")?;
    app.engine.replay(token.workspace, MessageId(id), &token.name).await?;
    Ok(ok(json!({"messageId": id})))
}

/// Messages with an unknown outcome: `items` has their numbers, `messages` what is known.
pub(crate) async fn unknown(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let mut faults = Vec::new();
    let before = number(&json!(body::query(&uri)?), "before", &mut faults).map(MessageId);
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let found = app.engine.store().unknown_outcomes(Some(token.workspace), before, 200).await?;
    let ids: Vec<MessageId> = found.iter().map(|one| one.message).collect();
    let known = |failure: &Failure| failure.message.clone();
    let messages: Vec<Value> = found
        .iter()
        .map(|one| {
            json!({
                "messageId": one.message, "contactId": one.contact, "channelId": one.channel,
                "begunAt": one.begun_at.map(Timestamp::to_rfc3339), "since": one.since.to_rfc3339(),
                "why": one.failure.as_ref().map(known),
            })
        })
        .collect();
    Ok(ok(json!({"items": ids, "messages": messages})))
}

/// Each channel: what waits, whether it is held, whether its receipts come.
pub(crate) async fn health(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let now = app.engine.clock().now();
    let items: Vec<Value> = channels(&app, token.workspace)
        .await?
        .into_iter()
        .map(|one| {
            json!({
                "channelId": one.entry.channel.id, "name": one.entry.channel.name, "state": one.state(),
                "queued": one.queued, "oldestSeconds": one.oldest.map(|at| now.since(at).as_secs()),
                "unknown": one.unknown, "deadLetters": one.dead_letters,
                "receipts": one.receipts.map(|receipts| json!({
                    "usualSeconds": receipts.usual.map(|usual| usual.as_secs_f64()),
                    "deadlineSeconds": receipts.deadline.as_secs(), "missing": receipts.overdue > 0,
                    "overdue": receipts.overdue, "since": receipts.since.map(Timestamp::to_rfc3339),
                })),
            })
        })
        .collect();
    let lag: i64 = app
        .engine
        .store()
        .lag()
        .await?
        .iter()
        .filter(|lag| lag.workspace == token.workspace)
        .map(|l| l.events)
        .sum();
    Ok(ok(json!({"items": items, "feedLagEvents": lag, "leads": app.engine.leads()})))
}

/// What retention would remove now.
pub(crate) async fn removable(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    operator(&app, &headers).await?;
    Ok(ok(told(&app.engine.removable().await?)))
}

/// Removes what is old now, as the hourly job does.
pub(crate) async fn retain(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    operator(&app, &headers).await?;
    let engine = Arc::clone(&app.engine);
    // It goes on when the caller goes away.
    let run = tokio::spawn(async move { engine.retain().await });
    let removed = run.await.map_err(|cause| Problem::new(ErrorCode::Internal, cause.to_string()))??;
    Ok(ok(told(&removed)))
}

fn told(list: &[Removed]) -> Value {
    let items: Vec<Value> = list
        .iter()
        .map(|one| json!({"kind": one.kind, "before": one.before.map(Timestamp::to_rfc3339), "rows": one.rows}))
        .collect();
    json!({"items": items})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_named_whole_or_not_at_all() {
        let mut faults = Vec::new();
        assert_eq!(cause(&json!({}), &mut faults), None);
        let named = cause(&json!({"channelId": "1", "error": "expired"}), &mut faults);
        assert_eq!(named, Some(Cause { channel: ChannelId(1), code: "expired".into(), provider_code: None }));
        assert!(faults.is_empty());
        assert_eq!(cause(&json!({"channelId": 1}), &mut faults), None);
        assert_eq!(cause(&json!({"providerCode": "x"}), &mut faults), None);
        assert_eq!(faults.len(), 2);
    }
}
