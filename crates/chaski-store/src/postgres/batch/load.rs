//! What a batch reads and locks before it computes: two rounds of statements, each sent at once.
//!
//! Locks are taken in one order by every node (slots, then lanes, messages and contacts, each by
//! rising id), so that batches wait for each other but never in a circle. A lane's lock orders all
//! changes of its parts, queue and waiting rows, which are therefore read without locks.

use super::accept::DAY_MS;
use super::flush::text;
use super::receive::{WEEK_MS, address_key, find_by_addresses};
use super::replay::{FAILED, FailedRow};
use super::set::*;
use crate::error::StoreError;
use crate::postgres::connect::Conn;
use crate::postgres::fault::Fail;
use crate::postgres::queue::Job;
use chaski_model::address::{Address, AddressKind};
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, PartRef, WorkspaceId};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_postgres::Row;
use uuid::Uuid;

pub(super) const SLOTS: &str =
    "SELECT slot, fence FROM slots WHERE slot = ANY($1::int4[]) AND holder = $2 ORDER BY slot FOR SHARE";
pub(super) const KEYS: &str = "SELECT k.day, k.key, k.workspace_id, k.body, k.status, k.answer, k.created_at
    FROM UNNEST($1::int8[], $2::bytea[]) AS u(day, key) JOIN idempotency k ON k.day = u.day AND k.key = u.key";
pub(super) const LANE_NAMES: &str =
    "SELECT l.id, l.channel_id, l.address FROM UNNEST($1::int8[], $2::text[]) AS u(channel, address)
    JOIN lanes l ON l.channel_id = u.channel AND l.address = u.address";
pub(super) const PART_LANES: &str =
    "SELECT message_id, channel_id, lane_id FROM parts WHERE message_id = ANY($1::int8[])";
pub(super) const ADDRESSES: &str = "SELECT a.workspace_id, a.kind, a.scope, a.value, a.contact_id, a.learned_at
    FROM UNNEST($1::int8[], $2::text[], $3::text[], $4::text[]) AS u(workspace, kind, scope, value)
    JOIN addresses a ON a.workspace_id = u.workspace AND a.kind = u.kind AND a.scope = u.scope AND a.value = u.value";
pub(super) const PROVIDER_IDS: &str = "SELECT p.week, p.channel_id, p.provider_id, COALESCE(p.message_id, 0)
    FROM UNNEST($1::int8[], $2::int8[], $3::text[]) AS u(week, channel, id)
    JOIN provider_ids p ON p.week = u.week AND p.channel_id = u.channel AND p.provider_id = u.id";
pub(super) const LANE_IDS: &str =
    "SELECT nextval(pg_get_serial_sequence('lanes', 'id')) FROM generate_series(1, $1::int4)";
pub(super) const CONTACT_IDS: &str =
    "SELECT nextval(pg_get_serial_sequence('contacts', 'id')) FROM generate_series(1, $1::int4)";
pub(super) const LANES: &str = "SELECT id, workspace_id, channel_id, address, contact_id, out_seq, busy, last_in_at, last_at, last_id, closed_at, not_before, backoffs, access, access_at, delivered_up_to, read_up_to
    FROM lanes WHERE id = ANY($1::int8[]) ORDER BY id FOR UPDATE";
pub(super) const PARTS: &str = "SELECT message_id, delivery, part, workspace_id, channel_id, lane_id, lane_seq, state, attempts, begun_at, call_by, fence, first_failed_at, provider_id, rank, expires_at, followed_at
    FROM parts WHERE message_id = ANY($1::int8[])";
pub(super) const MESSAGES: &str = "SELECT id, contact_id, delivery, parts, rank, unknown, sent_at, failed_at, delivered_at, read_at, provider_id, error, blanked_at IS NOT NULL
    FROM messages WHERE id = ANY($1::int8[]) ORDER BY id FOR UPDATE";
pub(super) const BODIES: &str = "SELECT id, contact_id, delivery, parts, rank, unknown, sent_at, failed_at, delivered_at, read_at, provider_id, error, blanked_at IS NOT NULL, resolved
    FROM messages WHERE id = ANY($1::int8[])";
pub(super) const REACHABLE: &str = "SELECT DISTINCT a.contact_id, a.kind, a.scope, a.value, a.learned_at
    FROM messages m JOIN addresses a ON a.contact_id = m.contact_id WHERE m.id = ANY($1::int8[])";
