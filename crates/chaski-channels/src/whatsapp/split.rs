//! Contents → parts, alike for every WhatsApp kind. One content is one part here: WhatsApp texts are
//! refused when they are too long, not split.

use crate::refused::{at, not_blank};
use crate::template::value::{filename_of, is_media_link};
use chaski_model::message::{Choice, Media, MediaKind};
use chaski_model::template::MetaTemplate;
use chaski_model::{Content, ErrorCode, Failure, PartBody};

/// The longest text by Meta's own API.
pub(crate) const TEXT: usize = 4096;
/// The longest caption.
const CAPTION: usize = 1024;
/// The longest question above buttons.
const QUESTION: usize = 1024;
/// The most buttons, and the longest label of one.
const BUTTONS: (usize, usize) = (3, 20);
/// The most rows of a list, and the longest label of one.
const ROWS: (usize, usize) = (10, 24);
/// What opens a list: readable in both languages of the product, and within WhatsApp's 20.
const LIST_LABEL: &str = "Opciones · Options";

/// What goes out for a content; `limit` is the longest text.
pub(crate) fn split(
    content: &Content,
    template: Option<&MetaTemplate>,
    limit: usize,
) -> Result<Vec<PartBody>, Failure> {
    let part = match content {
        Content::Text { text, .. } => {
            within(text, limit, "/message/text", "text")?;
            PartBody::Text { text: text.clone() }
        }
        Content::Attachment(media) => PartBody::Media(attachment(media)?),
        Content::QuickReply { title, replies } => quick_reply(title, replies, limit)?,
        Content::WhatsappTemplate(_) => match template {
            Some(template) => PartBody::Template(template.clone()),
            None => {
                return Err(Failure::new(
                    ErrorCode::Internal,
                    "The template was not resolved before it was split.",
                ));
            }
        },
        Content::CustomPayload { .. }
        | Content::Email(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => {
            let message = format!(
                "WhatsApp channels do not send the type `{}`: use text, attachment, quick_reply or whatsapp_template.",
                content.word()
            );
            return Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"));
        }
    };
    Ok(vec![part])
}

fn within(text: &str, limit: usize, pointer: &str, what: &str) -> Result<(), Failure> {
    not_blank(text, pointer, what)?;
    too_long(text, limit, pointer, what)
}

fn too_long(text: &str, limit: usize, pointer: &str, what: &str) -> Result<(), Failure> {
    let length = text.chars().count();
    if length > limit {
        let message = format!("The {what} has {length} characters, but WhatsApp takes {limit}: shorten it.");
        return Err(at(ErrorCode::TextTooLong, message, pointer));
    }
    Ok(())
}

fn attachment(media: &Media) -> Result<Media, Failure> {
    let pointer = "/message/attachment/url";
    let Some(link) = media.link.as_deref().filter(|link| is_media_link(link)) else {
        let message = "The attachment's `url` is not a valid http or https address: give a public link that opens in a browser.";
        return Err(at(ErrorCode::MediaLinkInvalid, message, pointer));
    };
    if let Some(caption) = &media.caption {
        too_long(caption, CAPTION, "/message/attachment/caption", "caption")?;
    }
    let mut media = media.clone();
    // Without a name the contact would see `Untitled`.
    let is_nameless = media.filename.as_deref().is_none_or(|name| name.trim().is_empty());
    if media.kind == MediaKind::File && is_nameless {
        media.filename = Some(filename_of(link));
    }
    Ok(media)
}

/// Buttons where they fit, else a list. Labels are never cut: what fits neither is refused.
fn quick_reply(title: &str, replies: &[String], limit: usize) -> Result<PartBody, Failure> {
    within(title, limit, "/message/title", "question")?;
    if replies.is_empty() {
        let message = "There are no replies to tap: give at least one.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/replies"));
    }
    check_labels(replies)?;
    let choices = replies
        .iter()
        .enumerate()
        .map(|(index, reply)| Choice { id: format!("reply-{}", index + 1), title: reply.trim().to_owned() });
    let choices: Vec<Choice> = choices.collect();
    let fits = |(most, longest): (usize, usize)| {
        choices.len() <= most && choices.iter().all(|choice| choice.title.chars().count() <= longest)
    };
    if fits(BUTTONS) && title.chars().count() <= QUESTION {
        return Ok(PartBody::Buttons { text: title.to_owned(), buttons: choices });
    }
    if fits(ROWS) {
        return Ok(PartBody::List { text: title.to_owned(), label: LIST_LABEL.to_owned(), rows: choices });
    }
    Err(too_much(&choices))
}

