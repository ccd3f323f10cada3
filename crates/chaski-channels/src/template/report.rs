//! What is found while a request is held against the catalogue: refusals and remarks.

use chaski_model::template::{Difference, Finding, Note};
use chaski_model::{ErrorCode, Failure};

/// Meta's code for a wrong number of values.
pub(super) const COUNT: i64 = 132_000;
/// Meta's code for a template that does not exist in that language, or is not approved.
pub(super) const MISSING: i64 = 132_001;
/// Meta's code for a value of the wrong kind.
pub(super) const FORMAT: i64 = 132_012;
/// Meta's code for a paused template.
pub(super) const PAUSED: i64 = 132_015;
/// Meta's code for a disabled template.
pub(super) const DISABLED: i64 = 132_016;
/// Meta's code for a value that is empty or not there.
pub(super) const EMPTY: i64 = 131_008;

/// Where something was found.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `template`, `header`, `body`, `footer`, `buttons`.
    pub(super) component: &'static str,
    /// The parameter, from 1.
    pub(super) parameter: Option<u32>,
    /// JSON pointer into the caller's body.
    pub(super) pointer: String,
}

impl Place {
    /// A component at a pointer.
    pub(super) fn new(component: &'static str, pointer: impl Into<String>) -> Self {
        Self { component, parameter: None, pointer: pointer.into() }
    }

    /// One of its parameters, by its index in the caller's list.
    pub(super) fn parameter(&self, index: usize) -> Self {
        Self {
            component: self.component,
            parameter: Some(number(index)),
            pointer: format!("{}/parameters/{index}", self.pointer),
        }
    }

    /// Its list of parameters, where the one with this index is missing.
    pub(super) fn missing(&self, index: usize) -> Self {
        Self { parameter: Some(number(index)), ..self.clone() }
    }
}

/// From an index to what people count.
fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1)
}

/// Collects what is found. Components are looked at in the order template, header, body, buttons,
/// so the first refusal is the one to answer with.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Refusals and remarks in the order found.
    pub(super) findings: Vec<Finding>,
    /// What was done silently, said aloud.
    pub(super) notes: Vec<Note>,
    /// The first refusal.
    pub(super) refused: Option<Failure>,
}

impl Report {
    /// Refuses with a code of Meta's. `message` says what is so and `fix` what to do: clauses
    /// without a full stop, so that both make one sentence.
    pub(super) fn refuse(
        &mut self,
        code: i64,
        place: &Place,
        message: impl AsRef<str>,
        fix: impl AsRef<str>,
    ) {
        let error = match code {
            MISSING | PAUSED | DISABLED => ErrorCode::TemplateUnavailable,
            _ => ErrorCode::TemplateRefused,
        };
        self.push(error, Some(code), place, message.as_ref(), fix.as_ref());
    }

    /// Refuses with a code of ours alone.
    pub(super) fn refuse_ours(
        &mut self,
        error: ErrorCode,
        place: &Place,
        message: impl AsRef<str>,
        fix: &str,
    ) {
        self.push(error, None, place, message.as_ref(), fix);
    }

    fn push(&mut self, error: ErrorCode, code: Option<i64>, place: &Place, message: &str, fix: &str) {
        self.findings.push(Finding {
            component: place.component.to_owned(),
            parameter: place.parameter,
            code: code.map_or_else(|| error.info().code.to_owned(), |code| code.to_string()),
            message: sentence(message),
            fix: sentence(fix),
            refused: true,
        });
        if self.refused.is_none() {
            self.refused = Some(failure(error, code, place, message, fix));
        }
    }

    /// Notes something that was done silently, as a remark of the lint too.
    pub(super) fn note(&mut self, place: &Place, note: Note, fix: &str) {
        self.findings.push(Finding {
            component: place.component.to_owned(),
            parameter: place.parameter,
            code: note.code.clone(),
            message: note.message.clone(),
            fix: sentence(fix),
            refused: false,
        });
        self.notes.push(note);
    }

    /// Remarks on each difference between the caller's words and the approved ones.
    pub(super) fn differences(&mut self, differences: &[Difference]) {
        self.findings.extend(differences.iter().map(remark));
    }
}

/// One refusal as it travels.
pub(super) fn failure(
    error: ErrorCode,
    code: Option<i64>,
    place: &Place,
    message: &str,
    fix: &str,
) -> Failure {
    let mut failure = Failure::new(error, format!("{message}: {fix}."));
    failure.provider_code = code;
    // The API names only the four components of a message; `template` is for the lint.
    failure.component = (place.component != "template").then(|| place.component.to_owned());
    failure.parameter = place.parameter;
    failure.pointer = Some(place.pointer.clone());
    failure
}

fn remark(difference: &Difference) -> Finding {
    let what = match difference.index {
        Some(index) => format!("Button {}", index + 1),
        None => format!("The {}", difference.component),
    };
    let (code, message, fix) = match (&difference.sent, &difference.approved) {
        (None, _) => (
            "text_omitted",
            format!("{what} was left out; the contact gets the approved one all the same."),
            "Include it, so that the request says what the contact gets.",
        ),
        (Some(sent), None) => (
            "api_text_differed",
            format!("{what} has \"{sent}\", which is not in the approved template."),
            "Leave it out, or have a template approved that has it.",
        ),
        (Some(_), Some(approved)) => (
            "api_text_differed",
            format!("{what} differs; the contact gets \"{approved}\"."),
            "Use the approved text, or have the new one approved.",
        ),
    };
    Finding {
        component: difference.component.clone(),
        parameter: None,
        code: code.to_owned(),
        message,
        fix: fix.to_owned(),
        refused: false,
    }
}

fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// Whether `lint: "strict"` turns this finding into a refusal: what cannot be sent anyway, every
/// difference to the approved template, and values that had to be changed.
pub fn refused_under_strict(finding: &Finding) -> bool {
    let differs =
        ["api_text_differed", "text_omitted", "value_normalised", "url_prefix_cut", "language_fallback"];
    finding.refused || differs.contains(&finding.code.as_str())
}
