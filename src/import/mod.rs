//! Foreign logs to events: one file or folder per format, all of the same shape.
//!
//! [`find_sources`] looks at paths and recognises logs by their content; [`jobs`] says what can be imported by itself, and
//! [`Job::import`] hands runs to a [`Sink`], event by event, each with an [`ImportReport`] that accounts for every record:
//! used, part of another row, a duplicate, a counted skip with a reason, or rejected with file and line. Importers never
//! write files and never print.
//!
//! What every format uses:
//!
//! * `files`: where bytes come from: files, archives, compressions; lines; JSON as producers write it
//! * `look`: a look at a file, to recognise it
//! * `formats`: the list of formats
//! * `source`: what is at a path, and the jobs that import it
//! * `sink`: where runs go
//! * `report`: the account of one run
//! * `error`: what makes a source unreadable
//! * `fields`: JSON objects taken apart, the rest kept
//! * `rows`: the rows of a run in order, while some wait for their results
//! * `usage`: token counts in the arithmetic of a trace
//! * `tools`: what a tool does, by its name
//! * `stages`: how a stage ended
//!
//! Formats, one module each:
//!
//! * `openhands`: RAMP run folders with OpenHands SDK logs
//! * `ramp_table`: published RAMP tables and leaderboards
//! * `ramp_report`: bare RAMP report files
//! * `otlp`: OpenTelemetry traces in files
//! * `ramp`: what the RAMP formats share

mod error;
mod fields;
mod files;
mod formats;
mod look;
#[cfg(test)]
mod made;
mod openhands;
mod otlp;
mod ramp;
mod ramp_report;
mod ramp_table;
mod report;
mod rows;
mod sink;
mod source;
mod stages;
mod tools;
mod usage;

pub use crate::trace::arguments_hash;
pub use error::ImportError;
pub use files::LogFile;
pub use formats::Format;
pub use report::{Duplicate, ImportReport, Rejected};
pub use sink::{Collected, Imported, Numbering, Sink};
pub use source::{Found, Job, Source, find_sources, import_all, jobs};
