//! Where a contact can be reached.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A phone number in E.164: a plus and up to 15 digits. Possible, not necessarily valid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct E164(String);

impl E164 {
    /// Reads a number in any common writing: international first, else as dialled in `country`
    /// (ISO 3166-1 alpha-2). A number is accepted when it is possible, not only when it is assigned.
    pub fn parse(text: &str, country: Option<&str>) -> Option<Self> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if !(5..=17).contains(&digits.len()) || text.chars().any(char::is_alphabetic) {
            return None;
        }
        if text.trim_start().starts_with('+') {
            return Self::international(&digits);
        }
        if let Some(rest) = digits.strip_prefix("00") {
            return Self::international(rest);
        }
        let international = if digits.starts_with('0') { None } else { Self::international(&digits) };
        international.or_else(|| Self::national(&digits, country?))
    }

    /// From digits that a provider gave, which are international already.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let fine = (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        fine.then(|| Self(format!("+{digits}")))
    }

    fn international(digits: &str) -> Option<Self> {
        if is_plain(digits) {
            return Self::from_digits(digits);
        }
        let number = phonenumber::parse(None, format!("+{digits}")).ok()?;
        let national_len = number.national().value().to_string().len();
        if !(4..=14).contains(&national_len) {
            return None;
        }
        Self::from_digits(digits)
    }

    fn national(digits: &str, country: &str) -> Option<Self> {
        let country: phonenumber::country::Id = country.to_ascii_uppercase().parse().ok()?;
        let number = phonenumber::parse(Some(country), digits).ok()?;
        Self::from_digits(&number.format().mode(phonenumber::Mode::E164).to_string())
    }

    /// With the plus: `+593997333444`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the plus: `593997333444`.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// The country of the number's prefix (ISO 3166-1 alpha-2), where the plan tells one.
    pub fn country(&self) -> Option<String> {
        let number = phonenumber::parse(None, &self.0).ok()?;
        number.country().id().map(|id| id.as_ref().to_owned())
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a number plainly has a country's code and a national part of a common length: the full parser
/// says the same of it, after a hundred times the work.
fn is_plain(digits: &str) -> bool {
    (1..=3).any(|length| {
        let Some((code, national)) = digits.split_at_checked(length) else { return false };
        let known =
            code.parse().is_ok_and(|code: u16| phonenumber::metadata::DATABASE.by_code(&code).is_some());
        known && (7..=12).contains(&national.len()) && !national.starts_with('0')
    })
}

/// What sort of address it is. WhatsApp's user id (`bsuid`) belongs to one business portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// A phone number, E.164.
    Phone,
    /// An e-mail address, lower case.
    Email,
    /// WhatsApp's business-scoped user id, like `US.13491208655302741918`.
    Bsuid,
    /// An id that only one channel's provider knows (Telegram, Viber, LINE, Messenger, custom).
    Native,
}

impl AddressKind {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Bsuid => "bsuid",
            Self::Native => "native",
        }
    }

    /// Reads the database's word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Phone, Self::Email, Self::Bsuid, Self::Native].into_iter().find(|kind| kind.word() == word)
    }
}

/// One address of a contact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    /// What sort of address it is.
    pub kind: AddressKind,
    /// Which account or channel it is valid in; empty where it is valid everywhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The address itself, normalised.
    pub value: String,
}

impl Address {
    /// A phone number.
    pub fn phone(number: &E164) -> Self {
        Self { kind: AddressKind::Phone, scope: String::new(), value: number.as_str().to_owned() }
    }

    /// An e-mail address; case is dropped.
    pub fn email(text: &str) -> Self {
        Self { kind: AddressKind::Email, scope: String::new(), value: text.trim().to_lowercase() }
    }

    /// An id that only the channel's provider knows. Its scope, the channel, is filled in by whoever
    /// knows the channel.
    pub fn native(value: &str) -> Self {
        Self { kind: AddressKind::Native, scope: String::new(), value: value.to_owned() }
    }

    /// A WhatsApp user id.
    pub fn bsuid(value: &str) -> Self {
        Self { kind: AddressKind::Bsuid, scope: String::new(), value: value.to_owned() }
    }
}

/// Whether a text is shaped like an e-mail address: something, an at sign, a dotted name.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && local.len() <= 64
        && text.len() <= 254
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_every_common_writing() {
        for text in ["+60121233112", "60121233112", "+60 12-123 3112", "0060121233112", "+60 (12) 123.3112"] {
            assert_eq!(E164::parse(text, None).unwrap().as_str(), "+60121233112", "{text}");
        }
        for text in ["0997333444", "099 733 3444", "+593997333444", "593 99 733 3444"] {
            assert_eq!(E164::parse(text, Some("EC")).unwrap().as_str(), "+593997333444", "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "+", "12", "hello", "+593abc997333444", "123456789012345678901"] {
            assert_eq!(E164::parse(text, Some("EC")), None, "{text}");
        }
        assert_eq!(E164::parse("0997333444", None), None);
    }

    #[test]
    fn a_possible_number_that_nobody_has_is_accepted() {
        assert!(E164::parse("+16505551234", None).is_some());
    }

    #[test]
    fn the_country_of_a_number_is_known() {
        assert_eq!(E164::parse("+593997333444", None).unwrap().country().as_deref(), Some("EC"));
    }

    #[test]
    fn e_mail_addresses_are_told_from_other_texts() {
        assert!(is_email("Ana+x@Ejemplo.ec"));
        for text in ["ana", "ana@", "@x.ec", "a b@x.ec", "ana@ec", "ana@x.ec,b@x.ec"] {
            assert!(!is_email(text), "{text}");
        }
    }
}
