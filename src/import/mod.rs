//! Foreign logs to events: one file or folder per format, all of the same shape.
//!
//! [`find_sources`] looks at a path and recognises logs by their content; [`import`] turns one source into runs, each
//! with its events and an [`ImportReport`] that accounts for every record: an event, a counted skip with a reason, or
//! an error with file and line. Importers never write files and never print.
//!
//! * `source`: what is at a path
//! * `report`: the account of one run
//! * `error`: what makes a source unreadable
//! * `fields`: JSON objects taken apart, the rest kept
//! * `finish`: sequence numbers and offsets, the last step of every importer
//! * `openhands`: RAMP run folders with OpenHands SDK logs
//! * `ramp_table`: published RAMP tables and leaderboards
//! * `ramp_report`: bare RAMP report files
//! * `ramp`: what the RAMP formats share

mod error;
mod fields;
mod finish;
mod openhands;
mod ramp;
mod ramp_report;
mod ramp_table;
mod report;
mod source;

pub use crate::trace::arguments_hash;
pub use error::ImportError;
pub use report::{ImportReport, Rejected};
pub use source::{Format, Imported, Options, Source, find_sources, import};
