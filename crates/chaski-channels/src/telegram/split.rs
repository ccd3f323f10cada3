//! Contents → parts. Long texts are split, at a line or a word where there is one.

use super::custom;
use crate::refused::{at, not_blank};
use crate::template::value::is_media_link;
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::{Content, ErrorCode, Failure, PartBody};

/// The longest text, in UTF-16 units, which is how Telegram counts.
const TEXT: usize = 4096;
/// The longest caption.
const CAPTION: usize = 1024;
/// The most buttons of a message.
const BUTTONS: usize = 100;

/// What goes out for a content.
pub(super) fn split(content: &Content) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            Ok(pieces(text, TEXT, TextUnit::Utf16).into_iter().map(|text| PartBody::Text { text }).collect())
        }
        Content::Attachment(media) => Ok(vec![PartBody::Media(attachment(media)?)]),
        Content::QuickReply { title, replies } => Ok(vec![quick_reply(title, replies)?]),
        Content::CustomPayload { payload } => Ok(vec![custom::part(payload)?]),
        Content::WhatsappTemplate(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => {
            let message = format!(
                "Telegram channels do not send the type `{}`: use text, attachment, quick_reply or custom_payload.",
                content.word()
            );
            Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"))
        }
    }
}

fn too_long(text: &str, limit: usize, pointer: &str, what: &str) -> Result<(), Failure> {
    let length = TextUnit::Utf16.length(text);
    if length > limit {
        let message = format!("The {what} has {length} characters, but Telegram takes {limit}: shorten it.");
        return Err(at(ErrorCode::TextTooLong, message, pointer));
    }
    Ok(())
}

fn attachment(media: &Media) -> Result<Media, Failure> {
    let link = media.link.as_deref().filter(|link| is_media_link(link));
    if link.is_none() {
        let message = "The attachment's `url` is not a valid http or https address: give a public link that opens in a browser.";
        return Err(at(ErrorCode::MediaLinkInvalid, message, "/message/attachment/url"));
    }
    if let Some(caption) = &media.caption {
        too_long(caption, CAPTION, "/message/attachment/caption", "caption")?;
    }
    let mut media = media.clone();
    media.voice |= media.kind == MediaKind::Audio && link.is_some_and(is_voice_note);
    Ok(media)
}

/// Telegram plays OGG files as voice notes and no others; as music it takes MP3 and M4A alone.
fn is_voice_note(link: &str) -> bool {
    let path = link.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".ogg", ".oga", ".opus"].iter().any(|end| path.ends_with(end))
}

fn quick_reply(title: &str, replies: &[String]) -> Result<PartBody, Failure> {
    not_blank(title, "/message/title", "question")?;
    too_long(title, TEXT, "/message/title", "question")?;
    if replies.is_empty() {
        let message = "There are no replies to tap: give at least one.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/replies"));
    }
    if replies.len() > BUTTONS {
        let message =
            format!("There are {} replies, but Telegram takes {BUTTONS}: leave some out.", replies.len());
        return Err(at(ErrorCode::ValidationFailed, message, format!("/message/replies/{BUTTONS}")));
    }
    for (index, reply) in replies.iter().enumerate() {
        let pointer = format!("/message/replies/{index}");
        not_blank(reply, &pointer, "reply's label")?;
        if replies[..index].iter().any(|earlier| earlier.trim() == reply.trim()) {
            let message = format!("Reply {} has the label of an earlier one: give each its own.", index + 1);
            return Err(at(ErrorCode::ValidationFailed, message, pointer));
        }
    }
    let choice = |(index, reply): (usize, &String)| Choice {
        id: format!("qr:{index}"),
        title: reply.trim().to_owned(),
    };
    let buttons = replies.iter().enumerate().map(choice).collect();
    Ok(PartBody::Buttons { text: title.to_owned(), buttons })
}

#[cfg(test)]
mod tests {
    use super::*;

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
