//! The cases, written once.

pub(crate) use super::lanes::*;
pub(crate) use super::media::*;
pub(crate) use super::more_cases::*;
pub(crate) use super::recipients::*;
pub(crate) use super::reports::*;
pub(crate) use super::space::*;
use super::support::*;
pub(crate) use super::upkeep::*;
use chaski_model::address::{Address, E164};
use chaski_model::identifier::Identifier;
use chaski_model::template::{Definition, TemplateStatus};
use chaski_model::{MessageId, PartRef, Rank, ReceiptKind, Timestamp};
use chaski_store::StoreError;
use chaski_store::admin::{NewUser, SyncedTemplate};
use chaski_store::contacts::ContactChange;
use chaski_store::inbox::Filter;
use chaski_store::outbox::*;
use chaski_store::receive::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

pub(crate) fn receipt(bench: &Bench, message: MessageId, part: u16, kind: ReceiptKind, at: i64) -> ReceiptIn {
    ReceiptIn {
        part: PartRef { message, delivery: 1, part },
        workspace: bench.workspace,
        channel: bench.channel,
        kind,
        provider_at: Timestamp(NOW.0 + at),
        received_at: Timestamp(NOW.0 + at + 1),
        provider_id: "wamid.1".into(),
        failure: (kind == ReceiptKind::Failed).then(failure),
        learned: vec![],
        closes_window: false,
        follows: false,
    }
}

pub(crate) fn inbound(bench: &Bench, provider_id: &str, from: Vec<Address>) -> InboundIn {
    InboundIn {
        id: bench.store.next_id(NOW.0),
        workspace: bench.workspace,
        channel: bench.channel,
        provider_id: provider_id.into(),
        from,
        profile_name: Some("Luis".into()),
        at: NOW,
        received_at: NOW,
        content: r#"{"type":"text","text":"hola"}"#.into(),
        origin: r#"{"source":"contact"}"#.into(),
        wants_media: false,
    }
}

pub(crate) fn phone(number: &str) -> Address {
    Address::phone(&E164::from_digits(number).unwrap())
}

pub(crate) async fn a_lane_sends_one_part_after_the_other(bench: Bench) {
    let first = bench.accepted(bench.plan(1)).await.expect("an idle lane's part can go out");
    assert!(bench.accepted(bench.plan(1)).await.is_none(), "the next one waits behind it");
    let third = bench.plan(1);
    let third_id = third.id;
    assert!(bench.accepted(third).await.is_none());
    let second = bench.send(first).await.next.expect("the second comes to the head");
    let last = bench.send(second).await.next.expect("then the third");
    assert_eq!(last.part.message, third_id);
    assert!(bench.send(last).await.next.is_none(), "then the lane is idle");
    assert!(bench.accepted(bench.plan(1)).await.is_some(), "and takes a new one at once");
}

pub(crate) async fn parts_of_one_message_follow_each_other_and_a_failed_one_ends_the_rest(bench: Bench) {
    let first = bench.accepted(bench.plan(3)).await.expect("the first part");
    let next = bench.accept(1).await;
    let second = bench.send(first).await.next.expect("the second part");
    assert_eq!((second.part.message, second.part.part), (first.part.message, 2));
    let attempt = bench.begin(second).await;
    let settled = bench.settle(second, attempt, refused()).await;
    assert_eq!(settled.next.map(|head| head.part.message), Some(next), "the third part is not sent");
    assert_eq!(bench.message(first.part.message).await.rank, Rank::Failed);
}

pub(crate) async fn a_retry_keeps_its_lane_until_it_steps_aside(bench: Bench) {
    let first = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    let settled = bench.settle(first, attempt, retry(NOW.0 + 300_000)).await;
    assert!(settled.next.is_none(), "the lane waits");
    let again = settled.again.expect("it is due again");
    assert_eq!(again.keep_until, Some(Timestamp(NOW.0 + 5 + 60_000)));
    let aside = bench.store.step_aside(again, Timestamp(NOW.0 + 60_005)).await.unwrap();
    assert_eq!(aside.next.map(|head| head.part.message), Some(next));
    let alone = aside.again.expect("it is still due");
    assert_eq!((alone.due_at, alone.keep_until), (again.due_at, None));
    let attempt = bench.begin(alone).await;
    assert_eq!(attempt, 2);
    assert!(bench.settle(alone, attempt, sent()).await.next.is_none(), "the lane has its own head");
    assert_eq!(bench.message(first.part.message).await.rank, Rank::Sent);
    let due = bench.store.due(bench.channel, None, 10).await.unwrap();
    assert_eq!(due.iter().map(|head| head.part.message).collect::<Vec<_>>(), [next]);
}

