//! Contacts that do not let us write to them: their messages are recorded as failed without asking the
//! provider, which with some kinds would say that all is well.

use super::Draft;
use crate::directory::ChannelEntry;
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::contacts::{Access, Lane};

/// Ends a message to a contact that has shut us out on this lane, as far as is known.
pub(super) fn stop_on_block(draft: &mut Draft, lane: &Lane, entry: &ChannelEntry, now: Timestamp) {
    if !lane.is_shut(now) || draft.refused.is_some() || draft.failed.is_some() {
        return;
    }
    let name = &entry.channel.name;
    draft.failed = Some(match lane.access {
        Access::Refused => Failure::new(
            ErrorCode::RecipientUnreachable,
            format!(
                "The provider said less than a day ago that the contact cannot be reached on \"{name}\". It can be written to again when it writes, or tomorrow; else use another channel."
            ),
        ),
        Access::Open | Access::Blocked => Failure::new(
            ErrorCode::RecipientRefused,
            format!(
                "The contact has blocked or left \"{name}\". Respect it; when it comes back or writes, messages go through again."
            ),
        ),
    });
}
