//! Events folded to one row per (run, stage) and one row per run.
//!
//! What is folded is said in SQL that every engine can run (`schemas/rollup.sql`, `schemas/rollup_runs.sql`). In process a
//! fold of our own does the same in a fraction of the time: it reads columns, never a long text, and as the rows of a run stand
//! together it needs no table of groups. What depends on order was written into the events by whoever wrote the trace.
//!
//! * `scan`: trace files as a lazy frame
//! * `fold`: events to the views `stages` and `runs`
//! * `by_sql`: the same by the SQL, on polars
//! * `tables`: the views as files
//! * `views`: the columns of the views `stages` and `runs`, and SQL over them
//! * `portable`: the same queries as files for other engines
//! * `remote`: the same queries on a Spark Connect server (feature `spark-connect`)
//! * `remote_commands`: its commands, waited for however long they take
//! * `select`: one SELECT over frames that are at hand
//! * `made`: views made of plain rows, or changed in one respect
//! * `frame`: typed columns out of a polars frame
//! * `error`: what can go wrong

mod by_sql;
mod error;
mod fold;
mod frame;
mod made;
mod portable;
#[cfg(feature = "spark-connect")]
mod remote;
#[cfg(feature = "spark-connect")]
mod remote_commands;
mod scan;
mod select;
mod tables;
mod views;

pub use by_sql::{ROLLUP_RUNS_SQL, ROLLUP_SQL, explain_rollup, roll_up_by_sql};
pub use error::RollupError;
pub use fold::{ROLLUP_COLUMNS, Rollup, roll_up};
pub use frame::{Frame, Scalar, ScalarKind};
pub use made::{MadeRun, View};
pub use portable::portable_files;
#[cfg(feature = "spark-connect")]
pub use remote::{RemoteRollup, roll_up_remote};
pub use scan::scan_events;
pub use select::{check_select, reads_events, refuse_tables, select, sql_words};
pub use tables::{RolledUp, write_rollup};
pub use views::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn, query, views_dictionary};
