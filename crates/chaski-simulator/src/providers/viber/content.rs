//! What a person sees of a body, and what Viber checks of it.

use serde_json::{Value, json};

use crate::call::text;
use crate::phones::{Button, Content, Media};

/// The content of a message, or the number and words of what is wrong with it.
pub(super) fn read(body: &Value) -> Result<Content, (u32, &'static str)> {
    let kind = text(body, "type").ok_or((4, "missingData"))?;
    let mut content = match kind {
        "text" => {
            let words = filled(body, "text")?;
            if words.chars().count() > 7000 {
                return Err((3, "text is longer than 7000 characters"));
            }
            Content { kind: "text".to_owned(), body: Some(words), ..Content::default() }
        }
        "picture" => {
            let words = text(body, "text").ok_or((4, "text is missing"))?.to_owned();
            if words.chars().count() > 512 {
                return Err((3, "text is too long"));
            }
            let words = Some(words).filter(|words| !words.is_empty());
            Content { body: words, ..file(body, "image")? }
        }
        "video" => {
            size(body, 26 << 20)?;
            let content = file(body, "video")?;
            let link = content.media.as_ref().and_then(|media| media.link.clone()).unwrap_or_default();
            let path = link.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
            if !path.ends_with(".mp4") {
                return Err((3, "only mp4 is supported"));
            }
            content
        }
        "file" => {
            size(body, 50 << 20)?;
            let name = filled(body, "file_name")?;
            if name.chars().count() > 256 || !name.contains('.') {
                return Err((3, "file_name is not valid"));
            }
            let mut content = file(body, "document")?;
            if let Some(media) = &mut content.media {
                media.filename = Some(name);
            }
            content
        }
        "contact" => {
            let contact = body.get("contact").ok_or((4, "contact is missing"))?;
            Content {
                kind: "contacts".to_owned(),
                body: Some(filled(contact, "name")?),
                ..Content::default()
            }
        }
        "location" => location(body)?,
        "url" => {
            let link = filled(body, "media")?;
            Content { kind: "text".to_owned(), body: Some(link), ..Content::default() }
        }
        "sticker" => Content { kind: "sticker".to_owned(), ..Content::default() },
        "rich_media" => rich_media(body)?,
        _ => return Err((3, "type is not supported")),
    };
    if let Some(keyboard) = body.get("keyboard") {
        content.buttons = keys(keyboard)?;
    }
    Ok(content)
}

fn filled(body: &Value, key: &str) -> Result<String, (u32, &'static str)> {
    text(body, key).filter(|text| !text.is_empty()).map(str::to_owned).ok_or((4, "missingData"))
}

fn size(body: &Value, most: u64) -> Result<(), (u32, &'static str)> {
    match body.get("size").map(Value::as_u64) {
        None => Err((4, "size is missing")),
        Some(Some(size)) if (1..=most).contains(&size) => Ok(()),
        Some(_) => Err((3, "size is not valid")),
    }
}

fn file(body: &Value, kind: &str) -> Result<Content, (u32, &'static str)> {
    let link = filled(body, "media")?;
    if link.len() > 2000 || !is_public(&link) {
        return Err((3, "media is not a valid URL"));
    }
    let media = Media { kind: kind.to_owned(), link: Some(link), ..Media::default() };
    Ok(Content { kind: kind.to_owned(), media: Some(media), ..Content::default() })
}

/// Viber wants https; on one's own machine http does too.
fn is_public(link: &str) -> bool {
    link.starts_with("https://") || crate::links::is_local(link)
}

fn location(body: &Value) -> Result<Content, (u32, &'static str)> {
    let degrees = |key: &str| {
        let given = body.get("location")?.get(key)?;
        given.as_f64().or_else(|| given.as_str()?.parse().ok())
    };
    let (latitude, longitude) =
        (degrees("lat").ok_or((4, "lat is missing"))?, degrees("lon").ok_or((4, "lon is missing"))?);
    let place = json!({"latitude": latitude, "longitude": longitude});
    Ok(Content { kind: "location".to_owned(), location: Some(place), ..Content::default() })
}

fn rich_media(body: &Value) -> Result<Content, (u32, &'static str)> {
    if body.get("min_api_version").and_then(Value::as_u64).unwrap_or(1) < 7 {
        return Err((14, "incompatibleWithVersion"));
    }
    let media = body.get("rich_media").ok_or((4, "rich_media is missing"))?;
    let buttons = keys(media)?;
    let words = text(body, "alt_text").map(str::to_owned);
    Ok(Content { kind: "interactive".to_owned(), body: words, buttons, ..Content::default() })
}

/// The keys of a keyboard: what is tapped writes its `ActionBody`.
fn keys(board: &Value) -> Result<Vec<Button>, (u32, &'static str)> {
    let list = board.get("Buttons").and_then(Value::as_array).ok_or((4, "Buttons is missing"))?;
    let (mut rows, mut columns) = (0, 0);
    let mut keys = Vec::new();
    for (index, button) in list.iter().enumerate() {
        let width = button.get("Columns").and_then(Value::as_u64).unwrap_or(6);
        if !(1..=6).contains(&width) {
            return Err((3, "Columns must be from 1 to 6"));
        }
        if columns + width > 6 || columns == 0 {
            (rows, columns) = (rows + 1, 0);
        }
        columns += width;
        let action = text(button, "ActionType").unwrap_or("reply");
        let body = filled(button, "ActionBody")?;
        let words = text(button, "Text").unwrap_or(&body).to_owned();
        let url = (action == "open-url").then(|| body.clone());
        let kind = if action == "reply" { "key" } else { "url" };
        keys.push(Button {
            kind: kind.to_owned(),
            text: words,
            url,
            index,
            payload: Some(body),
            ..Button::default()
        });
    }
    if keys.is_empty() || rows > 12 {
        return Err((3, "a keyboard has 1 to 12 rows"));
    }
    Ok(keys)
}
