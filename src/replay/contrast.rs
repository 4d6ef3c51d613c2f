//! Two texts where they first differ, short enough for a row of a table.

use crate::trace::visible;

/// Characters before the first difference.
const BEFORE: usize = 16;
/// Characters in all.
const ROOM: usize = 48;

/// Excerpts of two texts from a little before their first difference, in harmless characters, with marks where they were cut.
pub fn contrast(a: &str, b: &str) -> (String, String) {
    let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let begin = same.saturating_sub(BEFORE);
    let excerpt = |text: &str| {
        let mut rest = text.chars().skip(begin);
        let shown: String = rest.by_ref().take(ROOM).collect();
        let before = if begin > 0 { "…" } else { "" };
        let after = if rest.next().is_some() { "…" } else { "" };
        format!("{before}{}{after}", visible(&shown))
    };
    (excerpt(a), excerpt(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_in_sight() {
        let pair = |a: &str, b: &str| contrast(a, b);
        assert_eq!(pair("make test", "make check"), ("make test".into(), "make check".into()));
        let long = "x".repeat(1_000);
        let (a, b) = pair(&format!("{long}A{long}"), &format!("{long}B"));
        assert_eq!(a, format!("…{}A{}…", "x".repeat(16), "x".repeat(31)));
        assert_eq!(b, format!("…{}B", "x".repeat(16)));
        assert_eq!(pair("\x1b[2J", ""), ("\\x1b[2J".into(), String::new()));
    }
}
