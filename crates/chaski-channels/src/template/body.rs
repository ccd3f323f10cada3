//! The body: a text with its values.

use super::report::{Place, Report};
use super::texts::{Filled, Wanted};
use chaski_model::template::{Definition, Parameter, RequestBody, TemplateRequest};

/// The caller's body.
pub(super) struct Written<'a> {
    pub(super) at: usize,
    pub(super) text: Option<&'a str>,
    pub(super) parameters: &'a [Parameter],
}

/// The caller's first body.
pub(super) fn written(request: &TemplateRequest) -> Option<Written<'_>> {
    request.components.iter().find_map(|component| match &component.body {
        RequestBody::Body { text, parameters } => {
            Some(Written { at: component.at, text: text.as_deref(), parameters })
        }
        _ => None,
    })
}

/// Fills the approved body.
pub(super) fn fill(request: &TemplateRequest, definition: &Definition, report: &mut Report) -> Vec<Filled> {
    let written = written(request);
    let pointer = match &written {
        Some(written) => format!("/message/template/components/{}", written.at),
        None => "/message/template/components".to_owned(),
    };
    let given = written.map_or(&[][..], |written| written.parameters);
    let approved = definition.body.as_deref().unwrap_or_default();
    Wanted::of(approved, definition.parameter_format).fill(&Place::new("body", pointer), given, report)
}
