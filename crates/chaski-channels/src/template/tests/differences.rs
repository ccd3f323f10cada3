//! What differs from the approved template, or is left out, never stops a message and is shown.

use super::*;

// Row 1 and the questions on texts that differ.

#[test]
fn a_body_that_differs_sends_the_approved_one_and_shows_the_difference() {
    let approved = account100();
    let resolution =
        held(&request(&approved, vec![body(Some("Otro texto {{1}}"), &["a", "b", "c"])]), &approved);
    assert_eq!(resolution.mark, Some(Mark::ApiTextDiffered));
    assert_eq!(differences(&resolution), [("body", None, Some("Otro texto {{1}}"), Some(HELLO))]);
    assert_eq!(
        resolution.rendered.body.as_deref(),
        Some("Hola, a, tu cuenta ha alcanzado b. Aumenta tu límite c.")
    );
    assert_eq!(
        components(&resolution),
        json!([{"type":"body","parameters":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"text","text":"c"}]}])
    );
}

#[test]
fn a_text_without_the_approved_formatting_is_a_difference() {
    let approved = Definition { body: Some("Hola *amigo*".into()), ..definition("f") };
    let resolution = held(&request(&approved, vec![body(Some("Hola amigo"), &[])]), &approved);
    assert_eq!(resolution.mark, Some(Mark::ApiTextDiffered));
    assert_eq!(resolution.rendered.body.as_deref(), Some("Hola *amigo*"));
}

#[test]
fn a_header_footer_or_button_that_differs_is_named_with_both_texts() {
    let approved = account_update();
    let mut request = whole(&approved, vec![], vec![]);
    for component in &mut request.components {
        match &mut component.body {
            RequestBody::Header { text, .. } | RequestBody::Footer { text } => *text = Some("otro".into()),
            RequestBody::Buttons { buttons } => buttons[0].url = Some("https://otro.ec/".into()),
            RequestBody::Body { .. } => {}
        }
    }
    let resolution = held(&request, &approved);
    assert_eq!(resolution.mark, Some(Mark::ApiTextDiffered));
    assert_eq!(
        differences(&resolution),
        [
            ("header", None, Some("otro"), Some("El equipo de Ecuabots está aquí para usted")),
            ("footer", None, Some("otro"), Some("Que tenga un lindo día")),
            ("buttons", Some(0), Some("https://otro.ec/"), Some("https://www.ecuabots.com/")),
        ]
    );
    assert_eq!(resolution.rendered.footer.as_deref(), Some("Que tenga un lindo día"));
    assert_eq!(components(&resolution), json!([]));
}

#[test]
fn quick_replies_that_are_not_approved_show_as_extra_and_the_approved_button_as_left_out() {
    let approved = account_update();
    let replies = buttons(&[
        (ButtonKind::QuickReply, "Si", &[]),
        (ButtonKind::QuickReply, "No", &[]),
        (ButtonKind::QuickReply, "Confirmaré más tarde", &[]),
    ]);
    let mut request = whole(&approved, vec![], vec![]);
    request.components[3].body = replies;
    let resolution = held(&request, &approved);
    assert_eq!(resolution.mark, Some(Mark::ApiTextDiffered));
    assert_eq!(
        differences(&resolution),
        [
            ("buttons", Some(0), None, Some("Visítanos")),
            ("buttons", None, Some("Si"), None),
            ("buttons", None, Some("No"), None),
            ("buttons", None, Some("Confirmaré más tarde"), None),
        ]
    );
    assert_eq!(resolution.rendered.buttons[0].text, "Visítanos");
}

#[test]
fn a_quick_reply_with_another_label_is_compared_by_its_order() {
    let approved = confirm_visit();
    let replies = buttons(&[
        (ButtonKind::QuickReply, "Claro", &[]),
        (ButtonKind::QuickReply, "No", &[]),
        (ButtonKind::QuickReply, "Confirmaré más tarde", &[]),
    ]);
    let request = request(&approved, vec![body(approved.body.as_deref(), &[]), replies]);
    let resolution = held(&request, &approved);
    assert_eq!(differences(&resolution), [("buttons", Some(0), Some("Claro"), Some("Si"))]);
    assert_eq!(resolution.mark, Some(Mark::ApiTextDiffered));
}

