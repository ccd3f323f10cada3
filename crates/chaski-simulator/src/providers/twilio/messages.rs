//! `POST Messages.json`: checks in Twilio's order, then the message goes its way.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::form::Form;
use super::problem::{Problem, is_refusal};
use super::{content, created, message_sid, sender};
use crate::accounts::{AccountId, account};
use crate::call::{Call, Reply};
use crate::carry::Outgoing;
use crate::clock::rfc2822;
use crate::faults::{Act, Cut};
use crate::phones::{Content, Media};
use crate::providers::meta::media::is_http;
use crate::receipts::{Failure, Trace};
use crate::sim::Sim;
use crate::source::App;

/// The longest text.
const TEXT: usize = 1600;

/// Accepts or refuses a message.
pub(super) fn send(sim: &Sim, account_sid: &str, call: &Call) -> Reply {
    let form = match Form::read(call) {
        Ok(form) => form,
        Err(problem) => return problem.reply(),
    };
    let to = form.get("To").unwrap_or_default();
    let (app, number) = to.strip_prefix("whatsapp:").map_or((App::Sms, to), |to| (App::Whatsapp, to));
    let Some(source) = sender(account_sid, app, None).map(|id| account(id).source) else {
        return Problem::bad(21_603, "A 'From' phone number is required.").reply();
    };
    let template = form.get("ContentSid").and_then(|sid| content::name(sim, account_sid, sid));
    let act = sim.faults.pick(source, number, template.as_deref());
    if let Some(reply) = act.as_ref().and_then(failing) {
        return reply.with_act(act);
    }
    let reply = match accept(sim, account_sid, app, number, &form) {
        Ok(mut outgoing) => {
            if let Some(act) = &act {
                outgoing.trace.receipts = act.receipts;
                outgoing.failure = act.code.map(Failure::Code).or(outgoing.failure);
            }
            let resource = resource(sim, account_sid, &form, &outgoing);
            sim.twilio.sent.put(&outgoing.id, &resource);
            let mut reply = created(&resource);
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err(problem) => problem.reply(),
    };
    reply.with_act(act)
}

/// The answer to a fault on purpose; none for one that shows only later, delays or cuts the answer off.
fn failing(act: &Act) -> Option<Reply> {
    if act.cut == Some(Cut::Before) {
        return Some(Reply::ok(&Value::Null));
    }
    if let Some(code) = act.code.filter(|code| is_refusal(*code)) {
        return Some(Problem::of_code(code).reply());
    }
    let status = StatusCode::from_u16(act.http_status?).ok().filter(|status| !status.is_success())?;
    Some(Problem::of_status(status).reply())
}

/// Who sends: the number that is named, or the one of the service.
fn from(account_sid: &str, app: App, form: &Form) -> Result<AccountId, Problem> {
    match (form.get("From"), form.get("MessagingServiceSid")) {
        (Some(from), _) => {
            let number = from.strip_prefix("whatsapp:").unwrap_or(from);
            let is_right = from.starts_with("whatsapp:") == (app == App::Whatsapp);
            let found = sender(account_sid, app, Some(number)).filter(|_| is_right);
            found.ok_or_else(|| match app {
                App::Whatsapp => Problem::bad(63_007, "Twilio could not find a Channel with the specified From address"),
                _ => Problem::bad(21_606, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination."),
            })
        }
        (None, Some(service)) if service.starts_with("MG") => sender(account_sid, app, None)
            .ok_or_else(|| Problem::bad(21_703, "The messaging service has no sender")),
        _ => Err(Problem::bad(21_603, "A 'From' phone number or a 'MessagingServiceSid' is required.")),
    }
}

/// Checks everything that Twilio checks before it answers.
fn accept(sim: &Sim, account_sid: &str, app: App, to: &str, form: &Form) -> Result<Outgoing, Problem> {
    if to.is_empty() {
        return Err(Problem::bad(21_604, "A 'To' phone number is required."));
    }
    let id = from(account_sid, app, form)?;
    let by_user_id = app == App::Whatsapp && to.contains('.');
    let digits = to.strip_prefix('+').unwrap_or(to);
    if !by_user_id && (!(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Problem::bad(21_211, format!("Invalid 'To' Phone Number: {to}")));
    }
    let phone = sim.phones.resolve(to);
    let is_blocked = phone.as_ref().is_some_and(|key| sim.phones.with(key, |phone| phone.settings.blocked));
    if app == App::Sms && is_blocked {
        return Err(Problem::of_code(21_610));
    }
    let (content, failure) = read(sim, account_sid, app, form)?;
    let now = sim.clock.now_ms();
    if !sim.limits.has_room(id, now) {
        return Err(Problem::of_code(20_429));
    }
    let callback = form.get("StatusCallback").filter(|url| is_http(url));
    let trace = Trace { webhook_url: callback.map(str::to_owned), by_user_id, ..Trace::default() };
    Ok(Outgoing {
        account: id,
        id: message_sid(&content),
        phone,
        to: digits.to_owned(),
        content,
        trace,
        failure,
    })
}

/// What the person gets, and the fault that shows only later.
fn read(sim: &Sim, account_sid: &str, app: App, form: &Form) -> Result<(Content, Option<Failure>), Problem> {
    if let Some(sid) = form.get("ContentSid") {
        return content::fill(sim, account_sid, sid, &variables(form)?);
    }
    let body = form.get("Body");
    if body.is_some_and(|body| body.chars().count() > TEXT) {
        return Err(Problem::bad(21_617, "The concatenated message body exceeds the 1600 character limit"));
    }
    let links: Vec<&str> = form.all("MediaUrl").collect();
    if links.len() > if app == App::Whatsapp { 1 } else { 10 } {
        return Err(Problem::bad(21_623, "Number of media files exceeds allowed limit"));
    }
    if links.iter().any(|link| !is_http(link)) {
        return Err(Problem::bad(21_620, "Invalid media URL(s)"));
    }
    let mut content =
        Content { kind: "text".to_owned(), body: body.map(str::to_owned), ..Content::default() };
    if let Some(link) = links.first() {
        let kind = kind_of(link);
        let name = link.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
        content.kind = kind.to_owned();
        content.media = Some(Media {
            kind: kind.to_owned(),
            link: Some((*link).to_owned()),
            filename: name.filter(|_| kind == "document").map(str::to_owned),
            id: None,
        });
    } else if body.is_none() {
        return Err(Problem::bad(21_602, "Message body is required"));
    }
    Ok((content, None))
}

/// What a link leads to, by its ending: elsewhere nothing is fetched.
fn kind_of(link: &str) -> &'static str {
    let path = link.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    match path.rsplit('.').next().unwrap_or_default() {
        "mp4" | "3gp" => "video",
        "mp3" | "ogg" | "m4a" | "amr" | "aac" => "audio",
        "pdf" | "doc" | "docx" | "xls" | "xlsx" | "ppt" | "pptx" | "txt" | "zip" | "vcf" => "document",
        _ => "image",
    }
}

/// `ContentVariables`: a JSON object in a field, every value a text that is not empty.
fn variables(form: &Form) -> Result<Map<String, Value>, Problem> {
    let bad = || Problem::bad(21_656, "The Content Variables parameter is invalid");
    let Some(text) = form.get("ContentVariables") else { return Ok(Map::new()) };
    let values: Map<String, Value> = serde_json::from_str(text).map_err(|_| bad())?;
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    if values.values().all(is_text) { Ok(values) } else { Err(bad()) }
}

/// The Message resource.
fn resource(sim: &Sim, account_sid: &str, form: &Form, message: &Outgoing) -> Value {
    let sid = &message.id;
    let root = format!("/2010-04-01/Accounts/{account_sid}/Messages/{sid}");
    let now = rfc2822(sim.clock.now_ms());
    json!({
        "account_sid": account_sid, "api_version": "2010-04-01", "body": message.content.body.clone().unwrap_or_default(),
        "date_created": now, "date_sent": null, "date_updated": now, "direction": "outbound-api",
        "error_code": null, "error_message": null, "from": form.get("From"), "num_media": if message.content.media.is_some() { "1" } else { "0" },
        "num_segments": "1", "price": null, "price_unit": null, "messaging_service_sid": form.get("MessagingServiceSid"),
        "sid": sid, "status": if form.get("From").is_some() { "queued" } else { "accepted" },
        "subresource_uris": {"media": format!("{root}/Media.json")}, "to": form.get("To"), "uri": format!("{root}.json"),
    })
}
