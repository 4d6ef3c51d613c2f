//! Folded runs as the views `stages` and `runs`.

use super::runs::FoldedRun;
use super::sums::Sums;
use crate::rollup::scan::{SUM_OF_MONEY, polars_type};
use crate::rollup::views::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn};
use crate::rollup::{Rollup, RollupError};
use polars::prelude::{
    Column, DataFrame, Float64Chunked, Int64Chunked, Int128Chunked, IntoColumn, NewChunkedArray,
    PlSmallStr, StringChunked,
};
use rayon::prelude::*;

/// One row of a view.
struct Row<'a> {
    run_id: &'a str,
    stage: i64,
    stages: i64,
    sums: &'a Sums,
    /// What happened outside of the stages of the run: only there it is said how the run ended.
    outside: Option<&'a Sums>,
}

/// How a column is read off a row.
enum Field {
    Text(for<'a> fn(&Row<'a>) -> Option<&'a str>),
    /// Integers, and instants as microseconds.
    Int(fn(&Row) -> Option<i128>),
    Float(fn(&Row) -> Option<f64>),
    Money(fn(&Row) -> Option<i128>),
}

/// The views, rows in the order of their names.
pub(super) fn tables(runs: &[FoldedRun]) -> Result<Rollup, RollupError> {
    let wholes: Vec<Sums> = runs.par_iter().map(FoldedRun::whole).collect();
    let mut whole_runs: Vec<(&FoldedRun, &Sums)> = runs.iter().zip(&wholes).collect();
    whole_runs.par_sort_by(|a, b| place(a.1, &a.0.run_id, -1).cmp(&place(b.1, &b.0.run_id, -1)));
    let (mut run_rows, mut stage_rows) = (Vec::with_capacity(runs.len()), Vec::new());
    for (run, whole) in whole_runs {
        let row = |stage, stages, sums| Row {
            run_id: &run.run_id,
            stage,
            stages,
            sums,
            outside: run.outside(),
        };
        let mut inside: Vec<&(i64, Sums)> =
            run.stages.iter().filter(|(stage, _)| *stage >= 0).collect();
        inside.sort_by_key(|(stage, _)| *stage);
        run_rows.push(row(-1, inside.len().cast_signed() as i64, whole));
        stage_rows.extend(inside.into_iter().map(|(stage, sums)| row(*stage, 1, sums)));
    }
    // They are in order already, but where the rows of a run disagree about its workload or model.
    if !stage_rows.is_sorted_by(|a: &Row, b: &Row| a.place() <= b.place()) {
        stage_rows.par_sort_by(|a, b| a.place().cmp(&b.place()));
    }
    Ok(Rollup {
        stages: view(STAGE_COLUMNS, &stage_rows, stage_field)?,
        runs: view(RUN_COLUMNS, &run_rows, run_field)?,
    })
}

/// Where a row stands: by workload, model, run and stage.
type Place<'a> = (Option<&'a str>, Option<&'a str>, &'a str, i64);

fn place<'a>(sums: &'a Sums, run_id: &'a str, stage: i64) -> Place<'a> {
    let [workload, model, ..] = &sums.facts;
    (workload.as_deref(), model.as_deref(), run_id, stage)
}

impl Row<'_> {
    fn place(&self) -> Place<'_> {
        place(self.sums, self.run_id, self.stage)
    }
}

fn view(
    columns: &[ViewColumn],
    rows: &[Row],
    field: fn(&str) -> Option<Field>,
) -> Result<DataFrame, RollupError> {
    let columns: Result<Vec<Column>, RollupError> = columns
        .par_iter()
        .map(|column| {
            let missing =
                || RollupError::Column { column: column.name.to_owned(), expected: "folded" };
            column_of(column, rows, &field(column.name).ok_or_else(missing)?)
        })
        .collect();
    DataFrame::new(rows.len(), columns?).map_err(failed)
}

fn column_of(column: &ViewColumn, rows: &[Row], field: &Field) -> Result<Column, RollupError> {
    let name = PlSmallStr::from_static(column.name);
    match field {
        Field::Text(read) => {
            let texts: Vec<Option<&str>> = rows.iter().map(read).collect();
            Ok(StringChunked::from_slice_options(name, &texts).into_column())
        }
        Field::Float(read) => {
            let numbers: Vec<Option<f64>> = rows.iter().map(read).collect();
            Ok(Float64Chunked::from_slice_options(name, &numbers).into_column())
        }
        Field::Money(read) => {
            let amounts: Vec<Option<i128>> = rows.iter().map(read).collect();
            let amounts = Int128Chunked::from_slice_options(name, &amounts);
            let (precision, scale) = SUM_OF_MONEY;
            Ok(amounts.into_decimal(precision, scale).map_err(failed)?.into_column())
        }
        Field::Int(read) => {
            let value = |row: &Row| match read(row).map(i64::try_from) {
                None => Ok(None),
                Some(Ok(int)) => Ok(Some(int)),
                Some(Err(_)) => {
                    Err(RollupError::Sum { run_id: row.run_id.to_owned(), column: column.name })
                }
            };
            let ints: Result<Vec<Option<i64>>, RollupError> = rows.iter().map(value).collect();
            let ints = Int64Chunked::from_slice_options(name, &ints?).into_column();
            ints.cast(&polars_type(column.ty)).map_err(failed)
        }
    }
}

