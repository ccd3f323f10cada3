//! A request held against the catalogue: the rules of templates in one function.

use super::header::HeaderValue;
use super::report::{self, COUNT, DISABLED, MISSING, PAUSED, Place, Report};
use super::{body, buttons, difference, flat, header, language, render, texts, unverified};
use chaski_model::template::{
    Definition, MetaTemplate, Note, Rendered, RequestBody, Resolution, TemplateRequest, TemplateStatus,
};
use chaski_model::{ErrorCode, Failure};
use serde_json::json;

/// What is known of the account's templates.
#[derive(Debug, Clone, Copy)]
pub enum Catalogue<'a> {
    /// The account never had a successful sync: the provider decides.
    NeverSynced,
    /// Every definition of the account with the request's name, in all languages; may be empty.
    Synced(&'a [&'a Definition]),
}

/// What an operator can set.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether another translation of the same language may stand in (`templates.language_fallback`).
    pub language_fallback: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { language_fallback: true }
    }
}

/// Holds a request against the catalogue.
///
/// The values in the request are final: variables of ours are filled in already. When the name and
/// language are not in the catalogue, `absent` is set and nothing else is decided; [`absence`]
/// makes the failure to record once a resync has not helped.
pub fn resolve(request: &TemplateRequest, catalogue: Catalogue<'_>, options: Options) -> Resolution {
    let definitions = match catalogue {
        Catalogue::NeverSynced => return unverified::resolve(request),
        Catalogue::Synced(definitions) => definitions,
    };
    match language::choose(&request.language, definitions, options.language_fallback) {
        Some(choice) => verified(request, choice.definition, choice.note),
        None => absent(request, definitions),
    }
}

/// Why a template that is not in the synced catalogue is not sent: Meta's 132001.
pub fn absence(request: &TemplateRequest, definitions: &[&Definition]) -> Failure {
    let (place, message, fix) = absence_words(request, definitions);
    report::failure(ErrorCode::TemplateUnavailable, Some(MISSING), &place, &message, &fix)
}

fn absence_words(request: &TemplateRequest, definitions: &[&Definition]) -> (Place, String, String) {
    if definitions.is_empty() {
        let message = format!("There is no template `{}` at the provider", request.name);
        let fix = "check its name, or have it approved".to_owned();
        return (Place::new("template", "/message/template/name"), message, fix);
    }
    let known: Vec<&str> = definitions.iter().map(|d| d.language.as_str()).collect();
    let message = format!("The template `{}` has no translation `{}`", request.name, request.language);
    let fix = format!("use one of its languages ({}), or have the translation approved", known.join(", "));
    (Place::new("template", "/message/template/languageCode"), message, fix)
}

fn absent(request: &TemplateRequest, definitions: &[&Definition]) -> Resolution {
    let (place, message, fix) = absence_words(request, definitions);
    let mut report = Report::default();
    report.refuse(MISSING, &place, message, fix);
    Resolution {
        template: None,
        rendered: render::as_written(request),
        mark: None,
        difference: Vec::new(),
        notes: Vec::new(),
        findings: report.findings,
        refused: None,
        absent: true,
    }
}

/// What goes into each approved component.
pub(super) struct Values {
    pub(super) header: HeaderValue,
    pub(super) body: Vec<texts::Filled>,
    pub(super) buttons: Vec<buttons::ButtonValue>,
}

fn verified(request: &TemplateRequest, definition: &Definition, note: Option<Note>) -> Resolution {
    let mut report = Report::default();
    if let Some(note) = note {
        let place = Place::new("template", "/message/template/languageCode");
        report.note(&place, note, "use the code of an approved translation");
    }
    check_status(definition, &mut report);
    check_supported(definition, &mut report);
    let written = buttons::written(request);
    let pairs = buttons::pair(&definition.buttons, &written);
    let header = header::fill(request, definition, &mut report);
    let body = body::fill(request, definition, &mut report);
    check_repeated(request, &mut report);
    buttons::check_kinds(&written, &mut report);
    let buttons = buttons::fill(&written, &pairs, definition, &mut report);
    let values = Values { header, body, buttons };
    let difference = difference::between(request, definition, &values, &written, &pairs);
    report.differences(&difference);
    Resolution {
        template: report.refused.is_none().then(|| template(definition, &values)),
        rendered: rendered(definition, &values),
        mark: difference::mark(&difference),
        difference,
        notes: report.notes,
        findings: report.findings,
        refused: report.refused,
        absent: false,
    }
}

