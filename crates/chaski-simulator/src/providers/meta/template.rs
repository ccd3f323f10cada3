//! Checks a template object against the approved definition and fills it in, as Meta does on send.

use std::collections::HashMap;

use serde_json::Value;

use super::media::media_object;
use super::refusal::Refusal;
use super::shape::{self, object};
use crate::accounts::AccountId;
use crate::call::text;
use crate::phones::{Button, Content, Media, TemplateName};
use crate::sim::Sim;
use crate::templates::{ButtonDefinition, Header, Pattern, Template};

/// The longest body with its values filled in.
const BODY: usize = 1024;

/// What a person gets for this template object, or why Meta refuses it.
pub(crate) fn content(sim: &Sim, account: AccountId, sent: &Value) -> Result<Content, Refusal> {
    let at = "template";
    object(sent, at)?;
    shape::keys(sent, at, &["name", "language", "components", "namespace"])?;
    let name = shape::text(sent, "name", at)?;
    let language = sent
        .get("language")
        .ok_or_else(|| Refusal::new(131_008, "Parameter 'language' is mandatory for type 'template'"))?;
    shape::keys(language, "template['language']", &["code", "policy"])?;
    let code = shape::text(language, "code", "template['language']")?;
    let parts = Parts::read(sent)?;
    let template = sim
        .templates
        .find(account, name, code)
        .map_err(|_| Refusal::new(132_001, format!("template name ({name}) does not exist in {code}")))?;
    match template.status.as_str() {
        "APPROVED" => {}
        "PAUSED" => return Err(Refusal::of_code(132_015)),
        "DISABLED" => return Err(Refusal::of_code(132_016)),
        _ => {
            return Err(Refusal::new(132_001, format!("template name ({name}) does not exist in {code}")));
        }
    }
    fill(sim, &template, &parts)
}

/// The components of a request, by what they fill.
#[derive(Default)]
struct Parts<'a> {
    header: &'a [Value],
    body: &'a [Value],
    buttons: Vec<(usize, String, &'a [Value])>,
}

impl<'a> Parts<'a> {
    fn read(sent: &'a Value) -> Result<Self, Refusal> {
        let mut parts = Self::default();
        let Some(components) = sent.get("components").filter(|c| !c.is_null()) else {
            return Ok(parts);
        };
        let components = components
            .as_array()
            .ok_or_else(|| Refusal::invalid("Param template['components'] must be an array."))?;
        for (place, component) in components.iter().enumerate() {
            parts.add(component, &format!("template['components'][{place}]"))?;
        }
        Ok(parts)
    }

