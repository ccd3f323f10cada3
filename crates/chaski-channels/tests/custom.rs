//! A custom channel: what any bytes do to its parsers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod twist;

use chaski_channels::custom::Custom;
use proptest::prelude::*;
use twist::{any_json, take, twisted};

const WORDS: &[&str] = &[
    "channelId",
    "contactId",
    "events",
    "type",
    "message",
    "mId",
    "mld",
    "timestamp",
    "text",
    "attachment",
    "url",
    "location",
    "latitude",
    "longitude",
    "status",
    "value",
    "contact",
    "phone",
    "email",
    "replies",
    "title",
    "message_status",
    "quick_reply",
];

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&Custom, &body);
    }

    #[test]
    fn no_json_breaks_a_parser(body in any_json(WORDS)) {
        take(&Custom, body.to_string().as_bytes());
    }

    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in any_json(WORDS)) {
        take(&Custom, &twisted("custom", pick, place, other));
    }
}
