//! What is true of a run, from the heads of its documents.
//!
//! A session id names a run, but nothing makes it unique: some writers put the same word into every document. One that is
//! drawn at random (a UUID, the name of a Harbor trial) is taken as it stands; any other gets a hash of the document.

use super::super::ImportReport;
use super::super::files::LogFile;
use super::document::Document;
use crate::trace::RunFacts;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The facts of the run that a document begins.
pub(super) fn facts(document: &Document, file: &LogFile, report: &mut ImportReport) -> RunFacts {
    let named = document.session_id.as_deref().or(document.trajectory_id.as_deref());
    let run_id = match named {
        Some(id) if is_random(id) => id.to_owned(),
        named => format!("{}-{}", named.unwrap_or(file.stem()), hash_of(file)),
    };
    let model = document
        .agent_model
        .clone()
        .or_else(|| document.step_models().first().map(|m| (*m).to_owned()))
        .unwrap_or_else(|| {
            report.warn("no step names a model; it is stored as `unknown`");
            "unknown".to_owned()
        });
    let provider = model.split_once('/').map(|(provider, _)| provider.to_owned());
    RunFacts {
        workload: workload(document),
        run_id,
        provider: provider.filter(|p| !p.is_empty()),
        model,
        agent: document.agent_name.clone(),
        protocol: None,
    }
}

/// The task of a Harbor trial, else the last part of the working directory, else the format's name.
fn workload(document: &Document) -> String {
    let task = document.session_id.as_deref().and_then(task_of_trial);
    let cwd = || {
        let first = match document.extra("cwds")? {
            Value::Array(paths) => paths.first()?.as_str()?,
            path => path.as_str()?,
        };
        first.rsplit(['/', '\\']).find(|part| !part.is_empty())
    };
    task.or_else(cwd).unwrap_or("atif").to_owned()
}

/// The task in the name of a trial: `<task>__<7 letters and digits>`.
fn task_of_trial(name: &str) -> Option<&str> {
    let (task, random) = name.rsplit_once("__")?;
    let drawn = random.len() == 7 && random.bytes().all(|b| b.is_ascii_alphanumeric());
    (drawn && !task.is_empty()).then_some(task)
}

/// Whether an id was drawn at random: a trial's name, or sixteen hexadecimal digits in it, hyphens aside.
fn is_random(id: &str) -> bool {
    let mut hex = 0;
    let long = id.bytes().any(|b| {
        match b {
            b'-' => {}
            b if b.is_ascii_hexdigit() => hex += 1,
            _ => hex = 0,
        }
        hex >= 16
    });
    long || task_of_trial(id).is_some()
}

/// Eight hexadecimal digits of a file's contents.
fn hash_of(file: &LogFile) -> String {
    let bytes = file.read().unwrap_or_default();
    let mut first = [0; 4];
    first.copy_from_slice(&Sha256::digest(&bytes)[..4]);
    format!("{:08x}", u32::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_drawn_at_random_are_told_from_words() {
        assert!(is_random("7c7036a0-ab79-4249-b58e-c73f18c2e94c"));
        assert!(is_random("session-019b88e0aabbccddee"));
        assert!(is_random("cancel-async-tasks__THLazLx"));
        assert!(!is_random("NORMALIZED_SESSION_ID"));
        assert!(!is_random("session-12"));
        assert_eq!(task_of_trial("a__b__THLazLx"), Some("a__b"));
        assert_eq!(task_of_trial("__THLazLx"), None);
    }
}
