//! The queue of one address: lanes that keep order, and the repeats of what failed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use crate::accounts::{AccountId, account};
use crate::providers;
use crate::sim::Shared;
use crate::source::Source;

/// How many deliveries to one address can be in flight.
const LANES: usize = 32;
/// How many failed deliveries of one address wait for their next try.
const REPEATS: usize = 50_000;

/// One delivery.
pub(super) struct Job {
    pub(super) account: AccountId,
    pub(super) key: u64,
    pub(super) has_bad_signature: bool,
    /// The whole address, with the query that may be this message's own.
    pub(super) url: Uri,
    pub(super) body: Bytes,
    pub(super) tries: u32,
    pub(super) first_ms: i64,
}

/// The lanes of one address.
pub(super) struct Queue {
    lanes: Vec<UnboundedSender<Job>>,
}

impl Queue {
    pub(super) fn start(sim: &Shared) -> Arc<Self> {
        let (failed, repeats) = mpsc::unbounded_channel();
        let lanes = (0..LANES).map(|_| {
            let (lane, jobs) = mpsc::unbounded_channel();
            sim.tasks.spawn(run_lane(sim.clone(), jobs, failed.clone()));
            lane
        });
        let queue = Arc::new(Self { lanes: lanes.collect() });
        sim.tasks.spawn(run_repeats(sim.clone(), queue.clone(), repeats));
        queue
    }

    pub(super) fn push(&self, job: Job) {
        let lane = usize::try_from(job.key % LANES as u64).unwrap_or(0);
        // A closed lane means that the simulator stops.
        let _ = self.lanes[lane].send(job);
    }
}

async fn run_lane(sim: Shared, mut jobs: UnboundedReceiver<Job>, failed: UnboundedSender<Job>) {
    let work = async {
        while let Some(mut job) = jobs.recv().await {
            let is_first = job.tries == 0;
            job.tries += 1;
            let delivered = deliver(&sim, &job).await;
            if is_first {
                sim.webhooks.note_tried();
            }
            match delivered {
                Ok(answer) => {
                    sim.webhooks.note_end(job.account, None);
                    providers::webhook_answered(&sim, job.account, &answer);
                }
                Err(why) => {
                    sim.webhooks.note_end(job.account, Some((sim.clock.now_ms(), why)));
                    let _ = failed.send(job);
                }
            }
        }
    };
    tokio::select! {
        () = sim.stopping.cancelled() => {}
        () = work => {}
    }
}

/// The answer's body, or why it was not taken.
async fn deliver(sim: &Shared, job: &Job) -> Result<Bytes, String> {
    let body = providers::webhook_body(job.account, &job.body, job.tries > 1);
    let content_type = providers::webhook_type(job.account);
    let mut request = Request::post(job.url.clone()).header("content-type", content_type);
    for (name, value) in providers::webhook_headers(sim, job.account, &job.url, &body, job.has_bad_signature)
    {
        request = request.header(name, value);
    }
    let Ok(request) = request.body(Full::new(body)) else {
        return Err("Wrong address".to_owned());
    };
    let exchange = async {
        let lost = |_| "Connection refused".to_owned();
        let response = sim.http.request(request).await.map_err(lost)?;
        let status = response.status();
        // The body is read so that the connection can be used again.
        let body = Limited::new(response.into_body(), 64 * 1024).collect().await;
        let body = body.map_err(|_| "Connection reset by peer".to_owned())?.to_bytes();
        if status.is_success() { Ok(body) } else { Err(format!("Wrong response from the webhook: {status}")) }
    };
    timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err("Connection timed out".to_owned()))
}

/// Gives failed deliveries back to their lanes when their time has come, in simulated time.
async fn run_repeats(sim: Shared, queue: Arc<Queue>, mut failed: UnboundedReceiver<Job>) {
    let mut waiting: BTreeMap<(i64, u64), Job> = BTreeMap::new();
    let mut moved = sim.clock.watch();
    let mut count = 0;
    loop {
        let now = sim.clock.now_ms();
        while let Some(entry) = waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            queue.push(entry.remove());
        }
        let next = waiting.first_key_value().map(|((due, _), _)| u64::try_from(due - now).unwrap_or(0));
        let pause = Duration::from_millis(next.unwrap_or(3_600_000).max(1));
        tokio::select! {
            () = sim.stopping.cancelled() => return,
            () = sleep(pause) => {}
            moved = moved.changed() => if moved.is_err() { return },
            job = failed.recv() => {
                let Some(job) = job else { return };
                let Some(due) = next_try(&job, now) else {
                    sim.webhooks.note_end(job.account, None);
                    continue;
                };
                if waiting.len() >= REPEATS {
                    // The one that would have waited longest is given up.
                    waiting.pop_last();
                }
                count += 1;
                waiting.insert((due, count), job);
            }
        }
    }
}

/// When a failed delivery is tried again; `None` once the provider gives up.
fn next_try(job: &Job, now_ms: i64) -> Option<i64> {
    const GAPS: [i64; 10] = [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];
    let place = usize::try_from(job.tries.saturating_sub(1)).unwrap_or(usize::MAX).min(GAPS.len() - 1);
    let due = now_ms + GAPS[place] * 1000;
    let hours = match account(job.account).source {
        Source::Cloud | Source::Dialog360 | Source::Messenger | Source::Instagram => 36,
        Source::Vonage | Source::VonageSms | Source::Telegram | Source::Line | Source::Email => 24,
        Source::Viber | Source::Custom => 1,
        // Twilio does not repeat.
        Source::TwilioWhatsapp | Source::TwilioSms => 0,
    };
    (due - job.first_ms <= hours * 3_600_000).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_come_after_1_5_and_30_seconds_and_end() {
        let id = crate::accounts::first(Source::Cloud);
        let mut job = Job {
            account: id,
            key: 0,
            has_bad_signature: false,
            url: Uri::default(),
            body: Bytes::new(),
            tries: 0,
            first_ms: 0,
        };
        let (mut now, mut gaps) = (0, Vec::new());
        loop {
            job.tries += 1;
            let Some(due) = next_try(&job, now) else {
                break;
            };
            gaps.push((due - now) / 1000);
            now = due;
        }
        assert_eq!(gaps[..3], [1, 5, 30]);
        assert!(gaps.is_sorted());
        assert!(now <= 36 * 3_600_000 && now > 24 * 3_600_000);
    }
}
