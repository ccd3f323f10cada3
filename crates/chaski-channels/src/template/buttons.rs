//! The buttons. What matters on the wire is a button's place in the *approved* template, whatever
//! the caller wrote and in which order.

use super::placeholders;
use super::report::{COUNT, EMPTY, FORMAT, Place, Report};
use super::texts::cleaned;
use chaski_model::ErrorCode;
use chaski_model::template::{
    ButtonDefinition, ButtonKind, Definition, Note, Parameter, RequestBody, RequestButton, TemplateRequest,
};
use serde_json::{Value, json};

/// A button of the caller with its place in the body.
pub(super) struct Written<'a> {
    pub(super) button: &'a RequestButton,
    pub(super) pointer: String,
}

/// What goes into an approved button.
#[derive(Debug)]
pub(super) struct ButtonValue {
    /// Its place in the approved template.
    pub(super) index: usize,
    /// The component that goes out.
    pub(super) component: Value,
    /// What replaces the placeholder of its address.
    pub(super) suffix: Option<String>,
}

/// The caller's buttons, in the caller's order, of every buttons component.
pub(super) fn written(request: &TemplateRequest) -> Vec<Written<'_>> {
    let mut all = Vec::new();
    for component in &request.components {
        let RequestBody::Buttons { buttons } = &component.body else { continue };
        for (index, button) in buttons.iter().enumerate() {
            let pointer = format!("/message/template/components/{}/buttons/{index}", component.at);
            all.push(Written { button, pointer });
        }
    }
    all
}

