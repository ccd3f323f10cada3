//! Parts → requests to Vonage, and its answers.

use super::{AUTH, SETTINGS};
use crate::adapter::{Call, Cx, Outcome, Reply};
use crate::settings::{base, read};
use crate::verdict;
use crate::whatsapp::meta_messages;
use chaski_model::message::{Media, MediaKind};
use chaski_model::provider_codes::{self, Family};
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let from = digits(read(cx, SETTINGS, "from")?);
    let to = match (cx.phone(), cx.bsuid()) {
        (Some(phone), _) => phone.digits().to_owned(),
        (None, Some(bsuid)) => bsuid.to_owned(),
        (None, None) => return Err(meta_messages::no_address()),
    };
    let (kind, key, object) = message(part)?;
    let mut body = json!({"channel": "whatsapp", "to": to, "from": from, "message_type": kind});
    body[key] = object;
    if !cx.reference.is_empty() {
        body["client_ref"] = Value::from(cx.reference);
    }
    if !cx.hook_url.is_empty() {
        body["webhook_url"] = Value::from(cx.hook_url);
        body["webhook_version"] = Value::from("v1");
    }
    Ok(Call::json(format!("{}/v1/messages", base(cx, SETTINGS)?), AUTH, &body))
}

/// The digits of a number in any writing.
pub(crate) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The message type, and the key and value that go with it.
fn message(part: &PartBody) -> Result<(&'static str, &'static str, Value), Failure> {
    let custom =
        |kind: &'static str, object: Value| ("custom", "custom", json!({"type": kind, kind: object}));
    Ok(match part {
        PartBody::Text { text } => ("text", "text", Value::from(text.as_str())),
        PartBody::Media(sent) => media(sent)?,
        PartBody::Buttons { text, buttons } => {
            custom("interactive", meta_messages::reply_buttons(text, buttons))
        }
        PartBody::List { text, label, rows } => custom("interactive", meta_messages::list(text, label, rows)),
        PartBody::Native { .. } | PartBody::Email(_) => return Err(meta_messages::not_native()),
        PartBody::Template(template) => {
            let language = json!({"policy": "deterministic", "code": template.language});
            custom("template", meta_messages::template(template, language))
        }
    })
}

fn media(media: &Media) -> Result<(&'static str, &'static str, Value), Failure> {
    let Some(link) = media.link.as_deref() else {
        return Err(Failure::new(ErrorCode::MediaLinkInvalid, "The media has no link: give one."));
    };
    let mut object = json!({"url": link});
    let kind = media.kind.word();
    let has_caption = matches!(media.kind, MediaKind::Image | MediaKind::Video | MediaKind::File);
    if let Some(caption) = media.caption.as_deref().filter(|text| has_caption && !text.is_empty()) {
        object["caption"] = Value::from(caption);
    }
    // Without a name Vonage would make the caption the file's name.
    if let Some(filename) = media.filename.as_deref().filter(|_| media.kind == MediaKind::File) {
        object["name"] = Value::from(filename);
    }
    Ok((kind, kind, object))
}

/// A 202 names the message; a refusal is a problem document (RFC 7807).
pub(crate) fn outcome(reply: &Reply) -> Outcome {
    let body = reply.json();
    if reply.is_success() {
        let id =
            body.as_ref().and_then(|body| body.get("message_uuid")?.as_str()).filter(|id| !id.is_empty());
        return match id {
            Some(id) => Outcome::Sent { ids: vec![id.to_owned()], learned: Vec::new() },
            None => Outcome::Unknown { failure: verdict::lost("The answer names no message.") },
        };
    }
    match body.filter(|body| body.get("title").is_some() || body.get("type").is_some()) {
        Some(problem) => refused(reply, &problem),
        None => verdict::bare(reply),
    }
}

fn refused(reply: &Reply, problem: &Value) -> Outcome {
    let words = words(problem);
    let is_expired = text(problem, "type").contains("jwt-expired");
    let code = code_of_answer(reply.status, problem);
    let Some(row) = provider_codes::find(Family::Vonage, code) else {
        return verdict::unlisted(reply, Some(code), &words, false);
    };
    let failure = verdict::failure(row, code, &words);
    if is_expired {
        // Each call has a new token: a second refusal is then about the key.
        return Outcome::Retry { failure, after: None, most: Some(2), learned: Vec::new() };
    }
    verdict::outcome(row, failure, reply.retry_after)
}

/// A 422 is told by its title: the numbers of its `type` belong to another list.
fn code_of_answer(status: u16, problem: &Value) -> i64 {
    let title = text(problem, "title");
    if let Ok(code) = title.trim().parse() {
        return code;
    }
    if status == 422 {
        return match title.trim().to_lowercase().as_str() {
            "unsupported channel" => 1400,
            "invalid channel parameters" => 1410,
            "invalid sender" => 1420,
            "invalid recipient" => 1430,
            "invalid message type" => 1440,
            "invalid params" => 1020,
            "invalid client_ref" => 1450,
            _ => 422,
        };
    }
    anchor(problem)
        .filter(|code| provider_codes::find(Family::Vonage, *code).is_some())
        .unwrap_or(i64::from(status))
}

/// The failure that an error object in a status webhook stands for.
pub(super) fn failure_of(error: &Value) -> Failure {
    let words = words(error);
    let title = error.get("title");
    let code = title
        .and_then(|title| title.as_i64().or_else(|| title.as_str()?.trim().parse().ok()))
        .or_else(|| anchor(error));
    match code.and_then(|code| Some((code, provider_codes::find(Family::Vonage, code)?))) {
        Some((code, row)) => verdict::failure(row, code, &words),
        None => {
            let message = "It could not be delivered. Vonage's own words say why.";
            let mut failure = verdict::with_words(Failure::new(ErrorCode::ProviderRefused, message), &words);
            failure.provider_code = code;
            failure
        }
    }
}

/// The number after the `#` of a problem's type.
fn anchor(problem: &Value) -> Option<i64> {
    text(problem, "type").rsplit_once('#')?.1.parse().ok()
}

fn text<'a>(problem: &'a Value, key: &str) -> &'a str {
    problem.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Title, detail and the parameters at fault.
fn words(problem: &Value) -> String {
    let mut parts: Vec<String> = [text(problem, "title"), text(problem, "detail")].map(str::to_owned).into();
    for fault in problem.get("invalid_parameters").and_then(Value::as_array).into_iter().flatten() {
        parts.push(format!("{} {}", text(fault, "name"), text(fault, "reason")).trim().to_owned());
    }
    verdict::joined(&parts)
}
