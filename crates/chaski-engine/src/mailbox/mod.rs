//! Mailboxes that are read: one reader for each account of this node whose adapter names one. A mail is taken
//! in as a webhook's body is, and only then counted as read; what is read twice is known by its Message-ID.

mod client;
mod connect;
mod stopped;

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::ingest::Refused;
use crate::mail_server::headers;
use crate::tasks::storage;
use crate::transport::mask_failure;
use chaski_channels::{Call, Cx, Reply, Secrets, Settings};
use chaski_model::{AccountId, ErrorCode, Failure, Timestamp};
use chaski_store::mailboxes::Mark;
use client::{Listed, Mailbox, open};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use stopped::Stopped;
use tokio::task::JoinSet;

/// How often it is looked which mailboxes are this node's to read.
const LOOK: Duration = Duration::from_secs(2);
/// Seconds until the connection is made anew, after the first, second, … failure; the last one repeats.
const RESTS: [u64; 5] = [2, 10, 30, 120, 300];
/// Mail providers lock out whoever tries a wrong password too often.
const AFTER_REFUSAL: Duration = Duration::from_secs(300);
/// The largest mail that is taken in whole, in bytes: as by the hook.
const LARGEST: u32 = 40 << 20;
/// How far before the last look a mailbox is read that numbers its mails anew.
const OVERLAP: Duration = Duration::from_secs(86_400);
/// How far apart the server's clock and ours may be.
const SKEW: Duration = Duration::from_secs(300);
/// Less than a week, after which what came is looked for in its own week or the one before.
const NEXT_WEEK: Duration = Duration::from_secs(6 * 86_400);
/// How often a mail is asked for whole, and up to which try its headers are asked for in its place.
const WHOLE: usize = 6;
const HEAD: usize = 9;

/// Whether a call opens a mailbox.
pub(crate) fn is_mailbox(call: &Call) -> bool {
    call.url.starts_with("imap://") || call.url.starts_with("imaps://")
}

/// Opens a mailbox only to see whether that can be done. The reply says it in the codes that the adapter
/// reads: 250, 535 for a refused login, 404 for a missing folder.
pub(crate) async fn check(
    guard: crate::guard::Guard,
    call: &Call,
    settings: &Settings,
    secrets: &Secrets,
) -> Result<Reply, Failure> {
    let reply = |status: u16, said: &str| Reply {
        status,
        body: json!({"reply": said}).to_string().into_bytes(),
        ..Reply::default()
    };
    match open(guard, call, settings, secrets).await {
        Ok(mailbox) => {
            mailbox.leave().await;
            Ok(reply(250, ""))
        }
        Err(Stopped::Refused(said)) => Ok(reply(535, &said)),
        Err(Stopped::NoFolder(said)) => Ok(reply(404, &said)),
        Err(Stopped::Cut(failure) | Stopped::NotStored(failure)) => Err(failure),
    }
}

/// A reader's mailbox: another one has another reader.
#[derive(Clone)]
struct Place {
    entry: Arc<ChannelEntry>,
    call: Call,
}

impl Place {
    fn is(&self, other: &Self) -> bool {
        let (own, its) = (&self.entry, &other.entry);
        own.channel.id == its.channel.id
            && own.channel.settings == its.channel.settings
            && own.secrets.0 == its.secrets.0
    }

    /// Which mailbox its mails' numbers hold for.
    fn name(&self) -> String {
        let folder = headers(&self.call, "folder").next().unwrap_or_default();
        let setting = |key: &str| self.entry.channel.settings.get(key).cloned().unwrap_or_default();
        format!("{} {} {} {folder}", self.call.url, setting("imap_username"), setting("username"))
    }
}

/// Runs until the engine stops. A reader is cut off wherever it is: what it had not finished is read again.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut readers: HashMap<AccountId, (Place, tokio::task::AbortHandle)> = HashMap::new();
    let mut tasks = JoinSet::new();
    loop {
        let wanted = engine.mailboxes();
        engine.forget_trouble(&wanted).await;
        readers.retain(|account, (place, reader)| {
            let stays = wanted.get(account).is_some_and(|wanted| wanted.is(place)) && !reader.is_finished();
            if !stays {
                reader.abort();
            }
            stays
        });
        for (account, place) in wanted {
            readers
                .entry(account)
                .or_insert_with(|| (place.clone(), tasks.spawn(read(Arc::clone(&engine), place))));
        }
        while tasks.try_join_next().is_some() {}
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    tasks.shutdown().await;
}

