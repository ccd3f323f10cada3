//! Texts and their formatting.

use super::problem::Problem;
use serde_json::Value;

/// The longest text and the longest caption, in UTF-16 units and without the formatting.
pub(super) const TEXT: usize = 4096;
pub(super) const CAPTION: usize = 1024;

const TAGS: [&str; 17] = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "a",
    "code",
    "pre",
    "blockquote",
    "tg-emoji",
    "tg-time",
];

/// What a person reads of a text, at most `limit` long.
pub(super) fn read(body: &Value, key: &str, limit: usize) -> Result<Option<String>, Problem> {
    let given = match body.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(given)) => given,
        Some(_) => return Err(Problem::bad(format!("Bad Request: field \"{key}\" must be of type String"))),
    };
    let mode = body.get("parse_mode").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let plain = match mode.as_str() {
        "html" => without_tags(given)?,
        "" | "markdown" | "markdownv2" => given.clone(),
        _ => return Err(Problem::bad("Bad Request: unsupported parse_mode")),
    };
    if plain.encode_utf16().count() > limit {
        let what = if key == "caption" { "message caption is too long" } else { "message is too long" };
        return Err(Problem::bad(format!("Bad Request: {what}")));
    }
    Ok(Some(plain.trim().to_owned()))
}

fn without_tags(text: &str) -> Result<String, Problem> {
    let fault = |why: String| Problem::bad(format!("Bad Request: can't parse entities: {why}"));
    let (mut plain, mut open, mut rest) = (String::new(), Vec::new(), text);
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        let offset = text.len() - rest.len() + at;
        let Some(end) = rest[at..].find('>') else {
            return Err(fault(format!("Unclosed start tag at byte offset {offset}")));
        };
        let tag = &rest[at + 1..at + end];
        rest = &rest[at + end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim()) {
                return Err(fault(format!("Unmatched end tag at byte offset {offset}")));
            }
            continue;
        }
        let name = tag.split_whitespace().next().unwrap_or_default();
        if !TAGS.contains(&name) {
            return Err(fault(format!("Unsupported start tag \"{name}\" at byte offset {offset}")));
        }
        open.push(name);
    }
    if let Some(name) = open.pop() {
        return Err(fault(format!("Can't find end tag corresponding to start tag \"{name}\"")));
    }
    plain.push_str(rest);
    Ok(plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_read_and_its_faults_are_named() {
        assert_eq!(without_tags("<b>a</b> &lt;<i>b</i>").unwrap(), "a <b");
        assert_eq!(without_tags("<a href=\"https://x.ec\">x</a>").unwrap(), "x");
        for text in ["<x>a</x>", "<b>a", "a</b>", "<b>a</i>", "a < b"] {
            assert!(without_tags(text).is_err(), "{text}");
        }
    }
}
