//! `POST /v2/contact/{identifier}/message`: the call that everything is for.

use super::parse::{self, SendBody};
use super::{identifier, path, views};
use crate::finish::finish;
use crate::problem::{Problem, json_text, ok};
use crate::state::App;
use crate::{auth, body};
use axum::extract::{Path, Request, State, rejection::PathRejection};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use chaski_channels::template::refused_under_strict;
use chaski_engine::plan::{Lint, Plan, SendRequest};
use chaski_model::identifier::Identifier;
use chaski_model::{ErrorCode, Fault, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::outbox::{Accepted, Idempotency, Origin};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Who sends, and how the answer is kept.
struct Caller {
    workspace: WorkspaceId,
    origin: Origin,
    /// (hash of workspace, token, route and key; hash of the body).
    key: Option<([u8; 32], [u8; 32])>,
}

/// The handler.
pub(crate) async fn post(
    State(app): State<App>,
    identifier_path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (Parts { uri, headers, .. }, content) = request.into_parts();
    let token = auth::token(&app, &headers, "messages:send").await?;
    let bytes = body::read(content, body::API).await?;
    let whom = identifier(&app, token.workspace, &path(identifier_path)?)?;
    let dry_run = dry_run(&uri)?;
    let key = idempotency_key(&headers)?.map(|key| {
        let place = format!("{}|{}|POST /v2/contact/message|{key}", token.workspace, token.id);
        let mut content = Sha256::new();
        content.update(uri.path().as_bytes());
        content.update(&bytes);
        (Sha256::digest(place.as_bytes()).into(), content.finalize().into())
    });
    let caller = Caller {
        workspace: token.workspace,
        origin: Origin { source: "api".into(), token: Some(token.name.clone()), ..Origin::default() },
        key,
    };
    // A key that was used answers for itself, before anything of this body is looked at.
    if let Some(known) = answered(&app, caller.key).await?.filter(|_| !dry_run) {
        return known;
    }
    let read = body::json(&bytes)?;
    let parsed = parse::send_body(&read)
        .map_err(|refused| Problem::from(refused.failure).with_faults(refused.faults))?;
    // They are not needed while the store is waited for.
    drop((bytes, read));
    if dry_run {
        return dry(&app, &caller, whom, parsed).await;
    }
    send(&app, caller, whom, parsed).await
}

/// Whether `?dryRun` is given: a word that is neither yes nor no must not send.
fn dry_run(uri: &Uri) -> Result<bool, Problem> {
    let query = body::query(uri)?;
    let Some(word) = query.get("dryRun") else { return Ok(false) };
    match word.to_ascii_lowercase().as_str() {
        "" | "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(Problem::faults(vec![Fault::new("?dryRun", "`dryRun` must be true or false.")])),
    }
}

/// The stored answer of an Idempotency-Key, if it was used.
async fn answered(
    app: &App,
    key: Option<([u8; 32], [u8; 32])>,
) -> Result<Option<Result<Response, Problem>>, Problem> {
    let Some((key, content)) = key else { return Ok(None) };
    let known = app.engine.store().answered(key, app.engine.clock().now()).await?;
    Ok(known.map(
        |(body, status, answer)| {
            if body == content { Ok(json_text(status, answer)) } else { Err(key_conflict()) }
        },
    ))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or("");
    if text.is_empty() || text.len() > 255 {
        return Err(Problem::new(
            ErrorCode::ValidationFailed,
            "`Idempotency-Key` must have 1 to 255 visible ASCII characters.",
        ));
    }
    Ok(Some(text.to_owned()))
}

/// Plans, stores and answers: by the contact as it was a moment ago, and once more by what the store says
/// when the contact has changed.
async fn send(app: &App, caller: Caller, whom: Identifier, parsed: SendBody) -> Result<Response, Problem> {
    let (workspace, key, lint_given) = (caller.workspace, caller.key, parsed.lint_given);
    let request = request_of(caller.origin, whom, parsed);
    let plan = app.engine.plan_from_memory(workspace, &request).await?;
    if let Some(answer) = keep(app, plan, key, lint_given).await? {
        return Ok(answer);
    }
    let plan = app.engine.plan(workspace, &request).await?;
    let changed = || Problem::from(StoreError::Fault("a plan without a version was out of date".into()));
    keep(app, plan, key, lint_given).await?.ok_or_else(changed)
}

/// Stores a plan and answers; `None` when its contact has changed. Once the store has the plan, it is
/// finished whoever hangs up.
async fn keep(
    app: &App,
    plan: Plan,
    key: Option<([u8; 32], [u8; 32])>,
    lint_given: bool,
) -> Result<Option<Response>, Problem> {
    let (status, answer) = answer(&plan, lint_given);
    let idempotency = key.map(|(key, body)| Idempotency { key, body, status, answer: answer.clone() });
    let engine = std::sync::Arc::clone(&app.engine);
    let accepted = finish(async move { engine.store_plan(plan, idempotency).await }).await?;
    match accepted {
        Accepted::Stored { .. } => Ok(Some(json_text(status, answer))),
        Accepted::Replay { status, answer } => Ok(Some(json_text(status, answer))),
        Accepted::KeyConflict => Err(key_conflict()),
        Accepted::Stale => Ok(None),
    }
}

fn request_of(origin: Origin, whom: Identifier, parsed: SendBody) -> SendRequest {
    SendRequest {
        identifier: whom,
        channel: parsed.channel,
        content: parsed.content,
        notes: parsed.notes,
        lint: parsed.lint,
        class: parsed.class,
        origin,
    }
}

fn key_conflict() -> Problem {
    Problem::new(
        ErrorCode::IdempotencyConflict,
        "This Idempotency-Key was used with another body; use a new key for a new message.",
    )
}

/// The answer that a plan gets, before it is stored: a key that comes again gets the same.
fn answer(plan: &Plan, lint_given: bool) -> (u16, String) {
    match &plan.refused {
        Some(failure) => {
            let problem = Problem::from(failure.clone()).recorded(plan.id);
            (problem.status(), problem.body(&uuid::Uuid::now_v7().simple().to_string()).to_string())
        }
        None if lint_given => {
            (200, json!({"messageId": plan.id, "warnings": views::findings(&plan.resolved)}).to_string())
        }
        None => (200, json!({"messageId": plan.id}).to_string()),
    }
}

/// Everything that a send would do, without doing it.
async fn dry(app: &App, caller: &Caller, whom: Identifier, parsed: SendBody) -> Result<Response, Problem> {
    // A dry run tells what strict lint would refuse instead of refusing.
    let strict = parsed.lint == Lint::Strict;
    let parsed = SendBody { lint: if strict { Lint::Warn } else { parsed.lint }, ..parsed };
    let request = request_of(caller.origin.clone(), whom, parsed);
    let plan = app.engine.plan(caller.workspace, &request).await?;
    let refused_strictly = strict && plan.resolved.findings.iter().any(refused_under_strict);
    let snapshot = app.engine.snapshot();
    let source = snapshot.channel(caller.workspace, plan.channel).map(|entry| entry.channel.kind.source());
    let window = plan
        .window
        .map(|w| json!({"open": w.open, "closesAt": w.closes_at.map(chaski_model::Timestamp::to_rfc3339)}));
    let preview = app.engine.preview(&plan).map(|p| {
        let headers: serde_json::Map<String, serde_json::Value> =
            p.headers.into_iter().map(|(k, v)| (k, json!(v))).collect();
        json!({"method": p.method, "url": p.url, "headers": headers, "body": p.body})
    });
    Ok(ok(json!({
        "dryRun": true,
        "wouldSend": plan.refused.is_none() && plan.failed.is_none() && !refused_strictly,
        "channelId": plan.channel,
        "source": source,
        "window": window,
        "lint": views::findings(&plan.resolved),
        "rendered": plan.resolved.rendered,
        "request": preview,
    })))
}
