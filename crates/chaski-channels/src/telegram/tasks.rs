//! What is asked of the Bot API that is not a delivery.

use super::send::address;
use super::{AUTH, SETTINGS, outcome};
use crate::adapter::{Answer, Call, Cx, REGISTERED, Reply, Step, TOKEN_PLACE, Task};
use crate::settings::base;
use crate::verdict;
use chaski_model::message::Media;
use chaski_model::{ErrorCode, Failure};
use serde_json::{Value, json};

/// The updates that Chaski understands. Left out, Telegram would go on with an earlier list.
const UPDATES: [&str; 4] = ["message", "edited_message", "callback_query", "my_chat_member"];

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match (task, so_far) {
        // A bot has no templates.
        (Task::Templates, _) => Ok(Step::Done(Answer::default())),
        // The name comes with each message.
        (Task::Profile { .. }, _) => Ok(Step::Done(Answer::default())),
        (Task::Check, []) => next(Call::json(address(cx, "getMe")?, AUTH, &json!({}))),
        (Task::Check, [me]) => {
            let me = good(me)?;
            if cx.setting(REGISTERED).is_none() {
                return Ok(Step::Done(bot(&me)));
            }
            next(Call::json(address(cx, "getWebhookInfo")?, AUTH, &json!({})))
        }
        (Task::Check, [me, info, ..]) => {
            let me = good(me)?;
            healthy(cx, &good(info)?)?;
            Ok(Step::Done(bot(&me)))
        }
        (Task::Connect { hook_secret }, []) => {
            let body = json!({
                "url": cx.hook_url,
                "secret_token": hook_secret,
                "allowed_updates": UPDATES,
                "max_connections": 40,
                "drop_pending_updates": false,
            });
            next(Call::json(address(cx, "setWebhook")?, AUTH, &body))
        }
        (Task::Connect { .. }, [reply, ..]) => {
            good(reply)?;
            let settings = [(REGISTERED.to_owned(), "registered".to_owned())].into();
            Ok(Step::Done(Answer { settings, ..Answer::default() }))
        }
        (Task::Media { media }, _) => media_of(cx, media, so_far),
        (Task::Disconnect, []) => {
            let body = json!({"drop_pending_updates": false});
            next(Call::json(address(cx, "deleteWebhook")?, AUTH, &body))
        }
        (Task::Disconnect, [reply, ..]) => {
            good(reply)?;
            Ok(Step::Done(Answer::default()))
        }
    }
}

/// A file is looked up by its id, then fetched at a path that works for an hour.
fn media_of(cx: &Cx<'_>, media: &Media, so_far: &[Reply]) -> Result<Step, Failure> {
    let gone = |why: &str| {
        Failure::new(ErrorCode::MediaUnreachable, format!("{why} Ask the contact to send it again."))
    };
    let id = media.provider_id.as_deref().ok_or_else(|| gone("The message names no media."))?;
    let Some(reply) = so_far.first() else {
        return next(Call::json(address(cx, "getFile")?, AUTH, &json!({"file_id": id})));
    };
    if reply.status == 400 {
        return Err(gone("Telegram does not give it: it is gone, or larger than the 20 MB that bots get."));
    }
    let file = good(reply)?;
    let path = file.get("file_path").and_then(Value::as_str).filter(|path| is_plain(path));
    let path = path.ok_or_else(|| gone("Telegram's answer names no file."))?;
    let url = format!("{}/file/bot{TOKEN_PLACE}/{path}", base(cx, SETTINGS)?);
    Ok(Step::Fetch(Box::new(Call::get(url, AUTH))))
}

/// Whether a path leads to a file below the bot's own, as Telegram's do.
fn is_plain(path: &str) -> bool {
    let is_usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'.');
    path.bytes().all(is_usual) && !path.contains("..") && !path.starts_with('/')
}

fn next(call: Call) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(call)))
}

/// The result of a call that went well.
fn good(reply: &Reply) -> Result<Value, Failure> {
    let body = reply.json().filter(|body| body.get("ok") == Some(&Value::Bool(true)));
    let result = body.and_then(|mut body| body.get_mut("result").map(Value::take));
    result.ok_or_else(|| verdict::why(outcome::outcome(reply)))
}

/// Who the bot is.
fn bot(me: &Value) -> Answer {
    let mut answer = Answer::default();
    let text = |key: &str| me.get(key).and_then(Value::as_str).map(str::to_owned);
    answer.settings.extend(text("username").map(|name| ("username".to_owned(), name)));
    answer.settings.extend(text("first_name").map(|name| ("bot_name".to_owned(), name)));
    answer
}

/// Whether what happens at Telegram comes to us.
fn healthy(cx: &Cx<'_>, info: &Value) -> Result<(), Failure> {
    let held = |message: String| Err(Failure::new(ErrorCode::ChannelHeld, message));
    let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("url") != cx.hook_url {
        let where_to = if text("url").is_empty() { "is not set" } else { "leads to another program" };
        return held(format!(
            "The bot's webhook {where_to}, so that its messages do not come here. Set the token again with `chaski channel set`, which registers the webhook anew."
        ));
    }
    let waiting = info.get("pending_update_count").and_then(Value::as_i64).unwrap_or(0);
    if waiting > 0 && !text("last_error_message").is_empty() {
        return held(format!(
            "Telegram cannot reach the webhook: {}. {waiting} updates wait; it keeps them for 24 hours.",
            text("last_error_message").trim_end_matches('.')
        ));
    }
    let listened: Vec<&str> = info
        .get("allowed_updates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if let Some(missing) = UPDATES.iter().find(|update| !listened.is_empty() && !listened.contains(update)) {
        return held(format!(
            "The bot's webhook does not report `{missing}`. Set the token again with `chaski channel set`, which registers the webhook anew."
        ));
    }
    Ok(())
}
