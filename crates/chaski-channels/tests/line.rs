//! LINE: by what a repeated push is known, and that every push is to one contact.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod fixture_files;

use chaski_channels::line::Line;
use chaski_channels::{Adapter, Cx, Settings};
use chaski_model::{Address, PartBody, Timestamp};
use fixture_files::fixtures;
use serde_json::Value;
use std::fs;

fn call(reference: &str, to: &str) -> chaski_channels::Call {
    let (settings, to) = (Settings::new(), [Address::native(to)]);
    let cx = Cx {
        settings: &settings,
        to: &to,
        reference,
        hook_url: "",
        files: &[],
        prepared: None,
        now: Timestamp(0),
    };
    Line.call(&cx, &PartBody::Text { text: "Hola".into() }).unwrap()
}

#[test]
fn every_try_of_a_part_is_the_same_call_with_the_same_retry_key() {
    let first = call("1262965213.1.1", "U4af4980629");
    assert_eq!(first, call("1262965213.1.1", "U4af4980629"));
    let key = |call: &chaski_channels::Call| {
        call.headers.iter().find(|(name, _)| *name == "x-line-retry-key").unwrap().1.clone()
    };
    assert_eq!(key(&first).len(), 36);
    assert_ne!(key(&first), key(&call("1262965213.1.2", "U4af4980629")));
    assert_ne!(key(&first), key(&call("1262965213.2.1", "U4af4980629")));
}

#[test]
fn every_request_is_a_push_to_the_contact_alone() {
    for file in fixtures("line", ".request.json") {
        let request: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert!(request["url"].as_str().unwrap().ends_with("/v2/bot/message/push"));
        assert_eq!(request["body"]["to"], "U4af49806290123456789abcdef012345", "{}", file.display());
    }
}
