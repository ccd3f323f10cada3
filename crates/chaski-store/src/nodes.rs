//! Who serves what when several equal nodes work on one store.
//!
//! Accounts are spread over [`SLOTS`] slots. A slot has one holder at a time and a fence that grows
//! whenever it changes hands: [`Outbox::begin`](crate::Outbox::begin) is refused with an old fence.
//! The embedded store belongs to one process, which holds every slot for ever.

use crate::error::StoreError;
use async_trait::async_trait;
use chaski_model::AccountId;
use std::time::Duration;
use tokio::sync::watch;

/// How many slots the accounts are spread over.
pub const SLOTS: usize = 256;

/// The right to begin calls for the accounts of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// Which slot.
    pub slot: u8,
    /// Grows whenever the slot changes hands.
    pub number: i64,
}

/// The slot of an account: where its dispatch, its template syncs and its watchdogs belong.
pub fn slot_of(account: AccountId) -> u8 {
    // Fibonacci hashing: neighbouring account numbers land far apart.
    let spread = account.0.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u8::try_from(spread >> 56).unwrap_or(u8::MAX)
}

/// What a node holds after a renewal of its lease.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenure {
    /// Slots to serve, in order of their numbers.
    pub held: Vec<Fence>,
    /// Slots that another live node should have: begin nothing more, settle what is in flight, then
    /// [`Nodes::release`] them. They are still held until then and are not among `held`.
    pub to_give_up: Vec<Fence>,
    /// Live nodes, this one included.
    pub nodes: usize,
}

/// A node's membership.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// Whether other processes may work on the same store.
    fn is_shared(&self) -> bool;

    /// This node's part of message ids, 0 to 63.
    fn node(&self) -> u8;

    /// Renews this node's lease for `lease` from now, by the store's own clock, and takes the slots
    /// that are free and due to it. A slot whose holder died is free `lease` + five seconds (the time
    /// that a begun call is good for) after the holder's last renewal.
    async fn tend(&self, lease: Duration) -> Result<Tenure, StoreError>;

    /// Gives slots up, so that their next holder can take them at once. Those that this node holds no
    /// more are passed over.
    async fn release(&self, slots: Vec<Fence>) -> Result<(), StoreError>;

    /// Releases everything and ends the lease.
    async fn leave(&self) -> Result<(), StoreError>;

    /// Ticks when another node has committed something, soon after; never for this node's own
    /// commits. Only a hint: whoever follows it also looks once a second.
    fn others(&self) -> watch::Receiver<u64>;

    /// Grows with each change of what [`Admin::directory`](crate::Admin::directory) reads, by any node.
    async fn directory_version(&self) -> Result<i64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn accounts_are_spread_over_the_slots() {
        let slots: BTreeSet<u8> = (1..=256).map(|n| slot_of(AccountId(n))).collect();
        assert!(slots.len() > 200, "{} of 256", slots.len());
    }
}
