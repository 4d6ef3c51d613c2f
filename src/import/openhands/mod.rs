//! RAMP run folders: OpenHands SDK events, usage, report and metadata.
//!
//! The conversation is in `openhands-events/<name>.jsonl` and, event by event, in
//! `openhands-state/<name>/<id>/events/`; both hold the same events and are counted once. Tokens, costs and latencies
//! are in `base_state.json`, joined by response id; scores and stage times in `openhands_report.json`.
//!
//! * `folder`: where things are
//! * `records`: log lines or event files to records
//! * `usage`: `base_state.json` to usage per call
//! * `grades`: report and metadata
//! * `stages`: prompts to stages, last records to end reasons
//! * `convert`: records to events
//! * `fill`: what a record says, in the row of its event

mod convert;
mod fill;
mod folder;
mod grades;
mod records;
mod stages;
mod usage;

use super::formats::{Importer, no_files};
use super::sink::Sink;
use super::source::{Source, each};
use super::{Format, ImportError};

/// How run folders are recognised and read.
pub(super) const fn importer(format: Format) -> Importer {
    Importer {
        format,
        claim: |files| Ok(folder::claim(Format::OpenHands, files)),
        recognises: no_files,
        plan: |sources| each(sources, import),
    }
}

/// Imports one run folder.
fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let folder = folder::RunFolder::find(source)?;
    let mut report = source.report();
    let grades = grades::Grades::read(&folder)?;
    let usage = usage::Usage::read(&folder, &mut report)?;
    let records = records::read_all(&folder, &mut report)?;
    convert::convert(&folder, grades, usage, records, report, sink)
}
