//! Receipts that name an id which only the answer to the call gives, and came before it. They are kept, and
//! held against what was sent until they find their part. Such kinds report what others sent by the same
//! account too: what finds none within a quarter of an hour goes.

use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::ingest::Refused;
use chaski_model::Timestamp;
use chaski_model::event::Receipt;
use chaski_store::StoreError;
use chaski_store::reports::Early;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Seconds after which a receipt is looked at for the first, second, … time; after the last it goes.
const LOOKS: [u64; 10] = [1, 1, 2, 4, 8, 16, 60, 120, 300, 400];
/// How many one look takes.
const PAGE: usize = 200;
/// How often it is looked for what other nodes have kept.
const OTHERS: Duration = Duration::from_secs(5);

/// Looks until the engine stops; sleeps while nothing waits.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stopping();
    loop {
        let due = match engine.look_at_early().await {
            Ok(due) => due,
            Err(cause) => {
                tracing::warn!(%cause, "receipts that came early cannot be looked at");
                Some(engine.clock.now() + OTHERS)
            }
        };
        let others = if engine.store.is_shared() { OTHERS } else { Duration::MAX };
        let due = async {
            match due {
                Some(due) => engine.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.came_early.notified() => {}
            () = due => {}
            () = tokio::time::sleep(others) => {}
        }
    }
}

impl Engine {
    /// Keeps a receipt that finds no part yet.
    pub(crate) async fn keep_early(
        &self,
        entry: &ChannelEntry,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let json = serde_json::to_string(receipt).map_err(|e| StoreError::Fault(e.to_string()))?;
        let early = Early {
            id: 0,
            workspace: entry.channel.workspace,
            channel: entry.channel.id,
            receipt: json,
            received_at: now,
            next_at: now + Duration::from_secs(LOOKS[0]),
            tries: 0,
        };
        self.store.keep_early(early).await?;
        self.came_early.notify_one();
        Ok(())
    }

    /// Holds what is due against what was sent; when to look again.
    async fn look_at_early(&self) -> Result<Option<Timestamp>, StoreError> {
        if !self.leads() {
            return Ok(None);
        }
        let now = self.clock.now();
        let waiting = self.store.early_receipts(PAGE).await?;
        let (due, later): (Vec<Early>, Vec<Early>) =
            waiting.into_iter().partition(|early| early.next_at <= now);
        if due.is_empty() {
            return Ok(later.first().map(|early| early.next_at));
        }
        let mut until: BTreeMap<Option<Timestamp>, Vec<i64>> = BTreeMap::new();
        for early in due {
            let next = match self.settle_early(&early).await {
                Ok(true) => None,
                Ok(false) => next_look(&early, now),
                // Whatever is wrong with it keeps nothing else back.
                Err(cause) => {
                    tracing::warn!(%cause, "a receipt that came early cannot be applied");
                    next_look(&early, now)
                }
            };
            until.entry(next).or_default().push(early.id);
        }
        for (next, ids) in until {
            self.store.put_off_early(ids, next).await?;
        }
        Ok(Some(now))
    }

    /// Whether nothing is left to do for it.
    async fn settle_early(&self, early: &Early) -> Result<bool, StoreError> {
        let Some(entry) = self.snapshot().channels.get(&early.channel).cloned() else { return Ok(true) };
        let Ok(receipt) = serde_json::from_str::<Receipt>(&early.receipt) else { return Ok(true) };
        let id = &receipt.provider_id;
        let Some(part) = self.store.part_by_provider_id(early.channel, id, early.received_at).await? else {
            return Ok(false);
        };
        match self.apply_receipt(&entry, part, receipt, early.received_at).await {
            Ok(_) => Ok(true),
            Err(Refused::Store(error)) => Err(error),
            Err(Refused::UnknownKey | Refused::Unauthorized(_)) => Ok(true),
        }
    }
}

/// When it is looked at again; `None` = no more.
fn next_look(early: &Early, now: Timestamp) -> Option<Timestamp> {
    let next = LOOKS.get(usize::try_from(early.tries).ok()? + 1)?;
    Some(now + Duration::from_secs(*next))
}
