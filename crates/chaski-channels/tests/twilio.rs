//! Twilio: what any bytes do to its parsers.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod twist;

use chaski_channels::twilio::{TwilioSms, TwilioWhatsapp};
use chaski_channels::{Adapter, Reply, Step, Task};
use proptest::prelude::*;
use twist::{any_json, take, twisted};

const WORDS: &[&str] = &[
    "sid",
    "code",
    "message",
    "status",
    "contents",
    "types",
    "actions",
    "approval_requests",
    "meta",
    "next_page_url",
];

/// The names of a webhook's fields.
const FIELDS: &[&str] = &[
    "MessageSid",
    "SmsSid",
    "MessageStatus",
    "SmsStatus",
    "From",
    "To",
    "Body",
    "NumMedia",
    "MediaUrl0",
    "MediaContentType0",
    "MediaUrl9",
    "ButtonText",
    "ButtonPayload",
    "ListTitle",
    "ListId",
    "Latitude",
    "Longitude",
    "ErrorCode",
    "OptOutType",
    "ExternalUserId",
    "ProfileName",
    "MessageType",
];

proptest! {
    #[test]
    fn no_bytes_break_a_parser(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        take(&TwilioWhatsapp, &body);
        take(&TwilioSms, &body);
    }

    #[test]
    fn no_form_breaks_a_parser(fields in proptest::collection::vec((proptest::sample::select(FIELDS), ".{0,20}"), 0..12)) {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        take(&TwilioWhatsapp, body.as_bytes());
        take(&TwilioSms, body.as_bytes());
    }

    #[test]
    fn no_catalogue_breaks_a_parser(body in any_json(WORDS)) {
        let contents = serde_json::json!({"contents": [body.clone()], "meta": {"next_page_url": null}});
        for body in [body, contents] {
            let reply = Reply { status: 200, body: body.to_string().into_bytes(), ..Reply::default() };
            let settings = [("account_sid".to_owned(), "AC1".to_owned())].into();
            let cx = chaski_channels::Cx {
                settings: &settings, to: &[], reference: "", hook_url: "", files: &[], prepared: None,
                now: chaski_model::Timestamp(0),
            };
            let step = TwilioWhatsapp.ask(&cx, &Task::Templates, &[reply]);
            let is_an_end = matches!(step, Step::Done(_) | Step::Fail(_));
            prop_assert!(is_an_end);
        }
    }
}

proptest! {
    #[test]
    fn no_twisted_webhook_breaks_a_parser(pick in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), other in any_json(WORDS)) {
        take(&TwilioWhatsapp, &twisted("twilio/whatsapp", pick, place, other));
    }
}
