//! One connection to a mailbox (RFC 3501, and 2177 for IDLE). Nothing in it is changed: the folder is only
//! looked at, so that people who read it too find it as they left it.

use crate::guard::Guard;
use crate::mail_server::{self, headers, login};
use async_imap::error::Error;
use async_imap::extensions::idle::Handle;
use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, Status};
use async_imap::types::UnsolicitedResponse;
use async_imap::{Client, Session};
use chaski_channels::{Call, Secrets, Settings};
use chaski_model::{ErrorCode, Failure, Timestamp};
use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long opening a mailbox may take, and how long one command.
const OPEN: Duration = Duration::from_secs(30);
const COMMAND: Duration = Duration::from_secs(60);
/// How long one mail may take.
const MAIL: Duration = Duration::from_secs(300);
/// How long news is waited for before the connection is tried; routers forget quiet ones.
const WAIT: Duration = Duration::from_secs(9 * 60);
/// How often a server that tells nothing by itself is asked.
const ASK: Duration = Duration::from_secs(60);
/// The most bytes that an answer other than a mail may have: a list has some sixty for each mail.
const ANSWER: u64 = 64 << 20;
/// What an answer has beside a mail.
const BESIDE: u64 = 1 << 20;

/// Why a mailbox is not read.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// The login is refused, in the server's words.
    Refused(String),
    /// There is no such folder, in the server's words.
    NoFolder(String),
    /// No answer, or one that cannot be used.
    Cut(Failure),
    /// What was read could not be stored.
    NotStored(Failure),
}

/// The most of a server's words that is told.
const WORDS: usize = 200;

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        let said = match error {
            Error::No(said) | Error::Bad(said) => words(&said),
            Error::Io(cause) => return cause.into(),
            Error::ConnectionLost => "the connection was closed".to_owned(),
            // What could not be read is in the library's error, and can be a whole mail.
            _ => "the answer cannot be read".to_owned(),
        };
        Self::Cut(unread(&said))
    }
}

impl From<io::Error> for Stopped {
    fn from(cause: io::Error) -> Self {
        let said = match cause.kind() {
            // The library's own, with what it read.
            io::ErrorKind::Other | io::ErrorKind::InvalidData => "the answer cannot be read".to_owned(),
            _ => cause.to_string(),
        };
        Self::Cut(unread(&said))
    }
}

fn unread(said: &str) -> Failure {
    Failure::new(ErrorCode::ProviderUnavailable, format!("The mailbox could not be read: {said}."))
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Cut(failure)
    }
}

/// A mail as the server lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) uid: u32,
    /// In bytes.
    pub(super) size: u32,
    /// When it came into the mailbox, where the server says so.
    pub(super) at: Option<Timestamp>,
}

/// A folder that is being read.
pub(crate) struct Mailbox {
    session: Session<Bounded>,
    has_idle: bool,
    /// The server has told of new mails since the last list.
    has_news: bool,
    pub(super) uid_validity: u32,
    /// The number of the next mail that comes.
    pub(super) next_uid: u32,
}

/// A folder whose news are waited for.
pub(super) struct Waiting {
    state: State,
    has_idle: bool,
    has_news: bool,
    uid_validity: u32,
    next_uid: u32,
}

enum State {
    /// The server tells by itself.
    Told(Box<Handle<Bounded>>),
    /// It is asked.
    Asked(Box<Session<Bounded>>),
}

/// Opens the folder that a call names.
pub(crate) async fn open(
    guard: Guard,
    call: &Call,
    settings: &Settings,
    secrets: &Secrets,
) -> Result<Mailbox, Stopped> {
    within(OPEN, async {
        let (user, password) = login(call.auth, settings, secrets)?.unwrap_or_default();
        let mut client = connect(guard, &call.url).await?;
        client.get_mut().may_read(ANSWER);
        let session = client.login(user, password).await.map_err(|(error, _)| refused(error))?;
        select(session, headers(call, "folder").next().unwrap_or("INBOX")).await
    })
    .await
}

