//! What a provider's webhook says, in our words.

use crate::address::Address;
use crate::failure::Failure;
use crate::message::Content;
use crate::status::ReceiptKind;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Who an event is for: the provider's own id of the sender (phone number id, number, …).
/// Empty where the hook serves one channel and the payload names none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sender(pub String);

/// One thing that a webhook says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What became of a message of ours.
    Receipt(Receipt),
    /// What became of everything up to a moment or a message.
    UpTo(UpTo),
    /// The contact wrote, tapped or reacted.
    Inbound(Box<Inbound>),
    /// The contact took back a message that it had sent: what it said is to be removed.
    Removed {
        /// The provider's id of the message, and what further pieces of it may be called.
        provider_ids: Vec<String>,
    },
    /// A template's status changed at the provider.
    TemplateChanged {
        /// The account's id at the provider (WABA).
        account: String,
        /// The template.
        name: String,
        /// Its language, with an underscore.
        language: String,
        /// The new status, upper case; empty where only its content changed.
        status: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The contact's addresses changed or were learned without a message.
    Learned {
        /// Every address that is one person.
        addresses: Vec<Address>,
    },
    /// The contact shut us out (it blocked or left the channel) or let us in again.
    Access {
        /// The contact's address on the channel.
        of: Address,
        /// Shut out; else let in again.
        blocked: bool,
        /// When, by the provider's clock; 0 where it does not say it.
        at: Timestamp,
    },
    /// Not understood: its webhook is kept, and the events beside it hold.
    Odd {
        /// What is wrong, in English.
        what: String,
    },
    /// Understood, and of no consequence here; counted by its word.
    Ignored {
        /// What it was.
        what: String,
    },
}

/// A provider's report about one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Our reference, where the provider echoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The provider's message id.
    pub provider_id: String,
    /// What is reported.
    pub kind: ReceiptKind,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// Why, for failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Addresses of the recipient that the report tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<Address>,
}

/// A provider's report about everything that it brought to one contact, up to a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpTo {
    /// The contact's address, which the messages went to.
    pub to: Address,
    /// What is reported.
    pub kind: ReceiptKind,
    /// Up to where.
    pub reported: Reported,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
}

/// Where such a report ends, itself included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Reported {
    /// Whatever was sent by then, by the provider's clock.
    Moment {
        /// The moment.
        at: Timestamp,
    },
    /// A message and what was sent before it.
    Message {
        /// The provider's id of the message.
        provider_id: String,
    },
}

/// A message from a contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// The provider's message id: what doubled webhooks are told by.
    pub provider_id: String,
    /// Every address of the sender that the webhook tells, the best to answer first.
    pub from: Vec<Address>,
    /// The name that the contact gave itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// What it says.
    pub content: Content,
    /// The provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}
