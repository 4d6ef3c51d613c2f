//! Views that do not come from a trace: made of plain rows, or changed in one respect to ask what would have been.

use super::fold::Rollup;
use super::scan::polars_type;
use super::views::{RUN_COLUMNS, STAGE_COLUMNS, ViewColumn};
use super::{Frame, RollupError};
use crate::trace::ColumnType;
use polars::error::{PolarsError, PolarsResult};
use polars::prelude::{
    BooleanChunked, Column, DataFrame, DataType, Float64Chunked, IntoColumn, NamedFrom,
    NewChunkedArray, PlSmallStr, Series,
};
use std::collections::{BTreeMap, BTreeSet};

/// A run made of plain values. Columns that are not named are null.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MadeRun {
    /// Identifier.
    pub run_id: String,
    /// Workload.
    pub workload: String,
    /// Model.
    pub model: String,
    /// Numbers of its row in `runs`.
    pub numbers: BTreeMap<&'static str, f64>,
    /// Its stages, each with the numbers of its row in `stages`, `stage` aside.
    pub stages: Vec<(i64, BTreeMap<&'static str, f64>)>,
}

/// One of the two views that metrics see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// One row per (run, stage).
    Stages,
    /// One row per run.
    Runs,
}

impl Rollup {
    /// The views of runs made of plain values, in their order.
    pub fn of_runs(runs: &[MadeRun]) -> Result<Self, RollupError> {
        let run_rows: Vec<Row> = runs.iter().map(|r| (r, None, &r.numbers)).collect();
        let stage_rows: Vec<Row> = runs
            .iter()
            .flat_map(|r| r.stages.iter().map(move |(s, numbers)| (r, Some(*s), numbers)))
            .collect();
        let made = |columns, rows: &[Row]| view(columns, rows).map_err(failed);
        Ok(Self { stages: made(STAGE_COLUMNS, &stage_rows)?, runs: made(RUN_COLUMNS, &run_rows)? })
    }

    /// The same views with other numbers in one column, row by row.
    pub fn with_numbers(
        &self,
        in_view: View,
        name: &str,
        numbers: &[Option<f64>],
    ) -> Result<Self, RollupError> {
        let mut changed = self.clone();
        let rows = match in_view {
            View::Stages => &mut changed.stages,
            View::Runs => &mut changed.runs,
        };
        let column = rows.column(name).map_err(failed)?;
        let numbers = Float64Chunked::from_slice_options(PlSmallStr::from_str(name), numbers);
        let numbers = numbers.into_column().cast(column.dtype()).map_err(failed)?;
        rows.with_column(numbers).map_err(failed)?;
        Ok(changed)
    }

    /// The same views with other names of models.
    pub fn with_models(&self, name: impl Fn(&str) -> String) -> Result<Self, RollupError> {
        let renamed = |rows: &DataFrame| -> Result<DataFrame, RollupError> {
            let names: Vec<Option<String>> =
                Frame::of(rows).texts("model")?.into_iter().map(|m| m.map(&name)).collect();
            let column = Series::new("model".into(), names).into_column();
            let mut changed = rows.clone();
            changed.with_column(column).map_err(failed)?;
            Ok(changed)
        };
        Ok(Self { stages: renamed(&self.stages)?, runs: renamed(&self.runs)? })
    }

    /// The same views with only some runs.
    pub fn only(&self, run_ids: &BTreeSet<&str>) -> Result<Self, RollupError> {
        let kept = |rows: &DataFrame| -> Result<DataFrame, RollupError> {
            let frame = Frame::of(rows);
            let ids = frame.texts("run_id")?;
            let mask: BooleanChunked =
                ids.iter().map(|id| id.is_some_and(|id| run_ids.contains(id))).collect();
            rows.filter(&mask).map_err(failed)
        };
        Ok(Self { stages: kept(&self.stages)?, runs: kept(&self.runs)? })
    }
}

