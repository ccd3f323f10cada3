//! The mailboxes of businesses: what people wrote to them, kept for whoever reads them by IMAP.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::sync::watch;

use crate::accounts::AccountId;
use crate::sync::locked;

/// The most mails of one mailbox; the oldest go.
const MAILS: usize = 1000;

/// A mail in a mailbox.
pub(super) struct Mail {
    pub(super) uid: u32,
    pub(super) at_ms: i64,
    pub(super) raw: Vec<u8>,
    /// The size that it is said to have.
    pub(super) size: usize,
    /// Its bytes are never given.
    pub(super) is_withheld: bool,
}

/// One mailbox.
#[derive(Default)]
struct Folder {
    mails: VecDeque<Arc<Mail>>,
    last_uid: u32,
}

/// All of them. They are kept in memory: a start numbers them anew, which UIDVALIDITY tells.
pub(crate) struct Boxes {
    folders: Mutex<BTreeMap<AccountId, Folder>>,
    validity: Mutex<u32>,
    /// Counts what came.
    news: watch::Sender<u64>,
    /// Counts how often every connection was closed.
    cuts: watch::Sender<u64>,
    /// Commands that go wrong, each the next time that it is said.
    bad: Mutex<Vec<(String, Bad)>>,
}

/// How a command goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bad {
    /// It is refused.
    No,
    /// The server says good-bye in the middle of its answer.
    Bye,
}

impl Boxes {
    /// Empty ones, numbered anew.
    pub(crate) fn new(validity: u32) -> Self {
        Self {
            folders: Mutex::default(),
            validity: Mutex::new(validity.max(1)),
            news: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            bad: Mutex::default(),
        }
    }

    /// A mail comes in. `size` is what it is said to have, in bytes; its own where that is `None`.
    pub(crate) fn put(
        &self,
        id: AccountId,
        raw: Vec<u8>,
        at_ms: i64,
        size: Option<usize>,
        is_withheld: bool,
    ) {
        let size = size.unwrap_or(raw.len());
        {
            let mut folders = locked(&self.folders);
            let folder = folders.entry(id).or_default();
            folder.last_uid += 1;
            folder.mails.push_back(Arc::new(Mail { uid: folder.last_uid, at_ms, raw, size, is_withheld }));
            if folder.mails.len() > MAILS {
                folder.mails.pop_front();
            }
        }
        self.news.send_modify(|count| *count += 1);
    }

    /// Every mail with its place, which counts from 1.
    pub(super) fn list(&self, id: AccountId) -> Vec<(usize, Arc<Mail>)> {
        let folders = locked(&self.folders);
        let mails = folders.get(&id).into_iter().flat_map(|folder| folder.mails.iter().cloned());
        mails.enumerate().map(|(place, mail)| (place + 1, mail)).collect()
    }

    pub(super) fn next_uid(&self, id: AccountId) -> u32 {
        locked(&self.folders).get(&id).map_or(1, |folder| folder.last_uid + 1)
    }

    pub(super) fn validity(&self) -> u32 {
        *locked(&self.validity)
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    /// Lets a command go wrong the next time that it is said.
    pub(crate) fn spoil(&self, command: String, bad: Bad) {
        locked(&self.bad).push((command, bad));
    }

    pub(super) fn spoilt(&self, command: &str) -> Option<Bad> {
        let mut all = locked(&self.bad);
        let place = all.iter().position(|(word, _)| word.eq_ignore_ascii_case(command))?;
        Some(all.remove(place).1)
    }

    /// Closes every connection to a mailbox.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// Numbers all mails anew, as a server does whose mailboxes were restored.
    pub(crate) fn renumber(&self) {
        *locked(&self.validity) += 1;
        for folder in locked(&self.folders).values_mut() {
            let mails: Vec<Arc<Mail>> = folder.mails.drain(..).collect();
            folder.last_uid = 0;
            for mail in mails {
                folder.last_uid += 1;
                let uid = folder.last_uid;
                let (raw, is_withheld) = (mail.raw.clone(), mail.is_withheld);
                let again = Mail { uid, at_ms: mail.at_ms, raw, size: mail.size, is_withheld };
                folder.mails.push_back(Arc::new(again));
            }
        }
        self.cut();
    }
}
