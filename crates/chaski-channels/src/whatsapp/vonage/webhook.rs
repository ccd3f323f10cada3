//! Webhooks of Vonage: the signed token, and statuses. Messages are read by [`super::inbound`].

use super::{inbound, send};
use crate::adapter::{Incoming, Secrets};
use crate::signature::{is_equal, is_hmac, refused, sha256_hex};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chaski_model::event::{Event, Receipt, Sender};
use chaski_model::{Address, E164, ErrorCode, Failure, ReceiptKind, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// How far a webhook's time may lie from ours. The token has no expiry of its own.
const AGE: Duration = Duration::from_secs(5 * 60);

/// `Authorization: Bearer <JWT>` signed with the account's signature secret (HS256), over a hash of
/// the raw bytes. Any other algorithm, `none` above all, is refused.
pub(crate) fn verify(hook: &Incoming<'_>, secrets: &Secrets, now: Timestamp) -> Result<(), Failure> {
    let token = bearer(hook).ok_or_else(|| refused("The header Authorization has no bearer token."))?;
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| refused("The token is not a JWT."))?;
    let header =
        signed.split('.').next().and_then(decode).ok_or_else(|| refused("The token is not a JWT."))?;
    if header.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err(refused("The token is not signed with HS256."));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| refused("The token is not a JWT."))?;
    let mut keys = ["signature_secret", "signature_secret_2"].into_iter().filter_map(|key| secrets.get(key));
    if !keys.any(|key| is_hmac(key, signed.as_bytes(), &signature)) {
        return Err(refused("The token's signature does not match the channel's signature_secret."));
    }
    let claims = claims(token).ok_or_else(|| refused("The token is not a JWT."))?;
    check_claims(&claims, hook.body, now)
}

fn check_claims(claims: &Value, body: &[u8], now: Timestamp) -> Result<(), Failure> {
    if claims.get("iss").and_then(Value::as_str) != Some("Vonage") {
        return Err(refused("The token was not issued by Vonage."));
    }
    let issued_at = claims.get("iat").and_then(Value::as_i64).map(Timestamp::from_secs);
    let issued_at = issued_at.ok_or_else(|| refused("The token does not say when it was made."))?;
    if now.since(issued_at) > AGE || issued_at.since(now) > AGE {
        return Err(refused("The token was not made within the last five minutes; check both clocks."));
    }
    let hash = claims.get("payload_hash").and_then(Value::as_str).unwrap_or_default();
    if !is_equal(&hash.to_ascii_lowercase(), &sha256_hex(body)) {
        return Err(refused("The token does not belong to this body."));
    }
    Ok(())
}

/// The token's own id.
pub(crate) fn replay_key(hook: &Incoming<'_>) -> Option<String> {
    claims(bearer(hook)?)?.get("jti")?.as_str().map(str::to_owned)
}

fn bearer<'a>(hook: &'a Incoming<'_>) -> Option<&'a str> {
    let header = hook.headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn claims(token: &str) -> Option<Value> {
    decode(token.split('.').nth(1)?)
}

fn decode(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// One webhook is one status or one message.
pub(super) fn events(body: &[u8]) -> Result<Vec<(Sender, Event)>, Failure> {
    let hook: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::new(ErrorCode::MalformedJson, format!("The webhook is not JSON: {error}."))
    })?;
    let text = |key: &str| hook.get(key).and_then(Value::as_str);
    let ignored = |what: String| vec![(Sender(String::new()), Event::Ignored { what })];
    if text("channel").is_some_and(|channel| channel != "whatsapp") {
        return Ok(ignored(format!("channel {}", text("channel").unwrap_or_default())));
    }
    if text("message_type").is_some() {
        let sender = Sender(send::digits(text("to").unwrap_or_default()));
        return Ok(vec![(sender, inbound::event(&hook))]);
    }
    match text("status") {
        Some(status) => {
            Ok(vec![(Sender(send::digits(text("from").unwrap_or_default())), receipt(&hook, status))])
        }
        None => Ok(ignored("unknown webhook".to_owned())),
    }
}

/// What a status says of a message.
pub(crate) fn receipt(hook: &Value, status: &str) -> Event {
    let kind = match status {
        "submitted" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "read" => ReceiptKind::Read,
        "rejected" | "undeliverable" => ReceiptKind::Failed,
        other => return Event::Ignored { what: format!("status {other}") },
    };
    let Some(id) = hook.get("message_uuid").and_then(Value::as_str) else {
        return Event::Ignored { what: "malformed status".to_owned() };
    };
    let failure =
        (kind == ReceiptKind::Failed).then(|| send::failure_of(hook.get("error").unwrap_or(&Value::Null)));
    Event::Receipt(Receipt {
        reference: hook.get("client_ref").and_then(Value::as_str).map(str::to_owned),
        provider_id: id.to_owned(),
        kind,
        at: at(hook),
        failure,
        learned: addresses(hook.get("to"), hook.pointer("/whatsapp/recipient")),
    })
}

/// When it happened; 0 where the webhook does not say it.
pub(crate) fn at(hook: &Value) -> Timestamp {
    hook.get("timestamp").and_then(Value::as_str).and_then(Timestamp::parse_rfc3339).unwrap_or_default()
}

/// Every address of a contact that the webhook tells, the phone first. A contact with a username
/// stands there as a user id instead of a number.
pub(super) fn addresses(party: Option<&Value>, details: Option<&Value>) -> Vec<Address> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let detail = |key: &str| text(details.and_then(|details| details.get(key)));
    let party = text(party);
    let phone = E164::from_digits(&detail("wa_id")).or_else(|| E164::from_digits(&party));
    let bsuid = Some(detail("user_id")).filter(|id| !id.is_empty());
    let bsuid = bsuid.or_else(|| Some(party).filter(|party| party.contains('.')));
    phone.iter().map(Address::phone).chain(bsuid.iter().map(|id| Address::bsuid(id))).collect()
}
