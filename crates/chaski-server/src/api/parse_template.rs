//! The `template` of a send: components as the document writes them, and its slips as aliases.

use super::parse::Reading;
use crate::body::{Fields, name};
use chaski_model::ErrorCode;
use chaski_model::message::MediaKind;
use chaski_model::template::{
    ButtonKind, HeaderFormat, Note, Parameter, RequestBody, RequestButton, RequestComponent, TemplateRequest,
};
use serde_json::Value;

/// The most components, buttons and parameters that are read.
const MOST: usize = 100;

/// Reads `message.template`.
pub(super) fn template(message: &Fields<'_>, reading: &mut Reading) -> Option<TemplateRequest> {
    if message.get("template").is_none() {
        reading.fault(
            "/message/template",
            "`template` is missing: an object with `name`, `languageCode` and `components`.",
        );
        return None;
    }
    let template = message.object("template", &mut reading.faults)?;
    let name = template.required_text("name", "the template's name", &mut reading.faults).trim().to_owned();
    let language = template
        .required_text("languageCode", "the language code, for example es", &mut reading.faults)
        .trim()
        .to_owned();
    let mut components = Vec::new();
    if let Some(list) = template.array("components", &mut reading.faults) {
        for (at, value) in list.iter().take(MOST).enumerate() {
            components.extend(component(at, value, reading));
        }
        if list.len() > MOST {
            reading.fault("/message/template/components", format!("At most {MOST} components are taken."));
        }
    }
    twice(&components, reading);
    Some(TemplateRequest { name, language, components })
}

fn twice(components: &[RequestComponent], reading: &mut Reading) {
    for (place, component) in components.iter().enumerate() {
        let same = |other: &RequestComponent| {
            std::mem::discriminant(&other.body) == std::mem::discriminant(&component.body)
        };
        if components[..place].iter().any(same) {
            reading.fault(
                format!("/message/template/components/{}", component.at),
                "This component is there twice; give it once.",
            );
        }
    }
}

fn component(at: usize, value: &Value, reading: &mut Reading) -> Option<RequestComponent> {
    let pointer = format!("/message/template/components/{at}");
    if !value.is_object() {
        reading.fault(pointer, format!("A component must be an object, not {}.", name(value)));
        return None;
    }
    let fields = Fields::new(value, pointer.clone());
    let kind = fields
        .required_text("type", "`header`, `body`, `footer` or `buttons`", &mut reading.faults)
        .to_ascii_lowercase();
    let body = match kind.as_str() {
        "" => return None,
        "header" => header(&fields, reading),
        "body" => RequestBody::Body {
            text: optional_text(&fields, reading),
            parameters: parameters(&fields, reading),
        },
        "footer" => RequestBody::Footer { text: optional_text(&fields, reading) },
        "buttons" | "button" => RequestBody::Buttons { buttons: buttons(&fields, reading) },
        other => {
            let message = format!(
                "The component `{other}` is not supported; use `header`, `body`, `footer` and `buttons`."
            );
            reading.refuse(ErrorCode::ComponentNotSupported, format!("{pointer}/type"), message);
            return None;
        }
    };
    Some(RequestComponent { at, body })
}

fn optional_text(fields: &Fields<'_>, reading: &mut Reading) -> Option<String> {
    fields.text("text", &mut reading.faults).map(str::to_owned)
}

fn header(fields: &Fields<'_>, reading: &mut Reading) -> RequestBody {
    let formats = [
        ("text", HeaderFormat::Text),
        ("image", HeaderFormat::Image),
        ("video", HeaderFormat::Video),
        ("document", HeaderFormat::Document),
        ("location", HeaderFormat::Location),
        ("texto", HeaderFormat::Text),
        ("imagen", HeaderFormat::Image),
        ("documento", HeaderFormat::Document),
    ];
    let format = fields.word("format", &formats, &mut reading.faults);
    note_spanish(fields.get("format"), &fields.pointer("format"), reading);
    RequestBody::Header {
        format,
        text: optional_text(fields, reading),
        parameters: parameters(fields, reading),
    }
}

