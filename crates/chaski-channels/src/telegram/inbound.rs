//! What a contact wrote, as Telegram tells it.

use super::outcome::message_name;
use super::webhook::target;
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{ContactCard, Media, MediaKind, ReplySource};
use chaski_model::{Address, Content, E164, Timestamp};
use serde_json::Value;

/// What a message has beside what it says.
const FRAME: [&str; 27] = [
    "message_id",
    "message_thread_id",
    "from",
    "sender_chat",
    "sender_boost_count",
    "sender_business_bot",
    "date",
    "business_connection_id",
    "chat",
    "forward_origin",
    "is_topic_message",
    "is_automatic_forward",
    "reply_to_message",
    "external_reply",
    "quote",
    "reply_to_story",
    "via_bot",
    "edit_date",
    "has_protected_content",
    "is_from_offline",
    "media_group_id",
    "author_signature",
    "entities",
    "caption",
    "caption_entities",
    "effect_id",
    "reply_markup",
];

/// What Telegram itself says in a chat.
const SERVICE: [&str; 6] = [
    "pinned_message",
    "message_auto_delete_timer_changed",
    "write_access_allowed",
    "chat_background_set",
    "connected_website",
    "boost_added",
];

/// A message.
pub(super) fn message(message: &Value) -> Event {
    match inbound(message) {
        Ok(inbound) => Event::Inbound(Box::new(inbound)),
        Err(what) => Event::Ignored { what: what.to_owned() },
    }
}

/// A message that was changed is a new one that answers the old: what was there before stays.
pub(super) fn edited(message: &Value) -> Event {
    match inbound(message) {
        Ok(mut inbound) => {
            let edited_at = seconds(message, "edit_date");
            inbound.context = Some(inbound.provider_id.clone());
            inbound.provider_id = format!("{}:edited:{}", inbound.provider_id, edited_at.secs());
            inbound.at = edited_at;
            Event::Inbound(Box::new(inbound))
        }
        Err(what) => Event::Ignored { what: what.to_owned() },
    }
}

/// A tap on a button under a message of ours.
pub(super) fn tapped(query: &Value) -> Event {
    let from = query.get("from").unwrap_or(&Value::Null);
    let chat = query.pointer("/message/chat").unwrap_or(from);
    let (Some(id), Some(address)) = (text(query, "id"), number(chat, "id")) else {
        return Event::Ignored { what: "malformed tap".to_owned() };
    };
    if !is_private(chat) {
        return Event::Ignored { what: "group message".to_owned() };
    }
    let payload = text(query, "data");
    let title = payload.as_ref().and_then(|data| label(query.get("message")?, data));
    Event::Inbound(Box::new(Inbound {
        provider_id: format!("tap:{id}"),
        from: vec![Address::native(&address)],
        profile_name: name(from),
        // A tap has no time of its own.
        at: Timestamp::default(),
        content: Content::Reply {
            source: ReplySource::Button,
            title: title.or_else(|| payload.clone()).unwrap_or_default(),
            payload,
        },
        context: target(query.get("message")),
    }))
}

/// What stands on the button that was tapped.
fn label(message: &Value, data: &str) -> Option<String> {
    let rows = message.pointer("/reply_markup/inline_keyboard")?.as_array()?;
    let mut buttons = rows.iter().filter_map(Value::as_array).flatten();
    text(buttons.find(|button| button.get("callback_data").and_then(Value::as_str) == Some(data))?, "text")
}

fn inbound(message: &Value) -> Result<Inbound, &'static str> {
    let (chat, from) =
        (message.get("chat").unwrap_or(&Value::Null), message.get("from").unwrap_or(&Value::Null));
    let (Some(id), Some(address)) = (message_name(message), number(chat, "id")) else {
        return Err("malformed message");
    };
    if !is_private(chat) {
        return Err("group message");
    }
    if SERVICE.iter().any(|key| message.get(key).is_some()) {
        return Err("service message");
    }
    let mut addresses = vec![Address::native(&address)];
    addresses.extend(own_number(message, from));
    Ok(Inbound {
        provider_id: id,
        from: addresses,
        profile_name: name(from).or_else(|| name(chat)),
        at: seconds(message, "date"),
        content: content(message),
        context: target(message.get("reply_to_message")),
    })
}

/// Chaski talks with people, one by one.
pub(super) fn is_private(chat: &Value) -> bool {
    chat.get("type").is_none_or(|kind| kind == "private")
}

