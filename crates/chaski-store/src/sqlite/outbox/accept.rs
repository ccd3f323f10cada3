//! Accepting: one transaction for the message, its parts, its lane, the event and the key's answer.

use super::lane::{enqueue, head, head_columns, make_lane};
use super::{DAY_MS, state};
use crate::error::StoreError;
use crate::fresh::FreshCall;
use crate::outbox::{Accept, Accepted, Head, Idempotency};
use crate::sqlite::batch::{Batch, NewEvent};
use crate::sqlite::rows::failure_json;
use crate::sqlite::upkeep::dead_letters;
use chaski_model::{ContactId, LaneId, MessageId, PartRef, Rank, Timestamp};
use rusqlite::params;

pub(in crate::sqlite) fn accept(b: &mut Batch<'_>, plan: &Accept) -> Result<Accepted, StoreError> {
    if b.again && b.row("SELECT 1 FROM messages WHERE id = ?1", [plan.id.0], |_| Ok(()))?.is_some() {
        let sql = concat!(
            "SELECT ",
            head_columns!(),
            " FROM queue WHERE channel_id = ?1 AND message_id = ?2 LIMIT 1"
        );
        let head = b.row(sql, params![plan.channel.0, plan.id.0], head)?;
        return Ok(Accepted::Stored { head, behind: None });
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
    let lane = lane_for_sending(b, plan)?;
    let prev = chain(b, plan.contact, lane, plan.id, plan.now)?;
    insert_message(b, plan, lane, prev)?;
    b.highest_id = b.highest_id.max(plan.id.0);
    if let Some(failure) = plan.failed.as_ref().filter(|_| plan.parts > 0) {
        // It could have gone out at another time, as a refused one could not.
        dead_letters::bury(b, plan.workspace, plan.id, Some(failure), plan.now)?;
    }
    let busy = queued > 0 && b.memory.join(lane, u32::from(queued)) > 0;
    let first = (queued > 0 && !busy).then_some(1);
    for number in 1..=queued {
        insert_part(b, plan, lane, number, first == Some(number))?;
    }
    if let Some((body, to)) = plan.call.as_ref().filter(|_| first.is_some()) {
        let call = FreshCall { contact: plan.contact, body: body.clone(), to: to.clone() };
        b.memory.fresh.borrow_mut().keep(plan.id, call);
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
    Ok(Accepted::Stored { head: first.map(|_| first_head(plan, lane)), behind: busy.then_some(lane) })
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

/// The lane of a message, made on first use.
fn lane_for_sending(b: &Batch<'_>, plan: &Accept) -> Result<LaneId, StoreError> {
    if let Some(lane) = plan.lane {
        return Ok(lane);
    }
    let found = b.row(
        "SELECT id FROM lanes WHERE channel_id = ?1 AND address = ?2",
        params![plan.channel.0, plan.address],
        |r| Ok(LaneId(r.get(0)?)),
    )?;
    match found {
        Some(found) => Ok(found),
        None => make_lane(b, plan.workspace, plan.channel, plan.contact, &plan.address),
    }
}

/// Puts a message at the end of its contact's thread; returns the message before it. The lane that the
/// contact used before is told its newest message when another one takes over, not at each message.
pub(in crate::sqlite) fn chain(
    b: &Batch<'_>,
    contact: ContactId,
    lane: LaneId,
    message: MessageId,
    at: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let before = b.row(
        "INSERT INTO threads (contact_id, last_id, last_at, lane_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (contact_id) DO UPDATE SET before_id = last_id, before_at = last_at, before_lane = lane_id,
           last_id = ?2, last_at = ?3, lane_id = ?4
         RETURNING before_id, before_at, before_lane",
        params![contact.0, message.0, at.0, lane.0],
        |r| {
            Ok((r.get::<_, Option<i64>>(0)?, r.get::<_, Option<i64>>(1)?, r.get::<_, Option<i64>>(2)?))
        },
    )?;
    let (before, before_at, before_lane) = before.unwrap_or_default();
    if before_lane != Some(lane.0) {
        b.memory.touch(contact);
    }
    if let Some(other) = before_lane.filter(|other| *other != lane.0) {
        b.execute(
            "UPDATE lanes SET last_id = ?2, last_at = ?3 WHERE id = ?1",
            params![other, before, before_at],
        )?;
    }
    Ok(before)
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
                               rank, failed_at, error)
         VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            plan.id.0,
            plan.workspace.0,
            plan.contact.0,
            plan.channel.0,
            lane.0,
            plan.parts,
            prev,
            plan.now.0,
            failed.map_or(Rank::Pending, |_| Rank::Failed) as i64,
            failed.map(|_| plan.now.0),
            failed.map(failure_json),
        ],
    )?;
    b.execute(
        "INSERT INTO bodies (message_id, content, resolved, origin) VALUES (?1, ?2, ?3, ?4)",
        params![plan.id.0, plan.content, plan.resolved, plan.origin],
    )?;
    Ok(())
}

pub(super) fn insert_part(
    b: &Batch<'_>,
    plan: &Accept,
    lane: LaneId,
    number: u16,
    first: bool,
) -> Result<(), StoreError> {
    b.execute(
        "INSERT INTO parts (message_id, delivery, part, workspace_id, channel_id, lane_id, state, expires_at)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            plan.id.0,
            number,
            plan.workspace.0,
            plan.channel.0,
            lane.0,
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
            params![lane.0, b.memory.next_seq(), plan.workspace.0, plan.channel.0, plan.id.0, number, plan.class, plan.expires_at.0],
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
