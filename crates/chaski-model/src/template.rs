//! Approved templates: what the caller asked for, what is approved, what goes out, what the contact
//! gets, and how these differ. The rules that connect them are in `chaski-channels`.

use crate::failure::Failure;
use crate::message::MediaKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A template as the caller asked for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateRequest {
    /// The template's name.
    pub name: String,
    /// The language code as the caller wrote it.
    pub language: String,
    /// The components as the caller wrote them.
    #[serde(default)]
    pub components: Vec<RequestComponent>,
}

/// One component of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestComponent {
    /// Its place in the caller's array, for pointers.
    pub at: usize,
    /// What it is.
    #[serde(flatten)]
    pub body: RequestBody,
}

/// What a component of a request says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RequestBody {
    /// The header.
    Header {
        /// `text`, `image`, `video`, `document`, `location`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<HeaderFormat>,
        /// Its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Its values.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Parameter>,
    },
    /// The body.
    Body {
        /// Its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Its values.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Parameter>,
    },
    /// The footer.
    Footer {
        /// Its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// The buttons.
    Buttons {
        /// Each button, in the caller's order.
        buttons: Vec<RequestButton>,
    },
}

/// What a header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum HeaderFormat {
    Text,
    Image,
    Video,
    Document,
    Location,
}

impl HeaderFormat {
    /// The word in requests and in our JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Document => "document",
            Self::Location => "location",
        }
    }

    /// The media that this header holds, if it holds media.
    pub fn media(self) -> Option<MediaKind> {
        match self {
            Self::Image => Some(MediaKind::Image),
            Self::Video => Some(MediaKind::Video),
            Self::Document => Some(MediaKind::File),
            Self::Text | Self::Location => None,
        }
    }
}

/// A button as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestButton {
    /// What it does.
    pub kind: ButtonKind,
    /// Its label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
}

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are Meta's own")]
pub enum ButtonKind {
    Url,
    PhoneNumber,
    QuickReply,
    Catalog,
    Mpm,
    CopyCode,
    Flow,
    Otp,
    /// A kind that Meta added later, by its own word in lower case.
    Other(String),
}

/// A value for a template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Parameter {
    /// A text, possibly for a named variable.
    Text {
        /// The text, variables of ours already filled in.
        text: String,
        /// The variable's name in templates with named parameters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Media for a header.
    Media {
        /// Image, video or file.
        kind: MediaKind,
        /// Where the provider fetches it.
        link: String,
        /// The name of a document.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
    },
    /// A place for a header; coordinates are texts, as in the API.
    Location {
        /// Degrees.
        latitude: String,
        /// Degrees.
        longitude: String,
        /// The place's name.
        #[serde(default)]
        name: String,
        /// The place's address.
        #[serde(default)]
        address: String,
    },
    /// What comes back when a quick reply is tapped.
    Payload {
        /// The payload.
        payload: String,
    },
    /// An action of a catalog or multi-product button, in Meta's form.
    Action {
        /// The action object.
        action: Value,
    },
    /// Currency and date values, in Meta's form.
    Native {
        /// The whole parameter object.
        value: Value,
    },
}

/// Whether a template's variables have numbers or names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ParameterFormat {
    /// `{{1}}`, `{{2}}`, …
    #[default]
    Positional,
    /// `{{first_name}}`, …
    Named,
}

/// What Meta says of a template. Only approved ones can be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are Meta's own")]
pub enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    Paused,
    Disabled,
    /// Any other status, in upper case.
    #[serde(untagged)]
    Other(String),
}

impl TemplateStatus {
    /// Reads a provider's word in any case; 360dialog's `submitted` is pending.
    pub fn parse(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "APPROVED" => Self::Approved,
            "PENDING" | "SUBMITTED" => Self::Pending,
            "REJECTED" => Self::Rejected,
            "PAUSED" => Self::Paused,
            "DISABLED" => Self::Disabled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Meta's word, upper case.
    pub fn word(&self) -> &str {
        match self {
            Self::Approved => "APPROVED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
            Self::Other(word) => word,
        }
    }
}

/// A template as it stands at the provider: one name in one language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The name.
    pub name: String,
    /// The language code, with an underscore: `es`, `en_US`.
    pub language: String,
    /// What Meta says of it.
    pub status: TemplateStatus,
    /// MARKETING, UTILITY or AUTHENTICATION.
    pub category: String,
    /// Numbers or names.
    #[serde(default)]
    pub parameter_format: ParameterFormat,
    /// The header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// The body with its placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// The buttons, in the approved order: their place is what `index` means on the wire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonDefinition>,
    /// Components that we do not support, by Meta's word in lower case (`carousel`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsupported: Vec<String>,
    /// The provider's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_reason: Option<String>,
    /// How its variables are called where they share one space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat: Option<FlatVariables>,
}

