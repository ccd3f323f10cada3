//! The job that fetches what inbound messages want: for the accounts that this node serves, a few at once,
//! woken by commits.

use super::fetch::{Missed, media_of};
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use chaski_model::{ChannelId, ErrorCode, Failure, Timestamp};
use chaski_store::StoreError;
use chaski_store::media::{MediaEnd, WantedMedia};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{Id, JoinError, JoinSet};

/// Files on their way at once, in all and for one channel.
const AT_ONCE: usize = 4;
const OF_CHANNEL: usize = 2;
/// Rows that one look reads.
const LOOK: usize = 32;
/// The least time between two looks, and the most while nothing happens.
const EVERY: Duration = Duration::from_secs(1);
const ANYWAY: Duration = Duration::from_secs(15);
/// Delays after the first, second, … failed try, in seconds; the last one repeats.
const DELAYS: [u64; 11] = [2, 10, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200];
/// How long a channel rests after so many failures in a row, in seconds: 360dialog locks out whoever asks in
/// vain twenty times within an hour.
const RESTS: [u64; 5] = [1, 5, 15, 60, 300];
/// Media live for seven days at WhatsApp; no other provider that is fetched from promises more.
const LIVES: Duration = Duration::from_secs(7 * 86_400);
/// Tries for what the provider says it does not have: it may not be there yet.
const TRIES_IF_ABSENT: u32 = 6;

/// How a channel does just now.
#[derive(Default)]
struct Health {
    in_flight: usize,
    failures: usize,
    rests_until: Option<Timestamp>,
}

impl Health {
    /// Whether one more may be tried. After a failure one at a time feels its way.
    fn is_open(&self, now: Timestamp) -> bool {
        let most = if self.failures > 0 { 1 } else { OF_CHANNEL };
        self.in_flight < most && self.rests_until.is_none_or(|until| until <= now)
    }
}

struct Job {
    engine: Arc<Engine>,
    channels: HashMap<ChannelId, Health>,
    in_flight: HashMap<Id, WantedMedia>,
    tries: JoinSet<bool>,
}

/// Runs until the engine stops; what is under way then is begun again at the next start.
pub(crate) async fn run(engine: Arc<Engine>) {
    let (stop, mut ticks) = (engine.stopping(), engine.store.ticks());
    let mut job = Job { engine, channels: HashMap::new(), in_flight: HashMap::new(), tries: JoinSet::new() };
    loop {
        let looked = Instant::now();
        ticks.mark_unchanged();
        let look_at = match job.look().await {
            Ok(next) => next,
            Err(cause) => {
                tracing::warn!(%cause, "wanted media cannot be looked for");
                None
            }
        };
        let clock = Arc::clone(&job.engine.clock);
        let due = look_at.unwrap_or_else(|| clock.now() + ANYWAY);
        tokio::select! {
            () = stop.cancelled() => break,
            () = clock.sleep_until(due) => {}
            () = tokio::time::sleep(ANYWAY) => {}
            Some(tried) = job.tries.join_next_with_id() => job.ended(tried),
            // Commits can come by the thousand: one look a second is enough for them.
            _ = ticks.changed() => {
                let rest = EVERY.saturating_sub(looked.elapsed());
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(rest) => {}
                }
            }
        }
    }
    job.tries.shutdown().await;
}

impl Job {
    /// Begins what is due; when to look again at the latest.
    async fn look(&mut self) -> Result<Option<Timestamp>, StoreError> {
        while let Some(tried) = self.tries.try_join_next_with_id() {
            self.ended(tried);
        }
        let now = self.engine.clock.now();
        let rests: Vec<Timestamp> = self.channels.values().filter_map(|health| health.rests_until).collect();
        let mut next = rests.into_iter().filter(|until| *until > now).min();
        let open = self.open_channels(now);
        if open.is_empty() || self.tries.len() >= AT_ONCE {
            return Ok(next);
        }
        let ids = open.keys().copied().collect();
        for wanted in self.engine.store.wanted_media(ids, LOOK).await? {
            if self.in_flight.values().any(|other| other.message == wanted.message) {
                continue;
            }
            if wanted.next_at > now {
                next = Some(next.map_or(wanted.next_at, |next| next.min(wanted.next_at)));
                break;
            }
            let health = self.channels.entry(wanted.channel).or_default();
            if self.tries.len() >= AT_ONCE || !health.is_open(now) {
                continue;
            }
            let Some(entry) = open.get(&wanted.channel) else { continue };
            health.in_flight += 1;
            let try_of_it = attempt(Arc::clone(&self.engine), Arc::clone(entry), wanted);
            let id = self.tries.spawn(try_of_it).id();
            self.in_flight.insert(id, wanted);
        }
        Ok(next)
    }

    /// The channels of this node's accounts that something may be fetched for now.
    fn open_channels(&self, now: Timestamp) -> HashMap<ChannelId, Arc<ChannelEntry>> {
        let snapshot = self.engine.snapshot();
        let is_ours = |entry: &ChannelEntry| self.engine.ownership.fence(entry.channel.account).is_some();
        let is_open = |id: &ChannelId| self.channels.get(id).is_none_or(|health| health.is_open(now));
        let open = snapshot
            .channels
            .iter()
            .filter(|(id, entry)| entry.adapter.is_some() && !entry.locked && is_open(id) && is_ours(entry));
        open.map(|(id, entry)| (*id, Arc::clone(entry))).collect()
    }

