//! The cases of what changes slowly: people, fields, channels, kept webhooks, nodes.

use super::cases::futures;
use super::support::*;
use chaski_model::address::{Address, AddressKind};
use chaski_model::identifier::Identifier;
use chaski_model::{AccountId, ChannelKind, FieldId, HookId, Timestamp, TokenId, UserId};
use chaski_store::StoreError;
use chaski_store::admin::*;
use chaski_store::contacts::{ContactChange, Stretch, TAGS};
use chaski_store::mailboxes::Mark;
use chaski_store::nodes::SLOTS;
use chaski_store::outbox::*;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) async fn a_channels_depth_is_what_waits_on_it(bench: Bench) {
    let depth = async || bench.store.depths().await.unwrap().pop().expect("one channel");
    assert_eq!((depth().await.messages, depth().await.oldest), (0, None));
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    bench.accept(2).await;
    let found = depth().await;
    assert_eq!((found.channel, found.kind), (bench.channel, ChannelKind::WhatsappCloud));
    assert_eq!((found.messages, found.oldest), (3, Some(NOW)));
    let attempt = bench.begin(head).await;
    bench.settle(head, attempt, unknown()).await;
    assert_eq!(depth().await.messages, 2, "what nobody knows about does not wait");
}

pub(crate) async fn addresses_are_learned_by_whoever_has_one_of_them(bench: Bench) {
    let bsuid = Address::bsuid("EC.7");
    let both =
        vec![Address::phone(&chaski_model::E164::from_digits("+593997000001").unwrap()), bsuid.clone()];
    bench.store.learn(bench.workspace, vec![bsuid.clone()], "receipt", NOW).await.unwrap();
    let known = async || {
        let id = Identifier::Id(bench.contact);
        bench.store.contact(bench.workspace, &id).await.unwrap().expect("it is there").addresses
    };
    assert_eq!(known().await.len(), 1, "nobody has it");
    bench.store.learn(bench.workspace, both, "receipt", NOW).await.unwrap();
    let known = known().await;
    assert_eq!((known.len(), &known[1].address), (2, &bsuid));
    assert_eq!(known[1].learned_from, "receipt");
    let none = bench.store.part_by_provider_id(bench.channel, "wamid.1", NOW).await.unwrap();
    assert!(none.is_none());
}

