//! A bound on guessing passwords: so many failures for one e-mail address, then a pause.

use chaski_model::Timestamp;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

const FAILURES: u32 = 8;
const PAUSE: Duration = Duration::from_secs(15 * 60);
/// Addresses that are remembered at once.
const REMEMBERED: usize = 4096;

/// Failed sign-ins, by e-mail address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    failed: Mutex<HashMap<String, (u32, Timestamp)>>,
}

impl Attempts {
    /// Counts a try; false when there have been too many. A success forgets them.
    pub(crate) fn may_try(&self, email: &str, now: Timestamp) -> bool {
        let mut failed = self.failed.lock().expect("nobody panics while counting");
        if failed.len() >= REMEMBERED {
            failed.retain(|_, (_, until)| *until > now);
        }
        if failed.len() >= REMEMBERED && !failed.contains_key(email) {
            // Somebody tries many addresses: those who are not remembered wait as well.
            return false;
        }
        let entry = failed.entry(email.to_owned()).or_insert((0, now + PAUSE));
        if entry.1 <= now {
            *entry = (0, now + PAUSE);
        }
        entry.0 += 1;
        entry.0 <= FAILURES
    }

    /// The password was right.
    pub(crate) fn forget(&self, email: &str) {
        self.failed.lock().expect("nobody panics while counting").remove(email);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_eight_failures_an_address_pauses_and_others_do_not() {
        let attempts = Attempts::default();
        let now = Timestamp(0);
        assert!((0..FAILURES).all(|_| attempts.may_try("ana@ejemplo.ec", now)));
        assert!(!attempts.may_try("ana@ejemplo.ec", now + PAUSE / 2));
        assert!(attempts.may_try("luis@ejemplo.ec", now));
        assert!(attempts.may_try("ana@ejemplo.ec", now + PAUSE));
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let attempts = Attempts::default();
        for _ in 0..3 * FAILURES {
            assert!(attempts.may_try("ana@ejemplo.ec", Timestamp(0)));
            attempts.forget("ana@ejemplo.ec");
        }
    }
}
