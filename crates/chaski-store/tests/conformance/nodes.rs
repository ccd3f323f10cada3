//! Several nodes on one database, and a database that goes away.

use super::cases::futures;
use super::postgres::{Cluster, Database, database};
use super::support::*;
use super::upkeep::exchange;
use chaski_model::{MessageId, PartRef, Rank, ReceiptKind, Timestamp};
use chaski_store::StoreError;
use chaski_store::exchanges::ExchangeLog;
use chaski_store::nodes::{Fence, Nodes, SLOTS, Tenure};
use chaski_store::outbox::*;
use chaski_store::postgres::PgStore;
use chaski_store::receive::*;
use chaski_store::upkeep::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn open(database: &Database) -> PgStore {
    PgStore::open(&database.url).await.expect("the store opens")
}

/// Two nodes that have dealt the slots between them; the first has the bench's workspace.
pub(crate) async fn two(database: &Database) -> (Bench, PgStore, Tenure) {
    let first = open(database).await;
    let bench = Bench::new(Arc::new(first)).await;
    let second = open(database).await;
    second.tend(LEASE).await.unwrap();
    let tenure = bench.store.tend(LEASE).await.unwrap();
    bench.store.release(tenure.to_give_up).await.unwrap();
    let of_second = second.tend(LEASE).await.unwrap();
    (bench, second, of_second)
}

fn receipt(bench: &Bench, part: PartRef, kind: ReceiptKind) -> ReceiptIn {
    ReceiptIn {
        part,
        workspace: bench.workspace,
        channel: bench.channel,
        kind,
        provider_at: NOW,
        received_at: NOW,
        provider_id: "wamid.1".into(),
        failure: None,
        learned: vec![],
        closes_window: false,
        follows: false,
    }
}

fn settle_sent(head: Head, attempt: u16) -> Settle {
    Settle {
        head,
        attempt,
        begun_at: NOW,
        ended_at: NOW,
        http_status: Some(200),
        end: sent(),
        learned: vec![],
        names: vec![],
        follows: false,
    }
}

