//! Without a catalogue: what the caller wrote goes out as well as it can, and the provider decides.

use super::buttons::{self, Written};
use super::header::{self, HeaderValue};
use super::report::{Place, Report};
use super::texts::cleaned;
use super::value::is_media_link;
use super::{body, render};
use chaski_model::ErrorCode;
use chaski_model::message::MediaKind;
use chaski_model::template::{
    ButtonKind, HeaderFormat, Mark, MetaTemplate, Note, Parameter, Resolution, TemplateRequest,
};
use serde_json::{Value, json};

/// Builds what goes out from the caller's own values.
pub(super) fn resolve(request: &TemplateRequest) -> Resolution {
    let mut report = Report::default();
    let written = buttons::written(request);
    let mut components: Vec<Value> = of_header(request, &mut report).into_iter().collect();
    components.extend(of_body(request, &mut report));
    buttons::check_kinds(&written, &mut report);
    components.extend(of_buttons(&written, &mut report));
    let language = super::definition::normalise_language(&request.language);
    if language != request.language {
        let message = format!("The language code `{}` was read as `{language}`.", request.language);
        let place = Place::new("template", "/message/template/languageCode");
        report.note(&place, Note::new("language_normalised", message), "write the code as WhatsApp does");
    }
    let template = MetaTemplate { name: request.name.clone(), language, components, content: None };
    Resolution {
        template: report.refused.is_none().then_some(template),
        rendered: render::as_written(request),
        mark: Some(Mark::NotVerified),
        difference: Vec::new(),
        notes: report.notes,
        findings: report.findings,
        refused: report.refused,
        absent: false,
    }
}

fn of_header(request: &TemplateRequest, report: &mut Report) -> Option<Value> {
    let written = header::written(request)?;
    let place = Place::new("header", format!("/message/template/components/{}", written.at));
    match written.parameters.first()? {
        Parameter::Media { kind, link, filename } => {
            let place = place.parameter(0);
            if !is_media_link(link) {
                let message = format!("The header's link `{link}` is not a valid http or https address");
                report.refuse_ours(
                    ErrorCode::MediaLinkInvalid,
                    &place,
                    message,
                    "give a public link that opens in a browser",
                );
                return None;
            }
            let (format, filename) = match kind {
                MediaKind::Image => (HeaderFormat::Image, None),
                MediaKind::Video => (HeaderFormat::Video, None),
                _ => (HeaderFormat::Document, Some(header::named(link, filename.as_deref(), &place, report))),
            };
            HeaderValue::Media { format, link: link.clone(), filename }.component()
        }
        Parameter::Location { latitude, longitude, name, address } => HeaderValue::Place {
            shown: String::new(),
            wire: header::location_wire(latitude, longitude, name, address),
        }
        .component(),
        _ => of_texts("header", &place, written.parameters, report),
    }
}

fn of_body(request: &TemplateRequest, report: &mut Report) -> Option<Value> {
    let written = body::written(request)?;
    let place = Place::new("body", format!("/message/template/components/{}", written.at));
    of_texts("body", &place, written.parameters, report)
}

fn of_texts(kind: &str, place: &Place, given: &[Parameter], report: &mut Report) -> Option<Value> {
    let parameters: Vec<Value> = given
        .iter()
        .enumerate()
        .filter_map(|(index, parameter)| match parameter {
            Parameter::Text { text, name } => {
                let text = cleaned(text, &place.parameter(index), report);
                Some(match name {
                    Some(name) => json!({"type": "text", "parameter_name": name, "text": text}),
                    None => json!({"type": "text", "text": text}),
                })
            }
            Parameter::Native { value } => Some(value.clone()),
            _ => None,
        })
        .collect();
    (!parameters.is_empty()).then(|| json!({"type": kind, "parameters": parameters}))
}

/// The place in the caller's list is the best guess at the place in the template.
fn of_buttons(written: &[Written<'_>], report: &mut Report) -> Vec<Value> {
    let mut components = Vec::new();
    for (index, written) in written.iter().enumerate() {
        let place = Place::new("buttons", written.pointer.clone());
        let Some(first) = written.button.parameters.first() else { continue };
        let value = match (&written.button.kind, first) {
            (ButtonKind::Url, Parameter::Text { text, .. }) => {
                let text = cleaned(text, &place.parameter(0), report);
                buttons::value(index, "url", json!({"type": "text", "text": text}))
            }
            (ButtonKind::QuickReply, Parameter::Payload { payload }) => {
                buttons::value(index, "quick_reply", json!({"type": "payload", "payload": payload}))
            }
            (ButtonKind::Catalog, Parameter::Action { action }) => {
                buttons::value(index, "catalog", json!({"type": "action", "action": action}))
            }
            (ButtonKind::Mpm, Parameter::Action { action }) => {
                buttons::value(index, "mpm", json!({"type": "action", "action": action}))
            }
            _ => {
                let note = Note::new(
                    "button_value_left_out",
                    "A button's value has no form in which it could be sent.",
                );
                report.note(&place.parameter(0), note, "leave its parameters out");
                continue;
            }
        };
        components.push(value.component);
    }
    components
}
