//! Webhooks of both APIs, told apart by how they name the message.

use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, refused, sms_signature};
use crate::whatsapp::vonage::{send, webhook};
use chaski_model::event::{Event, Inbound, Receipt, Sender};
use chaski_model::{Address, Content, E164, ErrorCode, Failure, ReceiptKind, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How far a webhook's time may lie from ours.
const AGE: Duration = Duration::from_secs(5 * 60);

/// What a webhook says, whichever way it came: JSON, a form, or a query.
type Fields = BTreeMap<String, String>;

fn json(hook: &Incoming<'_>) -> Option<Value> {
    serde_json::from_slice::<Value>(hook.body).ok().filter(Value::is_object)
}

/// Flat fields; numbers and truths of JSON as they are written.
fn fields(hook: &Incoming<'_>) -> Fields {
    match json(hook) {
        Some(object) => object
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| match value {
                Value::String(text) => Some((key.clone(), text.clone())),
                Value::Number(_) | Value::Bool(_) => Some((key.clone(), value.to_string())),
                _ => None,
            })
            .collect(),
        None => url::form_urlencoded::parse(hook.body).into_owned().collect(),
    }
}

/// The Messages API's token, or the SMS API's `sig`.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
    if hook.header("authorization").is_some() {
        return webhook::verify(hook, secrets, now);
    }
    let method = secrets.get("signature_method").unwrap_or("md5hash");
    if method == "none" {
        return Ok(());
    }
    let mut fields = fields(hook);
    let shown = fields.remove("sig").ok_or_else(|| {
        refused(
            "Neither a token nor `sig` is there. Have Vonage sign webhooks, or set signature_method to none.",
        )
    })?;
    let secret =
        secrets.get("signature_secret").ok_or_else(|| refused("The channel has no signature_secret."))?;
    // Only what stands in values is replaced below, so that such a name could pass for two fields.
    if fields.keys().any(|name| name.contains(['&', '='])) {
        return Err(refused("A field's name has a sign that no field of Vonage's has."));
    }
    let mut signed = String::new();
    for (name, value) in &fields {
        signed.push_str(&format!("&{name}={}", value.replace(['&', '='], "_")));
    }
    let right = sms_signature(method, secret, &signed).ok_or_else(|| {
        refused("The channel's signature_method is none of md5hash, md5, sha1, sha256, sha512 and none.")
    })?;
    if !is_equal(&shown.to_ascii_lowercase(), &right) {
        return Err(refused("`sig` does not match the channel's signature_secret and signature_method."));
    }
    let at = fields.get("timestamp").and_then(|text| text.parse().ok()).map(Timestamp::from_secs);
    let at = at.ok_or_else(|| refused("The webhook does not say when it was signed."))?;
    if now.since(at) > AGE || at.since(now) > AGE {
        return Err(refused("It was not signed within the last five minutes; check both clocks."));
    }
    Ok(())
}

/// The token's own id, or the nonce.
pub(super) fn replay_key(hook: &Incoming<'_>) -> Option<String> {
    webhook::replay_key(hook).or_else(|| fields(hook).remove("nonce"))
}

pub(super) fn events(hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
    let event = match json(hook).filter(|object| object.get("message_uuid").is_some()) {
        Some(object) => of_messages(&object),
        None => of_sms(&fields(hook), hook.at)?,
    };
    // A hook is one channel's.
    Ok(vec![(Sender(String::new()), event)])
}

/// The Messages API's form.
fn of_messages(hook: &Value) -> Event {
    let text = |key: &str| hook.get(key).and_then(Value::as_str);
    let channel = text("channel").unwrap_or("sms");
    if channel != "sms" {
        return Event::Ignored { what: format!("channel {channel}") };
    }
    let id = text("message_uuid").unwrap_or_default();
    match (text("status"), text("text")) {
        (Some(status), _) => webhook::receipt(hook, status),
        (None, Some(words)) => received(id, text("from").unwrap_or_default(), words, webhook::at(hook)),
        (None, None) => Event::Ignored { what: "unknown webhook".to_owned() },
    }
}

/// The SMS API's form: a report where there is a status, else a message.
fn of_sms(fields: &Fields, came: Timestamp) -> Result<Event, Failure> {
    let text = |key: &str| fields.get(key).map(String::as_str).filter(|text| !text.is_empty());
    let id = text("messageId").or_else(|| text("message-id"));
    let id = id.ok_or_else(|| Failure::new(ErrorCode::ValidationFailed, "The webhook names no message."))?;
    let at = text("message-timestamp").and_then(moment).unwrap_or(came);
    let Some(status) = text("status") else {
        if text("text").is_none() {
            let what = text("type").unwrap_or("empty");
            let content = Content::Unsupported { what: what.to_owned(), detail: None };
            return Ok(message(id, text("msisdn").unwrap_or_default(), content, at));
        }
        return Ok(received(id, text("msisdn").unwrap_or_default(), text("text").unwrap_or_default(), at));
    };
    let kind = match status {
        "accepted" | "buffered" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "expired" | "failed" | "rejected" => ReceiptKind::Failed,
        other => return Ok(Event::Ignored { what: format!("status {other}") }),
    };
    let failure = (kind == ReceiptKind::Failed).then(|| undelivered(status, text("err-code").unwrap_or("0")));
    Ok(Event::Receipt(Receipt {
        reference: text("client-ref").map(str::to_owned),
        provider_id: id.to_owned(),
        kind,
        at,
        failure,
        learned: Vec::new(),
    }))
}

/// What the numbers of a delivery report mean, by Vonage's guide to troubleshooting.
fn undelivered(status: &str, code: &str) -> Failure {
    let (error, why) = match code {
        "2" | "12" => (ErrorCode::RecipientUnreachable, "The phone could not be reached for now"),
        "3" | "9" | "11" => (ErrorCode::RecipientUnreachable, "The number does not exist, or not any more"),
        "4" | "6" | "13" | "14" => {
            (ErrorCode::RecipientRefused, "The carrier or the contact has barred such messages")
        }
        "7" => (ErrorCode::RecipientUnreachable, "The phone was busy"),
        "15" => (ErrorCode::RecipientUnreachable, "The contact's own balance does not allow it to receive"),
        _ if status == "expired" => (ErrorCode::RecipientUnreachable, "It could not be delivered in time"),
        _ => (ErrorCode::ProviderRefused, "The carrier did not deliver it"),
    };
    Failure::new(error, format!("{why}. Try another channel.")).words(format!("{status}, err-code {code}"))
}

/// `2020-01-01 12:00:00`, in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(&format!("{}Z", text.replacen(' ', "T", 1)))
}

fn received(id: &str, from: &str, text: &str, at: Timestamp) -> Event {
    message(id, from, Content::Text { text: text.to_owned(), message_tag: None }, at)
}

fn message(id: &str, from: &str, content: Content, at: Timestamp) -> Event {
    let Some(from) = E164::from_digits(&send::digits(from)) else {
        return Event::Ignored { what: "message without a sender's number".to_owned() };
    };
    Event::Inbound(Box::new(Inbound {
        provider_id: id.to_owned(),
        from: vec![Address::phone(&from)],
        profile_name: None,
        at,
        content,
        context: None,
    }))
}
