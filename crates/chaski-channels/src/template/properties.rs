//! What holds for every template and every request.

use super::samples::{definition, quick_reply, url};
use super::{Catalogue, Options, placeholders, resolve};
use chaski_model::message::MediaKind;
use chaski_model::template::{
    ButtonDefinition, ButtonKind, Definition, Header, HeaderFormat, Parameter, ParameterFormat, RequestBody,
    RequestButton, RequestComponent, TemplateRequest,
};
use proptest::prelude::*;
use std::collections::HashSet;

fn approved_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof!["[a-z ñ*]{1,8}", (1u8..4).prop_map(|n| format!("{{{{{n}}}}}"))];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn approved_button() -> impl Strategy<Value = ButtonDefinition> {
    let phone = ButtonDefinition {
        kind: ButtonKind::PhoneNumber,
        text: "Llamar".into(),
        url: None,
        phone_number: Some("+593997333444".into()),
    };
    prop_oneof![
        "[A-C]".prop_map(|label| quick_reply(&label)),
        "[A-C]".prop_map(|label| url(&label, "https://x.ec/")),
        "[A-C]".prop_map(|label| url(&label, "https://x.ec/{{1}}")),
        Just(phone),
    ]
}

fn approved_header() -> impl Strategy<Value = Option<Header>> {
    prop_oneof![
        Just(None),
        approved_text().prop_map(|text| Some(Header {
            format: HeaderFormat::Text,
            text: Some(text),
            link: None
        })),
        Just(Some(Header { format: HeaderFormat::Image, text: None, link: None })),
        Just(Some(Header { format: HeaderFormat::Document, text: None, link: None })),
    ]
}

prop_compose! {
    fn approved()(
        header in approved_header(),
        body in approved_text(),
        footer in proptest::option::of("[a-z]{1,5}"),
        buttons in proptest::collection::vec(approved_button(), 0..5),
        is_named in any::<bool>(),
    ) -> Definition {
        let format = if is_named { ParameterFormat::Named } else { ParameterFormat::Positional };
        Definition { header, body: Some(body), footer, buttons, parameter_format: format, ..definition("t") }
    }
}

fn value() -> impl Strategy<Value = Parameter> {
    prop_oneof![
        8 => "[a-z0-9 \n\t]{0,8}".prop_map(|text| Parameter::Text { text, name: None }),
        1 => Just(Parameter::Media { kind: MediaKind::Image, link: "https://x.ec/a.png".into(), filename: None }),
        1 => Just(Parameter::Media { kind: MediaKind::File, link: "https://x.ec/a.pdf".into(), filename: None }),
        1 => Just(Parameter::Payload { payload: "p".into() }),
    ]
}

fn values() -> impl Strategy<Value = Vec<Parameter>> {
    proptest::collection::vec(value(), 0..4)
}

fn asked_button() -> impl Strategy<Value = RequestButton> {
    let kind =
        prop_oneof![Just(ButtonKind::Url), Just(ButtonKind::QuickReply), Just(ButtonKind::PhoneNumber)];
    (kind, proptest::option::of("[A-C]"), proptest::collection::vec(value(), 0..2)).prop_map(
        |(kind, text, parameters)| RequestButton { kind, text, url: None, phone_number: None, parameters },
    )
}

fn component() -> impl Strategy<Value = RequestBody> {
    let text = || proptest::option::of("[a-z{}1-3]{0,9}");
    prop_oneof![
        (text(), values()).prop_map(|(text, parameters)| RequestBody::Header {
            format: None,
            text,
            parameters
        }),
        (text(), values()).prop_map(|(text, parameters)| RequestBody::Body { text, parameters }),
        text().prop_map(|text| RequestBody::Footer { text }),
        proptest::collection::vec(asked_button(), 0..5).prop_map(|buttons| RequestBody::Buttons { buttons }),
    ]
}

prop_compose! {
    fn asked()(bodies in proptest::collection::vec(component(), 0..5)) -> TemplateRequest {
        let components = bodies.into_iter().enumerate().map(|(at, body)| RequestComponent { at, body });
        TemplateRequest { name: "t".into(), language: "es".into(), components: components.collect() }
    }
}

