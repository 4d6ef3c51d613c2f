//! Masks: equal for equal secrets, in every form, stable, and never where they do not belong.

use super::{Encoding, KnownSecrets, PseudonymKey, RedactionRules, Redactor, forms};
use crate::trace::{Event, Kind, RunFacts};
use serde_json::Value;
use std::borrow::Cow;

const SECRET: &str = "pa\"ss/wörd+1";

fn with(secrets: &[&str], rules: &str) -> Redactor {
    let mut known = KnownSecrets::default();
    for secret in secrets {
        known.add(secret);
    }
    let rules = RedactionRules::parse("rules.toml", rules).unwrap();
    Redactor::new(PseudonymKey::from_bytes([7; 32]), &known, rules).unwrap()
}

fn masked(redactor: &Redactor, text: &str) -> String {
    redactor.mask(text).into_owned()
}

#[test]
fn every_form_of_a_secret_has_one_mask() {
    let redactor = with(&[SECRET, "another-secret"], "");
    let mask = masked(&redactor, SECRET);
    assert!(mask.starts_with("[redacted:known-secret:") && mask.len() == 32, "{mask}");
    for form in forms(SECRET) {
        let found = masked(&redactor, &format!("<{}>", form.text));
        assert_eq!(found, format!("<{mask}>"), "{:?}", form.encoding);
    }
    assert_ne!(masked(&redactor, "another-secret"), mask);
    let encodings: std::collections::BTreeSet<Encoding> =
        forms(SECRET).iter().map(|f| f.encoding).collect();
    assert_eq!(encodings.len(), 5);
}

#[test]
fn masks_depend_on_the_key_alone() {
    let redactor = with(&[SECRET], "");
    assert_eq!(masked(&redactor, SECRET), masked(&with(&[SECRET, "more-secrets"], ""), SECRET));
    let mut known = KnownSecrets::default();
    known.add(SECRET);
    let other = Redactor::new(PseudonymKey::from_bytes([8; 32]), &known, RedactionRules::default())
        .unwrap();
    assert_ne!(masked(&redactor, SECRET), masked(&other, SECRET));
    // HMAC-SHA256 of the secret under 32 bytes of 7, by Python's hmac module.
    assert_eq!(masked(&redactor, SECRET), "[redacted:known-secret:0950df97]");
}

