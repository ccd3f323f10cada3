//! Values: literal texts, white space, formatting, file names.

use super::*;

// Row 8: a deleted custom field arrives here as its literal text.

#[test]
fn the_literal_text_of_a_deleted_field_is_a_value_like_any_other() {
    let approved = account100();
    let resolution =
        held(&request(&approved, vec![body(Some(HELLO), &["@field.borrado", "b", "c"])]), &approved);
    assert!(resolution.rendered.body.unwrap().contains("@field.borrado"));
}

#[test]
fn a_value_that_looks_like_a_placeholder_is_not_expanded() {
    let approved = account100();
    let resolution = held(&request(&approved, vec![body(Some(HELLO), &["{{2}}", "b", "c"])]), &approved);
    assert_eq!(
        resolution.rendered.body.as_deref(),
        Some("Hola, {{2}}, tu cuenta ha alcanzado b. Aumenta tu límite c.")
    );
    assert_eq!(resolution.mark, None);
}

// Row 9: white space in values.

#[test]
fn line_breaks_tabs_and_many_spaces_become_single_spaces_with_a_note() {
    let approved = account100();
    let resolution =
        held(&request(&approved, vec![body(Some(HELLO), &["uno\ndos", "a\tb", "x     y"])]), &approved);
    assert_eq!(
        components(&resolution)[0]["parameters"],
        json!([
            {"type":"text","text":"uno dos"},{"type":"text","text":"a b"},{"type":"text","text":"x y"},
        ])
    );
    assert_eq!(notes(&resolution), ["value_normalised"; 3]);
    assert!(resolution.findings.iter().all(refused_under_strict));
}

// Row 10 and the question on formatting.

#[test]
fn formatting_in_values_passes_through() {
    let approved = account100();
    let values = ["*negrita* _cursiva_", "~tachado~", "```mono```"];
    let resolution = held(&request(&approved, vec![body(Some(HELLO), &values)]), &approved);
    assert_eq!(components(&resolution)[0]["parameters"][0]["text"], "*negrita* _cursiva_");
    assert!(resolution.rendered.body.unwrap().contains("```mono```"));
    assert!(resolution.notes.is_empty());
}

// Row 11 and the question on file names.

#[test]
fn a_document_without_a_file_name_is_named_after_its_link() {
    let approved = invoice_ready();
    let link = "https://x.ec/facturas/Factura%2010.pdf?t=1";
    let resolution = held(&whole(&approved, vec![media(MediaKind::File, link)], vec![]), &approved);
    assert_eq!(
        components(&resolution),
        json!([{"type":"header","parameters":[{"type":"document","document":{"link":link,"filename":"Factura 10.pdf"}}]}])
    );
    assert_eq!(resolution.rendered.header.unwrap().filename.as_deref(), Some("Factura 10.pdf"));
    assert_eq!(resolution.notes[0].code, "filename_defaulted");
    assert!(!resolution.findings.iter().any(refused_under_strict));
}

#[test]
fn a_document_keeps_its_own_name_and_pictures_have_none() {
    let named =
        |kind, link: &str| Parameter::Media { kind, link: link.into(), filename: Some("mi.pdf".into()) };
    let approved = invoice_ready();
    let resolution =
        held(&whole(&approved, vec![named(MediaKind::File, "https://x.ec/")], vec![]), &approved);
    assert_eq!(components(&resolution)[0]["parameters"][0]["document"]["filename"], "mi.pdf");
    let approved = delivery_order();
    let resolution =
        held(&whole(&approved, vec![named(MediaKind::Image, IMAGE)], texts(&["a", "b"])), &approved);
    assert_eq!(components(&resolution)[0]["parameters"][0]["image"], json!({"link": IMAGE}));
    assert!(resolution.notes.is_empty());
}
