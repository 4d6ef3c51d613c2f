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
//! * `content`: the text of a chat message
//! * `model_response`: a response as its API gave it
//! * `run_id`: ids for logs that have none of their own
//! * `rows`: the rows of a run in order, while some wait for their results
//! * `usage`: token counts in the arithmetic of a trace
//! * `tools`: what a tool does, by its name
//! * `stages`: how a stage ended
//! * `naive_clock`: naive local times to UTC
//!
//! Formats, one module each:
//!
//! * `openhands`: RAMP run folders with OpenHands SDK logs
//! * `openhands_legacy`: OpenHands before its SDK
//! * `ramp_table`: published RAMP tables and leaderboards
//! * `ramp_report`: bare RAMP report files
//! * `swe_agent`: SWE-agent trajectories
//! * `mini_swe_agent`: mini-swe-agent trajectories
//! * `ramp`: what the RAMP formats share
//! * `openhands_metrics`: what the OpenHands formats share

mod content;
mod error;
mod fields;
mod files;
mod formats;
mod look;
#[cfg(test)]
mod made;
mod mini_swe_agent;
mod model_response;
mod naive_clock;
mod openhands;
mod openhands_legacy;
mod openhands_metrics;
mod ramp;
mod ramp_report;
mod ramp_table;
mod report;
mod rows;
mod run_id;
mod sink;
mod source;
mod stages;
mod swe_agent;
mod tools;
mod usage;

pub use crate::trace::arguments_hash;
pub use error::ImportError;
pub use files::LogFile;
pub use formats::Format;
pub use report::{Duplicate, ImportReport, Rejected};
pub use sink::{Collected, Imported, Numbering, Sink};
pub use source::{Found, Job, Source, find_sources, import_all, jobs};
