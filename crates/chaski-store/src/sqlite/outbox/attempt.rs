//! One try of one part: begun before the call leaves, settled after it.

use super::lane::{
    as_it_stands, close_window, enqueue, fail_message, is_cut_off, lane_head, leave_queue, shut,
};
use super::state;
use super::status::{end_part, raise_message, status_event};
use crate::error::StoreError;
use crate::fresh::FreshCall;
use crate::outbox::{End, Head, Settle, Settled, Verdict, Work, body_of};
use crate::sqlite::batch::Batch;
use crate::sqlite::contacts::learn;
use crate::sqlite::receive::WEEK_MS;
use crate::sqlite::reports::follow;
use crate::sqlite::rows::failure_json;
use chaski_model::address::{Address, AddressKind};
use chaski_model::{ContactId, ErrorCode, Failure, PartRef, Rank, Timestamp};
use rusqlite::params;

pub(in crate::sqlite) fn begin(
    b: &mut Batch<'_>,
    h: Head,
    now: Timestamp,
    call_by: Timestamp,
) -> Result<Begun, StoreError> {
    let begun = b.row(
        "UPDATE parts SET state = 2, attempts = attempts + 1, begun_at = ?4, call_by = ?5
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 AND state IN (1, 3) AND expires_at > ?4
         RETURNING attempts",
        params![h.part.message.0, h.part.delivery, h.part.part, now.0, call_by.0],
        |r| r.get(0),
    )?;
    match begun {
        Some(attempt) => Ok(Begun::Work(Box::new(work(b, &h, attempt)?))),
        None => refused(b, &h, now),
    }
}

/// Why a part could not be begun.
fn refused(b: &mut Batch<'_>, h: &Head, now: Timestamp) -> Result<Begun, StoreError> {
    let part = b.row(
        "SELECT state, attempts, begun_at FROM parts WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part],
        |r| Ok((r.get::<_, i64>(0)?, r.get::<_, u16>(1)?, r.get::<_, Option<i64>>(2)?)),
    )?;
    match part {
        // The commit that failed half-way had taken effect after all.
        Some((state::BEGUN, attempts, begun_at)) if b.again && begun_at == Some(now.0) => {
            Ok(Begun::Work(Box::new(work(b, h, attempts)?)))
        }
        Some((state::QUEUED | state::RETRY, ..)) => {
            let failure =
                Failure::new(ErrorCode::Expired, "The message's time was up before it could be sent.");
            end_part(b, h, Rank::Failed, None, Some(&failure), now)?;
            Ok(Begun::Not(Verdict::Expired { next: fail_message(b, h, now)? }))
        }
        None | Some((state::ENDED, ..)) => {
            let next = leave_queue(b, h, now)?;
            // The commit that failed half-way may have ended it, and moved its lane on.
            let next = if next.is_none() && b.again { lane_head(b, h)? } else { next };
            Ok(Begun::Not(Verdict::Gone { next }))
        }
        Some(_) => Ok(Begun::Not(Verdict::Gone { next: None })),
    }
}

/// What a begin comes to, the body still as text: the writer has no time to read JSON.
pub(in crate::sqlite) enum Begun {
    Work(Box<RawWork>),
    Not(Verdict),
}

pub(in crate::sqlite) struct RawWork {
    part: PartRef,
    attempt: u16,
    backoffs: u32,
    call: RawCall,
}

enum RawCall {
    Fresh(FreshCall),
    Stored { contact: ContactId, resolved: String, to: Vec<Address> },
}

impl Begun {
    pub(in crate::sqlite) fn verdict(self) -> Result<Verdict, StoreError> {
        let raw = match self {
            Self::Work(raw) => *raw,
            Self::Not(verdict) => return Ok(verdict),
        };
        let RawWork { part, attempt, backoffs, call } = raw;
        let (contact, body, to) = match call {
            RawCall::Fresh(FreshCall { contact, body, to }) => (contact, Ok(body), to),
            RawCall::Stored { contact, resolved, to } => (contact, body_of(&resolved, part), to),
        };
        Ok(Verdict::Began(Box::new(Work { attempt, body, contact, to, backoffs })))
    }
}

pub(super) fn work(b: &Batch<'_>, h: &Head, attempt: u16) -> Result<RawWork, StoreError> {
    let part = h.part;
    let fresh = b.memory.fresh.borrow_mut().take(part.message);
    let call = match fresh.filter(|_| part.delivery == 1 && part.part == 1) {
        Some(call) => RawCall::Fresh(call),
        None => stored(b, h)?,
    };
    Ok(RawWork { part, attempt, backoffs: b.memory.backoffs(h.lane), call })
}

