//! Outcomes that nobody knows: found after a crash, ended by a person.

use super::attempt::settle;
use super::lane::{as_it_stands, enqueue, fail_message, head, head_columns, leave_queue, part_ref};
use super::status::end_part;
use super::{DAY_MS, state};
use crate::error::StoreError;
use crate::outbox::{End, Head, Recovered, Settle, Settled};
use crate::sqlite::batch::{Batch, NewEvent};
use chaski_model::{
    ChannelId, ContactId, ErrorCode, Failure, LaneId, MessageId, Rank, Timestamp, WorkspaceId,
};
use rusqlite::params;

pub(in crate::sqlite) fn recover(
    b: &mut Batch<'_>,
    channels: &[ChannelId],
    call_by_before: Timestamp,
    now: Timestamp,
    let_go_at: Timestamp,
) -> Result<Recovered, StoreError> {
    let mut recovered = Recovered::default();
    for channel in channels {
        if b.again {
            recovered.unknown.extend(held_until(b, *channel, let_go_at)?);
        }
        for (h, attempt, begun_at, call_by) in open_attempts(b, *channel)? {
            if call_by >= call_by_before.0 {
                recovered.open += 1;
                continue;
            }
            let failure = Failure::new(
                ErrorCode::OutcomeUnknown,
                "The server stopped while the provider was being called. It is not known whether the message was taken.",
            );
            let lost = Settle {
                head: h,
                attempt,
                begun_at: begun_at.map_or(now, Timestamp),
                ended_at: now,
                http_status: None,
                end: End::Unknown { failure, let_go_at },
                learned: Vec::new(),
                names: Vec::new(),
                follows: false,
            };
            recovered.unknown.extend(settle(b, &lost)?.again);
        }
    }
    Ok(recovered)
}

/// What the step itself may have found before its commit failed half-way.
fn held_until(b: &Batch<'_>, channel: ChannelId, let_go_at: Timestamp) -> Result<Vec<Head>, StoreError> {
    let sql =
        concat!("SELECT ", head_columns!(), " FROM queue WHERE channel_id = ?1 AND held = 1 AND due_at = ?2");
    b.rows(sql, params![channel.0, let_go_at.0], head)
}

type Open = (Head, u16, Option<i64>, i64);

/// Begun attempts of a channel: the head, the attempt, when it began, until when it could leave.
fn open_attempts(b: &Batch<'_>, channel: ChannelId) -> Result<Vec<Open>, StoreError> {
    b.rows(
        "SELECT q.message_id, q.delivery, q.part, q.workspace_id, q.channel_id, q.lane_id, q.class, q.due_at,
                q.keep_until, q.held, q.expires_at, p.attempts, p.begun_at, IFNULL(p.call_by, 0)
         FROM queue q JOIN parts p ON p.message_id = q.message_id AND p.delivery = q.delivery AND p.part = q.part
         WHERE q.channel_id = ?1 AND p.state = ?2",
        params![channel.0, state::BEGUN],
        |r| Ok((head(r)?, r.get(11)?, r.get(12)?, r.get(13)?)),
    )
}

pub(in crate::sqlite) fn resolve_unknown(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    resend: bool,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    if b.again
        && let Some(settled) = resolved_before(b, workspace, message, resend, now)?
    {
        return Ok(settled);
    }
    let part = b
        .row(
            "SELECT p.message_id, p.delivery, p.part, p.channel_id, p.lane_id, m.contact_id FROM parts p JOIN messages m ON m.id = p.message_id
             WHERE p.message_id = ?1 AND p.workspace_id = ?2 AND p.state = ?3 ORDER BY p.part LIMIT 1",
            params![message.0, workspace.0, state::UNKNOWN],
            |r| Ok((part_ref(r, 0)?, ChannelId(r.get(3)?), LaneId(r.get(4)?), ContactId(r.get(5)?))),
        )?
        .ok_or(StoreError::NotFound("message with an unknown outcome"))?;
    let (part, channel, lane, contact) = part;
    let h = Head {
        part,
        workspace,
        channel,
        lane,
        class: 1,
        due_at: now,
        keep_until: None,
        held: false,
        expires_at: Timestamp(now.0 + DAY_MS),
    };
    if !resend {
        let failure = Failure::new(
            ErrorCode::OutcomeUnknown,
            "The provider's answer was lost; a person chose to leave it.",
        );
        end_part(b, &h, Rank::Failed, None, Some(&failure), now)?;
        return Ok(Settled { again: None, next: fail_message(b, &h, now)? });
    }
    let is_blanked =
        b.row("SELECT blanked_at IS NOT NULL FROM messages WHERE id = ?1", [message.0], |r| r.get(0))?;
    if is_blanked == Some(true) {
        return Err(StoreError::Conflict("Retention has removed what the message said; leave it.".into()));
    }
    let next = leave_queue(b, &h, now)?;
    b.execute(
        "UPDATE parts SET state = ?4, expires_at = ?5, first_failed_at = NULL WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![part.message.0, part.delivery, part.part, state::QUEUED, h.expires_at.0],
    )?;
    b.execute("UPDATE messages SET unknown = 0 WHERE id = ?1", [message.0])?;
    enqueue(b, &h)?;
    b.execute(
        "UPDATE queue SET aside = 1 WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 AND part = ?4",
        params![channel.0, part.message.0, part.delivery, part.part],
    )?;
    b.event(
        workspace,
        NewEvent {
            at: now,
            kind: "message.status",
            contact: Some(contact),
            message: Some(message),
            body: None,
        },
    );
    Ok(Settled { again: Some(h), next })
}

/// What the choice came to, if its commit, which failed half-way, had taken effect after all.
fn resolved_before(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    resend: bool,
    now: Timestamp,
) -> Result<Option<Settled>, StoreError> {
    let traces = if resend {
        "SELECT q.message_id, q.delivery, q.part, q.channel_id, q.lane_id
         FROM messages m JOIN queue q ON q.channel_id = m.channel_id AND q.message_id = m.id
         WHERE m.id = ?1 AND m.workspace_id = ?2 AND q.aside = 1 AND q.due_at = ?3"
    } else {
        "SELECT id, delivery, 1, channel_id, lane_id FROM messages
         WHERE id = ?1 AND workspace_id = ?2 AND failed_at = ?3"
    };
    let found = b.row(traces, params![message.0, workspace.0, now.0], |r| {
        Ok((part_ref(r, 0)?, ChannelId(r.get(3)?), LaneId(r.get(4)?)))
    })?;
    let Some((part, channel, lane)) = found else { return Ok(None) };
    let h = Head {
        part,
        workspace,
        channel,
        lane,
        class: 1,
        due_at: now,
        keep_until: None,
        held: false,
        expires_at: now,
    };
    as_it_stands(b, &h).map(Some)
}
