//! Nodes and slots: who lives, who holds what.

use super::PgStore;
use super::connect::Conn;
use super::fault::Fail;
use crate::admin::milliseconds;
use crate::error::StoreError;
use crate::nodes::{Fence, Nodes, SLOTS, Tenure};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

const NODES: i32 = 64;
/// A node's first lease; it renews it as soon as it serves.
const FIRST_LEASE_MS: i64 = 15_000;
/// A dead holder's slots and place are free this long after its lease: until then a begun call may
/// still leave.
const AFTER_LEASE_MS: i64 = 5000;

const NOW: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::int8";
const PLACES: &str = "SELECT slot, holder, lease_until FROM nodes ORDER BY slot";
const JOIN: &str = "INSERT INTO nodes AS n (slot, holder, lease_until) VALUES ($1, $2, $3)
    ON CONFLICT (slot) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until, batch = 0
      WHERE n.holder IS NOT DISTINCT FROM $4 AND n.lease_until = $5 RETURNING id_until";
const RENEW: &str =
    "UPDATE nodes SET lease_until = (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::int8 + $3::int8
    WHERE slot = $1 AND holder = $2 RETURNING lease_until";
const SLOT_ROWS: &str = "SELECT slot, fence, holder FROM slots ORDER BY slot";
const TAKE: &str = "UPDATE slots s SET holder = $3, node = $4, fence = s.fence + 1
    FROM UNNEST($1::int4[], $2::int8[]) AS u(slot, fence) WHERE s.slot = u.slot AND s.fence = u.fence RETURNING s.slot, s.fence";
const RELEASE: &str = "UPDATE slots s SET holder = NULL, node = NULL
    FROM UNNEST($1::int4[], $2::int8[]) AS u(slot, fence) WHERE s.slot = u.slot AND s.fence = u.fence AND s.holder = $3";
const RELEASE_ALL: &str = "UPDATE slots SET holder = NULL, node = NULL WHERE holder = $1";
const LEAVE: &str = "UPDATE nodes SET holder = NULL, lease_until = 0 WHERE slot = $1 AND holder = $2";

/// Takes a node's place: its number, and where its message ids start.
pub(super) async fn join(conn: &Conn, holder: Uuid) -> Result<(u8, i64), StoreError> {
    // Others may start at the same time: whoever loses a place looks for the next one.
    for _ in 0..1000 {
        let now: i64 = conn.row(NOW, &[]).await.map_err(Fail::into_error)?.map_or(0, |row| row.get(0));
        let mut taken: BTreeMap<i32, (Option<Uuid>, i64)> = BTreeMap::new();
        for row in conn.rows(PLACES, &[]).await.map_err(Fail::into_error)? {
            taken.insert(row.get(0), (row.get(1), row.get(2)));
        }
        let is_free = |slot: &i32| {
            taken.get(slot).is_none_or(|(holder, until)| holder.is_none() || until + AFTER_LEASE_MS < now)
        };
        let Some(slot) = (0..NODES).find(is_free) else {
            return Err(StoreError::Unavailable(format!(
                "{NODES} nodes work on this database, which is the most there can be: stop one first (a node that died frees its place {} s after its last sign of life)",
                (FIRST_LEASE_MS + AFTER_LEASE_MS) / 1000
            )));
        };
        let (was, until) = taken.get(&slot).copied().unwrap_or((None, 0));
        let lease = now + FIRST_LEASE_MS;
        let joined = conn.row(JOIN, &[&slot, &holder, &lease, &was, &until]).await;
        if let Some(row) = joined.map_err(Fail::into_error)? {
            return Ok((u8::try_from(slot).unwrap_or(0), row.get(0)));
        }
    }
    Err(StoreError::Busy)
}

/// Which live node each slot is due to: each node in turn of preference, none more than its share.
fn deal(live: &[Uuid]) -> Vec<Option<Uuid>> {
    let share = SLOTS.div_ceil(live.len().max(1));
    let mut given: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut dealt = Vec::with_capacity(SLOTS);
    for slot in 0..SLOTS {
        let room = live.iter().filter(|node| given.get(node).copied().unwrap_or(0) < share);
        let best = room.max_by_key(|node| preference(slot, **node)).copied();
        if let Some(best) = best {
            *given.entry(best).or_default() += 1;
        }
        dealt.push(best);
    }
    dealt
}

/// Rendezvous hashing: a node that comes or goes moves few slots between the others.
fn preference(slot: usize, node: Uuid) -> u64 {
    let (high, low) = node.as_u64_pair();
    let mut mixed = high ^ low.rotate_left(32) ^ (slot as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for factor in [0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb_u64] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 31)
}

struct SlotRow {
    slot: i32,
    fence: i64,
    holder: Option<Uuid>,
}

impl PgStore {
    fn place(&self) -> i32 {
        i32::from(self.inner.node)
    }

