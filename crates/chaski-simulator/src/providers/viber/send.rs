//! `send_message`: checks in Viber's order, then the message goes its way.

use http::StatusCode;
use serde_json::{Value, json};

use super::{content, of_code, refusal, token};
use crate::accounts::AccountId;
use crate::call::{Reply, text};
use crate::carry::Outgoing;
use crate::faults::{Act, Cut};
use crate::receipts::Trace;
use crate::sim::Sim;
use crate::source::Source;

/// Accepts or refuses a message.
pub(super) fn send(sim: &Sim, id: AccountId, body: &Value) -> Reply {
    let receiver = text(body, "receiver").unwrap_or_default();
    let phone = sim.phones.by_alias(receiver);
    let known = phone.clone().unwrap_or_else(|| receiver.to_owned());
    let act = sim.faults.pick(Source::Viber, &known, None);
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    let trace =
        Trace { receipts: act.as_ref().map(|act| act.receipts).unwrap_or_default(), ..Trace::default() };
    let reply = match accept(sim, id, body, phone, trace) {
        Ok(outgoing) => {
            let token: u64 = outgoing.id.parse().unwrap_or_default();
            let mut reply = Reply::ok(&json!({
                "status": 0, "status_message": "ok", "message_token": token, "chat_hostname": "SN-CHAT-05_",
                "billing_status": 1,
            }));
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err((status, words)) => refusal(status, words),
    };
    reply.with_act(act)
}

/// The answer to a fault on purpose; none for one that only delays, cuts the answer off or is about receipts.
fn failing(act: &Act) -> Option<Reply> {
    if act.cut == Some(Cut::Before) {
        return Some(Reply::ok(&Value::Null));
    }
    if let Some(code) = act.code {
        return Some(of_code(code));
    }
    let status = StatusCode::from_u16(act.http_status?).ok().filter(|status| !status.is_success())?;
    Some(Reply::raw(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>")))
}

fn accept(
    sim: &Sim,
    id: AccountId,
    body: &Value,
    phone: Option<String>,
    trace: Trace,
) -> Result<Outgoing, (u32, &'static str)> {
    let receiver = text(body, "receiver").filter(|id| !id.is_empty()).ok_or((4, "receiver is missing"))?;
    let name = body.pointer("/sender/name").and_then(Value::as_str).filter(|name| !name.is_empty());
    if name.ok_or((4, "sender.name is missing"))?.chars().count() > 28 {
        return Err((3, "sender.name is longer than 28 characters"));
    }
    let content = content::read(body)?;
    if sim.webhooks.hook(id).is_none_or(|hook| hook.url.is_empty()) {
        return Err((10, "webhookNotSet"));
    }
    let key = phone.ok_or((5, "receiverNotRegistered"))?;
    let is_subscribed = sim
        .phones
        .with(&key, |phone| phone.wrote_at.iter().any(|(known, _)| *known == id) && !phone.settings.blocked);
    if !is_subscribed {
        return Err((6, "notSubscribed"));
    }
    let (now, limit) = (sim.clock.now_ms(), sim.limits.get(Source::Viber));
    if !sim.limits.has_room(id, now) || !sim.phones.has_room(&key, id, now, limit) {
        return Err((12, "tooManyRequests"));
    }
    Ok(Outgoing {
        account: id,
        id: token(sim).to_string(),
        phone: Some(key),
        to: receiver.to_owned(),
        content,
        trace,
        failure: None,
    })
}