pub(super) const QUEUE: &str = "SELECT q.channel_id, q.message_id, q.delivery, q.part, q.workspace_id, q.lane_id, q.class, q.due_at, q.keep_until, q.aside, q.held, q.expires_at
    FROM UNNEST($1::int8[], $2::int8[]) AS u(channel, message) JOIN queue q ON q.channel_id = u.channel AND q.message_id = u.message";
pub(super) const WAITING: &str = "SELECT w.lane_id, w.lane_seq, w.workspace_id, w.channel_id, w.message_id, w.delivery, w.part, w.class, w.expires_at
    FROM UNNEST($1::int8[]) AS u(lane) CROSS JOIN LATERAL
      (SELECT * FROM waiting WHERE lane_id = u.lane ORDER BY lane_seq LIMIT $2::int8) w";
pub(super) const MORE_WAITING: &str =
    "SELECT u.lane, MIN(w.class) FROM UNNEST($1::int8[]) AS u(lane) CROSS JOIN LATERAL
      (SELECT class FROM waiting WHERE lane_id = u.lane ORDER BY lane_seq OFFSET $2::int8) w GROUP BY u.lane";
pub(super) const CONTACTS: &str =
    "SELECT id, last_id, last_lane, version FROM contacts WHERE id = ANY($1::int8[]) ORDER BY id FOR UPDATE";
pub(super) const RECEIPTS: &str = "SELECT message_id, delivery, part, kind, provider_at, workspace_id, received_at FROM receipts WHERE message_id = ANY($1::int8[])";

/// Lane numbers kept at hand, and how many are fetched at once.
const SPARE_LANES: usize = 256;

/// What the commands of a batch touch.
#[derive(Default)]
pub(super) struct Wanted {
    slots: BTreeSet<i32>,
    keys: BTreeSet<(i64, [u8; 32])>,
    lane_names: BTreeSet<(i64, Arc<str>)>,
    /// Messages whose lanes are not known.
    of_lanes: BTreeSet<i64>,
    addresses: BTreeSet<AddressKey>,
    provider_ids: BTreeSet<(i64, i64, String)>,
    lanes: BTreeSet<i64>,
    parts: BTreeSet<i64>,
    messages: BTreeSet<i64>,
    bodies: BTreeSet<i64>,
    queue: BTreeSet<(i64, i64)>,
    moving: BTreeSet<i64>,
    contacts: BTreeSet<i64>,
    receipts: BTreeSet<i64>,
    /// Messages to go out again.
    failed: BTreeSet<i64>,
}

impl Wanted {
    pub(super) fn of(jobs: &[&Job]) -> Self {
        let mut wanted = Self::default();
        for job in jobs {
            wanted.add(job);
        }
        wanted
    }

    fn add(&mut self, job: &Job) {
        match job {
            Job::Settle(s) | Job::Recover(s, _) => {
                self.head(&s.head);
                self.messages.insert(s.head.part.message.0);
                if s.follows {
                    self.receipts.insert(s.head.part.message.0);
                }
                self.learned(s.head.workspace, &s.learned);
                let week = s.ended_at.0 / WEEK_MS;
                self.provider_ids.extend(s.names.iter().map(|name| (week, s.head.channel.0, text(name))));
            }
            Job::StepAside(head, _) => self.head(head),
            Job::Resolve { message, .. } => {
                self.of_lanes.insert(message.0);
                self.messages.insert(message.0);
            }
            Job::Receipt(r) => {
                self.of_lanes.insert(r.part.message.0);
                self.messages.insert(r.part.message.0);
                self.receipts.insert(r.part.message.0);
                self.learned(r.workspace, &r.learned);
            }
            Job::Inbound(m) => {
                let address = m.from.first().map_or("", |address| address.value.as_str());
                self.lane_names.insert((m.channel.0, Arc::from(address)));
                let week = m.received_at.0 / WEEK_MS;
                for week in [week, week - 1] {
                    self.provider_ids.insert((week, m.channel.0, m.provider_id.clone()));
                }
                self.learned(m.workspace, &m.from);
            }
            Job::Learn { workspace, addresses, .. } => self.learned(*workspace, addresses),
            Job::Begin { head, fresh, fence, now, .. } => {
                self.slots.insert(i32::from(fence.slot));
                self.head(head);
                if fresh.is_none() || head.expires_at <= *now {
                    self.bodies.insert(head.part.message.0);
                }
            }
            Job::Accept(plan) => {
                match plan.lane {
                    Some(lane) => drop(self.lanes.insert(lane.0)),
                    None => drop(self.lane_names.insert((plan.channel.0, Arc::from(plan.address.as_str())))),
                }
                self.contacts.insert(plan.contact.0);
                if let Some(key) = &plan.idempotency {
                    let day = plan.now.0 / DAY_MS;
                    self.keys.extend([(day, key.key), (day - 1, key.key)]);
                }
            }
            Job::Replay { messages, .. } => self.failed.extend(messages.iter().map(|id| id.0)),
            Job::Seen { .. } => {}
        }
    }