async fn select(mut session: Session<Bounded>, folder: &str) -> Result<Mailbox, Stopped> {
    let has_idle = session.capabilities().await?.has_str("IDLE");
    let found = session.examine(folder).await.map_err(|error| match error {
        Error::No(said) if !passes(&said) => Stopped::NoFolder(words(&said)),
        other => other.into(),
    })?;
    let Some(uid_validity) = found.uid_validity else {
        let message = "The mailbox does not number its mails (UIDVALIDITY): it cannot be read.";
        return Err(Failure::new(ErrorCode::ProviderUnavailable, message).into());
    };
    let mut mailbox = Mailbox { session, has_idle, has_news: false, uid_validity, next_uid: 1 };
    mailbox.next_uid = match found.uid_next {
        Some(next) => next,
        // Not every server says it: one more than the last there is.
        None => mailbox.list("*").await?.last().map_or(1, |last| last.uid.saturating_add(1)),
    };
    Ok(mailbox)
}

/// Whether a refusal is about the moment (RFC 5530).
fn passes(said: &str) -> bool {
    ["UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"].iter().any(|word| said.contains(word))
}

/// A connection that may be given a password.
async fn connect(guard: Guard, address: &str) -> Result<Client<Bounded>, Stopped> {
    let (url, address) = mail_server::resolve(guard, address).await?;
    let stream = TcpStream::connect(address).await.map_err(Error::from)?;
    stream.set_nodelay(true).map_err(Error::from)?;
    if url.scheme() == "imaps" {
        let mut client = Client::new(Bounded::new(tls(stream, &url).await?));
        greeted(&mut client).await?;
        return Ok(client);
    }
    let mut client = Client::new(Bounded::new(Box::new(stream)));
    greeted(&mut client).await?;
    match client.run_command_and_check_ok("STARTTLS", None).await {
        Ok(()) => {
            // What came before TLS is not carried over.
            let plain = client.into_inner().io;
            Ok(Client::new(Bounded::new(tls(plain, &url).await?)))
        }
        Err(Error::No(_) | Error::Bad(_)) if mail_server::is_own(guard, address) => Ok(client),
        Err(Error::No(_) | Error::Bad(_)) => Err(mail_server::no_tls().into()),
        Err(other) => Err(other.into()),
    }
}

async fn tls<S: Io + 'static>(stream: S, url: &url::Url) -> Result<Box<dyn Io>, Stopped> {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    });
    let name = ServerName::try_from(mail_server::host(url)).map_err(|cause| {
        Failure::new(
            ErrorCode::UrlRefused,
            format!("The mail server's name cannot be in a certificate: {cause}."),
        )
    })?;
    let stream = TlsConnector::from(Arc::clone(&CONFIG)).connect(name, stream).await.map_err(Error::from)?;
    Ok(Box::new(stream))
}

async fn greeted(client: &mut Client<Bounded>) -> Result<(), Stopped> {
    let greeting = client.read_response().await?;
    let is_open = |response: &Response<'_>| matches!(response, Response::Data { status: Status::Ok, .. });
    if greeting.is_some_and(|greeting| is_open(greeting.parsed())) {
        return Ok(());
    }
    let message = "The mail server turned the connection away: it has too many, or is in upkeep.";
    Err(Failure::new(ErrorCode::ProviderUnavailable, message).into())
}

/// What a refused login means (RFC 5530): not all of it is about the password.
fn refused(error: Error) -> Stopped {
    match error {
        Error::No(said) if !passes(&said) => Stopped::Refused(words(&said)),
        Error::Validate(_) => Stopped::Refused("A user name or password must not hold a line break.".into()),
        other => other.into(),
    }
}

/// The server's own words in what the library makes of them: `code: None, info: Some("No such user")`.
fn words(said: &str) -> String {
    let info = said.split_once("info: Some(\"").and_then(|(_, info)| info.strip_suffix("\")"));
    info.unwrap_or(said).replace("\\\"", "\"").chars().take(WORDS).collect()
}

async fn within<T>(most: Duration, step: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    timeout(most, step).await.unwrap_or_else(|_| {
        let message = format!("The mail server did not answer within {} s.", most.as_secs());
        Err(Failure::new(ErrorCode::ProviderUnavailable, message).into())
    })
}

