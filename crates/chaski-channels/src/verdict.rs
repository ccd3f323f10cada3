//! A provider's code → what is done: the table of [`chaski_model::provider_codes`] made into
//! outcomes, and answers that carry no code of their own.

use crate::adapter::{FailureMark, Outcome, Reply, Scope};
use chaski_model::provider_codes::{Action, Family, ProviderCode, Reach};
use chaski_model::{ErrorCode, Failure};
use std::time::Duration;

/// The most of a provider's own words that is kept.
const WORDS: usize = 500;

/// The failure that a code of the table stands for. `code` may differ from the row's in a range.
pub(crate) fn failure(row: &ProviderCode, code: i64, words: &str) -> Failure {
    with_words(Failure::new(row.error, row.sentence()).provider(code), words)
}

/// A failure with the provider's own words, bounded.
pub(crate) fn with_words(failure: Failure, words: &str) -> Failure {
    let words = words.trim();
    if words.is_empty() { failure } else { failure.words(words.chars().take(WORDS).collect::<String>()) }
}

/// The provider's title and what it says beyond it, as one text.
pub(crate) fn joined(parts: &[String]) -> String {
    let mut out = String::new();
    for part in parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push_str(if out.ends_with(['.', ':', '!']) { " " } else { ": " });
        }
        out.push_str(part);
    }
    out
}

/// The outcome that a code of the table asks for.
pub(crate) fn outcome(row: &ProviderCode, failure: Failure, after: Option<Duration>) -> Outcome {
    let after = after.or_else(|| wait(row));
    match row.action {
        Action::Retry { most } => Outcome::Retry { failure, after, most, learned: Vec::new() },
        Action::Backoff(reach) => Outcome::SlowDown { scope: scope(reach), failure, after },
        Action::Channel => Outcome::Hold { scope: Scope::Channel, failure },
        Action::Fail | Action::Template | Action::Inbound => Outcome::Fail { failure, marks: marks_of(row) },
    }
}

fn scope(reach: Reach) -> Scope {
    match reach {
        Reach::Recipient => Scope::Recipient,
        Reach::Channel => Scope::Channel,
        Reach::Account => Scope::Account,
        Reach::Template => Scope::Template,
    }
}

/// How long the documentation says to wait, where the answer itself does not say it.
fn wait(row: &ProviderCode) -> Option<Duration> {
    let minutes = match (row.family, row.code) {
        (Family::Meta, 131_057) => 1,
        (Family::Meta, 2_494_100) => 3,
        (Family::Meta, 134_101) => 10,
        (Family::Meta, 131_048 | 131_064 | 132_069) => 60,
        (Family::Vonage, 1460) => 12 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(minutes * 60))
}

/// What a row teaches. Telegram's and LINE's numbers are HTTP statuses, so that the cause tells more than
/// they do; Viber, Messenger and Instagram have several numbers for each cause.
fn marks_of(row: &ProviderCode) -> Vec<FailureMark> {
    let told_by_cause =
        matches!(row.family, Family::Telegram | Family::Viber | Family::Line | Family::Messaging);
    match row.error {
        ErrorCode::WindowClosed if told_by_cause => vec![FailureMark::WindowClosed],
        ErrorCode::RecipientRefused if told_by_cause => vec![FailureMark::OptedOut],
        ErrorCode::RecipientUnreachable if told_by_cause => vec![FailureMark::Unreachable],
        _ => marks(row.family, row.code),
    }
}

/// What a refusal teaches.
pub(crate) fn marks(family: Family, code: i64) -> Vec<FailureMark> {
    let mark = match (family, code) {
        (Family::Meta, 131_047) | (Family::Vonage, 1340) | (Family::Twilio, 63_016) => {
            FailureMark::WindowClosed
        }
        (Family::Meta, 132_000 | 132_001 | 132_012 | 132_015 | 132_016)
        | (Family::Vonage, 1022)
        | (Family::Twilio, 21_655 | 63_027 | 63_028 | 63_040..=63_042) => FailureMark::TemplateStale,
        (Family::Meta, 131_026)
        | (Family::Vonage, 1190 | 1300)
        | (Family::Twilio, 21_614 | 30_005 | 30_006 | 63_003 | 63_024) => FailureMark::Unreachable,
        (Family::Meta, 131_050)
        | (Family::Vonage, 1240)
        | (Family::VonageSms, 7)
        | (Family::Twilio, 21_610 | 63_014) => FailureMark::OptedOut,
        _ => return Vec::new(),
    };
    vec![mark]
}

