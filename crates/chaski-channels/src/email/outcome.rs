//! What the mail server said → outcomes. The transport puts it into a JSON object of `reply` (the text with
//! the enhanced code), `messageId` and `refused` (other recipients, with their replies).

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::provider_codes::{self, Action, Family, ProviderCode};
use chaski_model::{ErrorCode, Failure};
use serde_json::Value;
use std::time::Duration;

/// Mail servers that put a new sender off want it to come back after minutes.
const PUT_OFF: Duration = Duration::from_secs(300);

pub(super) fn outcome(reply: &Reply) -> Outcome {
    let body = reply.json().unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (said, id) = (text("reply"), text("messageId"));
    if reply.is_success() {
        return Outcome::Sent { ids: vec![id], learned: Vec::new() };
    }
    let code = i64::from(reply.status);
    match row(code, &said) {
        Some(row) => {
            let after = matches!(row.action, Action::Retry { .. }).then_some(PUT_OFF);
            verdict::outcome(row, verdict::failure(row, code, &said), after)
        }
        None => Outcome::Fail { failure: unlisted(code, &said), marks: Vec::new() },
    }
}

/// A code's row: by the enhanced code and words first, then by the code itself, then by its first digit. What
/// the server says to pass (4xx) does, whatever its words are otherwise said of.
pub(super) fn row(code: i64, said: &str) -> Option<&'static ProviderCode> {
    let words = format!("{said} ");
    let by_words = [550, 552, 554].into_iter().find_map(|group| {
        provider_codes::find_by_words(Family::Smtp, group, &words).filter(|row| !row.words.is_empty())
    });
    let passes =
        |row: &&ProviderCode| !(400..500).contains(&code) || matches!(row.action, Action::Retry { .. });
    let by_words = by_words.filter(passes).filter(|_| !matches!(code, 530 | 534 | 535 | 538) && code >= 452);
    let first_digit = match code {
        400..=499 => Some(451),
        500..=599 => Some(550),
        _ => None,
    };
    let find = |code| provider_codes::find(Family::Smtp, code);
    by_words.or_else(|| find(code)).or_else(|| first_digit.and_then(find))
}

fn unlisted(code: i64, said: &str) -> Failure {
    let message = "The mail server answered something unexpected.";
    verdict::with_words(Failure::new(ErrorCode::ProviderRefused, message).provider(code), said)
}
