//! What a phone wrote, before it is put into a provider's form.

use std::sync::Arc;

use serde_json::Value;

use crate::accounts::AccountId;
use crate::media::File;
use crate::phones::Identity;

/// A message from a phone to a business.
pub(crate) struct Inbound {
    pub(crate) account: AccountId,
    pub(crate) message_id: String,
    pub(crate) at_ms: i64,
    pub(crate) phone: Identity,
    /// The id of the business's message that it answers.
    pub(crate) context: Option<String>,
    pub(crate) said: Said,
}

/// What it says.
pub(crate) enum Said {
    Text(String),
    /// A tap on a template's quick reply.
    Button {
        payload: String,
        text: String,
    },
    /// A tap on a reply button or a row of a list.
    Reply {
        is_row: bool,
        id: String,
        title: String,
        description: Option<String>,
    },
    /// Without an emoji it takes the reaction back.
    Reaction {
        message_id: String,
        emoji: Option<String>,
    },
    Location(Value),
    Media {
        kind: String,
        media_id: String,
        file: Arc<File>,
        caption: Option<String>,
        filename: Option<String>,
    },
    Contacts(Value),
    Order(Value),
    /// A message that was changed.
    Edit {
        text: String,
        written_ms: i64,
    },
    /// A message that was taken back.
    Unsend {
        message_id: String,
    },
    /// A mail.
    Mail {
        subject: String,
        text: String,
        html: bool,
        /// Written by a program, such as an answer while somebody is away.
        is_automatic: bool,
    },
    /// What a mail server reports of a mail.
    Report {
        about: String,
        action: String,
        status: String,
    },
    Unsupported,
}
