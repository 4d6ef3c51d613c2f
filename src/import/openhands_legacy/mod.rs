//! OpenHands before its SDK: `output.jsonl` of evaluations and of the resolver, a run per line, and exported event streams.
//!
//! The history of a run is a list of actions and observations, in one of three forms over the years. Usage stands beside
//! it, per call, joined by response id; the snapshots of it on actions are cumulative and are not added up. Event times are
//! local and have no zone.
//!
//! * `instance`: a line to a run: its facts, its grade, its end
//! * `history`: the forms of a history as one
//! * `walk`: actions and observations to rows
//! * `observation`: what came back, in the row of its call
//! * `grade`: what the log says of success

mod grade;
mod history;
mod instance;
mod observation;
#[cfg(test)]
mod tests;
mod walk;

use super::files::{json_problem, lenient};
use super::formats::{Importer, no_folders};
use super::look::{Field, Look};
use super::sink::Sink;
use super::source::{Source, each};
use super::{Format, ImportError};
use serde_json::{Value, json};

/// How these logs are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan: |sources| each(sources, import) }
}

fn recognises(look: &Look<'_>) -> bool {
    // An exported event stream, as one array.
    if look.text().trim_start_matches('\u{feff}').trim_start().starts_with('[') {
        return look.outline().is_some_and(|outline| {
            outline.is_array
                && outline.has_all(&["id", "timestamp", "source"])
                && (outline.field("args") == Some(&Field::Object)
                    && outline.text("action").is_some()
                    || outline.field("extras") == Some(&Field::Object)
                        && outline.text("observation").is_some())
        });
    }
    look.any_line(is_instance)
}

/// A run of an evaluation or of the resolver.
fn is_instance(line: &Value) -> bool {
    let has = |name: &str| line.get(name).is_some();
    let history = line.get("history").is_some_and(|h| h.is_array() || h.is_null());
    let evaluation =
        has("instance_id") && (has("metadata") || has("metrics") || has("test_result"));
    let resolver = (has("issue") || has("pr_review")) && has("git_patch");
    history && (evaluation || resolver)
}

/// Imports the runs of a file, one after the other; those that cannot be read are named and the others go on.
fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let file = source.file()?;
    let path = || file.name().to_owned();
    if file.head()?.iter().find(|b| !b.is_ascii_whitespace() && **b < 0x80) == Some(&b'[') {
        let bytes = file.read()?;
        let events: Value = lenient(&bytes).map_err(|e| ImportError::json_file(path(), &e))?;
        let instance = json!({ "instance_id": file.stem(), "history": events });
        return instance::import(source, 1, instance, &bytes, sink);
    }
    let mut lines = file.lines()?;
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(()),
            Err(broken) => return sink.failed(broken),
        };
        let bad = |problem: &str| ImportError::BadRecord {
            path: path(),
            line: line.number,
            problem: problem.to_owned(),
        };
        if line.cut {
            sink.failed(bad("the line is longer than any run"))?;
            continue;
        }
        match lenient::<Value>(line.bytes) {
            Ok(value) if is_instance(&value) => {
                instance::import(source, line.number, value, line.bytes, sink)?;
            }
            Ok(_) => {
                sink.failed(bad("not a run: no `history` with an `instance_id` or an `issue`"))?;
            }
            Err(error) => sink.failed(ImportError::BadJson {
                path: path(),
                line: line.number,
                problem: json_problem(&error),
            })?,
        }
    }
}