fn check_labels(replies: &[String]) -> Result<(), Failure> {
    for (index, reply) in replies.iter().enumerate() {
        let pointer = format!("/message/replies/{index}");
        if reply.trim().is_empty() {
            let message = format!("Reply {} is empty: give it a label.", index + 1);
            return Err(at(ErrorCode::ValidationFailed, message, pointer));
        }
        if replies[..index].iter().any(|earlier| earlier.trim() == reply.trim()) {
            let message = format!("Reply {} has the label of an earlier one: give each its own.", index + 1);
            return Err(at(ErrorCode::ValidationFailed, message, pointer));
        }
    }
    Ok(())
}

fn too_much(choices: &[Choice]) -> Failure {
    if choices.len() > ROWS.0 {
        let message =
            format!("There are {} replies, but WhatsApp takes {}: leave some out.", choices.len(), ROWS.0);
        return at(ErrorCode::ValidationFailed, message, format!("/message/replies/{}", ROWS.0));
    }
    let index = choices.iter().position(|choice| choice.title.chars().count() > ROWS.1).unwrap_or(0);
    let message = format!(
        "Reply {} is longer than WhatsApp takes ({} characters with up to {} replies, {} with up to {}): shorten it.",
        index + 1,
        BUTTONS.1,
        BUTTONS.0,
        ROWS.1,
        ROWS.0
    );
    at(ErrorCode::TextTooLong, message, format!("/message/replies/{index}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Result<Vec<PartBody>, Failure> {
        split(&Content::Text { text: text.to_owned(), message_tag: None }, None, TEXT)
    }

    fn asked(title: &str, replies: &[&str]) -> Result<PartBody, Failure> {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        split(&Content::QuickReply { title: title.to_owned(), replies }, None, TEXT)
            .map(|mut parts| parts.remove(0))
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Failure>) -> (ErrorCode, String) {
        let failure = result.unwrap_err();
        (failure.code, failure.pointer.unwrap_or_default())
    }

    #[test]
    fn a_text_of_4096_characters_goes_and_one_more_does_not() {
        assert!(text(&"ñ".repeat(4096)).is_ok());
        assert_eq!(refused(text(&"ñ".repeat(4097))), (ErrorCode::TextTooLong, "/message/text".into()));
        assert_eq!(refused(text(" \n")), (ErrorCode::ValidationFailed, "/message/text".into()));
    }

    #[test]
    fn up_to_three_short_replies_are_buttons_and_more_are_a_list() {
        assert!(matches!(asked("¿Sí?", &["Si", "No", "Tal vez"]).unwrap(), PartBody::Buttons { .. }));
        assert!(matches!(asked("¿Sí?", &["1", "2", "3", "4"]).unwrap(), PartBody::List { .. }));
        assert!(matches!(asked("¿Sí?", &["Confirmaré mañana 123"]).unwrap(), PartBody::List { .. }));
        assert!(matches!(asked(&"a".repeat(1025), &["Si"]).unwrap(), PartBody::List { .. }));
        assert!(LIST_LABEL.chars().count() <= 20);
    }

    #[test]
    fn labels_are_refused_rather_than_cut() {
        let long = "a".repeat(25);
        assert_eq!(
            refused(asked("q", &["ok", &long])),
            (ErrorCode::TextTooLong, "/message/replies/1".into())
        );
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(refused(asked("q", &many)), (ErrorCode::ValidationFailed, "/message/replies/10".into()));
        assert_eq!(refused(asked("q", &[])), (ErrorCode::ValidationFailed, "/message/replies".into()));
        assert_eq!(
            refused(asked("q", &["a", "a "])),
            (ErrorCode::ValidationFailed, "/message/replies/1".into())
        );
        assert_eq!(
            refused(asked("q", &["a", ""])),
            (ErrorCode::ValidationFailed, "/message/replies/1".into())
        );
        assert_eq!(refused(asked("", &["a"])), (ErrorCode::ValidationFailed, "/message/title".into()));
    }

    #[test]
    fn an_attachment_wants_a_link_and_a_document_gets_a_name() {
        let send = |media| split(&Content::Attachment(media), None, TEXT).map(|mut parts| parts.remove(0));
        let media = Media::link(MediaKind::File, "https://x.ec/a%20b.pdf?t=1");
        let PartBody::Media(media) = send(media).unwrap() else { panic!("media") };
        assert_eq!(media.filename.as_deref(), Some("a b.pdf"));
        let media = Media::link(MediaKind::Image, "x.png");
        assert_eq!(refused(send(media)), (ErrorCode::MediaLinkInvalid, "/message/attachment/url".into()));
    }

    #[test]
    fn what_is_only_received_is_not_sent() {
        let content = Content::CustomPayload { payload: serde_json::json!({}) };
        assert_eq!(
            refused(split(&content, None, TEXT)),
            (ErrorCode::ChannelCannotCarry, "/message/type".into())
        );
    }
}
