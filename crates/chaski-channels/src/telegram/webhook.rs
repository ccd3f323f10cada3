//! Updates: the secret header, and which event each one is.

use super::inbound;
use super::outcome::message_name;
use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, refused};
use chaski_model::event::{Event, Sender};
use chaski_model::{ErrorCode, Failure};
use serde_json::{Value, json};

const HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";

/// Telegram signs nothing: the secret that was given to `setWebhook` comes back in a header.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let shown = hook
        .header(HEADER)
        .ok_or_else(|| refused("The header X-Telegram-Bot-Api-Secret-Token is missing."))?;
    let mut keys = ["hook_secret", "hook_secret_2"].into_iter().filter_map(|key| secrets.get(key));
    if keys.any(|key| is_equal(shown, key)) {
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
        return Event::Ignored { what: membership(change).to_owned() };
    }
    Event::Ignored { what: "update of another kind".to_owned() }
}

/// The contact blocked the bot or let it in again. Nothing is kept of it: a send to a contact that has
/// blocked the bot fails at once, by Telegram's own word.
fn membership(change: &Value) -> &'static str {
    match change.pointer("/new_chat_member/status").and_then(Value::as_str) {
        Some("kicked") => "the contact blocked the bot",
        Some("member") => "the contact unblocked the bot",
        _ => "a change of membership",
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
