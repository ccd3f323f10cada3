//! `GET /messages/events`: what changes, as server-sent events, in the feed's order.
//!
//! Each event carries the feed's number as its id, so a browser that was cut off goes on where it
//! stopped. Events only name what changed; the script fetches the pieces anew.

use super::fault::Fault;
use super::session::{self, Signed};
use crate::state::App;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use chaski_model::WorkspaceId;
use chaski_store::StoreError;
use chaski_store::feed::FeedEvent;
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the place in the feed is told when nothing happens.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Waited after a change, so that the list's projection (100 ms behind) has followed, and so that
/// a busy feed is read a few times a second at most.
const GATHER: Duration = Duration::from_millis(250);
/// Changes read at once.
const STEP: usize = 200;
/// Whoever is further behind than this loads the page anew.
const BEHIND: i64 = 2000;

#[derive(Deserialize, Default)]
pub(crate) struct From {
    after: Option<i64>,
}

/// The handler.
pub(crate) async fn events(
    State(app): State<App>,
    signed: Signed,
    headers: HeaderMap,
    Query(from): Query<From>,
) -> Result<Response, Fault> {
    let store = app.engine.store();
    let ticks = store.ticks();
    let head = store.head(signed.workspace()).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.parse().ok());
    let after = last.or(from.after).filter(|after| (0..=head).contains(after)).unwrap_or(head);
    let follower = Follower {
        workspace: signed.workspace(),
        session: signed.session,
        stop: app.engine.stopping(),
        app,
        ticks,
        after,
        first: true,
        ready: VecDeque::new(),
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(([("x-accel-buffering", "no")], Sse::new(events)).into_response())
}

/// One browser's place in the feed.
struct Follower {
    app: App,
    workspace: WorkspaceId,
    session: [u8; 32],
    stop: CancellationToken,
    ticks: watch::Receiver<u64>,
    after: i64,
    first: bool,
    ready: VecDeque<Event>,
}

impl Follower {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if std::mem::take(&mut self.first) {
                self.ready.push_back(self.heartbeat());
            } else {
                self.wait().await?;
            }
            if let Err(cause) = self.read().await {
                tracing::warn!(%cause, "live updates could not read the feed");
                return None;
            }
        }
    }

    /// Until something changed, or it is time for a sign of life.
    async fn wait(&mut self) -> Option<()> {
        tokio::select! {
            () = self.stop.cancelled() => return None,
            changed = self.ticks.changed() => {
                changed.ok()?;
                tokio::select! {
                    () = self.stop.cancelled() => return None,
                    () = tokio::time::sleep(GATHER) => {}
                }
                self.ticks.mark_unchanged();
            }
            () = tokio::time::sleep(HEARTBEAT) => {
                if !session::lives(&self.app, self.session).await {
                    return None;
                }
                self.ready.push_back(self.heartbeat());
            }
        }
        Some(())
    }

    /// The place in the feed and the time, which may have been moved.
    fn heartbeat(&self) -> Event {
        let data = json!({"head": self.after, "now": self.app.engine.clock().now()});
        Event::default().event("head").id(self.after.to_string()).data(data.to_string())
    }

    async fn read(&mut self) -> Result<(), StoreError> {
        let store = self.app.engine.store();
        let head = store.head(self.workspace).await?;
        if head - self.after > BEHIND {
            self.after = head;
            self.ready.push_back(Event::default().event("reset").id(head.to_string()).data("{}"));
            return Ok(());
        }
        while self.after < head {
            let found = store.events(self.workspace, self.after, STEP).await?;
            let Some(last) = found.last() else { break };
            self.after = last.seq;
            self.ready.extend(found.iter().map(told));
        }
        Ok(())
    }
}

fn told(event: &FeedEvent) -> Event {
    let data = json!({"kind": event.kind, "contact": event.contact, "message": event.message.map(|id| id.0.to_string())});
    Event::default().event("change").id(event.seq.to_string()).data(data.to_string())
}
