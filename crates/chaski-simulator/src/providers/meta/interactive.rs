//! Interactive messages: the limits of each form, and what a person sees of it.

use serde_json::Value;

use super::media::media_object;
use super::refusal::Refusal;
use super::shape::{self, list};
use crate::call::text;
use crate::phones::{Button, Content};
use crate::sim::Sim;

const AT: &str = "interactive";

/// What a person gets for this interactive object, or why Meta refuses it.
pub(crate) fn content(sim: &Sim, sent: &Value) -> Result<Content, Refusal> {
    shape::keys(sent, AT, &["type", "header", "body", "footer", "action"])?;
    let kind = shape::text(sent, "type", AT)?;
    let body_limit = if kind == "list" { 4096 } else { 1024 };
    let mut content = Content { kind: "interactive".to_owned(), ..Content::default() };
    let may_lack_body = matches!(kind, "product" | "catalog_message");
    content.body = match sent.get("body") {
        None if may_lack_body => None,
        None => {
            return Err(Refusal::new(131_008, "The parameter interactive['body'] is required."));
        }
        Some(body) => Some(within(body, "text", "Body", body_limit)?.to_owned()),
    };
    content.footer =
        sent.get("footer").map(|footer| within(footer, "text", "Footer", 60)).transpose()?.map(str::to_owned);
    if let Some(header) = sent.get("header") {
        add_header(sim, &mut content, kind, header)?;
    }
    let action = sent
        .get("action")
        .ok_or_else(|| Refusal::new(131_008, "The parameter interactive['action'] is required."))?;
    content.buttons = match kind {
        "button" => reply_buttons(action)?,
        "list" => rows(action)?,
        "cta_url" => cta(action)?,
        "location_request_message" => vec![one("send_location", "Enviar ubicación")],
        "flow" => flow(action)?,
        "product" | "product_list" => products(action, kind)?,
        "catalog_message" => vec![one("catalog", "Ver catálogo")],
        other => {
            return Err(Refusal::invalid(format!(
                "Param interactive['type'] must be one of {{BUTTON, LIST, CTA_URL, LOCATION_REQUEST_MESSAGE, FLOW, PRODUCT, PRODUCT_LIST, CATALOG_MESSAGE}} - got \"{other}\"."
            )));
        }
    };
    Ok(content)
}

/// A text of an interactive message between one character and a limit.
fn within<'a>(object: &'a Value, key: &str, what: &str, longest: usize) -> Result<&'a str, Refusal> {
    let value = object.get(key);
    if value.is_some_and(|value| !value.is_string()) {
        return Err(Refusal::invalid(format!("Param {AT} {what} must be a string.")));
    }
    let value = value.and_then(Value::as_str).unwrap_or_default();
    if value.is_empty() || value.chars().count() > longest {
        return Err(Refusal::new(
            131_009,
            format!("{what} length invalid. Min length: 1, Max length: {longest}"),
        ));
    }
    Ok(value)
}

fn count(what: &str, given: usize, most: usize) -> Result<(), Refusal> {
    if (1..=most).contains(&given) {
        return Ok(());
    }
    Err(Refusal::new(
        131_009,
        format!("Invalid {what} count. Min allowed {what}: 1, Max allowed {what}: {most}"),
    ))
}

fn one(kind: &str, text: &str) -> Button {
    Button { kind: kind.to_owned(), text: text.to_owned(), ..Button::default() }
}

fn add_header(sim: &Sim, content: &mut Content, kind: &str, header: &Value) -> Result<(), Refusal> {
    let header_kind = shape::text(header, "type", "interactive['header']")?;
    match header_kind {
        "text" => content.header = Some(within(header, "text", "Header", 60)?.to_owned()),
        "image" | "video" | "document" if matches!(kind, "button" | "cta_url" | "flow") => {
            content.media = Some(media_object(sim, header, header_kind, "interactive['header']")?);
        }
        other => {
            return Err(Refusal::new(
                131_009,
                format!("Header of type {other} is not valid for interactive type {kind}"),
            ));
        }
    }
    Ok(())
}

