//! The views `stages` and `runs`, and SQL over all three views.
//!
//! The same names stand in `schemas/views.md`, in the tables that `analyze` writes, in metric packs and in notebooks.

use super::by_sql::collect;
use super::{Frame, RollupError, roll_up, scan_events};
use crate::trace::ColumnType;
use polars::prelude::{DataFrame, IntoLazy, SortMultipleOptions};
use polars::sql::SQLContext;
use std::fmt::Write as _;
use std::path::PathBuf;

/// A column of a view.
#[derive(Debug, Clone, Copy)]
pub struct ViewColumn {
    /// Type.
    pub ty: ColumnType,
    /// Name.
    pub name: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// Unit, empty when it has none.
    pub unit: &'static str,
    /// Meaning.
    pub doc: &'static str,
    /// SQL over the rows of the rollup, where it is not the column of that name.
    sql: &'static str,
}

impl ViewColumn {
    /// The type as users know it: sums of money have room for more digits than the amounts of a trace.
    pub const fn type_name(&self) -> &'static str {
        match self.ty {
            ColumnType::Money => "decimal(38,9)",
            ty => ty.name(),
        }
    }
}

const fn column(
    ty: ColumnType,
    name: &'static str,
    label: &'static str,
    unit: &'static str,
    doc: &'static str,
) -> ViewColumn {
    ViewColumn { ty, name, label, unit, doc, sql: "" }
}

const fn seconds(
    name: &'static str,
    label: &'static str,
    sql: &'static str,
    doc: &'static str,
) -> ViewColumn {
    ViewColumn { ty: ColumnType::Float, name, label, unit: "s", doc, sql }
}

/// A view: the identity of a run, columns of its own, the sums that every view has, more columns of its own.
macro_rules! view {
    ([$($first:expr),* $(,)?] [$($last:expr),* $(,)?]) => {
        &[
            column(ColumnType::Text, "run_id", "Run", "", "Identifier of the run."),
            column(ColumnType::Text, "workload", "Workload", "", "The staged task set."),
            column(ColumnType::Text, "model", "Model", "", "The model asked for."),
            column(ColumnType::Text, "provider", "Provider", "", "Who serves the model."),
            column(ColumnType::Text, "agent", "Agent", "", "The harness around the model."),
            $($first,)*
            column(ColumnType::Int, "llm_calls", "LLM calls", "calls", "Answered LLM calls."),
            column(ColumnType::Int, "failed_llm_calls", "Failed calls", "calls", "LLM requests that got no answer."),
            column(ColumnType::Int, "input_tokens", "Input", "tokens", "Prompt tokens, cached ones included."),
            column(ColumnType::Int, "cache_read_tokens", "Cache read", "tokens", "Part of the input that was read from a cache."),
            column(ColumnType::Int, "cache_write_tokens", "Cache write", "tokens", "Part of the input that was written to a cache."),
            column(ColumnType::Int, "output_tokens", "Output", "tokens", "Completion tokens, reasoning included."),
            column(ColumnType::Int, "reasoning_tokens", "Reasoning", "tokens", "Part of the output that was reasoning."),
            column(ColumnType::Int, "total_tokens", "Total", "tokens", "input_tokens + output_tokens; null when either is unknown."),
            column(ColumnType::Int, "reported_total_tokens", "Reported total", "tokens", "A total as the source prints it; may count parts twice."),
            column(ColumnType::Int, "priced_calls", "Priced calls", "calls", "Answered calls whose cost is known; null for sources without single calls."),
            column(ColumnType::Money, "cost_usd", "Cost", "USD", "Sum of the known costs, exact; null when none is known."),
            column(ColumnType::Int, "tool_calls", "Tool calls", "calls", "Tool calls asked for."),
            column(ColumnType::Int, "tool_errors", "Tool errors", "calls", "Tool calls whose status is error."),
            column(ColumnType::Int, "commands", "Commands", "calls", "Shell commands executed."),
            column(ColumnType::Int, "nonzero_exits", "Nonzero exits", "calls", "Shell commands that ended with an exit code other than 0; running and refused ones do not count."),
            column(ColumnType::Int, "peak_input_tokens", "Peak input", "tokens", "Longest prompt of a single call."),
            column(ColumnType::Int, "max_identical_run", "Longest repeat", "calls", "Most times in a row that one tool was called with the same arguments."),
            column(ColumnType::Time, "first_ts", "First event", "", "Start of the first event."),
            column(ColumnType::Time, "last_ts", "Last event", "", "Start of the last event."),
            $($last,)*
        ]
    };
}

