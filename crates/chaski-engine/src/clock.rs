//! Domain time: the machine's clock plus an offset, so that windows, retries, schedules and
//! retention can be tested by moving it.
//!
//! Machine time (HTTP time-outs, sessions, message ids) is never moved: [`machine_now`].

use chaski_model::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
pub fn machine_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Domain time, shared by everything in a process.
#[derive(Debug)]
pub struct Clock {
    offset_ms: AtomicI64,
    changed: watch::Sender<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { offset_ms: AtomicI64::new(0), changed: watch::channel(0).0 }
    }
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp(machine_now().0 + self.offset_ms.load(Ordering::Relaxed))
    }

    /// How far domain time is ahead of the machine, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves domain time; sleepers look at it again.
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
        self.changed.send_replace(offset);
    }

    /// Sleeps until a moment of domain time, however the offset changes meanwhile.
    pub async fn sleep_until(&self, moment: Timestamp) {
        let mut changed = self.changed.subscribe();
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            // At most an hour at a time, so that a machine that slept notices.
            let nap = left.min(Duration::from_secs(3600));
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                _ = changed.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn moving_the_clock_wakes_a_sleeper() {
        let clock = Arc::new(Clock::default());
        let tomorrow = clock.now() + Duration::from_secs(86_400);
        let sleeper = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move { clock.sleep_until(tomorrow).await }
        });
        tokio::task::yield_now().await;
        clock.set_offset_ms(90_000_000);
        tokio::time::timeout(Duration::from_secs(20), sleeper).await.unwrap().unwrap();
        assert!(clock.now() > tomorrow);
    }
}
