//! No secret of the environment reaches a store: not through what an agent prints, sends, writes or is told, in no form that
//! tools give it, in no byte of a trace or of a journal.

use super::recorded::{BINARY, read};
use super::workspace::Workspace;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use ramptrace::capture::journal::{journals, recover};
use ramptrace::trace::Store;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Names and values; none of the values is a word of anything else.
const SECRETS: &[(&str, &str)] = &[
    ("OPENAI_API_KEY", "sk-proj-Zq81vLxT0mWc93RbYp47HdKs"),
    ("ANTHROPIC_API_KEY", "sk-ant-api03-Jt55QzPw20nXe81MfLr9"),
    ("HOUSE_PASSWORD", "corr\"ect\\horse/battery+staple\u{e9}"),
    ("DEPLOY_TOKEN", "tok_5gH2kP9wQ7xN4vB8"),
];

/// An agent that gives everything away: in prompts, commands, files, output and headers.
const SCRIPT: &str = r#"
[[on]]
prompt = "."
[[on.turn]]
text = "I look around."
calls = [
  { tool = "bash", command = "env; printenv OPENAI_API_KEY | base64; printf 'x%s' \"$HOUSE_PASSWORD\" | base64; printenv HOUSE_PASSWORD >&2" },
  { tool = "bash", command = "printf '%s' \"$DEPLOY_TOKEN\" | od -An -tx1 | tr -d ' \\n'; env | sed 's/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g'" },
]
[[on.turn]]
text = "That is all."
"#;

/// Every form in which a secret is looked for.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).expect("text");
    let json = json.trim_matches('"').to_owned();
    let twice = serde_json::to_string(&json).expect("text");
    let mut forms = vec![secret.to_owned(), json, twice.trim_matches('"').to_owned()];
    forms.push(
        secret
            .bytes()
            .flat_map(|b| [b >> 4, b & 15])
            .filter_map(|d| char::from_digit(d.into(), 16))
            .collect(),
    );
    for pad in 0..3 {
        // The part of the encoding that does not depend on what stands around.
        let shifted = [&b"xxx"[..pad], secret.as_bytes()].concat();
        for encoded in [BASE64_STANDARD.encode(&shifted), BASE64_URL_SAFE_NO_PAD.encode(&shifted)] {
            let whole = (shifted.len() / 3) * 4;
            forms.push(encoded[if pad == 0 { 0 } else { 4 }..whole].to_owned());
        }
    }
    forms
}

fn assert_clean(text: &[u8], what: &str) {
    for (name, secret) in SECRETS {
        for form in forms(secret) {
            let found = text.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{name} as `{form}` stands in {what}");
        }
    }
}

/// All of a store: its bytes, and the texts of its traces.
fn assert_store_is_clean(space: &Workspace) {
    for (path, bytes) in space.files("store") {
        assert_clean(&bytes, &path);
    }
    let files = Store::open(&space.path("store")).expect("a store").files();
    assert_eq!(files.len(), 1);
    for event in read(&files[0]) {
        assert_clean(format!("{event:?}").as_bytes(), "an event");
        let texts = [&event.content, &event.arguments, &event.attributes, &event.tool_call_id];
        for text in texts.into_iter().flatten() {
            assert_clean(text.as_bytes(), "a text");
        }
    }
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let (_, secret) = SECRETS[2];
    for text in [
        format!("key={secret}"),
        serde_json::to_string(&format!("a {secret} b")).unwrap(),
        BASE64_STANDARD.encode(format!("y{secret} and more")),
        BASE64_STANDARD.encode(format!("xy{secret}")),
    ] {
        let clean = std::panic::catch_unwind(|| assert_clean(text.as_bytes(), "a test"));
        assert!(clean.is_err(), "{text}");
    }
}

#[test]
fn no_secret_of_the_environment_is_in_a_trace() {
    let space = Workspace::new();
    space.write("models/m.toml", SCRIPT);
    let prompt = format!("Use {} please", SECRETS[3].1);
    space.write("p/pipeline.toml", format!("[pipeline]\nname = \"w\"\n[[stage]]\nname = \"T0\"\nprompt_text = '''{prompt}'''\ngrade = \"env\"\n"));
    let args = [
        "record",
        "--pipeline",
        "p",
        "--agent",
        "scripted",
        "--model",
        "m",
        "--mock",
        "models",
        "-o",
        "store",
        "--name",
        "r",
        "-v",
    ];
    let ran = space.command(&args).envs(SECRETS.iter().copied()).output().expect("it runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_clean(&ran.stderr, "the log");
    assert_store_is_clean(&space);
    // The texts are there, only masked.
    let files = Store::open(&space.path("store")).expect("a store").files();
    let events = read(&files[0]);
    let masked = events.iter().filter(|e| format!("{e:?}").contains("[redacted:")).count();
    assert!(masked >= 4, "the prompt, the commands' output and the grader's: {masked}");
}

#[test]
fn no_secret_of_the_environment_is_in_a_journal() {
    let space = Workspace::new();
    space.write("models/m.toml", SCRIPT);
    let line = format!("{BINARY} agent --model m 'go on'; sleep 2; touch told; sleep 300");
    let args =
        ["record", "-o", "store", "--name", "r", "--mock", "models", "--", "sh", "-c", &line];
    let mut child = space
        .command(&args)
        .envs(SECRETS.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    let begun = Instant::now();
    while !space.path("told").exists() {
        assert!(begun.elapsed() < Duration::from_mins(1), "it never came so far");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    for (path, bytes) in space.files("store") {
        assert_clean(&bytes, &path);
    }
    let left = journals(&space.path("store")).expect("journals");
    assert_eq!(left.len(), 1);
    recover(&space.path("store"), &left[0]).expect("a recovery");
    assert_store_is_clean(&space);
}
