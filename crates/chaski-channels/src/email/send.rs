//! Parts → submissions: the envelope in the call's headers, the message as its body.

use super::build::{self, Built};
use super::names::message_id;
use super::{AUTH, SETTINGS};
use crate::adapter::{Auth, Call, Cx, Wanted};
use crate::settings::read;
use chaski_model::message::Mail;
use chaski_model::{AddressKind, ErrorCode, Failure, PartBody};

/// The most bytes of all files of a mail.
pub(super) const FILES: u64 = 18_000_000;

/// Files travel in the mail.
pub(super) fn wants(part: &PartBody) -> Vec<Wanted> {
    let PartBody::Email(mail) = part else { return Vec::new() };
    let links = mail.attachments.iter().filter_map(|media| media.link.clone());
    links.map(|link| Wanted { link, most: FILES, bytes: true }).collect()
}

pub(super) fn call(cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
    let PartBody::Email(mail) = part else {
        let message = "An e-mail channel sends mails alone.";
        return Err(Failure::new(ErrorCode::ChannelCannotCarry, message));
    };
    let (to, from) = (recipient(cx)?, read(cx, SETTINGS, "from")?);
    let id = message_id(cx.reference, from, cx.hook_url);
    let Built { bytes, shown } = build::build(cx, mail, to, from, &id)?;
    let mut headers = vec![("mail-from", from.to_owned()), ("rcpt-to", to.to_owned())];
    headers.extend(copies(mail, to).map(|address| ("rcpt-to", address)));
    headers.push(("message-id", id));
    Ok(Call {
        method: http::Method::POST,
        url: server(cx)?,
        headers,
        auth: auth(cx),
        body: bytes.into(),
        shown: Some(shown),
    })
}

/// Who gets a copy, each once.
fn copies(mail: &Mail, to: &str) -> impl Iterator<Item = String> {
    let mut known = vec![to.to_lowercase()];
    let all = mail.cc.iter().chain(&mail.bcc).cloned().collect::<Vec<_>>();
    all.into_iter().filter(move |address| {
        let address = address.to_lowercase();
        let is_new = !known.contains(&address);
        known.push(address);
        is_new
    })
}

fn recipient<'a>(cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let email = cx.to.iter().find(|address| address.kind == AddressKind::Email);
    email.map(|address| address.value.as_str()).ok_or_else(|| {
        Failure::new(ErrorCode::NoAddress, "The contact has no e-mail address: add it to the contact.")
    })
}

/// A login where there is one.
pub(super) fn auth(cx: &Cx<'_>) -> Auth {
    if cx.setting("username").is_some() { AUTH } else { Auth::None }
}

/// The address of the mail server.
pub(super) fn server(cx: &Cx<'_>) -> Result<String, Failure> {
    Ok(read(cx, SETTINGS, "smtp_url")?.trim_end_matches('/').to_owned())
}

/// Whether a setting names a mail server.
pub(super) fn is_server(text: &str, schemes: [&str; 2]) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        schemes.contains(&url.scheme())
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none()
    })
}
