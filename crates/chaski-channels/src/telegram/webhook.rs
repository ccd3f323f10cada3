//! Updates: the secret header, and which event each one is.

use super::inbound;
use super::outcome::message_name;
use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, refused};
use chaski_model::event::{Event, Sender};
use chaski_model::{Address, ErrorCode, Failure};
use serde_json::{Value, json};

const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// Telegram signs nothing: the secret that was given to `setWebhook` comes back in a header.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let shown = hook
        .header(HEADER)
        .ok_or_else(|| refused("The header X-Telegram-Bot-Api-Secret-Token is missing."))?;
    if secrets.get("hook_secret").is_some_and(|key| is_equal(shown, key)) {
        return Ok(());
    }
    Err(refused("The header X-Telegram-Bot-Api-Secret-Token does not match this hook's secret."))
}

fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Value>(body).ok().filter(Value::is_object)
}

pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let update = parse(body)
        .ok_or_else(|| Failure::new(ErrorCode::MalformedJson, "The webhook's body is not a JSON object."))?;
    // One webhook is one bot's.
    Ok(vec![(Sender(String::new()), event(&update))])
}

fn event(update: &Value) -> Event {
    if let Some(message) = update.get("message") {
        return inbound::message(message);
    }
    if let Some(message) = update.get("edited_message") {
        return inbound::edited(message);
    }
    if let Some(query) = update.get("callback_query") {
        return inbound::tapped(query);
    }
    if let Some(change) = update.get("my_chat_member") {
        return membership(change);
    }
    Event::Ignored { what: "update of another kind".to_owned() }
}

/// The contact blocked the bot or let it in again.
fn membership(change: &Value) -> Event {
    let chat = change.get("chat").unwrap_or(&Value::Null);
    let status = change.pointer("/new_chat_member/status").and_then(Value::as_str);
    match (status, inbound::number(chat, "id")) {
        (Some(status @ ("kicked" | "member")), Some(id)) if inbound::is_private(chat) => Event::Access {
            of: Address::native(&id),
            blocked: status == "kicked",
            at: inbound::seconds(change, "date"),
        },
        _ => Event::Ignored { what: "a change of membership".to_owned() },
    }
}

/// A tap is answered in the webhook's own answer; until then the contact's button spins.
pub(super) fn acknowledge(body: &[u8]) -> Option<Value> {
    let update = parse(body)?;
    let id = update.pointer("/callback_query/id")?.as_str()?;
    Some(json!({"method": "answerCallbackQuery", "callback_query_id": id}))
}

/// The name of the message that another one answers or was tapped on.
pub(super) fn target(message: Option<&Value>) -> Option<String> {
    message.and_then(message_name)
}
