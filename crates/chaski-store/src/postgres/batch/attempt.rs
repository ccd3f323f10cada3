//! One try of one part: begun before the call leaves, settled after it.

use super::flush::text;
use super::lane::{fail_message, is_cut_off, leave_queue};
use super::receive::{WEEK_MS, close_window, follow, learn, shut};
use super::set::{AttemptRow, Named, Set, failure_json, state};
use super::status::{Told, end_part, status_event};
use crate::error::StoreError;
use crate::fresh::FreshCall;
use crate::nodes::Fence;
use crate::outbox::{End, Head, Settle, Settled, Verdict, Work, body_of};
use chaski_model::address::{Address, AddressKind};
use chaski_model::{ErrorCode, Failure, MessageId, Rank, Timestamp, WorkspaceId};

const DAY_MS: i64 = 86_400_000;

pub(super) fn begin(
    set: &mut Set,
    h: Head,
    fresh: Option<&FreshCall>,
    fence: Fence,
    (now, call_by): (Timestamp, Timestamp),
) -> Result<Verdict, StoreError> {
    if set.fences.get(&i32::from(fence.slot)) != Some(&fence.number) {
        return Ok(Verdict::Fenced);
    }
    let Some(part) = set.parts.get(&h.part) else {
        return Ok(Verdict::Gone { next: leave_queue(set, &h, now) });
    };
    if part.state != state::QUEUED && part.state != state::RETRY {
        let next = if part.state == state::ENDED { leave_queue(set, &h, now) } else { None };
        return Ok(Verdict::Gone { next });
    }
    if part.expires_at <= now.0 {
        let failure = Failure::new(ErrorCode::Expired, "The message's time was up before it could be sent.");
        let told = Told { rank: Rank::Failed, at: now, provider_id: None, failure: Some(&failure), now };
        end_part(set, &h, &told);
        return Ok(Verdict::Expired { next: fail_message(set, &h, now) });
    }
    let attempt = part.attempts + 1;
    let work = work(set, &h, fresh, u16::try_from(attempt).unwrap_or(u16::MAX))?;
    if let Some(part) = set.parts.get_mut(&h.part) {
        part.state = state::BEGUN;
        part.attempts = attempt;
        part.begun_at = Some(now.0);
        part.call_by = Some(call_by.0);
        part.fence = fence.number;
    }
    Ok(Verdict::Began(Box::new(work)))
}

fn work(set: &Set, h: &Head, fresh: Option<&FreshCall>, attempt: u16) -> Result<Work, StoreError> {
    let lane = set.lanes.get(&h.lane.0).ok_or(StoreError::NotFound("lane"))?;
    let backoffs = u32::try_from(lane.backoffs).unwrap_or(0);
    if let Some(FreshCall { contact, body, to }) = fresh.cloned() {
        return Ok(Work { attempt, body: Ok(body), contact, to, backoffs });
    }
    let body = set.bodies.get(&h.part.message.0).ok_or(StoreError::NotFound("message"))?;
    let contact = body.contact;
    let body = body_of(&body.resolved, h.part);
    let mut known = set.reachable.get(&contact.0).cloned().unwrap_or_default();
    for ((_, kind, scope, value), row) in set.addresses.inserted() {
        if row.contact == contact {
            let kind = AddressKind::from_word(kind).unwrap_or(AddressKind::Native);
            known.push((row.learned_at, Address { kind, scope: scope.clone(), value: value.clone() }));
        }
    }
    known.sort_by_key(|(learned_at, _)| *learned_at);
    let mut to: Vec<Address> = known.into_iter().map(|(_, address)| address).collect();
    to.sort_by_key(|known| *known.value != *lane.address);
    if to.first().is_none_or(|first| *first.value != *lane.address) {
        let native = AddressKind::Native;
        to.insert(0, Address { kind: native, scope: h.channel.to_string(), value: lane.address.to_string() });
    }
    Ok(Work { attempt, body, contact, to, backoffs })
}

/// What receipts will call the part.
fn note_names(set: &mut Set, s: &Settle) {
    let h = &s.head;
    for name in &s.names {
        let key = (s.ended_at.0 / WEEK_MS, h.channel.0, text(name));
        if !set.provider_ids.has(&key) {
            set.provider_ids.put(key, Named { message: h.part.message.0, part: Some(h.part) });
        }
    }
}

pub(super) fn settle(set: &mut Set, s: &Settle) -> Settled {
    let settled = end(set, s);
    if s.follows && matches!(s.end, End::Sent { .. }) {
        follow(set, s.head.part, s.begun_at, false, s.ended_at);
    }
    settled
}