pub(crate) async fn an_unknown_part_lets_its_lane_go_and_is_never_due_again(bench: Bench) {
    let first = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    let held = bench.settle(first, attempt, unknown()).await.again.expect("it holds its lane");
    assert!(held.held);
    let message = bench.message(first.part.message).await;
    assert!(message.unknown && message.rank == Rank::Pending);
    assert_eq!(bench.store.unknown(bench.workspace, 10).await.unwrap(), [first.part.message]);
    let gone = bench.store.step_aside(held, Timestamp(NOW.0 + 30_000)).await.unwrap();
    assert_eq!(gone.next.map(|head| head.part.message), Some(next));
    assert!(gone.again.is_none());
    let begun = bench.store.begin(held, FENCE, NOW, NOW).await.unwrap();
    assert!(matches!(begun, Verdict::Gone { .. }), "{begun:?}");
}

pub(crate) async fn a_receipt_ends_an_unknown_part_at_once(bench: Bench) {
    let first = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    bench.settle(first, attempt, unknown()).await;
    let verdict =
        bench.store.receipt(receipt(&bench, first.part.message, 1, ReceiptKind::Delivered, 9)).await.unwrap();
    let ReceiptVerdict::Applied { next: Some(head) } = verdict else { panic!("{verdict:?}") };
    assert_eq!(head.part.message, next, "its lane goes on");
    let message = bench.message(first.part.message).await;
    assert!(!message.unknown && message.rank == Rank::Delivered);
}

pub(crate) async fn a_receipt_before_the_answer_is_kept(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let attempt = bench.begin(head).await;
    bench.store.receipt(receipt(&bench, head.part.message, 1, ReceiptKind::Delivered, 1)).await.unwrap();
    let settled = bench.settle(head, attempt, unknown()).await;
    assert!(settled.again.is_none(), "what looked lost was taken");
    let message = bench.message(head.part.message).await;
    assert!(!message.unknown && message.rank == Rank::Delivered);
    assert_eq!(message.sent_at, None, "no status is invented");
}

/// What is told about a part: the answer to its call, or a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Answer(Answer),
    Receipt(ReceiptKind),
}

/// How the call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Taken,
    Lost,
    Later,
    Refused,
}

const ANSWERS: [Answer; 4] = [Answer::Taken, Answer::Lost, Answer::Later, Answer::Refused];
const RECEIPTS: [ReceiptKind; 4] =
    [ReceiptKind::Sent, ReceiptKind::Failed, ReceiptKind::Delivered, ReceiptKind::Read];

/// One answer and some receipts in any order, some of the receipts more than once.
fn stories() -> impl Strategy<Value = Vec<Told>> {
    let answer = proptest::sample::select(ANSWERS.to_vec());
    let receipts = proptest::sample::subsequence(RECEIPTS.to_vec(), 0..=RECEIPTS.len());
    let told = (answer, receipts).prop_flat_map(|(answer, receipts)| {
        let receipts: Vec<Told> = receipts.into_iter().map(Told::Receipt).collect();
        let mut all = receipts.clone();
        all.push(Told::Answer(answer));
        let doubles =
            proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..4);
        (Just(all).prop_shuffle(), Just(receipts), doubles)
    });
    told.prop_map(|(mut order, receipts, doubles)| {
        for (which, place) in doubles.into_iter().filter(|_| !receipts.is_empty()) {
            order.insert(place.index(order.len() + 1), *which.get(&receipts));
        }
        order
    })
}

/// Every order of the answer and the receipts, with doubles, ends in the highest that was told. A
/// receipt is the truth: what looked lost, to be tried again or refused was taken.
pub(crate) async fn receipts_and_answer_in_any_order_end_in_the_same_status(bench: Bench) {
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let bench = &bench;
    tokio::task::block_in_place(|| {
        runner
            .run(&stories(), |story| {
                handle.block_on(told_in_this_order(bench, &story)).map_err(TestCaseError::fail)
            })
            .unwrap();
    });
}