/// What a call is made from, as it is stored.
fn stored(b: &Batch<'_>, h: &Head) -> Result<RawCall, StoreError> {
    let (contact, resolved, address) = b
        .row(
            "SELECT m.contact_id, d.resolved, l.address FROM messages m
             JOIN bodies d ON d.message_id = m.id JOIN lanes l ON l.id = ?2 WHERE m.id = ?1",
            params![h.part.message.0, h.lane.0],
            |r| Ok((ContactId(r.get(0)?), r.get::<_, Option<String>>(1)?, r.get::<_, String>(2)?)),
        )?
        .ok_or(StoreError::NotFound("message"))?;
    let mut to = addresses(b, contact)?;
    to.sort_by_key(|known| known.value != address);
    if to.first().is_none_or(|first| first.value != address) {
        to.insert(0, Address { kind: AddressKind::Native, scope: h.channel.to_string(), value: address });
    }
    Ok(RawCall::Stored { contact, resolved: resolved.unwrap_or_default(), to })
}

pub(super) fn addresses(b: &Batch<'_>, contact: ContactId) -> Result<Vec<Address>, StoreError> {
    b.rows(
        "SELECT kind, scope, value FROM addresses WHERE contact_id = ?1 ORDER BY learned_at",
        [contact.0],
        |r| {
            let kind: String = r.get(0)?;
            Ok(Address {
                kind: AddressKind::from_word(&kind).unwrap_or(AddressKind::Native),
                scope: r.get(1)?,
                value: r.get(2)?,
            })
        },
    )
}

/// What receipts will call the part.
fn note_names(b: &Batch<'_>, s: &Settle) -> Result<(), StoreError> {
    let h = &s.head;
    for name in &s.names {
        b.execute(
            "INSERT OR IGNORE INTO provider_ids (week, channel_id, provider_id, message_id, delivery, part)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                s.ended_at.0 / WEEK_MS,
                h.channel.0,
                name,
                h.part.message.0,
                h.part.delivery,
                h.part.part
            ],
        )?;
    }
    Ok(())
}

pub(in crate::sqlite) fn settle(b: &mut Batch<'_>, s: &Settle) -> Result<Settled, StoreError> {
    let settled = end(b, s)?;
    if s.follows && matches!(s.end, End::Sent { .. }) {
        follow(b, (s.head.part, s.head.lane), s.begun_at, false, s.ended_at)?;
    }
    Ok(settled)
}