fn end(set: &mut Set, s: &Settle) -> Settled {
    let h = &s.head;
    note_names(set, s);
    let Some(part) = set.parts.get(&h.part) else { return Settled::default() };
    if part.state != state::BEGUN && part.state != state::UNKNOWN {
        return Settled::default();
    }
    let (rank, first_failed) = (Rank::from_number(i64::from(part.rank)), part.first_failed_at);
    let (is_unknown, newest) = (part.state == state::UNKNOWN, part.attempts);
    // The late end of an attempt that was taken for lost, after a person sent the part again: that it was
    // taken is true of the part, anything else only of that attempt. (0: a begin that nobody answered.)
    if s.attempt != 0 && i32::from(s.attempt) != newest && !matches!(s.end, End::Sent { .. }) {
        if !matches!(s.end, End::Unsent { .. }) {
            note_attempt(set, s);
        }
        return Settled::default();
    }
    if is_unknown && matches!(s.end, End::Unsent { .. } | End::Retry { .. }) {
        revive(set, h);
    }
    if let End::Unsent { at } = s.end {
        let given_back = give_back(set, h, at);
        return if is_cut_off(set, h.part) { cut_off(set, s) } else { given_back };
    }
    // A receipt that came first has told the outcome: what looks lost or refused was taken.
    let told_before = rank != Rank::Pending;
    // 0: the attempt that was lost stands there already.
    if s.attempt != 0 {
        note_attempt(set, s);
    }
    if let Some(contact) = set.messages.get(&h.part.message.0).map(|row| row.contact) {
        learn(set, h.workspace, contact, &s.learned, "reply", s.ended_at);
    }
    let ended =
        |rank, provider_id, failure| Told { rank, at: s.ended_at, provider_id, failure, now: s.ended_at };
    match &s.end {
        End::Sent { provider_id } => {
            end_part(set, h, &ended(Rank::Sent, Some(provider_id), None));
            if let Some(lane) = set.lanes.get_mut(&h.lane.0).filter(|lane| lane.backoffs > 0) {
                lane.backoffs = 0;
                lane.not_before = None;
            }
            Settled { again: None, next: leave_ended(set, h, rank, s.ended_at) }
        }
        End::Unknown { .. } | End::Retry { .. } | End::Failed { .. } if told_before => {
            end_part(set, h, &ended(rank, None, None));
            Settled { again: None, next: leave_ended(set, h, rank, s.ended_at) }
        }
        End::Failed { failure, closes_window, shuts } => {
            if *closes_window {
                close_window(set, h.lane, s.ended_at);
            }
            if *shuts {
                shut(set, h.lane, s.ended_at);
            }
            end_part(set, h, &ended(Rank::Failed, None, Some(failure)));
            Settled { again: None, next: fail_message(set, h, s.ended_at) }
        }
        End::Unknown { let_go_at, .. } => {
            set_part(set, h, state::UNKNOWN, first_failed);
            Settled { again: Some(hold_unknown(set, h, *let_go_at, s.ended_at)), next: None }
        }
        End::Retry { .. } if is_cut_off(set, h.part) => cut_off(set, s),
        End::Retry { .. } => retry(set, s, first_failed),
        End::Unsent { .. } => Settled::default(),
    }
}

/// An ended part leaves the queue; one that failed, as a receipt may have told before the answer came,
/// takes the later parts of its message with it.
fn leave_ended(set: &mut Set, h: &Head, rank: Rank, now: Timestamp) -> Option<Head> {
    if rank == Rank::Failed { fail_message(set, h, now) } else { leave_queue(set, h, now) }
}

/// It is not tried again: its message has failed meanwhile.
fn cut_off(set: &mut Set, s: &Settle) -> Settled {
    let now = s.ended_at;
    end_part(set, &s.head, &Told { rank: Rank::Failed, at: now, provider_id: None, failure: None, now });
    Settled { again: None, next: fail_message(set, &s.head, now) }
}

/// What was taken for lost turns out not to have been taken: the part is work again, beside its lane when
/// that has gone on.
fn revive(set: &mut Set, h: &Head) {
    let key = (h.channel.0, h.part);
    match set.queue.get_mut(&key) {
        Some(row) => row.held = false,
        None => {
            super::lane::enqueue(set, h);
            if let Some(row) = set.queue.get_mut(&key) {
                row.aside = true;
            }
        }
    }
    if let Some(message) = set.messages.get_mut(&h.part.message.0) {
        message.unknown = false;
    }
}

fn note_attempt(set: &mut Set, s: &Settle) {
    let (outcome, failure, next_at) = match &s.end {
        End::Sent { .. } => ("sent", None, None),
        End::Retry { outcome, failure, at, .. } => (*outcome, Some(failure), Some(at.0)),
        End::Failed { failure, .. } => ("fail", Some(failure), None),
        End::Unknown { failure, .. } => ("unknown", Some(failure), None),
        End::Unsent { .. } => ("not_sent", None, None),
    };
    let row = AttemptRow {
        workspace: s.head.workspace,
        begun_at: s.begun_at.0,
        ended_at: s.ended_at.0,
        outcome,
        http_status: s.http_status.map(i32::from),
        failure: failure.map(failure_json),
        next_at,
    };
    set.attempts.put((s.head.part, s.attempt), row);
}

