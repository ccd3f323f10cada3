//! Watchdogs: every state that a message can stand in has a deadline, and somebody who looks.
//!
//! Once a minute of domain time, and never more than a bounded piece of the store. Nothing here decides
//! about a message, except that an attempt whose maker is gone is unknown from then on.

mod receipts;

pub use receipts::ReceiptHealth;

use crate::clock::machine_now;
use crate::engine::Engine;
use chaski_model::{ChannelId, ChannelKind, MessageId, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use receipts::Receipts;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_secs(60);
/// Looks between two readings of the whole window.
const REREAD_EVERY: u32 = 5;
/// How much longer than a call may take an attempt may stand open.
const MARGIN: Duration = Duration::from_secs(30);
/// Messages that one look for receipts goes through.
const NEWEST: usize = 2000;

/// What can be set of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deadlines {
    /// Receipts are missing after so many times a channel's usual time …
    pub receipts_factor: u32,
    /// … but not before this.
    pub receipts_least: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { receipts_factor: 20, receipts_least: Duration::from_secs(600) }
    }
}

/// What the last look has found, for people.
#[derive(Default)]
pub(crate) struct Findings(RwLock<BTreeMap<ChannelId, ReceiptHealth>>);

impl Engine {
    /// Whether a channel's receipts come as they use to; `None` before the first look.
    pub fn receipts(&self, channel: ChannelId) -> Option<ReceiptHealth> {
        self.findings.0.read().expect("nobody panics while holding the findings").get(&channel).copied()
    }

    /// Channels whose dispatch is this node's.
    fn own_channels(&self) -> Vec<ChannelId> {
        let snapshot = self.snapshot();
        let own = snapshot.channels.values().filter(|e| self.ownership.fence(e.channel.account).is_some());
        own.map(|entry| entry.channel.id).collect()
    }

    /// The same, whether the lease has run out for a moment or not.
    fn held_channels(&self) -> BTreeSet<ChannelId> {
        let snapshot = self.snapshot();
        let held = snapshot.channels.values().filter(|e| self.ownership.holds(e.channel.account).is_some());
        held.map(|entry| entry.channel.id).collect()
    }
}

impl Engine {
    /// Whether receipts are to be expected over a channel.
    pub fn reports(&self, channel: ChannelId) -> bool {
        let snapshot = self.snapshot();
        let kind = snapshot.channels.get(&channel).map(|entry| entry.channel.kind);
        kind.and_then(ChannelKind::capabilities).is_some_and(|known| known.reports())
    }
}

struct Watchdogs {
    engine: Arc<Engine>,
    receipts: Receipts,
    /// Where each follower of a feed stood at the last look while it was behind.
    behind: BTreeMap<WorkspaceId, i64>,
}

/// Runs until the engine stops.
pub(crate) async fn run(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut dogs =
        Watchdogs { engine: Arc::clone(&engine), receipts: Receipts::default(), behind: BTreeMap::new() };
    for look in 0_u32.. {
        if let Err(cause) = dogs.look(look).await {
            tracing::warn!(%cause, "the watchdogs cannot read the store");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.clock.sleep_until(engine.clock.now() + EVERY) => {}
        }
    }
}

/// Something stood still for too long.
pub(crate) fn found(what: &'static str, count: u64) {
    metrics::counter!("chaski_watchdog_found_total", "what" => what).increment(count);
}

impl Watchdogs {
    async fn look(&mut self, look: u32) -> Result<(), StoreError> {
        // So that the series are there before anything is found.
        for what in ["open_attempt", "lost_work", "stuck_follower"] {
            found(what, 0);
        }
        self.open_attempts().await?;
        if look % REREAD_EVERY == REREAD_EVERY - 1 {
            self.engine.offers.reread();
        }
        self.missing_receipts().await?;
        self.lagging_followers().await
    }

    /// Attempts that were begun and never settled: whoever made them is gone.
    async fn open_attempts(&self) -> Result<(), StoreError> {
        let engine = &self.engine;
        let longest = engine.config.call_timeout + MARGIN;
        let before = Timestamp(machine_now().0 - i64::try_from(longest.as_millis()).unwrap_or(i64::MAX));
        let channels = engine.store.with_open_attempts(engine.own_channels(), before).await?;
        if channels.is_empty() {
            return Ok(());
        }
        let now = engine.clock.now();
        let let_go_at = now + crate::dispatcher::UNKNOWN_KEEPS_LANE;
        let lost = engine.noted(engine.store.recover(channels, before, now, let_go_at).await)?;
        if !lost.unknown.is_empty() {
            tracing::error!(
                attempts = lost.unknown.len(),
                "attempts were begun and never settled; their outcome is unknown"
            );
            found("open_attempt", lost.unknown.len() as u64);
        }
        for head in lost.unknown {
            engine.offer(crate::dispatcher::repeat(engine, head).await);
        }
        Ok(())
    }

    /// Channels over which no receipts come any more.
    async fn missing_receipts(&mut self) -> Result<(), StoreError> {
        let engine = Arc::clone(&self.engine);
        let mut own = engine.held_channels();
        own.retain(|channel| engine.reports(*channel));
        // Another node follows what went over to it.
        self.receipts.keep(&own);
        let newest = engine.store.newest_sent(self.receipts.seen_to(), NEWEST).await?;
        self.receipts.add(newest.into_iter().filter(|(_, channel)| own.contains(channel)));
        let waiting: Vec<MessageId> = self.receipts.waiting();
        let reported = engine.store.reported(waiting).await?;
        let health = self.receipts.judge(&reported, engine.clock.now(), engine.config.deadlines);
        let before = std::mem::take(
            &mut *engine.findings.0.write().expect("nobody panics while holding the findings"),
        );
        for (channel, health) in &health {
            if health.overdue > 0 && before.get(channel).is_none_or(|before| before.overdue == 0) {
                tracing::warn!(
                    channel.id = channel.0,
                    messages = health.overdue,
                    "the provider takes messages, but no receipts come; look at the webhook's address and signature"
                );
            }
            let name = channel.to_string();
            metrics::gauge!("chaski_receipts_overdue", "channel" => name.clone()).set(health.overdue as f64);
            if let Some(usual) = health.usual {
                metrics::gauge!("chaski_receipts_usual_seconds", "channel" => name).set(usual.as_secs_f64());
            }
        }
        for gone in before.keys().filter(|channel| !health.contains_key(channel)) {
            metrics::gauge!("chaski_receipts_overdue", "channel" => gone.to_string()).set(0.0);
        }
        *engine.findings.0.write().expect("nobody panics while holding the findings") = health;
        Ok(())
    }

    /// Whoever follows a feed and has not moved since the last look although it is behind.
    async fn lagging_followers(&mut self) -> Result<(), StoreError> {
        let lag = self.engine.store.lag().await?;
        let most = lag.iter().map(|lag| lag.events).max().unwrap_or(0);
        metrics::gauge!("chaski_feed_lag_events", "follower" => "inbox").set(most as f64);
        // One node makes the list; what it is behind is its to tell.
        if !self.engine.leads() {
            self.behind.clear();
            return Ok(());
        }
        let behind: BTreeMap<WorkspaceId, i64> =
            lag.iter().filter(|lag| lag.events > 0).map(|lag| (lag.workspace, lag.position)).collect();
        let stuck = behind.iter().filter(|(id, position)| self.behind.get(id) == Some(position)).count();
        if stuck > 0 {
            tracing::error!(feeds = stuck, "the inbox's list does not follow what happens");
            found("stuck_follower", stuck as u64);
        }
        self.behind = behind;
        Ok(())
    }
}
