//! Parts → pushes.

use super::{AUTH, SETTINGS};
use crate::adapter::{Call, Cx, FileFacts, Wanted};
use crate::settings::base;
use crate::signature::sha256_hex;
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::{AddressKind, ErrorCode, Failure, PartBody};
use serde_json::{Value, json};
use std::time::Duration;

/// The most bytes of a picture, of its preview, and of sound.
const PICTURE: u64 = 10_000_000;
const PREVIEW: u64 = 1_000_000;
const SOUND: u64 = 200_000_000;
/// What is said of sound whose length cannot be told.
const SOME_TIME: Duration = Duration::from_secs(60);

/// A picture's size tells whether it can be its own preview, and sound is announced with its length.
pub(super) fn wants(part: &PartBody) -> Vec<Wanted> {
    let PartBody::Media(Media { kind, link: Some(link), .. }) = part else { return Vec::new() };
    let most = match kind {
        MediaKind::Image | MediaKind::Sticker => PICTURE,
        MediaKind::Audio => SOUND,
        MediaKind::Video | MediaKind::File => return Vec::new(),
    };
    vec![Wanted { link: link.clone(), most, bytes: false }]
}

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let mut body = match part {
        PartBody::Text { text } => one(json!({"type": "text", "text": text})),
        PartBody::Media(sent) => one(media(cx, sent)?),
        PartBody::Buttons { text, buttons } | PartBody::List { text, rows: buttons, .. } => {
            one(json!({"type": "text", "text": text, "quickReply": {"items": items(buttons)}}))
        }
        PartBody::Native { body, .. } => body.clone(),
        PartBody::Template(_) | PartBody::Email(_) => {
            let message = "LINE has no templates of WhatsApp and no mails: send a text.";
            return Err(Failure::new(ErrorCode::ChannelCannotCarry, message));
        }
    };
    let to = recipient(cx)?;
    body["to"] = Value::from(to);
    let mut call = Call::json(format!("{}/v2/bot/message/push", base(cx, SETTINGS)?), AUTH, &body);
    call.headers.push(("x-line-retry-key", retry_key(cx.reference, to)));
    Ok(call)
}

fn one(message: Value) -> Value {
    json!({"messages": [message]})
}

fn recipient<'a>(cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let native = cx.to.iter().find(|address| address.kind == AddressKind::Native);
    native.map(|address| address.value.as_str()).ok_or_else(|| {
        let message = "The contact has no id of this LINE account: it must write to the account first.";
        Failure::new(ErrorCode::NoAddress, message)
    })
}

/// The same UUID for every try of a part, from the first one on: LINE takes a repeated push once.
fn retry_key(reference: &str, to: &str) -> String {
    let hash = sha256_hex(format!("chaski line {reference} {to}").as_bytes());
    // Version 8: made in a way of one's own.
    format!("{}-{}-8{}-a{}-{}", &hash[..8], &hash[8..12], &hash[13..16], &hash[17..20], &hash[20..32])
}

fn media(cx: &Cx<'_>, media: &Media) -> Result<Value, Failure> {
    let link = media.link.as_deref().and_then(|link| url::Url::parse(link).ok()).ok_or_else(|| {
        Failure::new(ErrorCode::MediaLinkInvalid, "The media has no link: give one that is public.")
    })?;
    let (link, file) = (link.as_str(), cx.files.first());
    Ok(match media.kind {
        MediaKind::Image | MediaKind::Sticker => {
            is_shown(file)?;
            json!({"type": "image", "originalContentUrl": link, "previewImageUrl": preview(cx, file, link)})
        }
        MediaKind::Video => {
            json!({"type": "video", "originalContentUrl": link, "previewImageUrl": preview(cx, None, link)})
        }
        MediaKind::Audio => {
            let length = file.and_then(|file| file.duration).unwrap_or(SOME_TIME);
            json!({"type": "audio", "originalContentUrl": link, "duration": u64::try_from(length.as_millis()).unwrap_or(0)})
        }
        MediaKind::File => json!({"type": "text", "text": link}),
    })
}

/// LINE takes any picture's link and shows the contact nothing for other types than these.
fn is_shown(file: Option<&FileFacts>) -> Result<(), Failure> {
    match file.map(|file| file.mime.as_str()) {
        None | Some("image/jpeg" | "image/png") => Ok(()),
        Some(other) => {
            let message =
                format!("LINE shows pictures of the types JPEG and PNG, but the link leads to {other}.");
            Err(Failure::new(ErrorCode::MediaUnreachable, message))
        }
    }
}

/// A small picture stands for itself; else what is set, or a plain picture that this server has.
fn preview(cx: &Cx<'_>, file: Option<&FileFacts>, link: &str) -> String {
    if file.is_some_and(|file| file.size <= PREVIEW) {
        return link.to_owned();
    }
    let own = || {
        let (server, _) = cx.hook_url.rsplit_once("/hooks/").unwrap_or_default();
        format!("{server}/media/preview.png")
    };
    cx.setting("preview_url").map_or_else(own, str::to_owned)
}

/// A tap writes the label as a text.
fn items(buttons: &[Choice]) -> Vec<Value> {
    let item = |button: &Choice| {
        let action = json!({"type": "message", "label": button.title, "text": button.title});
        json!({"type": "action", "action": action})
    };
    buttons.iter().map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_key_is_a_uuid_of_the_part_and_its_recipient() {
        let key = retry_key("m1.1.1", "U1");
        assert_eq!(key, retry_key("m1.1.1", "U1"));
        assert_ne!(key, retry_key("m1.1.2", "U1"));
        assert_ne!(key, retry_key("m1.1.1", "U2"));
        let lengths: Vec<usize> = key.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{key}");
        assert!(key.chars().all(|sign| sign == '-' || sign.is_ascii_hexdigit()));
        assert_eq!((&key[14..15], &key[19..20]), ("8", "a"));
    }
}
