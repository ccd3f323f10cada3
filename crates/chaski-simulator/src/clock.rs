//! Simulated time: the machine's time plus an offset that only grows.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a move waits for those who follow the clock.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(1);

/// The clock of the whole simulator; windows, limits, timestamps and repeats follow it.
pub(crate) struct Clock {
    offset_ms: AtomicI64,
    moved: watch::Sender<i64>,
    followers: watch::Sender<Followers>,
}

/// Who waits for the next move, having gone by an offset.
#[derive(Default)]
struct Followers {
    offset_ms: i64,
    waiting: usize,
}

/// Somebody who waits for the next move.
pub(crate) struct Follower<'a> {
    clock: &'a Clock,
    offset_ms: i64,
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        self.clock.followers.send_if_modified(|followers| {
            let counts = followers.offset_ms == self.offset_ms;
            followers.waiting -= usize::from(counts);
            counts
        });
    }
}

impl Clock {
    pub(crate) fn new(offset_ms: i64) -> Self {
        Self {
            offset_ms: AtomicI64::new(offset_ms),
            moved: watch::Sender::new(offset_ms),
            followers: watch::Sender::new(Followers { offset_ms, waiting: 0 }),
        }
    }

    /// Counts somebody who goes by this offset and waits for the next move; nobody where it has moved on.
    pub(crate) fn follow(&self, offset_ms: i64) -> Option<Follower<'_>> {
        let counts = self.followers.send_if_modified(|followers| {
            let counts = followers.offset_ms == offset_ms;
            followers.waiting += usize::from(counts);
            counts
        });
        counts.then_some(Follower { clock: self, offset_ms })
    }

    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Simulated time in Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        machine_ms() + self.offset_ms()
    }

    /// Simulated time in Unix seconds.
    pub(crate) fn now_seconds(&self) -> i64 {
        self.now_ms() / 1000
    }

    /// Moves the clock forward, wakes all who wait for a time, and returns once those who followed it go by
    /// the new time, or did not come back soon.
    pub(crate) async fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        let mut gone = 0;
        self.followers.send_modify(|followers| {
            let now = self.offset_ms.load(Ordering::Relaxed).saturating_add(by);
            self.offset_ms.store(now, Ordering::Relaxed);
            gone = followers.waiting;
            *followers = Followers { offset_ms: now, waiting: 0 };
        });
        let now = self.offset_ms();
        self.moved.send_replace(now);
        let mut followers = self.followers.subscribe();
        let back = followers.wait_for(|known| known.offset_ms != now || known.waiting >= gone);
        if timeout(FOLLOWED_WITHIN, back).await.is_err() {
            tracing::debug!("not all who followed the clock came back");
        }
    }

    /// Sees every later move of the clock.
    pub(crate) fn watch(&self) -> watch::Receiver<i64> {
        self.moved.subscribe()
    }
}

/// The machine's own time in Unix milliseconds: the only place where it is read.
#[expect(clippy::disallowed_methods, reason = "the simulator is the clock that others are given")]
pub(crate) fn machine_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A time as RFC 3339 with seconds, as Vonage and the control API write it.
pub(crate) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms - ms.rem_euclid(1000)).map(|at| at.to_string()).unwrap_or_default()
}

/// A time as RFC 3339 with milliseconds.
pub(crate) fn rfc3339_ms(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| format!("{at:.3}")).unwrap_or_default()
}

/// A time as RFC 2822, as Twilio writes it.
pub(crate) fn rfc2822(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Reads a span such as `90s`, `15m`, `25h`, `2d` or `1h30m`.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    let mut seconds: u64 = 0;
    let mut number: Option<u64> = None;
    for sign in text.trim().chars() {
        if let Some(digit) = sign.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match sign {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    // More than ten years would leave the range in which timestamps are sensible.
    (number.is_none() && seconds > 0 && seconds <= 3650 * 86_400).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_move_is_over_once_those_who_followed_go_by_it() {
        let clock = Clock::new(0);
        let hour = Duration::from_secs(3600);
        let follower = clock.follow(0).unwrap();
        assert!(clock.follow(1).is_none());
        let mut moved = std::pin::pin!(clock.advance(hour));
        assert!(timeout(Duration::ZERO, &mut moved).await.is_err(), "one has not come back");
        drop(follower);
        assert!(timeout(Duration::ZERO, &mut moved).await.is_err());
        let _back = clock.follow(3_600_000).unwrap();
        assert!(timeout(Duration::ZERO, &mut moved).await.is_ok());
        // Whoever stays away is not waited for without end.
        clock.advance(hour).await;
        assert_eq!(clock.offset_ms(), 7_200_000);
    }

    #[test]
    fn a_time_is_written_as_twilio_does() {
        assert_eq!(rfc2822(1_558_718_307_999), "Fri, 24 May 2019 17:18:27 +0000");
    }

    #[test]
    fn spans_are_read_in_all_documented_forms() {
        let seconds = |text| parse_span(text).map(|span| span.as_secs());
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("15m"), Some(900));
        assert_eq!(seconds("25h"), Some(90_000));
        assert_eq!(seconds("2d"), Some(172_800));
        assert_eq!(seconds("1h30m"), Some(5_400));
        for wrong in ["", "5", "h", "-1h", "1w", "0s", "1h30", "99999999999999999999s"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
