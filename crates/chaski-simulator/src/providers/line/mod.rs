//! LINE's Messaging API under `/line`, from <https://developers.line.biz/en/reference/messaging-api/>.

mod content;
mod keys;
mod problem;
mod send;
pub(crate) mod webhook;

use std::collections::HashSet;
use std::sync::Mutex;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use self::keys::Keys;
use self::problem::Problem;
use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::phones::line_id_of;
use crate::sim::{Shared, Sim};
use crate::source::Source;
use crate::sync::locked;
use crate::webhooks::{Hook, call_now};

/// What LINE remembers beside messages.
#[derive(Default)]
pub(crate) struct Line {
    keys: Keys,
    /// Sound and video that were asked for once: they are converted by then.
    converted: Mutex<HashSet<String>>,
}

/// Answers a call.
pub(crate) async fn answer(sim: &Shared, call: &Call) -> Reply {
    let token = call.bearer().unwrap_or_default();
    let found = accounts::find(
        |a| matches!(&a.credential, Credential::Line { access_token, .. } if *access_token == token),
    );
    let Some(id) = found else { return Problem::unauthorized().reply() };
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match (&call.method, parts.as_slice()) {
        (&Method::POST, ["v2", "bot", "message", "push"]) => return send::push(sim, id, call),
        (&Method::POST, ["v2", "bot", "message", "reply"]) => return send::reply(call),
        _ => {}
    }
    // A token that was revoked opens nothing at all.
    let act = sim.faults.pick(Source::Line, "", None);
    if let Some(code @ (401 | 403)) = act.as_ref().and_then(|act| act.code) {
        return Problem::of_code(code).reply();
    }
    let answered = match (&call.method, parts.as_slice()) {
        (&Method::GET, ["v2", "bot", "info"]) => Ok(Reply::ok(&info(id))),
        (&Method::GET, ["v2", "bot", "channel", "webhook", "endpoint"]) => endpoint(sim, id),
        (&Method::PUT, ["v2", "bot", "channel", "webhook", "endpoint"]) => set_endpoint(sim, id, call),
        (&Method::POST, ["v2", "bot", "channel", "webhook", "test"]) => test(sim, id).await,
        (&Method::GET, ["v2", "bot", "profile", user]) => profile(sim, user),
        (&Method::GET, ["v2", "bot", "message", message, "content"]) => bytes(sim, message),
        (&Method::GET, ["v2", "bot", "message", message, "content", "transcoding"]) => {
            transcoding(sim, message)
        }
        _ => Err(Problem::not_found()),
    };
    answered.unwrap_or_else(Problem::reply)
}

fn info(id: AccountId) -> Value {
    let a = account(id);
    json!({
        "userId": a.phone_number_id, "basicId": format!("@{}", a.number), "displayName": a.business,
        "chatMode": "bot", "markAsReadMode": "auto",
    })
}

fn endpoint(sim: &Sim, id: AccountId) -> Result<Reply, Problem> {
    let hook = sim.webhooks.hook(id).ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&json!({"endpoint": hook.url, "active": true})))
}

/// LINE calls https alone; on one's own machine http does too.
fn set_endpoint(sim: &Sim, id: AccountId, call: &Call) -> Result<Reply, Problem> {
    let body = serde_json::from_slice::<Value>(&call.body).unwrap_or_default();
    let url = text(&body, "endpoint").unwrap_or_default();
    let is_good = url.starts_with("https://") || crate::links::is_local(url);
    if !is_good || url.len() > 500 {
        return Err(Problem::bad("Invalid webhook endpoint URL"));
    }
    sim.webhooks.set(Source::Line, Some(id), Some(Hook { url: url.to_owned(), ..Hook::default() }));
    sim.touch();
    Ok(Reply::ok(&json!({})))
}

/// LINE calls the address without an event.
async fn test(sim: &Shared, id: AccountId) -> Result<Reply, Problem> {
    let hook = sim.webhooks.hook(id).ok_or_else(Problem::not_found)?;
    let body = json!({"destination": account(id).phone_number_id, "events": []});
    let answered = call_now(sim, id, &hook.url, serde_json::to_vec(&body).unwrap_or_default()).await;
    let at = crate::clock::rfc3339_ms(sim.clock.now_ms());
    Ok(Reply::ok(&match answered {
        Ok((StatusCode::OK, _)) => {
            json!({"success": true, "timestamp": at, "statusCode": 200, "reason": "OK", "detail": "200"})
        }
        Ok((status, _)) => json!({
            "success": false, "timestamp": at, "statusCode": status.as_u16(), "reason": "ERROR_STATUS_CODE",
            "detail": status.as_u16().to_string(),
        }),
        Err(why) => json!({
            "success": false, "timestamp": at, "statusCode": 0, "reason": "COULD_NOT_CONNECT", "detail": why,
        }),
    }))
}

/// Who a contact is; nothing is told of one that has blocked the account.
fn profile(sim: &Sim, user: &str) -> Result<Reply, Problem> {
    let key = sim.phones.by_alias(user).ok_or_else(Problem::not_found)?;
    let (phone, blocked) = sim.phones.with(&key, |phone| (phone.identity(), phone.settings.blocked));
    if blocked {
        return Err(Problem::not_found());
    }
    Ok(Reply::ok(&json!({"userId": line_id_of(&phone.number), "displayName": phone.name, "language": "es"})))
}

/// Whether a file is converted first.
fn is_converted(mime: &str) -> bool {
    mime.starts_with("video/") || mime.starts_with("audio/")
}

fn bytes(sim: &Sim, message: &str) -> Result<Reply, Problem> {
    let file = sim.media.get(message).ok_or_else(Problem::not_found)?;
    if is_converted(&file.mime) && !locked(&sim.line.converted).contains(message) {
        return Ok(Reply::raw(StatusCode::ACCEPTED, "application/json", "{}"));
    }
    Ok(file.reply())
}

/// The first look finds it at work, the next one finds it done.
fn transcoding(sim: &Sim, message: &str) -> Result<Reply, Problem> {
    let file = sim.media.get(message).ok_or_else(Problem::not_found)?;
    let is_first = is_converted(&file.mime) && locked(&sim.line.converted).insert(message.to_owned());
    Ok(Reply::ok(&json!({"status": if is_first { "processing" } else { "succeeded" }})))
}