pub(crate) async fn contacts_are_listed_in_pages_and_changed(bench: Bench) {
    let mut ids = vec![bench.contact];
    for n in 2..=5 {
        ids.push(add_contact(&*bench.store, bench.workspace, &format!("+59399700000{n}")).await);
    }
    let page = async |after: i64| {
        let page = bench.store.list_contacts(bench.workspace, Stretch::After(after), 2).await.unwrap();
        page.into_iter().map(|contact| contact.id).collect::<Vec<_>>()
    };
    assert_eq!(page(0).await, ids[..2]);
    assert_eq!(page(ids[1].0).await, ids[2..4]);
    assert_eq!(page(ids[4].0).await, []);
    let before = bench.store.list_contacts(bench.workspace, Stretch::Before(ids[3].0), 2).await.unwrap();
    assert_eq!(before.iter().map(|contact| contact.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    assert_eq!(before[0].phone(), Some("+593997000003"));
    let change = ContactChange {
        last_name: Some(Some("Paz".into())),
        language: Some(Some("es".into())),
        fields: BTreeMap::from([(3, "a".into()), (4, 5.into())]),
        lanes: vec![(bench.channel, "native".into())],
        ..ContactChange::default()
    };
    bench.store.update_contact(bench.workspace, ids[1], change, NOW).await.unwrap();
    let change = ContactChange {
        language: Some(None),
        fields: BTreeMap::from([(3, serde_json::Value::Null)]),
        ..ContactChange::default()
    };
    bench.store.update_contact(bench.workspace, ids[1], change, NOW).await.unwrap();
    let id = Identifier::Id(ids[1]);
    let contact = bench.store.contact(bench.workspace, &id).await.unwrap().expect("it is there");
    assert_eq!((contact.first_name.as_str(), contact.last_name.as_deref()), ("Ana", Some("Paz")));
    assert_eq!((contact.language, contact.fields), (None, BTreeMap::from([(4, 5.into())])));
    assert_eq!(contact.lanes.len(), 1);
    assert_eq!((contact.lanes[0].address.as_str(), contact.lanes[0].last_id), ("native", None));
    let nobody = ContactChange::default();
    let nobody = bench.store.update_contact(bench.workspace, chaski_model::ContactId(99), nobody, NOW).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
    assert!(bench.store.conversation(bench.workspace, ids[1]).await.unwrap().is_none());
}

pub(crate) async fn tokens_people_and_sessions_come_and_go(bench: Bench) {
    let workspace = bench.workspace;
    let make = move |name: &'static str| -> MakeToken {
        Box::new(move |id: TokenId| Token {
            id,
            workspace,
            name: name.into(),
            hash: [u8::try_from(id.0).unwrap(); 32],
            scopes: vec!["send".into(), "read".into()],
            created_at: NOW,
            expires_at: None,
        })
    };
    let first = bench.store.add_token(make("a")).await.unwrap();
    let second = bench.store.add_token(make("b")).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(bench.store.revoke_tokens(workspace, "a".into(), NOW).await.unwrap(), 1);
    assert_eq!(bench.store.revoke_tokens(workspace, "a".into(), NOW).await.unwrap(), 0);
    let user = NewUser {
        workspace,
        email: "a@x.ec".into(),
        first_name: "A".into(),
        role: "agent".into(),
        password_hash: None,
    };
    let id = bench.store.add_user(user.clone(), NOW).await.unwrap();
    let twice = bench.store.add_user(user, NOW).await;
    assert!(matches!(twice, Err(StoreError::Conflict(_))), "{twice:?}");
    bench.store.set_language(id, "en".into()).await.unwrap();
    let directory = bench.store.directory().await.unwrap();
    assert_eq!(directory.tokens.iter().map(|token| token.id).collect::<Vec<_>>(), [second]);
    assert_eq!(directory.tokens[0].scopes, ["send", "read"]);
    assert_eq!(directory.users[0].language.as_deref(), Some("en"));
    let session = Session { user: id, csrf: "c".into() };
    bench.store.add_session([5; 32], session, Timestamp(NOW.0 + 10)).await.unwrap();
    let found = bench.store.session([5; 32], NOW).await.unwrap().expect("it is signed in");
    assert_eq!((found.user, found.csrf.as_str()), (id, "c"));
    assert!(bench.store.session([5; 32], Timestamp(NOW.0 + 10)).await.unwrap().is_none(), "it is over");
    bench.store.end_session([5; 32]).await.unwrap();
    assert!(bench.store.session([5; 32], NOW).await.unwrap().is_none());
}

pub(crate) async fn custom_fields_have_a_name_of_their_own(bench: Bench) {
    let field = Field {
        id: FieldId(0),
        workspace: bench.workspace,
        name: "Saldo".into(),
        slug: "saldo".into(),
        data_type: "list".into(),
        allowed_values: vec!["a".into()],
        description: None,
        created_at: NOW,
    };
    bench.store.add_field(field.clone(), NOW).await.unwrap();
    let twice = bench.store.add_field(field, NOW).await;
    assert!(matches!(&twice, Err(StoreError::Conflict(told)) if told.contains("`saldo`")), "{twice:?}");
    let fields = bench.store.directory().await.unwrap().fields;
    assert_eq!((fields.len(), fields[0].allowed_values.as_slice()), (1, ["a".to_owned()].as_slice()));
    assert!(bench.store.delete_field(bench.workspace, "Saldo".into()).await.unwrap());
    assert!(!bench.store.delete_field(bench.workspace, "Saldo".into()).await.unwrap());
}

pub(crate) async fn a_channel_is_held_changed_and_removed(bench: Bench) {
    let channel = async || bench.store.directory().await.unwrap().channels.remove(&bench.channel);
    let before = bench.store.directory_version().await.unwrap();
    let learned = BTreeMap::from([("sender".into(), "s2".into()), ("k".into(), "v".into())]);
    bench.store.set_channel(bench.channel, "held", Some(failure()), learned, NOW).await.unwrap();
    let held = channel().await.expect("it is there");
    assert_eq!((held.state.as_str(), held.held_at, held.sender.as_str()), ("held", Some(NOW), "s2"));
    assert_eq!((held.held, held.settings["k"].as_str()), (Some(failure()), "v"));
    let settings = BTreeMap::from([("k".to_owned(), "w".to_owned())]);
    bench.store.change_channel(bench.channel, settings, vec![9], vec![8], NOW).await.unwrap();
    let changed = channel().await.expect("it is there");
    assert_eq!((changed.settings["k"].as_str(), changed.secrets.as_slice()), ("w", [9].as_slice()));
    let directory = bench.store.directory().await.unwrap();
    assert_eq!(directory.hooks[&changed.hook].secrets, [8]);
    bench.store.sync_failed(changed.account, "no".into(), NOW).await.unwrap();
    let account: AccountId = changed.account;
    assert_eq!(bench.store.directory().await.unwrap().accounts[&account].sync_error.as_deref(), Some("no"));
    bench.store.remove_channel(bench.channel).await.unwrap();
    assert!(channel().await.is_none());
    let gone = bench.store.set_channel(chaski_model::ChannelId(99), "held", None, BTreeMap::new(), NOW).await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    let after = bench.store.directory_version().await.unwrap();
    assert!(after > before || !bench.store.is_shared(), "others are told by a version");
    let events = bench.store.events(bench.workspace, 0, 100).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "channel.changed").count(), 2);
}