/// The document writes some words in Spanish; they are taken, and said.
fn note_spanish(value: Option<&Value>, pointer: &str, reading: &mut Reading) {
    let english = match value.and_then(Value::as_str).map(str::to_ascii_lowercase).as_deref() {
        Some("imagen") => "image",
        Some("documento") => "document",
        Some("texto") => "text",
        _ => return,
    };
    reading.notes.push(Note::new("alias", format!("{pointer}: taken as `{english}`.")));
}

fn buttons(fields: &Fields<'_>, reading: &mut Reading) -> Vec<RequestButton> {
    let key = if fields.get("buttons").is_none() && fields.get("button").is_some() {
        reading.notes.push(Note::new("alias", format!("{}: taken as `buttons`.", fields.pointer("button"))));
        "button"
    } else {
        "buttons"
    };
    let Some(list) = fields.array(key, &mut reading.faults) else { return Vec::new() };
    let pointer = fields.pointer(key);
    list.iter()
        .take(MOST)
        .enumerate()
        .filter_map(|(at, value)| button(&format!("{pointer}/{at}"), value, reading))
        .collect()
}

fn button(pointer: &str, value: &Value, reading: &mut Reading) -> Option<RequestButton> {
    if !value.is_object() {
        reading.fault(pointer, format!("A button must be an object, not {}.", name(value)));
        return None;
    }
    let fields = Fields::new(value, pointer);
    let word = fields
        .required_text("type", "`url`, `phone_number` or `quick_reply`", &mut reading.faults)
        .to_ascii_lowercase();
    let kind = match word.as_str() {
        "" => return None,
        "url" => ButtonKind::Url,
        "phone_number" => ButtonKind::PhoneNumber,
        "quick_reply" => ButtonKind::QuickReply,
        "catalog" => ButtonKind::Catalog,
        "mpm" => ButtonKind::Mpm,
        other => {
            let message = format!(
                "Buttons of the type `{other}` are not supported; use `url`, `phone_number`, `quick_reply`, `catalog` or `mpm`."
            );
            reading.refuse(ErrorCode::ComponentNotSupported, format!("{pointer}/type"), message);
            return None;
        }
    };
    Some(RequestButton {
        kind,
        text: optional_text(&fields, reading),
        url: fields.text("url", &mut reading.faults).map(str::to_owned),
        phone_number: fields.text("phone_number", &mut reading.faults).map(str::to_owned),
        parameters: parameters(&fields, reading),
    })
}

/// `parameters`: an array, or one object as the document's table has it.
fn parameters(fields: &Fields<'_>, reading: &mut Reading) -> Vec<Parameter> {
    let pointer = fields.pointer("parameters");
    match fields.get("parameters") {
        None => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .take(MOST)
            .enumerate()
            .filter_map(|(at, value)| parameter(&format!("{pointer}/{at}"), value, reading))
            .collect(),
        Some(value @ Value::Object(_)) => {
            reading
                .notes
                .push(Note::new("alias", format!("{pointer}: one object, taken as an array of one.")));
            parameter(&pointer, value, reading).into_iter().collect()
        }
        Some(other) => {
            reading.fault(pointer, format!("`parameters` must be an array, not {}.", name(other)));
            Vec::new()
        }
    }
}

fn parameter(pointer: &str, value: &Value, reading: &mut Reading) -> Option<Parameter> {
    if !value.is_object() {
        reading.fault(pointer, format!("A parameter must be an object, not {}.", name(value)));
        return None;
    }
    let fields = Fields::new(value, pointer);
    let kind = fields
        .required_text("type", "`text`, `image`, `video`, `document` or `location`", &mut reading.faults)
        .to_ascii_lowercase();
    note_spanish(fields.get("type"), &fields.pointer("type"), reading);
    match kind.as_str() {
        "" => None,
        "text" | "texto" => {
            // An empty text is not a fault of the form: the template's rules answer it with Meta's code.
            let text = fields.text("text", &mut reading.faults).unwrap_or("").to_owned();
            let name = fields.text("parameter_name", &mut reading.faults).map(str::to_owned);
            Some(Parameter::Text { text, name })
        }
        "image" | "imagen" => media(&fields, MediaKind::Image, &["image", "imagen"], reading),
        "video" => media(&fields, MediaKind::Video, &["video"], reading),
        "document" | "documento" => media(&fields, MediaKind::File, &["document", "documento"], reading),
        "location" => location(&fields, reading),
        "payload" => {
            let payload = fields
                .required_text("payload", "what comes back when the button is tapped", &mut reading.faults)
                .to_owned();
            Some(Parameter::Payload { payload })
        }
        "action" => fields
            .object("action", &mut reading.faults)
            .and_then(|_| fields.get("action"))
            .map(|action| Parameter::Action { action: action.clone() }),
        "currency" | "date_time" => Some(Parameter::Native { value: value.clone() }),
        other => {
            reading.fault(format!("{pointer}/type"), format!("`{other}` is not a parameter type; use `text`, `image`, `video`, `document` or `location`."));
            None
        }
    }
}

