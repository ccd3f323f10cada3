//! The bodies of Vonage's webhooks, version v1.

use serde_json::{Value, json};

use super::problem::error;
use crate::accounts::account;
use crate::clock::rfc3339;
use crate::media::File;
use crate::providers::{Inbound, Said};
use crate::receipts::{Receipt, Stage};
use crate::sim::Sim;

/// A status of a message.
pub(crate) fn status(receipt: &Receipt) -> Value {
    let a = account(receipt.account);
    let phone = &receipt.phone;
    let (word, failure) = match &receipt.stage {
        Stage::Sent => ("submitted", None),
        Stage::Delivered => ("delivered", None),
        Stage::Read => ("read", None),
        Stage::Failed(failure) => ("rejected", Some(failure)),
    };
    let to = if receipt.trace.by_user_id { &phone.user_id } else { &phone.number };
    let mut status = json!({
        "message_uuid": receipt.message_id,
        "to": to,
        "from": a.number,
        "timestamp": rfc3339(receipt.at_ms),
        "status": word,
        "channel": "whatsapp",
    });
    if let Some(reference) = &receipt.trace.reference {
        status["client_ref"] = json!(reference);
    }
    if let Some(failure) = failure {
        status["error"] = error(failure);
    }
    let mut recipient = json!({"user_id": phone.user_id});
    if phone.username.is_none() || !receipt.trace.by_user_id {
        recipient["wa_id"] = json!(phone.number);
    }
    match receipt.stage {
        Stage::Delivered => {
            status["usage"] = json!({"currency": "EUR", "price": "0"});
            let pricing = match &receipt.trace.category {
                Some(category) => {
                    json!({"type": "regular", "pricing_model": "PMP", "category": category})
                }
                None => {
                    json!({"type": "free_customer_service", "pricing_model": "PMP", "category": "service"})
                }
            };
            status["whatsapp"] = json!({"waba_id": a.waba_id, "recipient": recipient, "pricing": pricing});
        }
        Stage::Read => {
            status["profile"] = profile(&phone.name, phone.username.as_deref());
            status["whatsapp"] = json!({"recipient": recipient});
        }
        Stage::Sent | Stage::Failed(_) => {}
    }
    status
}

fn profile(name: &str, username: Option<&str>) -> Value {
    let mut profile = json!({"name": name});
    if let Some(username) = username {
        profile["username"] = json!(username.trim_start_matches('@'));
    }
    profile
}

/// What a phone wrote.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let a = account(inbound.account);
    let phone = &inbound.phone;
    let shows_number = phone.username.is_none();
    let from = if shows_number { &phone.number } else { &phone.user_id };
    let mut message = json!({
        "channel": "whatsapp",
        "message_uuid": inbound.message_id,
        "to": a.number,
        "from": from,
        "timestamp": rfc3339(inbound.at_ms),
        "profile": profile(&phone.name, phone.username.as_deref()),
    });
    let (kind, key, object) = said(sim, &inbound.said);
    message["message_type"] = json!(kind);
    if !object.is_null() {
        message[key] = object;
    }
    let target = match &inbound.said {
        Said::Reaction { message_id, .. } => Some(message_id),
        _ => inbound.context.as_ref(),
    };
    message["context_status"] = json!(if target.is_some() { "available" } else { "none" });
    if let Some(target) = target {
        message["context"] = json!({"message_uuid": target, "message_from": a.number});
    }
    let mut sender = json!({"user_id": phone.user_id});
    if shows_number {
        sender["wa_id"] = json!(phone.number);
    }
    message["whatsapp"] = json!({"sender": sender});
    message["_self"] = json!({"href": format!("{}/vonage/v1/messages/{}", sim.url, inbound.message_id)});
    message
}

fn said<'a>(sim: &Sim, said: &'a Said) -> (&'a str, &'a str, Value) {
    match said {
        Said::Text(text) => ("text", "text", json!(text)),
        Said::Button { payload, text } => ("button", "button", json!({"payload": payload, "text": text})),
        Said::Reply { id, title, description, .. } => {
            let mut reply = json!({"id": id, "title": title});
            if let Some(description) = description {
                reply["description"] = json!(description);
            }
            ("reply", "reply", reply)
        }
        Said::Reaction { emoji: Some(emoji), .. } => {
            ("reaction", "reaction", json!({"action": "react", "emoji": emoji}))
        }
        Said::Reaction { emoji: None, .. } => ("reaction", "reaction", json!({"action": "unreact"})),
        Said::Location(location) => ("location", "location", place(location)),
        Said::Media { kind, media_id, file, caption, filename } => {
            let kind = if kind == "document" { "file" } else { kind.as_str() };
            (kind, kind, media(sim, kind, media_id, file, caption.as_deref(), filename.as_deref()))
        }
        Said::Contacts(contacts) => ("contacts", "contacts", contacts.clone()),
        Said::Order(order) => ("order", "order", texts(order)),
        Said::Edit { .. }
        | Said::Unsend { .. }
        | Said::Mail { .. }
        | Said::Report { .. }
        | Said::Unsupported => ("unsupported", "unsupported", Value::Null),
    }
}

/// Vonage writes `lat` and `long`.
fn place(location: &Value) -> Value {
    let mut place = json!({"lat": location["latitude"], "long": location["longitude"]});
    for key in ["name", "address", "url"] {
        if let Some(value) = location.get(key) {
            place[key] = value.clone();
        }
    }
    place
}

fn media(
    sim: &Sim,
    kind: &str,
    media_id: &str,
    file: &File,
    caption: Option<&str>,
    filename: Option<&str>,
) -> Value {
    let mut media = json!({"url": format!("{}/vonage/v3/media/{media_id}", sim.url)});
    if kind != "sticker" {
        let extension = file.mime.split(';').next().and_then(|mime| mime.split('/').nth(1)).unwrap_or("bin");
        let name = filename.map_or_else(|| format!("{kind}.{extension}"), str::to_owned);
        media["name"] = json!(name);
    }
    if let Some(caption) = caption {
        media["caption"] = json!(caption);
    }
    media
}

/// An order with quantities and prices as texts.
fn texts(order: &Value) -> Value {
    let mut order = order.clone();
    for item in order.get_mut("product_items").and_then(Value::as_array_mut).into_iter().flatten() {
        for key in ["quantity", "item_price"] {
            if let Some(number) = item.get(key).filter(|value| value.is_number()) {
                item[key] = json!(number.to_string());
            }
        }
    }
    order
}
