//! Long texts in pieces, at a line or a word where there is one.

use chaski_model::capabilities::TextUnit;

/// The text in pieces of at most `limit` units, none of them blank, which providers refuse.
pub(crate) fn pieces(text: &str, limit: usize, unit: TextUnit) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while unit.length(rest) > limit {
        let end = cut(rest, limit, unit);
        found.push(rest[..end].trim_end());
        rest = &rest[end..];
        // The line's end or the space that was cut at is what the pieces' border stands for.
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(char::is_whitespace)).unwrap_or(rest);
    }
    found.push(rest);
    found.into_iter().filter(|piece| !piece.trim().is_empty()).map(str::to_owned).collect()
}

/// Where the first piece ends: at the last line's end in its second half, else at the last space there,
/// else where no written sign is cut in two.
fn cut(text: &str, limit: usize, unit: TextUnit) -> usize {
    let (mut most, mut half, mut used) = (0, 0, 0);
    for (place, sign) in text.char_indices() {
        used += unit.of(sign);
        if used > limit {
            break;
        }
        most = place + sign.len_utf8();
        if used <= limit / 2 {
            half = most;
        }
    }
    // A space just behind the piece is as good an end as one within it.
    let behind = text[most..].chars().next().map_or(0, char::len_utf8);
    let second_half = &text[half..most + behind];
    let line = second_half.rfind('\n').map(|place| half + place);
    let word = || second_half.rfind(char::is_whitespace).map(|place| half + place);
    line.or_else(word).filter(|end| *end > 0).unwrap_or_else(|| between_signs(text, most))
}

/// The last place up to `most` that cuts no sign in two: what is written as several characters, like
/// an emoji with a skin tone, a flag or a letter with its accent, stays together.
fn between_signs(text: &str, most: usize) -> usize {
    let mut end = most;
    while let Some(before) = text[..end].chars().next_back() {
        let after = text[end..].chars().next();
        if after.is_none_or(|after| !is_one_sign(text, end, before, after)) {
            return end;
        }
        end -= before.len_utf8();
    }
    most
}

fn is_one_sign(text: &str, end: usize, before: char, after: char) -> bool {
    const JOINER: char = '\u{200d}';
    let is_flag = |sign: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&sign);
    let adds = matches!(u32::from(after),
        0x300..=0x36f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x200d | 0x20d0..=0x20ff | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f | 0x1f3fb..=0x1f3ff | 0xe0020..=0xe007f);
    if is_flag(before) && is_flag(after) {
        // Flags are pairs: an odd number of halves before the cut would break one.
        return text[..end].chars().rev().take_while(|sign| is_flag(*sign)).count() % 2 == 1;
    }
    adds || before == JOINER || (before == '\r' && after == '\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, limit: usize) -> Vec<String> {
        pieces(text, limit, TextUnit::Utf16)
    }

    fn bare(text: &str) -> String {
        text.chars().filter(|sign| !sign.is_whitespace()).collect()
    }

    #[test]
    fn it_is_cut_at_a_line_before_a_word_before_a_sign() {
        assert_eq!(utf16("aaaa bbb\ncc dd", 10), ["aaaa bbb", "cc dd"]);
        assert_eq!(utf16("aaaa bbbbb", 9), ["aaaa", "bbbbb"]);
        assert_eq!(utf16("aaaa bbbb cc", 9), ["aaaa bbbb", "cc"]);
        assert_eq!(utf16("aaaabbbbcc", 4), ["aaaa", "bbbb", "cc"]);
        assert_eq!(utf16("abc\r\ndef", 5), ["abc", "def"]);
    }

    #[test]
    fn what_is_one_sign_stays_one() {
        for sign in ["👩🏽", "👨‍👩‍👧", "🇪🇨", "e\u{301}", "1️⃣"] {
            let found = utf16(&sign.repeat(40), 25);
            assert!(found.len() > 1, "{sign}");
            for piece in found {
                assert_eq!(piece.replace(sign, ""), "", "{sign}");
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_fit_lose_nothing_and_are_never_blank(
            text in "\\PC{0,60}[ \n]{0,40}\\PC{0,60}", limit in 4usize..40,
            unit in proptest::sample::select(vec![TextUnit::Characters, TextUnit::Utf16, TextUnit::Bytes])) {
            let found = pieces(&text, limit, unit);
            prop_assert!(found.iter().all(|piece| unit.length(piece) <= limit && !piece.trim().is_empty()));
            prop_assert_eq!(bare(&found.concat()), bare(&text));
        }
    }

    #[test]
    fn a_length_is_counted_in_the_kinds_own_unit() {
        assert_eq!(pieces("ññññ", 4, TextUnit::Bytes), ["ññ", "ññ"]);
        assert_eq!(pieces("ññññ", 4, TextUnit::Characters), ["ññññ"]);
        assert_eq!(pieces("😀😀", 2, TextUnit::Utf16), ["😀", "😀"]);
    }
}
