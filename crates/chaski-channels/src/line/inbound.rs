//! What a contact wrote, as LINE tells it.

use chaski_model::event::{Event, Inbound};
use chaski_model::message::{Media, MediaKind, ReplySource};
use chaski_model::{Address, Content, Timestamp};
use serde_json::Value;

/// A message. Redelivered, it has the same id.
pub(super) fn message(told: &Value, of: Address, at: Timestamp) -> Event {
    let message = told.get("message").unwrap_or(&Value::Null);
    let Some(id) = text(message, "id") else {
        return Event::Ignored { what: "malformed message".to_owned() };
    };
    let content = content(message, &id);
    let context = text(message, "quotedMessageId");
    Event::Inbound(Box::new(Inbound {
        provider_id: id,
        from: vec![of],
        profile_name: None,
        at,
        content,
        context,
    }))
}

/// A tap on a button of a template or flex message.
pub(super) fn postback(told: &Value, of: Address, at: Timestamp) -> Event {
    let data = told.pointer("/postback/data").and_then(Value::as_str);
    let (Some(id), Some(data)) = (text(told, "webhookEventId"), data) else {
        return Event::Ignored { what: "malformed postback".to_owned() };
    };
    let content = Content::Reply {
        source: ReplySource::Button,
        title: data.to_owned(),
        payload: Some(data.to_owned()),
    };
    Event::Inbound(Box::new(Inbound {
        provider_id: format!("postback:{id}"),
        from: vec![of],
        profile_name: None,
        at,
        content,
        context: None,
    }))
}

fn content(message: &Value, id: &str) -> Content {
    let kind = text(message, "type").unwrap_or_default();
    let read = match kind.as_str() {
        "text" => text(message, "text").map(|text| Content::Text { text, message_tag: None }),
        "image" => Some(media(message, id, MediaKind::Image)),
        "video" => Some(media(message, id, MediaKind::Video)),
        "audio" => Some(media(message, id, MediaKind::Audio)),
        "file" => Some(media(message, id, MediaKind::File)),
        "location" => location(message),
        _ => None,
    };
    read.unwrap_or_else(|| unsupported(message, kind))
}

/// LINE keeps the bytes under the message's id, unless they lie elsewhere.
fn media(message: &Value, id: &str, kind: MediaKind) -> Content {
    let provider = message.get("contentProvider").unwrap_or(&Value::Null);
    let is_external = text(provider, "type").as_deref() == Some("external");
    let link = text(provider, "originalContentUrl").filter(|_| is_external);
    Content::Attachment(Media {
        kind,
        provider_id: link.is_none().then(|| id.to_owned()),
        link,
        filename: text(message, "fileName"),
        mime: None,
        caption: None,
        voice: kind == MediaKind::Audio,
    })
}

fn location(message: &Value) -> Option<Content> {
    let degrees = |key: &str| message.get(key).and_then(Value::as_f64);
    Some(Content::Location {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        name: text(message, "title"),
        address: text(message, "address"),
    })
}

/// A sticker's picture cannot be had by the API; its words say what it shows.
fn unsupported(message: &Value, kind: String) -> Content {
    let words = message.get("keywords").and_then(Value::as_array).into_iter().flatten();
    let words: Vec<&str> = words.filter_map(Value::as_str).take(10).collect();
    let detail = text(message, "text").or_else(|| (!words.is_empty()).then(|| words.join(", ")));
    let what = if kind.is_empty() { "unsupported".to_owned() } else { kind };
    Content::Unsupported { what, detail }
}

pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// When it happened; 0 where the event does not say it.
pub(super) fn moment(told: &Value) -> Timestamp {
    let at =
        told.get("timestamp").and_then(Value::as_i64).filter(|ms| (0..=253_402_300_799_999).contains(ms));
    at.map(Timestamp).unwrap_or_default()
}
