//! The send call's body: JSON → what the engine is asked for, with every fault at its place.

use super::{parse_email, parse_template};
use crate::body::Fields;
use chaski_engine::plan::Lint;
use chaski_model::message::{Content, Media, MediaKind};
use chaski_model::template::Note;
use chaski_model::{ChannelId, ErrorCode, Failure, Fault};
use serde_json::Value;

/// A body that was understood.
#[derive(Debug)]
pub(crate) struct SendBody {
    pub(crate) channel: Option<ChannelId>,
    pub(crate) content: Content,
    pub(crate) notes: Vec<Note>,
    pub(crate) lint: Lint,
    /// `lint` was given: the answer has `warnings`.
    pub(crate) lint_given: bool,
    pub(crate) class: u8,
}

/// Why a body cannot be taken.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) failure: Failure,
    pub(crate) faults: Vec<Fault>,
}

/// What reading collects beside the content.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) faults: Vec<Fault>,
    pub(super) notes: Vec<Note>,
    /// The first thing that is understood but not supported, or a link that is not one.
    pub(super) refused: Option<Failure>,
}

impl Reading {
    pub(super) fn fault(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(pointer, message));
    }

    pub(super) fn refuse(&mut self, code: ErrorCode, pointer: impl Into<String>, message: impl Into<String>) {
        let (pointer, message) = (pointer.into(), message.into());
        self.faults.push(Fault::new(pointer.clone(), message.clone()));
        if self.refused.is_none() {
            let mut failure = Failure::new(code, message);
            failure.pointer = Some(pointer);
            self.refused = Some(failure);
        }
    }
}

const TYPES: &str = "`text`, `attachment`, `quick_reply`, `custom_payload`, `email`, `whatsapp_template`";
pub(super) const TEXT_MAX: usize = 65_536;

/// Reads the body of a send.
pub(crate) fn send_body(body: &Value) -> Result<SendBody, Refused> {
    let mut reading = Reading::default();
    let fields = Fields::new(body, "");
    let channel = channel(&fields, &mut reading);
    let lint = fields.word(
        "lint",
        &[("warn", Lint::Warn), ("strict", Lint::Strict), ("autofix", Lint::Autofix)],
        &mut reading.faults,
    );
    let class =
        fields.word("priority", &[("high", 0), ("normal", 1), ("low", 2)], &mut reading.faults).unwrap_or(1);
    for key in ["sendAt", "fallback"] {
        if fields.get(key).is_some() {
            reading.refuse(
                ErrorCode::NotSupported,
                format!("/{key}"),
                format!("`{key}` is not supported yet; leave it out."),
            );
        }
    }
    let content = content(&fields, &mut reading);
    match content {
        Some(content) if reading.faults.is_empty() => Ok(SendBody {
            channel,
            content,
            notes: reading.notes,
            lint: lint.unwrap_or_default(),
            lint_given: lint.is_some(),
            class,
        }),
        _ => Err(refused(reading)),
    }
}

fn refused(reading: Reading) -> Refused {
    let faults = reading.faults;
    let only_refused = faults.len() == 1;
    let failure = match reading.refused {
        Some(failure) if only_refused => failure,
        _ => {
            let message = match faults.as_slice() {
                [only] => only.message.clone(),
                many => {
                    format!("The body has {} faults; each is listed in `errors` with its place.", many.len())
                }
            };
            Failure::new(ErrorCode::ValidationFailed, message)
        }
    };
    Refused { failure, faults }
}

/// `null`, 0 and absent mean the last interacted channel.
fn channel(fields: &Fields<'_>, reading: &mut Reading) -> Option<ChannelId> {
    let id = fields.integer("channelId", &mut reading.faults)?;
    if id < 0 {
        reading.fault(
            "/channelId",
            "`channelId` must be a channel's number, or 0 for the last interacted channel.",
        );
    }
    (id > 0).then_some(ChannelId(id))
}

fn content(fields: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    if fields.get("message").is_none() {
        reading.fault("/message", format!("`message` is missing: an object with a `type` of {TYPES}."));
        return None;
    }
    let message = fields.object("message", &mut reading.faults)?;
    let kind = message.required_text("type", &format!("one of {TYPES}"), &mut reading.faults);
    match kind {
        "" => None,
        "text" => text(&message, reading),
        "attachment" => attachment(&message, reading),
        "quick_reply" => quick_reply(&message, reading),
        "custom_payload" => custom_payload(&message, reading),
        "whatsapp_template" => parse_template::template(&message, reading).map(Content::WhatsappTemplate),
        "email" => parse_email::email(&message, reading),
        "facebook_template" => {
            reading.refuse(
                ErrorCode::NotSupported,
                "/message/type",
                format!("`{kind}` messages are not supported yet; use one of {TYPES}."),
            );
            None
        }
        other => {
            reading.fault("/message/type", format!("`{other}` is not a message type; use one of {TYPES}."));
            None
        }
    }
}

pub(super) const MEDIA_KINDS: [(&str, MediaKind); 4] = [
    ("image", MediaKind::Image),
    ("video", MediaKind::Video),
    ("audio", MediaKind::Audio),
    ("file", MediaKind::File),
];