fn end(b: &mut Batch<'_>, s: &Settle) -> Result<Settled, StoreError> {
    let h = &s.head;
    note_names(b, s)?;
    if let End::Sent { provider_id } = &s.end
        && let Some(rank) = sent_first(b, s, provider_id)?
    {
        return taken(b, s, rank);
    }
    let part = b.row(
        "SELECT state, rank, first_failed_at, attempts FROM parts WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part],
        |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, Option<i64>>(2)?, r.get::<_, u16>(3)?))
        },
    )?;
    let Some((current, rank, first_failed, newest)) = part else { return Ok(Settled::default()) };
    if current != state::BEGUN && current != state::UNKNOWN {
        // After a commit that failed half-way this may be the step's own trace: the work goes on.
        return if b.again { as_it_stands(b, h) } else { Ok(Settled::default()) };
    }
    // The late end of an attempt that was taken for lost, after a person sent the part again: that it was
    // taken is true of the part, anything else only of that attempt. (0: a begin that nobody answered.)
    if s.attempt != 0 && s.attempt != newest && !matches!(s.end, End::Sent { .. }) {
        if !matches!(s.end, End::Unsent { .. }) {
            insert_attempt(b, s)?;
        }
        return Ok(Settled::default());
    }
    if current == state::UNKNOWN && matches!(s.end, End::Unsent { .. } | End::Retry { .. }) {
        revive(b, h)?;
    }
    let rank = Rank::from_number(rank);
    if let End::Unsent { at } = s.end {
        let given_back = give_back(b, h, at)?;
        return if is_cut_off(b, h.part)? { cut_off(b, s) } else { Ok(given_back) };
    }
    // A receipt that came first has told the outcome: what looks lost or refused was taken.
    let told = rank != Rank::Pending;
    // 0: the attempt that was lost stands there already.
    if s.attempt != 0 {
        insert_attempt(b, s)?;
    }
    if !s.learned.is_empty() {
        learn_for_message(b, h, &s.learned, "reply", s.ended_at)?;
    }
    match &s.end {
        End::Sent { provider_id } => {
            end_part(b, h, Rank::Sent, Some((provider_id, s.ended_at)), None, s.ended_at)?;
            leave_well(b, s, rank)
        }
        End::Unknown { .. } | End::Retry { .. } | End::Failed { .. } if told => {
            end_part(b, h, rank, None, None, s.ended_at)?;
            Ok(Settled { again: None, next: leave_ended(b, h, rank, s.ended_at)? })
        }
        End::Failed { failure, closes_window, shuts } => {
            if *closes_window {
                close_window(b, h.lane, s.ended_at)?;
            }
            if *shuts {
                shut(b, h.lane, s.ended_at)?;
            }
            end_part(b, h, Rank::Failed, None, Some(failure), s.ended_at)?;
            Ok(Settled { again: None, next: fail_message(b, h, s.ended_at)? })
        }
        End::Unknown { let_go_at, .. } => {
            set_part(b, h, state::UNKNOWN, first_failed)?;
            Ok(Settled { again: Some(hold_unknown(b, h, *let_go_at, s.ended_at)?), next: None })
        }
        End::Retry { .. } if is_cut_off(b, h.part)? => cut_off(b, s),
        End::Retry { at, keep_lane_ms, backoff, outcome, .. } => {
            let first = first_failed.unwrap_or(s.ended_at.0);
            // A hold or a back-off is no failure of the part: its minute in the lane begins afresh.
            let counts = !*backoff && *outcome != "hold";
            set_part(b, h, state::RETRY, counts.then_some(first))?;
            if *backoff {
                b.memory.back_off(h.lane);
                b.execute(
                    "UPDATE lanes SET backoffs = backoffs + 1, not_before = ?2 WHERE id = ?1",
                    params![h.lane.0, at.0],
                )?;
            }
            retry_at(b, h, *at, Timestamp(first.saturating_add(*keep_lane_ms)), *backoff, s.ended_at)
        }
        End::Unsent { .. } => Ok(Settled::default()),
    }
}

/// It is not tried again: its message has failed meanwhile.
fn cut_off(b: &mut Batch<'_>, s: &Settle) -> Result<Settled, StoreError> {
    end_part(b, &s.head, Rank::Failed, None, None, s.ended_at)?;
    Ok(Settled { again: None, next: fail_message(b, &s.head, s.ended_at)? })
}

/// What was taken for lost turns out not to have been taken: the part is work again, beside its lane when
/// that has gone on.
fn revive(b: &Batch<'_>, h: &Head) -> Result<(), StoreError> {
    let key = params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part];
    let queued = b.execute(
        "UPDATE queue SET held = 0 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        key,
    )?;
    if queued == 0 {
        enqueue(b, h)?;
        b.execute(
            "UPDATE queue SET aside = 1 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
            key,
        )?;
    }
    b.execute("UPDATE messages SET unknown = 0 WHERE id = ?1", [h.part.message.0])?;
    Ok(())
}

/// The way that nearly every attempt goes: it is open, and the provider took it. The part's own row
/// then says when and how; `attempts` holds the others. Returns what the part has reached.
fn sent_first(b: &Batch<'_>, s: &Settle, provider_id: &str) -> Result<Option<Rank>, StoreError> {
    let h = &s.head;
    b.row(
        "UPDATE parts SET state = 5, rank = MAX(rank, 1), provider_id = ?5, begun_at = ?6, ended_at = ?7, http_status = ?8
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3 AND attempts = ?4 AND state = 2
         RETURNING rank",
        params![
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            s.attempt,
            provider_id,
            s.begun_at.0,
            s.ended_at.0,
            s.http_status
        ],
        |r| Ok(Rank::from_number(r.get(0)?)),
    )
}

/// What follows from it for the message and its lane.
fn taken(b: &mut Batch<'_>, s: &Settle, rank: Rank) -> Result<Settled, StoreError> {
    let h = &s.head;
    if !s.learned.is_empty() {
        learn_for_message(b, h, &s.learned, "reply", s.ended_at)?;
    }
    raise_message(b, h.workspace, h.part, Rank::Sent, s.ended_at, None, s.ended_at)?;
    leave_well(b, s, rank)
}

