//! The way to mail servers: a call whose address begins with `smtp` is a submission (RFC 6409).
//!
//! Connections are kept for a while and used again after RSET. A certificate must be the name's.

use crate::clock::machine_now;
use crate::guard::Guard;
use crate::mail_server::{self, headers, login};
use crate::tokens::hash;
use crate::transport::{Lost, TooLate};
use chaski_channels::{Auth, Call, Reply, Secrets, Settings};
use chaski_model::{ErrorCode, Failure, Timestamp};
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a connection waits for another mail, and how many wait for one login.
const IDLE: Duration = Duration::from_secs(20);
const KEPT: usize = 8;
/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(10);

/// Connections by server and login.
type Idle = HashMap<[u8; 32], Vec<(Instant, AsyncSmtpConnection)>>;

/// The connections to mail servers.
pub(crate) struct Submissions {
    guard: Guard,
    idle: Mutex<Idle>,
}

/// Why a mail was not handed over.
enum Stopped {
    /// The server's own words.
    Said(u16, String),
    /// No words.
    Cut(Failure),
    Late,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        match error.status() {
            Some(code) => Self::Said(code.into(), words(&error)),
            None => Self::Cut(unavailable(&error)),
        }
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Cut(failure)
    }
}

/// Whether a call is a submission.
pub(crate) fn is_submission(call: &Call) -> bool {
    call.url.starts_with("smtp://") || call.url.starts_with("smtps://")
}

impl Submissions {
    pub(crate) fn new(guard: Guard) -> Self {
        Self { guard, idle: Mutex::default() }
    }

    /// Hands a mail over, or only logs in where there is no recipient.
    pub(crate) async fn submit(
        &self,
        call: &Call,
        settings: &Settings,
        secrets: &Secrets,
        timeout: Duration,
        call_by: Option<Timestamp>,
    ) -> Result<Result<Reply, Lost>, TooLate> {
        let until = Instant::now() + timeout;
        let login = match login(call.auth, settings, secrets) {
            Ok(login) => login.map(|(user, password)| Credentials::new(user, password)),
            Err(failure) => return Ok(Err(Lost::NotSent(failure))),
        };
        let name = name_of(call, settings, secrets);
        let begun = timeout_at(until, self.begin(call, login, &name, call_by)).await;
        let stopped = begun.unwrap_or_else(|_| Err(Stopped::Cut(late(timeout))));
        let (mut connection, refused) = match stopped {
            Ok(begun) => begun,
            Err(Stopped::Late) => return Err(TooLate),
            Err(Stopped::Said(code, said)) => return Ok(Ok(reply(call, code, &said, &[]))),
            Err(Stopped::Cut(failure)) => return Ok(Err(Lost::NotSent(failure))),
        };
        let Some(refused) = refused else {
            self.keep(name, connection);
            return Ok(Ok(reply(call, 250, "", &[])));
        };
        // From here on the server can have the whole mail although its answer does not come.
        let said = match timeout_at(until, connection.message(&call.body)).await {
            Err(_) => return Ok(Err(Lost::Lost(late(timeout)))),
            Ok(Ok(response)) => (response.code().into(), text(&response)),
            Ok(Err(error)) => match Stopped::from(error) {
                Stopped::Said(code, said) => (code, said),
                Stopped::Cut(failure) => return Ok(Err(Lost::Lost(failure))),
                Stopped::Late => return Err(TooLate),
            },
        };
        self.keep(name, connection);
        Ok(Ok(reply(call, said.0, &said.1, &refused)))
    }

