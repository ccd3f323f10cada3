//! Content resources → template objects in Meta's form, as all WhatsApp kinds list them.
//!
//! Variables share one space of names at Twilio, whatever component they stand in; at Meta each component
//! counts from 1. So texts are numbered anew, and `flat` says what each number is called at Twilio.

use crate::template::placeholders;
use chaski_model::template::FlatVariables;
use serde_json::{Value, json};

/// What is a template of WhatsApp's among the contents of an account.
pub(super) fn objects(contents: &[Value]) -> Vec<Value> {
    contents.iter().filter_map(object).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn object(content: &Value) -> Option<Value> {
    let approval = content.get("approval_requests").unwrap_or(&Value::Null);
    let status = text(approval, "status").unwrap_or("unsubmitted");
    // What was never submitted is for sessions, such as the buttons that are made here.
    if status == "unsubmitted" {
        return None;
    }
    let name = text(approval, "name").or_else(|| text(content, "friendly_name"))?;
    let types = content.get("types")?.as_object()?;
    // WhatsApp's own form is listed beside the one for other channels.
    let (word, body) =
        types.iter().find(|(word, _)| word.starts_with("whatsapp/")).or_else(|| types.iter().next())?;
    let mut flat = FlatVariables::default();
    let samples = content.get("variables").unwrap_or(&Value::Null);
    let components = components(word, body, samples, &mut flat);
    Some(json!({
        "id": text(content, "sid")?,
        "name": name,
        "language": text(content, "language")?,
        "status": status_word(status),
        "category": text(approval, "category").unwrap_or("UTILITY").to_ascii_uppercase(),
        "rejected_reason": text(approval, "rejection_reason"),
        "components": components,
        "flat": flat,
    }))
}

fn status_word(status: &str) -> String {
    match status {
        "received" => "PENDING".to_owned(),
        other => other.to_ascii_uppercase(),
    }
}

fn components(word: &str, content: &Value, samples: &Value, flat: &mut FlatVariables) -> Vec<Value> {
    let mut found = Vec::new();
    match word {
        "twilio/text"
        | "twilio/media"
        | "twilio/quick-reply"
        | "twilio/call-to-action"
        | "twilio/card"
        | "whatsapp/card" => {}
        // Named, so that a send says what is not supported.
        other => {
            let kind = other.rsplit('/').next().unwrap_or_default().replace('-', "_");
            return vec![json!({"type": kind})];
        }
    }
    if let Some(header) = text(content, "header_text").or_else(|| text(content, "title")) {
        let (header, names) = renumbered(header);
        flat.header = names;
        found.push(json!({"type": "HEADER", "format": "TEXT", "text": header}));
    } else if let Some(link) = content.get("media").and_then(Value::as_array).and_then(|all| all.first()) {
        found.push(media(link.as_str().unwrap_or_default(), samples, flat));
    }
    if let Some(body) = text(content, "body") {
        let (body, names) = renumbered(body);
        flat.body = names;
        found.push(json!({"type": "BODY", "text": body}));
    }
    if let Some(footer) = text(content, "footer").or_else(|| text(content, "subtitle")) {
        found.push(json!({"type": "FOOTER", "text": footer}));
    }
    let actions = content.get("actions").and_then(Value::as_array).filter(|actions| !actions.is_empty());
    if let Some(actions) = actions {
        let buttons: Vec<Value> = actions.iter().map(|action| button(action, flat)).collect();
        found.push(json!({"type": "BUTTONS", "buttons": buttons}));
    }
    found
}

/// Media whose address ends in a variable take that ending; others were approved as they are. What they
/// are is told by the ending, of the variable's sample if need be.
fn media(link: &str, samples: &Value, flat: &mut FlatVariables) -> Value {
    let sampled = placeholders::substitute(link, |name| samples.get(name).and_then(Value::as_str));
    let path = sampled.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|end| path.ends_with(end));
    let format = if ends(&[".mp4", ".3gp"]) {
        "VIDEO"
    } else if ends(&[".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".txt"]) {
        "DOCUMENT"
    } else {
        "IMAGE"
    };
    match placeholders::scan(link).first() {
        Some(first) => {
            flat.header = vec![first.key.to_owned()];
            flat.media_prefix = link[..first.start].to_owned();
            json!({"type": "HEADER", "format": format})
        }
        None => json!({"type": "HEADER", "format": format, "link": link}),
    }
}

fn button(action: &Value, flat: &mut FlatVariables) -> Value {
    let label = text(action, "title").unwrap_or_default();
    let mut name = String::new();
    let button = match text(action, "type").unwrap_or_default() {
        "URL" => {
            let (url, names) = renumbered(text(action, "url").unwrap_or_default());
            name = names.into_iter().next().unwrap_or_default();
            json!({"type": "URL", "text": label, "url": url})
        }
        "PHONE_NUMBER" => {
            json!({"type": "PHONE_NUMBER", "text": label, "phone_number": text(action, "phone")})
        }
        // Those of `twilio/quick-reply` need no type.
        "QUICK_REPLY" | "" => json!({"type": "QUICK_REPLY", "text": label}),
        other => json!({"type": other, "text": label}),
    };
    flat.buttons.push(name);
    button
}

/// A text with its numbered variables counted from 1, and what they are called at Twilio. Variables with
/// names keep them.
fn renumbered(text: &str) -> (String, Vec<String>) {
    if placeholders::is_named(text) {
        return (text.to_owned(), placeholders::names(text).into_iter().map(str::to_owned).collect());
    }
    let mut numbers: Vec<u32> = placeholders::scan(text).iter().filter_map(|p| p.key.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let renamed: Vec<(String, String)> = numbers
        .iter()
        .enumerate()
        .map(|(place, number)| (number.to_string(), format!("{{{{{}}}}}", place + 1)))
        .collect();
    let new = |key: &str| renamed.iter().find(|(old, _)| old == key).map(|(_, new)| new.as_str());
    let text = placeholders::substitute(text, new);
    (text, renamed.into_iter().map(|(old, _)| old).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_counted_anew_in_each_component() {
        let content = json!({
            "sid": "HX5", "friendly_name": "delivery", "language": "es",
            "types": {"whatsapp/card": {
                "body": "Hola {{2}}, tu pedido {{3}} va en camino, {{2}}.", "footer": "Gracias",
                "media": ["https://x.ec/fotos/{{1}}"],
                "actions": [
                    {"type": "QUICK_REPLY", "title": "Gracias", "id": "g"},
                    {"type": "URL", "title": "Ver", "url": "https://x.ec/p/{{4}}"},
                    {"type": "PHONE_NUMBER", "title": "Llamar", "phone": "+593997333444"},
                ],
            }},
            "approval_requests": {"name": "delivery_order", "category": "utility", "status": "approved", "rejection_reason": ""},
        });
        let object = object(&content).unwrap();
        assert_eq!((&object["name"], &object["status"]), (&json!("delivery_order"), &json!("APPROVED")));
        assert_eq!(
            object["components"],
            json!([
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} va en camino, {{1}}."},
                {"type": "FOOTER", "text": "Gracias"},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Gracias"},
                    {"type": "URL", "text": "Ver", "url": "https://x.ec/p/{{1}}"},
                    {"type": "PHONE_NUMBER", "text": "Llamar", "phone_number": "+593997333444"},
                ]},
            ])
        );
        let flat = json!({"header": ["1"], "media_prefix": "https://x.ec/fotos/", "body": ["2", "3"], "buttons": ["", "4", ""]});
        assert_eq!(object["flat"], flat);
    }

    #[test]
    fn what_was_never_submitted_is_no_template_and_what_is_not_supported_is_named() {
        let content = |status: &str, word: &str| {
            json!({"sid": "HX6", "friendly_name": "x", "language": "es", "types": {word: {"body": "x"}},
                "approval_requests": {"name": "", "status": status}})
        };
        assert!(object(&content("unsubmitted", "twilio/quick-reply")).is_none());
        let carousel = object(&content("approved", "twilio/carousel")).unwrap();
        assert_eq!(
            (&carousel["name"], &carousel["components"]),
            (&json!("x"), &json!([{"type": "carousel"}]))
        );
        assert_eq!(object(&content("received", "twilio/text")).unwrap()["status"], "PENDING");
    }
}
