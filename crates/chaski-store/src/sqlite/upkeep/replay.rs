//! A replay: a new delivery of a message that failed.
//!
//! Only the parts that failed stand in the lane again; what the provider took is not sent twice. The
//! references that providers echo name the delivery, so that late receipts of an earlier one are kept
//! and move nothing.

use super::dead_letters::{chosen, exhume};
use crate::error::StoreError;
use crate::outbox::Head;
use crate::sqlite::batch::{Batch, NewEvent};
use crate::sqlite::outbox::{enqueue, head, head_columns, state};
use crate::upkeep::*;
use chaski_model::{ChannelId, ContactId, LaneId, MessageId, PartRef, Rank, WorkspaceId};
use rusqlite::params;

/// The message as it stands.
struct Failed {
    contact: ContactId,
    channel: ChannelId,
    lane: LaneId,
    delivery: u16,
    rank: Rank,
    unknown: bool,
    is_blanked: bool,
    error: Option<String>,
    bodies: u16,
}

#[derive(serde::Deserialize)]
struct Bodies {
    #[serde(default)]
    parts: Vec<serde::de::IgnoredAny>,
}

pub(in crate::sqlite) fn replay(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    how: &Replay,
) -> Result<Result<Option<Head>, NotReplayed>, StoreError> {
    let Some(failed) = read(b, workspace, message)? else { return Ok(Err(NotReplayed::Missing)) };
    if b.again && opened_just_now(b, message, failed.delivery, how)? {
        // The commit that failed half-way had taken effect after all.
        let sql = concat!(
            "SELECT ",
            head_columns!(),
            " FROM queue WHERE channel_id = ?1 AND message_id = ?2 AND delivery = ?3 LIMIT 1"
        );
        return Ok(Ok(b.row(sql, params![failed.channel.0, message.0, failed.delivery], head)?));
    }
    let parts = match parts_to_send(b, message, &failed)? {
        Ok(parts) => parts,
        Err(why) => return Ok(Err(why)),
    };
    exhume(b, message)?;
    open(b, workspace, message, &failed, &parts, how)?;
    let head = into_the_lane(b, workspace, message, &failed, &parts, how)?;
    b.event(
        workspace,
        NewEvent {
            at: how.now,
            kind: "message.status",
            contact: Some(failed.contact),
            message: Some(message),
            body: None,
        },
    );
    Ok(Ok(head))
}

pub(super) fn replay_many(
    b: &mut Batch<'_>,
    step: &DeadLetterStep,
    how: &Replay,
) -> Result<Replayed, StoreError> {
    let mut done = Replayed::default();
    if b.again {
        // Those that the commit which failed half-way may have sent are no dead letters any more.
        let sql = concat!("SELECT ", head_columns!(), " FROM queue WHERE delivery > 1 AND due_at = ?1");
        done.heads = b.rows(sql, [how.now.0], head)?;
    }
    for message in chosen(b, step)? {
        done.last = Some(message);
        match replay(b, step.workspace, message, how)? {
            Ok(head) => {
                done.messages += 1;
                done.heads.extend(head);
            }
            Err(why) => done.skipped.push((message, why)),
        }
    }
    Ok(done)
}

fn read(b: &Batch<'_>, workspace: WorkspaceId, message: MessageId) -> Result<Option<Failed>, StoreError> {
    b.row(
        "SELECT m.contact_id, m.channel_id, m.lane_id, m.delivery, m.rank, m.unknown, m.blanked_at IS NOT NULL, m.error,
                d.resolved
         FROM messages m JOIN bodies d ON d.message_id = m.id WHERE m.id = ?1 AND m.workspace_id = ?2 AND m.direction = 1",
        params![message.0, workspace.0],
        |r| {
            // What cannot be read must not keep the others from going out.
            let resolved = r.get_ref(8)?.as_str_or_null()?;
            let bodies = resolved.and_then(|text| serde_json::from_str::<Bodies>(text).ok());
            let bodies = bodies.map_or(0, |bodies| bodies.parts.len());
            Ok(Failed {
                contact: ContactId(r.get(0)?),
                channel: ChannelId(r.get(1)?),
                lane: LaneId(r.get(2)?),
                delivery: r.get(3)?,
                rank: Rank::from_number(r.get(4)?),
                unknown: r.get(5)?,
                is_blanked: r.get(6)?,
                error: r.get(7)?,
                bodies: u16::try_from(bodies).unwrap_or(u16::MAX),
            })
        },
    )
}

