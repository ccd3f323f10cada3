//! What each kind of channel can carry: one table, from which checks, the API and the docs come.

use crate::kind::ChannelKind;
use std::time::Duration;

/// What a kind can carry and report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capabilities {
    /// The content types that can be sent, by their API words.
    pub content: &'static [&'static str],
    /// The longest text, in `text_unit`.
    pub text_limit: usize,
    /// What a text's length is counted in.
    pub text_unit: TextUnit,
    /// Over-long text is split (otherwise it is refused).
    pub splits_text: bool,
    /// How long after the contact's last message free text may be sent; `None` = always.
    pub window: Option<Duration>,
    /// Messages a second that the provider takes from one sender by default; 0 = no limit of ours.
    pub pace: u32,
    /// Seconds between messages to one contact once the burst is used up; 0 = none.
    pub pair_pace: u32,
    /// Messages to one contact that may go out at once before `pair_pace` counts.
    pub pair_burst: u32,
    /// The provider echoes our reference in its receipts.
    pub echoes_reference: bool,
    /// The provider tells when a contact blocks or leaves the channel and when it comes back.
    pub tells_access: bool,
    /// A call that is repeated with the same reference within this time is taken once: a lost answer is
    /// asked for again instead of being unknown.
    pub repeats_safely: Option<Duration>,
    /// Receipts that it can report.
    pub receipts: &'static [&'static str],
}

/// What a text's length is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextUnit {
    /// Unicode scalar values.
    Characters,
    /// UTF-16 units: an emoji counts twice.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl TextUnit {
    /// How long one character is.
    pub fn of(self, sign: char) -> usize {
        match self {
            Self::Characters => 1,
            Self::Utf16 => sign.len_utf16(),
            Self::Bytes => sign.len_utf8(),
        }
    }

    /// How long a text is.
    pub fn length(self, text: &str) -> usize {
        match self {
            Self::Characters => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
        }
    }

    /// The word for many of them.
    pub fn word(self) -> &'static str {
        match self {
            Self::Characters | Self::Utf16 => "characters",
            Self::Bytes => "bytes",
        }
    }
}

impl Capabilities {
    /// Whether the provider tells anything about a message after it took it.
    pub fn reports(&self) -> bool {
        self.receipts.iter().any(|receipt| *receipt != "sent")
    }
}

/// The time that WhatsApp's customer service window stays open.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

const WHATSAPP: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "whatsapp_template"],
    text_limit: 4096,
    text_unit: TextUnit::Characters,
    splits_text: false,
    window: Some(WINDOW),
    pace: 80,
    pair_pace: 6,
    pair_burst: 45,
    echoes_reference: true,
    tells_access: false,
    repeats_safely: None,
    receipts: &["sent", "delivered", "read", "failed"],
};

const WHATSAPP_TWILIO: Capabilities = Capabilities { text_limit: 1600, ..WHATSAPP };

const TWILIO_SMS: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply"],
    text_limit: 1600,
    text_unit: TextUnit::Characters,
    splits_text: true,
    window: None,
    pace: 10,
    pair_pace: 0,
    pair_burst: 0,
    echoes_reference: true,
    // STOP and START.
    tells_access: true,
    repeats_safely: None,
    receipts: &["sent", "delivered", "failed"],
};

const TELEGRAM: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "custom_payload"],
    text_limit: 4096,
    text_unit: TextUnit::Utf16,
    splits_text: true,
    window: None,
    pace: 30,
    pair_pace: 1,
    pair_burst: 5,
    echoes_reference: false,
    tells_access: true,
    repeats_safely: None,
    receipts: &["sent"],
};

const VIBER: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "custom_payload"],
    text_limit: 7000,
    text_unit: TextUnit::Characters,
    splits_text: true,
    window: None,
    pace: 50,
    pair_pace: 0,
    pair_burst: 0,
    echoes_reference: false,
    tells_access: true,
    repeats_safely: None,
    receipts: &["sent", "delivered", "read", "failed"],
};

const LINE: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "custom_payload"],
    text_limit: 5000,
    text_unit: TextUnit::Utf16,
    splits_text: true,
    window: None,
    pace: 1000,
    pair_pace: 0,
    pair_burst: 0,
    echoes_reference: false,
    tells_access: true,
    // The time for which LINE knows a retry key.
    repeats_safely: Some(Duration::from_secs(24 * 3600)),
    receipts: &["sent"],
};

const EMAIL: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "email"],
    text_limit: 65_536,
    text_unit: TextUnit::Characters,
    splits_text: false,
    window: None,
    pace: 5,
    pair_pace: 0,
    pair_burst: 0,
    // The Message-ID holds it, and every bounce names that.
    echoes_reference: true,
    tells_access: false,
    // A repeated mail has the same Message-ID, by which mail servers and programs drop doubles.
    repeats_safely: Some(Duration::from_secs(5 * 24 * 3600)),
    receipts: &["sent", "delivered", "failed"],
};

impl ChannelKind {
    /// What this kind can carry; `None` for kinds without an adapter in this build.
    pub fn capabilities(self) -> Option<Capabilities> {
        match self {
            Self::Whatsapp360dialog | Self::WhatsappVonage | Self::WhatsappCloud => Some(WHATSAPP),
            Self::Telegram => Some(TELEGRAM),
            Self::WhatsappTwilio => Some(WHATSAPP_TWILIO),
            Self::TwilioSms => Some(TWILIO_SMS),
            Self::Viber => Some(VIBER),
            Self::Line => Some(LINE),
            Self::Email => Some(EMAIL),
            Self::VonageSms | Self::Messenger | Self::Instagram | Self::Custom => None,
        }
    }
}
