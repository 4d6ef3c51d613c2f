//! The rows that expressions see: a view, with parameters and gated scores as columns.

use super::gate::Gate;
use super::pack::{Over, Pack};
use super::parameter::ParameterValue;
use super::plan::row_columns;
use crate::rollup::Rollup;
use polars::error::PolarsResult;
use polars::prelude::{
    Column, DataFrame, DataType, Expr, Float64Chunked, IntoColumn, IntoLazy, NULL, NamedFrom,
    NewChunkedArray, PlSmallStr, Series, col, lit,
};
use polars::sql::sql_expr;
use std::collections::{BTreeMap, HashMap};

/// Position of a row's run, in stage rows.
pub(super) const RUN: &str = "__run";
/// Position of a row's cohort.
pub(super) const COHORT: &str = "__cohort";

/// The values of a metric, in the order of its rows.
pub(super) type Values = Vec<Option<f64>>;

/// The rows of a store, without gates.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) stages: DataFrame,
    pub(super) runs: DataFrame,
    /// Workloads, in order of appearance.
    pub(super) workloads: Vec<String>,
    /// The run of each stage row.
    pub(super) run_of_stage: Vec<u32>,
    /// The cohort of each run.
    pub(super) cohort_of_run: Vec<u32>,
    /// Rows without values at the end of each.
    pub(super) padding: usize,
}

impl Rows {
    /// The rows of a rollup with the parameters of a pack.
    ///
    /// polars divides a column of one value by a number in another way than a longer one, which shows in the last bit. A
    /// single run gets an empty one beside it, so that its values are those that it has among others.
    pub(super) fn of(pack: &Pack, rollup: &Rollup) -> PolarsResult<Self> {
        let padding = usize::from(rollup.runs.height() == 1);
        let mut rollup = rollup.clone();
        for rows in [&mut rollup.stages, &mut rollup.runs].into_iter().take(2 * padding) {
            let empty = DataFrame::full_null(rows.schema(), padding);
            rows.vstack_mut(&empty)?;
        }
        let (workloads, cohort_of_run) = positions(&rollup.runs, "workload")?;
        let (_, run_of_run) = positions(&rollup.runs, "run_id")?;
        let ids = rollup.runs.column("run_id")?.as_materialized_series().clone();
        let row_of: HashMap<&str, u32> = ids
            .str()?
            .iter()
            .map(Option::unwrap_or_default)
            .zip(run_of_run.iter().copied())
            .collect();
        let mut run_of_stage = Vec::with_capacity(rollup.stages.height());
        let stage_ids = rollup.stages.column("run_id")?.as_materialized_series().clone();
        for id in stage_ids.str()?.iter() {
            // Every stage row has its run: the views are made of the same rows.
            run_of_stage.push(row_of.get(id.unwrap_or_default()).copied().unwrap_or(u32::MAX));
        }
        let cohort_of_stage: Vec<u32> = run_of_stage
            .iter()
            .map(|run| cohort_of_run.get(*run as usize).copied().unwrap_or(u32::MAX))
            .collect();
        let mut stages = with_parameters(&rollup.stages, pack, Over::Stages)?;
        stages.with_column(Series::new(RUN.into(), &run_of_stage).into_column())?;
        stages.with_column(Series::new(COHORT.into(), &cohort_of_stage).into_column())?;
        let mut runs = with_parameters(&rollup.runs, pack, Over::Runs)?;
        runs.with_column(Series::new(COHORT.into(), &cohort_of_run).into_column())?;
        Ok(Self { stages, runs, workloads, run_of_stage, cohort_of_run, padding })
    }

    /// The workloads of real runs.
    pub(super) fn real_workloads(&self) -> &[String] {
        let real = self.workloads.len().saturating_sub(self.padding);
        self.workloads.get(..real).unwrap_or(&self.workloads)
    }

