//! The rollup as SQL, for engines that others run. Here polars runs it, in tests, beside the fold of this crate.

use super::scan::described;
use super::views::{run_view_sql, stage_view_sql};
use super::{Rollup, RollupError, scan_events};
use polars::prelude::{DataFrame, Engine, IntoLazy, LazyFrame, PolarsResult};
use polars::sql::SQLContext;
use std::path::PathBuf;

/// Events to stage rows (`schemas/rollup.sql`).
pub const ROLLUP_SQL: &str = include_str!("../../schemas/rollup.sql");
/// Stage rows to run rows (`schemas/rollup_runs.sql`).
pub const ROLLUP_RUNS_SQL: &str = include_str!("../../schemas/rollup_runs.sql");

/// What [`super::roll_up`] gives, by way of the SQL.
pub fn roll_up_by_sql(files: &[PathBuf]) -> Result<Rollup, RollupError> {
    let failed = |source| RollupError::Fold { what: described(files), source };
    let rows = collect(stage_rows(scan_events(files)?).map_err(failed)?).map_err(failed)?;
    let view = |sql: &str, name: &str, rows: LazyFrame| -> PolarsResult<LazyFrame> {
        let mut context = SQLContext::new();
        context.register(name, rows);
        context.execute(sql)
    };
    let stages = view(&stage_view_sql(), "stage_rows", rows.clone().lazy()).and_then(collect);
    let runs = view(ROLLUP_RUNS_SQL, "stage_rows", rows.lazy())
        .and_then(|runs| view(&run_view_sql(), "run_rows", runs))
        .and_then(collect);
    Ok(Rollup { stages: stages.map_err(failed)?, runs: runs.map_err(failed)? })
}

/// The optimised plan of the first step, which shows the columns that it reads.
pub fn explain_rollup(files: &[PathBuf]) -> Result<String, RollupError> {
    let failed = |source| RollupError::Fold { what: described(files), source };
    stage_rows(scan_events(files)?).and_then(|plan| plan.explain(true)).map_err(failed)
}

/// Events to the rows of `rollup.sql`.
fn stage_rows(events: LazyFrame) -> PolarsResult<LazyFrame> {
    let mut context = SQLContext::new();
    context.register("events", events);
    context.execute(ROLLUP_SQL)
}

/// Runs a plan on the streaming engine. A plan without sinks, as every query is, gives one frame.
pub(in crate::rollup) fn collect(plan: LazyFrame) -> PolarsResult<DataFrame> {
    Ok(plan.collect_with_engine(Engine::Streaming)?.unwrap_single())
}
