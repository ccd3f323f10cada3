//! Which channel a message takes, and which of the contact's addresses.

use super::SendRequest;
use crate::directory::{ChannelEntry, Snapshot};
use chaski_model::address::{Address, AddressKind};
use chaski_model::message::Content;
use chaski_model::{ErrorCode, Failure, Timestamp, WorkspaceId};
use chaski_store::contacts::Contact;
use std::sync::Arc;

pub(super) fn choose_channel(
    snapshot: &Snapshot,
    workspace: WorkspaceId,
    contact: &Contact,
    request: &SendRequest,
    now: Timestamp,
) -> Result<(Arc<ChannelEntry>, &'static str), Failure> {
    if let Some(id) = request.channel {
        let entry = snapshot.channel(workspace, id).ok_or_else(|| {
            Failure::new(
                ErrorCode::ChannelNotFound,
                format!("There is no channel {id} in this workspace; GET /v2/space/channel lists them."),
            )
        })?;
        if !carries(entry, &request.content) {
            return Err(cannot_carry(entry, &request.content));
        }
        return Ok((Arc::clone(entry), "given"));
    }
    if matches!(request.content, Content::CustomPayload { .. }) {
        return Err(Failure::new(ErrorCode::ChannelCannotCarry, "`custom_payload` needs `channelId`.").at(
            "message",
            None,
            "/channelId",
        ));
    }
    let mut fitting = contact
        .lanes
        .iter()
        .filter(|lane| lane.last_id.is_some())
        .filter_map(|lane| Some((lane, snapshot.channel(workspace, lane.channel)?)))
        .filter(|(_, entry)| carries(entry, &request.content));
    // A channel on which the contact has blocked us is only taken when there is no other.
    let first = fitting.clone().next();
    let last = fitting.find(|(lane, _)| !lane.is_shut(now)).or(first).map(|(_, entry)| entry);
    last.map(|entry| (Arc::clone(entry), "last_interacted")).ok_or_else(|| {
        let word = request.content.word();
        let message =
            format!("The contact has used no channel yet that can carry `{word}`; give `channelId`.");
        Failure::new(ErrorCode::NoChannel, message).at("message", None, "/channelId")
    })
}

fn carries(entry: &ChannelEntry, content: &Content) -> bool {
    let capabilities = entry.channel.kind.capabilities();
    entry.adapter.is_some() && capabilities.is_some_and(|c| c.content.contains(&content.word()))
}

pub(super) fn cannot_carry(entry: &ChannelEntry, content: &Content) -> Failure {
    let message = format!(
        "The channel \"{}\" ({}) cannot carry `{}`; choose another channel or another message type.",
        entry.channel.name,
        entry.channel.kind.title(),
        content.word()
    );
    Failure::new(ErrorCode::ChannelCannotCarry, message).at("message", None, "/channelId")
}

/// The contact's addresses that the channel can use, the lane's first.
pub(super) fn addresses_on(contact: &Contact, entry: &ChannelEntry) -> Vec<Address> {
    let is_here = |address: &Address| {
        address.kind != AddressKind::Native || address.scope == entry.channel.id.to_string()
    };
    let fits = |address: &Address| entry.channel.kind.writes_to(address.kind) && is_here(address);
    let mut found: Vec<Address> =
        contact.addresses.iter().map(|known| &known.address).filter(|a| fits(a)).cloned().collect();
    found.sort_by_key(|address| address.kind);
    let lane = contact.lanes.iter().find(|lane| lane.channel == entry.channel.id);
    if let Some(lane) = lane {
        found.sort_by_key(|address| address.value != lane.address);
    }
    found
}