/// A run, the stage of a stage row, and the numbers of the row.
type Row<'a> = (&'a MadeRun, Option<i64>, &'a BTreeMap<&'static str, f64>);

fn view(columns: &[ViewColumn], rows: &[Row]) -> PolarsResult<DataFrame> {
    let columns: PolarsResult<Vec<Column>> = columns
        .iter()
        .map(|column| {
            let name = PlSmallStr::from_str(column.name);
            if column.ty == ColumnType::Text {
                let texts: Vec<Option<&str>> = rows
                    .iter()
                    .map(|(run, ..)| match column.name {
                        "run_id" => Some(run.run_id.as_str()),
                        "workload" => Some(run.workload.as_str()),
                        "model" => Some(run.model.as_str()),
                        _ => None,
                    })
                    .collect();
                return Ok(Series::new(name, texts).into_column());
            }
            #[expect(clippy::cast_precision_loss, reason = "stages are few")]
            let value = |(_, stage, numbers): &Row| match (column.name, stage) {
                ("stage", Some(stage)) => Some(*stage as f64),
                (name, _) => numbers.get(name).copied(),
            };
            let numbers: Vec<Option<f64>> = rows.iter().map(value).collect();
            let numbers = Float64Chunked::from_slice_options(name, &numbers).into_column();
            match column.ty {
                ColumnType::Time => numbers.cast(&DataType::Int64)?.cast(&polars_type(column.ty)),
                ty => numbers.cast(&polars_type(ty)),
            }
        })
        .collect();
    DataFrame::new(rows.len(), columns?)
}

fn failed(source: PolarsError) -> RollupError {
    RollupError::Query { problem: source.to_string(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollup::Scalar;
    use crate::trace::Usd;

    fn runs() -> Rollup {
        let run = |id: &str, cost: f64| MadeRun {
            run_id: id.to_owned(),
            workload: "w".to_owned(),
            model: "m".to_owned(),
            numbers: [("cost_usd", cost)].into(),
            stages: vec![(0, [("score", 50.0)].into()), (1, BTreeMap::new())],
        };
        Rollup::of_runs(&[run("a", 0.25), run("b", 2.0)]).unwrap()
    }

    #[test]
    fn made_views_have_the_columns_of_the_real_ones() {
        let made = runs();
        let (stages, runs) = (Frame::of(&made.stages), Frame::of(&made.runs));
        assert!(stages.names().iter().eq(STAGE_COLUMNS.iter().map(|c| c.name)));
        assert!(runs.names().iter().eq(RUN_COLUMNS.iter().map(|c| c.name)));
        assert_eq!(stages.ints("stage").unwrap(), [Some(0), Some(1), Some(0), Some(1)]);
        assert_eq!(stages.numbers("score").unwrap(), [Some(50.0), None, Some(50.0), None]);
        let cost = runs.names().iter().position(|n| n == "cost_usd").unwrap();
        assert_eq!(runs.get(0, cost), Scalar::Money(Usd::parse("0.25").unwrap()));
    }

    #[test]
    fn one_column_can_be_changed_and_runs_left_out() {
        let changed = runs().with_numbers(View::Runs, "cost_usd", &[None, Some(3.5)]).unwrap();
        assert_eq!(Frame::of(&changed.runs).numbers("cost_usd").unwrap(), [None, Some(3.5)]);
        let only = changed.only(&BTreeSet::from(["b"])).unwrap();
        assert_eq!((only.runs.height(), only.stages.height()), (1, 2));
        let renamed = runs().with_models(|name| format!("{name}-1")).unwrap();
        assert_eq!(Frame::of(&renamed.runs).texts("model").unwrap(), [Some("m-1"), Some("m-1")]);
        assert_eq!(Frame::of(&renamed.stages).texts("model").unwrap()[0], Some("m-1"));
        assert!(runs().with_numbers(View::Runs, "nothing", &[None, None]).is_err());
    }
}
