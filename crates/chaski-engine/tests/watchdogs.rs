//! What has lost its maker or was lost sight of is found again, by moving the clock.

#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use chaski_engine::clock::machine_now;
use chaski_engine::{Clock, Config, Deadlines, Engine, Retention};
use chaski_model::address::Address;
use chaski_model::{ChannelKind, E164, MessageId, Rank, Timestamp, WorkspaceId};
use chaski_store::admin::NewChannel;
use chaski_store::contacts::ContactChange;
use chaski_store::inbox::Message;
use chaski_store::nodes::{Fence, slot_of};
use chaski_store::outbox::*;
use chaski_store::sqlite::SqliteStore;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PHONE: &str = "+593997000001";

struct World {
    engine: Arc<Engine>,
    folder: PathBuf,
    workspace: WorkspaceId,
    plan: Accept,
    fence: Fence,
}

impl World {
    /// An engine over a store with one channel, which the engine's key does not open: nothing is called.
    async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("chaski-watch-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let store = Arc::new(SqliteStore::open(&folder, 0).unwrap());
        let engine = Engine::start(store, Arc::new(Clock::default()), config(&folder)).await.unwrap();
        let (store, now) = (engine.store(), engine.clock().now());
        let workspace = store.add_workspace("W".into(), None, vec![1], now).await.unwrap();
        let (channel, account, _) = store.add_channel(channel(workspace, now)).await.unwrap();
        let phone = E164::from_digits(PHONE).unwrap();
        let change = ContactChange {
            first_name: Some("Ana".into()),
            addresses: vec![Address::phone(&phone)],
            ..ContactChange::default()
        };
        let contact = store.create_contact(workspace, None, change, now).await.unwrap();
        engine.reload().await.unwrap();
        let plan = Accept {
            id: store.next_id(machine_now().0),
            workspace,
            contact,
            channel,
            address: PHONE.into(),
            lane: None,
            version: None,
            call: None,
            now,
            expires_at: now + Duration::from_secs(120),
            class: 1,
            content: r#"{"type":"text","text":"hola"}"#.into(),
            resolved: r#"{"parts":[{"type":"text","text":"hola"}]}"#.into(),
            origin: r#"{"source":"api"}"#.into(),
            parts: 1,
            failed: None,
            idempotency: None,
        };
        let fence = Fence { slot: slot_of(account), number: 1 };
        Self { engine, folder, workspace, plan, fence }
    }

    /// Stores the message behind the engine's back: the dispatcher is not told.
    async fn accepted(&self) -> (MessageId, Head) {
        match self.engine.store().accept(self.plan.clone()).await.unwrap() {
            Accepted::Stored { head, .. } => (self.plan.id, head.unwrap()),
            other => panic!("{other:?}"),
        }
    }

    fn advance(&self, by: Duration) {
        let clock = self.engine.clock();
        clock.set_offset_ms(clock.offset_ms() + i64::try_from(by.as_millis()).unwrap());
    }

    /// Moves the clock minute by minute until a message is as wanted.
    async fn becomes(&self, id: MessageId, wanted: impl Fn(&Message) -> bool) -> Message {
        for _ in 0..200 {
            let message = self.engine.store().message(self.workspace, id).await.unwrap().unwrap();
            if wanted(&message) {
                return message;
            }
            self.advance(Duration::from_secs(61));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it did not happen");
    }

    async fn end(self) {
        self.engine.stop(Duration::from_secs(5)).await;
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

fn channel(workspace: WorkspaceId, now: Timestamp) -> NewChannel {
    NewChannel {
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
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_nobody_settles_is_unknown_once_its_call_must_be_over() {
    let world = World::new("open").await;
    assert!(world.engine.leads());
    let (id, head) = world.accepted().await;
    let now = world.engine.clock().now();
    let long_ago = Timestamp(machine_now().0 - 3_600_000);
    let begun = world.engine.store().begin(head, world.fence, now, long_ago).await.expect("it is stored");
    assert!(matches!(begun, Verdict::Began(_)));
    let message = world.becomes(id, |message| message.unknown).await;
    assert_eq!(message.rank, Rank::Pending, "nobody guesses");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_that_the_dispatcher_was_never_told_of_is_found() {
    let world = World::new("lost").await;
    let (id, _) = world.accepted().await;
    // The channel is locked, so all that can become of it is that its time is up.
    let message = world.becomes(id, |message| message.rank == Rank::Failed).await;
    assert_eq!(message.error.expect("a reason").code.info().code, "expired");
    world.end().await;
}
