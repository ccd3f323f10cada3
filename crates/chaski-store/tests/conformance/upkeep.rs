//! Dead letters, watchdogs and retention: the cases, written once.

use super::support::*;
use chaski_model::{ErrorCode, Failure, MessageId, PartRef, Rank, ReceiptKind, Timestamp};
use chaski_store::exchanges::Exchange;
use chaski_store::outbox::*;
use chaski_store::receive::*;
use chaski_store::upkeep::*;

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

fn how() -> Replay {
    Replay { by: "Carla".into(), class: 1, now: LATER, expires_at: Timestamp(LATER.0 + DAY) }
}

fn step(bench: &Bench, cause: Option<Cause>, limit: usize) -> DeadLetterStep {
    DeadLetterStep { workspace: bench.workspace, cause, after: None, failed_before: LATER, limit }
}

fn report(bench: &Bench, part: PartRef, kind: ReceiptKind, at: i64) -> ReceiptIn {
    ReceiptIn {
        part,
        workspace: bench.workspace,
        channel: bench.channel,
        kind,
        provider_at: Timestamp(NOW.0 + at),
        received_at: Timestamp(NOW.0 + at),
        provider_id: "wamid.1".into(),
        failure: (kind == ReceiptKind::Failed).then(failure),
        learned: vec![],
        closes_window: false,
        follows: false,
    }
}

/// Stores a message and lets it fail with a provider's code.
async fn failed(bench: &Bench, parts: u16, code: i64) -> MessageId {
    let plan = bench.plan(parts);
    let id = plan.id;
    let head = bench.accepted(plan).await.expect("the lane is idle");
    let attempt = bench.begin(head).await;
    let failure = failure().provider(code);
    bench.settle(head, attempt, End::Failed { failure, closes_window: false, shuts: false }).await;
    assert_eq!(bench.message(id).await.rank, Rank::Failed);
    id
}

/// A call to a provider, told from others by its body.
pub(crate) fn exchange(body: &str) -> Exchange {
    Exchange {
        method: "POST".into(),
        url: "https://provider.example/messages".into(),
        headers: vec![("authorization".into(), "•••".into())],
        body: body.into(),
        status: Some(200),
        response: "{}".into(),
        took_ms: 7,
    }
}

async fn groups(bench: &Bench) -> Vec<DeadLetterGroup> {
    let groups = bench.store.dead_letter_groups(Some(bench.workspace)).await.unwrap();
    let all = bench.store.dead_letter_groups(None).await.unwrap();
    assert_eq!(all.len(), groups.len());
    groups
}

async fn replay(bench: &Bench, id: MessageId) -> Result<Option<Head>, NotReplayed> {
    bench.store.replay(bench.workspace, id, how()).await.unwrap()
}

pub(crate) async fn failures_are_grouped_by_cause_and_listed(bench: Bench) {
    let first = failed(&bench, 1, 131_026).await;
    let second = failed(&bench, 1, 131_026).await;
    let other = failed(&bench, 1, 131_047).await;
    let found = groups(&bench).await;
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].messages, found[0].cause.provider_code), (2, Some(131_026)));
    assert_eq!(found[0].sample, second);
    assert!(found[0].first_at <= found[0].last_at && found[0].failure.is_some());
    let list = bench.store.dead_letters(bench.workspace, None, None, 10).await.unwrap();
    assert_eq!(list.iter().map(|d| d.message).collect::<Vec<_>>(), [other, second, first]);
    let of_first = Some(found[0].cause.clone());
    let page = bench.store.dead_letters(bench.workspace, of_first.clone(), Some(second), 10).await.unwrap();
    assert_eq!(page.iter().map(|d| d.message).collect::<Vec<_>>(), [first]);
    let gone = bench.store.dismiss_dead_letters(step(&bench, of_first, 10)).await.unwrap();
    assert_eq!(gone, 2);
    assert_eq!(groups(&bench).await.len(), 1);
    assert_eq!(bench.message(first).await.rank, Rank::Failed, "it stays failed");
}

