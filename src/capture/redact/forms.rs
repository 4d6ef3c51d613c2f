//! The forms that a secret takes in text: as it is, and as tools and logs encode it.
//!
//! JSON escapes are those of RFC 8259 in the styles that common writers have, percent-encoding is RFC 3986 and the form
//! encoding of the URL standard, base64 is RFC 4648. A secret inside a longer encoded text has one of three alignments;
//! the form of an alignment is what does not depend on the neighbours, also as JSON and URLs have it. What wraps base64 into lines is only followed when
//! the secret begins the first line.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Bytes above which only the plain form and the first four styles of JSON are enumerated: a longer secret is a file.
const LONGEST_ENCODED: usize = 8192;
/// Columns at which tools wrap base64 (coreutils and MIME, PEM).
const WRAPPED_AT: [usize; 2] = [76, 64];

/// How a form is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Inside a JSON string, or inside JSON inside a JSON string.
    Json,
    /// Percent-encoded.
    Url,
    /// Two hexadecimal digits for each byte.
    Hex,
    /// Base64, at one of three alignments.
    Base64,
}

/// A secret in one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// How it is made.
    pub encoding: Encoding,
    /// What stands in the text.
    pub text: String,
}

/// Every form of a secret that [`super::Redactor`] looks for, each once, the plain one first.
pub fn forms(secret: &str) -> Vec<Form> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut add = |encoding, text: String| {
        if !text.is_empty() && seen.insert(text.clone()) {
            found.push(Form { encoding, text });
        }
    };
    add(Encoding::Plain, secret.to_owned());
    let is_long = secret.len() > LONGEST_ENCODED;
    for style in STYLES.into_iter().take(if is_long { 4 } else { STYLES.len() }) {
        let once = json_escaped(secret, style);
        for outer in [style, Escapes::LEAST] {
            add(Encoding::Json, json_escaped(&once, outer));
        }
        add(Encoding::Json, once);
    }
    if is_long {
        return found;
    }
    for unescaped in ["-._~", "-._~!'()*", "*-._", ""] {
        for upper in [true, false] {
            add(Encoding::Url, percent_encoded(secret, unescaped, upper));
        }
    }
    add(Encoding::Hex, secret.bytes().fold(String::new(), |text, b| pushed(text, b, false)));
    add(Encoding::Hex, secret.bytes().fold(String::new(), |text, b| pushed(text, b, true)));
    for alphabet in [STANDARD, URL_SAFE] {
        for alignment in 0..3 {
            let [inner, to_end, padded] = base64_forms(secret.as_bytes(), alphabet, alignment);
            if alignment == 0 {
                for wrapped in wrapped_forms(&inner) {
                    add(Encoding::Base64, wrapped);
                }
            }
            for digits in [inner, to_end, padded] {
                for upper in [true, false] {
                    add(Encoding::Base64, percent_encoded(&digits, "-._~", upper));
                }
                add(Encoding::Base64, digits.replace('/', "\\/"));
                add(Encoding::Base64, digits.replace('+', "\\u002B"));
                add(Encoding::Base64, digits);
            }
        }
    }
    found
}

/// What a JSON writer escapes besides what must be, and how.
#[derive(Clone, Copy)]
struct Escapes {
    /// Whether a character is written as `\u` and hexadecimal digits.
    as_number: fn(char) -> bool,
    slash: bool,
    upper: bool,
}

impl Escapes {
    /// Nothing more.
    const LEAST: Self = Self { as_number: |_| false, slash: false, upper: false };
}