fn text(message: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    let text = message.required_text("text", "the text to send", &mut reading.faults).to_owned();
    if text.chars().count() > TEXT_MAX {
        reading.fault("/message/text", format!("`text` may have at most {TEXT_MAX} characters."));
    }
    let message_tag = message.short_text("messageTag", 255, &mut reading.faults);
    Some(Content::Text { text, message_tag })
}

fn attachment(message: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    if message.get("attachment").is_none() {
        reading.fault(
            "/message/attachment",
            "`attachment` is missing: {\"type\": \"image|video|audio|file\", \"url\": \"https://…\"}.",
        );
        return None;
    }
    let attachment = message.object("attachment", &mut reading.faults)?;
    let kind = attachment.word("type", &MEDIA_KINDS, &mut reading.faults);
    if attachment.get("type").is_none() {
        reading.fault("/message/attachment/type", "`type` is missing: `image`, `video`, `audio` or `file`.");
    }
    let url = attachment.required_text("url", "the public link of the file", &mut reading.faults);
    if !url.is_empty() && !is_http(url) {
        reading.refuse(
            ErrorCode::MediaLinkInvalid,
            "/message/attachment/url",
            "`url` must be a valid http or https address that opens in a browser.",
        );
    }
    let filename = attachment.short_text("fileName", 240, &mut reading.faults);
    let mut media = Media::link(kind?, url);
    media.filename = filename.or_else(|| (media.kind == MediaKind::File).then(|| name_of(url)).flatten());
    Some(Content::Attachment(media))
}

/// The last segment of a link's path, as a name for a document.
pub(super) fn name_of(link: &str) -> Option<String> {
    let url = url::Url::parse(link).ok()?;
    let last = url.path_segments()?.next_back()?;
    let name = percent_encoding::percent_decode_str(last).decode_utf8_lossy().trim().to_owned();
    (!name.is_empty()).then_some(name)
}

pub(super) fn is_http(link: &str) -> bool {
    url::Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn quick_reply(message: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    let title = message.required_text("title", "the question to ask", &mut reading.faults).to_owned();
    if message.get("replies").is_none() {
        reading.fault("/message/replies", "`replies` is missing: an array of the answers to tap.");
        return None;
    }
    let replies = message.array("replies", &mut reading.faults)?;
    if replies.is_empty() {
        reading.fault("/message/replies", "`replies` needs at least one answer to tap.");
    }
    let mut labels = Vec::with_capacity(replies.len());
    for (at, reply) in replies.iter().enumerate() {
        match reply.as_str().map(str::trim) {
            Some("") => reading.fault(format!("/message/replies/{at}"), "An answer may not be empty."),
            Some(label) => labels.push(label.to_owned()),
            None => reading.fault(
                format!("/message/replies/{at}"),
                format!("An answer must be a text, not {}.", crate::body::name(reply)),
            ),
        }
    }
    Some(Content::QuickReply { title, replies: labels })
}

fn custom_payload(message: &Fields<'_>, reading: &mut Reading) -> Option<Content> {
    if !message.has("payload") {
        reading.fault("/message/payload", "`payload` is missing: the channel's own message object.");
    }
    let payload = message
        .object("payload", &mut reading.faults)
        .is_some()
        .then(|| message.get("payload").cloned())
        .flatten()?;
    Some(Content::CustomPayload { payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn zero_null_and_absent_mean_the_last_channel() {
        for channel in [json!(0), json!(null)] {
            let body = send_body(&json!({"channelId": channel, "message": {"type": "text", "text": "hola"}}))
                .unwrap();
            assert_eq!(body.channel, None);
        }
        assert_eq!(send_body(&json!({"message": {"type": "text", "text": "hola"}})).unwrap().channel, None);
        assert_eq!(
            send_body(&json!({"channelId": 3, "message": {"type": "text", "text": "hola"}})).unwrap().channel,
            Some(ChannelId(3))
        );
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_places() {
        let refused = send_body(&json!({"channelId": "x", "lint": "sometimes", "message": {"type": "text", "text": 5, "messageTag": []}})).unwrap_err();
        let places: Vec<_> = refused.faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/channelId", "/lint", "/message/text", "/message/messageTag"]);
    }

    #[test]
    fn a_document_gets_its_name_from_the_link() {
        let body = send_body(&json!({"message": {"type": "attachment", "attachment": {"type": "file", "url": "https://x.ec/a/Factura%20001.pdf?k=1"}}})).unwrap();
        let Content::Attachment(media) = body.content else { panic!() };
        assert_eq!(media.filename.as_deref(), Some("Factura 001.pdf"));
    }

    #[test]
    fn what_would_silently_change_the_meaning_is_refused() {
        let refused = send_body(
            &json!({"sendAt": "2027-01-01T00:00:00Z", "message": {"type": "text", "text": "hola"}}),
        )
        .unwrap_err();
        assert_eq!(refused.failure.code, ErrorCode::NotSupported);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(
            send_body(&json!({"foo": 1, "message": {"type": "text", "text": "hola", "bar": [1]}})).is_ok()
        );
    }
}
