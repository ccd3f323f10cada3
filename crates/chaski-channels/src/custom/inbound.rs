//! What the program says: messages, echoes and statuses.

use super::ID;
use chaski_model::event::{Event, Inbound, Receipt, Sender};
use chaski_model::message::{Media, MediaKind};
use chaski_model::{Address, Content, E164, ErrorCode, Failure, ReceiptKind, Timestamp};
use serde_json::Value;

fn bad(message: &str) -> Failure {
    Failure::new(ErrorCode::ValidationFailed, message)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let hook: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::new(ErrorCode::MalformedJson, format!("The body is not JSON: {error}.")))?;
    let contact = match hook.get("contactId") {
        Some(Value::String(id)) if !id.is_empty() && id.chars().count() <= ID => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(bad("`contactId` is missing, or longer than 50 signs.")),
    };
    let events = hook.get("events").and_then(Value::as_array);
    let events = events.ok_or_else(|| bad("`events` is missing: give a list of them."))?;
    let about = hook.get("contact").unwrap_or(&Value::Null);
    let from = addresses(&contact, about);
    let odd = |failure: Failure| Event::Odd { what: failure.message };
    let read = |event| (Sender(String::new()), one(event, &from, about).unwrap_or_else(odd));
    Ok(events.iter().map(read).collect())
}

/// The id of the program's own, and what else it tells of the contact.
fn addresses(contact: &str, about: &Value) -> Vec<Address> {
    let number = |text: &str| text.starts_with('+').then(|| E164::from_digits(text)).flatten();
    let phone = number(contact).or_else(|| text(about, "phone").and_then(number));
    let email = text(about, "email").filter(|email| chaski_model::address::is_email(email));
    let own = [Address::native(contact)].into_iter();
    own.chain(phone.iter().map(Address::phone)).chain(email.map(Address::email)).collect()
}

fn one(event: &Value, from: &[Address], about: &Value) -> Result<Event, Failure> {
    let kind = text(event, "type").ok_or_else(|| bad("An event has no `type`."))?;
    // An L for the I is a slip of the documentation that programs have copied.
    let id = text(event, "mId").or_else(|| text(event, "mld")).filter(|id| id.chars().count() <= ID);
    let id = id.ok_or_else(|| bad("An event has no `mId` of up to 50 signs."))?;
    let at = event.get("timestamp").and_then(Value::as_i64).map(Timestamp);
    let at = at.ok_or_else(|| bad("An event has no `timestamp` in milliseconds."))?;
    match kind {
        "message" => Ok(Event::Inbound(Box::new(Inbound {
            provider_id: id.to_owned(),
            from: from.to_vec(),
            profile_name: name(about),
            at,
            content: content(event.get("message").unwrap_or(&Value::Null)),
            context: None,
        }))),
        "message_echo" => Ok(Event::Ignored { what: "a message that was sent elsewhere".to_owned() }),
        "message_status" => Ok(status(event, id, at)),
        other => Ok(Event::Ignored { what: format!("event {other}") }),
    }
}

fn name(about: &Value) -> Option<String> {
    let parts = [text(about, "firstName"), text(about, "lastName")];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Some(name).filter(|name| !name.is_empty())
}

fn status(event: &Value, id: &str, at: Timestamp) -> Event {
    let status = event.get("status").unwrap_or(&Value::Null);
    let word = status.as_str().or_else(|| text(status, "value")).unwrap_or_default();
    let kind = match word {
        "sent" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "read" => ReceiptKind::Read,
        "failed" => ReceiptKind::Failed,
        other => return Event::Ignored { what: format!("status {other}") },
    };
    let failure = (kind == ReceiptKind::Failed).then(|| {
        let message = "The channel's own program could not deliver it. Its words say why.";
        let words = text(status, "message").unwrap_or_default();
        crate::verdict::with_words(Failure::new(ErrorCode::ProviderRefused, message), words)
    });
    let provider_id = id.to_owned();
    Event::Receipt(Receipt { reference: None, provider_id, kind, at, failure, learned: Vec::new() })
}

fn content(message: &Value) -> Content {
    let kind = text(message, "type").unwrap_or_default();
    let read = match kind {
        "text" => {
            text(message, "text").map(|words| Content::Text { text: words.to_owned(), message_tag: None })
        }
        "attachment" => message.get("attachment").and_then(attachment),
        "location" => location(message.get("location").unwrap_or(message)),
        "quick_reply" => question(message),
        _ => None,
    };
    let what = if kind.is_empty() { "unsupported" } else { kind };
    read.unwrap_or_else(|| Content::Unsupported { what: what.to_owned(), detail: None })
}

fn attachment(object: &Value) -> Option<Content> {
    let kind = match text(object, "type") {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::File,
    };
    let link = text(object, "url").filter(|link| crate::template::value::is_media_link(link))?;
    let mut media = Media::link(kind, link);
    let own = |key: &str| text(object, key).map(str::to_owned);
    (media.filename, media.mime, media.caption) = (own("fileName"), own("mimeType"), own("caption"));
    Some(Content::Attachment(media))
}

fn location(place: &Value) -> Option<Content> {
    let degrees = |key: &str| match place.get(key)? {
        Value::String(text) => text.parse().ok(),
        number => number.as_f64(),
    };
    let own = |key: &str| text(place, key).map(str::to_owned);
    let (latitude, longitude) = (degrees("latitude")?, degrees("longitude")?);
    Some(Content::Location { latitude, longitude, name: own("name"), address: own("address") })
}

/// A question of the program's, as one reads it.
fn question(message: &Value) -> Option<Content> {
    let mut words = text(message, "title")?.to_owned();
    for (index, reply) in message.get("replies").and_then(Value::as_array).into_iter().flatten().enumerate() {
        words.push_str(&format!("\n{}. {}", index + 1, reply.as_str().unwrap_or_default()));
    }
    Some(Content::Text { text: words, message_tag: None })
}
