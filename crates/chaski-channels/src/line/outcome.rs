//! Answers of the Messaging API → outcomes.
//!
//! An answer that was lost, or that a server between us made up, is not guessed at here: the engine asks for
//! it again with the same retry key.

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::provider_codes::{self, Family};
use serde_json::Value;

/// The most of the places of faults that is told.
const FAULTS: usize = 5;

/// What an answer to a push means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let body = reply.json().filter(Value::is_object);
    if reply.status == 409 {
        // The retry key is known: an earlier try of the same push was taken.
        return Outcome::Sent { ids: body.as_ref().map(ids).unwrap_or_default(), learned: Vec::new() };
    }
    let Some(body) = body else { return verdict::bare(reply) };
    let code = i64::from(reply.status);
    match reply.status {
        200..=299 => sent(&body),
        _ if body.get("message").and_then(Value::as_str).is_none() => verdict::bare(reply),
        status => {
            let words = words(&body);
            match provider_codes::find_by_words(Family::Line, code, &words) {
                Some(row) => verdict::outcome(row, verdict::failure(row, code, &words), reply.retry_after),
                None if status >= 500 => {
                    let row = provider_codes::find(Family::Line, 500).expect("LINE's table has 500");
                    verdict::outcome(row, verdict::failure(row, code, &words), reply.retry_after)
                }
                None => verdict::unlisted(reply, Some(code), &words, false),
            }
        }
    }
}

fn sent(body: &Value) -> Outcome {
    let ids = ids(body);
    if ids.is_empty() {
        return Outcome::Unknown { failure: verdict::lost("The answer names no message.") };
    }
    Outcome::Sent { ids, learned: Vec::new() }
}

fn ids(body: &Value) -> Vec<String> {
    let sent = body.get("sentMessages").and_then(Value::as_array).into_iter().flatten();
    sent.filter_map(|message| message.get("id")?.as_str().map(str::to_owned)).collect()
}

/// What LINE says, with the places of the faults.
fn words(body: &Value) -> String {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let details = body.get("details").and_then(Value::as_array).into_iter().flatten().take(FAULTS);
    let faults = details.map(|fault| {
        let (property, message) = (text(fault, "property"), text(fault, "message"));
        if property.is_empty() { message } else { format!("{property}: {message}") }
    });
    let parts = [text(body, "message"), faults.collect::<Vec<_>>().join("; ")];
    verdict::joined(&parts)
}
