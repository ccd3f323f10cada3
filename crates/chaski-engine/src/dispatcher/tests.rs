//! The dispatcher's own bookkeeping, over a real store.

use super::window::Next;
use super::*;
use crate::{Clock, Config, Deadlines, Retention};
use chaski_model::{ChannelKind, ContactId, ErrorCode, Failure, Rank, WorkspaceId};
use chaski_store::admin::NewChannel;
use chaski_store::contacts::ContactChange;
use chaski_store::nodes::{Fence, SLOTS, Tenure};
use chaski_store::outbox::{Accept, Accepted, End, Settle, Verdict};
use chaski_store::sqlite::SqliteStore;
use std::path::PathBuf;
use std::time::Instant;

/// A dispatcher that runs only when it is told to. The engine's own one calls nothing: its channel is locked.
struct World {
    dispatcher: Dispatcher,
    folder: PathBuf,
    workspace: WorkspaceId,
    channel: ChannelId,
    contact: ContactId,
}

impl World {
    async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chaski-dispatcher-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let store = Arc::new(SqliteStore::open(&folder, 0).unwrap());
        let engine = Engine::start(store, Arc::new(Clock::default()), config(&folder)).await.unwrap();
        let (store, now) = (engine.store(), engine.clock().now());
        let workspace = store.add_workspace("W".into(), None, vec![1], now).await.unwrap();
        let new = NewChannel {
            workspace,
            kind: ChannelKind::WhatsappCloud,
            name: "C".into(),
            account_external_id: "waba".into(),
            sender: "sender".into(),
            settings: [].into(),
            secrets: vec![],
            hook_key_hash: [1; 32],
            hook_key_cipher: vec![],
            hook_secrets: vec![],
            now,
        };
        let (channel, ..) = store.add_channel(new).await.unwrap();
        let contact = store.create_contact(workspace, None, ContactChange::default(), now).await.unwrap();
        engine.reload().await.unwrap();
        Self { dispatcher: Dispatcher::new(engine), folder, workspace, channel, contact }
    }

    /// A message to an address, not stored yet.
    fn plan(&self, address: &str) -> Accept {
        let (store, now) = (self.dispatcher.engine.store(), self.now());
        Accept {
            id: store.next_id(machine_now().0),
            workspace: self.workspace,
            contact: self.contact,
            channel: self.channel,
            address: address.into(),
            lane: None,
            version: None,
            call: None,
            now,
            expires_at: now + Duration::from_secs(86_400),
            class: 1,
            content: r#"{"type":"text","text":"hola"}"#.into(),
            resolved: r#"{"parts":[{"type":"text","text":"hola"}]}"#.into(),
            origin: r#"{"source":"api"}"#.into(),
            parts: 1,
            failed: None,
            idempotency: None,
        }
    }

    /// Stores a message without telling the dispatcher; its head, if the lane was idle.
    async fn accept(&self, plan: Accept) -> Option<Head> {
        match self.dispatcher.engine.store().accept(plan).await.unwrap() {
            Accepted::Stored { head, .. } => head,
            other => panic!("{other:?}"),
        }
    }

    fn now(&self) -> Timestamp {
        self.dispatcher.engine.clock().now()
    }

    fn window(&mut self) -> &mut Window {
        self.dispatcher.windows.get_mut(&self.channel).expect("the channel is served")
    }

    /// The slots are held with this fence from now on; `None` = they are not held.
    fn hold(&mut self, fence: Option<i64>) {
        let slots = 0..u8::try_from(SLOTS - 1).unwrap();
        let held = slots.filter_map(|slot| Some(Fence { slot, number: fence? })).collect();
        let tenure = Tenure { held, to_give_up: vec![], nodes: 2 };
        let until = Instant::now() + Duration::from_secs(600);
        self.dispatcher.engine.ownership.renewed(&tenure, Some(until));
        self.dispatcher.channels_changed();
    }

    async fn end(self) {
        self.dispatcher.engine.stop(Duration::from_secs(5)).await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn config(folder: &std::path::Path) -> Config {
    Config {
        key_file: folder.join("secret.key"),
        public_url: "http://127.0.0.1:1".into(),
        allow_private_networks: false,
        time_to_live: Duration::from_secs(86_400),
        order_wait: Duration::from_secs(60),
        call_timeout: Duration::from_secs(1),
        template_sync: Duration::from_secs(86_400),
        language_fallback: true,
        probe_media: false,
        media_folder: folder.join("media"),
        media_bucket: None,
        retention: Retention::default(),
        deadlines: Deadlines::default(),
        lease: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn a_call_that_outlives_its_tenure_keeps_its_lane_and_its_place() {
    let mut world = World::new("tenure").await;
    world.hold(Some(2));
    let head = world.accept(world.plan("a")).await.expect("the lane is idle");
    let other = world.accept(world.plan("b")).await.expect("the lane is idle");
    let now = world.now();
    world.window().refill(vec![head], false, now);
    assert_eq!(world.window().next(now), Next::Deliver(head));
    world.hold(None);
    world.hold(Some(3));
    assert_eq!(world.window().in_flight, 1, "the call is still out");
    world.window().refill(vec![head, other], false, now);
    assert_eq!(world.window().next(now), Next::Deliver(other));
    assert_eq!(world.window().next(now), Next::Wait(None), "no second call for its lane");
    let (settled, signal) = (Settled { again: None, next: None }, Signal::None);
    world.dispatcher.finished(&Done { head, settled, signal });
    assert_eq!(world.window().in_flight, 1, "the other one's");
    let again = Head { due_at: now, ..head };
    world.window().add(again, now);
    assert_eq!(world.window().next(now), Next::Deliver(again), "its lane is free");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_whose_answer_was_lost_is_read_from_the_store() {
    let world = World::new("doubt").await;
    let engine = Arc::clone(&world.dispatcher.engine);
    let expires_at = world.now() + Duration::from_secs(1);
    let plan = Accept { expires_at, ..world.plan("a") };
    let id = plan.id;
    world.accept(plan).await.expect("the lane is idle");
    let lost: Result<(), StoreError> = engine.noted(Err(StoreError::CommitUnknown));
    assert!(lost.is_err(), "whoever asked is told so");
    // The channel is locked, so all that can become of it is that its time is up.
    engine.clock().set_offset_ms(2000);
    let began = Instant::now();
    while engine.store().message(world.workspace, id).await.unwrap().unwrap().rank != Rank::Failed {
        assert!(began.elapsed() < Duration::from_secs(10), "nobody knows of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.end().await;
}

/// Tries a message once; it is to be tried again in ten minutes.
async fn tried_in_vain(world: &World, n: usize) {
    let head = world.accept(world.plan(&format!("late {n}"))).await.expect("the lane is new");
    let (store, now) = (world.dispatcher.engine.store(), world.now());
    let Verdict::Began(work) = store.begin(head, Fence { slot: 0, number: 1 }, now, now).await.unwrap()
    else {
        panic!("it is begun")
    };
    let end = End::Retry {
        at: now + Duration::from_secs(600),
        keep_lane_ms: i64::MAX / 4,
        outcome: "retry",
        failure: Failure::new(ErrorCode::ProviderUnavailable, "it is down"),
        backoff: false,
    };
    let settle = Settle {
        head,
        attempt: work.attempt,
        begun_at: now,
        ended_at: now,
        http_status: None,
        end,
        learned: vec![],
        names: vec![],
        follows: false,
    };
    store.settle(settle).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_tried_again_later_does_not_starve_what_can_go_out_now() {
    let mut world = World::new("starve").await;
    for from in (0..=WINDOW).step_by(1000) {
        let some = (from..from + 1000).map(|n| tried_in_vain(&world, n));
        futures_util::future::join_all(some).await;
    }
    let fresh = world.accept(world.plan("fresh")).await.expect("the lane is idle");
    world.dispatcher.channels_changed();
    let nothing_lost = AtomicBool::new(false);
    world.dispatcher.read_back(&nothing_lost).await;
    let now = world.now();
    assert_eq!(world.window().next(now), Next::Deliver(fresh));
    // What is left to the store comes by itself when it is due.
    let wake = world.dispatcher.start_what_can().expect("there is more to do");
    assert!(wake <= now + Duration::from_secs(600), "{wake:?}");
    let later = now + Duration::from_secs(601);
    world.dispatcher.engine.clock().set_offset_ms(601_000);
    world.dispatcher.read_back(&nothing_lost).await;
    for _ in 0..10 {
        assert!(matches!(world.window().next(later), Next::Deliver(_)));
    }
    world.end().await;
}
