//! Updates: what people write and tap, as Telegram tells it to the bot.

use serde_json::{Value, json};

use super::problem::Problem;
use super::webhook::wants;
use super::{bot, files};
use crate::accounts::{AccountId, account};
use crate::call::text;
use crate::ids::stable;
use crate::phones::{Identity, chat_of};
use crate::providers::{Inbound, Said};
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::webhooks::Post;

/// A person as a chat and as a user share it.
fn person(phone: &Identity) -> Value {
    let (first, last) = phone.name.split_once(' ').unwrap_or((&phone.name, ""));
    let mut person = json!({"id": chat_of(&phone.number), "first_name": first});
    if !last.is_empty() {
        person["last_name"] = json!(last);
    }
    if let Some(username) = &phone.username {
        person["username"] = json!(username);
    }
    person
}

/// The private chat with a person.
pub(super) fn chat(phone: &Identity) -> Value {
    let mut chat = person(phone);
    chat["type"] = json!("private");
    chat
}

fn user(phone: &Identity) -> Value {
    let mut user = person(phone);
    user["is_bot"] = json!(false);
    user["language_code"] = json!("es");
    user
}

/// The number of a message within its chat.
fn number_of(name: &str) -> i64 {
    name.rsplit(':').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// What a phone wrote, as an update; `None` where the bot did not ask for its kind.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Option<Value> {
    let (kind, object) = match &inbound.said {
        Said::Reply { id, .. } => ("callback_query", tapped(sim, inbound, id)),
        Said::Edit { .. } => ("edited_message", message(sim, inbound)),
        _ => ("message", message(sim, inbound)),
    };
    update(sim, inbound.account, kind, object)
}

fn update(sim: &Sim, id: AccountId, kind: &str, object: Value) -> Option<Value> {
    if !wants(sim, id, kind) {
        return None;
    }
    let mut update = json!({"update_id": sim.telegram.update()});
    update[kind] = object;
    Some(update)
}

fn message(sim: &Sim, inbound: &Inbound) -> Value {
    let mut message = json!({
        "message_id": number_of(&inbound.message_id),
        "from": user(&inbound.phone),
        "chat": chat(&inbound.phone),
        "date": inbound.at_ms / 1000,
    });
    if let Said::Edit { written_ms, .. } = &inbound.said {
        message["date"] = json!(written_ms / 1000);
        message["edit_date"] = json!(inbound.at_ms / 1000);
    }
    if let Some(context) = &inbound.context {
        message["reply_to_message"] = ours(sim, inbound, context);
    }
    for (key, value) in said(inbound) {
        message[key] = value;
    }
    message
}

/// A message of the bot, as a reply or a tap quotes it.
fn ours(sim: &Sim, inbound: &Inbound, name: &str) -> Value {
    let mut message =
        json!({"message_id": number_of(name), "from": bot(inbound.account), "chat": chat(&inbound.phone)});
    let found = sim.phones.with(&inbound.phone.number, |phone| phone.find(name).cloned());
    let Some(found) = found else {
        message["date"] = json!(0);
        return message;
    };
    message["date"] = json!(found.at / 1000);
    if let Some(words) = &found.content.body {
        message["text"] = json!(words);
    }
    let inline = found.content.buttons.iter().filter(|button| button.kind == "inline");
    let rows: Vec<Value> =
        inline.map(|button| json!([{"text": button.text, "callback_data": button.payload}])).collect();
    if !rows.is_empty() {
        message["reply_markup"] = json!({"inline_keyboard": rows});
    }
    message
}

fn tapped(sim: &Sim, inbound: &Inbound, data: &str) -> Value {
    let mut query = json!({
        "id": inbound.message_id, "from": user(&inbound.phone), "data": data,
        "chat_instance": (stable(&inbound.phone.number) >> 1).to_string(),
    });
    if let Some(context) = &inbound.context {
        query["message"] = ours(sim, inbound, context);
    }
    query
}

/// The fields that say what is said.
fn said(inbound: &Inbound) -> Vec<(&'static str, Value)> {
    match &inbound.said {
        Said::Text(words) | Said::Edit { text: words, .. } => {
            let mut fields = vec![("text", json!(words))];
            if words.starts_with('/') {
                let length = words.split_whitespace().next().map_or(0, |word| word.encode_utf16().count());
                fields.push(("entities", json!([{"offset": 0, "length": length, "type": "bot_command"}])));
            }
            fields
        }
        Said::Location(place) => location(place),
        Said::Contacts(cards) => vec![("contact", contact(inbound, cards))],
        Said::Media { kind, media_id, file, caption, filename } => {
            let mut object = files::described(media_id, file);
            let field = field_of(kind, &mut object);
            if field != "photo" && field != "sticker" {
                object["mime_type"] = json!(file.mime.split(';').next().unwrap_or_default());
            }
            if let Some(name) = filename {
                object["file_name"] = json!(name);
            }
            // A photo comes in several sizes, the largest last.
            let object = if field == "photo" { sizes(&object) } else { object };
            let caption = caption.as_ref().map(|caption| ("caption", json!(caption)));
            std::iter::once((field, object)).chain(caption).collect()
        }
        _ => vec![("poll", json!({"id": "1", "question": "?", "options": [], "is_closed": false}))],
    }
}

