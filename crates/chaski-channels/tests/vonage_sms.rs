//! SMS through Vonage: what any bytes do to its parsers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod twist;

use chaski_channels::vonage_sms::VonageSms;
use proptest::prelude::*;
use twist::{any_json, take, twisted};

const WORDS: &[&str] = &[
    "message_uuid",
    "messageId",
    "message-id",
    "messages",
    "status",
    "text",
    "from",
    "to",
    "msisdn",
    "channel",
    "sms",
    "error",
    "title",
    "err-code",
    "message-timestamp",
    "timestamp",
    "client-ref",
    "client_ref",
    "error-text",
];

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&VonageSms, &body);
    }

    #[test]
    fn no_json_breaks_a_parser(body in any_json(WORDS)) {
        take(&VonageSms, body.to_string().as_bytes());
    }

    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in any_json(WORDS)) {
        take(&VonageSms, &twisted("vonage_sms", pick, place, other));
    }
}
