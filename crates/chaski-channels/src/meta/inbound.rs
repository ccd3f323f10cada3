//! What a contact wrote, as Messenger and Instagram tell it.

use super::webhook::{contact, ignored, is, list, text, time};
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{Media, MediaKind, ReplySource};
use chaski_model::{Address, Content};
use serde_json::Value;

/// One event for what a message says: usually one, more where it brings several files.
pub(super) fn messages(item: &Value, message: &Value) -> Vec<Event> {
    let Some(id) = text(message, "mid") else { return vec![ignored("malformed message")] };
    let context = target(message);
    let each = contents(message).into_iter().enumerate().map(|(index, content)| {
        let name = if index == 0 { id.clone() } else { piece(&id, index + 1) };
        inbound(item, name, content, context.clone())
    });
    each.collect()
}

/// What a file beyond a message's first is called.
fn piece(id: &str, number: usize) -> String {
    format!("{id}:{number}")
}

/// What a change of a message is called.
fn change(id: &str, count: i64) -> String {
    format!("{id}:edited:{count}")
}

/// Everything that a message may have been stored as: ten files at most, and five changes.
pub(super) fn names(id: &str) -> Vec<String> {
    let pieces = (2..=10).map(|number| piece(id, number));
    let changes = (1..=5).map(|count| change(id, count));
    std::iter::once(id.to_owned()).chain(pieces).chain(changes).collect()
}

/// A message that was changed is a new one that answers the old: what was there before stays.
pub(super) fn edited(item: &Value, edit: &Value) -> Event {
    let (Some(id), Some(words)) = (text(edit, "mid"), text(edit, "text")) else {
        return ignored("malformed edit");
    };
    let count = edit.get("num_edit").and_then(Value::as_i64).unwrap_or(1);
    let content = Content::Text { text: words, message_tag: None };
    inbound(item, change(&id, count), content, Some(id))
}

/// A tap on a button of a template, the menu or an icebreaker.
pub(super) fn tapped(item: &Value, postback: &Value) -> Event {
    let payload = text(postback, "payload");
    let title = text(postback, "title").or_else(|| payload.clone()).unwrap_or_default();
    let id = text(postback, "mid").unwrap_or_else(|| made(item, "postback"));
    inbound(item, id, Content::Reply { source: ReplySource::Button, title, payload }, None)
}

/// A reaction, or one that is taken back.
pub(super) fn reacted(item: &Value, reaction: &Value) -> Event {
    let is_taken_back = text(reaction, "action").as_deref() == Some("unreact");
    let emoji = text(reaction, "emoji").or_else(|| text(reaction, "reaction"));
    let target = text(reaction, "mid");
    let content = Content::Reaction { emoji: emoji.filter(|_| !is_taken_back), target };
    inbound(item, made(item, "reaction"), content, None)
}

/// The contact came back by a link. It has said nothing, but it may be answered again.
pub(super) fn referred(item: &Value, referral: &Value) -> Event {
    let content = Content::Unsupported { what: "referral".to_owned(), detail: text(referral, "ref") };
    inbound(item, made(item, "referral"), content, None)
}

/// The name of an event that has none of its own; a repetition has the same.
fn made(item: &Value, what: &str) -> String {
    let target = item.get(what).and_then(|object| text(object, "mid")).unwrap_or_default();
    let from = contact(item, "sender").unwrap_or_default();
    format!("{what}:{from}:{}:{target}", time(item, "timestamp").0)
}

fn inbound(item: &Value, provider_id: String, content: Content, context: Option<String>) -> Event {
    let Some(from) = contact(item, "sender") else { return ignored("malformed message") };
    Event::Inbound(Box::new(Inbound {
        provider_id,
        from: vec![Address::native(&from)],
        profile_name: None,
        at: time(item, "timestamp"),
        content,
        context,
    }))
}

/// The message or story that it answers.
fn target(message: &Value) -> Option<String> {
    let reply = message.get("reply_to")?;
    text(reply, "mid").or_else(|| text(reply.get("story")?, "id"))
}

fn contents(message: &Value) -> Vec<Content> {
    let words = text(message, "text");
    if let Some(quick) = message.get("quick_reply").filter(|quick| quick.is_object()) {
        let payload = text(quick, "payload");
        let title = words.or_else(|| payload.clone()).unwrap_or_default();
        return vec![Content::Reply { source: ReplySource::Button, title, payload }];
    }
    if is(message, "is_unsupported") {
        return vec![unsupported("unsupported", None)];
    }
    let mut found: Vec<Content> =
        words.iter().map(|text| Content::Text { text: text.clone(), message_tag: None }).collect();
    for file in list(message, "attachments") {
        // The preview of a link that stands in the text says nothing new.
        if text(file, "type").as_deref() == Some("fallback") && words.is_some() {
            continue;
        }
        found.push(attachment(file));
    }
    if found.is_empty() {
        found.push(unsupported("message", None));
    }
    found
}

fn attachment(file: &Value) -> Content {
    let kind = text(file, "type").unwrap_or_default();
    let payload = file.get("payload").unwrap_or(&Value::Null);
    let is_sticker = payload.get("sticker_id").is_some_and(|id| !id.is_null());
    let title = text(payload, "title").or_else(|| text(file, "title"));
    let read = match kind.as_str() {
        "image" if is_sticker => media(MediaKind::Sticker, payload, None),
        "image" => media(MediaKind::Image, payload, None),
        "sticker" => media(MediaKind::Sticker, payload, None),
        "video" => media(MediaKind::Video, payload, None),
        "audio" => media(MediaKind::Audio, payload, None),
        "file" => media(MediaKind::File, payload, None),
        "reel" | "ig_reel" => media(MediaKind::Video, payload, title),
        // A picture or a video; only the file itself tells.
        "share" | "story_mention" | "ig_post" => {
            media(MediaKind::File, payload, title.or_else(|| Some(kind.clone())))
        }
        "like_heart" => Some(Content::Text { text: "❤️".to_owned(), message_tag: None }),
        "location" => location(payload, title),
        "fallback" => {
            let words = text(payload, "url").or_else(|| text(file, "url")).or(title);
            words.map(|text| Content::Text { text, message_tag: None })
        }
        _ => None,
    };
    read.unwrap_or_else(|| unsupported(&kind, text(payload, "url")))
}

fn media(kind: MediaKind, payload: &Value, caption: Option<String>) -> Option<Content> {
    Some(Content::Attachment(Media { caption, ..Media::link(kind, text(payload, "url")?) }))
}

fn location(payload: &Value, name: Option<String>) -> Option<Content> {
    let degrees = |key: &str| payload.get("coordinates")?.get(key)?.as_f64();
    Some(Content::Location { latitude: degrees("lat")?, longitude: degrees("long")?, name, address: None })
}

fn unsupported(what: &str, detail: Option<String>) -> Content {
    let what = if what.is_empty() { "attachment" } else { what };
    Content::Unsupported { what: what.to_owned(), detail }
}
