//! Documents for tests, written here.

use super::super::super::made::{import, of_kind};
use super::super::super::sink::Imported;
use crate::trace::{Event, Kind};
use serde_json::{Value, json};

/// A session's id.
pub(super) const ID: &str = "7c7036a0-ab79-4249-b58e-c73f18c2e94c";

/// A document.
pub(super) fn document(version: &str, agent: &str, steps: &Value) -> Value {
    json!({"schema_version": version, "session_id": ID,
        "agent": {"name": agent, "version": "1", "model_name": "m"}, "steps": steps})
}

/// Imports documents by their names.
pub(super) fn files(files: &[(&str, Value)]) -> Vec<Imported> {
    let texts: Vec<(&str, String)> = files.iter().map(|(n, v)| (*n, v.to_string())).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (*n, t.as_str())).collect();
    import(&files)
}

/// Imports a document.
pub(super) fn one(document: Value) -> Imported {
    let mut runs = files(&[("trajectory.json", document)]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// A step.
pub(super) fn step(source: &str, message: &str, more: &Value) -> Value {
    let mut step = json!({"source": source, "message": message});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// A step's numbers.
pub(super) fn metrics(prompt: i64, completion: i64) -> Value {
    json!({"metrics": {"prompt_tokens": prompt, "completion_tokens": completion}})
}

/// The calls of a run.
pub(super) fn calls(run: &Imported) -> Vec<&Event> {
    of_kind(run, Kind::LlmCall)
}

/// An attribute of a row.
pub(super) fn attribute(event: &Event, name: &str) -> Value {
    let attributes: Value =
        serde_json::from_str(event.attributes.as_deref().unwrap_or("{}")).unwrap();
    attributes[name].clone()
}

/// Whether a warning has these words.
pub(super) fn warned(run: &Imported, word: &str) -> bool {
    run.report.warnings.iter().any(|w| w.contains(word))
}
