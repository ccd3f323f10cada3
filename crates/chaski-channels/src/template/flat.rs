//! What Twilio is given: the same values under names that header, body and buttons share.

use super::report::{Place, Report};
use super::value::filename_of;
use chaski_model::template::{ContentTemplate, Definition, FlatVariables, Note};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the address of a media header must begin with; empty where anything goes.
pub(super) fn prefix(definition: &Definition) -> &str {
    definition.flat.as_ref().map_or("", |flat| flat.media_prefix.as_str())
}

/// Whether the name that was given for a document goes out: Twilio has no place for one, and names it
/// after its link.
pub(super) fn carries(
    definition: &Definition,
    name: &str,
    link: &str,
    place: &Place,
    report: &mut Report,
) -> bool {
    if definition.flat.is_none() || name == filename_of(link) {
        return true;
    }
    let message = format!("Twilio carries no file name: the document was not sent as `{name}`.");
    report.note(place, Note::new("filename_not_carried", message), "let the link end in the name");
    false
}

/// The variables of a template that is one of Twilio's.
pub(super) fn content(definition: &Definition, components: &[Value]) -> Option<ContentTemplate> {
    let flat = definition.flat.as_ref()?;
    let sid = definition.external_id.clone()?;
    let variables = components.iter().flat_map(|component| named(flat, component)).collect();
    Some(ContentTemplate { sid, variables })
}

/// The values of one of Meta's components, each with its name.
fn named(flat: &FlatVariables, component: &Value) -> BTreeMap<String, String> {
    let names = match component["type"].as_str() {
        Some("header") => flat.header.as_slice(),
        Some("body") => flat.body.as_slice(),
        Some("button") => {
            let index = component["index"].as_str().and_then(|index| index.parse::<usize>().ok());
            index.and_then(|index| flat.buttons.get(index)).map_or(&[][..], std::slice::from_ref)
        }
        _ => &[],
    };
    let parameters = component["parameters"].as_array().into_iter().flatten();
    let pairs = parameters.zip(names).filter(|(_, name)| !name.is_empty());
    pairs
        .filter_map(|(parameter, name)| {
            let name = parameter["parameter_name"].as_str().unwrap_or(name);
            Some((name.to_owned(), value(parameter, &flat.media_prefix)?))
        })
        .collect()
}

/// A value as a text: Twilio knows no other kind.
fn value(parameter: &Value, prefix: &str) -> Option<String> {
    let kind = parameter["type"].as_str()?;
    let of = &parameter[kind];
    let link = || of["link"].as_str().map(|link| link.strip_prefix(prefix).unwrap_or(link));
    let text = of.as_str().or_else(link).or_else(|| of["fallback_value"].as_str())?;
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::template::{Catalogue, Options, definition, resolve};
    use chaski_model::Content;
    use chaski_model::template::ContentTemplate;
    use serde_json::{Value, json};

    /// Header, body and button of one template, numbered as Twilio numbers them.
    fn approved() -> Value {
        json!({
            "id": "HX1", "name": "pedido", "language": "es", "status": "approved", "category": "UTILITY",
            "components": [
                {"type": "HEADER", "format": "IMAGE"},
                {"type": "BODY", "text": "Hola {{1}}, tu pedido {{2}} va en camino."},
                {"type": "BUTTONS", "buttons": [
                    {"type": "QUICK_REPLY", "text": "Gracias"},
                    {"type": "URL", "text": "Ver", "url": "https://x.ec/p/{{1}}"},
                ]},
            ],
            "flat": {"header": ["1"], "media_prefix": "https://x.ec/", "body": ["2", "3"], "buttons": ["", "4"]},
        })
    }

    fn resolved(link: &str) -> chaski_model::template::Resolution {
        let content: Content = serde_json::from_value(json!({
            "type": "whatsapp_template", "name": "pedido", "language": "es",
            "components": [
                {"at": 0, "type": "header", "parameters": [{"type": "media", "kind": "image", "link": link}]},
                {"at": 1, "type": "body", "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "77"}]},
                {"at": 2, "type": "buttons", "buttons": [{"kind": "url", "parameters": [{"type": "text", "text": "77"}]}]},
            ],
        }))
        .unwrap();
        let Content::WhatsappTemplate(request) = content else { panic!("a template") };
        let approved = definition::parse(&approved()).unwrap();
        resolve(&request, Catalogue::Synced(&[&approved]), Options::default())
    }

    #[test]
    fn values_of_every_component_share_one_space() {
        let template = resolved("https://x.ec/foto.png").template.unwrap();
        let pairs = [("1", "foto.png"), ("2", "Ana"), ("3", "77"), ("4", "77")];
        let variables = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(template.content, Some(ContentTemplate { sid: "HX1".to_owned(), variables }));
    }

    #[test]
    fn media_from_elsewhere_than_approved_are_refused() {
        let refused = resolved("https://otro.ec/foto.png").refused.unwrap();
        assert_eq!(refused.provider_code, Some(132_012));
        assert!(refused.message.contains("https://x.ec/"), "{}", refused.message);
    }
}
