//! Autofix, and the API document's own examples as they stand.

use super::*;

// Autofix.

#[test]
fn autofix_fills_every_static_part_and_leaves_no_difference() {
    let approved = account_update();
    let mut asked =
        request(&approved, vec![body(Some("otro"), &[]), buttons(&[(ButtonKind::QuickReply, "Si", &[])])]);
    let fixed: Vec<_> = autofix(&mut asked, &approved).into_iter().map(|note| note.code).collect();
    assert_eq!(fixed, ["autofixed"; 4]);
    let resolution = held(&asked, &approved);
    assert_eq!((resolution.mark, resolution.difference.len()), (None, 0));
    assert!(autofix(&mut asked, &approved).is_empty(), "a second time changes nothing");
}

#[test]
fn autofix_keeps_values_and_does_not_invent_any() {
    let approved = order_link();
    let mut asked = request(&approved, vec![buttons(&[(ButtonKind::Url, "?", &texts(&["A-1"]))])]);
    autofix(&mut asked, &approved);
    let resolution = held(&asked, &approved);
    assert_eq!(resolution.mark, None);
    assert_eq!(components(&resolution)[0]["index"], "1");
    let approved = delivery_order();
    let mut asked = request(&approved, vec![]);
    autofix(&mut asked, &approved);
    assert_eq!(refusal(&held(&asked, &approved)).0, 132_012);
}

// The document's own examples.

#[test]
fn the_documents_examples_are_sent_without_components_or_with_exactly_their_values() {
    let approved = account_update();
    let resolution = held(&whole(&approved, vec![], vec![]), &approved);
    assert_eq!((components(&resolution), resolution.mark), (json!([]), None));
    let approved = delivery_order();
    let resolution =
        held(&whole(&approved, vec![media(MediaKind::Image, IMAGE)], texts(&["abc", "abc"])), &approved);
    assert_eq!(
        components(&resolution),
        json!([
            {"type":"header","parameters":[{"type":"image","image":{"link":IMAGE}}]},
            {"type":"body","parameters":[{"type":"text","text":"abc"},{"type":"text","text":"abc"}]},
        ])
    );
    assert_eq!(resolution.mark, None);
}
