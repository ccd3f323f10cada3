//! Which accounts this node may call the provider for, and until when.
//!
//! Slots come from the store with a lease that is counted here by the machine's monotonic clock, from
//! before the renewal was asked for: a node that froze or lost the database stops by itself before
//! anybody else begins.

use chaski_model::AccountId;
use chaski_store::nodes::{Fence, Tenure, slot_of};
use std::collections::BTreeMap;
use std::sync::RwLock;
use std::time::{Duration, Instant};

/// What is held.
#[derive(Default)]
pub(crate) struct Ownership(RwLock<Held>);

#[derive(Default)]
struct Held {
    fences: BTreeMap<u8, i64>,
    /// `None` = for ever: the store belongs to this process alone.
    good_until: Option<Instant>,
}

impl Ownership {
    /// Takes over what a renewal brought. `good_until` counts from before it was asked for.
    /// Returns the slots that are new here.
    pub(crate) fn renewed(&self, tenure: &Tenure, good_until: Option<Instant>) -> Vec<u8> {
        let mut held = self.0.write().expect("nobody panics while holding the slots");
        let before = std::mem::take(&mut held.fences);
        held.fences = tenure.held.iter().map(|fence| (fence.slot, fence.number)).collect();
        held.good_until = good_until;
        held.fences
            .iter()
            .filter(|(slot, number)| before.get(slot) != Some(number))
            .map(|(slot, _)| *slot)
            .collect()
    }

    /// The right to call for an account, if this node has it now.
    pub(crate) fn fence(&self, account: AccountId) -> Option<Fence> {
        let held = self.0.read().expect("nobody panics while holding the slots");
        if held.good_until.is_some_and(|until| until <= Instant::now()) {
            return None;
        }
        let slot = slot_of(account);
        held.fences.get(&slot).map(|number| Fence { slot, number: *number })
    }

    /// Whether the first slot is held here: exactly one node does what is to be done once.
    pub(crate) fn leads(&self) -> bool {
        let held = self.0.read().expect("nobody panics while holding the slots");
        held.good_until.is_none_or(|until| until > Instant::now()) && held.fences.contains_key(&0)
    }
}

/// The instant until which a lease asked for at `asked` is good.
pub(crate) fn good_until(is_shared: bool, asked: Instant, lease: Duration) -> Option<Instant> {
    is_shared.then(|| asked + lease)
}
