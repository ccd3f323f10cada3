//! The window of due work of one channel: what could begin, in which order, and when to look again.
//!
//! Plain data without a clock or a task, so that its rules can be read and tested by themselves.

use crate::pace::{Bucket, Pace};
use chaski_model::{LaneId, PartRef, Timestamp};
use chaski_store::outbox::Head;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

/// Heads that one channel keeps in memory; the rest is read back from the store in order.
pub(super) const WINDOW: usize = 20_000;
/// How many of them may be due later, so that what is due always finds room.
const LATER: usize = WINDOW / 2;
/// Later work that only the store holds is looked for at most this often.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How the classes high, normal and low share a channel.
const WEIGHTS: [u32; 3] = [16, 4, 1];
/// Lanes whose pair pace is remembered; full buckets are forgotten first.
const PAIRS: usize = 50_000;

/// What to do with the next head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Call the provider.
    Deliver(Head),
    /// It has kept its lane long enough.
    StepAside(Head),
    /// Nothing before this moment; `None` = nothing at all.
    Wait(Option<Timestamp>),
}

/// A head that is due later, ordered by when it must be looked at.
#[derive(Debug, PartialEq, Eq)]
struct Later(Timestamp, PartRef, Head);

impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// One channel's window.
pub(super) struct Window {
    ready: [VecDeque<Head>; 3],
    credits: [u32; 3],
    later: BinaryHeap<Reverse<Later>>,
    /// The newest word on each part; a head that differs from it is out of date and is dropped.
    known: HashMap<PartRef, Head>,
    /// The part that each lane has in flight.
    busy: HashMap<LaneId, PartRef>,
    /// The class of what came to wait in a lane while it was busy.
    urgent: HashMap<LaneId, u8>,
    /// The least urgent class that was ever here.
    least: u8,
    blocked: HashMap<LaneId, Vec<Head>>,
    pairs: HashMap<LaneId, Bucket>,
    /// (messages a second, burst) for one contact; a rate of 0 means none.
    pair_pace: (f64, f64),
    /// Since when this node serves the channel, when another one did before: what its contacts may have
    /// used up is not known.
    taken_over_at: Option<Timestamp>,
    pub(super) pace: Pace,
    pub(super) in_flight: usize,
    /// The store holds more that is due than the window.
    pub(super) overflowed: bool,
    /// When something may be due that only the store holds.
    later_at: Option<Timestamp>,
}

impl Window {
    pub(super) fn new(per_second: f64, pair_pace: (f64, f64), now: Timestamp) -> Self {
        Self {
            ready: Default::default(),
            credits: WEIGHTS,
            later: BinaryHeap::new(),
            known: HashMap::new(),
            busy: HashMap::new(),
            urgent: HashMap::new(),
            least: 0,
            blocked: HashMap::new(),
            pairs: HashMap::new(),
            pair_pace,
            taken_over_at: None,
            pace: Pace::new(per_second, now),
            in_flight: 0,
            overflowed: false,
            later_at: None,
        }
    }

    /// The same after another node has served the channel: nothing is saved up.
    pub(super) fn taken_over(self, now: Timestamp) -> Self {
        Self { taken_over_at: Some(now), pace: self.pace.emptied(), ..self }
    }

    /// The same in place of an earlier window: calls that are still out keep their lanes and their places.
    pub(super) fn in_place_of(self, before: Option<Self>) -> Self {
        match before {
            Some(Self { busy, in_flight, .. }) => Self { busy, in_flight, ..self },
            None => self,
        }
    }

    /// Another node serves the channel now: only what is in flight is seen to its end.
    pub(super) fn give_up(&mut self) {
        self.ready.iter_mut().for_each(VecDeque::clear);
        self.later.clear();
        self.known.clear();
        self.blocked.clear();
        self.urgent.clear();
        self.overflowed = false;
        self.later_at = None;
    }

    /// Whether another head would be kept.
    pub(super) fn has_room(&self) -> bool {
        !self.overflowed && self.known.len() < WINDOW
    }

