//! A record-and-replay trace analyzer for runs of LLM agents on staged workloads.
//!
//! Runs become columnar Parquet event traces; everything else is computed from these, offline:
//!
//! ```text
//! agent run -- capture ---+
//! foreign log -- import --+-> trace (events) --> rollup (stages, runs) --> metrics --> analysis --> figures, report
//! ```
//!
//! Each module's page says what it holds; imports go one way only, towards [`trace`] and [`stats`], and
//! `tests/conventions.rs` holds them to it. The binary is a thin shell around [`cli`].

pub mod analysis;
pub mod capture;
pub mod cli;
pub mod export;
pub mod figures;
pub mod import;
pub mod ledger;
pub mod metrics;
pub mod replay;
pub mod report;
pub mod rollup;
pub mod stats;
pub mod synthetic;
pub mod trace;