/// Waits for something that comes by itself.
async fn soon<F: AsyncFnMut() -> bool>(what: &str, mut is_so: F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(20), "it did not come: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_are_dealt_evenly_and_change_hands_with_a_new_fence() {
    let Some(database) = database() else { return };
    let (bench, second, of_second) = two(&database).await;
    let of_first = bench.store.tend(LEASE).await.unwrap();
    assert_eq!((of_first.nodes, of_second.nodes), (2, 2));
    assert_eq!((of_first.held.len(), of_second.held.len()), (SLOTS / 2, SLOTS / 2));
    let all: BTreeSet<u8> = of_first.held.iter().chain(&of_second.held).map(|fence| fence.slot).collect();
    assert_eq!(all.len(), SLOTS, "each slot has one holder");
    assert!(of_second.held.iter().all(|fence| fence.number == 2), "they changed hands once");
    assert!(of_first.held.iter().all(|fence| fence.number == 1), "these never did");
    // What is released is taken at once; what is held by a node that lives is not.
    second.leave().await.unwrap();
    let of_first = bench.store.tend(LEASE).await.unwrap();
    assert_eq!((of_first.nodes, of_first.held.len()), (1, SLOTS));
    bench.store.release(vec![Fence { slot: 3, number: 77 }]).await.unwrap();
    assert_eq!(bench.store.tend(LEASE).await.unwrap(), of_first, "an old fence releases nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_node_reads_what_another_has_said_to_providers() {
    let Some(database) = database() else { return };
    let (bench, second, _) = two(&database).await;
    let part = PartRef { message: bench.accept(1).await, delivery: 1, part: 1 };
    second.note_exchange(part, 1, NOW, exchange("from the second node"));
    soon("the first node reads it", async || {
        bench.store.exchange(part, 1, NOW).await.unwrap() == Some(exchange("from the second node"))
    })
    .await;
    // A task whose connection is gone writes on with a new one.
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%exchange_blocks%' AND pid <> pg_backend_pid()");
    second.note_exchange(part, 2, NOW, exchange("after a lost connection"));
    second.leave().await.unwrap();
    assert_eq!(bench.store.exchange(part, 2, NOW).await.unwrap(), Some(exchange("after a lost connection")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_fence_is_refused_and_a_late_outcome_is_recorded() {
    let Some(database) = database() else { return };
    let (bench, second, of_second) = two(&database).await;
    let new = of_second.held[0];
    let old = Fence { number: new.number - 1, ..new };
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let next = bench.accept(1).await;
    let refused = bench.store.begin(head, old, NOW, NOW).await.unwrap();
    assert!(matches!(refused, Verdict::Fenced), "{refused:?}");
    let not_mine = bench.store.begin(head, new, NOW, NOW).await.unwrap();
    assert!(matches!(not_mine, Verdict::Fenced), "another node's fence is not this one's: {not_mine:?}");
    let mine = bench.store.tend(LEASE).await.unwrap().held[0];
    let Verdict::Began(work) = bench.store.begin(head, mine, NOW, NOW).await.unwrap() else {
        panic!("begun")
    };
    // The first node goes away while its call is out; the second takes the slot over.
    bench.store.release(vec![mine]).await.unwrap();
    let later = Timestamp(NOW.0 + 30_000);
    let found = second.recover(vec![bench.channel], Timestamp(NOW.0 + 1), NOW, later).await.unwrap();
    assert_eq!((found.unknown.len(), found.open), (1, 0));
    assert!(bench.message(head.part.message).await.unknown);
    let settled = bench.store.settle(settle_sent(head, work.attempt)).await.unwrap();
    assert_eq!(settled.next.map(|head| head.part.message), Some(next), "it moves the lane on");
    let message = bench.message(head.part.message).await;
    assert!(!message.unknown && message.rank == Rank::Sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_write_one_dense_feed_without_losing_or_doubling_anything() {
    let Some(database) = database() else { return };
    let (bench, second, of_second) = two(&database).await;
    let bench = Arc::new(bench);
    let second: Arc<PgStore> = Arc::new(second);
    let before = bench.store.head(bench.workspace).await.unwrap();
    let (mut ticks, mut others) = (bench.store.ticks(), bench.store.others());
    ticks.mark_unchanged();
    others.mark_unchanged();
    let mine = bench.store.tend(LEASE).await.unwrap().held[0];
    let theirs = of_second.held[0];
    let run = |store: Arc<dyn chaski_store::Store>, fence: Fence, bench: Arc<Bench>, prefix: &'static str| async move {
        let each = (0..150).map(|n| {
            let (store, bench) = (Arc::clone(&store), Arc::clone(&bench));
            async move {
                // Half of the lanes are shared with the other node.
                let lane = if n % 2 == 0 { format!("+{n}") } else { format!("+{prefix}{n}") };
                let plan = Accept { id: store.next_id(NOW.0), address: lane, ..bench.plan(1) };
                let id = plan.id;
                let Accepted::Stored { head, .. } = store.accept(plan).await.unwrap() else {
                    panic!("stored")
                };
                let Some(head) = head else { return (id, false) };
                let verdict = store.begin(head, fence, NOW, NOW).await.unwrap();
                let Verdict::Began(work) = verdict else { panic!("{verdict:?}") };
                let told = receipt(&bench, head.part, ReceiptKind::Delivered);
                let settle = store.settle(settle_sent(head, work.attempt));
                let (settled, applied) = tokio::join!(settle, store.receipt(told));
                settled.unwrap();
                assert!(matches!(applied, Ok(ReceiptVerdict::Applied { .. })), "{applied:?}");
                (id, true)
            }
        });
        futures(each.map(Box::pin)).await
    };
    let one = tokio::spawn(run(Arc::clone(&bench.store), mine, Arc::clone(&bench), "1000"));
    let other = tokio::spawn(run(second.clone(), theirs, Arc::clone(&bench), "2000"));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let all: Vec<(MessageId, bool)> = one.into_iter().chain(other).collect();
    let ids: BTreeSet<MessageId> = all.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 300, "ids are unique over nodes");
    let sent = all.iter().filter(|(_, is_sent)| *is_sent).count();
    let events = bench.store.events(bench.workspace, before, 10_000).await.unwrap();
    let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
    let wanted: Vec<i64> = (before + 1..).take(300 + 2 * sent).collect();
    assert_eq!(seqs, wanted, "one number for each acceptance, answer and receipt");
    for (id, is_sent) in all {
        let rank = bench.message(id).await.rank;
        assert_eq!(rank == Rank::Delivered, is_sent, "{id}: {rank:?}");
    }
    assert!(ticks.has_changed().unwrap());
    tokio::time::timeout(Duration::from_secs(5), others.changed())
        .await
        .expect("the other node is heard")
        .unwrap();
    let thread = bench.store.thread(bench.workspace, bench.contact, None, 1000).await.unwrap();
    assert_eq!(thread.len(), 300, "the thread is one chain over both nodes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_nodes_commits_are_heard_and_ones_own_are_not() {
    let Some(database) = database() else { return };
    let (bench, second, _) = two(&database).await;
    // Whoever listens has looked at the heads once.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (mut of_first, mut of_second) = (bench.store.others(), second.others());
    of_first.mark_unchanged();
    of_second.mark_unchanged();
    bench.accept(1).await;
    tokio::time::timeout(Duration::from_secs(5), of_second.changed()).await.expect("it is heard").unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!of_first.has_changed().unwrap(), "its own is not");
    let before = second.directory_version().await.unwrap();
    add_channel(&*bench.store, bench.workspace, 7).await;
    assert!(second.directory_version().await.unwrap() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_65th_node_is_refused_and_says_why() {
    let Some(database) = database() else { return };
    let mut nodes = Vec::new();
    for _ in 0..64 {
        nodes.push(open(&database).await);
    }
    let numbers: BTreeSet<u8> = nodes.iter().map(Nodes::node).collect();
    assert_eq!(numbers.len(), 64);
    let error = PgStore::open(&database.url).await.err().expect("it is refused").to_string();
    assert!(error.contains("64 nodes"), "{error}");
    nodes[20].leave().await.unwrap();
    assert_eq!(open(&database).await.node(), 20, "the place that was left is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_of_a_place_go_on_above_those_of_its_last_holder() {
    let Some(database) = database() else { return };
    let store = open(&database).await;
    let bench = Bench::new(Arc::new(store.clone())).await;
    let last = bench.accept(1).await;
    store.leave().await.unwrap();
    let again = open(&database).await;
    assert_eq!(again.node(), store.node());
    // The machine's clock stands still, or went back.
    assert!(chaski_store::Outbox::next_id(&again, 0) > last);
    let plan = Accept { id: chaski_store::Outbox::next_id(&store, NOW.0), ..bench.plan(1) };
    let refused = bench.store.accept(plan).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "a node without a place: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_is_cut_loses_nothing() {
    let Some(database) = database() else { return };
    let bench = Arc::new(Bench::new(Arc::new(open(&database).await)).await);
    let sends = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move {
            let mut ids = Vec::new();
            for _ in 0..30 {
                let some = (0..20).map(|_| {
                    let plan = bench.plan(1);
                    let (id, store) = (plan.id, Arc::clone(&bench.store));
                    async move { store.accept(plan).await.map(|_| id) }
                });
                ids.extend(futures(some.map(Box::pin)).await);
            }
            ids
        }
    });
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(40)).await;
        database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chaski' AND datname = current_database()");
    }
    let ids: Vec<MessageId> =
        sends.await.unwrap().into_iter().map(|id| id.expect("it is accepted")).collect();
    for id in &ids {
        bench.message(*id).await;
    }
    let thread = bench.store.thread(bench.workspace, bench.contact, None, 10_000).await.unwrap();
    assert_eq!(thread.len(), ids.len(), "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_stops_is_told_at_once_and_is_used_again_when_it_is_back() {
    let Some(cluster) = Cluster::private("off") else { return };
    let store = PgStore::open(&cluster.url("postgres")).await.expect("the store opens");
    let bench = Bench::new(Arc::new(store.clone())).await;
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let attempt = bench.begin(head).await;
    cluster.stop();
    let began = Instant::now();
    let refused = bench.store.accept(bench.plan(1)).await;
    assert!(
        matches!(&refused, Err(StoreError::Unavailable(cause)) if !cause.contains("secret")),
        "{refused:?}"
    );
    assert!(began.elapsed() < Duration::from_secs(5));
    let began = Instant::now();
    let again = bench.store.accept(bench.plan(1)).await;
    assert!(matches!(again, Err(StoreError::Unavailable(_))), "{again:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "it is known by now");
    assert!(bench.store.message(bench.workspace, head.part.message).await.is_err());
    cluster.start_again();
    soon("the outcome is stored", async || bench.store.settle(settle_sent(head, attempt)).await.is_ok())
        .await;
    assert_eq!(bench.message(head.part.message).await.rank, Rank::Sent);
    assert!(bench.accepted(bench.plan(1)).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_stops_while_steps_run_alone_is_told_to_all_of_them_at_once() {
    let Some(cluster) = Cluster::private("off") else { return };
    let store = PgStore::open(&cluster.url("postgres")).await.expect("the store opens");
    let bench = Arc::new(Bench::new(Arc::new(store)).await);
    // Text that the database refuses makes its whole batch run step by step.
    let odd = Accept { content: "\0".into(), ..bench.plan(1) };
    let plans: Vec<Accept> = (0..1500).map(|_| bench.plan(1)).chain([odd]).collect();
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for plan in plans {
        let (bench, answered) = (Arc::clone(&bench), answered.clone());
        tokio::spawn(async move { answered.send(bench.store.accept(plan).await) });
    }
    drop(answered);
    for _ in 0..20 {
        answers.recv().await.expect("there are more").expect("it is stored");
    }
    cluster.stop();
    let began = Instant::now();
    let mut refused = 0;
    while let Some(answer) = answers.recv().await {
        refused += usize::from(answer.is_err());
        assert!(began.elapsed() < Duration::from_secs(15), "{refused} were told so far");
    }
    assert!(refused > 20, "the database stopped while they waited: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_touch_the_same_rows_in_any_order_never_fail() {
    let Some(database) = database() else { return };
    let (bench, second, _) = two(&database).await;
    let bench = Arc::new(bench);
    let mut contacts = Vec::new();
    for n in 0..20 {
        contacts.push(add_contact(&*bench.store, bench.workspace, &format!("+5939980000{n:02}")).await);
    }
    let stores: [Arc<dyn chaski_store::Store>; 2] = [Arc::clone(&bench.store), Arc::new(second)];
    let mut running = Vec::new();
    for (which, store) in stores.into_iter().enumerate() {
        for worker in 0..8_usize {
            let (store, bench, contacts) = (Arc::clone(&store), Arc::clone(&bench), contacts.clone());
            running.push(tokio::spawn(async move {
                for n in 0..40_usize {
                    let at = (n * (7 + worker * 2) + which * 3) % contacts.len();
                    let at = if which == 0 { at } else { contacts.len() - 1 - at };
                    let plan = Accept {
                        id: store.next_id(NOW.0),
                        contact: contacts[at],
                        address: format!("+5939980000{at:02}"),
                        ..bench.plan(2)
                    };
                    store.accept(plan).await.expect("it is stored");
                    let inbound = InboundIn {
                        id: store.next_id(NOW.0),
                        workspace: bench.workspace,
                        channel: bench.channel,
                        provider_id: format!("in-{}", (n * 3 + worker) % 50),
                        from: vec![chaski_model::address::Address::bsuid(&format!(
                            "EC.{}",
                            (n + worker) % 30
                        ))],
                        profile_name: None,
                        at: NOW,
                        received_at: NOW,
                        content: r#"{"type":"text","text":"x"}"#.into(),
                        origin: r#"{"source":"contact"}"#.into(),
                        wants_media: false,
                    };
                    store.inbound(inbound).await.expect("it is stored or known");
                }
            }));
        }
    }
    for one in running {
        one.await.expect("no step fails");
    }
    let events = bench.store.events(bench.workspace, 0, 100_000).await.unwrap();
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == seq), "the feed is dense");
    let received = events.iter().filter(|event| event.kind == "message.received").count();
    assert_eq!(received, 50, "a doubled message is stored once, whichever node gets it");
}

/// A failed message, and then a replay, a dismissal, a report, retention: everything that moves the list.
async fn fail_and_follow(store: &dyn chaski_store::Store, bench: &Bench, fence: Fence, n: usize) {
    let plan =
        Accept { id: store.next_id(NOW.0), address: format!("+{n} {}", store.node()), ..bench.plan(2) };
    let id = plan.id;
    let Accepted::Stored { head: Some(head), .. } = store.accept(plan).await.unwrap() else { return };
    let Verdict::Began(work) = store.begin(head, fence, NOW, NOW).await.unwrap() else { return };
    let code = [131_026, 131_047, 130_429][n % 3];
    let end = End::Failed { failure: failure().provider(code), closes_window: false, shuts: false };
    store.settle(Settle { end, ..settle_sent(head, work.attempt) }).await.unwrap();
    let later = Timestamp(NOW.0 + 60_000);
    let how = Replay { by: "Carla".into(), class: 2, now: later, expires_at: Timestamp(later.0 + DAY) };
    let step = DeadLetterStep {
        workspace: bench.workspace,
        cause: None,
        after: None,
        failed_before: later,
        limit: 5,
    };
    match n % 5 {
        0 => drop(store.replay(bench.workspace, id, how).await.unwrap()),
        1 => drop(store.replay_dead_letters(step, how).await.unwrap()),
        2 => drop(store.dismiss_dead_letters(step).await.unwrap()),
        3 => drop(store.receipt(receipt(bench, head.part, ReceiptKind::Delivered)).await.unwrap()),
        _ => {
            store.sweep(Kept::DeadLetters, Timestamp(NOW.0 + 1), later, 3).await.unwrap();
            store.sweep(Kept::Contents, Timestamp(NOW.0 + 1), later, 20).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_move_the_dead_letters_at_once_never_fail_and_the_numbers_are_right() {
    let Some(database) = database() else { return };
    let (bench, second, of_second) = two(&database).await;
    let mine = bench.store.tend(LEASE).await.unwrap().held[0];
    let bench = Arc::new(bench);
    let nodes: [(Arc<dyn chaski_store::Store>, Fence); 2] =
        [(Arc::clone(&bench.store), mine), (Arc::new(second), of_second.held[0])];
    let mut running = Vec::new();
    for (store, fence) in nodes {
        for worker in 0..8_usize {
            let (store, bench) = (Arc::clone(&store), Arc::clone(&bench));
            running.push(tokio::spawn(async move {
                for n in 0..30_usize {
                    fail_and_follow(&*store, &bench, fence, worker * 30 + n).await;
                }
            }));
        }
    }
    for one in running {
        one.await.expect("no step fails");
    }
    let wrong = database.sql(
        "SELECT COUNT(*) FROM (SELECT channel_id, code, provider_code, COUNT(*) AS n FROM dead_letters GROUP BY 1, 2, 3) d
         FULL JOIN (SELECT * FROM dead_letter_causes WHERE messages <> 0) c USING (channel_id, code, provider_code)
         WHERE n IS DISTINCT FROM messages",
    );
    assert_eq!(wrong, "0", "each cause's number is that of its messages");
    let astray = database.sql(
        "SELECT COUNT(*) FROM dead_letters d JOIN messages m ON m.id = d.message_id WHERE m.rank <> 2 OR m.blanked_at IS NOT NULL",
    );
    assert_eq!(astray, "0", "what is on the list has failed and can go out");
    let lanes = database.sql(
        "SELECT COUNT(*) FROM lanes l WHERE busy <> EXISTS (SELECT 1 FROM queue q WHERE q.lane_id = l.id AND NOT q.aside)",
    );
    assert_eq!(lanes, "0", "each busy lane has a head");
    let replayed = database.sql("SELECT COUNT(*) > 0 FROM deliveries WHERE withdrawn IS NOT NULL");
    assert_eq!(replayed, "t");
    assert!(database.sql("SELECT COUNT(*) FROM messages WHERE blanked_at IS NOT NULL") != "0");
}

/// Not a test: prints how fast it is with fsync on. `cargo nextest run --run-ignored only how_fast --no-capture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn how_fast_it_is() {
    const CALLERS: usize = 64;
    const SECONDS: u64 = 5;
    let Some(cluster) = Cluster::private("on") else { return };
    let store: Arc<dyn chaski_store::Store> =
        Arc::new(PgStore::open(&cluster.url("postgres")).await.expect("the store opens"));
    let bench = Arc::new(Bench::new(Arc::clone(&store)).await);
    let commits = || -> i64 {
        std::thread::sleep(Duration::from_millis(1500));
        let sql = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'";
        cluster.psql("postgres", sql).parse().unwrap()
    };
    for whole in [false, true] {
        let before = commits();
        let began = Instant::now();
        let callers = (0..CALLERS).map(|caller| {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                let mut done = 0_u32;
                let mut slowest = Duration::ZERO;
                while began.elapsed() < Duration::from_secs(SECONDS) {
                    let started = Instant::now();
                    let plan = Accept { address: format!("{whole} {caller}"), ..bench.plan(1) };
                    let head = bench.accepted(plan).await;
                    slowest = slowest.max(started.elapsed());
                    if let Some(head) = head.filter(|_| whole) {
                        bench.send(head).await;
                        let told = receipt(&bench, head.part, ReceiptKind::Delivered);
                        bench.store.receipt(told).await.unwrap();
                    }
                    done += 1;
                }
                (done, slowest)
            })
        });
        let (mut all, mut slowest) = (0, Duration::ZERO);
        for caller in callers.collect::<Vec<_>>() {
            let (done, took) = caller.await.unwrap();
            all += done;
            slowest = slowest.max(took);
        }
        let took = began.elapsed().as_secs_f64();
        let commits = commits() - before;
        let what = if whole { "accept, begin, settle, receipt" } else { "accept" };
        eprintln!(
            "{what}: {:.0} messages/s, {:.3} commits a message, slowest accept {slowest:?}",
            f64::from(all) / took,
            commits as f64 / f64::from(all),
        );
    }
}
