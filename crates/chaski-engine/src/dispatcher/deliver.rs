//! One part's way: begin, call, settle.

use crate::clock::machine_now;
use crate::directory::ChannelEntry;
use crate::engine::Engine;
use crate::media::fetch::Missed;
use crate::media::files::NoFiles;
use crate::prepared::Prepared;
use crate::schedule;
use crate::transport::{Lost, exchange_of, mask_failure};
use chaski_channels::{Call, Cx, FailureMark, Outcome, Scope};
use chaski_model::{ErrorCode, Failure, Timestamp};
use chaski_store::StoreError;
use chaski_store::outbox::{End, Head, Settle, Settled, Verdict, Work};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a begun call may wait before its first byte leaves (machine time).
const CALL_WITHIN: Duration = Duration::from_secs(5);
/// The most tries while a file that the call needs cannot be had.
const FILE_TRIES: u32 = 5;
/// How long a step waits before it is tried again while the store cannot take it.
const STORE_WAIT: Duration = Duration::from_millis(200);

/// What came of it, for the window.
pub(super) struct Done {
    pub(super) head: Head,
    pub(super) settled: Settled,
    pub(super) signal: Signal,
}

/// What it says about the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Nothing.
    None,
    /// The provider took it.
    Well,
    /// The provider asks the channel, or all of its account, to slow down.
    SlowDown { account: bool, after: Option<Duration> },
}

impl Done {
    fn new(head: Head, settled: Settled) -> Self {
        Self { head, settled, signal: Signal::None }
    }
}

/// A retry or an unknown one lets its lane go.
pub(super) async fn step_aside(engine: Arc<Engine>, head: Head) -> Done {
    let now = engine.clock.now();
    let mut is_sure = true;
    loop {
        match engine.store.step_aside(head, now).await {
            Ok(settled) => {
                // What a lost answer named is not named again.
                if !is_sure {
                    engine.offers.unsure();
                }
                return Done::new(head, settled);
            }
            Err(StoreError::CommitUnknown) => is_sure = false,
            Err(StoreError::Busy | StoreError::Unavailable(_)) if !is_sure => {}
            // Its own time stays: only the look at its lane comes again.
            Err(_) if !head.held => {
                let again = Head { keep_until: Some(now + STORE_WAIT), ..head };
                return Done::new(head, Settled { again: Some(again), next: None });
            }
            Err(_) => return Done::new(head, again_later(&head, now)),
        }
        tokio::time::sleep(STORE_WAIT).await;
    }
}

/// One try of one part.
pub(super) async fn deliver(engine: Arc<Engine>, entry: Arc<ChannelEntry>, head: Head) -> Done {
    let Some(fence) = engine.ownership.fence(entry.channel.account) else {
        return Done::new(head, Settled::default());
    };
    let _in_flight = engine.ownership.enter(entry.channel.account);
    let now = engine.clock.now();
    let call_by = machine_now() + CALL_WITHIN;
    let work = match engine.store.begin(head, fence, now, call_by).await {
        Ok(Verdict::Began(work)) => work,
        Ok(Verdict::Gone { next } | Verdict::Expired { next }) => {
            return Done::new(head, Settled { again: None, next });
        }
        Ok(Verdict::Fenced) => return Done::new(head, Settled::default()),
        Err(StoreError::CommitUnknown) => return give_back(&engine, head, now).await,
        Err(_) => return Done::new(head, again_later(&head, now)),
    };
    if machine_now() > call_by || entry.is_held() {
        let settle =
            settle_of(&head, &work, now, engine.clock.now(), None, End::Unsent { at: engine.clock.now() });
        return Done::new(head, store(&engine, settle).await);
    }
    if work.attempt > 1 && repeats(&entry) && !is_safe_again(&engine, &entry, &head, now) {
        // An earlier try may have been taken, and the provider does not tell repeats any more.
        let failure = Failure::new(
            ErrorCode::OutcomeUnknown,
            "The provider did not answer for so long that it would take the message twice.",
        );
        let let_go_at = now + crate::dispatcher::UNKNOWN_KEEPS_LANE;
        let end = End::Unknown { failure, let_go_at };
        let settle = settle_of(&head, &work, now, engine.clock.now(), None, end);
        return Done::new(head, store(&engine, settle).await);
    }
    let (outcome, http_status) = call(&engine, &entry, &head, &work, (now, call_by)).await;
    let ended_at = engine.clock.now();
    metrics::counter!("chaski_attempts_total", "channel" => head.channel.to_string(), "outcome" => word(&outcome)).increment(1);
    let learned = match &outcome {
        Tried::Outcome(Outcome::Sent { learned, .. } | Outcome::Retry { learned, .. }) => {
            entry.scoped(learned.clone())
        }
        _ => Vec::new(),
    };
    let names = match &outcome {
        Tried::Outcome(Outcome::Sent { ids, .. }) if entry.is_named_by_provider() => ids.clone(),
        _ => Vec::new(),
    };
    let signal = signal_of(&outcome);
    react(&engine, &entry, &outcome, ended_at).await;
    let end = end_of(&engine, &entry, &head, &work, outcome, ended_at);
    let mut settle = settle_of(&head, &work, now, ended_at, http_status, end);
    (settle.learned, settle.names) = (learned, names);
    settle.follows = reports_up_to(&entry);
    Done { head, settled: store(&engine, settle).await, signal }
}

