//! One transaction over many commands: load and lock what they touch, compute, write it back.
//!
//! The state machine runs in memory over the rows of a [`set`], one verdict for each command; the
//! database sees a handful of statements for each batch, however many commands it holds.

mod accept;
mod attempt;
mod dead;
mod flush;
mod lane;
mod load;
mod receive;
mod replay;
mod set;
mod status;

pub(super) use accept::DAY_MS;
pub(super) use dead::{DEAD, NO_CODE};
pub(super) use flush::{EVENTS, NOTIFY, text};
pub(super) use load::part_ref;
pub(super) use receive::WEEK_MS;
pub(super) use set::state;

use super::connect::Conn;
use super::fault::Fail;
use super::queue::{Done, Job};
use crate::error::StoreError;
use chaski_model::ContactId;
use load::Wanted;
use set::Set;
use uuid::Uuid;

/// Waiting parts of a lane that are loaded at first.
const WAITING: i64 = 32;
/// When that fell short.
const ALL_WAITING: i64 = 1_000_000;
/// How far ahead of the ids in use a node's ids are reserved, in milliseconds.
const ID_AHEAD_MS: i64 = 10_000;

/// Locks the node's row, so that a lost answer to the commit can be made good, and the node's ids are
/// its own for as long as the transaction lasts.
const NODE: &str =
    "UPDATE nodes SET batch = $3, id_until = GREATEST(id_until, $4::int8) WHERE slot = $1 AND holder = $2";

/// Every statement of a batch: they must be prepared, so that they are sent in order.
pub(super) const STATEMENTS: &[&str] = &[
    NODE,
    load::SLOTS,
    load::KEYS,
    load::LANE_NAMES,
    load::PART_LANES,
    load::ADDRESSES,
    load::PROVIDER_IDS,
    replay::FAILED,
    load::LANE_IDS,
    load::CONTACT_IDS,
    load::LANES,
    load::PARTS,
    load::MESSAGES,
    load::BODIES,
    load::REACHABLE,
    load::QUEUE,
    load::WAITING,
    load::MORE_WAITING,
    load::CONTACTS,
    load::RECEIPTS,
    flush::NEW_CONTACTS,
    flush::NEW_ADDRESSES,
    flush::KEYS,
    flush::OLD_KEYS,
    flush::PROVIDER_IDS,
    flush::NEW_LANES,
    flush::LANES,
    flush::NEW_MESSAGES,
    flush::NEW_MEDIA,
    flush::MESSAGES,
    flush::NEW_PARTS,
    flush::PARTS,
    flush::TO_QUEUE,
    flush::NEW_QUEUE,
    flush::QUEUE,
    flush::OLD_QUEUE,
    flush::NEW_WAITING,
    flush::OLD_WAITING,
    flush::ATTEMPTS,
    flush::RECEIPTS,
    flush::CONTACTS,
    flush::TOUCHED,
    replay::NEW_DELIVERIES,
    replay::REPLAYED,
    DEAD,
    EVENTS,
    NOTIFY,
];

/// Who writes.
pub(super) struct Writer {
    pub(super) node: u8,
    pub(super) holder: Uuid,
    /// The number of the commit under way.
    pub(super) batch: i64,
    /// Message ids below it are reserved.
    pub(super) id_until: i64,
    pub(super) spare_lanes: Vec<i64>,
    pub(super) spare_contacts: Vec<i64>,
}

/// What became of a batch.
pub(super) struct Written {
    pub(super) answers: Vec<Result<Done, StoreError>>,
    /// How many events it wrote.
    pub(super) events: usize,
    /// Contacts that changed for a send.
    pub(super) touched: Vec<ContactId>,
    pub(super) id_until: i64,
}

/// How a batch can fail.
pub(super) enum BatchFail {
    /// Nothing was stored.
    Before(Fail),
    /// The answer to the commit was lost: it may have been stored.
    Commit(String, Written),
}

impl From<Fail> for BatchFail {
    fn from(fail: Fail) -> Self {
        Self::Before(fail)
    }
}

/// Runs commands, which stand in the order of their classes, as one transaction. `wrote` is called with
/// the number of events before the commit is sent.
pub(super) async fn run(
    conn: &Conn,
    writer: &mut Writer,
    jobs: &[&Job],
    notify: bool,
    wrote: impl Fn(usize),
) -> Result<Written, BatchFail> {
    match try_run(conn, writer, jobs, notify, WAITING, &wrote).await {
        Ok(Some(written)) => Ok(written),
        Ok(None) => {
            conn.command("ROLLBACK").await?;
            let again = try_run(conn, writer, jobs, notify, ALL_WAITING, &wrote).await?;
            let fault = || Fail::Refused(StoreError::Fault("a lane holds too many parts".into()));
            again.ok_or_else(fault).map_err(BatchFail::Before)
        }
        Err(fail) => Err(fail),
    }
}

