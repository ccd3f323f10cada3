//! The bodies of webhooks for a Page or an Instagram account.

use serde_json::{Value, json};

use super::scoped_id;
use crate::accounts::{AccountId, account};
use crate::ids::uuid;
use crate::providers::{Inbound, Said};
use crate::receipts::{Receipt, Stage};
use crate::sim::Sim;
use crate::source::Source;

/// The id of the app that sends, in echoes.
const APP: u64 = 1_517_776_481_860_111;

/// A new message's id.
pub(crate) fn written(source: Source) -> String {
    let id = uuid().replace('-', "");
    if source == Source::Instagram { format!("aWdfZAG1f{id}") } else { format!("m_{id}") }
}

/// What happened, in its envelope. Meta escapes whatever is not ASCII, and signs it so.
fn envelope(id: AccountId, at_ms: i64, mut item: Value, ends: (&str, &str)) -> Vec<u8> {
    let a = account(id);
    let object = if a.source == Source::Instagram { "instagram" } else { "page" };
    item["sender"] = json!({"id": ends.0});
    item["recipient"] = json!({"id": ends.1});
    item["timestamp"] = json!(at_ms);
    let body =
        json!({"object": object, "entry": [{"id": a.phone_number_id, "time": at_ms, "messaging": [item]}]});
    ascii(&body.to_string()).into_bytes()
}

fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for sign in json.chars() {
        if sign.is_ascii() {
            out.push(sign);
            continue;
        }
        for unit in sign.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out
}

/// A report about a message; Instagram tells nothing of arrivals. `sent` is the message's echo.
pub(crate) fn receipt(receipt: &Receipt) -> Option<Vec<u8>> {
    let id = receipt.account;
    let is_instagram = account(id).source == Source::Instagram;
    let person = scoped_id(id, &receipt.phone.number);
    let page = account(id).phone_number_id;
    let (item, ends) = match receipt.stage {
        Stage::Sent => {
            let mut message = json!({"mid": receipt.message_id, "is_echo": true});
            if !is_instagram {
                message["app_id"] = json!(APP);
                if let Some(metadata) = &receipt.trace.reference {
                    message["metadata"] = json!(metadata);
                }
            }
            (json!({"message": message}), (page, person.as_str()))
        }
        Stage::Delivered if !is_instagram => {
            let delivery = json!({"mids": [receipt.message_id], "watermark": receipt.at_ms});
            (json!({"delivery": delivery}), (person.as_str(), page))
        }
        Stage::Read if is_instagram => {
            (json!({"read": {"mid": receipt.message_id}}), (person.as_str(), page))
        }
        Stage::Read => (json!({"read": {"watermark": receipt.at_ms}}), (person.as_str(), page)),
        Stage::Delivered | Stage::Failed(_) => return None,
    };
    Some(envelope(id, receipt.at_ms, item, ends))
}

/// What a phone wrote.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Vec<u8> {
    let id = inbound.account;
    let person = scoped_id(id, &inbound.phone.number);
    envelope(id, inbound.at_ms, said(sim, inbound), (&person, account(id).phone_number_id))
}

fn said(sim: &Sim, inbound: &Inbound) -> Value {
    let mid = &inbound.message_id;
    let mut message = json!({"mid": mid});
    match &inbound.said {
        Said::Text(words) => message["text"] = json!(words),
        Said::Reply { id, title, .. } => {
            message["text"] = json!(title);
            message["quick_reply"] = json!({"payload": id});
        }
        Said::Button { payload, text } => {
            return json!({"postback": {"mid": mid, "title": text, "payload": payload}});
        }
        Said::Reaction { message_id, emoji } => {
            let mut reaction = json!({"mid": message_id, "action": "unreact"});
            if let Some(emoji) = emoji {
                reaction = json!({"mid": message_id, "action": "react", "reaction": "other", "emoji": emoji});
            }
            return json!({"reaction": reaction});
        }
        Said::Edit { text, .. } => {
            return json!({"message_edit": {"mid": mid, "text": text, "num_edit": 1}});
        }
        Said::Unsend { .. } => message["is_deleted"] = json!(true),
        Said::Location(place) => {
            let degrees = |key: &str| place.get(key).cloned().unwrap_or_default();
            let spot = json!({"lat": degrees("latitude"), "long": degrees("longitude")});
            message["attachments"] = json!([{"type": "location", "payload": {"coordinates": spot}}]);
        }
        Said::Media { kind, media_id, .. } => {
            let word = account(inbound.account).source.word();
            let url = format!("{}/meta/cdn/{word}/{media_id}", sim.url);
            let (kind, mut payload) = match kind.as_str() {
                "document" => ("file", json!({"url": url})),
                "sticker" => ("image", json!({"url": url, "sticker_id": 369_239_263_222_822_u64})),
                kind => (kind, json!({"url": url})),
            };
            if kind == "story_mention" {
                payload["id"] = json!("17887498072083520");
            }
            message["attachments"] = json!([{"type": kind, "payload": payload}]);
        }
        Said::Contacts(_) | Said::Order(_) | Said::Mail { .. } | Said::Report { .. } | Said::Unsupported => {
            message["is_unsupported"] = json!(true)
        }
    }
    if let Some(context) = inbound.context.as_ref().filter(|_| !matches!(inbound.said, Said::Reply { .. })) {
        message["reply_to"] = json!({"mid": context});
    }
    json!({"message": message})
}