/// It is not known whether the attempt was written down; it has not left, so it is given back.
async fn give_back(engine: &Engine, head: Head, now: Timestamp) -> Done {
    let end = End::Unsent { at: now + STORE_WAIT };
    let settle = Settle {
        head,
        attempt: 0,
        begun_at: now,
        ended_at: now,
        http_status: None,
        end,
        learned: vec![],
        names: vec![],
        follows: false,
    };
    let settled = store(engine, settle).await;
    // It may also have ended there, and moved its lane on.
    engine.offers.unsure();
    let again = settled.again.or(again_later(&head, now).again);
    Done::new(head, Settled { again, next: settled.next })
}

/// An outcome, or a call that never left.
enum Tried {
    Outcome(Outcome),
    NotSent(Failure),
    /// The time in which it could leave was over before its first byte was written.
    TooLate,
}

async fn call(
    engine: &Engine,
    entry: &ChannelEntry,
    head: &Head,
    work: &Work,
    (now, call_by): (Timestamp, Timestamp),
) -> (Tried, Option<u16>) {
    let Some(adapter) = entry.adapter else {
        let failure =
            Failure::new(ErrorCode::NotSupported, "This build has no adapter for the channel's kind.");
        return (Tried::Outcome(Outcome::Fail { failure, marks: vec![] }), None);
    };
    let reference = head.part.reference();
    let fail = |failure| (Tried::Outcome(Outcome::Fail { failure, marks: vec![] }), None);
    let body = match &work.body {
        Ok(body) => body,
        Err(failure) => return fail(failure.clone()),
    };
    let settings = &entry.channel.settings;
    let files = match engine.files(entry, &adapter.wants(settings, body)).await {
        Ok(files) => files,
        Err(NoFiles::NotYet(failure)) => return (Tried::NotSent(failure), None),
        Err(NoFiles::Missed(Missed::Never(failure))) => return fail(failure),
        Err(NoFiles::Missed(Missed::Again { failure, after })) => {
            let (most, learned) = (Some(FILE_TRIES), Vec::new());
            return (Tried::Outcome(Outcome::Retry { failure, after, most, learned }), None);
        }
    };
    let (to, hook_url) = (&work.to, entry.hook_url.as_str());
    let mut cx =
        Cx { settings, to, reference: &reference, hook_url, files: &files.facts, prepared: None, now };
    let prepared = match engine.prepare(entry, adapter, &cx, body).await {
        Ok(prepared) => prepared,
        Err(outcome) => return (Tried::Outcome(masked(outcome, &entry.hidden())), None),
    };
    cx.prepared = prepared.as_ref().map(|prepared| prepared.value.as_str());
    let call: Call = match adapter.call(&cx, body) {
        Ok(call) => call,
        Err(failure) => return fail(failure),
    };
    let began = Instant::now();
    let reply =
        engine.transport.send_by(&call, settings, &entry.secrets, engine.config.call_timeout, call_by).await;
    let Ok(reply) = reply else { return (Tried::TooLate, None) };
    let exchange = exchange_of(&call, reply.as_ref(), began, &entry.hidden());
    engine.store.note_exchange(head.part, work.attempt, now, exchange);
    match reply {
        Ok(reply) => {
            let outcome = masked(adapter.outcome(&reply), &entry.hidden());
            (Tried::Outcome(prepared_anew(engine, prepared, outcome)), Some(reply.status))
        }
        Err(Lost::NotSent(failure)) if failure.code == ErrorCode::ProviderUnavailable => {
            (Tried::NotSent(failure), None)
        }
        Err(Lost::NotSent(failure)) if failure.code == ErrorCode::CredentialsRefused => {
            (Tried::Outcome(Outcome::Hold { scope: Scope::Channel, failure }), None)
        }
        Err(Lost::NotSent(failure)) => (Tried::Outcome(Outcome::Fail { failure, marks: vec![] }), None),
        Err(Lost::Lost(failure)) => (Tried::Outcome(Outcome::Unknown { failure }), None),
    }
}

