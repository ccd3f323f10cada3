//! Names that mails are told by, and words that may stand in their headers.

use crate::signature::{is_equal, sha256_hex};
use chaski_model::PartRef;

/// Whether a text would begin another header.
pub(super) fn has_break(text: &str) -> bool {
    text.contains(['\r', '\n', '\0'])
}

/// The `Message-ID` of a part: the same on every try. `hook_url` is the address of the channel's webhook.
pub(super) fn message_id(reference: &str, from: &str, hook_url: &str) -> String {
    let (_, domain) = from.rsplit_once('@').unwrap_or(("", "localhost"));
    format!("<{reference}.{}@{}>", proof(reference, hook_url), domain.to_lowercase())
}

/// The reference in a `Message-ID` that the channel of this webhook has made.
pub(super) fn reference_of<'a>(id: &'a str, hook_url: &str) -> Option<&'a str> {
    let inside = id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let (local, _) = inside.rsplit_once('@')?;
    let (reference, shown) = local.rsplit_once('.')?;
    let is_ours = PartRef::parse(reference).is_some() && is_equal(shown, &proof(reference, hook_url));
    is_ours.then_some(reference)
}

/// By which only mails of the channel's own are believed to have come back: nobody else knows the end of its
/// webhook's address.
fn proof(reference: &str, hook_url: &str) -> String {
    let address = hook_url.split('?').next().unwrap_or_default();
    let key = address.rsplit('/').next().unwrap_or_default();
    sha256_hex(format!("chaski mail {reference} {key}").as_bytes())[..20].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_the_same_each_time_and_holds_the_reference() {
        const HOOK: &str = "https://x.ec/hooks/k1";
        let id = message_id("123.1.1", "Soporte@Ejemplo.ec", HOOK);
        assert_eq!(id, message_id("123.1.1", "soporte@ejemplo.ec", "http://other.ec/hooks/k1?a=b"));
        assert!(id.ends_with("@ejemplo.ec>"), "{id}");
        assert_eq!(reference_of(&id, HOOK), Some("123.1.1"));
        let of_another = id.replacen("123.1.1", "124.1.1", 1);
        for other in ["<abc@x.ec>", "<1.1.1@x.ec>", "123.1.1.0123456789@x.ec", "", &of_another] {
            assert_eq!(reference_of(other, HOOK), None, "{other}");
        }
        assert_eq!(reference_of(&id, "https://x.ec/hooks/k2"), None, "another channel's");
    }
}
