//! Templates and requests that the tests of this folder share: the document's own examples.

use super::{Catalogue, Options, resolve};
use chaski_model::message::MediaKind;
use chaski_model::template::{
    ButtonDefinition, ButtonKind, Definition, Header, HeaderFormat, Parameter, ParameterFormat, RequestBody,
    RequestButton, RequestComponent, Resolution, TemplateRequest, TemplateStatus,
};

/// An approved template with a name and nothing else.
pub(super) fn definition(name: &str) -> Definition {
    Definition {
        name: name.to_owned(),
        language: "es".to_owned(),
        status: TemplateStatus::Approved,
        category: "UTILITY".to_owned(),
        parameter_format: ParameterFormat::Positional,
        header: None,
        body: None,
        footer: None,
        buttons: Vec::new(),
        unsupported: Vec::new(),
        external_id: None,
        rejected_reason: None,
        flat: None,
    }
}

pub(super) const HELLO: &str = "Hola, {{1}}, tu cuenta ha alcanzado {{2}}. Aumenta tu límite {{3}}.";

/// A body with three variables.
pub(super) fn account100() -> Definition {
    Definition { body: Some(HELLO.to_owned()), ..definition("account100") }
}

/// Text header, body, footer and one static button.
pub(super) fn account_update() -> Definition {
    Definition {
        header: Some(Header {
            format: HeaderFormat::Text,
            text: Some("El equipo de Ecuabots está aquí para usted".to_owned()),
            link: None,
        }),
        body: Some("Hola, tu cuenta ha sido actualizada.".to_owned()),
        footer: Some("Que tenga un lindo día".to_owned()),
        buttons: vec![url("Visítanos", "https://www.ecuabots.com/")],
        ..definition("account_update_en")
    }
}

/// Image header, two variables, footer, an address and a phone number.
pub(super) fn delivery_order() -> Definition {
    Definition {
        language: "en".to_owned(),
        header: Some(Header { format: HeaderFormat::Image, text: None, link: None }),
        body: Some("Hola, {{1}} tu pedido {{2}} está en camino.".to_owned()),
        footer: Some("Para más consultas, simplemente responda a este mensaje.".to_owned()),
        buttons: vec![
            url("Seguimiento de su paquete", "https://www.ecuabots.com/"),
            ButtonDefinition {
                kind: ButtonKind::PhoneNumber,
                text: "Servicio al cliente".to_owned(),
                url: None,
                phone_number: Some("+593997333444".to_owned()),
            },
        ],
        ..definition("delivery_order")
    }
}

/// Three quick replies.
pub(super) fn confirm_visit() -> Definition {
    Definition {
        body: Some("¿Confirmas tu visita?".to_owned()),
        buttons: ["Si", "No", "Confirmaré más tarde"].map(quick_reply).into(),
        ..definition("confirm_visit")
    }
}

/// One button whose address ends in a variable, after a quick reply.
pub(super) fn order_link() -> Definition {
    Definition {
        body: Some("Mira tu pedido.".to_owned()),
        buttons: vec![quick_reply("Gracias"), url("Ver pedido", "https://www.ecuabots.com/pedidos/{{1}}")],
        ..definition("order_link")
    }
}

/// A document header.
pub(super) fn invoice_ready() -> Definition {
    Definition {
        header: Some(Header { format: HeaderFormat::Document, text: None, link: None }),
        body: Some("Tu factura está lista.".to_owned()),
        ..definition("invoice_ready")
    }
}

/// A text header with one variable.
pub(super) fn greeting_name() -> Definition {
    Definition {
        header: Some(Header { format: HeaderFormat::Text, text: Some("Hola {{1}}".to_owned()), link: None }),
        body: Some("Gracias por escribirnos.".to_owned()),
        ..definition("greeting_name")
    }
}

/// Named variables.
pub(super) fn welcome_named() -> Definition {
    Definition {
        parameter_format: ParameterFormat::Named,
        body: Some("Hola {{nombre}}, te esperamos el {{dia}}. Hasta pronto, {{nombre}}.".to_owned()),
        ..definition("welcome_named")
    }
}

/// An address button.
pub(super) fn url(text: &str, url: &str) -> ButtonDefinition {
    ButtonDefinition {
        kind: ButtonKind::Url,
        text: text.to_owned(),
        url: Some(url.to_owned()),
        phone_number: None,
    }
}

/// A quick reply button.
pub(super) fn quick_reply(text: &str) -> ButtonDefinition {
    ButtonDefinition { kind: ButtonKind::QuickReply, text: text.to_owned(), url: None, phone_number: None }
}

/// A request for a template, component by component.
pub(super) fn request(definition: &Definition, bodies: Vec<RequestBody>) -> TemplateRequest {
    let components = bodies.into_iter().enumerate().map(|(at, body)| RequestComponent { at, body });
    TemplateRequest {
        name: definition.name.clone(),
        language: definition.language.clone(),
        components: components.collect(),
    }
}

/// A request that says everything as approved, with values for a header and a body.
pub(super) fn whole(
    definition: &Definition,
    header: Vec<Parameter>,
    body: Vec<Parameter>,
) -> TemplateRequest {
    let mut bodies = Vec::new();
    if let Some(approved) = &definition.header {
        bodies.push(RequestBody::Header {
            format: Some(approved.format),
            text: approved.text.clone(),
            parameters: header,
        });
    }
    bodies.push(RequestBody::Body { text: definition.body.clone(), parameters: body });
    if definition.footer.is_some() {
        bodies.push(RequestBody::Footer { text: definition.footer.clone() });
    }
    if !definition.buttons.is_empty() {
        let buttons = definition.buttons.iter().map(|button| RequestButton {
            kind: button.kind.clone(),
            text: Some(button.text.clone()),
            url: button.url.clone(),
            phone_number: button.phone_number.clone(),
            parameters: Vec::new(),
        });
        bodies.push(RequestBody::Buttons { buttons: buttons.collect() });
    }
    request(definition, bodies)
}

/// The caller's body.
pub(super) fn body(text: Option<&str>, values: &[&str]) -> RequestBody {
    RequestBody::Body { text: text.map(str::to_owned), parameters: texts(values) }
}

/// The caller's buttons: kind, label, values.
pub(super) fn buttons(all: &[(ButtonKind, &str, &[Parameter])]) -> RequestBody {
    let buttons = all.iter().map(|(kind, text, parameters)| RequestButton {
        kind: kind.clone(),
        text: (!text.is_empty()).then(|| (*text).to_owned()),
        url: None,
        phone_number: None,
        parameters: parameters.to_vec(),
    });
    RequestBody::Buttons { buttons: buttons.collect() }
}

/// Text values.
pub(super) fn texts(values: &[&str]) -> Vec<Parameter> {
    values.iter().copied().map(text).collect()
}

/// One text value.
pub(super) fn text(value: &str) -> Parameter {
    Parameter::Text { text: value.to_owned(), name: None }
}

/// One text value for a named variable.
pub(super) fn named(name: &str, value: &str) -> Parameter {
    Parameter::Text { text: value.to_owned(), name: Some(name.to_owned()) }
}

/// Media for a header.
pub(super) fn media(kind: MediaKind, link: &str) -> Parameter {
    Parameter::Media { kind, link: link.to_owned(), filename: None }
}

/// Holds a request against one definition.
pub(super) fn held(request: &TemplateRequest, definition: &Definition) -> Resolution {
    resolve(request, Catalogue::Synced(&[definition]), Options::default())
}
