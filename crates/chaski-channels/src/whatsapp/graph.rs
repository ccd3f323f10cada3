//! Answers of Meta's Graph API → outcomes. 360dialog passes the same bodies through.
//!
//! `error.code` decides; HTTP status and `error_subcode` are poor guides (code 3 is a 500, 130429 a
//! 400). <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>

use crate::adapter::{Outcome, Reply};
use crate::verdict;
use chaski_model::provider_codes::{self, Family};
use chaski_model::{Address, E164, Failure};
use serde_json::Value;

/// Meta's code for a fault of which not even Meta knows whether the message was taken.
const UNKNOWN: i64 = 1;
/// Meta could not use the media: worth one more try only if fetching it failed.
const MEDIA: i64 = 131_053;

/// What an answer to a send means.
pub(super) fn outcome(reply: &Reply) -> Outcome {
    let Some(body) = reply.json() else { return verdict::bare(reply) };
    if reply.is_success() {
        return sent(&body);
    }
    match body.get("error").filter(|error| error.get("code").is_some()) {
        Some(error) => refused(reply, error),
        None => verdict::bare(reply),
    }
}

fn sent(body: &Value) -> Outcome {
    let messages = body.get("messages").and_then(Value::as_array).into_iter().flatten();
    let ids: Vec<String> =
        messages.filter_map(|message| message.get("id")?.as_str()).map(str::to_owned).collect();
    if ids.is_empty() {
        return Outcome::Unknown { failure: verdict::lost("The answer names no message.") };
    }
    Outcome::Sent { ids, learned: learned(body) }
}

/// The number that WhatsApp knows the contact by may differ from the one that was sent to, for
/// example in Brazil and Mexico.
fn learned(body: &Value) -> Vec<Address> {
    let Some(contact) = body.pointer("/contacts/0") else { return Vec::new() };
    let phone = contact.get("wa_id").and_then(Value::as_str).and_then(E164::from_digits);
    let bsuid = contact.get("user_id").and_then(Value::as_str);
    phone.iter().map(Address::phone).chain(bsuid.map(Address::bsuid)).collect()
}

fn refused(reply: &Reply, error: &Value) -> Outcome {
    let code = number(error);
    let words = words(error);
    if code == Some(UNKNOWN) {
        return Outcome::Unknown { failure: verdict::lost(&words).provider(UNKNOWN) };
    }
    let row = code.and_then(|code| Some((code, provider_codes::find(Family::Meta, code)?)));
    let Some((code, row)) = row else {
        let is_transient = error.get("is_transient").and_then(Value::as_bool).unwrap_or(false);
        return verdict::unlisted(reply, code, &words, is_transient);
    };
    let failure = failure_of(error);
    if code == MEDIA && !words.to_lowercase().contains("download") {
        return Outcome::Fail { failure, marks: Vec::new() };
    }
    verdict::outcome(row, failure, reply.retry_after)
}

/// The failure that an error object of Meta stands for, in an answer or a webhook.
pub(super) fn failure_of(error: &Value) -> Failure {
    let words = words(error);
    let code = number(error);
    let mut failure = match code.and_then(|code| Some((code, provider_codes::find(Family::Meta, code)?))) {
        Some((code, row)) => verdict::failure(row, code, &words),
        None => {
            let message = "WhatsApp refused it. Its own words say why; correct it and send again.";
            let mut failure = Failure::new(chaski_model::ErrorCode::ProviderRefused, message);
            failure.provider_code = code;
            verdict::with_words(failure, &words)
        }
    };
    failure.component = component(error);
    failure
}

fn number(error: &Value) -> Option<i64> {
    let code = error.get("code")?;
    code.as_i64().or_else(|| code.as_str()?.parse().ok())
}

/// The title and, where it says more, the details.
fn words(error: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let title =
        [error.get("message"), error.get("title")].map(text).into_iter().find(|text| !text.is_empty());
    let title = title.unwrap_or_default();
    let details = text(error.pointer("/error_data/details"));
    if details == title { title } else { verdict::joined(&[title, details]) }
}

/// Template faults name their component in front of the details: `body: number of …`.
fn component(error: &Value) -> Option<String> {
    let details = error.pointer("/error_data/details")?.as_str()?;
    let (word, _) = details.split_once(':')?;
    ["header", "body", "footer", "buttons"].contains(&word).then(|| word.to_owned())
}
