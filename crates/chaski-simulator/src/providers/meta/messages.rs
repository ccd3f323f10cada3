//! `POST /{version}/{phone_number_id}/messages`, which 360dialog passes through unchanged.

use http::StatusCode;
use serde_json::{Value, json};

use super::content::content;
use super::refusal::{Refusal, is_by_webhook};
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply, text};
use crate::carry::Outgoing;
use crate::faults::Cut;
use crate::phones::{is_user_id, parse_number};
use crate::providers::meta::refusal;
use crate::receipts::{Failure, Trace};
use crate::sim::Sim;
use crate::source::Source;

/// Accepts or refuses a message.
pub(crate) fn send(sim: &Sim, id: AccountId, call: &Call) -> Reply {
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return Refusal::invalid("The request body is not valid JSON.").reply();
    };
    if text(&body, "status").is_some() {
        return mark_read(sim, &body).unwrap_or_else(|refusal| refusal.reply());
    }
    let wanted = text(&body, "to").or_else(|| text(&body, "recipient")).unwrap_or_default();
    let template = body.get("template").and_then(|template| text(template, "name"));
    let act = sim.faults.pick(account(id).source, wanted, template);
    if let Some(act) = &act {
        if act.cut == Some(Cut::Before) {
            return Reply::ok(&Value::Null).with_act(Some(act.clone()));
        }
        if let Some(reply) = failing(account(id).source, act.code, act.http_status) {
            return reply.with_act(Some(act.clone()));
        }
    }
    let by_webhook = act.as_ref().and_then(|act| act.code).map(Failure::Code);
    let receipts = act.as_ref().map(|act| act.receipts).unwrap_or_default();
    let reply = match accept(sim, id, &body) {
        Ok((mut outgoing, answer)) => {
            outgoing.failure = by_webhook;
            outgoing.trace.receipts = receipts;
            let mut reply = Reply::ok(&answer);
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(refusal) => refusal.reply(),
    };
    reply.with_act(act)
}

/// The answer to a fault on purpose that shows at once.
fn failing(source: Source, code: Option<u32>, http_status: Option<u16>) -> Option<Reply> {
    if let Some(code) = code.filter(|code| !is_by_webhook(*code)) {
        let mut reply = Refusal::of_code(code).reply();
        if let Some(status) = http_status.and_then(|status| StatusCode::from_u16(status).ok()) {
            reply.status = status;
        }
        return Some(reply);
    }
    let status = StatusCode::from_u16(http_status?).ok()?;
    if status.is_success() {
        return None;
    }
    if source == Source::Dialog360 {
        return Some(crate::providers::dialog360::own_error(
            status,
            crate::providers::dialog360::words(status),
        ));
    }
    let code = match status.as_u16() {
        401 => 190,
        403 => 10,
        404 => 132_001,
        429 => 613,
        500 => 131_000,
        502 | 504 => {
            return Some(Reply::raw(status, "text/html", "<html><body><h1>Bad Gateway</h1></body></html>"));
        }
        503 => 131_016,
        _ => 135_000,
    };
    let mut reply = Refusal::of_code(code).reply();
    reply.status = status;
    Some(reply)
}

fn mark_read(sim: &Sim, body: &Value) -> Result<Reply, Refusal> {
    check_product(body)?;
    if text(body, "status") != Some("read") {
        return Err(Refusal::invalid("Param status must be one of {READ}."));
    }
    let message_id = super::shape::text(body, "message_id", "body")?;
    if !crate::providers::mark_read(sim, message_id) {
        return Err(Refusal::new(131_009, "Param message_id is not a message that this number received"));
    }
    Ok(Reply::ok(&json!({"success": true})))
}

fn check_product(body: &Value) -> Result<(), Refusal> {
    match body.get("messaging_product") {
        Some(Value::String(product)) if product == "whatsapp" => Ok(()),
        None => Err(Refusal::invalid("The parameter messaging_product is required.")),
        Some(_) => Err(Refusal::invalid("Param messaging_product must be one of {WHATSAPP}.")),
    }
}