    fn head(&mut self, head: &crate::outbox::Head) {
        self.lanes.insert(head.lane.0);
        self.moving.insert(head.lane.0);
        self.parts.insert(head.part.message.0);
        self.queue.insert((head.channel.0, head.part.message.0));
    }

    fn learned(&mut self, workspace: WorkspaceId, addresses: &[Address]) {
        self.addresses.extend(addresses.iter().map(|address| address_key(workspace, address)));
    }
}

async fn rows_if(
    is_wanted: bool,
    conn: &Conn,
    sql: &'static str,
    params: crate::postgres::connect::Params<'_>,
) -> Result<Vec<Row>, Fail> {
    if is_wanted { conn.rows(sql, params).await } else { Ok(Vec::new()) }
}

fn list<T: Clone>(set: &BTreeSet<T>) -> Vec<T> {
    set.iter().cloned().collect()
}

fn column<R, T>(rows: impl IntoIterator<Item = R>, pick: impl Fn(R) -> T) -> Vec<T> {
    rows.into_iter().map(pick).collect()
}

/// The first round: BEGIN, the fences, and what tells which rows to lock.
pub(super) async fn look_up(
    conn: &Conn,
    holder: Uuid,
    wanted: &mut Wanted,
    jobs: &[&Job],
    set: &mut Set,
) -> Result<(), Fail> {
    let slots = list(&wanted.slots);
    let (days, keys) = (column(&wanted.keys, |key| key.0), column(&wanted.keys, |key| key.1.as_slice()));
    let (channels, names) =
        (column(&wanted.lane_names, |name| name.0), column(&wanted.lane_names, |name| &*name.1));
    let of_lanes = list(&wanted.of_lanes);
    let a = &wanted.addresses;
    let (spaces, kinds) = (column(a, |a| a.0), column(a, |a| a.1));
    let (scopes, values) = (column(a, |a| a.2.as_str()), column(a, |a| a.3.as_str()));
    let p = &wanted.provider_ids;
    let (weeks, of, ids) = (column(p, |p| p.0), column(p, |p| p.1), column(p, |p| p.2.as_str()));
    let fetch = i32::try_from((SPARE_LANES + names.len()).saturating_sub(set.spare_lanes.len())).unwrap_or(0);
    let failed = list(&wanted.failed);
    let is_short = set.spare_lanes.len() < names.len();
    let (_, slots, keys, lane_names, part_lanes, addresses, provider_ids, lane_ids, failed) = tokio::try_join!(
        biased;
        conn.command("BEGIN"),
        async { rows_if(!slots.is_empty(), conn, SLOTS, &[&slots, &holder]).await },
        async { rows_if(!days.is_empty(), conn, KEYS, &[&days, &keys]).await },
        async { rows_if(!names.is_empty(), conn, LANE_NAMES, &[&channels, &names]).await },
        async { rows_if(!of_lanes.is_empty(), conn, PART_LANES, &[&of_lanes]).await },
        async { rows_if(!a.is_empty(), conn, ADDRESSES, &[&spaces, &kinds, &scopes, &values]).await },
        async { rows_if(!p.is_empty(), conn, PROVIDER_IDS, &[&weeks, &of, &ids]).await },
        async { rows_if(is_short, conn, LANE_IDS, &[&fetch]).await },
        async { rows_if(!failed.is_empty(), conn, FAILED, &[&failed]).await },
    )?;
    set.fences = slots.iter().map(|row| (row.get(0), row.get(1))).collect();
    for row in keys {
        load_key(set, &row)?;
    }
    for row in lane_names {
        let id: i64 = row.get(0);
        wanted.lanes.insert(id);
        set.lane_ids.insert((row.get(1), Arc::from(row.get::<_, &str>(2))), LaneId(id));
    }
    for row in part_lanes {
        let (message, channel, lane): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        wanted.lanes.insert(lane);
        wanted.moving.insert(lane);
        wanted.parts.insert(message);
        wanted.queue.insert((channel, message));
    }
    for row in failed {
        let (message, lane): (i64, i64) = (row.get(0), row.get(3));
        wanted.lanes.insert(lane);
        wanted.messages.insert(message);
        wanted.parts.insert(message);
        set.failed.insert(message, FailedRow::read(&row));
    }
    for row in addresses {
        load_address(set, &row);
    }
    for row in provider_ids {
        set.provider_ids
            .load((row.get(0), row.get(1), row.get(2)), Named { message: row.get(3), part: None });
    }
    set.spare_lanes.extend(lane_ids.iter().map(|row| row.get::<_, i64>(0)));
    senders(conn, wanted, jobs, set).await
}

