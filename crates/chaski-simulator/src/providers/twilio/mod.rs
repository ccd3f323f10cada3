//! Twilio under `/twilio`: Messages for WhatsApp and SMS, and Content for templates.
//! From <https://www.twilio.com/docs/messaging/api> and <https://www.twilio.com/docs/content>.

mod content;
mod form;
mod messages;
mod numbers;
mod problem;
mod sent;
pub(crate) mod signature;
pub(crate) mod webhook;

use std::collections::HashMap;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use self::problem::Problem;
use self::sent::Sent;
use crate::accounts::{self, AccountId, Credential, account};
use crate::call::{Call, Reply};
use crate::phones::Content;
use crate::sim::Sim;
use crate::source::{App, Source};
use crate::sync::locked;

/// What Twilio keeps: contents that were made by API, for sessions, and the messages that were sent.
#[derive(Default)]
pub(crate) struct Kept {
    made: Mutex<HashMap<String, Value>>,
    pub(crate) sent: Sent,
}

/// The most contents that are kept.
const CONTENTS: usize = 10_000;

impl Kept {
    fn put(&self, sid: String, content: Value) {
        let mut made = locked(&self.made);
        if made.len() >= CONTENTS {
            made.clear();
        }
        made.insert(sid, content);
    }

    fn get(&self, sid: &str) -> Option<Value> {
        locked(&self.made).get(sid).cloned()
    }

    /// Forgets all of it.
    pub(crate) fn clear(&self) {
        locked(&self.made).clear();
        self.sent.clear();
    }
}

/// A new id: two letters and 32 hexadecimal digits.
pub(crate) fn sid(letters: &str) -> String {
    format!("{letters}{}", Uuid::new_v4().simple())
}

/// A new id of a message: one with files begins otherwise.
pub(crate) fn message_sid(content: &Content) -> String {
    sid(if content.media.is_some() { "MM" } else { "SM" })
}

/// Whether a call is for WhatsApp or for SMS: a message by whom it goes to.
pub(crate) fn source_of(call: &Call) -> Source {
    let is_send = call.path.ends_with("/Messages.json");
    let to = || url::form_urlencoded::parse(&call.body).find(|(key, _)| key == "To");
    let is_sms = is_send && to().is_some_and(|(_, to)| !to.starts_with("whatsapp:"));
    if is_sms || call.path.contains("/IncomingPhoneNumbers") {
        Source::TwilioSms
    } else {
        Source::TwilioWhatsapp
    }
}

/// Answers a call.
pub(crate) fn answer(sim: &Sim, call: &Call) -> Reply {
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let Some(account_sid) = caller(call) else { return Problem::unauthorized().reply() };
    // A token that was revoked opens nothing at all.
    let is_send = parts.last() == Some(&"Messages.json");
    if !is_send && is_revoked(sim) {
        return Problem::unauthorized().reply();
    }
    let result = match (call.method.as_str(), parts.as_slice()) {
        (_, ["2010-04-01", "Accounts", named, ..]) if named.trim_end_matches(".json") != account_sid => {
            Err(Problem::not_found(&call.path))
        }
        ("GET", ["2010-04-01", "Accounts", _]) => Ok(Reply::ok(&json!({
            "sid": account_sid, "friendly_name": "Ecuabots", "status": "active", "type": "Full",
            "uri": format!("/2010-04-01/Accounts/{account_sid}.json"),
        }))),
        ("POST", ["2010-04-01", "Accounts", _, "Messages.json"]) => {
            return messages::send(sim, account_sid, call);
        }
        ("GET", ["2010-04-01", "Accounts", _, "Messages", _, "Media", media]) => match sim.media.get(media) {
            Some(file) => Ok(file.reply()),
            None => Err(Problem::not_found(&call.path)),
        },
        ("GET", ["2010-04-01", "Accounts", _, "Messages", name]) if name.ends_with(".json") => {
            let found = sim.twilio.sent.get(account_sid, name.trim_end_matches(".json"));
            found.map(|resource| Reply::ok(&resource)).ok_or_else(|| Problem::not_found(&call.path))
        }
        ("GET", ["2010-04-01", "Accounts", _, "IncomingPhoneNumbers.json"]) => {
            Ok(numbers::list(sim, account_sid, call))
        }
        ("POST", ["2010-04-01", "Accounts", _, "IncomingPhoneNumbers", number]) => {
            numbers::set(sim, account_sid, number.trim_end_matches(".json"), call)
        }
        ("POST", ["v1", "Content"]) => content::create(sim, account_sid, call),
        ("GET", ["v1", "ContentAndApprovals"]) => Ok(content::list(sim, account_sid, call)),
        ("GET", ["v1", "Content", sid]) => content::one(sim, account_sid, sid),
        _ => Err(Problem::not_found(&call.path)),
    };
    result.unwrap_or_else(|problem| problem.reply())
}

fn is_revoked(sim: &Sim) -> bool {
    let refuses = |source| sim.faults.pick(source, "", None).is_some_and(|act| act.code == Some(20_003));
    refuses(Source::TwilioWhatsapp) || refuses(Source::TwilioSms)
}

/// The account whose SID and token the caller gave.
fn caller(call: &Call) -> Option<&'static str> {
    let basic = call.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(basic.trim()).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    let known = |a: &accounts::Account| matches!(&a.credential, Credential::Twilio { account_sid, auth_token } if *account_sid == user && *auth_token == password);
    match &account(accounts::find(known)?).credential {
        Credential::Twilio { account_sid, .. } => Some(account_sid),
        _ => None,
    }
}

/// The sender of an account that has a number, by app.
fn sender(account_sid: &str, app: App, number: Option<&str>) -> Option<AccountId> {
    accounts::find(|a| {
        matches!(&a.credential, Credential::Twilio { account_sid: known, .. } if *known == account_sid)
            && a.source.app() == app
            && number.is_none_or(|number| number.trim_start_matches('+') == a.number)
    })
}

fn created(body: &Value) -> Reply {
    Reply::json(StatusCode::CREATED, body)
}
