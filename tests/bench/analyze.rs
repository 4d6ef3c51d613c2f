//! How long the two main jobs of an analyst take as commands: a store to tables, figures and receipts, and one figure.
//!
//! Run with `cargo bench --bench analyze`. They run as a user runs them, in a process of their own, over a store of 1e5
//! events without texts and, in `cargo bench` alone, of 1e6.

mod generate;
mod store;

use divan::Bencher;
use divan::counter::ItemsCount;
use std::path::Path;
use std::process::Command;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn analyze_1e5(bencher: Bencher) {
    run(bencher, 100_000, "analyze", &["-o", "OUT", "--force"]);
}

// Not under `cargo test --benches`, which runs everything once without optimisation.
#[divan::bench(sample_count = 3, sample_size = 1, ignore = !std::env::args().any(|a| a == "--bench"))]
fn analyze_1e6(bencher: Bencher) {
    run(bencher, 1_000_000, "analyze", &["-o", "OUT", "--force"]);
}

#[divan::bench(sample_count = 5, sample_size = 1, args = ["collapse", "frontier", "spread"])]
fn figure_of_1e5(bencher: Bencher, name: &str) {
    run(bencher, 100_000, "figure", &[name, "-o", "OUT/figure.svg", "--force"]);
}

/// A command over a generated store; `OUT` stands for a folder that is thrown away.
fn run(bencher: Bencher, events: i64, command: &str, rest: &[&str]) {
    let files = store::files(events);
    let root = files[0].parent().expect("a folder");
    let out = tempfile::tempdir().expect("a folder");
    let counter = ItemsCount::new(events.unsigned_abs());
    bencher.counter(counter).bench(|| execute(root, out.path(), command, rest));
}

fn execute(store: &Path, out: &Path, command: &str, rest: &[&str]) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_ramptrace"));
    process.arg(command);
    for argument in rest {
        process.arg(argument.replace("OUT", &out.to_string_lossy()));
    }
    let done = process.arg("--quiet").arg(store).output().expect("a process");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
