//! Contents → parts. Documents have no message of their own: they go as a text with the link.

use super::custom;
use crate::refused::{linked_within, not_blank, not_carried};
use crate::replies::{Limits, buttons};
use crate::template::value::filename_of;
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::{Media, MediaKind};
use chaski_model::template::Note;
use chaski_model::{Content, Failure, PartBody};

/// The longest text.
const TEXT: usize = 5000;
/// The longest link.
const LINK: usize = 2000;

const REPLIES: Limits =
    Limits { provider: "LINE", question: (TEXT, TextUnit::Utf16), label: (20, TextUnit::Utf16), labels: 13 };

/// What goes out for a content.
pub(super) fn split(content: &Content) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            Ok(texts(text))
        }
        Content::Attachment(media) => attachment(media),
        Content::QuickReply { title, replies } => Ok(vec![buttons(title, replies, &REPLIES)?]),
        Content::CustomPayload { payload } => Ok(vec![custom::part(payload)?]),
        Content::WhatsappTemplate(_)
        | Content::Email(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => Err(not_carried(content, "LINE")),
    }
}

fn texts(text: &str) -> Vec<PartBody> {
    pieces(text, TEXT, TextUnit::Utf16).into_iter().map(|text| PartBody::Text { text }).collect()
}

/// What is under a file follows it as a text: LINE's files have no captions.
fn attachment(media: &Media) -> Result<Vec<PartBody>, Failure> {
    let link = linked_within(media, LINK, "LINE")?;
    let file = match media.kind {
        MediaKind::File => {
            let name = media.filename.clone().unwrap_or_else(|| filename_of(link));
            PartBody::Text { text: format!("{name}\n{link}") }
        }
        MediaKind::Image | MediaKind::Video | MediaKind::Audio | MediaKind::Sticker => {
            PartBody::Media(Media { caption: None, ..media.clone() })
        }
    };
    let caption = media.caption.as_deref().map(texts).unwrap_or_default();
    Ok(std::iter::once(file).chain(caption).collect())
}

/// What is done silently.
pub(super) fn notes(content: &Content) -> Vec<Note> {
    match content {
        Content::CustomPayload { payload } => custom::notes(payload),
        Content::Attachment(media) if media.kind == MediaKind::File => {
            vec![Note::new(
                "file_as_link",
                "LINE has no message for documents: it was sent as a text with the link.",
            )]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::ErrorCode;

    fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorCode, String) {
        let failure = result.unwrap_err();
        (failure.code, failure.pointer.unwrap_or_default())
    }

    fn asked(title: &str, replies: &[&str]) -> Result<Vec<PartBody>, Failure> {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        split(&Content::QuickReply { title: title.to_owned(), replies })
    }

    #[test]
    fn a_text_of_5000_units_is_one_message_and_one_more_makes_two() {
        let parts = |text: String| split(&Content::Text { text, message_tag: None }).map(|parts| parts.len());
        assert_eq!(parts("ñ".repeat(5000)), Ok(1));
        assert_eq!(parts("ñ".repeat(5001)), Ok(2));
        assert_eq!(parts("😀".repeat(2500)), Ok(1), "an emoji counts twice");
        assert_eq!(parts("😀".repeat(2501)), Ok(2));
        assert_eq!(refused(parts(" ".into())), (ErrorCode::ValidationFailed, "/message/text".into()));
    }

    #[test]
    fn labels_are_refused_rather_than_cut() {
        let labels: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        assert!(asked("q", &labels[1..]).is_ok());
        assert_eq!(refused(asked("q", &labels)), (ErrorCode::ValidationFailed, "/message/replies/13".into()));
        assert!(asked("q", &[&"a".repeat(20)]).is_ok());
        let long = asked("q", &["x", &"a".repeat(21)]);
        assert!(long.as_ref().unwrap_err().message.contains("20"));
        assert_eq!(refused(long), (ErrorCode::TextTooLong, "/message/replies/1".into()));
    }

    #[test]
    fn a_document_is_a_text_with_its_link_and_a_caption_follows() {
        let mut media = Media::link(MediaKind::File, "https://x.ec/a/Factura%201.pdf");
        media.caption = Some("Gracias".into());
        let parts = split(&Content::Attachment(media.clone())).unwrap();
        let text = |text: &str| PartBody::Text { text: text.into() };
        assert_eq!(parts, [text("Factura 1.pdf\nhttps://x.ec/a/Factura%201.pdf"), text("Gracias")]);
        assert_eq!(notes(&Content::Attachment(media)).len(), 1);
        let bad = Media::link(MediaKind::Image, "x.png");
        assert_eq!(
            refused(split(&Content::Attachment(bad))),
            (ErrorCode::MediaLinkInvalid, "/message/attachment/url".into())
        );
    }
}
