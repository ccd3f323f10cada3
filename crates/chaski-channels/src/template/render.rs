//! What the contact gets: the approved template with its values. Without a catalogue, what the
//! caller wrote.

use super::header::{self, HeaderValue};
use super::resolve::Values;
use super::texts::{native_text, shown};
use super::{body, buttons, placeholders};
use chaski_model::template::{
    Definition, Header, HeaderFormat, Parameter, Rendered, RenderedButton, RenderedHeader, RequestBody,
    TemplateRequest,
};

/// The approved template with the values filled in. Where a value was refused its placeholder
/// stays, so that one sees which.
pub(super) fn approved(definition: &Definition, values: &Values) -> Rendered {
    let body =
        definition.body.as_deref().map(|text| placeholders::substitute(text, |key| shown(&values.body, key)));
    let buttons = definition.buttons.iter().enumerate().map(|(index, button)| {
        let suffix = values
            .buttons
            .iter()
            .find(|value| value.index == index)
            .and_then(|value| value.suffix.as_deref());
        RenderedButton {
            kind: button.kind.clone(),
            text: button.text.clone(),
            url: button.url.as_deref().map(|url| placeholders::substitute(url, |_| suffix)),
            phone_number: button.phone_number.clone(),
        }
    });
    Rendered {
        header: definition.header.as_ref().map(|header| approved_header(header, &values.header)),
        body,
        footer: definition.footer.clone(),
        buttons: buttons.collect(),
    }
}

fn approved_header(approved: &Header, value: &HeaderValue) -> RenderedHeader {
    let mut rendered = empty(approved.format);
    rendered.text =
        approved.text.as_deref().map(|text| placeholders::substitute(text, |key| shown(value.values(), key)));
    match value {
        HeaderValue::Media { link, filename, .. } => {
            rendered.link = Some(link.clone());
            rendered.filename.clone_from(filename);
        }
        HeaderValue::Place { shown, .. } => rendered.location = Some(shown.clone()),
        HeaderValue::Nothing | HeaderValue::Texts(_) => rendered.link.clone_from(&approved.link),
    }
    rendered
}

fn empty(format: HeaderFormat) -> RenderedHeader {
    RenderedHeader { format, text: None, link: None, filename: None, location: None }
}

/// What the caller wrote, values filled in by order or by name.
pub(super) fn as_written(request: &TemplateRequest) -> Rendered {
    let body = body::written(request).and_then(|body| body.text.map(|text| fill(text, body.parameters)));
    let footer = request.components.iter().find_map(|component| match &component.body {
        RequestBody::Footer { text } => text.clone(),
        _ => None,
    });
    let buttons = buttons::written(request).into_iter().map(|written| RenderedButton {
        kind: written.button.kind.clone(),
        text: written.button.text.clone().unwrap_or_default(),
        url: written.button.url.as_deref().map(|url| fill(url, &written.button.parameters)),
        phone_number: written.button.phone_number.clone(),
    });
    Rendered { header: written_header(request), body, footer, buttons: buttons.collect() }
}

fn written_header(request: &TemplateRequest) -> Option<RenderedHeader> {
    let written = header::written(request)?;
    let first = written.parameters.first();
    let mut rendered =
        empty(written.format.or_else(|| first.and_then(format_of)).unwrap_or(HeaderFormat::Text));
    rendered.text = written.text.map(|text| fill(text, written.parameters));
    match first {
        Some(Parameter::Media { link, filename, .. }) => {
            rendered.link = Some(link.clone());
            rendered.filename.clone_from(filename);
        }
        Some(Parameter::Location { latitude, longitude, name, address }) => {
            rendered.location = Some(header::shown_place(latitude, longitude, name, address));
        }
        _ => {}
    }
    Some(rendered)
}

fn format_of(parameter: &Parameter) -> Option<HeaderFormat> {
    match parameter {
        Parameter::Media { kind, .. } => [HeaderFormat::Image, HeaderFormat::Video, HeaderFormat::Document]
            .into_iter()
            .find(|format| format.media() == Some(*kind)),
        Parameter::Location { .. } => Some(HeaderFormat::Location),
        _ => None,
    }
}

fn fill(text: &str, given: &[Parameter]) -> String {
    let names = placeholders::names(text);
    placeholders::substitute(text, |key| {
        let named =
            given.iter().find(|p| matches!(p, Parameter::Text { name: Some(name), .. } if name == key));
        let by_number = || given.get(key.parse::<usize>().ok()?.checked_sub(1)?);
        let by_order = || given.get(names.iter().position(|name| *name == key)?);
        match named.or_else(|| if key.parse::<usize>().is_ok() { by_number() } else { by_order() })? {
            Parameter::Text { text, .. } => Some(text.as_str()),
            Parameter::Native { value } => native_text(value),
            _ => None,
        }
    })
}
