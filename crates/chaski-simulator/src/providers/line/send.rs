//! `push`: checks in LINE's order, the retry key, then the messages go their way.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::content;
use super::problem::Problem;
use crate::accounts::AccountId;
use crate::call::{Call, Reply, text};
use crate::carry::{Outgoing, carry};
use crate::faults::{Act, Cut};
use crate::phones::Content;
use crate::receipts::Trace;
use crate::sim::Shared;
use crate::source::Source;

const KEY: &str = "x-line-retry-key";
const LARGEST: usize = 2 << 20;

/// `reply` takes no retry key, and no token of ours is good for long.
pub(super) fn reply(call: &Call) -> Reply {
    if call.header(KEY).is_some() {
        return Problem::bad("The X-Line-Retry-Key header is not supported by this endpoint").reply();
    }
    Problem::bad("Invalid reply token").reply()
}

/// Accepts or refuses a push.
pub(super) fn push(sim: &Shared, id: AccountId, call: &Call) -> Reply {
    let body = serde_json::from_slice::<Value>(&call.body).unwrap_or_default();
    let phone = text(&body, "to").and_then(|to| sim.phones.by_alias(to));
    let known = phone.clone().or_else(|| text(&body, "to").map(str::to_owned)).unwrap_or_default();
    let act = sim.faults.pick(Source::Line, &known, None);
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    accept(sim, id, call, &body, phone).unwrap_or_else(Problem::reply).with_act(act)
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

fn accept(
    sim: &Shared,
    id: AccountId,
    call: &Call,
    body: &Value,
    phone: Option<String>,
) -> Result<Reply, Problem> {
    let key = call.header(KEY).map(str::to_owned);
    if key.as_deref().is_some_and(|key| Uuid::parse_str(key).is_err()) {
        return Err(Problem::bad("Invalid retry key"));
    }
    let (now, request) = (sim.clock.now_ms(), Uuid::new_v4().to_string());
    if let Some(taken) = key.as_deref().and_then(|key| sim.line.keys.find(id, key, now)) {
        let mut answer = taken.answer;
        answer["message"] = json!("The retry key is already accepted");
        return Ok(Reply::json(StatusCode::CONFLICT, &answer)
            .with_header("x-line-request-id", request)
            .with_header("x-line-accepted-request-id", taken.request));
    }
    if call.body.len() > LARGEST {
        return Err(Problem::bad("Request body is too large"));
    }
    let contents = content::read(body)?;
    if !sim.limits.has_room(id, now) {
        return Err(Problem::throttled());
    }
    let to_phone = phone.ok_or_else(|| Problem::of_code(400))?;
    let (is_friend, blocked) = sim.phones.with(&to_phone, |phone| {
        (phone.wrote_at.iter().any(|(known, _)| *known == id), phone.settings.blocked)
    });
    if !is_friend {
        return Err(Problem::of_code(400));
    }
    let to = text(body, "to").unwrap_or_default();
    let messages: Vec<Outgoing> =
        contents.into_iter().map(|content| outgoing(sim, id, &to_phone, to, content)).collect();
    let sent: Vec<Value> = messages
        .iter()
        .map(|message| json!({"id": message.id, "quoteToken": format!("q{}", message.id)}))
        .collect();
    let answer = json!({"sentMessages": sent});
    if let Some(key) = key {
        sim.line.keys.keep(id, key, now, request.clone(), answer.clone());
    }
    let mut reply = Reply::ok(&answer).with_header("x-line-request-id", request);
    // Whoever has blocked the account gets nothing, and nobody is told.
    let mut messages = if blocked { Vec::new() } else { messages }.into_iter();
    // The last one goes its way once the answer is written, those before it have gone.
    let last = messages.next_back();
    messages.for_each(|message| carry(sim, message));
    reply.outgoing = last.map(Box::new);
    Ok(reply)
}

fn outgoing(sim: &Shared, id: AccountId, phone: &str, to: &str, content: Content) -> Outgoing {
    Outgoing {
        account: id,
        id: sim.ids.numeric(),
        phone: Some(phone.to_owned()),
        to: to.to_owned(),
        content,
        trace: Trace::default(),
        failure: None,
    }
}