fn failed(source: polars::error::PolarsError) -> RollupError {
    RollupError::Fold { what: "the stages".to_owned(), source }
}

/// Columns that both views have.
fn field(name: &str) -> Option<Field> {
    use Field::{Float, Int, Money, Text};
    Some(match name {
        "run_id" => Text(|r| Some(r.run_id)),
        "workload" => Text(|r| r.sums.facts[0].as_deref()),
        "model" => Text(|r| r.sums.facts[1].as_deref()),
        "provider" => Text(|r| r.sums.facts[2].as_deref()),
        "agent" => Text(|r| r.sums.facts[3].as_deref()),
        "llm_calls" => Int(|r| r.sums.llm_calls()),
        "failed_llm_calls" => Int(|r| r.sums.failed_llm_calls()),
        "input_tokens" => Int(|r| r.sums.tokens(0)),
        "cache_read_tokens" => Int(|r| r.sums.tokens(1)),
        "cache_write_tokens" => Int(|r| r.sums.tokens(2)),
        "output_tokens" => Int(|r| r.sums.tokens(3)),
        "reasoning_tokens" => Int(|r| r.sums.tokens(4)),
        "total_tokens" => Int(|r| r.sums.total_tokens()),
        "reported_total_tokens" => Int(|r| r.sums.reported_total_tokens()),
        "priced_calls" => Int(|r| r.sums.priced_calls().map(Into::into)),
        "cost_usd" => Money(|r| r.sums.cost()),
        "tool_calls" => Int(|r| r.sums.of_tools(r.sums.tool_calls).map(Into::into)),
        "tool_errors" => Int(|r| r.sums.of_tools(r.sums.tool_errors).map(Into::into)),
        "commands" => Int(|r| r.sums.of_tools(r.sums.commands).map(Into::into)),
        "nonzero_exits" => Int(|r| r.sums.of_tools(r.sums.nonzero_exits).map(Into::into)),
        "peak_input_tokens" => Int(|r| r.sums.peak_input_tokens.map(Into::into)),
        "max_identical_run" => Int(|r| r.sums.max_identical_run().map(Into::into)),
        "first_ts" => Int(|r| r.sums.first_ts.map(Into::into)),
        "last_ts" => Int(|r| r.sums.last_ts.map(Into::into)),
        "wall_s" => Float(|r| r.sums.wall_us().map(seconds)),
        "llm_s" => Float(|r| r.sums.llm_us().map(seconds)),
        "tool_s" => Float(|r| r.sums.tool_us().map(seconds)),
        _ => return None,
    })
}

fn stage_field(name: &str) -> Option<Field> {
    use Field::{Float, Int, Text};
    Some(match name {
        "stage" => Int(|r| Some(r.stage.into())),
        "attempts" => Int(|r| r.sums.attempts.map(Into::into)),
        "score" => Float(|r| r.sums.score),
        "stage_status" => Text(|r| r.sums.stage_status.as_deref()),
        "tests_passed" => Int(|r| r.sums.tests_passed.map(Into::into)),
        "tests_total" => Int(|r| r.sums.tests_total.map(Into::into)),
        "elapsed_s" => Float(|r| r.sums.elapsed_s),
        "end_reason" => Text(|r| r.sums.end_reason.as_deref()),
        _ => return field(name),
    })
}

fn run_field(name: &str) -> Option<Field> {
    use Field::{Float, Int, Text};
    Some(match name {
        "protocol" => Text(|r| r.sums.facts[4].as_deref()),
        "started_at" => Int(|r| r.sums.first_ts.map(Into::into)),
        "stages" => Int(|r| Some(r.stages.into())),
        "events" => Int(|r| Some(r.sums.events.into())),
        "elapsed_s" => Float(|r| r.outside?.elapsed_s),
        "termination" => Text(|r| r.outside?.end_reason.as_deref()),
        _ => return field(name),
    })
}

/// Microseconds as seconds: the nearest float, as every engine gives it after rounding.
#[expect(clippy::cast_precision_loss, reason = "285 years are exact")]
fn seconds(us: i128) -> f64 {
    us as f64 / 1e6
}