/// `None`: a lane had more waiting parts than were loaded, and needed them.
async fn try_run(
    conn: &Conn,
    writer: &mut Writer,
    jobs: &[&Job],
    notify: bool,
    most_waiting: i64,
    wrote: &impl Fn(usize),
) -> Result<Option<Written>, BatchFail> {
    let mut wanted = Wanted::of(jobs);
    let mut set = Set {
        spare_lanes: std::mem::take(&mut writer.spare_lanes),
        spare_contacts: std::mem::take(&mut writer.spare_contacts),
        ..Set::default()
    };
    load::look_up(conn, writer.holder, &mut wanted, jobs, &mut set).await?;
    let id_until = reserved(writer, jobs);
    let node = i32::from(writer.node);
    let node: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&node, &writer.holder, &writer.batch, &id_until];
    let (mine, ()) = tokio::try_join!(
        biased;
        conn.execute(NODE, &node),
        load::lock(conn, &wanted, most_waiting, &mut set),
    )?;
    if mine == 0 {
        return Err(BatchFail::Before(Fail::Refused(StoreError::Unavailable(
            "this node's lease ended and another process has taken its place: restart it".into(),
        ))));
    }
    let answers: Vec<_> = jobs.iter().enumerate().map(|(at, job)| step(&mut set, job, at)).collect();
    if set.fell_short {
        return Ok(None);
    }
    let events = set.events.values().map(Vec::len).sum();
    let written = Written { answers, events, touched: set.touched(), id_until };
    wrote(events);
    let notify = notify.then(|| writer.node.to_string());
    match flush::flush(conn, &set, jobs, notify).await {
        Ok(()) => {}
        Err(Fail::Lost(cause)) => return Err(BatchFail::Commit(cause, written)),
        // Another node stored the same contact, lane, key or message at the same time.
        Err(Fail::Refused(StoreError::Conflict(cause))) => return Err(Fail::Race(cause).into()),
        Err(fail) => return Err(fail.into()),
    }
    writer.spare_lanes = std::mem::take(&mut set.spare_lanes);
    writer.spare_contacts = std::mem::take(&mut set.spare_contacts);
    Ok(Some(written))
}

/// Message ids are reserved ahead of those in use.
fn reserved(writer: &Writer, jobs: &[&Job]) -> i64 {
    let id = |job: &&Job| match job {
        Job::Accept(plan) => plan.id.0,
        Job::Inbound(m) => m.id.0,
        _ => 0,
    };
    match jobs.iter().map(id).max() {
        Some(highest) if highest >= writer.id_until => highest + (ID_AHEAD_MS << 12),
        _ => writer.id_until,
    }
}

fn step(set: &mut Set, job: &Job, at: usize) -> Result<Done, StoreError> {
    Ok(match job {
        Job::Settle(s) => Done::Settled(attempt::settle(set, s)),
        Job::StepAside(head, now) => Done::Settled(lane::step_aside(set, *head, *now)),
        Job::Recover(s, before) => Done::Recovered(attempt::recover(set, s, *before)),
        Job::Resolve { workspace, message, resend, now } => {
            Done::Settled(attempt::resolve(set, *workspace, *message, *resend, *now)?)
        }
        Job::Receipt(r) => Done::Receipt(receive::receipt(set, r)),
        Job::Inbound(m) => Done::Inbound(receive::inbound(set, m, at)?),
        Job::Learn { workspace, addresses, from, now } => {
            if let Some(contact) = receive::find_by_addresses(set, *workspace, addresses) {
                receive::learn(set, *workspace, contact, addresses, from, *now);
            }
            Done::Noted
        }
        Job::Begin { head, fresh, fence, now, call_by } => {
            Done::Begun(attempt::begin(set, *head, fresh.as_deref(), *fence, (*now, *call_by))?)
        }
        Job::Accept(plan) => Done::Accepted(accept::accept(set, plan, at)?),
        Job::Replay { workspace, messages, how } => {
            Done::Replayed(replay::replay_all(set, *workspace, messages, how))
        }
        Job::Seen { workspace, contact, up_to, now } => {
            set.event(*workspace, *now, "conversation.seen", Some(*contact), Some(*up_to));
            Done::Noted
        }
    })
}
