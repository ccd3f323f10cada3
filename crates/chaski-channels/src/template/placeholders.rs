//! Placeholders in approved texts: `{{1}}` in positional templates, `{{first_name}}` in named ones.

/// The highest number that counts as a placeholder. Meta allows far fewer; this only keeps a
/// nonsensical imported template from asking for a billion values.
const HIGHEST: usize = 999;

/// One placeholder in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// Where its braces start, in bytes.
    pub start: usize,
    /// Where its braces end, in bytes.
    pub end: usize,
    /// What stands between the braces: a number or a name.
    pub key: &'a str,
}

/// Every placeholder of a text, from left to right.
pub fn scan(text: &str) -> Vec<Placeholder<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find("{{").map(|at| from + at) {
        match read(text, open) {
            Some(placeholder) => {
                from = placeholder.end;
                found.push(placeholder);
            }
            None => from = open + 1,
        }
    }
    found
}

fn read(text: &str, start: usize) -> Option<Placeholder<'_>> {
    let inner = &text[start + 2..];
    let close = inner.find("}}")?;
    let key = inner[..close].trim();
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_key.then_some(Placeholder { start, end: start + 2 + close + 2, key })
}

/// Whether a text has any placeholder.
pub fn any(text: &str) -> bool {
    !scan(text).is_empty()
}

/// The highest number among the placeholders: how many values a positional text takes.
pub fn highest(text: &str) -> usize {
    scan(text).iter().filter_map(|p| p.key.parse().ok()).filter(|n| *n <= HIGHEST).max().unwrap_or(0)
}

/// The names of the placeholders in order of appearance, each once.
pub fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for placeholder in scan(text) {
        if !names.contains(&placeholder.key) {
            names.push(placeholder.key);
        }
    }
    names
}

/// Whether any placeholder is a name rather than a number.
pub fn is_named(text: &str) -> bool {
    scan(text).iter().any(|p| p.key.parse::<u64>().is_err())
}

/// Puts values in place of the placeholders, in one pass: braces inside a value stay as they are.
/// A placeholder without a value is left standing.
pub fn substitute<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for placeholder in scan(text) {
        out.push_str(&text[from..placeholder.start]);
        out.push_str(value(placeholder.key).unwrap_or(&text[placeholder.start..placeholder.end]));
        from = placeholder.end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_found_and_other_braces_are_text() {
        let keys: Vec<_> =
            scan("a {{1}} {{ name_2 }} {{}} {{a b}} {x} {{{3}} {{").iter().map(|p| p.key).collect();
        assert_eq!(keys, ["1", "name_2", "3"]);
    }

    #[test]
    fn the_highest_number_counts_and_names_keep_their_order() {
        assert_eq!(highest("{{2}} and {{1}} and {{2}}"), 2);
        assert_eq!(highest("{{4000000000}}"), 0);
        assert_eq!(names("{{day}} {{date}} {{day}}"), ["day", "date"]);
        assert!(is_named("{{day}}") && !is_named("{{1}}"));
    }

    #[test]
    fn values_are_never_expanded_again() {
        let values = [("1", "{{2}}"), ("2", "two")];
        let get = |key: &str| values.iter().find(|v| v.0 == key).map(|v| v.1);
        assert_eq!(substitute("{{1}} {{2}} {{3}}", get), "{{2}} two {{3}}");
    }
}
