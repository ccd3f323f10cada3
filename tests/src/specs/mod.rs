//! The providers' own descriptions, held against what goes over the wire.
//!
//! They lie outside the project: in `CHASKI_SPECS`, else in `../shared/specs` beside the checkout. Without a
//! file its tests say that they skip.

mod calls;

pub use calls::{Api, Checked, form};

use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// A description as its file has it; `None` where the file is not there.
pub fn read(file: &str) -> Option<Value> {
    let folder = std::env::var_os("CHASKI_SPECS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs"), PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(file)) else {
        eprintln!("skipped: {file} is not there; set CHASKI_SPECS to its folder");
        return None;
    };
    let read = if file.ends_with(".json") {
        serde_json::from_str(&text).ok()
    } else {
        serde_yaml_ng::from_str(&text).ok()
    };
    Some(read.unwrap_or_else(|| panic!("{file} cannot be read")))
}

/// The schemas of a description, by their names.
pub fn schemas(description: &Value) -> Map<String, Value> {
    description["components"]["schemas"].as_object().cloned().expect("it has schemas")
}

/// Has every schema with a discriminator choose its branch by it: a validator of JSON Schema does not read
/// discriminators, and finds several branches valid or none.
pub fn choose_by_discriminator(schemas: &mut Map<String, Value>) {
    let has_one = |(name, schema): (&String, &Value)| schema.get("discriminator").map(|_| name.clone());
    let names: Vec<String> = schemas.iter().filter_map(has_one).collect();
    for name in names {
        choose(schemas, &name);
    }
}

fn choose(schemas: &mut Map<String, Value>, name: &str) {
    let discriminator = schemas[name]["discriminator"].clone();
    let property = discriminator["propertyName"].as_str().unwrap_or("type");
    let mapping = discriminator["mapping"].as_object().cloned().unwrap_or_default();
    let mut base = schemas[name].clone();
    for key in ["discriminator", "oneOf"] {
        base.as_object_mut().expect("an object").remove(key);
    }
    let (own, its_base) = (reference(name), reference(&format!("{name}__base")));
    for target in mapping.values() {
        let target = target.as_str().and_then(|t| t.rsplit('/').next()).unwrap_or_default().to_owned();
        for half in schemas[&target]["allOf"].as_array_mut().into_iter().flatten() {
            if half["$ref"] == own.as_str() {
                half["$ref"] = json!(its_base);
            }
        }
    }
    let branch = |(word, target): (&String, &Value)| {
        let is_it = json!({"properties": {property: {"const": word}}, "required": [property]});
        json!({"if": is_it, "then": {"$ref": target}})
    };
    let branches: Vec<Value> = mapping.iter().map(branch).collect();
    let words: Vec<&String> = mapping.keys().collect();
    let chosen =
        json!({"required": [property], "properties": {property: {"enum": words}}, "allOf": branches});
    schemas.insert(format!("{name}__base"), base);
    schemas.insert(name.to_owned(), chosen);
}

fn reference(schema: &str) -> String {
    format!("#/components/schemas/{schema}")
}

/// Holds values against one of the schemas.
pub fn validator(schemas: impl Into<Value>, name: &str) -> jsonschema::Validator {
    compiled(&schemas.into(), &json!({"$ref": reference(name)}))
}

fn compiled(schemas: &Value, schema: &Value) -> jsonschema::Validator {
    let root = json!({"allOf": [schema], "components": {"schemas": schemas}});
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    options.should_validate_formats(true).build(&root).expect("the description is a schema")
}

/// What is wrong with a value.
pub fn faults(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path)).collect()
}

/// Fails where anything is wrong with a value.
pub fn assert_valid(validator: &jsonschema::Validator, value: &Value) {
    let found = faults(validator, value);
    assert!(found.is_empty(), "{value}\n{found:#?}");
}
