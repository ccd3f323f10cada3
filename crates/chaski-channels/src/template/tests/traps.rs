//! The traps of the providers' reference: names, places, whole addresses, native values.

use super::*;

// Traps.

#[test]
fn named_variables_take_an_ordered_list_by_order_of_appearance() {
    let approved = welcome_named();
    let resolution = held(&whole(&approved, vec![], texts(&["Ana", "lunes"])), &approved);
    assert_eq!(
        components(&resolution),
        json!([{"type":"body","parameters":[
            {"type":"text","parameter_name":"nombre","text":"Ana"},
            {"type":"text","parameter_name":"dia","text":"lunes"},
        ]}])
    );
    assert_eq!(
        resolution.rendered.body.as_deref(),
        Some("Hola Ana, te esperamos el lunes. Hasta pronto, Ana.")
    );
}

#[test]
fn named_variables_take_values_by_name_in_any_order_and_mixed() {
    let approved = welcome_named();
    for values in
        [vec![named("dia", "lunes"), named("nombre", "Ana")], vec![named("dia", "lunes"), text("Ana")]]
    {
        let resolution = held(&whole(&approved, vec![], values), &approved);
        assert_eq!(
            resolution.rendered.body.as_deref(),
            Some("Hola Ana, te esperamos el lunes. Hasta pronto, Ana.")
        );
    }
    for values in [
        vec![named("otro", "x"), text("Ana"), text("lunes")],
        vec![named("dia", "a"), named("dia", "b")],
        texts(&["Ana"]),
    ] {
        assert_eq!(refusal(&held(&whole(&approved, vec![], values), &approved)).0, 132_000);
    }
}

#[test]
fn names_are_left_out_where_the_template_has_numbers() {
    let approved = Definition { body: Some("Hola {{1}}.".into()), ..definition("n") };
    let resolution = held(&whole(&approved, vec![], vec![named("nombre", "Ana")]), &approved);
    assert_eq!(components(&resolution)[0]["parameters"], json!([{"type":"text","text":"Ana"}]));
    assert_eq!(notes(&resolution), ["parameter_name_ignored"]);
}

#[test]
fn a_whole_address_as_button_value_is_cut_to_its_end_with_a_note() {
    let approved = order_link();
    for whole in ["https://www.ecuabots.com/pedidos/A%201", "http://WWW.ecuabots.com/pedidos/A%201"] {
        let all = buttons(&[(ButtonKind::Url, "Ver pedido", &texts(&[whole]))]);
        let resolution = held(&request(&approved, vec![all]), &approved);
        assert_eq!(components(&resolution)[0]["parameters"][0]["text"], "A%201");
        assert_eq!(notes(&resolution), ["url_prefix_cut"]);
    }
    let bare = buttons(&[(ButtonKind::Url, "Ver pedido", &texts(&["https://www.ecuabots.com/pedidos/"]))]);
    assert_eq!(refusal(&held(&request(&approved, vec![bare]), &approved)).0, 131_008);
    let other = buttons(&[(ButtonKind::Url, "Ver pedido", &texts(&["https://otro.ec/x"]))]);
    assert_eq!(notes(&held(&request(&approved, vec![other]), &approved)), ["url_not_of_button"]);
}

#[test]
fn a_quick_reply_may_carry_a_payload_at_its_approved_place() {
    let approved = confirm_visit();
    let payload = Parameter::Payload { payload: "tarde".into() };
    let all = buttons(&[(ButtonKind::QuickReply, "Confirmaré más tarde", &[payload])]);
    let resolution = held(&request(&approved, vec![all]), &approved);
    assert_eq!(
        components(&resolution),
        json!([{"type":"button","sub_type":"quick_reply","index":"2","parameters":[{"type":"payload","payload":"tarde"}]}])
    );
}

#[test]
fn currency_and_dates_pass_in_metas_form_and_show_their_fallback() {
    let approved = Definition { body: Some("Total {{1}} el {{2}}.".into()), ..definition("t") };
    let money =
        json!({"type":"currency","currency":{"fallback_value":"$100.99","code":"USD","amount_1000":100_990}});
    let values = vec![Parameter::Native { value: money.clone() }, text("lunes")];
    let resolution = held(&whole(&approved, vec![], values), &approved);
    assert_eq!(components(&resolution)[0]["parameters"][0], money);
    assert_eq!(resolution.rendered.body.as_deref(), Some("Total $100.99 el lunes."));
}

