//! A store with a workspace, a channel and contacts, for the cases.

use chaski_model::address::Address;
use chaski_model::{ChannelId, ChannelKind, ContactId, E164, MessageId, Timestamp, WorkspaceId};
use chaski_store::Store;
use chaski_store::admin::NewChannel;
use chaski_store::contacts::ContactChange;
use chaski_store::nodes::Fence;
use chaski_store::outbox::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000_000);
pub(crate) const DAY: i64 = 86_400_000;
/// What the only node of a new store holds.
pub(crate) const FENCE: Fence = Fence { slot: 0, number: 1 };

pub(crate) const LEASE: std::time::Duration = std::time::Duration::from_secs(15);

/// A folder that goes with the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicI64 = AtomicI64::new(0);
        let name = format!("chaski-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A store to try things on.
pub(crate) struct Bench {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) workspace: WorkspaceId,
    pub(crate) channel: ChannelId,
    pub(crate) contact: ContactId,
}

impl Bench {
    pub(crate) async fn new(store: Arc<dyn Store>) -> Self {
        let tenure = store.tend(LEASE).await.unwrap();
        assert!(tenure.held.contains(&FENCE), "the only node holds every slot: {tenure:?}");
        let workspace = store.add_workspace("W".into(), None, vec![1], NOW).await.unwrap();
        let channel = add_channel(&*store, workspace, 1).await;
        let contact = add_contact(&*store, workspace, "+593997000001").await;
        Self { store, workspace, channel, contact }
    }

    /// A message of some parts to the contact, not stored yet.
    pub(crate) fn plan(&self, parts: u16) -> Accept {
        let bodies: Vec<_> =
            (0..parts).map(|n| serde_json::json!({"type": "text", "text": format!("parte {n}")})).collect();
        Accept {
            id: self.store.next_id(NOW.0),
            workspace: self.workspace,
            contact: self.contact,
            channel: self.channel,
            address: "+593997000001".into(),
            lane: None,
            version: None,
            call: None,
            now: NOW,
            expires_at: Timestamp(NOW.0 + DAY),
            class: 1,
            content: r#"{"type":"text","text":"hola"}"#.into(),
            resolved: serde_json::json!({"parts": bodies}).to_string(),
            origin: r#"{"source":"api"}"#.into(),
            parts,
            failed: None,
            idempotency: None,
        }
    }

    /// Stores a message; its head, if it can go out.
    pub(crate) async fn accepted(&self, plan: Accept) -> Option<Head> {
        match self.store.accept(plan).await.unwrap() {
            Accepted::Stored { head, .. } => head,
            other => panic!("{other:?}"),
        }
    }

    /// Stores a message of some parts.
    pub(crate) async fn accept(&self, parts: u16) -> MessageId {
        let plan = self.plan(parts);
        let id = plan.id;
        self.accepted(plan).await;
        id
    }

    /// Begins a head; the number of the attempt.
    pub(crate) async fn begin(&self, head: Head) -> u16 {
        match self.store.begin(head, FENCE, NOW, NOW).await.unwrap() {
            Verdict::Began(work) => work.attempt,
            other => panic!("{other:?}"),
        }
    }

    /// Settles an attempt.
    pub(crate) async fn settle(&self, head: Head, attempt: u16, end: End) -> Settled {
        self.settle_at(head, attempt, end, Timestamp(NOW.0 + 5)).await
    }

    /// Settles an attempt that ended then.
    pub(crate) async fn settle_at(&self, head: Head, attempt: u16, end: End, ended_at: Timestamp) -> Settled {
        let settle = Settle {
            head,
            attempt,
            begun_at: NOW,
            ended_at,
            http_status: Some(200),
            end,
            learned: vec![],
            names: vec![],
            follows: false,
        };
        self.store.settle(settle).await.unwrap()
    }

    /// Begins and settles as sent.
    pub(crate) async fn send(&self, head: Head) -> Settled {
        let attempt = self.begin(head).await;
        self.settle(head, attempt, sent()).await
    }

    pub(crate) async fn message(&self, id: MessageId) -> chaski_store::inbox::Message {
        self.store.message(self.workspace, id).await.unwrap().expect("it is stored")
    }
}

pub(crate) fn sent() -> End {
    End::Sent { provider_id: "wamid.1".into() }
}

pub(crate) fn failure() -> chaski_model::Failure {
    chaski_model::Failure::new(chaski_model::ErrorCode::ProviderUnavailable, "it is down")
}

pub(crate) fn retry(at: i64) -> End {
    End::Retry {
        at: Timestamp(at),
        keep_lane_ms: 60_000,
        outcome: "retry",
        failure: failure(),
        backoff: false,
    }
}

pub(crate) fn refused() -> End {
    End::Failed { failure: failure(), closes_window: false, shuts: false }
}

pub(crate) fn unknown() -> End {
    End::Unknown { failure: failure(), let_go_at: Timestamp(NOW.0 + 30_000) }
}

pub(crate) async fn add_channel(store: &dyn Store, workspace: WorkspaceId, number: u8) -> ChannelId {
    let new = NewChannel {
        workspace,
        kind: ChannelKind::WhatsappCloud,
        name: format!("C{number}"),
        account_external_id: format!("waba-{number}"),
        sender: format!("sender-{number}"),
        settings: [].into(),
        secrets: vec![],
        hook_key_hash: [number; 32],
        hook_key_cipher: vec![],
        hook_secrets: vec![],
        now: NOW,
    };
    store.add_channel(new).await.unwrap().0
}

pub(crate) async fn add_contact(store: &dyn Store, workspace: WorkspaceId, phone: &str) -> ContactId {
    let number = E164::from_digits(phone).unwrap();
    let change = ContactChange {
        first_name: Some("Ana".into()),
        addresses: vec![Address::phone(&number)],
        ..ContactChange::default()
    };
    store.create_contact(workspace, None, change, NOW).await.unwrap()
}
