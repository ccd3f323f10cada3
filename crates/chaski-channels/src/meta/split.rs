//! Contents → parts. Long texts are split by the kind's own count; text under a file is a message of its own.

use super::Kind;
use crate::refused::{at, not_blank};
use crate::template::value::is_media_link;
use crate::text::pieces;
use chaski_model::message::{Choice, Media};
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
    if media.link.as_deref().is_none_or(|link| !is_media_link(link)) {
        let message = "The attachment's `url` is not a valid http or https address: give a public link that opens in a browser.";
        return Err(at(ErrorCode::MediaLinkInvalid, message, "/message/attachment/url"));
    }
    let mut media = media.clone();
    let caption = media.caption.take().unwrap_or_default();
    let words = texts(kind, &caption).into_iter().map(|text| PartBody::Text { text });
    Ok(std::iter::once(PartBody::Media(media)).chain(words).collect())
}

fn quick_reply(kind: &Kind, title: &str, replies: &[String]) -> Result<PartBody, Failure> {
    not_blank(title, "/message/title", "question")?;
    let (limit, unit) = (kind.capabilities.text_limit, kind.capabilities.text_unit);
    let length = unit.length(title);
    if length > limit {
        let message = format!(
            "The question has {length} {}, but {} takes {limit}: shorten it.",
            unit.word(),
            kind.title
        );
        return Err(at(ErrorCode::TextTooLong, message, "/message/title"));
    }
    check(kind, replies)?;
    let choice = |(index, reply): (usize, &String)| Choice {
        id: format!("qr:{index}"),
        title: reply.trim().to_owned(),
    };
    let buttons = replies.iter().enumerate().map(choice).collect();
    Ok(PartBody::Buttons { text: title.to_owned(), buttons })
}

fn check(kind: &Kind, replies: &[String]) -> Result<(), Failure> {
    let invalid = |message: String, pointer: String| Err(at(ErrorCode::ValidationFailed, message, pointer));
    let (most, longest) = REPLIES;
    if replies.is_empty() {
        return invalid("There are no replies to tap: give at least one.".into(), "/message/replies".into());
    }
    if replies.len() > most {
        let message =
            format!("There are {} replies, but {} takes {most}: leave some out.", replies.len(), kind.title);
        return invalid(message, format!("/message/replies/{most}"));
    }
    for (index, reply) in replies.iter().enumerate() {
        let pointer = format!("/message/replies/{index}");
        not_blank(reply, &pointer, "reply's label")?;
        let length = reply.trim().chars().count();
        if length > longest {
            let message = format!(
                "Reply {} has {length} characters, but {} takes {longest}: shorten it.",
                index + 1,
                kind.title
            );
            return Err(at(ErrorCode::TextTooLong, message, pointer));
        }
        if replies[..index].iter().any(|earlier| earlier.trim() == reply.trim()) {
            let message = format!("Reply {} has the label of an earlier one: give each its own.", index + 1);
            return invalid(message, pointer);
        }
    }
    Ok(())
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