/// Checks everything that Meta checks before it answers.
fn accept(sim: &Sim, id: AccountId, body: &Value) -> Result<(Outgoing, Value), Refusal> {
    let now = sim.clock.now_ms();
    if !sim.limits.has_room(id, now) {
        return Err(Refusal::of_code(130_429));
    }
    check_product(body)?;
    if body.get("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(Refusal::invalid("Param recipient_type must be one of {INDIVIDUAL}."));
    }
    let recipient = Recipient::read(sim, id, body)?;
    let kind = match body.get("type") {
        None => "text",
        Some(Value::String(kind)) => kind,
        Some(_) => return Err(Refusal::invalid("Param type must be a string.")),
    };
    let reference = super::shape::optional_text(body, "biz_opaque_callback_data", "body", 512)?;
    let content = content(sim, id, kind, body)?;
    let category = content
        .template
        .as_ref()
        .and_then(|t| sim.templates.find(id, &t.name, &t.language).ok())
        .map(|t| t.category.to_lowercase());
    if recipient.by_user_id && category.as_deref() == Some("authentication") {
        return Err(Refusal::of_code(131_062));
    }
    if let Some(phone) = &recipient.phone
        && !sim.phones.has_room(phone, id, now, sim.limits.get(account(id).source))
    {
        return Err(Refusal::of_code(131_056));
    }
    let message_id = sim.ids.outbound_wamid(recipient.phone.as_deref().unwrap_or("0"));
    let mut message = json!({"id": message_id});
    if category.is_some() {
        message["message_status"] = json!("accepted");
    }
    let answer =
        json!({"messaging_product": "whatsapp", "contacts": [recipient.contact()], "messages": [message]});
    let trace = Trace {
        reference: reference.map(str::to_owned),
        category,
        by_user_id: recipient.by_user_id,
        ..Trace::default()
    };
    let outgoing = Outgoing {
        account: id,
        id: message_id,
        phone: recipient.phone,
        to: recipient.input,
        content,
        trace,
        failure: None,
    };
    Ok((outgoing, answer))
}

/// Whom a message is for.
struct Recipient {
    input: String,
    phone: Option<String>,
    by_user_id: bool,
}

impl Recipient {
    fn read(sim: &Sim, id: AccountId, body: &Value) -> Result<Self, Refusal> {
        let field = |key: &str| match body.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(_) => Err(Refusal::invalid(format!("Param {key} must be a string."))),
        };
        // If both are given, `to` wins.
        if let Some(to) = field("to")? {
            let number =
                parse_number(to).ok_or_else(|| Refusal::invalid("Param to must be a valid phone number."))?;
            let number = with_country(to, number, account(id).number);
            if number == account(id).number {
                return Err(Refusal::of_code(131_021));
            }
            return Ok(Self { input: to.to_owned(), phone: Some(number), by_user_id: false });
        }
        match field("recipient")? {
            Some(user_id) if is_user_id(user_id) => {
                Ok(Self { input: user_id.to_owned(), phone: sim.phones.resolve(user_id), by_user_id: true })
            }
            Some(_) => Err(Refusal::invalid("Param recipient must be a valid business-scoped user ID.")),
            None => Err(Refusal::invalid("The parameter to is required.")),
        }
    }

    fn contact(&self) -> Value {
        match &self.phone {
            Some(number) if !self.by_user_id => json!({"input": self.input, "wa_id": number}),
            _ => json!({"input": self.input, "user_id": self.input}),
        }
    }
}

/// Without a leading plus, a national number gets the country code of the business.
fn with_country(written: &str, number: String, business: &str) -> String {
    let is_national = !written.trim().starts_with('+') && number.len() <= 10 && business.starts_with('1');
    if is_national { format!("1{number}") } else { number }
}

/// Meta's answer to a token that is not valid.
pub(crate) fn bad_token() -> Reply {
    refusal::Refusal::of_code(190).reply()
}
