//! Fills the static parts of a request from the approved template, so that it says what the
//! contact gets.

use super::{body, buttons, header};
use chaski_model::template::{
    Definition, HeaderFormat, Note, RequestBody, RequestButton, RequestComponent, TemplateRequest,
};

/// Replaces every text of the request by the approved one and adds what was left out. Values are
/// never touched: what is wrong with them is still refused. One note for each component changed.
pub fn autofix(request: &mut TemplateRequest, definition: &Definition) -> Vec<Note> {
    let mut notes = Vec::new();
    let before = request.clone();
    fix_header(request, definition);
    fix_body(request, definition);
    fix_footer(request, definition);
    fix_buttons(request, definition);
    for (word, is_kind) in KINDS {
        if of_kind(&before, is_kind) != of_kind(request, is_kind) {
            notes.push(Note::new("autofixed", format!("The {word} was taken from the approved template.")));
        }
    }
    notes
}

/// Tells one kind of component.
type IsKind = fn(&RequestBody) -> bool;

const KINDS: [(&str, IsKind); 4] = [
    ("header", |body| matches!(body, RequestBody::Header { .. })),
    ("body", |body| matches!(body, RequestBody::Body { .. })),
    ("footer", |body| matches!(body, RequestBody::Footer { .. })),
    ("buttons", |body| matches!(body, RequestBody::Buttons { .. })),
];

fn of_kind(request: &TemplateRequest, is_kind: IsKind) -> Vec<&RequestBody> {
    request.components.iter().map(|component| &component.body).filter(|body| is_kind(body)).collect()
}

fn add(request: &mut TemplateRequest, body: RequestBody) {
    let at = request.components.iter().map(|component| component.at + 1).max().unwrap_or(0);
    request.components.push(RequestComponent { at, body });
}

fn remove(request: &mut TemplateRequest, is_gone: impl Fn(&RequestBody) -> bool) {
    request.components.retain(|component| !is_gone(&component.body));
}

fn fix_header(request: &mut TemplateRequest, definition: &Definition) {
    let Some(approved) = &definition.header else {
        return remove(
            request,
            |body| matches!(body, RequestBody::Header { parameters, .. } if parameters.is_empty()),
        );
    };
    if header::written(request).is_none() {
        // A media header cannot be added: its value is the caller's to give.
        if approved.format == HeaderFormat::Text {
            let (format, text) = (Some(approved.format), approved.text.clone());
            add(request, RequestBody::Header { format, text, parameters: Vec::new() });
        }
        return;
    }
    for component in &mut request.components {
        if let RequestBody::Header { format, text, .. } = &mut component.body {
            *format = Some(approved.format);
            text.clone_from(&approved.text);
        }
    }
}

fn fix_body(request: &mut TemplateRequest, definition: &Definition) {
    if body::written(request).is_none() {
        return add(request, RequestBody::Body { text: definition.body.clone(), parameters: Vec::new() });
    }
    for component in &mut request.components {
        if let RequestBody::Body { text, .. } = &mut component.body {
            text.clone_from(&definition.body);
        }
    }
}

fn fix_footer(request: &mut TemplateRequest, definition: &Definition) {
    let is_same =
        |body: &RequestBody| matches!(body, RequestBody::Footer { text } if *text == definition.footer);
    if request.components.iter().any(|component| is_same(&component.body)) {
        return;
    }
    remove(request, |body| matches!(body, RequestBody::Footer { .. }));
    if definition.footer.is_some() {
        add(request, RequestBody::Footer { text: definition.footer.clone() });
    }
}

fn fix_buttons(request: &mut TemplateRequest, definition: &Definition) {
    let fixed = {
        let written = buttons::written(request);
        let pairs = buttons::pair(&definition.buttons, &written);
        let mut fixed: Vec<RequestButton> = Vec::new();
        for (approved, pair) in definition.buttons.iter().zip(&pairs) {
            fixed.push(RequestButton {
                kind: approved.kind.clone(),
                text: Some(approved.text.clone()),
                url: approved.url.clone(),
                phone_number: approved.phone_number.clone(),
                parameters: pair.map(|at| written[at].button.parameters.clone()).unwrap_or_default(),
            });
        }
        // A value that has no place is not dropped in silence: it is kept, to be refused.
        let extra = written.iter().enumerate().filter(|(at, _)| !pairs.contains(&Some(*at)));
        fixed.extend(extra.map(|(_, extra)| extra.button.clone()).filter(|b| !b.parameters.is_empty()));
        fixed
    };
    let at = request.components.iter().find(|c| matches!(c.body, RequestBody::Buttons { .. })).map(|c| c.at);
    remove(request, |body| matches!(body, RequestBody::Buttons { .. }));
    match (fixed.is_empty(), at) {
        (true, _) => {}
        (false, Some(at)) => {
            request.components.push(RequestComponent { at, body: RequestBody::Buttons { buttons: fixed } });
            request.components.sort_by_key(|component| component.at);
        }
        (false, None) => add(request, RequestBody::Buttons { buttons: fixed }),
    }
}
