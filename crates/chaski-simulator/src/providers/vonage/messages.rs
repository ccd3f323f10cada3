//! `POST /v1/messages` and `PATCH /v1/messages/{uuid}`.

use http::StatusCode;
use serde_json::{Value, json};

use super::auth::Caller;
use super::content;
use super::problem::Problem;
use super::{accepted, find, sms};
use crate::accounts::AccountId;
use crate::call::{Call, Reply, text};
use crate::carry::Outgoing;
use crate::faults::Cut;
use crate::ids::uuid;
use crate::phones::is_user_id;
use crate::providers::meta::media::is_http;
use crate::receipts::{Failure, Trace};
use crate::sim::Sim;
use crate::source::Source;

/// Accepts or refuses a message.
pub(super) fn send(sim: &Sim, caller: Caller, call: &Call) -> Reply {
    let body = match serde_json::from_slice::<Value>(&call.body) {
        Ok(body) => body,
        Err(fault) => return Problem::invalid_json(&fault).reply(),
    };
    let template = body
        .pointer("/custom/template")
        .or_else(|| body.get("template"))
        .and_then(|template| text(template, "name"));
    let is_sms = text(&body, "channel") == Some("sms");
    let source = if is_sms { Source::VonageSms } else { Source::Vonage };
    let act = sim.faults.pick(source, text(&body, "to").unwrap_or_default(), template);
    if let Some(act) = &act {
        if act.cut == Some(Cut::Before) {
            return Reply::ok(&Value::Null).with_act(Some(act.clone()));
        }
        let status = act.http_status.and_then(|status| StatusCode::from_u16(status).ok());
        if let Some(status) = status.filter(|status| !status.is_success()) {
            return Problem::of_status(status).reply().with_act(Some(act.clone()));
        }
    }
    let accepted_or_not = if is_sms { sms::accept(sim, caller, &body) } else { accept(sim, caller, &body) };
    let reply = match accepted_or_not {
        Ok(mut outgoing) => {
            if let Some(act) = &act {
                outgoing.trace.receipts = act.receipts;
                outgoing.failure = act.code.map(Failure::Code).or(outgoing.failure);
            }
            let mut reply = accepted(&outgoing.id);
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(problem) => problem.reply(),
    };
    reply.with_act(act)
}

/// Checks everything that Vonage checks before it answers.
fn accept(sim: &Sim, caller: Caller, body: &Value) -> Result<Outgoing, Problem> {
    match body.get("channel") {
        None => return Err(Problem::param("channel", "is required.")),
        Some(Value::String(channel)) if channel == "whatsapp" => {}
        Some(_) => return Err(Problem::unsupported_channel()),
    }
    let id = sender(caller, body)?;
    let now = sim.clock.now_ms();
    if !sim.limits.has_room(id, now) {
        return Err(Problem::throttled());
    }
    let to = match body.get("to") {
        None => return Err(Problem::param("to", "is required.")),
        Some(Value::String(to)) => to,
        Some(_) => return Err(Problem::param("to", "must be a string.")),
    };
    let by_user_id = is_user_id(to);
    let is_number =
        (7..=15).contains(&to.len()) && to.bytes().all(|b| b.is_ascii_digit()) && !to.starts_with('0');
    if !by_user_id && !is_number {
        return Err(Problem::invalid_recipient());
    }
    let reference = optional(body, "client_ref")?;
    if reference.is_some_and(|reference| reference.chars().count() > 100) {
        return Err(Problem::invalid_client_ref());
    }
    let webhook_url = optional(body, "webhook_url")?;
    if webhook_url.is_some_and(|url| !is_http(url)) {
        return Err(Problem::param("webhook_url", "must be a valid URL."));
    }
    let (content, mut failure) = content::read(sim, id, body)?;
    let phone = sim.phones.resolve(to);
    if let Some(phone) = &phone
        && failure.is_none()
        && !sim.phones.has_room(phone, id, now, sim.limits.get(Source::Vonage))
    {
        failure = Some(Failure::Code(131_056));
    }
    let category = content.template.as_ref().and_then(|t| sim.templates.find(id, &t.name, &t.language).ok());
    let trace = Trace {
        reference: reference.map(str::to_owned),
        webhook_url: webhook_url.map(str::to_owned),
        category: category.map(|template| template.category.to_lowercase()),
        by_user_id,
        ..Trace::default()
    };
    Ok(Outgoing { account: id, id: uuid(), phone, to: to.clone(), content, trace, failure })
}

fn sender(caller: Caller, body: &Value) -> Result<AccountId, Problem> {
    let from = match body.get("from") {
        None => return Err(Problem::param("from", "is required.")),
        Some(Value::String(from)) => from,
        Some(_) => return Err(Problem::param("from", "must be a string.")),
    };
    let id = find(|a| a.number == from).ok_or_else(Problem::invalid_sender)?;
    match caller {
        Caller::Application(application) if application != id => Err(Problem::invalid_sender()),
        Caller::Application(_) | Caller::Account => Ok(id),
    }
}

fn optional<'a>(body: &'a Value, key: &str) -> Result<Option<&'a str>, Problem> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(Problem::param(key, "must be a string.")),
    }
}

/// Marks what a phone wrote as read.
pub(super) fn mark_read(sim: &Sim, uuid: &str, call: &Call) -> Reply {
    let body: Value = match serde_json::from_slice(&call.body) {
        Ok(body) => body,
        Err(fault) => return Problem::invalid_json(&fault).reply(),
    };
    if text(&body, "status") != Some("read") {
        return Problem::param("status", "must be one of [read].").reply();
    }
    if crate::providers::mark_read(sim, uuid) { Reply::ok(&json!({})) } else { Problem::not_found().reply() }
}
