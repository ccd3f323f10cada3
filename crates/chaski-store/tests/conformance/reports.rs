//! Receipts that stand for everything up to a moment, and messages that were taken back: the cases.

use super::cases::{inbound, phone, receipt};
use super::support::*;
use chaski_model::{MessageId, Rank, ReceiptKind, Timestamp};
use chaski_store::media::MediaState;
use chaski_store::outbox::{Head, Settle, Settled};
use chaski_store::receive::{InboundIn, InboundVerdict, ReceiptIn};
use chaski_store::reports::{Covered, Early, UpToIn};

fn at(ms: i64) -> Timestamp {
    Timestamp(NOW.0 + ms)
}

fn up_to(bench: &Bench, kind: ReceiptKind, ms: i64) -> UpToIn {
    UpToIn {
        workspace: bench.workspace,
        channel: bench.channel,
        address: "+593997000001".into(),
        kind,
        up_to: at(ms),
        provider_id: None,
    }
}

/// The end of an attempt that began then.
fn taken(head: Head, attempt: u16, ms: i64) -> Settle {
    Settle {
        head,
        attempt,
        begun_at: at(ms),
        ended_at: at(ms + 5),
        http_status: Some(200),
        end: chaski_store::outbox::End::Sent { provider_id: format!("mid.{ms}") },
        learned: vec![],
        names: vec![],
        follows: true,
    }
}

/// A message that was sent then.
async fn sent_at(bench: &Bench, head: Head, ms: i64) -> Settled {
    let attempt = bench.begin(head).await;
    bench.store.settle(taken(head, attempt, ms)).await.unwrap()
}

/// Applies a report, page by page, as the engine does; how many parts it was about.
async fn report(bench: &Bench, said: UpToIn) -> usize {
    let mut count = 0;
    loop {
        let covered: Vec<Covered> = bench.store.report_up_to(said.clone()).await.unwrap();
        if covered.is_empty() {
            return count;
        }
        for Covered { part, provider_id } in covered {
            let told = ReceiptIn { part, provider_id, ..receipt(bench, part.message, 1, said.kind, 9) };
            bench.store.receipt(told).await.unwrap();
            count += 1;
        }
    }
}

async fn ranks(bench: &Bench, messages: &[MessageId]) -> Vec<Rank> {
    let mut found = Vec::new();
    for id in messages {
        found.push(bench.message(*id).await.rank);
    }
    found
}

pub(crate) async fn a_report_covers_what_was_sent_by_then_and_nothing_else(bench: Bench) {
    let mut head = bench.accepted(bench.plan(1)).await.expect("a head");
    let mut ids = vec![head.part.message];
    for _ in 0..3 {
        ids.push(bench.accept(1).await);
    }
    for ms in [100, 200, 300] {
        head = sent_at(&bench, head, ms).await.next.expect("the next one");
    }
    use Rank::{Delivered, Pending, Read, Sent};
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Delivered, 200)).await, 2);
    assert_eq!(ranks(&bench, &ids).await, [Delivered, Delivered, Sent, Pending]);
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Delivered, 200)).await, 0, "told twice");
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Read, 100)).await, 1);
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Delivered, 50)).await, 0, "late");
    assert_eq!(ranks(&bench, &ids).await, [Read, Delivered, Sent, Pending]);
    let other = UpToIn { address: "+593997000099".into(), ..up_to(&bench, ReceiptKind::Read, 900) };
    assert_eq!(report(&bench, other).await, 0, "nobody's address");
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Read, 900)).await, 2);
    assert_eq!(ranks(&bench, &ids).await, [Read, Read, Read, Pending], "what is not sent is not read");
    let life = bench.store.life(bench.workspace, ids[2]).await.unwrap();
    assert_eq!(life[0].receipts.len(), 1, "a receipt for each");
}

pub(crate) async fn a_report_before_the_answer_holds_once_that_comes(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let id = head.part.message;
    let attempt = bench.begin(head).await;
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Delivered, 150)).await, 0, "it has not ended");
    assert_eq!(bench.message(id).await.rank, Rank::Pending, "nor is it known to have been taken");
    bench.store.settle(taken(head, attempt, 100)).await.unwrap();
    let message = bench.message(id).await;
    assert_eq!((message.rank, message.sent_at.is_some()), (Rank::Delivered, true));
    // What was called after the report is not meant.
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    sent_at(&bench, head, 200).await;
    assert_eq!(bench.message(head.part.message).await.rank, Rank::Sent);
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Read, 300)).await, 2);
}

pub(crate) async fn an_echo_settles_a_lost_answer_and_tells_the_providers_own_time(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let id = head.part.message;
    let attempt = bench.begin(head).await;
    report(&bench, up_to(&bench, ReceiptKind::Read, 150)).await;
    bench.settle(head, attempt, unknown()).await;
    assert!(bench.message(id).await.unknown, "a report alone proves nothing");
    let echo = ReceiptIn { follows: true, ..receipt(&bench, id, 1, ReceiptKind::Sent, 120) };
    bench.store.receipt(echo).await.unwrap();
    let message = bench.message(id).await;
    assert_eq!((message.unknown, message.rank), (false, Rank::Read), "it was sent before it was reported");
    // By the provider's clock this one was sent after the report, whatever ours says.
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let id = head.part.message;
    let attempt = bench.begin(head).await;
    let echo = ReceiptIn { follows: true, ..receipt(&bench, id, 1, ReceiptKind::Sent, 180) };
    bench.store.receipt(echo).await.unwrap();
    bench.store.settle(taken(head, attempt, 140)).await.unwrap();
    assert_eq!(bench.message(id).await.rank, Rank::Sent);
}

