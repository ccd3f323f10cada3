//! Contents → parts.

use super::custom;
use super::send::{is_video, keyboard};
use crate::refused::{at, linked_within, not_blank, not_carried};
use crate::replies::{Limits, buttons};
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::{Media, MediaKind};
use chaski_model::template::Note;
use chaski_model::{Content, ErrorCode, Failure, PartBody};
use serde_json::json;

/// The longest text, and the longest one under a picture.
const TEXT: usize = 7000;
const CAPTION: usize = 512;
/// The longest link.
const LINK: usize = 2000;

/// Two labels in each of twelve rows; a label is what comes back when it is tapped.
const REPLIES: Limits = Limits {
    provider: "Viber",
    question: (TEXT, TextUnit::Characters),
    label: (250, TextUnit::Characters),
    labels: 24,
};

/// What goes out for a content.
pub(super) fn split(content: &Content) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            Ok(texts(text))
        }
        Content::Attachment(media) => attachment(media),
        Content::QuickReply { title, replies } => Ok(vec![question(title, replies)?]),
        Content::CustomPayload { payload } => Ok(vec![custom::part(payload)?]),
        Content::WhatsappTemplate(_)
        | Content::Email(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => Err(not_carried(content, "Viber")),
    }
}

/// Everything that is sent at once is bounded too, which many long labels reach.
fn question(title: &str, replies: &[String]) -> Result<PartBody, Failure> {
    let part = buttons(title, replies, &REPLIES)?;
    if let PartBody::Buttons { text, buttons } = &part
        && json!([text, keyboard(buttons)]).to_string().len() > custom::BYTES
    {
        let message =
            "The question and its replies are larger than the 30 KB that Viber takes: shorten the labels.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/replies"));
    }
    Ok(part)
}

fn texts(text: &str) -> Vec<PartBody> {
    pieces(text, TEXT, TextUnit::Characters).into_iter().map(|text| PartBody::Text { text }).collect()
}

/// Only pictures have captions; what is under another file, or is longer, follows it as a text.
fn attachment(media: &Media) -> Result<Vec<PartBody>, Failure> {
    linked_within(media, LINK, "Viber")?;
    let is_caption = |text: &String| media.kind == MediaKind::Image && text.chars().count() <= CAPTION;
    let (caption, text) = match &media.caption {
        Some(caption) if is_caption(caption) => (Some(caption.clone()), Vec::new()),
        Some(caption) => (None, texts(caption)),
        None => (None, Vec::new()),
    };
    let file = PartBody::Media(Media { caption, ..media.clone() });
    Ok(std::iter::once(file).chain(text).collect())
}

/// What is done silently.
pub(super) fn notes(content: &Content) -> Vec<Note> {
    match content {
        Content::CustomPayload { payload } => custom::notes(payload),
        Content::Attachment(media) if media.kind == MediaKind::Audio => {
            vec![Note::new("sent_as_file", "Viber has no message for sound: it was sent as a file.")]
        }
        Content::Attachment(media) if media.kind == MediaKind::Video && !is_video(media) => {
            let message = "Viber takes videos whose link ends in .mp4: it was sent as a file.";
            vec![Note::new("sent_as_file", message)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorCode, String) {
        let failure = result.unwrap_err();
        (failure.code, failure.pointer.unwrap_or_default())
    }

    fn asked(replies: &[&str]) -> Result<Vec<PartBody>, Failure> {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        split(&Content::QuickReply { title: "q".to_owned(), replies })
    }

    #[test]
    fn a_text_of_7000_characters_is_one_message_and_one_more_makes_two() {
        let parts = |text: String| split(&Content::Text { text, message_tag: None }).map(|parts| parts.len());
        assert_eq!(parts("😀".repeat(7000)), Ok(1), "an emoji counts once");
        assert_eq!(parts("😀".repeat(7001)), Ok(2));
        assert_eq!(refused(parts("\n".into())), (ErrorCode::ValidationFailed, "/message/text".into()));
    }

    #[test]
    fn labels_are_refused_rather_than_cut() {
        let labels: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert!(asked(&labels[1..]).is_ok());
        assert_eq!(refused(asked(&labels)), (ErrorCode::ValidationFailed, "/message/replies/24".into()));
        let long = asked(&[&"a".repeat(251)]);
        assert_eq!(refused(long), (ErrorCode::TextTooLong, "/message/replies/0".into()));
    }

    #[test]
    fn many_long_labels_are_refused_together() {
        let labels: Vec<String> = (0..24).map(|n| format!("{n:02}{}", "я".repeat(248))).collect();
        let asked =
            |title: &str| split(&Content::QuickReply { title: title.to_owned(), replies: labels.clone() });
        let long = "я".repeat(7000);
        assert_eq!(refused(asked(&long)), (ErrorCode::ValidationFailed, "/message/replies".into()));
        assert!(asked("q").is_ok());
    }

    #[test]
    fn a_long_caption_follows_as_a_text() {
        let parts = |kind, caption: &str| {
            let media = Media { caption: Some(caption.into()), ..Media::link(kind, "https://x.ec/a.png") };
            split(&Content::Attachment(media)).unwrap().len()
        };
        assert_eq!(parts(MediaKind::Image, &"a".repeat(512)), 1);
        assert_eq!(parts(MediaKind::Image, &"a".repeat(513)), 2);
        assert_eq!(parts(MediaKind::File, "a"), 2);
        let bad = Media::link(MediaKind::Image, "a.png");
        assert_eq!(
            refused(split(&Content::Attachment(bad))),
            (ErrorCode::MediaLinkInvalid, "/message/attachment/url".into())
        );
    }

    #[test]
    fn what_goes_as_a_file_is_said() {
        let noted = |kind, link| notes(&Content::Attachment(Media::link(kind, link))).len();
        assert_eq!(noted(MediaKind::Audio, "https://x.ec/a.mp3"), 1);
        assert_eq!(noted(MediaKind::Video, "https://x.ec/a.mov"), 1);
        assert_eq!(noted(MediaKind::Video, "https://x.ec/a.MP4?x=1"), 0);
    }
}
