//! A template object of a provider → [`Definition`].
//!
//! Cloud API, 360dialog and Vonage all list Meta's template object, with small differences: the
//! case of words, where the id stands, whether `parameter_format` is told. Twilio's Content is put into the
//! same form by its adapter, which adds `flat` and the `link` of media that take no value.

use super::placeholders;
use chaski_model::template::{
    ButtonDefinition, ButtonKind, Definition, Header, HeaderFormat, ParameterFormat, TemplateStatus,
};
use serde_json::Value;

/// Reads one object of a provider's template list. `None` when it lacks a name, a language or its
/// components: such an entry says too little to hold a request against.
pub fn parse(object: &Value) -> Option<Definition> {
    let name = text(object, "name")?;
    let language = normalise_language(&text(object, "language")?);
    let components = object.get("components")?.as_array()?;
    let category = text(object, "category").unwrap_or_default().to_ascii_uppercase();
    let mut definition = Definition {
        name,
        language,
        status: TemplateStatus::parse(&text(object, "status").unwrap_or_default()),
        category,
        parameter_format: ParameterFormat::Positional,
        header: None,
        body: None,
        footer: None,
        buttons: Vec::new(),
        unsupported: Vec::new(),
        external_id: id(object, "external_id").or_else(|| id(object, "id")),
        rejected_reason: text(object, "rejected_reason").filter(|reason| reason != "NONE"),
        flat: object.get("flat").and_then(|flat| serde_json::from_value(flat.clone()).ok()),
    };
    for component in components {
        add(&mut definition, component);
    }
    definition.parameter_format = parameter_format(object, &definition);
    if definition.category == "AUTHENTICATION" {
        refuse(&mut definition, "authentication");
    }
    Some(definition)
}

/// Reads a whole list; entries that say too little are left out.
pub fn parse_all(objects: &[Value]) -> Vec<Definition> {
    objects.iter().filter_map(parse).collect()
}

/// A language code as Meta's API writes it: `en-us` → `en_US`. Webhooks use hyphens.
pub fn normalise_language(code: &str) -> String {
    let code = code.trim().replace('-', "_");
    match code.split_once('_') {
        Some((language, region)) => format!("{}_{}", language.to_lowercase(), region.to_uppercase()),
        None => code.to_lowercase(),
    }
}

