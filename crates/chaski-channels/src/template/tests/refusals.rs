//! What cannot be sent: wrong counts, empty values, wrong kinds, statuses, links.

use super::*;

// Row 3: counts.

#[test]
fn too_few_values_are_refused_with_132000_at_the_first_that_is_missing() {
    let approved = account100();
    let resolution = held(&request(&approved, vec![body(Some(HELLO), &["a", "b"])]), &approved);
    assert_eq!(refusal(&resolution), (132_000, "body", Some(3), "/message/template/components/0"));
    assert_eq!(resolution.refused.unwrap().code, ErrorCode::TemplateRefused);
    assert_eq!(
        resolution.rendered.body.as_deref(),
        Some("Hola, a, tu cuenta ha alcanzado b. Aumenta tu límite {{3}}.")
    );
}

#[test]
fn too_many_values_are_refused_with_132000_at_the_first_too_many() {
    let approved = account100();
    let resolution = held(&request(&approved, vec![body(Some(HELLO), &["a", "b", "c", "d"])]), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_000, "body", Some(4), "/message/template/components/0/parameters/3")
    );
    let resolution = held(&request(&account_update(), vec![body(None, &["a"])]), &account_update());
    assert_eq!(refusal(&resolution).0, 132_000);
}

#[test]
fn a_body_left_out_that_has_variables_is_refused_with_132000() {
    let approved = account100();
    let resolution = held(&request(&approved, vec![]), &approved);
    assert_eq!(refusal(&resolution), (132_000, "body", Some(1), "/message/template/components"));
}

#[test]
fn a_text_header_counts_its_values_too() {
    let approved = greeting_name();
    let resolution = held(&whole(&approved, vec![], vec![]), &approved);
    assert_eq!(refusal(&resolution), (132_000, "header", Some(1), "/message/template/components/0"));
    let resolution = held(&whole(&approved, texts(&["a", "b"]), vec![]), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_000, "header", Some(2), "/message/template/components/0/parameters/1")
    );
    let resolution = held(&whole(&approved, texts(&["Ana"]), vec![]), &approved);
    assert_eq!(
        components(&resolution),
        json!([{"type":"header","parameters":[{"type":"text","text":"Ana"}]}])
    );
    assert_eq!(resolution.rendered.header.unwrap().text.as_deref(), Some("Hola Ana"));
}

#[test]
fn a_value_for_a_static_header_or_button_is_refused_with_132000() {
    let approved = account_update();
    assert_eq!(refusal(&held(&whole(&approved, texts(&["x"]), vec![]), &approved)).0, 132_000);
    let with = buttons(&[(ButtonKind::Url, "Visítanos", &texts(&["x"]))]);
    let resolution = held(&request(&approved, vec![with]), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_000, "buttons", Some(1), "/message/template/components/0/buttons/0/parameters/0")
    );
    let approved = confirm_visit();
    let with = buttons(&[(ButtonKind::QuickReply, "Si", &texts(&["x"]))]);
    assert_eq!(refusal(&held(&request(&approved, vec![with]), &approved)).0, 132_000);
    let approved = delivery_order();
    let mut request = whole(&approved, vec![media(MediaKind::Image, IMAGE)], texts(&["a", "b"]));
    let RequestBody::Buttons { buttons } = &mut request.components[3].body else { panic!("buttons") };
    buttons[1].parameters = texts(&["x"]);
    assert_eq!(
        refusal(&held(&request, &approved)).3,
        "/message/template/components/3/buttons/1/parameters/0"
    );
}

#[test]
fn a_value_for_a_button_that_is_not_approved_is_refused_with_132000() {
    let approved = account100();
    let extra = buttons(&[(ButtonKind::Url, "Ver", &texts(&["x"]))]);
    let resolution = held(&request(&approved, vec![body(None, &["a", "b", "c"]), extra]), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_000, "buttons", Some(1), "/message/template/components/1/buttons/0/parameters/0")
    );
}

// Row 4: empty values and buttons without their value.

#[test]
fn an_empty_value_is_refused_with_131008() {
    let approved = account100();
    for empty in ["", "  ", "\n\t"] {
        let resolution = held(&request(&approved, vec![body(Some(HELLO), &["a", empty, "c"])]), &approved);
        assert_eq!(
            refusal(&resolution),
            (131_008, "body", Some(2), "/message/template/components/0/parameters/1")
        );
    }
    let approved = greeting_name();
    assert_eq!(refusal(&held(&whole(&approved, texts(&[""]), vec![]), &approved)).0, 131_008);
}

#[test]
fn a_dynamic_button_without_its_value_is_refused_with_131008() {
    let approved = order_link();
    let all = whole(&approved, vec![], vec![]);
    assert_eq!(
        refusal(&held(&all, &approved)),
        (131_008, "buttons", Some(1), "/message/template/components/1/buttons/1")
    );
    let none = request(&approved, vec![body(None, &[])]);
    assert_eq!(
        refusal(&held(&none, &approved)),
        (131_008, "buttons", Some(1), "/message/template/components")
    );
    let empty = buttons(&[(ButtonKind::Url, "Ver pedido", &texts(&[" "]))]);
    assert_eq!(refusal(&held(&request(&approved, vec![empty]), &approved)).0, 131_008);
}

