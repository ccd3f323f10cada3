//! A message of the Send API, checked and turned into what a person sees.

use serde_json::Value;

use super::problem::Problem;
use crate::call::text;
use crate::links;
use crate::phones::{Button, Content, Media};
use crate::sim::Sim;
use crate::source::Source;

/// The most quick replies, and the longest title of one; Instagram cuts a longer one in silence.
const REPLIES: usize = 13;
const TITLE: usize = 20;
const PAYLOAD: usize = 1000;
const METADATA: usize = 1000;

/// The content of a message.
pub(super) async fn read(sim: &Sim, source: Source, message: &Value) -> Result<Content, Problem> {
    if text(message, "metadata").is_some_and(|metadata| metadata.len() >= METADATA) {
        return Err(Problem::invalid("Length of param message[metadata] must be less than 1000"));
    }
    let mut content = match (message.get("text"), message.get("attachment")) {
        (Some(_), Some(_)) => return Err(Problem::invalid("Only one of the text or attachment can be set")),
        (None, None) => return Err(Problem::invalid("Param message must be non-empty.")),
        (Some(words), None) => words_of(source, words)?,
        (None, Some(attachment)) => attached(sim, source, attachment).await?,
    };
    if let Some(replies) = message.get("quick_replies") {
        content.buttons = quick_replies(source, replies)?;
    }
    Ok(content)
}

fn words_of(source: Source, words: &Value) -> Result<Content, Problem> {
    let words = words.as_str().filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| Problem::invalid("Param message[text] must be a non-empty string"))?;
    let (length, most) = match source {
        Source::Instagram => (words.len(), 1000),
        _ => (words.chars().count(), 2000),
    };
    if length > most {
        return Err(Problem::invalid(format!(
            "Length of param message[text] must be less than or equal to {most}"
        )));
    }
    Ok(Content { kind: "text".to_owned(), body: Some(words.to_owned()), ..Content::default() })
}

async fn attached(sim: &Sim, source: Source, attachment: &Value) -> Result<Content, Problem> {
    let kind = text(attachment, "type").unwrap_or_default();
    let payload = attachment.get("payload").unwrap_or(&Value::Null);
    if kind == "template" && source == Source::Messenger {
        return template(payload);
    }
    if !["image", "video", "audio", "file"].contains(&kind) {
        return Err(Problem::invalid(format!(
            "Param message[attachment][type] must be one of {{IMAGE, VIDEO, AUDIO, FILE}}, not {kind}"
        )));
    }
    let link = text(payload, "url").unwrap_or_default();
    if !crate::providers::meta::media::is_http(link) {
        return Err(Problem::invalid("Param message[attachment][payload][url] must be a valid URL"));
    }
    let bubble = if kind == "file" { "document" } else { kind };
    if let Some(fault) = links::fault_without_fetching(link) {
        return Err(Problem::file(&fault));
    }
    if links::is_local(link) {
        let limit = |mime: &str| limit(kind, mime);
        let fetched = links::fetch_as(sim, link, "facebookexternalua", limit).await;
        fetched.map_err(|fault| Problem::file(&fault))?;
    }
    let name = link.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
    let media = Media {
        kind: bubble.to_owned(),
        link: Some(link.to_owned()),
        filename: name.filter(|_| kind == "file").map(str::to_owned),
        id: None,
    };
    Ok(Content { kind: bubble.to_owned(), media: Some(media), ..Content::default() })
}

/// The largest file of a kind, where its type fits.
fn limit(kind: &str, mime: &str) -> Option<usize> {
    match kind {
        "file" => Some(25 << 20),
        "image" if mime.starts_with("image/") => Some(8 << 20),
        "video" | "audio" if mime.starts_with(kind) => Some(25 << 20),
        _ => None,
    }
}

/// A generic or button template: its first element's words and buttons.
fn template(payload: &Value) -> Result<Content, Problem> {
    let (words, footer, buttons) = match text(payload, "template_type") {
        Some("generic") => {
            let element = payload.pointer("/elements/0").unwrap_or(&Value::Null);
            (text(element, "title"), text(element, "subtitle"), element.get("buttons"))
        }
        Some("button") => (text(payload, "text"), None, payload.get("buttons")),
        _ => return Err(Problem::invalid("Param template_type is not known to this simulator")),
    };
    let words = words.ok_or_else(|| Problem::invalid("A template needs a title or text"))?;
    let listed = buttons.and_then(Value::as_array).into_iter().flatten().enumerate();
    let buttons = listed.map(|(index, button)| Button {
        kind: if text(button, "type") == Some("web_url") { "url" } else { "postback" }.to_owned(),
        text: text(button, "title").unwrap_or_default().to_owned(),
        url: text(button, "url").map(str::to_owned),
        payload: text(button, "payload").map(str::to_owned),
        index,
        ..Button::default()
    });
    Ok(Content {
        kind: "template".to_owned(),
        body: Some(words.to_owned()),
        footer: footer.map(str::to_owned),
        buttons: buttons.collect(),
        ..Content::default()
    })
}

fn quick_replies(source: Source, replies: &Value) -> Result<Vec<Button>, Problem> {
    let list = replies.as_array().filter(|list| !list.is_empty() && list.len() <= REPLIES);
    let list =
        list.ok_or_else(|| Problem::invalid("Param message[quick_replies] must have 1 to 13 elements"))?;
    let button = |(index, reply): (usize, &Value)| {
        let (title, payload) = (text(reply, "title"), text(reply, "payload"));
        if text(reply, "content_type") != Some("text") {
            return Err(Problem::invalid("Param content_type must be one of {TEXT}"));
        }
        let title = title.filter(|title| !title.is_empty());
        let title = title.ok_or_else(|| Problem::invalid("Param title must be a non-empty string"))?;
        if title.chars().count() > TITLE && source == Source::Messenger {
            return Err(Problem::invalid("Length of param title must be less than or equal to 20"));
        }
        if payload.is_none_or(|payload| payload.is_empty() || payload.len() > PAYLOAD) {
            return Err(Problem::invalid("Param payload must be a string of 1 to 1000 characters"));
        }
        Ok(Button {
            kind: "reply".to_owned(),
            text: title.chars().take(TITLE).collect(),
            index,
            payload: payload.map(str::to_owned),
            ..Button::default()
        })
    };
    list.iter().enumerate().map(button).collect()
}
