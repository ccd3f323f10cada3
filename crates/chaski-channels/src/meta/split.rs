//! Contents → parts. Long texts are split by the kind's own count; text under a file is a message of its own.

use super::Kind;
use crate::refused::{at, linked, not_blank};
use crate::replies::{Limits, buttons};
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::Media;
use chaski_model::{Content, ErrorCode, Failure, PartBody};
use serde_json::json;

/// The most quick replies, and the longest label of one. Instagram would cut a longer one in silence.
const REPLIES: (usize, usize) = (13, 20);

/// What goes out for a content. A text that still has a tag goes under it.
pub(super) fn split(kind: &Kind, content: &Content) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, message_tag } => {
            not_blank(text, "/message/text", "text")?;
            let part = |text: String| match message_tag {
                None => PartBody::Text { text },
                Some(tag) => tagged(&text, tag),
            };
            Ok(texts(kind, text).into_iter().map(part).collect())
        }
        Content::Attachment(media) => attachment(kind, media),
        Content::QuickReply { title, replies } => Ok(vec![quick_reply(kind, title, replies)?]),
        Content::CustomPayload { .. }
        | Content::WhatsappTemplate(_)
        | Content::Email(_)
        | Content::Location { .. }
        | Content::Contacts { .. }
        | Content::Reply { .. }
        | Content::Reaction { .. }
        | Content::Order { .. }
        | Content::Unsupported { .. } => {
            let message = format!(
                "{} channels do not send the type `{}`: use {}.",
                kind.title,
                content.word(),
                kind.words
            );
            Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"))
        }
    }
}

fn texts(kind: &Kind, text: &str) -> Vec<String> {
    pieces(text, kind.capabilities.text_limit, kind.capabilities.text_unit)
}

fn tagged(text: &str, tag: &str) -> PartBody {
    let body = json!({"messaging_type": "MESSAGE_TAG", "tag": tag, "message": {"text": text}});
    PartBody::Native { method: "messages".to_owned(), body }
}

fn attachment(kind: &Kind, media: &Media) -> Result<Vec<PartBody>, Failure> {
    linked(media)?;
    let mut media = media.clone();
    let caption = media.caption.take().unwrap_or_default();
    let words = texts(kind, &caption).into_iter().map(|text| PartBody::Text { text });
    Ok(std::iter::once(PartBody::Media(media)).chain(words).collect())
}

fn quick_reply(kind: &Kind, title: &str, replies: &[String]) -> Result<PartBody, Failure> {
    let (most, unit) = (kind.capabilities.text_limit, kind.capabilities.text_unit);
    let (labels, label) = REPLIES;
    let (question, label) = ((most, unit), (label, TextUnit::Characters));
    buttons(title, replies, &Limits { provider: kind.title, question, label, labels })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Adapter;
    use crate::meta::{instagram::Instagram, messenger::Messenger};
    use chaski_model::message::MediaKind;

    fn text(adapter: &dyn Adapter, text: &str) -> Result<Vec<PartBody>, Failure> {
        adapter.split(&Content::Text { text: text.to_owned(), message_tag: None }, None)
    }

    fn asked(adapter: &dyn Adapter, title: &str, replies: &[&str]) -> (ErrorCode, String) {
        let replies = replies.iter().map(|reply| (*reply).to_owned()).collect();
        let failure =
            adapter.split(&Content::QuickReply { title: title.to_owned(), replies }, None).unwrap_err();
        (failure.code, failure.pointer.unwrap_or_default())
    }

    #[test]
    fn messenger_counts_characters_and_instagram_bytes() {
        assert_eq!(text(&Messenger, &"😀".repeat(2000)).unwrap().len(), 1);
        assert_eq!(text(&Messenger, &"😀".repeat(2001)).unwrap().len(), 2);
        assert_eq!(text(&Instagram, &"ñ".repeat(500)).unwrap().len(), 1);
        assert_eq!(text(&Instagram, &"ñ".repeat(501)).unwrap().len(), 2);
        assert_eq!(text(&Messenger, " ").unwrap_err().code, ErrorCode::ValidationFailed);
    }

    #[test]
    fn labels_are_refused_rather_than_cut() {
        let many: Vec<String> = (0..14).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for adapter in [&Messenger as &dyn Adapter, &Instagram] {
            let of = |title: &str, replies: &[&str]| asked(adapter, title, replies);
            assert_eq!(of("q", &many), (ErrorCode::ValidationFailed, "/message/replies/13".into()));
            let long = "a".repeat(21);
            assert_eq!(of("q", &["a", &long]), (ErrorCode::TextTooLong, "/message/replies/1".into()));
            assert_eq!(of("q", &["a", "a "]), (ErrorCode::ValidationFailed, "/message/replies/1".into()));
            assert_eq!(of("q", &[]), (ErrorCode::ValidationFailed, "/message/replies".into()));
            assert_eq!(of(&"a".repeat(2001), &["a"]), (ErrorCode::TextTooLong, "/message/title".into()));
        }
    }

    #[test]
    fn words_under_a_file_are_a_message_of_their_own() {
        let mut media = Media::link(MediaKind::Image, "https://x.ec/a.png");
        media.caption = Some("hola".into());
        let parts = Messenger.split(&Content::Attachment(media), None).unwrap();
        assert!(matches!(&parts[..], [PartBody::Media(_), PartBody::Text { text }] if text == "hola"));
        let media = Media::link(MediaKind::Image, "x.png");
        let failure = Instagram.split(&Content::Attachment(media), None).unwrap_err();
        assert_eq!(failure.code, ErrorCode::MediaLinkInvalid);
        let payload = Content::CustomPayload { payload: json!({}) };
        assert_eq!(Instagram.split(&payload, None).unwrap_err().code, ErrorCode::ChannelCannotCarry);
    }
}
