//! The free-text window: opened by the contact's last message, closed by time or by the provider's word.

use super::Draft;
use crate::directory::ChannelEntry;
use chaski_model::message::Content;
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::contacts::Contact;
use std::time::Duration;

/// Clocks differ: the window is taken as closed only this long after its end.
const WINDOW_GRACE: Duration = Duration::from_secs(5 * 60);

/// The free-text window, as known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Whether free text may be sent.
    pub open: bool,
    /// When it closes or closed.
    pub closes_at: Option<Timestamp>,
}

/// The window of a contact on a channel: its last message there opened it, unless the provider has
/// said since then that it is closed.
pub fn window_of(contact: &Contact, entry: &ChannelEntry, now: Timestamp) -> Option<Window> {
    let length = entry.channel.kind.capabilities()?.window?;
    let lanes: Vec<_> = contact.lanes.iter().filter(|lane| lane.channel == entry.channel.id).collect();
    let last_in = lanes.iter().filter_map(|lane| lane.last_in_at).max();
    let closed = lanes.iter().filter_map(|lane| lane.closed_at).max();
    let closes_at = last_in.map(|at| at + length);
    let said_closed = closed.is_some_and(|at| last_in.is_none_or(|last| at > last));
    Some(Window {
        open: closes_at.is_some_and(|at| at > now) && !said_closed,
        closes_at: if said_closed { closed } else { closes_at },
    })
}

/// Free text that is known to come too late is recorded as failed without asking the provider.
pub(super) fn close_on_window(
    draft: &mut Draft,
    contact: &Contact,
    window: Option<Window>,
    entry: &ChannelEntry,
    now: Timestamp,
) {
    let Some(Window { open: false, closes_at: Some(closed_at) }) = window else { return };
    let said_by_provider = contact.lanes.iter().any(|lane| lane.closed_at == Some(closed_at));
    if !said_by_provider && closed_at + WINDOW_GRACE > now {
        return;
    }
    if matches!(draft.content, Content::WhatsappTemplate(_))
        || draft.refused.is_some()
        || draft.failed.is_some()
    {
        return;
    }
    draft.failed = Some(
        Failure::new(
            ErrorCode::WindowClosed,
            format!("More than 24 hours have passed since the contact's last message on \"{}\"; send an approved template.", entry.channel.name),
        )
        .provider(131_047),
    );
}
