//! The rows that a batch touches, as they were and as they will be.

use super::dead::DeadRow;
use super::replay::{FailedRow, NewDelivery};
use chaski_model::{ChannelId, ContactId, Failure, LaneId, MessageId, PartRef, Timestamp, WorkspaceId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What `parts.state` holds.
pub(crate) mod state {
    pub(crate) const WAITING: i32 = 0;
    pub(crate) const QUEUED: i32 = 1;
    pub(crate) const BEGUN: i32 = 2;
    pub(crate) const RETRY: i32 = 3;
    pub(crate) const UNKNOWN: i32 = 4;
    pub(crate) const ENDED: i32 = 5;
}

/// Rows of one table. What was loaded is compared with what is there at the end: that tells what to
/// insert, update and delete.
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, Cell<V>>,
}

struct Cell<V> {
    was: Option<V>,
    is: Option<V>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<K: Ord + Clone, V: Clone + PartialEq> Table<K, V> {
    /// A row as it is stored.
    pub(super) fn load(&mut self, key: K, row: V) {
        self.rows.insert(key, Cell { was: Some(row.clone()), is: Some(row) });
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)?.is.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.rows.get_mut(key)?.is.as_mut()
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn put(&mut self, key: K, row: V) {
        self.rows.entry(key).or_insert(Cell { was: None, is: None }).is = Some(row);
    }

    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        self.rows.get_mut(key)?.is.take()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().filter_map(|(key, cell)| Some((key, cell.is.as_ref()?)))
    }

    /// In order of their keys.
    pub(super) fn inserted(&self) -> Vec<(&K, &V)> {
        self.picked(|cell| cell.was.is_none())
    }

    /// In order of their keys.
    pub(super) fn changed(&self) -> Vec<(&K, &V)> {
        self.picked(|cell| cell.was.is_some() && cell.was != cell.is)
    }

    /// In order of their keys.
    pub(super) fn removed(&self) -> Vec<&K> {
        let gone = self.rows.iter().filter(|(_, cell)| cell.was.is_some() && cell.is.is_none());
        gone.map(|(key, _)| key).collect()
    }

    fn picked(&self, pick: impl Fn(&Cell<V>) -> bool) -> Vec<(&K, &V)> {
        let picked = self.rows.iter().filter(|(_, cell)| pick(cell));
        picked.filter_map(|(key, cell)| Some((key, cell.is.as_ref()?))).collect()
    }
}

impl<V: Clone + PartialEq> Table<(i64, i64), V> {
    /// The rows whose keys begin with this number.
    pub(super) fn range_of(&self, first: i64) -> impl Iterator<Item = (&(i64, i64), &V)> {
        let range = self.rows.range((first, i64::MIN)..=(first, i64::MAX));
        range.filter_map(|(key, cell)| Some((key, cell.is.as_ref()?)))
    }
}

impl Table<i64, ContactRow> {
    fn versions_changed(&self) -> impl Iterator<Item = i64> {
        let version = |row: &Option<ContactRow>| row.as_ref().map(|row| row.version);
        let changed = self.rows.iter().filter(move |(_, cell)| version(&cell.was) != version(&cell.is));
        changed.map(|(id, _)| *id)
    }
}

impl<V: Clone + PartialEq> Table<PartRef, V> {
    /// The parts of a delivery.
    pub(super) fn delivery_of(&self, part: PartRef) -> impl Iterator<Item = (&PartRef, &V)> {
        let range = self.rows.range(PartRef { part: 0, ..part }..=PartRef { part: u16::MAX, ..part });
        range.filter_map(|(key, cell)| Some((key, cell.is.as_ref()?)))
    }
}

