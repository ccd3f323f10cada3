//! What is old goes: each kind of data by its own age, an hour apart, in small steps.

use crate::clock::machine_now;
use crate::engine::Engine;
use chaski_model::Timestamp;
use chaski_store::StoreError;
use chaski_store::upkeep::Kept;
use std::sync::Arc;
use std::time::Duration;

/// How often the job runs, and how long after the start it runs first.
const EVERY: Duration = Duration::from_secs(3600);
const AT_FIRST: Duration = Duration::from_secs(600);
/// Rows that one step looks at.
const STEP: usize = 500;
/// How long the store is left to others between two steps.
const REST: Duration = Duration::from_millis(10);
/// Free pages that one step gives back, and the most steps of it in one run (1 GiB).
const PAGES: u32 = 256;
const COMPACT_STEPS: u32 = 1024;
/// How long answers to Idempotency-Keys are promised; whole days go, so a little more is kept.
const IDEMPOTENCY: Duration = Duration::from_secs(2 * 86_400);

/// How long each kind of data is kept; `None` = for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// What messages say.
    pub messages: Option<Duration>,
    /// Attempts and receipts.
    pub history: Option<Duration>,
    /// Media of inbound messages; never longer than what messages say.
    pub media: Option<Duration>,
    /// Events of the feed.
    pub events: Option<Duration>,
    /// What was said to providers.
    pub exchanges: Option<Duration>,
    /// Dead letters.
    pub dead_letters: Option<Duration>,
    /// Webhooks that could not be used.
    pub webhooks: Option<Duration>,
    /// Providers' ids: whole weeks.
    pub provider_ids: Option<Duration>,
}

/// What a run did, or would do, with one kind.
#[derive(Debug, Clone, Copy)]
pub struct Removed {
    /// The kind's word.
    pub kind: &'static str,
    /// What is older goes; `None` = the kind is kept for ever.
    pub before: Option<Timestamp>,
    /// How many rows.
    pub rows: u64,
}

impl Engine {
    /// What is old, by kind, as of now.
    fn old(&self, kind: Kept) -> Option<Timestamp> {
        let kept = &self.config.retention;
        let now = self.clock.now();
        let ago = |age: Duration| {
            Timestamp(now.0.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX)))
        };
        match kind {
            Kept::Contents => kept.messages.map(ago),
            Kept::History => kept.history.map(ago),
            // A message's family goes when neither what it said nor its history is kept any more.
            Kept::Deliveries => {
                kept.messages.zip(kept.history).map(|(messages, history)| ago(messages.max(history)))
            }
            Kept::Media => kept.media.map(ago),
            Kept::Events => kept.events.map(ago),
            Kept::Exchanges => kept.exchanges.map(ago),
            Kept::DeadLetters => kept.dead_letters.map(ago),
            Kept::Webhooks => kept.webhooks.map(ago),
            Kept::ProviderIds => kept.provider_ids.map(ago),
            Kept::Idempotency => Some(ago(IDEMPOTENCY)),
            Kept::Sessions => Some(machine_now()),
            Kept::Signatures => Some(now),
        }
    }

    /// How much a run would remove of each kind.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn removable(&self) -> Result<Vec<Removed>, StoreError> {
        let mut told = Vec::new();
        for kind in Kept::ALL {
            let before = self.old(kind);
            let rows = match before {
                Some(before) => self.store.removable(kind, before, self.clock.now()).await?,
                None => 0,
            };
            told.push(Removed { kind: kind.word(), before, rows });
        }
        Ok(told)
    }

    /// Removes what is old, kind by kind; one run at a time.
    ///
    /// # Errors
    /// The store cannot be written; what is left goes with the next run.
    pub async fn retain(&self) -> Result<Vec<Removed>, StoreError> {
        let _alone = self.retaining.lock().await;
        let mut told = Vec::new();
        for kind in Kept::ALL {
            let before = self.old(kind);
            let rows = match before {
                Some(before) => self.sweep(kind, before).await?,
                None => 0,
            };
            told.push(Removed { kind: kind.word(), before, rows });
        }
        self.compact().await?;
        metrics::gauge!("chaski_retention_run_timestamp_seconds").set(self.clock.now().secs() as f64);
        Ok(told)
    }

    async fn sweep(&self, kind: Kept, before: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        loop {
            let step = match self.store.sweep(kind, before, self.clock.now(), STEP).await {
                Ok(step) => step,
                // Others come first.
                Err(StoreError::Busy) if !self.stopping().is_cancelled() => {
                    tokio::time::sleep(REST * 50).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            rows += step.rows;
            removed(kind.word(), step.rows);
            if !step.more || self.stopping().is_cancelled() {
                return Ok(rows);
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Gives free pages back to the file system.
    async fn compact(&self) -> Result<(), StoreError> {
        for _ in 0..COMPACT_STEPS {
            if self.stopping().is_cancelled() || self.store.compact(PAGES).await? < PAGES {
                break;
            }
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }
}

fn removed(kind: &'static str, rows: u64) {
    metrics::counter!("chaski_retention_removed_total", "kind" => kind).increment(rows);
}

/// The job, once an hour of domain time, on one node.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut due = engine.clock.now() + AT_FIRST;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.clock.sleep_until(due) => {}
        }
        due = engine.clock.now() + EVERY;
        // Each node has a folder of its own, unless one is shared; a bucket is swept by the one that leads.
        match engine.sweep_media().await {
            Ok(files) if files > 0 => {
                tracing::info!(files, "media that no message has any more were removed")
            }
            Ok(_) => {}
            Err(cause) => tracing::warn!(%cause, "media cannot be swept; it goes on in an hour"),
        }
        if !engine.leads() {
            continue;
        }
        match engine.retain().await {
            Ok(told) => {
                let rows: u64 = told.iter().map(|removed| removed.rows).sum();
                tracing::info!(rows, "retention has removed what was old");
            }
            Err(cause) => tracing::warn!(%cause, "retention could not finish; it goes on in an hour"),
        }
    }
}
