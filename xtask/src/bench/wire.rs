//! One keep-alive HTTP/1.1 connection, as cheap as can be: the load generator shares the cores with
//! what it measures.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whom to call, and with which token.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

impl Place {
    /// Reads `http://127.0.0.1:PORT/…`.
    pub(super) fn new(url: &str, token: &str) -> Result<Self> {
        let host = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
        let address = host.parse().with_context(|| format!("`{url}` is not an address"))?;
        Ok(Self { address, token: token.to_owned() })
    }

    /// A whole request.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body.as_bytes());
        request
    }

    /// One call on a connection of its own, answered with JSON or plain text.
    pub(super) async fn call(&self, method: &str, path: &str, body: &Value) -> Result<String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut wire = Wire::connect(self.address).await?;
        let status = wire.exchange(&self.request(method, path, &body)).await?;
        let answer = String::from_utf8_lossy(wire.body()).into_owned();
        ensure!(status == 200, "{method} {path} was answered with {status}: {answer}");
        Ok(answer)
    }
}

/// A connection with the last answer.
pub(super) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    body_at: usize,
}

impl Wire {
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("nobody listens at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096), body_at: 0 })
    }

    /// Sends a request and reads its answer to the end; the answer's status.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server hung up");
            }
            if let Some((status, body_at, length)) = head(&self.buffer)?
                && self.buffer.len() >= body_at + length
            {
                self.body_at = body_at;
                return Ok(status);
            }
        }
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> &[u8] {
        &self.buffer[self.body_at..]
    }
}

/// (status, where the body starts, how long it is), once the head is there.
fn head(answer: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end]).context("the answer's head is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse().ok() } else { None }
    });
    let status = status.context("the answer has no status")?;
    let length = length.context("the answer has no Content-Length")?;
    Ok(Some((status, end + 4, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nContent-Len").unwrap(), None);
        let whole = b"HTTP/1.1 404 Not Found\r\nDate: x\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(head(whole).unwrap(), Some((404, whole.len() - 2, 2)));
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
