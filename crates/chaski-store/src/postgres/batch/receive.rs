//! Receipts, inbound messages, and addresses that they tell.

use super::accept::{chain, lane_of};
use super::lane::{end_rest, fail_message, head_of, leave_queue};
use super::set::{
    AddressKey, AddressRow, ContactRow, LaneRow, Named, NewContact, NewMessage, ReceiptRow, Set,
    failure_json, state,
};
use super::status::{Told, end_part, raise_message};
use crate::contacts::Access;
use crate::error::StoreError;
use crate::outbox::Head;
use crate::receive::{InboundIn, InboundVerdict, ReceiptIn, ReceiptVerdict};
use chaski_model::address::{Address, AddressKind, E164};
use chaski_model::{ContactId, LaneId, PartRef, Rank, ReceiptKind, Timestamp, WorkspaceId};

pub(crate) const WEEK_MS: i64 = 7 * 86_400_000;

pub(super) fn address_key(workspace: WorkspaceId, address: &Address) -> AddressKey {
    (workspace.0, address.kind.word(), address.scope.clone(), address.value.clone())
}

/// The contact that has one of these addresses; the best address first.
pub(super) fn find_by_addresses(
    set: &Set,
    workspace: WorkspaceId,
    addresses: &[Address],
) -> Option<ContactId> {
    let mut found = addresses.iter().filter_map(|a| set.addresses.get(&address_key(workspace, a)));
    found.next().map(|row| row.contact)
}

/// Adds addresses to a contact; one that belongs to another contact stays there.
pub(super) fn learn(
    set: &mut Set,
    workspace: WorkspaceId,
    contact: ContactId,
    addresses: &[Address],
    from: &'static str,
    now: Timestamp,
) {
    for address in addresses {
        let key = address_key(workspace, address);
        if !set.addresses.has(&key) {
            set.touch(contact);
            set.addresses.put(key, AddressRow { contact, learned_at: now.0, from });
        }
    }
}

pub(super) fn receipt(set: &mut Set, r: &ReceiptIn) -> ReceiptVerdict {
    let of_channel = set.parts.get(&r.part).filter(|p| p.workspace == r.workspace && p.channel == r.channel);
    let Some(part) = of_channel else { return ReceiptVerdict::Unmatched };
    let (current, lane) = (part.state, part.lane);
    let key = (r.part, r.kind as i32, r.provider_at.0);
    if set.receipts.has(&key) {
        return ReceiptVerdict::Duplicate;
    }
    let row = ReceiptRow {
        workspace: r.workspace,
        received_at: r.received_at.0,
        failure: r.failure.as_ref().map(failure_json),
    };
    set.receipts.put(key, row);
    if r.closes_window {
        close_window(set, lane, r.received_at);
    }
    if let Some(contact) = find_by_addresses(set, r.workspace, &r.learned) {
        learn(set, r.workspace, contact, &r.learned, "receipt", r.received_at);
    }
    let told = Told {
        rank: r.kind.rank(),
        at: r.provider_at,
        provider_id: Some(&r.provider_id),
        failure: r.failure.as_ref(),
        now: r.received_at,
    };
    let next = match current {
        // The report ends what nobody knew, and what was to be tried again although it was taken.
        state::UNKNOWN | state::RETRY => end_by_receipt(set, r, lane, &told),
        // So does one that comes after a person has chosen to send it again, while that still waits.
        state::QUEUED if r.kind != ReceiptKind::Failed => end_by_receipt(set, r, lane, &told),
        _ => raise_by_receipt(set, r, &told),
    };
    if r.follows && r.kind == ReceiptKind::Sent {
        follow(set, r.part, r.provider_at, true, r.received_at);
    }
    ReceiptVerdict::Applied { next }
}

/// A part was sent then: whatever was reported beyond that moment before holds for it.
pub(super) fn follow(set: &mut Set, part: PartRef, at: Timestamp, by_provider: bool, now: Timestamp) {
    let Some(row) = set.parts.get_mut(&part) else { return };
    let at = if by_provider { at.0 } else { row.followed_at.unwrap_or(at.0) };
    row.followed_at = Some(at);
    let rank = Rank::from_number(i64::from(row.rank));
    if row.state != state::ENDED || !matches!(rank, Rank::Sent | Rank::Delivered) {
        return;
    }
    let (workspace, channel) = (row.workspace, row.channel);
    let provider_id = row.provider_id.clone().unwrap_or_default();
    let (delivered, read) = set.lanes.get(&row.lane.0).map(|lane| lane.reported).unwrap_or_default();
    for (kind, up_to) in [(ReceiptKind::Delivered, delivered), (ReceiptKind::Read, read)] {
        let Some(up_to) = up_to.filter(|up_to| *up_to >= at && rank < kind.rank()) else { continue };
        let told = ReceiptIn {
            part,
            workspace,
            channel,
            kind,
            provider_at: Timestamp(up_to),
            received_at: now,
            provider_id: provider_id.clone(),
            failure: None,
            learned: Vec::new(),
            closes_window: false,
            follows: false,
        };
        receipt(set, &told);
    }
}