/// The contact's own number, where it shared its own card and not another's.
fn own_number(message: &Value, from: &Value) -> Option<Address> {
    let card = message.get("contact")?;
    let is_own = number(card, "user_id").is_some_and(|id| number(from, "id") == Some(id));
    let digits = text(card, "phone_number").filter(|_| is_own)?;
    E164::from_digits(&digits).map(|number| Address::phone(&number))
}

fn content(message: &Value) -> Content {
    let part = |key: &str| message.get(key).filter(|object| object.is_object());
    if let Some(text) = text(message, "text") {
        return Content::Text { text, message_tag: None };
    }
    // An animation is also told as a document, and a venue also as a location.
    let read = None
        .or_else(|| photo(message))
        .or_else(|| media(message, part("animation")?, MediaKind::Video))
        .or_else(|| media(message, part("video")?, MediaKind::Video))
        .or_else(|| media(message, part("video_note")?, MediaKind::Video))
        .or_else(|| media(message, part("audio")?, MediaKind::Audio))
        .or_else(|| voice(message, part("voice")?))
        .or_else(|| media(message, part("document")?, MediaKind::File))
        .or_else(|| sticker(message, part("sticker")?))
        .or_else(|| place(part("venue")?))
        .or_else(|| location(part("location")?, None, None))
        .or_else(|| card(part("contact")?));
    read.unwrap_or_else(|| unsupported(message))
}

/// A file by its id; the address behind it dies within the hour and holds the token.
fn media(message: &Value, file: &Value, kind: MediaKind) -> Option<Content> {
    Some(Content::Attachment(Media {
        kind,
        link: None,
        provider_id: Some(text(file, "file_id")?),
        filename: text(file, "file_name"),
        mime: text(file, "mime_type"),
        caption: text(message, "caption"),
        voice: false,
    }))
}

/// A photo comes in several sizes, the largest last. It is always a JPEG.
fn photo(message: &Value) -> Option<Content> {
    let largest = message.get("photo")?.as_array()?.last()?;
    typed(media(message, largest, MediaKind::Image)?, "image/jpeg", false)
}

fn voice(message: &Value, file: &Value) -> Option<Content> {
    typed(media(message, file, MediaKind::Audio)?, "audio/ogg", true)
}

fn sticker(message: &Value, file: &Value) -> Option<Content> {
    let is = |key: &str| file.get(key) == Some(&Value::Bool(true));
    let mime = match (is("is_animated"), is("is_video")) {
        (true, _) => "application/x-tgsticker",
        (_, true) => "video/webm",
        _ => "image/webp",
    };
    typed(media(message, file, MediaKind::Sticker)?, mime, false)
}

/// The same with its type where Telegram does not say it.
fn typed(content: Content, mime: &str, voice: bool) -> Option<Content> {
    let Content::Attachment(media) = content else { return None };
    let mime = media.mime.clone().unwrap_or_else(|| mime.to_owned());
    Some(Content::Attachment(Media { mime: Some(mime), voice, ..media }))
}

fn place(venue: &Value) -> Option<Content> {
    location(venue.get("location")?, text(venue, "title"), text(venue, "address"))
}

fn location(object: &Value, name: Option<String>, address: Option<String>) -> Option<Content> {
    let degrees = |key: &str| object.get(key).and_then(Value::as_f64);
    Some(Content::Location {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        name,
        address,
    })
}

fn card(contact: &Value) -> Option<Content> {
    let phones: Vec<String> = text(contact, "phone_number").into_iter().collect();
    let name = name(contact).unwrap_or_default();
    (!name.is_empty() || !phones.is_empty())
        .then(|| Content::Contacts { cards: vec![ContactCard { name, phones, emails: Vec::new() }] })
}

/// What Chaski cannot show is named by Telegram's own word for it.
fn unsupported(message: &Value) -> Content {
    let keys = message.as_object().into_iter().flat_map(serde_json::Map::keys);
    let what = keys.map(String::as_str).find(|key| !FRAME.contains(key));
    Content::Unsupported { what: what.unwrap_or("unsupported").to_owned(), detail: None }
}

/// First and last name.
fn name(person: &Value) -> Option<String> {
    let parts: Vec<String> = ["first_name", "last_name"].iter().filter_map(|key| text(person, key)).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An id, as text.
pub(super) fn number(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_i64().map(|number| number.to_string())
}

/// When it happened; 0 where the update does not say it.
pub(super) fn seconds(object: &Value, key: &str) -> Timestamp {
    let seconds = object.get(key).and_then(Value::as_i64).filter(|s| (0..=253_402_300_799).contains(s));
    seconds.map(Timestamp::from_secs).unwrap_or_default()
}
