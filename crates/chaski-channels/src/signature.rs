//! Signatures of webhooks, over the raw bytes and in constant time.

use chaski_model::{ErrorCode, Failure};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// Whether `signature` is the HMAC-SHA256 of `message` under `secret`.
pub(crate) fn is_hmac(secret: &str, message: &[u8], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(message);
    mac.verify_slice(signature).is_ok()
}

/// The HMAC-SHA1 of `message` under `secret`, which Twilio still uses.
pub(crate) fn hmac_sha1(secret: &str, message: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// `sig` of Vonage's SMS API: a plain MD5 over text and secret, or an HMAC; lower-case hex.
pub(crate) fn sms_signature(method: &str, secret: &str, text: &str) -> Option<String> {
    fn hmac<M: Mac + KeyInit>(secret: &str, text: &str) -> Option<String> {
        let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).ok()?;
        mac.update(text.as_bytes());
        Some(hex::encode(mac.finalize().into_bytes()))
    }
    match method {
        "md5hash" => Some(hex::encode(Md5::digest(format!("{text}{secret}")))),
        "md5" => hmac::<Hmac<Md5>>(secret, text),
        "sha1" => hmac::<Hmac<Sha1>>(secret, text),
        "sha256" => hmac::<Hmac<Sha256>>(secret, text),
        "sha512" => hmac::<Hmac<Sha512>>(secret, text),
        _ => None,
    }
}

/// Whether two texts are equal, without telling by the time taken where they differ.
pub(crate) fn is_equal(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// The SHA-256 of the bytes, as lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A webhook that is not believed, and why.
pub(crate) fn refused(why: &str) -> Failure {
    Failure::new(ErrorCode::WebhookUnauthorized, why)
}
