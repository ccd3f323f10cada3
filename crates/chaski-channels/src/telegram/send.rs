//! Parts → requests to the Bot API.

use super::{AUTH, SETTINGS};
use crate::adapter::{Call, Cx, TOKEN_PLACE, Wanted};
use crate::multipart;
use crate::settings::{base, read};
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::{Address, AddressKind, ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

/// Labels up to this length stand two in a row.
const SHORT: usize = 16;

/// The most that Telegram takes of an upload.
const UPLOAD: u64 = 50 << 20;

/// Documents by link must be PDF, ZIP or GIF; Telegram takes any other as an upload.
pub(super) fn wants(part: &PartBody) -> Vec<Wanted> {
    let link = uploaded(part).and_then(|media| media.link.clone());
    link.map(|link| Wanted { link, most: UPLOAD, bytes: true }).into_iter().collect()
}

/// The media of a part that goes as an upload.
fn uploaded(part: &PartBody) -> Option<&Media> {
    let PartBody::Media(media) = part else { return None };
    let path = media.link.as_deref()?.split(['?', '#']).next()?.to_ascii_lowercase();
    let goes_by_link = [".pdf", ".zip", ".gif"].iter().any(|end| path.ends_with(end));
    (media.kind == MediaKind::File && !goes_by_link).then_some(media)
}

fn upload(cx: &Cx<'_>, media: &Media) -> Result<Call, Failure> {
    let mut fields = vec![("chat_id", chat(cx)?.to_string())];
    fields.extend(media.caption.clone().map(|caption| ("caption", caption)));
    let mut file = cx.files.first().cloned();
    if let (Some(file), Some(name)) = (&mut file, &media.filename) {
        file.name.clone_from(name);
    }
    let link = media.link.as_deref().unwrap_or_default();
    Ok(multipart::upload(address(cx, "sendDocument")?, AUTH, &fields, "document", file.as_ref(), link))
}

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    if let Some(media) = uploaded(part) {
        return upload(cx, media);
    }
    let (method, mut body) = match part {
        PartBody::Text { text } => ("sendMessage", json!({"text": text})),
        PartBody::Media(sent) => media(sent)?,
        PartBody::Buttons { text, buttons } | PartBody::List { text, rows: buttons, .. } => {
            let is_inline = is_inline(Some(read(cx, SETTINGS, "quick_replies")?))?;
            let markup = if is_inline { inline(buttons) } else { keyboard(buttons) };
            ("sendMessage", json!({"text": text, "reply_markup": markup}))
        }
        PartBody::Native { method, body } => (method.as_str(), body.clone()),
        PartBody::Template(_) | PartBody::Email(_) => {
            let message = "Telegram has no templates and no mails: send a text.";
            return Err(Failure::new(ErrorCode::ChannelCannotCarry, message));
        }
    };
    // Last, so that nothing in a raw body can name somebody else.
    body["chat_id"] = Value::from(chat(cx)?);
    Ok(Call::json(address(cx, method)?, AUTH, &body))
}

/// Where a method is called; the transport puts the token into its place.
pub(super) fn address(cx: &Cx<'_>, method: &str) -> Result<String, Failure> {
    Ok(format!("{}/bot{TOKEN_PLACE}/{method}", base(cx, SETTINGS)?))
}

/// Whether quick replies are buttons under the message instead of a keyboard.
pub(super) fn is_inline(setting: Option<&str>) -> Result<bool, Failure> {
    match setting {
        None | Some("" | "keyboard") => Ok(false),
        Some("inline") => Ok(true),
        Some(other) => {
            let message = format!("`quick_replies` is `{other}`, but it must be `keyboard` or `inline`.");
            let mut failure = Failure::new(ErrorCode::ValidationFailed, message);
            failure.pointer = Some("/set/quick_replies".to_owned());
            Err(failure)
        }
    }
}

/// The chat to write to. A group that became a supergroup is known by both its ids; only the new one,
/// which begins with -100, is alive.
fn chat(cx: &Cx<'_>) -> Result<i64, Failure> {
    let mut known = cx.to.iter().filter(|address| address.kind == AddressKind::Native);
    let first = known.clone().next();
    let is_supergroup = |address: &&Address| address.value.starts_with("-100");
    let is_group = first.is_some_and(|first| first.value.starts_with('-') && !is_supergroup(&first));
    let moved = if is_group { known.find(is_supergroup) } else { None };
    moved.or(first).and_then(|address| address.value.parse().ok()).ok_or_else(|| {
        let message = "The contact has no Telegram chat with this bot: it must write to the bot first.";
        Failure::new(ErrorCode::NoAddress, message)
    })
}

fn media(media: &Media) -> Result<(&'static str, Value), Failure> {
    let (method, key) = match media.kind {
        MediaKind::Image => ("sendPhoto", "photo"),
        MediaKind::Video => ("sendVideo", "video"),
        MediaKind::Audio if media.voice => ("sendVoice", "voice"),
        MediaKind::Audio => ("sendAudio", "audio"),
        MediaKind::File => ("sendDocument", "document"),
        MediaKind::Sticker => ("sendSticker", "sticker"),
    };
    let Some(file) = media.link.as_ref().or(media.provider_id.as_ref()) else {
        let message = "The media has neither a link nor an id: give a link.";
        return Err(Failure::new(ErrorCode::MediaLinkInvalid, message));
    };
    let mut body = json!({key: file});
    if let Some(caption) = media.caption.as_ref().filter(|_| media.kind != MediaKind::Sticker) {
        body["caption"] = Value::from(caption.as_str());
    }
    Ok((method, body))
}

/// Answers in the place of the contact's keyboard; a tap writes the label as a text.
fn keyboard(buttons: &[Choice]) -> Value {
    let is_short = buttons.iter().all(|button| button.title.chars().count() <= SHORT);
    let key = |button: &Choice| json!({"text": button.title});
    let rows: Vec<Vec<Value>> =
        buttons.chunks(if is_short { 2 } else { 1 }).map(|row| row.iter().map(key).collect()).collect();
    json!({"keyboard": rows, "resize_keyboard": true, "one_time_keyboard": true})
}

/// Buttons under the message; a tap comes back with its short id.
fn inline(buttons: &[Choice]) -> Value {
    let row = |button: &Choice| json!([{"text": button.title, "callback_data": button.id}]);
    json!({"inline_keyboard": buttons.iter().map(row).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Settings;
    use chaski_model::Timestamp;

    fn to(values: &[&str]) -> Result<i64, Failure> {
        let to: Vec<Address> = values.iter().map(|value| Address::native(value)).collect();
        let settings = Settings::new();
        chat(&Cx {
            settings: &settings,
            to: &to,
            reference: "",
            hook_url: "",
            files: &[],
            prepared: None,
            now: Timestamp(0),
        })
    }

    #[test]
    fn a_group_that_moved_is_written_to_where_it_is_now() {
        assert_eq!(to(&["1111111"]).unwrap(), 1_111_111);
        assert_eq!(to(&["-4001", "-1001234567890"]).unwrap(), -1_001_234_567_890);
        assert_eq!(to(&["-1001234567890", "-4001"]).unwrap(), -1_001_234_567_890);
        assert_eq!(to(&["1111111", "-1001234567890"]).unwrap(), 1_111_111);
        assert_eq!(to(&[]).unwrap_err().code, ErrorCode::NoAddress);
        assert_eq!(to(&["@name"]).unwrap_err().code, ErrorCode::NoAddress);
    }
}
