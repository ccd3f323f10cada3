//! Every request that goes to the Cloud API is valid by Meta's own OpenAPI description.
//!
//! The description lies outside the project: in `CHASKI_SPECS`, else `../shared/specs` beside the
//! checkout. Without it the test says that it skips.
//!
//! As it stands the description refuses every real request. What is corrected, and why:
//!
//! 1. *The branch is chosen by `type`.* The description means so (`discriminator`), but a validator of
//!    JSON Schema does not read discriminators and finds several branches of `oneOf` valid, or none.
//! 2. *`additionalProperties: false` under `allOf` is dropped.* It forbids the properties that the other
//!    half of the same `allOf` requires, `messaging_product` among them.
//! 3. *`policy` of a template's language is optional.* Meta's own samples leave it out.
//! 4. *A button's `index` is one digit.* The pattern `^[2-6, 11-14]$` refuses "0" and "1".
//! 5. *Documented values are added to enumerations*: carousel, flow, cta_url, copy_code, mpm.
//!
//! Nothing else is loosened.

use e2e::World;
use e2e::specs::{assert_valid, choose_by_discriminator, faults, read, schemas};
use e2e::whatsapp::one_of_each;
use serde_json::{Value, json};

/// Applies the corrections to the schemas.
fn corrected(description: &Value) -> Value {
    let mut schemas = schemas(description);
    choose_by_discriminator(&mut schemas);
    let mut whole = Value::Object(schemas);
    drop_closed_halves(&mut whole, false);
    whole["LanguageObject"]["required"] = json!(["code"]);
    for name in ["TemplateComponent__base", "ButtonComponent"] {
        replace_pattern(&mut whole[name]);
    }
    add_words(&mut whole);
    whole
}

/// Correction 2.
fn drop_closed_halves(value: &mut Value, under_all_of: bool) {
    match value {
        Value::Object(object) => {
            if under_all_of && object.get("additionalProperties") == Some(&json!(false)) {
                object.remove("additionalProperties");
            }
            for (key, inner) in object.iter_mut() {
                if let (true, Value::Array(halves)) = (key == "allOf", &mut *inner) {
                    halves.iter_mut().for_each(|half| drop_closed_halves(half, true));
                } else {
                    drop_closed_halves(inner, false);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| drop_closed_halves(inner, false)),
        _ => {}
    }
}

/// Correction 4.
fn replace_pattern(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("pattern") == Some(&json!("^[2-6, 11-14]$")) {
                object.insert("pattern".into(), json!("^[0-9]$"));
            }
            object.values_mut().for_each(replace_pattern);
        }
        Value::Array(list) => list.iter_mut().for_each(replace_pattern),
        _ => {}
    }
}

/// Correction 5.
fn add_words(schemas: &mut Value) {
    let mut add = |pointer: &str, words: &[&str]| {
        let list =
            schemas.pointer_mut(pointer).and_then(Value::as_array_mut).unwrap_or_else(|| panic!("{pointer}"));
        list.extend(words.iter().map(|word| json!(word)));
    };
    add("/InteractiveObject/properties/type/enum", &["cta_url"]);
    add("/TemplateComponent__base/properties/type/enum", &["carousel"]);
    add("/TemplateComponent__base/properties/sub_type/enum", &["flow", "copy_code", "mpm"]);
    add("/ButtonComponent/allOf/1/properties/sub_type/enum", &["flow", "copy_code", "mpm"]);
}

fn validator() -> Option<jsonschema::Validator> {
    Some(e2e::specs::validator(corrected(&read("whatsapp-cloud-openapi-v23.yaml")?), "Message"))
}

#[tokio::test]
async fn every_request_is_valid_by_metas_description() {
    let Some(validator) = validator() else { return };
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let mut ids = Vec::new();
    for message in one_of_each() {
        ids.push(world.sent(&channel, message).await);
    }
    for id in ids {
        world.reaches(id, "delivered").await;
    }
    let sends: Vec<Value> = world
        .exchanges("whatsapp_cloud")
        .await
        .into_iter()
        .filter(|e| {
            e["method"] == "POST" && e["path"].as_str().is_some_and(|path| path.ends_with("/messages"))
        })
        .map(|e| e["body"].clone())
        .collect();
    assert_eq!(sends.len(), one_of_each().len());
    for body in sends {
        assert_valid(&validator, &body);
    }
}

#[test]
fn the_corrected_description_still_refuses_what_is_wrong() {
    let Some(validator) = validator() else { return };
    let envelope = |kind: &str, object: Value| json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+1", "type": kind, kind: object});
    let language = json!({"code": "es"});
    let wrong = [
        json!({"type": "text", "text": {"body": "x"}}),
        envelope("fax", json!({})),
        envelope("text", json!({"body": 5})),
        envelope("text", json!({"body": "x", "format": "bold"})),
        envelope("image", json!({"caption": "no link"})),
        envelope("template", json!({"name": "t"})),
        envelope(
            "template",
            json!({"name": "t", "language": language, "components": [{"type": "footer", "text": "x"}]}),
        ),
        envelope(
            "template",
            json!({"name": "t", "language": language, "components": [{"type": "header", "parameters": []}]}),
        ),
        envelope(
            "template",
            json!({"name": "t", "language": language, "components": [
            {"type": "button", "sub_type": "url", "index": "12", "parameters": [{"type": "text", "text": "x"}]}]}),
        ),
        envelope("interactive", json!({"type": "button", "action": {"buttons": []}, "body": {"text": "x"}})),
    ];
    for body in wrong {
        assert!(!faults(&validator, &body).is_empty(), "{body}");
    }
}
