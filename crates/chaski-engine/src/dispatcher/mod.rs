//! The dispatcher: takes what is due, fairly among channels, in order within a lane, at each
//! channel's pace, and sees every attempt to its end.
//!
//! One task holds a window of work for each channel; the store holds the rest. It sleeps until
//! something arrives, ends, or is due.

mod deliver;
#[cfg(test)]
mod tests;
mod window;

use crate::clock::machine_now;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use chaski_model::{ChannelId, IdSource, LaneId, MessageId, Timestamp};
use chaski_store::StoreError;
use chaski_store::outbox::{Head, Settled};
pub(crate) use deliver::repeat;
use deliver::{Done, Signal, deliver, step_aside};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use window::{Next, WINDOW, Window};

/// How long an unknown outcome keeps its lane.
pub const UNKNOWN_KEEPS_LANE: Duration = Duration::from_secs(30);

/// Calls in flight altogether, and for one channel.
const IN_FLIGHT: usize = 512;
const IN_FLIGHT_CHANNEL: usize = 128;
/// Calls that one channel may begin before the next has its turn.
const QUANTUM: usize = 8;
/// When to try again to read work back that could not be read.
const READ_AGAIN: Duration = Duration::from_millis(500);
/// How long work may be due, and known to nobody, before it counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(120);
/// How far back new messages of other nodes are looked for: longer than a commit can take.
const NEWEST: Duration = Duration::from_secs(60);
/// Heads on their way from commits to the dispatcher.
const ARRIVALS: usize = 16_384;

/// What a commit tells the dispatcher.
enum Arrival {
    /// Work that can begin.
    Head(Head),
    /// A message of this class waits in the lane.
    Behind(ChannelId, LaneId, u8),
}

/// Where commits hand over the work that they made possible.
pub struct Offers {
    arrivals: mpsc::Sender<Arrival>,
    overflowed: Arc<AtomicBool>,
    reread: Arc<AtomicBool>,
    changed: Arc<Notify>,
    look: Arc<Look>,
}

/// Another node may have queued work.
#[derive(Default)]
struct Look {
    wake: Notify,
    whole: AtomicBool,
}

/// The dispatcher's end of it.
pub struct Arrivals {
    arrivals: mpsc::Receiver<Arrival>,
    overflowed: Arc<AtomicBool>,
    reread: Arc<AtomicBool>,
    changed: Arc<Notify>,
    look: Arc<Look>,
}

impl Offers {
    pub(crate) fn channel() -> (Self, Arrivals) {
        let (sender, receiver) = mpsc::channel(ARRIVALS);
        let overflowed = Arc::new(AtomicBool::new(false));
        let reread = Arc::new(AtomicBool::new(false));
        let changed = Arc::new(Notify::new());
        let look = Arc::new(Look::default());
        let arrivals = Arrivals {
            arrivals: receiver,
            overflowed: Arc::clone(&overflowed),
            reread: Arc::clone(&reread),
            changed: Arc::clone(&changed),
            look: Arc::clone(&look),
        };
        (Self { arrivals: sender, overflowed, reread, changed, look }, arrivals)
    }

    /// Hands work over. What does not fit is in the store and is read from there.
    pub(crate) fn offer(&self, head: Head) {
        self.send(Arrival::Head(head));
    }

    /// A message of a class waits in a lane: what heads it is as urgent.
    pub(crate) fn wait_behind(&self, channel: ChannelId, lane: LaneId, class: u8) {
        self.send(Arrival::Behind(channel, lane, class));
    }

    fn send(&self, arrival: Arrival) {
        if self.arrivals.try_send(arrival).is_err() {
            self.overflowed.store(true, Ordering::Relaxed);
        }
    }

