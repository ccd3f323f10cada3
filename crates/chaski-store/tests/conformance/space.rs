//! The cases of a workspace's own words: custom fields, tags, closing notes.

use super::cases::futures;
use super::support::*;
use chaski_model::identifier::Identifier;
use chaski_model::{ClosingNoteId, ContactId, E164, FieldId, Timestamp};
use chaski_store::StoreError;
use chaski_store::admin::Field;
use chaski_store::space::TagChange;

const LATER: Timestamp = Timestamp(NOW.0 + 60_000);

fn is_conflict<T>(answer: Result<T, StoreError>, named: &str) -> bool {
    matches!(answer, Err(StoreError::Conflict(told)) if told.contains(&format!("`{named}`")))
}

fn described(description: &str) -> TagChange {
    TagChange { description: Some(description.into()), ..TagChange::default() }
}

fn named(name: &str) -> TagChange {
    TagChange { name: Some(name.into()), ..TagChange::default() }
}

pub(crate) async fn a_field_keeps_its_description_and_no_other_has_its_name(bench: Bench) {
    let field = |name: &str, slug: &str| Field {
        id: FieldId(0),
        workspace: bench.workspace,
        name: name.into(),
        slug: slug.into(),
        data_type: "text".into(),
        allowed_values: vec![],
        description: Some("para facturar".into()),
        created_at: Timestamp(0),
    };
    let id = bench.store.add_field(field("RUC", "ruc"), LATER).await.unwrap();
    let known = bench.store.directory().await.unwrap().fields.remove(0);
    assert_eq!((known.id, known.created_at), (id, LATER), "the store gives number and time");
    assert_eq!(known.description.as_deref(), Some("para facturar"));
    assert!(is_conflict(bench.store.add_field(field("RUC", "ruc_2"), NOW).await, "RUC"), "by name");
    assert!(is_conflict(bench.store.add_field(field("Otro", "ruc"), NOW).await, "ruc"), "by slug");
    bench.store.add_field(field("Ruc", "ruc_2"), NOW).await.unwrap();
    let another = bench.store.add_workspace("V".into(), None, vec![1], NOW).await.unwrap();
    let there = Field { workspace: another, ..field("RUC", "ruc") };
    bench.store.add_field(there, NOW).await.unwrap();
}

pub(crate) async fn of_many_that_want_one_name_at_once_one_gets_it(bench: Bench) {
    let (store, workspace) = (&bench.store, bench.workspace);
    // More than once, so that they truly meet.
    for name in ["Plan", "Zona", "Saldo", "Deuda", "Edad"] {
        let fields = (0..8).map(|n| {
            let (id, created_at, allowed_values) = (FieldId(0), NOW, vec![]);
            let (slug, data_type) = (format!("{name}_{n}"), "text".to_owned());
            let (name, description) = (name.to_owned(), None);
            store.add_field(
                Field { id, workspace, name, slug, data_type, allowed_values, description, created_at },
                NOW,
            )
        });
        let added = futures(fields).await;
        assert_eq!(added.iter().filter(|answer| answer.is_ok()).count(), 1, "{added:?}");
        assert!(added.into_iter().all(|answer| answer.is_ok() || is_conflict(answer, name)));
    }
    let tags = (0..8).map(|_| store.add_tag(workspace, "VIP".into(), TagChange::default(), NOW));
    let added = futures(tags).await;
    assert_eq!(added.iter().filter(|answer| answer.is_ok()).count(), 1, "{added:?}");
    assert!(added.into_iter().all(|answer| answer.is_ok() || is_conflict(answer, "VIP")));
    store.add_tag(workspace, "vip".into(), TagChange::default(), NOW).await.unwrap();
    let renamed = ["VIP", "vip"].map(|name| store.change_tag(workspace, name.into(), named("Oro"), NOW));
    let renamed = futures(renamed.into_iter()).await;
    assert_eq!(renamed.iter().filter(|answer| answer.is_ok()).count(), 1, "{renamed:?}");
    assert!(renamed.into_iter().all(|answer| answer.is_ok() || is_conflict(answer, "Oro")));
}

pub(crate) async fn tags_have_a_name_of_their_own_and_are_changed_by_it(bench: Bench) {
    let (store, workspace) = (&bench.store, bench.workspace);
    let vip = TagChange { emoji: Some("⭐".into()), ..described("los mejores") };
    let made = store.add_tag(workspace, "VIP".into(), vip, LATER).await.unwrap();
    assert_eq!((made.name.as_str(), made.created_at, made.color_code.as_deref()), ("VIP", LATER, None));
    assert!(is_conflict(store.add_tag(workspace, "VIP".into(), described("otra"), NOW).await, "VIP"));
    let other = store.add_tag(workspace, "vip".into(), TagChange::default(), NOW).await.unwrap();
    assert_ne!(other.id, made.id, "upper and lower case differ");
    assert_eq!(store.tags(workspace).await.unwrap(), [made.clone(), other.clone()]);
    let color = TagChange { color_code: Some("tag-red".into()), ..TagChange::default() };
    let changed = store.change_tag(workspace, "VIP".into(), color, NOW).await.unwrap();
    assert_eq!((changed.id, changed.created_at, changed.name.as_str()), (made.id, LATER, "VIP"));
    assert_eq!((changed.emoji.as_deref(), changed.color_code.as_deref()), (Some("⭐"), Some("tag-red")));
    assert!(is_conflict(store.change_tag(workspace, "VIP".into(), named("vip"), NOW).await, "vip"));
    let same = store.change_tag(workspace, "VIP".into(), named("VIP"), NOW).await.unwrap();
    assert_eq!(same, changed, "its own name is no conflict");
    let renamed = store.change_tag(workspace, "VIP".into(), named("Oro"), NOW).await.unwrap();
    let listed = store.tags(workspace).await.unwrap();
    assert_eq!(listed, [renamed, other], "in the order in which they were made");
    let gone = store.change_tag(workspace, "VIP".into(), described("x"), NOW).await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
    let another = store.add_workspace("V".into(), None, vec![1], NOW).await.unwrap();
    store.add_tag(another, "Oro".into(), TagChange::default(), NOW).await.unwrap();
    assert!(store.delete_tag(workspace, "Oro".into(), NOW).await.unwrap());
    assert!(!store.delete_tag(workspace, "Oro".into(), NOW).await.unwrap());
    let left = async |of| store.tags(of).await.unwrap().into_iter().map(|tag| tag.name).collect::<Vec<_>>();
    assert_eq!((left(workspace).await, left(another).await), (vec!["vip".into()], vec!["Oro".into()]));
}

