//! Parts → requests to Twilio's Messages, and the Content that buttons need first.

use super::{AUTH, outcome, sms, whatsapp as kind};
use crate::adapter::{Call, Cx, Outcome, Reply, Setting};
use crate::refused::at;
use crate::settings::{base, read};
use chaski_model::message::{Choice, Media};
use chaski_model::template::MetaTemplate;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The longest that Twilio keeps a message in its queue, in seconds.
const LONGEST: u32 = 36_000;

type Fields = Vec<(&'static str, String)>;

/// A message on WhatsApp.
pub(super) fn whatsapp(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let to = cx.phone().map(|phone| phone.as_str().to_owned());
    let to = to.or_else(|| cx.bsuid().map(str::to_owned)).ok_or_else(no_address)?;
    let mut fields = vec![("To", format!("whatsapp:{to}"))];
    fields.push(sender(cx, "whatsapp:"));
    match part {
        PartBody::Text { text } => fields.push(("Body", text.clone())),
        PartBody::Media(media) => fields.extend(file(media)),
        PartBody::Buttons { .. } | PartBody::List { .. } => {
            fields.push(("ContentSid", cx.prepared.unwrap_or("HX…").to_owned()));
        }
        PartBody::Template(template) => fields.extend(content(template)?),
        PartBody::Native { .. } | PartBody::Email(_) => return Err(cannot_carry()),
    }
    post(cx, kind::SETTINGS, fields)
}

/// A text message, with pictures as MMS.
pub(super) fn sms(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let to = cx.phone().ok_or_else(no_address)?;
    let mut fields = vec![("To", to.as_str().to_owned()), sender(cx, "")];
    match part {
        PartBody::Text { text } => fields.push(("Body", text.clone())),
        PartBody::Media(media) => fields.extend(file(media)),
        _ => return Err(cannot_carry()),
    }
    let period = validity(Some(read(cx, sms::SETTINGS, "validity_period")?))?;
    fields.push(("ValidityPeriod", period.to_string()));
    post(cx, sms::SETTINGS, fields)
}

/// How long Twilio may keep a message in its queue.
pub(super) fn validity(setting: Option<&str>) -> Result<u32, Failure> {
    let text = setting.filter(|text| !text.is_empty()).unwrap_or("14400");
    let period = text.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
    period.ok_or_else(|| {
        let message = format!("`validity_period` is `{text}`, but it must be seconds from 1 to {LONGEST}.");
        at(ErrorCode::ValidationFailed, message, "/set/validity_period")
    })
}

fn no_address() -> Failure {
    Failure::new(ErrorCode::NoAddress, "The contact has no phone number; add one.")
}

fn cannot_carry() -> Failure {
    Failure::new(ErrorCode::ChannelCannotCarry, "This channel cannot carry such a message: send a text.")
}

/// The number, or the service that picks one.
fn sender(cx: &Cx<'_>, prefix: &str) -> (&'static str, String) {
    match cx.setting("messaging_service_sid") {
        Some(service) => ("MessagingServiceSid", service.to_owned()),
        None => ("From", format!("{prefix}{}", cx.setting("from").unwrap_or_default())),
    }
}

fn file(media: &Media) -> Fields {
    let caption = media.caption.clone().filter(|caption| !caption.is_empty()).map(|text| ("Body", text));
    caption.into_iter().chain([("MediaUrl", media.link.clone().unwrap_or_default())]).collect()
}

/// A template by its ContentSid. A name that is one needs no catalogue; its values are those of the body.
fn content(template: &MetaTemplate) -> Result<Fields, Failure> {
    if let Some(content) = &template.content {
        return Ok(content_fields(&content.sid, &content.variables));
    }
    if !is_content_sid(&template.name) {
        let message = format!(
            "The template `{}` has no ContentSid, because the channel's templates were never synced: sync them with `chaski template sync`.",
            template.name
        );
        return Err(Failure::new(ErrorCode::TemplateUnavailable, message));
    }
    let body = template.components.iter().find(|component| component["type"] == "body");
    let values = body.and_then(|body| body["parameters"].as_array()).into_iter().flatten();
    let texts = values.filter_map(|value| value["text"].as_str());
    let numbered = texts.enumerate().map(|(index, text)| ((index + 1).to_string(), text.to_owned()));
    Ok(content_fields(&template.name, &numbered.collect()))
}

fn content_fields(sid: &str, variables: &BTreeMap<String, String>) -> Fields {
    let mut fields = vec![("ContentSid", sid.to_owned())];
    if !variables.is_empty() {
        // A JSON text within a form's field; the order of names is the order of numbers.
        let mut sorted: Vec<_> = variables.iter().collect();
        sorted.sort_by_key(|(name, _)| (name.parse::<u32>().unwrap_or(u32::MAX), name.as_str()));
        let object: serde_json::Map<_, _> =
            sorted.into_iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        fields.push(("ContentVariables", Value::Object(object).to_string()));
    }
    fields
}

/// Whether a template's name is a ContentSid.
pub fn is_content_sid(name: &str) -> bool {
    name.strip_prefix("HX")
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn post(cx: &Cx<'_>, settings: &'static [Setting], mut fields: Fields) -> Result<Call, Failure> {
    if !cx.hook_url.is_empty() {
        fields.push(("StatusCallback", format!("{}?ref={}", cx.hook_url, cx.reference)));
    }
    let account = read(cx, settings, "account_sid")?;
    let url = format!("{}/2010-04-01/Accounts/{account}/Messages.json", base(cx, settings)?);
    Ok(Call::form(url, AUTH, &fields))
}

/// The Content of a set of buttons or a list: inside the window it needs no approval.
pub(super) fn buttons(cx: &Cx<'_>, part: &PartBody) -> Result<Option<Call>, Failure> {
    let types = match part {
        PartBody::Buttons { text, buttons } => {
            json!({"twilio/quick-reply": {"body": text, "actions": list(buttons, "title", Some("QUICK_REPLY"))}})
        }
        PartBody::List { text, label, rows } => {
            json!({"twilio/list-picker": {"body": text, "button": label, "items": list(rows, "item", None)}})
        }
        _ => return Ok(None),
    };
    let url = format!("{}/v1/Content", read(cx, kind::SETTINGS, "content_url")?.trim_end_matches('/'));
    let body = json!({"friendly_name": "chaski_quick_reply", "language": "es", "types": types});
    Ok(Some(Call::json(url, AUTH, &body)))
}

fn list(choices: &[Choice], label: &str, kind: Option<&str>) -> Vec<Value> {
    let entry = |choice: &Choice| {
        let mut entry = json!({label: choice.title, "id": choice.id});
        if let Some(kind) = kind {
            entry["type"] = json!(kind);
        }
        entry
    };
    choices.iter().map(entry).collect()
}

/// The id of a Content that was made.
pub(super) fn made(reply: &Reply) -> Result<String, Outcome> {
    let body = reply.json().filter(|_| reply.is_success());
    let sid = body.and_then(|body| body["sid"].as_str().map(str::to_owned));
    sid.ok_or_else(|| outcome::outcome(reply))
}
