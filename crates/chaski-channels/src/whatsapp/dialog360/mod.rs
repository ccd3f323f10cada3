//! WhatsApp through 360dialog.
//!
//! Docs: <https://docs.360dialog.com/docs/waba-messaging/messaging>
//!
//! Limits: those of Meta's Cloud API, whose bodies it takes unchanged; template and other calls have
//! a rate limit of their own, answered with a 400.
//!
//! Quirks: one API key for each number. Webhooks carry Meta's payload but no signature and no
//! challenge: they are believed by a secret header that we ask for when the webhook is set. Errors
//! are Meta's, or 360dialog's own `meta.developer_message`, whose text alone tells three different
//! 400s apart. Template statuses are in lower case, `submitted` is pending.

mod send;
mod webhook;

use super::{meta_webhook, split};
use crate::adapter::{
    Adapter, Auth, Call, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::settings::{PACE, PAIR_PACE, base_url, optional, secret};
use crate::signature::sha256_hex;
use crate::verdict;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::MetaTemplate;
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// WhatsApp through 360dialog.
pub struct Dialog360;

const AUTH: Auth = Auth::Header { name: "D360-API-KEY", secret: "api_key" };

const SETTINGS: &[Setting] = &[
    base_url("https://waba-v2.360dialog.io"),
    secret("api_key", "The number's API key, from the 360dialog Hub."),
    optional("phone_number", "The number itself, for display."),
    optional("phone_number_id", "Meta's id of the number, by which its webhooks name it."),
    PACE,
    PAIR_PACE,
];

impl Adapter for Dialog360 {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Whatsapp360dialog
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    /// Named by its API key without telling it: the key is all that is given.
    fn account(&self, _settings: &Settings, secrets: &Secrets) -> Option<String> {
        Some(sha256_hex(secrets.get("api_key").unwrap_or_default().as_bytes())[..16].to_owned())
    }

    fn sender(&self, settings: &Settings) -> String {
        settings.get("phone_number_id").cloned().unwrap_or_default()
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
        send::ask(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Meta, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        meta_webhook::events(hook.body)
    }
}
