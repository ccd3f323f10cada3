//! API tokens: JWT-shaped, because existing clients decode them, but checked by their hash only.

use crate::vault::random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chaski_model::{Timestamp, TokenId, WorkspaceId};
use serde_json::json;
use sha2::{Digest, Sha256};

/// Every scope that a token can have.
pub const SCOPES: [&str; 7] = [
    "messages:send",
    "messages:read",
    "contacts:read",
    "contacts:write",
    "space:read",
    "space:write",
    "admin",
];

/// A new token. Its third part is random: there is nothing to sign, the hash is looked up.
pub fn new_token(id: TokenId, workspace: WorkspaceId, now: Timestamp) -> String {
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = json!({
        "iat": now.secs(), "id": id.0, "spaceId": workspace.0, "orgId": workspace.0, "type": "api",
    });
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A random word for addresses and cookies: 256 bits.
pub fn new_key() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// SHA-256 of a token or key.
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_decodes_as_clients_expect_and_never_repeats() {
        let token = new_token(TokenId(5), WorkspaceId(1), Timestamp::from_secs(1_795_000_000));
        let parts: Vec<_> = token.split('.').collect();
        let claims: serde_json::Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!(parts.len(), 3);
        for key in ["iat", "id", "spaceId", "orgId"] {
            assert!(claims[key].is_i64(), "{key}");
        }
        assert!(claims["type"].is_string());
        assert_ne!(token, new_token(TokenId(5), WorkspaceId(1), Timestamp::from_secs(1_795_000_000)));
    }
}
