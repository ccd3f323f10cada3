//! What a provider is asked that is not a delivery: the adapter says each step, this makes the
//! calls. And the template catalogue, which is synced one flight at a time.

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::transport::Lost;
use chaski_channels::template::definition;
use chaski_channels::{Answer, Cx, MAX_STEPS, Reply, Step, Task};
use chaski_model::{AccountId, ErrorCode, Failure, Timestamp};
use chaski_store::admin::{Channel, SyncedTemplate};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// How long one call of a task may take.
const CALL: Duration = Duration::from_secs(20);
/// A refusal or an unknown template causes a sync at most this often.
const BETWEEN_SYNCS: Duration = Duration::from_secs(300);

/// Syncs under way and when the last one was asked for, by account.
#[derive(Default)]
pub(crate) struct Flights {
    accounts: Mutex<HashMap<AccountId, Arc<tokio::sync::Mutex<Option<Timestamp>>>>>,
    stale: Mutex<BTreeSet<AccountId>>,
    wake: Notify,
}

impl Flights {
    fn of(&self, account: AccountId) -> Arc<tokio::sync::Mutex<Option<Timestamp>>> {
        let mut accounts = self.accounts.lock().expect("nobody panics while holding the list");
        Arc::clone(accounts.entry(account).or_default())
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
            now: self.clock.now(),
        };
        let mut replies: Vec<Reply> = Vec::new();
        for _ in 0..MAX_STEPS {
            match adapter.ask(&cx, task, &replies) {
                Step::Done(answer) => return Ok(answer),
                Step::Fail(failure) => return Err(failure),
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

    /// Syncs an account's catalogue now; whoever asks meanwhile shares the flight's end.
    ///
    /// # Errors
    /// The provider refused, could not be reached, or the store cannot be written.
    pub async fn sync_templates(&self, account: AccountId) -> Result<Synced, Failure> {
        let flight = self.flights.of(account);
        let mut last = flight.lock().await;
        *last = Some(self.clock.now());
        self.sync_now(account).await
    }

    /// A template is not in the catalogue: syncs, unless one was asked for within five minutes.
    /// True when there was a sync and the catalogue is worth another look.
    pub(crate) async fn sync_for_absent(&self, account: AccountId) -> bool {
        let flight = self.flights.of(account);
        let asked_at = self.clock.now();
        let mut last = flight.lock().await;
        let now = self.clock.now();
        if let Some(at) = *last {
            if at >= asked_at {
                return true;
            }
            if at + BETWEEN_SYNCS > now {
                return false;
            }
        }
        *last = Some(now);
        self.sync_now(account).await.is_ok()
    }

    /// The provider refused a template: the catalogue is synced behind the message.
    pub(crate) fn mark_stale(&self, account: AccountId) {
        self.flights.stale.lock().expect("nobody panics while holding the set").insert(account);
        self.flights.wake.notify_one();
    }

    /// Syncs the catalogues that were marked stale, one after the other.
    pub(crate) async fn sync_stale(&self) {
        self.flights.wake.notified().await;
        let stale =
            std::mem::take(&mut *self.flights.stale.lock().expect("nobody panics while holding the set"));
        for account in stale {
            self.sync_for_absent(account).await;
        }
    }

    async fn sync_now(&self, account: AccountId) -> Result<Synced, Failure> {
        let snapshot = self.snapshot();
        let entry = snapshot
            .channels
            .values()
            .filter(|entry| entry.channel.account == account && !entry.locked)
            .min_by_key(|entry| (entry.is_held(), entry.channel.id))
            .ok_or_else(|| {
                Failure::new(ErrorCode::ChannelNotFound, "The account has no channel that could be asked.")
            })?;
        match self.ask(entry, &Task::Templates).await {
            Ok(answer) => self.replace_catalogue(account, answer.templates).await,
            Err(failure) => {
                tracing::warn!(account.id = account.0, cause = %failure.message, "templates could not be synced");
                let _ = self.store.sync_failed(account, failure.message.clone(), self.clock.now()).await;
                Err(failure)
            }
        }
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