/// The field of a kind, with what is particular to it.
fn field_of(kind: &str, object: &mut Value) -> &'static str {
    match kind {
        "image" => {
            (object["width"], object["height"]) = (json!(1280), json!(720));
            "photo"
        }
        "video" => {
            (object["width"], object["height"], object["duration"]) = (json!(640), json!(360), json!(3));
            "video"
        }
        "audio" => {
            object["duration"] = json!(243);
            "audio"
        }
        "voice" => {
            object["duration"] = json!(2);
            "voice"
        }
        "sticker" => {
            (object["width"], object["height"]) = (json!(512), json!(512));
            (object["type"], object["is_animated"], object["is_video"]) =
                (json!("regular"), json!(false), json!(false));
            "sticker"
        }
        _ => "document",
    }
}

fn sizes(largest: &Value) -> Value {
    let mut small = largest.clone();
    small["file_id"] = json!(format!("{}s", largest["file_id"].as_str().unwrap_or_default()));
    (small["width"], small["height"]) = (json!(90), json!(51));
    json!([small, largest])
}

fn location(place: &Value) -> Vec<(&'static str, Value)> {
    let point = json!({"latitude": place["latitude"], "longitude": place["longitude"]});
    let mut fields = vec![("location", point.clone())];
    if let Some(name) = text(place, "name") {
        let address = text(place, "address").unwrap_or_default();
        fields.push(("venue", json!({"location": point, "title": name, "address": address})));
    }
    fields
}

/// The first card; it has the person's own id when it is its own.
fn contact(inbound: &Inbound, cards: &Value) -> Value {
    let card = cards.get(0).unwrap_or(&Value::Null);
    let name = card.pointer("/name/formatted_name").and_then(Value::as_str).unwrap_or("Contact");
    let phone = card.pointer("/phones/0/phone").and_then(Value::as_str).unwrap_or_default();
    let mut contact = json!({"phone_number": phone, "first_name": name});
    if crate::phones::parse_number(phone).as_deref() == Some(&inbound.phone.number) {
        contact["user_id"] = json!(chat_of(&inbound.phone.number));
    }
    contact
}

/// A person blocked the bot, or let it in again.
fn membership(sim: &Sim, id: AccountId, phone: &Identity, blocked: bool) -> Option<Value> {
    let member = |is_out: bool| {
        let mut member = json!({"user": bot(id), "status": if is_out { "kicked" } else { "member" }});
        if is_out {
            member["until_date"] = json!(0);
        }
        member
    };
    let change = json!({
        "chat": chat(phone), "from": user(phone), "date": sim.clock.now_seconds(),
        "old_chat_member": member(!blocked), "new_chat_member": member(blocked),
    });
    update(sim, id, "my_chat_member", change)
}

/// Tells every bot that this person has written to.
pub(crate) fn report_membership(sim: &Shared, phone: &Identity, blocked: bool) {
    let wrote: Vec<AccountId> =
        sim.phones.with(&phone.number, |phone| phone.wrote_at.iter().map(|(id, _)| *id).collect());
    for id in wrote.into_iter().filter(|id| account(*id).source == Source::Telegram) {
        let Some(update) = membership(sim, id, phone, blocked) else { continue };
        let body = serde_json::to_vec(&update).unwrap_or_default();
        let key = stable(&phone.number);
        sim.webhooks.post(
            sim,
            Post { account: id, is_status: false, url: None, body, key, has_bad_signature: false },
        );
    }
}

/// `answerCallbackQuery`: the button stops spinning.
pub(super) fn answer_query(sim: &Sim, body: &Value) -> Result<Value, Problem> {
    let id = text(body, "callback_query_id").unwrap_or_default();
    if sim.phones.mark_read(id) {
        sim.touch();
        return Ok(json!({"ok": true, "result": true}));
    }
    Err(Problem::bad("Bad Request: query is too old and response timeout expired or query ID is invalid"))
}

/// A webhook's answer can itself be a call to the Bot API.
pub(crate) fn answered(sim: &Sim, body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    if text(&body, "method") == Some("answerCallbackQuery") {
        let _ = answer_query(sim, &body);
    }
}
