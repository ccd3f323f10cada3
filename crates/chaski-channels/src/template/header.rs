//! The header: a text with at most one variable, one piece of media, or a place.

use super::flat;
use super::report::{COUNT, EMPTY, FORMAT, Place, Report};
use super::texts::{self, Filled, Wanted};
use super::value::{filename_of, is_media_link};
use chaski_model::ErrorCode;
use chaski_model::message::MediaKind;
use chaski_model::template::{
    Definition, Header, HeaderFormat, Note, Parameter, RequestBody, TemplateRequest,
};
use serde_json::{Value, json};

/// What goes into the approved header.
#[derive(Debug, Default)]
pub(super) enum HeaderValue {
    /// Nothing: it is static, absent or refused.
    #[default]
    Nothing,
    /// Values of a text header.
    Texts(Vec<Filled>),
    /// Media.
    Media {
        format: HeaderFormat,
        link: String,
        /// Only documents have one.
        filename: Option<String>,
    },
    /// A place, with what is shown of it.
    Place { shown: String, wire: Value },
}

impl HeaderValue {
    /// The component that goes out, if any.
    pub(super) fn component(&self) -> Option<Value> {
        let parameters = match self {
            Self::Nothing => return None,
            Self::Texts(values) if values.is_empty() => return None,
            Self::Texts(values) => texts::wire(values),
            Self::Media { format, link, filename } => {
                let mut media = json!({"link": link});
                if let Some(filename) = filename {
                    media["filename"] = Value::from(filename.as_str());
                }
                vec![json!({"type": format.word(), format.word(): media})]
            }
            Self::Place { wire, .. } => vec![json!({"type": "location", "location": wire})],
        };
        Some(json!({"type": "header", "parameters": parameters}))
    }

    /// The values of a text header.
    pub(super) fn values(&self) -> &[Filled] {
        match self {
            Self::Texts(values) => values,
            _ => &[],
        }
    }
}

/// The caller's header.
pub(super) struct Written<'a> {
    pub(super) at: usize,
    pub(super) format: Option<HeaderFormat>,
    pub(super) text: Option<&'a str>,
    pub(super) parameters: &'a [Parameter],
}

/// The caller's first header.
pub(super) fn written(request: &TemplateRequest) -> Option<Written<'_>> {
    request.components.iter().find_map(|component| match &component.body {
        RequestBody::Header { format, text, parameters } => {
            Some(Written { at: component.at, format: *format, text: text.as_deref(), parameters })
        }
        _ => None,
    })
}

/// Fills the approved header.
pub(super) fn fill(request: &TemplateRequest, definition: &Definition, report: &mut Report) -> HeaderValue {
    let written = written(request);
    let pointer = match &written {
        Some(written) => format!("/message/template/components/{}", written.at),
        None => "/message/template/components".to_owned(),
    };
    let place = Place::new("header", pointer);
    let given = written.map_or(&[][..], |written| written.parameters);
    match &definition.header {
        None => without_header(&place, given, report),
        Some(header) => match header.format {
            HeaderFormat::Text => text(header, definition, &place, given, report),
            HeaderFormat::Location => location(&place, given, report),
            HeaderFormat::Image | HeaderFormat::Video | HeaderFormat::Document => match &header.link {
                Some(_) => fixed(&place, given, report),
                None => media(header.format, definition, &place, given, report),
            },
        },
    }
}

fn without_header(place: &Place, given: &[Parameter], report: &mut Report) -> HeaderValue {
    if let Some(first) = given.first() {
        let code = if matches!(first, Parameter::Text { .. }) { COUNT } else { FORMAT };
        let message = "The approved template has no header, but the header has a value";
        report.refuse(code, &place.parameter(0), message, "leave the header's parameters out");
    }
    HeaderValue::Nothing
}

fn text(
    header: &Header,
    definition: &Definition,
    place: &Place,
    given: &[Parameter],
    report: &mut Report,
) -> HeaderValue {
    let is_other = |p: &Parameter| matches!(p, Parameter::Media { .. } | Parameter::Location { .. });
    if let Some(index) = given.iter().position(is_other) {
        let message = "The approved header is a text, but the header has media or a place as its value";
        report.refuse(
            FORMAT,
            &place.parameter(index),
            message,
            "give a text, or leave the parameters out if the header has no variable",
        );
        return HeaderValue::Nothing;
    }
    let approved = header.text.as_deref().unwrap_or_default();
    HeaderValue::Texts(Wanted::of(approved, definition.parameter_format).fill(place, given, report))
}

/// Media that were approved with the template: the caller's are not looked at.
fn fixed(place: &Place, given: &[Parameter], report: &mut Report) -> HeaderValue {
    if !given.is_empty() {
        let message = "The template's picture or file was approved with it and takes no value; the one of the request was not used.";
        let note = Note::new("header_fixed", message);
        report.note(&place.parameter(0), note, "leave the header's parameters out");
    }
    HeaderValue::Nothing
}