/// What is there after a story, if it is as it should be.
async fn told_in_this_order(bench: &Bench, story: &[Told]) -> Result<(), String> {
    // Each story has a lane of its own, so that a failed one leaves the next one alone.
    let mut plan = bench.plan(1);
    plan.address = format!("+{}", plan.id.0);
    let head = bench.accepted(plan).await.expect("the lane is new");
    let id = head.part.message;
    let attempt = bench.begin(head).await;
    for told in story {
        match told {
            Told::Answer(answer) => {
                let end = match answer {
                    Answer::Taken => sent(),
                    Answer::Lost => unknown(),
                    Answer::Later => retry(NOW.0 + 300_000),
                    Answer::Refused => refused(),
                };
                bench.settle(head, attempt, end).await;
            }
            Told::Receipt(kind) => {
                bench.store.receipt(receipt(bench, id, 1, *kind, *kind as i64)).await.unwrap();
            }
        }
    }
    let message = bench.message(id).await;
    let has = |kind| story.contains(&Told::Receipt(kind));
    let answered = |answer| story.contains(&Told::Answer(answer));
    let taken_first = story
        .iter()
        .take_while(|told| matches!(told, Told::Receipt(_)))
        .any(|told| *told != Told::Receipt(ReceiptKind::Failed));
    let reached = [
        (Rank::Sent, has(ReceiptKind::Sent) || answered(Answer::Taken), message.sent_at),
        (
            Rank::Failed,
            has(ReceiptKind::Failed) || answered(Answer::Refused) && !taken_first,
            message.failed_at,
        ),
        (Rank::Delivered, has(ReceiptKind::Delivered), message.delivered_at),
        (Rank::Read, has(ReceiptKind::Read), message.read_at),
    ];
    let rank = reached.iter().filter(|(_, is_told, _)| *is_told).map(|(rank, _, _)| *rank).max();
    let mut wrong = Vec::new();
    let mut hold = |is_right: bool, what: String| wrong.extend((!is_right).then_some(what));
    hold(
        message.rank == rank.unwrap_or(Rank::Pending),
        format!("the rank is {:?}, what was told is {rank:?}", message.rank),
    );
    for (rank, is_told, at) in reached {
        hold(at.is_some() == is_told, format!("{rank:?} at {at:?}, told: {is_told}"));
    }
    hold(
        message.unknown == (rank.is_none() && answered(Answer::Lost)),
        format!("the outcome is unknown: {}", message.unknown),
    );
    let due = bench.store.due(bench.channel, None, 1000).await.unwrap();
    let is_due = due.iter().any(|due| due.part == head.part);
    hold(is_due == rank.is_none(), format!("it is in the queue: {is_due}"));
    let life = bench.store.life(bench.workspace, id).await.unwrap();
    let receipts = RECEIPTS.into_iter().filter(|kind| has(*kind)).count();
    hold(
        life[0].receipts.len() == receipts,
        format!("{} receipts instead of {receipts}: doubles are told by their time", life[0].receipts.len()),
    );
    hold(life[0].attempts.len() == 1, format!("{} attempts", life[0].attempts.len()));
    if wrong.is_empty() { Ok(()) } else { Err(format!("{story:?}: {}", wrong.join("; "))) }
}

pub(crate) async fn a_failed_receipt_for_an_unknown_part_ends_the_later_parts_too(bench: Bench) {
    let first = bench.accepted(bench.plan(3)).await.expect("the first part");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    bench.settle(first, attempt, unknown()).await;
    let failed = receipt(&bench, first.part.message, 1, ReceiptKind::Failed, 9);
    let verdict = bench.store.receipt(failed).await.unwrap();
    let ReceiptVerdict::Applied { next: Some(head) } = verdict else { panic!("{verdict:?}") };
    assert_eq!(head.part.message, next, "the later parts are not sent");
    let message = bench.message(first.part.message).await;
    assert!(!message.unknown && message.rank == Rank::Failed, "{message:?}");
    assert!(bench.send(head).await.next.is_none(), "nothing of it waits in the lane");
}