pub(crate) async fn a_replay_is_a_new_delivery_and_late_receipts_of_the_old_one_move_nothing(bench: Bench) {
    let id = failed(&bench, 1, 131_026).await;
    let head = replay(&bench, id).await.expect("it has failed").expect("the lane is idle");
    assert_eq!((head.part.delivery, head.part.part), (2, 1));
    let message = bench.message(id).await;
    assert_eq!((message.rank, message.error, message.failed_at), (Rank::Pending, None, None));
    assert!(groups(&bench).await.is_empty());
    assert_eq!(replay(&bench, id).await, Err(NotReplayed::NotFailed), "it is not sent twice");
    let old = PartRef { message: id, delivery: 1, part: 1 };
    for (kind, at) in [(ReceiptKind::Failed, 70_000), (ReceiptKind::Delivered, 70_001)] {
        bench.store.receipt(report(&bench, old, kind, at)).await.unwrap();
    }
    assert_eq!(bench.message(id).await.rank, Rank::Pending, "the old delivery is over");
    bench.send(head).await;
    assert_eq!(bench.message(id).await.rank, Rank::Sent);
    bench.store.receipt(report(&bench, head.part, ReceiptKind::Delivered, 80_000)).await.unwrap();
    assert_eq!(bench.message(id).await.rank, Rank::Delivered);
    let life = bench.store.life(bench.workspace, id).await.unwrap();
    assert_eq!(life.iter().map(|part| part.delivery).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(life[0].receipts.len(), 2, "they are kept");
    let opened = bench.store.deliveries(bench.workspace, id).await.unwrap();
    assert_eq!((opened.len(), opened[0].delivery, opened[0].by.as_deref()), (1, 2, Some("Carla")));
    assert_eq!(opened[0].withdrawn.as_ref().and_then(|f| f.provider_code), Some(131_026));
}

pub(crate) async fn a_replay_that_fails_again_is_a_dead_letter_again(bench: Bench) {
    let id = failed(&bench, 1, 131_026).await;
    let head = replay(&bench, id).await.unwrap().unwrap();
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, refused()).await;
    assert_eq!(bench.message(id).await.rank, Rank::Failed);
    assert_eq!(groups(&bench).await.iter().map(|g| g.messages).sum::<u64>(), 1);
    assert_eq!(replay(&bench, id).await.unwrap().unwrap().part.delivery, 3);
}

pub(crate) async fn only_the_parts_that_failed_are_sent_again(bench: Bench) {
    let plan = bench.plan(3);
    let id = plan.id;
    let first = bench.accepted(plan).await.unwrap();
    let second = bench.send(first).await.next.unwrap();
    let attempt = bench.begin(second).await;
    bench.settle(second, attempt, refused()).await;
    let head = replay(&bench, id).await.unwrap().unwrap();
    assert_eq!(head.part.part, 2);
    let last = bench.send(head).await.next.expect("the part that was never sent follows");
    assert_eq!(last.part, PartRef { message: id, delivery: 2, part: 3 });
    bench.send(last).await;
    assert_eq!(bench.message(id).await.rank, Rank::Sent);
}

pub(crate) async fn a_replay_stands_behind_what_its_lane_has_accepted_meanwhile(bench: Bench) {
    let id = failed(&bench, 1, 1).await;
    let ahead = bench.accepted(bench.plan(1)).await.unwrap();
    assert!(replay(&bench, id).await.unwrap().is_none(), "the lane is busy");
    let next = bench.send(ahead).await.next.unwrap();
    assert_eq!(next.part, PartRef { message: id, delivery: 2, part: 1 });
    bench.send(next).await;
}

pub(crate) async fn what_has_not_failed_or_cannot_go_out_is_not_replayed(bench: Bench) {
    let waiting = bench.accept(1).await;
    assert_eq!(replay(&bench, waiting).await, Err(NotReplayed::NotFailed));
    assert_eq!(replay(&bench, MessageId(7)).await, Err(NotReplayed::Missing));
    let mut plan = bench.plan(0);
    plan.resolved = "{}".into();
    plan.failed = Some(Failure::new(ErrorCode::TemplateRefused, "lint"));
    let linted = plan.id;
    bench.accepted(plan).await;
    assert_eq!(replay(&bench, linted).await, Err(NotReplayed::Refused));
    assert!(groups(&bench).await.is_empty(), "what was refused at once is no dead letter");
    let mut plan = bench.plan(1);
    plan.failed = Some(Failure::new(ErrorCode::WindowClosed, "closed").provider(131_047));
    let closed = plan.id;
    bench.accepted(plan).await;
    assert_eq!(groups(&bench).await.len(), 1, "a closed window opens again");
    bench.store.remove_channel(bench.channel).await.unwrap();
    assert_eq!(replay(&bench, closed).await, Err(NotReplayed::ChannelRemoved));
}

