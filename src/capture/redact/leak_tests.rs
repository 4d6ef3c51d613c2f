//! No secret is left in any byte of an event, whatever form it came in. Encoded by other crates and by hand, and looked for
//! by decoding whatever could be decoded, so that nothing here depends on the forms that the redactor lists.

use super::{KnownSecrets, PseudonymKey, RedactionRules, Redactor};
use crate::trace::{COLUMNS, Column, ColumnGroup, ColumnType, Event, Kind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn redactor(secret: &str) -> Redactor {
    let mut known = KnownSecrets::default();
    known.add(secret);
    Redactor::new(PseudonymKey::from_bytes([7; 32]), &known, RedactionRules::default()).unwrap()
}

/// An event with a text in every column that can hold any: as it is, in JSON, and in JSON inside JSON.
fn event_with(text: &str) -> Event {
    let json = serde_json::json!({ "n": 1, "of": [text], text: { "deep": format!("<{text}>") } });
    let mut event = Event::new(Kind::ToolCall);
    event.content = Some(text.to_owned());
    event.arguments = Some(json.to_string());
    event.attributes = Some(serde_json::json!({ "raw": json.to_string() }).to_string());
    for name in [
        &mut event.event_id,
        &mut event.parent_event_id,
        &mut event.response_id,
        &mut event.finish_reason,
        &mut event.tool_name,
        &mut event.tool_call_id,
        &mut event.error_type,
        &mut event.role,
    ] {
        *name = Some(text.to_owned());
    }
    event
}

/// The texts of an event, and the line that a journal keeps of it.
fn texts(event: &Event) -> Vec<(String, String)> {
    let Ok(serde_json::Value::Object(columns)) = serde_json::to_value(event) else {
        panic!("no object")
    };
    let texts =
        columns.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
    texts.chain([("line".to_owned(), serde_json::to_string(event).unwrap())]).collect()
}

/// Every form in which the secret is looked for, with other bytes around it where the form hides its borders.
fn encoded(secret: &str, before: &[u8], after: &[u8]) -> Vec<String> {
    let long: Vec<u8> = [before, secret.as_bytes(), after].concat();
    let mut found: Vec<String> =
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|e| e.encode(&long)).to_vec();
    found.push(secret.to_owned());
    for escaped in [
        serde_json::to_string(secret).unwrap(),
        escaped(secret, |c| !c.is_ascii()),
        escaped(secret, |_| true),
        escaped(secret, |_| true).replace("\\u", "\\U").to_uppercase().replace("\\U", "\\u"),
    ] {
        found.push(serde_json::to_string(&escaped).unwrap());
        found.push(escaped);
    }
    for kept in ["-._~", "-._~!'()*"] {
        found.push(percent(secret, |b| b.is_ascii_alphanumeric() || kept.contains(char::from(b))));
    }
    found.push(percent(secret, |_| false));
    found.push(found[found.len() - 1].to_lowercase());
    let form = percent(secret, |b| b.is_ascii_alphanumeric() || b" *-._".contains(&b));
    found.push(form.replace(' ', "+"));
    let hex = long.iter().fold(String::new(), |hex, b| format!("{hex}{b:02x}"));
    found.push(hex.to_uppercase());
    found.push(hex);
    found
}

/// JSON's escapes, with `\u` for the characters that are asked for.
fn escaped(text: &str, as_number: impl Fn(char) -> bool) -> String {
    let one = |c: char| -> String {
        if as_number(c) {
            let mut units = [0; 2];
            let units = c.encode_utf16(&mut units).iter();
            return units.fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"));
        }
        let quoted = serde_json::to_string(&c).unwrap();
        quoted[1..quoted.len() - 1].to_owned()
    };
    text.chars().map(one).collect()
}

