//! Accepting: one transaction for the message, its parts, its lane, the event and the key's answer.

use super::lane::{HEAD, enqueue, head, make_lane};
use super::{DAY_MS, state};
use crate::error::StoreError;
use crate::outbox::{Accept, Accepted, Head, Idempotency};
use crate::sqlite::batch::{Batch, NewEvent};
use crate::sqlite::rows::failure_json;
use crate::sqlite::upkeep::dead_letters;
use chaski_model::{ContactId, LaneId, MessageId, PartRef, Rank, Timestamp};
use rusqlite::params;

pub(super) fn accept(b: &mut Batch<'_>, plan: &Accept) -> Result<Accepted, StoreError> {
    if b.again && b.row("SELECT 1 FROM messages WHERE id = ?1", [plan.id.0], |_| Ok(()))?.is_some() {
        let sql = format!("SELECT {HEAD} FROM queue WHERE channel_id = ?1 AND message_id = ?2 LIMIT 1");
        return Ok(Accepted::Stored { head: b.row(&sql, params![plan.channel.0, plan.id.0], head)? });
    }
    if let Some(key) = &plan.idempotency
        && let Some(seen) = seen_key(b, key, plan.now)?
    {
        return Ok(seen);
    }
    if let Some(key) = &plan.idempotency {
        b.execute(
            "INSERT INTO idempotency (day, key, workspace_id, body, status, answer, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (day, key) DO UPDATE SET body = ?4, status = ?5, answer = ?6, created_at = ?7",
            params![plan.now.0 / DAY_MS, key.key, plan.workspace.0, key.body, key.status, key.answer, plan.now.0],
        )?;
    }
    let queued = if plan.failed.is_some() { 0 } else { plan.parts };
    let (lane, busy, out_seq) = lane_for_sending(b, plan, queued)?;
    let prev = chain(b, plan.contact, plan.id)?;
    insert_message(b, plan, lane, prev)?;
    b.highest_id = b.highest_id.max(plan.id.0);
    if let Some(failure) = plan.failed.as_ref().filter(|_| plan.parts > 0) {
        // It could have gone out at another time, as a refused one could not.
        dead_letters::bury(b, plan.workspace, plan.id, Some(failure), plan.now)?;
    }
    let first = (queued > 0 && !busy).then_some(1);
    for number in 1..=queued {
        let seq = out_seq - i64::from(queued) + i64::from(number);
        insert_part(b, plan, lane, number, seq, first == Some(number))?;
    }
    b.event(
        plan.workspace,
        NewEvent {
            at: plan.now,
            kind: "message.accepted",
            contact: Some(plan.contact),
            message: Some(plan.id),
            body: None,
        },
    );
    Ok(Accepted::Stored { head: first.map(|_| first_head(plan, lane)) })
}

pub(super) fn seen_key(
    b: &Batch<'_>,
    key: &Idempotency,
    now: Timestamp,
) -> Result<Option<Accepted>, StoreError> {
    let seen = b.row(
        "SELECT body, status, answer FROM idempotency WHERE day IN (?1, ?1 - 1) AND key = ?2 AND created_at > ?3",
        params![now.0 / DAY_MS, key.key, now.0 - DAY_MS],
        |r| Ok((r.get::<_, [u8; 32]>(0)?, r.get(1)?, r.get(2)?)),
    )?;
    Ok(seen.map(
        |(body, status, answer)| {
            if body == key.body { Accepted::Replay { status, answer } } else { Accepted::KeyConflict }
        },
    ))
}

/// The lane of a message, made on first use; (its id, whether it was busy, its number after this).
pub(super) fn lane_for_sending(
    b: &Batch<'_>,
    plan: &Accept,
    queued: u16,
) -> Result<(LaneId, bool, i64), StoreError> {
    let found = b.row(
        "SELECT id, busy, out_seq FROM lanes WHERE channel_id = ?1 AND address = ?2",
        params![plan.channel.0, plan.address],
        |r| Ok((LaneId(r.get(0)?), r.get::<_, bool>(1)?, r.get::<_, i64>(2)?)),
    )?;
    let (lane, busy, seq) = match found {
        Some(found) => found,
        None => (make_lane(b, plan.workspace, plan.channel, plan.contact, &plan.address)?, false, 0),
    };
    let out_seq = seq + i64::from(queued);
    b.execute(
        "UPDATE lanes SET out_seq = ?2, busy = MAX(busy, ?3), last_out_at = MAX(IFNULL(last_out_at, 0), ?4),
                last_id = MAX(IFNULL(last_id, 0), ?5) WHERE id = ?1",
        params![lane.0, out_seq, queued > 0, plan.now.0, plan.id.0],
    )?;
    Ok((lane, busy, out_seq))
}

/// Puts a message at the end of its contact's thread; returns the message before it.
pub(in crate::sqlite) fn chain(
    b: &Batch<'_>,
    contact: ContactId,
    message: MessageId,
) -> Result<Option<i64>, StoreError> {
    let last = b
        .row("SELECT last_id FROM contacts WHERE id = ?1", [contact.0], |r| r.get::<_, Option<i64>>(0))?
        .ok_or(StoreError::NotFound("contact"))?;
    b.execute("UPDATE contacts SET last_id = ?2 WHERE id = ?1", params![contact.0, message.0])?;
    Ok(last)
}

pub(super) fn insert_message(
    b: &Batch<'_>,
    plan: &Accept,
    lane: LaneId,
    prev: Option<i64>,
) -> Result<(), StoreError> {
    let failed = plan.failed.as_ref();
    b.execute(
        "INSERT INTO messages (id, workspace_id, contact_id, channel_id, lane_id, direction, parts, prev_id, created_at,
                               content, resolved, origin, rank, failed_at, error)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        params![
            plan.id.0,
            plan.workspace.0,
            plan.contact.0,
            plan.channel.0,
            lane.0,
            plan.parts,
            prev,
            plan.now.0,
            plan.content,
            plan.resolved,
            plan.origin,
            failed.map_or(Rank::Pending, |_| Rank::Failed) as i64,
            failed.map(|_| plan.now.0),
            failed.map(failure_json),
        ],
    )?;
    Ok(())
}

pub(super) fn insert_part(
    b: &Batch<'_>,
    plan: &Accept,
    lane: LaneId,
    number: u16,
    seq: i64,
    first: bool,
) -> Result<(), StoreError> {
    b.execute(
        "INSERT INTO parts (message_id, delivery, part, workspace_id, channel_id, lane_id, lane_seq, state, expires_at)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            plan.id.0,
            number,
            plan.workspace.0,
            plan.channel.0,
            lane.0,
            seq,
            if first { state::QUEUED } else { state::WAITING },
            plan.expires_at.0
        ],
    )?;
    if first {
        enqueue(b, &first_head(plan, lane))
    } else {
        b.execute(
            "INSERT INTO waiting (lane_id, lane_seq, workspace_id, channel_id, message_id, delivery, part, class, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
            params![lane.0, seq, plan.workspace.0, plan.channel.0, plan.id.0, number, plan.class, plan.expires_at.0],
        )?;
        Ok(())
    }
}

pub(super) fn first_head(plan: &Accept, lane: LaneId) -> Head {
    Head {
        part: PartRef { message: plan.id, delivery: 1, part: 1 },
        workspace: plan.workspace,
        channel: plan.channel,
        lane,
        class: plan.class,
        due_at: plan.now,
        keep_until: None,
        held: false,
        expires_at: plan.expires_at,
    }
}
