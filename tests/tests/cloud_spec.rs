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
use e2e::world::template;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

fn description() -> Option<Value> {
    let folder = std::env::var_os("CHASKI_SPECS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs"), PathBuf::from);
    let text = std::fs::read_to_string(folder.join("whatsapp-cloud-openapi-v23.yaml")).ok()?;
    Some(serde_yaml_ng::from_str(&text).expect("the description is YAML"))
}

/// Applies the corrections to the schemas.
fn corrected(description: &Value) -> Value {
    let mut schemas = description["components"]["schemas"].as_object().cloned().expect("it has schemas");
    let chosen: Vec<String> = schemas
        .iter()
        .filter(|(_, schema)| schema.get("discriminator").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    for name in &chosen {
        choose_by_type(&mut schemas, name);
    }
    let mut whole = Value::Object(schemas);
    drop_closed_halves(&mut whole, false);
    whole["LanguageObject"]["required"] = json!(["code"]);
    for name in ["TemplateComponent__base", "ButtonComponent"] {
        replace_pattern(&mut whole[name]);
    }
    add_words(&mut whole);
    whole
}

/// Correction 1: the schema named by `type`, instead of a guess among all.
fn choose_by_type(schemas: &mut Map<String, Value>, name: &str) {
    let schema = schemas[name].clone();
    let mapping = schema["discriminator"]["mapping"].as_object().cloned().expect("a mapping");
    let mut base = schema.clone();
    for key in ["discriminator", "oneOf"] {
        base.as_object_mut().expect("an object").remove(key);
    }
    let branches: Vec<Value> = mapping
        .iter()
        .map(|(word, target)| json!({"if": {"properties": {"type": {"const": word}}, "required": ["type"]}, "then": {"$ref": target}}))
        .collect();
    let words: Vec<&String> = mapping.keys().collect();
    schemas.insert(format!("{name}__base"), base);
    schemas.insert(
        name.to_owned(),
        json!({"required": ["type"], "properties": {"type": {"enum": words}}, "allOf": branches}),
    );
    let (own, its_base) =
        (format!("#/components/schemas/{name}"), format!("#/components/schemas/{name}__base"));
    for target in mapping.values() {
        let target = target.as_str().and_then(|t| t.rsplit('/').next()).unwrap_or_default().to_owned();
        for half in schemas[&target]["allOf"].as_array_mut().into_iter().flatten() {
            if half["$ref"] == own.as_str() {
                half["$ref"] = json!(its_base);
            }
        }
    }
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

fn validator(description: &Value) -> jsonschema::Validator {
    let schema =
        json!({"$ref": "#/components/schemas/Message", "components": {"schemas": corrected(description)}});
    jsonschema::draft202012::new(&schema).expect("the corrected description is a schema")
}

fn faults(validator: &jsonschema::Validator, body: &Value) -> Vec<String> {
    validator.iter_errors(body).map(|fault| format!("{}: {fault}", fault.instance_path)).collect()
}

#[tokio::test]
async fn every_request_is_valid_by_metas_description() {
    let Some(description) = description() else {
        eprintln!("skipped: whatsapp-cloud-openapi-v23.yaml is not there; set CHASKI_SPECS to its folder");
        return;
    };
    let validator = validator(&description);
    let world = World::demo().await;
    let channel = world.channel("whatsapp_cloud");
    let mut ids = Vec::new();
    for message in messages() {
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
    assert_eq!(sends.len(), messages().len());
    for body in sends {
        let found = faults(&validator, &body);
        assert!(found.is_empty(), "{body}\n{found:#?}");
    }
}

#[test]
fn the_corrected_description_still_refuses_what_is_wrong() {
    let Some(description) = description() else {
        eprintln!("skipped: whatsapp-cloud-openapi-v23.yaml is not there; set CHASKI_SPECS to its folder");
        return;
    };
    let validator = validator(&description);
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

/// One of each that the Cloud API can be sent by us.
fn messages() -> Vec<Value> {
    let value = |text: &str| json!({"type": "text", "text": text});
    let body = |values: &[&str]| json!({"type": "body", "parameters": values.iter().map(|v| value(v)).collect::<Vec<_>>()});
    let header = |kind: &str, link: &str| json!({"type": "header", "format": kind, "parameters": [{"type": kind, kind: {"link": link}}]});
    let url = json!({"type": "buttons", "buttons": [{"type": "url", "text": "Ver mi pedido", "parameters": [value("0419")]}]});
    let attachment = |kind: &str| json!({"type": "attachment", "attachment": {"type": kind, "url": "https://ejemplo.ec/a.bin"}});
    let replies = |n: usize| (1..=n).map(|i| format!("Opción {i}")).collect::<Vec<_>>();
    vec![
        json!({"type": "text", "text": "hola"}),
        attachment("image"),
        attachment("video"),
        attachment("audio"),
        attachment("file"),
        json!({"type": "quick_reply", "title": "¿Vienes?", "replies": replies(3)}),
        json!({"type": "quick_reply", "title": "Elige", "replies": replies(9)}),
        template("bug_fixed", "es", json!([])),
        template("account100", "es", json!([body(&["1", "2", "3"])])),
        template("account_update_en", "es", json!([])),
        template(
            "delivery_order",
            "en",
            json!([header("image", "https://ejemplo.ec/a.png"), body(&["1", "2"])]),
        ),
        template("order_link", "es", json!([body(&["Ana"]), url])),
        template("confirm_visit", "es", json!([])),
        template(
            "invoice_ready",
            "es",
            json!([header("document", "https://ejemplo.ec/a.pdf"), body(&["Ana"])]),
        ),
        template("video_guide", "es", json!([header("video", "https://ejemplo.ec/a.mp4")])),
        template(
            "greeting_name",
            "es",
            json!([{"type": "header", "format": "text", "parameters": [value("Ana")]}]),
        ),
        template("welcome_named", "es", json!([body(&["Ana", "Ecuabots"])])),
    ]
}