#[test]
fn a_text_without_secrets_is_borrowed() {
    let redactor = with(&[SECRET], "[[rule]]\nname = 'customer'\npattern = 'C-[0-9]+'");
    for text in [
        "",
        "x",
        "plain text, with 1 number",
        "[redacted:jwt:0123abcd]",
        "password=[redacted:assigned:0123abcd]",
    ] {
        assert!(matches!(redactor.mask(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn words_of_masks_are_no_secrets() {
    let redactor = with(&["redacted", "known-secret", "[redacted:", "assigned"], "");
    assert_eq!(masked(&redactor, "redacted known-secret"), "redacted known-secret");
    assert!(!masked(&with(&["redacted!"], ""), "redacted!").contains("redacted!"));
}

#[test]
fn neighbours_are_found_in_one_call() {
    let redactor = with(&["QRSTUVWXYZ234567"], "");
    let aws = ["AK", "IAABCDEFGHIJKLMNOP"].concat();
    let key = ["sk", "-aB3dE6gH9jK2mN5pQ8rS1tU4vW7x"].concat();
    // The beginning of the second key is only free when the first is masked.
    for text in [
        format!("{aws}{key}"),
        format!("QRSTUVWXYZ234567{key}"),
        format!("{aws}QRSTUVWXYZ234567{key}"),
    ] {
        let found = masked(&redactor, &text);
        assert!(!found.contains("aB3d") && !found.contains("ABCD"), "{found}");
        assert_eq!(masked(&redactor, &found), found);
    }
}

#[test]
fn rules_of_users_come_first_and_mask_their_group() {
    let rules = "keep = ['^aB3']\n[[rule]]\nname = 'customer'\npattern = 'C-(?<secret>[0-9]+)'\n\
                 [[rule]]\nname = 'github'\npattern = 'ghp_\\w+'\ncategory = 'forge'\n\
                 [[rule]]\nname = 'after-a-break'\npattern = '\\bx'\n";
    let redactor = with(&[], rules);
    assert_eq!(masked(&redactor, "C-12 and C-12"), {
        let mask = redactor.mask_of("customer", "12");
        format!("C-{mask} and C-{mask}")
    });
    let token = ["gh", "p_aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zCaB3d"].concat();
    assert!(masked(&redactor, &token).starts_with("[redacted:forge:"));
    let kept = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC";
    assert_eq!(masked(&redactor, kept), kept);
    assert!(masked(&redactor, &kept[1..]).starts_with("[redacted:high-entropy:"));
    // Each match frees the next one: resolved in one pass, in linear time.
    let many = "x".repeat(20_000);
    assert!(!masked(&redactor, &many).contains('x'));
}

#[test]
fn a_pattern_that_looks_ahead_ends() {
    let redactor = with(&[], "[[rule]]\nname = 'before-a-break'\npattern = 'x\\b'\n");
    let found = masked(&redactor, &"x".repeat(100));
    assert_eq!(found.matches("[redacted:").count(), 8, "one for each pass");
}

#[test]
fn json_keys_say_what_values_are() {
    let redactor = with(&["12345678"], "");
    let mut event = Event::new(Kind::ToolCall);
    let random = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC";
    event.attributes = Some(format!(
        "{{\"password\": \"correct-horse\", \"token\": \"identifier\", \"n\" : 12345678, \"id\":\"{random}\",\n \"other\":\"{random}\", \"x\": 1.50}}"
    ));
    let findings = redactor.mask_event(&mut event);
    let expected = format!(
        "{{\"password\": \"{}\", \"token\": \"identifier\", \"n\" : \"{}\", \"id\":\"{random}\",\n \"other\":\"{}\", \"x\": 1.50}}",
        redactor.mask_of("assigned", "correct-horse"),
        redactor.mask_of("known-secret", "12345678"),
        redactor.mask_of("high-entropy", random),
    );
    assert_eq!(event.attributes.as_deref(), Some(&*expected));
    let found: Vec<_> = findings.iter().collect();
    assert_eq!(
        found,
        [
            ("attributes", "assigned", 1),
            ("attributes", "high-entropy", 1),
            ("attributes", "known-secret", 1)
        ]
    );
}

#[test]
fn what_a_key_says_of_a_list_it_says_of_its_values() {
    let redactor = with(&[], "");
    let random = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC";
    let (cookie, key) = ("session-0f1e2d3c", "hunter2hunter2");
    let mut event = Event::new(Kind::ToolCall);
    event.attributes = Some(format!(
        r#"{{"cookie":["{cookie}",["{cookie}"],{{"n":"{cookie}"}},"{cookie}"],"ids":["{random}"],"x":["{key}"],"password":{{"x":"{key}"}}}}"#
    ));
    redactor.mask_event(&mut event);
    let mask = redactor.mask_of("assigned", cookie);
    let expected = format!(
        r#"{{"cookie":["{mask}",["{mask}"],{{"n":"{cookie}"}},"{mask}"],"ids":["{random}"],"x":["{key}"],"password":{{"x":"{key}"}}}}"#
    );
    assert_eq!(event.attributes, Some(expected));
}

#[test]
fn a_secret_that_is_json_leaves_json() {
    let credentials = r#"{"type": "account", "n": 7}"#;
    let redactor = with(&[credentials, "1,\"bb\":22", "\":3,\"cc\":4"], "");
    for (text, expected) in [
        (
            format!("{{\"a\": {credentials}}}"),
            format!("{{\"a\": \"{}\"}}", redactor.mask_of("known-secret", credentials)),
        ),
        (credentials.to_owned(), format!("\"{}\"", redactor.mask_of("known-secret", credentials))),
        (
            "{\"a\":1,\"bb\":22}".to_owned(),
            format!("{{\"a\":\"{}\"}}", redactor.mask_of("known-secret", "1,\"bb\":22")),
        ),
        (
            "{\"aaa\":3,\"cc\":4}".to_owned(),
            r#"{"redacted":"{\"aaaMASK}"}"#
                .replace("MASK", &redactor.mask_of("known-secret", "\":3,\"cc\":4")),
        ),
    ] {
        let mut event = Event::new(Kind::ToolCall);
        event.arguments = Some(text);
        redactor.mask_event(&mut event);
        assert_eq!(event.arguments.as_deref(), Some(&*expected));
        assert!(serde_json::from_str::<Value>(&expected).is_ok());
    }
}

#[test]
fn names_and_identifiers_lose_known_secrets_only() {
    let redactor = with(&[SECRET], "");
    let random = "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC";
    let mut event = Event::new(Kind::ToolCall);
    event.tool_name = Some(["gh", "p_", random, random].concat());
    event.tool_call_id = Some(random.to_owned());
    event.response_id = Some(format!("id-{SECRET}"));
    event.content = Some(format!("call {random} and {}", &random[1..]));
    event.error_type = Some("failed: password=hunter2hunter2".to_owned());
    let before = event.clone();
    let findings = redactor.mask_event(&mut event);
    assert_eq!((&event.tool_name, &event.tool_call_id), (&before.tool_name, &before.tool_call_id));
    assert_eq!(event.response_id, Some(format!("id-{}", redactor.mask_of("known-secret", SECRET))));
    // The event's own identifier is left in its text, and so is a part of it.
    assert_eq!(event.content, before.content);
    assert!(event.error_type.unwrap().starts_with("failed: password=[redacted:assigned:"));
    assert_eq!(
        findings.by_category().into_iter().collect::<Vec<_>>(),
        [("assigned", 1), ("known-secret", 1)]
    );
    assert_eq!(findings.columns().into_iter().collect::<Vec<_>>(), ["error_type", "response_id"]);
}

#[test]
fn the_facts_of_a_run_lose_secrets() {
    let redactor = with(&[SECRET], "");
    let mut run = RunFacts {
        run_id: format!("run-{SECRET}"),
        workload: "yatcc".to_owned(),
        model: "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC".to_owned(),
        provider: Some("https://user:hunter2@host".to_owned()),
        ..RunFacts::default()
    };
    let findings = redactor.mask_run(&mut run);
    assert_eq!(findings.columns().into_iter().collect::<Vec<_>>(), ["provider", "run_id"]);
    assert!(!run.run_id.contains(SECRET) && !run.provider.unwrap().contains("hunter2"));
    assert_eq!(run.model, "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zC", "a name may look random");
}

#[test]
fn escapes_that_are_no_characters_are_masked_as_they_stand() {
    let redactor = with(&["eight888"], "");
    for text in [r#"{"a": "\ud800 eight888"}"#, r#"["\ud800\\u0041eight888\udfff"]"#] {
        let mut event = Event::new(Kind::ToolCall);
        event.arguments = Some(text.to_owned());
        redactor.mask_event(&mut event);
        let found = event.arguments.unwrap();
        assert!(!found.contains("eight888") && super::json::is_json(&found), "{found}");
    }
}

#[test]
fn huge_and_hostile_texts_take_linear_time() {
    let redactor = with(&["aaaaaaaaaaaaaaab", SECRET], "");
    let repeated = |piece: &str| piece.repeat(500_000 / piece.len());
    let begun = std::time::Instant::now();
    for text in [
        repeated("a"),
        repeated("eyJ"),
        repeated("eyJx-sk-ant-"),
        repeated("sk-"),
        repeated("://a:"),
        repeated("://a:b@"),
        repeated(&["-----BEGIN PRIVATE", " KEY-----"].concat()),
        repeated("password="),
        repeated("Authorization: Bearer "),
        repeated("[redacted:"),
        repeated("[redacted:jwt:00000000]"),
        repeated("\\"),
        repeated("cookie: a=bbbb; "),
        repeated("aB3dE6gH9jK2mN5pQ8rS1tU4 "),
        repeated("é\u{1b}[31m"),
    ] {
        let found = masked(&redactor, &text);
        assert_eq!(masked(&redactor, &found), found, "{}", &text[..20]);
    }
    // Quadratic time would be hours; the limit is for a debug build on a busy machine.
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let mut event = Event::new(Kind::ToolCall);
    event.arguments = Some(deep.clone());
    redactor.mask_event(&mut event);
    assert_eq!(event.arguments, Some(deep));
}
