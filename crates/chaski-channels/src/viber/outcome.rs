//! Answers of Viber → outcomes. Nearly all come under HTTP 200; their `status` decides.

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::provider_codes::{self, Family};
use chaski_model::{ErrorCode, Failure};
use serde_json::Value;

/// What an answer to a send means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let Some(body) = reply.json() else { return verdict::bare(reply) };
    match body.get("status").and_then(Value::as_i64) {
        Some(0) => sent(&body),
        Some(status) => refused(reply, &body, status),
        None => verdict::bare(reply),
    }
}

/// A token as text: it is larger than most programs' numbers, and some answers quote it.
pub(super) fn token(body: &Value) -> Option<String> {
    match body.get("message_token")? {
        Value::String(token) if !token.is_empty() => Some(token.clone()),
        Value::Number(token) if !token.is_f64() => Some(token.to_string()),
        _ => None,
    }
}

fn sent(body: &Value) -> Outcome {
    match token(body) {
        Some(token) => Outcome::Sent { ids: vec![token], learned: Vec::new() },
        None => Outcome::Unknown { failure: verdict::lost("The answer names no message.") },
    }
}

fn refused(reply: &Reply, body: &Value, status: i64) -> Outcome {
    let words = body.get("status_message").and_then(Value::as_str).unwrap_or_default();
    match provider_codes::find(Family::Viber, status) {
        Some(row) => verdict::outcome(row, verdict::failure(row, status, words), reply.retry_after),
        // A number of tomorrow: once more, then it counts.
        None => {
            let message =
                "Viber refused the message with a code that is not documented. Its own words say why.";
            let failure = Failure::new(ErrorCode::ProviderRefused, message).provider(status);
            Outcome::Retry {
                failure: verdict::with_words(failure, words),
                after: reply.retry_after,
                most: Some(2),
                learned: Vec::new(),
            }
        }
    }
}
