//! Telegram, through a bot.
//!
//! Docs: <https://core.telegram.org/bots/api>
//!
//! Limits: texts of 4096 UTF-16 units, longer ones are split; captions of 1024; about 30 messages a
//! second from one bot and one a second to one chat, exact values are not promised.
//!
//! Quirks: the token stands in the path of every call. A bot cannot begin a conversation: whoever is
//! written to has written before. An answer that was lost stays unknown, because Telegram neither
//! echoes a reference nor can be asked; and nothing but `sent` is ever reported. One file by link at a
//! time: a document by link must be a PDF, ZIP or GIF, any other is uploaded. A message's id is unique only together with its chat.

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
use crate::settings::{base_url, secret};
use chaski_model::event::{Event, Sender};
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};
use serde_json::Value;

/// Telegram.
pub struct Telegram;

const AUTH: Auth = Auth::PathToken { secret: "token" };

const SETTINGS: &[Setting] = &[
    base_url("https://api.telegram.org"),
    secret("token", "The bot's token, from @BotFather."),
    Setting {
        key: "quick_replies",
        secret: false,
        required: false,
        default: "keyboard",
        help: "`keyboard`: answers above the contact's keyboard, sent as text; `inline`: buttons under the message.",
    },
    Setting {
        key: "pace",
        secret: false,
        required: false,
        default: "30",
        help: "Messages per second from this bot; 0 = no limit of ours.",
    },
    Setting {
        key: "pair_pace",
        secret: false,
        required: false,
        default: "1",
        help: "Seconds between messages to one chat once a burst of 5 is used up; 0 = none.",
    },
];

impl Adapter for Telegram {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        send::is_inline(settings.get("quick_replies").map(String::as_str)).map(drop)
    }

    fn account(&self, _settings: &Settings, secrets: &Secrets) -> Option<String> {
        let (bot, _) = secrets.get("token")?.split_once(':')?;
        Some(bot.to_owned())
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(content)
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        match content {
            Content::CustomPayload { payload } => custom::notes(payload),
            _ => Vec::new(),
        }
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

    fn acknowledge(&self, hook: &Incoming<'_>, _settings: &Settings) -> Option<Value> {
        webhook::acknowledge(hook.body)
    }
}