/// A request that fits a template: the right values in the right places, texts at random.
fn fitting(definition: &Definition) -> TemplateRequest {
    let count = |text: &str| match definition.parameter_format {
        ParameterFormat::Positional => placeholders::highest(text),
        ParameterFormat::Named => placeholders::names(text).len(),
    };
    let texts =
        |n: usize| (0..n).map(|n| Parameter::Text { text: format!("v{n}"), name: None }).collect::<Vec<_>>();
    let mut bodies = Vec::new();
    if let Some(header) = &definition.header {
        let parameters = match header.format.media() {
            Some(kind) => vec![Parameter::Media { kind, link: "https://x.ec/a.pdf".into(), filename: None }],
            None => texts(count(header.text.as_deref().unwrap_or_default())),
        };
        bodies.push(RequestBody::Header { format: None, text: None, parameters });
    }
    let parameters = texts(count(definition.body.as_deref().unwrap_or_default()));
    bodies.push(RequestBody::Body { text: None, parameters });
    let buttons = definition.buttons.iter().map(|button| RequestButton {
        kind: button.kind.clone(),
        text: Some(button.text.clone()),
        url: None,
        phone_number: None,
        parameters: if super::buttons::is_dynamic(button) { texts(1) } else { Vec::new() },
    });
    bodies.push(RequestBody::Buttons { buttons: buttons.collect() });
    let components = bodies.into_iter().enumerate().map(|(at, body)| RequestComponent { at, body });
    TemplateRequest { name: "t".into(), language: "es".into(), components: components.collect() }
}

fn check(request: &TemplateRequest, definition: &Definition) -> Result<bool, TestCaseError> {
    let resolution = resolve(request, Catalogue::Synced(&[definition]), Options::default());
    prop_assert_eq!(resolution.template.is_none(), resolution.refused.is_some());
    prop_assert_eq!(resolution.refused.is_some(), resolution.findings.iter().any(|finding| finding.refused));
    let Some(template) = resolution.template else { return Ok(false) };
    let mut indices = HashSet::new();
    for component in &template.components {
        let kind = component["type"].as_str().unwrap_or_default();
        prop_assert!(["header", "body", "button"].contains(&kind));
        prop_assert!(component["parameters"].as_array().is_some_and(|list| !list.is_empty()));
        prop_assert!(component.get("text").is_none() && component.get("format").is_none());
        if kind == "button" {
            let index: usize = component["index"].as_str().unwrap_or_default().parse().unwrap();
            let sub_type = component["sub_type"].as_str().unwrap_or_default();
            prop_assert!(indices.insert(index));
            prop_assert!(index < definition.buttons.len());
            prop_assert_ne!(sub_type, "phone_number");
        }
    }
    let rendered = resolution.rendered;
    let texts = [rendered.body, rendered.header.and_then(|header| header.text)];
    for text in
        texts.into_iter().flatten().chain(rendered.buttons.into_iter().filter_map(|button| button.url))
    {
        prop_assert!(!placeholders::any(&text), "a placeholder is left in {}", text);
    }
    Ok(true)
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_well_formed_and_fully_rendered(definition in approved(), request in asked()) {
        check(&request, &definition)?;
    }

    #[test]
    fn a_request_that_fits_is_accepted(definition in approved()) {
        prop_assert!(check(&fitting(&definition), &definition)?);
    }

    #[test]
    fn autofix_leaves_no_difference_in_what_is_accepted(definition in approved()) {
        let mut request = fitting(&definition);
        super::autofix(&mut request, &definition);
        let resolution = resolve(&request, Catalogue::Synced(&[&definition]), Options::default());
        prop_assert_eq!(resolution.difference, Vec::new());
    }

    #[test]
    fn without_a_catalogue_nothing_is_empty_either(request in asked()) {
        let resolution = resolve(&request, Catalogue::NeverSynced, Options::default());
        for component in resolution.template.into_iter().flat_map(|template| template.components) {
            prop_assert!(component["parameters"].as_array().is_some_and(|list| !list.is_empty()));
        }
    }
}
