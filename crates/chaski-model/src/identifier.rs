//! How an API caller names a contact: `id:123`, `email:a@b.ec`, `phone:+593997333444`.

use crate::address::{self, E164};
use crate::ids::ContactId;

/// A contact as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identifier {
    /// By our own number.
    Id(ContactId),
    /// By e-mail address, lower case.
    Email(String),
    /// By phone number.
    Phone(E164),
}

impl Identifier {
    /// Reads an identifier from a path segment that has been percent-decoded once.
    /// `country` is the workspace's, for numbers written as they are dialled at home.
    ///
    /// # Errors
    /// One sentence that says what was wrong and shows the right form.
    pub fn parse(text: &str, country: Option<&str>) -> Result<Self, String> {
        let (kind, value) = text.split_once(':').unwrap_or(("", text));
        let value = value.trim();
        match kind.trim().to_ascii_lowercase().as_str() {
            "id" => value
                .parse()
                .ok()
                .filter(|n| *n > 0 && value.bytes().all(|b| b.is_ascii_digit()))
                .map(|n| Self::Id(ContactId(n)))
                .ok_or_else(|| "`id:` must be followed by digits, for example id:123.".to_owned()),
            "email" if address::is_email(value) => Ok(Self::Email(value.to_lowercase())),
            "email" => {
                Err("`email:` must be an e-mail address, for example email:ana@ejemplo.ec.".to_owned())
            }
            "phone" => E164::parse(value, country).map(Self::Phone).ok_or_else(|| {
                "`phone:` must be an international number, for example phone:+593997333444.".to_owned()
            }),
            _ => Err("The contact must be given as id:123, email:ana@ejemplo.ec or phone:+593997333444."
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_in_any_case() {
        assert_eq!(Identifier::parse("id:123", None), Ok(Identifier::Id(ContactId(123))));
        assert_eq!(
            Identifier::parse("Email:Ana@Ejemplo.EC", None),
            Ok(Identifier::Email("ana@ejemplo.ec".into()))
        );
        let phone = E164::parse("+60121233112", None).unwrap();
        for text in ["phone:+60121233112", "phone:60121233112", "phone: +60 12-123 3112"] {
            assert_eq!(Identifier::parse(text, None), Ok(Identifier::Phone(phone.clone())), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_right_form() {
        for text in [
            "",
            "123",
            "identifier",
            "id:",
            "id:-4",
            "id:+4",
            "id:0",
            "id:12x",
            "email:ana",
            "phone:",
            "phone:abc",
            "tel:+1",
        ] {
            assert!(
                Identifier::parse(text, None).unwrap_err().contains("for example")
                    || !text.contains(':')
                    || text.starts_with("tel"),
                "{text}"
            );
        }
    }
}
