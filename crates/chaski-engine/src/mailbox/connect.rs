//! The connection to a mailbox's server: encrypted before anything is said, and bounded in what is read from it.

use super::stopped::Stopped;
use crate::guard::Guard;
use crate::mail_server;
use async_imap::Client;
use async_imap::error::Error;
use async_imap::imap_proto::{Response, Status};
use chaski_model::{ErrorCode, Failure};
use std::fmt::Debug;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How many bytes may be read before anybody says how many.
const AT_FIRST: u64 = 1 << 20;

/// A connection that may be given a password.
pub(super) async fn connect(guard: Guard, address: &str) -> Result<Client<Bounded>, Stopped> {
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
    let stream = TlsConnector::from(Arc::clone(&CONFIG)).connect(name, stream).await.map_err(|cause| {
        let message = format!("The mail server's encryption is not accepted: {cause}.");
        Failure::new(ErrorCode::ProviderUnavailable, message)
    })?;
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
        Self { io, left: AT_FIRST }
    }

    /// How much the next answer may have, in bytes.
    pub(super) fn may_read(&mut self, bytes: u64) {
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

    #[tokio::test]
    async fn what_is_not_tls_is_told_as_such_and_without_tls_nothing_is_said() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let heard = tokio::spawn(async move {
            let mut heard = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(b"* OK ready\r\n").await.unwrap();
                let mut line = vec![0; 64];
                let read = stream.read(&mut line).await.unwrap_or(0);
                heard.push(String::from_utf8_lossy(&line[..read]).into_owned());
                let _ = stream.write_all(b"A0001 OK go on\r\nnonsense\r\n").await;
            }
            heard
        });
        let guard = Guard { allow_private: true };
        for scheme in ["imaps", "imap"] {
            let Err(Stopped::Cut(failure)) = connect(guard, &format!("{scheme}://{at}")).await else {
                panic!("{scheme}: it is believed");
            };
            assert!(failure.message.contains("encryption is not accepted"), "{scheme}: {}", failure.message);
        }
        let heard = heard.await.unwrap();
        assert!(heard[1].contains("STARTTLS") && !heard.concat().contains("LOGIN"), "{heard:?}");
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
