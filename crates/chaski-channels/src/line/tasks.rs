//! What is asked of the Messaging API that is not a delivery.

use super::{AUTH, SETTINGS, outcome};
use crate::adapter::{Answer, Auth, Call, Cx, Profile, REGISTERED, Reply, Step, Task};
use crate::settings::{base, read};
use crate::verdict;
use chaski_model::message::{Media, MediaKind};
use chaski_model::{ErrorCode, Failure};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

const ENDPOINT: &str = "/v2/bot/channel/webhook/endpoint";
const SWITCH: &str =
    "Switch \"Use webhook\" on: LINE Developers Console, Messaging API tab, Webhook settings.";
const REDELIVERY: &str = "Switch \"Webhook redelivery\" on beside it, so that nothing is lost while Chaski is down, and the automatic replies off in the LINE Official Account Manager.";

pub(super) fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    let at = |path: &str| Ok::<_, Failure>(format!("{}{path}", base(cx, SETTINGS)?));
    match (task, so_far) {
        // LINE has no templates that are approved.
        (Task::Templates, _) => Ok(Step::Done(Answer::default())),
        (Task::Check, []) => next(Call::get(at("/v2/bot/info")?, AUTH)),
        (Task::Check, [info]) => {
            let info = good(info)?;
            if cx.setting(REGISTERED).is_none() {
                return Ok(Step::Done(account(&info)));
            }
            next(Call::get(at(ENDPOINT)?, AUTH))
        }
        (Task::Check, [info, endpoint, ..]) => {
            let info = good(info)?;
            healthy(cx, &good(endpoint)?)?;
            Ok(Step::Done(account(&info)))
        }
        (Task::Connect { .. }, []) => {
            let body = json!({"endpoint": cx.hook_url});
            next(Call { method: http::Method::PUT, ..Call::json(at(ENDPOINT)?, AUTH, &body) })
        }
        (Task::Connect { .. }, [set]) => {
            good(set)?;
            next(Call::json(at("/v2/bot/channel/webhook/test")?, AUTH, &json!({"endpoint": cx.hook_url})))
        }
        (Task::Connect { .. }, [_, _]) => next(Call::get(at(ENDPOINT)?, AUTH)),
        (Task::Connect { .. }, [_, test, endpoint, ..]) => {
            let settings = [(REGISTERED.to_owned(), "registered".to_owned())].into();
            let by_hand = left_to_do(test, &good(endpoint)?);
            Ok(Step::Done(Answer { settings, by_hand, ..Answer::default() }))
        }
        (Task::Profile { of }, []) => {
            let user = utf8_percent_encode(&of.value, NON_ALPHANUMERIC);
            next(Call::get(at(&format!("/v2/bot/profile/{user}"))?, AUTH))
        }
        (Task::Profile { .. }, [reply, ..]) => profile(reply),
        (Task::Media { media }, _) => media_of(cx, media, so_far),
        // There is no call that takes the address back.
        (Task::Disconnect, _) => Ok(Step::Done(Answer::default())),
    }
}

/// Contacts that have blocked the account, or have not let it see them, have none.
fn profile(reply: &Reply) -> Result<Step, Failure> {
    if reply.status == 404 {
        return Ok(Step::Done(Answer::default()));
    }
    let body = good(reply)?;
    let text = |key: &str| body.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let profile = Profile {
        first_name: text("displayName"),
        last_name: None,
        picture: text("pictureUrl"),
        language: text("language"),
    };
    Ok(Step::Done(Answer { profile: Some(profile), ..Answer::default() }))
}

/// Sound and video are ready once LINE has converted them.
fn media_of(cx: &Cx<'_>, media: &Media, so_far: &[Reply]) -> Result<Step, Failure> {
    let gone = |why: &str| {
        Failure::new(ErrorCode::MediaUnreachable, format!("{why} Ask the contact to send it again."))
    };
    if let Some(link) = &media.link {
        return Ok(Step::Fetch(Box::new(Call::get(link, Auth::None))));
    }
    let id = media.provider_id.as_deref().filter(|id| id.bytes().all(|b| b.is_ascii_alphanumeric()));
    let id = id.ok_or_else(|| gone("The message names no media."))?;
    let server = read(cx, SETTINGS, "data_url")?.trim_end_matches('/');
    let content = format!("{server}/v2/bot/message/{id}/content");
    let is_converted = matches!(media.kind, MediaKind::Audio | MediaKind::Video);
    match so_far.first() {
        None if is_converted => next(Call::get(format!("{content}/transcoding"), AUTH)),
        Some(reply) if reply.status == 404 || reply.status == 410 => {
            Err(gone("LINE does not have it any more."))
        }
        Some(reply) => match good(reply)?.get("status").and_then(Value::as_str) {
            Some("processing") => {
                let message = "LINE still converts it. It is tried again by itself.";
                Err(Failure::new(ErrorCode::ProviderUnavailable, message))
            }
            Some("failed") => Err(gone("LINE could not convert it.")),
            _ => Ok(Step::Fetch(Box::new(Call::get(content, AUTH)))),
        },
        None => Ok(Step::Fetch(Box::new(Call::get(content, AUTH)))),
    }
}

fn next(call: Call) -> Result<Step, Failure> {
    Ok(Step::Call(Box::new(call)))
}

/// The answer to a call that went well.
fn good(reply: &Reply) -> Result<Value, Failure> {
    let body = reply.json().filter(|body| reply.is_success() && body.is_object());
    body.ok_or_else(|| verdict::why(outcome::outcome(reply)))
}

/// Which account it is.
fn account(info: &Value) -> Answer {
    let mut answer = Answer::default();
    let text = |key: &str| info.get(key).and_then(Value::as_str).map(str::to_owned);
    answer.settings.extend(text("basicId").map(|id| ("username".to_owned(), id)));
    answer.settings.extend(text("displayName").map(|name| ("bot_name".to_owned(), name)));
    answer
}

/// Whether what happens at LINE comes to us.
fn healthy(cx: &Cx<'_>, endpoint: &Value) -> Result<(), Failure> {
    let held = |message: &str| Err(Failure::new(ErrorCode::ChannelHeld, message));
    if endpoint.get("endpoint").and_then(Value::as_str) != Some(cx.hook_url) {
        return held(
            "The account's webhook leads to another program, so that its messages do not come here. Set the access token again with `chaski channel set`, which registers the webhook anew.",
        );
    }
    if endpoint.get("active") != Some(&Value::Bool(true)) {
        return held(&format!(
            "The account's webhook is switched off, so that its messages do not come here. {SWITCH}"
        ));
    }
    Ok(())
}

/// What the API cannot do, and what LINE's own test of the address found.
fn left_to_do(test: &Reply, endpoint: &Value) -> Vec<String> {
    let mut left = Vec::new();
    let tested = good(test).unwrap_or_default();
    let text = |key: &str| tested.get(key).and_then(Value::as_str).unwrap_or_default();
    if tested.get("statusCode").and_then(Value::as_i64) == Some(401) {
        left.push("LINE's test of the webhook was refused here: check `channel_secret`.".to_owned());
    } else if tested.get("success") == Some(&Value::Bool(false)) {
        left.push(format!(
            "LINE could not reach the webhook ({}): check that the server's public address opens from the internet with https.",
            verdict::joined(&[text("reason").to_owned(), text("detail").to_owned()])
        ));
    }
    if endpoint.get("active") != Some(&Value::Bool(true)) {
        left.push(SWITCH.to_owned());
    }
    left.push(REDELIVERY.to_owned());
    left
}
