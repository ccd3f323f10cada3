//! Callbacks: the signature, which event each one is, and the greeting that one of them can be answered with.

use super::inbound::{self, moment, text};
use super::outcome::token;
use super::send::sender;
use crate::adapter::{Incoming, Secrets, Settings};
use crate::signature::{is_hmac, refused};
use crate::verdict::with_words;
use chaski_model::event::{Event, Receipt, Sender};
use chaski_model::{Address, ErrorCode, Failure, ReceiptKind};
use serde_json::{Value, json};

const HEADER: &str = "X-Viber-Content-Signature";

/// HMAC-SHA256 of the raw body by the bot's token, in hexadecimal digits. The check that Viber makes while
/// the address is being registered is answered to anyone: it says nothing, and may come by a token that is
/// only just being set.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let body = parse(hook.body);
    if body.as_ref().is_some_and(|body| event_of(body) == "webhook") {
        return Ok(());
    }
    let shown =
        hook.header(HEADER).ok_or_else(|| refused("The header X-Viber-Content-Signature is missing."))?;
    let signature = hex::decode(shown).unwrap_or_default();
    if secrets.get("auth_token").is_some_and(|token| is_hmac(token, hook.body, &signature)) {
        return Ok(());
    }
    Err(refused("The header X-Viber-Content-Signature does not match the body by the bot's token."))
}

fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(body).ok().filter(Value::is_object)
}

fn event_of(body: &Value) -> &str {
    body.get("event").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let body = parse(body)
        .ok_or_else(|| Failure::new(ErrorCode::MalformedJson, "The webhook's body is not a JSON object."))?;
    // One webhook is one bot's.
    Ok(vec![(Sender(String::new()), event(&body))])
}

fn event(body: &Value) -> Event {
    let ignored = |what: &str| Event::Ignored { what: what.to_owned() };
    match event_of(body) {
        "message" => inbound::message(body),
        "delivered" => receipt(body, ReceiptKind::Delivered, None),
        "seen" => receipt(body, ReceiptKind::Read, None),
        "failed" => {
            let message = "Viber could not show the message on the contact's device. Its own words say why.";
            let failure = Failure::new(ErrorCode::ProviderRefused, message);
            let words = text(body, "desc").unwrap_or_default();
            receipt(body, ReceiptKind::Failed, Some(with_words(failure, &words)))
        }
        "subscribed" => access(body, body.get("user").and_then(|user| text(user, "id")), false),
        "unsubscribed" => access(body, text(body, "user_id"), true),
        "conversation_started" => ignored("the contact opened the chat"),
        "webhook" => ignored("check of the address"),
        _ => ignored("event of another kind"),
    }
}

fn receipt(body: &Value, kind: ReceiptKind, failure: Option<Failure>) -> Event {
    let Some(provider_id) = token(body) else {
        return Event::Ignored { what: "malformed report".to_owned() };
    };
    let at = moment(body);
    Event::Receipt(Receipt { reference: None, provider_id, kind, at, failure, learned: Vec::new() })
}

fn access(body: &Value, user: Option<String>, blocked: bool) -> Event {
    match user {
        Some(user) => Event::Access { of: Address::native(&user), blocked, at: moment(body) },
        None => Event::Ignored { what: "malformed event".to_owned() },
    }
}

/// Whoever opens the chat may be greeted once, in the answer to the webhook, before it has written anything.
pub(super) fn welcome(body: &[u8], settings: &Settings) -> Option<Value> {
    let words = settings.get("welcome").map(String::as_str).filter(|words| !words.trim().is_empty())?;
    let body = parse(body).filter(|body| event_of(body) == "conversation_started")?;
    let is_known = body.get("subscribed") == Some(&Value::Bool(true));
    (!is_known)
        .then(|| json!({"sender": sender(settings), "type": "text", "text": words, "min_api_version": 1}))
}
