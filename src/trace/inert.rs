//! Makes hostile text harmless without hiding that it was there.
//!
//! A trace holds whatever an agent or its tools wrote: terminal escapes, line breaks, marks that
//! reverse reading order, invisible letters. Shown raw they could clear a terminal or forge a row.

use std::fmt::Write as _;

/// Whether a character acts on its surroundings, or shows nothing, instead of standing for a glyph:
/// controls, line and paragraph separators, bidirectional marks, zero-width and tag characters.
/// Joiners and variation selectors are left alone, since real words and emoji need them.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Appends a visible escape for an unsafe character: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}`.
pub(crate) fn push_escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ => {
            let code = u32::from(c);
            // Writing to a string cannot fail.
            let _ = if code < 0x100 {
                write!(out, "\\x{code:02x}")
            } else {
                write!(out, "\\u{{{code:x}}}")
            };
        }
    }
}

/// The text on one line, with every unsafe character as a visible escape. Backslashes that were in
/// the text stay single, so this is for eyes; the exact text is in CSV and JSON.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_escapes_breaks_and_bidi_marks_become_visible() {
        assert_eq!(visible("\x1b[2J\u{9b}31m"), r"\x1b[2J\x9b31m");
        assert_eq!(visible("a\r\n\tb\0\x7f"), r"a\r\n\tb\x00\x7f");
        assert_eq!(visible("\u{202e}gpj\u{2066}\u{200b}"), r"\u{202e}gpj\u{2066}\u{200b}");
        assert_eq!(visible("\u{2028}\u{e0041}"), r"\u{2028}\u{e0041}");
    }

    #[test]
    fn ordinary_words_pass_unchanged() {
        for text in ["naïve", "模型", "👩\u{200d}💻", "می\u{200c}خواهم", r"C:\temp"] {
            assert_eq!(visible(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_unsafe));
        }
    }
}
