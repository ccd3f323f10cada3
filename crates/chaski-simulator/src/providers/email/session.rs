//! One SMTP connection.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

use super::lines::{LINE, Lines};
use super::{is_revoked, letter, logged_in};
use crate::accounts::AccountId;
use crate::exchanges::Exchange;
use crate::faults::{Act, Cut};
use crate::sim::Shared;
use crate::source::Source;

/// The largest message, as SIZE says it.
const LARGEST: usize = 26_214_400;

/// What a client has said so far.
struct Session {
    sim: Shared,
    lines: Lines,
    account: Option<AccountId>,
    from: Option<String>,
    to: Vec<String>,
    act: Option<Act>,
}

/// Whether the connection goes on.
enum Next {
    Go,
    Close,
}

/// Speaks until the client leaves.
pub(super) async fn serve(sim: Shared, stream: TcpStream) -> io::Result<()> {
    let lines = Lines::new(stream);
    let mut session = Session { sim, lines, account: None, from: None, to: Vec::new(), act: None };
    session.lines.say("220 mail.simulator.example ESMTP").await?;
    while let Some(line) = session.lines.line().await? {
        if let Next::Close = session.command(&line).await? {
            return Ok(());
        }
    }
    Ok(())
}

impl Session {
    async fn go(&mut self, words: &str) -> io::Result<Next> {
        self.lines.say(words).await.map(|()| Next::Go)
    }

    async fn command(&mut self, line: &str) -> io::Result<Next> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "EHLO" => {
                let known = "250-mail.simulator.example\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN";
                self.go(known).await
            }
            "HELO" => self.go("250 mail.simulator.example").await,
            "AUTH" => self.auth(rest).await,
            "NOOP" => self.go("250 2.0.0 Ok").await,
            "RSET" => {
                self.reset();
                self.go("250 2.0.0 Ok").await
            }
            "QUIT" => self.lines.say("221 2.0.0 Bye").await.map(|()| Next::Close),
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.recipient(rest).await,
            "DATA" => self.data().await,
            _ => self.go("502 5.5.2 Error: command not recognized").await,
        }
    }

    fn reset(&mut self) {
        (self.from, self.act) = (None, None);
        self.to.clear();
    }

    async fn auth(&mut self, rest: &str) -> io::Result<Next> {
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let pair = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let answer = if initial.is_empty() { self.ask("").await? } else { initial.to_owned() };
                let plain = decoded(&answer);
                let mut fields = plain.split('\0').skip(1).map(str::to_owned);
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = self.ask("VXNlcm5hbWU6").await?;
                let password = self.ask("UGFzc3dvcmQ6").await?;
                (decoded(&user), decoded(&password))
            }
            _ => return self.go("504 5.5.4 Unrecognized authentication type").await,
        };
        self.account = logged_in(&pair.0, &pair.1).filter(|_| !is_revoked(&self.sim));
        match self.account {
            Some(_) => self.go("235 2.7.0 Authentication successful").await,
            None => self.go("535 5.7.8 Error: authentication failed").await,
        }
    }

    async fn ask(&mut self, words: &str) -> io::Result<String> {
        self.lines.say(&format!("334 {words}")).await?;
        Ok(self.lines.line().await?.unwrap_or_default())
    }

    async fn mail(&mut self, rest: &str) -> io::Result<Next> {
        if is_revoked(&self.sim) {
            self.account = None;
        }
        if self.account.is_none() {
            return self.go("530 5.7.0 Authentication required").await;
        }
        let Some(from) = path(rest, "FROM:") else {
            return self.go("501 5.5.4 Syntax: MAIL FROM:<address>").await;
        };
        self.reset();
        self.from = Some(from);
        self.go("250 2.1.0 Ok").await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<Next> {
        if self.from.is_none() {
            return self.go("503 5.5.1 Error: need MAIL command").await;
        }
        let to = path(rest, "TO:").unwrap_or_default().to_lowercase();
        let Some(key) = self.sim.phones.resolve(&to).filter(|key| key.contains('@')) else {
            return self.go("553 5.1.3 Bad recipient address syntax").await;
        };
        let act = self.sim.faults.pick(Source::Email, &to, None);
        if let Some(refusal) = act.as_ref().and_then(|act| act.code).and_then(refusal) {
            if refusal.starts_with("421") {
                return self.lines.say(refusal).await.map(|()| Next::Close);
            }
            return self.go(refusal).await;
        }
        if self.sim.phones.with(&key, |phone| phone.settings.blocked) {
            return self.go("550 5.1.1 User unknown").await;
        }
        if self.to.is_empty() {
            self.act = act;
        }
        self.to.push(key);
        self.go("250 2.1.5 Ok").await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let (Some(account), Some(_), false) = (self.account, &self.from, self.to.is_empty()) else {
            return self.go("503 5.5.1 Error: need RCPT command").await;
        };
        self.lines.say("354 End data with <CR><LF>.<CR><LF>").await?;
        let Some(message) = self.message().await? else {
            self.reset();
            return self.go("552 5.3.4 Message size exceeds fixed limit").await;
        };
        let (to, act) = (std::mem::take(&mut self.to), self.act.take());
        self.reset();
        let cut = act.as_ref().and_then(|act| act.cut);
        let queued = format!("250 2.0.0 Ok: queued as {}", self.sim.ids.numeric());
        if cut != Some(Cut::Before) {
            letter::land(&self.sim, account, &to, &message);
        }
        self.record(message.into(), if cut.is_some() { "" } else { &queued });
        if let Some(delay) = act.as_ref().and_then(|act| act.delay_ms) {
            sleep(Duration::from_millis(delay)).await;
        }
        if cut.is_some() { Ok(Next::Close) } else { self.go(&queued).await }
    }

    /// The message up to the dot; `None` where it is too large.
    async fn message(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut message, mut line) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            let left = (LARGEST as u64 + LINE).saturating_sub(message.len() as u64).max(LINE);
            if (&mut self.lines.0).take(left).read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                return Ok((message.len() <= LARGEST).then_some(message));
            }
            if message.len() <= LARGEST {
                message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }

    fn record(&self, body: Bytes, answer: &str) {
        self.sim.exchanges.record(Exchange {
            id: 0,
            at_ms: self.sim.clock.now_ms(),
            source: Source::Email,
            method: Method::POST,
            path: "/email/submission".to_owned(),
            query: None,
            headers: HeaderMap::new(),
            body,
            status: if answer.is_empty() { 0 } else { 250 },
            answer: Bytes::copy_from_slice(answer.as_bytes()),
        });
    }
}

/// `FROM:<ana@x.ec> SIZE=1` → `ana@x.ec`.
fn path(rest: &str, word: &str) -> Option<String> {
    let rest = rest.trim_start();
    let start = rest.get(..word.len())?;
    let after = rest.get(word.len()..)?.trim_start();
    let (address, _) = after.strip_prefix('<')?.split_once('>')?;
    start.eq_ignore_ascii_case(word).then(|| address.to_owned())
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text.trim()).unwrap_or_default()).unwrap_or_default()
}

/// The words of a refusal on purpose.
fn refusal(code: u32) -> Option<&'static str> {
    Some(match code {
        421 => "421 4.3.2 Service not available, closing transmission channel",
        450 => "450 4.2.0 Greylisted, try again later",
        451 => "451 4.7.1 Try again later",
        452 => "452 4.2.2 Mailbox full",
        550 => "550 5.1.1 User unknown",
        552 => "552 5.3.4 Message size exceeds fixed limit",
        553 => "553 5.1.3 Bad recipient address syntax",
        554 => "554 5.7.1 Message rejected as spam",
        _ => return None,
    })
}
