//! JSON as producers really write it.
//!
//! Python writes `NaN`, `Infinity` and `-Infinity`, and any encoder may write half of a surrogate pair, none of which is
//! JSON (RFC 8259). Text that is JSON is parsed as it stands; only text that is not is looked through for these, which
//! then become null and U+FFFD.

use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// Parses one JSON value, with the exceptions above. The error is that of the text as it stands.
pub(in super::super) fn lenient<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).or_else(|error| match mended(bytes) {
        Cow::Owned(mended) => serde_json::from_slice(&mended).map_err(|_| error),
        Cow::Borrowed(_) => Err(error),
    })
}

/// The text of a JSON error without its line, which the path already carries.
pub(in super::super) fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    format!("{text} at column {}", error.column())
}

/// The text with `null` for numbers that JSON does not have, and U+FFFD for surrogates without a partner.
fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let mut copied = 0;
    let mut at = 0;
    let mut in_string = false;
    let mut replace = |from: usize, to: usize, with: &[u8], copied: &mut usize| {
        let out = out.get_or_insert_with(Vec::new);
        out.extend_from_slice(&bytes[*copied..from]);
        out.extend_from_slice(with);
        *copied = to;
    };
    while at < bytes.len() {
        let rest = &bytes[at..];
        match rest[0] {
            b'"' => {
                in_string = !in_string;
                at += 1;
            }
            b'\\' if in_string => match unit(rest) {
                Some(0xd800..=0xdbff)
                    if matches!(rest.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) =>
                {
                    at += 12;
                }
                Some(0xd800..=0xdfff) => {
                    replace(at, at + 6, b"\\ufffd", &mut copied);
                    at += 6;
                }
                _ => at += 2,
            },
            b'N' | b'I' | b'-' if !in_string => {
                let word = [&b"NaN"[..], b"Infinity", b"-Infinity"]
                    .into_iter()
                    .find(|w| rest.starts_with(w));
                if let Some(word) = word {
                    replace(at, at + word.len(), b"null", &mut copied);
                }
                at += word.map_or(1, <[u8]>::len);
            }
            _ => at += 1,
        }
    }
    match out {
        Some(mut out) => {
            out.extend_from_slice(&bytes[copied..]);
            Cow::Owned(out)
        }
        None => Cow::Borrowed(bytes),
    }
}

/// The UTF-16 unit of an escape `\uXXXX` at the start of a text.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn numbers_that_json_lacks_become_null_outside_of_text() {
        let value: Value =
            lenient(br#"{"a": NaN, "b": [-Infinity, Infinity, -1], "c": "NaN \"Infinity\""}"#)
                .unwrap();
        assert_eq!(value, json!({"a": null, "b": [null, null, -1], "c": "NaN \"Infinity\""}));
    }

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        let value: Value =
            lenient(br#"["\ud83d\ude00", "x\ud83d y", "\\ud83d", "\udc00"]"#).unwrap();
        assert_eq!(value, json!(["\u{1f600}", "x\u{fffd} y", "\\ud83d", "\u{fffd}"]));
    }

    #[test]
    fn large_integers_are_numbers_and_garbage_is_an_error() {
        let value: Value = lenient(b"[18446744073709551616]").unwrap();
        assert_eq!(value[0].as_f64(), Some(18_446_744_073_709_551_616.0));
        let error = lenient::<Value>(b"{\"a\": NaN,\n \"b\": }").unwrap_err();
        assert_eq!(error.line(), 1, "of the text as it stands");
        assert!(lenient::<Value>(&vec![b'['; 100_000]).is_err(), "no stack is exhausted");
    }
}
