//! A replay: a new delivery of a message that failed.
//!
//! Only the parts that failed stand in the lane again; what the provider took is not sent twice. The
//! references that providers echo name the delivery, so that late receipts of an earlier one are kept
//! and move nothing.

use super::dead::exhume;
use super::lane::enqueue;
use super::set::{PartRow, Set, WaitingRow, state};
use super::status::status_event;
use crate::outbox::Head;
use crate::upkeep::{NotReplayed, Replay};
use chaski_model::{ChannelId, LaneId, MessageId, PartRef, Rank, Timestamp, WorkspaceId};
use tokio_postgres::Row;

/// What is not told by the rows that are locked afterwards.
pub(super) const FAILED: &str =
    "SELECT m.id, m.workspace_id, m.channel_id, m.lane_id, CASE WHEN m.rank = 2 THEN m.resolved END,
      EXISTS (SELECT 1 FROM channels c WHERE c.id = m.channel_id AND c.state <> 'removed')
    FROM messages m WHERE m.id = ANY($1::int8[]) AND m.direction = 1";
pub(super) const NEW_DELIVERIES: &str =
    "INSERT INTO deliveries (message_id, delivery, workspace_id, channel_id, lane_id, cause, opened_at, opened_by, withdrawn)
    SELECT message, delivery, ws, channel, lane, 'replay', at, who, withdrawn
    FROM UNNEST($1::int8[], $2::int4[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::text[], $8::text[])
      AS u(message, delivery, ws, channel, lane, at, who, withdrawn)";
pub(super) const REPLAYED: &str = "UPDATE messages m SET delivery = u.delivery, parts = u.parts
    FROM UNNEST($1::int8[], $2::int4[], $3::int4[]) AS u(message, delivery, parts) WHERE m.id = u.message";

/// A message of ours that is to go out again, as it was found before it was locked.
pub(super) struct FailedRow {
    workspace: WorkspaceId,
    channel: ChannelId,
    lane: LaneId,
    channel_lives: bool,
    /// How many parts it would have had.
    bodies: u16,
}

impl FailedRow {
    pub(super) fn read(row: &Row) -> Self {
        let resolved: Option<&str> = row.get(4);
        let bodies = resolved.and_then(|text| serde_json::from_str::<Bodies>(text).ok());
        Self {
            workspace: WorkspaceId(row.get(1)),
            channel: ChannelId(row.get(2)),
            lane: LaneId(row.get(3)),
            channel_lives: row.get(5),
            bodies: bodies.map_or(0, |bodies| u16::try_from(bodies.parts.len()).unwrap_or(u16::MAX)),
        }
    }
}

#[derive(serde::Deserialize)]
struct Bodies {
    #[serde(default)]
    parts: Vec<serde::de::IgnoredAny>,
}

/// A delivery to be stored.
#[derive(Debug)]
pub(super) struct NewDelivery {
    pub(super) message: MessageId,
    pub(super) delivery: u16,
    pub(super) parts: i32,
    pub(super) workspace: WorkspaceId,
    pub(super) channel: ChannelId,
    pub(super) lane: LaneId,
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) withdrawn: Option<String>,
}

pub(super) fn replay_all(
    set: &mut Set,
    workspace: WorkspaceId,
    messages: &[MessageId],
    how: &Replay,
) -> Vec<(MessageId, Result<Option<Head>, NotReplayed>)> {
    messages.iter().map(|message| (*message, replay(set, workspace, *message, how))).collect()
}

