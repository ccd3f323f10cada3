//! What the ways to mail servers and to mailboxes share: a host is resolved once, past the guard, and that
//! address is connected to; nothing but a server on this machine is spoken to without TLS.

use crate::guard::Guard;
use chaski_channels::{Auth, Call, Secrets, Settings};
use chaski_model::{ErrorCode, Failure};
use std::net::SocketAddr;

/// The user name and password of a call; `None` = no login.
pub(crate) fn login(
    auth: Auth,
    settings: &Settings,
    secrets: &Secrets,
) -> Result<Option<(String, String)>, Failure> {
    let Auth::Basic { user, secret } = auth else { return Ok(None) };
    let password = secrets.get(secret).ok_or_else(|| {
        let message = format!("The channel has no `{secret}`; set it and resume the channel.");
        Failure::new(ErrorCode::CredentialsRefused, message)
    })?;
    Ok(Some((settings.get(user).cloned().unwrap_or_default(), password.to_owned())))
}

/// The values of a call's header.
pub(crate) fn headers<'a>(call: &'a Call, name: &'a str) -> impl Iterator<Item = &'a str> {
    call.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
}

/// A server's host, and the one address of it that is connected to.
pub(crate) async fn resolve(guard: Guard, address: &str) -> Result<(url::Url, SocketAddr), Failure> {
    let refused =
        |why: &str| Failure::new(ErrorCode::UrlRefused, format!("The mail server's address {why}."));
    let url = url::Url::parse(address).map_err(|_| refused("cannot be read"))?;
    let host = host(&url);
    if host.is_empty() {
        return Err(refused("has no host"));
    }
    let port = url.port().unwrap_or(match url.scheme() {
        "smtps" => 465,
        "imaps" => 993,
        "imap" => 143,
        _ => 587,
    });
    let found = tokio::net::lookup_host((host.as_str(), port)).await.map_err(|cause| {
        let message = format!("The mail server {host} cannot be found: {cause}.");
        Failure::new(ErrorCode::ProviderUnavailable, message)
    })?;
    let allowed = found.into_iter().find(|found| guard.allows(found.ip()));
    let why = "points into a private network; set security.allow_private_networks to allow it";
    allowed.map(|found| (url, found)).ok_or_else(|| refused(why))
}

/// The host as a certificate names it.
pub(crate) fn host(url: &url::Url) -> String {
    url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
}

/// Whether nobody else can listen to a connection without TLS.
pub(crate) fn is_own(guard: Guard, address: SocketAddr) -> bool {
    address.ip().is_loopback() && guard.allow_private
}

/// What a server without TLS is told.
pub(crate) fn no_tls() -> Failure {
    let message = "The mail server offers no TLS, without which nothing is said to it: use smtps:// or imaps://, or a server with STARTTLS.";
    Failure::new(ErrorCode::CredentialsRefused, message)
}
