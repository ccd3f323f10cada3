//! What a person sees of message objects, and what LINE checks of them.

use serde_json::{Value, json};

use super::problem::Problem;
use crate::call::text;
use crate::phones::{Button, Content, Media};

const KINDS: [&str; 9] =
    ["text", "textV2", "image", "video", "audio", "location", "sticker", "template", "flex"];

/// Faults with their places.
struct Faults(Vec<(String, String)>);

impl Faults {
    fn add(&mut self, place: &str, words: impl Into<String>) {
        self.0.push((place.to_owned(), words.into()));
    }

    /// A text that must be there and no longer than that.
    fn text(&mut self, object: &Value, at: &str, key: &str, most: usize) -> String {
        let place = format!("{at}.{key}");
        let found = text(object, key).unwrap_or_default();
        if found.is_empty() {
            self.add(&place, "May not be empty");
        } else if found.encode_utf16().count() > most {
            self.add(&place, format!("Length must be between 0 and {most}"));
        }
        found.to_owned()
    }

    /// A link: https, or http on one's own machine.
    fn link(&mut self, object: &Value, at: &str, key: &str) -> String {
        let link = self.text(object, at, key, 2000);
        let is_good = link.starts_with("https://") || crate::links::is_local(&link);
        if !link.is_empty() && (!is_good || !link.is_ascii()) {
            self.add(&format!("{at}.{key}"), "Must be a valid https URL");
        }
        link
    }
}

/// The messages of a push.
pub(super) fn read(body: &Value) -> Result<Vec<Content>, Problem> {
    let mut faults = Faults(Vec::new());
    if text(body, "to").is_none_or(str::is_empty) {
        faults.add("to", "May not be empty");
    }
    let messages = body.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
    if messages.is_empty() || messages.len() > 5 {
        faults.add("messages", "Size must be between 1 and 5");
    }
    let read = messages.iter().enumerate().map(|(index, message)| {
        let at = format!("messages[{index}]");
        let mut content = one(message, &at, &mut faults);
        quick_replies(message, &at, &mut content, &mut faults);
        content
    });
    let mut contents: Vec<Content> = read.collect();
    // Only the last message's quick replies are shown.
    if let Some((_, before)) = contents.split_last_mut() {
        before.iter_mut().for_each(|content| content.buttons.retain(|button| button.kind != "key"));
    }
    if faults.0.is_empty() { Ok(contents) } else { Err(Problem::faults(&faults.0)) }
}

fn one(message: &Value, at: &str, faults: &mut Faults) -> Content {
    let words = |kind: &str, words: String| Content {
        kind: kind.to_owned(),
        body: Some(words),
        ..Content::default()
    };
    match text(message, "type").unwrap_or_default() {
        "text" | "textV2" => words("text", faults.text(message, at, "text", 5000)),
        kind @ ("image" | "video") => {
            faults.link(message, at, "previewImageUrl");
            file(kind, faults.link(message, at, "originalContentUrl"))
        }
        "audio" => {
            if message.get("duration").and_then(Value::as_i64).is_none_or(|ms| ms < 1) {
                faults.add(&format!("{at}.duration"), "Must be a positive number");
            }
            file("audio", faults.link(message, at, "originalContentUrl"))
        }
        "location" => {
            let title = faults.text(message, at, "title", 100);
            faults.text(message, at, "address", 100);
            let place =
                json!({"latitude": message["latitude"], "longitude": message["longitude"], "name": title});
            Content { location: Some(place), ..words("location", title) }
        }
        "sticker" => {
            faults.text(message, at, "packageId", 20);
            faults.text(message, at, "stickerId", 20);
            Content { kind: "sticker".to_owned(), ..Content::default() }
        }
        "template" => {
            let mut content = words("interactive", faults.text(message, at, "altText", 1500));
            let template = message.get("template").unwrap_or(&Value::Null);
            if let Some(text) = text(template, "text") {
                content.body = Some(text.to_owned());
            }
            let actions = template.get("actions").and_then(Value::as_array).into_iter().flatten();
            content.buttons =
                actions.enumerate().filter_map(|(index, action)| button(action, index, "reply")).collect();
            content
        }
        "flex" => {
            if !message.get("contents").is_some_and(Value::is_object) {
                faults.add(&format!("{at}.contents"), "May not be empty");
            }
            words("interactive", faults.text(message, at, "altText", 1500))
        }
        _ => {
            faults.add(
                &format!("{at}.type"),
                format!("Must be one of the following values: [{}]", KINDS.join(", ")),
            );
            Content::default()
        }
    }
}

fn file(kind: &str, link: String) -> Content {
    let media = Media { kind: kind.to_owned(), link: Some(link), ..Media::default() };
    Content { kind: kind.to_owned(), media: Some(media), ..Content::default() }
}

/// A tap writes the action's text, or sends its data where it is a postback.
fn button(action: &Value, index: usize, other: &str) -> Option<Button> {
    let label = text(action, "label").or_else(|| text(action, "text"))?.to_owned();
    let (kind, payload) = match text(action, "type")? {
        "message" => ("key", text(action, "text").map(str::to_owned)),
        "postback" => (other, text(action, "data").map(str::to_owned)),
        _ => ("url", None),
    };
    let url = text(action, "uri").map(str::to_owned);
    Some(Button { kind: kind.to_owned(), text: label, url, index, payload, ..Button::default() })
}

fn quick_replies(message: &Value, at: &str, content: &mut Content, faults: &mut Faults) {
    let Some(items) = message.pointer("/quickReply/items").and_then(Value::as_array) else { return };
    if items.is_empty() || items.len() > 13 {
        faults.add(&format!("{at}.quickReply.items"), "Size must be between 1 and 13");
    }
    for (index, item) in items.iter().enumerate() {
        let action = item.get("action").unwrap_or(&Value::Null);
        let place = format!("{at}.quickReply.items[{index}].action");
        faults.text(action, &place, "label", 20);
        if text(action, "type") == Some("message") {
            faults.text(action, &place, "text", 300);
        }
        content.buttons.extend(button(action, index, "inline"));
    }
}
