//! WhatsApp's own formatting: bold, italic, struck and monospace text.

use maud::{Markup, PreEscaped, Render, html};

/// The marks, longest first.
const MARKS: [(&str, &str); 4] = [("```", "code"), ("*", "strong"), ("_", "em"), ("~", "s")];

/// A text as the phone shows it.
pub(super) fn formatted(text: &str) -> Markup {
    let mut out = String::with_capacity(text.len() + 16);
    write(&mut out, text);
    PreEscaped(out)
}

fn write(out: &mut String, text: &str) {
    let mut plain_from = 0;
    let mut at = 0;
    while at < text.len() {
        match marked(text, at) {
            Some((tag, inner, end)) => {
                html! { (&text[plain_from..at]) }.render_to(out);
                out.push_str(&format!("<{tag}>"));
                if tag == "code" {
                    html! { (inner) }.render_to(out);
                } else {
                    write(out, inner);
                }
                out.push_str(&format!("</{tag}>"));
                at = end;
                plain_from = end;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    html! { (&text[plain_from..]) }.render_to(out);
}

/// The marked text that starts at a place: its tag, its inside and where it ends.
fn marked(text: &str, at: usize) -> Option<(&'static str, &str, usize)> {
    let is_edge = |sign: Option<char>| sign.is_none_or(|sign| !sign.is_alphanumeric());
    if !is_edge(text[..at].chars().next_back()) {
        return None;
    }
    let (mark, tag) = MARKS.into_iter().find(|(mark, _)| text[at..].starts_with(mark))?;
    let inside = &text[at + mark.len()..];
    let mut from = 0;
    while let Some(found) = inside[from..].find(mark) {
        let end = from + found;
        let inner = &inside[..end];
        let after = end + mark.len();
        let is_tight = !inner.is_empty()
            && !inner.starts_with(char::is_whitespace)
            && !inner.ends_with(char::is_whitespace);
        if is_tight && (tag == "code" || !inner.contains('\n')) && is_edge(inside[after..].chars().next()) {
            return Some((tag, inner, at + mark.len() + after));
        }
        from = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_elements_and_all_else_stays_text() {
        let cases = [
            ("*negrita* y _cursiva_", "<strong>negrita</strong> y <em>cursiva</em>"),
            ("~tachado~ ```mono *x*```", "<s>tachado</s> <code>mono *x*</code>"),
            ("*a _b_ c*", "<strong>a <em>b</em> c</strong>"),
            ("2*3*4 snake_case_name", "2*3*4 snake_case_name"),
            ("* no * _ ni_", "* no * _ ni_"),
            ("<b>&", "&lt;b&gt;&amp;"),
            ("¡*Sí*!", "¡<strong>Sí</strong>!"),
        ];
        for (text, shown) in cases {
            assert_eq!(formatted(text).into_string(), shown);
        }
    }
}