/// The contacts of inbound messages; for those of strangers, numbers for new contacts.
async fn senders(conn: &Conn, wanted: &mut Wanted, jobs: &[&Job], set: &mut Set) -> Result<(), Fail> {
    let mut strangers = 0;
    for job in jobs {
        let Job::Inbound(m) = job else { continue };
        match find_by_addresses(set, m.workspace, &m.from) {
            Some(contact) => drop(wanted.contacts.insert(contact.0)),
            None => strangers += 1,
        }
    }
    let missing = i32::try_from(strangers - strangers.min(set.spare_contacts.len())).unwrap_or(0);
    if missing > 0 {
        let ids = conn.rows(CONTACT_IDS, &[&missing]).await?;
        set.spare_contacts.extend(ids.iter().map(|row| row.get::<_, i64>(0)));
        // Taken from the end: the lowest number first.
        set.spare_contacts.sort_unstable_by(|a, b| b.cmp(a));
    }
    Ok(())
}

fn load_key(set: &mut Set, row: &Row) -> Result<(), Fail> {
    let key: [u8; 32] = row
        .get::<_, &[u8]>(1)
        .try_into()
        .map_err(|_| Fail::Refused(StoreError::Fault("an idempotency key is not a SHA-256".into())))?;
    let of = KeyRow {
        workspace: WorkspaceId(row.get(2)),
        body: row.get(3),
        status: row.get(4),
        answer: row.get(5),
        created_at: row.get(6),
    };
    set.keys.load((row.get(0), key), of);
    Ok(())
}

fn load_address(set: &mut Set, row: &Row) {
    let kind = AddressKind::from_word(row.get(1)).unwrap_or(AddressKind::Native).word();
    let of = AddressRow { contact: ContactId(row.get(4)), learned_at: row.get(5), from: "" };
    set.addresses.load((row.get(0), kind, row.get(2), row.get(3)), of);
}

/// The second round: locks, and the rows behind them.
pub(super) async fn lock(conn: &Conn, wanted: &Wanted, most_waiting: i64, set: &mut Set) -> Result<(), Fail> {
    let (lanes, moving) = (list(&wanted.lanes), list(&wanted.moving));
    let (messages, contacts) = (list(&wanted.messages), list(&wanted.contacts));
    let (parts, bodies, receipts) = (list(&wanted.parts), list(&wanted.bodies), list(&wanted.receipts));
    let (channels, queued) = (column(&wanted.queue, |q| q.0), column(&wanted.queue, |q| q.1));
    let (lanes, messages, contacts, parts, queue, waiting, more, bodies, reachable, receipts) = tokio::try_join!(
        biased;
        async { rows_if(!lanes.is_empty(), conn, LANES, &[&lanes]).await },
        async { rows_if(!messages.is_empty(), conn, MESSAGES, &[&messages]).await },
        async { rows_if(!contacts.is_empty(), conn, CONTACTS, &[&contacts]).await },
        async { rows_if(!parts.is_empty(), conn, PARTS, &[&parts]).await },
        async { rows_if(!queued.is_empty(), conn, QUEUE, &[&channels, &queued]).await },
        async { rows_if(!moving.is_empty(), conn, WAITING, &[&moving, &most_waiting]).await },
        async { rows_if(!moving.is_empty(), conn, MORE_WAITING, &[&moving, &most_waiting]).await },
        async { rows_if(!bodies.is_empty(), conn, BODIES, &[&bodies]).await },
        async { rows_if(!bodies.is_empty(), conn, REACHABLE, &[&bodies]).await },
        async { rows_if(!receipts.is_empty(), conn, RECEIPTS, &[&receipts]).await },
    )?;
    lanes.iter().for_each(|row| load_lane(set, row));
    bodies.iter().for_each(|row| load_body(set, row));
    messages.iter().for_each(|row| load_message(set, row));
    for row in &contacts {
        let of = ContactRow { last_id: row.get(1), last_lane: row.get(2), version: row.get(3), made: None };
        set.contacts.load(row.get(0), of);
    }
    parts.iter().for_each(|row| load_part(set, row));
    queue.iter().for_each(|row| load_queue(set, row));
    waiting.iter().for_each(|row| load_waiting(set, row));
    set.more_waiting = more.iter().map(|row| (row.get(0), row.get(1))).collect();
    for row in &reachable {
        let kind = AddressKind::from_word(row.get(1)).unwrap_or(AddressKind::Native);
        let address = Address { kind, scope: row.get(2), value: row.get(3) };
        set.reachable.entry(row.get(0)).or_default().push((row.get(4), address));
    }
    for row in &receipts {
        let of = ReceiptRow { workspace: WorkspaceId(row.get(5)), received_at: row.get(6), failure: None };
        set.receipts.load((part_ref(row, 0), row.get(3), row.get(4)), of);
    }
    Ok(())
}

