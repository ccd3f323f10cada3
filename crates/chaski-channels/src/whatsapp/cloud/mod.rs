//! WhatsApp through Meta's Cloud API.
//!
//! Docs: <https://developers.facebook.com/docs/whatsapp/cloud-api>
//!
//! Limits: 80 messages a second for one number (130429), one message in six seconds to one contact
//! after a burst of 45 (131056), text 4,096, caption 1,024, three buttons or ten list rows.
//!
//! Quirks: a 200 means accepted, nothing more; final states come by webhook, in any order, and
//! `delivered` can be missing. There is no idempotency key: our reference goes out as
//! `biz_opaque_callback_data` and comes back in the receipts. Contacts with a username can have no
//! phone number at all, only a user id. The app's callback address is set by hand.

mod send;

use super::{graph, meta_webhook, split};
use crate::adapter::{
    Adapter, Auth, Call, Challenge, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings,
    Step, Task,
};
use crate::meta::hook;
use crate::settings::{PACE, PAIR_PACE, base_url, optional, optional_secret, required, secret};
use crate::verdict;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::MetaTemplate;
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// WhatsApp through Meta's Cloud API.
pub struct Cloud;

const AUTH: Auth = Auth::Bearer { secret: "access_token" };

const SETTINGS: &[Setting] = &[
    base_url("https://graph.facebook.com"),
    Setting {
        key: "version",
        secret: false,
        required: false,
        default: "v23.0",
        help: "The version of the Graph API.",
    },
    required("phone_number_id", "The id of the phone number, from WhatsApp > API setup."),
    optional("phone_number", "The number itself, for display."),
    required("waba_id", "The id of the WhatsApp Business Account, which owns the templates."),
    secret(
        "access_token",
        "A system user's token with whatsapp_business_messaging and whatsapp_business_management.",
    ),
    secret("app_secret", "The app's secret, by which Meta signs its webhooks."),
    optional_secret("app_secret_2", "A second app secret that is believed too, while the first is renewed."),
    optional_secret(
        "verify_token",
        "What Meta shows when it checks the webhook address; made by Chaski when absent.",
    ),
    PACE,
    PAIR_PACE,
];

impl Adapter for Cloud {
    fn kind(&self) -> ChannelKind {
        ChannelKind::WhatsappCloud
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("waba_id").cloned()
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
        graph::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        send::ask(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, incoming: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        hook::verify(incoming, secrets)
    }

    fn challenge(&self, query: &str, secrets: &Secrets) -> Option<Challenge> {
        hook::challenge(query, secrets)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Meta, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        meta_webhook::events(hook.body)
    }
}