/// Columns of `stages`, one row per (run, stage).
pub const STAGE_COLUMNS: &[ViewColumn] = view!(
    [
        column(ColumnType::Int, "stage", "Stage", "", "Stage index from 0."),
        column(ColumnType::Int, "attempts", "Attempts", "", "Tries at the stage."),
        column(ColumnType::Float, "score", "Score", "points", "Final score, 0 to 100."),
        column(ColumnType::Text, "stage_status", "Status", "", "How the stage ended: passed, failed, not_attempted, no_tests, infra, recovered."),
        column(ColumnType::Int, "tests_passed", "Tests passed", "tests", "Tests passed in full."),
        column(ColumnType::Int, "tests_total", "Tests", "tests", "Tests that ran; 0 when nothing could be run."),
    ]
    [
        seconds("wall_s", "Wall time", "ROUND(CAST(CAST(end_us AS DECIMAL(38, 0)) - first_us AS DOUBLE) / 1000000.0, 6)", "From the start of the first event to the end of the last."),
        column(ColumnType::Float, "elapsed_s", "Elapsed", "s", "Time that the harness reports, grading included."),
        seconds("llm_s", "LLM time", "ROUND(CAST(llm_us AS DOUBLE) / 1000000.0, 6)", "Sum of the latencies of answered calls; overlaps count twice."),
        seconds("tool_s", "Tool time", "ROUND(CAST(tool_us AS DOUBLE) / 1000000.0, 6)", "Sum of the durations of tool calls; overlaps count twice."),
        column(ColumnType::Text, "end_reason", "Ended by", "", "Why the agent stopped working on the stage."),
    ]
);

/// Columns of `runs`, one row per run.
pub const RUN_COLUMNS: &[ViewColumn] = view!(
    [
        column(ColumnType::Text, "protocol", "Protocol", "", "What the harness allowed."),
        column(ColumnType::Time, "started_at", "Started", "", "Start of the first event."),
        column(ColumnType::Int, "stages", "Stages", "", "Stages with at least one event."),
        column(ColumnType::Int, "events", "Events", "", "Rows of the trace."),
    ]
    [
        column(ColumnType::Float, "wall_s", "Wall time", "s", "From the start of the first event to the end of the last."),
        column(ColumnType::Float, "elapsed_s", "Elapsed", "s", "Time that the harness reports for the run."),
        column(ColumnType::Float, "llm_s", "LLM time", "s", "Sum of the latencies of answered calls; overlaps count twice."),
        column(ColumnType::Float, "tool_s", "Tool time", "s", "Sum of the durations of tool calls; overlaps count twice."),
        column(ColumnType::Text, "termination", "Ended by", "", "Why the agent stopped on the last stage it attempted."),
    ]
);

/// SQL of the view `stages` over the rows of `rollup.sql`.
pub(super) fn stage_view_sql() -> String {
    format!(
        "SELECT\n  {}\nFROM stage_rows\nWHERE stage >= 0\nORDER BY workload, model, run_id, stage",
        columns_sql(STAGE_COLUMNS)
    )
}

