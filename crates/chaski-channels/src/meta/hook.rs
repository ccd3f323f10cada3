//! Webhooks of a Meta app: the signature, and the check of the address. It is the same for WhatsApp,
//! Messenger and Instagram.

use crate::adapter::{Challenge, Incoming, Secrets};
use crate::signature::{is_equal, is_hmac, refused};
use chaski_model::Failure;

/// `X-Hub-Signature-256: sha256=<hex>` over the raw bytes, by the app's secret or, while it is being
/// changed, by the next one.
pub(crate) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let header = hook
        .header("x-hub-signature-256")
        .ok_or_else(|| refused("The header X-Hub-Signature-256 is missing."))?;
    let signature = header.trim().strip_prefix("sha256=").and_then(|text| hex::decode(text).ok());
    let signature =
        signature.ok_or_else(|| refused("The header X-Hub-Signature-256 is not `sha256=` and hex."))?;
    let mut keys = ["app_secret", "app_secret_2"].into_iter().filter_map(|key| secrets.get(key));
    if keys.any(|key| is_hmac(key, hook.body, &signature)) {
        return Ok(());
    }
    Err(refused("The webhook's signature does not match the channel's app_secret."))
}

/// Meta asks once, with a GET, whether the address is ours.
pub(crate) fn challenge(query: &str, secrets: &Secrets) -> Option<Challenge> {
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let get = |key: &str| pairs.iter().find(|pair| pair.0 == key).map(|pair| pair.1.as_ref());
    if get("hub.mode")? != "subscribe" {
        return None;
    }
    let is_ours = match (get("hub.verify_token"), secrets.get("verify_token")) {
        (Some(shown), Some(known)) => is_equal(shown, known),
        _ => false,
    };
    let body = if is_ours { get("hub.challenge").unwrap_or_default().to_owned() } else { String::new() };
    Some(Challenge { status: if is_ours { 200 } else { 403 }, body })
}
