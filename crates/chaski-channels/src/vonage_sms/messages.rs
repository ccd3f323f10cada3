//! The Messages API: `POST /v1/messages` with `channel` sms.

use super::SETTINGS;
use crate::adapter::{Auth, Call, Cx, Outcome, Reply};
use crate::settings::{base, read};
use crate::whatsapp::vonage::send;
use chaski_model::Failure;
use serde_json::{Value, json};

const AUTH: Auth = Auth::Jwt { application: "application_id", secret: "private_key" };

pub(super) fn call(cx: &Cx<'_>, to: &str, text: &str) -> Result<Call, Failure> {
    let mut body = json!({
        "message_type": "text", "text": text, "to": to, "from": read(cx, SETTINGS, "from")?, "channel": "sms",
        "sms": {"encoding_type": "auto"},
    });
    if !cx.reference.is_empty() {
        body["client_ref"] = Value::from(cx.reference);
    }
    if !cx.hook_url.is_empty() {
        body["webhook_url"] = Value::from(cx.hook_url);
        body["webhook_version"] = Value::from("v1");
    }
    post(cx, &body)
}

/// A message that names nobody.
pub(super) fn check(cx: &Cx<'_>) -> Result<Call, Failure> {
    post(cx, &json!({"channel": "sms", "message_type": "text"}))
}

fn post(cx: &Cx<'_>, body: &Value) -> Result<Call, Failure> {
    Ok(Call::json(format!("{}/v1/messages", base(cx, SETTINGS)?), AUTH, body))
}

pub(super) fn outcome(reply: &Reply) -> Outcome {
    send::outcome(reply)
}
