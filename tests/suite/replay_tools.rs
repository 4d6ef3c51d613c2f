//! Recorded commands executed again: the same world, another one, and nothing without being asked.

use super::workspace::Workspace;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces/mini-compiler").join(name)
}

fn tools<'a>(trace: &'a str, workspace: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    [&["replay", "--tools", trace, "--workspace", workspace], rest].concat()
}

#[test]
fn the_commands_of_a_run_do_the_same_in_a_copy() {
    let space = Workspace::new();
    let trace = sample("traces/workload=mini-compiler/model=solid/alone-solid.parquet");
    let (trace, workspace) =
        (trace.display().to_string(), sample("workspace").display().to_string());
    let refused = space.run(&tools(&trace, &workspace, &[]));
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("--yes") && refused.stderr.contains("cat LANGUAGE.md"));
    assert!(refused.stdout.is_empty(), "nothing ran");
    let ran = space.run(&tools(&trace, &workspace, &["--yes", "--format", "json"]));
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let rows = rows.as_array().expect("rows");
    let count = |verdict: &str| rows.iter().filter(|row| row["verdict"] == verdict).count();
    assert!(count("same") >= 10 && count("done") >= 6, "{}", ran.stdout);
    assert_eq!(count("same") + count("done"), rows.len());
    assert!(!sample("workspace/src").exists(), "the workspace itself is as it was");
}

#[test]
fn another_world_is_named_by_its_first_difference() {
    let space = Workspace::new();
    let trace = sample("traces/workload=mini-compiler/model=solid/alone-solid.parquet");
    space.write("w/README.md", "another text\n");
    let ran = space.run(&tools(&trace.display().to_string(), "w", &["--yes"]));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("the world first differs at event 5: ls -R ."), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("another text") || ran.stderr.contains("LANGUAGE.md"),
        "{}",
        ran.stderr
    );
}
