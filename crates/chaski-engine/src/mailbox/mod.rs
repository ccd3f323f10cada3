//! Mailboxes that are read: one reader for each account of this node whose adapter names one. A mail is taken
//! in as a webhook's body is, and only then counted as read; what is read twice is known by its Message-ID.

mod client;

pub(crate) use client::{Stopped, open};

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::ingest::Refused;
use crate::mail_server::headers;
use crate::tasks::storage;
use chaski_channels::{Call, Cx, Reply, Secrets, Settings};
use chaski_model::{AccountId, ErrorCode, Failure, Timestamp};
use chaski_store::mailboxes::Mark;
use client::{Listed, Mailbox};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
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
        Err(Stopped::Cut(failure)) => Err(failure),
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

/// Reads one mailbox for ever.
async fn read(engine: Arc<Engine>, place: Place) {
    let mut failures = 0;
    loop {
        let stopped = match engine.read_mailbox(&place, &mut failures).await {
            Ok(never) => match never {},
            Err(stopped) => stopped,
        };
        failures += 1;
        let (words, rest) = match &stopped {
            Stopped::Refused(said) => (format!("The login is refused: {said}"), AFTER_REFUSAL),
            Stopped::NoFolder(said) => (format!("There is no such folder: {said}"), AFTER_REFUSAL),
            Stopped::Cut(failure) => {
                let rest = RESTS.get(failures - 1).or(RESTS.last()).copied().unwrap_or_default();
                (failure.message.clone(), Duration::from_secs(rest))
            }
        };
        metrics::counter!("chaski_mailbox_failures_total").increment(1);
        tracing::warn!(channel.id = place.entry.channel.id.0, cause = %words, "the mailbox is not read");
        // One lost connection is nothing that anybody must know.
        if failures > 1 || !matches!(stopped, Stopped::Cut(_)) {
            engine.note_mailbox(&place, Some(words)).await;
        }
        engine.clock.sleep_until(engine.clock.now() + rest).await;
    }
}

/// What a reader never comes to.
enum Never {}

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

    async fn read_mailbox(&self, place: &Place, failures: &mut usize) -> Result<Never, Stopped> {
        let (entry, account) = (&place.entry, place.entry.channel.account);
        let mut mailbox = open(self.guard, &place.call, &entry.channel.settings, &entry.secrets).await?;
        let (mut mark, since) = self.begin_at(place, &mut mailbox).await?;
        self.note_mailbox(place, None).await;
        *failures = 0;
        loop {
            for mail in mailbox.from(mark.next_uid).await? {
                if mail.at >= since {
                    self.take_mail(entry, &mut mailbox, mail).await?;
                }
                mark.next_uid = mail.uid.saturating_add(1);
                mark.read_at = self.clock.now();
                self.store.mark_mailbox(account, mark.clone()).await.map_err(storage)?;
            }
            mailbox = mailbox.wait().await?;
        }
    }

    /// From where on a mailbox is read, and since when its mails are taken in: what was there before the
    /// channel was connected is nobody's message to it.
    async fn begin_at(&self, place: &Place, mailbox: &mut Mailbox) -> Result<(Mark, Timestamp), Stopped> {
        let (account, name) = (place.entry.channel.account, place.name());
        // Servers tell whole seconds.
        let connected_at = Timestamp(place.entry.channel.created_at.0 / 1000 * 1000);
        let known = self.store.mailbox_mark(account).await.map_err(storage)?;
        if let Some(mark) = &known
            && (mark.place == name && mark.uid_validity == mailbox.uid_validity)
        {
            return Ok((mark.clone(), connected_at));
        }
        let since = known.map_or(connected_at, |mark| connected_at.max(mark.read_at - OVERLAP));
        let first = mailbox.first_since(since).await?;
        let mark = Mark {
            place: name,
            uid_validity: mailbox.uid_validity,
            next_uid: first.unwrap_or(mailbox.next_uid),
            read_at: self.clock.now(),
        };
        self.store.mark_mailbox(account, mark.clone()).await.map_err(storage)?;
        Ok((mark, since))
    }

    async fn take_mail(
        &self,
        entry: &ChannelEntry,
        mailbox: &mut Mailbox,
        mail: Listed,
    ) -> Result<(), Stopped> {
        let raw = if mail.size > LARGEST {
            mailbox.head(mail).await?.map(|head| in_place_of(&head, mail.size))
        } else {
            mailbox.mail(mail).await?
        };
        let Some(raw) = raw else { return Ok(()) };
        metrics::counter!("chaski_mails_read_total").increment(1);
        match self.ingest_mail(entry, &raw).await {
            Ok(()) => Ok(()),
            Err(Refused::Store(error)) => Err(storage(error).into()),
            Err(Refused::UnknownKey | Refused::Unauthorized(_)) => {
                Err(Failure::new(ErrorCode::NotFound, "The channel is gone.").into())
            }
        }
    }

    /// Notes why a mailbox is not read, or that it is, where that is new.
    async fn note_mailbox(&self, place: &Place, error: Option<String>) {
        let account = place.entry.channel.account;
        if self.snapshot().accounts.get(&account).is_none_or(|known| known.mailbox_error == error) {
            return;
        }
        let mut said = Failure::new(ErrorCode::ProviderUnavailable, error.clone().unwrap_or_default());
        crate::transport::mask_failure(&mut said, &place.entry.hidden());
        let noted = self.store.note_mailbox_error(account, error.map(|_| said.message)).await;
        if noted.is_ok() {
            let _ = self.reload().await;
        }
    }
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
        "\r\n[This mail has {} MB and was not taken in. It is in the mailbox.]\r\n",
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
            "From: a@x.ec\r\nSubject: Fotos\r\n\r\n[This mail has 41 MB and was not taken in. It is in the mailbox.]\r\n"
        );
    }
}
