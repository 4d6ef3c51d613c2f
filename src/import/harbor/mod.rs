//! Harbor trials (Terminal-Bench and others): a folder with what was asked, what the agent left, and how it was graded.
//!
//! `result.json` is the trial: task, model, phases, rewards, what went wrong. The conversation is in the agent's own logs
//! below `agent/`, often several times over; it is read from the best of them by the importer of its format, and the
//! others are counted as duplicates. A trial whose task has steps has a folder and a grade for each: these are stages.
//!
//! * `trial`: `result.json`, opened
//! * `logs`: which of the agent's logs is read
//! * `relay`: the sink between the log's importer and the trace
//! * `grade`: rewards, tests, and why the agent stopped
//! * `convert`: a trial to its run

mod convert;
mod grade;
mod logs;
mod relay;
#[cfg(test)]
mod tests;
mod trial;

use super::files::LogFile;
use super::formats::{Importer, no_files};
use super::source::{Source, each};
use super::{Format, ImportError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How trials are recognised and read: folders with a `result.json` that names a trial. That of a whole job has the same
/// name and names none.
pub(super) const fn importer(format: Format) -> Importer {
    Importer {
        format,
        claim,
        recognises: no_files,
        plan: |sources| each(sources, convert::convert),
    }
}

/// The name of a trial's own file.
const RESULT: &str = "result.json";

fn claim(files: &mut Vec<LogFile>) -> Result<Vec<Source>, ImportError> {
    let mut trials: BTreeMap<PathBuf, Vec<LogFile>> = BTreeMap::new();
    for file in files.iter().filter(|f| f.file_name() == RESULT) {
        if !String::from_utf8_lossy(&file.head()?).contains("\"trial_name\"") {
            continue;
        }
        let is_trial = file.json().is_ok_and(|v| {
            v.get("trial_name").is_some_and(Value::is_string) && v.get("task_name").is_some()
        });
        if let Some(folder) = file.name().parent().filter(|_| is_trial) {
            trials.insert(folder.to_owned(), Vec::new());
        }
    }
    if trials.is_empty() {
        return Ok(Vec::new());
    }
    let mut others = Vec::new();
    for file in std::mem::take(files) {
        let folder = file.name().ancestors().skip(1).find(|a| trials.contains_key(*a));
        match folder.map(Path::to_owned).and_then(|f| trials.get_mut(&f)) {
            Some(of_trial) => of_trial.push(file),
            None => others.push(file),
        }
    }
    *files = others;
    let sources =
        trials.into_iter().map(|(path, files)| Source { path, format: Format::Harbor, files });
    Ok(sources.collect())
}
