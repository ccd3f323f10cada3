//! An `email` message of the send call. Some programs write `message` instead of `text`, and one address
//! instead of a list.

use super::parse::{MEDIA_KINDS, Reading, TEXT_MAX, is_http, name_of};
use crate::body::{Fields, name};
use chaski_model::message::{Content, Mail, Media, MediaKind};
use chaski_model::{ErrorCode, MessageId};
use serde_json::Value;

pub(super) fn email(message: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    let attachments = attachments(message, reading);
    let key =
        if message.get("text").is_none() && message.get("message").is_some() { "message" } else { "text" };
    let text = if attachments.is_empty() {
        message.required_text(key, "the text to send", &mut reading.faults)
    } else {
        message.text(key, &mut reading.faults).unwrap_or_default()
    };
    if text.chars().count() > TEXT_MAX {
        reading.fault(format!("/message/{key}"), format!("`{key}` may have at most {TEXT_MAX} characters."));
    }
    let subject = message.short_text("subject", 500, &mut reading.faults);
    let answered = message.integer("replyToMessageId", &mut reading.faults);
    Some(Content::Email(Mail {
        subject: subject.filter(|subject| !subject.is_empty()),
        text: text.to_owned(),
        cc: addresses(message, "cc", reading),
        bcc: addresses(message, "bcc", reading),
        reply_to_message: answered.filter(|id| *id != 0).map(MessageId),
        attachments,
        ..Mail::default()
    }))
}

fn addresses(message: &Fields<'_>, key: &str, reading: &mut Reading) -> Vec<String> {
    let listed = match message.get(key) {
        None => return Vec::new(),
        Some(Value::String(text)) => {
            return text
                .split([',', ';'])
                .map(str::trim)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
                .collect();
        }
        Some(Value::Array(listed)) => listed,
        Some(other) => {
            reading.fault(
                format!("/message/{key}"),
                format!("`{key}` must be an array of e-mail addresses, not {}.", name(other)),
            );
            return Vec::new();
        }
    };
    let mut found = Vec::with_capacity(listed.len());
    for (at, address) in listed.iter().enumerate() {
        match address.as_str() {
            Some(address) => found.push(address.trim().to_owned()),
            None => reading.fault(format!("/message/{key}/{at}"), "It must be an e-mail address."),
        }
    }
    found
}

fn attachments(message: &Fields<'_>, reading: &mut Reading) -> Vec<Media> {
    let listed = message.array("attachments", &mut reading.faults).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::with_capacity(listed.len());
    for (at, file) in listed.iter().enumerate() {
        let place = format!("/message/attachments/{at}");
        let file = Fields::new(file, place.clone());
        let kind = file.word("type", &MEDIA_KINDS, &mut reading.faults).unwrap_or(MediaKind::File);
        let url = file.required_text("url", "the public link of the file", &mut reading.faults);
        if !url.is_empty() && !is_http(url) {
            reading.refuse(
                ErrorCode::MediaLinkInvalid,
                format!("{place}/url"),
                "`url` must be a valid http or https address that opens in a browser.",
            );
        }
        let mut media = Media::link(kind, url);
        media.filename = file.short_text("fileName", 240, &mut reading.faults).or_else(|| name_of(url));
        found.push(media);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::parse::send_body;
    use chaski_model::message::Content;
    use serde_json::json;

    #[test]
    fn a_mail_is_read_in_both_writings() {
        for message in [
            json!({"type": "email", "text": "Hola", "subject": "S", "cc": ["a@b.ec"], "bcc": [], "attachments": [{"type": "file", "url": "https://x.ec/y.pdf", "fileName": "z.pdf"}]}),
            json!({"type": "email", "message": "Hola", "subject": "S", "cc": "a@b.ec", "attachments": [{"url": "https://x.ec/y.pdf", "fileName": "z.pdf"}]}),
        ] {
            let Content::Email(mail) = send_body(&json!({"message": message})).unwrap().content else {
                panic!("a mail")
            };
            assert_eq!(
                (mail.subject.as_deref(), &*mail.text, &*mail.cc),
                (Some("S"), "Hola", &["a@b.ec".to_owned()][..])
            );
            assert_eq!(mail.attachments[0].filename.as_deref(), Some("z.pdf"));
        }
    }

    #[test]
    fn every_fault_of_a_mail_has_its_place() {
        let message = json!({"type": "email", "cc": 5, "bcc": [1], "attachments": [{"url": "x"}]});
        let refused = send_body(&json!({"message": message})).unwrap_err();
        let places: Vec<&str> = refused.faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/message/attachments/0/url", "/message/cc", "/message/bcc/0"]);
    }
}
