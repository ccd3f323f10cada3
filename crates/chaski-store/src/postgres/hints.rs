//! Hints that something was committed: by this node, or by another. The truth is the feeds' heads,
//! which are looked at once a second; a notification only makes it sooner.

use super::connect::Target;
use super::fault::Fail;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

const LOOK_EVERY: Duration = Duration::from_secs(1);
const HEADS: &str = "SELECT COALESCE(SUM(head), 0)::int8 FROM feeds";

pub(super) struct Hints {
    ticks: watch::Sender<u64>,
    others: watch::Sender<u64>,
    has_others: AtomicBool,
    /// Events that this node has written since it started, counted before their commit.
    own: AtomicI64,
    /// The count is not to be trusted: begin anew.
    recount: AtomicBool,
}

impl Hints {
    pub(super) fn new() -> Self {
        Self {
            ticks: watch::channel(0).0,
            others: watch::channel(0).0,
            has_others: AtomicBool::new(false),
            own: AtomicI64::new(0),
            recount: AtomicBool::new(false),
        }
    }

    pub(super) fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    pub(super) fn others(&self) -> watch::Receiver<u64> {
        self.others.subscribe()
    }

    /// Whether other nodes live: only then is anyone notified.
    pub(super) fn has_others(&self) -> bool {
        self.has_others.load(Ordering::Relaxed)
    }

    pub(super) fn set_others(&self, has_others: bool) {
        self.has_others.store(has_others, Ordering::Relaxed);
    }

    pub(super) fn tick(&self) {
        self.ticks.send_modify(|n| *n += 1);
    }

    fn tick_of_others(&self) {
        self.others.send_modify(|n| *n += 1);
        self.tick();
    }

    pub(super) fn wrote(&self, events: usize) {
        self.own.fetch_add(i64::try_from(events).unwrap_or(0), Ordering::SeqCst);
    }

    pub(super) fn wrote_not(&self, events: usize) {
        self.own.fetch_sub(i64::try_from(events).unwrap_or(0), Ordering::SeqCst);
    }

    /// It is not known whether some events were written.
    pub(super) fn recount(&self) {
        self.recount.store(true, Ordering::SeqCst);
    }
}

/// Listens until the store is dropped.
pub(super) async fn listen(target: Target, hints: Arc<Hints>, node: u8, mut closed: watch::Receiver<bool>) {
    let mut known = None;
    loop {
        let listening = hear(&target, &hints, node, &mut known);
        tokio::select! {
            // A sender that is gone means the same.
            _ = closed.changed() => return,
            ended = listening => {
                if let Err(cause) = ended {
                    tracing::debug!(?cause, "listening for other nodes was interrupted");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

async fn hear(target: &Target, hints: &Hints, node: u8, known: &mut Option<i64>) -> Result<(), Fail> {
    let (conn, mut heard) = target.connect_and_hear(&[HEADS]).await?;
    conn.client.batch_execute("LISTEN chaski_feed").await?;
    let mut look = tokio::time::interval(LOOK_EVERY);
    let own = node.to_string();
    loop {
        tokio::select! {
            message = heard.recv() => match message {
                Some(AsyncMessage::Notification(told)) if told.payload() != own => hints.tick_of_others(),
                Some(_) => {}
                None => return Ok(()),
            },
            _ = look.tick() => {
                // Our own are counted before they are committed: what is above is by others.
                let heads: i64 = conn.row(HEADS, &[]).await?.map_or(0, |row| row.get(0));
                let by_others = heads - hints.own.load(Ordering::SeqCst);
                if hints.recount.swap(false, Ordering::SeqCst) {
                    *known = Some(by_others);
                } else if known.is_some_and(|known| by_others > known) {
                    hints.tick_of_others();
                }
                *known = Some(known.map_or(by_others, |known| known.max(by_others)));
            }
        }
    }
}