fn text(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

fn id(object: &Value, key: &str) -> Option<String> {
    match object.get(key)? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn add(definition: &mut Definition, component: &Value) {
    let kind = text(component, "type").unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "header" => add_header(definition, component),
        "body" => definition.body = text(component, "text"),
        "footer" => definition.footer = text(component, "text"),
        "buttons" => {
            for button in component.get("buttons").and_then(Value::as_array).into_iter().flatten() {
                add_button(definition, button);
            }
        }
        // Carousel, limited_time_offer, and whatever Meta adds later.
        other => refuse(definition, other),
    }
}

fn add_header(definition: &mut Definition, component: &Value) {
    let word = text(component, "format").unwrap_or_else(|| "TEXT".to_owned()).to_ascii_lowercase();
    let format = match word.as_str() {
        "text" => HeaderFormat::Text,
        "image" => HeaderFormat::Image,
        "video" => HeaderFormat::Video,
        "document" => HeaderFormat::Document,
        "location" => HeaderFormat::Location,
        other => return refuse(definition, &format!("{other}_header")),
    };
    let link = text(component, "link").filter(|_| format.media().is_some());
    let text = if format == HeaderFormat::Text { text(component, "text") } else { None };
    definition.header = Some(Header { format, text, link });
}

fn add_button(definition: &mut Definition, button: &Value) {
    let word = text(button, "type").unwrap_or_default().to_ascii_lowercase();
    let kind = button_kind(&word);
    match kind {
        ButtonKind::CopyCode | ButtonKind::Flow => refuse(definition, &word),
        ButtonKind::Otp => refuse(definition, "authentication"),
        // A single-product message needs a product header that we cannot send.
        ButtonKind::Other(_) if word == "spm" => refuse(definition, &word),
        _ => {}
    }
    definition.buttons.push(ButtonDefinition {
        kind,
        text: text(button, "text").unwrap_or_default(),
        url: text(button, "url"),
        phone_number: text(button, "phone_number"),
    });
}

fn button_kind(word: &str) -> ButtonKind {
    match word {
        "url" => ButtonKind::Url,
        "phone_number" => ButtonKind::PhoneNumber,
        "quick_reply" => ButtonKind::QuickReply,
        "catalog" => ButtonKind::Catalog,
        "mpm" => ButtonKind::Mpm,
        "copy_code" => ButtonKind::CopyCode,
        "flow" => ButtonKind::Flow,
        "otp" => ButtonKind::Otp,
        other => ButtonKind::Other(other.to_owned()),
    }
}

fn refuse(definition: &mut Definition, what: &str) {
    if !definition.unsupported.iter().any(|known| known == what) {
        definition.unsupported.push(what.to_owned());
    }
}

/// 360dialog does not tell the format, so names among the placeholders tell it too.
fn parameter_format(object: &Value, definition: &Definition) -> ParameterFormat {
    let header = definition.header.as_ref().and_then(|header| header.text.as_deref());
    let has_names = [header, definition.body.as_deref()].into_iter().flatten().any(placeholders::is_named);
    let says_named = text(object, "parameter_format").is_some_and(|word| word.eq_ignore_ascii_case("NAMED"));
    if says_named || has_names { ParameterFormat::Named } else { ParameterFormat::Positional }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_in_either_case_is_read_alike() {
        let upper = json!({"id":"1","name":"n","language":"en_US","status":"APPROVED","category":"UTILITY",
            "components":[{"type":"HEADER","format":"IMAGE"},{"type":"BODY","text":"Hi {{1}}"},
                {"type":"FOOTER","text":"f"},{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Yes"}]}]});
        let lower = json!({"external_id":"1","id":"own","name":"n","language":"en-us","status":"approved",
            "category":"utility","rejected_reason":"NONE",
            "components":[{"type":"header","format":"image"},{"type":"body","text":"Hi {{1}}"},
                {"type":"footer","text":"f"},{"type":"buttons","buttons":[{"type":"quick_reply","text":"Yes"}]}]});
        assert_eq!(parse(&upper), parse(&lower));
        let read = parse(&upper).unwrap();
        assert_eq!(read.header.unwrap().format, HeaderFormat::Image);
        assert_eq!(read.external_id.as_deref(), Some("1"));
        assert_eq!(read.buttons[0].kind, ButtonKind::QuickReply);
    }

    #[test]
    fn status_words_of_360dialog_are_metas() {
        let object = |status: &str| json!({"name":"n","language":"es","status":status,"components":[]});
        assert_eq!(parse(&object("submitted")).unwrap().status, TemplateStatus::Pending);
        assert_eq!(parse(&object("paused")).unwrap().status, TemplateStatus::Paused);
        assert_eq!(parse(&object("in_appeal")).unwrap().status, TemplateStatus::Other("IN_APPEAL".into()));
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let object = json!({"name":"n","language":"es","status":"APPROVED","category":"AUTHENTICATION","components":[
            {"type":"BODY","text":"x"},{"type":"CAROUSEL","cards":[]},
            {"type":"LIMITED_TIME_OFFER","limited_time_offer":{}},{"type":"HEADER","format":"GIF"},
            {"type":"BUTTONS","buttons":[{"type":"OTP"},{"type":"COPY_CODE"},{"type":"FLOW","text":"f"}]}]});
        let unsupported = parse(&object).unwrap().unsupported;
        assert_eq!(
            unsupported,
            ["carousel", "limited_time_offer", "gif_header", "authentication", "copy_code", "flow"]
        );
    }

    #[test]
    fn named_variables_are_noticed_where_the_provider_does_not_tell() {
        let object = json!({"name":"n","language":"es","status":"APPROVED",
            "components":[{"type":"BODY","text":"Hola {{nombre}}"}]});
        assert_eq!(parse(&object).unwrap().parameter_format, ParameterFormat::Named);
    }

    #[test]
    fn an_entry_without_components_is_left_out() {
        assert!(
            parse_all(&[json!({"name":"n","category":"UTILITY","status":"APPROVED","id":"1"})]).is_empty()
        );
    }
}