    /// The stage rows with the scores that a gate leaves.
    pub(super) fn gated(&self, pack: &Pack, gate: &Gate) -> PolarsResult<DataFrame> {
        let passes = with_constants(sql_expr(&gate.passes)?, pack);
        let passes = passes.cast(DataType::Boolean).alias("__passes");
        let read = [col(RUN), col("stage"), col("score").cast(DataType::Float64), passes];
        let rows = self.stages.clone().lazy().select(read).collect()?;
        let (runs, indices) = (rows.column(RUN)?.u32()?, rows.column("stage")?.i64()?);
        let (scores, passes) = (rows.column("score")?.f64()?, rows.column("__passes")?.bool()?);
        let mut order: Vec<usize> = (0..rows.height()).collect();
        order.sort_by_key(|row| (runs.get(*row), indices.get(*row)));
        let mut gated: Values = vec![None; rows.height()];
        for run in order.chunk_by(|a, b| runs.get(*a) == runs.get(*b)) {
            let stages = run
                .iter()
                .map(|row| (indices.get(*row).unwrap_or(-1), scores.get(*row), passes.get(*row)));
            for (row, score) in run.iter().zip(gate.apply(stages)) {
                if let Some(slot) = gated.get_mut(*row) {
                    *slot = score;
                }
            }
        }
        let mut stages = self.stages.clone();
        stages.with_column(float_column("score", &gated))?;
        Ok(stages)
    }
}

/// An expression with the parameters that are the same in every row as literals, so that they stand beside aggregates
/// as numbers do.
pub(super) fn with_constants(expr: Expr, pack: &Pack) -> Expr {
    expr.map_expr(|node| {
        let Expr::Column(name) = &node else { return node };
        let value = |name: &str| pack.parameters.get(name).map(|p| &p.value);
        match (value(name), name.strip_suffix("_sum").and_then(value)) {
            (Some(ParameterValue::Scalar(value)), _) => lit(*value),
            (Some(ParameterValue::Unset), _) => lit(NULL).cast(DataType::Float64),
            (None, Some(ParameterValue::PerStage(values))) => lit(values.iter().sum::<f64>()),
            _ => node,
        }
    })
}

/// A column of floats.
pub(super) fn float_column(name: &str, values: &[Option<f64>]) -> Column {
    Float64Chunked::from_slice_options(PlSmallStr::from_str(name), values).into_column()
}

/// The distinct texts of a column in order of appearance, and the position of each row's text among them.
fn positions(rows: &DataFrame, column: &str) -> PolarsResult<(Vec<String>, Vec<u32>)> {
    let (mut names, mut seen, mut positions) = (Vec::new(), HashMap::new(), Vec::new());
    let texts = rows.column(column)?.as_materialized_series().clone();
    for text in texts.str()?.iter() {
        // No name holds a zero byte: a missing one is a name of its own.
        let text = text.unwrap_or("\0");
        let next = u32::try_from(seen.len()).unwrap_or(u32::MAX);
        let position = *seen.entry(text).or_insert(next);
        if position == next {
            names.push(text.to_owned());
        }
        positions.push(position);
    }
    Ok((names, positions))
}

/// The rows of a view with the parameters as columns, and money as floats: metrics are not accounts.
fn with_parameters(view: &DataFrame, pack: &Pack, over: Over) -> PolarsResult<DataFrame> {
    let mut rows = view.clone();
    let cost = view.column("cost_usd")?.cast(&DataType::Float64)?;
    rows.with_column(cost)?;
    let visible = row_columns(pack, over);
    for (name, parameter) in pack.parameters.iter().filter(|(name, _)| visible.contains(*name)) {
        let column = match &parameter.value {
            // The same in every row: literals of the expressions.
            ParameterValue::Unset | ParameterValue::Scalar(_) => continue,
            ParameterValue::PerStage(values) => {
                let at = |stage: i64| values.get(usize::try_from(stage).ok()?).copied();
                let stages = view.column("stage")?.i64()?;
                float_column(name, &stages.iter().map(|s| s.and_then(at)).collect::<Values>())
            }
            ParameterValue::PerKey { column, values } => by_key(name, view, column, values)?,
            ParameterValue::PerWorkloadStage(values) => {
                let workloads = view.column("workload")?.as_materialized_series().clone();
                let stages = view.column("stage")?.i64()?;
                let keys = workloads.str()?.iter().zip(stages.iter());
                let value = |(workload, stage): (Option<&str>, Option<i64>)| {
                    values.get(&(workload?.to_owned(), stage?)).copied()
                };
                float_column(name, &keys.map(value).collect::<Values>())
            }
        };
        rows.with_column(column)?;
    }
    Ok(rows)
}

fn by_key(
    name: &str,
    view: &DataFrame,
    column: &str,
    values: &BTreeMap<String, f64>,
) -> PolarsResult<Column> {
    let keys = view.column(column)?.cast(&DataType::String)?;
    let keys = keys.as_materialized_series().clone();
    let found = keys.str()?.iter().map(|key| values.get(key?).copied());
    Ok(float_column(name, &found.collect::<Values>()))
}