#[test]
fn a_dynamic_button_goes_out_at_its_approved_place() {
    let approved = order_link();
    let value =
        json!([{"type":"button","sub_type":"url","index":"1","parameters":[{"type":"text","text":"A-1"}]}]);
    // Alone, in another order, and with another label: always the second button of the template.
    for all in [
        buttons(&[(ButtonKind::Url, "Ver pedido", &texts(&["A-1"]))]),
        buttons(&[
            (ButtonKind::Url, "Ver pedido", &texts(&["A-1"])),
            (ButtonKind::QuickReply, "Gracias", &[]),
        ]),
        buttons(&[(ButtonKind::Url, "Mi pedido", &texts(&["A-1"]))]),
        buttons(&[(ButtonKind::Url, "", &texts(&["A-1"]))]),
    ] {
        let resolution = held(&request(&approved, vec![all]), &approved);
        assert_eq!(components(&resolution), value);
        assert_eq!(
            resolution.rendered.buttons[1].url.as_deref(),
            Some("https://www.ecuabots.com/pedidos/A-1")
        );
    }
}

#[test]
fn two_buttons_of_a_kind_are_told_by_their_label_then_by_order() {
    let approved = Definition {
        body: Some("x".into()),
        buttons: vec![url("Uno", "https://x.ec/1/{{1}}"), url("Dos", "https://x.ec/2/{{1}}")],
        ..definition("two")
    };
    let indices = |all: RequestBody| {
        let resolution = held(&request(&approved, vec![all]), &approved);
        resolution
            .template
            .unwrap()
            .components
            .iter()
            .map(|c| format!("{}={}", c["index"], c["parameters"][0]["text"]))
            .collect::<Vec<_>>()
    };
    let swapped =
        buttons(&[(ButtonKind::Url, "Dos", &texts(&["b"])), (ButtonKind::Url, "Uno", &texts(&["a"]))]);
    assert_eq!(indices(swapped), [r#""0"="a""#, r#""1"="b""#]);
    let half = buttons(&[(ButtonKind::Url, "?", &texts(&["b"])), (ButtonKind::Url, "Uno", &texts(&["a"]))]);
    assert_eq!(indices(half), [r#""0"="a""#, r#""1"="b""#]);
}

// Row 5: kinds of values.

#[test]
fn a_media_header_wants_its_media_on_every_send() {
    let approved = delivery_order();
    let without = request(&approved, vec![body(None, &["a", "b"])]);
    assert_eq!(
        refusal(&held(&without, &approved)),
        (132_012, "header", Some(1), "/message/template/components")
    );
    let empty = whole(&approved, vec![], texts(&["a", "b"]));
    assert_eq!(
        refusal(&held(&empty, &approved)),
        (132_012, "header", Some(1), "/message/template/components/0")
    );
}

#[test]
fn media_of_another_kind_and_other_wrong_kinds_are_refused_with_132012() {
    let approved = delivery_order();
    let place = "/message/template/components/0/parameters/0";
    for wrong in [media(MediaKind::Video, IMAGE), media(MediaKind::File, IMAGE), text("x")] {
        let resolution = held(&whole(&approved, vec![wrong], texts(&["a", "b"])), &approved);
        assert_eq!(refusal(&resolution), (132_012, "header", Some(1), place));
    }
    let approved = account100();
    let values = vec![text("a"), media(MediaKind::Image, IMAGE), text("c")];
    let resolution = held(&whole(&approved, vec![], values), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_012, "body", Some(2), "/message/template/components/0/parameters/1")
    );
    let approved = greeting_name();
    assert_eq!(
        refusal(&held(&whole(&approved, vec![media(MediaKind::Image, IMAGE)], vec![]), &approved)).0,
        132_012
    );
    let approved = order_link();
    let action = Parameter::Action { action: json!({}) };
    let wrong = buttons(&[(ButtonKind::Url, "Ver pedido", &[action])]);
    assert_eq!(refusal(&held(&request(&approved, vec![wrong]), &approved)).0, 132_012);
}

#[test]
fn media_for_a_template_without_header_is_refused() {
    let approved = account100();
    let header =
        RequestBody::Header { format: None, text: None, parameters: vec![media(MediaKind::Image, IMAGE)] };
    let resolution = held(&request(&approved, vec![header, body(None, &["a", "b", "c"])]), &approved);
    assert_eq!(
        refusal(&resolution),
        (132_012, "header", Some(1), "/message/template/components/0/parameters/0")
    );
}

// Row 6: status.

#[test]
fn only_an_approved_template_goes_out_and_each_status_has_its_code() {
    for (status, code) in [
        (TemplateStatus::Paused, 132_015),
        (TemplateStatus::Disabled, 132_016),
        (TemplateStatus::Pending, 132_001),
        (TemplateStatus::Rejected, 132_001),
        (TemplateStatus::Other("IN_APPEAL".into()), 132_001),
    ] {
        let approved = Definition { status: status.clone(), ..account_update() };
        let resolution = held(&whole(&approved, vec![], vec![]), &approved);
        assert_eq!(refusal(&resolution).0, code, "{status:?}");
        let failure = resolution.refused.as_ref().unwrap();
        assert_eq!(failure.code, ErrorCode::TemplateUnavailable);
        assert_eq!(failure.pointer.as_deref(), Some("/message/template/name"));
        assert!(!resolution.absent);
    }
}

// Row 12 and the question on links.

#[test]
fn a_link_that_is_not_http_is_refused_without_a_code_of_meta() {
    let approved = delivery_order();
    for link in ["x.png", "ftp://x.ec/a.png", "", "javascript:alert(1)"] {
        let resolution =
            held(&whole(&approved, vec![media(MediaKind::Image, link)], texts(&["a", "b"])), &approved);
        assert_eq!(
            refusal(&resolution),
            (0, "header", Some(1), "/message/template/components/0/parameters/0")
        );
        assert_eq!(resolution.refused.unwrap().code, ErrorCode::MediaLinkInvalid);
    }
}
