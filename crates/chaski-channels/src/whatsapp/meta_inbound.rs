//! What a contact wrote, as Meta tells it.

use super::meta_webhook::{at, ignored, list, plain, text};
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{ContactCard, Media, MediaKind, OrderItem, ReplySource};
use chaski_model::{Address, Content, E164};
use serde_json::Value;

/// The event for one message; `value` holds what the change says beside it.
pub(super) fn event(message: &Value, value: &Value) -> Event {
    if message.get("group_id").is_some() {
        return ignored("group message");
    }
    if text(message, "type").as_deref() == Some("system") {
        return system(message);
    }
    let contact = contact(message, value);
    let from = addresses(message, contact);
    let Some(id) = text(message, "id").filter(|_| !from.is_empty()) else {
        return ignored("malformed message");
    };
    Event::Inbound(Box::new(Inbound {
        provider_id: id,
        from,
        profile_name: contact.and_then(|contact| text(contact.get("profile")?, "name")),
        at: at(message),
        content: content(message),
        context: message.get("context").and_then(|context| text(context, "id")),
    }))
}

/// The contact's entry: by number, by user id, or the only one.
fn contact<'a>(message: &Value, value: &'a Value) -> Option<&'a Value> {
    let all: Vec<&Value> = list(value, "contacts").collect();
    let same = |contact: &&&Value, key: &str, own: &str| {
        text(message, own).is_some_and(|id| text(contact, key) == Some(id))
    };
    let by_number = all.iter().find(|contact| same(contact, "wa_id", "from"));
    let by_id = || all.iter().find(|contact| same(contact, "user_id", "from_user_id"));
    let only = || all.first().filter(|_| all.len() == 1);
    by_number.or_else(by_id).or_else(only).copied()
}

/// A contact with a username can have no number: `from` is then missing.
fn addresses(message: &Value, contact: Option<&Value>) -> Vec<Address> {
    let phone = text(message, "from").and_then(|digits| E164::from_digits(&digits));
    let bsuid = text(message, "from_user_id").or_else(|| text(contact?, "user_id"));
    phone.iter().map(Address::phone).chain(bsuid.iter().map(|id| Address::bsuid(id))).collect()
}

/// A contact who moved to another number is the same person.
fn system(message: &Value) -> Event {
    let Some(system) = message.get("system") else { return ignored("malformed message") };
    let number = |text: Option<String>| text.and_then(|digits| E164::from_digits(&digits));
    let numbers = [number(text(system, "wa_id")), number(text(message, "from"))];
    let mut addresses: Vec<Address> = numbers.iter().flatten().map(Address::phone).collect();
    let ids = [text(system, "user_id"), text(message, "from_user_id")];
    addresses.extend(ids.iter().flatten().map(|id| Address::bsuid(id)));
    addresses.dedup();
    let is_change = text(system, "type")
        .is_some_and(|kind| kind.ends_with("_changed_number") || kind.ends_with("_changed_user_id"));
    if is_change && addresses.len() > 1 {
        return Event::Learned { addresses };
    }
    ignored(&format!("system {}", plain(system, "type")))
}

fn content(message: &Value) -> Content {
    let kind = text(message, "type").unwrap_or_default();
    let object = message.get(&kind).unwrap_or(&Value::Null);
    let read = match kind.as_str() {
        "text" => text(object, "body").map(|text| Content::Text { text, message_tag: None }),
        "image" => media(MediaKind::Image, object),
        "video" => media(MediaKind::Video, object),
        "audio" => media(MediaKind::Audio, object),
        "document" => media(MediaKind::File, object),
        "sticker" => media(MediaKind::Sticker, object),
        "location" => location(object),
        "contacts" => contacts(message),
        "button" => button(object),
        "interactive" => interactive(object),
        "reaction" => {
            Some(Content::Reaction { emoji: text(object, "emoji"), target: text(object, "message_id") })
        }
        "order" => order(object),
        _ => None,
    };
    read.unwrap_or_else(|| unsupported(message, kind))
}

/// Meta's `url` dies within five minutes and wants the token; the id lives for a week.
fn media(kind: MediaKind, object: &Value) -> Option<Content> {
    Some(Content::Attachment(Media {
        kind,
        link: None,
        provider_id: Some(text(object, "id")?),
        filename: text(object, "filename"),
        mime: text(object, "mime_type"),
        caption: text(object, "caption"),
        voice: object.get("voice").and_then(Value::as_bool).unwrap_or(false),
    }))
}

fn location(object: &Value) -> Option<Content> {
    let degrees = |key: &str| plain(object, key).parse::<f64>().ok();
    Some(Content::Location {
        latitude: degrees("latitude")?,
        longitude: degrees("longitude")?,
        name: text(object, "name"),
        address: text(object, "address"),
    })
}

fn contacts(message: &Value) -> Option<Content> {
    let cards: Vec<ContactCard> = list(message, "contacts")
        .map(|card| ContactCard {
            name: card.get("name").map(name).unwrap_or_default(),
            phones: list(card, "phones").filter_map(|phone| text(phone, "phone")).collect(),
            emails: list(card, "emails").filter_map(|email| text(email, "email")).collect(),
        })
        .collect();
    (!cards.is_empty()).then_some(Content::Contacts { cards })
}

fn name(name: &Value) -> String {
    text(name, "formatted_name").unwrap_or_else(|| {
        let parts: Vec<String> =
            ["first_name", "last_name"].iter().filter_map(|key| text(name, key)).collect();
        parts.join(" ")
    })
}

/// A template's quick reply.
fn button(object: &Value) -> Option<Content> {
    let payload = text(object, "payload");
    let title = text(object, "text").or_else(|| payload.clone())?;
    Some(Content::Reply { source: ReplySource::Template, title, payload })
}

/// A button or row of an interactive message, or a finished flow with its answers.
fn interactive(object: &Value) -> Option<Content> {
    let kind = text(object, "type")?;
    let reply = object.get(&kind)?;
    let (source, title, payload) = match kind.as_str() {
        "button_reply" => (ReplySource::Button, text(reply, "title")?, text(reply, "id")),
        "list_reply" => (ReplySource::List, text(reply, "title")?, text(reply, "id")),
        "nfm_reply" => {
            let title = text(reply, "body").or_else(|| text(reply, "name"))?;
            (ReplySource::Button, title, text(reply, "response_json"))
        }
        _ => return None,
    };
    Some(Content::Reply { source, title, payload })
}

fn order(object: &Value) -> Option<Content> {
    let items = list(object, "product_items").map(|item| OrderItem {
        product: plain(item, "product_retailer_id"),
        quantity: plain(item, "quantity"),
        price: plain(item, "item_price"),
        currency: plain(item, "currency"),
    });
    Some(Content::Order {
        catalog_id: text(object, "catalog_id")?,
        text: text(object, "text"),
        items: items.collect(),
    })
}

/// What WhatsApp, or Chaski, cannot show.
fn unsupported(message: &Value, kind: String) -> Content {
    let inner = message.get("unsupported").and_then(|object| text(object, "type"));
    let error = list(message, "errors").next();
    let detail = error.and_then(|error| {
        let details = error.pointer("/error_data/details").and_then(Value::as_str).map(str::to_owned);
        details.or_else(|| text(error, "title"))
    });
    let kind = if kind == "interactive" {
        message.pointer("/interactive/type").and_then(Value::as_str).unwrap_or("interactive").to_owned()
    } else {
        kind
    };
    let what = inner.unwrap_or(if kind.is_empty() { "unsupported".to_owned() } else { kind });
    Content::Unsupported { what, detail }
}