    /// Adds work. What is known already, or does not fit, is left to the store. Once something was left
    /// there, so is what comes after it: it is read back in order.
    pub(super) fn add(&mut self, head: Head, now: Timestamp) {
        let known = self.known.get(&head.part);
        if known == Some(&head) || known.is_some_and(|known| self.is_only_raised(known, &head)) {
            return;
        }
        if known.is_none() && self.is_left_to_the_store(&head, now) {
            return;
        }
        self.least = self.least.max(head.class);
        self.known.insert(head.part, head);
        self.place(head, now);
    }

    /// Whether a part is in flight and only its class has changed: that matters when it comes again.
    fn is_only_raised(&self, known: &Head, head: &Head) -> bool {
        self.busy.get(&head.lane) == Some(&head.part) && *known == Head { class: known.class, ..*head }
    }

    /// More urgent messages wait in these lanes: what stands before them goes out as urgently.
    pub(super) fn raise(&mut self, lanes: &HashMap<LaneId, u8>, now: Timestamp) {
        for (lane, class) in lanes.iter().filter(|(lane, _)| self.busy.contains_key(lane)) {
            let known = self.urgent.entry(*lane).or_insert(*class);
            *known = (*class).min(*known);
        }
        if lanes.values().all(|class| *class >= self.least) {
            return;
        }
        let raised = |head: &Head| {
            let class = lanes.get(&head.lane).filter(|class| **class < head.class)?;
            (self.busy.get(&head.lane) != Some(&head.part)).then_some(Head { class: *class, ..*head })
        };
        let raised: Vec<Head> = self.known.values().filter_map(raised).collect();
        for head in raised {
            self.known.insert(head.part, head);
            self.place(head, now);
        }
    }

    fn is_left_to_the_store(&mut self, head: &Head, now: Timestamp) -> bool {
        if head.look_at() > now {
            let is_left = self.known.len() >= LATER;
            if is_left {
                self.read_at(head.look_at(), now);
            }
            return is_left;
        }
        self.overflowed |= self.known.len() >= WINDOW;
        self.overflowed
    }

    /// The store has work that is due then.
    pub(super) fn read_at(&mut self, at: Timestamp, now: Timestamp) {
        let at = at.max(now + LOOK_AGAIN);
        self.later_at = Some(self.later_at.map_or(at, |known| known.min(at)));
    }

    /// When something may be due that only the store holds.
    pub(super) fn later_at(&self) -> Option<Timestamp> {
        self.later_at
    }

    /// What was left to the store may be due by now.
    pub(super) fn look_for_later(&mut self, now: Timestamp) {
        if self.later_at.is_some_and(|at| at <= now) {
            self.later_at = None;
            self.overflowed = true;
        }
    }

    /// Takes what is due in the store; there may be `more` than was read.
    pub(super) fn refill(&mut self, heads: Vec<Head>, more: bool, now: Timestamp) {
        self.overflowed = false;
        heads.into_iter().for_each(|head| self.add(head, now));
        self.overflowed |= more;
    }

    /// Whether a part is here, waiting or in flight.
    pub(super) fn knows(&self, head: &Head) -> bool {
        self.known.contains_key(&head.part)
    }

    fn place(&mut self, head: Head, now: Timestamp) {
        if head.look_at() > now {
            self.later.push(Reverse(Later(head.look_at(), head.part, head)));
        } else {
            self.ready[usize::from(head.class.min(2))].push_back(head);
        }
    }

    /// Whether there is room to read more back from the store.
    pub(super) fn wants_more(&self) -> bool {
        self.overflowed && self.known.len() < WINDOW / 2
    }

