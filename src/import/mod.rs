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
//! * `coverage`: what each of them carries
//! * `source`: what is at a path, and the jobs that import it
//! * `sink`: where runs go
//! * `report`: the account of one run
//! * `error`: what makes a source unreadable
//! * `fields`: JSON objects taken apart, the rest kept
//! * `rows`: the rows of a run in order, while some wait for their results
//! * `usage`: token counts in the arithmetic of a trace
//! * `stages`: how a stage ended
//! * `scores`: grades from elsewhere
//!
//! What some formats share:
//!
//! * `claude`: what the formats of Claude Code share
//! * `content`: the text of a chat message
//! * `model_response`: a response as its API gave it
//! * `naive_clock`: naive local times to UTC
//! * `openhands_metrics`: what the OpenHands formats share
//! * `ramp`: what the RAMP formats share
//! * `run_id`: ids for logs that have none of their own
//! * `test_report`: what test runners write
//!
//! Formats, one module each:
//!
//! * `atif`: ATIF trajectories
//! * `claude_code`: session files of Claude Code
//! * `claude_stream`: what Claude Code prints with `--output-format stream-json`
//! * `codex`: Codex CLI rollouts
//! * `codex_exec`: what `codex exec --json` prints
//! * `gemini`: Gemini CLI sessions and what it prints
//! * `harbor`: Harbor trial folders
//! * `inspect`: Inspect AI logs
//! * `mini_swe_agent`: mini-swe-agent trajectories
//! * `openhands`: RAMP run folders with OpenHands SDK logs
//! * `openhands_legacy`: OpenHands before its SDK
//! * `otlp`: OpenTelemetry traces in files
//! * `ramp_report`: bare RAMP report files
//! * `ramp_table`: published RAMP tables and leaderboards
//! * `swe_agent`: SWE-agent trajectories

mod atif;
mod claude;
mod claude_code;
mod claude_stream;
mod codex;
mod codex_exec;
mod content;
mod coverage;
mod error;
mod fields;
mod files;
mod formats;
mod gemini;
mod harbor;
mod inspect;
mod look;
#[cfg(test)]
mod made;
mod mini_swe_agent;
mod model_response;
mod naive_clock;
mod openhands;
mod openhands_legacy;
mod openhands_metrics;
mod otlp;
mod ramp;
mod ramp_report;
mod ramp_table;
mod report;
mod rows;
mod run_id;
mod scores;
mod sink;
mod source;
mod stages;
mod swe_agent;
mod test_report;
mod usage;

pub use crate::trace::arguments_hash;
pub use coverage::{COVERAGE, Coverage};
pub use error::ImportError;
pub use files::LogFile;
pub use formats::Format;
pub use report::{Duplicate, ImportReport, Rejected};
pub use scores::{Graded, Grades};
pub use sink::{Collected, Imported, Numbering, Sink};
pub use source::{Found, Job, Source, find_sources, import_all, jobs};
