//! Which provider is spoken, in the words of the API (`source`).

use serde::{Deserialize, Serialize};

/// A provider with one message API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Source {
    /// 360dialog, Meta's API behind another key.
    #[serde(rename = "360dialog_whatsapp")]
    Dialog360,
    /// The Vonage Messages API.
    #[serde(rename = "nexmo_whatsapp")]
    Vonage,
    /// Meta's own Cloud API.
    #[serde(rename = "whatsapp_cloud")]
    Cloud,
    /// Telegram's Bot API.
    #[serde(rename = "telegram")]
    Telegram,
    /// Facebook Messenger, at Meta's Graph API too.
    #[serde(rename = "facebook")]
    Messenger,
    /// Instagram messages, at Meta's Graph API too.
    #[serde(rename = "instagram")]
    Instagram,
}

impl Source {
    pub(crate) const ALL: [Self; 6] =
        [Self::Dialog360, Self::Vonage, Self::Cloud, Self::Telegram, Self::Messenger, Self::Instagram];

    /// The word used for it in the control API.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Dialog360 => "360dialog_whatsapp",
            Self::Vonage => "nexmo_whatsapp",
            Self::Cloud => "whatsapp_cloud",
            Self::Telegram => "telegram",
            Self::Messenger => "facebook",
            Self::Instagram => "instagram",
        }
    }

    /// The name a person knows it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dialog360 => "360dialog",
            Self::Vonage => "Vonage",
            Self::Cloud => "WhatsApp Cloud API",
            Self::Telegram => "Telegram",
            Self::Messenger => "Messenger",
            Self::Instagram => "Instagram",
        }
    }

    /// The first part of its paths.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Dialog360 => "/360dialog",
            Self::Vonage => "/vonage",
            Self::Cloud | Self::Messenger | Self::Instagram => "/meta",
            Self::Telegram => "/telegram",
        }
    }

    /// Whether it brings messages to WhatsApp.
    pub(crate) const fn is_whatsapp(self) -> bool {
        matches!(self, Self::Dialog360 | Self::Vonage | Self::Cloud)
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }

    /// The provider whose API a path belongs to, and the path below its prefix. Of those that share one it is
    /// the first; the call itself tells which of them it is for.
    pub(crate) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|source| {
            let rest = path.strip_prefix(source.prefix())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((source, rest))
        })
    }
}