fn template(definition: &Definition, values: &Values) -> MetaTemplate {
    let mut components: Vec<_> = values.header.component().into_iter().collect();
    if !values.body.is_empty() {
        components.push(json!({"type": "body", "parameters": texts::wire(&values.body)}));
    }
    components.extend(values.buttons.iter().map(|button| button.component.clone()));
    let content = flat::content(definition, &components);
    MetaTemplate { name: definition.name.clone(), language: definition.language.clone(), components, content }
}

fn rendered(definition: &Definition, values: &Values) -> Rendered {
    render::approved(definition, values)
}

fn check_status(definition: &Definition, report: &mut Report) {
    let name = &definition.name;
    let place = Place::new("template", "/message/template/name");
    let (code, message, fix) = match &definition.status {
        TemplateStatus::Approved => return,
        TemplateStatus::Paused => (
            PAUSED,
            format!("WhatsApp has paused the template `{name}` for its low quality"),
            "use another template, or wait until WhatsApp lets it go on".to_owned(),
        ),
        TemplateStatus::Disabled => (
            DISABLED,
            format!("WhatsApp has disabled the template `{name}` for good"),
            "use another template".to_owned(),
        ),
        TemplateStatus::Pending => (
            MISSING,
            format!("WhatsApp has not approved the template `{name}` yet"),
            "wait for the approval, or use another template".to_owned(),
        ),
        TemplateStatus::Rejected => (
            MISSING,
            rejected(name, definition.rejected_reason.as_deref()),
            "correct it in the Business Manager, or use another template".to_owned(),
        ),
        TemplateStatus::Other(word) => (
            MISSING,
            format!("The template `{name}` is not approved; its status is {word}"),
            "use an approved template".to_owned(),
        ),
    };
    report.refuse(code, &place, message, fix);
}

fn rejected(name: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("WhatsApp has rejected the template `{name}` ({reason})"),
        None => format!("WhatsApp has rejected the template `{name}`"),
    }
}

fn check_supported(definition: &Definition, report: &mut Report) {
    for what in &definition.unsupported {
        let component = match what.as_str() {
            "copy_code" | "flow" | "spm" => "buttons",
            "authentication" | "carousel" | "limited_time_offer" => "template",
            header if header.ends_with("_header") => "header",
            _ => "template",
        };
        let place = Place::new(component, "/message/template/name");
        let message =
            format!("The template `{}` has a component that is not supported, `{what}`", definition.name);
        report.refuse_ours(ErrorCode::ComponentNotSupported, &place, message, "use a template without it");
    }
}

/// Only the first header and the first body count; values in another one would be lost in silence.
fn check_repeated(request: &TemplateRequest, report: &mut Report) {
    let (mut headers, mut bodies) = (0, 0);
    for component in &request.components {
        let (count, word, given) = match &component.body {
            RequestBody::Header { parameters, .. } => (&mut headers, "header", parameters),
            RequestBody::Body { parameters, .. } => (&mut bodies, "body", parameters),
            RequestBody::Footer { .. } | RequestBody::Buttons { .. } => continue,
        };
        *count += 1;
        if *count > 1 && !given.is_empty() {
            let place = Place::new(word, format!("/message/template/components/{}", component.at));
            let message = format!("There is more than one {word}, each with values");
            report.refuse(COUNT, &place.parameter(0), message, format!("put all values into one {word}"));
        }
    }
}