pub(crate) async fn an_unknown_part_resent_at_once_is_not_removed_when_its_lane_is_let_go(bench: Bench) {
    let first = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    let held = bench.settle(first, attempt, unknown()).await.again.expect("it holds its lane");
    let soon = Timestamp(NOW.0 + 1000);
    let resolved =
        bench.store.resolve_unknown(bench.workspace, first.part.message, true, soon).await.unwrap();
    let again = resolved.again.expect("it is due again");
    assert_eq!((again.part, again.held, again.due_at), (first.part, false, soon));
    // The dispatcher still knows the head that held the lane, and lets it go when its time has come.
    let gone = bench.store.step_aside(held, Timestamp(NOW.0 + 30_000)).await.unwrap();
    let due = bench.store.due(bench.channel, None, 10).await.unwrap();
    let queued = due.iter().find(|head| head.part == first.part).expect("it is still queued");
    assert!(!queued.held, "{queued:?}");
    let other = due.iter().find(|head| head.part.message == next).copied();
    let other = other.or(resolved.next).or(gone.next);
    let attempt = bench.begin(again).await;
    assert_eq!(attempt, 2);
    let settled = bench.settle(again, attempt, sent()).await;
    let message = bench.message(first.part.message).await;
    assert!(!message.unknown && message.rank == Rank::Sent, "{message:?}");
    bench.send(other.or(settled.next).expect("the lane goes on")).await;
    assert_eq!(bench.message(next).await.rank, Rank::Sent);
    assert!(bench.store.due(bench.channel, None, 10).await.unwrap().is_empty());
    assert!(bench.accepted(bench.plan(1)).await.is_some(), "the lane is idle");
}

pub(crate) async fn a_retry_after_a_back_off_or_a_hold_keeps_its_lane_a_full_minute_again(bench: Bench) {
    let End::Retry { failure, .. } = retry(NOW.0) else { panic!("a retry") };
    let at = |seconds: i64| Timestamp(NOW.0 + seconds * 1000);
    let pause = |outcome, backoff, keep_lane_ms| End::Retry {
        at: at(600),
        keep_lane_ms,
        outcome,
        failure: failure.clone(),
        backoff,
    };
    for pause in [pause("slow_down", true, 60_000), pause("hold", false, i64::MAX / 4)] {
        let mut plan = bench.plan(1);
        plan.address = format!("+{}", plan.id.0);
        let mut head = bench.accepted(plan).await.expect("the lane is new");
        let transient = || retry(NOW.0 + 3_600_000);
        for (end, ended_at, keep_until) in [
            (transient(), at(10), Some(at(70))),
            (transient(), at(20), Some(at(70))),
            (pause, at(30), None),
            (transient(), at(900), Some(at(960))),
            (transient(), at(910), Some(at(960))),
        ] {
            let attempt = bench.begin(head).await;
            head = bench.settle_at(head, attempt, end, ended_at).await.again.expect("it is due again");
            if keep_until.is_some() {
                assert_eq!(head.keep_until, keep_until, "after attempt {attempt}");
            } else {
                assert!(head.keep_until.is_none_or(|keep| keep > at(3600)), "the lane waits: {head:?}");
            }
        }
    }
}

pub(crate) async fn a_lane_runs_at_the_highest_class_that_waits_in_it(bench: Bench) {
    let mut head = bench.accepted(bench.plan(1)).await.expect("a head");
    for class in [2, 0, 2, 1] {
        assert!(bench.accepted(Accept { class, ..bench.plan(1) }).await.is_none());
    }
    let mut classes = Vec::new();
    while let Some(next) = bench.send(head).await.next {
        classes.push(next.class);
        let queued = bench.store.due(bench.channel, None, 10).await.unwrap();
        assert_eq!(queued, [next], "it is read back from the store as it was handed out");
        head = next;
    }
    assert_eq!(classes, [0, 0, 1, 1], "what stands before something urgent is urgent too");
}

pub(crate) async fn an_expired_part_is_not_begun(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let verdict = bench.store.begin(head, FENCE, Timestamp(NOW.0 + DAY), NOW).await.unwrap();
    let Verdict::Expired { next: Some(after) } = verdict else { panic!("{verdict:?}") };
    assert_eq!(after.part.message, next);
    let message = bench.message(head.part.message).await;
    assert_eq!(message.rank, Rank::Failed);
    assert_eq!(message.error.map(|e| e.code), Some(chaski_model::ErrorCode::Expired));
}