    /// A connection on which the server waits for the mail's bytes, and what it said of other recipients;
    /// nothing of the latter where there was nobody to send to.
    async fn begin(
        &self,
        call: &Call,
        login: Option<Credentials>,
        name: &[u8; 32],
        call_by: Option<Timestamp>,
    ) -> Result<(AsyncSmtpConnection, Option<Vec<String>>), Stopped> {
        let recipients: Vec<&str> = headers(call, "rcpt-to").collect();
        // Whoever only logs in wants to know whether that works now.
        let kept = if recipients.is_empty() { None } else { self.kept(name).await };
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect(call, login).await?,
        };
        let Some((contact, others)) = recipients.split_first() else {
            connection.command(Noop).await?;
            return Ok((connection, None));
        };
        if call_by.is_some_and(|call_by| machine_now() > call_by) {
            self.keep(*name, connection);
            return Err(Stopped::Late);
        }
        match envelope(&mut connection, call, contact, others).await {
            Ok(refused) => Ok((connection, Some(refused))),
            Err(said @ Stopped::Said(421, _)) => Err(said),
            Err(said @ Stopped::Said(..)) => {
                self.keep(*name, connection);
                Err(said)
            }
            Err(cut) => Err(cut),
        }
    }

    /// A connection that still answers.
    async fn kept(&self, name: &[u8; 32]) -> Option<AsyncSmtpConnection> {
        loop {
            let (since, mut connection) = {
                let mut idle = self.idle.lock().expect("nobody panics while holding the connections");
                idle.get_mut(name)?.pop()?
            };
            if since.elapsed() < IDLE && connection.command(Rset).await.is_ok() {
                return Some(connection);
            }
        }
    }

    fn keep(&self, name: [u8; 32], connection: AsyncSmtpConnection) {
        if connection.has_broken() {
            return;
        }
        let mut idle = self.idle.lock().expect("nobody panics while holding the connections");
        idle.retain(|_, kept| {
            kept.retain(|(since, _)| since.elapsed() < IDLE);
            !kept.is_empty()
        });
        let kept = idle.entry(name).or_default();
        if kept.len() < KEPT {
            kept.push((Instant::now(), connection));
        }
    }

    async fn connect(&self, call: &Call, login: Option<Credentials>) -> Result<AsyncSmtpConnection, Stopped> {
        let (url, address) = mail_server::resolve(self.guard, &call.url).await?;
        let host = mail_server::host(&url);
        let tls = || TlsParameters::builder(host.clone()).build_rustls();
        let hello = headers(call, "mail-from").next().and_then(|from| from.rsplit_once('@'));
        let hello = ClientId::Domain(hello.map_or("localhost", |(_, domain)| domain).to_owned());
        let at_once = if url.scheme() == "smtps" { Some(tls()?) } else { None };
        let is_plain = at_once.is_none();
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &hello, at_once, None).await?;
        if is_plain && connection.can_starttls() {
            connection.starttls(tls()?, &hello).await?;
        }
        if !connection.is_encrypted() && !mail_server::is_own(self.guard, address) {
            return Err(mail_server::no_tls().into());
        }
        if let Some(login) = login {
            let known = [Mechanism::Plain, Mechanism::Login];
            if !known.iter().any(|one| connection.server_info().supports_auth_mechanism(*one)) {
                let message = "The mail server offers no login by PLAIN or LOGIN: remove the user name, or use another server.";
                return Err(Failure::new(ErrorCode::CredentialsRefused, message).into());
            }
            connection.auth(&known, &login).await?;
        }
        Ok(connection)
    }
}

/// Sender and recipients, up to the server's word to go on. Only the contact decides.
async fn envelope(
    connection: &mut AsyncSmtpConnection,
    call: &Call,
    contact: &str,
    others: &[&str],
) -> Result<Vec<String>, Stopped> {
    let from = headers(call, "mail-from").next().unwrap_or_default();
    let mut parameters = Vec::new();
    let everyone = [from, contact].into_iter().chain(others.iter().copied()).collect::<String>();
    if !everyone.is_ascii() {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Stopped::Said(
                553,
                "5.6.7 The mail server takes no addresses with such letters".into(),
            ));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !call.body.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection.command(Mail::new(Some(address(from)?), parameters)).await?;
    connection.command(Rcpt::new(address(contact)?, Vec::new())).await?;
    let mut refused = Vec::new();
    for other in others {
        match connection.command(Rcpt::new(address(other)?, Vec::new())).await.map_err(Stopped::from) {
            Ok(_) => {}
            Err(Stopped::Said(code, said)) if code != 421 => refused.push(format!("{other}: {code} {said}")),
            Err(cut) => return Err(cut),
        }
    }
    connection.command(Data).await?;
    Ok(refused)
}

fn address(text: &str) -> Result<Address, Stopped> {
    text.parse().map_err(|_| Stopped::Said(553, format!("5.1.3 {text} is no address")))
}

