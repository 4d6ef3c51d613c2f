//! The README shows what the tool prints, and the committed sample traces and figures are what the tool makes.
//!
//! `RAMPTRACE_UPDATE=1 cargo test --test suite readme` writes the present output into the README and the figures.

use crate::workspace::Workspace;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn updating() -> bool {
    std::env::var_os("RAMPTRACE_UPDATE").is_some()
}

/// A workspace in which `sample-traces` is at hand.
fn with_samples() -> Workspace {
    let space = Workspace::new();
    copy(&root().join("sample-traces"), &space.path("sample-traces"));
    space
}

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("a copy");
        }
    }
}

/// The words of a command line with double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (i, part) in line.split('"').enumerate() {
        if i % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// The README with every output block filled in anew.
fn filled_in(text: &str) -> String {
    let space = with_samples();
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        let Some(command) =
            line.strip_prefix("<!-- output: ramptrace ").and_then(|l| l.strip_suffix(" -->"))
        else {
            continue;
        };
        let (command, head) = command.split_once(" | head ").unwrap_or((command, "1000000"));
        let (command, told) = command.strip_suffix(" 2>&1").map_or((command, false), |c| (c, true));
        let args = words(command);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ran = space.run(&args);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        let printed = if told { ran.stderr + &ran.stdout } else { ran.stdout };
        let kept: Vec<&str> = printed.lines().take(head.parse().expect("a number")).collect();
        let _ = write!(out, "```text\n{}\n```\n", kept.join("\n").trim_end());
        for skipped in lines.by_ref() {
            if skipped == "<!-- end -->" {
                let _ = writeln!(out, "{skipped}");
                break;
            }
        }
    }
    out
}

#[test]
fn readme_blocks_are_real_output() {
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path).expect("the README");
    let fresh = filled_in(&text);
    if updating() {
        std::fs::write(&path, fresh).expect("the README");
    } else {
        assert!(
            fresh == text,
            "README.md is stale: RAMPTRACE_UPDATE=1 cargo test --test suite readme\n{fresh}"
        );
    }
}

/// The pipeline that the README shows is one.
#[test]
fn readme_pipeline_can_be_read() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let blocks = text.split("```toml\n").skip(1).filter_map(|block| block.split("```").next());
    let pipelines: Vec<&str> = blocks.filter(|block| block.contains("[pipeline]")).collect();
    assert_eq!(pipelines.len(), 1);
    let space = Workspace::new();
    let file = space.write("pipeline.toml", pipelines[0]);
    space.write("project/README.md", "");
    for name in ["prompts/parse.md", "prompts/run.md", "golden/parser.py"] {
        space.write(name, "x");
    }
    let pipeline = ramptrace::capture::pipeline::Pipeline::load(&file).expect("a pipeline");
    assert_eq!(pipeline.stages.len(), 2);
}

#[test]
fn readme_names_exactly_the_two_commands() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let first = text.split("```sh\n").nth(1).and_then(|b| b.split("```").next()).expect("a block");
    let commands: Vec<&str> =
        first.lines().map(|l| l.split('#').next().unwrap_or_default().trim()).collect();
    assert_eq!(commands, ["cargo run -- analyze sample-traces -o out", "cargo test"]);
}

#[test]
fn readme_figures_are_those_of_the_samples() {
    let space = with_samples();
    let _ = space.ok(&["analyze", "sample-traces", "-o", "out"]);
    for name in ["frontier", "collapse"] {
        for kind in ["svg", "png"] {
            let fresh = std::fs::read(space.path(&format!("out/figures/yatcc/{name}.{kind}")))
                .expect("a figure");
            let committed = root().join(format!("sample-traces/figures/{name}.{kind}"));
            if updating() {
                std::fs::create_dir_all(committed.parent().expect("a folder")).expect("a folder");
                std::fs::write(&committed, &fresh).expect("a figure");
            } else if kind == "svg" {
                // Pixels may differ between processors; the drawing may not.
                assert!(
                    std::fs::read(&committed).expect("a figure") == fresh,
                    "{} is stale",
                    committed.display()
                );
            }
        }
    }
}

#[test]
fn sample_traces_are_what_their_readme_says() {
    let space = with_samples();
    let table = "sample-traces/ramp-2605.27492.csv";
    let report =
        space.ok(&["import", table, "-o", "sample-traces/ramp-2605.27492", "--format", "csv"]);
    assert_eq!(report.matches(",unchanged").count(), 15, "{report}");
    let _ = space.ok(&["generate", "demo", "sample-traces/demo"]);
    let _ = space.ok(&["store", "check", "sample-traces"]);
}