pub(crate) async fn a_report_of_arrival_takes_a_message_off_the_dead_letters(bench: Bench) {
    let id = failed(&bench, 1, 131_026).await;
    let part = PartRef { message: id, delivery: 1, part: 1 };
    bench.store.receipt(report(&bench, part, ReceiptKind::Delivered, 100)).await.unwrap();
    assert_eq!(bench.message(id).await.rank, Rank::Delivered);
    assert!(groups(&bench).await.is_empty());
}

pub(crate) async fn an_expired_message_gets_a_new_time_to_live(bench: Bench) {
    let mut plan = bench.plan(1);
    plan.expires_at = NOW;
    let id = plan.id;
    let head = bench.accepted(plan).await.unwrap();
    assert!(matches!(bench.store.begin(head, FENCE, NOW, NOW).await.unwrap(), Verdict::Expired { .. }));
    assert_eq!(groups(&bench).await[0].cause.code, "expired");
    let head = replay(&bench, id).await.unwrap().unwrap();
    assert_eq!(head.expires_at, Timestamp(LATER.0 + DAY));
    assert!(matches!(bench.store.begin(head, FENCE, LATER, LATER).await.unwrap(), Verdict::Began(_)));
}

pub(crate) async fn many_are_replayed_in_bounded_steps_and_none_twice_in_a_run(bench: Bench) {
    for _ in 0..7 {
        failed(&bench, 1, 131_026).await;
    }
    let stranger = failed(&bench, 1, 130_429).await;
    let cause = groups(&bench).await[0].cause.clone();
    let mut step = step(&bench, Some(cause), 3);
    let mut total = 0;
    loop {
        let done = bench.store.replay_dead_letters(step.clone(), how()).await.unwrap();
        assert!(done.messages <= 3 && done.skipped.is_empty());
        for head in done.heads {
            let attempt = bench.begin(head).await;
            bench.settle_at(head, attempt, refused(), Timestamp(LATER.0 + 1)).await;
        }
        total += done.messages;
        step.after = done.last;
        if done.last.is_none() {
            break;
        }
    }
    assert_eq!(total, 7, "what failed again is not taken again");
    assert_eq!(bench.message(stranger).await.rank, Rank::Failed, "another cause is left alone");
}

pub(crate) async fn open_attempts_and_unknown_outcomes_are_found(bench: Bench) {
    let id = bench.plan(1);
    let message = id.id;
    let head = bench.accepted(id).await.unwrap();
    let channels = vec![bench.channel];
    let open = |before| bench.store.with_open_attempts(channels.clone(), before);
    assert!(open(LATER).await.unwrap().is_empty(), "nothing is begun");
    bench.begin(head).await;
    assert!(open(NOW).await.unwrap().is_empty(), "it may still leave");
    assert_eq!(open(LATER).await.unwrap(), channels);
    bench.store.recover(channels.clone(), LATER, LATER, LATER).await.unwrap();
    assert!(open(LATER).await.unwrap().is_empty());
    let unknown = bench.store.unknown_outcomes(Some(bench.workspace), None, 10).await.unwrap();
    assert_eq!((unknown.len(), unknown[0].message, unknown[0].since), (1, message, LATER));
    assert!(unknown[0].failure.is_some() && unknown[0].begun_at == Some(NOW));
    assert_eq!(bench.store.unknown_outcomes(None, Some(message), 10).await.unwrap().len(), 0);
}

pub(crate) async fn what_providers_have_reported_is_told(bench: Bench) {
    let plan = bench.plan(1);
    let id = plan.id;
    let head = bench.accepted(plan).await.unwrap();
    let sent = bench.store.newest_sent(MessageId(0), 10).await.unwrap();
    assert_eq!(sent, [(id, bench.channel)]);
    assert!(bench.store.newest_sent(id, 10).await.unwrap().is_empty());
    let told = || bench.store.reported(vec![id, MessageId(3)]);
    assert!(told().await.unwrap()[0].is_pending);
    bench.send(head).await;
    let row = told().await.unwrap()[0];
    assert!(!row.is_pending && row.sent_at.is_some() && row.receipt_at.is_none());
    bench.store.receipt(report(&bench, head.part, ReceiptKind::Delivered, 900)).await.unwrap();
    let row = told().await.unwrap()[0];
    assert_eq!(
        (row.delivered_at, row.receipt_at),
        (Some(Timestamp(NOW.0 + 900)), Some(Timestamp(NOW.0 + 900)))
    );
}

