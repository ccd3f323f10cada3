//! What the writer remembers between commits, so that it need not write or read it for each message.
//!
//! Nobody else writes the file, so what stands here is what the tables say. What a batch changed is
//! taken back when the batch is.

use super::rows::fault;
use crate::error::StoreError;
use crate::fresh::FreshCalls;
use chaski_model::address::Address;
use chaski_model::{ContactId, LaneId, WorkspaceId};
use rusqlite::Connection;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

/// The most addresses that are remembered.
const MOST_ADDRESSES: usize = 20_000;

/// What a batch changed, as it was.
#[derive(Clone, Copy)]
enum Undo {
    Line(LaneId, u32),
    BackOff(LaneId, u32),
}

/// The writer's memory.
#[derive(Default)]
pub(super) struct Memory {
    lines: RefCell<HashMap<LaneId, u32>>,
    undo: RefCell<Vec<Undo>>,
    /// How often in a row the recipient of a lane was to be left alone, where that is so.
    backing_off: RefCell<HashMap<LaneId, u32>>,
    touched: RefCell<Vec<ContactId>>,
    last_seq: Cell<i64>,
    addresses: RefCell<HashSet<(WorkspaceId, Address)>>,
    /// The calls of messages just accepted.
    pub(super) fresh: RefCell<FreshCalls>,
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
        let mut statement =
            connection.prepare("SELECT id, backoffs FROM lanes WHERE backoffs > 0").map_err(fault)?;
        let rows = statement.query_map([], |row| Ok((LaneId(row.get(0)?), row.get(1)?))).map_err(fault)?;
        *memory.backing_off.borrow_mut() = rows.collect::<Result<_, _>>().map_err(fault)?;
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
        self.undo.borrow_mut().push(Undo::Line(lane, before));
        put(&mut self.lines.borrow_mut(), lane, after);
    }

    /// How often in a row the recipient of a lane was to be left alone.
    pub(super) fn backoffs(&self, lane: LaneId) -> u32 {
        self.backing_off.borrow().get(&lane).copied().unwrap_or(0)
    }

    /// Once more.
    pub(super) fn back_off(&self, lane: LaneId) {
        let before = self.backoffs(lane);
        self.undo.borrow_mut().push(Undo::BackOff(lane, before));
        put(&mut self.backing_off.borrow_mut(), lane, before + 1);
    }

    /// It is over; whether there was one.
    pub(super) fn end_back_off(&self, lane: LaneId) -> bool {
        let before = self.backing_off.borrow_mut().remove(&lane);
        if let Some(before) = before {
            self.undo.borrow_mut().push(Undo::BackOff(lane, before));
        }
        before.is_some()
    }

    /// The next place in line, of any lane: later ones are higher.
    pub(super) fn next_seq(&self) -> i64 {
        self.last_seq.set(self.last_seq.get() + 1);
        self.last_seq.get()
    }

    /// A step changes what a send can see of a contact.
    pub(super) fn touch(&self, contact: ContactId) {
        self.touched.borrow_mut().push(contact);
    }

    /// The batch is on disk; the contacts that it changed.
    pub(super) fn committed(&self) -> Vec<ContactId> {
        self.undo.borrow_mut().clear();
        self.touched.take()
    }

    /// The batch is taken back.
    pub(super) fn rolled_back(&self) {
        for undo in self.undo.borrow_mut().drain(..).rev() {
            match undo {
                Undo::Line(lane, before) => put(&mut self.lines.borrow_mut(), lane, before),
                Undo::BackOff(lane, before) => put(&mut self.backing_off.borrow_mut(), lane, before),
            }
        }
        self.touched.borrow_mut().clear();
        self.forget_addresses();
        self.fresh.borrow_mut().clear();
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

fn put(counts: &mut HashMap<LaneId, u32>, lane: LaneId, count: u32) {
    match count {
        0 => counts.remove(&lane),
        count => counts.insert(lane, count),
    };
}