/// `give` writes a contact's tags as they are stored.
pub(crate) async fn tags_on_contacts(bench: Bench, give: impl Fn(ContactId, &[&str])) {
    let (store, workspace) = (&bench.store, bench.workspace);
    for tag in ["VIP", "VIP 2", "Deuda"] {
        store.add_tag(workspace, tag.into(), TagChange::default(), NOW).await.unwrap();
    }
    let another = store.add_workspace("V".into(), None, vec![1], NOW).await.unwrap();
    let theirs = add_contact(&**store, another, "+593997000009").await;
    let mut contacts = vec![bench.contact];
    for n in 2..=4 {
        contacts.push(add_contact(&**store, workspace, &format!("+59399700000{n}")).await);
    }
    let given: [&[&str]; 4] = [&["nuevo", "VIP", "Oro"], &["VIP 2", "a \"VIP\" b"], &[], &["Deuda", "VIP"]];
    for (contact, tags) in contacts.iter().zip(given) {
        give(*contact, tags);
    }
    give(theirs, &["VIP"]);
    let by_phone = Identifier::Phone(E164::from_digits("+593997000001").unwrap());
    let tags = async |of, contact| {
        let found = store.contact(of, &Identifier::Id(contact)).await.unwrap();
        found.expect("it is there").tags.join(", ")
    };
    let at_hand = async || {
        let known = store.recipient(workspace, &by_phone).await.unwrap().expect("it is there");
        (known.tags.join(", "), known.version)
    };
    let (before, version) = at_hand().await;
    assert_eq!(before, "nuevo, VIP, Oro");
    let described = store.change_tag(workspace, "VIP".into(), described("x"), LATER).await.unwrap();
    assert_eq!((described.name.as_str(), at_hand().await), ("VIP", (before, version)), "no contact changes");
    store.change_tag(workspace, "VIP".into(), named("Oro"), LATER).await.unwrap();
    let all = async || {
        let mut all = Vec::new();
        for contact in &contacts {
            all.push(tags(workspace, *contact).await);
        }
        all
    };
    assert_eq!(all().await, ["nuevo, Oro", "VIP 2, a \"VIP\" b", "", "Deuda, Oro"]);
    let (now, later) = at_hand().await;
    assert_eq!(now, "nuevo, Oro", "a send sees it at once");
    assert!(later > version || !store.is_shared(), "and so does another node's");
    assert!(store.delete_tag(workspace, "Oro".into(), LATER).await.unwrap());
    assert_eq!(all().await, ["nuevo", "VIP 2, a \"VIP\" b", "", "Deuda"]);
    assert_eq!(at_hand().await.0, "nuevo");
    assert_eq!(tags(another, theirs).await, "VIP", "another workspace's is another tag");
}

pub(crate) async fn closing_notes_stand_in_the_order_of_their_categories(bench: Bench) {
    let (store, workspace) = (&bench.store, bench.workspace);
    let add = async |category: &str, description: Option<&str>| {
        store.add_closing_note(workspace, category.into(), description.map(str::to_owned), LATER).await
    };
    let spam = add("Spam", None).await.unwrap();
    let resolved = add("Resolved", Some("Resuelto")).await.unwrap();
    add("otro", None).await.unwrap();
    assert!(is_conflict(add("Spam", Some("x")).await, "Spam"));
    let notes = store.closing_notes(workspace).await.unwrap();
    let order: Vec<_> = notes.iter().map(|note| note.category.as_str()).collect();
    assert_eq!(order, ["Resolved", "Spam", "otro"], "by bytes, on every store");
    assert_eq!((notes[0].id, notes[0].created_at), (resolved, LATER));
    assert_eq!((notes[0].description.as_deref(), notes[1].description.as_deref()), (Some("Resuelto"), None));
    let another = store.add_workspace("V".into(), None, vec![1], NOW).await.unwrap();
    assert!(store.closing_notes(another).await.unwrap().is_empty());
    assert!(!store.delete_closing_note(another, spam).await.unwrap(), "it is not theirs");
    assert!(store.delete_closing_note(workspace, spam).await.unwrap());
    assert!(!store.delete_closing_note(workspace, spam).await.unwrap());
    assert!(!store.delete_closing_note(workspace, ClosingNoteId(99)).await.unwrap());
    assert_eq!(store.closing_notes(workspace).await.unwrap().len(), 2);
}
