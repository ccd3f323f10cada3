//! One test for each row of the design's table on templates, for each answer of the API document's
//! frequent questions, and for the traps of the providers' reference.

mod catalogue;
mod differences;
mod fixing;
mod refusals;
mod traps;
mod values;

use super::samples::*;
use super::{Catalogue, Options, absence, autofix, refused_under_strict, resolve};
use chaski_model::ErrorCode;
use chaski_model::message::MediaKind;
use chaski_model::template::{
    ButtonDefinition, ButtonKind, Definition, Header, HeaderFormat, Mark, Parameter, RequestBody, Resolution,
    TemplateStatus,
};
use serde_json::{Value, json};

const IMAGE: &str = "https://picsum.photos/200/300";

fn components(resolution: &Resolution) -> Value {
    Value::from(resolution.template.clone().expect("accepted").components)
}

/// (code, component, parameter, pointer) of the refusal.
fn refusal(resolution: &Resolution) -> (i64, &str, Option<u32>, &str) {
    assert!(resolution.template.is_none(), "refused, yet something goes out");
    let failure = resolution.refused.as_ref().expect("refused");
    assert!(failure.message.ends_with('.') && failure.message.contains(": "), "{}", failure.message);
    (
        failure.provider_code.unwrap_or_default(),
        failure.component.as_deref().unwrap_or_default(),
        failure.parameter,
        failure.pointer.as_deref().unwrap_or_default(),
    )
}

fn notes(resolution: &Resolution) -> Vec<&str> {
    resolution.notes.iter().map(|note| note.code.as_str()).collect()
}

/// (component, index, sent, approved).
type Told<'a> = (&'a str, Option<usize>, Option<&'a str>, Option<&'a str>);

fn differences(resolution: &Resolution) -> Vec<Told<'_>> {
    resolution
        .difference
        .iter()
        .map(|d| (d.component.as_str(), d.index, d.sent.as_deref(), d.approved.as_deref()))
        .collect()
}
