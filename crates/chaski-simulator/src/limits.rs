//! The providers' pace limits: messages a second for a number, and messages to one phone.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::accounts::{AccountId, account};
use crate::source::Source;
use crate::sync::locked;

/// What one provider allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limit {
    /// Messages a second for one number; `None` lifts the limit.
    pub(crate) per_second: Option<f64>,
    /// Messages from one number to one phone; `None` lifts the limit.
    pub(crate) pair: Option<Pair>,
}

/// One message every so many seconds, once a burst is used up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pair {
    pub(crate) seconds: f64,
    pub(crate) burst: f64,
}

impl Limit {
    /// What a provider allows unless it is told otherwise.
    fn of(source: Source) -> Self {
        match source {
            Source::Cloud | Source::Dialog360 | Source::Vonage | Source::TwilioWhatsapp => {
                Self { per_second: Some(80.0), pair: Some(Pair { seconds: 6.0, burst: 45.0 }) }
            }
            // What is more than a number may send waits in Twilio's own queue.
            Source::TwilioSms | Source::VonageSms => Self { per_second: Some(100.0), pair: None },
            // A hundred messages to one person within an hour, unless it answers.
            Source::Custom => Self { per_second: None, pair: None },
            Source::Viber => {
                Self { per_second: Some(500.0), pair: Some(Pair { seconds: 36.0, burst: 100.0 }) }
            }
            Source::Email => Self { per_second: None, pair: None },
            Source::Line => Self { per_second: Some(2000.0), pair: None },
            // 300 texts a second for one Page.
            Source::Messenger | Source::Instagram => Self { per_second: Some(300.0), pair: None },
            Source::Telegram => {
                Self { per_second: Some(30.0), pair: Some(Pair { seconds: 1.0, burst: 20.0 }) }
            }
        }
    }
}

/// A store of permits that fills up with time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bucket {
    used: f64,
    at_ms: i64,
}

impl Bucket {
    /// Takes one permit if there is one.
    pub(crate) fn take(&mut self, now_ms: i64, per_ms: f64, capacity: f64) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "a span in milliseconds is far below 2^52")]
        let passed = (now_ms - self.at_ms).max(0) as f64;
        self.used = (self.used - passed * per_ms).max(0.0);
        self.at_ms = now_ms;
        if self.used + 1.0 > capacity {
            return false;
        }
        self.used += 1.0;
        true
    }
}

/// Limits of all providers, and what each number has used of its pace.
#[derive(Default)]
pub(crate) struct Limits {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    limits: HashMap<Source, Limit>,
    numbers: HashMap<AccountId, Bucket>,
}

impl Limits {
    pub(crate) fn get(&self, source: Source) -> Limit {
        locked(&self.inner).limits.get(&source).copied().unwrap_or(Limit::of(source))
    }

    pub(crate) fn set(&self, source: Source, limit: Limit) {
        let mut inner = locked(&self.inner);
        inner.limits.insert(source, limit);
        inner.numbers.clear();
    }

    pub(crate) fn reset(&self) {
        *locked(&self.inner) = Inner::default();
    }

    /// Whether a number may send one more message in this second.
    pub(crate) fn has_room(&self, id: AccountId, now_ms: i64) -> bool {
        let mut inner = locked(&self.inner);
        let source = account(id).source;
        let limit = inner.limits.get(&source).copied().unwrap_or(Limit::of(source));
        match limit.per_second {
            Some(n) => inner.numbers.entry(id).or_default().take(now_ms, n / 1000.0, n.max(1.0)),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_borrowed_from_the_future() {
        let mut bucket = Bucket::default();
        let granted = (0..50).filter(|_| bucket.take(1_000_000, 1.0 / 6000.0, 45.0)).count();
        assert_eq!(granted, 45);
        assert!(!bucket.take(1_005_000, 1.0 / 6000.0, 45.0));
        assert!(bucket.take(1_006_100, 1.0 / 6000.0, 45.0));
    }
}
