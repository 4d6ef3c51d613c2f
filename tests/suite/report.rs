//! `ramptrace report` as a command: what it writes, where, and what it refuses. What the page does is in `browser.rs`.

use crate::real_data::ramp_or_skip;
use crate::workspace::{Workspace, published_samples};

/// The most that a page of fifteen runs may weigh, in bytes.
const MOST: usize = 3_000_000;

fn samples() -> String {
    published_samples().display().to_string()
}

fn claims() -> String {
    format!("{}/ramp-2605.27492/claims.toml", samples())
}

fn read(space: &Workspace, name: &str) -> String {
    std::fs::read_to_string(space.path(name)).expect("a page")
}

#[test]
fn the_same_command_gives_the_same_bytes_at_any_number_of_threads() {
    let space = Workspace::new();
    let args = ["report", &samples(), "-o", "report.html", "--force", "--claims", &claims()];
    let mut pages = Vec::new();
    for threads in ["1", "5"] {
        let mut command = space.command(&args);
        command.env("RAYON_NUM_THREADS", threads).env("POLARS_MAX_THREADS", threads);
        assert!(command.output().expect("the binary runs").status.success());
        pages.push(read(&space, "report.html"));
    }
    assert!(pages[0] == pages[1], "threads changed the page");
    assert!(pages[0].len() < MOST, "{} bytes", pages[0].len());
}

/// The published numbers of 15 models (arXiv 2605.27492), recomputed.
#[test]
fn the_page_tells_what_the_published_runs_show() {
    let space = Workspace::new();
    let store = format!("{}/ramp-2605.27492", samples());
    let page = space.ok(&["report", &store, "-o", "-", "--no-events"]).replace('\u{a0}', " ");
    for told in [
        "<p class=\"lead\">100 % → 20 %</p>",
        "The low point is not the end but stage 4, with 6.7 % (1.2 to 29.8 %, 1 of 15).",
        "1 run passes every stage: 6.7 % (1.2 to 29.8 %, 1 of 15). It is claude-opus-4-7.",
        "<p class=\"lead\">2692×</p>",
        "fails 2.27 times as often as after a passed one (1.52 to 3.39)",
        "it is 1.94 (1.07 to 3.53). Association, not effect",
        "gate 60 points",
        "cost basis reported",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("application/octet-stream"), "events were left out");
}

#[test]
fn options_change_what_is_told() {
    let space = Workspace::new();
    let store = format!("{}/ramp-2605.27492", samples());
    let args =
        ["report", &store, "-o", "-", "--gate", "100", "--cost", "neutral", "--pack", "core"];
    let page = space.ok(&args);
    assert!(page.contains("gate 100 points") && page.contains("cost basis neutral"));
    assert!(page.contains("core.") && !page.contains("id=\"claims\""));
    let page = space.ok(&["report", &store, "-o", "-", "--claims", &claims()]);
    assert!(page.contains("id=\"claims\"") && page.contains("none-completes-at-60"));
}

#[test]
fn nothing_is_overwritten_unasked_and_nothing_is_left_behind() {
    let space = Workspace::new();
    space.write("report.html", "mine");
    let ran = space.run(&["report", &samples(), "-o", "report.html"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("report.html is there already"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(read(&space, "report.html"), "mine");
    let _ = space.ok(&["report", &samples(), "-o", "report.html", "--force", "--no-events"]);
    assert!(read(&space, "report.html").starts_with("<!DOCTYPE html>"));
    space.write("folder/x", "");
    let ran = space.run(&["report", &samples(), "-o", "folder"]);
    assert!(ran.code == 2 && ran.stderr.contains("is a folder"), "{}", ran.stderr);
    let ran = space.run(&["report", "nowhere", "-o", "new/report.html"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let ran = space.run(&["report", &samples(), "-o", "new.html", "--claims", "nowhere.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let names: Vec<String> = space.files("").into_keys().collect();
    assert_eq!(names, ["folder/x", "report.html"]);
    assert!(!space.path("new").exists());
}

#[test]
fn a_pack_with_a_problem_is_reported_and_the_rest_is_written() {
    let space = Workspace::new();
    let pack = "[pack]\nname = \"mine\"\n\n[[metric]]\nname = \"wrong\"\nlabel = \"Wrong\"\nlevel = \"run\"\nunit = \"\"\n\
                better = \"higher\"\nsql = \"SUM(nothing)\"\ndoc = \"A column that is not there.\"\n";
    space.write("mine.toml", pack);
    let ran = space.run(&["report", &samples(), "-o", "report.html", "--pack", "mine.toml"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let page = read(&space, "report.html");
    assert!(page.contains("The metric pack has a problem") && page.contains("mine.toml"));
}

#[test]
fn real_runs_with_all_their_events_fit() {
    let ramp = ramp_or_skip!();
    let space = Workspace::new();
    let runs = ramp.join("runs").display().to_string();
    let _ = space.ok(&["import", &runs, "-o", "store"]);
    let page = space.ok(&["report", "store", "-o", "-"]);
    let runs = page.matches("<script type=\"application/octet-stream\"").count();
    assert_eq!(runs, 11);
    assert!(page.len() * 15 / runs < MOST, "{} bytes for {runs} runs", page.len());
    // Every failure with evidence links to its event.
    assert!(page.matches("\">event ").count() > 30);
}