pub(crate) async fn a_signature_is_seen_once_and_odd_webhooks_are_kept(bench: Bench) {
    let hook = HookId(1);
    assert!(!bench.store.is_seen(hook, "s").await.unwrap());
    bench.store.mark_seen(hook, "s".into(), NOW).await.unwrap();
    bench.store.mark_seen(hook, "s".into(), NOW).await.unwrap();
    assert!(bench.store.is_seen(hook, "s").await.unwrap());
    assert!(!bench.store.is_seen(HookId(2), "s").await.unwrap());
    bench.store.mark_seen(hook, "t".into(), Timestamp(NOW.0 + DAY)).await.unwrap();
    assert!(!bench.store.is_seen(hook, "s").await.unwrap(), "it is forgotten in time");
    for n in 0..3 {
        let odd = chaski_store::receive::KeepIn {
            workspace: bench.workspace,
            hook,
            received_at: NOW,
            cause: format!("odd {n}"),
            query: format!("ref={n}"),
            body: vec![n, 255],
        };
        bench.store.keep(odd).await.unwrap();
    }
    let kept = bench.store.kept_webhooks(bench.workspace, None, 2).await.unwrap();
    let told = |kept: &[chaski_store::receive::KeptWebhook]| -> Vec<(String, Vec<u8>)> {
        kept.iter().map(|one| (one.cause.clone(), one.body.clone())).collect()
    };
    assert_eq!(told(&kept), [("odd 2".to_owned(), vec![2, 255]), ("odd 1".to_owned(), vec![1, 255])]);
    assert_eq!((kept[0].hook, kept[0].received_at, &*kept[0].query), (hook, NOW, "ref=2"));
    let older = bench.store.kept_webhooks(bench.workspace, Some(kept[1].id), 9).await.unwrap();
    assert_eq!(told(&older), [("odd 0".to_owned(), vec![0, 255])]);
    let other = chaski_model::WorkspaceId(bench.workspace.0 + 1);
    assert!(bench.store.kept_webhooks(other, None, 9).await.unwrap().is_empty());
    assert!(!bench.store.let_webhook_go(other, kept[0].id).await.unwrap());
    assert!(bench.store.let_webhook_go(bench.workspace, kept[0].id).await.unwrap());
    assert!(!bench.store.let_webhook_go(bench.workspace, kept[0].id).await.unwrap());
    assert_eq!(bench.store.kept_webhooks(bench.workspace, None, 9).await.unwrap().len(), 2);
}

