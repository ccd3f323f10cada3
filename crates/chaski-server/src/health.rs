//! Figures about the queues, dead letters and unknown outcomes: for `/metrics`, the operator's API and the
//! Delivery room. What costs something to read is read once in a few seconds, however often it is asked.

use crate::state::App;
use chaski_engine::directory::ChannelEntry;
use chaski_engine::watch::ReceiptHealth;
use chaski_model::{ChannelId, ChannelKind, Timestamp, WorkspaceId};
use chaski_store::StoreError;
use chaski_store::media::MediaFigures;
use chaski_store::outbox::Depth;
use chaski_store::upkeep::{Cause, DeadLetterGroup, UnknownOutcome};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long figures are good for, at least.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// Reading them takes at most this part of the time.
const SHARE: u32 = 20;
/// Unknown outcomes that are counted.
const UNKNOWN: usize = 1000;

/// What was read.
struct Figures {
    depths: Vec<Depth>,
    groups: Vec<DeadLetterGroup>,
    unknown: Vec<UnknownOutcome>,
    media: MediaFigures,
}

#[derive(Default)]
struct Cache {
    read: Option<(Instant, Arc<Figures>)>,
    /// Dead letters that a gauge was set for: set to 0 once they are gone.
    told: BTreeSet<Cause>,
}

/// Figures that are kept for a few seconds.
#[derive(Default)]
pub struct Health(tokio::sync::Mutex<Cache>);

impl Health {
    async fn figures(&self, app: &App) -> Result<Arc<Figures>, StoreError> {
        let mut cache = self.0.lock().await;
        if let Some((until, figures)) = &cache.read
            && *until > Instant::now()
        {
            return Ok(Arc::clone(figures));
        }
        let began = Instant::now();
        let store = app.engine.store();
        let figures = Arc::new(Figures {
            depths: store.depths().await?,
            groups: store.dead_letter_groups(None).await?,
            unknown: store.unknown_outcomes(None, None, UNKNOWN).await?,
            media: store.media_figures().await?,
        });
        let until = Instant::now() + GOOD_FOR.max(began.elapsed() * SHARE);
        cache.read = Some((until, Arc::clone(&figures)));
        Ok(figures)
    }
}

/// One channel's health.
pub(crate) struct ChannelHealth {
    pub(crate) entry: Arc<ChannelEntry>,
    pub(crate) queued: u64,
    /// When the oldest of them was accepted.
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) unknown: usize,
    pub(crate) dead_letters: u64,
    pub(crate) receipts: Option<ReceiptHealth>,
}

impl ChannelHealth {
    /// `connecting`, `connected`, `held`, `locked`.
    pub(crate) fn state(&self) -> &str {
        if self.entry.locked { "locked" } else { &self.entry.channel.state }
    }
}

/// The health of a workspace's channels.
pub(crate) async fn channels(app: &App, workspace: WorkspaceId) -> Result<Vec<ChannelHealth>, StoreError> {
    let figures = app.health.figures(app).await?;
    let snapshot = app.engine.snapshot();
    let list = snapshot.channels_of(workspace).into_iter().map(|entry| {
        let id = entry.channel.id;
        let depth = figures.depths.iter().find(|depth| depth.channel == id);
        ChannelHealth {
            entry: Arc::clone(entry),
            queued: depth.map_or(0, |depth| depth.messages),
            oldest: depth.and_then(|depth| depth.oldest),
            unknown: figures.unknown.iter().filter(|one| one.channel == id).count(),
            dead_letters: figures.groups.iter().filter(|g| g.cause.channel == id).map(|g| g.messages).sum(),
            receipts: app.engine.receipts(id),
        }
    });
    Ok(list.collect())
}

/// Sets the gauges that are read rather than counted. Labels are channels, codes and words: all bounded.
pub(crate) async fn gauges(app: &App) {
    metrics::gauge!("chaski_writer_waiting").set(app.engine.store().writer_waiting() as f64);
    let snapshot = app.engine.snapshot();
    for (id, entry) in &snapshot.channels {
        let held = if entry.is_held() { 1.0 } else { 0.0 };
        metrics::gauge!("chaski_channel_held", "channel" => id.to_string()).set(held);
        if entry.channel.kind == ChannelKind::Email {
            let account = snapshot.accounts.get(&entry.channel.account);
            let unread = if account.is_some_and(|a| a.mailbox_error.is_some()) { 1.0 } else { 0.0 };
            metrics::gauge!("chaski_mailbox_unread", "channel" => id.to_string()).set(unread);
        }
    }
    let Ok(figures) = app.health.figures(app).await else { return };
    let now = app.engine.clock().now();
    for depth in &figures.depths {
        let channel = depth.channel.to_string();
        metrics::gauge!("chaski_queue_messages", "channel" => channel.clone()).set(depth.messages as f64);
        let oldest = depth.oldest.map_or(0.0, |at| now.since(at).as_secs_f64());
        metrics::gauge!("chaski_queue_oldest_seconds", "channel" => channel).set(oldest);
    }
    metrics::gauge!("chaski_media_wanted").set(figures.media.wanted as f64);
    let oldest = figures.media.oldest.map_or(0.0, |at| now.since(at).as_secs_f64());
    metrics::gauge!("chaski_media_oldest_seconds").set(oldest);
    unknown(&figures, now);
    dead_letters(app, &figures).await;
}

fn unknown(figures: &Figures, now: Timestamp) {
    let mut by_channel: BTreeMap<ChannelId, (u32, Timestamp)> =
        figures.depths.iter().map(|depth| (depth.channel, (0, now))).collect();
    for one in &figures.unknown {
        let (count, since) = by_channel.entry(one.channel).or_insert((0, now));
        *count += 1;
        *since = one.since.min(*since);
    }
    for (channel, (count, since)) in by_channel {
        let channel = channel.to_string();
        metrics::gauge!("chaski_unknown_outcomes", "channel" => channel.clone()).set(f64::from(count));
        metrics::gauge!("chaski_unknown_oldest_seconds", "channel" => channel)
            .set(now.since(since).as_secs_f64());
    }
}

async fn dead_letters(app: &App, figures: &Figures) {
    let mut current: BTreeMap<Cause, u64> = BTreeMap::new();
    for group in &figures.groups {
        *current.entry(group.cause.clone()).or_default() += group.messages;
    }
    let mut cache = app.health.0.lock().await;
    for gone in cache.told.iter().filter(|cause| !current.contains_key(*cause)) {
        tell(gone, 0);
    }
    for (cause, messages) in &current {
        tell(cause, *messages);
    }
    cache.told = current.into_keys().collect();
}

fn tell(cause: &Cause, messages: u64) {
    let provider_code = cause.provider_code.map(|code| code.to_string()).unwrap_or_default();
    metrics::gauge!(
        "chaski_dead_letters",
        "channel" => cause.channel.to_string(), "code" => cause.code.clone(), "provider_code" => provider_code
    )
    .set(messages as f64);
}
