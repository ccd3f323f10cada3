//! One connection to a mailbox (RFC 3501, and 2177 for IDLE). Nothing in it is changed: the folder is only
//! looked at, so that people who read it too find it as they left it.

use super::connect::{Bounded, connect};
use super::stopped::{Stopped, passes, refused, unread, words};
use crate::guard::Guard;
use crate::mail_server::{headers, login};
use async_imap::Session;
use async_imap::error::Error;
use async_imap::extensions::idle::Handle;
use async_imap::imap_proto::{AttributeValue, MailboxDatum, Response, Status};
use async_imap::types::UnsolicitedResponse;
use chaski_channels::{Call, Secrets, Settings};
use chaski_model::{ErrorCode, Failure, Timestamp};
use std::time::Duration;
use tokio::time::timeout;

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