/// The provider said that the contact's window on a lane is closed.
pub(super) fn close_window(set: &mut Set, lane: LaneId, at: Timestamp) {
    if let Some(row) = set.lanes.get_mut(&lane.0) {
        row.closed_at = Some(at.0);
        let contact = row.contact;
        set.touch(contact);
    }
}

/// The provider said that the contact cannot be written to on a lane. The contact's own word stands.
pub(super) fn shut(set: &mut Set, lane: LaneId, at: Timestamp) {
    let open = |row: &&mut LaneRow| row.access != Access::Blocked.number();
    if let Some(row) = set.lanes.get_mut(&lane.0).filter(open) {
        row.access = Access::Refused.number();
        row.access_at = Some(at.0);
        let contact = row.contact;
        set.touch(contact);
    }
}

fn raise_by_receipt(set: &mut Set, r: &ReceiptIn, told: &Told<'_>) -> Option<Head> {
    let part = set.parts.get_mut(&r.part)?;
    part.rank = part.rank.max(told.rank as i32);
    part.provider_id.get_or_insert_with(|| r.provider_id.clone());
    // What was taken, or is being taken just now, has failed after all.
    let was_called = [state::BEGUN, state::ENDED].contains(&part.state);
    let has_failed = r.kind == ReceiptKind::Failed && part.rank == Rank::Failed as i32;
    raise_message(set, r.workspace, r.part, told);
    if was_called && has_failed { end_rest(set, r.part, r.received_at) } else { None }
}

fn end_by_receipt(set: &mut Set, r: &ReceiptIn, lane: LaneId, told: &Told<'_>) -> Option<Head> {
    let h = head_of(set, r.channel, r.part).unwrap_or(Head {
        part: r.part,
        workspace: r.workspace,
        channel: r.channel,
        lane,
        class: 1,
        due_at: r.received_at,
        keep_until: None,
        held: false,
        expires_at: r.received_at,
    });
    end_part(set, &h, told);
    // A part that failed takes the later parts of its message with it.
    match r.kind {
        ReceiptKind::Failed => fail_message(set, &h, r.received_at),
        _ => leave_queue(set, &h, r.received_at),
    }
}

/// `command` is the place of the message in the batch, where its texts are taken from.
pub(super) fn inbound(set: &mut Set, m: &InboundIn, command: usize) -> Result<InboundVerdict, StoreError> {
    let week = m.received_at.0 / WEEK_MS;
    let is_known = [week, week - 1]
        .iter()
        .any(|week| set.provider_ids.has(&(*week, m.channel.0, m.provider_id.clone())));
    if is_known {
        return Ok(InboundVerdict::Duplicate);
    }
    let contact = match find_by_addresses(set, m.workspace, &m.from) {
        Some(contact) => contact,
        None => contact_of_sender(set, m)?,
    };
    let address = m.from.first().map_or("", |address| address.value.as_str());
    let lane = lane_of(set, m.workspace, m.channel, contact, address)?;
    set.provider_ids.put((week, m.channel.0, m.provider_id.clone()), Named { message: m.id.0, part: None });
    learn(set, m.workspace, contact, &m.from, "inbound", m.received_at);
    if let Some(row) = set.lanes.get_mut(&lane.0) {
        // The window of the address that the contact wrote from opens.
        row.last_in_at = row.last_in_at.max(Some(m.at.0));
        row.last_id = row.last_id.max(Some(m.id.0));
        row.last_at = row.last_at.max(Some(m.at.0));
        row.closed_at = None;
        if row.access != Access::Blocked.number() || row.access_at <= Some(m.at.0) {
            row.access = Access::Open.number();
        }
    }
    set.touch(contact);
    let prev = chain(set, contact, lane, m.id.0);
    set.new_messages.push(NewMessage {
        id: m.id,
        workspace: m.workspace,
        contact,
        channel: m.channel,
        lane,
        outbound: false,
        parts: 0,
        prev,
        created_at: m.at.0,
        command,
        rank: Rank::Delivered as i32,
        failed_at: None,
        provider_id: Some(m.provider_id.clone()),
        error: None,
    });
    set.event(m.workspace, m.received_at, "message.received", Some(contact), Some(m.id));
    Ok(InboundVerdict::Stored { contact })
}

fn contact_of_sender(set: &mut Set, m: &InboundIn) -> Result<ContactId, StoreError> {
    let id = set.spare_contacts.pop().ok_or_else(|| StoreError::Fault("no number for a contact".into()))?;
    let phone = m.from.iter().find(|address| address.kind == AddressKind::Phone);
    let made = NewContact {
        workspace: m.workspace,
        first_name: m.profile_name.clone().unwrap_or_default(),
        country: phone
            .and_then(|address| E164::from_digits(&address.value))
            .and_then(|number| number.country()),
        at: m.received_at.0,
    };
    set.contacts.put(id, ContactRow { made: Some(made), ..ContactRow::default() });
    set.event(m.workspace, m.received_at, "contact.created", Some(ContactId(id)), None);
    Ok(ContactId(id))
}
