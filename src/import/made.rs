//! For tests of importers: logs that are written for a test, real ones where they are at hand, and damage done to both.

use super::sink::{Collected, Imported};
use super::{ImportError, find_sources, jobs};
use crate::trace::{Event, Kind, RowCheck};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::path::{Path, PathBuf};

/// Imports files that are written for a test: names with folders in them, and contents.
pub(super) fn try_import(files: &[(&str, &[u8])]) -> Result<Collected, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }
    try_import_at(folder.path())
}

/// Imports what is at a path.
pub(super) fn try_import_at(path: &Path) -> Result<Collected, ImportError> {
    let mut sink = Collected::default();
    for job in jobs(find_sources(&[path.to_owned()])?.sources) {
        job?.import(&mut sink)?;
    }
    Ok(sink)
}

/// Imports files that are written for a test, all of which must be runs that keep every rule of a trace.
pub(super) fn import(files: &[(&str, &str)]) -> Vec<Imported> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    sound(try_import(&files).unwrap())
}

/// Imports what is at a path, all of which must be runs that keep every rule of a trace.
pub(super) fn import_at(path: &Path) -> Vec<Imported> {
    sound(try_import_at(path).unwrap())
}

/// A file or folder below the real samples (`samples/...`); `None`, and a word on it, where they are not at hand.
pub(super) fn sample(name: &str) -> Option<PathBuf> {
    let Ok(root) = std::env::var("RAMPTRACE_REAL_DATA") else {
        eprintln!("skipped: RAMPTRACE_REAL_DATA is not set");
        return None;
    };
    let path = Path::new(&root).join("samples").join(name);
    assert!(path.exists(), "{} is missing", path.display());
    Some(path)
}

/// The rows of a kind.
pub(super) fn of_kind(run: &Imported, kind: Kind) -> Vec<&Event> {
    run.events.iter().filter(|e| e.kind == kind).collect()
}

/// The sum of a column over the rows of a run; `None` when no row has it.
pub(super) fn total(run: &Imported, column: fn(&Event) -> Option<i64>) -> Option<i64> {
    run.events.iter().filter_map(column).reduce(|a, b| a + b)
}

fn sound(collected: Collected) -> Vec<Imported> {
    assert!(collected.failed.is_empty(), "{:?}", collected.failed);
    for run in &collected.runs {
        let problems = problems(run);
        assert!(problems.is_empty(), "{}: {problems:?}", run.run.run_id);
    }
    collected.runs
}

/// What is wrong with a run: rules of a trace that it breaks, records that are in no count or in two.
fn problems(run: &Imported) -> Vec<String> {
    let mut check = RowCheck::default();
    let mut problems: Vec<String> =
        run.events.iter().flat_map(|event| check.row(&run.run, event)).collect();
    if !run.report.balances() {
        problems.push(format!("the account does not balance: {:?}", run.report));
    }
    if run.report.events_written != run.events.len() as u64 {
        problems.push("events_written is wrong".to_owned());
    }
    for (what, text) in
        [("run_id", &run.run.run_id), ("workload", &run.run.workload), ("model", &run.run.model)]
    {
        if text.is_empty() {
            problems.push(format!("{what} is empty"));
        }
    }
    problems
}

/// Damages logs `times` over (bytes flipped, cut off, joined with another) and imports each: what comes out must be runs
/// that keep every rule and whose accounts balance, or an error that names the file.
pub(super) fn assert_survives(logs: &[PathBuf], times: u64) {
    let mut random = ChaCha8Rng::seed_from_u64(260_527_492);
    let mut imported = 0;
    for round in 0..times {
        let log = &logs[usize::try_from(round).unwrap() % logs.len()];
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(log.file_name().unwrap());
        copy_all(log, &copy);
        let mut files = Vec::new();
        list(&copy, &mut files);
        let below = |n: usize, random: &mut ChaCha8Rng| {
            usize::try_from(random.next_u64() % n.max(1) as u64).unwrap()
        };
        let victim = files[below(files.len(), &mut random)].clone();
        let mut bytes = std::fs::read(&victim).unwrap();
        match round % 4 {
            0 => bytes.truncate(below(bytes.len(), &mut random)),
            1 => {
                let other =
                    std::fs::read(&logs[below(logs.len(), &mut random)]).unwrap_or_default();
                bytes.extend_from_slice(&other);
            }
            flips => {
                for _ in 0..=below(if flips == 2 { 3 } else { 60 }, &mut random) {
                    let at = below(bytes.len(), &mut random);
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << below(8, &mut random);
                    }
                }
            }
        }
        std::fs::write(&victim, bytes).unwrap();
        match try_import_at(&copy) {
            Ok(collected) => {
                for run in &collected.runs {
                    let problems = problems(run);
                    assert!(
                        problems.is_empty(),
                        "round {round} of {}: {problems:?}",
                        log.display()
                    );
                    imported += 1;
                }
                for error in &collected.failed {
                    assert_names_file(error, folder.path());
                }
            }
            Err(error) => assert_names_file(&error, folder.path()),
        }
    }
    assert!(imported > 0, "no damaged log was imported: the test shows nothing");
}

fn assert_names_file(error: &ImportError, folder: &Path) {
    let text = error.to_string();
    assert!(text.contains(&*folder.to_string_lossy()), "it names no file: {text}");
}

fn copy_all(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy_all(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        std::fs::write(to, std::fs::read(from).unwrap()).unwrap();
    }
}

fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut children: Vec<PathBuf> =
            std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        children.sort();
        for child in children {
            list(&child, files);
        }
    } else {
        files.push(path.to_owned());
    }
}
