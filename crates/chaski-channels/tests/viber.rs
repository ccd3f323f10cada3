//! Viber: what any bytes do to its parsers, and how whoever opens the chat is greeted.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod twist;

use chaski_channels::viber::Viber;
use chaski_channels::{Adapter, Incoming, Settings};
use chaski_model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use twist::{any_json, fixtures, take, twisted};

const WORDS: &[&str] = &[
    "event",
    "message",
    "message_token",
    "timestamp",
    "sender",
    "id",
    "name",
    "type",
    "text",
    "picture",
    "video",
    "file",
    "sticker",
    "url",
    "media",
    "file_name",
    "location",
    "lat",
    "lon",
    "contact",
    "phone_number",
    "delivered",
    "seen",
    "failed",
    "desc",
    "subscribed",
    "unsubscribed",
    "user",
    "user_id",
    "conversation_started",
    "webhook",
    "status",
    "status_message",
];

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&Viber, &body);
    }

    #[test]
    fn no_json_breaks_a_parser(body in any_json(WORDS)) {
        take(&Viber, body.to_string().as_bytes());
    }

    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in any_json(WORDS)) {
        take(&Viber, &twisted("viber", pick, place, other));
    }
}

#[test]
fn whoever_opens_the_chat_is_greeted_once_where_that_is_set() {
    let headers = http::HeaderMap::new();
    let settings = |pairs: &[(&str, &str)]| -> Settings {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let greeted = |settings: &Settings| -> Vec<(String, Value)> {
        let files = fixtures("viber", ".webhook.json").into_iter();
        let answer = |file: std::path::PathBuf| {
            let body = fs::read(&file).unwrap();
            let hook = Incoming {
                url: "https://chat.example.com/hooks/key",
                at: Timestamp(0),
                headers: &headers,
                body: &body,
            };
            Some((file.file_name()?.to_str()?.to_owned(), Viber.acknowledge(&hook, settings)?))
        };
        files.filter_map(answer).collect()
    };
    assert!(greeted(&settings(&[])).is_empty());
    let set = settings(&[("welcome", "Welcome to our bot!"), ("sender_name", "John McClane")]);
    let words = json!({
        "sender": {"name": "John McClane"}, "type": "text", "text": "Welcome to our bot!", "min_api_version": 1,
    });
    assert_eq!(greeted(&set), [("conversation-started.webhook.json".to_owned(), words)]);
    let known = br#"{"event":"conversation_started","subscribed":true,"user":{"id":"x"}}"#;
    let hook = Incoming {
        url: "https://chat.example.com/hooks/key",
        at: Timestamp(0),
        headers: &headers,
        body: known,
    };
    assert_eq!(Viber.acknowledge(&hook, &set), None);
}

#[test]
fn what_cannot_be_read_at_all_is_kept() {
    let headers = http::HeaderMap::new();
    for body in [&b""[..], b"[]", b"hello", b"{\"event\":"] {
        let hook =
            Incoming { url: "https://chat.example.com/hooks/key", at: Timestamp(0), headers: &headers, body };
        assert!(Viber.events(&hook).is_err());
    }
}
