//! SMS and MMS through Twilio.

use super::{
    ACCOUNT_SID, AUTH_TOKEN, AUTH_TOKEN_2, BASE_URL, SERVICE, TEXT, accepts, inbound, outcome, send, tasks,
    webhook,
};
use crate::adapter::{
    Adapter, Call, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::plain;
use crate::settings::{NO_PAIR_PACE, optional, pace};
use crate::verdict;
use chaski_model::capabilities::TextUnit;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// SMS and MMS through Twilio.
pub struct TwilioSms;

pub(super) const SETTINGS: &[Setting] = &[
    BASE_URL,
    ACCOUNT_SID,
    AUTH_TOKEN,
    AUTH_TOKEN_2,
    optional("from", "The number that sends, such as +12025550102, or a short code or name."),
    SERVICE,
    Setting {
        key: "validity_period",
        secret: false,
        required: false,
        default: "14400",
        help: "Seconds after which Twilio no longer tries to send what waits in its queue, up to 36000.",
    },
    pace(
        "10",
        "Messages per second from this sender; 0 = no limit of ours. Twilio queues what is more than the number may send.",
    ),
    NO_PAIR_PACE,
];

impl Adapter for TwilioSms {
    fn kind(&self) -> ChannelKind {
        ChannelKind::TwilioSms
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        accepts(settings)?;
        send::validity(settings.get("validity_period").map(String::as_str)).map(drop)
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("account_sid").cloned()
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        plain::split(content, TEXT, TextUnit::Characters, "SMS channels")
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        plain::notes(content)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        send::sms(cx, part)
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        outcome::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        tasks::sms(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Twilio, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(hook, inbound::sms)
    }
}
