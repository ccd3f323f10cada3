//! `X-Hub-Signature-256` over the raw body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::accounts::{AccountId, Credential, account};

/// The header's value for a body.
pub(crate) fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The headers of a webhook; a bad signature is one made with another secret.
pub(crate) fn headers(id: AccountId, body: &[u8], is_bad: bool) -> Vec<(String, String)> {
    let (Credential::Cloud { app_secret, .. } | Credential::Messaging { app_secret, .. }) =
        &account(id).credential
    else {
        return Vec::new();
    };
    let secret = if is_bad { "not the secret" } else { app_secret };
    vec![
        ("user-agent".to_owned(), "facebookexternalua".to_owned()),
        ("x-hub-signature-256".to_owned(), sign(secret, body)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector_is_reproduced() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/data/cloud-signature-vector.json")).unwrap();
        let text = |key: &str| vector[key].as_str().unwrap();
        assert_eq!(sign(text("app_secret"), text("raw_body").as_bytes()), text("header_value"));
    }
}