    /// A try has ended; true stands for one that the provider failed.
    fn ended(&mut self, tried: Result<(Id, bool), JoinError>) {
        let (id, failed) = match tried {
            Ok(ended) => ended,
            Err(broken) => {
                tracing::error!(cause = %broken, "a try to fetch media broke off");
                (broken.id(), true)
            }
        };
        let Some(wanted) = self.in_flight.remove(&id) else { return };
        let health = self.channels.entry(wanted.channel).or_default();
        health.in_flight = health.in_flight.saturating_sub(1);
        health.rests_until = None;
        if failed {
            let rest = RESTS[health.failures.min(RESTS.len() - 1)];
            health.failures += 1;
            health.rests_until = Some(self.engine.clock.now() + Duration::from_secs(rest));
        } else {
            health.failures = 0;
        }
    }
}

/// One try, and what becomes of it. True when the provider or the store failed, rather than what it was
/// asked for.
async fn attempt(engine: Arc<Engine>, entry: Arc<ChannelEntry>, wanted: WantedMedia) -> bool {
    let message = match engine.store.message(wanted.workspace, wanted.message).await {
        Ok(message) => message,
        Err(cause) => {
            tracing::warn!(%cause, "a message with media cannot be read");
            return true;
        }
    };
    let media = message.as_ref().and_then(|message| media_of(&message.content));
    let fetched = match media {
        Some(media) => engine.fetch_media(&entry, media).await,
        None => Err(Missed::Never(Failure::new(ErrorCode::NotFound, "The message names no media."))),
    };
    let failed = matches!(fetched, Err(Missed::Again { .. }));
    let end = end_of(&wanted, fetched, engine.clock.now());
    told(&wanted, &end);
    let settled = engine.store.settle_media(wanted.workspace, wanted.message, end, engine.clock.now()).await;
    if let Err(cause) = settled {
        // It stays wanted, and is fetched again.
        tracing::warn!(%cause, "what became of media cannot be stored");
        return true;
    }
    failed
}

/// What a try means: held, tried again by the schedule, or gone.
fn end_of(
    wanted: &WantedMedia,
    fetched: Result<chaski_store::media::HeldFile, Missed>,
    now: Timestamp,
) -> MediaEnd {
    let (failure, after) = match fetched {
        Ok(file) => return MediaEnd::Held(file),
        Err(Missed::Never(failure)) => return MediaEnd::Gone { failure },
        Err(Missed::Again { failure, after }) => (failure, after),
    };
    let tries = wanted.tries + 1;
    let is_absent = failure.code == ErrorCode::MediaUnreachable;
    if (is_absent && tries >= TRIES_IF_ABSENT) || now.since(wanted.wanted_at) >= LIVES {
        return MediaEnd::Gone { failure };
    }
    let place = usize::try_from(wanted.tries).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    let delay = Duration::from_secs(DELAYS[place]).max(after.unwrap_or_default());
    MediaEnd::Again { next_at: now + delay, failure }
}

fn told(wanted: &WantedMedia, end: &MediaEnd) {
    let outcome = match end {
        MediaEnd::Held(file) => {
            metrics::counter!("chaski_media_bytes_total").increment(file.size);
            "held"
        }
        MediaEnd::Again { failure, .. } => {
            tracing::info!(message.id = wanted.message.0, cause = %failure.message, "media could not be fetched; they are tried again");
            "again"
        }
        MediaEnd::Gone { failure } => {
            tracing::warn!(message.id = wanted.message.0, cause = %failure.message, "media cannot be had");
            "gone"
        }
    };
    metrics::counter!("chaski_media_tries_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use chaski_model::{MessageId, WorkspaceId};

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn wanted(tries: u32, ago: Duration) -> WantedMedia {
        WantedMedia {
            message: MessageId(1),
            workspace: WorkspaceId(1),
            channel: ChannelId(1),
            wanted_at: NOW - ago,
            tries,
            next_at: NOW,
        }
    }

    fn missed(code: ErrorCode, after: Option<u64>) -> Missed {
        let after = after.map(Duration::from_secs);
        Missed::Again { failure: Failure::new(code, "why"), after }
    }

    fn delay(tries: u32, missed: Missed) -> Option<u64> {
        match end_of(&wanted(tries, Duration::from_secs(60)), Err(missed), NOW) {
            MediaEnd::Again { next_at, .. } => Some(next_at.since(NOW).as_secs()),
            MediaEnd::Gone { .. } => None,
            MediaEnd::Held(_) => panic!("there is no file"),
        }
    }

    #[test]
    fn a_provider_that_is_down_is_asked_less_and_less_until_its_media_are_dead() {
        let down = || missed(ErrorCode::ProviderUnavailable, None);
        assert_eq!(
            [0, 1, 5, 99].map(|tries| delay(tries, down())),
            [Some(2), Some(10), Some(1800), Some(43_200)]
        );
        assert_eq!(delay(0, missed(ErrorCode::ProviderThrottled, Some(90))), Some(90), "its own wish");
        let end = end_of(&wanted(3, LIVES), Err(down()), NOW);
        assert!(matches!(end, MediaEnd::Gone { .. }), "{end:?}");
    }

    #[test]
    fn what_the_provider_does_not_have_is_asked_for_a_few_times() {
        let absent = || missed(ErrorCode::MediaUnreachable, None);
        assert!(delay(TRIES_IF_ABSENT - 2, absent()).is_some());
        assert_eq!(delay(TRIES_IF_ABSENT - 1, absent()), None);
    }

    #[test]
    fn a_channel_that_fails_feels_its_way() {
        let mut health = Health::default();
        assert!(health.is_open(NOW));
        health.in_flight = 1;
        assert!(health.is_open(NOW));
        health.failures = 1;
        assert!(!health.is_open(NOW), "one at a time");
        health.in_flight = 0;
        health.rests_until = Some(NOW + Duration::from_secs(1));
        assert!(!health.is_open(NOW) && health.is_open(NOW + Duration::from_secs(1)));
    }
}
