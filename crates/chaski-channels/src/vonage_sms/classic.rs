//! The older SMS API: `POST /sms/json`, a form in, statuses under HTTP 200 out.

use super::SETTINGS;
use crate::adapter::{Auth, Call, Cx, Outcome, Reply};
use crate::settings::read;
use crate::verdict;
use chaski_model::Failure;
use chaski_model::provider_codes::{self, Family};
use serde_json::Value;
use std::time::Duration;

const AUTH: Auth = Auth::Fields { user: "api_key", secret: "api_secret" };

/// The signs that fit into seven bits (GSM 03.38); any other makes the text Unicode.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€";

/// Missing and invalid parameters: whoever is told so was let in.
const FAULTY: [i64; 2] = [2, 3];

pub(super) fn call(cx: &Cx<'_>, to: &str, text: &str) -> Result<Call, Failure> {
    let kind = if text.chars().all(|sign| GSM.contains(sign)) { "text" } else { "unicode" };
    let from = read(cx, SETTINGS, "from")?;
    let mut fields = vec![
        ("from", from.to_owned()),
        ("to", to.to_owned()),
        ("text", text.to_owned()),
        ("type", kind.to_owned()),
    ];
    if !cx.reference.is_empty() {
        fields.push(("client-ref", cx.reference.to_owned()));
    }
    if !cx.hook_url.is_empty() {
        fields.push(("callback", cx.hook_url.to_owned()));
    }
    post(cx, &fields)
}

/// A message that names nobody.
pub(super) fn check(cx: &Cx<'_>) -> Result<Call, Failure> {
    post(cx, &[("from", read(cx, SETTINGS, "from")?.to_owned()), ("text", "check".to_owned())])
}

fn post(cx: &Cx<'_>, fields: &[(&str, String)]) -> Result<Call, Failure> {
    let url = format!("{}/sms/json", read(cx, SETTINGS, "sms_url")?.trim_end_matches('/'));
    Ok(Call::form(url, AUTH, fields))
}

/// The segments of an answer; `None` where it is not one of this API's.
fn segments(reply: &Reply) -> Option<Vec<Value>> {
    reply.json()?.get("messages")?.as_array().cloned()
}

fn status(segment: &Value) -> Option<i64> {
    match segment.get("status")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// Whether an answer to a check says that the credentials are good.
pub(super) fn is_let_in(reply: &Reply) -> bool {
    let segments = segments(reply).unwrap_or_default();
    segments.first().and_then(status).is_some_and(|status| FAULTY.contains(&status))
}

/// What an answer means: the first segment that was refused decides, because a message without one of its
/// segments is not read.
pub(super) fn outcome(reply: &Reply) -> Option<Outcome> {
    let segments = segments(reply)?;
    if segments.is_empty() {
        return Some(Outcome::Unknown { failure: verdict::lost("The answer names no message.") });
    }
    let ids: Vec<String> = segments
        .iter()
        .filter_map(|segment| segment.get("message-id")?.as_str().filter(|id| !id.is_empty()))
        .map(str::to_owned)
        .collect();
    let Some(refused) = segments.iter().find(|segment| status(segment) != Some(0)) else {
        let failure = || verdict::lost("The answer names no message.");
        return Some(if ids.is_empty() {
            Outcome::Unknown { failure: failure() }
        } else {
            Outcome::Sent { ids, learned: Vec::new() }
        });
    };
    let words = refused.get("error-text").and_then(Value::as_str).unwrap_or_default();
    // Some of it is on its way: what is tried again would come twice.
    if !ids.is_empty() {
        return Some(Outcome::Unknown { failure: verdict::lost(words) });
    }
    Some(refusal(reply, status(refused), words))
}

fn refusal(reply: &Reply, code: Option<i64>, words: &str) -> Outcome {
    let row = code.and_then(|code| Some((code, provider_codes::find(Family::VonageSms, code)?)));
    match row {
        // Its own fault: nobody knows whether it was sent.
        Some((5, _)) => Outcome::Unknown { failure: verdict::lost(words) },
        Some((code, row)) => verdict::outcome(row, verdict::failure(row, code, words), wait(words)),
        None => verdict::unlisted(reply, code, words, false),
    }
}

/// `Throughput Rate Exceeded - please wait [ 250 ] and retry`: milliseconds.
fn wait(words: &str) -> Option<Duration> {
    let inside = words.split_once('[')?.1.split_once(']')?.0;
    Some(Duration::from_millis(inside.trim().parse::<u64>().ok()?.min(60_000)))
}