/// The attempt never left: the part stands where it stood, and the attempt is not counted.
fn give_back(set: &mut Set, h: &Head, at: Timestamp) -> Settled {
    if let Some(part) = set.parts.get_mut(&h.part) {
        part.state = state::QUEUED;
        part.attempts = (part.attempts - 1).max(0);
        part.begun_at = None;
    }
    if let Some(row) = set.queue.get_mut(&(h.channel.0, h.part)) {
        row.due_at = at.0;
    }
    Settled { again: Some(Head { due_at: at, ..*h }), next: None }
}

fn set_part(set: &mut Set, h: &Head, to: i32, first_failed: Option<i64>) {
    if let Some(part) = set.parts.get_mut(&h.part) {
        part.state = to;
        part.begun_at = None;
        part.first_failed_at = first_failed;
    }
}

fn hold_unknown(set: &mut Set, h: &Head, let_go_at: Timestamp, now: Timestamp) -> Head {
    if let Some(row) = set.queue.get_mut(&(h.channel.0, h.part)) {
        row.held = true;
        row.due_at = let_go_at.0;
        row.keep_until = None;
    }
    if let Some(message) = set.messages.get_mut(&h.part.message.0) {
        message.unknown = true;
    }
    status_event(set, h.workspace, h.part.message, now);
    Head { held: true, due_at: let_go_at, keep_until: None, ..*h }
}

fn retry(set: &mut Set, s: &Settle, first_failed: Option<i64>) -> Settled {
    let End::Retry { at, keep_lane_ms, backoff, outcome, .. } = &s.end else { return Settled::default() };
    let h = &s.head;
    let first = first_failed.unwrap_or(s.ended_at.0);
    // A hold or a back-off is no failure of the part: its minute in the lane begins afresh.
    let counts = !*backoff && *outcome != "hold";
    set_part(set, h, state::RETRY, counts.then_some(first));
    if *backoff && let Some(lane) = set.lanes.get_mut(&h.lane.0) {
        lane.backoffs += 1;
        lane.not_before = Some(at.0);
    }
    let row = set.queue.get_mut(&(h.channel.0, h.part));
    let is_aside = row.as_ref().is_none_or(|row| row.aside);
    let keep = (!is_aside && !*backoff).then(|| Timestamp(first.saturating_add(*keep_lane_ms)));
    if let Some(row) = row {
        row.due_at = at.0;
        row.keep_until = keep.map(|at| at.0);
    }
    status_event(set, h.workspace, h.part.message, s.ended_at);
    Settled { again: Some(Head { due_at: *at, keep_until: keep, ..*h }), next: None }
}

/// An attempt found open whose maker is gone. Settled by it after all, or tried again: left alone.
pub(super) fn recover(set: &mut Set, s: &Settle, call_by_before: Timestamp) -> Option<Head> {
    let is_open = set.parts.get(&s.head.part).is_some_and(|part| {
        part.state == state::BEGUN
            && part.attempts == i32::from(s.attempt)
            && part.call_by.unwrap_or(0) < call_by_before.0
    });
    if is_open { settle(set, s).again } else { None }
}

pub(super) fn resolve(
    set: &mut Set,
    workspace: WorkspaceId,
    message: MessageId,
    resend: bool,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let unknown = set.parts.iter().find(|(part, row)| {
        part.message == message && row.workspace == workspace && row.state == state::UNKNOWN
    });
    let (part, row) = unknown.ok_or(StoreError::NotFound("message with an unknown outcome"))?;
    let h = Head {
        part: *part,
        workspace,
        channel: row.channel,
        lane: row.lane,
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
        let told = Told { rank: Rank::Failed, at: now, provider_id: None, failure: Some(&failure), now };
        end_part(set, &h, &told);
        return Ok(Settled { again: None, next: fail_message(set, &h, now) });
    }
    if set.messages.get(&message.0).is_some_and(|row| row.blanked) {
        return Err(StoreError::Conflict("Retention has removed what the message said; leave it.".into()));
    }
    let next = leave_queue(set, &h, now);
    if let Some(row) = set.parts.get_mut(&h.part) {
        row.state = state::QUEUED;
        row.expires_at = h.expires_at.0;
        row.first_failed_at = None;
    }
    if let Some(row) = set.messages.get_mut(&message.0) {
        row.unknown = false;
    }
    super::lane::enqueue(set, &h);
    if let Some(row) = set.queue.get_mut(&(h.channel.0, h.part)) {
        row.aside = true;
    }
    status_event(set, workspace, message, now);
    Ok(Settled { again: Some(h), next })
}
