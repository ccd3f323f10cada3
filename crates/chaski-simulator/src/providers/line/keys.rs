//! Retry keys: a push that was taken is known by its key for 24 hours.

use std::collections::HashMap;
use std::sync::Mutex;

use serde_json::Value;

use crate::accounts::AccountId;
use crate::sync::locked;

const DAY_MS: i64 = 24 * 3600 * 1000;
/// Keys kept at once; beyond it those that are over go.
const MOST: usize = 200_000;

/// What was answered to a push that was taken.
#[derive(Clone)]
pub(super) struct Taken {
    at_ms: i64,
    pub(super) request: String,
    pub(super) answer: Value,
}

/// The keys of all accounts.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<(AccountId, String), Taken>>);

impl Keys {
    /// The push that was taken under a key.
    pub(super) fn find(&self, id: AccountId, key: &str, now_ms: i64) -> Option<Taken> {
        let taken = locked(&self.0).get(&(id, key.to_owned())).cloned()?;
        (now_ms - taken.at_ms < DAY_MS).then_some(taken)
    }

    pub(super) fn keep(&self, id: AccountId, key: String, now_ms: i64, request: String, answer: Value) {
        let mut keys = locked(&self.0);
        if keys.len() >= MOST {
            keys.retain(|_, taken| now_ms - taken.at_ms < DAY_MS);
        }
        keys.insert((id, key), Taken { at_ms: now_ms, request, answer });
    }
}
