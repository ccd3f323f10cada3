//! One connection to a mailbox (RFC 3501, and 2177 for IDLE). Nothing in it is changed: the folder is only
//! looked at, so that people who read it too find it as they left it.

use crate::guard::Guard;
use crate::mail_server::{self, headers, login};
use async_imap::error::Error;
use async_imap::imap_proto::{Response, Status};
use async_imap::types::{Fetch, UnsolicitedResponse};
use async_imap::{Client, Session};
use chaski_channels::{Call, Secrets, Settings};
use chaski_model::{ErrorCode, Failure, Timestamp};
use futures_util::TryStreamExt;
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
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        let said = match error {
            Error::No(said) | Error::Bad(said) => words(&said),
            other => other.to_string(),
        };
        let message = format!("The mailbox could not be read: {said}.");
        Self::Cut(Failure::new(ErrorCode::ProviderUnavailable, message))
    }
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
    /// When it came into the mailbox.
    pub(super) at: Timestamp,
}

/// A folder that is being read.
pub(crate) struct Mailbox {
    session: Session<Bounded>,
    has_idle: bool,
    pub(super) uid_validity: u32,
    /// 1 where the server does not say.
    pub(super) next_uid: u32,
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
        Error::No(said) => Stopped::NoFolder(words(&said)),
        other => other.into(),
    })?;
    let Some(uid_validity) = found.uid_validity else {
        let message = "The mailbox does not number its mails (UIDVALIDITY): it cannot be read.";
        return Err(Failure::new(ErrorCode::ProviderUnavailable, message).into());
    };
    Ok(Mailbox { session, has_idle, uid_validity, next_uid: found.uid_next.unwrap_or(1) })
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
    let greeting = client.read_response().await.map_err(Error::from)?;
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
        Error::No(said) if !["UNAVAILABLE", "INUSE", "LIMIT"].iter().any(|word| said.contains(word)) => {
            Stopped::Refused(words(&said))
        }
        Error::Validate(_) => Stopped::Refused("A user name or password must not hold a line break.".into()),
        other => other.into(),
    }
}

/// The server's own words in what the library makes of them: `code: None, info: Some("No such user")`.
fn words(said: &str) -> String {
    let info = said.split_once("info: Some(\"").and_then(|(_, info)| info.strip_suffix("\")"));
    info.unwrap_or(said).replace("\\\"", "\"")
}

async fn within<T>(most: Duration, step: impl Future<Output = Result<T, Stopped>>) -> Result<T, Stopped> {
    timeout(most, step).await.unwrap_or_else(|_| {
        let message = format!("The mail server did not answer within {} s.", most.as_secs());
        Err(Failure::new(ErrorCode::ProviderUnavailable, message).into())
    })
}

impl Mailbox {
    /// The mails from a number on, in order.
    pub(super) async fn from(&mut self, uid: u32) -> Result<Vec<Listed>, Stopped> {
        while self.session.unsolicited_responses.try_recv().is_ok() {}
        let listed =
            self.fetch(COMMAND, ANSWER, &format!("{uid}:*"), "(UID RFC822.SIZE INTERNALDATE)").await?;
        let mut listed: Vec<Listed> = listed.iter().filter_map(told).collect();
        // A range that ends with * names the last mail, whatever its number.
        listed.retain(|mail| mail.uid >= uid);
        listed.sort_unstable_by_key(|mail| mail.uid);
        listed.dedup_by_key(|mail| mail.uid);
        Ok(listed)
    }

    /// The number of the first mail that may have come since a moment.
    pub(super) async fn first_since(&mut self, since: Timestamp) -> Result<Option<u32>, Stopped> {
        // The server's days are of its own time zone.
        let day = since - Duration::from_secs(86_400);
        self.session.get_mut().may_read(ANSWER);
        let query = format!("SINCE {}", day.imap_day());
        let found = within(COMMAND, async { Ok(self.session.uid_search(query).await?) }).await?;
        Ok(found.into_iter().min())
    }

    /// A mail's bytes; `None` once it is gone.
    pub(super) async fn mail(&mut self, mail: Listed) -> Result<Option<Vec<u8>>, Stopped> {
        let most = u64::from(mail.size) * 2 + BESIDE;
        let found = self.fetch(MAIL, most, &mail.uid.to_string(), "(UID BODY.PEEK[])").await?;
        Ok(found.iter().find_map(|found| found.body().map(<[u8]>::to_vec)))
    }

    /// Its headers alone.
    pub(super) async fn head(&mut self, mail: Listed) -> Result<Option<Vec<u8>>, Stopped> {
        let found = self.fetch(MAIL, BESIDE, &mail.uid.to_string(), "(UID BODY.PEEK[HEADER])").await?;
        Ok(found.iter().find_map(|found| found.header().map(<[u8]>::to_vec)))
    }

    async fn fetch(
        &mut self,
        long: Duration,
        most: u64,
        of: &str,
        what: &str,
    ) -> Result<Vec<Fetch>, Stopped> {
        self.session.get_mut().may_read(most);
        within(long, async { Ok(self.session.uid_fetch(of, what).await?.try_collect().await?) }).await
    }

    /// Until there may be news.
    pub(super) async fn wait(mut self) -> Result<Self, Stopped> {
        self.session.get_mut().may_read(BESIDE);
        if !self.has_idle {
            tokio::time::sleep(ASK).await;
            within(COMMAND, async { Ok(self.session.noop().await?) }).await?;
            return Ok(self);
        }
        let Self { session, has_idle, uid_validity, next_uid } = self;
        let told = session.unsolicited_responses.clone();
        let mut idle = session.idle();
        within(COMMAND, async { Ok(idle.init().await?) }).await?;
        // What came between the last look and now was told before the waiting began.
        let is_news = std::iter::from_fn(|| told.try_recv().ok())
            .any(|told| matches!(told, UnsolicitedResponse::Exists(_)));
        if !is_news {
            let (waiting, _interrupt) = idle.wait_with_timeout(WAIT);
            // A server that only says that it is still there does not keep us.
            let _ = timeout(WAIT * 2, waiting).await.ok().transpose()?;
        }
        let session = within(COMMAND, async { Ok(idle.done().await?) }).await?;
        Ok(Self { session, has_idle, uid_validity, next_uid })
    }

    /// Leaves.
    pub(crate) async fn leave(mut self) {
        let _ = timeout(Duration::from_secs(2), self.session.logout()).await;
    }
}

fn told(fetch: &Fetch) -> Option<Listed> {
    let at = fetch.internal_date().map_or(Timestamp(0), |date| Timestamp(date.timestamp_millis()));
    Some(Listed { uid: fetch.uid?, size: fetch.size.unwrap_or(0), at })
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
