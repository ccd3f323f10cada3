//! Accepting: the message, its parts, its lane, the event and the key's answer.

use super::dead::bury;
use super::lane::enqueue;
use super::set::{KeyRow, LaneRow, NewMessage, PartRow, Set, WaitingRow, failure_json, state};
use crate::error::StoreError;
use crate::outbox::{Accept, Accepted, Head, Idempotency};
use chaski_model::{ChannelId, ContactId, LaneId, PartRef, Rank, Timestamp, WorkspaceId};
use std::sync::Arc;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// `command` is the place of the plan in the batch, where its texts are taken from.
pub(super) fn accept(set: &mut Set, plan: &Accept, command: usize) -> Result<Accepted, StoreError> {
    if let Some(key) = &plan.idempotency
        && let Some(seen) = seen_key(set, key, plan.now)
    {
        return Ok(seen);
    }
    let contact = set.contacts.get(&plan.contact.0).ok_or(StoreError::NotFound("contact"))?;
    if plan.version.is_some_and(|version| version != contact.version) {
        return Ok(Accepted::Stale);
    }
    let queued = if plan.failed.is_some() { 0 } else { plan.parts };
    let lane = match plan.lane.filter(|lane| set.lanes.has(&lane.0)) {
        Some(lane) => lane,
        None => lane_of(set, plan.workspace, plan.channel, plan.contact, &plan.address)?,
    };
    if let Some(key) = &plan.idempotency {
        let row = KeyRow {
            workspace: plan.workspace,
            body: key.body.to_vec(),
            status: i32::from(key.status),
            answer: key.answer.clone(),
            created_at: plan.now.0,
        };
        set.keys.put((plan.now.0 / DAY_MS, key.key), row);
    }
    let row = set.lanes.get_mut(&lane.0).ok_or(StoreError::NotFound("lane"))?;
    let (was_busy, seq) = (row.busy, row.out_seq);
    row.out_seq += i64::from(queued);
    row.busy |= queued > 0;
    row.last_at = row.last_at.max(Some(plan.now.0));
    row.last_id = row.last_id.max(Some(plan.id.0));
    let prev = chain(set, plan.contact, lane, plan.id.0);
    set.new_messages.push(NewMessage {
        id: plan.id,
        workspace: plan.workspace,
        contact: plan.contact,
        channel: plan.channel,
        lane,
        outbound: true,
        parts: i32::from(plan.parts),
        prev,
        created_at: plan.now.0,
        command,
        rank: plan.failed.as_ref().map_or(Rank::Pending, |_| Rank::Failed) as i32,
        failed_at: plan.failed.as_ref().map(|_| plan.now.0),
        provider_id: None,
        error: plan.failed.as_ref().map(failure_json),
    });
    if let Some(failure) = plan.failed.as_ref().filter(|_| plan.parts > 0) {
        // It could have gone out at another time, as a refused one could not.
        bury(set, plan.id, plan.workspace, plan.channel, Some(failure), plan.now);
    }
    let head = (queued > 0 && !was_busy).then(|| first_head(plan, lane));
    for number in 1..=queued {
        add_part(set, plan, lane, number, seq + i64::from(number), head.filter(|_| number == 1));
    }
    set.event(plan.workspace, plan.now, "message.accepted", Some(plan.contact), Some(plan.id));
    Ok(Accepted::Stored { head, behind: (queued > 0 && was_busy).then_some(lane) })
}

fn seen_key(set: &Set, key: &Idempotency, now: Timestamp) -> Option<Accepted> {
    let day = now.0 / DAY_MS;
    let row = [day, day - 1]
        .iter()
        .filter_map(|day| set.keys.get(&(*day, key.key)))
        .find(|row| row.created_at > now.0 - DAY_MS)?;
    Some(if row.body == key.body {
        Accepted::Replay { status: u16::try_from(row.status).unwrap_or(200), answer: row.answer.clone() }
    } else {
        Accepted::KeyConflict
    })
}

/// The lane of an address, made on first use.
pub(super) fn lane_of(
    set: &mut Set,
    workspace: WorkspaceId,
    channel: ChannelId,
    contact: ContactId,
    address: &str,
) -> Result<LaneId, StoreError> {
    let key = (channel.0, Arc::from(address));
    if let Some(lane) = set.lane_ids.get(&key) {
        return Ok(*lane);
    }
    let id = set.spare_lanes.pop().ok_or_else(|| StoreError::Fault("no number for a lane".into()))?;
    let row = LaneRow {
        workspace,
        channel,
        address: Arc::clone(&key.1),
        contact,
        out_seq: 0,
        busy: false,
        last_in_at: None,
        last_at: None,
        last_id: None,
        closed_at: None,
        not_before: None,
        backoffs: 0,
        access: 0,
        access_at: None,
        reported: (None, None),
    };
    set.lanes.put(id, row);
    set.lane_ids.insert(key, LaneId(id));
    Ok(LaneId(id))
}

/// Puts a message at the end of its contact's thread; returns the message before it.
pub(super) fn chain(set: &mut Set, contact: ContactId, lane: LaneId, message: i64) -> Option<i64> {
    let row = set.contacts.get_mut(&contact.0)?;
    if row.last_lane.replace(lane.0) != Some(lane.0) {
        row.version += 1;
    }
    row.last_id.replace(message)
}

fn add_part(set: &mut Set, plan: &Accept, lane: LaneId, number: u16, seq: i64, head: Option<Head>) {
    let part = PartRef { message: plan.id, delivery: 1, part: number };
    let row = PartRow {
        workspace: plan.workspace,
        channel: plan.channel,
        lane,
        lane_seq: seq,
        state: if head.is_some() { state::QUEUED } else { state::WAITING },
        attempts: 0,
        begun_at: None,
        call_by: None,
        fence: 0,
        first_failed_at: None,
        provider_id: None,
        rank: 0,
        expires_at: plan.expires_at.0,
        followed_at: None,
    };
    set.parts.put(part, row);
    match head {
        Some(head) => enqueue(set, &head),
        None => {
            let row = WaitingRow {
                workspace: plan.workspace,
                channel: plan.channel,
                part,
                class: i32::from(plan.class),
                expires_at: plan.expires_at.0,
            };
            set.waiting.put((lane.0, seq), row);
        }
    }
}

fn first_head(plan: &Accept, lane: LaneId) -> Head {
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