/// Sweeps a kind to its end; what went, which a dry run has foretold.
async fn swept(bench: &Bench, kind: Kept, before: i64) -> u64 {
    let (before, now) = (Timestamp(before), Timestamp(NOW.0 + 400 * DAY));
    let foretold = bench.store.removable(kind, before, now).await.unwrap();
    let mut gone = 0;
    loop {
        let step = bench.store.sweep(kind, before, now, 2).await.unwrap();
        gone += step.rows;
        if !step.more {
            break;
        }
    }
    assert_eq!(gone, foretold, "{kind:?}");
    assert_eq!(bench.store.sweep(kind, before, now, 2).await.unwrap(), Swept::default(), "{kind:?} is done");
    gone
}

pub(crate) async fn old_messages_are_blanked_and_their_thread_still_reads(bench: Bench) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let mut plan = bench.plan(1);
        plan.now = Timestamp(NOW.0 + n * DAY);
        ids.push(plan.id);
        let head = bench.accepted(plan).await.unwrap();
        let attempt = bench.begin(head).await;
        let end = if n == 1 { refused() } else { sent() };
        bench.settle(head, attempt, end).await;
    }
    assert_eq!(swept(&bench, Kept::Contents, NOW.0 + 3 * DAY).await, 3);
    assert_eq!(swept(&bench, Kept::Contents, NOW.0 + 3 * DAY).await, 0);
    let thread = bench.store.thread(bench.workspace, bench.contact, None, 10).await.unwrap();
    assert_eq!(
        thread.iter().map(|m| m.blanked_at.is_some()).collect::<Vec<_>>(),
        [false, false, true, true, true]
    );
    let old = bench.message(ids[1]).await;
    assert!(old.resolved.is_none() && !format!("{:?}", old.content).contains("hola"));
    let error = old.error.expect("that it failed stays");
    assert_eq!(error.code, failure().code);
    assert_ne!(error.message, failure().message, "the words are gone");
    let life = bench.store.life(bench.workspace, ids[1]).await.unwrap();
    assert_ne!(life[0].attempts[0].failure.as_ref().unwrap().message, failure().message);
    assert_eq!(replay(&bench, ids[1]).await, Err(NotReplayed::Blanked));
    assert!(groups(&bench).await.is_empty());
}

pub(crate) async fn the_family_of_a_blanked_message_goes_with_its_history(bench: Bench) {
    // Failed and sent again, sent, and refused for good; each with what came of it.
    let again = failed(&bench, 2, 131_026).await;
    let mut next = replay(&bench, again).await.unwrap();
    while let Some(head) = next {
        next = bench.send(head).await.next;
    }
    let sent = bench.accepted(bench.plan(1)).await.unwrap();
    bench.send(sent).await;
    bench.store.receipt(report(&bench, sent.part, ReceiptKind::Delivered, 9)).await.unwrap();
    failed(&bench, 2, 131_026).await;
    let mut young = bench.plan(1);
    young.now = Timestamp(NOW.0 + 40 * DAY);
    let young = bench.accepted(young).await.unwrap();
    bench.send(young).await;
    let before = NOW.0 + 30 * DAY;
    assert_eq!(swept(&bench, Kept::History, before).await, 6);
    // A receipt may come when the history has gone.
    bench.store.receipt(report(&bench, sent.part, ReceiptKind::Read, 10)).await.unwrap();
    let (moment, now) = (Timestamp(before), Timestamp(NOW.0 + 400 * DAY));
    assert_eq!(bench.store.removable(Kept::Deliveries, moment, now).await.unwrap(), 8, "a dry run tells it");
    assert_eq!(swept(&bench, Kept::Contents, before).await, 3);
    assert_eq!(swept(&bench, Kept::Deliveries, before).await, 8, "seven parts and a delivery");
    for id in [again, sent.part.message] {
        assert!(bench.store.life(bench.workspace, id).await.unwrap().is_empty());
        assert!(bench.store.deliveries(bench.workspace, id).await.unwrap().is_empty());
        let message = bench.message(id).await;
        assert!(message.rank >= Rank::Sent && message.provider_id.as_deref() == Some("wamid.1"));
    }
    let late = bench.store.receipt(report(&bench, sent.part, ReceiptKind::Read, 11)).await.unwrap();
    assert!(matches!(late, ReceiptVerdict::Unmatched), "{late:?}");
    let life = bench.store.life(bench.workspace, young.part.message).await.unwrap();
    assert_eq!(life[0].attempts.len(), 1, "what is young is whole");
}

