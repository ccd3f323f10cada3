//! What a contact wrote, as Twilio tells it.

use super::webhook::{Form, text};
use crate::adapter::Incoming;
use chaski_model::event::{Event, Inbound};
use chaski_model::message::{Media, MediaKind, ReplySource};
use chaski_model::{Address, Content, E164};

/// The most files that one message has.
const FILES: usize = 10;

/// A message on WhatsApp.
pub(super) fn whatsapp(form: &Form, hook: &Incoming<'_>) -> Vec<Event> {
    let from = text(form, "From").unwrap_or_default();
    let from = from.strip_prefix("whatsapp:").unwrap_or(&from);
    let number = E164::from_digits(from);
    let user = text(form, "ExternalUserId").or_else(|| number.is_none().then(|| from.to_owned()));
    let user = user.as_deref().map(|user| user.strip_prefix("whatsapp:").unwrap_or(user));
    let user = user.filter(|user| user.contains('.')).map(Address::bsuid);
    let from: Vec<Address> = number.as_ref().map(Address::phone).into_iter().chain(user).collect();
    messages(form, hook, &from, content(form))
}

/// A text message.
pub(super) fn sms(form: &Form, hook: &Incoming<'_>) -> Vec<Event> {
    let from = text(form, "From").and_then(|from| E164::from_digits(&from));
    let from: Vec<Address> = from.as_ref().map(Address::phone).into_iter().collect();
    let mut events = messages(form, hook, &from, None);
    // After the message itself, which would let the sender in again.
    events.extend(from.into_iter().next().and_then(|of| access(form, hook, of)));
    events
}

/// STOP and START in any language that Twilio knows: from a STOP on it refuses to send.
fn access(form: &Form, hook: &Incoming<'_>, of: Address) -> Option<Event> {
    let blocked = match text(form, "OptOutType")?.as_str() {
        "STOP" => true,
        "START" => false,
        _ => return None,
    };
    Some(Event::Access { of, blocked, at: hook.at })
}

fn messages(form: &Form, hook: &Incoming<'_>, from: &[Address], special: Option<Content>) -> Vec<Event> {
    let id = text(form, "MessageSid").or_else(|| text(form, "SmsSid"));
    let Some(id) = id.filter(|_| !from.is_empty()) else {
        return vec![Event::Ignored { what: "message without a sender".to_owned() }];
    };
    let contents = match special {
        Some(content) => vec![content],
        None => plain(form),
    };
    let event = |(place, content): (usize, Content)| {
        Event::Inbound(Box::new(Inbound {
            // One message of Twilio's with several files is several of ours.
            provider_id: if place == 0 { id.clone() } else { format!("{id}/{place}") },
            from: from.to_vec(),
            profile_name: text(form, "ProfileName"),
            at: hook.at,
            content,
            context: text(form, "OriginalRepliedMessageSid"),
        }))
    };
    contents.into_iter().enumerate().map(event).collect()
}

/// What only WhatsApp has: taps and places.
fn content(form: &Form) -> Option<Content> {
    if let Some(title) = text(form, "ButtonText") {
        let is_templates = text(form, "MessageType").as_deref() == Some("button");
        let source = if is_templates { ReplySource::Template } else { ReplySource::Button };
        return Some(Content::Reply { source, title, payload: text(form, "ButtonPayload") });
    }
    if let Some(title) = text(form, "ListTitle") {
        return Some(Content::Reply { source: ReplySource::List, title, payload: text(form, "ListId") });
    }
    let degrees = |key: &str| text(form, key)?.parse::<f64>().ok();
    Some(Content::Location {
        latitude: degrees("Latitude")?,
        longitude: degrees("Longitude")?,
        name: text(form, "Label"),
        address: text(form, "Address"),
    })
}

/// Files, the first with the text as its caption, or the text alone.
fn plain(form: &Form) -> Vec<Content> {
    let count = text(form, "NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0_usize).min(FILES);
    let body = text(form, "Body");
    let files: Vec<Content> = (0..count).filter_map(|place| file(form, place, body.as_deref())).collect();
    match body {
        _ if !files.is_empty() => files,
        Some(text) => vec![Content::Text { text, message_tag: None }],
        None => vec![Content::Unsupported {
            what: text(form, "MessageType").unwrap_or_else(|| "empty".to_owned()),
            detail: None,
        }],
    }
}

fn file(form: &Form, place: usize, body: Option<&str>) -> Option<Content> {
    let url = text(form, &format!("MediaUrl{place}"))?;
    let mime = text(form, &format!("MediaContentType{place}")).unwrap_or_default();
    let kind = match mime.split('/').next().unwrap_or_default() {
        _ if text(form, "MessageType").as_deref() == Some("sticker") => MediaKind::Sticker,
        "image" => MediaKind::Image,
        "video" => MediaKind::Video,
        "audio" => MediaKind::Audio,
        _ => MediaKind::File,
    };
    // It needs the account's credentials, so it is no link that anybody could open.
    let mut media = Media { link: None, provider_id: Some(url), ..Media::link(kind, "") };
    media.mime = Some(mime).filter(|mime| !mime.is_empty());
    match (kind, body.filter(|_| place == 0)) {
        // The name of a document comes as the text.
        (MediaKind::File, Some(name)) if text(form, "MessageType").as_deref() == Some("document") => {
            media.filename = Some(name.to_owned());
        }
        (_, caption) => media.caption = caption.map(str::to_owned),
    }
    Some(Content::Attachment(media))
}