fn percent(text: &str, keep: impl Fn(u8) -> bool) -> String {
    text.bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Whether a text gives a secret away to someone who decodes it.
fn reveals(text: &str, secret: &str) -> bool {
    let mut layer = text.to_owned();
    for _ in 0..4 {
        for readable in [layer.clone(), unpercent(&layer), unpercent(&layer.replace('+', " "))] {
            let has = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(secret);
            if has(readable.as_bytes()) || (0..4).any(|from| has(&digits(&readable, 6, from))) {
                return true;
            }
            if (0..2).any(|from| has(&digits(&readable, 4, from))) {
                return true;
            }
        }
        layer = unescaped(&layer);
    }
    false
}

/// The bytes of the base64 or hexadecimal digits in a text, run by run; each run from its digit `from` on.
fn digits(text: &str, bits: u32, from: usize) -> Vec<u8> {
    let value = |b: u8| -> Option<u32> {
        let value = match (bits, b) {
            (4, _) => char::from(b).to_digit(16)?,
            (_, b'A'..=b'Z') => u32::from(b - b'A'),
            (_, b'a'..=b'z') => u32::from(b - b'a') + 26,
            (_, b'0'..=b'9') => u32::from(b - b'0') + 52,
            (_, b'+' | b'-') => 62,
            (_, b'/' | b'_') => 63,
            _ => return None,
        };
        Some(value)
    };
    let mut out = Vec::new();
    for run in text.as_bytes().split(|b| value(*b).is_none()) {
        let (mut held, mut count) = (0_u32, 0);
        for digit in run.iter().skip(from).filter_map(|b| value(*b)) {
            held = (held << bits | digit) & 0xffff;
            count += bits;
            if count >= 8 {
                count -= 8;
                out.push(u8::try_from(held >> count & 0xff).unwrap());
            }
        }
        out.extend([0; 2]);
    }
    out
}

fn unpercent(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let code = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let byte = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One layer of JSON's escapes taken off, wherever they stand.
fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        let unit = match rest.next() {
            Some('n') => 10,
            Some('r') => 13,
            Some('t') => 9,
            Some('b') => 8,
            Some('f') => 12,
            Some('u') => {
                let code = rest.as_str().get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
                code.inspect(|_| rest = rest.as_str()[4..].chars()).unwrap_or(b'u'.into())
            }
            Some(c) => {
                units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
                continue;
            }
            None => break,
        };
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[!-~]{8,40}",
        1 => "[A-Za-z0-9_-]{20,60}",
        1 => "[0-9]{8,12}",
        2 => "[!-~é😀\\n\" /+]{8,30}",
    ]
    .prop_filter("a value as it stands in the environment, and no part of a mask", |secret| {
        let of_masks = "[redacted:known-secret:[redacted:assigned:".contains(secret.as_str());
        secret.trim() == secret && secret.chars().count() >= 8 && !of_masks
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_form_of_a_secret_survives_in_an_event(
        secret in secret(),
        before in prop::collection::vec(any::<u8>(), 0..5),
        after in prop::collection::vec(any::<u8>(), 0..5),
        around in ("[ -~]{0,8}", "[ -~]{0,8}"),
    ) {
        let redactor = redactor(&secret);
        for form in encoded(&secret, &before, &after) {
            prop_assert!(reveals(&form, &secret), "the search is blind to {form:?}");
            // A separator keeps the neighbours from becoming part of an escape.
            let mut event = event_with(&format!("{}, {form} ,{}", around.0, around.1));
            redactor.mask_event(&mut event);
            for (column, text) in texts(&event) {
                prop_assert!(!reveals(&text, &secret), "{column}: {secret:?} as {form:?} in {text:?}");
            }
            for json in [&event.arguments, &event.attributes] {
                let json = json.as_deref().unwrap();
                prop_assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{json}");
            }
        }
    }
}

#[test]
fn every_column_that_can_hold_a_text_is_masked() {
    let secret = "hunter-two-hunter";
    let mut event = event_with(secret);
    let findings = redactor(secret).mask_event(&mut event);
    let is_open =
        |c: &&Column| c.ty == ColumnType::Text && c.words.is_empty() && c.group != ColumnGroup::Run;
    let open: BTreeSet<&str> = COLUMNS.iter().filter(is_open).map(|c| c.name).collect();
    assert_eq!(findings.columns(), open);
}
