//! Contents → parts. Long texts are split, at a line or a word where there is one.

use super::custom;
use crate::refused::{linked, not_blank, not_carried, too_long};
use crate::replies::{Limits, buttons};
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::{Media, MediaKind};
use chaski_model::{Content, Failure, PartBody};

/// The longest text, in UTF-16 units, which is how Telegram counts.
const TEXT: usize = 4096;
/// The longest caption.
const CAPTION: usize = 1024;
/// The most buttons of a message.
const BUTTONS: usize = 100;
const REPLIES: Limits = Limits {
    provider: "Telegram",
    question: (TEXT, TextUnit::Utf16),
    // A button shows as a typed text.
    label: (TEXT, TextUnit::Utf16),
    labels: BUTTONS,
};

/// What goes out for a content.
pub(super) fn split(content: &Content) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            Ok(pieces(text, TEXT, TextUnit::Utf16).into_iter().map(|text| PartBody::Text { text }).collect())
        }
        Content::Attachment(media) => Ok(vec![PartBody::Media(attachment(media)?)]),
        Content::QuickReply { title, replies } => Ok(vec![buttons(title, replies, &REPLIES)?]),
        Content::CustomPayload { payload } => Ok(vec![custom::part(payload)?]),
        Content::WhatsappTemplate(_)
        | Content::Email(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => Err(not_carried(content, "Telegram")),
    }
}

fn attachment(media: &Media) -> Result<Media, Failure> {
    let link = linked(media)?;
    if let Some(caption) = &media.caption {
        too_long(caption, CAPTION, TextUnit::Utf16, "/message/attachment/caption", "caption", "Telegram")?;
    }
    let mut media = media.clone();
    media.voice |= media.kind == MediaKind::Audio && is_voice_note(link);
    Ok(media)
}

/// Telegram plays OGG files as voice notes and no others; as music it takes MP3 and M4A alone.
fn is_voice_note(link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".ogg", ".oga", ".opus"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::ErrorCode;

    fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorCode, String) {
        let failure = result.unwrap_err();
        (failure.code, failure.pointer.unwrap_or_default())
    }

    fn text(text: &str) -> Result<Vec<PartBody>, Failure> {
        split(&Content::Text { text: text.to_owned(), message_tag: None })
    }

    fn asked(title: &str, replies: &[&str]) -> Result<Vec<PartBody>, Failure> {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        split(&Content::QuickReply { title: title.to_owned(), replies })
    }

    #[test]
    fn a_text_of_4096_units_is_one_message_and_one_more_makes_two() {
        assert_eq!(text(&"ñ".repeat(4096)).unwrap().len(), 1);
        assert_eq!(text(&"ñ".repeat(4097)).unwrap().len(), 2);
        // An emoji counts twice.
        assert_eq!(text(&"😀".repeat(2048)).unwrap().len(), 1);
        assert_eq!(text(&"😀".repeat(2049)).unwrap().len(), 2);
        assert_eq!(refused(text(" \n")), (ErrorCode::ValidationFailed, "/message/text".into()));
    }

    #[test]
    fn labels_are_refused_rather_than_cut() {
        let many: Vec<String> = (0..=BUTTONS).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(asked("q", &many[1..]).is_ok());
        assert_eq!(refused(asked("q", &many)), (ErrorCode::ValidationFailed, "/message/replies/100".into()));
        assert_eq!(refused(asked("q", &[])), (ErrorCode::ValidationFailed, "/message/replies".into()));
        let twice = asked("q", &["a", "a "]);
        assert_eq!(refused(twice), (ErrorCode::ValidationFailed, "/message/replies/1".into()));
        assert_eq!(refused(asked("", &["a"])), (ErrorCode::ValidationFailed, "/message/title".into()));
        let long = "a".repeat(4097);
        assert_eq!(refused(asked(&long, &["a"])), (ErrorCode::TextTooLong, "/message/title".into()));
    }

    #[test]
    fn an_attachment_wants_a_link_and_a_short_caption() {
        let send = |media| split(&Content::Attachment(media));
        let media = Media::link(MediaKind::Image, "x.png");
        assert_eq!(refused(send(media)), (ErrorCode::MediaLinkInvalid, "/message/attachment/url".into()));
        let mut media = Media::link(MediaKind::Image, "https://x.ec/a.png");
        media.caption = Some("ñ".repeat(1025));
        assert_eq!(refused(send(media)), (ErrorCode::TextTooLong, "/message/attachment/caption".into()));
    }
}
