//! The providers' own error codes, as data: what each means, what Chaski does, who can act.
//!
//! One table serves the adapters (what to do with a refusal), the inbox (the code in words) and
//! `chaski explain`. The actions follow each provider's own documentation; where an adapter knows
//! more than the code (a lost answer, a text that tells two causes apart), the adapter decides.

use crate::error_code::ErrorCode;
use crate::failure::Actor;

/// Whose codes they are. Numbers mean different things in different families.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Meta's Graph API: Cloud API, and 360dialog where it passes Meta's error through.
    Meta,
    /// Vonage's Messages API; below 1000 they are HTTP statuses.
    Vonage,
    /// 360dialog's own errors, which are HTTP statuses, some told apart by their text.
    Dialog360,
    /// Telegram's Bot API: HTTP statuses, told apart by words of the description.
    Telegram,
    /// Twilio's, whatever the channel.
    Twilio,
    /// Vonage's older SMS API: statuses under HTTP 200.
    VonageSms,
    /// Viber's own status numbers, which come under HTTP 200.
    Viber,
    /// LINE's Messaging API: HTTP statuses, some told apart by their text.
    Line,
    /// Messenger and Instagram at Meta's Graph API: the `error_subcode` where it says more, else the code.
    Messaging,
    /// SMTP's reply codes, told apart by their enhanced codes (RFC 3463), which stand in the text.
    Smtp,
}

impl Family {
    /// Every one, in the order in which codes are explained.
    const ALL: [Self; 10] = [
        Self::Meta,
        Self::Vonage,
        Self::Dialog360,
        Self::Telegram,
        Self::Viber,
        Self::Line,
        Self::Twilio,
        Self::VonageSms,
        Self::Messaging,
        Self::Smtp,
    ];

    /// The provider's name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Meta => "Meta",
            Self::Vonage => "Vonage",
            Self::Dialog360 => "360dialog",
            Self::Telegram => "Telegram",
            Self::Twilio => "Twilio",
            Self::VonageSms => "Vonage SMS",
            Self::Viber => "Viber",
            Self::Line => "LINE",
            Self::Messaging => "Messenger and Instagram",
            Self::Smtp => "SMTP",
        }
    }
}

/// How far a request to slow down reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This contact on this channel.
    Recipient,
    /// The channel.
    Channel,
    /// Every channel of the account.
    Account,
    /// The template.
    Template,
}

/// What is done with a part that was answered with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Tried again, at most so often; `None` = until its time to live.
    Retry {
        /// The most tries.
        most: Option<u32>,
    },
    /// Slow down, then try again.
    Backoff(Reach),
    /// Refused for good.
    Fail,
    /// The channel is held until someone resumes it.
    Channel,
    /// The template cannot be used; the part fails.
    Template,
    /// Comes only with messages from a contact.
    Inbound,
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct ProviderCode {
    /// Whose code it is.
    pub family: Family,
    /// The number; the first one of a range.
    pub code: i64,
    /// What is done.
    pub action: Action,
    /// Our own code for it.
    pub error: ErrorCode,
    /// Whose move it is.
    pub actor: Actor,
    /// Whether the same message can succeed later.
    pub retryable: bool,
    /// Words by which one of several causes with the same number is told; empty for the plain one.
    pub words: &'static str,
    /// English: what it means, and what to do.
    pub en: (&'static str, &'static str),
    /// Spanish: what it means, and what to do.
    pub es: (&'static str, &'static str),
}

impl ProviderCode {
    /// One English paragraph: what it means and what to do.
    pub fn sentence(&self) -> String {
        format!("{}. {}", self.en.0, self.en.1)
    }
}

/// Every row of the table, ranges by their first code.
pub fn all() -> impl Iterator<Item = &'static ProviderCode> {
    Family::ALL.into_iter().flat_map(rows)
}

/// What a code means.
pub fn find(family: Family, code: i64) -> Option<&'static ProviderCode> {
    let code = first_of_range(family, code);
    rows(family).iter().find(|row| row.code == code && row.words.is_empty())
}

/// What a code means together with the provider's words, where one number stands for several
/// causes.
pub fn find_by_words(family: Family, code: i64, words: &str) -> Option<&'static ProviderCode> {
    let words = words.to_lowercase();
    let told = rows(family)
        .iter()
        .find(|row| row.code == code && !row.words.is_empty() && words.contains(row.words));
    told.or_else(|| find(family, code))
}

