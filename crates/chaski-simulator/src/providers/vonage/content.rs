//! A message in Vonage's form, checked for what Vonage checks and turned into what a person sees.
//!
//! Vonage passes `custom` on without a look at it; what Meta then refuses comes back as a rejected
//! status, so such a fault is carried with the message instead of refusing the call.

use serde_json::{Map, Value, json};

use super::problem::Problem;
use crate::accounts::AccountId;
use crate::call::text;
use crate::phones::{Content, Media};
use crate::providers::meta::{self, media::is_http};
use crate::receipts::Failure;
use crate::sim::Sim;

/// What a person would see, and the fault that will be reported instead.
pub(super) type Read = (Content, Option<Failure>);

/// Reads the content of a message.
pub(super) fn read(sim: &Sim, id: AccountId, body: &Value) -> Result<Read, Problem> {
    let Some(kind) = text(body, "message_type") else {
        return Err(Problem::param("message_type", "is required."));
    };
    let context = body.get("context").and_then(|context| text(context, "message_uuid")).map(str::to_owned);
    let (mut content, failure) = match kind {
        "text" => (written(body)?, None),
        "image" | "audio" | "video" | "file" | "sticker" => (file(kind, body)?, None),
        "reaction" => (reaction(body, context.clone())?, None),
        "template" => short_template(sim, id, body)?,
        "custom" => custom(sim, id, body)?,
        _ => return Err(Problem::invalid_message_type()),
    };
    if content.reply_to.is_none() {
        content.reply_to = context;
    }
    Ok((content, failure))
}

fn written(body: &Value) -> Result<Content, Problem> {
    match body.get("text") {
        Some(Value::String(text)) if text.is_empty() => Err(Problem::param("text", "must not be blank.")),
        Some(Value::String(text)) if text.chars().count() > 4096 => {
            Err(Problem::param("text", "length must be between 1 and 4096."))
        }
        Some(Value::String(text)) => {
            Ok(Content { kind: "text".to_owned(), body: Some(text.clone()), ..Content::default() })
        }
        None | Some(Value::Null) => Err(Problem::param("text", "is required.")),
        Some(_) => Err(Problem::param("text", "must be a string.")),
    }
}

fn file(kind: &str, body: &Value) -> Result<Content, Problem> {
    let Some(object) = body.get(kind).filter(|object| object.is_object()) else {
        return Err(Problem::param(kind, "is required."));
    };
    let name = |key: &str| format!("{kind}.{key}");
    let url = match text(object, "url") {
        None => return Err(Problem::param(&name("url"), "is required.")),
        Some(url) if !is_http(url) || !(10..=2000).contains(&url.len()) => {
            return Err(Problem::param(&name("url"), "must be a valid URL."));
        }
        Some(url) => url,
    };
    let caption = text(object, "caption").map(str::to_owned);
    if caption.as_ref().is_some_and(|caption| caption.chars().count() > 3000) {
        return Err(Problem::param(&name("caption"), "length must be between 1 and 3000."));
    }
    let shown_kind = if kind == "file" { "document" } else { kind };
    // Without a name the caption becomes the file's name, else the end of the address.
    let filename = (kind == "file").then(|| {
        let last =
            url::Url::parse(url).ok().and_then(|url| url.path_segments()?.next_back().map(str::to_owned));
        text(object, "name").map(str::to_owned).or_else(|| caption.clone()).or(last).unwrap_or_default()
    });
    let media = Media { kind: shown_kind.to_owned(), link: Some(url.to_owned()), filename, id: None };
    Ok(Content { kind: shown_kind.to_owned(), body: caption, media: Some(media), ..Content::default() })
}

fn reaction(body: &Value, context: Option<String>) -> Result<Content, Problem> {
    let reaction = body.get("reaction").ok_or_else(|| Problem::param("reaction", "is required."))?;
    let emoji = match text(reaction, "action") {
        Some("react") => {
            text(reaction, "emoji").ok_or_else(|| Problem::param("reaction.emoji", "is required."))?
        }
        Some("unreact") => "",
        _ => {
            return Err(Problem::param("reaction.action", "must be one of [react, unreact]."));
        }
    };
    let reply_to = context.ok_or_else(|| Problem::param("context.message_uuid", "is required."))?;
    Ok(Content {
        kind: "reaction".to_owned(),
        body: Some(emoji.to_owned()),
        reply_to: Some(reply_to),
        ..Content::default()
    })
}

/// `message_type: template` with texts for the body alone.
fn short_template(sim: &Sim, id: AccountId, body: &Value) -> Result<Read, Problem> {
    let template = body.get("template").ok_or_else(|| Problem::param("template", "is required."))?;
    let name = text(template, "name").ok_or_else(|| Problem::param("template.name", "is required."))?;
    let locale = body.get("whatsapp").and_then(|whatsapp| text(whatsapp, "locale")).unwrap_or("en");
    let values = match template.get("parameters") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) if values.iter().all(Value::is_string) => values.clone(),
        Some(_) => {
            return Err(Problem::param("template.parameters", "must be an array of strings."));
        }
    };
    // Older accounts wrote the namespace before the name.
    let name = name.rsplit(':').next().unwrap_or(name);
    let mut object = json!({"name": name, "language": {"code": locale}});
    if !values.is_empty() {
        let parameters: Vec<Value> =
            values.into_iter().map(|value| json!({"type": "text", "text": value})).collect();
        object["components"] = json!([{"type": "body", "parameters": parameters}]);
    }
    Ok(passed_on(sim, id, "template", &object))
}

fn custom(sim: &Sim, id: AccountId, body: &Value) -> Result<Read, Problem> {
    let custom = body
        .get("custom")
        .filter(|custom| custom.is_object())
        .ok_or_else(|| Problem::param("custom", "is required."))?;
    let kind = text(custom, "type").ok_or_else(|| Problem::param("custom.type", "is required."))?;
    Ok(passed_on(sim, id, kind, custom.get(kind).unwrap_or(&Value::Null)))
}

/// What Meta makes of an object that Vonage passes on.
fn passed_on(sim: &Sim, id: AccountId, kind: &str, object: &Value) -> Read {
    let mut wrapped = Map::new();
    wrapped.insert(kind.to_owned(), object.clone());
    match meta::content(sim, id, kind, &Value::Object(wrapped)) {
        Ok(content) => (content, None),
        Err(refusal) => {
            // Any fault of a template ends as 1022.
            let code = if kind == "template" { 1022 } else { refusal.code };
            let failure = Failure::Content { code, details: refusal.details };
            (Content { kind: kind.to_owned(), ..Content::default() }, Some(failure))
        }
    }
}
