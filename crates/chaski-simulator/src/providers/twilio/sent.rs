//! The messages that were sent, which Twilio keeps for `GET Messages/{sid}.json`.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::problem;
use crate::clock::rfc2822;
use crate::receipts::{Receipt, Stage};
use crate::sync::locked;

/// The most messages that are kept.
const KEPT: usize = 10_000;

/// Message resources by their SID, the oldest first to go.
#[derive(Default)]
pub(crate) struct Sent {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_sid: HashMap<String, Value>,
    order: VecDeque<String>,
}

impl Sent {
    pub(super) fn put(&self, sid: &str, resource: &Value) {
        let mut inner = locked(&self.inner);
        inner.by_sid.insert(sid.to_owned(), resource.clone());
        inner.order.push_back(sid.to_owned());
        if inner.order.len() > KEPT
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.by_sid.remove(&oldest);
        }
    }

    /// The resource of a message of this account.
    pub(super) fn get(&self, account_sid: &str, sid: &str) -> Option<Value> {
        let inner = locked(&self.inner);
        inner.by_sid.get(sid).filter(|resource| resource["account_sid"] == account_sid).cloned()
    }

    /// Notes how far a message came; a status never goes back.
    pub(crate) fn note(&self, receipt: &Receipt) {
        let mut inner = locked(&self.inner);
        let Some(resource) = inner.by_sid.get_mut(&receipt.message_id) else { return };
        let ranks = ["queued", "accepted", "sent", "delivered", "read", "undelivered"];
        let rank = |word: &str| ranks.iter().position(|known| *known == word);
        let word = word(&receipt.stage);
        if rank(word) <= resource["status"].as_str().and_then(rank) {
            return;
        }
        resource["status"] = json!(word);
        let at = json!(rfc2822(receipt.at_ms));
        resource["date_updated"] = at.clone();
        if resource["date_sent"].is_null() {
            resource["date_sent"] = at;
        }
        if let Stage::Failed(failure) = &receipt.stage {
            resource["error_code"] = json!(problem::number(failure));
        }
    }

    pub(super) fn clear(&self) {
        *locked(&self.inner) = Inner::default();
    }
}

/// Twilio's word for a stage.
pub(super) fn word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Sent => "sent",
        Stage::Delivered => "delivered",
        Stage::Read => "read",
        Stage::Failed(_) => "undelivered",
    }
}
