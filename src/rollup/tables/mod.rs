//! The views as files: what `ramptrace rollup` leaves, and what stands for the events of a store where it is read.
//!
//! * `coarse`: such files in place of events
//! * `read`: the views of such files
//! * `write`: the views of a store, part by part, and only what changed since the last time
//! * `swap`: a folder in place of another, at once

mod coarse;
mod read;
mod swap;
mod write;

pub(super) use coarse::coarse_events;
pub(super) use read::read_tables;
pub use write::{RolledUp, write_rollup};