/// Which of the caller's buttons each approved button is: by kind and label, else by kind and order.
pub(super) fn pair(approved: &[ButtonDefinition], written: &[Written<'_>]) -> Vec<Option<usize>> {
    let mut pairs: Vec<Option<usize>> = vec![None; approved.len()];
    let mut is_taken = vec![false; written.len()];
    for by_label in [true, false] {
        for (index, definition) in approved.iter().enumerate() {
            if pairs[index].is_some() {
                continue;
            }
            let found = written.iter().enumerate().position(|(at, candidate)| {
                !is_taken[at]
                    && candidate.button.kind == definition.kind
                    && (!by_label || label(candidate.button) == Some(definition.text.trim()))
            });
            if let Some(at) = found {
                is_taken[at] = true;
                pairs[index] = Some(at);
            }
        }
    }
    pairs
}

fn label(button: &RequestButton) -> Option<&str> {
    button.text.as_deref().map(str::trim)
}

/// Refuses kinds of button that are not supported, whatever the catalogue says.
pub(super) fn check_kinds(written: &[Written<'_>], report: &mut Report) {
    for button in written {
        let word = match button.button.kind {
            ButtonKind::CopyCode => "copy_code",
            ButtonKind::Flow => "flow",
            ButtonKind::Otp => "otp",
            _ => continue,
        };
        let place = Place::new("buttons", button.pointer.clone());
        let message = format!("Buttons of the type `{word}` are not supported");
        report.refuse_ours(ErrorCode::ComponentNotSupported, &place, message, "use a template without them");
    }
}

/// Fills the approved buttons that take a value.
pub(super) fn fill(
    written: &[Written<'_>],
    pairs: &[Option<usize>],
    definition: &Definition,
    report: &mut Report,
) -> Vec<ButtonValue> {
    let mut values = Vec::new();
    for (index, (approved, pair)) in definition.buttons.iter().zip(pairs).enumerate() {
        let found = pair.map(|at| &written[at]);
        let pointer = found.map_or("/message/template/components", |found| found.pointer.as_str());
        let place = Place::new("buttons", pointer);
        let given = found.map_or(&[][..], |found| &found.button.parameters);
        values.extend(one(index, approved, &place, given, report));
    }
    for (at, extra) in written.iter().enumerate() {
        let is_paired = pairs.contains(&Some(at));
        if !is_paired && !extra.button.parameters.is_empty() {
            let place = Place::new("buttons", extra.pointer.clone()).parameter(0);
            let message = "A button that is not in the approved template has a value";
            report.refuse(COUNT, &place, message, "leave its parameters out");
        }
    }
    values
}

fn one(
    index: usize,
    approved: &ButtonDefinition,
    place: &Place,
    given: &[Parameter],
    report: &mut Report,
) -> Option<ButtonValue> {
    match approved.kind {
        ButtonKind::Url if is_dynamic(approved) => url(index, approved, place, given, report),
        ButtonKind::QuickReply => {
            let (_, first) = at_most_one(approved, place, given, report)?;
            let Parameter::Payload { payload } = first else {
                refuse_static(approved, place, report);
                return None;
            };
            if payload.trim().is_empty() {
                refuse_empty(approved, place, report);
                return None;
            }
            Some(value(index, "quick_reply", json!({"type": "payload", "payload": payload})))
        }
        ButtonKind::Catalog => action(index, "catalog", approved, place, given, report),
        ButtonKind::Mpm if given.is_empty() => {
            let message = format!("The button \"{}\" needs the products that it shows", approved.text);
            report.refuse(
                EMPTY,
                &place.missing(0),
                message,
                "give a parameter of the type `action` with `sections`",
            );
            None
        }
        ButtonKind::Mpm => action(index, "mpm", approved, place, given, report),
        ButtonKind::Url
        | ButtonKind::PhoneNumber
        | ButtonKind::CopyCode
        | ButtonKind::Flow
        | ButtonKind::Otp
        | ButtonKind::Other(_) => {
            if !given.is_empty() {
                refuse_static(approved, place, report);
            }
            None
        }
    }
}

/// Whether the approved address ends in a variable.
pub(super) fn is_dynamic(button: &ButtonDefinition) -> bool {
    button.url.as_deref().is_some_and(placeholders::any)
}

fn url(
    index: usize,
    approved: &ButtonDefinition,
    place: &Place,
    given: &[Parameter],
    report: &mut Report,
) -> Option<ButtonValue> {
    if given.is_empty() {
        let message = format!("The button \"{}\" needs the end of its address", approved.text);
        let fix = format!(
            "give the button one text parameter, which replaces the variable of {}",
            approved.url.as_deref().unwrap_or_default()
        );
        report.refuse(EMPTY, &place.missing(0), message, fix);
        return None;
    }
    let (place, first) = at_most_one(approved, place, given, report)?;
    let Parameter::Text { text, .. } = first else {
        let message = format!("The button \"{}\" takes a text as its value", approved.text);
        report.refuse(FORMAT, &place, message, "give {\"type\":\"text\",\"text\":\"…\"}");
        return None;
    };
    let suffix = cut(&cleaned(text, &place, report), approved, &place, report);
    if suffix.trim().is_empty() {
        let message = format!("The value of the button \"{}\" is empty", approved.text);
        report.refuse(EMPTY, &place, message, "give the end of its address; WhatsApp takes no empty values");
        return None;
    }
    let mut value = value(index, "url", json!({"type": "text", "text": suffix}));
    value.suffix = Some(suffix);
    Some(value)
}

/// Only the end of the address goes out. A caller who gives the whole address means its end.
fn cut(text: &str, approved: &ButtonDefinition, place: &Place, report: &mut Report) -> String {
    let address = approved.url.as_deref().unwrap_or_default();
    let prefix = placeholders::scan(address).first().map_or(address, |p| &address[..p.start]);
    let (Some(rest), Some(prefix)) = (without_scheme(text), without_scheme(prefix)) else {
        return text.to_owned();
    };
    let starts = rest.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if prefix.is_empty() || !starts {
        let note = Note::new(
            "url_not_of_button",
            format!(
                "The value of the button \"{}\" is a whole address that does not begin like the approved one; it was sent as it is.",
                approved.text
            ),
        );
        report.note(place, note, "give only the end of the address");
        return text.to_owned();
    }
    let suffix = rest[prefix.len()..].to_owned();
    let note = Note::new(
        "url_prefix_cut",
        format!(
            "The value of the button \"{}\" was the whole address; only its end `{suffix}` was sent.",
            approved.text
        ),
    );
    report.note(place, note, "give only the end of the address");
    suffix
}

fn without_scheme(address: &str) -> Option<&str> {
    address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))
}

fn action(
    index: usize,
    sub_type: &str,
    approved: &ButtonDefinition,
    place: &Place,
    given: &[Parameter],
    report: &mut Report,
) -> Option<ButtonValue> {
    let (place, first) = at_most_one(approved, place, given, report)?;
    let Parameter::Action { action } = first else {
        let message = format!("The button \"{}\" takes an action as its value", approved.text);
        report.refuse(FORMAT, &place, message, "give {\"type\":\"action\",\"action\":{…}}");
        return None;
    };
    Some(value(index, sub_type, json!({"type": "action", "action": action})))
}

fn at_most_one<'p>(
    approved: &ButtonDefinition,
    place: &Place,
    given: &'p [Parameter],
    report: &mut Report,
) -> Option<(Place, &'p Parameter)> {
    if given.len() > 1 {
        let message =
            format!("The button \"{}\" takes 1 value, but {} were given", approved.text, given.len());
        report.refuse(COUNT, &place.parameter(1), message, "give exactly one");
    }
    given.first().map(|first| (place.parameter(0), first))
}

fn refuse_static(approved: &ButtonDefinition, place: &Place, report: &mut Report) {
    let message = format!("The button \"{}\" is static, but it has a value", approved.text);
    report.refuse(COUNT, &place.parameter(0), message, "leave its parameters out");
}

fn refuse_empty(approved: &ButtonDefinition, place: &Place, report: &mut Report) {
    let message = format!("The value of the button \"{}\" is empty", approved.text);
    report.refuse(EMPTY, &place.parameter(0), message, "give it a value, or leave its parameters out");
}

/// One button as Meta takes it.
pub(super) fn value(index: usize, sub_type: &str, parameter: Value) -> ButtonValue {
    let component = json!({
        "type": "button", "sub_type": sub_type, "index": index.to_string(), "parameters": [parameter],
    });
    ButtonValue { index, component, suffix: None }
}