pub(crate) async fn a_commit_ticks_and_a_seen_thread_is_said_once(bench: Bench) {
    let mut ticks = bench.store.ticks();
    ticks.mark_unchanged();
    let others = bench.store.others();
    bench.accept(1).await;
    assert!(ticks.has_changed().unwrap());
    assert_eq!(*others.borrow(), 0, "no other node works on it");
}

pub(crate) async fn the_only_node_holds_what_it_is_not_told_to_give_up(bench: Bench) {
    assert!(bench.store.node() < 64);
    let tenure = bench.store.tend(LEASE).await.unwrap();
    assert_eq!((tenure.held.len(), tenure.to_give_up.len(), tenure.nodes), (SLOTS, 0, 1));
    bench.store.release(vec![tenure.held[1]]).await.unwrap();
    assert_eq!(bench.store.tend(LEASE).await.unwrap().held.len(), SLOTS, "it is the only one to take it");
    let head = bench.accepted(bench.plan(1)).await.expect("a head");
    let old = chaski_store::nodes::Fence { number: FENCE.number - 1, ..FENCE };
    let refused = bench.store.begin(head, old, NOW, NOW).await.unwrap();
    assert!(matches!(refused, Verdict::Fenced), "{refused:?}");
    bench.begin(head).await;
    bench.store.leave().await.unwrap();
}

pub(crate) async fn a_catalogue_is_synced_by_one_at_a_time_and_not_again_at_once(bench: Bench) {
    const BETWEEN: Duration = Duration::from_secs(300);
    let directory = bench.store.directory().await.unwrap();
    let account = directory.channels[&bench.channel].account;
    let at = |seconds: i64| Timestamp(NOW.0 + seconds * 1000);
    let ask = |seconds| bench.store.begin_sync(account, at(seconds), BETWEEN);
    let turns = futures((0..20).map(|_| ask(0))).await;
    let count = |turn| turns.iter().filter(|given| *given.as_ref().unwrap() == turn).count();
    assert_eq!((count(SyncTurn::Yours), count(SyncTurn::UnderWay)), (1, 19), "{turns:?}");
    assert_eq!(ask(29).await.unwrap(), SyncTurn::UnderWay);
    assert_eq!(ask(30).await.unwrap(), SyncTurn::TooSoon, "whoever began it has died");
    assert_eq!(ask(299).await.unwrap(), SyncTurn::TooSoon);
    assert_eq!(ask(300).await.unwrap(), SyncTurn::Yours);
    bench.store.replace_templates(account, vec![], at(301)).await.unwrap();
    assert_eq!(ask(302).await.unwrap(), SyncTurn::TooSoon, "it has ended");
    assert_eq!(ask(600).await.unwrap(), SyncTurn::Yours);
    bench.store.sync_failed(account, "no answer".into(), at(601)).await.unwrap();
    assert_eq!(ask(602).await.unwrap(), SyncTurn::TooSoon, "one that failed counts too");
    let unknown = bench.store.begin_sync(AccountId(999), NOW, BETWEEN).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
}

