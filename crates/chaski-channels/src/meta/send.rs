//! Parts → bodies of the Send API. <https://developers.facebook.com/docs/messenger-platform/reference/send-api>

use super::word_of;
use crate::adapter::{Cx, Setting, Settings};
use crate::settings::{base, read};
use chaski_model::capabilities::PASS_TAGS;
use chaski_model::message::{Choice, Media};
use chaski_model::{AddressKind, ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

/// Whether the settings can be meant.
pub(super) fn accepts(settings: &Settings) -> Result<(), Failure> {
    match settings.get(PASS_TAGS).map(String::as_str) {
        None | Some("" | "yes" | "no") => Ok(()),
        Some(other) => {
            let message = format!("`{PASS_TAGS}` is `{other}`, but it must be `yes` or `no`.");
            let mut failure = Failure::new(ErrorCode::ValidationFailed, message);
            failure.pointer = Some(format!("/set/{PASS_TAGS}"));
            Err(failure)
        }
    }
}

/// The address of an edge of whatever id is set first.
pub(super) fn address(
    cx: &Cx<'_>,
    settings: &'static [Setting],
    ids: &[&str],
    edge: &str,
) -> Result<String, Failure> {
    let set = ids.iter().find_map(|key| cx.setting(key));
    let id = match set {
        Some(id) => id,
        None => read(cx, settings, ids[ids.len() - 1])?,
    };
    Ok(format!("{}/{id}/{edge}", root(cx, settings)?))
}

/// Where the API begins, with its version.
pub(super) fn root(cx: &Cx<'_>, settings: &'static [Setting]) -> Result<String, Failure> {
    Ok(format!("{}/{}", base(cx, settings)?, read(cx, settings, "version")?))
}

/// The body for a part. The recipient is put last, so that nothing in a raw body can name somebody else.
pub(super) fn body(cx: &Cx<'_>, part: &PartBody, title: &str) -> Result<Value, Failure> {
    let mut body = match part {
        PartBody::Text { text } => json!({"message": {"text": text}}),
        PartBody::Media(sent) => json!({"message": {"attachment": attachment(sent)?}}),
        PartBody::Buttons { text, buttons } | PartBody::List { text, rows: buttons, .. } => {
            json!({"message": {"text": text, "quick_replies": quick_replies(buttons)}})
        }
        PartBody::Native { body, .. } => body.clone(),
        PartBody::Template(_) | PartBody::Email(_) => {
            let message = format!("{title} has no WhatsApp templates and no mails: send a text.");
            return Err(Failure::new(ErrorCode::ChannelCannotCarry, message));
        }
    };
    body["recipient"] = json!({"id": recipient(cx, title)?});
    Ok(body)
}

fn recipient<'a>(cx: &Cx<'a>, title: &str) -> Result<&'a str, Failure> {
    let native = cx.to.iter().find(|address| address.kind == AddressKind::Native);
    native.map(|address| address.value.as_str()).ok_or_else(|| {
        let message = format!("The contact has no {title} id here: it must write first.");
        Failure::new(ErrorCode::NoAddress, message)
    })
}

fn attachment(media: &Media) -> Result<Value, Failure> {
    let Some(link) = &media.link else {
        return Err(Failure::new(ErrorCode::MediaLinkInvalid, "The media has no link: give one."));
    };
    Ok(json!({"type": word_of(media.kind), "payload": {"url": link}}))
}

fn quick_replies(buttons: &[Choice]) -> Vec<Value> {
    let reply =
        |button: &Choice| json!({"content_type": "text", "title": button.title, "payload": button.id});
    buttons.iter().map(reply).collect()
}
