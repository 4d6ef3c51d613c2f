//! The journal: the events of a run that has not ended, on disk.
//!
//! A trace is Parquet, and Parquet is unreadable until its last byte is written. So a recorder appends events to
//! `STORE/.ramptrace/journal/RUN.journal` and makes the trace from it at the end; after a kill, `ramptrace store
//! recover` does that. The journal goes away only when the trace is in place.
//!
//! ```text
//! journal = line frame(facts) frame(events) frame(events) ...
//! line    = "ramptrace-journal " version " " release "\n"       ASCII, at most 64 bytes
//! frame   = length crc payload
//! length  = u32, little endian: bytes of the payload; never 0, at most 65 MiB
//! crc     = u32, little endian: CRC-32 (IEEE) of the payload
//! payload = zstd, level 3, of at most 64 MiB of JSON
//! facts   = {"schema": version of the trace columns, "run": {run facts}}
//! events  = one event per line, `seq` = 0, 1, 2, ... through the whole journal
//! ```
//!
//! Names and values in `run` and in events are those of the trace columns (`trace/line.rs`). A frame is written with one
//! call, at the latest a second after its first event; what [`JournalWriter::sync`] has returned for survives a power
//! loss, what is written survives a kill. A reader keeps every whole frame before the first damage, whatever the damage
//! is, and says what it left; recovery keeps a damaged journal beside as `RUN.journal.torn`.
//!
//! A journal appears under its name with its first frame written and an exclusive lock of the operating system on it,
//! which its recorder holds until the end: a journal that can be locked is a leftover.
//!
//! * `version`: who may read what
//! * `frame`: one checksummed piece
//! * `header`: the line and the run's facts
//! * `medium`: what a journal is written on
//! * `writer`, `reader`: frames out and in
//! * `folder`: where journals live, and their locks
//! * `publish`: a journal to a trace of the store
//! * `recover`: leftovers
//! * `error`: what can go wrong, with path and next step

mod error;
mod folder;
mod frame;
mod header;
mod medium;
mod publish;
mod reader;
mod recover;
mod version;
mod writer;

pub use error::JournalError;
pub use folder::{journals, leftovers};
pub use frame::Damage;
pub use publish::Summary;
pub use reader::{JournalReader, Torn};
pub use recover::{Leftover, Recovered, Recovery, inspect, recover};
pub use version::{JOURNAL_VERSION, JournalVersion};
pub use writer::JournalWriter;

pub(super) use folder::{create, retire};
pub(super) use frame::MAX_TEXT;
#[cfg(test)]
pub(super) use medium::fake;
pub(super) use publish::{Published, publish};
