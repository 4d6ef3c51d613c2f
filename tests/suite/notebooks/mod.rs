//! The notebooks run, their numbers are those of the binary, and what is committed is what they show.
//!
//! Needs a Python with the packages of `notebooks/requirements.txt` (`RAMPTRACE_PYTHON`, else `python3`); without one, the
//! tests that run something say so. `RAMPTRACE_UPDATE=1 cargo test --test suite notebooks` writes the outputs anew.

mod binary;
mod python;
mod ramp;
mod tour;

use crate::readme::{copy, updating};
use crate::workspace::Workspace;
use binary::{Numbers, differences, same};
use python::{committed, folder, path, python_or_skip, stripped, text_of, written};
use ramp::ramp_numbers;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tour::tour_numbers;

const NAMES: [&str; 2] = ["ramp", "tour"];

static RAMP: LazyLock<Option<Value>> =
    LazyLock::new(|| python_or_skip().map(|p| p.execute("ramp", None)));
static TOUR: LazyLock<Option<Value>> =
    LazyLock::new(|| python_or_skip().map(|p| p.execute("tour", None)));

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn data(output: &Value) -> impl Iterator<Item = (&String, &Value)> {
    output["data"].as_object().into_iter().flatten()
}

/// Text that nbformat stores as a list of lines.
fn joined(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// What the cells tagged `check` hand over.
fn handed_over(notebook: &Value) -> Numbers {
    let mut numbers = Numbers::new();
    for cell in list(notebook, "cells") {
        if list(&cell["metadata"], "tags").iter().any(|t| t == "check") {
            for (_, json) in list(cell, "outputs")
                .iter()
                .flat_map(data)
                .filter(|(kind, _)| *kind == "application/json")
            {
                numbers.extend(json.as_object().expect("names and numbers").clone());
            }
        }
    }
    assert!(numbers.len() > 100, "{} numbers", numbers.len());
    numbers
}

fn assert_same(name: &str, found: &Numbers, expected: &Numbers) {
    let wrong = differences(found, expected);
    assert!(
        wrong.is_empty(),
        "{name}.ipynb, {} differ from the binary:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// How the outputs of two executions differ; pictures need only be there.
fn stale_cells(committed: &Value, fresh: &Value) -> Vec<String> {
    let cells = list(committed, "cells").iter().zip(list(fresh, "cells"));
    let stale = cells.filter(|(old, new)| {
        let (old, new) = (list(old, "outputs"), list(new, "outputs"));
        old.len() != new.len() || !old.iter().zip(new).all(|(old, new)| same_output(old, new))
    });
    stale.map(|(_, new)| joined(&new["id"])).collect()
}

fn same_output(old: &Value, new: &Value) -> bool {
    let kinds = |output| data(output).map(|(kind, _)| kind.clone()).collect::<BTreeSet<_>>();
    old["output_type"] == new["output_type"]
        && old["name"] == new["name"]
        && joined(&old["text"]) == joined(&new["text"])
        && kinds(old) == kinds(new)
        && data(old).all(|(kind, value)| match kind.as_str() {
            image if image.starts_with("image/") => true,
            "application/json" => {
                let numbers =
                    |v: &Value| v.as_object().map(|m| m.clone().into_iter().collect::<Numbers>());
                numbers(value)
                    .zip(numbers(&new["data"][kind]))
                    .is_some_and(|(a, b)| differences(&a, &b).is_empty())
            }
            _ => joined(value) == joined(&new["data"][kind]),
        })
}

fn outputs_are_current(name: &str, fresh: &Value) {
    if updating() {
        std::fs::write(path(name), written(fresh)).expect("a notebook");
        return;
    }
    let stale = stale_cells(&committed(name), fresh);
    assert!(
        stale.is_empty(),
        "{name}.ipynb shows other outputs than a fresh run in the cells {stale:?}: RAMPTRACE_UPDATE=1 cargo test --test suite notebooks"
    );
}

#[test]
fn the_tour_says_what_the_binary_says() {
    let Some(tour) = &*TOUR else { return };
    let space = Workspace::new();
    copy(&folder().join("../sample-traces"), &space.path("store"));
    assert_same("tour", &handed_over(tour), &tour_numbers(&space, tour));
}

#[test]
fn the_tour_runs_on_any_store_with_kept_scores_in_it() {
    let Some(python) = python_or_skip() else { return };
    let space = Workspace::new();
    copy(&folder().join("../sample-traces/demo"), &space.path("store"));
    let _ = space.ok(&["score", "store", "--pack", "ramp"]);
    assert!(space.path("store/.ramptrace").is_dir());
    let tour = python.execute("tour", Some(&space.path("store")));
    assert_same("tour", &handed_over(&tour), &tour_numbers(&space, &tour));
}

#[test]
fn the_results_of_ramp_are_those_of_the_binary() {
    let Some(ramp) = &*RAMP else { return };
    let space = Workspace::new();
    copy(&folder().join("../sample-traces/ramp-2605.27492"), &space.path("store"));
    assert_same("ramp", &handed_over(ramp), &ramp_numbers(&space));
}

#[test]
fn committed_outputs_are_those_of_a_fresh_run() {
    for (name, fresh) in [("ramp", &*RAMP), ("tour", &*TOUR)] {
        let Some(fresh) = fresh else { return };
        outputs_are_current(name, fresh);
    }
}

#[test]
fn notebooks_hold_nothing_of_the_machine_that_ran_them() {
    if updating() {
        return; // Another test is writing them.
    }
    for name in NAMES {
        let (text, notebook) = (text_of(name), committed(name));
        assert!(text.len() < 1 << 20, "{name}.ipynb has {} bytes", text.len());
        assert_eq!(notebook, stripped(&notebook), "{name}.ipynb has volatile metadata");
        let ids: BTreeSet<String> =
            list(&notebook, "cells").iter().map(|c| joined(&c["id"])).collect();
        assert_eq!(ids.len(), list(&notebook, "cells").len(), "{name}.ipynb has an id twice");
        for cell in list(&notebook, "cells") {
            let mut words = joined(&cell["source"]);
            for output in list(cell, "outputs") {
                assert_ne!(
                    output["output_type"], "error",
                    "{name}.ipynb shows an error: {}",
                    cell["id"]
                );
                assert_ne!(
                    output["name"], "stderr",
                    "{name}.ipynb shows a warning: {}",
                    cell["id"]
                );
                words += &joined(&output["text"]);
                words.extend(
                    data(output)
                        .filter(|(kind, _)| !kind.starts_with("image/"))
                        .map(|(_, v)| joined(v)),
                );
            }
            for absolute in [
                "/home/",
                "/root/",
                "/tmp/",
                "/Users/",
                ":\\",
                "file://",
                env!("CARGO_MANIFEST_DIR"),
            ] {
                assert!(
                    !words.contains(absolute),
                    "{name}.ipynb has the path {absolute}: {}",
                    cell["id"]
                );
            }
        }
        let shows = list(&notebook, "cells").iter().flat_map(|c| list(c, "outputs"));
        assert!(shows.count() > 10, "{name}.ipynb was not executed");
        let _ = handed_over(&notebook);
    }
}

#[test]
fn requirements_are_pinned() {
    let text =
        std::fs::read_to_string(folder().join("requirements.txt")).expect("the requirements");
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    assert!(lines.len() > 3, "{lines:?}");
    for line in lines {
        let pinned = line.split_once("==").is_some_and(|(name, version)| {
            !name.is_empty()
                && version.starts_with(|c: char| c.is_ascii_digit())
                && !version.contains([' ', '*', ','])
        });
        assert!(pinned, "{line}: name==version");
    }
}

#[test]
fn a_stale_output_is_noticed() {
    let cell = |outputs: Value| json!({"cells": [{"id": "a", "outputs": outputs}]});
    let shown = |text: &str, number: f64, image: &str| json!([{"output_type": "display_data", "data": {"text/plain": [text], "application/json": {"n": number}, "image/png": image}}]);
    let old = cell(shown("x", 1.0, "AAAA"));
    let stale = |new: Value| stale_cells(&old, &cell(new)) == ["a"];
    assert!(!stale(shown("x", 1.0 + 1e-12, "BBBB")));
    assert!(stale(shown("y", 1.0, "AAAA")));
    assert!(stale(shown("x", 1.1, "AAAA")));
    assert!(stale(json!([])));
    assert!(stale(
        json!([{"output_type": "display_data", "data": {"text/plain": ["x"], "application/json": {"n": 1.0}}}])
    ));
}

#[test]
fn a_number_without_its_counterpart_is_noticed() {
    let numbers = |pairs: &[(&str, Value)]| {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect::<Numbers>()
    };
    let expected = numbers(&[("a", json!(2e9)), ("b", json!(null)), ("c", json!([1, "x"]))]);
    let found = |a: f64, b: Value| numbers(&[("a", json!(a)), ("b", b), ("c", json!([1.0, "x"]))]);
    assert!(differences(&found(2e9 + 0.5, json!(null)), &expected).is_empty());
    assert_eq!(differences(&found(2e9 + 4.0, json!(0.0)), &expected).len(), 2);
    assert_eq!(differences(&numbers(&[("a", json!(2e9)), ("d", json!(1))]), &expected).len(), 3);
    assert!(
        !same(&json!(1.0), &json!(1.0 + 1e-8))
            && !same(&json!(false), &json!(0))
            && !same(&json!([1]), &json!([1, 2]))
    );
}
