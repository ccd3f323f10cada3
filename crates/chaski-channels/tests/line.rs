//! LINE: what any bytes do to its parsers, and by what a repeated push is known.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod twist;

use chaski_channels::line::Line;
use chaski_channels::{Adapter, Cx, Incoming, Settings};
use chaski_model::{Address, PartBody, Timestamp};
use proptest::prelude::*;
use twist::{any_json, fixtures, read, take, twisted};

const WORDS: &[&str] = &[
    "destination",
    "events",
    "type",
    "message",
    "id",
    "text",
    "image",
    "video",
    "audio",
    "file",
    "location",
    "sticker",
    "contentProvider",
    "line",
    "external",
    "originalContentUrl",
    "fileName",
    "latitude",
    "longitude",
    "title",
    "address",
    "keywords",
    "quotedMessageId",
    "postback",
    "data",
    "follow",
    "unfollow",
    "unsend",
    "source",
    "user",
    "userId",
    "mode",
    "standby",
    "timestamp",
    "webhookEventId",
    "sentMessages",
    "details",
    "property",
];

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&Line, &body);
    }

    #[test]
    fn no_json_breaks_a_parser(body in any_json(WORDS)) {
        take(&Line, body.to_string().as_bytes());
    }

    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in any_json(WORDS)) {
        take(&Line, &twisted("line", pick, place, other));
    }
}

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
        let request = read(&file);
        assert!(request["url"].as_str().unwrap().ends_with("/v2/bot/message/push"));
        assert_eq!(request["body"]["to"], "U4af49806290123456789abcdef012345", "{}", file.display());
    }
}

#[test]
fn what_cannot_be_read_at_all_is_kept() {
    let headers = http::HeaderMap::new();
    for body in [&b""[..], b"[]", b"hello", b"{}", b"{\"events\":7}"] {
        let hook =
            Incoming { url: "https://chat.example.com/hooks/key", at: Timestamp(0), headers: &headers, body };
        assert!(Line.events(&hook).is_err());
    }
}
