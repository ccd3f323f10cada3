//! How fast a channel may call: a token bucket that the provider's own refusals slow down.

use chaski_model::Timestamp;
use std::time::Duration;

/// A token bucket over domain time. A rate of 0 means no limit.
#[derive(Debug, Clone)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: f64, burst: f64, now: Timestamp) -> Self {
        Self { per_second, burst: burst.max(1.0), tokens: burst.max(1.0), at: now }
    }

    /// The same with fewer tokens in it.
    #[must_use]
    pub fn filled_to(self, tokens: f64) -> Self {
        Self { tokens: tokens.clamp(0.0, self.burst), ..self }
    }

    /// Takes a token, or says when there will be one.
    ///
    /// # Errors
    /// The moment to ask again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        if self.per_second <= 0.0 {
            return Ok(());
        }
        let filled = now.since(self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + filled).min(self.burst);
        self.at = self.at.max(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - self.tokens) / self.per_second);
        Err(now + wait.max(Duration::from_millis(1)))
    }

    /// Puts a token back that was not used.
    pub fn put_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.burst);
    }

    /// Whether it is full, so that nothing is lost by forgetting it.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.tokens + now.since(self.at).as_secs_f64() * self.per_second >= self.burst
    }

    /// Changes the rate from now on.
    pub fn set_rate(&mut self, per_second: f64) {
        self.per_second = per_second;
    }
}

/// A channel's pace: the configured rate, halved at each refusal of the provider, creeping back.
#[derive(Debug, Clone)]
pub struct Pace {
    bucket: Bucket,
    configured: f64,
    share: f64,
    refusals: u32,
    rests_until: Option<Timestamp>,
}

impl Pace {
    /// At the configured rate (messages a second; 0 = none).
    pub fn new(per_second: f64, now: Timestamp) -> Self {
        Self {
            bucket: Bucket::new(per_second, per_second.max(1.0), now),
            configured: per_second,
            share: 1.0,
            refusals: 0,
            rests_until: None,
        }
    }

    /// The same with nothing saved up.
    #[must_use]
    pub fn emptied(self) -> Self {
        Self { bucket: self.bucket.filled_to(0.0), ..self }
    }

    /// Takes a place, or says when there will be one.
    ///
    /// # Errors
    /// The moment to ask again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self.rests_until {
            Some(until) if until > now => Err(until),
            _ => self.bucket.take(now),
        }
    }

    /// Puts back a place that was not used.
    pub fn put_back(&mut self) {
        self.bucket.put_back();
    }

    /// The provider asked to slow down: rest, then go on at half the rate.
    pub fn slow_down(&mut self, after: Option<Duration>, now: Timestamp) {
        let rest = after.unwrap_or_else(|| crate::schedule::channel_rest(self.refusals));
        self.refusals += 1;
        self.rests_until = Some(self.rests_until.map_or(now + rest, |until| until.max(now + rest)));
        self.share = (self.share / 2.0).max(1.0 / 64.0);
        self.bucket.set_rate(self.configured * self.share);
    }

    /// The provider took one: the rate creeps back.
    pub fn went_well(&mut self) {
        if self.refusals > 0 || self.share < 1.0 {
            self.refusals = 0;
            self.share = (self.share + 0.01).min(1.0);
            self.bucket.set_rate(self.configured * self.share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    #[test]
    fn no_more_than_the_rate_goes_through() {
        let mut bucket = Bucket::new(10.0, 10.0, NOW);
        let taken = (0..5000).filter(|ms| bucket.take(NOW + Duration::from_millis(*ms)).is_ok()).count();
        assert!((58..=60).contains(&taken), "10 at once and 10 a second for five seconds: {taken}");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let mut bucket = Bucket::new(0.0, 0.0, NOW);
        assert!((0..10_000).all(|_| bucket.take(NOW).is_ok()));
    }

    #[test]
    fn the_providers_wish_to_wait_is_kept() {
        let mut pace = Pace::new(80.0, NOW);
        pace.slow_down(Some(Duration::from_secs(7)), NOW);
        assert_eq!(pace.take(NOW), Err(NOW + Duration::from_secs(7)));
        assert!(pace.take(NOW + Duration::from_secs(7)).is_ok());
    }
}