/// The names of a template's variables at Twilio, where header, body and buttons share one space: the
/// first place of each list is what `{{1}}` of that component stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FlatVariables {
    /// Of the header: its text's variable, or the one that its media's address ends in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<String>,
    /// What the address of the header's media begins with; the variable is the rest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub media_prefix: String,
    /// Of the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<String>,
    /// Of each button's address, empty for buttons without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<String>,
}

/// The approved header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What it holds.
    pub format: HeaderFormat,
    /// Its text with at most one placeholder, for text headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Media that were approved with the template and take no value, as at Twilio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// An approved button.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ButtonDefinition {
    /// What it does.
    pub kind: ButtonKind,
    /// Its label.
    pub text: String,
    /// Where it leads, possibly ending in `{{1}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// A template in the form that Meta's API takes, for Cloud API, 360dialog and Vonage alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetaTemplate {
    /// The name.
    pub name: String,
    /// The language code of the approved translation.
    pub language: String,
    /// Only what needs a value: header, body, buttons. Each in Meta's own JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Value>,
    /// The same for Twilio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentTemplate>,
}

/// A template as Twilio's Content API names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentTemplate {
    /// `HX` and 32 hex digits.
    pub sid: String,
    /// Every variable's value by its name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

/// What the contact gets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Rendered {
    /// The header, with its value.
    pub header: Option<RenderedHeader>,
    /// The body, values filled in.
    pub body: Option<String>,
    /// The footer.
    pub footer: Option<String>,
    /// The buttons.
    pub buttons: Vec<RenderedButton>,
}

/// The header that the contact gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderedHeader {
    /// What it holds.
    pub format: HeaderFormat,
    /// Text, for text headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Link, for media headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The name of a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// Name and address of a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// A button that the contact gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RenderedButton {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: ButtonKind,
    /// Its label.
    pub text: String,
    /// Where it leads, value filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
}

/// What the inbox says about a template message at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The caller's text was not the approved one; the contact got the approved one.
    ApiTextDiffered,
    /// The caller left out static parts; the contact got them all the same.
    TextOmitted,
    /// There was no synced catalogue to compare with.
    NotVerified,
}

impl Mark {
    /// The word in the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::ApiTextDiffered => "api_text_differed",
            Self::TextOmitted => "text_omitted",
            Self::NotVerified => "not_verified",
        }
    }
}

/// One difference between what was sent to the API and what is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// `header`, `body`, `footer`, `buttons`.
    pub component: String,
    /// Which button, from 0, in the approved order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// What the caller wrote; null where it was left out.
    pub sent: Option<String>,
    /// What is approved; null where the caller wrote something that is not in the template.
    pub approved: Option<String>,
}

/// Something worth knowing that did not stop the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// A stable word: `unknown_field`, `alias`, `language_fallback`, `value_normalised`,
    /// `filename_defaulted`, `url_prefix_cut`, …
    pub code: String,
    /// One sentence in English.
    pub message: String,
}

impl Note {
    /// A note.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// One finding of the lint: what is wrong or differs, and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `header`, `body`, `footer`, `buttons`, or `template`.
    pub component: String,
    /// The parameter, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<u32>,
    /// A stable word, or the provider's number as text for what would be refused.
    pub code: String,
    /// What is so.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// Whether the message cannot be sent like this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}

/// What became of a template request held against the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// What goes out; absent when refused.
    pub template: Option<MetaTemplate>,
    /// What the contact gets. Without a catalogue: what the caller wrote.
    pub rendered: Rendered,
    /// The glance.
    pub mark: Option<Mark>,
    /// The per-component difference.
    pub difference: Vec<Difference>,
    /// What was done silently, said aloud.
    pub notes: Vec<Note>,
    /// Every finding, refusing or not.
    pub findings: Vec<Finding>,
    /// Why nothing goes out, if so: 400 with the provider's code, and recorded.
    pub refused: Option<Failure>,
    /// The name and language are not in the synced catalogue: resync once, then decide.
    pub absent: bool,
}
