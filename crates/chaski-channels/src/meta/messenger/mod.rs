//! Facebook Messenger, as a Page.
//!
//! Docs: <https://developers.facebook.com/docs/messenger-platform/send-messages>
//!
//! Limits: texts of 2000 characters, longer ones are split; 13 quick replies of 20 characters; files of
//! 25 MB, pictures of 8 MB; more than 40 messages a second freeze the Page's inbox.
//!
//! Quirks: a Page cannot begin a conversation, and may answer for 24 hours; a person may for seven days,
//! under the tag HUMAN_AGENT. The tags ACCOUNT_UPDATE, POST_PURCHASE_UPDATE and CONFIRMED_EVENT_UPDATE are
//! refused since 27 April 2026. Receipts name a moment up to which everything has arrived or was read. Our
//! reference goes out as `metadata` and comes back in the message's echo, which settles a lost answer. Text
//! under a file is a message of its own. One webhook address serves every Page of an app.

use super::{
    AUTH, Kind, PACE, PAIR_PACE, PASS_TAGS, VERSION, custom, hook, outcome, send, split, tasks, webhook,
};
use crate::adapter::{
    Adapter, Call, Challenge, Cx, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::settings::{base_url, optional_secret, required, secret};
use chaski_model::event::{Event, Sender};
use chaski_model::template::{MetaTemplate, Note};
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// Facebook Messenger.
pub struct Messenger;

const SETTINGS: &[Setting] = &[
    base_url("https://graph.facebook.com"),
    VERSION,
    required("page_id", "The Page's id, from the Page's About section or Messenger > API setup."),
    secret("access_token", "The Page's access token, with pages_messaging and pages_manage_metadata."),
    secret("app_secret", "The app's secret, by which Meta signs its webhooks."),
    optional_secret("app_secret_2", "A second app secret that is believed too, while the first is renewed."),
    optional_secret(
        "verify_token",
        "What Meta shows when it checks the webhook address; made by Chaski when absent.",
    ),
    PASS_TAGS,
    PACE,
    PAIR_PACE,
];

fn kind() -> Kind {
    Kind {
        title: "Messenger",
        object: "page",
        own_id: "page_id",
        settings: SETTINGS,
        capabilities: Messenger.capabilities(),
        words: "text, attachment, quick_reply or custom_payload",
    }
}

impl Adapter for Messenger {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Messenger
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        send::accepts(settings)
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("page_id").cloned()
    }

    fn sender(&self, settings: &Settings) -> String {
        settings.get("page_id").cloned().unwrap_or_default()
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        match content {
            Content::CustomPayload { payload } => Ok(vec![custom::part(payload)?]),
            _ => split::split(&kind(), content),
        }
    }

    fn notes(&self, content: &Content) -> Vec<Note> {
        match content {
            Content::CustomPayload { payload } => custom::notes(payload),
            _ => Vec::new(),
        }
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        let mut body = send::body(cx, part, "Messenger")?;
        if body.get("messaging_type").is_none() {
            body["messaging_type"] = "RESPONSE".into();
        }
        if let PartBody::Media(_) = part {
            body["message"]["attachment"]["payload"]["is_reusable"] = true.into();
        }
        if !cx.reference.is_empty() {
            body["message"]["metadata"] = cx.reference.into();
        }
        Ok(Call::json(send::address(cx, SETTINGS, &["page_id"], "messages")?, AUTH, &body))
    }

    fn outcome(&self, reply: &Reply) -> Outcome {
        outcome::outcome(reply)
    }

    fn ask(&self, cx: &Cx<'_>, task: &Task, so_far: &[Reply]) -> Step {
        tasks::ask(&kind(), cx, task, so_far).unwrap_or_else(Step::Fail)
    }

    fn verify(&self, incoming: &Incoming<'_>, secrets: &Secrets, _now: Timestamp) -> Result<(), Failure> {
        hook::verify(incoming, secrets)
    }

    fn challenge(&self, query: &str, secrets: &Secrets) -> Option<Challenge> {
        hook::challenge(query, secrets)
    }

    fn events(&self, incoming: &Incoming<'_>) -> Result<Vec<(Sender, Event)>, Failure> {
        webhook::events(&kind(), incoming.body)
    }
}
