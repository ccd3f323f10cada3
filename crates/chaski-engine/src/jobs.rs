//! What runs by itself: the inbox's projection and the template catalogues.

use crate::engine::Engine;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the projection follows the feed at most, and the least that it rests when it has much to do:
/// it takes no more than a fifth of its time.
const PROJECT_EVERY: Duration = Duration::from_millis(100);
const PROJECT_REST: Duration = Duration::from_secs(1);
/// Events that one step of the projection takes: whoever waits for the same commit waits for it too, about
/// half a millisecond.
const PROJECT_STEP: usize = 256;

/// Brings conversations up to the feed, at most ten times a second, and once a second anyway.
pub(crate) async fn project(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut ticks = engine.store.ticks();
    while !stop.is_cancelled() {
        let began = Instant::now();
        let done = if engine.leads() { engine.store.project(PROJECT_STEP).await } else { Ok(false) };
        let rest = (began.elapsed() * 4).clamp(PROJECT_EVERY, PROJECT_REST);
        match done {
            Ok(true) => continue,
            Ok(false) => {}
            Err(cause) => tracing::warn!(%cause, "the inbox's list cannot be brought up to date"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.changed() => tokio::time::sleep(rest).await,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Syncs every account's catalogue by its schedule, and when a refusal has shown it to be out of date.
pub(crate) async fn sync_templates(engine: Arc<Engine>) {
    let stop = engine.stopping();
    loop {
        let look_at = tokio::select! {
            () = stop.cancelled() => return,
            look_at = engine.sync_what_is_due() => look_at,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.flights.marked() => {}
            () = engine.clock.sleep_until(look_at) => {}
        }
    }
}
