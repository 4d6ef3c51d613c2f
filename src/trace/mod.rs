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
//! * `columns`: Parquet in, column by column
//! * `packing`: how small a file gets
//! * `digest`: the hash of a run
//! * `footer`: what a trace file says about itself
//! * `inert`: hostile text made harmless
//! * `tables`: the folder that a rollup leaves
//! * `store`: a folder of traces; `listing`: its files; `layout`: where its runs are written; `folder`: its lock
//! * `bucket`: the 256 parts of a store, and shards
//! * `cover`: which of two copies is read
//! * `publish`: traces into a store
//! * `compact`: many small files into few large ones; `merge`: how
//! * `check`: the rules a trace keeps, row by row
//! * `compare`: what a rewriting changed
//! * `docs`: the files in `schemas/`
//! * `error`: what can go wrong, with path and row

mod bucket;
mod calls;
mod check;
mod columns;
mod compact;
mod compare;
mod cover;
mod digest;
mod docs;
mod error;
mod event;
mod folder;
mod footer;
pub(crate) mod inert;
mod layout;
mod line;
mod listing;
mod merge;
mod money;
mod packing;
mod publish;
mod reader;
mod schema;
mod store;
mod tables;
mod time;
mod tool_kind;
mod version;
mod vocabulary;
mod writer;

pub use bucket::{Bucket, Shard, ShardError};
pub use calls::{Streak, arguments_hash};
pub use check::{RowCheck, Violation, check_file};
pub use columns::{ColumnBatch, ColumnFile, ColumnReader, Values, Words};
pub use compact::{Compaction, Extent, Left};
pub use compare::{Difference, compare_files};
pub(crate) use digest::hexadecimal;
pub use docs::{data_dictionary, events_schema_text, message_text};
pub use error::TraceError;
pub use event::{Event, RunFacts};
pub use folder::StoreLock;
pub(crate) use folder::sync_folder;
pub use footer::{Footer, RunEntry};
pub use inert::visible;
pub use layout::Layout;
pub(crate) use layout::encoded;
pub use money::Usd;
pub use packing::Packing;
pub use publish::KnownRun;
pub use reader::{TraceReader, read_footer};
pub use schema::{COLUMNS, Column, ColumnGroup, ColumnType};
pub use store::{Store, StoreEntry};
pub use tables::{RUNS, STAGES, TRACE_HASH, TableFiles, file_note};
pub use time::Timestamp;
pub use tool_kind::tool_kind;
pub use version::{SCHEMA_VERSION, SchemaVersion, TOOL_VERSION};
pub use vocabulary::{
    Clock, CostSource, EndReason, Kind, StageStatus, ToolKind, ToolStatus, UsageQuality,
};
pub use writer::{SealedTrace, TraceWriter, Written};
