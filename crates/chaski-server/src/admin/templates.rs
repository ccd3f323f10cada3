//! Template catalogues: sync, import, list, lint.

use super::channels::channel;
use super::{fields, object, operator};
use crate::body;
use crate::problem::{Problem, ok};
use crate::state::App;
use axum::body::Body;
use axum::extract::{Path, State, rejection::PathRejection};
use axum::http::HeaderMap;
use axum::response::Response;
use chaski_model::{ErrorCode, Fault, Timestamp};
use serde_json::{Value, json};

pub(crate) async fn sync(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    let synced = app.engine.sync_templates(entry.channel.account).await?;
    Ok(ok(json!({"templates": synced.templates, "changed": synced.changed, "gone": synced.gone})))
}

/// Takes the list as the provider's API gives it, for channels without access to the catalogue.
pub(crate) async fn import(
    State(app): State<App>,
    place: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let entry = channel(&app, token.workspace, place)?;
    let bytes = body::read(request, body::HOOK).await?;
    let given: Value = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::new(ErrorCode::MalformedJson, format!("The file is not valid JSON: {error}."))
    })?;
    let list =
        ["data", "waba_templates", "templates"].iter().find_map(|key| given.get(key)).unwrap_or(&given);
    let Some(list) = list.as_array() else {
        let message = "The file must hold the provider's list: an array, or an object with `data`, `waba_templates` or `templates`.";
        return Err(Problem::faults(vec![Fault::new("", message)]));
    };
    let synced = app.engine.replace_catalogue(entry.channel.account, list.clone()).await?;
    Ok(ok(json!({"templates": synced.templates, "changed": synced.changed, "gone": synced.gone})))
}

pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let snapshot = app.engine.snapshot();
    let mut accounts: Vec<_> =
        snapshot.accounts.values().filter(|account| account.workspace == token.workspace).collect();
    accounts.sort_by_key(|account| account.id);
    let mut items = Vec::new();
    for account in accounts {
        for template in snapshot.catalogue(account.id) {
            let d = &template.definition;
            items.push(json!({
                "id": template.id, "source": account.kind.source(), "name": d.name, "language": d.language,
                "status": d.status.word(), "category": d.category, "version": template.version,
                "updatedAt": template.updated_at.to_rfc3339(), "syncedAt": account.synced_at.map(Timestamp::to_rfc3339),
            }));
        }
    }
    Ok(ok(json!({"items": items})))
}

/// Lints a send's body against a channel's catalogue, without a contact.
pub(crate) async fn lint(
    State(app): State<App>,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Problem> {
    let token = operator(&app, &headers).await?;
    let given = object(request).await?;
    let parsed = crate::api::parse::send_body(&given)
        .map_err(|refused| Problem::from(refused.failure).with_faults(refused.faults))?;
    let channel_id = fields(&given, |given, faults| given.integer("channelId", faults))?;
    let chaski_model::Content::WhatsappTemplate(template) = parsed.content else {
        return Err(Problem::faults(vec![Fault::new(
            "/message/type",
            "Only `whatsapp_template` messages can be linted.",
        )]));
    };
    let resolution = app.engine.lint(token.workspace, channel_id.map(chaski_model::ChannelId), &template)?;
    let findings: Vec<Value> = resolution
        .findings
        .iter()
        .map(|f| json!({"component": f.component, "parameter": f.parameter, "code": f.code, "message": f.message, "fix": f.fix, "refused": f.refused}))
        .collect();
    Ok(ok(json!({
        "wouldSend": resolution.refused.is_none() && !resolution.absent,
        "lint": findings, "rendered": resolution.rendered, "mark": resolution.mark, "difference": resolution.difference,
    })))
}
