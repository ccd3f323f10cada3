//! What is sent and received: contents as the caller or the contact wrote them, and the parts that
//! providers are called with.

use crate::ids::MessageId;
use crate::template::{MetaTemplate, TemplateRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the contact to us.
    Inbound,
    /// From us to the contact.
    Outbound,
}

/// What sort of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    /// A document of any type; the API calls it `file`.
    File,
    Sticker,
}

impl MediaKind {
    /// The word in the database and in our JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
            Self::Sticker => "sticker",
        }
    }
}

/// A picture, video, sound, document or sticker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// What sort.
    pub kind: MediaKind,
    /// Where it can be fetched; absent for inbound media that only has a provider's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The provider's media id (inbound).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The name shown for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// The content type, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// The text under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// A voice note rather than a sound file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub voice: bool,
}

impl Media {
    /// Media of a kind at a link.
    pub fn link(kind: MediaKind, link: impl Into<String>) -> Self {
        Self {
            kind,
            link: Some(link.into()),
            provider_id: None,
            filename: None,
            mime: None,
            caption: None,
            voice: false,
        }
    }
}

/// An e-mail, without its sender and recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mail {
    /// The subject; the channel's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// Who gets a copy that all see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<String>,
    /// Who gets a copy that nobody sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<String>,
    /// The message of ours that the caller answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to_message: Option<MessageId>,
    /// The `Message-ID` that it answers, in angle brackets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// The `Message-ID`s of the thread before it, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// The files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Media>,
}

/// What a message says. The first group can be sent; the second is only received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        text: String,
        /// Meta's message tag; only Messenger and Instagram look at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message_tag: Option<String>,
    },
    /// One piece of media.
    Attachment(Media),
    /// A question with answers to tap.
    QuickReply {
        /// The question.
        title: String,
        /// The labels of the answers.
        replies: Vec<String>,
    },
    /// An approved WhatsApp template, as the caller wrote it.
    WhatsappTemplate(TemplateRequest),
    /// A provider's raw body.
    CustomPayload {
        /// The body.
        payload: Value,
    },
    /// An e-mail; a received one brings its files as messages of their own.
    Email(Mail),

    /// A place.
    Location {
        /// Degrees.
        latitude: f64,
        /// Degrees.
        longitude: f64,
        /// The place's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// The place's address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// Contact cards.
    Contacts {
        /// The cards, in the provider's form.
        cards: Vec<ContactCard>,
    },
    /// The contact tapped a button of ours.
    Reply {
        /// Which sort of button.
        source: ReplySource,
        /// The label that was tapped.
        title: String,
        /// Our id or payload of the button.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// A reaction to a message; without an emoji it was taken back.
    Reaction {
        /// The emoji.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
        /// The provider's id of the message it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// An order from a catalogue.
    Order {
        /// The catalogue's id.
        catalog_id: String,
        /// A note of the contact.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// The items.
        items: Vec<OrderItem>,
    },
    /// Something the provider or we cannot show.
    Unsupported {
        /// What the provider called it.
        what: String,
        /// Its own explanation, where it gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

impl Content {
    /// The type's word: what capabilities are looked up by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Attachment(_) => "attachment",
            Self::QuickReply { .. } => "quick_reply",
            Self::WhatsappTemplate(_) => "whatsapp_template",
            Self::CustomPayload { .. } => "custom_payload",
            Self::Email(_) => "email",
            Self::Location { .. } => "location",
            Self::Contacts { .. } => "contacts",
            Self::Reply { .. } => "reply",
            Self::Reaction { .. } => "reaction",
            Self::Order { .. } => "order",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

/// Which sort of button a reply came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplySource {
    /// A template's quick reply.
    Template,
    /// A button of an interactive message.
    Button,
    /// A row of an interactive list.
    List,
}

/// One contact card, in the few fields that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct ContactCard {
    /// The full name.
    pub name: String,
    /// The phone numbers, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// The e-mail addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// The product's id in the catalogue.
    pub product: String,
    /// How many.
    pub quantity: String,
    /// Price of one, as the provider wrote it.
    pub price: String,
    /// ISO 4217.
    pub currency: String,
}

/// One delivering provider call, without address or credentials: what an adapter makes a request of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PartBody {
    /// Text, within the kind's limit.
    Text {
        /// The text.
        text: String,
    },
    /// One piece of media by link.
    Media(Media),
    /// A question with up to three buttons.
    Buttons {
        /// The question.
        text: String,
        /// (id, title) of each button.
        buttons: Vec<Choice>,
    },
    /// A question with a list of answers.
    List {
        /// The question.
        text: String,
        /// The label that opens the list.
        label: String,
        /// The answers.
        rows: Vec<Choice>,
    },
    /// An approved template in Meta's form.
    Template(MetaTemplate),
    /// An e-mail.
    Email(Mail),
    /// A raw body of the provider's own API, checked.
    Native {
        /// The method that it is for.
        method: String,
        /// Its fields, without the recipient.
        body: Value,
    },
}

/// An answer to tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What comes back when it is tapped.
    pub id: String,
    /// What the contact reads.
    pub title: String,
}
