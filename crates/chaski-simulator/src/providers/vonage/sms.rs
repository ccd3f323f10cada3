//! SMS: through the Messages API, and through the older SMS API with its statuses under HTTP 200.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::StatusCode;
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::auth::{self, Caller};
use super::problem::{Problem, error};
use crate::accounts::{self, Account, AccountId, Credential, account};
use crate::call::{Call, Reply, text};
use crate::carry::Outgoing;
use crate::clock::rfc3339;
use crate::faults::Cut;
use crate::ids::uuid;
use crate::phones::Content;
use crate::providers::meta::media::is_http;
use crate::providers::{Inbound, Said};
use crate::receipts::{Failure, Receipt, Stage, Trace};
use crate::sim::Sim;
use crate::source::Source;

/// The longest text of the Messages API.
const TEXT: usize = 3200;

/// The second account of this source calls back in the older form.
pub(crate) fn is_classic(a: &Account) -> bool {
    a.name.ends_with("-2")
}

fn sender(from: &str) -> Option<AccountId> {
    accounts::find(|a| a.source == Source::VonageSms && a.number == from)
}

/// Checks everything that the Messages API checks before it answers.
pub(super) fn accept(sim: &Sim, caller: Caller, body: &Value) -> Result<Outgoing, Problem> {
    let to = text(body, "to").ok_or_else(|| Problem::param("to", "is required."))?;
    let from = text(body, "from").ok_or_else(|| Problem::param("from", "is required."))?;
    let id = sender(from).ok_or_else(Problem::invalid_sender)?;
    if matches!(caller, Caller::Application(application) if application != id) {
        return Err(Problem::invalid_sender());
    }
    if !is_number(to) {
        return Err(Problem::invalid_recipient());
    }
    let words = text(body, "text").filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| Problem::param("text", "must not be empty"))?;
    if words.chars().count() > TEXT {
        return Err(Problem::param("text", "is too long."));
    }
    if text(body, "message_type") != Some("text") {
        return Err(Problem::invalid_message_type());
    }
    if !sim.limits.has_room(id, sim.clock.now_ms()) {
        return Err(Problem::throttled());
    }
    let callback = text(body, "webhook_url").filter(|url| is_http(url));
    let trace = Trace {
        reference: text(body, "client_ref").map(str::to_owned),
        webhook_url: callback.map(str::to_owned),
        ..Trace::default()
    };
    let failure = is_barred(sim, to).then_some(Failure::Code(1240));
    Ok(outgoing(sim, id, uuid(), to, words, trace, failure))
}

fn is_number(to: &str) -> bool {
    (7..=15).contains(&to.len()) && to.bytes().all(|b| b.is_ascii_digit()) && !to.starts_with('0')
}

fn is_barred(sim: &Sim, to: &str) -> bool {
    sim.phones.resolve(to).is_some_and(|key| sim.phones.with(&key, |phone| phone.settings.blocked))
}

fn outgoing(
    sim: &Sim,
    id: AccountId,
    name: String,
    to: &str,
    words: &str,
    trace: Trace,
    failure: Option<Failure>,
) -> Outgoing {
    let content = Content { kind: "text".to_owned(), body: Some(words.to_owned()), ..Content::default() };
    let phone = sim.phones.resolve(to);
    Outgoing { account: id, id: name, phone, to: to.to_owned(), content, trace, failure }
}

type Fields = BTreeMap<String, String>;

/// `POST /sms/json`.
pub(super) fn classic(sim: &Sim, call: &Call) -> Reply {
    let form = classic_fields(call);
    let of = |key: &str| form.get(key).map_or("", String::as_str);
    let act = sim.faults.pick(Source::VonageSms, of("to"), None);
    if let Some(act) = &act {
        if act.cut == Some(Cut::Before) {
            return Reply::ok(&Value::Null).with_act(Some(act.clone()));
        }
        if let Some(code) = act.code.filter(|code| *code < 100) {
            return refused(code, "Refused on purpose").with_act(Some(act.clone()));
        }
        let status = act.http_status.and_then(|status| StatusCode::from_u16(status).ok());
        if let Some(status) = status.filter(|status| !status.is_success()) {
            return Reply::raw(status, "text/plain", "").with_act(Some(act.clone()));
        }
    }
    let reply = match accept_classic(sim, &form) {
        Ok(mut outgoing) => {
            if let Some(act) = &act {
                outgoing.trace.receipts = act.receipts;
                outgoing.failure = act.code.map(Failure::Code).or(outgoing.failure);
            }
            let mut reply = taken(&outgoing, of("text"));
            reply.outgoing = Some(Box::new(outgoing));
            reply
        }
        Err((code, why)) => refused(code, why),
    };
    reply.with_act(act)
}

