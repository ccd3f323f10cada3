//! The bodies of Meta's webhooks, as its documentation shows them since version 24.

use serde_json::{Map, Value, json};

use super::media;
use super::refusal::{default_details, title};
use crate::accounts::{Account, AccountId, account};
use crate::phones::Identity;
use crate::providers::{Inbound, Said};
use crate::receipts::{Failure, Receipt, Stage};
use crate::sim::Sim;
use crate::templates::Template;

fn envelope(a: &Account, contacts: Option<Value>, key: &str, item: Value) -> Value {
    let mut value = Map::new();
    value.insert("messaging_product".to_owned(), json!("whatsapp"));
    value.insert(
        "metadata".to_owned(),
        json!({"display_phone_number": a.number, "phone_number_id": a.phone_number_id}),
    );
    if let Some(contacts) = contacts {
        value.insert("contacts".to_owned(), contacts);
    }
    value.insert(key.to_owned(), Value::Array(vec![item]));
    json!({"object": "whatsapp_business_account", "entry": [{"id": a.waba_id, "changes": [{"value": value, "field": "messages"}]}]})
}

/// A status of a message.
pub(crate) fn status(receipt: &Receipt) -> Value {
    let phone = &receipt.phone;
    let (word, failure) = match &receipt.stage {
        Stage::Sent => ("sent", None),
        Stage::Delivered => ("delivered", None),
        Stage::Read => ("read", None),
        Stage::Failed(failure) => ("failed", Some(failure)),
    };
    let mut status =
        json!({"id": receipt.message_id, "status": word, "timestamp": (receipt.at_ms / 1000).to_string()});
    let knows_user = receipt.trace.by_user_id || phone.username.is_some();
    if !receipt.trace.by_user_id {
        status["recipient_id"] = json!(phone.number);
    }
    if knows_user {
        status["recipient_user_id"] = json!(phone.user_id);
        status["parent_recipient_user_id"] = json!(phone.parent_user_id());
    }
    if matches!(receipt.stage, Stage::Sent | Stage::Delivered) {
        status["pricing"] = pricing(receipt.trace.category.as_deref());
    }
    if let Some(reference) = &receipt.trace.reference {
        status["biz_opaque_callback_data"] = json!(reference);
    }
    if let Some(failure) = failure {
        status["errors"] = json!([error(failure)]);
    }
    let contacts =
        (knows_user && failure.is_none()).then(|| json!([contact(phone, !receipt.trace.by_user_id, true)]));
    envelope(account(receipt.account), contacts, "statuses", status)
}

fn pricing(category: Option<&str>) -> Value {
    match category {
        Some(category) => {
            json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": category})
        }
        None => {
            json!({"billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service"})
        }
    }
}

fn error(failure: &Failure) -> Value {
    let (code, details) = match failure {
        Failure::NotOnWhatsApp => (131_026, default_details(131_026)),
        Failure::WindowClosed => (131_047, default_details(131_047)),
        Failure::Media(details) => (131_053, details.clone()),
        Failure::Content { code, details } => (*code, details.clone()),
        Failure::Code(code) => (*code, default_details(*code)),
    };
    let title = title(code);
    json!({
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    })
}

/// Who wrote; a person with a username shows no number.
fn contact(phone: &Identity, shows_number: bool, shows_parent: bool) -> Value {
    let mut profile = json!({"name": phone.name});
    if let Some(username) = &phone.username {
        profile["username"] = json!(format!("@{}", username.trim_start_matches('@')));
    }
    let mut contact = json!({"profile": profile});
    if shows_number {
        contact["wa_id"] = json!(phone.number);
    }
    contact["user_id"] = json!(phone.user_id);
    if shows_parent {
        contact["parent_user_id"] = json!(phone.parent_user_id());
    }
    contact
}

/// What a phone wrote.
pub(crate) fn inbound(sim: &Sim, inbound: &Inbound) -> Value {
    let a = account(inbound.account);
    let phone = &inbound.phone;
    let shows_number = phone.username.is_none();
    let mut message = json!({});
    if let Some(context) = &inbound.context {
        message["context"] = json!({"from": a.number, "id": context});
    }
    if shows_number {
        message["from"] = json!(phone.number);
        message["from_user_id"] = json!(phone.user_id);
    } else {
        message["from_user_id"] = json!(phone.user_id);
        message["from_parent_user_id"] = json!(phone.parent_user_id());
    }
    message["id"] = json!(inbound.message_id);
    message["timestamp"] = json!((inbound.at_ms / 1000).to_string());
    let (kind, object) = said(sim, inbound);
    message["type"] = json!(kind);
    if kind == "unsupported" {
        message["errors"] = json!([{
            "code": 131_051,
            "title": "Message type unknown",
            "message": "Message type unknown",
            "error_data": {"details": "Message type is currently not supported."},
        }]);
    }
    message[kind] = object;
    envelope(a, Some(json!([contact(phone, shows_number, !shows_number)])), "messages", message)
}

fn said<'a>(sim: &Sim, inbound: &'a Inbound) -> (&'a str, Value) {
    match &inbound.said {
        Said::Text(body) => ("text", json!({"body": body})),
        Said::Button { payload, text } => ("button", json!({"payload": payload, "text": text})),
        Said::Reply { is_row: true, id, title, description } => {
            let mut reply = json!({"id": id, "title": title});
            if let Some(description) = description {
                reply["description"] = json!(description);
            }
            ("interactive", json!({"type": "list_reply", "list_reply": reply}))
        }
        Said::Reply { id, title, .. } => {
            ("interactive", json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}))
        }
        Said::Reaction { message_id, emoji: Some(emoji) } => {
            ("reaction", json!({"message_id": message_id, "emoji": emoji}))
        }
        Said::Reaction { message_id, emoji: None } => ("reaction", json!({"message_id": message_id})),
        Said::Location(location) => ("location", location.clone()),
        Said::Media { kind, media_id, file, caption, filename } => {
            let words = json!({"caption": caption, "filename": filename});
            let mut object = media::received(sim, inbound.account, media_id, file, &words);
            match kind.as_str() {
                "audio" => object["voice"] = json!(true),
                "sticker" => object["animated"] = json!(false),
                _ => {}
            }
            (kind, object)
        }
        Said::Contacts(contacts) => ("contacts", contacts.clone()),
        Said::Order(order) => ("order", order.clone()),
        Said::Edit { .. }
        | Said::Unsend { .. }
        | Said::Mail { .. }
        | Said::Report { .. }
        | Said::Unsupported => ("unsupported", json!({"type": "edit"})),
    }
}

/// A review came to another result.
pub(crate) fn template_status(id: AccountId, template: &Template, now_seconds: i64) -> Value {
    let reason = template.object.get("rejected_reason").and_then(Value::as_str).unwrap_or("NONE");
    let value = json!({
        "event": template.status,
        "message_template_id": template.id.parse::<u64>().unwrap_or_default(),
        "message_template_name": template.name,
        "message_template_language": template.language.replace('_', "-"),
        "reason": reason,
        "message_template_category": template.category,
    });
    json!({
        "entry": [{"id": account(id).waba_id, "time": now_seconds, "changes": [{"value": value, "field": "message_template_status_update"}]}],
        "object": "whatsapp_business_account",
    })
}
