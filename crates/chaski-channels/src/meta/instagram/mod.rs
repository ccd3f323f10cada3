//! Instagram messages, as a professional account: by the Page that it is linked to, or by Instagram Login.
//!
//! Docs: <https://developers.facebook.com/docs/messenger-platform/instagram/features/send-message>
//!
//! Limits: texts of 1000 **bytes**, longer ones are split; 13 quick replies of 20 characters; pictures of
//! 8 MB, sounds, videos and PDFs of 25 MB.
//!
//! Quirks: an account cannot begin a conversation, and may answer for 24 hours; a person may for seven days,
//! under the tag HUMAN_AGENT. Nothing is reported as delivered; that a message was read is told by its id,
//! and stands for what went before it. Meta documents no reference of ours in echoes here, so that an answer
//! that was lost stays unknown. A contact who deletes a message wants it gone: it is removed here too.

use super::{AUTH, Kind, PACE, PAIR_PACE, PASS_TAGS, VERSION, hook, outcome, send, split, tasks, webhook};
use crate::adapter::{
    Adapter, Call, Challenge, Cx, Incoming, Outcome, Reply, Secrets, Setting, Settings, Step, Task,
};
use crate::settings::{base_url, optional, optional_secret, required, secret};
use chaski_model::event::{Event, Sender};
use chaski_model::template::MetaTemplate;
use chaski_model::{ChannelKind, Content, Failure, PartBody, Timestamp};

/// Instagram.
pub struct Instagram;

const SETTINGS: &[Setting] = &[
    base_url("https://graph.facebook.com"),
    VERSION,
    required("instagram_id", "The id of the professional account, which its webhooks are for."),
    optional(
        "page_id",
        "The id of the Page that the account is linked to; without it the account itself is called, as Instagram Login wants it, at https://graph.instagram.com.",
    ),
    secret(
        "access_token",
        "The Page's token with instagram_manage_messages, or the Instagram user's with instagram_business_manage_messages.",
    ),
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
        title: "Instagram",
        object: "instagram",
        own_id: "instagram_id",
        settings: SETTINGS,
        capabilities: Instagram.capabilities(),
        words: "text, attachment or quick_reply",
    }
}

impl Adapter for Instagram {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Instagram
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn accepts(&self, settings: &Settings) -> Result<(), Failure> {
        send::accepts(settings)
    }

    fn account(&self, settings: &Settings, _secrets: &Secrets) -> Option<String> {
        settings.get("instagram_id").cloned()
    }

    fn sender(&self, settings: &Settings) -> String {
        settings.get("instagram_id").cloned().unwrap_or_default()
    }

    fn split(&self, content: &Content, _template: Option<&MetaTemplate>) -> Result<Vec<PartBody>, Failure> {
        split::split(&kind(), content)
    }

    fn call(&self, cx: &Cx<'_>, part: &PartBody) -> Result<Call, Failure> {
        let mut body = send::body(cx, part, "Instagram")?;
        if let PartBody::Buttons { .. } | PartBody::List { .. } = part {
            body["messaging_type"] = "RESPONSE".into();
        }
        let url = send::address(cx, SETTINGS, &["page_id", "instagram_id"], "messages")?;
        Ok(Call::json(url, AUTH, &body))
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
