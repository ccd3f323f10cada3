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
    /// Viber's bot API.
    #[serde(rename = "viber")]
    Viber,
    /// LINE's Messaging API.
    #[serde(rename = "line")]
    Line,
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
    Email,
}

impl App {
    pub(crate) const ALL: [Self; 6] =
        [Self::Whatsapp, Self::Sms, Self::Telegram, Self::Viber, Self::Line, Self::Email];

    /// Its word in addresses and in the style sheet.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Sms => "sms",
            Self::Telegram => "telegram",
            Self::Viber => "viber",
            Self::Line => "line",
            Self::Email => "email",
        }
    }

    /// The name a person knows it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Whatsapp => "WhatsApp",
            Self::Sms => "SMS",
            Self::Telegram => "Telegram",
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Email => "E-mail",
        }
    }
}

impl Source {
    pub(crate) const ALL: [Self; 9] = [
        Self::Dialog360,
        Self::Vonage,
        Self::Cloud,
        Self::Telegram,
        Self::TwilioWhatsapp,
        Self::TwilioSms,
        Self::Viber,
        Self::Line,
        Self::Email,
    ];

    /// Where people see its messages.
    pub(crate) const fn app(self) -> App {
        match self {
            Self::Dialog360 | Self::Vonage | Self::Cloud | Self::TwilioWhatsapp => App::Whatsapp,
            Self::TwilioSms => App::Sms,
            Self::Telegram => App::Telegram,
            Self::Viber => App::Viber,
            Self::Line => App::Line,
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
            Self::Viber => "viber",
            Self::Line => "line",
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
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Email => "E-mail",
        }
    }

    /// The first part of its paths.
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Dialog360 => "/360dialog",
            Self::Vonage => "/vonage",
            Self::Cloud => "/meta",
            Self::Telegram => "/telegram",
            Self::TwilioWhatsapp | Self::TwilioSms => "/twilio",
            Self::Viber => "/viber",
            Self::Line => "/line",
            Self::Email => "/email",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }

    /// The provider whose API a path belongs to, and the path below its prefix; the first of those that
    /// share one.
    pub(crate) fn of_path(path: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|source| {
            let rest = path.strip_prefix(source.prefix())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((source, rest))
        })
    }
}
