//! Telegram: how a tap is answered, and whether our requests are what the Bot API describes.
//!
//! The description (`telegram-bot-api.json`) lies outside the project: in `CHASKI_SPECS`, else in
//! `../shared/specs` beside it. Without it that test says so and passes.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod fixture_files;

use chaski_channels::telegram::Telegram;
use chaski_channels::{Adapter, Incoming, Settings};
use chaski_model::Timestamp;
use fixture_files::fixtures;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn a_tap_is_answered_in_the_webhooks_own_answer_and_nothing_else_is() {
    let headers = http::HeaderMap::new();
    let answers = fixtures("telegram", ".webhook.json").into_iter().filter_map(|file| {
        let body = fs::read(&file).unwrap();
        let hook = Incoming {
            url: "https://chat.example.com/hooks/key",
            at: Timestamp(0),
            headers: &headers,
            body: &body,
        };
        let answer = Telegram.acknowledge(&hook, &Settings::new())?;
        Some((file.file_name().unwrap().to_str().unwrap().to_owned(), answer))
    });
    let expected = json!({"method": "answerCallbackQuery", "callback_query_id": "4382bfdwdsb323b2d9"});
    assert_eq!(answers.collect::<Vec<_>>(), [("inbound-callback-query.webhook.json".to_owned(), expected)]);
}

fn described() -> Option<Value> {
    let folder = std::env::var_os("CHASKI_SPECS").map(PathBuf::from);
    let folder =
        folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs"));
    serde_json::from_str(&fs::read_to_string(folder.join("telegram-bot-api.json")).ok()?).ok()
}

/// What is wrong with a value where one of these types is wanted.
fn fault(value: &Value, types: &[Value], spec: &Value, at: &str) -> Option<String> {
    let faults: Vec<String> = types
        .iter()
        .map(|kind| fault_of_one(value, kind.as_str().unwrap(), spec, at))
        .collect::<Option<_>>()?;
    faults.into_iter().max_by_key(String::len)
}

fn fault_of_one(value: &Value, kind: &str, spec: &Value, at: &str) -> Option<String> {
    if let Some(inner) = kind.strip_prefix("Array of ") {
        let Some(list) = value.as_array() else { return Some(format!("{at}: not an array")) };
        let inner = [json!(inner)];
        return list
            .iter()
            .enumerate()
            .find_map(|(index, item)| fault(item, &inner, spec, &format!("{at}/{index}")));
    }
    let is_right = match kind {
        "Integer" => value.is_i64(),
        "Float" => value.is_number(),
        "String" | "InputFile" => value.is_string(),
        "Boolean" => value.is_boolean(),
        _ => {
            let object = spec["types"].get(kind).unwrap_or_else(|| panic!("{at}: no type {kind}"));
            if let Some(subtypes) =
                object.get("subtypes").and_then(Value::as_array).filter(|list| !list.is_empty())
            {
                return fault(value, subtypes, spec, at);
            }
            return fields_fault(value, &object["fields"], spec, at);
        }
    };
    (!is_right).then(|| format!("{at}: not {kind}"))
}

fn fields_fault(value: &Value, fields: &Value, spec: &Value, at: &str) -> Option<String> {
    let Some(object) = value.as_object() else { return Some(format!("{at}: not an object")) };
    let fields = fields.as_array().map(Vec::as_slice).unwrap_or_default();
    let missing = fields
        .iter()
        .find(|field| field["required"] == true && !object.contains_key(field["name"].as_str().unwrap()));
    if let Some(missing) = missing {
        return Some(format!("{at}: {} is missing", missing["name"]));
    }
    object.iter().find_map(|(key, value)| {
        let place = format!("{at}/{key}");
        match fields.iter().find(|field| field["name"] == **key) {
            Some(field) => fault(value, field["types"].as_array().unwrap(), spec, &place),
            None => Some(format!("{place}: not described")),
        }
    })
}

#[test]
fn our_requests_are_what_the_bot_api_describes() {
    let Some(spec) = described() else {
        eprintln!("skipped: telegram-bot-api.json is not there; set CHASKI_SPECS to its folder");
        return;
    };
    let files = fixtures("telegram", ".request.json");
    assert!(files.len() > 10);
    for file in files {
        let request: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let method = request["url"].as_str().unwrap().rsplit('/').next().unwrap();
        let fields = &spec["methods"][method]["fields"];
        assert!(fields.is_array(), "no method {method}");
        assert_eq!(fields_fault(&request["body"], fields, &spec, method), None, "{}", file.display());
    }
    let wrong = json!({"chat_id": 1, "text": "x", "reply_markup": {"keyboard": [["text"]]}});
    assert!(
        fields_fault(&wrong, &spec["methods"]["sendMessage"]["fields"], &spec, "").is_some(),
        "faults are found"
    );
}
