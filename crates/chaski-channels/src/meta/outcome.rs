//! Answers of the Send API → outcomes.
//!
//! `error_subcode` decides where it is known, else `code`; the HTTP status is a poor guide: throttling is a
//! 400. <https://developers.facebook.com/docs/messenger-platform/error-codes>

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::ErrorCode;
use chaski_model::provider_codes::{self, Action, Family, ProviderCode};
use serde_json::Value;

/// Meta reports an error, and the message may have gone out all the same.
const SENT_ALL_THE_SAME: (i64, i64) = (1, 1_357_046);
/// Where the window is closed, or with the code 200 the contact cannot be reached.
const CANNOT_BE_WRITTEN_TO: (i64, i64) = (200, 1_545_041);
/// The most tries while Meta says that a fault passes.
const TRANSIENT_TRIES: u32 = 10;
/// The contact cannot be reached, whatever the subcode.
const UNAVAILABLE: i64 = 551;

/// What an answer to a send means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let Some(body) = reply.json() else { return verdict::bare(reply) };
    let error = body.get("error").filter(|error| error.get("code").is_some());
    match error {
        Some(error) => refused(reply, error),
        None if reply.is_success() => sent(&body),
        None => verdict::bare(reply),
    }
}

fn sent(body: &Value) -> Outcome {
    match body.get("message_id").and_then(Value::as_str).filter(|id| !id.is_empty()) {
        Some(id) => Outcome::Sent { ids: vec![id.to_owned()], learned: Vec::new() },
        None => Outcome::Unknown { failure: verdict::lost("The answer names no message.") },
    }
}

fn refused(reply: &Reply, error: &Value) -> Outcome {
    let (code, subcode) = numbers(error);
    let words = words(error);
    if (code, subcode) == SENT_ALL_THE_SAME {
        return Outcome::Unknown { failure: verdict::lost(&words).provider(subcode) };
    }
    let is_transient = error.get("is_transient").and_then(Value::as_bool).unwrap_or(false);
    match row(code, subcode) {
        // That the contact cannot be reached does not pass by trying again.
        Some(row) if is_transient && row.action == Action::Fail && row.code != UNAVAILABLE => {
            transient(reply, row.code, &words)
        }
        Some(row) => verdict::outcome(row, verdict::failure(row, row.code, &words), reply.retry_after),
        None if is_transient => transient(reply, code, &words),
        None => verdict::unlisted(reply, Some(code), &words, false),
    }
}

/// The row of a pair of numbers.
fn row(code: i64, subcode: i64) -> Option<&'static ProviderCode> {
    let find = |number| provider_codes::find(Family::Messaging, number);
    if code == UNAVAILABLE || (code, subcode) == CANNOT_BE_WRITTEN_TO {
        return find(UNAVAILABLE);
    }
    find(subcode).filter(|_| subcode > 0).or_else(|| find(code))
}

/// Meta says that the fault passes.
fn transient(reply: &Reply, code: i64, words: &str) -> Outcome {
    let message = "Meta has a fault that passes. Chaski retries by itself.";
    let failure = chaski_model::Failure::new(ErrorCode::ProviderUnavailable, message).provider(code);
    let failure = verdict::with_words(failure, words);
    Outcome::Retry { failure, after: reply.retry_after, most: Some(TRANSIENT_TRIES), learned: Vec::new() }
}

/// `code` and `error_subcode`; 0 where there is none.
pub(super) fn numbers(error: &Value) -> (i64, i64) {
    let number = |key: &str| {
        let value = error.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    };
    (number("code").unwrap_or(0), number("error_subcode").unwrap_or(0))
}

fn words(error: &Value) -> String {
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    verdict::joined(&[text("message"), text("error_user_msg")])
}
