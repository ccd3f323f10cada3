//! Viber, through a bot.
//!
//! Docs: <https://developers.viber.com/docs/api/rest-bot-api/>
//!
//! Limits: texts of 7000 characters, longer ones are split; requests of 30 KB; pictures of 1 MB on iOS and
//! 3 MB on Android, videos of 26 MB, files of 50 MB; 24 quick replies; a hundred messages to a contact
//! within an hour without an answer of it.
//!
//! Quirks: every answer is HTTP 200, and its `status` tells; message tokens are larger than 2^53. A bot
//! cannot begin a conversation: it writes to whoever is subscribed. Every message names its sender. A file's
//! size must be told. Viber calls the webhook while it is being registered. It also reports the delivery of
//! what contacts write.

mod custom;
mod inbound;
mod outcome;
mod send;
mod split;
mod tasks;
mod webhook;

use crate::adapter::{
    Adapter, Auth, Call, Cx, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task, Wanted,
};
use crate::refused::at;
use crate::settings::{base_url, optional, secret};
use crate::signature::sha256_hex;
use chaski_model::event::{Event, Sender};
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, ErrorCode, Failure, PartBody, Timestamp};
use serde_json::Value;

/// Viber.
pub struct Viber;

const AUTH: Auth = Auth::Header { name: "x-viber-auth-token", secret: "auth_token" };

/// The longest name of a sender.
const NAME: usize = 28;

const SETTINGS: &[Setting] = &[
    base_url("https://chatapi.viber.com"),
    secret(
        "auth_token",
        "The bot's token, from the Viber admin panel; Viber signs its webhooks with it too.",
    ),
    optional("sender_name", "The name that contacts see, at most 28 characters; the bot's own when absent."),
    optional("sender_avatar", "The picture that contacts see: a link to at most 100 KB."),
    optional(
        "welcome",
        "What whoever opens the chat for the first time is greeted with; nothing when absent.",
    ),
    Setting {
        key: "pace",
        secret: false,
        required: false,
        default: "50",
        help: "Messages per second from this bot; 0 = no limit of ours.",
    },
    Setting {
        key: "pair_pace",
        secret: false,
        required: false,
        default: "0",
        help: "Seconds between messages to one contact; 0 = none.",
    },
];

impl Adapter for Viber {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Viber
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        let length = settings.get("sender_name").map_or(0, |name| name.chars().count());
        if length > NAME {
            let message =
                format!("`sender_name` has {length} characters, but Viber takes {NAME}: shorten it.");
            return Err(at(ErrorCode::ValidationFailed, message, "/set/sender_name"));
        }
        Ok(())
    }

    /// Named by its token without telling it: the token is all that is given.
    fn account(&self, _settings: &Settings, secrets: &Secrets) -> Option<String> {
        Some(sha256_hex(secrets.get("auth_token")?.as_bytes())[..16].to_owned())
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(content)
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        split::notes(content)
    }

    fn wants(&self, _settings: &Settings, part: &PartBody) -> Vec<Wanted> {
        send::wants(part)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        send::call(cx, part)
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        outcome::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        tasks::ask(cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        webhook::verify(hook, secrets)
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(hook.body)
    }

    fn acknowledge(&self, hook: &Incoming<'_>, settings: &Settings) -> Option<Value> {
        webhook::welcome(hook.body, settings)
    }
}
