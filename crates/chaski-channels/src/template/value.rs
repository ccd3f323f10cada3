//! Values before they go out: spaces, links and file names.

use percent_encoding::percent_decode_str;
use url::Url;

/// Meta refuses a value with a newline, a tab or more than this many spaces in a row (132018).
const MOST_SPACES: usize = 4;

/// The value with single spaces: each run of white space that Meta would refuse becomes one space,
/// and goes altogether at the ends. Everything else, formatting marks too, stays as it is.
pub fn normalise(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while !rest.is_empty() {
        let run = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
        if run > 0 {
            push_run(&mut out, &rest[..run], run == rest.len());
            rest = &rest[run..];
            continue;
        }
        let word = rest.find(is_space).unwrap_or(rest.len());
        out.push_str(&rest[..word]);
        rest = &rest[word..];
    }
    out
}

fn is_space(c: char) -> bool {
    c == ' ' || is_break(c)
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn push_run(out: &mut String, run: &str, is_last: bool) {
    let is_refused = run.len() > MOST_SPACES || run.contains(is_break);
    if !is_refused {
        out.push_str(run);
    } else if !out.is_empty() && !is_last {
        out.push(' ');
    }
}

/// Whether this is an http or https address that a provider could fetch. Spaces and control
/// characters make it none: they would have to be percent-encoded.
pub fn is_media_link(link: &str) -> bool {
    if link.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The name of a document after its link: the last path segment, decoded, without the query.
/// Without a name the contact would see `null.pdf`.
pub fn filename_of(link: &str) -> String {
    const DEFAULT: &str = "document.pdf";
    let Ok(url) = Url::parse(link) else { return DEFAULT.to_owned() };
    let segment = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let decoded = percent_decode_str(segment).decode_utf8_lossy();
    let name = decoded.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).take(240).collect();
    match name.trim() {
        "" | "." | ".." | "null" | "null.pdf" => DEFAULT.to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newlines_tabs_and_long_runs_become_one_space() {
        assert_eq!(normalise("uno\ndos\ttres     cuatro"), "uno dos tres cuatro");
        assert_eq!(normalise("a\r\n\r\n b\n"), "a b");
        assert_eq!(normalise("\n \t"), "");
    }

    #[test]
    fn up_to_four_spaces_and_formatting_stay() {
        assert_eq!(normalise("a    b  *c* _d_ ~e~ ```f```"), "a    b  *c* _d_ ~e~ ```f```");
    }

    #[test]
    fn only_http_and_https_addresses_are_links() {
        for link in ["https://picsum.photos/200/300", "http://x.ec/a%20b.pdf?x=1", "https://españa.es/ñ.png"]
        {
            assert!(is_media_link(link), "{link}");
        }
        for link in
            ["", "ftp://x/y", "x.png", "https://", "javascript:alert(1)", "https://x.ec/a b.pdf", "file:///a"]
        {
            assert!(!is_media_link(link), "{link}");
        }
    }

    #[test]
    fn a_document_is_named_after_its_link() {
        assert_eq!(filename_of("https://x.ec/a/Factura%20N%C2%BA1.pdf?token=1"), "Factura Nº1.pdf");
        assert_eq!(filename_of("https://x.ec/files/report"), "report");
        for link in
            ["https://x.ec/", "https://x.ec", "https://x.ec/null.pdf", "https://x.ec/a/?f=b.pdf", "no link"]
        {
            assert_eq!(filename_of(link), "document.pdf", "{link}");
        }
        assert_eq!(filename_of("https://x.ec/a%2F..%2Fb.pdf"), "b.pdf");
    }
}