pub(crate) async fn what_was_passed_by_goes_once_it_has_ended(bench: Bench) {
    let unknown_one = bench.accepted(bench.plan(1)).await.unwrap();
    let attempt = bench.begin(unknown_one).await;
    bench.settle(unknown_one, attempt, unknown()).await;
    let id = unknown_one.part.message;
    let other = add_contact(&*bench.store, bench.workspace, "+593997000002").await;
    let mut plan = bench.plan(1);
    (plan.contact, plan.address) = (other, "+593997000002".into());
    let waiting = bench.accepted(plan).await.unwrap();
    let before = NOW.0 + 30 * DAY;
    assert_eq!(swept(&bench, Kept::Contents, before).await, 1, "what is unknown is blanked");
    swept(&bench, Kept::History, before).await;
    assert_eq!(swept(&bench, Kept::Deliveries, before).await, 0, "nobody has decided yet");
    assert_eq!(bench.store.life(bench.workspace, id).await.unwrap()[0].state, 4);
    bench.store.resolve_unknown(bench.workspace, id, false, LATER).await.unwrap();
    bench.send(waiting).await;
    assert_eq!(swept(&bench, Kept::Contents, before).await, 1, "the one that waited");
    assert_eq!(swept(&bench, Kept::Deliveries, before).await, 2);
    assert!(bench.store.life(bench.workspace, id).await.unwrap().is_empty());
    assert!(bench.message(waiting.part.message).await.blanked_at.is_some());
}

pub(crate) async fn what_still_waits_or_is_young_is_kept(bench: Bench) {
    let waiting = bench.accept(1).await;
    assert_eq!(swept(&bench, Kept::Contents, NOW.0 + DAY).await, 0);
    assert!(bench.message(waiting).await.blanked_at.is_none());
    assert_eq!(swept(&bench, Kept::Contents, NOW.0).await, 0);
}

pub(crate) async fn every_other_kind_goes_from_the_old_end(bench: Bench) {
    let mut plan = bench.plan(1);
    plan.idempotency = Some(Idempotency { key: [7; 32], body: [8; 32], status: 200, answer: "{}".into() });
    let id = plan.id;
    let head = bench.accepted(plan).await.unwrap();
    bench.send(head).await;
    bench.store.receipt(report(&bench, head.part, ReceiptKind::Delivered, 9)).await.unwrap();
    for _ in 0..4 {
        failed(&bench, 1, 131_026).await;
    }
    let odd = chaski_store::receive::KeepIn {
        workspace: bench.workspace,
        hook: chaski_model::HookId(1),
        received_at: NOW,
        cause: "why".into(),
        query: String::new(),
        body: vec![1],
    };
    bench.store.keep(odd).await.unwrap();
    bench.store.mark_seen(chaski_model::HookId(1), "s".into(), NOW).await.unwrap();
    while bench.store.project(100).await.unwrap() {}
    let later = NOW.0 + 30 * DAY;
    for (kind, count) in [
        (Kept::History, 6),
        (Kept::DeadLetters, 4),
        (Kept::Webhooks, 1),
        (Kept::Idempotency, 1),
        (Kept::Signatures, 1),
        (Kept::Sessions, 0),
        (Kept::ProviderIds, 0),
    ] {
        assert_eq!(swept(&bench, kind, NOW.0).await, 0, "{kind:?} is young");
        assert_eq!(swept(&bench, kind, later).await, count, "{kind:?}");
    }
    let head = bench.store.head(bench.workspace).await.unwrap();
    assert_eq!(swept(&bench, Kept::Events, later).await, head.unsigned_abs());
    assert_eq!(bench.store.head(bench.workspace).await.unwrap(), head, "numbers go on");
    assert_eq!(bench.message(id).await.rank, Rank::Delivered);
    assert!(groups(&bench).await.is_empty());
    bench.store.compact(16).await.unwrap();
}

pub(crate) async fn events_that_a_follower_has_not_seen_are_kept(bench: Bench) {
    while bench.store.project(100).await.unwrap() {}
    bench.accept(1).await;
    let lag = bench.store.lag().await.unwrap();
    assert_eq!((lag[0].follower, lag[0].events), ("inbox", 1));
    swept(&bench, Kept::Events, NOW.0 + 30 * DAY).await;
    let head = bench.store.head(bench.workspace).await.unwrap();
    let kept = bench.store.events(bench.workspace, 0, 10).await.unwrap();
    assert_eq!(kept.iter().map(|e| e.seq).collect::<Vec<_>>(), [head]);
}

