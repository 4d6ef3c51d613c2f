//! Texts that are JSON: masked string by string, so that they stay JSON.
//!
//! Only the strings that hold a secret are written anew; everything else, numbers and spaces included, keeps its bytes. A
//! number that is a secret becomes a string. The key of a value says more than the value: what stands under `password` is
//! one, and what stands under `id` or `signature` is none, however random it looks.

use super::patterns::LEAST_CHANGES;
use super::redactor::{KNOWN_SECRET, OPENING, Redactor, Scope};
use super::shape::{changes, has_digits_and_letters, is_placeholder};
use super::{Findings, SHORTEST_SECRET};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// Category of values that stand under the name of a secret.
const ASSIGNED: &str = "assigned";

/// Whether a text is JSON.
pub(super) fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Where a JSON text belongs, and what was masked in it.
struct Masking<'a> {
    redactor: &'a Redactor,
    scope: Scope<'a>,
    column: &'static str,
    findings: &'a mut Findings,
}

/// A JSON text with its secrets masked; none when there are none.
pub(super) fn mask_json(
    redactor: &Redactor,
    text: &str,
    scope: Scope<'_>,
    column: &'static str,
    findings: &mut Findings,
) -> Option<String> {
    let masked = Masking { redactor, scope, column, findings }.literals(text);
    let current = masked.as_deref().unwrap_or(text);
    if !redactor.has_known(current) {
        return masked;
    }
    // A known secret that is JSON itself, or that spans several strings.
    findings.add(column, KNOWN_SECRET);
    Some(without_known(redactor, current))
}

/// A JSON text without its known secrets, in a shape that is JSON.
fn without_known(redactor: &Redactor, text: &str) -> String {
    let good = |text: &String| is_json(text) && !redactor.has_known(text);
    let quoted = redactor.without_known(text, |mask| format!("\"{mask}\""));
    let bare = redactor.without_known(text, str::to_owned);
    let wrapped = serde_json::json!({ "redacted": bare }).to_string();
    [quoted, bare, wrapped].into_iter().find(good).unwrap_or_else(|| {
        serde_json::json!({ "redacted": redactor.mask_of(KNOWN_SECRET, text) }).to_string()
    })
}

impl Masking<'_> {
    /// Masks the strings and numbers of a text.
    fn literals(&mut self, text: &str) -> Option<String> {
        let bytes = text.as_bytes();
        let mut out = String::new();
        let (mut copied, mut at) = (0, 0);
        let mut key: Option<String> = None;
        // The keys of the lists and objects that are open: what a key says of a list it says of what is in it.
        let mut open: Vec<Option<String>> = Vec::new();
        while let Some(byte) = bytes.get(at) {
            let (end, new) = match byte {
                b'"' => {
                    let end = end_of_string(bytes, at);
                    let literal = text.get(at..end).unwrap_or_default();
                    let value = decoded(literal);
                    let new = self.string(key.as_deref(), literal, &value);
                    let is_key =
                        bytes[end..].iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':');
                    key = is_key.then(|| value.into_owned());
                    (end, new)
                }
                b'-' | b'0'..=b'9' => {
                    let is_digit =
                        |b: &&u8| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                    let end = at + bytes[at..].iter().take_while(is_digit).count();
                    key = None;
                    (end, self.number(text.get(at..end).unwrap_or_default()))
                }
                b'{' | b'[' => {
                    open.push(key.take_if(|_| *byte == b'['));
                    key = open.last().cloned().flatten();
                    (at + 1, None)
                }
                b']' | b'}' => {
                    open.pop();
                    key = None;
                    (at + 1, None)
                }
                b',' => {
                    key = open.last().cloned().flatten();
                    (at + 1, None)
                }
                _ => (at + 1, None),
            };
            if let Some(new) = new {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str(&new);
                copied = end;
            }
            at = end;
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Some(out)
    }

    /// A string literal, masked; none when there is nothing to mask.
    fn string(&mut self, key: Option<&str>, literal: &str, value: &str) -> Option<String> {
        let random = self.scope.random && !key.is_some_and(is_id_key);
        let scope = Scope { random, ..self.scope };
        let masked = self.redactor.mask_counted(value, scope, self.column, self.findings);
        if let Cow::Owned(masked) = masked {
            let new = serde_json::Value::String(masked).to_string();
            // A literal that cannot be decoded was masked as it stands.
            let raw = !is_text(literal);
            return Some(if raw { self.raw_string(literal) } else { new });
        }
        let is_secret = self.scope.patterns && key.is_some_and(|key| is_secret_value(key, value));
        is_secret.then(|| {
            self.findings.add(self.column, ASSIGNED);
            format!("\"{}\"", self.redactor.mask_of(ASSIGNED, value))
        })
    }

    /// A literal with escapes that are no characters, masked as it stands, or as a whole.
    fn raw_string(&self, literal: &str) -> String {
        let masked = self.redactor.mask(literal).into_owned();
        if is_json(&masked) {
            return masked;
        }
        format!("\"{}\"", self.redactor.mask_of(KNOWN_SECRET, literal))
    }

    fn number(&mut self, literal: &str) -> Option<String> {
        let masked = self.redactor.mask_counted(literal, Scope::NAMES, self.column, self.findings);
        matches!(masked, Cow::Owned(_)).then(|| format!("\"{masked}\""))
    }
}

/// The byte after a string literal that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The text of a string literal; what is between its quotes when its escapes are no characters.
fn decoded(literal: &str) -> Cow<'_, str> {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(literal).map_or(Cow::Borrowed(inner), Cow::Owned)
}

fn is_text(literal: &str) -> bool {
    !literal.contains('\\') || serde_json::from_str::<String>(literal).is_ok()
}

/// A key in small letters, without what separates its words.
fn plain_key(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Keys of identifiers, digests and signatures.
fn is_id_key(key: &str) -> bool {
    let plain = plain_key(key);
    let is_word = matches!(
        plain.as_str(),
        "id" | "ids"
            | "uuid"
            | "guid"
            | "hash"
            | "digest"
            | "checksum"
            | "integrity"
            | "etag"
            | "sha"
            | "signature"
            | "thoughtsignature"
            | "encryptedcontent"
            | "systemfingerprint"
            | "fingerprint"
            | "commit"
            | "cursor"
    );
    is_word
        || key.ends_with("_id")
        || key.ends_with("Id")
        || key.ends_with("_ids")
        || key.ends_with("_hash")
        || plain.starts_with("sha256")
        || plain.starts_with("sha512")
}

/// Whether a value under a key is a secret by what the key says. `token` is said of much else.
fn is_secret_value(key: &str, value: &str) -> bool {
    if value.chars().count() < SHORTEST_SECRET
        || value.chars().any(char::is_whitespace)
        || value.contains(OPENING)
        || is_placeholder(value)
    {
        return false;
    }
    let plain = plain_key(key);
    let named = [
        "apikey",
        "accesskey",
        "accesstoken",
        "authtoken",
        "refreshtoken",
        "idtoken",
        "sessiontoken",
        "bearertoken",
        "secretkey",
        "secretaccesskey",
        "clientsecret",
        "privatekey",
        "password",
        "passwd",
        "passphrase",
        "secret",
        "authorization",
        "proxyauthorization",
        "cookie",
        "setcookie",
    ]
    .iter()
    .any(|name| plain.ends_with(name));
    named || (plain == "token" && has_digits_and_letters(value) && changes(value) >= LEAST_CHANGES)
}
