//! The trace: one wide table, one row per event, in Parquet.
//!
//! Everything else in the crate meets here. Importers and recorders fill [`Event`]s and hand them to a
//! [`TraceWriter`]; the rollup and the SQL views read the files with polars; [`TraceReader`] gives the rows back
//! one by one to whoever needs order (timelines, checks). The Parquet file is the only thing they share.
//!
//! * `vocabulary`: the closed word lists (kinds, statuses, reasons)
//! * `event`: one row, and the facts of its run
//! * `money`, `time`: exact units
//! * `calls`: equal tool calls, streaks
//! * `tool_kind`: what a tool does, by its name
//! * `schema`: the one table of columns; arrow schema, checks and documents derive from it
//! * `line`: events and run facts as JSON objects
//! * `version`: the format version and who may read what
//! * `writer`, `reader`: Parquet out and in
//! * `packing`: how small a file gets
//! * `digest`: the hash of a run
//! * `footer`: what a trace file says about itself
//! * `inert`: hostile text made harmless
//! * `store`: a folder of traces
//! * `check`: the rules a trace keeps, row by row
//! * `compare`: what a rewriting changed
//! * `docs`: the files in `schemas/`
//! * `error`: what can go wrong, with path and row

mod calls;
mod check;
mod compare;
mod digest;
mod docs;
mod error;
mod event;
mod footer;
pub(crate) mod inert;
mod line;
mod money;
mod packing;
mod reader;
mod schema;
mod store;
mod time;
mod tool_kind;
mod version;
mod vocabulary;
mod writer;

pub use calls::{Streak, arguments_hash};
pub use check::{RowCheck, Violation, check_file};
pub use compare::{Difference, compare_files};
pub use docs::{data_dictionary, events_schema_text, message_text};
pub use error::TraceError;
pub use event::{Event, RunFacts};
pub use footer::{Footer, RunEntry};
pub use inert::visible;
pub use money::Usd;
pub use packing::Packing;
pub use reader::{TraceReader, read_footer};
pub use schema::{COLUMNS, Column, ColumnGroup, ColumnType};
pub(crate) use store::encoded;
pub use store::{Store, StoreEntry};
pub use time::Timestamp;
pub use tool_kind::tool_kind;
pub use version::{SCHEMA_VERSION, SchemaVersion, TOOL_VERSION};
pub use vocabulary::{
    Clock, CostSource, EndReason, Kind, StageStatus, ToolKind, ToolStatus, UsageQuality,
};
pub use writer::{SealedTrace, TraceWriter, Written};