/// The styles of common writers: `serde_json` and JavaScript, PHP, Go, Python, System.Text.Json of .NET (twice: as it is, and
/// as other writers have its hexadecimal digits), every character.
const STYLES: [Escapes; 8] = [
    Escapes::LEAST,
    Escapes { slash: true, ..Escapes::LEAST },
    Escapes {
        as_number: |c| matches!(c, '<' | '>' | '&' | '\u{2028}' | '\u{2029}'),
        ..Escapes::LEAST
    },
    Escapes { as_number: |c| c == '\u{7f}' || !c.is_ascii(), ..Escapes::LEAST },
    Escapes { as_number: is_escaped_by_dot_net, upper: true, ..Escapes::LEAST },
    Escapes { as_number: is_escaped_by_dot_net, ..Escapes::LEAST },
    Escapes { as_number: |_| true, ..Escapes::LEAST },
    Escapes { as_number: |_| true, upper: true, ..Escapes::LEAST },
];

fn is_escaped_by_dot_net(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '\'' | '"' | '+' | '`' | '\u{7f}') || !c.is_ascii()
}

fn json_escaped(text: &str, style: Escapes) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if (style.as_number)(c) => push_numbers(&mut out, c, style.upper),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if style.slash => out.push_str("\\/"),
            c if c < ' ' => push_numbers(&mut out, c, style.upper),
            c => out.push(c),
        }
    }
    out
}

/// Appends the UTF-16 units of a character as escapes.
fn push_numbers(out: &mut String, c: char, upper: bool) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = if upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
    }
}

/// Percent-encodes everything but letters, digits and `unescaped`; the style of forms writes a space as `+`.
fn percent_encoded(text: &str, unescaped: &str, upper: bool) -> String {
    let is_form = unescaped == "*-._";
    let mut out = String::with_capacity(3 * text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if !unescaped.is_empty() && (c.is_ascii_alphanumeric() || unescaped.contains(c)) {
            out.push(c);
        } else if is_form && c == ' ' {
            out.push('+');
        } else {
            out.push('%');
            out = pushed(out, byte, upper);
        }
    }
    out
}

/// A text with the two hexadecimal digits of a byte.
fn pushed(mut text: String, byte: u8, upper: bool) -> String {
    // Writing to a string cannot fail.
    let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
    text
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A secret in base64 after `alignment` unknown bytes: without the digits that it shares with its neighbours, and, as the
/// end of what was encoded, with its last digit and with the padding as well.
fn base64_forms(secret: &[u8], alphabet: &[u8; 64], alignment: usize) -> [String; 3] {
    let bytes: Vec<u8> = std::iter::repeat_n(0, alignment).chain(secret.iter().copied()).collect();
    let digits = base64(&bytes, alphabet);
    let shared = (8 * alignment).div_ceil(6);
    let whole = 8 * bytes.len() / 6;
    let cut = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    let to_end = cut(shared, digits.len());
    let padding = "=".repeat((4 - digits.len() % 4) % 4);
    [cut(shared, whole), to_end.clone(), to_end + &padding]
}

/// Base64 without padding.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for digit in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * digit)) & 63;
            out.push(char::from(alphabet[index as usize]));
        }
    }
    out
}

