//! `custom_payload`: a raw body of the Bot API. The recipient is always the contact, and only methods
//! that send one message to one chat are let through.

use crate::refused::at;
use chaski_model::template::Note;
use chaski_model::{ErrorCode, Failure, PartBody};
use serde_json::{Map, Value};

/// The methods that a payload may name.
const METHODS: [&str; 16] = [
    "sendMessage",
    "sendPhoto",
    "sendVideo",
    "sendAnimation",
    "sendAudio",
    "sendVoice",
    "sendVideoNote",
    "sendDocument",
    "sendMediaGroup",
    "sendLocation",
    "sendVenue",
    "sendContact",
    "sendPoll",
    "sendDice",
    "sendSticker",
    "sendInvoice",
];

/// The method of a payload that names none.
const DEFAULT: &str = "sendMessage";

/// The part of a payload, checked.
pub(super) fn part(payload: &Value) -> Result<PartBody, Failure> {
    let Some(fields) = payload.as_object() else {
        let message = "`payload` must be an object: the fields of a method of the Bot API.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/payload"));
    };
    let method = match fields.get("method") {
        None => DEFAULT,
        Some(Value::String(given)) if METHODS.contains(&given.as_str()) => given,
        Some(given) => {
            let message =
                format!("The method {given} cannot be used in a payload; use one of {}.", METHODS.join(", "));
            return Err(at(ErrorCode::ValidationFailed, message, "/message/payload/method"));
        }
    };
    refuse(fields)?;
    let mut body = fields.clone();
    body.remove("method");
    body.remove("chat_id");
    Ok(PartBody::Native { method: method.to_owned(), body: Value::Object(body) })
}

/// Keys that would speak for another account, or show the contact what was said in another chat.
fn refuse(fields: &Map<String, Value>) -> Result<(), Failure> {
    let refused = |key: &str, why: &str, place: &str| {
        let message = format!("`{key}` cannot be used in a payload: {why}. Leave it out.");
        Err(at(ErrorCode::ValidationFailed, message, format!("/message/payload/{place}")))
    };
    if fields.contains_key("business_connection_id") {
        let why = "it sends in the name of another account";
        return refused("business_connection_id", why, "business_connection_id");
    }
    // Telegram also reads an object that is written as a text.
    if fields.get("reply_parameters").is_some_and(|reply| !reply.is_object()) {
        let message = "`reply_parameters` of a payload must be an object.";
        return Err(at(ErrorCode::ValidationFailed, message, "/message/payload/reply_parameters"));
    }
    if fields.get("reply_parameters").is_some_and(|reply| reply.get("chat_id").is_some()) {
        let why = "it quotes from another chat";
        return refused("reply_parameters.chat_id", why, "reply_parameters/chat_id");
    }
    Ok(())
}

/// What was changed in a payload.
pub(super) fn notes(payload: &Value) -> Vec<Note> {
    let is_given = payload.get("chat_id").is_some();
    let message = "`chat_id` of the payload was replaced by the contact's own.";
    is_given.then(|| Note::new("recipient_replaced", message)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_recipient_is_ours_and_the_method_is_taken_out() {
        let payload = json!({"method": "sendLocation", "chat_id": 5, "latitude": 1.5, "longitude": 2});
        let PartBody::Native { method, body } = part(&payload).unwrap() else { panic!("native") };
        assert_eq!((method.as_str(), body), ("sendLocation", json!({"latitude": 1.5, "longitude": 2})));
        assert_eq!(notes(&payload)[0].code, "recipient_replaced");
        let PartBody::Native { method, .. } = part(&json!({"text": "x"})).unwrap() else { panic!("native") };
        assert_eq!((method.as_str(), notes(&json!({"text": "x"})).len()), ("sendMessage", 0));
    }

    /// Telegram reads an object that is written as a text, so that it would pass for harmless.
    #[test]
    fn a_quote_of_another_chat_is_refused_however_it_is_written() {
        for reply in [json!({"chat_id": -100, "message_id": 5}), json!("{\"chat_id\":-100,\"message_id\":5}")]
        {
            assert!(part(&json!({"text": "x", "reply_parameters": reply})).is_err(), "{reply}");
        }
        assert!(part(&json!({"text": "x", "reply_parameters": {"message_id": 5}})).is_ok());
    }

    #[test]
    fn what_could_harm_is_refused_by_name() {
        let place = |payload: &Value| {
            let failure = part(payload).unwrap_err();
            assert_eq!(failure.code, ErrorCode::ValidationFailed);
            (failure.pointer.unwrap_or_default(), failure.message)
        };
        for method in
            ["setWebhook", "deleteWebhook", "logOut", "close", "getUpdates", "sendmessage", "../getMe"]
        {
            let (pointer, message) = place(&json!({"method": method}));
            assert_eq!(pointer, "/message/payload/method");
            assert!(message.contains(method), "{message}");
        }
        assert_eq!(place(&json!({"method": 7})).0, "/message/payload/method");
        assert_eq!(place(&json!([1])).0, "/message/payload");
        let (pointer, message) = place(&json!({"business_connection_id": "x", "text": "y"}));
        assert_eq!(pointer, "/message/payload/business_connection_id");
        assert!(message.contains("`business_connection_id`"));
        let (pointer, _) = place(&json!({"reply_parameters": {"chat_id": 1, "message_id": 2}}));
        assert_eq!(pointer, "/message/payload/reply_parameters/chat_id");
        assert!(part(&json!({"reply_parameters": {"message_id": 2}, "text": "x"})).is_ok());
    }
}