fn rows(family: Family) -> &'static [ProviderCode] {
    match family {
        Family::Meta => meta::META,
        Family::Vonage => vonage::VONAGE,
        Family::Dialog360 => dialog360::DIALOG360,
        Family::Telegram => telegram::TELEGRAM,
        Family::Twilio => twilio::TWILIO,
        Family::VonageSms => vonage_sms::VONAGE_SMS,
        Family::Viber => viber::VIBER,
        Family::Line => line::LINE,
        Family::Messaging => messaging::MESSAGING,
        Family::Smtp => smtp::SMTP,
    }
}

/// The providers document some codes only as ranges or groups that mean one thing.
fn first_of_range(family: Family, code: i64) -> i64 {
    match (family, code) {
        (Family::Meta, 200..=299) => 200,
        (Family::Meta, 139_000..=139_004) => 139_000,
        (Family::Meta, 2_388_072 | 2_388_073) => 2_388_047,
        (Family::Vonage, 1472..=1476) => 1470,
        (Family::Vonage, 1480..=1484) => 1480,
        (Family::Twilio, 21_701..=21_705) => 21_701,
        _ => code,
    }
}

const RETRY: Action = Action::Retry { most: None };
const RETRY_ONCE: Action = Action::Retry { most: Some(2) };
const RETRY_3: Action = Action::Retry { most: Some(3) };
const FAIL: Action = Action::Fail;
const HOLD: Action = Action::Channel;
const SLOW_CHANNEL: Action = Action::Backoff(Reach::Channel);
const SLOW_ACCOUNT: Action = Action::Backoff(Reach::Account);
const SLOW_CONTACT: Action = Action::Backoff(Reach::Recipient);
const SLOW_TEMPLATE: Action = Action::Backoff(Reach::Template);

macro_rules! table {
    ($family:ident: $($code:literal $($words:literal)? => $action:expr, $error:ident, $actor:ident, $retryable:literal,
        $en:literal / $en_fix:literal, $es:literal / $es_fix:literal;)*) => {
        &[$(ProviderCode {
            family: Family::$family,
            code: $code,
            action: $action,
            error: ErrorCode::$error,
            actor: Actor::$actor,
            retryable: $retryable,
            words: concat!($($words)?),
            en: ($en, $en_fix),
            es: ($es, $es_fix),
        },)*]
    };
}

mod dialog360;
mod line;
mod messaging;
mod meta;
mod smtp;
mod telegram;
mod twilio;
mod viber;
mod vonage;
mod vonage_sms;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_speaks_both_languages_in_whole_sentences() {
        for row in all() {
            for (title, fix) in [row.en, row.es] {
                assert!(!title.is_empty() && !title.ends_with('.'), "{} {title}", row.code);
                assert!(fix.ends_with('.'), "{} {fix}", row.code);
            }
            assert_ne!(row.en.0, row.es.0, "{}", row.code);
        }
    }

    #[test]
    fn every_row_is_found_by_its_own_number_and_words() {
        for row in all() {
            let found = find_by_words(row.family, row.code, row.words).unwrap();
            assert_eq!((found.code, found.words, found.en), (row.code, row.words, row.en));
        }
    }

    #[test]
    fn ranges_are_one_row() {
        for code in [200, 210, 299] {
            assert_eq!(find(Family::Meta, code).unwrap().code, 200);
        }
        assert_eq!(find(Family::Meta, 139_004).unwrap().code, 139_000);
        assert_eq!(find(Family::Meta, 2_388_073).unwrap().code, 2_388_047);
        assert_eq!(find(Family::Vonage, 1476).unwrap().code, 1470);
        assert_eq!(find(Family::Vonage, 1483).unwrap().code, 1480);
        assert!(find(Family::Meta, 300).is_none());
    }

    #[test]
    fn one_number_of_360dialog_has_several_causes() {
        let said = "Could not send message due to lack of payment. Messaging can resume once …";
        assert_eq!(find_by_words(Family::Dialog360, 400, said).unwrap().action, Action::Channel);
        assert_eq!(find(Family::Dialog360, 400).unwrap().action, Action::Fail);
    }
}
