//! Webhooks of a Page or an Instagram account → events.
//! <https://developers.facebook.com/docs/messenger-platform/reference/webhook-events>
//!
//! One POST can be for several Pages and hold many events. They are read one by one from plain JSON, so
//! that one field of an unexpected type spoils at most its own event.

use super::{Kind, inbound};
use chaski_model::event::{Event, Receipt, Reported, Sender, UpTo};
use chaski_model::{Address, ErrorCode, Failure, PartRef, ReceiptKind, Timestamp};
use serde_json::Value;

/// Every event of a webhook, in order.
pub(super) fn events(kind: &Kind, body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::new(ErrorCode::MalformedJson, format!("The webhook is not JSON: {error}."))
    })?;
    let nobody = |what: &str| vec![(Sender(String::new()), ignored(what))];
    if text(&body, "object").as_deref() != Some(kind.object) {
        return Ok(nobody("webhook for another object"));
    }
    let mut events = Vec::new();
    for entry in list(&body, "entry") {
        let sender = Sender(text(entry, "id").unwrap_or_default());
        for item in list(entry, "messaging") {
            events.extend(read(kind, item).into_iter().map(|event| (sender.clone(), event)));
        }
        // What another app answers.
        let standby = list(entry, "standby").map(|_| ignored("standby"));
        let changes = list(entry, "changes").map(|change| match text(change, "field") {
            Some(field) => ignored(&field),
            None => ignored("malformed change"),
        });
        events.extend(standby.chain(changes).map(|event| (sender.clone(), event)));
    }
    if events.is_empty() {
        return Ok(nobody("webhook without events"));
    }
    Ok(events)
}

fn read(kind: &Kind, item: &Value) -> Vec<Event> {
    let part = |key: &str| item.get(key).filter(|object| object.is_object());
    if let Some(message) = part("message") {
        return match (is(message, "is_echo"), is(message, "is_deleted")) {
            (true, _) => vec![echo(item, message)],
            (_, true) => vec![removed(message)],
            _ => inbound::messages(item, message),
        };
    }
    let event = None
        .or_else(|| part("message_edit").map(|edit| inbound::edited(item, edit)))
        .or_else(|| part("postback").map(|postback| inbound::tapped(item, postback)))
        .or_else(|| part("reaction").map(|reaction| inbound::reacted(item, reaction)))
        .or_else(|| part("referral").map(|referral| inbound::referred(item, referral)))
        .or_else(|| part("delivery").map(|delivery| up_to(item, delivery, ReceiptKind::Delivered)))
        .or_else(|| part("read").map(|read| up_to(item, read, ReceiptKind::Read)))
        .or_else(|| part("policy_enforcement").map(|policy| enforced(kind, policy)));
    vec![event.unwrap_or_else(|| ignored(&other(item)))]
}

/// Everything to this contact up to a moment, or to a message, has arrived or was read.
fn up_to(item: &Value, report: &Value, kind: ReceiptKind) -> Event {
    let Some(contact) = contact(item, "sender") else { return ignored("malformed receipt") };
    let at = time(item, "timestamp");
    let watermark = time(report, "watermark");
    let last = text(report, "mid");
    if watermark.0 == 0 && last.is_none() {
        return ignored("malformed receipt");
    }
    let reported = match last {
        Some(provider_id) => Reported::Message { provider_id },
        None => Reported::Moment { at: watermark },
    };
    let at = if at.0 > 0 { at } else { watermark };
    Event::UpTo(UpTo { to: Address::native(&contact), kind, reported, at })
}

/// A message of the Page comes back: ours is known by its reference.
fn echo(item: &Value, message: &Value) -> Event {
    let reference = text(message, "metadata").filter(|text| PartRef::parse(text).is_some());
    let (Some(reference), Some(id)) = (reference, text(message, "mid")) else {
        return ignored("echo of a message that Chaski did not send");
    };
    Event::Receipt(Receipt {
        reference: Some(reference),
        provider_id: id,
        kind: ReceiptKind::Sent,
        at: time(item, "timestamp"),
        failure: None,
        learned: contact(item, "recipient").iter().map(|id| Address::native(id)).collect(),
    })
}

/// The contact took a message back.
fn removed(message: &Value) -> Event {
    match text(message, "mid") {
        Some(id) => Event::Removed { provider_ids: inbound::names(&id) },
        None => ignored("malformed deletion"),
    }
}

fn enforced(kind: &Kind, policy: &Value) -> Event {
    let word = |key: &str| text(policy, key).unwrap_or_default();
    ignored(&format!("policy enforcement at {}: {} {}", kind.title, word("action"), word("reason")))
}

/// Something else, by its own key.
fn other(item: &Value) -> String {
    let mut keys = item.as_object().into_iter().flat_map(serde_json::Map::keys);
    let key = keys.find(|key| !["sender", "recipient", "timestamp"].contains(&key.as_str()));
    key.map_or_else(|| "malformed event".to_owned(), |key| key.chars().take(40).collect())
}

/// The id of who is at one end of it.
pub(super) fn contact(item: &Value, end: &str) -> Option<String> {
    text(item.get(end)?, "id")
}

pub(super) fn ignored(what: &str) -> Event {
    Event::Ignored { what: what.to_owned() }
}

pub(super) fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A text that is there and not empty.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn is(object: &Value, key: &str) -> bool {
    object.get(key) == Some(&Value::Bool(true))
}

/// Milliseconds since 1970; 0 where they are missing or cannot be meant.
pub(super) fn time(object: &Value, key: &str) -> Timestamp {
    let given = object.get(key).and_then(Value::as_i64);
    given.filter(|ms| (1..=253_402_300_799_999).contains(ms)).map(Timestamp).unwrap_or_default()
}