fn replay(
    set: &mut Set,
    workspace: WorkspaceId,
    message: MessageId,
    how: &Replay,
) -> Result<Option<Head>, NotReplayed> {
    let parts = parts_to_send(set, workspace, message)?;
    let Some(failed) = set.failed.get(&message.0) else { return Err(NotReplayed::Missing) };
    let (channel, lane) = (failed.channel, failed.lane);
    let Some(row) = set.messages.get_mut(&message.0) else { return Err(NotReplayed::Missing) };
    row.delivery += 1;
    row.parts = i32::try_from(parts.len()).unwrap_or(i32::MAX);
    row.rank = Rank::Pending as i32;
    (row.sent_at, row.failed_at, row.delivered_at, row.read_at) = (None, None, None, None);
    // The provider's id is that of the first part, where that one goes out again.
    if parts.contains(&1) {
        row.provider_id = None;
    }
    let delivery = NewDelivery {
        message,
        delivery: u16::try_from(row.delivery).unwrap_or(u16::MAX),
        parts: row.parts,
        workspace,
        channel,
        lane,
        at: how.now,
        by: how.by.clone(),
        withdrawn: row.error.take(),
    };
    exhume(set, message);
    let head = into_the_lane(set, &delivery, &parts, how);
    set.deliveries.push(delivery);
    status_event(set, workspace, message, how.now);
    Ok(head)
}

/// The numbers of the parts that did not reach the provider, or why there is nothing to send.
fn parts_to_send(set: &Set, workspace: WorkspaceId, message: MessageId) -> Result<Vec<u16>, NotReplayed> {
    let failed = set.failed.get(&message.0).filter(|failed| failed.workspace == workspace);
    let failed = failed.filter(|failed| set.lanes.has(&failed.lane.0)).ok_or(NotReplayed::Missing)?;
    let row = set.messages.get(&message.0).ok_or(NotReplayed::Missing)?;
    if row.blanked {
        return Err(NotReplayed::Blanked);
    }
    if row.unknown {
        return Err(NotReplayed::UnderWay);
    }
    if row.rank != Rank::Failed as i32 {
        return Err(NotReplayed::NotFailed);
    }
    if !failed.channel_lives {
        return Err(NotReplayed::ChannelRemoved);
    }
    let current = PartRef { message, delivery: u16::try_from(row.delivery).unwrap_or(u16::MAX), part: 0 };
    let (mut has_parts, mut again) = (false, Vec::new());
    for (part, row) in set.parts.delivery_of(current) {
        if row.state != state::ENDED {
            return Err(NotReplayed::UnderWay);
        }
        has_parts = true;
        if row.rank == Rank::Failed as i32 {
            again.push(part.part);
        }
    }
    if !has_parts {
        again = (1..=failed.bodies).collect();
    }
    if again.is_empty() { Err(NotReplayed::Refused) } else { Ok(again) }
}

/// The parts stand at the end of their lane; the head, if the lane was idle.
fn into_the_lane(set: &mut Set, delivery: &NewDelivery, parts: &[u16], how: &Replay) -> Option<Head> {
    let lane = set.lanes.get_mut(&delivery.lane.0)?;
    let (was_busy, mut seq, not_before) = (lane.busy, lane.out_seq, lane.not_before);
    lane.out_seq += i64::from(delivery.parts);
    lane.busy = true;
    let mut first = None;
    for number in parts {
        let part = PartRef { message: delivery.message, delivery: delivery.delivery, part: *number };
        seq += 1;
        let heads = !was_busy && first.is_none();
        let row = PartRow {
            workspace: delivery.workspace,
            channel: delivery.channel,
            lane: delivery.lane,
            lane_seq: seq,
            state: if heads { state::QUEUED } else { state::WAITING },
            attempts: 0,
            begun_at: None,
            call_by: None,
            fence: 0,
            first_failed_at: None,
            provider_id: None,
            rank: Rank::Pending as i32,
            expires_at: how.expires_at.0,
            followed_at: None,
        };
        set.parts.put(part, row);
        if heads {
            let head = Head {
                part,
                workspace: delivery.workspace,
                channel: delivery.channel,
                lane: delivery.lane,
                class: how.class,
                due_at: how.now.max(Timestamp(not_before.unwrap_or(how.now.0))),
                keep_until: None,
                held: false,
                expires_at: how.expires_at,
            };
            enqueue(set, &head);
            first = Some(head);
        } else {
            let row = WaitingRow {
                workspace: delivery.workspace,
                channel: delivery.channel,
                part,
                class: i32::from(how.class),
                expires_at: how.expires_at.0,
            };
            set.waiting.put((delivery.lane.0, seq), row);
        }
    }
    first
}