/// What has gone wrong with a mailbox since it was last read to its end.
#[derive(Default)]
struct Trouble {
    failures: usize,
    /// The mail that could not be had, and how often.
    stuck: Option<(u32, usize)>,
}

/// Reads one mailbox for ever.
async fn read(engine: Arc<Engine>, place: Place) {
    let mut trouble = Trouble::default();
    loop {
        let stopped = match engine.read_mailbox(&place, &mut trouble).await {
            Ok(never) => match never {},
            Err(stopped) => stopped,
        };
        trouble.failures += 1;
        let rest = RESTS.get(trouble.failures - 1).or(RESTS.last()).copied().unwrap_or_default();
        let (words, rest) = match &stopped {
            Stopped::Refused(said) => (format!("The login is refused: {said}"), AFTER_REFUSAL),
            Stopped::NoFolder(said) => (format!("There is no such folder: {said}"), AFTER_REFUSAL),
            Stopped::Cut(failure) | Stopped::NotStored(failure) => {
                (failure.message.clone(), Duration::from_secs(rest))
            }
        };
        let mut said = Failure::new(ErrorCode::ProviderUnavailable, words);
        mask_failure(&mut said, &place.entry.hidden());
        metrics::counter!("chaski_mailbox_failures_total").increment(1);
        tracing::warn!(channel.id = place.entry.channel.id.0, cause = %said.message, "the mailbox is not read");
        // One lost connection is nothing that anybody must know.
        if trouble.failures > 1 || matches!(stopped, Stopped::Refused(_) | Stopped::NoFolder(_)) {
            engine.note_mailbox(place.entry.channel.account, Some(said.message)).await;
        }
        engine.clock.sleep_until(engine.clock.now() + rest).await;
    }
}

/// What a reader never comes to.
enum Never {}

/// Mails that may have been read before: those below a number; none of them that came before a moment is wanted.
#[derive(Default)]
struct Again {
    up_to: u32,
    since: Timestamp,
}

