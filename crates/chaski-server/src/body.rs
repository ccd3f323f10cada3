//! Reading bodies: bounded, and read away when they are too large, so that the caller sees the answer.

use crate::problem::Problem;
use axum::body::Body;
use axum::http::Uri;
use bytes::{Bytes, BytesMut};
use chaski_model::{ErrorCode, Fault};
use http_body_util::BodyExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// `/v2` and `/admin`.
pub(crate) const API: usize = 1 << 20;
/// `/hooks`.
pub(crate) const HOOK: usize = 4 << 20;
/// `/hooks` of a mailbox, where the body is a mail with its files.
pub(crate) const MAIL: usize = 40 << 20;
/// How much of a body that is too large is read away, and for how long.
const READ_AWAY: usize = 16 << 20;
const READ_AWAY_FOR: Duration = Duration::from_secs(5);
/// How long a body may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(30);

/// The whole body, at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut frames = body;
    // Nearly every body comes in one piece, which is used as it is.
    let (mut first, mut collected) = (Bytes::new(), BytesMut::new());
    let arrived = tokio::time::timeout(ARRIVES_WITHIN, async {
        while let Some(frame) = frames.frame().await {
            let frame = frame.map_err(|_| {
                Problem::new(ErrorCode::MalformedJson, "The body was cut off; send it again.")
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if first.len().max(collected.len()) + data.len() > limit {
                return Ok(false);
            }
            if first.is_empty() {
                first = data;
                continue;
            }
            if collected.is_empty() {
                collected.extend_from_slice(&first);
            }
            collected.extend_from_slice(&data);
        }
        Ok(true)
    })
    .await;
    match arrived {
        Ok(Ok(true)) => Ok(if collected.is_empty() { first } else { collected.freeze() }),
        Ok(Ok(false)) => {
            let _ = tokio::time::timeout(READ_AWAY_FOR, read_away(frames)).await;
            Err(Problem::new(
                ErrorCode::BodyTooLarge,
                format!("The body is larger than {} KiB; send less.", limit / 1024),
            ))
        }
        Ok(Err(problem)) => Err(problem),
        Err(_) => {
            Err(Problem::new(ErrorCode::MalformedJson, "The body did not arrive within 30 s; send it again."))
        }
    }
}

async fn read_away(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > READ_AWAY {
            return;
        }
    }
}

/// A body as one JSON object.
pub(crate) fn json(bytes: &[u8]) -> Result<Value, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(
            ErrorCode::MalformedJson,
            format!("The body is not valid JSON: {error}. Send one JSON object."),
        )
    })?;
    if value.is_object() {
        return Ok(value);
    }
    Err(Problem::faults(vec![Fault::new(
        "",
        format!("The body must be a JSON object, not {}.", name(&value)),
    )]))
}

/// The query of an address; a key that stands there twice is a fault, since nobody knows which counts.
pub(crate) fn query(uri: &Uri) -> Result<BTreeMap<String, String>, Problem> {
    let mut pairs = BTreeMap::new();
    let mut faults = Vec::new();
    for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()) {
        if pairs.insert(key.to_string(), value.into_owned()).is_some() {
            faults.push(Fault::new(format!("?{key}"), format!("`{key}` is there twice; give it once.")));
        }
    }
    if faults.is_empty() { Ok(pairs) } else { Err(Problem::faults(faults)) }
}

/// What a value is, in words.
pub(crate) fn name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Reads fields out of a JSON object, noting every fault with its place instead of stopping at the
/// first.
pub(crate) struct Fields<'a> {
    value: &'a Value,
    pointer: String,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(value: &'a Value, pointer: impl Into<String>) -> Self {
        Self { value, pointer: pointer.into() }
    }

    pub(crate) fn pointer(&self, key: &str) -> String {
        format!("{}/{key}", self.pointer)
    }

    /// The field, unless it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    fn typed<T>(
        &self,
        key: &str,
        what: &str,
        faults: &mut Vec<Fault>,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let found = read(value);
        if found.is_none() {
            faults
                .push(Fault::new(self.pointer(key), format!("`{key}` must be {what}, not {}.", name(value))));
        }
        found
    }

    pub(crate) fn text(&self, key: &str, faults: &mut Vec<Fault>) -> Option<&'a str> {
        self.typed(key, "a text", faults, Value::as_str)
    }

    pub(crate) fn integer(&self, key: &str, faults: &mut Vec<Fault>) -> Option<i64> {
        self.typed(key, "an integer", faults, Value::as_i64)
    }

    pub(crate) fn array(&self, key: &str, faults: &mut Vec<Fault>) -> Option<&'a Vec<Value>> {
        self.typed(key, "an array", faults, Value::as_array)
    }

    pub(crate) fn object(&self, key: &str, faults: &mut Vec<Fault>) -> Option<Fields<'a>> {
        let value = self.typed(key, "an object", faults, |value| value.is_object().then_some(value))?;
        Some(Fields::new(value, self.pointer(key)))
    }

    /// A text that must be there and not be empty; what it is for, in words.
    pub(crate) fn required_text(&self, key: &str, what: &str, faults: &mut Vec<Fault>) -> &'a str {
        let before = faults.len();
        let text = self.text(key, faults).unwrap_or("");
        if text.trim().is_empty() && faults.len() == before {
            faults.push(Fault::new(self.pointer(key), format!("`{key}` is missing: {what}.")));
        }
        text
    }

    /// An optional text of at most `limit` characters; an empty one counts as absent.
    pub(crate) fn short_text(&self, key: &str, limit: usize, faults: &mut Vec<Fault>) -> Option<String> {
        let text = self.text(key, faults)?.trim();
        if text.chars().count() > limit {
            faults
                .push(Fault::new(self.pointer(key), format!("`{key}` may have at most {limit} characters.")));
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// One word of a closed list, in any case.
    pub(crate) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], faults: &mut Vec<Fault>) -> Option<T> {
        let word = self.text(key, faults)?;
        let found =
            words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim())).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<String> = words.iter().map(|(known, _)| format!("`{known}`")).collect();
            faults
                .push(Fault::new(self.pointer(key), format!("`{key}` must be one of {}.", known.join(", "))));
        }
        found
    }
}
