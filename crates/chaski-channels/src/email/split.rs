//! Contents → mails. One message is one mail.

use super::names::has_break;
use crate::plain::numbered;
use crate::refused::{at, linked, not_blank, too_long};
use crate::template::value::is_media_link;
use chaski_model::address::is_email;
use chaski_model::capabilities::TextUnit;
use chaski_model::message::Mail;
use chaski_model::{Content, ErrorCode, Failure, PartBody};

/// The most addresses of a mail beside its recipient, and files.
const COPIES: usize = 50;
const FILES: usize = 20;
/// The longest subject and text.
const SUBJECT: usize = 500;
const TEXT: usize = 65_536;

pub(super) fn split(content: &Content) -> Result<Vec<PartBody>, Failure> {
    let mail = match content {
        Content::Text { text, .. } => {
            not_blank(text, "/message/text", "text")?;
            fits(text, "/message/text")?;
            Mail { text: text.clone(), ..Mail::default() }
        }
        Content::QuickReply { title, replies } => Mail { text: numbered(title, replies)?, ..Mail::default() },
        Content::Attachment(media) => {
            linked(media)?;
            let text = media.caption.clone().unwrap_or_default();
            fits(&text, "/message/attachment/caption")?;
            Mail { text, attachments: vec![media.clone()], ..Mail::default() }
        }
        Content::Email(mail) => {
            checked(mail)?;
            mail.clone()
        }
        other => {
            let message = format!(
                "E-mail channels do not send the type `{}`: use text, attachment, quick_reply or email.",
                other.word()
            );
            return Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"));
        }
    };
    Ok(vec![PartBody::Email(mail)])
}

fn fits(text: &str, pointer: &str) -> Result<(), Failure> {
    too_long(text, TEXT, TextUnit::Characters, pointer, "text", "a mail of Chaski's")
}

fn checked(mail: &Mail) -> Result<(), Failure> {
    fits(&mail.text, "/message/text")?;
    let invalid = |message: &str, place: String| Err(at(ErrorCode::ValidationFailed, message, place));
    if mail.attachments.is_empty() {
        not_blank(&mail.text, "/message/text", "text")?;
    }
    if let Some(subject) = &mail.subject {
        if has_break(subject) {
            return invalid("The subject must be one line.", "/message/subject".into());
        }
        if subject.chars().count() > SUBJECT {
            return invalid("The subject may have at most 500 characters.", "/message/subject".into());
        }
    }
    if mail.cc.len() + mail.bcc.len() > COPIES {
        return invalid("A mail takes at most 50 addresses in `cc` and `bcc`.", "/message/cc".into());
    }
    for (key, addresses) in [("cc", &mail.cc), ("bcc", &mail.bcc)] {
        for (index, address) in addresses.iter().enumerate() {
            if !is_email(address) {
                let message = "It must be an e-mail address, for example ana@ejemplo.ec.";
                return invalid(message, format!("/message/{key}/{index}"));
            }
        }
    }
    if mail.attachments.len() > FILES {
        return invalid("A mail takes at most 20 attachments.", "/message/attachments".into());
    }
    for (index, media) in mail.attachments.iter().enumerate() {
        let place = format!("/message/attachments/{index}");
        if media.link.as_deref().is_none_or(|link| !is_media_link(link)) {
            let message = "The attachment's `url` is not a valid http or https address: give a link that opens in a browser.";
            return Err(at(ErrorCode::MediaLinkInvalid, message, place + "/url"));
        }
        if media.filename.as_deref().is_some_and(has_break) {
            return invalid("The file's name must be one line.", place + "/fileName");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::message::{Media, MediaKind};

    fn refused(mail: Mail) -> Option<String> {
        split(&Content::Email(mail)).err().and_then(|failure| failure.pointer)
    }

    #[test]
    fn what_would_begin_another_header_is_refused() {
        let mail = || Mail { text: "hola".into(), ..Mail::default() };
        let subject = Mail { subject: Some("x\r\nBcc: eve@x.ec".into()), ..mail() };
        assert_eq!(refused(subject).as_deref(), Some("/message/subject"));
        let cc = Mail { cc: vec!["ana@x.ec".into(), "eve@x.ec\r\nX: 1".into()], ..mail() };
        assert_eq!(refused(cc).as_deref(), Some("/message/cc/1"));
        let mut file = Media::link(MediaKind::File, "https://x.ec/a.pdf");
        file.filename = Some("a\nb.pdf".into());
        let named = Mail { attachments: vec![file], ..mail() };
        assert_eq!(refused(named).as_deref(), Some("/message/attachments/0/fileName"));
        assert_eq!(refused(mail()), None);
    }

    #[test]
    fn replies_are_numbered_in_the_text() {
        let asked =
            Content::QuickReply { title: "¿Vienes?".into(), replies: vec!["Sí".into(), "No".into()] };
        let [PartBody::Email(mail)] = &split(&asked).unwrap()[..] else { panic!("one mail") };
        assert_eq!(mail.text, "¿Vienes?\n1. Sí\n2. No");
    }
}