    fn add(&mut self, component: &'a Value, at: &str) -> Result<(), Refusal> {
        const KINDS: &str = "{HEADER, BODY, BUTTON, LIMITED_TIME_OFFER, CAROUSEL}";
        object(component, at)?;
        let kind = shape::text(component, "type", at)?.to_ascii_lowercase();
        if !matches!(kind.as_str(), "header" | "body" | "button" | "limited_time_offer" | "carousel") {
            return Err(Refusal::invalid(format!(
                "Param {at}['type'] must be one of {KINDS} - got \"{kind}\"."
            )));
        }
        shape::keys(component, at, &["type", "parameters", "sub_type", "index", "cards"])?;
        let parameters = match component.get("parameters") {
            None | Some(Value::Null) => &[][..],
            Some(list) => list
                .as_array()
                .ok_or_else(|| Refusal::invalid(format!("Param {at}['parameters'] must be an array.")))?,
        };
        for (place, parameter) in parameters.iter().enumerate() {
            check_parameter(parameter, &format!("{at}['parameters'][{place}]"))?;
        }
        match kind.as_str() {
            "header" => self.header = parameters,
            "body" => self.body = parameters,
            "button" => {
                let index = component.get("index").and_then(|index| match index {
                    Value::String(digits) => digits.parse().ok(),
                    other => other.as_u64().and_then(|n| usize::try_from(n).ok()),
                });
                let index = index.ok_or_else(|| {
                    Refusal::new(131_008, format!("{at}: 'index' is mandatory for component type 'button'"))
                })?;
                let sub_type = shape::text(component, "sub_type", at)?.to_ascii_uppercase();
                if self.buttons.iter().any(|(known, ..)| *known == index) {
                    return Err(Refusal::new(
                        131_009,
                        format!("buttons: Button at index {index} is given twice"),
                    ));
                }
                self.buttons.push((index, sub_type, parameters));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The form of one parameter, before it is known what the template expects.
fn check_parameter(parameter: &Value, at: &str) -> Result<(), Refusal> {
    object(parameter, at)?;
    let kind = shape::text(parameter, "type", at)?;
    let own_key = match kind {
        "text" | "currency" | "date_time" | "image" | "video" | "document" | "location" | "payload"
        | "coupon_code" | "action" | "limited_time_offer" | "product" | "ttl_minutes" => kind,
        "gif" => "video",
        other => {
            return Err(Refusal::invalid(format!(
                "Param {at}['type'] must be one of {{TEXT, CURRENCY, DATE_TIME, IMAGE, DOCUMENT, VIDEO, LOCATION, PAYLOAD, ACTION, COUPON_CODE, LIMITED_TIME_OFFER}} - got \"{other}\"."
            )));
        }
    };
    shape::keys(parameter, at, &["type", own_key, "parameter_name"])?;
    let value = parameter.get(own_key);
    if matches!(kind, "text" | "payload") {
        match value {
            None | Some(Value::Null) => {
                return Err(Refusal::new(131_008, format!("Parameter of type {kind} is missing text value")));
            }
            Some(Value::String(value)) if value.is_empty() => {
                return Err(Refusal::new(131_008, format!("Parameter of type {kind} is missing text value")));
            }
            Some(Value::String(value)) if kind == "text" && is_unclean(value) => {
                return Err(Refusal::new(
                    132_018,
                    "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
                ));
            }
            Some(Value::String(_)) => {}
            Some(_) => {
                return Err(Refusal::invalid(format!("Param {at}['{own_key}'] must be a string.")));
            }
        }
    } else if !value.is_some_and(Value::is_object) && !matches!(kind, "coupon_code" | "ttl_minutes") {
        return Err(Refusal::new(
            131_008,
            format!("Parameter of type {kind} is missing its '{own_key}' object"),
        ));
    }
    Ok(())
}

fn is_unclean(value: &str) -> bool {
    value.contains(['\n', '\r', '\t']) || value.contains("     ")
}

fn fill(sim: &Sim, template: &Template, parts: &Parts<'_>) -> Result<Content, Refusal> {
    let mut content =
        Content { kind: "template".to_owned(), footer: template.footer.clone(), ..Content::default() };
    content.template =
        Some(TemplateName { name: template.name.clone(), language: template.language.clone() });
    match &template.header {
        Header::Text(pattern) => {
            content.header = Some(fill_text("header", pattern, template.is_named, parts.header)?)
        }
        Header::Media(format) => set_media_header(sim, &mut content, format, parts.header)?,
        Header::None if parts.header.is_empty() => {}
        Header::None => return Err(mismatch("header", parts.header.len(), 0)),
    }
    let body = fill_text("body", &template.body, template.is_named, parts.body)?;
    if body.chars().count() > BODY {
        return Err(Refusal::new(132_005, format!("body: Message text is longer than {BODY} characters")));
    }
    content.body = Some(body);
    content.buttons = fill_buttons(template, &parts.buttons)?;
    Ok(content)
}

fn mismatch(component: &str, given: usize, expected: usize) -> Refusal {
    Refusal::new(
        132_000,
        format!(
            "{component}: number of localizable_params ({given}) does not match the expected number of params ({expected})"
        ),
    )
}

/// The value of a text, currency or date parameter.
fn value_of<'a>(component: &str, parameter: &'a Value) -> Result<&'a str, Refusal> {
    match text(parameter, "type") {
        Some("text") => Ok(text(parameter, "text").unwrap_or_default()),
        Some(kind @ ("currency" | "date_time")) => {
            parameter.get(kind).and_then(|value| text(value, "fallback_value")).ok_or_else(|| {
                Refusal::new(131_008, format!("Parameter of type {kind} is missing fallback_value"))
            })
        }
        other => Err(Refusal::new(
            132_012,
            format!(
                "{component}: Format mismatch, expected TEXT, received {}",
                other.unwrap_or("unknown").to_ascii_uppercase()
            ),
        )),
    }
}

fn fill_text(
    component: &str,
    pattern: &Pattern,
    is_named: bool,
    parameters: &[Value],
) -> Result<String, Refusal> {
    let expected = if is_named { pattern.names.len() } else { pattern.count() };
    let values =
        parameters.iter().map(|parameter| value_of(component, parameter)).collect::<Result<Vec<_>, _>>()?;
    if values.len() != expected {
        return Err(mismatch(component, values.len(), expected));
    }
    if !is_named {
        if parameters.iter().any(|parameter| parameter.get("parameter_name").is_some()) {
            return Err(Refusal::new(
                132_012,
                format!("{component}: Parameter names are not allowed in a positional template"),
            ));
        }
        return Ok(pattern
            .fill(|name| name.parse::<usize>().ok().and_then(|n| values.get(n.wrapping_sub(1)).copied())));
    }
    let mut by_name = HashMap::new();
    for (parameter, value) in parameters.iter().zip(&values) {
        let name = text(parameter, "parameter_name").filter(|name| !name.is_empty());
        by_name.insert(name.ok_or_else(|| Refusal::invalid("Parameter name is missing or empty"))?, *value);
    }
    match pattern.names.iter().find(|name| !by_name.contains_key(name.as_str())) {
        Some(name) => Err(Refusal::new(
            132_012,
            format!("{component}: Parameter {name} was expected but was not found"),
        )),
        None => Ok(pattern.fill(|name| by_name.get(name).copied())),
    }
}

fn set_media_header(
    sim: &Sim,
    content: &mut Content,
    format: &str,
    parameters: &[Value],
) -> Result<(), Refusal> {
    let received =
        parameters.first().and_then(|parameter| text(parameter, "type")).map(str::to_ascii_uppercase);
    if received.as_deref() != Some(format) {
        let received = received.unwrap_or_else(|| "UNKNOWN".to_owned());
        return Err(Refusal::new(
            132_012,
            format!("header: Format mismatch, expected {format}, received {received}"),
        ));
    }
    if parameters.len() > 1 {
        return Err(mismatch("header", parameters.len(), 1));
    }
    let kind = format.to_ascii_lowercase();
    if kind == "location" {
        let location = parameters[0].get("location").cloned().unwrap_or_default();
        content.media = Some(Media { kind, ..Media::default() });
        content.location = Some(location);
        return Ok(());
    }
    let key = if kind == "gif" { "video" } else { kind.as_str() };
    content.media = Some(media_object(sim, &parameters[0], key, "header")?);
    Ok(())
}

fn fill_buttons(template: &Template, given: &[(usize, String, &[Value])]) -> Result<Vec<Button>, Refusal> {
    let value_at = |index: usize| given.iter().find(|(at, ..)| *at == index);
    for (index, definition) in template.buttons.iter().enumerate() {
        let has_value = value_at(index)
            .is_some_and(|(_, sub_type, parameters)| sub_type == "URL" && !parameters.is_empty());
        if definition.needs_value() && !has_value {
            return Err(Refusal::new(
                131_008,
                format!("buttons: Button at index {index} of type Url requires a parameter"),
            ));
        }
    }
    for (index, sub_type, parameters) in given {
        check_button(template.buttons.get(*index), *index, sub_type, parameters)?;
    }
    let filled = template.buttons.iter().enumerate().map(|(index, definition)| {
        let parameter = value_at(index).and_then(|(_, _, parameters)| parameters.first());
        fill_button(definition, index, parameter)
    });
    Ok(filled.collect())
}

fn check_button(
    definition: Option<&ButtonDefinition>,
    index: usize,
    sub_type: &str,
    parameters: &[Value],
) -> Result<(), Refusal> {
    let Some(definition) = definition else {
        return Err(Refusal::new(132_012, format!("buttons: There is no button at index {index}")));
    };
    if definition.kind != sub_type {
        return Err(Refusal::new(
            132_012,
            format!(
                "buttons: Format mismatch, button at index {index} expected {}, received {sub_type}",
                definition.kind
            ),
        ));
    }
    match sub_type {
        "URL" => {
            let expected = usize::from(definition.needs_value());
            if parameters.len() != expected {
                return Err(mismatch("buttons", parameters.len(), expected));
            }
            parameters.iter().try_for_each(|parameter| value_of("buttons", parameter).map(|_| ()))
        }
        "PHONE_NUMBER" => Err(mismatch("buttons", parameters.len(), 0)),
        "QUICK_REPLY" => match parameters.iter().find(|parameter| text(parameter, "type") != Some("payload"))
        {
            Some(_) => Err(Refusal::new(
                132_012,
                format!("buttons: Button at index {index} of type QuickReply takes a payload"),
            )),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn fill_button(definition: &ButtonDefinition, index: usize, parameter: Option<&Value>) -> Button {
    let value = parameter
        .and_then(|p| text(p, "text").or_else(|| text(p, "payload")).or_else(|| text(p, "coupon_code")));
    let is_reply = definition.kind == "QUICK_REPLY";
    Button {
        kind: definition.kind.to_ascii_lowercase(),
        text: definition.text.clone(),
        url: definition.url.as_ref().map(|url| url.fill(|_| value)),
        phone_number: definition.phone_number.clone(),
        index,
        // Without a payload of the caller's the text itself comes back.
        payload: if is_reply {
            Some(value.unwrap_or(&definition.text).to_owned())
        } else {
            value.map(str::to_owned)
        },
        description: None,
    }
}
