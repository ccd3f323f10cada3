//! What a channel is.

use crate::address::AddressKind;
use serde::{Deserialize, Serialize};

/// The kind of a channel. The API and the command line call it `source` and use other words for
/// some of them; both are in one table here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the kinds' own; `ChannelKind::title` says them in words")]
pub enum ChannelKind {
    #[serde(rename = "whatsapp_360dialog")]
    Whatsapp360dialog,
    WhatsappVonage,
    WhatsappCloud,
    WhatsappTwilio,
    TwilioSms,
    VonageSms,
    Messenger,
    Instagram,
    Telegram,
    Viber,
    Line,
    Email,
    Custom,
}

/// (kind, its word in code and docs, its word in the API, its title).
type Row = (ChannelKind, &'static str, &'static str, &'static str);

const TABLE: [Row; 13] = [
    (ChannelKind::Whatsapp360dialog, "whatsapp_360dialog", "360dialog_whatsapp", "WhatsApp (360dialog)"),
    (ChannelKind::WhatsappVonage, "whatsapp_vonage", "nexmo_whatsapp", "WhatsApp (Vonage)"),
    (ChannelKind::WhatsappCloud, "whatsapp_cloud", "whatsapp_cloud", "WhatsApp (Cloud API)"),
    (ChannelKind::WhatsappTwilio, "whatsapp_twilio", "twilio_whatsapp", "WhatsApp (Twilio)"),
    (ChannelKind::TwilioSms, "twilio_sms", "twilio", "SMS (Twilio)"),
    (ChannelKind::VonageSms, "vonage_sms", "nexmo", "SMS (Vonage)"),
    (ChannelKind::Messenger, "messenger", "facebook", "Facebook Messenger"),
    (ChannelKind::Instagram, "instagram", "instagram", "Instagram"),
    (ChannelKind::Telegram, "telegram", "telegram", "Telegram"),
    (ChannelKind::Viber, "viber", "viber", "Viber"),
    (ChannelKind::Line, "line", "line", "LINE"),
    (ChannelKind::Email, "email", "other_email", "E-mail"),
    (ChannelKind::Custom, "custom", "custom_channel", "Custom channel"),
];

impl ChannelKind {
    /// Every kind, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).expect("every kind has a row")
    }

    /// The word in code, database and docs, for example `whatsapp_360dialog`.
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The word in the API and on the command line, for example `360dialog_whatsapp`.
    pub fn source(self) -> &'static str {
        self.row().2
    }

    /// The name shown to people.
    pub fn title(self) -> &'static str {
        self.row().3
    }

    /// Reads the code's word.
    pub fn from_word(word: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// Reads the API's word.
    pub fn from_source(source: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.2 == source).map(|row| row.0)
    }

    /// Whether this kind writes to addresses of a sort.
    pub fn writes_to(self, address: AddressKind) -> bool {
        match address {
            AddressKind::Phone => {
                self.is_whatsapp() || matches!(self, Self::TwilioSms | Self::VonageSms | Self::Custom)
            }
            AddressKind::Bsuid => self.is_whatsapp(),
            AddressKind::Email => self == Self::Email,
            AddressKind::Native => matches!(
                self,
                Self::Messenger | Self::Instagram | Self::Telegram | Self::Viber | Self::Line | Self::Custom
            ),
        }
    }

    /// Whether this reaches people on WhatsApp, by whichever provider.
    pub fn is_whatsapp(self) -> bool {
        matches!(
            self,
            Self::Whatsapp360dialog | Self::WhatsappVonage | Self::WhatsappCloud | Self::WhatsappTwilio
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row_and_both_words_read_back() {
        for kind in ChannelKind::all() {
            assert_eq!(ChannelKind::from_word(kind.word()), Some(kind));
            assert_eq!(ChannelKind::from_source(kind.source()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
