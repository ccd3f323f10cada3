//! WhatsApp through Twilio.

use super::{
    ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_2, BASE_URL, SERVICE, TEXT, accepts, inbound, outcome, send, tasks,
    webhook,
};
use crate::adapter::{
    Adapter, Call, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::settings::{PACE, PAIR_PACE, optional};
use crate::verdict;
use crate::whatsapp::split;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::MetaTemplate;
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// WhatsApp through Twilio.
pub struct TwilioWhatsapp;

pub(super) const SETTINGS: &[Setting] = &[
    BASE_URL,
    Setting {
        key: "content_url",
        secret: false,
        required: false,
        default: "https://content.twilio.com",
        help: "The address of Twilio's Content API, which holds the templates.",
    },
    ACCOUNT_SID,
    AUTH_TOKEN,
    AUTH_TOKEN_2,
    optional("from", "The WhatsApp sender's number, such as +14155238886."),
    SERVICE,
    PACE,
    PAIR_PACE,
];

impl Adapter for TwilioWhatsapp {
    fn kind(&self) -> ChannelKind {
        ChannelKind::WhatsappTwilio
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        accepts(settings)
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("account_sid").cloned()
    }

    fn split(&self, content: &Content, template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(content, template, TEXT)
    }

    fn prepare(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Option<Call>, Failure> {
        send::buttons(cx, part)
    }

    fn prepared(&self, reply: &Reply) -> Result<String, Outcome> {
        send::made(reply)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        send::whatsapp(cx, part)
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        outcome::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        tasks::whatsapp(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Twilio, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(hook, inbound::whatsapp)
    }
}
