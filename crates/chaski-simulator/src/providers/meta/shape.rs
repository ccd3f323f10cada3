//! The form of JSON parameters, refused in the words of Meta's Graph API.

use serde_json::Value;

use super::refusal::Refusal;

/// Refuses what is not an object.
pub(crate) fn object(value: &Value, at: &str) -> Result<(), Refusal> {
    if value.is_object() {
        Ok(())
    } else {
        Err(Refusal::invalid(format!("Param {at} must be a JSON object.")))
    }
}

/// Refuses keys that the API does not know.
pub(crate) fn keys(value: &Value, at: &str, known: &[&str]) -> Result<(), Refusal> {
    object(value, at)?;
    let unknown =
        value.as_object().and_then(|fields| fields.keys().find(|key| !known.contains(&key.as_str())));
    unknown
        .map_or(Ok(()), |key| Err(Refusal::invalid(format!("Unexpected key \"{key}\" on param \"{at}\"."))))
}

/// A text that must be there.
pub(crate) fn text<'a>(value: &'a Value, key: &str, at: &str) -> Result<&'a str, Refusal> {
    match value.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => {
            Err(Refusal::new(131_008, format!("The parameter {at}['{key}'] is required.")))
        }
        Some(_) => Err(Refusal::invalid(format!("Param {at}['{key}'] must be a string."))),
    }
}

/// A text that may be absent, of bounded length.
pub(crate) fn optional_text<'a>(
    value: &'a Value,
    key: &str,
    at: &str,
    longest: usize,
) -> Result<Option<&'a str>, Refusal> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => bounded(text, &format!("{at}['{key}']"), longest).map(Some),
        Some(_) => Err(Refusal::invalid(format!("Param {at}['{key}'] must be a string."))),
    }
}

/// A text that must be there, of bounded length.
pub(crate) fn short_text<'a>(
    value: &'a Value,
    key: &str,
    at: &str,
    longest: usize,
) -> Result<&'a str, Refusal> {
    bounded(text(value, key, at)?, &format!("{at}['{key}']"), longest)
}

fn bounded<'a>(text: &'a str, at: &str, longest: usize) -> Result<&'a str, Refusal> {
    if text.chars().count() > longest {
        return Err(Refusal::invalid(format!("Param {at} must be at most {longest} characters long.")));
    }
    Ok(text)
}

/// A list that must be there.
pub(crate) fn list<'a>(value: &'a Value, key: &str, at: &str) -> Result<&'a Vec<Value>, Refusal> {
    match value.get(key) {
        Some(Value::Array(list)) => Ok(list),
        None | Some(Value::Null) => {
            Err(Refusal::new(131_008, format!("The parameter {at}['{key}'] is required.")))
        }
        Some(_) => Err(Refusal::invalid(format!("Param {at}['{key}'] must be an array."))),
    }
}