/// What was prepared for an earlier part may be gone by now: a refusal has it made anew. What is refused
/// though it was just made is refused.
fn prepared_anew(engine: &Engine, prepared: Option<Prepared>, outcome: Outcome) -> Outcome {
    let (Some(prepared), Outcome::Fail { .. }) = (prepared, &outcome) else { return outcome };
    engine.prepared.forget(&prepared.value);
    match outcome {
        Outcome::Fail { failure, .. } if prepared.is_old => {
            Outcome::Retry { failure, after: Some(Duration::ZERO), most: None, learned: Vec::new() }
        }
        outcome => outcome,
    }
}

/// A provider may repeat a secret in its own words; nobody is to read it.
fn masked(mut outcome: Outcome, hidden: &[&str]) -> Outcome {
    match &mut outcome {
        Outcome::Sent { .. } => {}
        Outcome::Retry { failure, .. }
        | Outcome::Unknown { failure }
        | Outcome::SlowDown { failure, .. }
        | Outcome::Fail { failure, .. }
        | Outcome::Hold { failure, .. } => mask_failure(failure, hidden),
    }
    outcome
}

fn word(tried: &Tried) -> &'static str {
    match tried {
        Tried::NotSent(_) | Tried::TooLate => "not_sent",
        Tried::Outcome(outcome) => match outcome {
            Outcome::Sent { .. } => "sent",
            Outcome::Retry { .. } => "retry",
            Outcome::Unknown { .. } => "unknown",
            Outcome::SlowDown { .. } => "slow_down",
            Outcome::Fail { .. } => "fail",
            Outcome::Hold { .. } => "hold",
        },
    }
}

fn signal_of(tried: &Tried) -> Signal {
    match tried {
        Tried::Outcome(Outcome::Sent { .. }) => Signal::Well,
        Tried::Outcome(Outcome::SlowDown { scope: Scope::Channel, after, .. }) => {
            Signal::SlowDown { account: false, after: *after }
        }
        Tried::Outcome(Outcome::SlowDown { scope: Scope::Account, after, .. }) => {
            Signal::SlowDown { account: true, after: *after }
        }
        _ => Signal::None,
    }
}

/// What an outcome asks for beyond the part: hold the channel, sync the catalogue.
async fn react(engine: &Arc<Engine>, entry: &ChannelEntry, tried: &Tried, now: Timestamp) {
    match tried {
        Tried::Outcome(Outcome::Hold { failure, .. }) => engine.hold(&entry.channel, failure, now).await,
        Tried::Outcome(Outcome::Fail { marks, .. }) if marks.contains(&FailureMark::TemplateStale) => {
            engine.mark_stale(entry.channel.account);
        }
        _ => {}
    }
}

/// What a dead process left open and is safe to call again, is: its part is work again at once.
pub(crate) async fn repeat(engine: &Engine, head: Head) -> Option<Head> {
    let entry = engine.snapshot().channels.get(&head.channel).cloned()?;
    let now = engine.clock.now();
    if !is_safe_again(engine, &entry, &head, now) {
        return Some(head);
    }
    let message = "The server stopped while the provider was being called. The provider tells repeats, so that it is called again.";
    let end = End::Retry {
        at: now,
        keep_lane_ms: millis(engine.config.order_wait),
        outcome: "retry",
        failure: Failure::new(ErrorCode::OutcomeUnknown, message),
        backoff: false,
    };
    let settle = Settle {
        head,
        attempt: 0,
        begun_at: now,
        ended_at: now,
        http_status: None,
        end,
        learned: vec![],
        names: vec![],
        follows: false,
    };
    store(engine, settle).await.again
}

fn repeats(entry: &ChannelEntry) -> bool {
    entry.channel.kind.capabilities().is_some_and(|kind| kind.repeats_safely.is_some())
}

