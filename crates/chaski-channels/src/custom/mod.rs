//! A custom channel: a program of the user's own carries the messages.
//!
//! Docs: respond.io's Custom Channel, <https://docs.yeshello.chat/channels/custom-channel/custom-channel-quick-start>
//!
//! We call `POST {base_url}/message` with the channel's token; the program calls
//! `/custom/channel/webhook/` with the same token, which also tells the channel. A contact is its phone number
//! or an id of the program's own, of up to 50 signs.
//!
//! Quirks: the form of places and of statuses is not documented; ours is on the channel's page. Beyond the
//! protocol each call has an `Idempotency-Key`, so that the program can leave out what it has already.

mod inbound;

use crate::adapter::{
    Adapter, Answer, Auth, Call, Cx, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::plain;
use crate::refused::{at, linked, not_blank};
use crate::settings::{NO_PAIR_PACE, optional, optional_secret, pace, read, required};
use crate::signature::{is_equal, refused, sha256_hex};
use crate::verdict;
use chaski_model::event::{Event, Sender};
use chaski_model::message::{Media, MediaKind};
use chaski_model::template::MetaTemplate;
use chaski_model::{AddressKind, ChannelKind, Content, ErrorCode, Failure, PartBody, Timestamp};
use serde_json::{Value, json};

/// A custom channel.
pub struct Custom;

const AUTH: Auth = Auth::Bearer { secret: "api_token" };

/// The longest id of a contact, and of a message.
const ID: usize = 50;
/// The longest text that goes in one message.
const TEXT: usize = 4096;

const SETTINGS: &[Setting] = &[
    required("base_url", "Where messages go: Chaski calls POST {base_url}/message."),
    Setting {
        key: "id_type",
        secret: false,
        required: false,
        default: "phone",
        help: "How contacts are named: `phone`, or `custom` for ids of the program's own.",
    },
    optional("channel_id", "The id of the channel in every call; made up when absent."),
    optional_secret("api_token", "The token of both directions; made up and shown once when absent."),
    pace("20", "Messages per second; 0 = no limit of ours."),
    NO_PAIR_PACE,
];

impl Adapter for Custom {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Custom
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        let given = settings.get("id_type").map_or("", String::as_str);
        if matches!(given, "" | "phone" | "custom") {
            return Ok(());
        }
        let message = format!("`id_type` is `{given}`, but it must be `phone` or `custom`.");
        Err(at(ErrorCode::ValidationFailed, message, "/set/id_type"))
    }

    fn account(&self, settings: &Settings, secrets: &Secrets) -> Option<String> {
        let url = settings.get("base_url")?;
        let name = format!("{url}\n{}", secrets.get("api_token").unwrap_or_default());
        Some(sha256_hex(name.as_bytes())[..16].to_owned())
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        match content {
            Content::Attachment(media) => {
                linked(media)?;
                Ok(vec![PartBody::Media(media.clone())])
            }
            Content::QuickReply { title, replies } => {
                not_blank(title, "/message/title", "question")?;
                plain::numbered(title, replies)?;
                let buttons =
                    replies.iter().enumerate().map(|(index, reply)| chaski_model::message::Choice {
                        id: format!("qr:{index}"),
                        title: reply.trim().to_owned(),
                    });
                Ok(vec![PartBody::Buttons { text: title.clone(), buttons: buttons.collect() }])
            }
            _ => plain::split(
                content,
                TEXT,
                chaski_model::capabilities::TextUnit::Characters,
                "Custom channels",
            ),
        }
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        let message = match part {
            PartBody::Text { text } => json!({"type": "text", "text": text}),
            PartBody::Media(media) => json!({"type": "attachment", "attachment": attachment(media)}),
            PartBody::Buttons { text, buttons } => {
                let replies: Vec<&str> = buttons.iter().map(|button| button.title.as_str()).collect();
                json!({"type": "quick_reply", "title": text, "replies": replies})
            }
            _ => {
                return Err(Failure::new(
                    ErrorCode::ChannelCannotCarry,
                    "Send a text, a file or quick replies.",
                ));
            }
        };
        let body = json!({"channelId": channel_id(cx), "contactId": contact(cx)?, "message": message});
        let mut call = Call::json(address(cx)?, AUTH, &body);
        if !cx.reference.is_empty() {
            call.headers.push(("idempotency-key", cx.reference.to_owned()));
        }
        Ok(call)
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, _so_far: &[Reply]) -> Step {
        match task {
            Task::Connect { .. } => Step::Done(connected(cx)),
            Task::Media { media } => match &media.link {
                Some(link) => Step::Fetch(Box::new(Call::get(link, Auth::None))),
                None => Step::Fail(Failure::new(ErrorCode::MediaUnreachable, "The message names no file.")),
            },
            // There is nothing that a program could be asked without sending something.
            _ => Step::Done(Answer::default()),
        }
    }

    fn verify(&self, hook: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        let header = hook.header("authorization").unwrap_or_default();
        let token = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let known = secrets.get("api_token").unwrap_or_default();
        match token {
            Some((_, token)) if !known.is_empty() && is_equal(token.trim(), known) => Ok(()),
            _ => Err(refused("The header Authorization does not carry this channel's token.")),
        }
    }

    fn events(&self, hook: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        inbound::events(hook.body)
    }
}

