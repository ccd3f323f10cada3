//! SMS through Vonage: the Messages API, or the older SMS API.
//!
//! Docs: <https://developer.vonage.com/en/api/messages>, <https://developer.vonage.com/en/api/sms>
//!
//! Limits: texts of 3,200 characters, which Vonage parts into segments; 30 requests a second by default, US
//! long numbers one SMS a second.
//!
//! Quirks: numbers go without a plus. The SMS API answers HTTP 200 whatever happened: each segment has a status
//! of its own, and long texts several ids. Its reports come as JSON, as a form or as a GET, as the account is
//! set, and one setting of the account decides in which of the two forms a number calls back at all: both are
//! understood, whichever API sends. The Messages API signs with a JWT, the SMS API with `sig` where the account
//! signs at all.

mod classic;
mod messages;
mod webhook;

use crate::adapter::{
    Adapter, Answer, Call, Cx, FailureMark, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::refused::at;
use crate::settings::{NO_PAIR_PACE, base_url, optional, optional_secret, pace, read, required};
use crate::{plain, verdict};
use chaski_model::capabilities::TextUnit;
use chaski_model::event::{Event, Sender};
use chaski_model::provider_codes::Family;
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, ErrorCode, Failure, PartBody, Timestamp};

/// SMS through Vonage.
pub struct VonageSms;

/// The longest text that is not parted by us.
const TEXT: usize = 3200;

const SETTINGS: &[Setting] = &[
    Setting {
        key: "api",
        secret: false,
        required: false,
        default: "messages",
        help: "`messages`: the Messages API with an application; `sms`: the older SMS API with key and secret.",
    },
    base_url("https://api.nexmo.com"),
    Setting {
        key: "sms_url",
        secret: false,
        required: false,
        default: "https://rest.nexmo.com",
        help: "The address of the SMS API.",
    },
    required(
        "from",
        "The number that sends, digits only, or a name of up to 11 letters where the country allows it.",
    ),
    optional("application_id", "The Vonage application's id, for the Messages API."),
    optional_secret("private_key", "The application's private key (PEM), for the Messages API."),
    optional("api_key", "The account's API key, for the SMS API."),
    optional_secret("api_secret", "The account's API secret, for the SMS API."),
    optional_secret(
        "signature_secret",
        "The account's signature secret, by which Vonage signs its webhooks.",
    ),
    Setting {
        key: "signature_method",
        // It is kept where webhooks are verified.
        secret: true,
        required: false,
        default: "md5hash",
        help: "How the SMS API signs: md5hash, md5, sha1, sha256, sha512, or none where the account does not sign.",
    },
    pace("30", "Messages per second; 0 = no limit of ours."),
    NO_PAIR_PACE,
];

/// Whether the older API sends.
fn is_classic(settings: &Settings) -> bool {
    settings.get("api").is_some_and(|api| api == "sms")
}

impl Adapter for VonageSms {
    fn kind(&self) -> ChannelKind {
        ChannelKind::VonageSms
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        let given = |key: &str| settings.get(key).map_or("", String::as_str);
        let bad =
            |key: &str, message: String| Err(at(ErrorCode::ValidationFailed, message, format!("/set/{key}")));
        if !matches!(given("api"), "" | "messages" | "sms") {
            return bad("api", format!("`api` is `{}`, but it must be `messages` or `sms`.", given("api")));
        }
        let needed = if is_classic(settings) { "api_key" } else { "application_id" };
        if given(needed).is_empty() {
            return bad(needed, format!("`{needed}` is missing: the chosen `api` needs it."));
        }
        Ok(())
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        let of = |key: &str| settings.get(key).filter(|value| !value.is_empty()).cloned();
        of("api_key").or_else(|| of("application_id"))
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        if matches!(content, Content::Attachment(_)) {
            let message = "SMS channels of Vonage carry no files: send the link as a text.";
            return Err(at(ErrorCode::ChannelCannotCarry, message, "/message/type"));
        }
        plain::split(content, TEXT, TextUnit::Characters, "SMS channels")
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        plain::notes(content)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        let PartBody::Text { text } = part else {
            return Err(Failure::new(ErrorCode::ChannelCannotCarry, "SMS carries text alone: send a text."));
        };
        let to = cx.phone();
        let to = to
            .ok_or_else(|| Failure::new(ErrorCode::NoAddress, "The contact has no phone number; add one."))?;
        if is_classic(cx.settings) {
            classic::call(cx, to.digits(), text)
        } else {
            messages::call(cx, to.digits(), text)
        }
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        classic::outcome(reply).unwrap_or_else(|| messages::outcome(reply))
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        ask(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets, now)
    }

    fn takes_get(&self) -> bool {
        true
    }

    fn replay_key(&self, hook: &Incoming<'_>) -> Option<String> {
        webhook::replay_key(hook)
    }

    fn marks(&self, failure: &Failure) -> Vec<FailureMark> {
        failure.provider_code.map(|code| verdict::marks(Family::Vonage, code)).unwrap_or_default()
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(hook)
    }
}

/// A call without a recipient sends nothing; what is said against it tells whether we were let in.
fn ask(cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Result<Step, Failure> {
    match (task, so_far) {
        (Task::Check, []) => {
            let call = if is_classic(cx.settings) { classic::check(cx) } else { messages::check(cx) };
            Ok(Step::Call(Box::new(call?)))
        }
        (Task::Check, [reply, ..]) => {
            let is_in = if is_classic(cx.settings) { classic::is_let_in(reply) } else { reply.status == 422 };
            if is_in || reply.is_success() && !is_classic(cx.settings) {
                return Ok(Step::Done(Answer::default()));
            }
            Err(verdict::why(classic::outcome(reply).unwrap_or_else(|| messages::outcome(reply))))
        }
        (Task::Connect { .. }, _) => Ok(Step::Done(Answer { by_hand: by_hand(cx)?, ..Answer::default() })),
        (Task::Media { .. }, _) => Err(Failure::new(ErrorCode::MediaUnreachable, "SMS brings no files.")),
        _ => Ok(Step::Done(Answer::default())),
    }
}

fn by_hand(cx: &Cx<'_>) -> Result<Vec<String>, Failure> {
    let from = read(cx, SETTINGS, "from")?;
    let mut steps = Vec::new();
    if !is_classic(cx.settings) {
        steps.push(format!(
            "In the Vonage dashboard, open the application {}, set its Inbound URL and Status URL under Messages to {} (version v1), and link the number {from} to it.",
            read(cx, SETTINGS, "application_id")?,
            cx.hook_url
        ));
    } else {
        steps.push(format!(
            "In the Vonage dashboard, under Numbers, set the inbound SMS webhook of {from} to {}.",
            cx.hook_url
        ));
    }
    steps.push("There, under API settings, compare the signature secret and the signature method with this channel's.".to_owned());
    Ok(steps)
}
