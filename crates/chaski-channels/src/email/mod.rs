//! E-mail: out by SMTP, in by a mailbox that is read (IMAP) or by raw messages that are handed to the
//! channel's hook.
//!
//! Standards: RFC 5321 and 3463 (SMTP and its codes), RFC 3501 and 2177 (IMAP), RFC 5322, 2045, 2047 and 2231
//! (messages), RFC 3464 (reports about deliveries), RFC 3834 (automatic answers).
//!
//! Limits: 18 MB of files in one mail, since base64 adds a third and most servers take 25 MB.
//!
//! Quirks: the `Message-ID` is made from our reference and proven by the end of the hook's address, so that
//! bounces and answers are told by it and nobody can make one up. A blind copy stands in the envelope alone. Only bounces tell what became of a mail that was taken.

mod build;
mod mailbox;
mod names;
mod outcome;
mod report;
mod send;
mod split;
mod tasks;
mod webhook;

use crate::adapter::{
    Adapter, Auth, Call, Cx, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task, Wanted,
};
use crate::settings::{NO_PAIR_PACE, optional, optional_secret, pace, required};
use crate::signature::sha256_hex;
use chaski_model::address::is_email;
use chaski_model::event::{Event, Sender};
use chaski_model::message::Media;
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, ErrorCode, Failure, PartBody, Timestamp};

/// E-mail.
pub struct Email;

const AUTH: Auth = Auth::Basic { user: "username", secret: "password" };

const SETTINGS: &[Setting] = &[
    required(
        "smtp_url",
        "The mail server: `smtps://mail.example.com:465` for TLS from the start, `smtp://mail.example.com:587` for STARTTLS.",
    ),
    optional("username", "The user name at the mail server; none when it asks for no login."),
    optional_secret("password", "The password, or the app password, at the mail server."),
    required("from", "The address that mails come from, for example soporte@ejemplo.ec."),
    optional("from_name", "The name beside that address."),
    Setting {
        key: "subject",
        secret: false,
        required: false,
        default: "Message",
        help: "The subject of messages that have none of their own.",
    },
    optional(
        "imap_url",
        "The mailbox to read: `imaps://imap.example.com:993` for TLS from the start, `imap://imap.example.com:143` for STARTTLS; none when mails are handed to the webhook.",
    ),
    Setting {
        key: "imap_folder",
        secret: false,
        required: false,
        default: "INBOX",
        help: "The folder that is read. Mails stay there as they are.",
    },
    optional("imap_username", "The user name at the mailbox, where it is not that of the mail server."),
    optional_secret("imap_password", "The password for that user name."),
    optional_secret(
        "inbound_token",
        "What whoever hands mails to the webhook says in `Authorization: Bearer`; without it the webhook takes nothing in.",
    ),
    pace("5", "Mails per second from this channel; 0 = no limit of ours."),
    NO_PAIR_PACE,
];

impl Adapter for Email {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Email
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        let refused = |key: &str, message: &str| {
            let mut failure = Failure::new(ErrorCode::ValidationFailed, message);
            failure.pointer = Some(format!("/set/{key}"));
            Err(failure)
        };
        let given = |key: &str| settings.get(key).map(String::as_str).unwrap_or_default();
        if !send::is_server(given("smtp_url"), ["smtp", "smtps"]) {
            return refused(
                "smtp_url",
                "`smtp_url` must be smtps://HOST:465 or smtp://HOST:587, without user name and path.",
            );
        }
        if !is_email(given("from")) {
            return refused("from", "`from` must be an e-mail address, for example soporte@ejemplo.ec.");
        }
        if let Err((key, message)) = mailbox::accepts(settings) {
            return refused(key, message);
        }
        match ["from_name", "subject"].into_iter().find(|key| names::has_break(given(key))) {
            Some(key) => refused(key, "It must be one line."),
            None => Ok(()),
        }
    }

    /// Named by the mailbox.
    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        let from = settings.get("from")?.to_lowercase();
        let mut named = format!("{from} {}", settings.get("smtp_url")?);
        // Each mailbox is read by itself.
        if let Some(mailbox) = settings.get("imap_url").filter(|url| !url.is_empty()) {
            for key in ["imap_folder", "imap_username"] {
                named.push(' ');
                named.push_str(settings.get(key).map(String::as_str).unwrap_or_default());
            }
            named.push_str(mailbox);
        }
        Some(sha256_hex(named.as_bytes())[..16].to_owned())
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(content)
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        crate::plain::notes(content)
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
        webhook::events(hook)
    }

    fn mailbox(&self, cx: &Cx<'_>) -> Option<Call> {
        mailbox::call(cx)
    }

    fn brought(&self, hook: &Incoming<'_>, media: &Media) -> Option<Vec<u8>> {
        webhook::brought(hook.body, media)
    }
}
