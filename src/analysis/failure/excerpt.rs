//! Pieces of text as evidence: short, on one line, with nothing invisible and no secrets.

use regex::Regex;
use std::sync::LazyLock;

/// Characters of an excerpt at most.
pub const LONGEST_EXCERPT: usize = 160;
/// Characters before the place of interest that are shown.
const LEAD: usize = 40;
/// Bytes around an excerpt in which a secret is recognised whole.
const MARGIN: usize = 2048;

/// What looks like a secret. Only ASCII, so that a mask of the same length keeps places.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let patterns = [
        r"\bsk-[A-Za-z0-9_-]{6,}",
        r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{6,}",
        r"(?i-u:bearer[ \t]+[A-Za-z0-9._~+/=-]{6,})",
        r#"(?i-u:(?:api[_-]?key|access[_-]?token|secret[_-]?key|password|passwd)["']?[ \t]*[:=][ \t]*["']?[A-Za-z0-9._~+/=-]{6,})"#,
        r"\bgh[pousr]_[A-Za-z0-9]{16,}",
        r"\bgithub_pat_[A-Za-z0-9_]{16,}",
        r"\bhf_[A-Za-z0-9]{16,}",
        r"\bAKIA[0-9A-Z]{12,}",
        r"\bAIza[A-Za-z0-9_-]{20,}",
        r"\bxox[abeprs]-[A-Za-z0-9-]{8,}",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]{8,}",
    ];
    Regex::new(&patterns.join("|")).expect("the patterns are fixed and tested")
});

/// Replaces what looks like a secret with stars, its first three characters aside. The length stays the same.
pub fn masked(text: &str) -> String {
    let mask = |found: &regex::Captures<'_>| {
        let secret = found.get(0).map_or("", |m| m.as_str());
        let shown: String = secret.chars().take(3).collect();
        shown + &"*".repeat(secret.len().saturating_sub(3))
    };
    SECRET.replace_all(text, mask).into_owned()
}

/// At most 160 characters of a text around a byte position, on one line.
pub fn excerpt(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at.min(text.len()));
    let from = text.floor_char_boundary(at.saturating_sub(MARGIN));
    let to = text.ceil_char_boundary((at + MARGIN).min(text.len()));
    let window = masked(text.get(from..to).unwrap_or_default());
    let (before, after) = window.split_at(window.floor_char_boundary(at - from));
    let skipped = before.chars().count().saturating_sub(LEAD);
    let cut_before = from > 0 || skipped > 0;
    let shown: Vec<char> =
        before.chars().skip(skipped).chain(after.chars()).take(LONGEST_EXCERPT + 1).collect();
    let whole = usize::from(cut_before) + shown.len() <= LONGEST_EXCERPT && to == text.len();
    let room = LONGEST_EXCERPT - usize::from(cut_before) - usize::from(!whole);
    let mut line = String::new();
    line.extend(cut_before.then_some('…'));
    line.extend(shown.into_iter().take(room).map(visible));
    line.extend((!whole).then_some('…'));
    line
}

/// A character that can be seen: control characters by their pictures, what changes direction or has no width by �.
fn visible(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('�'),
        '\u{7f}' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => '�',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stand_whole_and_control_characters_show() {
        assert_eq!(excerpt("a\nb\u{1b}[0m\u{7}", 0), "a␊b␛[0m␇");
        assert_eq!(excerpt("x\u{202e}y\u{200b}", 0), "x�y�");
        assert_eq!(excerpt("", 7), "");
    }

    #[test]
    fn long_texts_are_cut_around_the_place() {
        let text = format!("{}error here{}", "é".repeat(5000), "z".repeat(5000));
        let found = excerpt(&text, text.find("error").unwrap());
        assert_eq!(found.chars().count(), LONGEST_EXCERPT);
        assert!(found.starts_with("…é") && found.contains("error here") && found.ends_with("z…"));
        let end = excerpt(&text, usize::MAX);
        assert_eq!(end.chars().count(), LEAD + 1);
    }

    #[test]
    fn secrets_are_masked_even_at_the_edge() {
        for secret in [
            "sk-abcdef0123456789",
            "Bearer abc.def-ghi",
            "api_key: \"Zm9vYmFyYmF6\"",
            "ghp_0123456789abcdef0123",
            "AKIAABCDEFGHIJKLMNOP",
            "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
        ] {
            let text = format!("{} {secret} {}", "x".repeat(100), "y".repeat(300));
            for at in 0..text.len() {
                let tail = &secret[secret.len() - 5..];
                assert!(!excerpt(&text, at).contains(tail), "{secret} at {at}");
            }
            assert_eq!(masked(&text).len(), text.len());
        }
        let harmless = "task-completion of the token stream; risk-free";
        assert_eq!(masked(harmless), harmless);
    }
}