pub(crate) async fn a_report_by_a_messages_id_covers_it_and_what_came_before(bench: Bench) {
    let mut head = bench.accepted(bench.plan(1)).await.expect("a head");
    let mut ids = vec![head.part.message];
    for _ in 0..3 {
        ids.push(bench.accept(1).await);
    }
    for ms in [100, 200, 300] {
        head = sent_at(&bench, head, ms).await.next.expect("the next one");
    }
    let by_id =
        |id: &str, ms| UpToIn { provider_id: Some(id.to_owned()), ..up_to(&bench, ReceiptKind::Read, ms) };
    assert_eq!(report(&bench, by_id("mid.200", 900)).await, 2);
    assert_eq!(ranks(&bench, &ids[..3]).await, [Rank::Read, Rank::Read, Rank::Sent]);
    assert_eq!(report(&bench, by_id("of a person", 300)).await, 1, "the moment stands for an unknown one");
    // Bounded pages come to an end, however much is covered and however old it is.
    const HOUR: i64 = 3_600_000;
    sent_at(&bench, head, 400).await;
    for hour in 0..230 {
        let head = bench.accepted(bench.plan(1)).await.expect("a head");
        sent_at(&bench, head, 500 + hour * HOUR).await;
    }
    assert_eq!(report(&bench, up_to(&bench, ReceiptKind::Delivered, 230 * HOUR)).await, 231);
}

pub(crate) async fn what_a_contact_takes_back_is_gone_and_does_not_come_again(bench: Bench) {
    let image = InboundIn {
        content: r#"{"type":"attachment","kind":"image","link":"https://x.ec/a.png"}"#.into(),
        wants_media: true,
        ..inbound(&bench, "mid.1", vec![phone("593997000009")])
    };
    let id = image.id;
    bench.store.inbound(image).await.unwrap();
    assert!(matches!(bench.message(id).await.media, Some(MediaState::Wanted { .. })));
    let back = |ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        bench.store.remove_inbound(bench.workspace, bench.channel, ids, at(1))
    };
    assert_eq!(back(&["mid.1", "mid.1:2"]).await.unwrap(), [id]);
    let message = bench.message(id).await;
    assert_eq!((message.blanked_at, message.media), (Some(at(1)), None));
    assert!(!format!("{:?}", message.content).contains("x.ec"));
    // One that is taken back before it came is not shown at all.
    assert!(back(&["mid.2"]).await.unwrap().is_empty());
    let late = inbound(&bench, "mid.2", vec![phone("593997000009")]);
    assert!(matches!(bench.store.inbound(late).await.unwrap(), InboundVerdict::Duplicate));
}

pub(crate) async fn an_early_receipt_waits_until_it_is_let_go(bench: Bench) {
    let early = |ms: i64| Early {
        id: 0,
        workspace: bench.workspace,
        channel: bench.channel,
        receipt: format!("{{\"at\":{ms}}}"),
        received_at: NOW,
        next_at: at(ms),
        tries: 0,
    };
    for ms in [30, 10, 20] {
        bench.store.keep_early(early(ms)).await.unwrap();
    }
    let waiting = async |most| {
        let rows = bench.store.early_receipts(most).await.unwrap();
        rows.into_iter().map(|row| (row.id, row.next_at, row.tries, row.receipt)).collect::<Vec<_>>()
    };
    let found = waiting(2).await;
    assert_eq!(found.iter().map(|row| row.1).collect::<Vec<_>>(), [at(10), at(20)]);
    let kept = bench.store.early_receipts(1).await.unwrap().remove(0);
    assert_eq!(kept, Early { id: kept.id, ..early(10) });
    bench.store.put_off_early(vec![found[0].0], Some(at(40))).await.unwrap();
    let found = waiting(9).await;
    let when: Vec<_> = found.iter().map(|row| (row.1, row.2)).collect();
    assert_eq!(when, [(at(20), 0), (at(30), 0), (at(40), 1)]);
    bench.store.put_off_early(found.iter().map(|row| row.0).collect(), None).await.unwrap();
    assert!(waiting(9).await.is_empty());
    // Of too many, the one goes that was held against what was sent the most.
    let tried = Early { tries: 3, ..early(1) };
    bench.store.keep_early(tried.clone()).await.unwrap();
    for ms in 0..2_000 {
        bench.store.keep_early(early(100 + ms)).await.unwrap();
    }
    let left = waiting(5_000).await;
    assert_eq!((left.len(), left.iter().any(|row| row.2 == 3)), (2_000, false));
}