/// Which connections can be used for a call: those of the same server and login.
fn name_of(call: &Call, settings: &Settings, secrets: &Secrets) -> [u8; 32] {
    let (user, password) = match call.auth {
        Auth::Basic { user, secret } => (settings.get(user).map(String::as_str), secrets.get(secret)),
        _ => (None, None),
    };
    hash(&format!("{}\n{user:?}\n{password:?}", call.url))
}

/// What the server said, in the form that the adapter reads.
fn reply(call: &Call, code: u16, said: &str, refused: &[String]) -> Reply {
    let mut body = json!({"reply": said});
    if let Some(id) = headers(call, "message-id").next() {
        body["messageId"] = Value::from(id);
    }
    if !refused.is_empty() {
        body["refused"] = json!(refused);
    }
    Reply { status: code, body: body.to_string().into_bytes(), ..Reply::default() }
}

fn text(response: &Response) -> String {
    response.message().collect::<Vec<_>>().join(" ")
}

/// The server's words in an error that it answered with.
fn words(error: &Error) -> String {
    use std::error::Error as _;
    error.source().map(ToString::to_string).unwrap_or_default()
}

fn unavailable(error: &Error) -> Failure {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::new(
        ErrorCode::ProviderUnavailable,
        format!("The mail server could not be used: {error}{cause}."),
    )
}

fn late(timeout: Duration) -> Failure {
    let message = format!("The mail server did not answer within {} s.", timeout.as_secs());
    Failure::new(ErrorCode::ProviderUnavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn call(url: String, to: &[&str]) -> Call {
        let mut call = Call::get(url, Auth::Basic { user: "username", secret: "password" });
        call.headers = vec![("mail-from", "a@ejemplo.ec".to_owned())];
        call.headers.extend(to.iter().map(|to| ("rcpt-to", (*to).to_owned())));
        call
    }

    async fn submitted(
        guard: Guard,
        call: &Call,
        call_by: Option<Timestamp>,
    ) -> Result<Result<Reply, Lost>, TooLate> {
        let settings = [("username".to_owned(), "ana".to_owned())].into();
        let secrets = Secrets([("password".to_owned(), "sekret-word".to_owned())].into());
        Submissions::new(guard).submit(call, &settings, &secrets, Duration::from_secs(5), call_by).await
    }

    /// A server that offers what it is told to; everything that was said to it.
    async fn server(offers: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            stream.write_all(b"220 x\r\n").await.unwrap();
            let mut part = [0; 1024];
            while let Ok(read @ 1..) = stream.read(&mut part).await {
                heard.extend_from_slice(&part[..read]);
                let answer = if part.starts_with(b"EHLO") { offers } else { "250 2.0.0 Ok\r\n" };
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
            String::from_utf8_lossy(&heard).into_owned()
        });
        (url, heard)
    }

    #[tokio::test]
    async fn a_server_in_a_private_network_is_not_connected_to() {
        let (url, heard) = server("250 x\r\n").await;
        let sent = submitted(Guard { allow_private: false }, &call(url, &["b@ejemplo.ec"]), None).await;
        assert!(matches!(sent, Ok(Err(Lost::NotSent(failure))) if failure.code == ErrorCode::UrlRefused));
        heard.abort();
    }

    /// STARTTLS that is offered is used: a server that cannot do it hears neither login nor mail.
    #[tokio::test]
    async fn no_login_is_said_where_tls_fails() {
        let (url, heard) = server("250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n").await;
        let sent = submitted(Guard { allow_private: true }, &call(url, &["b@ejemplo.ec"]), None).await;
        assert!(matches!(sent, Ok(Err(Lost::NotSent(_)))), "{sent:?}");
        let heard = heard.await.unwrap();
        assert!(heard.contains("STARTTLS") && !heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
    }

    #[tokio::test]
    async fn a_mail_after_its_time_never_leaves() {
        let (url, heard) = server("250-x\r\n250 AUTH PLAIN\r\n").await;
        let past = machine_now() - Duration::from_secs(1);
        let sent = submitted(Guard { allow_private: true }, &call(url, &["b@ejemplo.ec"]), Some(past)).await;
        assert!(sent.is_err(), "{sent:?}");
        assert!(!heard.await.unwrap().contains("MAIL"));
    }
}