/// Whether the same call may be made at that time although the answer to an earlier one was lost: the
/// provider still tells it by its reference.
fn is_safe_again(engine: &Engine, entry: &ChannelEntry, head: &Head, at: Timestamp) -> bool {
    let known_for = entry.channel.kind.capabilities().and_then(|kind| kind.repeats_safely);
    let accepted_at = head.expires_at.0.saturating_sub(millis(engine.config.time_to_live));
    known_for
        .is_some_and(|known_for| at < head.expires_at && at.0 < accepted_at.saturating_add(millis(known_for)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn end_of(
    engine: &Engine,
    entry: &ChannelEntry,
    head: &Head,
    work: &Work,
    tried: Tried,
    now: Timestamp,
) -> End {
    let kind = entry.channel.kind.capabilities();
    let keep_lane_ms = millis(engine.config.order_wait);
    let by_schedule = |outcome, failure, after: Option<Duration>| End::Retry {
        at: (now + after.unwrap_or_else(|| schedule::retry_after(work.attempt, dice()))).min(head.expires_at),
        keep_lane_ms,
        outcome,
        failure,
        backoff: false,
    };
    match tried {
        Tried::NotSent(failure) => by_schedule("not_sent", failure, None),
        Tried::TooLate => {
            let message = "No connection to the provider within five seconds; nothing was sent.";
            by_schedule("not_sent", Failure::new(ErrorCode::ProviderUnavailable, message), None)
        }
        Tried::Outcome(outcome) => match outcome {
            Outcome::Sent { ids, .. } => {
                End::Sent { provider_id: ids.into_iter().next().unwrap_or_default() }
            }
            Outcome::Retry { failure, most: Some(most), .. } if u32::from(work.attempt) >= most => {
                End::Failed { failure, closes_window: false, shuts: false }
            }
            Outcome::Retry { failure, after, .. } => by_schedule("retry", failure, after),
            Outcome::Unknown { failure }
                if is_safe_again(engine, entry, head, now + schedule::retry_after(work.attempt, 1.0)) =>
            {
                by_schedule("retry", failure, None)
            }
            Outcome::Unknown { failure } => {
                End::Unknown { failure, let_go_at: now + crate::dispatcher::UNKNOWN_KEEPS_LANE }
            }
            Outcome::SlowDown { scope: Scope::Recipient, failure, after } => End::Retry {
                at: (now + after.unwrap_or_else(|| schedule::recipient_backoff(work.backoffs)))
                    .min(head.expires_at),
                keep_lane_ms,
                outcome: "slow_down",
                failure,
                backoff: true,
            },
            Outcome::SlowDown { failure, after, .. } => by_schedule("slow_down", failure, after),
            Outcome::Fail { failure, marks } => {
                let shut = [FailureMark::Unreachable, FailureMark::OptedOut];
                End::Failed {
                    failure,
                    closes_window: marks.contains(&FailureMark::WindowClosed),
                    // Only what the provider also tells the end of.
                    shuts: kind.is_some_and(|kind| kind.tells_access)
                        && marks.iter().any(|mark| shut.contains(mark)),
                }
            }
            Outcome::Hold { failure, .. } => {
                End::Retry { at: now, keep_lane_ms: i64::MAX / 4, outcome: "hold", failure, backoff: false }
            }
        },
    }
}

/// Whether receipts by this channel stand for everything up to a moment.
fn reports_up_to(entry: &ChannelEntry) -> bool {
    entry.channel.kind.capabilities().is_some_and(|capabilities| capabilities.reports_up_to)
}

fn settle_of(
    head: &Head,
    work: &Work,
    begun_at: Timestamp,
    ended_at: Timestamp,
    http_status: Option<u16>,
    end: End,
) -> Settle {
    Settle {
        head: *head,
        attempt: work.attempt,
        begun_at,
        ended_at,
        http_status,
        end,
        learned: Vec::new(),
        names: Vec::new(),
        follows: false,
    }
}

/// Stores an outcome, however long the store takes: it must not be lost while the process lives.
async fn store(engine: &Engine, settle: Settle) -> Settled {
    let mut is_sure = true;
    loop {
        match engine.store.settle(settle.clone()).await {
            Ok(settled) => {
                // What a lost answer named is not named again.
                if !is_sure {
                    engine.offers.unsure();
                }
                return settled;
            }
            Err(StoreError::Fault(cause)) => {
                tracing::error!(message.id = settle.head.part.message.0, %cause, "an outcome cannot be stored");
                return Settled::default();
            }
            Err(cause) => {
                tracing::warn!(message.id = settle.head.part.message.0, %cause, "an outcome waits for the store");
                is_sure &= !matches!(cause, StoreError::CommitUnknown);
                tokio::time::sleep(STORE_WAIT).await;
            }
        }
    }
}

fn again_later(head: &Head, now: Timestamp) -> Settled {
    Settled { again: Some(Head { due_at: now + STORE_WAIT, ..*head }), next: None }
}

/// A number in 0..1.
fn dice() -> f64 {
    f64::from(u32::from_le_bytes(crate::vault::random::<4>())) / f64::from(u32::MAX)
}
