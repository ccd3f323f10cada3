//! The bot's webhook: one for each bot, with a secret header.

use serde_json::{Value, json};
use url::Url;

use super::problem::Problem;
use crate::accounts::{AccountId, account};
use crate::call::text;
use crate::links::is_local;
use crate::sim::Sim;
use crate::source::Source;
use crate::webhooks::Hook;

const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";
/// Where Telegram calls.
const PORTS: [u16; 4] = [443, 80, 88, 8443];
/// What a bot is told when it names no list.
const ALL: [&str; 4] = ["message", "edited_message", "callback_query", "my_chat_member"];

/// `setWebhook`.
pub(super) fn set(sim: &Sim, id: AccountId, body: &Value) -> Result<Value, Problem> {
    let url = text(body, "url").unwrap_or_default();
    if url.is_empty() {
        return Ok(delete(sim, id));
    }
    check(url)?;
    let secret = text(body, "secret_token").unwrap_or_default();
    let is_token = |sign: u8| sign.is_ascii_alphanumeric() || matches!(sign, b'_' | b'-');
    if secret.len() > 256 || !secret.bytes().all(is_token) {
        return Err(Problem::bad("Bad Request: secret token contains unallowed characters"));
    }
    let most = body.get("max_connections").map_or(Some(40), Value::as_i64);
    if most.is_none_or(|most| !(1..=100).contains(&most)) {
        return Err(Problem::bad("Bad Request: max_connections must be from 1 to 100"));
    }
    // Without a list the earlier one stays.
    let before = sim.webhooks.hook(id).unwrap_or_default();
    let updates = match body.get("allowed_updates").and_then(Value::as_array) {
        Some(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => before.updates,
    };
    let headers =
        if secret.is_empty() { Default::default() } else { [(HEADER.to_owned(), secret.to_owned())].into() };
    let hook = Hook { url: url.to_owned(), status_url: None, headers, updates };
    sim.webhooks.set(Source::Telegram, Some(id), Some(hook));
    sim.touch();
    Ok(json!({"ok": true, "result": true, "description": "Webhook was set"}))
}

/// Telegram calls HTTPS alone; a Bot API server on one's own machine also takes HTTP there.
fn check(url: &str) -> Result<(), Problem> {
    let bad = |why: &str| Problem::bad(format!("Bad Request: bad webhook: {why}"));
    let parsed = Url::parse(url).map_err(|_| bad("invalid webhook URL specified"))?;
    if is_local(url) {
        return Ok(());
    }
    if parsed.scheme() != "https" {
        return Err(bad("An HTTPS URL must be provided for webhook"));
    }
    if !parsed.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err(bad("Webhook can be set up only on ports 80, 88, 443 or 8443"));
    }
    Ok(())
}

/// `deleteWebhook`.
pub(super) fn delete(sim: &Sim, id: AccountId) -> Value {
    sim.webhooks.set(Source::Telegram, Some(id), None);
    sim.touch();
    json!({"ok": true, "result": true, "description": "Webhook was deleted"})
}

/// `getWebhookInfo`.
pub(super) fn info(sim: &Sim, id: AccountId) -> Value {
    let hook = sim.webhooks.hook(id).unwrap_or_default();
    let state = sim.webhooks.state(id);
    let mut info = json!({
        "url": hook.url, "has_custom_certificate": false, "pending_update_count": state.waiting, "max_connections": 40,
    });
    if !hook.updates.is_empty() {
        info["allowed_updates"] = json!(hook.updates);
    }
    if let Some((at_ms, why)) = state.last_error {
        info["last_error_date"] = json!(at_ms / 1000);
        info["last_error_message"] = json!(why);
    }
    json!({"ok": true, "result": info})
}

/// `getUpdates`, which a webhook rules out.
pub(super) fn updates(sim: &Sim, id: AccountId) -> Result<Value, Problem> {
    match sim.webhooks.hook(id) {
        Some(hook) if !hook.url.is_empty() => Err(Problem::of_code(409)),
        _ => Ok(json!({"ok": true, "result": []})),
    }
}

/// Whether the bot asked for this kind of update.
pub(super) fn wants(sim: &Sim, id: AccountId, kind: &str) -> bool {
    let listed = sim.webhooks.hook(id).map(|hook| hook.updates).unwrap_or_default();
    if listed.is_empty() { ALL.contains(&kind) } else { listed.iter().any(|known| known == kind) }
}

/// The secret header; a bad signature is a wrong value.
pub(crate) fn webhook_headers(sim: &Sim, id: AccountId, is_bad: bool) -> Vec<(String, String)> {
    debug_assert_eq!(account(id).source, Source::Telegram);
    let headers = sim.webhooks.hook(id).map(|hook| hook.headers).unwrap_or_default();
    let value = |value: String| if is_bad { "not-the-secret".to_owned() } else { value };
    headers.into_iter().map(|(name, secret)| (name, value(secret))).collect()
}
