//! WhatsApp through Vonage's Messages API v1.
//!
//! Docs: <https://developer.vonage.com/en/api/messages>
//!
//! Limits: Meta's, and about 30 requests a second for one account (429 with Retry-After).
//!
//! Quirks: numbers are digits without a plus. Everything beyond plain text and media goes as
//! `custom` with Meta's own object, every template too: the short template form knows only the body.
//! A 422 is told by its title; the numbers in its `type` are not those of the error list. Webhooks
//! are signed with a JWT that has no expiry, so old ones are refused and each id is remembered.
//! The application's webhook addresses are set by hand; a send names its status address itself.

mod inbound;
pub(crate) mod send;
mod tasks;
pub(crate) mod webhook;

use super::split;
use crate::adapter::{
    Adapter, Auth, Call, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::settings::{PACE, PAIR_PACE, base_url, optional, optional_secret, required, secret};
use crate::verdict;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::MetaTemplate;
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// WhatsApp through Vonage.
pub struct Vonage;

const AUTH: Auth = Auth::Jwt { application: "application_id", secret: "private_key" };
/// For template management, where some accounts are not let in with a JWT.
const BASIC: Auth = Auth::Basic { user: "api_key", secret: "api_secret" };

const SETTINGS: &[Setting] = &[
    base_url("https://api.nexmo.com"),
    required("application_id", "The id of the Vonage application that the number is linked to."),
    secret("private_key", "The application's private key (PEM)."),
    secret("signature_secret", "The account's signature secret, by which Vonage signs its webhooks."),
    optional_secret(
        "signature_secret_2",
        "A second signature secret that is believed too, while the first is renewed.",
    ),
    required("from", "The WhatsApp number, digits only."),
    required("waba_id", "The id of the WhatsApp Business Account, which owns the templates."),
    optional("api_key", "The account's API key, used for templates where the application is not let in."),
    optional_secret("api_secret", "The account's API secret, together with api_key."),
    PACE,
    PAIR_PACE,
];

impl Adapter for Vonage {
    fn kind(&self) -> ChannelKind {
        ChannelKind::WhatsappVonage
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("waba_id").cloned()
    }

    fn sender(&self, settings: &Settings) -> String {
        let from = settings.get("from").map(String::as_str).unwrap_or_default();
        from.chars().filter(char::is_ascii_digit).collect()
    }

    fn split(&self, content: &Content, template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(content, template, split::TEXT)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        send::call(cx, part)
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        send::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        tasks::ask(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets, now)
    }

    fn replay_key(&self, hook: &Incoming<'_>) -> Option<String> {
        webhook::replay_key(hook)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Vonage, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(hook.body)
    }
}
