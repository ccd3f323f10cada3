//! 360dialog under `/360dialog`: Meta's messages behind a key, with templates and webhooks of its own.

mod templates;

use http::StatusCode;
use serde_json::{Value, json};

use super::meta::{media, messages};
use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::sim::Sim;
use crate::source::Source;
use crate::webhooks::Hook;

/// Answers a call.
pub(crate) fn answer(sim: &Sim, call: &Call) -> Reply {
    let key = call.header("d360-api-key").unwrap_or_default();
    let found =
        accounts::find(|a| matches!(&a.credential, Credential::Dialog360 { api_key } if *api_key == key));
    let Some(id) = found else {
        return own_error(StatusCode::UNAUTHORIZED, "Invalid api_key");
    };
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["messages"]) => messages::send(sim, id, call),
        ("POST", ["media"]) => media::upload(sim, call),
        ("GET", ["whatsapp_business", "attachments"]) => media::download(sim, call),
        (_, ["v1", "configs", "webhook"]) => webhook(sim, id, call),
        ("GET", ["v1", "configs", "templates"]) => templates::list(sim, id, call),
        ("POST", ["v1", "configs", "templates"]) => templates::create(sim, id, call),
        ("DELETE", ["v1", "configs", "templates", name]) => templates::delete(sim, id, name),
        ("GET" | "DELETE", [media_id]) => {
            let host = super::meta::media_host(sim, id);
            media::one(sim, &call.method, media_id, &host)
                .unwrap_or_else(|| own_error(StatusCode::NOT_FOUND, "Media not found"))
        }
        _ => own_error(StatusCode::NOT_FOUND, "Not found"),
    }
}

/// 360dialog's own form of an error.
pub(crate) fn own_error(status: StatusCode, message: &str) -> Reply {
    let is_success = status.is_success();
    let body =
        json!({"meta": {"success": is_success, "http_code": status.as_u16(), "developer_message": message}});
    Reply::json(status, &body)
}

/// What 360dialog says with a status of its own.
pub(crate) fn words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 429 => "You have exceeded the endpoint rate limit.",
        401 => "Invalid api_key",
        403 => "The endpoint is blocked",
        502 => "WhatsApp for Business API not available",
        _ => "Internal server error",
    }
}

fn webhook(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    if call.method == http::Method::GET {
        let hook = sim.webhooks.hook(id).unwrap_or_default();
        return Reply::ok(&json!({"url": hook.url, "headers": hook.headers}));
    }
    if call.method != http::Method::POST {
        return own_error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return own_error(StatusCode::BAD_REQUEST, "The request body is not valid JSON");
    };
    let Some(url) = text(&body, "url").filter(|url| url.is_empty() || media::is_http(url)) else {
        return own_error(StatusCode::BAD_REQUEST, "url must be a valid address");
    };
    let headers = match body.get("headers") {
        None | Some(Value::Null) => Some(std::collections::BTreeMap::new()),
        Some(headers) => serde_json::from_value(headers.clone()).ok(),
    };
    let Some(headers) = headers else {
        return own_error(StatusCode::BAD_REQUEST, "headers must be an object of texts");
    };
    let hook = Hook { url: url.to_owned(), headers, status_url: None, updates: Vec::new() };
    sim.webhooks.set(Source::Dialog360, Some(id), Some(hook.clone()));
    sim.touch();
    Reply::ok(&json!({"url": hook.url, "headers": hook.headers}))
}

/// The headers that the number's owner configured; there is no signature, so a bad one is a wrong value.
pub(crate) fn webhook_headers(sim: &Sim, id: AccountId, is_bad: bool) -> Vec<(String, String)> {
    debug_assert_eq!(account(id).source, Source::Dialog360);
    let headers = sim.webhooks.hook(id).map(|hook| hook.headers).unwrap_or_default();
    headers
        .into_iter()
        .map(|(name, value)| (name, if is_bad { "not the secret".to_owned() } else { value }))
        .collect()
}
