//! Parts → Meta's message objects. Cloud API and 360dialog take them whole, Vonage takes the
//! interactive and template objects inside `custom`.
//! <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>

use crate::adapter::Cx;
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::template::MetaTemplate;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

/// The whole body of a send.
pub(super) fn envelope(cx: &Cx<'_>, part: &PartBody) -> Result<Value, Failure> {
    let (kind, object) = message(part)?;
    let mut body = json!({"messaging_product": "whatsapp", "recipient_type": "individual"});
    // Without the plus Meta would put the country code of the sender in front.
    match (cx.phone(), cx.bsuid()) {
        (Some(phone), _) => body["to"] = Value::from(phone.as_str()),
        (None, Some(bsuid)) => body["recipient"] = Value::from(bsuid),
        (None, None) => return Err(no_address()),
    }
    body["type"] = Value::from(kind);
    body[kind] = object;
    if !cx.reference.is_empty() {
        body["biz_opaque_callback_data"] = Value::from(cx.reference);
    }
    Ok(body)
}

/// A contact that WhatsApp cannot reach.
pub(super) fn no_address() -> Failure {
    Failure::new(
        ErrorCode::NoAddress,
        "The contact has neither a phone number nor a WhatsApp user id: add one of them.",
    )
}

/// WhatsApp kinds take no raw bodies.
pub(super) fn not_native() -> Failure {
    Failure::new(ErrorCode::ChannelCannotCarry, "WhatsApp channels do not send raw bodies.")
}

/// A message's type and its object.
fn message(part: &PartBody) -> Result<(&'static str, Value), Failure> {
    Ok(match part {
        PartBody::Text { text } => ("text", json!({"body": text, "preview_url": has_link(text)})),
        PartBody::Media(sent) => media(sent)?,
        PartBody::Buttons { text, buttons } => ("interactive", reply_buttons(text, buttons)),
        PartBody::List { text, label, rows } => ("interactive", list(text, label, rows)),
        PartBody::Native { .. } | PartBody::Email(_) => return Err(not_native()),
        PartBody::Template(sent) => ("template", template(sent, json!({"code": sent.language}))),
    })
}

/// A preview is made for the first link; Meta takes the flag with any text.
fn has_link(text: &str) -> bool {
    text.contains("https://") || text.contains("http://")
}

fn media(media: &Media) -> Result<(&'static str, Value), Failure> {
    let mut object = match (&media.link, &media.provider_id) {
        (Some(link), _) => json!({"link": link}),
        (None, Some(id)) => json!({"id": id}),
        (None, None) => {
            let message = "The media has neither a link nor an id: give a link.";
            return Err(Failure::new(ErrorCode::MediaLinkInvalid, message));
        }
    };
    let kind = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::File => "document",
        MediaKind::Sticker => "sticker",
    };
    let has_caption = matches!(media.kind, MediaKind::Image | MediaKind::Video | MediaKind::File);
    if let Some(caption) = media.caption.as_deref().filter(|text| has_caption && !text.is_empty()) {
        object["caption"] = Value::from(caption);
    }
    if let Some(filename) = media.filename.as_deref().filter(|_| media.kind == MediaKind::File) {
        object["filename"] = Value::from(filename);
    }
    if media.kind == MediaKind::Audio && media.voice {
        object["voice"] = Value::from(true);
    }
    Ok((kind, object))
}

/// A question with up to three buttons.
pub(super) fn reply_buttons(text: &str, buttons: &[Choice]) -> Value {
    let buttons: Vec<Value> =
        buttons.iter().map(|b| json!({"type": "reply", "reply": {"id": b.id, "title": b.title}})).collect();
    json!({"type": "button", "body": {"text": text}, "action": {"buttons": buttons}})
}

/// A question with a list. One section needs no title.
pub(super) fn list(text: &str, label: &str, rows: &[Choice]) -> Value {
    let rows: Vec<Value> = rows.iter().map(|row| json!({"id": row.id, "title": row.title})).collect();
    json!({"type": "list", "body": {"text": text}, "action": {"button": label, "sections": [{"rows": rows}]}})
}

/// A template; a static one has no `components` at all.
pub(super) fn template(template: &MetaTemplate, language: Value) -> Value {
    let mut object = json!({"name": template.name, "language": language});
    if !template.components.is_empty() {
        object["components"] = Value::from(template.components.clone());
    }
    object
}
