//! What makes equal nodes on one store work as one: the lease, taking over, giving up, and following
//! what the others changed.
//!
//! With the embedded store there is nobody else, and none of these loops runs.

use crate::clock::machine_now;
use crate::dispatcher::UNKNOWN_KEEPS_LANE;
use crate::engine::Engine;
use chaski_model::{ChannelId, Timestamp};
use chaski_store::StoreError;
use chaski_store::nodes::{Fence, slot_of};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a slot that is to be given up is looked at.
const GIVING_UP: Duration = Duration::from_millis(50);
/// How much the clocks of two machines may differ before a call that still runs is taken for lost.
const CLOCKS_DIFFER: Duration = Duration::from_secs(5);
/// How often everyone looks, whatever the hints said.
const LOOK: Duration = Duration::from_secs(1);
/// How often older work is looked for too: what another node has freed or a person has sent again.
const WHOLE_LOOK: Duration = Duration::from_secs(3);
/// How long hints gather.
const GATHER: Duration = Duration::from_millis(5);

impl Engine {
    /// Renews the lease once and takes over what came with it.
    pub(crate) async fn tend(self: &Arc<Self>) -> Result<Vec<Fence>, StoreError> {
        let lease = self.config.lease;
        let asked = Instant::now();
        let tenure = self.store.tend(lease).await?;
        let good_until = self.store.is_shared().then(|| asked + lease);
        let changed = self.ownership.renewed(&tenure, good_until);
        metrics::gauge!("chaski_nodes").set(tenure.nodes as f64);
        metrics::gauge!("chaski_slots_held").set(tenure.held.len() as f64);
        if !changed.came.is_empty() {
            let came: BTreeSet<u8> = changed.came.into_iter().collect();
            let channels = self.channels_of(|slot| came.contains(&slot));
            if self.store.is_shared() && !channels.is_empty() {
                tracing::info!(slots = came.len(), channels = channels.len(), "took over");
            }
            self.to_recover().extend(channels);
        }
        if changed.any {
            self.offers.changed();
        }
        Ok(tenure.to_give_up)
    }

    fn channels_of(&self, wanted: impl Fn(u8) -> bool) -> Vec<ChannelId> {
        let snapshot = self.snapshot();
        let of_slots = snapshot.channels.values().filter(|entry| wanted(slot_of(entry.channel.account)));
        of_slots.map(|entry| entry.channel.id).collect()
    }

    /// Attempts that the slots' former holder left open are unknown, once nothing can come of them any
    /// more. At the start of a process that has the store to itself, that is at once.
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        let channels: Vec<ChannelId> = self.to_recover().iter().copied().collect();
        if channels.is_empty() {
            return Ok(());
        }
        let over = if self.store.is_shared() {
            machine_now() - (self.config.call_timeout + CLOCKS_DIFFER)
        } else {
            Timestamp(i64::MAX)
        };
        let now = self.clock.now();
        let found = self.store.recover(channels.clone(), over, now, now + UNKNOWN_KEEPS_LANE).await;
        let found = self.noted(found)?;
        if !found.unknown.is_empty() {
            tracing::warn!(
                attempts = found.unknown.len(),
                "attempts were open when their process ended; their outcome is unknown"
            );
        }
        for head in found.unknown {
            self.offer(crate::dispatcher::repeat(self, head).await);
        }
        if found.open == 0 {
            let mut left = self.to_recover();
            channels.iter().for_each(|channel| {
                left.remove(channel);
            });
        }
        Ok(())
    }
}

/// Renews the lease, takes over, gives up; until the engine stops.
pub(crate) async fn membership(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let every = engine.config.lease / 4;
    let mut to_give_up = Vec::new();
    let mut next = Instant::now() + every;
    while !stop.is_cancelled() {
        let until = if to_give_up.is_empty() { next } else { next.min(Instant::now() + GIVING_UP) };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep_until(until.into()) => {}
        }
        give_up(&engine, &mut to_give_up).await;
        if Instant::now() < next {
            continue;
        }
        next = Instant::now() + every;
        match tokio::time::timeout(engine.config.lease, engine.tend()).await {
            Ok(Ok(more)) => to_give_up = more,
            Ok(Err(cause)) => tracing::warn!(%cause, "the lease could not be renewed"),
            Err(_) => tracing::warn!("the lease could not be renewed in time"),
        }
        if let Err(cause) = engine.recover().await {
            tracing::warn!(%cause, "attempts left open by another node could not be looked at");
        }
    }
}

/// Releases the slots whose last call has ended.
async fn give_up(engine: &Engine, slots: &mut Vec<Fence>) {
    let quiet = engine.ownership.quiet(slots);
    if quiet.is_empty() {
        return;
    }
    match engine.store.release(quiet.clone()).await {
        Ok(()) => slots.retain(|fence| !quiet.contains(fence)),
        Err(cause) => tracing::warn!(%cause, "slots could not be handed over"),
    }
}

/// Follows what other nodes changed: channels, tokens, templates; and the work that they queued.
pub(crate) async fn follow(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut others = engine.store.others();
    let mut whole_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = others.changed() => match changed {
                Ok(()) => tokio::time::sleep(GATHER).await,
                Err(_) => return,
            },
            () = tokio::time::sleep(LOOK) => {}
        }
        let whole = whole_at <= Instant::now();
        if whole {
            whole_at = Instant::now() + WHOLE_LOOK;
        }
        engine.offers.look(whole);
        engine.catch_up().await;
    }
}
