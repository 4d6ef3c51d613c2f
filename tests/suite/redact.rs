//! `ramptrace store redact`: secrets leave a store, and no number of it changes.

use super::workspace::Workspace;
use ramptrace::trace::{Event, Kind, Layout, RunFacts, Store, TraceReader, Written};
use std::collections::BTreeMap;
use std::path::Path;

/// A secret of the environment, and the variable that it is in. Made up for this test.
const VARIABLE: (&str, &str) = ("EXAMPLE_API_KEY", "made-up/secret+of \"this\" test");
const METRICS: &str = "SELECT run_id, llm_calls, tool_calls, input_tokens, output_tokens, max_identical_run FROM runs";

/// The demonstration run, with a secret of the environment and a key by its pattern in its texts; the file of it.
fn store_with_secrets(work: &Workspace) -> std::path::PathBuf {
    work.ok(&["generate", "demo", "demo"]);
    let files = Store::open(&work.path("demo")).expect("a store").files();
    let items = TraceReader::open(&files[0]).expect("a trace");
    let (runs, mut events): (Vec<RunFacts>, Vec<Event>) =
        items.map(|item| item.expect("a row")).unzip();
    let key = ["gh", "p_aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zCaB3d"].concat();
    for event in &mut events {
        let content = event.content.take().unwrap_or_default();
        event.content = Some(format!("{content} {key}"));
        if event.kind == Kind::ToolCall {
            event.arguments = Some(serde_json::json!({ "command": VARIABLE.1 }).to_string());
        }
    }
    let sealed = Store::seal(&work.path("store"), &runs[0], &events).expect("a sealed trace");
    let path = Layout::of(&work.path("store")).path_of(&runs[0]);
    let written = Store::publish(sealed, &runs[0].run_id, &BTreeMap::new(), false);
    assert_eq!(written.expect("a published trace"), Written::New);
    path
}

fn redact(work: &Workspace, args: &[&str]) -> super::workspace::Ran {
    let all = [&["store", "redact"], args].concat();
    let output = work.command(&all).env(VARIABLE.0, VARIABLE.1).output().expect("the binary runs");
    super::workspace::Ran::of(output)
}

/// Everything that a reader of a trace sees.
fn seen(path: &Path) -> String {
    let items = TraceReader::open(path).expect("a trace").map(|item| item.expect("a row"));
    let lines = items.map(|(_, event)| serde_json::to_string(&event).expect("JSON"));
    lines.collect::<Vec<_>>().join("\n")
}

fn has_secret(text: &str) -> bool {
    let quoted = serde_json::json!(VARIABLE.1).to_string();
    let inner = quoted.trim_matches('"').trim_end_matches('\\');
    text.contains(VARIABLE.1) || text.contains(inner) || text.contains("ghp_aB3d")
}

#[test]
fn a_copy_has_no_secrets_and_the_same_numbers() {
    let work = Workspace::new();
    let path = store_with_secrets(&work);
    assert!(has_secret(&seen(&path)));
    let before = work.ok(&["sql", "store", METRICS, "--format", "csv"]);
    let dry = redact(&work, &["store", "--dry-run", "--format", "csv"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert!(!work.path("store/.ramptrace").exists(), "a dry run makes no key");

    let ran = redact(&work, &["store", "-o", "public", "--key-file", "key", "--format", "csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, dry.stdout, "the counts");
    let categories: Vec<&str> =
        ran.stdout.lines().skip(1).filter_map(|l| l.split(',').next()).collect();
    assert_eq!(categories, ["github-token", "known-secret"]);
    assert!(ran.stderr.contains("compared and unchanged"), "{}", ran.stderr);

    let masked = Store::open(&work.path("public")).expect("a store").files();
    assert_eq!(masked.len(), 1);
    assert!(!has_secret(&seen(&masked[0])));
    assert!(has_secret(&seen(&path)), "the store itself stays");
    assert_eq!(work.ok(&["sql", "public", METRICS, "--format", "csv"]), before);
    // The same key, the same masks; another key, other masks.
    let again = redact(&work, &["store", "-o", "again", "--key-file", "key"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(work.files("again"), work.files("public"));
    let other = redact(&work, &["store", "-o", "other", "--key-file", "other-key"]);
    assert_eq!(other.code, 0, "{}", other.stderr);
    assert_ne!(work.files("other"), work.files("public"));
}

#[test]
fn in_place_once_is_in_place_twice() {
    let work = Workspace::new();
    let path = store_with_secrets(&work);
    let ran = redact(&work, &["store", "--in-place"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!has_secret(&seen(&path)));
    let key = std::fs::read(work.path("store/.ramptrace/redaction.key")).expect("a key");
    let once = std::fs::read(&path).expect("a trace");
    let ran = redact(&work, &["store", "--in-place"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "", "nothing is left to mask");
    assert_eq!(std::fs::read(&path).expect("a trace"), once);
    assert_eq!(std::fs::read(work.path("store/.ramptrace/redaction.key")).expect("a key"), key);
    assert_eq!(work.run(&["store", "check", "store"]).code, 0);
}

#[test]
fn what_is_not_clear_is_refused_before_anything_is_written() {
    let work = Workspace::new();
    let path = store_with_secrets(&work);
    let before = std::fs::read(&path).expect("a trace");
    work.write("rules.toml", "[[rule]]\nname = 'x'\npattern = '('\n");
    work.write("bad-key", "12");
    for (args, words) in [
        (&["store"][..], "where do the masked traces go?"),
        (&["store", "-o", "store/public"], "in the store itself"),
        (
            &["store", "--in-place", "--rules", "rules.toml"],
            "rules.toml:3: rule `x`: `pattern`: unclosed group",
        ),
        (&["store", "--in-place", "--key-file", "bad-key"], "is no redaction key"),
        (&["nowhere", "--in-place"], "nowhere"),
    ] {
        let ran = redact(&work, args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{args:?}: {}", ran.stderr);
    }
    assert_eq!(std::fs::read(&path).expect("a trace"), before);
}
