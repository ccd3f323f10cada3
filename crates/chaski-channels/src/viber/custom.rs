//! `custom_payload`: a raw body of `send_message`. The recipient is always the contact.

use crate::refused::at;
use chaski_model::template::Note;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::Value;

/// The most bytes of a request, less what is added to a payload.
pub(super) const BYTES: usize = 30_000 - 500;
/// Keys that would speak for another account or to other people.
const REFUSED: [(&str, &str); 4] = [
    ("auth_token", "the channel's own token is used"),
    ("broadcast_list", "it goes to other people"),
    ("from", "it posts to a public chat"),
    ("chat_id", "it posts to another chat"),
];

/// The part of a payload, checked.
pub(super) fn part(payload: &Value) -> Result<PartBody, Failure> {
    let fault = |message: String, place: &str| {
        Err(at(ErrorCode::ValidationFailed, message, format!("/message/payload{place}")))
    };
    let Some(fields) = payload.as_object() else {
        return fault("`payload` must be an object: the fields of Viber's send_message.".to_owned(), "");
    };
    if let Some((key, why)) = REFUSED.iter().find(|(key, _)| fields.contains_key(*key)) {
        let message = format!("`{key}` cannot be used in a payload: {why}. Leave it out.");
        return fault(message, &format!("/{key}"));
    }
    if fields.get("type").and_then(Value::as_str).is_none() {
        let message = "`type` is missing in the payload, for example text or rich_media.";
        return fault(message.to_owned(), "/type");
    }
    let mut body = fields.clone();
    body.remove("receiver");
    let body = Value::Object(body);
    if body.to_string().len() > BYTES {
        return fault("The payload is larger than the 30 KB that Viber takes.".to_owned(), "");
    }
    Ok(PartBody::Native { method: "send_message".to_owned(), body })
}

/// What was changed in a payload.
pub(super) fn notes(payload: &Value) -> Vec<Note> {
    let is_given = payload.get("receiver").is_some();
    let message = "`receiver` of the payload was replaced by the contact's own.";
    is_given.then(|| Note::new("recipient_replaced", message)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_recipient_is_ours() {
        let payload = json!({"type": "url", "media": "https://x.ec", "receiver": "x"});
        let PartBody::Native { body, .. } = part(&payload).unwrap() else { panic!("native") };
        assert_eq!(body, json!({"type": "url", "media": "https://x.ec"}));
        assert_eq!(notes(&payload)[0].code, "recipient_replaced");
        assert!(notes(&body).is_empty());
    }

    #[test]
    fn what_could_harm_is_refused_by_name() {
        for key in ["auth_token", "broadcast_list", "from", "chat_id"] {
            let failure = part(&json!({"type": "text", "text": "x", key: "y"})).unwrap_err();
            assert_eq!(failure.pointer, Some(format!("/message/payload/{key}")));
            assert!(failure.message.contains(key), "{}", failure.message);
        }
        let place = |payload: &Value| part(payload).unwrap_err().pointer.unwrap();
        assert_eq!(place(&json!({"text": "x"})), "/message/payload/type");
        assert_eq!(place(&json!(["x"])), "/message/payload");
        assert_eq!(place(&json!({"type": "text", "text": "x".repeat(30_000)})), "/message/payload");
    }
}
