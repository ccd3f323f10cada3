//! Which accounts this node may call the provider for, and until when.
//!
//! Slots come from the store with a lease that is counted here by the machine's monotonic clock, from
//! before the renewal was asked for: a node that froze or lost the database stops by itself before
//! anybody else begins.

use chaski_model::AccountId;
use chaski_store::nodes::{Fence, Tenure, slot_of};
use std::collections::BTreeMap;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;

/// What is held.
#[derive(Default)]
pub(crate) struct Ownership(RwLock<Held>);

#[derive(Default)]
struct Held {
    fences: BTreeMap<u8, i64>,
    /// `None` = for ever: the store belongs to this process alone.
    good_until: Option<Instant>,
    /// Calls in flight, by slot.
    in_flight: BTreeMap<u8, usize>,
}

impl Held {
    fn is_good(&self) -> bool {
        self.good_until.is_none_or(|until| until > Instant::now())
    }
}

impl Ownership {
    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.0.read().expect("nobody panics while holding the slots")
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.0.write().expect("nobody panics while holding the slots")
    }

    /// Takes over what a renewal brought. `good_until` counts from before it was asked for; `None` =
    /// for ever. Returns the slots that came or went; all of them after a lease that had run out.
    pub(crate) fn renewed(&self, tenure: &Tenure, good_until: Option<Instant>) -> Changed {
        let mut held = self.write();
        let lapsed = !held.is_good();
        let before = std::mem::take(&mut held.fences);
        held.fences = tenure.held.iter().map(|fence| (fence.slot, fence.number)).collect();
        held.good_until = good_until;
        let came = held.fences.iter().filter(|(slot, number)| before.get(slot) != Some(number));
        let came: Vec<u8> = came.map(|(slot, _)| *slot).collect();
        let gone = before.keys().any(|slot| !held.fences.contains_key(slot));
        Changed { any: lapsed || gone || !came.is_empty(), came }
    }

    /// The right to call for an account, if this node has it now.
    pub(crate) fn fence(&self, account: AccountId) -> Option<Fence> {
        let held = self.read();
        let slot = slot_of(account);
        let number = held.fences.get(&slot).filter(|_| held.is_good())?;
        Some(Fence { slot, number: *number })
    }

    /// The fence of an account's slot, whether the lease has run out or not.
    pub(crate) fn holds(&self, account: AccountId) -> Option<i64> {
        self.read().fences.get(&slot_of(account)).copied()
    }

    /// Whether this node does what only one node does: it holds the first slot.
    pub(crate) fn leads(&self) -> bool {
        let held = self.read();
        held.is_good() && held.fences.contains_key(&0)
    }

    /// A call of an account is on its way, until the guard is dropped.
    pub(crate) fn enter(&self, account: AccountId) -> InFlight<'_> {
        let slot = slot_of(account);
        *self.write().in_flight.entry(slot).or_default() += 1;
        InFlight { ownership: self, slot }
    }

    /// Those of the slots that have no call in flight any more.
    pub(crate) fn quiet(&self, slots: &[Fence]) -> Vec<Fence> {
        let held = self.read();
        slots.iter().filter(|fence| !held.in_flight.contains_key(&fence.slot)).copied().collect()
    }
}

/// What a renewal changed.
pub(crate) struct Changed {
    /// Anything at all.
    pub(crate) any: bool,
    /// Slots that this node did not hold before, or not with this fence.
    pub(crate) came: Vec<u8>,
}

/// A call on its way.
pub(crate) struct InFlight<'o> {
    ownership: &'o Ownership,
    slot: u8,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut held = self.ownership.write();
        if let Some(count) = held.in_flight.get_mut(&self.slot) {
            *count -= 1;
            if *count == 0 {
                held.in_flight.remove(&self.slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn tenure(fences: &[(u8, i64)]) -> Tenure {
        let held = fences.iter().map(|(slot, number)| Fence { slot: *slot, number: *number }).collect();
        Tenure { held, to_give_up: vec![], nodes: 2 }
    }

    #[test]
    fn a_lease_that_ran_out_gives_no_right() {
        let (own, account) = (Ownership::default(), AccountId(1));
        let slot = slot_of(account);
        own.renewed(&tenure(&[(slot, 3)]), Some(Instant::now() + Duration::from_secs(9)));
        assert_eq!(own.fence(account), Some(Fence { slot, number: 3 }));
        own.renewed(&tenure(&[(slot, 3)]), Some(Instant::now()));
        assert_eq!(own.fence(account), None);
        let changed = own.renewed(&tenure(&[(slot, 3)]), None);
        assert!(changed.any && changed.came.is_empty(), "the windows are to be read anew");
    }

    #[test]
    fn a_slot_is_quiet_when_its_last_call_has_ended() {
        let (own, account) = (Ownership::default(), AccountId(1));
        let fence = Fence { slot: slot_of(account), number: 1 };
        let (one, two) = (own.enter(account), own.enter(account));
        drop(one);
        assert!(own.quiet(&[fence]).is_empty());
        drop(two);
        assert_eq!(own.quiet(&[fence]), [fence]);
    }
}
