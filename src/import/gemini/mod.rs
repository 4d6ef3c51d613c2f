//! Gemini CLI: the sessions that it keeps, and what it prints with `--output-format stream-json`.
//!
//! A session is one JSON document, or in newer versions lines in which a message may come again and again until it is
//! complete, may be taken back, or be replaced with all others. Its tokens were spent all the same. A session that is
//! resumed may stand in two files, and a sub-agent has a session of its own.
//!
//! * `session`: the records of a session file
//! * `survey`: which record of a message counts, and which files belong together
//! * `messages`: messages to rows
//! * `tools`: tool calls of a message to rows
//! * `stream`: printed output to rows

mod messages;
mod session;
mod stream;
mod survey;
#[cfg(test)]
mod tests;
mod tools;

use super::formats::{Importer, no_folders};
use super::look::{Field, Look};
use super::source::{Job, Source};
use super::{Format, ImportError, ImportReport};
use serde_json::Value;

/// How sessions and printed output are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan }
}

fn recognises(look: &Look<'_>) -> bool {
    look.any_line(is_session) || look.any_line(stream::is_first) || is_document(look)
}

/// The first line of a session, or a whole one on one line.
fn is_session(line: &Value) -> bool {
    let text = |name: &str| line.get(name).is_some_and(Value::is_string);
    text("sessionId") && text("projectHash")
}

fn is_document(look: &Look<'_>) -> bool {
    look.text().contains("\"projectHash\"")
        && look.outline().is_some_and(|o| {
            !o.is_array
                && o.has_all(&["sessionId", "projectHash"])
                && o.field("messages") == Some(&Field::Array)
        })
}

fn plan(sources: Vec<Source>) -> Vec<Result<Job, ImportError>> {
    let mut jobs = Vec::new();
    let mut files = Vec::new();
    for source in sources {
        match source.file().and_then(survey::Surveyed::of) {
            Ok(file) => files.push(file),
            Err(error) => jobs.push(Err(error)),
        }
    }
    for run in survey::runs(files) {
        let Some(path) = run.path() else { continue };
        let of = path.clone();
        jobs.push(Ok(Job::new(Format::Gemini, &path, move |sink| {
            let report = ImportReport::of(Format::Gemini.name(), &of);
            messages::import(&run, report, sink)
        })));
    }
    jobs
}