/// The fields of a form or of a JSON object; key and secret may stand in the header instead.
fn classic_fields(call: &Call) -> Fields {
    let is_json = call.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let mut fields: Fields = if is_json {
        let body: Map<String, Value> = serde_json::from_slice(&call.body).unwrap_or_default();
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        body.into_iter().map(|(key, value)| (key, text(value))).collect()
    } else {
        url::form_urlencoded::parse(&call.body).into_owned().collect()
    };
    if let Some((key, secret)) = auth::basic(call) {
        fields.entry("api_key".to_owned()).or_insert(key);
        fields.entry("api_secret".to_owned()).or_insert(secret);
    }
    fields
}

fn accept_classic(sim: &Sim, form: &Fields) -> Result<Outgoing, (u32, &'static str)> {
    let of = |key: &str| form.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let is_known = |a: &Account| {
        matches!(&a.credential, Credential::Vonage { api_key, api_secret, .. }
            if Some(*api_key) == of("api_key") && Some(*api_secret) == of("api_secret"))
    };
    accounts::find(|a| a.source == Source::VonageSms && is_known(a)).ok_or((4, "Bad Credentials"))?;
    let to = of("to").ok_or((2, "Missing to param"))?;
    let words = of("text").ok_or((2, "Missing text param"))?;
    let from = of("from").ok_or((2, "Missing from param"))?;
    let id = sender(from).ok_or((15, "Illegal Sender Address - rejected"))?;
    if !is_number(to) {
        return Err((3, "Invalid to param"));
    }
    if is_barred(sim, to) {
        return Err((7, "Blacklisted number"));
    }
    if !sim.limits.has_room(id, sim.clock.now_ms()) {
        return Err((1, "Throughput Rate Exceeded - please wait [ 250 ] and retry"));
    }
    let trace = Trace {
        reference: of("client-ref").map(str::to_owned),
        webhook_url: of("callback").filter(|url| is_http(url)).map(str::to_owned),
        ..Trace::default()
    };
    let name = uuid().replace('-', "").to_uppercase()[..16].to_owned();
    Ok(outgoing(sim, id, name, to, words, trace, None))
}

/// One entry for each segment of the text.
fn taken(message: &Outgoing, words: &str) -> Reply {
    let is_plain = words.is_ascii();
    let (one, each) = if is_plain { (160, 153) } else { (70, 67) };
    let length = words.encode_utf16().count();
    let count = if length <= one { 1 } else { length.div_ceil(each) };
    let segment = |n: usize| {
        let id = if n == 0 { message.id.clone() } else { format!("{}{n}", &message.id[..15]) };
        let mut segment = json!({
            "to": message.to, "message-id": id, "status": "0", "remaining-balance": "3.14159265",
            "message-price": "0.03330000", "network": "12345",
        });
        if let Some(reference) = &message.trace.reference {
            segment["client-ref"] = json!(reference);
        }
        segment
    };
    let segments: Vec<Value> = (0..count).map(segment).collect();
    Reply::ok(&json!({"message-count": count.to_string(), "messages": segments}))
}

fn refused(code: u32, why: &str) -> Reply {
    Reply::ok(&json!({"message-count": "1", "messages": [{"status": code.to_string(), "error-text": why}]}))
}

/// What becomes of a message, in the form of the API that took it. Nobody tells of reading.
pub(crate) fn status(sim: &Sim, receipt: &Receipt, is_bad: bool) -> Option<Value> {
    let a = account(receipt.account);
    if !receipt.message_id.contains('-') {
        return report(sim, a, receipt, is_bad);
    }
    let (word, failure) = match &receipt.stage {
        Stage::Sent => ("submitted", None),
        Stage::Delivered => ("delivered", None),
        Stage::Read => return None,
        Stage::Failed(failure) => ("rejected", Some(failure)),
    };
    let mut status = json!({
        "message_uuid": receipt.message_id, "to": receipt.phone.number, "from": a.number,
        "timestamp": rfc3339(receipt.at_ms), "status": word, "channel": "sms",
        "usage": {"currency": "EUR", "price": "0.0333"}, "destination": {"network_code": "12345"},
        "sms": {"count_total": "1"},
    });
    if let Some(reference) = &receipt.trace.reference {
        status["client_ref"] = json!(reference);
    }
    if let Some(failure) = failure {
        status["error"] = error(failure);
    }
    Some(status)
}

