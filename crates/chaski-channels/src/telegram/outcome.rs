//! Answers of the Bot API → outcomes.
//!
//! `error_code` and words of `description` decide; descriptions are no stable interface, so what is not
//! known by its words is judged by its code alone.

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::provider_codes::{self, Family};
use chaski_model::{Address, ErrorCode, Failure};
use serde_json::Value;
use std::time::Duration;

/// The longest wish to wait that is believed.
const LONGEST: u64 = 3600;

/// What an answer to a send means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let Some(body) = reply.json() else { return verdict::bare(reply) };
    match (body.get("ok").and_then(Value::as_bool), body.get("error_code").and_then(Value::as_i64)) {
        (Some(true), _) => sent(&body),
        (Some(false), Some(code)) => refused(reply, &body, code),
        _ if reply.is_success() => {
            Outcome::Unknown { failure: verdict::lost("The answer names no message.") }
        }
        _ => verdict::bare(reply),
    }
}

/// The name of a message: its number is unique only within its chat.
pub(super) fn message_name(message: &Value) -> Option<String> {
    let id = message.get("message_id")?.as_i64()?;
    let chat = message.pointer("/chat/id")?.as_i64()?;
    Some(format!("{chat}:{id}"))
}

/// One message, or the several of an album.
fn sent(body: &Value) -> Outcome {
    let result = body.get("result").unwrap_or(&Value::Null);
    let all = result.as_array().map_or(std::slice::from_ref(result), Vec::as_slice);
    let ids: Vec<String> = all.iter().filter_map(message_name).collect();
    if ids.is_empty() {
        return Outcome::Unknown { failure: verdict::lost("The answer names no message.") };
    }
    Outcome::Sent { ids, learned: Vec::new() }
}

fn refused(reply: &Reply, body: &Value, code: i64) -> Outcome {
    let words = body.get("description").and_then(Value::as_str).unwrap_or_default();
    let parameter = |key: &str| body.get("parameters").and_then(|all| all.get(key)).and_then(Value::as_i64);
    if let Some(chat) = parameter("migrate_to_chat_id") {
        return moved(chat, code, words);
    }
    let seconds = parameter("retry_after").and_then(|seconds| u64::try_from(seconds).ok());
    let after = seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST))).or(reply.retry_after);
    match provider_codes::find_by_words(Family::Telegram, code, words) {
        Some(row) => verdict::outcome(row, verdict::failure(row, code, words), after),
        None => verdict::unlisted(reply, Some(code), words, false),
    }
}

/// The group has another id now: the same message goes there, once.
fn moved(chat: i64, code: i64, words: &str) -> Outcome {
    let message = "The group has a new id at Telegram. Chaski has learned it and sends the message there.";
    let failure = Failure::new(ErrorCode::RecipientUnreachable, message).provider(code);
    Outcome::Retry {
        failure: verdict::with_words(failure, words),
        after: Some(Duration::ZERO),
        most: Some(2),
        learned: vec![Address::native(&chat.to_string())],
    }
}
