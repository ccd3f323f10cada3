//! What a provider is asked that is not a delivery: the adapter says each step, this makes the
//! calls. And the template catalogue, which is synced one flight at a time.

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::{Lost, mask_failure};
use chaski_channels::template::definition;
use chaski_channels::{Answer, Cx, MAX_STEPS, Reply, Step, Task};
use chaski_model::{AccountId, ErrorCode, Failure, Timestamp};
use chaski_store::StoreError;
use chaski_store::admin::{Channel, SyncTurn, SyncedTemplate};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How long one call of a task may take.
const CALL: Duration = Duration::from_secs(20);
/// A refusal or an unknown template causes a sync at most this often.
const BETWEEN_SYNCS: Duration = Duration::from_secs(300);

/// How often it is looked whether another node's flight has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// How often accounts are looked for that other nodes have served until now.
const OTHERS_ACCOUNTS: Duration = Duration::from_secs(60);

/// Syncs under way, by account, and what waits for one.
#[derive(Default)]
pub(crate) struct Flights {
    accounts: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<Flight>>>>,
    /// Accounts whose catalogue a refusal has shown to be out of date.
    stale: Mutex<BTreeSet<AccountId>>,
    wake: Notify,
}

/// When an account's catalogue was last asked for.
#[derive(Default)]
struct Flight {
    /// By whomever.
    tried_at: Option<Timestamp>,
    /// When the last one that went well came to its end.
    fresh_at: Option<Timestamp>,
}

/// What came of a sync that an absent or refused template asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resync {
    /// The catalogue is fresh: worth another look.
    Fresh,
    /// There was one within five minutes: the catalogue at hand decides.
    TooSoon,
    /// The provider could not be asked: nothing can be decided by the catalogue.
    Failed,
}

impl Flights {
    fn of(&self, account: AccountId) -> Arc<tokio::sync::Mutex<Flight>> {
        let mut accounts = self.accounts.lock().expect("nobody panics while holding the list");
        Arc::clone(accounts.entry(account).or_default())
    }

    fn stale(&self) -> std::sync::MutexGuard<'_, BTreeSet<AccountId>> {
        self.stale.lock().expect("nobody panics while holding the set")
    }

    /// Waits until a catalogue is marked as out of date.
    pub(crate) async fn marked(&self) {
        self.wake.notified().await;
    }
}

/// What a sync brought.
#[derive(Debug, Clone, Copy)]
pub struct Synced {
    /// Templates in the catalogue.
    pub templates: usize,
    /// New or changed.
    pub changed: usize,
    /// No longer there.
    pub gone: usize,
}

impl Engine {
    /// Walks a task through its steps.
    ///
    /// # Errors
    /// What the provider refused, or that it could not be reached.
    pub async fn ask(&self, entry: &ChannelEntry, task: &Task) -> Result<Answer, Failure> {
        let adapter = entry.adapter.ok_or_else(|| {
            Failure::new(ErrorCode::NotSupported, "This build has no adapter for the channel's kind.")
        })?;
        let cx = Cx {
            settings: &entry.channel.settings,
            to: &[],
            reference: "",
            hook_url: &entry.hook_url,
            files: &[],
            prepared: None,
            now: self.clock.now(),
        };
        let mut replies: Vec<Reply> = Vec::new();
        for _ in 0..MAX_STEPS {
            match adapter.ask(&cx, task, &replies) {
                Step::Done(answer) => return Ok(answer),
                Step::Fail(mut failure) => {
                    mask_failure(&mut failure, &entry.hidden());
                    return Err(failure);
                }
                Step::Fetch(_) | Step::Kept(_) => break,
                Step::Call(call) => {
                    let reply =
                        self.transport.send(&call, &entry.channel.settings, &entry.secrets, CALL).await;
                    replies.push(reply.map_err(|lost| match lost {
                        Lost::NotSent(failure) | Lost::Lost(failure) => failure,
                    })?);
                }
            }
        }
        Err(Failure::new(ErrorCode::ProviderUnavailable, "The provider's answers never came to an end."))
    }

    /// Syncs an account's catalogue now; whoever asks meanwhile waits for the flight's end.
    ///
    /// # Errors
    /// The provider refused, could not be reached, or the store cannot be written.
    pub async fn sync_templates(&self, account: AccountId) -> Result<Synced, Failure> {
        let flight = self.flights.of(account);
        let mut flight = flight.lock().await;
        flight.tried_at = Some(self.clock.now());
        let synced = self.sync_now(account).await?;
        flight.fresh_at = Some(self.clock.now());
        Ok(synced)
    }

    /// A template is absent or was refused: syncs, unless that was done within five minutes by any node.
    /// Whoever asks while a flight is under way shares its end.
    pub(crate) async fn resync(&self, account: AccountId) -> Resync {
        let asked_at = self.clock.now();
        let flight = self.flights.of(account);
        let mut flight = flight.lock().await;
        if flight.fresh_at.is_some_and(|at| at >= asked_at) {
            return Resync::Fresh;
        }
        match self.turn(account).await {
            Ok(SyncTurn::Yours) => {}
            Ok(SyncTurn::UnderWay | SyncTurn::TooSoon) => {
                // What another node's flight has brought.
                self.catch_up().await;
                return Resync::TooSoon;
            }
            Err(cause) => {
                tracing::warn!(%cause, account.id = account.0, "whether to sync templates cannot be asked");
                return Resync::Failed;
            }
        }
        flight.tried_at = Some(self.clock.now());
        if self.sync_now(account).await.is_err() {
            return Resync::Failed;
        }
        flight.fresh_at = Some(self.clock.now());
        Resync::Fresh
    }

