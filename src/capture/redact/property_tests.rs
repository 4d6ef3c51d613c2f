//! Properties of masking on texts drawn at random: no panic, no secret left in any form, nothing changed twice, JSON stays
//! JSON.

use super::{KnownSecrets, PseudonymKey, RedactionRules, Redactor, forms};
use crate::trace::{Event, Kind};
use proptest::prelude::*;
use serde_json::Value;
use std::borrow::Cow;

fn redactor(secrets: &[&str]) -> Redactor {
    let mut known = KnownSecrets::default();
    for secret in secrets {
        known.add(secret);
    }
    let rules = "[[rule]]\nname = 'customer'\npattern = 'C-[0-9]+'\n";
    let rules = RedactionRules::parse("rules.toml", rules).unwrap();
    Redactor::new(PseudonymKey::from_bytes([7; 32]), &known, rules).unwrap()
}

/// Pieces that detectors, JSON and masks are made of.
fn piece() -> impl Strategy<Value = String> {
    let fixed = [
        "sk-",
        "sk-ant-",
        "ghp_",
        "AKIA",
        "eyJ",
        ".",
        "-----BEGIN PRIVATE KEY-----",
        "\n",
        "\\n",
        "://",
        ":",
        "@",
        "password=",
        "Authorization: Bearer ",
        "[redacted:",
        "[redacted:jwt:00000000]",
        "]",
        "\"",
        "\\",
        "{",
        "}",
        ",",
        " ",
        "%3D",
        "C-",
        "é",
        "😀",
        "\u{1b}[0m",
        "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC",
        "0123456789",
        "QRSTUVWXYZ234567",
        "=",
        "abcdefgh",
    ];
    prop_oneof![
        4 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[!-~]{8,40}",
        "[0-9]{8,12}",
        "[!-~é😀\\n\" ]{8,30}",
        Just("p/w+d=\"\\<&>~é\n12".to_owned())
    ]
    .prop_filter("a value that is known as it stands, and no part of a mask", |secret| {
        secret.trim() == secret
            && secret.chars().count() >= 8
            && !"[redacted:known-secret:".contains(secret.as_str())
    })
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    let key = || prop_oneof![text(), Just("password".to_owned()), Just("id".to_owned())];
    leaf.prop_recursive(4, 32, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// A form of the secret that is in a text.
fn leaked(text: &str, secret: &str) -> Option<String> {
    forms(secret).into_iter().map(|f| f.text).find(|form| text.contains(form))
}

proptest! {
    #[test]
    fn masking_twice_is_masking_once(text in text()) {
        let redactor = redactor(&["QRSTUVWXYZ234567"]);
        let once = redactor.mask(&text).into_owned();
        let twice = redactor.mask(&once);
        prop_assert!(matches!(twice, Cow::Borrowed(_)), "{text:?}\n{once:?}\n{twice:?}");
        prop_assert_eq!(redactor.mask(&text).into_owned(), once);
    }

    #[test]
    fn a_secret_is_nowhere_in_any_form(
        secret in secret(),
        around in prop::collection::vec(text(), 4),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 3),
    ) {
        let redactor = redactor(&[&secret]);
        let forms = forms(&secret);
        let mut text = around[0].clone();
        for (pick, after) in picks.iter().zip(&around[1..]) {
            text += &forms[pick.index(forms.len())].text;
            text += after;
        }
        let masked = redactor.mask(&text);
        prop_assert_eq!(leaked(&masked, &secret), None, "{:?} -> {:?}", text, masked);
        let twice = redactor.mask(&masked);
        prop_assert!(matches!(twice, Cow::Borrowed(_)));
    }

    #[test]
    fn events_lose_the_secret_and_json_stays_json(
        secret in secret(),
        value in json(),
        extra in text(),
        indented in any::<bool>(),
        spread in any::<bool>(),
    ) {
        let redactor = redactor(&[&secret]);
        let key = if spread { secret.clone() } else { extra.clone() };
        let value = serde_json::json!({ "a": value, key: [format!("{extra}{secret}{extra}"), {"password": extra}] });
        let text = if indented { format!("{value:#}") } else { value.to_string() };
        let mut event = Event::new(Kind::ToolCall);
        event.content = Some(format!("{extra}{secret}"));
        event.arguments = Some(text.clone());
        event.attributes = Some(text);
        event.tool_name = Some(secret.clone());
        event.tool_call_id = Some(format!("call_{secret}"));
        event.arguments_hash = Some(7);
        event.input_tokens = Some(12_345_678);
        let findings = redactor.mask_event(&mut event);
        prop_assert!(findings.total() >= 5);
        prop_assert_eq!((event.arguments_hash, event.input_tokens), (Some(7), Some(12_345_678)));
        for column in [&event.content, &event.arguments, &event.attributes, &event.tool_name, &event.tool_call_id] {
            prop_assert_eq!(leaked(column.as_deref().unwrap(), &secret), None, "{:?}", column);
        }
        for column in [&event.arguments, &event.attributes] {
            let parsed: Result<Value, _> = serde_json::from_str(column.as_deref().unwrap());
            prop_assert!(parsed.is_ok_and(|v| v.is_object()), "{:?}", column);
        }
        let again = redactor.mask_event(&mut event.clone());
        prop_assert!(again.is_empty(), "{again:?}: {event:?}");
    }

    #[test]
    fn json_without_secrets_keeps_its_bytes(numbers in prop::collection::vec(any::<f64>(), 0..8), spaces in " {0,3}") {
        let listed: Vec<String> = numbers.iter().filter(|n| n.is_finite()).map(|n| format!("{n:e}")).collect();
        let text = format!("{{{spaces}\"n\"{spaces}: [{}],{spaces} \"n\": \"\\u0041\\/\" }}", listed.join(","));
        let mut event = Event::new(Kind::ToolCall);
        event.attributes = Some(text.clone());
        let findings = redactor(&[]).mask_event(&mut event);
        prop_assert!(findings.is_empty());
        prop_assert_eq!(event.attributes, Some(text));
    }
}
