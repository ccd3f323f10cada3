//! A message as a phone has it: what a person sees, and what is needed to report on it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::AccountId;
use crate::clock::rfc3339_ms;
use crate::receipts::Trace;
use crate::source::Source;

/// Who wrote a message, seen from the business: outbound is what the phone received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Outbound,
    Inbound,
}

impl Direction {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Outbound => "outbound",
            Self::Inbound => "inbound",
        }
    }
}

/// What the phone did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Received,
    Read,
    Sent,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Read => "read",
            Self::Sent => "sent",
        }
    }
}

/// What a person sees of a message, every value filled in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) footer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) buttons: Vec<Button>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) media: Option<Media>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<TemplateName>,
    /// The id of the message that it answers or reacts to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_to: Option<String>,
    /// What was said in a form that has no fields of its own here (contacts, order).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<Value>,
}

/// A button under a message, or a row of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Button {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<String>,
    pub(crate) index: usize,
    /// What comes back when it is tapped: a payload or an id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
}

/// A file that came with a message; it is never loaded by a page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Media {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) link: Option<String>,
    pub(crate) filename: Option<String>,
    /// The provider's id of an uploaded file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
}

/// Which template a message was made from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TemplateName {
    pub(crate) name: String,
    pub(crate) language: String,
}

/// A message on a phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) at: i64,
    pub(crate) direction: Direction,
    pub(crate) source: Source,
    pub(crate) account: AccountId,
    pub(crate) content: Content,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) trace: Trace,
    #[serde(default)]
    pub(crate) is_read_by_business: bool,
}

impl Message {
    /// As the control API shows it.
    pub(crate) fn view(&self) -> Value {
        let c = &self.content;
        let mut view = json!({
            "id": self.id,
            "at": rfc3339_ms(self.at),
            "direction": self.direction.word(),
            "provider": self.source.word(),
            "account": crate::accounts::account(self.account).name,
            "type": c.kind,
            "header": c.header,
            "body": c.body,
            "footer": c.footer,
            "buttons": c.buttons,
            "media": c.media.as_ref().map(|m| json!({"type": m.kind, "link": m.link, "filename": m.filename})),
            "template": c.template,
            "status": self.status.word(),
        });
        if let Some(location) = &c.location {
            view["location"] = location.clone();
        }
        if let Some(mail) = c.raw.as_ref().filter(|_| c.kind == "email") {
            view["mail"] = mail.clone();
        }
        if let Some(reply_to) = &c.reply_to {
            view["replyTo"] = Value::from(reply_to.as_str());
        }
        view
    }

    /// Whether any of its texts contains a text.
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        let c = &self.content;
        let texts = [&c.header, &c.body, &c.footer].into_iter().flatten();
        texts.chain(c.buttons.iter().map(|button| &button.text)).any(|text| text.contains(wanted))
            || c.media
                .as_ref()
                .and_then(|media| media.filename.as_ref())
                .is_some_and(|name| name.contains(wanted))
    }
}
