//! What parts have reached, and through them their message; said on the feed.

use super::state;
use crate::error::StoreError;
use crate::outbox::Head;
use crate::sqlite::batch::{Batch, NewEvent};
use crate::sqlite::rows::failure_json;
use crate::sqlite::upkeep::dead_letters::{self, Raised};
use chaski_model::{ContactId, Failure, MessageId, PartRef, Rank, Timestamp, WorkspaceId};
use rusqlite::params;

/// Ends a part: its rank, its provider id, and through it the message's.
pub(in crate::sqlite) fn end_part(
    b: &mut Batch<'_>,
    h: &Head,
    rank: Rank,
    sent: Option<(&str, Timestamp)>,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    b.execute(
        "UPDATE parts SET state = ?4, begun_at = NULL, rank = MAX(rank, ?5), provider_id = IFNULL(?6, provider_id)
         WHERE message_id = ?1 AND delivery = ?2 AND part = ?3",
        params![
            h.part.message.0,
            h.part.delivery,
            h.part.part,
            state::ENDED,
            rank as i64,
            sent.map(|(id, _)| id)
        ],
    )?;
    raise_message(b, h.workspace, h.part, rank, sent.map_or(now, |(_, at)| at), failure, now)
}

/// Brings a message up to what its parts have reached, and says so on the feed.
pub(in crate::sqlite) fn raise_message(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    part: PartRef,
    rank: Rank,
    at: Timestamp,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let raise = |whole: Rank, unknown: bool, many: bool| {
        b.row(
            "UPDATE messages SET rank = MAX(rank, ?2), unknown = ?3,
                error = IFNULL(?5, error),
                sent_at = CASE ?2 WHEN 1 THEN IFNULL(sent_at, ?4) ELSE sent_at END,
                failed_at = CASE ?2 WHEN 2 THEN IFNULL(failed_at, ?4) ELSE failed_at END,
                delivered_at = CASE ?2 WHEN 3 THEN IFNULL(delivered_at, ?4) ELSE delivered_at END,
                read_at = CASE ?2 WHEN 4 THEN IFNULL(read_at, ?4) ELSE read_at END
         WHERE id = ?1 AND delivery = ?6 AND (parts = 1 OR ?7) RETURNING contact_id, rank, failed_at IS NOT NULL",
            params![
                part.message.0,
                whole as i64,
                unknown,
                at.0,
                failure.map(failure_json),
                part.delivery,
                many
            ],
            |r| {
                let rank = Rank::from_number(r.get(1)?);
                Ok((ContactId(r.get(0)?), Raised { whole, rank, had_failed: r.get(2)? }))
            },
        )
    };
    // Nearly every message has one part: its rank is the message's.
    let raised = match raise(rank, false, false)? {
        Some(raised) => Some(raised),
        None => {
            let (whole, unknown) = ranks(b, part)?;
            raise(whole, unknown, true)?
        }
    };
    let Some((contact, raised)) = raised else { return Ok(()) };
    dead_letters::follow(b, workspace, part.message, raised, failure, now)?;
    b.event(
        workspace,
        NewEvent {
            at: now,
            kind: "message.status",
            contact: Some(contact),
            message: Some(part.message),
            body: None,
        },
    );
    Ok(())
}

/// The rank of all parts of a delivery together, and whether one of them is unknown.
pub(super) fn ranks(b: &Batch<'_>, part: PartRef) -> Result<(Rank, bool), StoreError> {
    let rows = b.rows(
        "SELECT rank, state FROM parts WHERE message_id = ?1 AND delivery = ?2",
        params![part.message.0, part.delivery],
        |r| Ok((Rank::from_number(r.get(0)?), r.get::<_, i64>(1)?)),
    )?;
    let unknown = rows.iter().any(|(_, state)| *state == state::UNKNOWN);
    Ok((Rank::of_parts(rows.into_iter().map(|(rank, _)| rank)), unknown))
}

pub(super) fn status_event(
    b: &mut Batch<'_>,
    workspace: WorkspaceId,
    message: MessageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let contact =
        b.row("SELECT contact_id FROM messages WHERE id = ?1", [message.0], |r| Ok(ContactId(r.get(0)?)))?;
    b.event(
        workspace,
        NewEvent { at: now, kind: "message.status", contact, message: Some(message), body: None },
    );
    Ok(())
}