fn address(cx: &Cx<'_>) -> Result<String, Failure> {
    Ok(format!("{}/message", read(cx, SETTINGS, "base_url")?.trim_end_matches('/')))
}

/// Made of the webhook's address where none was chosen, so that it stays the same.
fn channel_id(cx: &Cx<'_>) -> String {
    let own = || sha256_hex(cx.hook_url.as_bytes())[..14].to_owned();
    cx.setting("channel_id").map_or_else(own, str::to_owned)
}

/// The program's own id of the contact, else its number where numbers name contacts.
fn contact(cx: &Cx<'_>) -> Result<String, Failure> {
    let own = cx.to.iter().find(|address| address.kind == AddressKind::Native);
    let by_phone = || match cx.setting("id_type") {
        None | Some("phone") => cx.phone().map(|phone| phone.as_str().to_owned()),
        Some(_) => None,
    };
    own.map(|address| address.value.clone()).or_else(by_phone).ok_or_else(|| {
        let message = "The contact has no id on this channel: it must write first, or be given one.";
        Failure::new(ErrorCode::NoAddress, message)
    })
}

fn attachment(media: &Media) -> Value {
    let kind = match media.kind {
        MediaKind::Image | MediaKind::Sticker => "image",
        MediaKind::Video => "video",
        MediaKind::Audio => "audio",
        MediaKind::File => "file",
    };
    let mut object = json!({"type": kind, "url": media.link});
    for (key, value) in
        [("fileName", &media.filename), ("mimeType", &media.mime), ("caption", &media.caption)]
    {
        if let Some(value) = value {
            object[key] = json!(value);
        }
    }
    object
}

/// What a program answered.
fn outcome(reply: &Reply) -> Outcome {
    let body = reply.json().unwrap_or_default();
    if reply.is_success() {
        let id = body["mId"].as_str().filter(|id| !id.is_empty() && id.chars().count() <= ID);
        return match id {
            Some(id) => Outcome::Sent { ids: vec![id.to_owned()], learned: Vec::new() },
            None => Outcome::Unknown { failure: verdict::lost("The answer names no message (mId).") },
        };
    }
    let words = body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    match reply.status {
        400..=499 if !words.is_empty() && !matches!(reply.status, 401 | 403 | 408 | 429) => {
            let message = "The channel's own program refused the message. Its words say why.";
            let failure = verdict::with_words(Failure::new(ErrorCode::ProviderRefused, message), words);
            Outcome::Fail { failure, marks: Vec::new() }
        }
        // It answered, and it can tell a repeated call by its key.
        500..=599 => {
            let message = "The channel's own program has a fault. Chaski retries by itself.";
            let failure = verdict::with_words(Failure::new(ErrorCode::ProviderUnavailable, message), words);
            Outcome::Retry { failure, after: reply.retry_after, most: None, learned: Vec::new() }
        }
        _ => verdict::bare(reply),
    }
}

/// What the program is told to use.
fn connected(cx: &Cx<'_>) -> Answer {
    let id = channel_id(cx);
    let origin =
        url::Url::parse(cx.hook_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let by_hand = vec![format!(
        "In your program, take calls of POST /message below base_url, and send messages and statuses to {origin}/custom/channel/webhook/ with the header \"Authorization: Bearer\" and this channel's key, and \"channelId\": \"{id}\"."
    )];
    Answer { settings: [("channel_id".to_owned(), id)].into(), by_hand, ..Answer::default() }
}
