//! Finding one text in compact JSON without parsing it: the reference and the sink know the bodies
//! they get, and should cost as little as can be.

/// The value of the first `"key":"value"` of a body; escapes are left as they are.
pub(crate) fn text<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let body = std::str::from_utf8(body).ok()?;
    let mut from = 0;
    while let Some(found) = body[from..].find(key) {
        let at = from + found;
        from = at + key.len();
        if body[..at].ends_with('"')
            && let Some(value) = body[from..].strip_prefix("\":\"")
        {
            return value.split('"').next();
        }
    }
    None
}

/// The message's number in a reference such as `123.1.1`.
pub(crate) fn message(reference: &str) -> Option<i64> {
    reference.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_and_a_value_that_looks_like_it_is_not() {
        let body = br#"{"type":"text","text":{"to":"+593","body":"type"}}"#;
        assert_eq!(text(body, "type"), Some("text"));
        assert_eq!(text(body, "to"), Some("+593"));
        assert_eq!(text(body, "body"), Some("type"));
        assert_eq!(text(body, "from"), None);
    }

    #[test]
    fn a_reference_names_its_message() {
        assert_eq!(message("123.1.1"), Some(123));
        assert_eq!(message("x"), None);
    }
}
