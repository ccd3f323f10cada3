//! What a contact wrote, as Viber tells it.

use super::outcome::token;
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{ContactCard, Media, MediaKind};
use chaski_model::{Address, Content, Timestamp};
use serde_json::Value;

/// A message. Repeated, it has the same token.
pub(super) fn message(body: &Value) -> Event {
    let sender = body.get("sender").unwrap_or(&Value::Null);
    let (Some(provider_id), Some(from)) = (token(body), text(sender, "id")) else {
        return Event::Ignored { what: "malformed message".to_owned() };
    };
    Event::Inbound(Box::new(Inbound {
        provider_id,
        from: vec![Address::native(&from)],
        profile_name: text(sender, "name"),
        at: moment(body),
        content: content(body.get("message").unwrap_or(&Value::Null)),
        context: None,
    }))
}

fn content(message: &Value) -> Content {
    let kind = text(message, "type").unwrap_or_default();
    let read = match kind.as_str() {
        "text" => text(message, "text").map(written),
        "picture" => media(message, MediaKind::Image),
        "video" => media(message, MediaKind::Video),
        "file" => media(message, MediaKind::File),
        "sticker" => media(message, MediaKind::Sticker),
        "url" => text(message, "media").map(written),
        "location" => location(message),
        "contact" => card(message),
        _ => None,
    };
    let what = if kind.is_empty() { "unsupported".to_owned() } else { kind };
    read.unwrap_or(Content::Unsupported { what, detail: None })
}

fn written(text: String) -> Content {
    Content::Text { text, message_tag: None }
}

/// A file by a link that dies within the hour.
fn media(message: &Value, kind: MediaKind) -> Option<Content> {
    Some(Content::Attachment(Media {
        kind,
        link: Some(text(message, "media")?),
        provider_id: None,
        filename: text(message, "file_name"),
        mime: None,
        caption: text(message, "text"),
        voice: false,
    }))
}

fn location(message: &Value) -> Option<Content> {
    let degrees = |key: &str| {
        let given = message.get("location")?.get(key)?;
        given.as_f64().or_else(|| given.as_str()?.parse().ok().filter(|degrees: &f64| degrees.is_finite()))
    };
    Some(Content::Location {
        latitude: degrees("lat")?,
        longitude: degrees("lon")?,
        name: None,
        address: None,
    })
}

fn card(message: &Value) -> Option<Content> {
    let contact = message.get("contact")?;
    let phones: Vec<String> = text(contact, "phone_number").into_iter().collect();
    let name = text(contact, "name").unwrap_or_default();
    (!name.is_empty() || !phones.is_empty())
        .then(|| Content::Contacts { cards: vec![ContactCard { name, phones, emails: Vec::new() }] })
}

pub(super) fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// When it happened; 0 where the event does not say it.
pub(super) fn moment(body: &Value) -> Timestamp {
    let at =
        body.get("timestamp").and_then(Value::as_i64).filter(|ms| (0..=253_402_300_799_999).contains(ms));
    at.map(Timestamp).unwrap_or_default()
}