pub(crate) async fn a_key_is_answered_the_same_once_and_conflicts_with_another_body(bench: Bench) {
    let with_key = |body: u8, answer: &str| {
        let key = Idempotency { key: [7; 32], body: [body; 32], status: 200, answer: answer.to_owned() };
        Accept { idempotency: Some(key), ..bench.plan(1) }
    };
    assert!(matches!(bench.store.accept(with_key(1, "first")).await.unwrap(), Accepted::Stored { .. }));
    let again = bench.store.accept(with_key(1, "second")).await.unwrap();
    let Accepted::Replay { status: 200, answer } = again else { panic!("{again:?}") };
    assert_eq!(answer, "first");
    assert!(matches!(bench.store.accept(with_key(2, "x")).await.unwrap(), Accepted::KeyConflict));
    let known = bench.store.answered([7; 32], NOW).await.unwrap().expect("it is known");
    assert_eq!((known.0, known.2.as_str()), ([1; 32], "first"));
    let tomorrow = Timestamp(NOW.0 + DAY + 1);
    assert!(bench.store.answered([7; 32], tomorrow).await.unwrap().is_none(), "a key lives for a day");
    let thread = bench.store.thread(bench.workspace, bench.contact, None, 10).await.unwrap();
    assert_eq!(thread.len(), 1);
}

pub(crate) async fn a_message_recorded_as_failed_has_no_work(bench: Bench) {
    let plan = Accept { failed: Some(failure()), parts: 0, ..bench.plan(1) };
    let id = plan.id;
    assert!(bench.accepted(plan).await.is_none());
    assert!(bench.store.due(bench.channel, None, 10).await.unwrap().is_empty());
    assert_eq!(bench.message(id).await.rank, Rank::Failed);
    assert!(bench.accepted(bench.plan(1)).await.is_some(), "the lane is free");
}

pub(crate) async fn open_attempts_are_unknown_after_a_crash(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    bench.begin(head).await;
    let later = Timestamp(NOW.0 + 30_000);
    let recover = |dead| bench.store.recover(vec![bench.channel], dead, NOW, later);
    let found = recover(NOW).await.unwrap();
    assert_eq!((found.unknown.len(), found.open), (0, 1), "it may still leave or be settled");
    let found = recover(Timestamp(NOW.0 + 1)).await.unwrap();
    assert_eq!((found.unknown.len(), found.open), (1, 0));
    assert!(found.unknown[0].held);
    let found = recover(Timestamp(NOW.0 + 1)).await.unwrap();
    assert_eq!((found.unknown.len(), found.open), (0, 0));
    assert!(bench.message(head.part.message).await.unknown);
    let due = bench.store.due(bench.channel, None, 10).await.unwrap();
    assert!(due[0].held && due[0].due_at == later, "{due:?}");
}

pub(crate) async fn a_doubled_inbound_message_is_stored_once_even_at_once(bench: Bench) {
    let from = vec![phone("+593997000001")];
    let tries = (0..20).map(|_| bench.store.inbound(inbound(&bench, "wamid.in", from.clone())));
    let verdicts = futures(tries).await;
    let stored = verdicts.iter().filter(|v| matches!(v, Ok(InboundVerdict::Stored { .. }))).count();
    assert_eq!(stored, 1);
    assert_eq!(bench.store.thread(bench.workspace, bench.contact, None, 50).await.unwrap().len(), 1);
}

pub(crate) async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut results = Vec::new();
    for one in all.map(Box::pin).collect::<Vec<_>>() {
        results.push(one);
    }
    let mut out = Vec::new();
    // Poll all before awaiting any, so that they share commits.
    let mut pending = results;
    while !pending.is_empty() {
        let mut rest = Vec::new();
        for mut one in pending {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(one.as_mut().poll(cx))).await;
            match polled {
                std::task::Poll::Ready(value) => out.push(value),
                std::task::Poll::Pending => rest.push(one),
            }
        }
        pending = rest;
        tokio::task::yield_now().await;
    }
    out
}