pub(crate) async fn a_mailbox_is_read_from_where_it_was_left(bench: Bench) {
    let account = bench.store.directory().await.unwrap().channels[&bench.channel].account;
    assert_eq!(bench.store.mailbox_mark(account).await.unwrap(), None);
    let mut mark =
        Mark { place: "imaps://x INBOX".into(), uid_validity: u32::MAX, next_uid: 7, read_at: NOW };
    for next_uid in [7, 9] {
        mark.next_uid = next_uid;
        bench.store.mark_mailbox(account, mark.clone()).await.unwrap();
        assert_eq!(bench.store.mailbox_mark(account).await.unwrap().as_ref(), Some(&mark));
    }
    for error in [Some("no login".to_owned()), None] {
        bench.store.note_mailbox_error(account, error.clone()).await.unwrap();
        assert_eq!(bench.store.directory().await.unwrap().accounts[&account].mailbox_error, error);
    }
    assert_eq!(bench.store.mailbox_mark(AccountId(999)).await.unwrap(), None);
}

pub(crate) async fn a_contacts_standing_changes_and_each_change_is_told(bench: Bench) {
    let change = async |change: ContactChange| {
        bench.store.update_contact(bench.workspace, bench.contact, change, NOW).await.unwrap();
        let found = bench.store.contact(bench.workspace, &Identifier::Id(bench.contact)).await.unwrap();
        found.expect("it is there")
    };
    let (vip, new) = ("vip".to_owned(), "nuevo ñ".to_owned());
    let tags =
        ContactChange { tags_added: vec![vip.clone(), new.clone(), vip.clone()], ..ContactChange::default() };
    assert_eq!(change(tags).await.tags, [vip.clone(), new.clone()]);
    let fewer = ContactChange { tags_removed: vec![vip, "none".into()], ..ContactChange::default() };
    assert_eq!(change(fewer).await.tags, [new]);
    let hot = |stage: Option<&str>| ContactChange {
        lifecycle: Some(stage.map(str::to_owned)),
        ..ContactChange::default()
    };
    assert_eq!(change(hot(Some("Hot Lead"))).await.lifecycle.as_deref(), Some("Hot Lead"));
    change(hot(Some("Hot Lead"))).await;
    assert_eq!(change(hot(None)).await.lifecycle, None);
    bench.store.set_lifecycles(bench.workspace, vec!["Hot Lead".into(), "Cliente ñ".into()]).await.unwrap();
    let directory = bench.store.directory().await.unwrap();
    assert_eq!(directory.workspaces[&bench.workspace].lifecycles, ["Hot Lead", "Cliente ñ"]);
    let user = UserId(7);
    let assigned = ContactChange { assignee: Some(Some(user)), ..ContactChange::default() };
    assert_eq!(change(assigned).await.assignee, Some(user));
    let email = ContactChange { addresses: vec![Address::email("a@x.ec")], ..ContactChange::default() };
    assert_eq!(change(email).await.email(), Some("a@x.ec"));
    let without = ContactChange { without: vec![AddressKind::Email], ..ContactChange::default() };
    assert_eq!(change(without).await.email(), None);
    let events = bench.store.events(bench.workspace, 0, 100).await.unwrap();
    let told = events.into_iter().filter(|event| event.contact == Some(bench.contact));
    let told: Vec<(String, Option<String>)> = told.map(|event| (event.kind, event.body)).collect();
    let word = |kind: &str, body: &str| (kind.to_owned(), Some(body.to_owned()));
    for expected in [
        word("contact.tag.updated", r#"{"tag":"vip","action":"add"}"#),
        word("contact.tag.updated", r#"{"tag":"vip","action":"remove"}"#),
        word("contact.lifecycle.updated", r#"{"lifecycle":"Hot Lead","oldLifecycle":null}"#),
        word("contact.lifecycle.updated", r#"{"lifecycle":null,"oldLifecycle":"Hot Lead"}"#),
        word("contact.assignee.updated", r#"{"assignee":7,"oldAssignee":null}"#),
    ] {
        assert_eq!(told.iter().filter(|told| **told == expected).count(), 1, "{expected:?} in {told:?}");
    }
    let many =
        ContactChange { tags_added: (0..TAGS).map(|n| n.to_string()).collect(), ..ContactChange::default() };
    let refused = bench.store.update_contact(bench.workspace, bench.contact, many, NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
}