/// What an id of a provider's names: a message, and the part of it if it is ours.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub(super) message: i64,
    pub(super) part: Option<PartRef>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct LaneRow {
    pub(super) workspace: WorkspaceId,
    pub(super) channel: ChannelId,
    pub(super) address: Arc<str>,
    pub(super) contact: ContactId,
    pub(super) out_seq: i64,
    pub(super) busy: bool,
    pub(super) last_in_at: Option<i64>,
    pub(super) last_at: Option<i64>,
    pub(super) last_id: Option<i64>,
    pub(super) closed_at: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) backoffs: i64,
    pub(super) access: i32,
    pub(super) access_at: Option<i64>,
    /// How far the provider has reported delivered and read; written outside of batches.
    pub(super) reported: (Option<i64>, Option<i64>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct PartRow {
    pub(super) workspace: WorkspaceId,
    pub(super) channel: ChannelId,
    pub(super) lane: LaneId,
    pub(super) lane_seq: i64,
    pub(super) state: i32,
    pub(super) attempts: i32,
    pub(super) begun_at: Option<i64>,
    pub(super) call_by: Option<i64>,
    pub(super) fence: i64,
    pub(super) first_failed_at: Option<i64>,
    pub(super) provider_id: Option<String>,
    pub(super) rank: i32,
    pub(super) expires_at: i64,
    pub(super) followed_at: Option<i64>,
}

/// What changes about a message after it was stored.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MessageRow {
    pub(super) contact: ContactId,
    pub(super) delivery: i32,
    pub(super) parts: i32,
    pub(super) rank: i32,
    pub(super) unknown: bool,
    /// Retention has removed what it said. Never changed here.
    pub(super) blanked: bool,
    pub(super) sent_at: Option<i64>,
    pub(super) failed_at: Option<i64>,
    pub(super) delivered_at: Option<i64>,
    pub(super) read_at: Option<i64>,
    pub(super) provider_id: Option<String>,
    pub(super) error: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueueRow {
    pub(super) workspace: WorkspaceId,
    pub(super) lane: LaneId,
    pub(super) class: i32,
    pub(super) due_at: i64,
    pub(super) keep_until: Option<i64>,
    pub(super) aside: bool,
    pub(super) held: bool,
    pub(super) expires_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct WaitingRow {
    pub(super) workspace: WorkspaceId,
    pub(super) channel: ChannelId,
    pub(super) part: PartRef,
    pub(super) class: i32,
    pub(super) expires_at: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttemptRow {
    pub(super) workspace: WorkspaceId,
    pub(super) begun_at: i64,
    pub(super) ended_at: i64,
    pub(super) outcome: &'static str,
    pub(super) http_status: Option<i32>,
    pub(super) failure: Option<String>,
    pub(super) next_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReceiptRow {
    pub(super) workspace: WorkspaceId,
    pub(super) received_at: i64,
    pub(super) failure: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct KeyRow {
    pub(super) workspace: WorkspaceId,
    pub(super) body: Vec<u8>,
    pub(super) status: i32,
    pub(super) answer: String,
    pub(super) created_at: i64,
}

/// (workspace, kind, scope, value).
pub(super) type AddressKey = (i64, &'static str, String, String);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct AddressRow {
    pub(super) contact: ContactId,
    pub(super) learned_at: i64,
    pub(super) from: &'static str,
}

/// A contact as far as messages touch it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ContactRow {
    pub(super) last_id: Option<i64>,
    pub(super) last_lane: Option<i64>,
    pub(super) version: i64,
    /// Of a new contact.
    pub(super) made: Option<NewContact>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct NewContact {
    pub(super) workspace: WorkspaceId,
    pub(super) first_name: String,
    pub(super) country: Option<String>,
    pub(super) at: i64,
}

/// A message to be stored.
#[derive(Debug, Clone)]
pub(super) struct NewMessage {
    pub(super) id: MessageId,
    pub(super) workspace: WorkspaceId,
    pub(super) contact: ContactId,
    pub(super) channel: ChannelId,
    pub(super) lane: LaneId,
    pub(super) outbound: bool,
    pub(super) parts: i32,
    pub(super) prev: Option<i64>,
    pub(super) created_at: i64,
    /// The command that brings content, resolved and origin.
    pub(super) command: usize,
    pub(super) rank: i32,
    pub(super) failed_at: Option<i64>,
    pub(super) provider_id: Option<String>,
    pub(super) error: Option<String>,
}

/// An event waiting for its number, which it gets at the end of the batch.
pub(super) struct NewEvent {
    pub(super) at: Timestamp,
    pub(super) kind: &'static str,
    pub(super) contact: Option<ContactId>,
    pub(super) message: Option<MessageId>,
}

/// What begins are answered with beside their rows.
pub(super) struct Body {
    pub(super) contact: ContactId,
    pub(super) resolved: String,
}

/// A receipt's natural key.
pub(super) type ReceiptKey = (PartRef, i32, i64);

/// Everything a batch works on.
#[derive(Default)]
pub(super) struct Set {
    pub(super) fences: HashMap<i32, i64>,
    pub(super) keys: Table<(i64, [u8; 32]), KeyRow>,
    pub(super) lanes: Table<i64, LaneRow>,
    pub(super) lane_ids: HashMap<(i64, Arc<str>), LaneId>,
    pub(super) parts: Table<PartRef, PartRow>,
    pub(super) queue: Table<(i64, PartRef), QueueRow>,
    pub(super) waiting: Table<(i64, i64), WaitingRow>,
    /// Lanes with more waiting parts than were loaded: the most urgent class among those.
    pub(super) more_waiting: HashMap<i64, i32>,
    pub(super) messages: Table<i64, MessageRow>,
    pub(super) attempts: Table<(PartRef, u16), AttemptRow>,
    pub(super) receipts: Table<ReceiptKey, ReceiptRow>,
    pub(super) contacts: Table<i64, ContactRow>,
    /// Contacts that change for a send, and are not among those.
    pub(super) touched: BTreeSet<i64>,
    pub(super) addresses: Table<AddressKey, AddressRow>,
    /// Provider ids of inbound messages that are known: (week, channel, id) -> message.
    pub(super) provider_ids: Table<(i64, i64, String), Named>,
    pub(super) bodies: HashMap<i64, Body>,
    pub(super) reachable: HashMap<i64, Vec<(i64, chaski_model::address::Address)>>,
    pub(super) new_messages: Vec<NewMessage>,
    /// Waiting parts that come to the head of their lane without having been loaded.
    pub(super) to_queue: Vec<PartRef>,
    pub(super) events: BTreeMap<WorkspaceId, Vec<NewEvent>>,
    /// Messages that come off the list of dead letters, and those that come onto it.
    pub(super) exhumed: BTreeSet<i64>,
    pub(super) buried: BTreeMap<i64, DeadRow>,
    /// Messages that are to go out again, as they were found.
    pub(super) failed: HashMap<i64, FailedRow>,
    pub(super) deliveries: Vec<NewDelivery>,
    /// Ids for lanes and contacts that are made.
    pub(super) spare_lanes: Vec<i64>,
    pub(super) spare_contacts: Vec<i64>,
    /// A lane had more to take from than was loaded: load all of it.
    pub(super) fell_short: bool,
}

impl Set {
    /// A step changes what a send can see of a contact.
    pub(super) fn touch(&mut self, contact: ContactId) {
        match self.contacts.get_mut(&contact.0) {
            Some(row) => row.version += 1,
            None => drop(self.touched.insert(contact.0)),
        }
    }

    /// The contacts that changed for a send.
    pub(super) fn touched(&self) -> Vec<ContactId> {
        let changed = self.contacts.versions_changed();
        self.touched.iter().copied().chain(changed).map(ContactId).collect()
    }

    pub(super) fn event(
        &mut self,
        workspace: WorkspaceId,
        at: Timestamp,
        kind: &'static str,
        contact: Option<ContactId>,
        message: Option<MessageId>,
    ) {
        self.events.entry(workspace).or_default().push(NewEvent { at, kind, contact, message });
    }
}

/// JSON of a failure, for a column.
pub(super) fn failure_json(failure: &Failure) -> String {
    serde_json::to_string(failure).expect("a failure is plain data")
}
