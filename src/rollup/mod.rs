//! Events folded to one row per (run, stage) and one row per run.
//!
//! The folding is SQL that every engine can run (`schemas/rollup.sql`, `schemas/rollup_runs.sql`); here it runs in
//! process on polars, streaming. What depends on order was written into the events by whoever wrote the trace, so no
//! window is needed, and no text column is read.
//!
//! * `scan`: trace files as a lazy frame
//! * `fold`: the two SQL files, run
//! * `views`: the columns of the views `stages` and `runs`, and SQL over them
//! * `portable`: the same queries as files for other engines
//! * `remote`: the same queries on a Spark Connect server (feature `spark-connect`)
//! * `select`: one SELECT over frames that are at hand
//! * `made`: views made of plain rows, or changed in one respect
//! * `frame`: typed columns out of a polars frame
//! * `error`: what can go wrong

mod error;
mod fold;
mod frame;
mod made;
mod portable;
#[cfg(feature = "spark-connect")]
mod remote;
mod scan;
mod select;
mod views;

pub use error::RollupError;
pub use fold::{ROLLUP_RUNS_SQL, ROLLUP_SQL, Rollup, explain_rollup, roll_up};
pub use frame::{Frame, Scalar, ScalarKind};
pub use made::{MadeRun, View};
pub use portable::portable_files;
#[cfg(feature = "spark-connect")]
pub use remote::{RemoteRollup, roll_up_remote};
pub use scan::scan_events;
pub use select::{check_select, select, sql_words};
pub use views::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn, query, views_dictionary};