#[test]
fn a_place_in_the_header_goes_out_as_texts() {
    let approved = Definition {
        header: Some(Header { format: HeaderFormat::Location, text: None, link: None }),
        body: Some("x".into()),
        ..definition("place")
    };
    let place = |latitude: &str| Parameter::Location {
        latitude: latitude.into(),
        longitude: "-122.16".into(),
        name: "Philz Coffee".into(),
        address: "101 Forest Ave".into(),
    };
    let resolution = held(&whole(&approved, vec![place("37.44")], vec![]), &approved);
    assert_eq!(
        components(&resolution),
        json!([{"type":"header","parameters":[{"type":"location","location":
            {"latitude":"37.44","longitude":"-122.16","name":"Philz Coffee","address":"101 Forest Ave"}}]}])
    );
    assert_eq!(resolution.rendered.header.unwrap().location.as_deref(), Some("Philz Coffee, 101 Forest Ave"));
    assert_eq!(refusal(&held(&whole(&approved, vec![place("")], vec![]), &approved)).0, 131_008);
    assert_eq!(refusal(&held(&whole(&approved, vec![place("norte")], vec![]), &approved)).0, 132_012);
    assert_eq!(refusal(&held(&whole(&approved, vec![text("x")], vec![]), &approved)).0, 132_012);
}

#[test]
fn catalog_and_product_buttons_carry_their_action() {
    let kinds = [(ButtonKind::Catalog, "catalog"), (ButtonKind::Mpm, "mpm")];
    for (kind, word) in kinds {
        let button =
            ButtonDefinition { kind: kind.clone(), text: "Ver".into(), url: None, phone_number: None };
        let approved = Definition { body: Some("x".into()), buttons: vec![button], ..definition("shop") };
        let action = json!({"thumbnail_product_retailer_id":"sku1"});
        let all = buttons(&[(kind.clone(), "Ver", &[Parameter::Action { action: action.clone() }])]);
        assert_eq!(
            components(&held(&request(&approved, vec![all]), &approved)),
            json!([{"type":"button","sub_type":word,"index":"0","parameters":[{"type":"action","action":action}]}])
        );
        let without = held(&request(&approved, vec![]), &approved);
        assert_eq!(without.refused.is_some(), kind == ButtonKind::Mpm);
    }
}

#[test]
fn what_is_not_supported_is_refused_without_a_code_of_meta() {
    for what in ["carousel", "authentication", "flow", "copy_code", "limited_time_offer"] {
        let approved = Definition { unsupported: vec![what.into()], ..account_update() };
        let resolution = held(&whole(&approved, vec![], vec![]), &approved);
        assert_eq!(refusal(&resolution).0, 0);
        assert_eq!(resolution.refused.unwrap().code, ErrorCode::ComponentNotSupported);
    }
    let flow = buttons(&[(ButtonKind::Flow, "Abrir", &[])]);
    for catalogue in [Catalogue::NeverSynced, Catalogue::Synced(&[&account_update()])] {
        let resolution =
            resolve(&request(&account_update(), vec![flow.clone()]), catalogue, Options::default());
        assert_eq!(resolution.refused.unwrap().code, ErrorCode::ComponentNotSupported);
    }
}

#[test]
fn every_finding_is_listed_and_the_first_component_answers() {
    let approved = delivery_order();
    let with = buttons(&[(ButtonKind::PhoneNumber, "Servicio al cliente", &texts(&["x"]))]);
    let resolution = held(&request(&approved, vec![with, body(None, &["a"])]), &approved);
    assert_eq!(refusal(&resolution).0, 132_012);
    let codes: Vec<_> = resolution
        .findings
        .iter()
        .filter(|f| f.refused)
        .map(|f| (f.component.as_str(), f.code.as_str()))
        .collect();
    assert_eq!(codes, [("header", "132012"), ("body", "132000"), ("buttons", "132000")]);
}

#[test]
fn values_in_a_second_body_are_not_lost_in_silence() {
    let approved = account100();
    let twice = vec![body(Some(HELLO), &["a", "b", "c"]), body(None, &["d"])];
    assert_eq!(
        refusal(&held(&request(&approved, twice), &approved)).3,
        "/message/template/components/1/parameters/0"
    );
}