pub(crate) async fn a_sender_is_found_by_any_of_its_addresses(bench: Bench) {
    let bsuid = Address::bsuid("EC.134912086553027419");
    let both = vec![phone("+593997000001"), bsuid.clone()];
    let verdict = bench.store.inbound(inbound(&bench, "a", both)).await.unwrap();
    assert!(matches!(verdict, InboundVerdict::Stored { contact } if contact == bench.contact));
    let alone = bench.store.inbound(inbound(&bench, "b", vec![bsuid])).await.unwrap();
    assert!(matches!(alone, InboundVerdict::Stored { contact } if contact == bench.contact), "{alone:?}");
    let stranger = bench.store.inbound(inbound(&bench, "c", vec![Address::bsuid("EC.9")])).await.unwrap();
    let InboundVerdict::Stored { contact } = stranger else { panic!("{stranger:?}") };
    assert_ne!(contact, bench.contact);
    let contact =
        bench.store.contact(bench.workspace, &Identifier::Id(contact)).await.unwrap().expect("it was made");
    assert_eq!((contact.first_name.as_str(), contact.phone()), ("Luis", None));
    assert_eq!(contact.addresses[0].learned_from, "inbound");
}

pub(crate) async fn an_address_belongs_to_one_contact(bench: Bench) {
    let change = ContactChange { addresses: vec![phone("+593997000001")], ..ContactChange::default() };
    let taken = bench.store.create_contact(bench.workspace, None, change, NOW).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    let own = ContactChange {
        addresses: vec![phone("+593997000001"), Address::email("Ana@X.ec")],
        ..ContactChange::default()
    };
    bench.store.update_contact(bench.workspace, bench.contact, own, NOW).await.unwrap();
    let found = bench.store.contact(bench.workspace, &Identifier::Email("ana@x.ec".into())).await.unwrap();
    assert_eq!(found.map(|contact| contact.id), Some(bench.contact));
}

pub(crate) async fn the_feed_is_dense_and_in_commit_order_under_load(bench: Bench) {
    let before = bench.store.head(bench.workspace).await.unwrap();
    let sends = (0..300).map(|_| bench.store.accept(bench.plan(1)));
    let seen = async {
        let mut last = before;
        let mut seen = Vec::new();
        while seen.len() < 300 {
            let page = bench.store.events(bench.workspace, last, 50).await.unwrap();
            last = page.last().map_or(last, |event| event.seq);
            seen.extend(page.into_iter().map(|event| event.seq));
            tokio::task::yield_now().await;
        }
        seen
    };
    let (stored, seen) = tokio::join!(futures(sends), seen);
    assert!(stored.iter().all(Result::is_ok));
    let wanted: Vec<i64> = (before + 1..=before + 300).collect();
    assert_eq!(seen, wanted, "a reader that follows misses none and sees none twice");
}

async fn projected(bench: &Bench) {
    while bench.store.project(100).await.unwrap() {}
}

pub(crate) async fn the_inbox_counts_what_it_shows(bench: Bench) {
    let other = add_contact(&*bench.store, bench.workspace, "+593997000002").await;
    let first = bench.store.inbound(inbound(&bench, "1", vec![phone("+593997000001")])).await;
    assert!(first.is_ok());
    let newest = inbound(&bench, "2", vec![phone("+593997000001")]);
    let newest_id = newest.id;
    bench.store.inbound(newest).await.unwrap();
    let failed = Accept {
        contact: other,
        address: "+593997000002".into(),
        failed: Some(failure()),
        parts: 0,
        ..bench.plan(1)
    };
    bench.accepted(failed).await;
    projected(&bench).await;
    let counts = bench.store.counts(bench.workspace).await.unwrap();
    assert_eq!((counts.all, counts.unread, counts.failed), (2, 1, 1));
    let list = |filter| bench.store.conversations(bench.workspace, filter, None, 10);
    let unread = list(Filter::Unread).await.unwrap();
    assert_eq!((unread.len(), unread[0].contact.id, unread[0].unread), (1, bench.contact, 2));
    assert_eq!(list(Filter::Failed).await.unwrap()[0].contact.id, other);
    bench.store.seen(bench.workspace, bench.contact, newest_id, NOW).await.unwrap();
    projected(&bench).await;
    assert_eq!(bench.store.counts(bench.workspace).await.unwrap().unread, 0);
    assert!(list(Filter::Unread).await.unwrap().is_empty());
    assert_eq!(list(Filter::All).await.unwrap().len(), 2);
}

pub(crate) async fn a_thread_is_read_in_pages_both_ways(bench: Bench) {
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(bench.accept(1).await);
    }
    ids.reverse();
    let page = |before| bench.store.thread(bench.workspace, bench.contact, before, 10);
    let numbers =
        |page: Vec<chaski_store::inbox::Message>| page.into_iter().map(|m| m.id).collect::<Vec<_>>();
    let first = numbers(page(None).await.unwrap());
    let second = numbers(page(first.last().copied()).await.unwrap());
    let third = numbers(page(second.last().copied()).await.unwrap());
    assert_eq!([first.clone(), second.clone(), third].concat(), ids);
    let back = bench.store.thread_after(bench.workspace, bench.contact, second[0], 10).await.unwrap();
    assert_eq!(numbers(back), first);
}

