//! A connection on which lines are said and heard, as SMTP and IMAP do.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// The longest line that is heard.
pub(super) const LINE: u64 = 8192;

/// The connection.
pub(super) struct Lines(pub(super) BufReader<TcpStream>);

impl Lines {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(super) async fn say(&mut self, words: &str) -> io::Result<()> {
        self.say_bytes(format!("{words}\r\n").as_bytes()).await
    }

    pub(super) async fn say_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes).await?;
        self.0.get_mut().flush().await
    }

    /// A line without its end; `None` once the client has left.
    pub(super) async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let read = (&mut self.0).take(LINE).read_until(b'\n', &mut line).await?;
        let text = || String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        Ok((read > 0).then(text))
    }
}
