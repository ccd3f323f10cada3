//! The message as it travels (RFC 5322 and MIME).

use super::SETTINGS;
use super::names::has_break;
use super::send::FILES;
use crate::adapter::{Cx, FileFacts};
use crate::settings::read;
use crate::signature::sha256_hex;
use chaski_model::message::{Mail, Media};
use chaski_model::{ErrorCode, Failure};
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Attachment, Body, Mailbox, MessageBuilder, MultiPart, SinglePart};
use std::time::{Duration, UNIX_EPOCH};

/// A message, and what people see of it.
pub(super) struct Built {
    pub(super) bytes: Vec<u8>,
    pub(super) shown: String,
}

pub(super) fn build(cx: &Cx<'_>, mail: &Mail, to: &str, from: &str, id: &str) -> Result<Built, Failure> {
    let files = files(cx, mail)?;
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(lines(&mail.text));
    let head = head(cx, mail, to, from, id)?;
    let built = if files.is_empty() {
        head.singlepart(text)
    } else {
        // The same bytes on every try: a boundary that the reference gives.
        let boundary = format!("chaski-{}", &sha256_hex(format!("boundary {id}").as_bytes())[..32]);
        let mixed = MultiPart::mixed().boundary(boundary).singlepart(text);
        head.multipart(files.into_iter().fold(mixed, MultiPart::singlepart))
    };
    let built = built.map_err(|cause| internal(&cause))?;
    Ok(Built { bytes: built.formatted(), shown: shown(&built, mail) })
}

fn head(cx: &Cx<'_>, mail: &Mail, to: &str, from: &str, id: &str) -> Result<MessageBuilder, Failure> {
    let now = Duration::from_secs(u64::try_from(cx.now.secs()).unwrap_or(0));
    let name = cx.setting("from_name").filter(|name| !has_break(name)).map(str::to_owned);
    let sender = Mailbox::new(name, address(from)?);
    let envelope =
        Envelope::new(Some(address(from)?), vec![address(to)?]).map_err(|cause| internal(&cause))?;
    let subject = match &mail.subject {
        Some(subject) => subject.as_str(),
        None => read(cx, SETTINGS, "subject")?,
    };
    let mut head = lettre::Message::builder()
        .envelope(envelope)
        .date(UNIX_EPOCH + now)
        .from(sender)
        .to(Mailbox::new(None, address(to)?))
        .subject(one_line(subject))
        .message_id(Some(id.to_owned()));
    for copy in &mail.cc {
        head = head.cc(Mailbox::new(None, address(copy)?));
    }
    if let Some(answered) = &mail.in_reply_to {
        head = head.in_reply_to(one_line(answered));
        let thread: Vec<String> = mail.references.iter().chain([answered]).map(|id| one_line(id)).collect();
        head = head.references(thread.join(" "));
    }
    Ok(head)
}

/// A text with one sort of line end.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

/// Variables may have brought line breaks into what was checked without them.
fn one_line(text: &str) -> String {
    text.split(['\r', '\n', '\0'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn address(text: &str) -> Result<lettre::Address, Failure> {
    text.parse().map_err(|_| {
        let message = format!("{text} is no e-mail address that a mail can be sent to: correct it.");
        Failure::new(ErrorCode::RecipientUnreachable, message)
    })
}

fn files(cx: &Cx<'_>, mail: &Mail) -> Result<Vec<SinglePart>, Failure> {
    if cx.files.len() < mail.attachments.len() {
        return Err(Failure::new(ErrorCode::MediaUnreachable, "A file of the mail has not been fetched."));
    }
    if cx.files.iter().map(|file| file.size).sum::<u64>() > FILES {
        let message = "The files of the mail are larger than 18 MB together, the most that a mail carries: send links to them.";
        return Err(Failure::new(ErrorCode::MediaUnreachable, message));
    }
    mail.attachments.iter().zip(cx.files).map(|(media, file)| attached(media, file)).collect()
}

fn attached(media: &Media, file: &FileFacts) -> Result<SinglePart, Failure> {
    let bytes = file.bytes.as_ref().ok_or_else(|| {
        Failure::new(ErrorCode::MediaUnreachable, "A file of the mail has not been fetched.")
    })?;
    let plain = ContentType::parse("application/octet-stream").expect("it is a content type");
    let kind = ContentType::parse(&file.mime).unwrap_or(plain);
    let name = one_line(media.filename.as_deref().unwrap_or(&file.name));
    // Bytes are bytes, whatever they look like.
    let body = Body::new_with_encoding(bytes.to_vec(), ContentTransferEncoding::Base64);
    let body = body.map_err(|_| Failure::new(ErrorCode::Internal, "A file could not be encoded."))?;
    Ok(Attachment::new(name).body(body, kind))
}

fn internal(cause: &dyn std::error::Error) -> Failure {
    Failure::new(ErrorCode::Internal, format!("The mail could not be made: {cause}."))
}

/// Headers, text and the names of files.
fn shown(built: &lettre::Message, mail: &Mail) -> String {
    let files: String = mail
        .attachments
        .iter()
        .filter_map(|media| media.filename.as_deref().or(media.link.as_deref()))
        .map(|name| format!("\n[{name}]"))
        .collect();
    format!("{}\n{}{files}", built.headers().to_string().replace('\r', ""), mail.text)
}