    /// What to do now. The caller marks a delivered or stepped-aside head with [`Self::done`].
    pub(super) fn next(&mut self, now: Timestamp) -> Next {
        self.ripen(now);
        while let Some(class) = self.class() {
            let Some(head) = self.ready[class].pop_front() else { continue };
            if self.known.get(&head.part) != Some(&head) {
                continue;
            }
            if self.busy.contains_key(&head.lane) {
                self.blocked.entry(head.lane).or_default().push(head);
                continue;
            }
            // What has expired is not called, so that no pace holds it up.
            if head.expires_at <= now && !head.held {
                self.start(&head);
                return Next::Deliver(head);
            }
            if head.held || head.due_at > now {
                self.start(&head);
                return Next::StepAside(head);
            }
            if let Err(at) = self.pair(head.lane, now) {
                self.later.push(Reverse(Later(at.min(head.expires_at), head.part, head)));
                continue;
            }
            if let Err(at) = self.pace.take(now) {
                self.unpair(head.lane);
                self.ready[class].push_front(head);
                return Next::Wait(Some(at.min(head.expires_at)));
            }
            self.credits[class] = self.credits[class].saturating_sub(1);
            self.start(&head);
            return Next::Deliver(head);
        }
        Next::Wait(self.later.peek().map(|Reverse(Later(at, _, _))| *at))
    }

    /// What to do while the channel is held: only what has expired comes to its end.
    pub(super) fn next_expired(&mut self, now: Timestamp) -> Next {
        self.ripen(now);
        let mut look_at = self.later.peek().map(|Reverse(Later(at, _, _))| *at);
        for class in 0..self.ready.len() {
            while let Some(head) = self.ready[class].front().copied() {
                if self.known.get(&head.part) != Some(&head) {
                    self.ready[class].pop_front();
                } else if head.expires_at > now || head.held {
                    look_at = Some(look_at.map_or(head.expires_at, |at| at.min(head.expires_at)));
                    break;
                } else {
                    self.ready[class].pop_front();
                    if self.busy.contains_key(&head.lane) {
                        self.blocked.entry(head.lane).or_default().push(head);
                        continue;
                    }
                    self.start(&head);
                    return Next::Deliver(head);
                }
            }
        }
        Next::Wait(look_at.filter(|at| *at > now))
    }

    /// Moves what has become due to where it is taken from.
    fn ripen(&mut self, now: Timestamp) {
        while let Some(Reverse(Later(at, _, _))) = self.later.peek()
            && *at <= now
        {
            let Some(Reverse(Later(_, _, head))) = self.later.pop() else { break };
            self.ready[usize::from(head.class.min(2))].push_back(head);
        }
    }

    /// The class whose turn it is among those with work: weighted, never strictly.
    fn class(&mut self) -> Option<usize> {
        let waiting = |window: &Self, class: usize| !window.ready[class].is_empty();
        if let Some(class) = (0..3).find(|class| waiting(self, *class) && self.credits[*class] > 0) {
            return Some(class);
        }
        self.credits = WEIGHTS;
        (0..3).find(|class| waiting(self, *class))
    }

    fn start(&mut self, head: &Head) {
        self.busy.insert(head.lane, head.part);
        self.in_flight += 1;
    }

    fn pair(&mut self, lane: LaneId, now: Timestamp) -> Result<(), Timestamp> {
        let (rate, burst) = self.pair_pace;
        if rate <= 0.0 {
            return Ok(());
        }
        if self.pairs.len() >= PAIRS {
            self.pairs.retain(|_, bucket| !bucket.is_full(now));
        }
        let saved = self.taken_over_at.map_or(burst, |at| 1.0 + rate * now.since(at).as_secs_f64());
        let fresh = || Bucket::new(rate, burst, now).filled_to(saved);
        self.pairs.entry(lane).or_insert_with(fresh).take(now)
    }

    fn unpair(&mut self, lane: LaneId) {
        if let Some(bucket) = self.pairs.get_mut(&lane) {
            bucket.put_back();
        }
    }