/// SQL of the view `runs` over the rows of `rollup_runs.sql`.
pub(super) fn run_view_sql() -> String {
    format!(
        "SELECT\n  {}\nFROM run_rows\nORDER BY workload, model, run_id",
        columns_sql(RUN_COLUMNS)
    )
}

fn columns_sql(columns: &[ViewColumn]) -> String {
    let columns: Vec<String> =
        columns
            .iter()
            .map(|c| {
                if c.sql.is_empty() {
                    c.name.to_owned()
                } else {
                    format!("{} AS {}", c.sql, c.name)
                }
            })
            .collect();
    columns.join(",\n  ")
}

/// Runs a SQL query over the views `events`, `stages` and `runs` of trace files.
///
/// Without an `ORDER BY`, the rows of a grouped query come sorted by its columns from left to right, so that the same
/// query gives the same bytes.
pub fn query(files: &[PathBuf], sql: &str) -> Result<Frame, RollupError> {
    let context = SQLContext::new();
    // What has to be made first is only paid for by queries that can see it.
    let lower = sql.to_ascii_lowercase();
    let sees = |views: &[&str]| views.iter().any(|view| lower.contains(view));
    if sees(&["events", "show"]) {
        context.register("events", scan_events(files)?);
    }
    if sees(&["stages", "runs", "show"]) {
        let rollup = roll_up(files)?;
        context.register("stages", rollup.stages.lazy());
        context.register("runs", rollup.runs.lazy());
    }
    run_query(context, sql)
}

/// Runs a query over what is registered, with rows in an order of their own.
pub(super) fn run_query(mut context: SQLContext, sql: &str) -> Result<Frame, RollupError> {
    let failed = |source: polars::error::PolarsError| RollupError::Query {
        problem: first_line(&source),
        source,
    };
    let mut frame = context.execute(sql).and_then(collect).map_err(failed)?;
    if loses_order(sql) {
        frame = sorted(frame).map_err(failed)?;
    }
    Ok(Frame::of(&frame))
}

/// Whether a query regroups rows and does not order them afterwards.
fn loses_order(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let outer = sql.rsplit(')').next().unwrap_or(&sql);
    let regroups = ["group by", "distinct", "union", "join", "intersect", "except"];
    !outer.contains("order by") && regroups.iter().any(|word| sql.contains(word))
}

fn sorted(frame: DataFrame) -> polars::error::PolarsResult<DataFrame> {
    let names: Vec<_> = frame.get_column_names().into_iter().cloned().collect();
    if names.is_empty() {
        return Ok(frame);
    }
    frame.sort(names, SortMultipleOptions::default().with_maintain_order(true))
}

fn first_line(error: &polars::error::PolarsError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The columns of the views `stages` and `runs` in Markdown (`schemas/views.md`).
pub fn views_dictionary() -> String {
    let mut out = "# Views\n\n`ramptrace sql STORE \"SELECT ...\"` sees `events` (the columns of a trace, see `events.md`), `stages` and \
                   `runs`. Sums are null when nothing is known, never zero.\n"
        .to_owned();
    for (name, per, columns) in
        [("stages", "(run, stage)", STAGE_COLUMNS), ("runs", "run", RUN_COLUMNS)]
    {
        let _ = write!(
            out,
            "\n## {name}\n\nOne row per {per}.\n\n| column | type | unit | meaning |\n|---|---|---|---|\n"
        );
        for c in columns {
            let _ = writeln!(out, "| `{}` | {} | {} | {} |", c.name, c.type_name(), c.unit, c.doc);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regrouped_rows_without_an_outer_order_are_sorted() {
        assert!(loses_order("SELECT model, COUNT(*) FROM runs GROUP  BY model"));
        assert!(!loses_order("SELECT model, COUNT(*) FROM runs GROUP BY model ORDER\nBY 2"));
        assert!(!loses_order("SELECT * FROM events"));
        assert!(loses_order("SELECT * FROM (SELECT DISTINCT model FROM runs ORDER BY model)"));
    }
}