fn opened_just_now(
    b: &Batch<'_>,
    message: MessageId,
    delivery: u16,
    how: &Replay,
) -> Result<bool, StoreError> {
    let found = b.row(
        "SELECT 1 FROM deliveries WHERE message_id = ?1 AND delivery = ?2 AND opened_at = ?3",
        params![message.0, delivery, how.now.0],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

/// The numbers of the parts that did not reach the provider, or why there is nothing to send.
fn parts_to_send(
    b: &Batch<'_>,
    message: MessageId,
    failed: &Failed,
) -> Result<Result<Vec<u16>, NotReplayed>, StoreError> {
    if failed.is_blanked {
        return Ok(Err(NotReplayed::Blanked));
    }
    if failed.unknown {
        return Ok(Err(NotReplayed::UnderWay));
    }
    if failed.rank != Rank::Failed {
        return Ok(Err(NotReplayed::NotFailed));
    }
    let lives =
        b.row("SELECT 1 FROM channels WHERE id = ?1 AND state <> 'removed'", [failed.channel.0], |_| Ok(()))?;
    if lives.is_none() {
        return Ok(Err(NotReplayed::ChannelRemoved));
    }
    let parts = b.rows(
        "SELECT part, state, rank FROM parts WHERE message_id = ?1 AND delivery = ?2 ORDER BY part",
        params![message.0, failed.delivery],
        |r| Ok((r.get::<_, u16>(0)?, r.get::<_, i64>(1)?, Rank::from_number(r.get(2)?))),
    )?;
    if parts.iter().any(|(_, current, _)| *current != state::ENDED) {
        return Ok(Err(NotReplayed::UnderWay));
    }
    let again: Vec<u16> = if parts.is_empty() {
        (1..=failed.bodies).collect()
    } else {
        parts.iter().filter(|(_, _, rank)| *rank == Rank::Failed).map(|(part, _, _)| *part).collect()
    };
    Ok(if again.is_empty() { Err(NotReplayed::Refused) } else { Ok(again) })
}

/// The new delivery takes over: what the earlier one had come to is withdrawn and kept beside it.
fn open(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    failed: &Failed,
    parts: &[u16],
    how: &Replay,
) -> Result<(), StoreError> {
    let delivery = failed.delivery + 1;
    b.execute(
        "INSERT INTO deliveries (message_id, delivery, workspace_id, channel_id, lane_id, cause, opened_at, opened_by, withdrawn)
         VALUES (?1, ?2, ?3, ?4, ?5, 'replay', ?6, ?7, ?8)",
        params![
            message.0,
            delivery,
            workspace.0,
            failed.channel.0,
            failed.lane.0,
            how.now.0,
            how.by,
            failed.error
        ],
    )?;
    b.execute(
        "UPDATE messages SET delivery = ?2, parts = ?3, rank = 0, sent_at = NULL, failed_at = NULL, delivered_at = NULL,
                read_at = NULL, error = NULL WHERE id = ?1",
        params![message.0, delivery, count(parts)],
    )?;
    Ok(())
}

fn count(parts: &[u16]) -> u16 {
    u16::try_from(parts.len()).unwrap_or(u16::MAX)
}

/// The parts stand at the end of their lane; the head, if the lane was idle.
fn into_the_lane(
    b: &Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    failed: &Failed,
    parts: &[u16],
    how: &Replay,
) -> Result<Option<Head>, StoreError> {
    let not_before = b
        .row("SELECT not_before FROM lanes WHERE id = ?1", [failed.lane.0], |r| r.get::<_, Option<i64>>(0))?
        .ok_or(StoreError::NotFound("lane"))?;
    let busy = b.memory.join(failed.lane, u32::from(count(parts))) > 0;
    let mut first = None;
    for part in parts {
        let head = Head {
            part: PartRef { message, delivery: failed.delivery + 1, part: *part },
            workspace,
            channel: failed.channel,
            lane: failed.lane,
            class: how.class,
            due_at: not_before.map_or(how.now, |at| how.now.max(chaski_model::Timestamp(at))),
            keep_until: None,
            held: false,
            expires_at: how.expires_at,
        };
        let heads = !busy && first.is_none();
        b.execute(
            "INSERT INTO parts (message_id, delivery, part, workspace_id, channel_id, lane_id, state, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                message.0,
                head.part.delivery,
                part,
                workspace.0,
                failed.channel.0,
                failed.lane.0,
                if heads { state::QUEUED } else { state::WAITING },
                how.expires_at.0
            ],
        )?;
        if heads {
            enqueue(b, &head)?;
            first = Some(head);
        } else {
            b.execute(
                "INSERT INTO waiting (lane_id, lane_seq, workspace_id, channel_id, message_id, delivery, part, class, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    failed.lane.0,
                    b.memory.next_seq(),
                    workspace.0,
                    failed.channel.0,
                    message.0,
                    head.part.delivery,
                    part,
                    how.class,
                    how.expires_at.0
                ],
            )?;
        }
    }
    Ok(first)
}
