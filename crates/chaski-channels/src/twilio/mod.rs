//! Twilio: WhatsApp and SMS by one API.
//!
//! Docs: <https://www.twilio.com/docs/messaging/api/message-resource>, <https://www.twilio.com/docs/content>
//!
//! Limits: texts of 1,600 characters; on WhatsApp one file of up to 16 MB a message, by MMS ten of 5 MB
//! together, in the US and Canada alone; WhatsApp's own pace of 80 messages a second, SMS by the number.
//!
//! Quirks: requests and webhooks are forms. Nothing is idempotent, and a 500 may have sent: our reference
//! goes out in the query of the status callback's address and comes back with every status. The signature
//! covers the public address with its query, so `server.public_url` must be what Twilio was told. Callbacks
//! carry no time and may overtake each other. Templates are Content resources, called by their ContentSid
//! with values in one space of names; buttons inside the window need a Content too, which is made on the way.

mod inbound;
mod outcome;
mod send;
mod sms;
mod tasks;
mod templates;
mod webhook;
mod whatsapp;

pub use send::is_content_sid;
pub use sms::TwilioSms;
pub use whatsapp::TwilioWhatsapp;

use crate::adapter::{Auth, Setting, Settings};
use crate::settings::{base_url, optional, optional_secret, required, secret};
use chaski_model::{ErrorCode, Failure};

const AUTH: Auth = Auth::Basic { user: "account_sid", secret: "auth_token" };

/// The longest text of a message.
const TEXT: usize = 1600;

const BASE_URL: Setting = base_url("https://api.twilio.com");
const ACCOUNT_SID: Setting = required("account_sid", "The account's SID, which begins with AC.");
const AUTH_TOKEN: Setting =
    secret("auth_token", "The account's auth token, which also signs Twilio's webhooks.");
const AUTH_TOKEN_2: Setting = optional_secret(
    "auth_token_2",
    "A second auth token by which webhooks are believed too, while the first is renewed.",
);
const SERVICE: Setting =
    optional("messaging_service_sid", "A messaging service (MG…) that sends instead of one number.");

/// A sender there must be: a number or a messaging service.
fn accepts(settings: &Settings) -> Result<(), Failure> {
    let is_given = |key: &str| settings.get(key).is_some_and(|value| !value.trim().is_empty());
    if is_given("from") || is_given("messaging_service_sid") {
        return Ok(());
    }
    let message =
        "Neither `from` nor `messaging_service_sid` is given: set the number, or the service, that sends.";
    let mut failure = Failure::new(ErrorCode::ValidationFailed, message);
    failure.pointer = Some("/set/from".to_owned());
    Err(failure)
}
