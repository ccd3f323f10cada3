//! What a send knows of a contact without reading it is what a reader would find, or is found out.

use super::cases::{inbound, phone};
use super::nodes::two;
use super::postgres::database;
use super::support::*;
use chaski_model::address::Address;
use chaski_model::identifier::Identifier;
use chaski_model::{ReceiptKind, Timestamp};
use chaski_store::contacts::{Access, Contact, ContactChange};
use chaski_store::outbox::*;
use chaski_store::receive::{AccessIn, InboundIn, InboundVerdict, ReceiptIn};
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
    bench.settle(head, attempt, End::Failed { failure: failure(), closes_window: true, shuts: false }).await;
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

pub(crate) async fn a_contact_that_shuts_us_out_is_known_by_it_until_it_comes_back(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let access = async || {
        let known = bench.seen_by_a_send(&by_phone()).await;
        assert_eq!(known, bench.as_stored().await);
        (known.lanes[0].access, known.lanes[0].is_shut(Timestamp(NOW.0 + 1000)))
    };
    let told = async |blocked, after: i64| {
        let at = Timestamp(NOW.0 + after);
        let (workspace, channel, address) = (bench.workspace, bench.channel, NUMBER.to_owned());
        let told = AccessIn { workspace, channel, address, blocked, at, received_at: NOW };
        bench.store.set_access(told).await.unwrap();
    };
    let came = async |id: &str, after: i64| {
        let at = Timestamp(NOW.0 + after);
        let message = InboundIn { at, ..inbound(&bench, id, vec![phone(NUMBER)]) };
        bench.store.inbound(message).await.unwrap();
    };
    assert_eq!(access().await, (Access::Open, false));
    told(true, 100).await;
    assert_eq!(access().await, (Access::Blocked, true));
    // What comes late undoes nothing.
    told(false, 50).await;
    came("early", 60).await;
    assert_eq!(access().await, (Access::Blocked, true));
    told(false, 200).await;
    assert_eq!(access().await, (Access::Open, false));
    told(true, 150).await;
    assert_eq!(access().await, (Access::Open, false));
    told(true, 300).await;
    came("late", 400).await;
    assert_eq!(access().await, (Access::Open, false));
    told(true, 350).await;
    assert_eq!(access().await, (Access::Open, false), "it wrote after that");
    // A refusal is believed for a day, the contact's own word until it takes it back.
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, End::Failed { failure: failure(), closes_window: false, shuts: true }).await;
    assert_eq!(access().await, (Access::Refused, true));
    let lane = bench.as_stored().await.lanes.remove(0);
    assert!(!lane.is_shut(Timestamp(NOW.0 + 25 * 3_600_000)));
    came("anything", 10).await;
    assert_eq!(access().await, (Access::Open, false));
    // Nobody there, another workspace's channel: nothing happens.
    let (workspace, channel) = (chaski_model::WorkspaceId(bench.workspace.0 + 1), bench.channel);
    let (address, at) = (NUMBER.to_owned(), Timestamp(NOW.0 + 900));
    let told = AccessIn { workspace, channel, address, blocked: true, at, received_at: NOW };
    bench.store.set_access(told.clone()).await.unwrap();
    let nobody = AccessIn { workspace: bench.workspace, address: "nobody".into(), ..told };
    bench.store.set_access(nobody).await.unwrap();
    assert_eq!(access().await, (Access::Open, false));
}

/// Receipts of kinds that echo no reference name a part by what the provider called it.
pub(crate) async fn a_part_is_found_by_every_id_that_the_provider_gave_it(bench: Bench) {
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let attempt = bench.begin(head).await;
    let find =
        async |id: &str, channel, now| bench.store.part_by_provider_id(channel, id, now).await.unwrap();
    assert_eq!(find("5741311803571721087", bench.channel, NOW).await, None);
    let end = End::Sent { provider_id: "5741311803571721087".into() };
    let names = vec!["5741311803571721087".into(), "second".into(), "second".into()];
    let (begun_at, ended_at) = (NOW, NOW);
    let settle = Settle {
        head,
        attempt,
        begun_at,
        ended_at,
        http_status: Some(200),
        end,
        learned: vec![],
        names,
        follows: false,
    };
    bench.store.settle(settle).await.unwrap();
    for id in ["5741311803571721087", "second"] {
        assert_eq!(find(id, bench.channel, NOW).await, Some(head.part));
    }
    let next_week = Timestamp(NOW.0 + 7 * 86_400_000);
    assert_eq!(find("second", bench.channel, next_week).await, Some(head.part));
    assert_eq!(find("second", chaski_model::ChannelId(bench.channel.0 + 1), NOW).await, None);
    // What a contact wrote is no part of ours.
    bench.store.inbound(inbound(&bench, "theirs", vec![phone(NUMBER)])).await.unwrap();
    assert_eq!(find("theirs", bench.channel, NOW).await, None);
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