pub(crate) async fn what_waits_for_the_writer_is_told(bench: Bench) {
    bench.store.can_write().await.unwrap();
    assert_eq!(bench.store.writer_waiting(), 0);
    let mut most = 0;
    // It may take all of them at once just before it is asked.
    for _ in 0..50 {
        let many = (0..100).map(|_| bench.accept(1));
        let told = async { bench.store.writer_waiting() };
        let (stored, waiting) = tokio::join!(super::cases::futures(many), told);
        assert_eq!(stored.len(), 100);
        most = most.max(waiting);
        if most > 0 {
            break;
        }
    }
    assert!(most > 0, "a hundred callers at once wait for a moment");
    assert_eq!(bench.store.writer_waiting(), 0);
}

pub(crate) async fn what_was_blanked_is_not_sent_again_by_a_decision(bench: Bench) {
    let plan = bench.plan(1);
    let id = plan.id;
    let head = bench.accepted(plan).await.unwrap();
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, unknown()).await;
    assert_eq!(swept(&bench, Kept::Contents, NOW.0 + DAY).await, 1);
    let again = bench.store.resolve_unknown(bench.workspace, id, true, LATER).await;
    assert!(matches!(again, Err(chaski_store::StoreError::Conflict(_))), "{again:?}");
    assert!(bench.message(id).await.unknown, "nothing was decided");
    bench.store.resolve_unknown(bench.workspace, id, false, LATER).await.unwrap();
    assert_eq!(bench.message(id).await.rank, Rank::Failed);
    assert!(groups(&bench).await.is_empty(), "a person has left it");
}

pub(crate) async fn every_part_of_many_replays_goes_out_once_and_in_order(bench: Bench) {
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(failed(&bench, 2, 131_026).await);
    }
    let done = bench.store.replay_dead_letters(step(&bench, None, 100), how()).await.unwrap();
    assert_eq!((done.messages, done.heads.len(), done.last), (40, 1, ids.last().copied()));
    assert_eq!(done.heads[0].class, how().class);
    let mut next = done.heads.first().copied();
    let mut sent = Vec::new();
    while let Some(head) = next {
        sent.push(head.part);
        next = bench.send(head).await.next;
    }
    let part = |message: &MessageId, part| PartRef { message: *message, delivery: 2, part };
    let wanted: Vec<_> = ids.iter().flat_map(|id| [part(id, 1), part(id, 2)]).collect();
    assert_eq!(sent, wanted);
    assert_eq!(bench.message(ids[39]).await.rank, Rank::Sent);
    assert!(groups(&bench).await.is_empty());
    let head = bench.accepted(bench.plan(1)).await.expect("the lane is idle again");
    bench.send(head).await;
}

pub(crate) async fn what_was_said_to_providers_is_read_back_and_goes_with_its_age(bench: Bench) {
    // More than one block, of two messages.
    let (old, young) = (MessageId(1 << 30), MessageId(1 << 31));
    let part = |message, part| PartRef { message, delivery: 1, part };
    let young_at = Timestamp(NOW.0 + 40 * DAY);
    for n in 0..150 {
        bench.store.note_exchange(part(old, n), 1, NOW, exchange(&format!("old {n}")));
    }
    // Whole blocks go: reading ends one.
    assert_eq!(bench.store.exchange(part(old, 3), 1, NOW).await.unwrap(), Some(exchange("old 3")));
    bench.store.note_exchange(part(young, 0), 1, young_at, exchange("young"));
    bench.store.note_exchange(part(young, 0), 2, young_at, exchange("first"));
    bench.store.note_exchange(part(young, 0), 2, young_at, exchange("noted again"));
    let read = async |message, number, attempt, at| {
        let read = bench.store.exchange(part(message, number), attempt, at).await.unwrap();
        read.map(|exchange| exchange.body)
    };
    assert_eq!(read(old, 149, 1, NOW).await.as_deref(), Some("old 149"));
    assert_eq!(read(young, 0, 1, young_at).await.as_deref(), Some("young"));
    assert_eq!(read(young, 0, 2, young_at).await.as_deref(), Some("noted again"));
    assert_eq!(read(young, 0, 3, young_at).await, None, "there was no such attempt");
    assert_eq!(swept(&bench, Kept::Exchanges, NOW.0 - 30 * DAY).await, 0, "all are young");
    assert_eq!(swept(&bench, Kept::Exchanges, NOW.0 + 20 * DAY).await, 150);
    assert_eq!(read(old, 3, 1, NOW).await, None);
    assert_eq!(read(young, 0, 2, young_at).await.as_deref(), Some("noted again"));
}