fn reply_buttons(action: &Value) -> Result<Vec<Button>, Refusal> {
    let buttons = list(action, "buttons", "interactive['action']")?;
    count("buttons", buttons.len(), 3)?;
    let mut read: Vec<Button> = Vec::new();
    for (index, button) in buttons.iter().enumerate() {
        let at = format!("interactive['action']['buttons'][{index}]");
        if text(button, "type") != Some("reply") {
            return Err(Refusal::invalid(format!("Param {at}['type'] must be one of {{REPLY}}.")));
        }
        let reply = button
            .get("reply")
            .ok_or_else(|| Refusal::new(131_008, format!("The parameter {at}['reply'] is required.")))?;
        let id = within(reply, "id", "Button id", 256)?;
        let title = within(reply, "title", "Button title", 20)?;
        if read.iter().any(|known| known.payload.as_deref() == Some(id) || known.text == title) {
            return Err(Refusal::new(131_009, "Duplicated button ids or titles are not allowed"));
        }
        read.push(Button { index, payload: Some(id.to_owned()), ..one("reply", title) });
    }
    Ok(read)
}

fn rows(action: &Value) -> Result<Vec<Button>, Refusal> {
    within(action, "button", "Action button", 20)?;
    let sections = list(action, "sections", "interactive['action']")?;
    count("sections", sections.len(), 10)?;
    let mut read: Vec<Button> = Vec::new();
    for section in sections {
        let title = text(section, "title").unwrap_or_default();
        if title.chars().count() > 24 || (title.is_empty() && sections.len() > 1) {
            return Err(Refusal::new(131_009, "Section title length invalid. Min length: 1, Max length: 24"));
        }
        for row in list(section, "rows", "interactive['action']['sections']")? {
            let id = within(row, "id", "Row id", 200)?;
            let title = within(row, "title", "Row title", 24)?;
            let description = row
                .get("description")
                .map(|_| within(row, "description", "Row description", 72))
                .transpose()?;
            if read.iter().any(|known| known.payload.as_deref() == Some(id)) {
                return Err(Refusal::new(131_009, "Duplicated row ids are not allowed"));
            }
            let (index, payload, description) =
                (read.len(), Some(id.to_owned()), description.map(str::to_owned));
            read.push(Button { index, payload, description, ..one("row", title) });
        }
    }
    if read.len() > 10 {
        return Err(Refusal::new(131_009, "Total row count exceed max allowed count: 10"));
    }
    count("rows", read.len(), 10)?;
    Ok(read)
}

fn cta(action: &Value) -> Result<Vec<Button>, Refusal> {
    let parameters = action.get("parameters").ok_or_else(|| {
        Refusal::new(131_008, "The parameter interactive['action']['parameters'] is required.")
    })?;
    let label = within(parameters, "display_text", "Display text", 20)?;
    let url = shape::text(parameters, "url", "interactive['action']['parameters']")?;
    if !super::media::is_http(url) {
        return Err(Refusal::new(
            131_009,
            "Param interactive['action']['parameters']['url'] is not a valid URL",
        ));
    }
    Ok(vec![Button { url: Some(url.to_owned()), ..one("url", label) }])
}

fn flow(action: &Value) -> Result<Vec<Button>, Refusal> {
    let parameters = action.get("parameters").ok_or_else(|| {
        Refusal::new(131_008, "The parameter interactive['action']['parameters'] is required.")
    })?;
    Ok(vec![one("flow", within(parameters, "flow_cta", "Flow CTA", 30)?)])
}

fn products(action: &Value, kind: &str) -> Result<Vec<Button>, Refusal> {
    shape::text(action, "catalog_id", "interactive['action']")?;
    if kind == "product" {
        return Ok(vec![one(
            "product",
            shape::text(action, "product_retailer_id", "interactive['action']")?,
        )]);
    }
    let sections = list(action, "sections", "interactive['action']")?;
    count("sections", sections.len(), 10)?;
    let items = sections
        .iter()
        .filter_map(|section| section.get("product_items").and_then(Value::as_array))
        .flatten();
    count("products", items.count(), 30)?;
    Ok(vec![one("product_list", "Ver artículos")])
}