#[test]
fn the_very_same_texts_are_no_difference_whether_placeholders_or_values() {
    let approved = account100();
    for text in [
        HELLO,
        "Hola, a, tu cuenta ha alcanzado b. Aumenta tu límite c. ",
        "  Hola, {{1}}, tu cuenta ha alcanzado b. Aumenta tu límite {{3}}.",
    ] {
        let resolution = held(&request(&approved, vec![body(Some(text), &["a", "b", "c"])]), &approved);
        assert_eq!((resolution.mark, differences(&resolution).len()), (None, 0), "{text}");
    }
}

// Row 2 and the questions on what is left out.

#[test]
fn a_body_text_left_out_with_the_right_values_is_sent_and_shown_complete() {
    let approved = account100();
    let resolution = held(&request(&approved, vec![body(None, &["a", "b", "c"])]), &approved);
    assert_eq!(resolution.mark, Some(Mark::TextOmitted));
    assert_eq!(differences(&resolution), [("body", None, None, Some(HELLO))]);
    assert_eq!(
        resolution.rendered.body.as_deref(),
        Some("Hola, a, tu cuenta ha alcanzado b. Aumenta tu límite c.")
    );
}

#[test]
fn every_static_part_may_be_left_out_and_the_contact_gets_it_all() {
    let approved = account_update();
    let resolution = held(&request(&approved, vec![]), &approved);
    assert_eq!(resolution.mark, Some(Mark::TextOmitted));
    let left_out: Vec<_> = differences(&resolution).iter().map(|d| (d.0, d.2)).collect();
    assert_eq!(left_out, [("header", None), ("body", None), ("footer", None), ("buttons", None)]);
    assert_eq!(components(&resolution), json!([]));
    let rendered = &resolution.rendered;
    assert_eq!(
        rendered.header.as_ref().unwrap().text.as_deref(),
        Some("El equipo de Ecuabots está aquí para usted")
    );
    assert_eq!(rendered.footer.as_deref(), Some("Que tenga un lindo día"));
    assert_eq!(rendered.buttons[0].url.as_deref(), Some("https://www.ecuabots.com/"));
}

#[test]
fn a_static_header_left_out_still_reaches_the_contact() {
    let approved = account_update();
    let mut request = whole(&approved, vec![], vec![]);
    request.components.remove(0);
    let resolution = held(&request, &approved);
    assert_eq!(resolution.mark, Some(Mark::TextOmitted));
    assert_eq!(
        differences(&resolution),
        [("header", None, None, Some("El equipo de Ecuabots está aquí para usted"))]
    );
}

#[test]
fn a_footer_left_out_still_reaches_the_contact() {
    let approved = account_update();
    let mut request = whole(&approved, vec![], vec![]);
    request.components.remove(2);
    let resolution = held(&request, &approved);
    assert_eq!(differences(&resolution), [("footer", None, None, Some("Que tenga un lindo día"))]);
    assert_eq!(resolution.mark, Some(Mark::TextOmitted));
}

#[test]
fn buttons_given_in_part_show_the_missing_ones_as_left_out() {
    let approved = confirm_visit();
    let replies = buttons(&[(ButtonKind::QuickReply, "No", &[])]);
    let resolution = held(&request(&approved, vec![body(approved.body.as_deref(), &[]), replies]), &approved);
    assert_eq!(resolution.mark, Some(Mark::TextOmitted));
    assert_eq!(
        differences(&resolution),
        [("buttons", Some(0), None, Some("Si")), ("buttons", Some(2), None, Some("Confirmaré más tarde"))]
    );
    assert_eq!(resolution.rendered.buttons.len(), 3);
}