pub(crate) async fn workspaces_do_not_see_each_other(bench: Bench) {
    let id = bench.accept(1).await;
    let other = bench.store.add_workspace("Otra".into(), None, vec![2], NOW).await.unwrap();
    assert!(bench.store.message(other, id).await.unwrap().is_none());
    assert!(bench.store.contact(other, &Identifier::Id(bench.contact)).await.unwrap().is_none());
    assert!(bench.store.thread(other, bench.contact, None, 10).await.unwrap().is_empty());
    assert!(bench.store.life(other, id).await.unwrap().is_empty());
    let same = add_contact(&*bench.store, other, "+593997000001").await;
    assert_ne!(same, bench.contact, "the same number may be a contact of both");
    assert!(bench.store.resolve_unknown(other, id, true, NOW).await.is_err());
}

pub(crate) async fn a_catalogue_is_replaced_and_keeps_its_versions(bench: Bench) {
    let account =
        *bench.store.directory().await.unwrap().accounts.keys().next().expect("the channel has one");
    let template = |name: &str, body: &str| SyncedTemplate {
        definition: Definition {
            name: name.into(),
            language: "es".into(),
            status: TemplateStatus::Approved,
            category: "UTILITY".into(),
            parameter_format: Default::default(),
            header: None,
            body: Some(body.into()),
            footer: None,
            buttons: vec![],
            unsupported: vec![],
            external_id: None,
            rejected_reason: None,
            flat: None,
        },
        object: serde_json::json!({"name": name}),
    };
    let replace = |list| bench.store.replace_templates(account, list, NOW);
    assert_eq!(replace(vec![template("a", "1"), template("b", "1")]).await.unwrap(), (2, 0));
    assert_eq!(replace(vec![template("a", "1"), template("b", "1")]).await.unwrap(), (0, 0));
    assert_eq!(replace(vec![template("a", "2")]).await.unwrap(), (1, 1));
    let directory = bench.store.directory().await.unwrap();
    assert_eq!(directory.templates.len(), 1);
    assert_eq!(directory.templates[0].version, 2);
    assert!(directory.accounts[&account].synced_at.is_some());
    let paused =
        bench.store.set_template_status(account, "a".into(), "es".into(), "PAUSED".into(), None, NOW);
    assert!(paused.await.unwrap());
    assert_eq!(bench.store.directory().await.unwrap().templates[0].definition.status, TemplateStatus::Paused);
}

pub(crate) async fn a_sign_in_link_opens_once(bench: Bench) {
    let user = NewUser {
        workspace: bench.workspace,
        email: "a@x.ec".into(),
        first_name: String::new(),
        role: "owner".into(),
        password_hash: None,
    };
    let user = bench.store.add_user(user, NOW).await.unwrap();
    bench.store.add_sign_in_link([1; 32], user, Timestamp(NOW.0 + 1000)).await.unwrap();
    bench.store.add_sign_in_link([2; 32], user, Timestamp(NOW.0 + 1000)).await.unwrap();
    assert_eq!(bench.store.use_sign_in_link([1; 32], NOW).await.unwrap(), Some(user));
    assert_eq!(bench.store.use_sign_in_link([1; 32], NOW).await.unwrap(), None);
    assert_eq!(
        bench.store.use_sign_in_link([2; 32], Timestamp(NOW.0 + 1000)).await.unwrap(),
        None,
        "it is over"
    );
}

pub(crate) async fn a_receipt_for_another_channels_part_is_refused(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let other = add_channel(&*bench.store, bench.workspace, 2).await;
    let foreign = ReceiptIn { channel: other, ..receipt(&bench, head.part.message, 1, ReceiptKind::Read, 1) };
    assert!(matches!(bench.store.receipt(foreign).await.unwrap(), ReceiptVerdict::Unmatched));
    let nobody = receipt(&bench, MessageId(5), 1, ReceiptKind::Read, 1);
    assert!(matches!(bench.store.receipt(nobody).await.unwrap(), ReceiptVerdict::Unmatched));
    assert_eq!(bench.message(head.part.message).await.rank, Rank::Pending);
}

