//! The cases of how a lane goes on: what a failed part takes with it, what heads a lane, what is due.

use super::cases::{futures, receipt};
use super::support::*;
use chaski_model::{ErrorCode, MessageId, PartRef, Rank, ReceiptKind, Timestamp};
use chaski_store::outbox::*;
use chaski_store::receive::*;
use chaski_store::upkeep::*;

/// Tells that a part has failed after all; the work that can begin then.
async fn failed_after_all(bench: &Bench, part: PartRef, at: i64) -> Option<Head> {
    let failed = receipt(bench, part.message, part.part, ReceiptKind::Failed, at);
    match bench.store.receipt(failed).await.unwrap() {
        ReceiptVerdict::Applied { next } => next,
        other => panic!("{other:?}"),
    }
}

/// What is in the queue, in order.
async fn queued(bench: &Bench) -> Vec<PartRef> {
    let due = bench.store.due(bench.channel, None, 100).await.unwrap();
    due.into_iter().map(|head| head.part).collect()
}

/// The lane holds this message and nothing else: it goes out, and then the lane is idle.
async fn goes_out_last(bench: &Bench, head: Option<Head>, id: MessageId) {
    let head = head.expect("the lane goes on");
    assert_eq!(head.part.message, id);
    assert_eq!(queued(bench).await, [head.part]);
    assert!(bench.send(head).await.next.is_none(), "nothing else waits in the lane");
    assert!(bench.accepted(bench.plan(1)).await.is_some(), "the lane is idle");
}

pub(crate) async fn a_failed_receipt_for_a_part_that_was_taken_ends_the_later_parts(bench: Bench) {
    let first = bench.accepted(bench.plan(3)).await.expect("the first part");
    let next = bench.accept(1).await;
    let second = bench.send(first).await.next.expect("the second part");
    let head = failed_after_all(&bench, first.part, 9).await;
    let begun = bench.store.begin(second, FENCE, NOW, NOW).await.unwrap();
    assert!(matches!(begun, Verdict::Gone { next: None }), "the second part is not sent: {begun:?}");
    assert_eq!(bench.message(first.part.message).await.rank, Rank::Failed);
    goes_out_last(&bench, head, next).await;
}

pub(crate) async fn a_failed_receipt_for_a_part_in_flight_ends_the_later_parts(bench: Bench) {
    let first = bench.accepted(bench.plan(3)).await.expect("the first part");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    assert!(failed_after_all(&bench, first.part, 9).await.is_none(), "its call is still out");
    let settled = bench.settle(first, attempt, sent()).await;
    assert_eq!(bench.message(first.part.message).await.rank, Rank::Failed);
    goes_out_last(&bench, settled.next, next).await;
}

pub(crate) async fn a_part_in_flight_is_not_tried_again_after_an_earlier_one_of_its_message_has_failed(
    bench: Bench,
) {
    for (n, end) in [retry(NOW.0 + 9), End::Unsent { at: NOW }].into_iter().enumerate() {
        let plan = |parts| Accept { address: format!("+{n}"), ..bench.plan(parts) };
        let first = bench.accepted(plan(3)).await.expect("the first part");
        let next = plan(1);
        let next_id = next.id;
        bench.accepted(next).await;
        let second = bench.send(first).await.next.expect("the second part");
        let attempt = bench.begin(second).await;
        assert!(failed_after_all(&bench, first.part, 9).await.is_none(), "a call of its lane is out");
        let settled = bench.settle(second, attempt, end).await;
        assert!(settled.again.is_none(), "{settled:?}");
        let head = settled.next.expect("the lane goes on");
        assert_eq!((head.part.message, queued(&bench).await.as_slice()), (next_id, [head.part].as_slice()));
        bench.send(head).await;
        assert!(queued(&bench).await.is_empty());
    }
}

pub(crate) async fn a_part_that_stepped_aside_and_failed_takes_the_later_ones_with_it(bench: Bench) {
    let first = bench.accepted(bench.plan(3)).await.expect("the first part");
    let next = bench.accept(1).await;
    let attempt = bench.begin(first).await;
    let again = bench.settle(first, attempt, retry(NOW.0 + 300_000)).await.again.expect("it is tried again");
    let aside = bench.store.step_aside(again, Timestamp(NOW.0 + 60_005)).await.unwrap();
    assert_eq!(aside.next.map(|head| head.part.part), Some(2));
    let alone = aside.again.expect("it is still due");
    let attempt = bench.begin(alone).await;
    let settled = bench.settle(alone, attempt, refused()).await;
    goes_out_last(&bench, settled.next, next).await;
}

pub(crate) async fn a_failure_told_after_the_arrival_ends_nothing(bench: Bench) {
    let first = bench.accepted(bench.plan(2)).await.expect("the first part");
    let second = bench.send(first).await.next.expect("the second part");
    bench.store.receipt(receipt(&bench, first.part.message, 1, ReceiptKind::Delivered, 8)).await.unwrap();
    assert!(failed_after_all(&bench, first.part, 9).await.is_none());
    bench.send(second).await;
    assert_eq!(bench.message(first.part.message).await.rank, Rank::Sent);
}

