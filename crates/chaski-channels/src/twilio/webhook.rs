//! Webhooks: forms, signed over the public address and every parameter.

use super::outcome;
use crate::adapter::{Incoming, Secrets};
use crate::signature::{hmac_sha1, is_equal, refused};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chaski_model::event::{Event, Receipt, Sender};
use chaski_model::status::ReceiptKind;
use chaski_model::{ErrorCode, Failure};
use std::collections::{BTreeMap, BTreeSet};

const HEADER: &str = "X-Twilio-Signature";

/// A form's fields; of a repeated one the last.
pub(super) type Form = BTreeMap<String, String>;

/// Over the address that Twilio was told, and the parameters in the order of their names. Twilio adds
/// parameters without notice, so that all of them count, also the empty ones; of a repeated one each
/// different value, sorted.
pub(super) fn verify(hook: &Incoming<'_>, secrets: &Secrets) -> Result<(), Failure> {
    let shown = hook.header(HEADER).ok_or_else(|| refused("The header X-Twilio-Signature is missing."))?;
    let mut parameters: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(hook.body) {
        parameters.entry(name.into_owned()).or_default().insert(value.into_owned());
    }
    let mut rest = String::new();
    for (name, values) in &parameters {
        for value in values {
            rest.push_str(name);
            rest.push_str(value);
        }
    }
    let tokens = ["auth_token", "auth_token_2"].into_iter().filter_map(|key| secrets.get(key));
    let is_right = |token: &str, url: &str| {
        let signature = hmac_sha1(token, format!("{url}{rest}").as_bytes());
        is_equal(&STANDARD.encode(signature), shown)
    };
    let addresses = addresses(hook.url);
    let mut pairs = tokens.flat_map(|token| addresses.iter().map(move |url| (token, url)));
    if pairs.any(|(token, url)| is_right(token, url)) {
        return Ok(());
    }
    Err(refused(
        "The header X-Twilio-Signature does not match. Check the auth token, and that server.public_url is the address that Twilio calls.",
    ))
}

/// Twilio signs with or without the scheme's own port.
fn addresses(address: &str) -> Vec<String> {
    let mut found = vec![address.to_owned()];
    let Ok(parsed) = url::Url::parse(address) else { return found };
    if let (None, Some(host), Some(port)) = (parsed.port(), parsed.host_str(), parsed.port_or_known_default())
    {
        let bare = format!("{}://{host}", parsed.scheme());
        let rest =
            address.strip_prefix(&bare).map(|rest| rest.strip_prefix(&format!(":{port}")).unwrap_or(rest));
        if let Some(rest) = rest {
            found = vec![format!("{bare}{rest}"), format!("{bare}:{port}{rest}")];
        }
    }
    found
}

pub(super) fn events(
    hook: &Incoming<'_>,
    inbound: fn(&Form, &Incoming<'_>) -> Vec<Event>,
) -> Result<Vec<(Sender, Event)>, Failure> {
    let form: Form = url::form_urlencoded::parse(hook.body).into_owned().collect();
    let is_received =
        |key: &str| form.get(key).is_some_and(|status| status == "received" || status == "receiving");
    if form.get("MessageSid").or_else(|| form.get("SmsSid")).is_none_or(|sid| sid.is_empty()) {
        return Err(Failure::new(ErrorCode::ValidationFailed, "The webhook names no message (MessageSid)."));
    }
    let events = if form.contains_key("MessageStatus") && !is_received("MessageStatus") {
        vec![status(&form, hook)]
    } else {
        inbound(&form, hook)
    };
    // A hook is one channel's.
    Ok(events.into_iter().map(|event| (Sender(String::new()), event)).collect())
}

/// A field that is there and not empty.
pub(super) fn text(form: &Form, key: &str) -> Option<String> {
    form.get(key).filter(|text| !text.is_empty()).cloned()
}

fn status(form: &Form, hook: &Incoming<'_>) -> Event {
    let word = text(form, "MessageStatus").unwrap_or_default();
    let kind = match word.as_str() {
        "sent" => ReceiptKind::Sent,
        "delivered" => ReceiptKind::Delivered,
        "read" => ReceiptKind::Read,
        "failed" | "undelivered" | "canceled" => ReceiptKind::Failed,
        // Queued, accepted, sending, scheduled: it is on its way.
        _ => return Event::Ignored { what: format!("status {word}") },
    };
    let code = text(form, "ErrorCode").and_then(|code| code.parse().ok());
    let words = text(form, "ChannelStatusMessage").or_else(|| text(form, "ErrorMessage")).unwrap_or_default();
    let reference = url::form_urlencoded::parse(hook.query().as_bytes())
        .find(|(key, _)| key == "ref")
        .map(|(_, value)| value.into_owned());
    Event::Receipt(Receipt {
        reference,
        provider_id: text(form, "MessageSid").or_else(|| text(form, "SmsSid")).unwrap_or_default(),
        kind,
        at: hook.at,
        failure: (kind == ReceiptKind::Failed).then(|| outcome::failure(code, &words)),
        learned: Vec::new(),
    })
}
