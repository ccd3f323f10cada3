//! Time as the database holds it: Unix milliseconds.

use serde::{Deserialize, Serialize};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment: Unix milliseconds, UTC. Which clock it comes from is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From Unix seconds; what lies beyond all time ends at its end.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Unix seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Reads RFC 3339, for example `2026-11-22T10:00:00-05:00`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// Reads an HTTP date, for example `Sun, 22 Nov 2026 10:00:30 GMT`.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
        Some(Self(parsed.as_millisecond()))
    }

    /// Writes RFC 3339 in UTC with milliseconds.
    pub fn to_rfc3339(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => format!("{t:.3}"),
            Err(_) => self.0.to_string(),
        }
    }

    /// A provider's time in seconds, or in milliseconds where it has been seen so (>= 10^12).
    pub const fn from_provider(number: i64) -> Self {
        if number >= 1_000_000_000_000 { Self(number) } else { Self::from_secs(number) }
    }
}

impl Timestamp {
    /// Reads a moment as RFC 3501 writes it: `17-Jul-1996 02:44:25 -0700`.
    pub fn from_imap(text: &str) -> Option<Self> {
        let moment =
            jiff::fmt::strtime::parse("%d-%b-%Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok()?;
        Some(Self(moment.as_millisecond()))
    }

    /// The day in UTC as RFC 3501 writes it: `1-Feb-2026`.
    pub fn imap_day(self) -> String {
        let at = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        at.strftime("%-d-%b-%Y").to_string()
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_mailboxes_are_read_and_days_written() {
        for (text, seconds) in [
            ("17-Jul-1996 02:44:25 -0700", Some(837_596_665)),
            (" 7-Jul-1996 02:44:25 +0000", Some(836_707_465)),
            ("yesterday", None),
        ] {
            assert_eq!(Timestamp::from_imap(text), seconds.map(Timestamp::from_secs), "{text}");
        }
        assert_eq!(Timestamp::from_secs(836_707_465).imap_day(), "7-Jul-1996");
    }

    #[test]
    fn rfc_3339_reads_back_with_any_offset() {
        let t = Timestamp::parse_rfc3339("2026-11-22T10:00:00.250-05:00").unwrap();
        assert_eq!(t.to_rfc3339(), "2026-11-22T15:00:00.250Z");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn a_time_that_nobody_can_mean_is_the_last_or_the_first() {
        assert_eq!(Timestamp::from_provider(i64::MIN), Timestamp(i64::MIN));
        assert_eq!(Timestamp::from_secs(i64::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MAX).since(Timestamp(i64::MIN)), Duration::from_millis(i64::MAX as u64));
        assert_eq!(Timestamp(i64::MIN).since(Timestamp(i64::MAX)), Duration::ZERO);
    }

    #[test]
    fn provider_times_in_milliseconds_are_understood() {
        assert_eq!(Timestamp::from_provider(1_700_000_000), Timestamp::from_provider(1_700_000_000_000));
    }
}