    /// Live nodes, and those whose slots may not be taken yet although they live no more.
    async fn members(&self) -> Result<(Vec<Uuid>, Vec<Uuid>), StoreError> {
        let now: i64 = self.reads().row(NOW, &[]).await?.map_or(0, |row| row.get(0));
        let (mut live, mut fading) = (Vec::new(), Vec::new());
        for row in self.reads().rows(PLACES, &[]).await? {
            let (holder, until): (Option<Uuid>, i64) = (row.get(1), row.get(2));
            match holder {
                Some(holder) if until >= now => live.push(holder),
                Some(holder) if until + AFTER_LEASE_MS >= now => fading.push(holder),
                _ => {}
            }
        }
        Ok((live, fading))
    }

    async fn take(&self, free: Vec<SlotRow>) -> Result<Vec<Fence>, StoreError> {
        if free.is_empty() {
            return Ok(Vec::new());
        }
        let slots: Vec<i32> = free.iter().map(|row| row.slot).collect();
        let fences: Vec<i64> = free.iter().map(|row| row.fence).collect();
        let (holder, place) = (self.inner.holder, self.place());
        let taken = self
            .transact(move |tx| {
                let (slots, fences) = (slots.clone(), fences.clone());
                Box::pin(async move { tx.rows(TAKE, &[&slots, &fences, &holder, &place]).await })
            })
            .await?;
        Ok(taken.iter().map(|row| fence(row.get(0), row.get(1))).collect())
    }
}

fn fence(slot: i32, number: i64) -> Fence {
    Fence { slot: u8::try_from(slot).unwrap_or(u8::MAX), number }
}

#[async_trait]
impl Nodes for PgStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn node(&self) -> u8 {
        self.inner.node
    }

    async fn tend(&self, lease: Duration) -> Result<Tenure, StoreError> {
        let (holder, place) = (self.inner.holder, self.place());
        let lease = milliseconds(lease);
        let renewed =
            self.transact(move |tx| Box::pin(async move { tx.row(RENEW, &[&place, &holder, &lease]).await }));
        if renewed.await?.is_none() {
            return Err(StoreError::Unavailable(
                "this node's lease ended and another process has taken its place: restart it".into(),
            ));
        }
        let (live, fading) = self.members().await?;
        self.inner.hints.set_others(live.len() > 1);
        let dealt = deal(&live);
        let mut tenure = Tenure { nodes: live.len(), ..Tenure::default() };
        let mut free = Vec::new();
        for row in self.reads().rows(SLOT_ROWS, &[]).await? {
            let row = SlotRow { slot: row.get(0), fence: row.get(1), holder: row.get(2) };
            let is_due = usize::try_from(row.slot).is_ok_and(|slot| dealt.get(slot) == Some(&Some(holder)));
            match row.holder {
                Some(held) if held == holder && is_due => tenure.held.push(fence(row.slot, row.fence)),
                Some(held) if held == holder => tenure.to_give_up.push(fence(row.slot, row.fence)),
                Some(held) if live.contains(&held) || fading.contains(&held) => {}
                _ if is_due => free.push(row),
                _ => {}
            }
        }
        tenure.held.extend(self.take(free).await?);
        tenure.held.sort_unstable();
        Ok(tenure)
    }

    async fn release(&self, slots: Vec<Fence>) -> Result<(), StoreError> {
        let holder = self.inner.holder;
        let numbers: Vec<i32> = slots.iter().map(|fence| i32::from(fence.slot)).collect();
        let fences: Vec<i64> = slots.iter().map(|fence| fence.number).collect();
        self.transact(move |tx| {
            let (numbers, fences) = (numbers.clone(), fences.clone());
            Box::pin(async move { tx.execute(RELEASE, &[&numbers, &fences, &holder]).await.map(drop) })
        })
        .await
    }

    async fn leave(&self) -> Result<(), StoreError> {
        self.inner.exchanges.flush().await;
        let (holder, place) = (self.inner.holder, self.place());
        self.transact(move |tx| {
            Box::pin(async move {
                tx.execute(RELEASE_ALL, &[&holder]).await?;
                tx.execute(LEAVE, &[&place, &holder]).await.map(drop)
            })
        })
        .await
    }

    fn others(&self) -> watch::Receiver<u64> {
        self.inner.hints.others()
    }

    async fn directory_version(&self) -> Result<i64, StoreError> {
        let row = self.reads().row("SELECT version FROM directory", &[]).await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_dealt_evenly_and_few_move_when_a_node_comes() {
        let nodes: Vec<Uuid> =
            (1..=4_u128).map(|n| Uuid::from_u128(n * 0x0123_4567_89ab_cdef_0011)).collect();
        let before = deal(&nodes[..3]);
        let after = deal(&nodes);
        for node in &nodes {
            let share = after.iter().filter(|holder| **holder == Some(*node)).count();
            assert!((60..=68).contains(&share), "{share} of 256");
        }
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(moved < 128, "{moved} slots moved");
    }
}