impl Mailbox {
    /// Says a command, and hears what is answered up to its end. Only an answer that ends well counts: what was
    /// listed before a refusal, or before the connection was closed, may not be all.
    async fn ask(&mut self, most: u64, command: &str) -> Result<Vec<Heard>, Stopped> {
        self.session.get_mut().may_read(most);
        let id = self.session.run_command(command).await?;
        let mut answers = Vec::new();
        loop {
            let Some(answer) = self.session.read_response().await? else {
                return Err(Error::ConnectionLost.into());
            };
            match answer.parsed() {
                Response::Done { tag, status: Status::Ok, .. } if *tag == id => return Ok(answers),
                Response::Done { tag, outcome, .. } if *tag == id => {
                    let said = outcome.information.as_deref().unwrap_or("it refuses to tell");
                    return Err(Stopped::Cut(unread(&words(said))));
                }
                Response::Data { status: Status::Bye, .. } => return Err(Error::ConnectionLost.into()),
                Response::MailboxData(MailboxDatum::Exists(_)) => self.has_news = true,
                other => answers.extend(heard(other)),
            }
        }
    }

    /// The mails from a number on, in order.
    pub(super) async fn from(&mut self, uid: u32) -> Result<Vec<Listed>, Stopped> {
        while self.session.unsolicited_responses.try_recv().is_ok() {}
        self.has_news = false;
        let mut listed = self.list(&format!("{uid}:*")).await?;
        // A range that ends with * names the last mail, whatever its number.
        listed.retain(|mail| mail.uid >= uid);
        Ok(listed)
    }

    async fn list(&mut self, set: &str) -> Result<Vec<Listed>, Stopped> {
        let command = format!("UID FETCH {set} (UID RFC822.SIZE INTERNALDATE)");
        let answers = within(COMMAND, self.ask(ANSWER, &command)).await?;
        let mut listed: Vec<Listed> = answers.into_iter().filter_map(|heard| heard.mail).collect();
        listed.sort_unstable_by_key(|mail| mail.uid);
        listed.dedup_by_key(|mail| mail.uid);
        Ok(listed)
    }

    /// The mails that have come since a moment, and everything after them, in order.
    pub(super) async fn since(&mut self, since: Timestamp) -> Result<Vec<Listed>, Stopped> {
        // The server's days are of its own time zone.
        let day = since - Duration::from_secs(86_400);
        let command = format!("UID SEARCH SINCE {}", day.imap_day());
        let answers = within(COMMAND, self.ask(ANSWER, &command)).await?;
        let Some(first) = answers.into_iter().flat_map(|heard| heard.found).min() else {
            return Ok(Vec::new());
        };
        let mut listed = self.from(first).await?;
        let begins = listed.iter().position(|mail| mail.at.is_none_or(|at| at >= since));
        listed.drain(..begins.unwrap_or(listed.len()));
        Ok(listed)
    }

    /// A mail's bytes; `None` once it is gone.
    pub(super) async fn mail(&mut self, mail: Listed) -> Result<Option<Vec<u8>>, Stopped> {
        let most = u64::from(mail.size) * 2 + BESIDE;
        self.bytes(most, mail, "BODY.PEEK[]").await
    }

    /// Its headers alone.
    pub(super) async fn head(&mut self, mail: Listed) -> Result<Option<Vec<u8>>, Stopped> {
        self.bytes(BESIDE, mail, "BODY.PEEK[HEADER]").await
    }

    async fn bytes(&mut self, most: u64, mail: Listed, what: &str) -> Result<Option<Vec<u8>>, Stopped> {
        let command = format!("UID FETCH {} (UID {what})", mail.uid);
        let answers = within(MAIL, self.ask(most, &command)).await?;
        let own = answers.into_iter().filter(|heard| heard.mail.is_some_and(|own| own.uid == mail.uid));
        Ok(own.filter_map(|heard| heard.bytes).next())
    }