/// An answer without an error body that the provider documents. Nobody knows whether a server that
/// broke off took the message; a plain refusal did not.
pub(crate) fn bare(reply: &Reply) -> Outcome {
    let words = format!("HTTP {}", reply.status);
    let failure = |code: ErrorCode, message: &str| Failure::new(code, message).words(words.clone());
    match reply.status {
        429 => Outcome::SlowDown {
            scope: Scope::Channel,
            failure: failure(
                ErrorCode::ProviderThrottled,
                "The provider limits the rate. Chaski slows down and retries by itself.",
            ),
            after: reply.retry_after,
        },
        401 | 403 => Outcome::Hold {
            scope: Scope::Channel,
            failure: failure(
                ErrorCode::CredentialsRefused,
                "The provider refused the credentials. Renew them, then resume the channel.",
            ),
        },
        300..=399 => Outcome::Hold {
            scope: Scope::Channel,
            failure: failure(
                ErrorCode::ChannelHeld,
                "The provider's address leads elsewhere. Check the channel's base_url, then resume the channel.",
            ),
        },
        400..=499 if reply.status != 408 => Outcome::Fail {
            failure: failure(
                ErrorCode::ProviderRefused,
                "The provider refused the message without saying why. Check the channel's settings.",
            ),
            marks: Vec::new(),
        },
        _ => Outcome::Unknown { failure: lost(&words) },
    }
}

/// Nobody knows whether the message was taken.
pub(crate) fn lost(words: &str) -> Failure {
    let info = ErrorCode::OutcomeUnknown.info();
    Failure::new(ErrorCode::OutcomeUnknown, format!("{}. {}", info.en.0, info.en.1)).words(words)
}

/// A code that is not in the table: judged by the HTTP status, since the body is the provider's own.
pub(crate) fn unlisted(reply: &Reply, code: Option<i64>, words: &str, is_transient: bool) -> Outcome {
    let failure = |error: ErrorCode, message: &str| {
        let mut failure = with_words(Failure::new(error, message), words);
        failure.provider_code = code;
        failure
    };
    match reply.status {
        401 => Outcome::Hold {
            scope: Scope::Channel,
            failure: failure(
                ErrorCode::CredentialsRefused,
                "The provider refused the credentials. Renew them, then resume the channel.",
            ),
        },
        500..=599 => Outcome::Retry {
            failure: failure(
                ErrorCode::ProviderUnavailable,
                "The provider has a fault. Chaski retries by itself.",
            ),
            after: reply.retry_after,
            most: Some(3),
            learned: Vec::new(),
        },
        status if status == 429 || is_transient => Outcome::SlowDown {
            scope: Scope::Channel,
            failure: failure(
                ErrorCode::ProviderThrottled,
                "The provider limits the rate. Chaski slows down and retries by itself.",
            ),
            after: reply.retry_after,
        },
        _ => Outcome::Fail {
            failure: failure(
                ErrorCode::ProviderRefused,
                "The provider refused the message. Its own words say why; correct it and send again.",
            ),
            marks: Vec::new(),
        },
    }
}

/// Why a task did not succeed, from the outcome that the same reply would have on a send.
pub(crate) fn why(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Sent { .. } => {
            Failure::new(ErrorCode::ProviderRefused, "The provider answered something unexpected.")
        }
        Outcome::Unknown { failure } => Failure {
            code: ErrorCode::ProviderUnavailable,
            message: "The provider did not answer as it should. Try again later.".to_owned(),
            ..failure
        },
        Outcome::Retry { failure, .. }
        | Outcome::SlowDown { failure, .. }
        | Outcome::Fail { failure, .. }
        | Outcome::Hold { failure, .. } => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Adapter;
    use crate::whatsapp::{cloud::Cloud, dialog360::Dialog360, vonage::Vonage};
    use chaski_model::provider_codes;

    #[test]
    fn a_failure_by_webhook_teaches_what_the_same_refusal_would() {
        let failure = |code| Failure::new(ErrorCode::ProviderRefused, "x").provider(code);
        assert_eq!(Cloud.marks(&failure(131_047)), [FailureMark::WindowClosed]);
        assert_eq!(Dialog360.marks(&failure(131_026)), [FailureMark::Unreachable]);
        assert_eq!(Vonage.marks(&failure(1022)), [FailureMark::TemplateStale]);
        assert!(Vonage.marks(&failure(131_047)).is_empty());
        assert!(Cloud.marks(&Failure::new(ErrorCode::Expired, "x")).is_empty());
    }

    #[test]
    fn every_row_of_the_table_has_the_outcome_of_its_action() {
        for row in provider_codes::all() {
            let outcome = outcome(row, failure(row, row.code, ""), None);
            let fits = match row.action {
                Action::Retry { .. } => matches!(outcome, Outcome::Retry { .. }),
                Action::Backoff(_) => matches!(outcome, Outcome::SlowDown { .. }),
                Action::Channel => matches!(outcome, Outcome::Hold { .. }),
                Action::Fail | Action::Template | Action::Inbound => matches!(outcome, Outcome::Fail { .. }),
            };
            assert!(fits, "{} {}", row.family.title(), row.code);
        }
    }

    #[test]
    fn the_providers_words_are_joined_and_bounded() {
        let words = |parts: &[&str]| joined(&parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(words(&["Title", "", "details"]), "Title: details");
        assert_eq!(words(&["A sentence.", "Another."]), "A sentence. Another.");
        let long = with_words(Failure::new(ErrorCode::Internal, "x"), &"ñ".repeat(9000));
        assert_eq!(long.provider_text.unwrap().chars().count(), WORDS);
    }
}