/// Media headers want their value on every send, even with an unchanged picture.
fn media(
    format: HeaderFormat,
    definition: &Definition,
    place: &Place,
    given: &[Parameter],
    report: &mut Report,
) -> HeaderValue {
    let fix = format!(
        "give one parameter {{\"type\":\"{0}\",\"{0}\":{{\"link\":\"https://…\"}}}} with every send",
        format.word()
    );
    let Some(first) = given.first() else {
        let message = format!("The approved header holds {}, but the request gives none", article(format));
        report.refuse(FORMAT, &place.missing(0), message, fix);
        return HeaderValue::Nothing;
    };
    if given.len() > 1 {
        let message = format!("The header takes 1 value, but {} were given", given.len());
        report.refuse(COUNT, &place.parameter(1), message, &fix);
    }
    let place = place.parameter(0);
    match first {
        Parameter::Media { kind, link, filename } if format.media() == Some(*kind) => {
            if !is_media_link(link) {
                let message = format!("The header's link `{link}` is not a valid http or https address");
                report.refuse_ours(
                    ErrorCode::MediaLinkInvalid,
                    &place,
                    message,
                    "give a public link that opens in a browser",
                );
                return HeaderValue::Nothing;
            }
            let prefix = flat::prefix(definition);
            if !link.starts_with(prefix) {
                let message = format!("The header's link must begin with `{prefix}`, as it was approved");
                report.refuse(FORMAT, &place, message, "give a link below that address");
                return HeaderValue::Nothing;
            }
            let filename = if *kind == MediaKind::File {
                let given =
                    filename.as_deref().filter(|name| flat::carries(definition, name, link, &place, report));
                Some(named(link, given, &place, report))
            } else {
                None
            };
            HeaderValue::Media { format, link: link.clone(), filename }
        }
        other => {
            let message = format!(
                "The approved header holds {}, but the request gives {}",
                article(format),
                kind_of(other)
            );
            report.refuse(FORMAT, &place, message, fix);
            HeaderValue::Nothing
        }
    }
}

/// Without a file name the contact would see `null.pdf`.
pub(super) fn named(link: &str, given: Option<&str>, place: &Place, report: &mut Report) -> String {
    if let Some(name) = given.map(str::trim).filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    let name = filename_of(link);
    let note =
        Note::new("filename_defaulted", format!("The document had no file name; it was sent as `{name}`."));
    report.note(place, note, "give `filename` beside `link`");
    name
}

fn location(place: &Place, given: &[Parameter], report: &mut Report) -> HeaderValue {
    let fix = "give one parameter {\"type\":\"location\",\"location\":{\"latitude\":\"…\",\"longitude\":\"…\",\"name\":\"…\",\"address\":\"…\"}}";
    let Some(first) = given.first() else {
        report.refuse(
            FORMAT,
            &place.missing(0),
            "The approved header holds a place, but the request gives none",
            fix,
        );
        return HeaderValue::Nothing;
    };
    if given.len() > 1 {
        let message = format!("The header takes 1 value, but {} were given", given.len());
        report.refuse(COUNT, &place.parameter(1), message, fix);
    }
    let place = place.parameter(0);
    let Parameter::Location { latitude, longitude, name, address } = first else {
        let message = format!("The approved header holds a place, but the request gives {}", kind_of(first));
        report.refuse(FORMAT, &place, message, fix);
        return HeaderValue::Nothing;
    };
    if !check_degrees(&place, latitude, longitude, report) {
        return HeaderValue::Nothing;
    }
    HeaderValue::Place {
        shown: shown_place(latitude, longitude, name, address),
        wire: location_wire(latitude, longitude, name, address),
    }
}

fn check_degrees(place: &Place, latitude: &str, longitude: &str, report: &mut Report) -> bool {
    for (word, value, most) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
        if value.trim().is_empty() {
            report.refuse(
                EMPTY,
                place,
                format!("The header's {word} is empty"),
                "give degrees as a text, for example \"-0.18\"",
            );
            return false;
        }
        if !value.trim().parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most) {
            let message = format!("The header's {word} `{value}` is not a number of degrees");
            report.refuse(FORMAT, place, message, "give degrees as a text, for example \"-0.18\"");
            return false;
        }
    }
    true
}

/// The place as Meta takes it: coordinates are texts.
pub(super) fn location_wire(latitude: &str, longitude: &str, name: &str, address: &str) -> Value {
    let mut wire = json!({"latitude": latitude.trim(), "longitude": longitude.trim()});
    for (key, text) in [("name", name), ("address", address)] {
        if !text.trim().is_empty() {
            wire[key] = Value::from(text);
        }
    }
    wire
}

/// Name and address of a place, else its coordinates.
pub(super) fn shown_place(latitude: &str, longitude: &str, name: &str, address: &str) -> String {
    let words: Vec<&str> =
        [name.trim(), address.trim()].into_iter().filter(|text| !text.is_empty()).collect();
    if words.is_empty() { format!("{}, {}", latitude.trim(), longitude.trim()) } else { words.join(", ") }
}

fn article(format: HeaderFormat) -> &'static str {
    match format {
        HeaderFormat::Text => "a text",
        HeaderFormat::Image => "an image",
        HeaderFormat::Video => "a video",
        HeaderFormat::Document => "a document",
        HeaderFormat::Location => "a place",
    }
}

fn kind_of(parameter: &Parameter) -> &'static str {
    match parameter {
        Parameter::Text { .. } => "a text",
        Parameter::Media { kind: MediaKind::Image, .. } => "an image",
        Parameter::Media { kind: MediaKind::Video, .. } => "a video",
        Parameter::Media { kind: MediaKind::File, .. } => "a document",
        Parameter::Media { kind: MediaKind::Audio, .. } => "a sound",
        Parameter::Media { kind: MediaKind::Sticker, .. } => "a sticker",
        Parameter::Location { .. } => "a place",
        Parameter::Payload { .. } => "a payload",
        Parameter::Action { .. } => "an action",
        Parameter::Native { .. } => "a currency or a date",
    }
}