/// Base64 that begins a line and goes on over others, with line breaks as they are and as JSON has them.
fn wrapped_forms(digits: &str) -> Vec<String> {
    let long = WRAPPED_AT.iter().filter(|columns| digits.len() > **columns);
    let lines = |columns: usize| -> Vec<&str> {
        let starts = (0..digits.len()).step_by(columns);
        starts.filter_map(|i| digits.get(i..digits.len().min(i + columns))).collect()
    };
    long.flat_map(|columns| ["\n", "\r\n", "\\n"].map(|end| lines(*columns).join(end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(secret: &str, encoding: Encoding) -> Vec<String> {
        forms(secret).into_iter().filter(|f| f.encoding == encoding).map(|f| f.text).collect()
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        // The test vectors of section 10.
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes(), STANDARD), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff], STANDARD), "+/8");
        assert_eq!(base64(&[0xfb, 0xff], URL_SAFE), "-_8");
    }

    #[test]
    fn base64_forms_are_in_every_encoding_of_a_longer_text() {
        let secret = "hunter-2?>é~~";
        let found = texts(secret, Encoding::Base64);
        for before in ["", "a", "ab", "abc", "user:"] {
            for after in ["", "x", "xy", "xyz"] {
                for alphabet in [STANDARD, URL_SAFE] {
                    let coded = base64(format!("{before}{secret}{after}").as_bytes(), alphabet);
                    assert!(found.iter().any(|f| coded.contains(f)), "{before}|{after}: {coded}");
                }
            }
        }
        // coreutils: printf 'user:secret-word' | base64
        let coded = "dXNlcjpzZWNyZXQtd29yZA==";
        let longest = texts("secret-word", Encoding::Base64)
            .into_iter()
            .filter(|f| coded.contains(f.as_str()))
            .max_by_key(String::len);
        assert_eq!(longest.as_deref(), Some("zZWNyZXQtd29yZA=="));
    }

    #[test]
    fn json_forms_follow_common_writers() {
        let found = texts("a\"b\\c\n/<é😀", Encoding::Json);
        for expected in [
            r#"a\"b\\c\n/<é😀"#,
            r#"a\"b\\c\n\/<é😀"#,
            r#"a\"b\\c\n/\u003cé😀"#,
            // Python: json.dumps('a"b\\c\n/<é😀')
            r#"a\"b\\c\n/<\u00e9\ud83d\ude00"#,
            r#"a\\\"b\\\\c\\n/<é😀"#,
            // .NET: JsonSerializer.Serialize
            r"a\u0022b\\c\n/\u003C\u00E9\uD83D\uDE00",
            r"\u0061\u0022\u0062\u005c\u0063\u000a\u002f\u003c\u00e9\ud83d\ude00",
        ] {
            assert!(found.iter().any(|f| f == expected), "{expected}");
        }
        let read = |form: &String| serde_json::from_str::<String>(&format!("\"{form}\""));
        let whole = found.iter().filter(|f| read(f).is_ok_and(|text| text == "a\"b\\c\n/<é😀"));
        assert_eq!(whole.count(), 8, "one for each style");
    }

    #[test]
    fn url_and_hexadecimal_forms() {
        let url = texts("a b/ü!~", Encoding::Url);
        // RFC 3986; encodeURIComponent; application/x-www-form-urlencoded; every byte.
        for expected in [
            "a%20b%2F%C3%BC%21~",
            "a%20b%2f%c3%bc%21~",
            "a%20b%2F%C3%BC!~",
            "a+b%2F%C3%BC%21%7E",
            "%61%20%62%2F%C3%BC%21%7E",
        ] {
            assert!(url.iter().any(|f| f == expected), "{expected}: {url:?}");
        }
        assert_eq!(texts("Az/", Encoding::Hex), ["417a2f", "417A2F"]);
    }

    #[test]
    fn wrapped_base64_is_one_form() {
        let secret = "k".repeat(100);
        let coded = base64(format!("{secret}\n").as_bytes(), STANDARD);
        let (first, second) = coded.split_at(76);
        let printed = format!("{first}\n{second}");
        let found = texts(&secret, Encoding::Base64);
        assert!(found.iter().any(|f| f.contains('\n') && printed.contains(f)));
    }

    #[test]
    fn forms_are_different_and_never_short() {
        let found = forms("12345678");
        let distinct: BTreeSet<&str> = found.iter().map(|f| f.text.as_str()).collect();
        assert_eq!(distinct.len(), found.len());
        assert!(found.iter().all(|f| f.text.len() >= 8), "{found:?}");
        assert_eq!(found[0], Form { encoding: Encoding::Plain, text: "12345678".to_owned() });
        let long = forms(&"x\n".repeat(LONGEST_ENCODED));
        assert!(long.iter().all(|f| matches!(f.encoding, Encoding::Plain | Encoding::Json)));
        assert_eq!(long.len(), 3);
    }
}
