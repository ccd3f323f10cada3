//! LINE, through the Messaging API of an official account.
//!
//! Docs: <https://developers.line.biz/en/reference/messaging-api/>
//!
//! Limits: texts of 5000 UTF-16 units, longer ones are split; 13 quick replies of 20; pictures of 10 MB
//! with a preview of 1 MB, video and sound of 200 MB; 2,000 calls a second; a plan's messages of a month.
//!
//! Quirks: a push carries a retry key by which LINE takes a repeated call once, so that a lost answer is
//! simply asked for again. LINE answers 200 for contacts that have blocked the account; only its webhook
//! tells of them. Nothing but `sent` is ever reported. There is no message for documents: they go as a text
//! with the link. The webhook's address is set by its API, but switched on by hand.

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
use crate::settings::{base_url, optional, secret};
use crate::signature::sha256_hex;
use chaski_model::event::{Event, Sender};
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// LINE.
pub struct Line;

const AUTH: Auth = Auth::Bearer { secret: "access_token" };

const SETTINGS: &[Setting] = &[
    base_url("https://api.line.me"),
    Setting {
        key: "data_url",
        secret: false,
        required: false,
        default: "https://api-data.line.me",
        help: "The address of LINE's API for what contacts send.",
    },
    secret(
        "access_token",
        "The channel access token, from the Messaging API tab of the LINE Developers Console.",
    ),
    secret(
        "channel_secret",
        "The channel secret, from the Basic settings tab: LINE signs its webhooks with it.",
    ),
    optional(
        "preview_url",
        "A JPEG or PNG of at most 1 MB that stands for videos and large pictures until they are opened; a plain one of Chaski's own when absent.",
    ),
    Setting {
        key: "pace",
        secret: false,
        required: false,
        default: "1000",
        help: "Messages per second from this account; 0 = no limit of ours.",
    },
    Setting {
        key: "pair_pace",
        secret: false,
        required: false,
        default: "0",
        help: "Seconds between messages to one contact; 0 = none.",
    },
];

impl Adapter for Line {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Line
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    /// Named by its channel secret without telling it: access tokens are renewed.
    fn account(&self, _settings: &Settings, secrets: &Secrets) -> Option<String> {
        Some(sha256_hex(secrets.get("channel_secret")?.as_bytes())[..16].to_owned())
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
}
