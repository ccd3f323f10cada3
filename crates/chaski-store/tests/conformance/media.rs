//! Media of inbound messages: the cases, written once.

use super::cases::{inbound, phone};
use super::support::*;
use chaski_model::{ErrorCode, Failure, MessageId, Timestamp};
use chaski_store::media::*;
use chaski_store::receive::*;
use chaski_store::upkeep::*;

/// An image comes in; the message's number.
async fn image(bench: &Bench, provider_id: &str, at: Timestamp) -> MessageId {
    image_named(bench, provider_id, "17", at).await
}

/// The same, by the provider's name of the image.
async fn image_named(bench: &Bench, provider_id: &str, name: &str, at: Timestamp) -> MessageId {
    let message = InboundIn {
        content: format!(r#"{{"type":"attachment","kind":"image","provider_id":"{name}"}}"#),
        wants_media: true,
        received_at: at,
        ..inbound(bench, provider_id, vec![phone("593997000009")])
    };
    let id = message.id;
    bench.store.inbound(message).await.unwrap();
    id
}

fn file(digit: &str) -> HeldFile {
    HeldFile { hash: digit.repeat(64), mime: "image/png".into(), size: 67 }
}

async fn settle(bench: &Bench, message: MessageId, end: MediaEnd) -> bool {
    bench.store.settle_media(bench.workspace, message, end, NOW).await.unwrap()
}

async fn wanted(bench: &Bench) -> Vec<(MessageId, Timestamp, u32)> {
    let list = bench.store.wanted_media(vec![bench.channel], 10).await.unwrap();
    assert!(list.iter().all(|w| (w.workspace, w.channel) == (bench.workspace, bench.channel)));
    list.iter().map(|w| (w.message, w.next_at, w.tries)).collect()
}

async fn media_of(bench: &Bench, message: MessageId) -> Option<MediaState> {
    let newest = bench.message(message).await;
    let thread = bench.store.thread(bench.workspace, newest.contact, None, 10).await.unwrap();
    let there = thread.into_iter().find(|m| m.id == message).unwrap();
    assert_eq!(there.media, newest.media, "a thread and a message read alike");
    newest.media
}

pub(crate) async fn media_are_wanted_with_their_message_and_held_once(bench: Bench) {
    let id = image(&bench, "wamid.img", NOW).await;
    image(&bench, "wamid.img", NOW).await;
    assert_eq!(wanted(&bench).await, [(id, NOW, 0)], "the doubled webhook wants nothing");
    assert_eq!(
        media_of(&bench, id).await,
        Some(MediaState::Wanted { tries: 0, next_at: NOW, failure: None })
    );
    let figures = bench.store.media_figures().await.unwrap();
    assert_eq!(figures, MediaFigures { wanted: 1, oldest: Some(NOW) });
    assert!(bench.store.wanted_media(vec![], 10).await.unwrap().is_empty(), "of no channel");
    assert!(bench.store.files_in_use(vec![file("a").hash]).await.unwrap().is_empty());
    assert!(settle(&bench, id, MediaEnd::Held(file("a"))).await);
    assert!(!settle(&bench, id, MediaEnd::Gone { failure: failure() }).await, "another one was quicker");
    assert_eq!(media_of(&bench, id).await, Some(MediaState::Held(file("a"))));
    let asked = vec![file("a").hash, file("b").hash];
    assert_eq!(bench.store.files_in_use(asked).await.unwrap(), [file("a").hash]);
    assert!(wanted(&bench).await.is_empty());
    assert_eq!(bench.store.media_figures().await.unwrap(), MediaFigures::default());
    let events = bench.store.events(bench.workspace, 0, 50).await.unwrap();
    let told: Vec<_> = events.iter().filter(|e| e.kind == "message.media").collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].message, told[0].contact.is_some()), (Some(id), true));
}

pub(crate) async fn media_that_fail_are_tried_again_until_they_are_gone(bench: Bench) {
    let (first, second) = (image(&bench, "m.1", NOW).await, image(&bench, "m.2", NOW).await);
    let later = Timestamp(NOW.0 + 60_000);
    assert!(settle(&bench, first, MediaEnd::Again { next_at: later, failure: failure() }).await);
    assert_eq!(
        wanted(&bench).await,
        [(second, NOW, 0), (first, later, 1)],
        "in the order in which it is due"
    );
    let too_large = Failure::new(ErrorCode::BodyTooLarge, "It is too large.");
    assert!(settle(&bench, first, MediaEnd::Gone { failure: too_large.clone() }).await);
    assert_eq!(media_of(&bench, first).await, Some(MediaState::Gone { failure: too_large }));
    let again = |id| bench.store.want_media_again(bench.workspace, id, later);
    assert!(again(first).await.unwrap(), "a person wants it");
    assert_eq!(wanted(&bench).await, [(second, NOW, 0), (first, later, 0)]);
    assert!(settle(&bench, second, MediaEnd::Held(file("c"))).await);
    assert!(!again(second).await.unwrap(), "what is there is not fetched again");
    assert!(!again(MessageId(1)).await.unwrap());
    let elsewhere = chaski_model::WorkspaceId(bench.workspace.0 + 1);
    assert!(!bench.store.want_media_again(elsewhere, first, later).await.unwrap());
}

/// What came with its webhook is kept before its message is told of it.
pub(crate) async fn a_file_that_a_wish_names_is_in_use(bench: Bench) {
    let id = image_named(&bench, "m.mail", &format!("kept:{}", file("e").hash), NOW).await;
    let asked = || vec![file("d").hash, file("e").hash];
    assert_eq!(bench.store.files_in_use(asked()).await.unwrap(), [file("e").hash]);
    assert!(settle(&bench, id, MediaEnd::Gone { failure: failure() }).await);
    assert!(bench.store.files_in_use(asked()).await.unwrap().is_empty(), "nobody waits for it");
}

pub(crate) async fn media_go_with_their_age_and_with_their_message(bench: Bench) {
    let day = |n: i64| Timestamp(NOW.0 + n * DAY);
    let old = image(&bench, "m.old", NOW).await;
    let young = image(&bench, "m.young", day(10)).await;
    for (id, digit) in [(old, "a"), (young, "b")] {
        assert!(settle(&bench, id, MediaEnd::Held(file(digit))).await);
    }
    assert_eq!(bench.store.removable(Kept::Media, day(5), day(20)).await.unwrap(), 1);
    let swept = bench.store.sweep(Kept::Media, day(5), day(20), 100).await.unwrap();
    assert_eq!(swept, Swept { rows: 1, more: false });
    assert_eq!(media_of(&bench, old).await, None);
    let both = vec![file("a").hash, file("b").hash];
    assert_eq!(bench.store.files_in_use(both).await.unwrap(), [file("b").hash]);
    while bench.store.sweep(Kept::Contents, day(400), day(400), 100).await.unwrap().more {}
    assert_eq!(media_of(&bench, young).await, None, "what a blanked message brought goes with its words");
}
