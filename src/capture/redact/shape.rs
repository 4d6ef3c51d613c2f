//! What a run of characters looks like: drawn at random, put together from words, or a placeholder.
//!
//! Shannon entropy (1948, in bits per character, from the counts within the run itself) says how evenly characters are
//! used, and cannot tell a long path from a key. How often small letters, capitals and digits take turns can: in a string
//! drawn at random they do so every other character, in words and numbers joined by `_`, `-` or `/` hardly ever.

/// Hexadecimal digits between other characters than letters and digits that make a hash.
const SHORTEST_HASH: usize = 7;

/// Shannon entropy of the bytes of a text, in bits per byte.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let total: u32 = counts.iter().sum();
    let terms = counts.iter().filter(|count| **count > 0).map(|count| {
        let share = f64::from(*count) / f64::from(total);
        -share * share.log2()
    });
    terms.sum()
}

/// Whether there are both digits and letters.
pub(super) fn has_digits_and_letters(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Kinds of characters between which a change counts.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Small,
    Capital,
    Digit,
}

impl Class {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            b'a'..=b'z' => Some(Self::Small),
            b'A'..=b'Z' => Some(Self::Capital),
            b'0'..=b'9' => Some(Self::Digit),
            _ => None,
        }
    }
}

/// Changes between small letters, capitals and digits per character of a text. A capital before a small letter begins a
/// word and is no change, and neither is what stands beside other characters.
pub(super) fn changes(text: &str) -> f64 {
    share(text, text.as_bytes().array_windows().filter(|pair| is_change(**pair)).count())
}

/// The same, where the hashes in a text (hexadecimal digits between other characters) have no changes.
pub(super) fn changes_outside_hashes(text: &str) -> f64 {
    let parts = text.as_bytes().split(|b| !b.is_ascii_alphanumeric());
    let is_hash =
        |part: &&[u8]| part.len() >= SHORTEST_HASH && part.iter().all(u8::is_ascii_hexdigit);
    let others = parts.filter(|part| !is_hash(part));
    share(text, others.map(|p| p.array_windows().filter(|pair| is_change(**pair)).count()).sum())
}

fn is_change(pair: [u8; 2]) -> bool {
    let [Some(a), Some(b)] = pair.map(Class::of) else { return false };
    a != b && (a, b) != (Class::Capital, Class::Small)
}

#[expect(clippy::cast_precision_loss, reason = "a share of a text")]
fn share(text: &str, count: usize) -> f64 {
    if text.is_empty() { 0.0 } else { count as f64 / text.len() as f64 }
}

/// A value that stands for one that is not there: a variable, a name in brackets, stars.
pub(super) fn is_placeholder(value: &str) -> bool {
    value.starts_with(['$', '<', '{', '[', '%', '('])
        || value.starts_with("YOUR")
        || value.starts_with("your")
        || value.bytes().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_'))
        || value.contains("****")
        || value.contains("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_has_its_textbook_values() {
        // A fair coin has one bit; 3:1 has 0.811 (Shannon 1948, figure 7).
        for (text, bits) in [
            ("", 0.0),
            ("aaaa", 0.0),
            ("abab", 1.0),
            ("abcd", 2.0),
            ("aaab", 0.811_278_124_459_132_8),
        ] {
            assert!((entropy(text) - bits).abs() < 1e-12, "{text}");
        }
    }

    #[test]
    fn changes_are_counted_inside_words_only() {
        for (text, count) in [
            ("", 0),
            ("word", 0),
            ("Word_and-Word/17.5", 0),
            ("camelCase", 1),
            ("HTTPServer2", 1),
            ("Mem2Reg", 2),
            ("aB3dE6", 5),
        ] {
            let expected = share(text, count);
            assert!((changes(text) - expected).abs() < 1e-12, "{text}: {}", changes(text));
        }
        let artefact = "libCore-c47ab1cb1ed35f27";
        assert!(changes(artefact) > 0.3);
        assert!((changes_outside_hashes(artefact) - 1.0 / 24.0).abs() < 1e-12);
        assert!(changes_outside_hashes("xc47ab1cb1ed35f27") > 0.4, "part of something else");
    }

    #[test]
    fn placeholders_are_told() {
        for value in [
            "$TOKEN",
            "${TOKEN}",
            "<password>",
            "{{token}}",
            "xxxxxxxx",
            "********",
            "sk-1234...abcd",
            "%TOKEN%",
            "YOUR_API_KEY",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        assert!(!is_placeholder("hunter2hunter2"));
    }
}
