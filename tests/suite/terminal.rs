//! The binary on a terminal, where it draws progress: a pseudo-terminal made by `script`, where there is one.

use super::recorded::{MODEL, PIPELINE};
use super::workspace::Workspace;
use std::process::Command;

/// What a command shows on a terminal 150 columns wide; `None` without `script`.
fn shown(space: &Workspace, line: &str) -> Option<String> {
    let line = format!("stty cols 150 && {} {line}", env!("CARGO_BIN_EXE_ramptrace"));
    let ran = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(space.path(""))
        .env("TERM", "xterm")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{text}");
    Some(text)
}

#[test]
fn progress_is_drawn_on_a_terminal_and_gone_at_the_end() {
    let space = Workspace::new();
    space.write("p/pipeline.toml", PIPELINE);
    space.write("p/golden/zero", "zero\n");
    space.write("models/m.toml", MODEL.replace("echo zero", "sleep 1; echo zero"));
    let line = "record --pipeline p --agent scripted --mock models --model m --name r -o store";
    let Some(text) = shown(&space, line) else {
        return println!("skipped: there is no `script`");
    };
    assert!(text.contains("T0:100"), "the score of a graded stage: {text}");
    assert!(text.contains("1 call, "), "what has been used up: {text}");
    let end = text.rsplit('\u{1b}').next().expect("text");
    assert!(end.contains("r   ") && end.contains("100.0"), "the table stands alone: {end}");
}
