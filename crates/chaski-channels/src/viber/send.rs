//! Parts → `send_message`.

use super::{AUTH, NAME, SETTINGS};
use crate::adapter::{Call, Cx, Settings, Wanted};
use crate::settings::base;
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::{AddressKind, ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

/// The most bytes of a video and of a file.
const VIDEO: u64 = 26 << 20;
const FILE: u64 = 50 << 20;
/// The longest name of a file.
const FILE_NAME: usize = 256;
/// Labels up to this length stand two in a row, and so do more of them than there are rows.
const SHORT: usize = 16;
const ROWS: usize = 12;
/// The version of Viber from which keyboards are shown as they are meant.
const KEYBOARDS: u8 = 3;

/// Videos and files are announced with their size.
pub(super) fn wants(part: &PartBody) -> Vec<Wanted> {
    let PartBody::Media(media) = part else { return Vec::new() };
    let most = match media.kind {
        MediaKind::Image | MediaKind::Sticker => return Vec::new(),
        MediaKind::Video if is_video(media) => VIDEO,
        MediaKind::Video | MediaKind::Audio | MediaKind::File => FILE,
    };
    media.link.clone().map(|link| Wanted { link, most, bytes: false }).into_iter().collect()
}

/// Viber takes a video only by a link that ends in .mp4.
pub(super) fn is_video(media: &Media) -> bool {
    let path = media.link.as_deref().and_then(|link| link.split(['?', '#']).next()).unwrap_or_default();
    path.to_ascii_lowercase().ends_with(".mp4")
}

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let mut body = match part {
        PartBody::Text { text } => json!({"type": "text", "text": text}),
        PartBody::Media(sent) => media(cx, sent)?,
        PartBody::Buttons { text, buttons } | PartBody::List { text, rows: buttons, .. } => {
            json!({"type": "text", "text": text, "keyboard": keyboard(buttons), "min_api_version": KEYBOARDS})
        }
        PartBody::Native { body, .. } => body.clone(),
        PartBody::Template(_) | PartBody::Email(_) => {
            let message = "Viber has no templates of WhatsApp and no mails: send a text.";
            return Err(Failure::new(ErrorCode::ChannelCannotCarry, message));
        }
    };
    if body.get("sender").is_none() {
        body["sender"] = sender(cx.settings);
    }
    if body.get("min_api_version").is_none() {
        body["min_api_version"] = json!(1);
    }
    // Last, so that nothing in a raw body can name somebody else.
    body["receiver"] = Value::from(receiver(cx)?);
    Ok(Call::json(address(cx, "send_message")?, AUTH, &body))
}

/// Where a method is called.
pub(super) fn address(cx: &Cx<'_>, method: &str) -> Result<String, Failure> {
    Ok(format!("{}/pa/{method}", base(cx, SETTINGS)?))
}

/// Who a message is from: what is set, else the bot as Viber knows it.
pub(super) fn sender(settings: &Settings) -> Value {
    let given = |key: &str| settings.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let name = given("sender_name").or_else(|| given("bot_name")).unwrap_or("Chaski");
    let mut sender = json!({"name": name.chars().take(NAME).collect::<String>()});
    if let Some(avatar) = given("sender_avatar") {
        sender["avatar"] = json!(avatar);
    }
    sender
}

fn receiver<'a>(cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let native = cx.to.iter().find(|address| address.kind == AddressKind::Native);
    native.map(|address| address.value.as_str()).ok_or_else(|| {
        let message = "The contact has no id of this Viber bot: it must write to the bot first.";
        Failure::new(ErrorCode::NoAddress, message)
    })
}

fn media(cx: &Cx<'_>, media: &Media) -> Result<Value, Failure> {
    let link = media.link.as_deref().ok_or_else(|| {
        Failure::new(ErrorCode::MediaLinkInvalid, "The media has no link: give one that is public.")
    })?;
    if matches!(media.kind, MediaKind::Image | MediaKind::Sticker) {
        let caption = media.caption.as_deref().unwrap_or_default();
        return Ok(json!({"type": "picture", "text": caption, "media": link}));
    }
    let file = cx.files.first();
    let size = file.map_or(0, |file| file.size);
    if media.kind == MediaKind::Video && is_video(media) {
        let mut body = json!({"type": "video", "media": link, "size": size});
        if let Some(duration) = file.and_then(|file| file.duration) {
            body["duration"] = json!(duration.as_secs().max(1));
        }
        return Ok(body);
    }
    let given = media.filename.as_deref().filter(|name| name.contains('.'));
    let name = given.or_else(|| file.map(|file| file.name.as_str())).unwrap_or("file");
    Ok(json!({"type": "file", "media": link, "size": size, "file_name": shortened(name)}))
}

/// A name within Viber's limit that keeps its ending, by which the contact's phone opens it.
fn shortened(name: &str) -> String {
    if name.chars().count() <= FILE_NAME {
        return name.to_owned();
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "bin"));
    let ending: String = ending.chars().take(16).collect();
    let stem: String = stem.chars().take(FILE_NAME - ending.chars().count() - 1).collect();
    format!("{stem}.{ending}")
}

/// Answers under the message field; a tap writes the label as a text.
pub(super) fn keyboard(buttons: &[Choice]) -> Value {
    let is_short = buttons.iter().all(|button| button.title.chars().count() <= SHORT);
    let is_paired = is_short || buttons.len() > ROWS;
    let last_alone = buttons.len() % 2 == 1;
    let key = |(index, button): (usize, &Choice)| {
        let is_alone = !is_paired || (last_alone && index + 1 == buttons.len());
        json!({
            "Columns": if is_alone { 6 } else { 3 }, "Rows": 1, "ActionType": "reply",
            "ActionBody": button.title, "Text": button.title, "TextSize": "regular",
        })
    };
    let keys: Vec<Value> = buttons.iter().enumerate().map(key).collect();
    json!({"Type": "keyboard", "DefaultHeight": false, "Buttons": keys})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_full_and_no_more_than_viber_shows() {
        for count in 1..=24 {
            for long in [false, true] {
                let title = if long { "a".repeat(40) } else { "a".to_owned() };
                let choice = |n: usize| Choice { id: String::new(), title: format!("{title}{n}") };
                let board = keyboard(&(0..count).map(choice).collect::<Vec<_>>());
                let columns: u64 = board["Buttons"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|key| key["Columns"].as_u64().unwrap())
                    .sum();
                assert_eq!(columns % 6, 0, "{count}");
                assert!(columns / 6 <= 12, "{count}");
            }
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        assert_eq!(shortened("a.pdf"), "a.pdf");
        let long = shortened(&format!("{}.pdf", "ñ".repeat(300)));
        assert_eq!(long.chars().count(), 256);
        assert!(long.ends_with("ñ.pdf"));
    }
}
