//! Signed webhooks: a token over the hash of the raw body, signed with the account's signature secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::accounts::{AccountId, Credential, account};
use crate::ids::uuid;

/// The claims, in the documented order.
#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    jti: String,
    iss: &'static str,
    payload_hash: String,
    api_key: &'a str,
    application_id: &'a str,
}

/// A token with the header in Vonage's order, which a general library does not keep.
fn sign(secret: &str, claims: &Claims<'_>) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// The headers of a webhook; a bad signature is one made with another secret.
pub(crate) fn headers(id: AccountId, body: &[u8], is_bad: bool, now_seconds: i64) -> Vec<(String, String)> {
    let Credential::Vonage { application_id, api_key, signature_secret, .. } = &account(id).credential else {
        return Vec::new();
    };
    let payload_hash = hex::encode(Sha256::digest(body));
    let claims =
        Claims { iat: now_seconds, jti: uuid(), iss: "Vonage", payload_hash, api_key, application_id };
    let secret = if is_bad { "not the secret" } else { signature_secret };
    vec![("authorization".to_owned(), format!("Bearer {}", sign(secret, &claims)))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_vector_is_reproduced() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/data/vonage-signature-vector.json")).unwrap();
        let claim = |key: &str| vector["claims"][key].as_str().unwrap();
        let body = vector["raw_body"].as_str().unwrap();
        let claims = Claims {
            iat: vector["claims"]["iat"].as_i64().unwrap(),
            jti: claim("jti").to_owned(),
            iss: "Vonage",
            payload_hash: hex::encode(Sha256::digest(body.as_bytes())),
            api_key: claim("api_key"),
            application_id: claim("application_id"),
        };
        assert_eq!(claims.payload_hash, claim("payload_hash"));
        let token = sign(vector["signature_secret"].as_str().unwrap(), &claims);
        assert_eq!(format!("Bearer {token}"), vector["header_value"].as_str().unwrap());
    }
}