    /// Whose turn it is, once no other node's flight is under way.
    async fn turn(&self, account: AccountId) -> Result<SyncTurn, StoreError> {
        loop {
            let turn = self.store.begin_sync(account, self.clock.now(), BETWEEN_SYNCS).await?;
            if turn != SyncTurn::UnderWay {
                return Ok(turn);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The provider refused a template: the catalogue is synced behind the message.
    pub(crate) fn mark_stale(&self, account: AccountId) {
        self.flights.stale().insert(account);
        self.flights.wake.notify_one();
    }

    /// Syncs what is due by the schedule or was marked as out of date; says when to look again.
    pub(crate) async fn sync_what_is_due(&self) -> Timestamp {
        // Another node may have served an account until now.
        let at_most = if self.store.is_shared() { OTHERS_ACCOUNTS } else { self.config.template_sync };
        let mut look_at = self.clock.now() + at_most.min(self.config.template_sync);
        let stale = std::mem::take(&mut *self.flights.stale());
        for account in stale {
            if self.resync(account).await != Resync::Fresh {
                self.flights.stale().insert(account);
                look_at = look_at.min(self.clock.now() + BETWEEN_SYNCS);
            }
        }
        let snapshot = self.snapshot();
        let ours = snapshot.accounts.values().filter(|account| self.ownership.fence(account.id).is_some());
        for account in ours {
            let tried_at = self.flights.of(account.id).lock().await.tried_at;
            let by_schedule = account.synced_at.map(|at| at + self.config.template_sync);
            let due = by_schedule.max(tried_at.map(|at| at + BETWEEN_SYNCS)).unwrap_or_default();
            if due <= self.clock.now() {
                let _ = self.sync_templates(account.id).await;
                look_at = look_at.min(self.clock.now() + BETWEEN_SYNCS);
            } else {
                look_at = look_at.min(due);
            }
        }
        look_at
    }

    async fn sync_now(&self, account: AccountId) -> Result<Synced, Failure> {
        let synced = self.try_sync(account).await;
        if let Err(failure) = &synced {
            tracing::warn!(account.id = account.0, cause = %failure.message, "templates could not be synced");
            // However it ended: others wait for the end.
            let _ = self.store.sync_failed(account, failure.message.clone(), self.clock.now()).await;
        }
        synced
    }

    async fn try_sync(&self, account: AccountId) -> Result<Synced, Failure> {
        let snapshot = self.snapshot();
        let entry = snapshot
            .channels
            .values()
            .filter(|entry| entry.channel.account == account && !entry.locked)
            .min_by_key(|entry| (entry.is_held(), entry.channel.id))
            .ok_or_else(|| {
                Failure::new(ErrorCode::ChannelNotFound, "The account has no channel that could be asked.")
            })?;
        let answer = self.ask(entry, &Task::Templates).await?;
        self.replace_catalogue(account, answer.templates).await
    }

    /// Replaces an account's catalogue by a list in the provider's own form.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn replace_catalogue(
        &self,
        account: AccountId,
        objects: Vec<serde_json::Value>,
    ) -> Result<Synced, Failure> {
        let templates: Vec<SyncedTemplate> = objects
            .into_iter()
            .filter_map(|object| Some(SyncedTemplate { definition: definition::parse(&object)?, object }))
            .collect();
        let count = templates.len();
        let (changed, gone) =
            self.store.replace_templates(account, templates, self.clock.now()).await.map_err(storage)?;
        self.reload().await.map_err(storage)?;
        Ok(Synced { templates: count, changed, gone })
    }

    /// The provider refused the channel's credentials: nothing more goes out until it is resumed.
    pub(crate) async fn hold(&self, channel: &Channel, failure: &Failure, now: Timestamp) {
        let snapshot = self.snapshot();
        if snapshot.channels.get(&channel.id).is_none_or(|entry| entry.is_held()) {
            return;
        }
        tracing::error!(channel.id = channel.id.0, cause = %failure.message, "the channel is held; settle the cause and resume it");
        let held =
            self.store.set_channel(channel.id, "held", Some(failure.clone()), BTreeMap::new(), now).await;
        if held.is_ok() {
            let _ = self.reload().await;
        }
    }
}

pub(crate) fn storage(error: chaski_store::StoreError) -> Failure {
    use chaski_store::StoreError as E;
    let code = match &error {
        E::Busy => ErrorCode::Busy,
        E::Unavailable(_) => ErrorCode::StorageUnavailable,
        E::CommitUnknown => ErrorCode::CommitUnknown,
        E::Conflict(_) => ErrorCode::Conflict,
        E::NotFound(_) => ErrorCode::NotFound,
        E::Fault(_) => ErrorCode::Internal,
    };
    Failure::new(code, error.to_string())
}
