//! A message body in Meta's form, checked and turned into what a person sees.

use serde_json::Value;

use super::media::media_object;
use super::refusal::Refusal;
use super::shape::{self, list};
use super::{interactive, template};
use crate::accounts::AccountId;
use crate::call::text;
use crate::phones::Content;
use crate::sim::Sim;

/// The message types that the API knows.
const TYPES: [&str; 11] = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
];

/// What a person gets for a message object of this type; Vonage wraps the same objects.
pub(crate) fn content(sim: &Sim, account: AccountId, kind: &str, body: &Value) -> Result<Content, Refusal> {
    if !TYPES.contains(&kind) {
        return Err(Refusal::of_code(131_051));
    }
    let object =
        body.get(kind).ok_or_else(|| Refusal::invalid(format!("The parameter {kind} is required.")))?;
    let mut content = match kind {
        "text" => written(object)?,
        "image" | "audio" | "video" | "document" | "sticker" => file(sim, kind, body, object)?,
        "location" => location(object)?,
        "contacts" => contacts(body, object)?,
        "reaction" => reaction(object)?,
        "interactive" => interactive::content(sim, object)?,
        _ => template::content(sim, account, object)?,
    };
    if content.reply_to.is_none()
        && let Some(context) = body.get("context")
    {
        content.reply_to = Some(shape::text(context, "message_id", "context")?.to_owned());
    }
    Ok(content)
}

fn written(object: &Value) -> Result<Content, Refusal> {
    shape::keys(object, "text", &["body", "preview_url"])?;
    if object.get("preview_url").is_some_and(|flag| !flag.is_boolean()) {
        return Err(Refusal::invalid("Param text['preview_url'] must be a boolean."));
    }
    let body = shape::short_text(object, "body", "text", 4096)?;
    Ok(Content { kind: "text".to_owned(), body: Some(body.to_owned()), ..Content::default() })
}

fn file(sim: &Sim, kind: &str, body: &Value, object: &Value) -> Result<Content, Refusal> {
    let media = media_object(sim, body, kind, kind)?;
    let may_have_caption = matches!(kind, "image" | "video" | "document");
    if !may_have_caption && object.get("caption").is_some() {
        return Err(Refusal::invalid(format!("Unexpected key \"caption\" on param \"{kind}\".")));
    }
    let caption = shape::optional_text(object, "caption", kind, 1024)?.map(str::to_owned);
    Ok(Content { kind: kind.to_owned(), body: caption, media: Some(media), ..Content::default() })
}

fn location(object: &Value) -> Result<Content, Refusal> {
    shape::keys(object, "location", &["latitude", "longitude", "name", "address"])?;
    for (key, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let degrees = match object.get(key) {
            Some(Value::String(digits)) => digits.parse::<f64>().ok(),
            Some(number) => number.as_f64(),
            None => {
                return Err(Refusal::new(131_008, format!("The parameter location['{key}'] is required.")));
            }
        };
        if !degrees.is_some_and(|degrees| degrees.abs() <= most) {
            return Err(Refusal::new(131_009, format!("Param location['{key}'] is not valid")));
        }
    }
    let lines: Vec<&str> = ["name", "address"].iter().filter_map(|key| text(object, key)).collect();
    let body = (!lines.is_empty()).then(|| lines.join("\n"));
    Ok(Content { kind: "location".to_owned(), body, location: Some(object.clone()), ..Content::default() })
}

fn contacts(body: &Value, object: &Value) -> Result<Content, Refusal> {
    let cards = list(body, "contacts", "contacts")?;
    if cards.is_empty() {
        return Err(Refusal::new(131_008, "The parameter contacts is required."));
    }
    let mut names = Vec::new();
    for (place, card) in cards.iter().enumerate() {
        let at = format!("contacts[{place}]['name']");
        let name = card
            .get("name")
            .ok_or_else(|| Refusal::new(131_008, format!("The parameter {at} is required.")))?;
        names.push(shape::text(name, "formatted_name", &at)?);
        let others = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
        if !others.iter().any(|key| text(name, key).is_some()) {
            return Err(Refusal::new(
                131_009,
                format!("{at} needs at least one name part beside formatted_name"),
            ));
        }
    }
    let body = Some(names.join("\n"));
    Ok(Content { kind: "contacts".to_owned(), body, raw: Some(object.clone()), ..Content::default() })
}

fn reaction(object: &Value) -> Result<Content, Refusal> {
    shape::keys(object, "reaction", &["message_id", "emoji"])?;
    let target = shape::text(object, "message_id", "reaction")?;
    let emoji = object.get("emoji").and_then(Value::as_str).unwrap_or_default();
    let (body, reply_to) = (Some(emoji.to_owned()), Some(target.to_owned()));
    Ok(Content { kind: "reaction".to_owned(), body, reply_to, ..Content::default() })
}
