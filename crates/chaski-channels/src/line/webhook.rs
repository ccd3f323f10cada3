//! Webhooks: the signature, and which event each one is.

use super::inbound;
use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_hmac, refused};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chaski_model::event::{Event, Sender};
use chaski_model::{Address, ErrorCode, Failure};
use serde_json::Value;

const HEADER: &str = "x-line-signature";

/// HMAC-SHA256 of the raw body by the channel secret, in base64.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let shown = hook.header(HEADER).ok_or_else(|| refused("The header x-line-signature is missing."))?;
    let signature = STANDARD.decode(shown).unwrap_or_default();
    let secret = secrets.get("channel_secret");
    if secret.is_some_and(|secret| is_hmac(secret, hook.body, &signature)) {
        return Ok(());
    }
    Err(refused("The header x-line-signature does not match the body by the channel secret."))
}

/// The console's check of the address has no events.
pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let body = serde_json::from_slice::<Value>(body).ok();
    let events = body.as_ref().and_then(|body| body.get("events")?.as_array());
    let events = events.ok_or_else(|| {
        Failure::new(ErrorCode::MalformedJson, "The webhook's body is not a JSON object with `events`.")
    })?;
    // One webhook is one account's.
    Ok(events.iter().map(|told| (Sender(String::new()), event(told))).collect())
}

fn event(told: &Value) -> Event {
    let ignored = |what: &str| Event::Ignored { what: what.to_owned() };
    let kind = told.get("type").and_then(Value::as_str).unwrap_or_default();
    let source = told.get("source").unwrap_or(&Value::Null);
    if source.get("type").and_then(Value::as_str).is_some_and(|of| of != "user") {
        return ignored("group event");
    }
    if told.get("mode").and_then(Value::as_str) == Some("standby") {
        return ignored("another program answers this chat");
    }
    let Some(user) = inbound::text(source, "userId") else { return ignored("event of nobody") };
    let of = Address::native(&user);
    let at = inbound::moment(told);
    match kind {
        "message" => inbound::message(told, of, at),
        "postback" => inbound::postback(told, of, at),
        "follow" => Event::Access { of, blocked: false, at },
        "unfollow" => Event::Access { of, blocked: true, at },
        "unsend" => match told.get("unsend").and_then(|unsend| inbound::text(unsend, "messageId")) {
            Some(id) => Event::Removed { provider_ids: vec![id] },
            None => ignored("malformed event"),
        },
        "" => ignored("malformed event"),
        _ => ignored("event of another kind"),
    }
}
