//! Kinds without buttons: quick replies become numbered text.

use crate::refused::{at, linked, not_blank};
use crate::text::pieces;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::Media;
use chaski_model::template::Note;
use chaski_model::{Content, ErrorCode, Failure, PartBody};

/// The most replies: more than anybody would read.
const REPLIES: usize = 50;

/// What goes out for a content; `whose` names the kind in a refusal.
pub(crate) fn split(
    content: &Content,
    limit: usize,
    unit: TextUnit,
    whose: &str,
) -> Result<Vec<PartBody>, Failure> {
    match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            Ok(texts(text, limit, unit))
        }
        Content::QuickReply { title, replies } => Ok(texts(&numbered(title, replies)?, limit, unit)),
        Content::Attachment(media) => attachment(media, limit, unit),
        _ => {
            let message = format!(
                "{whose} do not send the type `{}`: use text, attachment or quick_reply.",
                content.word()
            );
            Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"))
        }
    }
}

fn texts(text: &str, limit: usize, unit: TextUnit) -> Vec<PartBody> {
    pieces(text, limit, unit).into_iter().map(|text| PartBody::Text { text }).collect()
}

/// A file with its caption; a caption that is too long follows as texts of its own.
fn attachment(media: &Media, limit: usize, unit: TextUnit) -> Result<Vec<PartBody>, Failure> {
    linked(media)?;
    let mut media = media.clone();
    let long = media.caption.take_if(|caption| unit.length(caption) > limit);
    let rest = long.map(|caption| texts(&caption, limit, unit)).unwrap_or_default();
    Ok([PartBody::Media(media)].into_iter().chain(rest).collect())
}

/// The question, and the replies each on a line with its number.
pub(crate) fn numbered(title: &str, replies: &[String]) -> Result<String, Failure> {
    not_blank(title, "/message/title", "question")?;
    if replies.is_empty() || replies.len() > REPLIES {
        let message = format!("There are {} replies; give 1 to {REPLIES}.", replies.len());
        return Err(at(ErrorCode::ValidationFailed, message, "/message/replies"));
    }
    let mut text = title.trim_end().to_owned();
    for (index, reply) in replies.iter().enumerate() {
        not_blank(reply, &format!("/message/replies/{index}"), "reply")?;
        text.push_str(&format!("\n{}. {}", index + 1, reply.trim()));
    }
    Ok(text)
}

/// What was changed, for whoever wrote it.
pub(crate) fn notes(content: &Content) -> Vec<Note> {
    let message = "This channel has no buttons: the replies were sent as numbered lines of text.";
    let is_numbered = matches!(content, Content::QuickReply { .. });
    is_numbered.then(|| Note::new("numbered_replies", message)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_numbered_lines_under_the_question() {
        let replies = ["Sí".to_owned(), " No ".to_owned()];
        assert_eq!(numbered("¿Vienes?", &replies).unwrap(), "¿Vienes?\n1. Sí\n2. No");
        let refused = |replies: &[String]| numbered("q", replies).unwrap_err().pointer.unwrap();
        assert_eq!(refused(&[]), "/message/replies");
        assert_eq!(refused(&["a".to_owned(), " ".to_owned()]), "/message/replies/1");
        assert_eq!(refused(&vec!["a".to_owned(); 51]), "/message/replies");
    }

    #[test]
    fn a_caption_that_is_too_long_follows_as_text() {
        let media = Media {
            caption: Some("uno dos tres".into()),
            ..Media::link(chaski_model::message::MediaKind::Image, "https://x.ec/a.png")
        };
        let parts = split(&Content::Attachment(media), 8, TextUnit::Characters, "x").unwrap();
        let PartBody::Media(first) = &parts[0] else { panic!("media first") };
        assert_eq!((first.caption.as_deref(), parts.len()), (None, 3));
    }
}
