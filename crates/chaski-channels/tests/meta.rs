//! Messenger and Instagram: what any bytes do to their parsers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

use chaski_channels::meta::{instagram::Instagram, messenger::Messenger};
use chaski_channels::{Adapter, Incoming, Reply};
use chaski_model::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn take(body: &[u8]) {
    let headers = http::HeaderMap::new();
    for adapter in [&Messenger as &dyn Adapter, &Instagram] {
        let _ = adapter.events(&Incoming { at: Timestamp(0), url: "", headers: &headers, body });
        for status in [200, 400, 403, 429, 500, 502] {
            let _ = adapter.outcome(&Reply { status, body: body.to_vec(), ..Reply::default() });
        }
    }
}

/// Any JSON, rich in the words that are looked for.
fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "object",
        "page",
        "instagram",
        "entry",
        "id",
        "messaging",
        "standby",
        "changes",
        "field",
        "sender",
        "recipient",
        "timestamp",
        "message",
        "mid",
        "text",
        "attachments",
        "type",
        "payload",
        "url",
        "sticker_id",
        "coordinates",
        "lat",
        "long",
        "quick_reply",
        "reply_to",
        "story",
        "is_echo",
        "is_deleted",
        "is_unsupported",
        "metadata",
        "postback",
        "title",
        "reaction",
        "emoji",
        "action",
        "message_edit",
        "num_edit",
        "delivery",
        "read",
        "watermark",
        "mids",
        "referral",
        "ref",
        "policy_enforcement",
        "error",
        "code",
        "error_subcode",
        "is_transient",
        "message_id",
    ];
    let word = proptest::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&body);
    }

    #[test]
    fn no_json_breaks_a_parser(body in any_json()) {
        take(body.to_string().as_bytes());
    }

    /// A true webhook in which one thing is something else.
    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<proptest::sample::Index>(), place in any::<proptest::sample::Index>(), other in any_json()) {
        let files = webhooks();
        let mut body: Value = serde_json::from_str(&fs::read_to_string(&files[pick.index(files.len())]).unwrap()).unwrap();
        let mut places = Vec::new();
        pointers(&body, String::new(), &mut places);
        if let Some(found) = body.pointer_mut(&places[place.index(places.len())]) {
            *found = other;
        }
        take(body.to_string().as_bytes());
    }
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, format!("{at}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), found));
        }
        _ => {}
    }
    found.push(at);
}

fn webhooks() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/meta");
    let folders = ["messenger/fixtures", "instagram/fixtures"].map(|folder| root.join(folder));
    let files =
        folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.to_str().unwrap().ends_with(".webhook.json")).collect();
    files.sort();
    files
}

#[test]
fn what_cannot_be_read_at_all_is_kept() {
    let headers = http::HeaderMap::new();
    for body in [&b""[..], b"hello", b"{\"object\":"] {
        assert!(Messenger.events(&Incoming { at: Timestamp(0), url: "", headers: &headers, body }).is_err());
    }
}
