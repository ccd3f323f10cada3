//! What the writer remembers between commits, so that it need not write or read it for each message.
//!
//! Nobody else writes the file, so what stands here is what the tables say. What a batch changed is
//! taken back when the batch is.

use super::rows::fault;
use crate::error::StoreError;
use chaski_model::address::Address;
use chaski_model::{ContactId, LaneId, MessageId, WorkspaceId};
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};

/// The most addresses that are remembered.
const MOST_ADDRESSES: usize = 20_000;
/// The most messages whose call is kept at hand: about as many as are in flight.
const MOST_FRESH: usize = 512;

/// What the call of a message just accepted is made from, so that beginning it reads nothing.
pub(super) struct Fresh {
    pub(super) contact: ContactId,
    /// JSON of its parts.
    pub(super) resolved: String,
    pub(super) to: Vec<Address>,
    pub(super) backoffs: u32,
}

/// The writer's memory.
#[derive(Default)]
pub(super) struct Memory {
    lines: RefCell<HashMap<LaneId, u32>>,
    undo: RefCell<Vec<(LaneId, u32)>>,
    last_seq: Cell<i64>,
    addresses: RefCell<HashSet<(WorkspaceId, Address)>>,
    fresh: RefCell<HashMap<MessageId, Fresh>>,
    fresh_order: RefCell<VecDeque<MessageId>>,
}

impl Memory {
    /// Reads how many parts stand in line in each lane.
    pub(super) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let memory = Self::default();
        let read = |sql: &str| -> rusqlite::Result<()> {
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                *memory.lines.borrow_mut().entry(LaneId(row.get(0)?)).or_default() += 1;
                memory.last_seq.set(memory.last_seq.get().max(row.get(1)?));
            }
            Ok(())
        };
        read("SELECT lane_id, 0 FROM queue WHERE aside = 0").map_err(fault)?;
        read("SELECT lane_id, lane_seq FROM waiting").map_err(fault)?;
        memory.undo.borrow_mut().clear();
        Ok(memory)
    }

    /// Parts join a lane; how many stood in it before.
    pub(super) fn join(&self, lane: LaneId, parts: u32) -> u32 {
        let before = self.lines.borrow().get(&lane).copied().unwrap_or(0);
        self.set(lane, before, before + parts);
        before
    }

    /// Parts leave a lane; how many still stand in it.
    pub(super) fn leave(&self, lane: LaneId, parts: u32) -> u32 {
        let before = self.lines.borrow().get(&lane).copied().unwrap_or(0);
        let after = before.saturating_sub(parts);
        self.set(lane, before, after);
        after
    }

    fn set(&self, lane: LaneId, before: u32, after: u32) {
        self.undo.borrow_mut().push((lane, before));
        put(&mut self.lines.borrow_mut(), lane, after);
    }

    /// The next place in line, of any lane: later ones are higher.
    pub(super) fn next_seq(&self) -> i64 {
        self.last_seq.set(self.last_seq.get() + 1);
        self.last_seq.get()
    }

    /// The batch is on disk.
    pub(super) fn committed(&self) {
        self.undo.borrow_mut().clear();
    }

    /// The batch is taken back.
    pub(super) fn rolled_back(&self) {
        let mut lines = self.lines.borrow_mut();
        for (lane, before) in self.undo.borrow_mut().drain(..).rev() {
            put(&mut lines, lane, before);
        }
        self.forget_addresses();
        self.fresh.borrow_mut().clear();
        self.fresh_order.borrow_mut().clear();
    }

    /// Keeps what a message's first call is made from; the oldest makes room.
    pub(super) fn keep_fresh(&self, message: MessageId, fresh: Fresh) {
        let (mut all, mut order) = (self.fresh.borrow_mut(), self.fresh_order.borrow_mut());
        if order.len() >= MOST_FRESH
            && let Some(oldest) = order.pop_front()
        {
            all.remove(&oldest);
        }
        order.push_back(message);
        all.insert(message, fresh);
    }

    /// Takes it out, if it is still at hand.
    pub(super) fn take_fresh(&self, message: MessageId) -> Option<Fresh> {
        self.fresh.borrow_mut().remove(&message)
    }

    /// Whether an address was seen in the store before. Nearly every receipt tells one again.
    pub(super) fn is_known(&self, workspace: WorkspaceId, address: &Address) -> bool {
        // A clone of two short texts costs less than a look into the store.
        self.addresses.borrow().contains(&(workspace, address.clone()))
    }

    /// An address is stored.
    pub(super) fn remember(&self, workspace: WorkspaceId, address: &Address) {
        let mut addresses = self.addresses.borrow_mut();
        if addresses.len() >= MOST_ADDRESSES {
            addresses.clear();
        }
        addresses.insert((workspace, address.clone()));
    }

    /// Addresses are taken away: none is known until it is stored again.
    pub(super) fn forget_addresses(&self) {
        self.addresses.borrow_mut().clear();
    }
}

fn put(lines: &mut HashMap<LaneId, u32>, lane: LaneId, depth: u32) {
    match depth {
        0 => lines.remove(&lane),
        depth => lines.insert(lane, depth),
    };
}
