//! Whole calls held against an OpenAPI description: path, query, body and answer.

use super::{compiled, faults, read};
use serde_json::{Map, Value, json};

/// A description of a web API.
pub struct Api(pub Value);

/// What a description says of a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// The operation that it is.
    pub operation: String,
    /// What is wrong with the request and with its answer.
    pub faults: Vec<String>,
}

impl Api {
    /// Reads a file as it is meant: `nullable`, which JSON Schema does not know, allows null; and no object
    /// has fields that are not described.
    pub fn open(file: &str) -> Option<Self> {
        let mut description = read(file)?;
        as_meant(&mut description);
        Some(Self(description))
    }

    /// What is at a place, for a correction.
    pub fn at(&mut self, pointer: &str) -> &mut Value {
        self.0.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}"))
    }

    /// What is wrong with a value by a schema, which may refer to others of the description.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        faults(&compiled(&self.0["components"]["schemas"], schema), value)
    }

    /// What is wrong with a value by a schema with a name.
    pub fn faults_by(&self, name: &str, value: &Value) -> Vec<String> {
        self.faults(&json!({"$ref": super::reference(name)}), value)
    }

    /// Holds a call, as the simulator lists it with its path below `root`, against its operation; `None`
    /// where there is none.
    pub fn check(&self, root: &str, call: &Value) -> Option<Checked> {
        let path = call["path"].as_str()?.strip_prefix(root)?;
        let method = call["method"].as_str()?.to_lowercase();
        let (operation, mut pairs) = self.0["paths"]
            .as_object()?
            .iter()
            .find_map(|(template, item)| Some((item.get(&method)?, matched(template, path)?)))?;
        pairs.extend(parsed(call["query"].as_str().unwrap_or_default()));
        let parameters = parameters(operation);
        let mut found = self.faults(&parameters, &self.typed(&parameters, &pairs));
        found.extend(self.request_faults(operation, &call["body"]));
        found.extend(self.answer_faults(operation, &call["response"]));
        Some(Checked { operation: operation["operationId"].as_str()?.to_owned(), faults: found })
    }

    fn request_faults(&self, operation: &Value, body: &Value) -> Vec<String> {
        let Some((kind, content)) =
            operation["requestBody"]["content"].as_object().and_then(|c| c.iter().next())
        else {
            return if body.is_null() { Vec::new() } else { vec!["no body is described".to_owned()] };
        };
        let is_form = kind == "application/x-www-form-urlencoded";
        let form = || self.typed(&content["schema"], &parsed(body.as_str().unwrap_or_default()));
        let body = if is_form { form() } else { body.clone() };
        self.faults(&content["schema"], &body)
    }

    /// Refusals are seldom described, and then not looked at.
    fn answer_faults(&self, operation: &Value, answer: &Value) -> Vec<String> {
        let Some(status) = answer["status"].as_u64() else { return Vec::new() };
        let Some(described) = operation["responses"].get(status.to_string()) else {
            return if status < 400 { vec![format!("no answer {status} is described")] } else { Vec::new() };
        };
        self.faults(&described["content"]["application/json"]["schema"], &answer["body"])
    }

    /// Texts as a schema wants them: a form has nothing else.
    fn typed(&self, schema: &Value, pairs: &[(String, String)]) -> Value {
        let properties = &self.resolved(schema)["properties"];
        let mut object = Map::new();
        for (name, text) in pairs {
            let read = || serde_json::from_str(text).unwrap_or(json!(text));
            match properties[name]["type"].as_str() {
                Some("array") => {
                    let list = object.entry(name).or_insert(json!([]));
                    list.as_array_mut().expect("a list").push(json!(text));
                }
                Some("integer" | "number" | "boolean") => drop(object.insert(name.clone(), read())),
                _ => drop(object.insert(name.clone(), json!(text))),
            }
        }
        Value::Object(object)
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let place = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#'));
        place.map_or(schema, |place| self.0.pointer(place).expect("what is referred to is there"))
    }
}

/// The fields of a form, as text.
pub fn form(fields: &Value) -> Value {
    let pairs = fields.as_object().into_iter().flatten();
    let pairs = pairs.map(|(name, value)| (name, value.as_str().expect("a form has texts")));
    json!(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

fn parsed(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The parameters in a path, where it is one of a template such as `/Messages/{Sid}.json`.
fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (wanted, given): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let mut pairs = Vec::new();
    for (wanted, given) in wanted.iter().zip(&given) {
        match wanted.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((name, end)) => pairs.push((name.to_owned(), given.strip_suffix(end)?.to_owned())),
            None if wanted == given => {}
            None => return None,
        }
    }
    (wanted.len() == given.len()).then_some(pairs)
}

/// The parameters of an operation as one object.
fn parameters(operation: &Value) -> Value {
    let all = operation["parameters"].as_array().into_iter().flatten();
    let schemas: Map<String, Value> =
        all.clone().filter_map(|p| Some((p["name"].as_str()?.to_owned(), p["schema"].clone()))).collect();
    let required: Vec<&Value> = all.filter(|p| p["required"] == true).map(|p| &p["name"]).collect();
    json!({"properties": schemas, "required": required, "additionalProperties": false})
}

fn as_meant(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(as_meant);
            if object.remove("nullable") == Some(json!(true)) {
                if let Some(kind) = object.get("type").cloned() {
                    object.insert("type".into(), json!([kind, "null"]));
                }
                if let Some(Value::Array(words)) = object.get_mut("enum") {
                    words.push(Value::Null);
                }
            }
            let is_schema = object.get("properties").is_some_and(|all| all.as_object().is_some_and(is_named));
            if is_schema && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(as_meant),
        _ => {}
    }
}

/// Whether these are the properties of a schema, each of them one itself.
fn is_named(properties: &Map<String, Value>) -> bool {
    properties.values().all(Value::is_object)
}
