//! The first difference of two texts, with a little of what stands around it.

/// Characters that are shown before a difference.
const BEFORE: usize = 24;
/// Characters that are shown from a difference on.
const AFTER: usize = 36;

/// Where two texts part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextDifference {
    /// Characters before the first that differs.
    pub at: usize,
    /// The line of it, from 1.
    pub line: usize,
    /// What stands there in the first text.
    pub one: String,
    /// What stands there in the other.
    pub other: String,
}

/// Where two texts part; `None` when they are the same.
pub fn first_difference(one: &str, other: &str) -> Option<TextDifference> {
    if one == other {
        return None;
    }
    let pairs = one.chars().zip(other.chars());
    let same: Vec<char> = pairs.take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let at = same.len();
    let line = 1 + same.iter().filter(|c| **c == '\n').count();
    let begin = at.saturating_sub(BEFORE);
    Some(TextDifference {
        at,
        line,
        one: excerpt(one, begin, at),
        other: excerpt(other, begin, at),
    })
}

/// The beginning of a text.
pub(super) fn beginning(text: &str) -> String {
    excerpt(text, 0, 0)
}

/// A text from one character to some behind another, on one line, with marks where it is cut.
fn excerpt(text: &str, begin: usize, at: usize) -> String {
    let mut chars = text.chars().skip(begin);
    let mut out = if begin > 0 { "…".to_owned() } else { String::new() };
    for c in chars.by_ref().take(at - begin + AFTER) {
        match c {
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_that_differs_is_shown_in_its_place() {
        assert_eq!(first_difference("ab", "ab"), None);
        let found = first_difference("one\ntwö", "one\ntwo").unwrap();
        assert_eq!((found.at, found.line), (6, 2));
        assert_eq!((found.one.as_str(), found.other.as_str()), ("one\\ntwö", "one\\ntwo"));
        let long = "x".repeat(1000);
        let found = first_difference(&long, &format!("{}y", &long[..500])).unwrap();
        assert_eq!(found.at, 500);
        assert!(found.one.starts_with('…') && found.one.ends_with('…'));
        assert_eq!(found.other, format!("…{}y", "x".repeat(BEFORE)));
        let end = first_difference("abc", "ab").unwrap();
        assert_eq!((end.at, end.other.as_str()), (2, "ab"));
    }
}
