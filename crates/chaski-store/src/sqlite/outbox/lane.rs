//! How a lane moves on: its head in the queue, what waits behind it, what stepped aside.

use super::state;
use crate::error::StoreError;
use crate::outbox::{Head, Settled};
use crate::sqlite::batch::Batch;
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, PartRef, Rank, Timestamp, WorkspaceId};
use rusqlite::{Row, params};

/// The columns that [`head`] reads.
macro_rules! head_columns {
    () => {
        "message_id, delivery, part, workspace_id, channel_id, lane_id, class, due_at, keep_until, held, expires_at"
    };
}
pub(in crate::sqlite) use head_columns;

pub(in crate::sqlite) fn head(r: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        part: part_ref(r, 0)?,
        workspace: WorkspaceId(r.get(3)?),
        channel: ChannelId(r.get(4)?),
        lane: LaneId(r.get(5)?),
        class: r.get(6)?,
        due_at: Timestamp(r.get(7)?),
        keep_until: r.get::<_, Option<i64>>(8)?.map(Timestamp),
        held: r.get(9)?,
        expires_at: Timestamp(r.get(10)?),
    })
}

pub(super) fn part_ref(r: &Row<'_>, from: usize) -> rusqlite::Result<PartRef> {
    Ok(PartRef { message: MessageId(r.get(from)?), delivery: r.get(from + 1)?, part: r.get(from + 2)? })
}

pub(in crate::sqlite) fn enqueue(b: &Batch<'_>, h: &Head) -> Result<(), StoreError> {
    b.execute(
        "INSERT INTO queue (channel_id, message_id, delivery, part, workspace_id, lane_id, class, due_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            h.channel.0,
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            h.workspace.0,
            h.lane.0,
            h.class,
            h.due_at.0,
            h.expires_at.0
        ],
    )?;
    Ok(())
}

pub(in crate::sqlite) fn make_lane(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    channel: ChannelId,
    contact: ContactId,
    address: &str,
) -> Result<LaneId, StoreError> {
    b.execute(
        "INSERT INTO lanes (workspace_id, channel_id, address, contact_id) VALUES (?1, ?2, ?3, ?4)",
        params![workspace.0, channel.0, address, contact.0],
    )?;
    b.memory.touch(contact);
    Ok(LaneId(b.inserted()))
}

/// The provider said that the contact's window on a lane is closed.
pub(in crate::sqlite) fn close_window(b: &Batch<'_>, lane: LaneId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE lanes SET closed_at = ?2 WHERE id = ?1 RETURNING contact_id";
    if let Some(contact) = b.row(sql, params![lane.0, at.0], |r| r.get(0))? {
        b.memory.touch(ContactId(contact));
    }
    Ok(())
}

/// The provider said that the contact cannot be written to on a lane. The contact's own word stands.
pub(in crate::sqlite) fn shut(b: &Batch<'_>, lane: LaneId, at: Timestamp) -> Result<(), StoreError> {
    let sql =
        "UPDATE lanes SET access = 2, access_at = ?2 WHERE id = ?1 AND access <> 1 RETURNING contact_id";
    if let Some(contact) = b.row(sql, params![lane.0, at.0], |r| r.get(0))? {
        b.memory.touch(ContactId(contact));
    }
    Ok(())
}

/// Takes a part out of the queue; if it headed its lane, the next one of the lane takes its place.
pub(in crate::sqlite) fn leave_queue(
    b: &Batch<'_>,
    h: &Head,
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    match dequeue(b, h)? {
        Some(false) => next_of_lane(b, h.lane, 1, now),
        Some(true) | None => Ok(None),
    }
}

/// Takes a part out of the queue; whether it had stepped aside.
fn dequeue(b: &Batch<'_>, h: &Head) -> Result<Option<bool>, StoreError> {
    b.row(
        "DELETE FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4 RETURNING aside",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
        |r| r.get::<_, bool>(0),
    )
}

/// The lane's head has gone, with `gone` parts in all: the next one takes its place, if there is one.
pub(super) fn next_of_lane(
    b: &Batch<'_>,
    lane: LaneId,
    gone: u32,
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    match b.memory.leave(lane, gone) {
        0 => Ok(None),
        _ => first_waiting(b, lane, now),
    }
}

/// Moves a lane's first waiting part to its head.
fn first_waiting(b: &Batch<'_>, lane: LaneId, now: Timestamp) -> Result<Option<Head>, StoreError> {
    // A lane runs at the highest class waiting in it: priority never crosses one contact's order.
    let (class, not_before) = b
        .row(
            "SELECT (SELECT MIN(class) FROM waiting WHERE lane_id = ?1), not_before FROM lanes WHERE id = ?1",
            [lane.0],
            |r| Ok((r.get::<_, Option<u8>>(0)?, r.get::<_, Option<i64>>(1)?)),
        )?
        .unwrap_or_default();
    let next = b.row(
        "DELETE FROM waiting WHERE (lane_id, lane_seq) IN
           (SELECT lane_id, lane_seq FROM waiting WHERE lane_id = ?1 ORDER BY lane_seq LIMIT 1)
         RETURNING message_id, delivery, part, workspace_id, channel_id, expires_at",
        [lane.0],
        |r| {
            Ok(Head {
                part: part_ref(r, 0)?,
                workspace: WorkspaceId(r.get(3)?),
                channel: ChannelId(r.get(4)?),
                lane,
                class: class.unwrap_or(1),
                due_at: not_before.map_or(now, |at| now.max(Timestamp(at))),
                keep_until: None,
                held: false,
                expires_at: Timestamp(r.get(5)?),
            })
        },
    )?;
    let Some(next) = next else { return Ok(None) };
    enqueue(b, &next)?;
    b.execute(
        "UPDATE parts SET state = ?4 WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![next.part.message.0, next.part.delivery, next.part.part, state::QUEUED],
    )?;
    Ok(Some(next))
}

