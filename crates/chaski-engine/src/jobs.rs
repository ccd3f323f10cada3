//! What runs by itself: the inbox's projection, the template catalogue, old rows.

use crate::engine::Engine;
use chaski_model::AccountId;
use std::sync::Arc;
use std::time::Duration;

/// How often the projection follows the feed at most.
const PROJECT_EVERY: Duration = Duration::from_millis(100);
/// Events that one step of the projection takes.
const PROJECT_STEP: usize = 2000;

/// Brings conversations up to the feed, at most ten times a second, and once a second anyway.
pub(crate) async fn project(engine: Arc<Engine>) {
    let stop = engine.stopping();
    let mut ticks = engine.store.ticks();
    while !stop.is_cancelled() {
        match engine.store.project(PROJECT_STEP).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(cause) => tracing::warn!(%cause, "the inbox's list cannot be brought up to date"),
        }
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.changed() => tokio::time::sleep(PROJECT_EVERY).await,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Syncs every account's catalogue by its schedule.
pub(crate) async fn sync_templates(engine: Arc<Engine>) {
    let stop = engine.stopping();
    loop {
        let now = engine.clock.now();
        let every = engine.config.template_sync;
        let due: Vec<AccountId> = engine
            .snapshot()
            .accounts
            .values()
            .filter(|account| account.synced_at.is_some_and(|at| at + every <= now))
            .map(|account| account.id)
            .collect();
        for account in due {
            let _ = engine.sync_templates(account).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = engine.sync_stale() => {}
            () = engine.clock.sleep_until(engine.clock.now() + every / 8) => {}
        }
    }
}
