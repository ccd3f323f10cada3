//! Callbacks: what people write, and what became of messages, as Viber tells it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::token;
use crate::accounts::{AccountId, Credential, account};
use crate::phones::{Identity, viber_id_of};
use crate::providers::{Inbound, Said};
use crate::receipts::{Failure, Receipt, Stage};
use crate::sim::Sim;

/// `X-Viber-Content-Signature`; a bad one is made with another token.
pub(crate) fn headers(id: AccountId, body: &[u8], is_bad: bool) -> Vec<(String, String)> {
    let Credential::Viber { auth_token } = &account(id).credential else { return Vec::new() };
    let token = if is_bad { "another token" } else { auth_token };
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    vec![("X-Viber-Content-Signature".to_owned(), hex::encode(mac.finalize().into_bytes()))]
}

/// A person as callbacks name it.
pub(super) fn user(phone: &Identity) -> Value {
    json!({
        "id": viber_id_of(&phone.number), "name": phone.name, "country": "EC", "language": "es", "api_version": 10,
    })
}

/// `delivered`, `seen` or `failed`; `None` where Viber says nothing.
pub(crate) fn receipt(sim: &Sim, receipt: &Receipt) -> Option<Value> {
    let event = match &receipt.stage {
        Stage::Sent => return None,
        Stage::Delivered => "delivered",
        Stage::Read => "seen",
        Stage::Failed(_) => "failed",
    };
    let wanted = sim.webhooks.hook(receipt.account).unwrap_or_default().updates;
    if !wanted.iter().any(|known| known == event) {
        return None;
    }
    let token: u64 = receipt.message_id.parse().unwrap_or_default();
    let mut body = json!({
        "event": event, "timestamp": receipt.at_ms, "message_token": token,
        "user_id": viber_id_of(&receipt.phone.number),
    });
    if let Stage::Failed(failure) = &receipt.stage {
        body["desc"] = json!(match failure {
            Failure::Media(why) => why.clone(),
            Failure::Content { details, .. } => details.clone(),
            Failure::NotOnWhatsApp | Failure::WindowClosed | Failure::Code(_) =>
                "failure description".to_owned(),
        });
    }
    Some(body)
}

/// What a phone wrote.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let token: u64 = inbound.message_id.parse().unwrap_or_default();
    json!({
        "event": "message", "timestamp": inbound.at_ms, "chat_hostname": "SN-CHAT-05_", "message_token": token,
        "sender": user(&inbound.phone), "message": said(sim, inbound), "silent": false,
    })
}

fn said(sim: &Sim, inbound: &Inbound) -> Value {
    match &inbound.said {
        Said::Text(words) => json!({"type": "text", "text": words}),
        Said::Location(place) => {
            json!({"type": "location", "location": {"lat": place["latitude"], "lon": place["longitude"]}})
        }
        Said::Contacts(cards) => {
            let name = cards.pointer("/0/name/formatted_name").and_then(Value::as_str).unwrap_or("Contact");
            let phone = cards.pointer("/0/phones/0/phone").and_then(Value::as_str).unwrap_or_default();
            json!({"type": "contact", "contact": {"name": name, "phone_number": phone}})
        }
        Said::Media { kind, media_id, file, caption, filename } => {
            let media = format!("{}/viber/dl/{media_id}", sim.url);
            let mut message = match kind.as_str() {
                "image" => {
                    json!({"type": "picture", "media": media, "thumbnail": media, "file_name": "img.png"})
                }
                "video" => json!({"type": "video", "media": media, "size": file.bytes.len(), "duration": 3}),
                "sticker" => json!({"type": "sticker", "sticker_id": 46105, "media": media}),
                _ => {
                    let name = filename.clone().unwrap_or_else(|| "file.bin".to_owned());
                    json!({"type": "file", "media": media, "file_name": name, "file_size": file.bytes.len()})
                }
            };
            if let Some(caption) = caption {
                message["text"] = json!(caption);
            }
            message
        }
        _ => json!({"type": "unsupported"}),
    }
}

/// A person left the bot, or came back to it.
pub(crate) fn membership(sim: &Sim, phone: &Identity, blocked: bool) -> Value {
    let (timestamp, token) = (sim.clock.now_ms(), token(sim));
    if blocked {
        return json!({
            "event": "unsubscribed", "timestamp": timestamp, "user_id": viber_id_of(&phone.number),
            "message_token": token,
        });
    }
    json!({"event": "subscribed", "timestamp": timestamp, "user": user(phone), "message_token": token})
}

/// A person opened the chat and has not written yet.
pub(super) fn conversation_started(sim: &Sim, phone: &Identity) -> Value {
    let is_known = sim.phones.with(&phone.number, |phone| {
        phone.wrote_at.iter().any(|(id, _)| account(*id).source == crate::source::Source::Viber)
    });
    json!({
        "event": "conversation_started", "timestamp": sim.clock.now_ms(), "message_token": token(sim),
        "type": "open", "user": user(phone),
        "subscribed": is_known,
    })
}