/// A part failed for good: the later parts of its message are not sent.
pub(in crate::sqlite) fn fail_message(
    b: &Batch<'_>,
    h: &Head,
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    // Only one of them heads the lane: a later part does when this one has stepped aside.
    let next = end_rest(b, h, now)?;
    Ok(leave_queue(b, h, now)?.or(next))
}

/// Ends what follows a part in its message and has not been begun; if that headed the lane, the lane's next.
pub(in crate::sqlite) fn end_rest(
    b: &Batch<'_>,
    h: &Head,
    now: Timestamp,
) -> Result<Option<Head>, StoreError> {
    let ended = b.rows(
        "UPDATE parts SET state = 5, rank = MAX(rank, ?4)
         WHERE message_id = ?1 AND delivery = ?2 AND part > ?3 AND state IN (0, 1, 3) RETURNING part",
        params![h.part.message.0, h.part.delivery, h.part.part, Rank::Failed as i64],
        |r| r.get(0),
    )?;
    let (mut was_head, mut in_line) = (false, 0);
    for part in ended {
        match dequeue(b, &Head { part: PartRef { part, ..h.part }, ..*h })? {
            Some(is_aside) => was_head |= !is_aside,
            None => in_line += 1,
        }
    }
    if in_line > 0 {
        b.execute(
            "DELETE FROM waiting WHERE lane_id = ?1 AND message_id = ?2 AND delivery = ?3",
            params![h.lane.0, h.part.message.0, h.part.delivery],
        )?;
        b.memory.leave(h.lane, in_line);
    }
    if was_head { next_of_lane(b, h.lane, 1, now) } else { Ok(None) }
}

/// Whether a part was cut off while it was in flight: an earlier one of its message has failed.
pub(super) fn is_cut_off(b: &Batch<'_>, part: PartRef) -> Result<bool, StoreError> {
    if part.part == 1 {
        return Ok(false);
    }
    let failed = b.row(
        "SELECT 1 FROM parts WHERE message_id = ?1 AND delivery = ?2 AND part < ?3 AND rank = ?4 LIMIT 1",
        params![part.message.0, part.delivery, part.part, Rank::Failed as i64],
        |_| Ok(()),
    )?;
    Ok(failed.is_some())
}

pub(in crate::sqlite) fn step_aside(
    b: &mut Batch<'_>,
    h: Head,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    if h.held {
        // A person may have sent it again meanwhile: then it is not held any more, and stays.
        let still_held = b.row(
            "SELECT 1 FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4 AND held = 1",
            params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
            |_| Ok(()),
        )?;
        return match still_held {
            Some(()) => Ok(Settled { again: None, next: leave_queue(b, &h, now)? }),
            None if b.again => as_it_stands(b, &h),
            None => Ok(Settled::default()),
        };
    }
    let due = b.row(
        "UPDATE queue SET aside = 1, keep_until = NULL
         WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4 AND aside = 0 RETURNING due_at",
        params![h.channel.0, h.part.message.0, h.part.delivery, h.part.part],
        |r| Ok(Timestamp(r.get(0)?)),
    )?;
    let Some(due_at) = due else {
        return if b.again { as_it_stands(b, &h) } else { Ok(Settled::default()) };
    };
    let again = Head { due_at, keep_until: None, ..h };
    Ok(Settled { again: Some(again), next: next_of_lane(b, h.lane, 1, now)? })
}

/// The head of a part that an outside event ends (a receipt for an unknown one).
pub(in crate::sqlite) fn head_of(
    b: &Batch<'_>,
    channel: ChannelId,
    part: PartRef,
) -> Result<Option<Head>, StoreError> {
    let sql = concat!(
        "SELECT ",
        head_columns!(),
        " FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4"
    );
    b.row(sql, params![channel.0, part.message.0, part.delivery, part.part], head)
}

/// What heads a lane just now, other than the given part. Rare: it looks through the channel's queue.
pub(in crate::sqlite) fn lane_head(b: &Batch<'_>, h: &Head) -> Result<Option<Head>, StoreError> {
    let sql = concat!(
        "SELECT ",
        head_columns!(),
        " FROM queue WHERE channel_id = ?1 AND lane_id = ?2 AND aside = 0
            AND (message_id, delivery, part) <> (?3, ?4, ?5) LIMIT 1"
    );
    b.row(sql, params![h.channel.0, h.lane.0, h.part.message.0, h.part.delivery, h.part.part], head)
}

/// A step that finds its own traces: where its part and its lane stand now.
pub(super) fn as_it_stands(b: &Batch<'_>, h: &Head) -> Result<Settled, StoreError> {
    Ok(Settled { again: head_of(b, h.channel, h.part)?, next: lane_head(b, h)? })
}
