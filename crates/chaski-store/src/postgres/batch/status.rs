//! What parts have reached, and through them their message; said on the feed.

use super::dead::{self, Raised};
use super::set::{Set, failure_json, state};
use crate::outbox::Head;
use chaski_model::{Failure, MessageId, PartRef, Rank, Timestamp, WorkspaceId};

/// What is told about a part.
pub(super) struct Told<'a> {
    pub(super) rank: Rank,
    /// When, by whoever tells it.
    pub(super) at: Timestamp,
    pub(super) provider_id: Option<&'a str>,
    pub(super) failure: Option<&'a Failure>,
    /// When we came to know (domain time).
    pub(super) now: Timestamp,
}

/// Ends a part: its rank, its provider id, and through it the message's.
pub(super) fn end_part(set: &mut Set, h: &Head, told: &Told<'_>) {
    if let Some(part) = set.parts.get_mut(&h.part) {
        part.state = state::ENDED;
        part.begun_at = None;
        part.rank = part.rank.max(told.rank as i32);
        if let Some(id) = told.provider_id {
            part.provider_id = Some(id.to_owned());
        }
    }
    raise_message(set, h.workspace, h.part, told);
}

/// Brings a message up to what its parts have reached, and says so on the feed.
pub(super) fn raise_message(set: &mut Set, workspace: WorkspaceId, part: PartRef, told: &Told<'_>) {
    let Some(row) = set.messages.get(&part.message.0) else { return };
    if row.delivery != i32::from(part.delivery) {
        return;
    }
    let (whole, unknown) = if row.parts == 1 { (told.rank, false) } else { ranks(set, part) };
    let Some(row) = set.messages.get_mut(&part.message.0) else { return };
    row.rank = row.rank.max(whole as i32);
    row.unknown = unknown;
    if part.part == 1 && row.provider_id.is_none() {
        row.provider_id = told.provider_id.map(str::to_owned);
    }
    if let Some(failure) = told.failure {
        row.error = Some(failure_json(failure));
    }
    let stamp = match whole {
        Rank::Pending => None,
        Rank::Sent => Some(&mut row.sent_at),
        Rank::Failed => Some(&mut row.failed_at),
        Rank::Delivered => Some(&mut row.delivered_at),
        Rank::Read => Some(&mut row.read_at),
    };
    if let Some(stamp) = stamp {
        stamp.get_or_insert(told.at.0);
    }
    let raised = Raised { whole, rank: row.rank, had_failed: row.failed_at.is_some() };
    dead::follow(set, workspace, part, &raised, told);
    status_event(set, workspace, part.message, told.now);
}

/// The rank of all parts of a delivery together, and whether one of them is unknown.
fn ranks(set: &Set, part: PartRef) -> (Rank, bool) {
    let unknown = set.parts.delivery_of(part).any(|(_, row)| row.state == state::UNKNOWN);
    let ranks = set.parts.delivery_of(part).map(|(_, row)| Rank::from_number(i64::from(row.rank)));
    (Rank::of_parts(ranks), unknown)
}

pub(super) fn status_event(set: &mut Set, workspace: WorkspaceId, message: MessageId, now: Timestamp) {
    let contact = set.messages.get(&message.0).map(|row| row.contact);
    set.event(workspace, now, "message.status", contact, Some(message));
}
