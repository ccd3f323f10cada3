//! What a person sees of a body, and what Telegram checks of it.

use serde_json::{Value, json};

use super::problem::Problem;
use super::{files, markup, text};
use crate::phones::{Content, Media};
use crate::sim::Sim;

/// The field of a method that names its file, and the kind of bubble that it becomes.
fn file_field(method: &str) -> Option<(&'static str, &'static str)> {
    Some(match method {
        "sendPhoto" => ("photo", "image"),
        "sendVideo" => ("video", "video"),
        "sendAnimation" => ("animation", "gif"),
        "sendAudio" => ("audio", "audio"),
        "sendVoice" => ("voice", "voice"),
        "sendVideoNote" => ("video_note", "video"),
        "sendDocument" => ("document", "document"),
        "sendSticker" => ("sticker", "sticker"),
        _ => return None,
    })
}

/// The content of a body for a method.
pub(super) async fn read(sim: &Sim, method: &str, body: &Value) -> Result<Content, Problem> {
    let mut content = match (method, file_field(method)) {
        ("sendMessage", _) => message(body)?,
        (_, Some((field, kind))) => file(sim, body, field, kind).await?,
        ("sendLocation" | "sendVenue", _) => location(body)?,
        ("sendContact", _) => Content {
            kind: "contacts".to_owned(),
            body: Some(required(body, "first_name")?),
            ..Content::default()
        },
        ("sendPoll", _) => {
            Content { kind: "poll".to_owned(), body: Some(required(body, "question")?), ..Content::default() }
        }
        _ => Content { kind: "dice".to_owned(), body: Some("🎲".to_owned()), ..Content::default() },
    };
    content.buttons = markup::read(body)?;
    let quoted = body.pointer("/reply_parameters/message_id").and_then(Value::as_i64);
    let chat = body.get("chat_id").and_then(Value::as_i64);
    content.reply_to = quoted.zip(chat).map(|(message, chat)| super::message_name(chat, message));
    Ok(content)
}

fn required(body: &Value, key: &str) -> Result<String, Problem> {
    let found = text::read(body, key, text::TEXT)?.filter(|text| !text.is_empty());
    found.ok_or_else(|| Problem::bad(format!("Bad Request: parameter \"{key}\" is required")))
}

fn message(body: &Value) -> Result<Content, Problem> {
    let words = text::read(body, "text", text::TEXT)?.unwrap_or_default();
    if words.is_empty() {
        return Err(Problem::bad("Bad Request: message text is empty"));
    }
    Ok(Content { kind: "text".to_owned(), body: Some(words), ..Content::default() })
}

async fn file(sim: &Sim, body: &Value, field: &str, kind: &str) -> Result<Content, Problem> {
    let given = body.get(field).and_then(Value::as_str).unwrap_or_default();
    if given.is_empty() {
        return Err(Problem::bad(format!("Bad Request: there is no {field} in the request")));
    }
    let caption = text::read(body, "caption", text::CAPTION)?.filter(|caption| !caption.is_empty());
    files::check(sim, field, given).await?;
    let is_link = given.starts_with("http");
    let name = given.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let media = Media {
        kind: kind.to_owned(),
        link: is_link.then(|| given.to_owned()),
        filename: match body.get(super::UPLOADED).and_then(Value::as_str) {
            Some(uploaded) => Some(uploaded.to_owned()),
            None => name.filter(|_| is_link && kind == "document"),
        },
        id: (!is_link).then(|| given.to_owned()),
    };
    Ok(Content { kind: kind.to_owned(), body: caption, media: Some(media), ..Content::default() })
}

fn location(body: &Value) -> Result<Content, Problem> {
    let degrees = |key: &str, most: f64| {
        let found = body.get(key).and_then(Value::as_f64).filter(|value| value.abs() <= most);
        found.ok_or_else(|| Problem::bad(format!("Bad Request: wrong {key} specified")))
    };
    let mut place =
        json!({"latitude": degrees("latitude", 90.0)?, "longitude": degrees("longitude", 180.0)?});
    for (key, known) in [("title", "name"), ("address", "address")] {
        if let Some(value) = body.get(key) {
            place[known] = value.clone();
        }
    }
    let title = body.get("title").and_then(Value::as_str).map(str::to_owned);
    Ok(Content { kind: "location".to_owned(), body: title, location: Some(place), ..Content::default() })
}
