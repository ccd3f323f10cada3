//! How the caller's words differ from the approved ones, per component.
//!
//! The caller may write a text with its placeholders or with the values filled in: neither is a
//! difference. Formatting marks are text. White space counts except at the ends.

use super::buttons::Written;
use super::placeholders;
use super::resolve::Values;
use super::texts::Filled;
use super::{body, header};
use chaski_model::template::{
    ButtonDefinition, Definition, Difference, HeaderFormat, Mark, RequestBody, RequestButton, TemplateRequest,
};
use std::collections::BTreeSet;

/// Every difference, in the order header, body, footer, buttons.
pub(super) fn between(
    request: &TemplateRequest,
    definition: &Definition,
    values: &Values,
    written: &[Written<'_>],
    pairs: &[Option<usize>],
) -> Vec<Difference> {
    let mut all = Vec::new();
    all.extend(of_header(request, definition, values));
    let sent = body::written(request).and_then(|body| body.text);
    all.extend(of_text("body", sent, definition.body.as_deref(), &values.body));
    let footer = request.components.iter().find_map(|component| match &component.body {
        RequestBody::Footer { text } => text.as_deref(),
        _ => None,
    });
    all.extend(of_text("footer", footer, definition.footer.as_deref(), &[]));
    of_buttons(definition, values, written, pairs, &mut all);
    all
}

/// A difference in words weighs more than something left out.
pub(super) fn mark(differences: &[Difference]) -> Option<Mark> {
    if differences.iter().any(|difference| difference.sent.is_some()) {
        return Some(Mark::ApiTextDiffered);
    }
    (!differences.is_empty()).then_some(Mark::TextOmitted)
}

fn of_header(request: &TemplateRequest, definition: &Definition, values: &Values) -> Option<Difference> {
    let written = header::written(request);
    let sent = written.as_ref().and_then(|header| header.text);
    let format = written.as_ref().and_then(|header| header.format);
    match &definition.header {
        Some(approved) if approved.format == HeaderFormat::Text => {
            let other = format.filter(|format| *format != HeaderFormat::Text).map(HeaderFormat::word);
            of_text("header", sent.or(other), approved.text.as_deref(), values.header.values())
        }
        // The value itself is checked elsewhere; here only words that the template does not have.
        Some(approved) => match (filled(sent), format) {
            (Some(text), _) => Some(new("header", None, Some(text), Some(approved.format.word()))),
            (None, Some(format)) if format != approved.format => {
                Some(new("header", None, Some(format.word()), Some(approved.format.word())))
            }
            _ => None,
        },
        None => of_text("header", sent.or(format.map(HeaderFormat::word)), None, &[]),
    }
}

fn of_text(
    component: &str,
    sent: Option<&str>,
    approved: Option<&str>,
    values: &[Filled],
) -> Option<Difference> {
    match (filled(sent), filled(approved)) {
        (None, None) => None,
        (Some(sent), Some(approved)) if is_same(sent, approved, values) => None,
        (sent, approved) => Some(new(component, None, sent, approved)),
    }
}

/// An empty text is one that was left out.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn new(component: &str, index: Option<usize>, sent: Option<&str>, approved: Option<&str>) -> Difference {
    Difference {
        component: component.to_owned(),
        index,
        sent: sent.map(str::to_owned),
        approved: approved.map(str::to_owned),
    }
}

/// Whether a text is the approved one, each placeholder standing for itself or for its value.
///
/// Walks the approved text and keeps every position that the caller's text may have reached, so
/// that values which look like placeholders or like each other cannot lead it astray.
fn is_same(sent: &str, approved: &str, values: &[Filled]) -> bool {
    let mut reached = BTreeSet::from([0]);
    let mut from = 0;
    for placeholder in placeholders::scan(approved) {
        let literal = &approved[from..placeholder.start];
        reached = reached.into_iter().filter_map(|at| after(sent, at, literal)).collect();
        let mut next = BTreeSet::new();
        for at in reached {
            let own = placeholders::scan(&sent[at..]).into_iter().next();
            next.extend(own.filter(|p| p.start == 0 && p.key == placeholder.key).map(|p| at + p.end));
            for value in values.iter().filter(|value| value.key == placeholder.key) {
                let writings = [value.raw.as_str(), value.raw.trim(), value.shown.as_str()];
                next.extend(writings.into_iter().filter_map(|text| after(sent, at, text)));
            }
        }
        reached = next;
        from = placeholder.end;
    }
    reached.into_iter().any(|at| &sent[at..] == approved[from..].trim_end())
}

fn after(text: &str, at: usize, part: &str) -> Option<usize> {
    text[at..].starts_with(part).then_some(at + part.len())
}

fn of_buttons(
    definition: &Definition,
    values: &Values,
    written: &[Written<'_>],
    pairs: &[Option<usize>],
    all: &mut Vec<Difference>,
) {
    for (index, (approved, pair)) in definition.buttons.iter().zip(pairs).enumerate() {
        let suffix = values
            .buttons
            .iter()
            .find(|value| value.index == index)
            .and_then(|value| value.suffix.as_deref());
        match pair {
            Some(at) => all.extend(of_button(index, approved, written[*at].button, suffix)),
            None => all.push(new("buttons", Some(index), None, Some(&label(approved)))),
        }
    }
    for (at, extra) in written.iter().enumerate() {
        if !pairs.contains(&Some(at)) {
            let text = extra.button.text.clone().unwrap_or_default();
            all.push(new("buttons", None, Some(text.trim()), None));
        }
    }
}

fn label(button: &ButtonDefinition) -> String {
    button.text.trim().to_owned()
}

/// Label, address and number, each only where the caller wrote one.
fn of_button(
    index: usize,
    approved: &ButtonDefinition,
    sent: &RequestButton,
    suffix: Option<&str>,
) -> Vec<Difference> {
    let mut all = Vec::new();
    let text = filled(sent.text.as_deref());
    if text.is_some_and(|text| text != approved.text.trim()) {
        all.push(new("buttons", Some(index), text, Some(approved.text.trim())));
    }
    if let (Some(url), Some(known)) = (filled(sent.url.as_deref()), filled(approved.url.as_deref())) {
        let whole = placeholders::substitute(known, |_| suffix);
        if url != known && url != whole {
            all.push(new("buttons", Some(index), Some(url), Some(known)));
        }
    }
    if let (Some(number), Some(known)) =
        (filled(sent.phone_number.as_deref()), filled(approved.phone_number.as_deref()))
        && digits(number) != digits(known)
    {
        all.push(new("buttons", Some(index), Some(number), Some(known)));
    }
    all
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &str, raw: &str, shown: &str) -> Filled {
        Filled { key: key.into(), raw: raw.into(), shown: shown.into(), wire: serde_json::Value::Null }
    }

    #[test]
    fn placeholders_values_and_a_mixture_are_the_same_text() {
        let values = [value("1", "Ana\nMaría", "Ana María"), value("2", "{{1}}", "{{1}}")];
        let approved = "Hola {{1}}, tu código es {{2}}.";
        for sent in [
            approved,
            "Hola Ana María, tu código es {{1}}.",
            "Hola Ana\nMaría, tu código es {{2}}.",
            "Hola {{ 1 }}, tu código es {{1}}.",
        ] {
            assert!(is_same(sent, approved, &values), "{sent}");
        }
        for sent in [
            "Hola {{2}}, tu código es {{2}}.",
            "Hola Ana, tu código es {{2}}.",
            "Hola {{1}}",
            "*Hola* {{1}}, tu código es {{2}}.",
        ] {
            assert!(!is_same(sent, approved, &values), "{sent}");
        }
    }
}
