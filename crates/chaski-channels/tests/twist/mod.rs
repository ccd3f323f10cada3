//! What any bytes, any JSON and twisted fixtures do to a kind's parsers.

use chaski_channels::{Adapter, Incoming, Reply};
use chaski_model::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Gives a body to everything that reads one.
pub(crate) fn take(adapter: &dyn Adapter, body: &[u8]) {
    let headers = http::HeaderMap::new();
    let hook =
        Incoming { url: "https://chat.example.com/hooks/key", at: Timestamp(0), headers: &headers, body };
    let _ = adapter.events(&hook);
    let _ = adapter.acknowledge(&hook, &[("welcome".to_owned(), "Hola".to_owned())].into());
    for status in [200, 400, 403, 409, 429, 500, 502] {
        let _ = adapter.outcome(&Reply { status, body: body.to_vec(), ..Reply::default() });
    }
}

/// Any JSON, rich in the words that are looked for.
pub(crate) fn any_json(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let word = proptest::sample::select(words.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A true webhook of a kind in which one thing is something else.
pub(crate) fn twisted(
    folder: &str,
    pick: prop::sample::Index,
    place: prop::sample::Index,
    other: Value,
) -> Vec<u8> {
    let files = fixtures(folder, ".webhook.json");
    let mut update = read(&files[pick.index(files.len())]);
    let mut places = Vec::new();
    pointers(&update, String::new(), &mut places);
    if let Some(found) = update.pointer_mut(&places[place.index(places.len())]) {
        *found = other;
    }
    update.to_string().into_bytes()
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, format!("{at}/{key}"), found))
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| pointers(value, format!("{at}/{index}"), found));
        }
        _ => {}
    }
    found.push(at);
}

/// The fixtures of a kind that end so, in order.
pub(crate) fn fixtures(folder: &str, end: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder).join("fixtures");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|file| file.to_str().unwrap().ends_with(end)).collect();
    files.sort();
    files
}

/// A fixture's JSON.
pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
