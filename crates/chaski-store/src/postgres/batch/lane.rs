//! How a lane moves on: its head in the queue, what waits behind it, what stepped aside.

use super::set::{QueueRow, Set, state};
use crate::outbox::{Head, Settled};
use chaski_model::{ChannelId, LaneId, PartRef, Rank, Timestamp};

pub(super) fn enqueue(set: &mut Set, h: &Head) {
    let row = QueueRow {
        workspace: h.workspace,
        lane: h.lane,
        class: i32::from(h.class),
        due_at: h.due_at.0,
        keep_until: None,
        aside: false,
        held: false,
        expires_at: h.expires_at.0,
    };
    set.queue.put((h.channel.0, h.part), row);
}

/// Takes a part out of the queue; if it headed its lane, the next one of the lane takes its place.
pub(super) fn leave_queue(set: &mut Set, h: &Head, now: Timestamp) -> Option<Head> {
    match set.queue.take(&(h.channel.0, h.part)) {
        Some(row) if !row.aside => next_of_lane(set, h.lane, now),
        _ => None,
    }
}

/// Moves the lane's next waiting part to its head, or marks the lane idle.
fn next_of_lane(set: &mut Set, lane: LaneId, now: Timestamp) -> Option<Head> {
    let mut first = None;
    // A lane runs at the highest class waiting in it: priority never crosses one contact's order.
    let mut class = set.more_waiting.get(&lane.0).copied();
    for (key, row) in set.waiting.range_of(lane.0) {
        first.get_or_insert(*key);
        class = Some(class.map_or(row.class, |class| class.min(row.class)));
    }
    let Some(key) = first else {
        set.fell_short |= set.more_waiting.contains_key(&lane.0);
        if let Some(row) = set.lanes.get_mut(&lane.0) {
            row.busy = false;
        }
        return None;
    };
    let row = set.waiting.take(&key)?;
    let not_before = set.lanes.get(&lane.0).and_then(|lane| lane.not_before).unwrap_or(now.0);
    let next = Head {
        part: row.part,
        workspace: row.workspace,
        channel: row.channel,
        lane,
        class: class.and_then(|class| u8::try_from(class).ok()).unwrap_or(1),
        due_at: now.max(Timestamp(not_before)),
        keep_until: None,
        held: false,
        expires_at: Timestamp(row.expires_at),
    };
    enqueue(set, &next);
    match set.parts.get_mut(&next.part) {
        Some(part) => part.state = state::QUEUED,
        None => set.to_queue.push(next.part),
    }
    Some(next)
}

/// A part failed for good: the later parts of its message are not sent.
pub(super) fn fail_message(set: &mut Set, h: &Head, now: Timestamp) -> Option<Head> {
    // Only one of them heads the lane: a later part does when this one has stepped aside.
    let next = end_rest(set, h.part, now);
    leave_queue(set, h, now).or(next)
}

/// Ends what follows a part in its message and has not been begun; if that headed the lane, the lane's next.
pub(super) fn end_rest(set: &mut Set, part: PartRef, now: Timestamp) -> Option<Head> {
    let not_begun = [state::WAITING, state::QUEUED, state::RETRY];
    let later: Vec<PartRef> = set
        .parts
        .delivery_of(part)
        .filter(|(later, row)| later.part > part.part && not_begun.contains(&row.state))
        .map(|(part, _)| *part)
        .collect();
    let mut headless = None;
    for part in later {
        let Some(row) = set.parts.get_mut(&part) else { continue };
        let was = std::mem::replace(&mut row.state, state::ENDED);
        row.rank = row.rank.max(Rank::Failed as i32);
        let (channel, lane, seq) = (row.channel, row.lane, row.lane_seq);
        if was == state::WAITING {
            let is_gone = set.waiting.take(&(lane.0, seq)).is_some();
            set.fell_short |= !is_gone && set.more_waiting.contains_key(&lane.0);
        } else if set.queue.take(&(channel.0, part)).is_some_and(|row| !row.aside) {
            headless = Some(lane);
        }
    }
    next_of_lane(set, headless?, now)
}

/// Whether a part was cut off while it was in flight: an earlier one of its message has failed.
pub(super) fn is_cut_off(set: &Set, part: PartRef) -> bool {
    set.parts
        .delivery_of(part)
        .any(|(earlier, row)| earlier.part < part.part && row.rank == Rank::Failed as i32)
}

pub(super) fn step_aside(set: &mut Set, h: Head, now: Timestamp) -> Settled {
    let Some(row) = set.queue.get_mut(&(h.channel.0, h.part)) else { return Settled::default() };
    if h.held {
        // A person may have sent it again meanwhile: then it is not held any more, and stays.
        return match row.held {
            true => Settled { again: None, next: leave_queue(set, &h, now) },
            false => Settled::default(),
        };
    }
    if row.aside {
        return Settled::default();
    }
    row.aside = true;
    row.keep_until = None;
    let again = Head { due_at: Timestamp(row.due_at), keep_until: None, ..h };
    Settled { again: Some(again), next: next_of_lane(set, h.lane, now) }
}

/// A part's place in the queue.
pub(super) fn head_of(set: &Set, channel: ChannelId, part: PartRef) -> Option<Head> {
    let row = set.queue.get(&(channel.0, part))?;
    Some(Head {
        part,
        workspace: row.workspace,
        channel,
        lane: row.lane,
        class: u8::try_from(row.class).unwrap_or(1),
        due_at: Timestamp(row.due_at),
        keep_until: row.keep_until.map(Timestamp),
        held: row.held,
        expires_at: Timestamp(row.expires_at),
    })
}
