//! Names that mails are told by, and words that may stand in their headers.

use crate::signature::sha256_hex;
use chaski_model::PartRef;

/// Whether a text would begin another header.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(['\r', '\n', '\0'])
}

/// The `Message-ID` of a part: the same on every try.
pub(super) fn message_id(reference: &str, from: &str) -> String {
    let (_, domain) = from.rsplit_once('@').unwrap_or(("", "localhost"));
    format!("<{reference}.{}@{}>", proof(reference, from), domain.to_lowercase())
}

/// The reference in a `Message-ID` that this address has made.
pub(super) fn reference_of(id: &str) -> Option<&str> {
    let inside = id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (local, _) = inside.rsplit_once('@')?;
    let (reference, proof) = local.rsplit_once('.')?;
    let is_proof = proof.len() == 10 && proof.bytes().all(|b| b.is_ascii_hexdigit());
    (is_proof && PartRef::parse(reference).is_some()).then_some(reference)
}

/// Keeps the ids of two gateways with one domain apart.
fn proof(reference: &str, from: &str) -> String {
    sha256_hex(format!("chaski mail {reference} {}", from.to_lowercase()).as_bytes())[..10].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_the_same_each_time_and_holds_the_reference() {
        let id = message_id("123.1.1", "Soporte@Ejemplo.ec");
        assert_eq!(id, message_id("123.1.1", "soporte@ejemplo.ec"));
        assert!(id.ends_with("@ejemplo.ec>"), "{id}");
        assert_eq!(reference_of(&id), Some("123.1.1"));
        for other in ["<abc@x.ec>", "<1.1.1@x.ec>", "123.1.1.0123456789@x.ec", ""] {
            assert_eq!(reference_of(other), None, "{other}");
        }
    }
}
