//! `custom_payload`: message objects of the Messaging API, for the contact alone.

use crate::refused::at;
use chaski_model::template::Note;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Value, json};

/// The most messages of one push.
const MESSAGES: usize = 5;
/// The most bytes of a request.
const BYTES: usize = 2 << 20;
/// What stands beside the messages.
const BESIDE: [&str; 2] = ["notificationDisabled", "customAggregationUnits"];

/// The part of a payload, checked: one message, a list, or a body with `messages`.
pub(super) fn part(payload: &Value) -> Result<PartBody, Failure> {
    let fault = |message: String, place: &str| {
        Err(at(ErrorCode::ValidationFailed, message, format!("/message/payload{place}")))
    };
    if payload.get("replyToken").is_some() {
        let message = "`replyToken` cannot be used in a payload: messages go out by push. Leave it out.";
        return fault(message.to_owned(), "/replyToken");
    }
    let mut body = json!({});
    let messages = match payload {
        Value::Array(list) => list.clone(),
        Value::Object(fields) if fields.contains_key("messages") => {
            for key in BESIDE {
                if let Some(value) = fields.get(key) {
                    body[key] = value.clone();
                }
            }
            fields["messages"].as_array().cloned().unwrap_or_default()
        }
        Value::Object(fields) => {
            let mut message = fields.clone();
            message.remove("to");
            vec![Value::Object(message)]
        }
        _ => Vec::new(),
    };
    if messages.is_empty() || messages.len() > MESSAGES {
        let message =
            format!("`payload` must be a message object, or 1 to {MESSAGES} of them in `messages`.");
        return fault(message, "");
    }
    if messages.iter().any(|message| message.get("type").and_then(Value::as_str).is_none()) {
        let message = "Each message of the payload needs a `type`, for example flex or template.";
        return fault(message.to_owned(), "");
    }
    body["messages"] = Value::Array(messages);
    if body.to_string().len() > BYTES {
        return fault("The payload is larger than the 2 MB that LINE takes.".to_owned(), "");
    }
    Ok(PartBody::Native { method: "push".to_owned(), body })
}

/// What was changed in a payload.
pub(super) fn notes(payload: &Value) -> Vec<Note> {
    let is_given = payload.get("to").is_some();
    let message = "`to` of the payload was replaced by the contact's own.";
    is_given.then(|| Note::new("recipient_replaced", message)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_a_list_or_a_body_become_a_push() {
        let sticker = json!({"type": "sticker", "packageId": "1", "stickerId": "2"});
        for payload in [
            sticker.clone(),
            json!([sticker]),
            json!({"messages": [sticker], "to": "U0"}),
            json!({"type": "sticker", "packageId": "1", "stickerId": "2", "to": "U0"}),
        ] {
            let PartBody::Native { body, .. } = part(&payload).unwrap() else { panic!("native") };
            assert_eq!(body, json!({"messages": [sticker]}), "{payload}");
        }
        let body = json!({"messages": [sticker], "notificationDisabled": true, "x": 1});
        let PartBody::Native { body, .. } = part(&body).unwrap() else { panic!("native") };
        assert_eq!(body, json!({"messages": [sticker], "notificationDisabled": true}));
        assert_eq!(notes(&json!({"to": "U0"}))[0].code, "recipient_replaced");
    }

    #[test]
    fn what_is_no_push_is_refused_with_its_place() {
        let six: Vec<Value> = (0..6).map(|_| json!({"type": "text", "text": "x"})).collect();
        for (payload, place) in [
            (json!({"replyToken": "x", "messages": [{"type": "text"}]}), "/message/payload/replyToken"),
            (json!({"messages": six}), "/message/payload"),
            (json!({"messages": []}), "/message/payload"),
            (json!({"text": "x"}), "/message/payload"),
            (json!(7), "/message/payload"),
        ] {
            let failure = part(&payload).unwrap_err();
            assert_eq!(failure.code, ErrorCode::ValidationFailed);
            assert_eq!(failure.pointer.as_deref(), Some(place), "{payload}");
        }
    }
}