    /// A head is no longer in flight; what was blocked by its lane can go on, and so can what the
    /// store named as the next work.
    pub(super) fn done(&mut self, head: &Head, again: Option<Head>, next: Option<Head>, now: Timestamp) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.busy.remove(&head.lane);
        if self.known.get(&head.part) == Some(head) {
            self.known.remove(&head.part);
        }
        for head in self.blocked.remove(&head.lane).unwrap_or_default() {
            self.place(head, now);
        }
        let urgent = self.urgent.remove(&head.lane).unwrap_or(u8::MAX);
        let again = again.map(|again| Head { class: again.class.min(urgent), ..again });
        for head in again.into_iter().chain(next) {
            self.add(head, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::{ChannelId, MessageId, WorkspaceId};
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn head(message: i64, lane: i64) -> Head {
        Head {
            part: PartRef { message: MessageId(message), delivery: 1, part: 1 },
            workspace: WorkspaceId(1),
            channel: ChannelId(1),
            lane: LaneId(lane),
            class: 1,
            due_at: NOW,
            keep_until: None,
            held: false,
            expires_at: NOW + Duration::from_secs(86_400),
        }
    }

    fn window() -> Window {
        Window::new(0.0, (0.0, 0.0), NOW)
    }

    #[test]
    fn one_call_is_in_flight_for_each_lane() {
        let mut w = window();
        w.add(head(1, 7), NOW);
        w.add(head(2, 7), NOW);
        w.add(head(3, 8), NOW);
        assert_eq!(w.next(NOW), Next::Deliver(head(1, 7)));
        assert_eq!(w.next(NOW), Next::Deliver(head(3, 8)));
        assert_eq!(w.next(NOW), Next::Wait(None));
        w.done(&head(1, 7), None, None, NOW);
        assert_eq!(w.next(NOW), Next::Deliver(head(2, 7)));
    }

    #[test]
    fn a_retry_steps_aside_when_its_lane_has_waited_long_enough() {
        let mut w = window();
        let keep = NOW + Duration::from_secs(60);
        let retry = Head { due_at: NOW + Duration::from_secs(300), keep_until: Some(keep), ..head(1, 7) };
        w.add(retry, NOW);
        assert_eq!(w.next(NOW), Next::Wait(Some(keep)));
        assert_eq!(w.next(keep), Next::StepAside(retry));
    }

    #[test]
    fn an_unknown_part_is_never_called_again() {
        let mut w = window();
        let held = Head { held: true, due_at: NOW + Duration::from_secs(30), ..head(1, 7) };
        w.add(held, NOW);
        assert_eq!(w.next(NOW + Duration::from_secs(31)), Next::StepAside(held));
    }

    #[test]
    fn a_part_that_is_sent_again_replaces_the_one_that_was_held() {
        let mut w = window();
        let held = Head { held: true, due_at: NOW + Duration::from_secs(30), ..head(1, 7) };
        w.add(held, NOW);
        w.add(head(1, 7), NOW);
        assert_eq!(w.next(NOW), Next::Deliver(head(1, 7)));
        w.done(&head(1, 7), None, None, NOW);
        assert_eq!(w.next(NOW + Duration::from_secs(31)), Next::Wait(None));
    }

    #[test]
    fn what_has_expired_ends_at_once_even_while_the_channel_is_held() {
        let mut w = Window::new(1.0, (1.0 / 6.0, 1.0), NOW);
        for n in 0..3 {
            w.add(head(n, 7), NOW);
        }
        let later = NOW + Duration::from_secs(86_400);
        assert_eq!(w.next_expired(NOW), Next::Wait(Some(later)));
        for n in 0..3 {
            assert_eq!(w.next_expired(later), Next::Deliver(head(n, 7)));
            w.done(&head(n, 7), None, None, later);
        }
    }

    #[test]
    fn a_held_part_lets_its_lane_go_even_when_its_time_is_up() {
        let mut w = window();
        let held = Head { held: true, expires_at: NOW, due_at: NOW + Duration::from_secs(30), ..head(1, 7) };
        w.add(held, NOW);
        assert_eq!(w.next(NOW), Next::Wait(Some(held.due_at)));
        assert_eq!(w.next(held.due_at), Next::StepAside(held));
    }

    #[test]
    fn low_priority_gets_its_share_and_no_more() {
        let mut w = window();
        for n in 0..100 {
            w.add(Head { class: 0, ..head(n, n) }, NOW);
            w.add(Head { class: 2, ..head(1000 + n, 1000 + n) }, NOW);
        }
        let first: Vec<_> = (0..34)
            .filter_map(|_| match w.next(NOW) {
                Next::Deliver(h) => Some(h.class),
                _ => None,
            })
            .collect();
        assert_eq!(first.iter().filter(|class| **class == 2).count(), 2);
    }

    #[test]
    fn one_contact_gets_a_burst_and_then_the_pair_pace() {
        let mut w = Window::new(0.0, (1.0 / 6.0, 3.0), NOW);
        let mut sent = 0;
        for n in 0..5 {
            w.add(head(n, 7), NOW);
        }
        while let Next::Deliver(h) = w.next(NOW) {
            sent += 1;
            w.done(&h, None, None, NOW);
        }
        assert_eq!(sent, 3);
        assert!(matches!(w.next(NOW + Duration::from_millis(6100)), Next::Deliver(_)));
    }

    #[test]
    fn beyond_the_window_work_is_left_to_the_store_and_asked_for_again() {
        let mut w = window();
        for n in 0..=i64::try_from(WINDOW).unwrap() {
            w.add(head(n, n), NOW);
        }
        assert!(w.overflowed && !w.wants_more());
        for _ in 0..=WINDOW / 2 {
            let Next::Deliver(h) = w.next(NOW) else { panic!("there is work") };
            w.done(&h, None, None, NOW);
        }
        assert!(w.wants_more());
    }

    #[test]
    fn what_is_due_later_leaves_room_for_what_is_due() {
        let mut w = window();
        let late = NOW + Duration::from_secs(600);
        for n in 0..20_000 {
            w.add(Head { due_at: late, ..head(n, n) }, NOW);
        }
        assert!(!w.overflowed, "nothing that is due was left to the store");
        assert_eq!(w.later_at(), Some(late), "the rest is read when it is due");
        w.add(head(30_000, 30_000), NOW);
        assert_eq!(w.next(NOW), Next::Deliver(head(30_000, 30_000)));
        w.look_for_later(late);
        assert!(w.overflowed && w.later_at().is_none());
    }

    #[test]
    fn new_work_does_not_take_the_place_of_what_was_left_to_the_store() {
        let mut w = window();
        for n in 0..30_000 {
            w.add(head(n, n), NOW);
        }
        let mut newest = 30_000;
        while !w.wants_more() && newest < 45_000 {
            let Next::Deliver(h) = w.next(NOW) else { panic!("there is work") };
            w.done(&h, None, None, NOW);
            w.add(head(newest, newest), NOW);
            newest += 1;
        }
        assert!(w.wants_more(), "the store is read in time");
        w.refill((20_000..30_000).map(|n| head(n, n)).collect(), false, NOW);
        assert!(w.knows(&head(29_999, 1)) && !w.overflowed);
    }

    #[test]
    fn what_stands_before_something_urgent_goes_out_as_urgently() {
        let mut w = window();
        let low = |n| Head { class: 2, ..head(n, n) };
        for n in 0..100 {
            w.add(low(n), NOW);
        }
        w.raise(&HashMap::from([(LaneId(70), 0)]), NOW);
        let raised = Head { class: 0, ..low(70) };
        assert_eq!(w.next(NOW), Next::Deliver(raised));
        w.done(&raised, None, None, NOW);
        let after: Vec<_> = std::iter::from_fn(|| match w.next(NOW) {
            Next::Deliver(h) => Some(h.lane.0),
            _ => None,
        })
        .collect();
        assert_eq!(after.len(), 99, "each once");
        assert!(!after.contains(&70));
    }

    #[test]
    fn a_part_in_flight_is_more_urgent_when_it_comes_again() {
        let mut w = window();
        let low = Head { class: 2, ..head(1, 7) };
        w.add(low, NOW);
        assert_eq!(w.next(NOW), Next::Deliver(low));
        w.raise(&HashMap::from([(LaneId(7), 0)]), NOW);
        w.add(Head { class: 0, ..low }, NOW);
        assert_eq!(w.next(NOW), Next::Wait(None));
        w.done(&low, Some(Head { keep_until: Some(NOW + Duration::from_secs(60)), ..low }), None, NOW);
        assert!(matches!(w.next(NOW), Next::Deliver(Head { class: 0, .. })));
    }
}
