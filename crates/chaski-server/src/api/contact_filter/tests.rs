//! The filter language by examples: what each operator takes, what real clients send, what cannot be meant.

use super::*;
use crate::ui::sample;
use chaski_model::{FieldId, UserId, WorkspaceId};
use serde_json::json;

fn fields() -> Vec<Field> {
    let field = |id, name: &str, data_type: &str| Field {
        id: FieldId(id),
        workspace: WorkspaceId(1),
        name: name.into(),
        slug: name.to_lowercase(),
        data_type: data_type.into(),
        allowed_values: Vec::new(),
        description: None,
        created_at: Timestamp(0),
    };
    vec![field(1, "Company", "text"), field(2, "Orders", "number"), field(3, "Born", "date")]
}

fn ana() -> Contact {
    Contact {
        first_name: "Ana Ñusta".into(),
        last_name: Some("Paz".into()),
        status: "close".into(),
        tags: vec!["VIP".into(), "nuevo".into()],
        lifecycle: Some("Hot Lead".into()),
        assignee: Some(UserId(7)),
        created_at: Timestamp::from_secs(1_772_236_800),
        fields: [(1, json!("ACME")), (2, json!(12)), (3, json!("1990-05-01"))].into(),
        ..sample::contact()
    }
}

fn wanted(body: Value) -> Result<Wanted, Vec<Fault>> {
    let own = fields();
    read(&body, &own.iter().collect::<Vec<_>>())
}

fn takes(category: &str, field: Value, operator: &str, value: Value) -> bool {
    let condition = json!({"category": category, "field": field, "operator": operator, "value": value});
    wanted(json!({"filter": {"$and": [condition]}})).expect("it can be meant").takes(&ana())
}

#[test]
fn each_operator_says_what_its_name_says() {
    for (field, operator, value, is_taken) in [
        ("firstName", "isEqualTo", json!("ana ñusta"), true),
        ("firstName", "isNotEqualTo", json!("Eva"), true),
        ("lastName", "hasAnyOf", json!(["Sol", "paz"]), true),
        ("phone", "isEqualTo", json!(null), false),
        ("email", "isEqualTo", json!(null), true),
        ("status", "isEqualTo", json!("closed"), true),
        ("assigneeUserId", "isEqualTo", json!(7), true),
        ("assigneeUserId", "isEqualTo", json!(null), false),
        ("assigneeUserId", "isNotEqualTo", json!(null), true),
        ("created_at", "isTimestampAfter", json!("2026-02-27"), true),
        ("created_at", "isTimestampAfter", json!("2026-02-28"), false),
        ("created_at", "isTimestampBefore", json!(1_772_236_801), true),
        ("created_at", "isTimestampBetween", json!({"from": "2026-02-28", "to": "2026-02-28"}), true),
        ("created_at", "isEqualTo", json!("2026-02-28"), true),
        ("Company", "isEqualTo", json!("acme"), true),
        ("Orders", "isGreaterThan", json!(12), false),
        ("orders", "isGreaterThan", json!("11.5"), true),
        ("2", "isBetween", json!({"from": 12, "to": 12}), true),
        ("Orders", "isLessThan", json!(12), false),
        ("Born", "isTimestampBefore", json!("1990-05-02"), true),
        ("Born", "isEqualTo", json!("1990-05-01"), true),
        ("Company", "doesNotExist", json!(null), false),
    ] {
        assert_eq!(
            takes("contactField", json!(field), operator, value.clone()),
            is_taken,
            "{field} {operator} {value}"
        );
    }
    for (operator, value, is_taken) in [
        ("hasAnyOf", json!(["vip", "x"]), true),
        ("hasAllOf", json!(["vip", "x"]), false),
        ("hasAllOf", json!(["vip", "nuevo"]), true),
        ("hasNoneOf", json!(["x"]), true),
        ("exists", json!(null), true),
    ] {
        assert_eq!(takes("contactTag", json!(null), operator, value), is_taken, "{operator}");
    }
    assert!(takes("lifecycle", json!(null), "isEqualTo", json!("hot lead")));
}

#[test]
fn groups_search_and_what_real_clients_send() {
    let no = json!({"category": "contactField", "field": "firstName", "operator": "isEqualTo", "value": "x"});
    let yes = json!({"category": "lifecycle", "field": null, "operator": "exists", "value": null});
    let takes = |body: Value| wanted(body).expect("it can be meant").takes(&ana());
    assert!(takes(json!({"filter": {"$or": [no, yes]}})) && !takes(json!({"filter": {"$and": [no, yes]}})));
    for everyone in [
        json!({}),
        json!({"search": "", "timezone": "utc", "filter": {"$or": []}}),
        json!({"search": null, "timezone": "UK/London", "filter": null}),
    ] {
        assert!(wanted(everyone).expect("it can be meant").is_everyone());
    }
    for (words, is_found) in [("ÑUSTA paz", true), ("vip", true), ("nadie", false)] {
        assert_eq!(takes(json!({"search": words})), is_found, "{words}");
    }
    let zone = json!({"timezone": "America/Guayaquil", "filter": {"$and": [
        {"category": "contactField", "field": "created_at", "operator": "isEqualTo", "value": "2026-02-27"}]}});
    assert!(takes(zone), "midnight in Greenwich is still the day before in Guayaquil");
}

#[test]
fn what_cannot_be_meant_is_told_with_its_place() {
    let condition = |field: &str, operator: &str, value: Value| json!({"filter": {"$and": [{"category": "contactField", "field": field, "operator": operator, "value": value}]}});
    for (body, pointer) in [
        (json!({"filter": []}), "/filter"),
        (json!({"filter": {"$not": []}}), "/filter/$not"),
        (json!({"filter": {"$and": {}}}), "/filter/$and"),
        (json!({"filter": {"$and": [{"category": "x"}]}}), "/filter/$and/0/category"),
        (condition("nothing", "exists", json!(null)), "/filter/$and/0/field"),
        (condition("email", "looksLike", json!("x")), "/filter/$and/0/operator"),
        (condition("email", "isGreaterThan", json!("x")), "/filter/$and/0/value"),
        (condition("Orders", "isBetween", json!(3)), "/filter/$and/0/value"),
        (condition("created_at", "isTimestampAfter", json!("tomorrow")), "/filter/$and/0/value"),
        (condition("email", "hasAnyOf", json!([{}])), "/filter/$and/0/value"),
        (json!({"search": 7}), "/search"),
    ] {
        let faults = wanted(body.clone()).expect_err("it cannot be meant");
        assert_eq!(faults[0].pointer, pointer, "{body}");
    }
}