/// Three columns that name a part.
pub(crate) fn part_ref(row: &Row, from: usize) -> PartRef {
    let number = |column| u16::try_from(row.get::<_, i32>(column)).unwrap_or(u16::MAX);
    PartRef { message: MessageId(row.get(from)), delivery: number(from + 1), part: number(from + 2) }
}

fn load_lane(set: &mut Set, row: &Row) {
    let of = LaneRow {
        workspace: WorkspaceId(row.get(1)),
        channel: ChannelId(row.get(2)),
        address: Arc::from(row.get::<_, &str>(3)),
        contact: ContactId(row.get(4)),
        out_seq: row.get(5),
        busy: row.get(6),
        last_in_at: row.get(7),
        last_at: row.get(8),
        last_id: row.get(9),
        closed_at: row.get(10),
        not_before: row.get(11),
        backoffs: row.get(12),
        access: row.get(13),
        access_at: row.get(14),
        reported: (row.get(15), row.get(16)),
    };
    set.lanes.load(row.get(0), of);
}

fn load_part(set: &mut Set, row: &Row) {
    let of = PartRow {
        workspace: WorkspaceId(row.get(3)),
        channel: ChannelId(row.get(4)),
        lane: LaneId(row.get(5)),
        lane_seq: row.get(6),
        state: row.get(7),
        attempts: row.get(8),
        begun_at: row.get(9),
        call_by: row.get(10),
        fence: row.get(11),
        first_failed_at: row.get(12),
        provider_id: row.get(13),
        rank: row.get(14),
        expires_at: row.get(15),
        followed_at: row.get(16),
    };
    set.parts.load(part_ref(row, 0), of);
}

fn load_message(set: &mut Set, row: &Row) {
    let of = MessageRow {
        contact: ContactId(row.get(1)),
        delivery: row.get(2),
        parts: row.get(3),
        rank: row.get(4),
        unknown: row.get(5),
        sent_at: row.get(6),
        failed_at: row.get(7),
        delivered_at: row.get(8),
        read_at: row.get(9),
        provider_id: row.get(10),
        error: row.get(11),
        blanked: row.get(12),
    };
    set.messages.load(row.get(0), of);
}

fn load_body(set: &mut Set, row: &Row) {
    load_message(set, row);
    let resolved = row.get::<_, Option<String>>(13).unwrap_or_default();
    set.bodies.insert(row.get(0), Body { contact: ContactId(row.get(1)), resolved });
}

fn load_queue(set: &mut Set, row: &Row) {
    let of = QueueRow {
        workspace: WorkspaceId(row.get(4)),
        lane: LaneId(row.get(5)),
        class: row.get(6),
        due_at: row.get(7),
        keep_until: row.get(8),
        aside: row.get(9),
        held: row.get(10),
        expires_at: row.get(11),
    };
    set.queue.load((row.get(0), part_ref(row, 1)), of);
}

fn load_waiting(set: &mut Set, row: &Row) {
    let of = WaitingRow {
        workspace: WorkspaceId(row.get(2)),
        channel: ChannelId(row.get(3)),
        part: part_ref(row, 4),
        class: row.get(7),
        expires_at: row.get(8),
    };
    set.waiting.load((row.get(0), row.get(1)), of);
}
