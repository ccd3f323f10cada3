//! Received mails: a hook's body is one raw message (RFC 5322).

use super::names::reference_of;
use super::report;
use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, refused, sha256_hex};
use chaski_model::address::is_email;
use chaski_model::event::{Event, Inbound, Sender};
use chaski_model::message::{Mail, Media, MediaKind};
use chaski_model::{Address, Content, ErrorCode, Failure, Timestamp};
use mail_parser::{HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// The most files of a mail that are kept, and the longest text.
const FILES: usize = 50;
const TEXT: usize = 65_536;
/// The most of a thread that is named.
const THREAD: usize = 20;
/// What a file is named by until it is kept.
const BROUGHT: &str = "brought:";

/// A bearer token that the channel was given.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let known = secrets
        .get("inbound_token")
        .ok_or_else(|| refused("The channel takes no mails in: set its `inbound_token`."))?;
    let shown = hook.header("authorization").unwrap_or_default();
    let token = shown.split_once(' ').filter(|(word, _)| word.eq_ignore_ascii_case("bearer"));
    if token.is_some_and(|(_, token)| is_equal(token.trim(), known)) {
        return Ok(());
    }
    Err(refused("The header Authorization does not hold the channel's inbound_token."))
}

pub(super) fn events(hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
    let Some(mail) = parse(hook.body) else {
        return Err(Failure::new(ErrorCode::ValidationFailed, "The body is no e-mail that can be read."));
    };
    let events = match ignored(&mail, hook.url) {
        _ if report::is_report(&mail) => report::events(&mail, hook.url),
        Some(what) => vec![Event::Ignored { what: what.to_owned() }],
        None => received(&mail, hook.body),
    };
    // A hook serves one mailbox.
    Ok(events.into_iter().map(|event| (Sender(String::new()), event)).collect())
}

fn parse(body: &[u8]) -> Option<Message<'_>> {
    MessageParser::default().parse(body).filter(|mail| mail.from().is_some() || report::is_report(mail))
}

/// Mails that no person wrote, and our own: answering them would go round in a circle.
fn ignored(mail: &Message<'_>, hook_url: &str) -> Option<&'static str> {
    let word = |name: &'static str| {
        mail.header_raw(name).map(|value| value.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
    };
    if word("Auto-Submitted").is_some_and(|word| !word.is_empty() && word != "no") {
        return Some("automatic answer");
    }
    if word("Precedence").is_some_and(|word| matches!(&*word, "bulk" | "junk" | "list")) {
        return Some("bulk mail");
    }
    if mail.header_raw("Return-Path").is_some_and(|path| path.trim() == "<>") {
        return Some("mail without a return path");
    }
    let id = mail.message_id().map(|id| format!("<{id}>"));
    id.is_some_and(|id| reference_of(&id, hook_url).is_some()).then_some("mail of our own")
}

/// The text, and each file as a message of its own.
fn received(mail: &Message<'_>, raw: &[u8]) -> Vec<Event> {
    let Some((from, name)) = sender(mail) else {
        return vec![Event::Ignored { what: "mail without a sender's address".to_owned() }];
    };
    let id = mail
        .message_id()
        .map_or_else(|| format!("<{}@without-id>", &sha256_hex(raw)[..32]), |id| format!("<{}>", id.trim()));
    let at = mail.date().map_or(Timestamp(0), |date| Timestamp::from_secs(date.to_timestamp()));
    let answered = ids(mail.in_reply_to()).pop();
    let event = |provider_id: String, content: Content| {
        Event::Inbound(Box::new(Inbound {
            provider_id,
            from: vec![Address::email(&from)],
            profile_name: name.clone(),
            at,
            content,
            context: answered.clone(),
        }))
    };
    let mut references = ids(mail.references());
    references.drain(..references.len().saturating_sub(THREAD));
    let text = mail.body_text(0).unwrap_or_default();
    let written = Mail {
        subject: mail.subject().map(str::to_owned),
        text: kept(text.trim(), mail.attachments().count()),
        cc: addresses(mail.cc()),
        in_reply_to: answered.clone(),
        references,
        ..Mail::default()
    };
    let mut events = vec![event(id.clone(), Content::Email(written))];
    for (place, part) in files(mail) {
        events.push(event(format!("{id}#{place}"), Content::Attachment(file(place, part))));
    }
    events
}

/// A mail's text; what is not kept of the mail is said below it.
fn kept(text: &str, files: usize) -> String {
    let mut kept: String = text.chars().take(TEXT).collect();
    if kept.len() < text.len() {
        kept.push_str("\n\n[The rest of the mail was too long to be kept.]");
    }
    if files > FILES {
        kept.push_str(&format!("\n\n[{} more files were not kept.]", files - FILES));
    }
    kept
}

fn sender(mail: &Message<'_>) -> Option<(String, Option<String>)> {
    let from = mail.from()?.first()?;
    let address = from.address.as_deref()?.trim().to_lowercase();
    let name = from.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    is_email(&address).then(|| (address, name.map(str::to_owned)))
}

fn addresses(header: Option<&mail_parser::Address<'_>>) -> Vec<String> {
    let all = header.into_iter().flat_map(mail_parser::Address::iter);
    all.filter_map(|one| one.address.as_deref().map(str::to_lowercase)).filter(|a| is_email(a)).collect()
}

/// Message-IDs in angle brackets.
pub(super) fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let one = header.as_text_list().map(|list| list.iter().map(|id| format!("<{id}>")).collect());
    one.or_else(|| header.as_text().map(|id| vec![format!("<{id}>")])).unwrap_or_default()
}

/// The files of a mail with their places, which name them.
fn files<'a>(mail: &'a Message<'a>) -> impl Iterator<Item = (usize, &'a MessagePart<'a>)> {
    mail.attachments().enumerate().filter(|(_, part)| !contents(part).is_empty()).take(FILES)
}

fn contents<'a>(part: &'a MessagePart<'a>) -> &'a [u8] {
    match &part.body {
        PartType::Message(mail) => mail.raw_message(),
        _ => part.contents(),
    }
}

fn file(place: usize, part: &MessagePart<'_>) -> Media {
    let mime = part.content_type().map(|kind| match kind.subtype() {
        Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase(),
        None => kind.ctype().to_ascii_lowercase(),
    });
    let kind = match mime.as_deref().and_then(|mime| mime.split('/').next()) {
        Some("image") => MediaKind::Image,
        Some("video") => MediaKind::Video,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::File,
    };
    let name =
        part.attachment_name().map(|name| name.chars().filter(|c| !c.is_control()).take(240).collect());
    Media {
        kind,
        link: None,
        provider_id: Some(format!("{BROUGHT}{place}")),
        filename: name,
        mime,
        caption: None,
        voice: false,
    }
}

/// The bytes of a file that `events` has named.
pub(super) fn brought(body: &[u8], media: &Media) -> Option<Vec<u8>> {
    let place: usize = media.provider_id.as_deref()?.strip_prefix(BROUGHT)?.parse().ok()?;
    let mail = parse(body)?;
    let (_, part) = files(&mail).find(|(at, _)| *at == place)?;
    Some(contents(part).to_vec())
}
