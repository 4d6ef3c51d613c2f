//! Long texts, read at their beginning and their end.
//!
//! What matters in the output of a command stands at either end; what lies between a quarter of a megabyte and a
//! gigabyte further on is not looked at, so that one hostile row cannot make an analysis slow.

use std::borrow::Cow;

/// Bytes that are read at each end of a text.
pub const BYTES_PER_END: usize = 128 * 1024;

/// The text to look at.
pub struct Bounded;

impl Bounded {
    /// A text as it stands, or its beginning and end when it is long, with a line break between them.
    pub fn of(text: &str) -> Cow<'_, str> {
        Self::to(text, BYTES_PER_END)
    }

    /// As [`Bounded::of`], with so many bytes at each end.
    pub fn to(text: &str, per_end: usize) -> Cow<'_, str> {
        if text.len() <= per_end.saturating_mul(2) {
            return Cow::Borrowed(text);
        }
        let head = text.get(..text.floor_char_boundary(per_end)).unwrap_or_default();
        let from = text.ceil_char_boundary(text.len() - per_end);
        let tail = text.get(from..).unwrap_or_default();
        Cow::Owned(format!("{head}\n{tail}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_and_characters_stay_whole() {
        assert_eq!(Bounded::to("abcdef", 3), "abcdef");
        assert_eq!(Bounded::to("abcdefg", 3), "abc\nefg");
        assert_eq!(Bounded::to("ééé", 1), "\n", "no half characters");
    }
}
