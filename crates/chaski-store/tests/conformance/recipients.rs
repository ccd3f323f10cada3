//! What a send knows of a contact without reading it is what a reader would find, or is found out.

use super::cases::{inbound, phone};
use super::nodes::two;
use super::postgres::database;
use super::support::*;
use chaski_model::address::Address;
use chaski_model::identifier::Identifier;
use chaski_model::{ReceiptKind, Timestamp};
use chaski_store::contacts::{Contact, ContactChange};
use chaski_store::outbox::*;
use chaski_store::receive::{InboundVerdict, ReceiptIn};
use std::collections::BTreeMap;

const NUMBER: &str = "+593997000001";

fn by_phone() -> Identifier {
    Identifier::Phone(chaski_model::E164::from_digits(NUMBER).unwrap())
}

impl Bench {
    /// What a send can see of the contact: in a lane in use, the newest message goes on by itself.
    async fn seen_by_a_send(&self, identifier: &Identifier) -> Contact {
        let known = self.store.recipient(self.workspace, identifier).await.unwrap().expect("it is there");
        steady((*known).clone())
    }

    async fn as_stored(&self) -> Contact {
        let id = Identifier::Id(self.contact);
        steady(self.store.contact(self.workspace, &id).await.unwrap().expect("it is there"))
    }
}

fn steady(mut contact: Contact) -> Contact {
    for lane in &mut contact.lanes {
        (lane.last_id, lane.last_at) = (None, None);
    }
    contact
}

pub(crate) async fn a_send_sees_every_change_of_its_contact(bench: Bench) {
    let ids = [Identifier::Id(bench.contact), by_phone()];
    let mut before = bench.as_stored().await;
    let mut changed = async |what: &str| {
        let now = bench.as_stored().await;
        assert_ne!(now, before, "{what} changes the contact");
        for identifier in &ids {
            assert_eq!(bench.seen_by_a_send(identifier).await, now, "after {what}");
        }
        before = now;
    };
    for identifier in &ids {
        bench.seen_by_a_send(identifier).await;
    }
    let update = async |change| bench.store.update_contact(bench.workspace, bench.contact, change, NOW).await;
    update(ContactChange { first_name: Some("Eva".into()), ..ContactChange::default() }).await.unwrap();
    changed("a name").await;
    let fields = BTreeMap::from([(3, "a".into())]);
    update(ContactChange { fields, ..ContactChange::default() }).await.unwrap();
    changed("a field").await;
    let both = vec![phone(NUMBER), Address::bsuid("EC.7")];
    bench.store.learn(bench.workspace, both, "receipt", NOW).await.unwrap();
    changed("an address").await;
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    changed("a first message").await;
    let arrived = bench.store.inbound(inbound(&bench, "in-1", vec![phone(NUMBER)])).await.unwrap();
    assert!(matches!(arrived, InboundVerdict::Stored { .. }), "{arrived:?}");
    changed("an answer that opens the window").await;
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, End::Failed { failure: failure(), closes_window: true }).await;
    changed("a refusal that closes the window").await;
    let again = bench.accepted(bench.plan(1)).await.expect("a head");
    bench.send(again).await;
    let receipt = ReceiptIn {
        workspace: bench.workspace,
        channel: bench.channel,
        part: again.part,
        kind: ReceiptKind::Failed,
        provider_at: Timestamp(NOW.0 + 9),
        received_at: Timestamp(NOW.0 + 9),
        provider_id: "wamid.1".into(),
        failure: Some(failure()),
        closes_window: true,
        follows: false,
        learned: vec![],
    };
    bench.store.receipt(receipt).await.unwrap();
    changed("a report that closes the window").await;
    // The number that the API gave is another one now: the old one names nobody.
    let other = phone("+593997000009");
    update(ContactChange { addresses: vec![other], ..ContactChange::default() }).await.unwrap();
    let nobody = bench.store.recipient(bench.workspace, &by_phone()).await.unwrap();
    assert!(nobody.is_none(), "{nobody:?}");
}

/// The contact's newest lane is the one that a send without a channel takes.
pub(crate) async fn a_send_sees_which_lane_was_used_last(bench: Bench) {
    let second = add_channel(&*bench.store, bench.workspace, 2).await;
    for channel in [bench.channel, second, bench.channel, second] {
        bench.accepted(Accept { channel, ..bench.plan(1) }).await;
        let known = bench.store.recipient(bench.workspace, &by_phone()).await.unwrap().expect("it is there");
        let newest = known.lanes.iter().max_by_key(|lane| lane.last_id).expect("it has lanes");
        assert_eq!((newest.channel, known.lanes[0].channel), (channel, channel));
    }
}

/// What another node changed is found out when the message is stored, and nothing is stored then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_node_changed_makes_a_plan_stale() {
    let Some(database) = database() else { return };
    let (bench, second, _) = two(&database).await;
    let known = async || {
        let found = bench.store.recipient(bench.workspace, &by_phone()).await.unwrap();
        found.expect("it is there")
    };
    let before = known().await;
    let change = ContactChange { first_name: Some("Eva".into()), ..ContactChange::default() };
    chaski_store::Contacts::update_contact(&second, bench.workspace, bench.contact, change, NOW)
        .await
        .unwrap();
    assert_eq!(known().await.first_name, before.first_name, "it is remembered, not read");
    let plan = Accept { version: Some(before.version), ..bench.plan(1) };
    let id = plan.id;
    let stale = bench.store.accept(plan).await.unwrap();
    assert!(matches!(stale, Accepted::Stale), "{stale:?}");
    assert!(bench.store.message(bench.workspace, id).await.unwrap().is_none(), "nothing was stored");
    let now = known().await;
    assert_eq!(now.first_name, "Eva", "it is read again");
    let plan = Accept { version: Some(now.version), ..bench.plan(1) };
    assert!(bench.accepted(plan).await.is_some());
}
