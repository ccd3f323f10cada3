//! Methods that send a message: checks in Telegram's order, then the message goes its way.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{bot, content, message_name};
use crate::accounts::AccountId;
use crate::call::Reply;
use crate::carry::Outgoing;
use crate::faults::{Act, Cut};
use crate::phones::{Content, Phone};
use crate::receipts::Trace;
use crate::sim::Sim;
use crate::source::Source;

const METHODS: [&str; 13] = [
    "sendMessage",
    "sendPhoto",
    "sendVideo",
    "sendAnimation",
    "sendAudio",
    "sendVoice",
    "sendVideoNote",
    "sendDocument",
    "sendSticker",
    "sendLocation",
    "sendVenue",
    "sendContact",
    "sendPoll",
];

/// Whether a method sends a message.
pub(super) fn is_sending(method: &str) -> bool {
    METHODS.contains(&method) || method == "sendDice"
}

/// Accepts or refuses a message.
pub(super) async fn send(sim: &Sim, id: AccountId, method: &str, body: &Value) -> Reply {
    let chat = chat_of(body);
    let phone = chat.and_then(|chat| sim.phones.by_chat(chat));
    let known = phone.clone().or_else(|| chat.map(|chat| chat.to_string())).unwrap_or_default();
    let act = sim.faults.pick(Source::Telegram, &known, None);
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    let answer = match accept(sim, id, method, body, chat, phone).await {
        Ok((outgoing, answer)) => {
            let mut reply = Reply::ok(&answer);
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(problem) => problem.reply(),
    };
    answer.with_act(act)
}

/// The answer to a fault on purpose; none for one that only delays or cuts the answer off.
fn failing(act: &Act) -> Option<Reply> {
    if act.cut == Some(Cut::Before) {
        return Some(Reply::ok(&Value::Null));
    }
    if let Some(code) = act.code {
        return Some(Problem::of_code(code).reply());
    }
    let status = StatusCode::from_u16(act.http_status?).ok().filter(|status| !status.is_success())?;
    match status.as_u16() {
        502..=504 => Some(Reply::raw(status, "text/html", "<html><body><h1>Bad Gateway</h1></body></html>")),
        code => Some(Problem::of_code(u32::from(code)).reply()),
    }
}

fn chat_of(body: &Value) -> Option<i64> {
    let given = body.get("chat_id")?;
    given.as_i64().or_else(|| given.as_str()?.parse().ok())
}

async fn accept(
    sim: &Sim,
    id: AccountId,
    method: &str,
    body: &Value,
    chat: Option<i64>,
    phone: Option<String>,
) -> Result<(Outgoing, Value), Problem> {
    let chat = chat.ok_or_else(|| Problem::bad("Bad Request: chat_id is empty"))?;
    let key = phone.ok_or_else(|| Problem::bad("Bad Request: chat not found"))?;
    let content = content::read(sim, method, body).await?;
    sim.phones.with(&key, |phone| let_in(phone, id))?;
    let now = sim.clock.now_ms();
    let limit = sim.limits.get(Source::Telegram);
    if !sim.limits.has_room(id, now) || !sim.phones.has_room(&key, id, now, limit) {
        return Err(Problem::throttled());
    }
    let number = sim.telegram.message();
    let chat_object = sim.phones.with(&key, |phone| super::updates::chat(&phone.identity()));
    let mut result = json!({"message_id": number, "from": bot(id), "chat": chat_object, "date": now / 1000});
    put_words(&mut result, &content);
    // Of all keyboards only the one under the message is part of it.
    let markup = body.get("reply_markup").filter(|markup| markup.get("inline_keyboard").is_some());
    if let Some(markup) = markup {
        result["reply_markup"] = markup.clone();
    }
    let outgoing = Outgoing {
        account: id,
        id: message_name(chat, number),
        phone: Some(key),
        to: chat.to_string(),
        content,
        trace: Trace::default(),
        failure: None,
    };
    Ok((outgoing, json!({"ok": true, "result": result})))
}

/// A bot writes only to people who have written to it, and who have not blocked it.
fn let_in(phone: &Phone, id: AccountId) -> Result<(), Problem> {
    if !phone.wrote_at.iter().any(|(known, _)| *known == id) {
        return Err(Problem::forbidden("bot can't initiate conversation with a user"));
    }
    if phone.settings.blocked {
        return Err(Problem::forbidden("bot was blocked by the user"));
    }
    Ok(())
}

fn put_words(result: &mut Value, content: &Content) {
    let Some(words) = &content.body else { return };
    match (content.kind.as_str(), &content.media) {
        ("text", _) => result["text"] = json!(words),
        (_, Some(_)) => result["caption"] = json!(words),
        _ => {}
    }
}