    /// A step may have made work possible without saying which: it is read from the store.
    pub(crate) fn unsure(&self) {
        self.overflowed.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Windows that claim to hold all work are held against the store.
    pub(crate) fn reread(&self) {
        self.reread.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// Another node may have queued work for a channel of ours: new messages, or with `whole` any.
    pub(crate) fn look(&self, whole: bool) {
        if whole {
            self.look.whole.store(true, Ordering::Relaxed);
        }
        self.look.wake.notify_one();
    }

    /// Channels were added, held or resumed; or slots came or went.
    pub(crate) fn changed(&self) {
        self.changed.notify_one();
    }
}

struct Dispatcher {
    engine: Arc<Engine>,
    windows: BTreeMap<ChannelId, Window>,
    /// The fence of each channel that this node serves.
    fences: BTreeMap<ChannelId, i64>,
    in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Whose turn it is.
    turn: usize,
}

/// Runs until the engine stops, then settles what is in flight.
pub(crate) async fn run(engine: Arc<Engine>, mut arrivals: Arrivals) {
    let stop = engine.stopping();
    let mut dispatcher = Dispatcher::new(Arc::clone(&engine));
    dispatcher.channels_changed();
    loop {
        dispatcher.read_back(&arrivals.overflowed).await;
        if arrivals.reread.swap(false, Ordering::Relaxed) {
            dispatcher.find_lost_work().await;
        }
        let wake = dispatcher.start_what_can();
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(done) = dispatcher.in_flight.next(), if !dispatcher.in_flight.is_empty() => dispatcher.finished(&done),
            Some(first) = arrivals.arrivals.recv() => {
                let more = std::iter::from_fn(|| arrivals.arrivals.try_recv().ok());
                dispatcher.arrived(std::iter::once(first).chain(more));
            }
            () = arrivals.changed.notified() => dispatcher.channels_changed(),
            () = arrivals.look.wake.notified() => {
                let whole = arrivals.look.whole.swap(false, Ordering::Relaxed);
                dispatcher.look(whole).await;
            }
            () = engine.clock.sleep_until(wake.unwrap_or(Timestamp(i64::MAX))) => {}
        }
    }
    while let Some(done) = dispatcher.in_flight.next().await {
        dispatcher.finished(&done);
    }
}

impl Dispatcher {
    fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            windows: BTreeMap::new(),
            fences: BTreeMap::new(),
            in_flight: FuturesUnordered::new(),
            turn: 0,
        }
    }

    fn arrived(&mut self, arrivals: impl Iterator<Item = Arrival>) {
        let now = self.engine.clock.now();
        let mut urgent: BTreeMap<ChannelId, HashMap<LaneId, u8>> = BTreeMap::new();
        for arrival in arrivals {
            match arrival {
                Arrival::Head(head) => {
                    self.served(head.channel).into_iter().for_each(|window| window.add(head, now));
                }
                Arrival::Behind(channel, lane, class) => {
                    let known = urgent.entry(channel).or_default().entry(lane).or_insert(class);
                    *known = class.min(*known);
                }
            }
        }
        for (channel, lanes) in urgent {
            self.served(channel).into_iter().for_each(|window| window.raise(&lanes, now));
        }
    }

    /// The window of a channel that this node serves.
    fn served(&mut self, channel: ChannelId) -> Option<&mut Window> {
        self.windows.get_mut(&channel).filter(|_| self.fences.contains_key(&channel))
    }

    /// Channels that this node begins to serve get a window that is filled from the store; those that it
    /// serves no more lose theirs.
    fn channels_changed(&mut self) {
        let now = self.engine.clock.now();
        let shared = self.engine.store.is_shared();
        for (id, entry) in &self.engine.snapshot().channels {
            let held = self.engine.ownership.holds(entry.channel.account);
            let before = self.fences.get(id).copied();
            match held {
                Some(number) if before != Some(number) => {
                    self.fences.insert(*id, number);
                    let window = window_of(entry, now);
                    let window = if shared { window.taken_over(now) } else { window };
                    let before = self.windows.remove(id);
                    self.windows.insert(*id, window.in_place_of(before));
                }
                Some(_) if !shared => continue,
                Some(_) => {}
                None => {
                    self.fences.remove(id);
                    self.windows.get_mut(id).into_iter().for_each(Window::give_up);
                    continue;
                }
            }
            if let Some(window) = self.windows.get_mut(id) {
                window.overflowed = true;
            }
        }
    }

    /// Looks for work that another node has queued: the newest, or all that there is room for.
    async fn look(&mut self, whole: bool) {
        let roomy = self.windows.iter().filter(|(id, w)| self.fences.contains_key(id) && w.has_room());
        let channels: Vec<ChannelId> = roomy.map(|(id, _)| *id).collect();
        if channels.is_empty() {
            return;
        }
        let after = if whole { 0 } else { IdSource::at((machine_now() - NEWEST).0) };
        let now = self.engine.clock.now();
        match self.engine.store.due_among(channels.clone(), MessageId(after), Some(now), WINDOW).await {
            Ok(heads) => {
                if heads.len() >= WINDOW {
                    // There is more than one look brings: each window reads its own.
                    for id in channels {
                        self.windows.get_mut(&id).into_iter().for_each(|window| window.overflowed = true);
                    }
                }
                for head in heads {
                    if let Some(window) = self.windows.get_mut(&head.channel) {
                        window.add(head, now);
                    }
                }
            }
            Err(cause) => tracing::debug!(%cause, "work of other nodes cannot be looked for"),
        }
    }

    /// Reads back what the windows have room for: only what is due, so that what is to be tried again much
    /// later does not stand before it.
    async fn read_back(&mut self, lost_arrivals: &AtomicBool) {
        let now = self.engine.clock.now();
        self.windows.values_mut().for_each(|window| window.look_for_later(now));
        if lost_arrivals.swap(false, Ordering::Relaxed) {
            self.windows.values_mut().for_each(|window| window.overflowed = true);
        }
        let wanting: Vec<ChannelId> = self
            .windows
            .iter()
            .filter(|(id, w)| w.wants_more() && self.fences.contains_key(id))
            .map(|(id, _)| *id)
            .collect();
        for id in wanting {
            match due_in_store(&self.engine, id, now).await {
                Ok((heads, next)) => {
                    let Some(window) = self.windows.get_mut(&id) else { continue };
                    let more = heads.len() >= WINDOW;
                    window.refill(heads, more, now);
                    next.into_iter().for_each(|at| window.read_at(at, now));
                }
                Err(cause) => {
                    tracing::warn!(channel.id = id.0, %cause, "queued work cannot be read");
                }
            }
        }
    }

    /// A watchdog: work that is long due and that a window, although it has room, does not know. Only of the
    /// channels that this node serves: the others' work is none of its own.
    async fn find_lost_work(&mut self) {
        let served = self.windows.iter().filter(|(id, _)| self.fences.contains_key(id));
        let complete: Vec<ChannelId> = served.filter(|(_, w)| !w.overflowed).map(|(id, _)| *id).collect();
        for id in complete {
            let now = self.engine.clock.now();
            let Ok(heads) = self.engine.store.due(id, Some(now), WINDOW).await else { continue };
            let Some(window) = self.windows.get_mut(&id) else { continue };
            let lost: Vec<Head> = heads
                .into_iter()
                .filter(|head| head.due_at + LOST_AFTER < now && !window.knows(head))
                .collect();
            if !lost.is_empty() {
                tracing::error!(
                    channel.id = id.0,
                    parts = lost.len(),
                    "work was due and had been lost sight of"
                );
                crate::watch::found("lost_work", lost.len() as u64);
            }
            lost.into_iter().for_each(|head| window.add(head, now));
        }
    }

    /// Begins what may begin, channel by channel; returns when to look again.
    fn start_what_can(&mut self) -> Option<Timestamp> {
        let now = self.engine.clock.now();
        let snapshot = self.engine.snapshot();
        let ids: Vec<ChannelId> = self.windows.keys().copied().collect();
        let mut waits: BTreeMap<ChannelId, Option<Timestamp>> = BTreeMap::new();
        while waits.len() < ids.len() && self.in_flight.len() < IN_FLIGHT {
            self.turn = (self.turn + 1) % ids.len();
            let id = ids[self.turn];
            if waits.contains_key(&id) {
                continue;
            }
            match snapshot.channels.get(&id) {
                None => {
                    waits.insert(id, None);
                }
                Some(entry) => {
                    if let Some(wait) = self.quantum(entry, now) {
                        waits.insert(id, wait);
                    }
                }
            }
        }
        let read_again = self.windows.values().any(Window::wants_more).then(|| now + READ_AGAIN);
        let later = self.windows.values().filter_map(Window::later_at);
        waits.into_values().flatten().chain(read_again).chain(later).min()
    }

    /// Up to a quantum of one channel's work; `Some` when it has no more for now.
    fn quantum(&mut self, entry: &Arc<ChannelEntry>, now: Timestamp) -> Option<Option<Timestamp>> {
        // Without a lease nothing is begun; its renewal wakes the dispatcher.
        if self.engine.ownership.fence(entry.channel.account).is_none() {
            return Some(None);
        }
        let Some(window) = self.windows.get_mut(&entry.channel.id) else { return Some(None) };
        for _ in 0..QUANTUM {
            if window.in_flight >= IN_FLIGHT_CHANNEL || self.in_flight.len() >= IN_FLIGHT {
                return Some(None);
            }
            let engine = Arc::clone(&self.engine);
            let next = if entry.is_held() { window.next_expired(now) } else { window.next(now) };
            match next {
                Next::Deliver(head) => {
                    self.in_flight.push(Box::pin(deliver(engine, Arc::clone(entry), head)))
                }
                Next::StepAside(head) => self.in_flight.push(Box::pin(step_aside(engine, head))),
                Next::Wait(at) => return Some(at),
            }
        }
        None
    }

    fn finished(&mut self, done: &Done) {
        let now = self.engine.clock.now();
        let ours = self.fences.contains_key(&done.head.channel);
        if let Some(window) = self.windows.get_mut(&done.head.channel) {
            let Settled { again, next } = if ours { done.settled } else { Settled::default() };
            window.done(&done.head, again, next, now);
            if done.signal == Signal::Well {
                window.pace.went_well();
            }
        }
        if let Signal::SlowDown { account, after } = done.signal {
            self.slow_down(done.head.channel, account, after, now);
        }
    }

    fn slow_down(
        &mut self,
        channel: ChannelId,
        whole_account: bool,
        after: Option<Duration>,
        now: Timestamp,
    ) {
        let snapshot = self.engine.snapshot();
        let account = snapshot.channels.get(&channel).map(|entry| entry.channel.account);
        for (id, window) in &mut self.windows {
            let same_account = snapshot.channels.get(id).map(|entry| entry.channel.account) == account;
            if *id == channel || (whole_account && same_account) {
                window.pace.slow_down(after, now);
            }
        }
    }
}

/// What is due in the store, and when the next is, unless there is more than a window holds.
async fn due_in_store(
    engine: &Engine,
    id: ChannelId,
    now: Timestamp,
) -> Result<(Vec<Head>, Option<Timestamp>), StoreError> {
    let heads = engine.store.due(id, Some(now), WINDOW).await?;
    let next = if heads.len() < WINDOW { engine.store.next_due(id, now).await? } else { None };
    Ok((heads, next))
}

fn window_of(entry: &ChannelEntry, now: Timestamp) -> Window {
    let capabilities = entry.channel.kind.capabilities();
    let pace = entry.number("pace", capabilities.map_or(0.0, |c| f64::from(c.pace)));
    let seconds = entry.number("pair_pace", capabilities.map_or(0.0, |c| f64::from(c.pair_pace)));
    let burst = capabilities.map_or(1.0, |c| f64::from(c.pair_burst));
    let rate = if seconds > 0.0 { 1.0 / seconds } else { 0.0 };
    Window::new(pace, (rate, burst), now)
}
