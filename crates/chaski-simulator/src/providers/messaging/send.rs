//! `POST /{version}/{id}/messages`: checks, then the message goes its way.

use http::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{content, phone_of};
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply, text};
use crate::carry::Outgoing;
use crate::faults::{Act, Cut};
use crate::receipts::Trace;
use crate::sim::Sim;
use crate::source::Source;

/// How long a person may answer under the tag HUMAN_AGENT.
const PERSON_MS: i64 = 7 * 24 * 3600 * 1000;
const WINDOW_MS: i64 = 24 * 3600 * 1000;
/// Refused since 2026-04-27, also inside the window.
const RETIRED: [&str; 3] = ["ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE", "CONFIRMED_EVENT_UPDATE"];

/// Accepts or refuses a message.
pub(super) async fn send(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    let source = account(id).source;
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return Problem::invalid("The request body is not valid JSON.").reply();
    };
    let scoped = body.pointer("/recipient/id").and_then(Value::as_str).unwrap_or_default();
    let phone = phone_of(sim, id, scoped);
    let act = sim.faults.pick(source, phone.as_deref().unwrap_or(scoped), None);
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    let reply = match accept(sim, id, &body, phone).await {
        Ok((mut outgoing, answer)) => {
            outgoing.trace.receipts = act.as_ref().map(|act| act.receipts).unwrap_or_default();
            let mut reply = Reply::ok(&answer);
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(problem) => problem.reply(),
    };
    reply.with_act(act)
}

/// The answer to a fault on purpose; none for one that only delays, cuts the answer off or spoils receipts.
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
        401 => Some(Problem::of_code(190).reply()),
        403 => Some(Problem::of_code(10).reply()),
        429 => Some(Problem::of_code(613).reply()),
        500 => Some(Problem::of_code(2).reply()),
        _ => Some(Problem::invalid("Invalid parameter").reply()),
    }
}

async fn accept(
    sim: &Sim,
    id: AccountId,
    body: &Value,
    phone: Option<String>,
) -> Result<(Outgoing, Value), Problem> {
    let source = account(id).source;
    let scoped = body.pointer("/recipient/id").and_then(Value::as_str);
    let scoped = scoped.ok_or_else(|| Problem::invalid("Param recipient must be non-empty."))?.to_owned();
    let tag = tag(source, body)?;
    let message = body.get("message").filter(|message| message.is_object());
    let message = message.ok_or_else(|| Problem::invalid("Param message must be non-empty."))?;
    let mut content = content::read(sim, source, message).await?;
    content.reply_to = body.pointer("/reply_to/mid").and_then(Value::as_str).map(str::to_owned);
    let key = phone.ok_or_else(|| Problem::no_such_person(source))?;
    let now = sim.clock.now_ms();
    let (is_blocked, wrote_at) = sim.phones.with(&key, |phone| {
        let wrote = phone.wrote_at.iter().find(|(known, _)| *known == id).map(|(_, at)| *at);
        (phone.settings.blocked, wrote.unwrap_or_default())
    });
    if is_blocked {
        return Err(Problem::unavailable());
    }
    let most = if tag == Some("HUMAN_AGENT") { PERSON_MS } else { WINDOW_MS };
    if now - wrote_at >= most {
        return Err(Problem::outside_window(source));
    }
    if !sim.limits.has_room(id, now) || !sim.phones.has_room(&key, id, now, sim.limits.get(source)) {
        return Err(Problem::throttled(source));
    }
    let message_id = super::written(source);
    let mut answer = json!({"recipient_id": scoped, "message_id": message_id});
    if message.pointer("/attachment/payload/is_reusable") == Some(&Value::Bool(true)) {
        answer["attachment_id"] = json!(sim.ids.numeric());
    }
    let trace = Trace { reference: text(message, "metadata").map(str::to_owned), ..Trace::default() };
    let outgoing =
        Outgoing { account: id, id: message_id, phone: Some(key), to: scoped, content, trace, failure: None };
    Ok((outgoing, answer))
}

/// The tag of a request, if it has one that is still taken.
fn tag(source: Source, body: &Value) -> Result<Option<&str>, Problem> {
    let kind = text(body, "messaging_type");
    let tag = text(body, "tag");
    if tag.is_some_and(|tag| RETIRED.contains(&tag)) {
        return Err(Problem::retired_tag());
    }
    match (kind, tag) {
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => Ok(tag),
        (Some("MESSAGE_TAG"), _) => Err(Problem::invalid("Param tag must be one of {HUMAN_AGENT}")),
        (None, None) if source == Source::Instagram => Ok(None),
        (Some("RESPONSE" | "UPDATE"), None) => Ok(None),
        (Some("RESPONSE" | "UPDATE"), Some(_)) => {
            Err(Problem::invalid("Param tag can only be used with messaging_type MESSAGE_TAG"))
        }
        _ => Err(Problem::invalid("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG}")),
    }
}
