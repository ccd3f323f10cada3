//! Meta's webhook payload → events, for Cloud API and 360dialog alike.
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>
//!
//! One POST can hold up to a thousand updates. They are read one by one from plain JSON rather than
//! into structs, so that one field of an unexpected type spoils at most its own item.

use super::{graph, meta_inbound};
use crate::template::definition::normalise_language;
use chaski_model::event::{Event, Receipt, Sender};
use chaski_model::{Address, E164, ErrorCode, Failure, ReceiptKind, Timestamp};
use serde_json::Value;

/// Every event of a webhook, in order.
pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::new(ErrorCode::MalformedJson, format!("The webhook is not JSON: {error}."))
    })?;
    let Some(entries) = body.get("entry").and_then(Value::as_array) else {
        return Ok(vec![(Sender(String::new()), ignored("webhook without entries"))]);
    };
    let mut events = Vec::new();
    for entry in entries {
        let account = plain(entry, "id");
        for change in list(entry, "changes") {
            read_change(&account, change, &mut events);
        }
    }
    Ok(events)
}

fn read_change(account: &str, change: &Value, events: &mut Vec<(Sender, Event)>) {
    let field = text(change, "field").unwrap_or_default();
    let value = change.get("value").unwrap_or(&Value::Null);
    let phone_number_id = value.pointer("/metadata/phone_number_id").and_then(Value::as_str);
    let sender = Sender(phone_number_id.unwrap_or_default().to_owned());
    match field.as_str() {
        "messages" => read_messages(&sender, value, events),
        "message_template_status_update"
        | "message_template_quality_update"
        | "message_template_components_update"
        | "template_category_update" => events.push((sender, template(account, value))),
        "" => events.push((sender, ignored("malformed change"))),
        other => events.push((sender, ignored(&other_field(other, value)))),
    }
}

/// Account updates and the like: counted by their field and event.
fn other_field(field: &str, value: &Value) -> String {
    match text(value, "event") {
        Some(event) => format!("{field} {event}"),
        None => field.to_owned(),
    }
}

fn read_messages(sender: &Sender, value: &Value, events: &mut Vec<(Sender, Event)>) {
    let before = events.len();
    for status in list(value, "statuses") {
        events.push((sender.clone(), receipt(status)));
    }
    for message in list(value, "messages") {
        events.push((sender.clone(), meta_inbound::event(message, value)));
    }
    if events.len() > before {
        return;
    }
    for error in list(value, "errors") {
        events.push((sender.clone(), ignored(&format!("account error {}", plain(error, "code")))));
    }
    if events.len() == before {
        events.push((sender.clone(), ignored("messages without content")));
    }
}

fn receipt(status: &Value) -> Event {
    let word = text(status, "status").unwrap_or_default();
    let kind = match word.as_str() {
        "sent" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "read" | "played" => ReceiptKind::Read,
        "failed" => ReceiptKind::Failed,
        "" => return ignored("malformed status"),
        other => return ignored(&format!("status {other}")),
    };
    let Some(id) = text(status, "id") else { return ignored("malformed status") };
    let failure = (kind == ReceiptKind::Failed).then(|| {
        let error = list(status, "errors").next().unwrap_or(&Value::Null);
        graph::failure_of(error)
    });
    Event::Receipt(Receipt {
        reference: text(status, "biz_opaque_callback_data"),
        provider_id: id,
        kind,
        at: at(status),
        failure,
        learned: recipient(status),
    })
}

fn recipient(status: &Value) -> Vec<Address> {
    // A group's id is nobody's address.
    if text(status, "recipient_type").as_deref() == Some("group") {
        return Vec::new();
    }
    let phone = text(status, "recipient_id").and_then(|digits| E164::from_digits(&digits));
    let bsuid = text(status, "recipient_user_id");
    phone.iter().map(Address::phone).chain(bsuid.iter().map(|id| Address::bsuid(id))).collect()
}

/// The status words of webhooks have some more than the list: a flagged or locked template can
/// still be sent, so only a resync is asked for.
fn template(account: &str, value: &Value) -> Event {
    let Some(name) = text(value, "message_template_name") else {
        return ignored("malformed template update");
    };
    let status = match text(value, "event").unwrap_or_default().to_ascii_uppercase().as_str() {
        "REINSTATED" => "APPROVED".to_owned(),
        "FLAGGED" | "LOCKED" | "UNLOCKED" => String::new(),
        word => word.to_owned(),
    };
    Event::TemplateChanged {
        account: account.to_owned(),
        name,
        language: normalise_language(&text(value, "message_template_language").unwrap_or_default()),
        status,
        reason: text(value, "reason").filter(|reason| reason != "NONE"),
    }
}

/// Something of no consequence here.
pub(super) fn ignored(what: &str) -> Event {
    Event::Ignored { what: what.to_owned() }
}

/// The items of a list; none where there is no list.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// A text that is there and not empty.
pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text or number, as text.
pub(super) fn plain(object: &Value, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

/// When it happened; 0 where the webhook does not say it.
pub(super) fn at(object: &Value) -> Timestamp {
    plain(object, "timestamp").parse().map(Timestamp::from_provider).unwrap_or_default()
}
