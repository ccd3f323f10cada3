//! When to try again.

use std::time::Duration;

/// Delays after the first, second, … failed attempt, in seconds; the last one repeats.
const DELAYS: [u64; 10] = [1, 2, 5, 10, 20, 45, 90, 180, 300, 600];

/// How long after the `attempt`-th failure (from 1) to try again. `dice` in 0..1 spreads the tries
/// over ±25 %, so that messages that failed together do not come back together.
pub fn retry_after(attempt: u16, dice: f64) -> Duration {
    let place = usize::from(attempt.max(1) - 1).min(DELAYS.len() - 1);
    Duration::from_secs(DELAYS[place]).mul_f64(0.75 + dice.clamp(0.0, 1.0) * 0.5)
}

/// Meta's wish for one recipient (131056): 4^n seconds, n from 0, at most about an hour.
pub fn recipient_backoff(in_a_row: u32) -> Duration {
    Duration::from_secs(4_u64.saturating_pow(in_a_row.min(6)).min(3600))
}

/// How long a channel rests after the provider throttled it `in_a_row` times without naming a time.
pub fn channel_rest(in_a_row: u32) -> Duration {
    Duration::from_secs(1_u64.checked_shl(in_a_row.min(6)).unwrap_or(60).min(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn delays_grow_stay_bounded_and_spread(attempt in 1u16..200, dice in 0.0f64..1.0) {
            let delay = retry_after(attempt, dice);
            prop_assert!(delay >= Duration::from_millis(750));
            prop_assert!(delay <= Duration::from_secs(750));
            prop_assert!(retry_after(attempt, 0.0) <= delay && delay <= retry_after(attempt, 1.0));
            let next = retry_after(attempt + 1, dice);
            if usize::from(attempt) < DELAYS.len() {
                prop_assert!(next > delay, "the delay grows while the list lasts");
            } else {
                prop_assert_eq!(next, delay, "the last one repeats");
            }
        }
    }

    #[test]
    fn a_recipient_rests_4_to_the_n_seconds() {
        let waits: Vec<_> = (0..5).map(|n| recipient_backoff(n).as_secs()).collect();
        assert_eq!(waits, [1, 4, 16, 64, 256]);
    }
}