/// What waits to be tried again must not stand before what can go out now.
pub(crate) async fn only_what_is_due_is_read_and_the_rest_has_its_moment(bench: Bench) {
    let mut heads = Vec::new();
    for address in ["retry", "unknown", "fresh"] {
        let plan = Accept { address: address.into(), ..bench.plan(1) };
        heads.push(bench.accepted(plan).await.expect("the lane is new"));
    }
    let attempt = bench.begin(heads[0]).await;
    let again = bench.settle(heads[0], attempt, retry(NOW.0 + 300_000)).await.again.expect("it is due again");
    let attempt = bench.begin(heads[1]).await;
    bench.settle(heads[1], attempt, unknown()).await;
    let at = |ms: i64| Timestamp(NOW.0 + ms);
    let due = async |ms| {
        let due = bench.store.due(bench.channel, Some(at(ms)), 10).await.unwrap();
        let among = bench.store.due_among(vec![bench.channel], MessageId(0), Some(at(ms)), 10).await.unwrap();
        assert_eq!(due, among);
        due.into_iter().map(|head| head.part).collect::<Vec<_>>()
    };
    let next = async |ms| bench.store.next_due(bench.channel, at(ms)).await.unwrap();
    let [first, second, fresh] = [heads[0].part, heads[1].part, heads[2].part];
    assert_eq!(
        (due(10).await, next(10).await),
        (vec![fresh], Some(at(30_000))),
        "an unknown one holds its lane"
    );
    assert_eq!((due(30_000).await, next(30_000).await), (vec![second, fresh], Some(at(60_005))));
    assert_eq!(due(60_005).await, [first, second, fresh], "its minute in the lane is over");
    bench.store.step_aside(again, at(60_005)).await.unwrap();
    assert_eq!((due(60_005).await, next(60_005).await), (vec![second, fresh], Some(at(300_000))));
    assert_eq!((due(300_000).await.len(), next(300_000).await), (3, None));
    let oldest = bench.store.due(bench.channel, Some(at(300_000)), 2).await.unwrap();
    assert_eq!(oldest.iter().map(|head| head.part).collect::<Vec<_>>(), [first, second], "the oldest first");
}

pub(crate) async fn what_is_stored_and_cannot_be_read_ends_its_own_part_only(bench: Bench) {
    let mut heads = Vec::new();
    for resolved in ["{", "[]", r#"{"parts":[]}"#, r#"{"parts":[{"type":"text","text":"hola"}]}"#] {
        let plan = Accept { address: resolved.into(), resolved: resolved.into(), ..bench.plan(1) };
        heads.push(bench.accepted(plan).await.expect("the lane is new"));
    }
    let begin = async |head: &Head| (*head, bench.store.begin(*head, FENCE, NOW, NOW).await);
    for (head, verdict) in futures(heads.iter().map(begin)).await {
        let Ok(Verdict::Began(work)) = verdict else { panic!("{verdict:?}") };
        assert_eq!(work.body.is_ok(), head == heads[3], "{:?}", work.body);
        let Err(failure) = work.body else { continue };
        assert_eq!(failure.code, ErrorCode::Internal);
        bench.settle(head, work.attempt, End::Failed { failure, closes_window: false, shuts: false }).await;
    }
    let groups = bench.store.dead_letter_groups(Some(bench.workspace)).await.unwrap();
    let causes: Vec<_> = groups.iter().map(|group| (group.cause.code.as_str(), group.messages)).collect();
    assert_eq!(causes, [("internal", 3)]);
    assert_eq!(queued(&bench).await, [heads[3].part]);
    let how = Replay { by: "Carla".into(), class: 2, now: NOW, expires_at: Timestamp(NOW.0 + DAY) };
    let step = DeadLetterStep {
        workspace: bench.workspace,
        cause: None,
        after: None,
        failed_before: Timestamp(NOW.0 + DAY),
        limit: 10,
    };
    let done = bench.store.replay_dead_letters(step, how).await.unwrap();
    assert_eq!(done.messages, 3, "it may be sent again, and say the same again");
}

/// Begins messages whose bodies were taken away behind the store's back.
pub(crate) async fn a_missing_body_is_told(bench: Bench, without_bodies: impl FnOnce()) {
    let mut heads = Vec::new();
    for address in ["a", "b"] {
        let plan = Accept { address: address.into(), ..bench.plan(1) };
        heads.push(bench.accepted(plan).await.expect("the lane is new"));
    }
    without_bodies();
    for verdict in futures(heads.iter().map(|head| bench.store.begin(*head, FENCE, NOW, NOW))).await {
        let Ok(Verdict::Began(work)) = verdict else { panic!("{verdict:?}") };
        assert_eq!(work.body.map_err(|failure| failure.code), Err(ErrorCode::Internal));
    }
}

pub(crate) async fn what_heads_a_lane_is_as_urgent_as_what_waits_behind_it(bench: Bench) {
    let low = bench.accepted(Accept { class: 2, ..bench.plan(1) }).await.expect("the lane is idle");
    let classes = async || {
        let due = bench.store.due(bench.channel, None, 10).await.unwrap();
        let among = bench.store.due_among(vec![bench.channel], MessageId(0), None, 10).await.unwrap();
        assert_eq!(due, among);
        due.into_iter().map(|head| head.class).collect::<Vec<_>>()
    };
    assert_eq!(classes().await, [2]);
    for (class, head_is) in [(1, 1), (2, 1), (0, 0)] {
        match bench.store.accept(Accept { class, ..bench.plan(1) }).await.unwrap() {
            Accepted::Stored { head: None, behind } => assert_eq!(behind, Some(low.lane)),
            other => panic!("{other:?}"),
        }
        assert_eq!(classes().await, [head_is]);
    }
    // What has stepped aside stands before nothing any more.
    let attempt = bench.begin(low).await;
    let again = bench.settle(low, attempt, retry(NOW.0 + 300_000)).await.again.expect("it is tried again");
    bench.store.step_aside(again, Timestamp(NOW.0 + 60_005)).await.unwrap();
    assert_eq!(classes().await, [2, 0]);
}
