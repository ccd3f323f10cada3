//! What is asked of Viber that is not a delivery.

use super::send::address;
use super::{AUTH, NAME, outcome};
use crate::adapter::{Answer, Auth, Call, Cx, REGISTERED, Reply, Step, Task};
use crate::verdict;
use chaski_model::message::Media;
use chaski_model::{ErrorCode, Failure};
use serde_json::{Value, json};

/// What Viber is to tell beside messages.
const EVENTS: [&str; 6] =
    ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"];

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match (task, so_far) {
        // A bot has no templates.
        (Task::Templates, _) => Ok(Step::Done(Answer::default())),
        (Task::Check, []) => next(cx, "get_account_info", &json!({})),
        (Task::Check, [info, ..]) => {
            let info = good(info)?;
            let text = |key: &str| info.get(key).and_then(Value::as_str).unwrap_or_default();
            if cx.setting(REGISTERED).is_some() && text("webhook") != cx.hook_url {
                let message = "The bot's webhook leads to another program or is not set, so that its messages do not come here. Set the token again with `chaski channel set`, which registers the webhook anew.";
                return Err(Failure::new(ErrorCode::ChannelHeld, message));
            }
            let mut answer = Answer::default();
            let mut learn = |key: &str, value: &str| {
                if !value.is_empty() {
                    answer.settings.insert(key.to_owned(), value.chars().take(NAME).collect());
                }
            };
            learn("bot_name", text("name"));
            learn("username", text("uri"));
            Ok(Step::Done(answer))
        }
        (Task::Connect { .. }, []) => {
            let body =
                json!({"url": cx.hook_url, "event_types": EVENTS, "send_name": true, "send_photo": true});
            next(cx, "set_webhook", &body)
        }
        (Task::Connect { .. }, [reply, ..]) => {
            good(reply)?;
            let settings = [(REGISTERED.to_owned(), "registered".to_owned())].into();
            Ok(Step::Done(Answer { settings, ..Answer::default() }))
        }
        // The name comes with each message.
        (Task::Profile { .. }, _) => Ok(Step::Done(Answer::default())),
        (Task::Media { media }, _) => media_of(media),
        (Task::Disconnect, []) => next(cx, "set_webhook", &json!({"url": ""})),
        (Task::Disconnect, [reply, ..]) => {
            good(reply)?;
            Ok(Step::Done(Answer::default()))
        }
    }
}

/// A file lies at its link for about an hour.
fn media_of(media: &Media) -> Result<Step, Failure> {
    let link = media.link.as_ref().ok_or_else(|| {
        let message = "The message names no media. Ask the contact to send it again.";
        Failure::new(ErrorCode::MediaUnreachable, message)
    })?;
    Ok(Step::Fetch(Box::new(Call::get(link, Auth::None))))
}

fn next(cx: &Cx<'_>, method: &str, body: &Value) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(Call::json(address(cx, method)?, AUTH, body))))
}

/// The answer to a call that went well: its status is 0.
fn good(reply: &Reply) -> Result<Value, Failure> {
    let body = reply.json().filter(|body| body.get("status").and_then(Value::as_i64) == Some(0));
    body.ok_or_else(|| verdict::why(outcome::outcome(reply)))
}