/// A delivery report of the older API.
fn report(sim: &Sim, a: &Account, receipt: &Receipt, is_bad: bool) -> Option<Value> {
    let (word, code) = match &receipt.stage {
        Stage::Sent => ("accepted", "0"),
        Stage::Delivered => ("delivered", "0"),
        Stage::Read => return None,
        Stage::Failed(_) => ("failed", "6"),
    };
    let mut fields: Fields = [
        ("msisdn", receipt.phone.number.as_str()),
        ("to", a.number),
        ("network-code", "12345"),
        ("messageId", &receipt.message_id),
        ("price", "0.03330000"),
        ("status", word),
        ("err-code", code),
        ("scts", &minute(receipt.at_ms)),
        ("message-timestamp", &moment(receipt.at_ms)),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    if let Some(reference) = &receipt.trace.reference {
        fields.insert("client-ref".to_owned(), reference.clone());
    }
    Some(signed(sim, a, fields, is_bad))
}

/// What a phone wrote, in the form that the account is set to.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let a = account(inbound.account);
    let words = match &inbound.said {
        Said::Text(text) => text.as_str(),
        _ => "",
    };
    let keyword = words.split_whitespace().next().unwrap_or_default().to_uppercase();
    if !is_classic(a) {
        return json!({
            "channel": "sms", "message_uuid": inbound.message_id, "to": a.number, "from": inbound.phone.number,
            "timestamp": rfc3339(inbound.at_ms), "text": words, "message_type": "text",
            "sms": {"num_messages": "1", "keyword": keyword}, "usage": {"currency": "EUR", "price": "0.0333"},
            "origin": {"network_code": "12345"},
        });
    }
    let fields = [
        ("msisdn", inbound.phone.number.as_str()),
        ("to", a.number),
        ("messageId", &inbound.message_id),
        ("text", words),
        ("type", if words.is_ascii() { "text" } else { "unicode" }),
        ("keyword", &keyword),
        ("message-timestamp", &moment(inbound.at_ms)),
    ];
    signed(sim, a, fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into(), false)
}

/// `2020-01-01 12:00:00`.
fn moment(at_ms: i64) -> String {
    rfc3339(at_ms).replacen('T', " ", 1).trim_end_matches('Z').chars().take(19).collect()
}

/// `2001011200`: when the carrier reported.
fn minute(at_ms: i64) -> String {
    moment(at_ms).chars().filter(char::is_ascii_digit).skip(2).take(10).collect()
}

/// Fields with the account's `sig`: an HMAC over them in the order of their names.
fn signed(sim: &Sim, a: &Account, mut fields: Fields, is_bad: bool) -> Value {
    let Credential::Vonage { api_key, signature_secret, .. } = &a.credential else { return Value::Null };
    fields.insert("api-key".to_owned(), (*api_key).to_owned());
    fields.insert("timestamp".to_owned(), sim.clock.now_seconds().to_string());
    fields.insert("nonce".to_owned(), uuid());
    let secret = if is_bad { "not the secret" } else { signature_secret };
    let sig = sign(secret, &fields);
    fields.insert("sig".to_owned(), sig);
    json!(fields)
}

fn sign(secret: &str, fields: &Fields) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    for (name, value) in fields {
        mac.update(format!("&{name}={}", value.replace(['&', '='], "_")).as_bytes());
    }
    hex::encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector_is_reproduced() {
        let fields: Fields = [
            ("api-key", "abcd1234"),
            ("keyword", "TOM"),
            ("message-timestamp", "2020-01-01 12:00:00"),
            ("messageId", "0A0000000123ABCD1"),
            ("msisdn", "447700900001"),
            ("nonce", "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"),
            ("text", "Tom & Jerry=friends"),
            ("timestamp", "1578787200"),
            ("to", "447700900000"),
            ("type", "text"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        let sig = "035416a7a35e6496ea87e4d43bddccbdd89b0ae3c4a7103485dabb06e5312fbe";
        assert_eq!(sign("my_signature_secret", &fields), sig);
    }
}
