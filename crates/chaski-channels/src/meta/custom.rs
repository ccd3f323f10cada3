//! `custom_payload`: a raw body of Messenger's Send API. The recipient is always the contact.

use crate::refused::at;
use chaski_model::capabilities::HUMAN_AGENT;
use chaski_model::template::Note;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Map, Value, json};

/// What a body may have beside its message.
const BESIDE: [&str; 5] = ["messaging_type", "tag", "notification_type", "reply_to", "recipient"];
/// Keys that would speak for another account or send more than one message.
const REFUSED: [&str; 2] = ["access_token", "batch"];

/// The part of a payload: the message object alone, or a body with `message`.
pub(super) fn part(payload: &Value) -> Result<PartBody, Failure> {
    let invalid = |message: String, place: &str| {
        Err(at(ErrorCode::ValidationFailed, message, format!("/message/payload{place}")))
    };
    let Some(fields) = payload.as_object().filter(|fields| !fields.is_empty()) else {
        let message = "`payload` must be an object: a message of the Send API, or a body with `message`.";
        return invalid(message.to_owned(), "");
    };
    if let Some(key) = REFUSED.iter().find(|key| fields.contains_key(**key)) {
        let message = format!("`{key}` cannot be used in a payload: the channel has its own. Leave it out.");
        return invalid(message, &format!("/{key}"));
    }
    let Some(message) = fields.get("message") else {
        let mut message = fields.clone();
        message.remove("recipient");
        return Ok(native(json!({"message": message})));
    };
    if !message.is_object() {
        return invalid("`message` must be an object.".to_owned(), "/message");
    }
    if let Some(key) = fields.keys().find(|key| *key != "message" && !BESIDE.contains(&key.as_str())) {
        let message = format!("`{key}` cannot stand beside `message`: use {}.", BESIDE[..4].join(", "));
        return invalid(message, &format!("/{key}"));
    }
    let mut body: Map<String, Value> = fields.clone();
    body.remove("recipient");
    if body.get("tag").is_some_and(|tag| tag == HUMAN_AGENT) {
        body.entry("messaging_type").or_insert_with(|| "MESSAGE_TAG".into());
    }
    Ok(native(Value::Object(body)))
}

fn native(body: Value) -> PartBody {
    PartBody::Native { method: "messages".to_owned(), body }
}

/// What is changed in a payload.
pub(super) fn notes(payload: &Value) -> Vec<Note> {
    let note = |is_given: bool, code: &str, message: &str| is_given.then(|| Note::new(code, message));
    let metadata = payload.get("metadata").or_else(|| payload.pointer("/message/metadata"));
    let recipient = "`recipient` of the payload was replaced by the contact's own.";
    let reference =
        "`metadata` of the payload was replaced by Chaski's reference, by which Meta's echo is known.";
    let recipient = note(payload.get("recipient").is_some(), "recipient_replaced", recipient);
    let reference = note(metadata.is_some(), "metadata_replaced", reference);
    recipient.into_iter().chain(reference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(payload: Value) -> Value {
        let PartBody::Native { body, .. } = part(&payload).unwrap() else { panic!("native") };
        body
    }

    fn place(payload: &Value) -> String {
        part(payload).unwrap_err().pointer.unwrap_or_default()
    }

    #[test]
    fn a_message_or_a_whole_body_is_taken_and_the_recipient_is_ours() {
        let expected = json!({"message": {"text": "x"}});
        assert_eq!(body(json!({"text": "x", "recipient": {"id": "1"}})), expected);
        assert_eq!(body(json!({"message": {"text": "x"}, "recipient": {"id": "1"}})), expected);
        let tagged = json!({"message": {"text": "x"}, "tag": "HUMAN_AGENT"});
        assert_eq!(body(tagged)["messaging_type"], "MESSAGE_TAG");
        let codes: Vec<String> = notes(&json!({"recipient": 1, "message": {"metadata": "m"}}))
            .into_iter()
            .map(|note| note.code)
            .collect();
        assert_eq!(codes, ["recipient_replaced", "metadata_replaced"]);
    }

    #[test]
    fn what_could_harm_is_refused_by_name() {
        assert_eq!(place(&json!({"text": "x", "access_token": "t"})), "/message/payload/access_token");
        assert_eq!(place(&json!({"message": {}, "batch": []})), "/message/payload/batch");
        assert_eq!(place(&json!({"message": 1})), "/message/payload/message");
        assert_eq!(place(&json!({"message": {}, "sender_action": "x"})), "/message/payload/sender_action");
        assert_eq!(place(&json!([])), "/message/payload");
        assert_eq!(place(&json!({})), "/message/payload");
    }
}