/// The recipient's back-off is over, and the lane goes on: without the rest of the message when a receipt
/// that came before the answer has told that the part failed.
fn leave_well(b: &Batch<'_>, s: &Settle, rank: Rank) -> Result<Settled, StoreError> {
    if b.memory.end_back_off(s.head.lane) {
        b.execute("UPDATE lanes SET backoffs = 0, not_before = NULL WHERE id = ?1", [s.head.lane.0])?;
    }
    Ok(Settled { again: None, next: leave_ended(b, &s.head, rank, s.ended_at)? })
}

/// An ended part leaves the queue; one that failed takes the later parts of its message with it.
fn leave_ended(b: &Batch<'_>, h: &Head, rank: Rank, now: Timestamp) -> Result<Option<Head>, StoreError> {
    if rank == Rank::Failed { fail_message(b, h, now) } else { leave_queue(b, h, now) }
}

pub(super) fn insert_attempt(b: &Batch<'_>, s: &Settle) -> Result<(), StoreError> {
    let (outcome, failure, next_at) = match &s.end {
        End::Sent { .. } => ("sent", None, None),
        End::Retry { outcome, failure, at, .. } => (*outcome, Some(failure), Some(at.0)),
        End::Failed { failure, .. } => ("fail", Some(failure), None),
        End::Unknown { failure, .. } => ("unknown", Some(failure), None),
        End::Unsent { .. } => ("not_sent", None, None),
    };
    let h = &s.head;
    b.execute(
        "INSERT OR REPLACE INTO attempts (message_id, delivery, part, attempt, workspace_id, begun_at, ended_at, outcome, http_status, failure, next_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            s.attempt,
            h.workspace.0,
            s.begun_at.0,
            s.ended_at.0,
            outcome,
            s.http_status,
            failure.map(failure_json),
            next_at
        ],
    )?;
    Ok(())
}

/// The attempt never left: the part stands where it stood, and the attempt is not counted.
pub(super) fn give_back(b: &Batch<'_>, h: &Head, at: Timestamp) -> Result<Settled, StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, attempts = MAX(attempts - 1, 0), begun_at = NULL
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part, state::QUEUED],
    )?;
    b.execute(
        "UPDATE queue SET due_at = ?5 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, at.0],
    )?;
    Ok(Settled { again: Some(Head { due_at: at, ..*h }), next: None })
}

pub(super) fn set_part(
    b: &Batch<'_>,
    h: &Head,
    to: i64,
    first_failed: Option<i64>,
) -> Result<(), StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, begun_at = NULL, first_failed_at = ?5 WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![h.part.message.0, h.part.delivery, h.part.part, to, first_failed],
    )?;
    Ok(())
}

pub(super) fn hold_unknown(
    b: &mut Batch<'_>,
    h: &Head,
    let_go_at: Timestamp,
    now: Timestamp,
) -> Result<Head, StoreError> {
    b.execute(
        "UPDATE queue SET held = 1, due_at = ?5, keep_until = NULL WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, let_go_at.0],
    )?;
    b.execute("UPDATE messages SET unknown = 1 WHERE id = ?1", [h.part.message.0])?;
    status_event(b, h.workspace, h.part.message, now)?;
    Ok(Head { held: true, due_at: let_go_at, keep_until: None, ..*h })
}

pub(super) fn retry_at(
    b: &mut Batch<'_>,
    h: &Head,
    at: Timestamp,
    keep_until: Timestamp,
    whole_lane: bool,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let is_aside: bool = b
        .row(
            "SELECT aside FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
            params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
            |r| r.get(0),
        )?
        .unwrap_or(true);
    let keep = (!is_aside && !whole_lane).then_some(keep_until);
    b.execute(
        "UPDATE queue SET due_at = ?5, keep_until = ?6 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part, at.0, keep.map(|t| t.0)],
    )?;
    status_event(b, h.workspace, h.part.message, now)?;
    Ok(Settled { again: Some(Head { due_at: at, keep_until: keep, ..*h }), next: None })
}

pub(super) fn learn_for_message(
    b: &mut Batch<'_>,
    h: &Head,
    learned: &[Address],
    from: &'static str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if learned.iter().all(|address| b.memory.is_known(h.workspace, address)) {
        return Ok(());
    }
    let contact = b.row("SELECT contact_id FROM messages WHERE id = ?1", [h.part.message.0], |r| {
        Ok(ContactId(r.get(0)?))
    })?;
    match contact {
        Some(contact) => learn(b, h.workspace, contact, learned, from, now),
        None => Ok(()),
    }
}
