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
    /// WhatsApp through Twilio.
    #[serde(rename = "twilio_whatsapp")]
    TwilioWhatsapp,
    /// SMS and MMS through Twilio.
    #[serde(rename = "twilio")]
    TwilioSms,
    /// SMS through Vonage.
    #[serde(rename = "nexmo")]
    VonageSms,
    /// A program behind a custom channel.
    #[serde(rename = "custom_channel")]
    Custom,
    /// Viber's bot API.
    #[serde(rename = "viber")]
    Viber,
    /// LINE's Messaging API.
    #[serde(rename = "line")]
    Line,
    /// Facebook Messenger, at Meta's Graph API too.
    #[serde(rename = "facebook")]
    Messenger,
    /// Instagram messages, at Meta's Graph API too.
    #[serde(rename = "instagram")]
    Instagram,
    /// E-mail, by SMTP.
    #[serde(rename = "other_email")]
    Email,
}

/// Which app of a phone a provider's messages are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    Whatsapp,
    Sms,
    Telegram,
    Viber,
    Line,
    Messenger,
    Instagram,
    Custom,
    Email,
}

impl App {
    pub(crate) const ALL: [Self; 9] = [
        Self::Whatsapp,
        Self::Sms,
        Self::Telegram,
        Self::Viber,
        Self::Line,
        Self::Messenger,
        Self::Instagram,
        Self::Custom,
        Self::Email,
    ];

    /// Its word in addresses and in the style sheet.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Sms => "sms",
            Self::Telegram => "telegram",
            Self::Custom => "custom",
            Self::Viber => "viber",
            Self::Line => "line",
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
            Self::Email => "email",
        }
    }

    /// The name a person knows it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whatsapp => "WhatsApp",
            Self::Sms => "SMS",
            Self::Telegram => "Telegram",
            Self::Custom => "Chat",
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Messenger => "Messenger",
            Self::Instagram => "Instagram",
            Self::Email => "E-mail",
        }
    }
}

impl Source {
    pub(crate) const ALL: [Self; 13] = [
        Self::Dialog360,
        Self::Vonage,
        Self::Cloud,
        Self::Telegram,
        Self::TwilioWhatsapp,
        Self::TwilioSms,
        Self::VonageSms,
        Self::Viber,
        Self::Line,
        Self::Messenger,
        Self::Instagram,
        Self::Custom,
        Self::Email,
    ];

    /// Where people see its messages.
    pub(crate) const fn app(self) -> App {
        match self {
            Self::Dialog360 | Self::Vonage | Self::Cloud | Self::TwilioWhatsapp => App::Whatsapp,
            Self::TwilioSms | Self::VonageSms => App::Sms,
            Self::Telegram => App::Telegram,
            Self::Custom => App::Custom,
            Self::Viber => App::Viber,
            Self::Line => App::Line,
            Self::Messenger => App::Messenger,
            Self::Instagram => App::Instagram,
            Self::Email => App::Email,
        }
    }

    /// The word used for it in the control API.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Dialog360 => "360dialog_whatsapp",
            Self::Vonage => "nexmo_whatsapp",
            Self::Cloud => "whatsapp_cloud",
            Self::Telegram => "telegram",
            Self::TwilioWhatsapp => "twilio_whatsapp",
            Self::TwilioSms => "twilio",
            Self::VonageSms => "nexmo",
            Self::Custom => "custom_channel",
            Self::Viber => "viber",
            Self::Line => "line",
            Self::Messenger => "facebook",
            Self::Instagram => "instagram",
            Self::Email => "other_email",
        }
    }

    /// The name a person knows it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dialog360 => "360dialog",
            Self::Vonage => "Vonage",
            Self::Cloud => "WhatsApp Cloud API",
            Self::Telegram => "Telegram",
            Self::TwilioWhatsapp => "Twilio WhatsApp",
            Self::TwilioSms => "Twilio SMS",
            Self::VonageSms => "Vonage SMS",
            Self::Custom => "Custom channel",
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Messenger => "Messenger",
            Self::Instagram => "Instagram",
            Self::Email => "E-mail",
        }
    }

    /// The first part of its paths.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Dialog360 => "/360dialog",
            Self::Vonage | Self::VonageSms => "/vonage",
            Self::Cloud | Self::Messenger | Self::Instagram => "/meta",
            Self::Telegram => "/telegram",
            Self::TwilioWhatsapp | Self::TwilioSms => "/twilio",
            Self::Custom => "/custom",
            Self::Viber => "/viber",
            Self::Line => "/line",
            Self::Email => "/email",
        }
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
