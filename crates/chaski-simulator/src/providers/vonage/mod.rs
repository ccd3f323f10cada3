//! The Vonage Messages API under `/vonage`, with its template management beta.

mod auth;
mod content;
mod messages;
pub(crate) mod problem;
pub(crate) mod signature;
pub(crate) mod sms;
mod templates;
pub(crate) mod webhook;

use http::StatusCode;

pub(crate) use self::auth::Tokens;
use self::problem::Problem;
use crate::accounts::{self, Account, AccountId};
use crate::call::{Call, Reply};
use crate::sim::Sim;
use crate::source::Source;

/// The private key with which callers sign their tokens: made for simulators, it opens nothing else.
pub(crate) const PRIVATE_KEY: &str = include_str!("simulator-only-key.pem");

/// Answers a call.
pub(crate) fn answer(sim: &Sim, call: &Call) -> Reply {
    // The older API has its credentials among its fields.
    if call.path == "/sms/json" && call.method == http::Method::POST {
        return sms::classic(sim, call);
    }
    let caller = match auth::caller(sim, call) {
        Ok(caller) => caller,
        Err(problem) => return problem.reply(),
    };
    let segments = call.segments();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match (call.method.as_str(), parts.as_slice()) {
        ("POST", ["v1", "messages"]) => messages::send(sim, caller, call),
        ("PATCH", ["v1", "messages", uuid]) => messages::mark_read(sim, uuid, call),
        ("GET", ["v3", "media", uuid]) => match sim.media.get(uuid) {
            Some(file) => file.reply(),
            None => Problem::not_found().reply(),
        },
        (_, ["v2", "whatsapp-manager", "wabas", waba, "templates", rest @ ..]) => {
            match find(|a| a.waba_id == *waba) {
                Some(id) => templates::answer(sim, id, rest, call),
                None => Problem::not_found().reply(),
            }
        }
        ("GET", ["v1", "channel-manager", "whatsapp", "wabas"]) => templates::wabas(),
        _ => Problem::not_found().reply(),
    }
}

fn find(wanted: impl Fn(&Account) -> bool) -> Option<AccountId> {
    accounts::find(|a| matches!(a.source, Source::Vonage | Source::VonageSms) && wanted(a))
}

/// An answer of 202 with the message's id.
fn accepted(uuid: &str) -> Reply {
    Reply::json(StatusCode::ACCEPTED, &serde_json::json!({"message_uuid": uuid}))
}

/// Whether a call is for WhatsApp or for SMS.
pub(crate) fn source_of(call: &Call) -> Source {
    let is_sms = || {
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap_or_default();
        body["channel"] == "sms"
    };
    let is_message = call.path == "/v1/messages";
    if call.path == "/sms/json" || (is_message && is_sms()) { Source::VonageSms } else { Source::Vonage }
}
