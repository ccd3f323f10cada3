//! Webhooks: what people write and do, as LINE tells it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::accounts::{AccountId, Credential, account};
use crate::call::text;
use crate::ids::instance;
use crate::phones::{Identity, line_id_of};
use crate::providers::{Inbound, Said};
use crate::sim::Sim;

/// `x-line-signature`; a bad one is made with another secret.
pub(crate) fn headers(id: AccountId, body: &[u8], is_bad: bool) -> Vec<(String, String)> {
    let Credential::Line { channel_secret, .. } = &account(id).credential else { return Vec::new() };
    let secret = if is_bad { "another secret" } else { channel_secret };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    vec![("x-line-signature".to_owned(), STANDARD.encode(mac.finalize().into_bytes()))]
}

/// The same webhook, sent again.
pub(crate) fn redelivered(body: &[u8]) -> Bytes {
    let Ok(mut told) = serde_json::from_slice::<Value>(body) else { return Bytes::copy_from_slice(body) };
    for event in told["events"].as_array_mut().into_iter().flatten() {
        event["deliveryContext"]["isRedelivery"] = json!(true);
    }
    Bytes::from(serde_json::to_vec(&told).unwrap_or_default())
}

fn hook(id: AccountId, event: Value) -> Value {
    json!({"destination": account(id).phone_number_id, "events": [event]})
}

/// What every event has.
fn event(sim: &Sim, kind: &str, phone: &Identity, at_ms: i64) -> Value {
    json!({
        "type": kind, "mode": "active", "timestamp": at_ms,
        "source": {"type": "user", "userId": line_id_of(&phone.number)},
        "webhookEventId": format!("01{:0>24}", sim.ids.numeric()),
        "deliveryContext": {"isRedelivery": false},
    })
}

/// What a phone wrote, tapped or took back.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let (id, at) = (inbound.account, inbound.at_ms);
    if let Said::Unsend { message_id } = &inbound.said {
        let mut told = event(sim, "unsend", &inbound.phone, at);
        told["unsend"] = json!({"messageId": message_id});
        return hook(id, told);
    }
    if let Said::Reply { id: data, .. } | Said::Button { payload: data, .. } = &inbound.said {
        let mut told = event(sim, "postback", &inbound.phone, at);
        (told["replyToken"], told["postback"]) = (json!(instance()), json!({"data": data}));
        return hook(id, told);
    }
    let mut told = event(sim, "message", &inbound.phone, at);
    let mut message = said(inbound);
    message["id"] = json!(inbound.message_id);
    if let Some(context) = inbound.context.as_ref().filter(|_| message["type"] == "text") {
        message["quotedMessageId"] = json!(context);
    }
    (told["replyToken"], told["message"]) = (json!(instance()), message);
    hook(id, told)
}

fn said(inbound: &Inbound) -> Value {
    let quote = format!("q{}", inbound.message_id);
    let stored = json!({"type": "line"});
    match &inbound.said {
        Said::Text(words) => json!({"type": "text", "quoteToken": quote, "text": words}),
        Said::Location(place) => {
            let mut message =
                json!({"type": "location", "latitude": place["latitude"], "longitude": place["longitude"]});
            for (key, known) in [("title", "name"), ("address", "address")] {
                if let Some(value) = text(place, known) {
                    message[key] = json!(value);
                }
            }
            message
        }
        Said::Media { kind, file, filename, .. } => match kind.as_str() {
            "image" => json!({"type": "image", "quoteToken": quote, "contentProvider": stored}),
            "video" => {
                json!({"type": "video", "quoteToken": quote, "duration": 3000, "contentProvider": stored})
            }
            "audio" | "voice" => json!({"type": "audio", "duration": 2000, "contentProvider": stored}),
            "sticker" => json!({
                "type": "sticker", "quoteToken": quote, "packageId": "11537", "stickerId": "52002738",
                "stickerResourceType": "ANIMATION", "keywords": ["cony", "sally"],
            }),
            _ => {
                let name = filename.clone().unwrap_or_else(|| "file.bin".to_owned());
                json!({"type": "file", "fileName": name, "fileSize": file.bytes.len()})
            }
        },
        _ => json!({
            "type": "sticker", "quoteToken": quote, "packageId": "1", "stickerId": "1", "stickerResourceType": "STATIC",
        }),
    }
}

/// A person blocked the account, or let it in again.
pub(crate) fn membership(sim: &Sim, id: AccountId, phone: &Identity, blocked: bool) -> Value {
    let at = sim.clock.now_ms();
    if blocked {
        return hook(id, event(sim, "unfollow", phone, at));
    }
    let mut told = event(sim, "follow", phone, at);
    (told["replyToken"], told["follow"]) = (json!(instance()), json!({"isUnblocked": true}));
    hook(id, told)
}