/// How a node finds what another one queued for its channels.
pub(crate) async fn newer_work_of_several_channels_is_found_at_once(bench: Bench) {
    let other = add_channel(&*bench.store, bench.workspace, 2).await;
    let foreign = add_channel(&*bench.store, bench.workspace, 3).await;
    let old = bench.accept(1).await;
    let mut accepted = Vec::new();
    for (channel, address) in [(other, "a"), (foreign, "b"), (bench.channel, "c"), (other, "d")] {
        let mut plan = bench.plan(1);
        (plan.channel, plan.address) = (channel, address.into());
        accepted.push((channel, plan.id));
        bench.accepted(plan).await;
    }
    let among = |after, limit| bench.store.due_among(vec![bench.channel, other], after, None, limit);
    let found = |heads: Vec<Head>| heads.iter().map(|h| (h.channel, h.part.message)).collect::<Vec<_>>();
    let ours: Vec<_> = accepted.iter().copied().filter(|(channel, _)| *channel != foreign).collect();
    assert_eq!(found(among(old, 10).await.unwrap()), ours, "newer, oldest first, of these channels only");
    assert_eq!(found(among(old, 2).await.unwrap()), ours[..2]);
    assert_eq!(among(MessageId(0), 10).await.unwrap().len(), 4);
}

/// An attempt of another node, or of a writer that stood still, was given up and ends after all.
pub(crate) async fn what_was_taken_for_lost_and_was_not_taken_is_work_again(bench: Bench) {
    let dead = Timestamp(NOW.0 + 1);
    for (let_go, end) in
        [(false, retry(NOW.0 + 9)), (true, retry(NOW.0 + 9)), (true, End::Unsent { at: NOW })]
    {
        let mut plan = bench.plan(1);
        plan.address = format!("{let_go}{end:?}");
        let id = plan.id;
        let head = bench.accepted(plan).await.expect("an idle lane sends at once");
        let attempt = bench.begin(head).await;
        let lost = bench.store.recover(vec![bench.channel], dead, NOW, NOW).await.unwrap();
        if let_go {
            bench.store.step_aside(lost.unknown[0], NOW).await.unwrap();
        }
        assert!(bench.message(id).await.unknown);
        bench.settle(head, attempt, end).await;
        assert!(!bench.message(id).await.unknown, "it is known now: it was not taken");
        let due = bench.store.due(bench.channel, None, 10).await.unwrap();
        let again = *due.iter().find(|head| head.part.message == id).expect("it is work again");
        assert!(!again.held);
        let attempt = bench.begin(again).await;
        bench.settle(again, attempt, sent()).await;
        assert_eq!(bench.message(id).await.rank, Rank::Sent);
    }
}

pub(crate) async fn the_late_end_of_an_earlier_attempt_does_not_end_the_one_in_flight(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.unwrap();
    let id = head.part.message;
    let first = bench.begin(head).await;
    bench.store.recover(vec![bench.channel], Timestamp(NOW.0 + 1), NOW, NOW).await.unwrap();
    let again = bench.store.resolve_unknown(bench.workspace, id, true, NOW).await.unwrap().again.unwrap();
    let second = bench.begin(again).await;
    for end in [refused(), retry(NOW.0 + 9), End::Unsent { at: NOW }] {
        let late = bench.settle(head, first, end).await;
        assert!(late.again.is_none() && late.next.is_none(), "{late:?}");
        assert_eq!(bench.message(id).await.rank, Rank::Pending);
    }
    bench.settle(again, second, sent()).await;
    assert_eq!(bench.message(id).await.rank, Rank::Sent);
    assert!(bench.store.due(bench.channel, None, 10).await.unwrap().is_empty());
}

pub(crate) async fn a_report_of_arrival_ends_a_part_that_waits_to_be_sent_again(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.unwrap();
    let id = head.part.message;
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, unknown()).await;
    bench.store.resolve_unknown(bench.workspace, id, true, NOW).await.unwrap();
    bench.store.receipt(receipt(&bench, id, 1, ReceiptKind::Delivered, 7)).await.unwrap();
    assert!(bench.store.due(bench.channel, None, 10).await.unwrap().is_empty(), "it is not sent again");
    assert_eq!(bench.message(id).await.rank, Rank::Delivered);
}
