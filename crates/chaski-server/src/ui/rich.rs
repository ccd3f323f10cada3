//! Texts as chat apps show them: WhatsApp's marks, links and line breaks. Everything else is
//! escaped: a contact's text never becomes markup of ours.

use maud::{Markup, PreEscaped, Render, html};

/// The marks, the longest first, with the element that each becomes.
const MARKS: [(&str, &str); 4] = [("```", "code"), ("*", "strong"), ("_", "em"), ("~", "s")];
/// Marks within marks.
const DEPTH: usize = 4;

/// A text with marks, links and line breaks.
pub(crate) fn rich(text: &str) -> Markup {
    let mut out = String::with_capacity(text.len() + 32);
    marked(text, DEPTH, &mut out);
    PreEscaped(out)
}

fn marked(text: &str, depth: usize, out: &mut String) {
    let mut plain_from = 0;
    let mut at = 0;
    while at < text.len() {
        let found = (depth > 0)
            .then(|| {
                MARKS.iter().find_map(|(mark, element)| Some((element, mark.len(), inside(text, at, mark)?)))
            })
            .flatten();
        let Some((element, mark, inner)) = found else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        plain(&text[plain_from..at], out);
        out.push_str(&format!("<{element}>"));
        if *element == "code" {
            html! { (inner) }.render_to(out);
        } else {
            marked(inner, depth - 1, out);
        }
        out.push_str(&format!("</{element}>"));
        at += inner.len() + 2 * mark;
        plain_from = at;
    }
    plain(&text[plain_from..], out);
}

/// What a mark at this place encloses: it hugs its text, stays within words' edges, and, except for
/// monospace, within the line.
fn inside<'a>(text: &'a str, at: usize, mark: &str) -> Option<&'a str> {
    let rest = text[at..].strip_prefix(mark)?;
    let mono = mark == "```";
    let before = text[..at].chars().next_back();
    if before.is_some_and(char::is_alphanumeric) || rest.starts_with(|c: char| !mono && c.is_whitespace()) {
        return None;
    }
    let mut from = 0;
    while let Some(found) = rest[from..].find(mark) {
        let end = from + found;
        let inner = &rest[..end];
        if !mono && inner.contains('\n') {
            return None;
        }
        let after = rest[end + mark.len()..].chars().next();
        let hugs = mono || !inner.ends_with(char::is_whitespace);
        if !inner.is_empty() && hugs && !after.is_some_and(char::is_alphanumeric) {
            return Some(inner);
        }
        from = end + mark.len();
    }
    None
}

/// Plain text: links can be followed, lines break.
fn plain(text: &str, out: &mut String) {
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push_str("<br>");
        }
        let mut rest = line;
        while let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
            let (before, from) = rest.split_at(at);
            let end =
                from.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"')).unwrap_or(from.len());
            let link = from[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'']);
            html! { (before) }.render_to(out);
            self::link(link, link).render_to(out);
            rest = &from[link.len()..];
            if link.is_empty() {
                break;
            }
        }
        html! { (rest) }.render_to(out);
    }
}

/// A link that tells the other side nothing about us; anything but http(s) is only text.
pub(crate) fn link(address: &str, shown: &str) -> Markup {
    html! {
        @if address.starts_with("https://") || address.starts_with("http://") {
            a href=(address) rel="noreferrer noopener nofollow" target="_blank" { (shown) }
        } @else {
            (shown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        rich(text).0
    }

    #[test]
    fn marks_become_elements_and_may_nest() {
        assert_eq!(
            shown("Hola *Ana*, _gracias_ y ~no~ sí"),
            "Hola <strong>Ana</strong>, <em>gracias</em> y <s>no</s> sí"
        );
        assert_eq!(shown("*muy _bien_*"), "<strong>muy <em>bien</em></strong>");
        assert_eq!(shown("```a *b*\n c```"), "<code>a *b*\n c</code>");
    }

    #[test]
    fn what_only_looks_like_a_mark_stays_text() {
        for text in ["2 * 3 * 4", "a_b_c", "* no *", "*", "**", "precio*2 y 3*4", "_sin fin"] {
            assert_eq!(shown(text), text);
        }
        assert_eq!(shown("*a\nb*"), "*a<br>b*");
    }

    #[test]
    fn nothing_in_a_text_becomes_our_markup() {
        let out =
            shown("<script>alert(1)</script> *<img src=x onerror=y>* ```</code><b>``` https://x.ec/\"><b>");
        assert!(!out.contains("<script") && !out.contains("<img") && !out.contains("<b>"), "{out}");
        assert!(out.contains("<strong>&lt;img"), "{out}");
        assert!(out.contains("href=\"https://x.ec/\""), "{out}");
    }

    #[test]
    fn links_end_before_the_sentence_does_and_only_http_is_followed() {
        let out = shown("Mira https://ejemplo.ec/a?b=1&c=2. O javascript:alert(1)");
        assert!(out.contains("href=\"https://ejemplo.ec/a?b=1&amp;c=2\""), "{out}");
        assert!(out.ends_with("</a>. O javascript:alert(1)"), "{out}");
        assert_eq!(link("javascript:alert(1)", "x").0, "x");
    }

    #[test]
    fn any_text_can_be_shown() {
        for text in ["", "🙌*🙌*🙌", "https://", "```", "``````", "*_~```x```~_*"] {
            let _ = shown(text);
        }
    }
}