impl Engine {
    /// The mailboxes of this node's accounts.
    fn mailboxes(&self) -> HashMap<AccountId, Place> {
        let snapshot = self.snapshot();
        let ours = |entry: &&Arc<ChannelEntry>| {
            !entry.locked
                && entry.channel.state != "connecting"
                && self.ownership.fence(entry.channel.account).is_some()
        };
        let mut entries: Vec<_> = snapshot.channels.values().filter(ours).collect();
        entries.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.channel.id));
        let named = entries.into_iter().filter_map(|entry| {
            let cx = Cx {
                settings: &entry.channel.settings,
                to: &[],
                reference: "",
                hook_url: &entry.hook_url,
                files: &[],
                prepared: None,
                now: self.clock.now(),
            };
            let call = entry.adapter?.mailbox(&cx)?;
            Some((entry.channel.account, Place { entry: Arc::clone(entry), call }))
        });
        named.collect()
    }

    /// An account whose mailbox is read no more has no trouble with it.
    async fn forget_trouble(&self, wanted: &HashMap<AccountId, Place>) {
        let snapshot = self.snapshot();
        let left = snapshot.accounts.values().filter(|account| {
            account.mailbox_error.is_some()
                && !wanted.contains_key(&account.id)
                && self.ownership.fence(account.id).is_some()
        });
        for account in left {
            self.note_mailbox(account.id, None).await;
        }
    }

    async fn read_mailbox(&self, place: &Place, trouble: &mut Trouble) -> Result<Never, Stopped> {
        let (entry, account) = (&place.entry, place.entry.channel.account);
        let mut mailbox = open(self.guard, &place.call, &entry.channel.settings, &entry.secrets).await?;
        let (mut mark, again) = self.begin_at(place, &mut mailbox).await?;
        loop {
            for mail in mailbox.from(mark.next_uid).await? {
                let is_read_again = mail.uid < again.up_to;
                if !is_read_again || mail.at.is_none_or(|at| at >= again.since) {
                    self.take_mail(entry, &mut mailbox, mail, is_read_again, trouble).await?;
                }
                mark.next_uid = mail.uid.saturating_add(1);
                mark.read_at = self.clock.now();
                self.store.mark_mailbox(account, mark.clone()).await.map_err(not_stored)?;
            }
            let waiting = mailbox.begin_wait().await?;
            *trouble = Trouble::default();
            self.note_mailbox(account, None).await;
            mailbox = waiting.end().await?;
        }
    }

    /// From where on a mailbox is read, and what of it may have been read before. What was there before the channel
    /// was connected, or before it was given this mailbox, is nobody's message to it.
    async fn begin_at(&self, place: &Place, mailbox: &mut Mailbox) -> Result<(Mark, Again), Stopped> {
        let (account, name) = (place.entry.channel.account, place.name());
        let known = self.store.mailbox_mark(account).await.map_err(not_stored)?;
        let connected_at = place.entry.channel.created_at - SKEW;
        let since = match known {
            Some(mark) if mark.place == name && mark.uid_validity == mailbox.uid_validity => {
                return Ok((mark, Again::default()));
            }
            Some(mark) if mark.place == name => connected_at.max(mark.read_at - OVERLAP),
            Some(_) => self.clock.now() - SKEW,
            None => connected_at,
        };
        let found = mailbox.since(since).await?;
        let mark = Mark {
            place: name,
            uid_validity: mailbox.uid_validity,
            next_uid: found.first().map_or(mailbox.next_uid, |first| first.uid),
            read_at: self.clock.now(),
        };
        self.store.mark_mailbox(account, mark.clone()).await.map_err(not_stored)?;
        Ok((mark, Again { up_to: mailbox.next_uid, since }))
    }

    async fn take_mail(
        &self,
        entry: &ChannelEntry,
        mailbox: &mut Mailbox,
        mail: Listed,
        is_read_again: bool,
        trouble: &mut Trouble,
    ) -> Result<(), Stopped> {
        let times = trouble.stuck.filter(|(uid, _)| *uid == mail.uid).map_or(0, |(_, times)| times);
        trouble.stuck = Some((mail.uid, times + 1));
        let raw = match times {
            0..WHOLE if mail.size <= LARGEST => mailbox.mail(mail).await?,
            0..HEAD => mailbox.head(mail).await?.map(|head| in_place_of(&head, mail.size)),
            _ => {
                metrics::counter!("chaski_mails_given_up_total").increment(1);
                tracing::error!(
                    channel.id = entry.channel.id.0,
                    uid = mail.uid,
                    "a mail cannot be had and is left out"
                );
                None
            }
        };
        trouble.stuck = Some((mail.uid, times));
        if let Some(raw) = raw {
            metrics::counter!("chaski_mails_read_total").increment(1);
            self.ingest_mail(entry, &raw, self.known_since(mail, is_read_again)).await.map_err(
                |refused| match refused {
                    Refused::Store(error) => not_stored(error),
                    Refused::UnknownKey | Refused::Unauthorized(_) => {
                        Stopped::NotStored(Failure::new(ErrorCode::NotFound, "The channel is gone."))
                    }
                },
            )?;
        }
        trouble.stuck = None;
        Ok(())
    }

    /// The moment at which a mail is looked for among what came: its own week or the next one, if it may have
    /// been read before.
    fn known_since(&self, mail: Listed, is_read_again: bool) -> Timestamp {
        let now = self.clock.now();
        mail.at.filter(|_| is_read_again).map_or(now, |at| now.min(at + NEXT_WEEK))
    }

    /// Notes why a mailbox is not read, or that it is, where that is new.
    async fn note_mailbox(&self, account: AccountId, error: Option<String>) {
        if self.snapshot().accounts.get(&account).is_none_or(|known| known.mailbox_error == error) {
            return;
        }
        if self.store.note_mailbox_error(account, error).await.is_ok() {
            let _ = self.reload().await;
        }
    }
}

fn not_stored(error: chaski_store::StoreError) -> Stopped {
    Stopped::NotStored(storage(error))
}

/// What is taken in of a mail that is too large: its headers, and words that say so.
fn in_place_of(head: &[u8], size: u32) -> Vec<u8> {
    let mut kept = Vec::with_capacity(head.len());
    let mut is_of_body = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if line.iter().all(u8::is_ascii_whitespace) {
            break;
        }
        // A folded line goes with the one before it.
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            is_of_body = name.to_ascii_lowercase().starts_with(b"content-");
        }
        if !is_of_body {
            kept.extend_from_slice(line);
        }
    }
    let words = format!(
        "\r\n[This mail of {} MB was too large to be taken in, or could not be had. It is in the mailbox.]\r\n",
        size.div_ceil(1 << 20)
    );
    kept.extend_from_slice(words.as_bytes());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_large_mail_is_a_mail() {
        let head =
            b"From: a@x.ec\r\nContent-Type: multipart/mixed;\r\n boundary=\"b\"\r\nSubject: Fotos\r\n\r\n";
        let kept = String::from_utf8(in_place_of(head, 41 << 20)).unwrap();
        assert_eq!(
            kept,
            "From: a@x.ec\r\nSubject: Fotos\r\n\r\n[This mail of 41 MB was too large to be taken in, or could not be had. It is in the mailbox.]\r\n"
        );
    }
}
