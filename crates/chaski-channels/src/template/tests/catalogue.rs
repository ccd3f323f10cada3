//! What the catalogue knows, does not know, or was never asked.

use super::*;

// Row 7: absent.

#[test]
fn a_name_that_is_not_in_the_catalogue_is_absent_and_not_yet_refused() {
    let approved = account100();
    let asked = request(&approved, vec![body(None, &["a"])]);
    let resolution = resolve(&asked, Catalogue::Synced(&[]), Options::default());
    assert!(resolution.absent && resolution.refused.is_none() && resolution.template.is_none());
    assert_eq!(resolution.findings[0].code, "132001");
    let failure = absence(&asked, &[]);
    assert_eq!((failure.provider_code, failure.code), (Some(132_001), ErrorCode::TemplateUnavailable));
    assert_eq!(failure.pointer.as_deref(), Some("/message/template/name"));
}

#[test]
fn a_language_that_is_not_in_the_catalogue_is_absent_and_names_those_that_are() {
    let approved = account100();
    let mut asked = request(&approved, vec![]);
    asked.language = "fr".into();
    assert!(held(&asked, &approved).absent);
    let failure = absence(&asked, &[&approved]);
    assert!(failure.message.contains("(es)"), "{}", failure.message);
    assert_eq!(failure.pointer.as_deref(), Some("/message/template/languageCode"));
}

#[test]
fn a_regional_code_falls_back_to_its_language_with_a_note_unless_switched_off() {
    let approved = account100();
    let mut asked = request(&approved, vec![body(Some(HELLO), &["a", "b", "c"])]);
    asked.language = "es-EC".into();
    let resolution = held(&asked, &approved);
    assert_eq!(resolution.template.as_ref().unwrap().language, "es");
    assert_eq!(notes(&resolution), ["language_fallback"]);
    let off = Options { language_fallback: false };
    assert!(resolve(&asked, Catalogue::Synced(&[&approved]), off).absent);
}

// The last row: never synced.

#[test]
fn without_a_catalogue_the_callers_values_go_out_and_nothing_is_verified() {
    let approved = delivery_order();
    let mut asked = whole(&approved, vec![media(MediaKind::Image, IMAGE)], texts(&["abc", "d\ne"]));
    let RequestBody::Buttons { buttons } = &mut asked.components[3].body else { panic!("buttons") };
    buttons[0].parameters = texts(&["fin"]);
    let resolution = resolve(&asked, Catalogue::NeverSynced, Options::default());
    assert_eq!(resolution.mark, Some(Mark::NotVerified));
    assert_eq!(
        components(&resolution),
        json!([
            {"type":"header","parameters":[{"type":"image","image":{"link":IMAGE}}]},
            {"type":"body","parameters":[{"type":"text","text":"abc"},{"type":"text","text":"d e"}]},
            {"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"fin"}]},
        ])
    );
    assert_eq!(resolution.rendered.body.as_deref(), Some("Hola, abc tu pedido d\ne está en camino."));
    assert_eq!(resolution.rendered.buttons.len(), 2);
    assert!(resolution.difference.is_empty() && !resolution.absent);
}

#[test]
fn without_a_catalogue_a_wrong_count_is_the_providers_to_refuse() {
    let asked = request(&account100(), vec![body(Some(HELLO), &["a"])]);
    let resolution = resolve(&asked, Catalogue::NeverSynced, Options::default());
    assert!(resolution.template.is_some() && resolution.refused.is_none());
    let link = whole(&delivery_order(), vec![media(MediaKind::Image, "nope")], vec![]);
    let resolution = resolve(&link, Catalogue::NeverSynced, Options::default());
    assert_eq!(resolution.refused.unwrap().code, ErrorCode::MediaLinkInvalid);
}
