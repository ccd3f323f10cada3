//! The difference between two texts, word by word, with whitespace made visible where it is the
//! difference.

use maud::{Markup, html};

/// A stretch of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// In both.
    Same(String),
    /// Only in the first.
    Removed(String),
    /// Only in the second.
    Added(String),
}

/// Texts of more words than this are compared as a whole.
const WORDS: usize = 1200;

/// Compares two texts by words.
pub(crate) fn compare(old: &str, new: &str) -> Vec<Piece> {
    let (a, b) = (words(old), words(new));
    if a.len() > WORDS || b.len() > WORDS {
        return vec![Piece::Removed(old.to_owned()), Piece::Added(new.to_owned())];
    }
    let common = longest_common(&a, &b);
    let mut pieces = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            push(&mut pieces, Piece::Same(a[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            push(&mut pieces, Piece::Removed(a[i].to_owned()));
            i += 1;
        } else {
            push(&mut pieces, Piece::Added(b[j].to_owned()));
            j += 1;
        }
    }
    gather(pieces)
}

/// Changes with only whitespace between them read as one change.
fn gather(pieces: Vec<Piece>) -> Vec<Piece> {
    let is_change = |piece: Option<&Piece>| piece.is_some_and(|piece| !matches!(piece, Piece::Same(_)));
    let (mut list, mut removed, mut added) = (Vec::new(), String::new(), String::new());
    for (at, piece) in pieces.iter().enumerate() {
        let between = at > 0 && is_change(pieces.get(at - 1)) && is_change(pieces.get(at + 1));
        match piece {
            Piece::Removed(text) => removed.push_str(text),
            Piece::Added(text) => added.push_str(text),
            Piece::Same(text) if between && text.chars().all(char::is_whitespace) => {
                removed.push_str(text);
                added.push_str(text);
            }
            Piece::Same(text) => {
                end_change(&mut list, &mut removed, &mut added);
                list.push(Piece::Same(text.clone()));
            }
        }
    }
    end_change(&mut list, &mut removed, &mut added);
    list
}

fn end_change(list: &mut Vec<Piece>, removed: &mut String, added: &mut String) {
    if !removed.is_empty() {
        list.push(Piece::Removed(std::mem::take(removed)));
    }
    if !added.is_empty() {
        list.push(Piece::Added(std::mem::take(added)));
    }
}

/// Runs of letters and digits, runs of whitespace, and single other characters.
fn words(text: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Sort {
        Word,
        Space,
        Other,
    }
    let sort = |c: char| match c {
        c if c.is_whitespace() => Sort::Space,
        c if c.is_alphanumeric() => Sort::Word,
        _ => Sort::Other,
    };
    let mut list = Vec::new();
    let mut from = 0;
    let mut last = None;
    for (at, c) in text.char_indices() {
        let now = sort(c);
        if last.is_some_and(|last| last != now || now == Sort::Other) {
            list.push(&text[from..at]);
            from = at;
        }
        last = Some(now);
    }
    if from < text.len() {
        list.push(&text[from..]);
    }
    list
}

/// `table[i][j]`: the length of the longest common sequence of `a[i..]` and `b[j..]`.
fn longest_common(a: &[&str], b: &[&str]) -> Vec<Vec<u16>> {
    let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i][j] =
                if a[i] == b[j] { table[i + 1][j + 1] + 1 } else { table[i + 1][j].max(table[i][j + 1]) };
        }
    }
    table
}

/// Joins neighbours of one sort.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (pieces.last_mut(), &piece) {
        (Some(Piece::Same(text)), Piece::Same(more))
        | (Some(Piece::Removed(text)), Piece::Removed(more))
        | (Some(Piece::Added(text)), Piece::Added(more)) => text.push_str(more),
        _ => pieces.push(piece),
    }
}

/// What was sent against what is approved: removed struck, added underlined.
pub(crate) fn difference(sent: &str, approved: &str) -> Markup {
    html! {
        @for piece in compare(sent, approved) {
            @match piece {
                Piece::Same(text) => (text),
                Piece::Removed(text) => del { (visible(&text)) },
                Piece::Added(text) => ins { (visible(&text)) },
            }
        }
    }
}

/// Whitespace that is the difference itself can be seen.
pub(crate) fn visible(text: &str) -> String {
    if !text.chars().all(char::is_whitespace) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\n' => '↵',
            '\t' => '⇥',
            '\u{a0}' | '\u{202f}' => '⍽',
            _ => '·',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str) -> String {
        difference(old, new).0
    }

    #[test]
    fn one_changed_word_is_told_and_the_rest_stays() {
        assert_eq!(
            shown("en el enlace o las", "en el enlace para ver las"),
            "en el enlace <del>o </del><ins>para ver </ins>las"
        );
        assert_eq!(shown("igual", "igual"), "igual");
    }

    #[test]
    fn whitespace_is_seen_when_it_is_the_difference() {
        assert_eq!(shown("a  b", "a b"), "a<del>··</del><ins>·</ins>b");
        assert_eq!(shown("a\nb", "a b"), "a<del>↵</del><ins>·</ins>b");
    }

    #[test]
    fn both_texts_can_be_put_together_from_the_pieces() {
        let (old, new) = ("Hola, Ana: ¿cómo estás?\nAdiós.", "¡Hola Ana! ¿Cómo estás hoy?  Adiós…");
        let pieces = compare(old, new);
        let side = |of_old: bool| -> String {
            let part = |p: &Piece| match p {
                Piece::Same(t) => t.clone(),
                Piece::Removed(t) if of_old => t.clone(),
                Piece::Added(t) if !of_old => t.clone(),
                _ => String::new(),
            };
            pieces.iter().map(part).collect()
        };
        assert_eq!((side(true), side(false)), (old.to_owned(), new.to_owned()));
    }

    #[test]
    fn texts_are_escaped_and_huge_ones_are_compared_as_a_whole() {
        assert_eq!(shown("<b>", "<i>"), "&lt;<del>b</del><ins>i</ins>&gt;");
        let long = "x ".repeat(5000);
        assert_eq!(compare(&long, "y").len(), 2);
    }
}
