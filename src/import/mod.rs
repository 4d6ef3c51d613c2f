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
//! * `scores`: grades from elsewhere
//!
//! Formats, one module each:
//!
//! * `openhands`: RAMP run folders with OpenHands SDK logs
//! * `ramp_table`: published RAMP tables and leaderboards
//! * `ramp_report`: bare RAMP report files
//! * `claude_code`: session files of Claude Code
//! * `claude_stream`: what Claude Code prints with `--output-format stream-json`
//! * `claude`: what the formats of Claude Code share
//! * `ramp`: what the RAMP formats share
//! * `harbor`: Harbor trial folders
//! * `atif`: ATIF trajectories
//!
//! Beside the formats: `test_report`, what test runners write.

mod atif;
mod claude;
mod claude_code;
mod claude_stream;
mod error;
mod fields;
mod files;
mod formats;
mod harbor;
mod look;
#[cfg(test)]
mod made;
mod openhands;
mod ramp;
mod ramp_report;
mod ramp_table;
mod report;
mod rows;
mod scores;
mod sink;
mod source;
mod stages;
mod test_report;
mod tools;
mod usage;

pub use crate::trace::arguments_hash;
pub use error::ImportError;
pub use files::LogFile;
pub use formats::Format;
pub use report::{Duplicate, ImportReport, Rejected};
pub use scores::{Graded, Grades};
pub use sink::{Collected, Imported, Numbering, Sink};
pub use source::{Found, Job, Source, find_sources, import_all, jobs};
