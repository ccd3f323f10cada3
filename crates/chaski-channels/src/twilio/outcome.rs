//! Twilio's answers → outcomes.

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::Failure;
use chaski_model::provider_codes::{self, Family};
use serde_json::Value;

/// What an answer to a send means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let Some(body) = reply.json() else { return verdict::bare(reply) };
    if reply.is_success() {
        return match body.get("sid").and_then(Value::as_str) {
            Some(sid) => Outcome::Sent { ids: vec![sid.to_owned()], learned: Vec::new() },
            None => Outcome::Unknown { failure: verdict::lost("The answer names no message.") },
        };
    }
    let words = body.get("message").and_then(Value::as_str).unwrap_or_default();
    match body.get("code").and_then(Value::as_i64) {
        // Nothing is idempotent: a server that broke off may have sent.
        Some(code) if reply.status >= 500 || matches!(code, 20_500 | 20_503) => {
            Outcome::Unknown { failure: verdict::lost(words) }
        }
        Some(code) => match provider_codes::find(Family::Twilio, code) {
            Some(row) => verdict::outcome(row, verdict::failure(row, code, words), reply.retry_after),
            None => verdict::unlisted(reply, Some(code), words, false),
        },
        None => verdict::bare(reply),
    }
}

/// Why a message failed after it was taken.
pub(super) fn failure(code: Option<i64>, words: &str) -> Failure {
    match code.and_then(|code| Some((code, provider_codes::find(Family::Twilio, code)?))) {
        Some((code, row)) => verdict::failure(row, code, words),
        None => {
            let message = "Twilio could not deliver the message. Its own words say why, where it gave any.";
            let failure = Failure::new(chaski_model::ErrorCode::ProviderRefused, message);
            let mut failure = verdict::with_words(failure, words);
            failure.provider_code = code;
            failure
        }
    }
}
