//! Messages as they travel, in both directions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mail_parser::{HeaderValue, Message as Parsed, MessageParser, MimeHeaders as _};
use serde_json::{Value, json};

use crate::accounts::{AccountId, account};
use crate::ids::{stable, uuid};
use crate::media::File;
use crate::phones::{Content, Direction, Media, Message, Status};
use crate::providers::{Inbound, Said};
use crate::receipts::Trace;
use crate::sim::Shared;
use crate::source::Source;

/// Puts a message into the mailboxes of its recipients. One that is there already, by its Message-ID, is
/// not shown again.
pub(super) fn land(sim: &Shared, id: AccountId, to: &[String], raw: &[u8]) {
    let Some(parsed) = MessageParser::default().parse(raw) else { return };
    let message_id =
        parsed.message_id().map_or_else(|| format!("<{}@simulator>", uuid()), |id| format!("<{id}>"));
    let content = content(sim, &parsed, raw);
    for key in to {
        let is_known = sim.phones.with(key, |phone| {
            phone.find(&message_id).is_some() || phone.waiting.iter().any(|waiting| waiting.id == message_id)
        });
        if is_known {
            continue;
        }
        let message = Message {
            id: message_id.clone(),
            at: sim.clock.now_ms(),
            direction: Direction::Outbound,
            source: Source::Email,
            account: id,
            content: content.clone(),
            status: Status::Received,
            trace: Trace::default(),
            is_read_by_business: false,
        };
        let _ = sim.phones.receive(key, message, false, None);
    }
    sim.touch();
}

fn content(sim: &Shared, parsed: &Parsed<'_>, raw: &[u8]) -> Content {
    let files: Vec<(Value, Media)> = parsed.attachments().map(|part| attached(sim, part)).collect();
    let mailboxes = |header: Option<&mail_parser::Address<'_>>| -> Vec<String> {
        let all = header.into_iter().flat_map(mail_parser::Address::iter);
        all.filter_map(|one| one.address.as_deref().map(str::to_owned)).collect()
    };
    let head = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(raw.len());
    let mail = json!({
        "from": mailboxes(parsed.from()), "to": mailboxes(parsed.to()), "cc": mailboxes(parsed.cc()),
        "inReplyTo": ids(parsed.in_reply_to()), "references": ids(parsed.references()),
        "headers": String::from_utf8_lossy(&raw[..head]),
        "attachments": files.iter().map(|(view, _)| view).collect::<Vec<_>>(),
    });
    Content {
        kind: "email".to_owned(),
        header: parsed.subject().map(str::to_owned),
        body: parsed.body_text(0).map(|text| text.trim_end().replace("\r\n", "\n")),
        media: files.into_iter().next().map(|(_, media)| media),
        raw: Some(mail),
        ..Content::default()
    }
}

fn attached(sim: &Shared, part: &mail_parser::MessagePart<'_>) -> (Value, Media) {
    let mime = part.content_type().map_or_else(
        || "application/octet-stream".to_owned(),
        |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
    );
    let kind = match mime.split('/').next() {
        Some(kind @ ("image" | "video" | "audio")) => kind.to_owned(),
        _ => "document".to_owned(),
    };
    let filename = part.attachment_name().map(str::to_owned);
    let bytes = bytes::Bytes::copy_from_slice(part.contents());
    let view = json!({"filename": filename, "mime": mime, "size": bytes.len()});
    let id = sim.media.put(sim.ids.numeric(), File { mime, bytes });
    (view, Media { kind, link: None, filename, id: Some(id) })
}

fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let many = header.as_text_list().map(|list| list.iter().map(|id| format!("<{id}>")).collect());
    many.or_else(|| header.as_text().map(|id| vec![format!("<{id}>")])).unwrap_or_default()
}

/// The name of a message that a person writes.
pub(crate) fn message_id(key: &str) -> String {
    let (_, domain) = key.rsplit_once('@').unwrap_or(("", "simulator.example"));
    format!("<{}@{domain}>", uuid())
}

/// What a person wrote, or what a mail server reports.
pub(super) fn letter(inbound: &Inbound) -> Vec<u8> {
    let business = account(inbound.account).number;
    let mut head = vec![
        ("Date", date(inbound.at_ms)),
        ("To", business.to_owned()),
        ("Message-ID", inbound.message_id.clone()),
        ("MIME-Version", "1.0".to_owned()),
    ];
    if let Some(answered) = &inbound.context {
        head.push(("In-Reply-To", answered.clone()));
        head.push(("References", answered.clone()));
    }
    let person = format!("{} <{}>", encoded(&inbound.phone.name), inbound.phone.number);
    let boundary = format!("sim-{:016x}", stable(&inbound.message_id));
    let body = match &inbound.said {
        Said::Mail { subject, text, html, is_automatic } => {
            head.extend([("From", person), ("Return-Path", format!("<{}>", inbound.phone.number))]);
            head.push(("Subject", encoded(subject)));
            if *is_automatic {
                head.push(("Auto-Submitted", "auto-replied".to_owned()));
            }
            let kind = if *html { "text/html" } else { "text/plain" };
            head.push(("Content-Type", format!("{kind}; charset=utf-8")));
            head.push(("Content-Transfer-Encoding", "base64".to_owned()));
            lines(text.as_bytes())
        }
        Said::Media { file, caption, filename, kind, .. } => {
            head.extend([("From", person), ("Subject", encoded("Archivo"))]);
            head.push(("Content-Type", format!("multipart/mixed; boundary=\"{boundary}\"")));
            let name = filename.clone().unwrap_or_else(|| format!("{kind}.bin"));
            let text = lines(caption.as_deref().unwrap_or_default().as_bytes());
            format!(
                "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Disposition: attachment; filename*=utf-8''{}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--{boundary}--\r\n",
                file.mime,
                percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC),
                lines(&file.bytes),
            )
        }
        Said::Report { about, action, status } => {
            head.push(("From", "MAILER-DAEMON@mail.simulator.example".to_owned()));
            head.extend([("Return-Path", "<>".to_owned()), ("Subject", "Delivery report".to_owned())]);
            head.push(("Auto-Submitted", "auto-replied".to_owned()));
            let kind = format!("multipart/report; report-type=delivery-status; boundary=\"{boundary}\"");
            head.push(("Content-Type", kind));
            report(&boundary, inbound, (about, action, status))
        }
        _ => String::new(),
    };
    let head: String = head.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("{head}\r\n{body}").into_bytes()
}

/// RFC 3464, with the headers of the mail that it is about.
fn report(boundary: &str, inbound: &Inbound, (about, action, status): (&str, &str, &str)) -> String {
    let to = &inbound.phone.number;
    let business = account(inbound.account).number;
    let code = if status.starts_with('4') { 450 } else { 550 };
    let diagnostic = match action {
        "failed" => format!("Diagnostic-Code: smtp; {code} {status} User unknown\r\n"),
        _ => String::new(),
    };
    format!(
        "--{boundary}\r\nContent-Type: text/plain\r\n\r\nThis is a report about your mail.\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.simulator.example\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n{diagnostic}\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\nFrom: {business}\r\nTo: {to}\r\nSubject: x\r\n\r\n--{boundary}--\r\n"
    )
}

fn date(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// RFC 2047.
fn encoded(words: &str) -> String {
    if words.is_ascii() {
        words.replace(['\r', '\n'], " ")
    } else {
        format!("=?utf-8?B?{}?=", STANDARD.encode(words))
    }
}

/// Base64 in lines.
fn lines(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.as_bytes().chunks(76).map(|line| format!("{}\r\n", String::from_utf8_lossy(line))).collect()
}
