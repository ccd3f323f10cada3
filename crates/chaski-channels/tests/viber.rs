//! Viber: how whoever opens the chat is greeted.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod fixture_files;

use chaski_channels::viber::Viber;
use chaski_channels::{Adapter, Incoming, Settings};
use chaski_model::Timestamp;
use fixture_files::fixtures;
use serde_json::{Value, json};
use std::fs;

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
