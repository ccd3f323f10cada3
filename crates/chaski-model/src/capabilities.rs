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
    /// What goes out once the window has closed.
    pub after_window: AfterWindow,
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
    /// A receipt stands for everything up to a moment instead of one message.
    pub reports_up_to: bool,
    /// The provider can be asked who a contact is.
    pub profiles: bool,
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

/// What a kind still carries once the window has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterWindow {
    /// Approved templates; also where there is no window.
    Template,
    /// Answers that a person wrote, under Meta's tag HUMAN_AGENT.
    HumanAgent {
        /// How long after the contact's last message.
        within: Duration,
        /// The provider's code for what comes outside its window.
        code: i64,
    },
}

impl Capabilities {
    /// Whether the provider tells anything about every message after it took it: where only failures are
    /// told, silence means that all is well.
    pub fn reports(&self) -> bool {
        self.receipts.iter().any(|receipt| !matches!(*receipt, "sent" | "failed"))
    }
}

/// The only message tag that Meta still takes, for answers that a person wrote.
pub const HUMAN_AGENT: &str = "HUMAN_AGENT";

/// The setting of a channel by which message tags that Meta has retired are sent all the same.
pub const PASS_TAGS: &str = "pass_deprecated_tags";

/// The time that WhatsApp's customer service window stays open.
pub const WINDOW: Duration = Duration::from_secs(24 * 3600);

const WHATSAPP: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "whatsapp_template"],
    text_limit: 4096,
    text_unit: TextUnit::Characters,
    splits_text: false,
    window: Some(WINDOW),
    after_window: AfterWindow::Template,
    pace: 80,
    pair_pace: 6,
    pair_burst: 45,
    echoes_reference: true,
    tells_access: false,
    repeats_safely: None,
    receipts: &["sent", "delivered", "read", "failed"],
    reports_up_to: false,
    profiles: false,
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
    after_window: AfterWindow::Template,
    reports_up_to: false,
    profiles: false,
};

const VONAGE_SMS: Capabilities = Capabilities {
    content: &["text", "quick_reply"],
    text_limit: 3200,
    pace: 30,
    tells_access: false,
    ..TWILIO_SMS
};

const CUSTOM: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply"],
    text_limit: 4096,
    pace: 20,
    echoes_reference: false,
    tells_access: false,
    receipts: &["sent", "delivered", "read", "failed"],
    ..TWILIO_SMS
};

const TELEGRAM: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "custom_payload"],
    text_limit: 4096,
    text_unit: TextUnit::Utf16,
    splits_text: true,
    window: None,
    after_window: AfterWindow::Template,
    pace: 30,
    pair_pace: 1,
    pair_burst: 5,
    echoes_reference: false,
    tells_access: true,
    repeats_safely: None,
    receipts: &["sent"],
    reports_up_to: false,
    profiles: false,
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
    after_window: AfterWindow::Template,
    reports_up_to: false,
    profiles: false,
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
    after_window: AfterWindow::Template,
    reports_up_to: false,
    profiles: true,
};

/// How long a person may answer under Meta's tag HUMAN_AGENT.
const PERSON_ANSWERS: Duration = Duration::from_secs(7 * 24 * 3600);

const MESSENGER: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply", "custom_payload"],
    text_limit: 2000,
    text_unit: TextUnit::Characters,
    splits_text: true,
    window: Some(WINDOW),
    after_window: AfterWindow::HumanAgent { within: PERSON_ANSWERS, code: 2_018_278 },
    pace: 40,
    pair_pace: 0,
    pair_burst: 0,
    echoes_reference: true,
    receipts: &["sent", "delivered", "read"],
    reports_up_to: true,
    profiles: true,
    tells_access: false,
    repeats_safely: None,
};

const INSTAGRAM: Capabilities = Capabilities {
    content: &["text", "attachment", "quick_reply"],
    text_limit: 1000,
    text_unit: TextUnit::Bytes,
    after_window: AfterWindow::HumanAgent { within: PERSON_ANSWERS, code: 2_534_022 },
    echoes_reference: false,
    receipts: &["sent", "read"],
    ..MESSENGER
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
    // A repeated mail has the same Message-ID, by which some mail programs drop doubles, but not all servers.
    repeats_safely: None,
    // Few mail servers tell that a mail arrived; where one does, it is believed.
    receipts: &["sent", "failed"],
    after_window: AfterWindow::Template,
    reports_up_to: false,
    profiles: false,
};

impl ChannelKind {
    /// What this kind can carry; `None` for kinds without an adapter in this build.
    pub fn capabilities(self) -> Option<Capabilities> {
        match self {
            Self::Whatsapp360dialog | Self::WhatsappVonage | Self::WhatsappCloud => Some(WHATSAPP),
            Self::Telegram => Some(TELEGRAM),
            Self::WhatsappTwilio => Some(WHATSAPP_TWILIO),
            Self::TwilioSms => Some(TWILIO_SMS),
            Self::Messenger => Some(MESSENGER),
            Self::Instagram => Some(INSTAGRAM),
            Self::Viber => Some(VIBER),
            Self::Line => Some(LINE),
            Self::VonageSms => Some(VONAGE_SMS),
            Self::Custom => Some(CUSTOM),
            Self::Email => Some(EMAIL),
        }
    }
}