fn media(fields: &Fields<'_>, kind: MediaKind, keys: &[&str], reading: &mut Reading) -> Option<Parameter> {
    let Some(key) = keys.iter().find(|key| fields.get(key).is_some()) else {
        reading.fault(fields.pointer(keys[0]), format!("`{}` is missing: an object with `link`.", keys[0]));
        return None;
    };
    let media = fields.object(key, &mut reading.faults)?;
    let link = media
        .required_text("link", "a public http or https address of the file", &mut reading.faults)
        .trim()
        .to_owned();
    let filename = media.short_text("filename", 240, &mut reading.faults);
    Some(Parameter::Media { kind, link, filename })
}

fn location(fields: &Fields<'_>, reading: &mut Reading) -> Option<Parameter> {
    if fields.get("location").is_none() {
        reading.fault(
            fields.pointer("location"),
            "`location` is missing: an object with `latitude`, `longitude`, `name`, `address`.",
        );
        return None;
    }
    let place = fields.object("location", &mut reading.faults)?;
    let degrees = |key: &str, reading: &mut Reading| match place.get(key) {
        Some(Value::Number(number)) => number.to_string(),
        _ => place.required_text(key, "degrees, as a text", &mut reading.faults).to_owned(),
    };
    Some(Parameter::Location {
        latitude: degrees("latitude", reading),
        longitude: degrees("longitude", reading),
        name: place.text("name", &mut reading.faults).unwrap_or("").to_owned(),
        address: place.text("address", &mut reading.faults).unwrap_or("").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse::send_body;
    use super::*;
    use chaski_model::message::Content;
    use serde_json::json;

    fn parse(components: &Value) -> Result<(TemplateRequest, Vec<Note>), Vec<String>> {
        let body = json!({"message": {"type": "whatsapp_template", "template": {"name": "t", "languageCode": "es", "components": components}}});
        match send_body(&body) {
            Ok(body) => {
                let Content::WhatsappTemplate(request) = body.content else { panic!("it is a template") };
                Ok((request, body.notes))
            }
            Err(refused) => Err(refused.faults.into_iter().map(|fault| fault.pointer).collect()),
        }
    }

    #[test]
    fn the_documents_slips_are_taken_with_a_note() {
        let (request, notes) = parse(&json!([
            {"type": "header", "format": "imagen", "parameters": [{"type": "imagen", "image": {"link": "https://x.ec/a.png"}}]},
            {"type": "buttons", "button": [{"type": "url", "text": "Ver", "parameters": {"type": "text", "text": "17"}}]},
        ]))
        .unwrap();
        assert_eq!(notes.len(), 4);
        let RequestBody::Buttons { buttons } = &request.components[1].body else { panic!() };
        assert_eq!(buttons[0].parameters, [Parameter::Text { text: "17".into(), name: None }]);
    }

    #[test]
    fn every_fault_has_its_place() {
        let places = parse(&json!([
            {"type": "body", "parameters": [{"type": "text", "text": 5}, {"type": "video"}, 7]},
            {"type": "body"},
            {"type": "carousel"},
            "x",
        ]))
        .unwrap_err();
        let root = "/message/template/components";
        assert_eq!(
            places,
            [
                format!("{root}/0/parameters/0/text"),
                format!("{root}/0/parameters/1/video"),
                format!("{root}/0/parameters/2"),
                format!("{root}/2/type"),
                format!("{root}/3"),
                format!("{root}/1"),
            ]
        );
    }
}
