//! What a contact wrote, as Vonage tells it.

use super::webhook::{addresses, at};
use chaski_model::Content;
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{ContactCard, Media, MediaKind, OrderItem, ReplySource};
use serde_json::Value;

/// The event for a message webhook.
pub(super) fn event(hook: &Value) -> Event {
    let from = addresses(hook.get("from"), hook.pointer("/whatsapp/sender"));
    let Some(id) = text(hook, "message_uuid").filter(|_| !from.is_empty()) else {
        return Event::Ignored { what: "malformed message".to_owned() };
    };
    let profile_name = hook.get("profile").and_then(|profile| text(profile, "name"));
    Event::Inbound(Box::new(Inbound {
        provider_id: id,
        from,
        profile_name,
        at: at(hook),
        content: content(hook),
        context: context(hook),
    }))
}

fn context(hook: &Value) -> Option<String> {
    hook.get("context").and_then(|context| text(context, "message_uuid"))
}

/// A text that is there and not empty.
fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Vonage writes the numbers of orders as texts, Meta as numbers.
fn plain(object: &Value, key: &str) -> String {
    match object.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn content(hook: &Value) -> Content {
    let kind = text(hook, "message_type").unwrap_or_default();
    let object = hook.get(&kind).unwrap_or(&Value::Null);
    let read = match kind.as_str() {
        "text" => object.as_str().map(|text| Content::Text { text: text.to_owned(), message_tag: None }),
        "image" => media(MediaKind::Image, object),
        "audio" => media(MediaKind::Audio, object),
        "video" => media(MediaKind::Video, object),
        "file" => media(MediaKind::File, object),
        "sticker" => media(MediaKind::Sticker, object),
        "location" => location(object),
        "contacts" => contacts(object),
        "reply" => reply(object),
        "button" => button(object),
        "order" => order(object),
        "reaction" => Some(Content::Reaction { emoji: text(object, "emoji"), target: context(hook) }),
        _ => None,
    };
    let what = if kind.is_empty() { "unsupported".to_owned() } else { kind };
    read.unwrap_or(Content::Unsupported { what, detail: None })
}

fn media(kind: MediaKind, object: &Value) -> Option<Content> {
    let mut media = Media::link(kind, text(object, "url")?);
    media.filename = text(object, "name");
    media.caption = text(object, "caption");
    Some(Content::Attachment(media))
}

/// `lat` and `long`, unlike Meta.
fn location(object: &Value) -> Option<Content> {
    let degrees = |key: &str| plain(object, key).parse::<f64>().ok();
    Some(Content::Location {
        latitude: degrees("lat")?,
        longitude: degrees("long")?,
        name: text(object, "name"),
        address: text(object, "address"),
    })
}

fn contacts(list: &Value) -> Option<Content> {
    let texts = |card: &Value, list: &str, key: &str| {
        let list = card.get(list).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|entry| text(entry, key)).collect()
    };
    let cards = list.as_array()?.iter().map(|card| ContactCard {
        name: card.get("name").map(name).unwrap_or_default(),
        phones: texts(card, "phones", "phone"),
        emails: texts(card, "emails", "email"),
    });
    Some(Content::Contacts { cards: cards.collect() })
}

fn name(name: &Value) -> String {
    text(name, "formatted_name").unwrap_or_else(|| {
        let parts: Vec<String> =
            ["first_name", "last_name"].iter().filter_map(|key| text(name, key)).collect();
        parts.join(" ")
    })
}

/// Buttons and rows of interactive messages look alike, but only rows have a description.
fn reply(object: &Value) -> Option<Content> {
    let source = if object.get("description").is_some() { ReplySource::List } else { ReplySource::Button };
    Some(Content::Reply { source, title: text(object, "title")?, payload: text(object, "id") })
}

/// A template's quick reply with a text as payload, or a finished flow with an object.
fn button(object: &Value) -> Option<Content> {
    let payload = object.get("payload").filter(|payload| !payload.is_null());
    let is_flow = payload.is_some_and(Value::is_object);
    let payload = payload.map(|payload| payload.as_str().map_or_else(|| payload.to_string(), str::to_owned));
    let title = text(object, "text").or_else(|| payload.clone())?;
    let source = if is_flow { ReplySource::Button } else { ReplySource::Template };
    Some(Content::Reply { source, title, payload })
}

fn order(object: &Value) -> Option<Content> {
    let items = object.get("product_items")?.as_array()?.iter().map(|item| OrderItem {
        product: plain(item, "product_retailer_id"),
        quantity: plain(item, "quantity"),
        price: plain(item, "item_price"),
        currency: plain(item, "currency"),
    });
    Some(Content::Order {
        catalog_id: plain(object, "catalog_id"),
        text: text(object, "text"),
        items: items.collect(),
    })
}