    /// Begins to wait for news. Once this returns, the mailbox is being read.
    pub(super) async fn begin_wait(self) -> Result<Waiting, Stopped> {
        let Self { mut session, has_idle, mut has_news, uid_validity, next_uid } = self;
        session.get_mut().may_read(BESIDE);
        if !has_idle {
            let state = State::Asked(Box::new(session));
            return Ok(Waiting { state, has_idle, has_news, uid_validity, next_uid });
        }
        let told = session.unsolicited_responses.clone();
        let mut idle = session.idle();
        within(COMMAND, async { Ok(idle.init().await?) }).await?;
        // What came between the last look and now was told before the waiting began.
        has_news |= std::iter::from_fn(|| told.try_recv().ok())
            .any(|told| matches!(told, UnsolicitedResponse::Exists(_)));
        let state = State::Told(Box::new(idle));
        Ok(Waiting { state, has_idle, has_news, uid_validity, next_uid })
    }

    /// Leaves.
    pub(crate) async fn leave(mut self) {
        let _ = timeout(Duration::from_secs(2), self.session.logout()).await;
    }
}

impl Waiting {
    /// Until there may be news.
    pub(super) async fn end(self) -> Result<Mailbox, Stopped> {
        let Self { state, has_idle, has_news, uid_validity, next_uid } = self;
        let session = match state {
            State::Asked(mut session) => {
                if !has_news {
                    tokio::time::sleep(ASK).await;
                }
                within(COMMAND, async { Ok(session.noop().await?) }).await?;
                *session
            }
            State::Told(mut idle) => {
                if !has_news {
                    let (waiting, _interrupt) = idle.wait_with_timeout(WAIT);
                    // A server that only says that it is still there does not keep us.
                    let _ = timeout(WAIT * 2, waiting).await.ok().transpose()?;
                }
                within(COMMAND, async { Ok(idle.done().await?) }).await?
            }
        };
        Ok(Mailbox { session, has_idle, has_news: false, uid_validity, next_uid })
    }
}

/// What an answer tells.
#[derive(Default)]
struct Heard {
    mail: Option<Listed>,
    bytes: Option<Vec<u8>>,
    found: Vec<u32>,
}

fn heard(answer: &Response<'_>) -> Option<Heard> {
    let attributes = match answer {
        Response::MailboxData(MailboxDatum::Search(found)) => {
            return Some(Heard { found: found.clone(), ..Heard::default() });
        }
        Response::Fetch(_, attributes) => attributes,
        _ => return None,
    };
    let (mut uid, mut size, mut at, mut bytes) = (None, 0, None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(number) => size = *number,
            AttributeValue::InternalDate(text) => at = Timestamp::from_imap(text),
            AttributeValue::BodySection { data: Some(data), .. } => bytes = Some(data.to_vec()),
            _ => {}
        }
    }
    Some(Heard { mail: Some(Listed { uid: uid?, size, at }), bytes, found: Vec::new() })
}

/// A connection of any kind.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Io for T {}

/// A connection from which only so much is read.
#[derive(Debug)]
pub(super) struct Bounded {
    io: Box<dyn Io>,
    left: u64,
}

impl Bounded {
    fn new(io: Box<dyn Io>) -> Self {
        Self { io, left: BESIDE }
    }

    /// How much the next answer may have, in bytes.
    fn may_read(&mut self, bytes: u64) {
        self.left = bytes;
    }
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the answer is longer than it may be")));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        let read_bytes = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(read_bytes);
        read
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_told_in_the_servers_words_and_a_busy_one_passes() {
        let no = |said: &str| refused(Error::No(said.to_owned()));
        let said = r#"code: None, info: Some("User \"ana\" unknown")"#;
        assert!(matches!(no(said), Stopped::Refused(words) if words == r#"User "ana" unknown"#));
        let busy = r#"code: Some(Other("UNAVAILABLE")), info: Some("later")"#;
        assert!(matches!(no(busy), Stopped::Cut(failure) if failure.message.contains("later")));
    }

    #[tokio::test]
    async fn no_answer_is_longer_than_it_may_be() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut server, client) = tokio::io::duplex(1024);
        let mut bounded = Bounded::new(Box::new(client));
        bounded.may_read(10);
        server.write_all(&[b'x'; 100]).await.unwrap();
        let mut read = [0; 10];
        bounded.read_exact(&mut read).await.unwrap();
        assert!(bounded.read_exact(&mut read).await.unwrap_err().to_string().contains("longer"));
    }
}
