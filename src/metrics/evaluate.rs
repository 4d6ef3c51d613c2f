//! A pack evaluated over a rollup.
//!
//! Metrics of one depth that see the same rows are evaluated together. Groups are formed in the order of their rows
//! (stable), so that floats are added in the same order at any number of threads. A metric that fails is reported and
//! leaves the others alone.

use super::pack::{Level, Metric, Over, Pack};
use super::plan::{Node, Plan, Step};
use super::table::{COHORT, RUN, Rows, Values, float_column, with_constants};
use super::{MetricError, PackProblem};
use crate::rollup::{Frame, Rollup, RollupError};
use polars::error::{PolarsError, PolarsResult};
use polars::prelude::{
    Column, DataFrame, DataType, Expr, IdxCa, IdxSize, IntoColumn, IntoLazy, NamedFrom, Series, col,
};
use std::collections::{BTreeMap, BTreeSet};

/// The values of a pack's metrics.
#[derive(Debug, Clone)]
pub struct Scores {
    /// The pack.
    pub pack: Pack,
    /// Rows of `stages` with the stage metrics.
    pub stages: Frame,
    /// Rows of `runs` with the run metrics.
    pub runs: Frame,
    /// One row per workload with the cohort metrics; the column `workload` and one per metric.
    pub cohorts: Frame,
    /// Metrics that could not be computed, or not everywhere, and why.
    pub problems: Vec<PackProblem>,
}

impl Scores {
    /// The metrics of a level that are shown and have a column.
    pub fn shown(&self, level: Level) -> impl Iterator<Item = &Metric> {
        let frame = match level {
            Level::Stage => &self.stages,
            Level::Run => &self.runs,
            Level::Cohort => &self.cohorts,
        };
        self.pack.shown(level).filter(|m| frame.names().contains(&m.name))
    }
}

/// Evaluates every metric of a pack.
pub fn evaluate(pack: &Pack, rollup: &Rollup) -> Result<Scores, MetricError> {
    evaluate_some(pack, rollup, None)
}

/// Evaluates some metrics of a pack, with what they use.
pub fn evaluate_only(pack: &Pack, rollup: &Rollup, wanted: &[&str]) -> Result<Scores, MetricError> {
    evaluate_some(pack, rollup, Some(wanted))
}

fn evaluate_some(
    pack: &Pack,
    rollup: &Rollup,
    wanted: Option<&[&str]>,
) -> Result<Scores, MetricError> {
    let plan = Plan::of(pack, wanted);
    let rows = Rows::of(pack, rollup).map_err(internal)?;
    let mut evaluation = Evaluation {
        pack,
        rows: &rows,
        gated: BTreeMap::new(),
        values: BTreeMap::new(),
        problems: Vec::new(),
    };
    let deepest = plan.steps.iter().map(|s| s.depth).max().unwrap_or(0);
    for depth in 0..=deepest {
        let mut alike: BTreeMap<_, Vec<&Step>> = BTreeMap::new();
        for step in plan.steps.iter().filter(|s| s.depth == depth) {
            alike.entry((step.level, step.over, step.node.1.clone())).or_default().push(step);
        }
        for steps in alike.values() {
            evaluation.run(steps);
        }
    }
    let mut frames = [
        rollup.stages.clone(),
        rollup.runs.clone(),
        DataFrame::new_infer_height(vec![
            Series::new("workload".into(), rows.real_workloads()).into_column(),
        ])
        .map_err(internal)?,
    ];
    for metric in &pack.metrics {
        let node = (metric.name.clone(), metric.gate.clone());
        if let Some(values) = evaluation.values.get(&node) {
            let frame = &mut frames[metric.level as usize];
            let values = values.get(..frame.height()).unwrap_or(values);
            frame.with_column(float_column(&metric.name, values)).map_err(internal)?;
        }
    }
    let mut problems = pack.problems.clone();
    problems.extend(plan.problems);
    problems.extend(evaluation.problems);
    Ok(Scores {
        pack: pack.clone(),
        stages: Frame::of(&frames[0]),
        runs: Frame::of(&frames[1]),
        cohorts: Frame::of(&frames[2]),
        problems,
    })
}

struct Evaluation<'a> {
    pack: &'a Pack,
    rows: &'a Rows,
    /// Stage rows under each gate, or why there are none.
    gated: BTreeMap<String, Result<DataFrame, String>>,
    values: BTreeMap<Node, Values>,
    problems: Vec<PackProblem>,
}

impl Evaluation<'_> {
    /// Evaluates steps that see the same rows: all at once, and one by one when that fails.
    fn run(&mut self, steps: &[&Step]) {
        let ready: Vec<&Step> = steps
            .iter()
            .copied()
            .filter(|s| s.uses.iter().all(|n| self.values.contains_key(n)))
            .collect();
        for step in steps.iter().filter(|s| !ready.iter().any(|r| r.node == s.node)) {
            let missing = step.uses.iter().find(|n| !self.values.contains_key(*n));
            let name = missing.map(|n| n.0.clone()).unwrap_or_default();
            self.report(step, format!("uses `{name}`, which cannot be computed"));
        }
        match self.columns(&ready) {
            Ok(columns) => {
                for (step, column) in ready.iter().zip(&columns) {
                    self.keep(step, column);
                }
            }
            Err(_) if ready.len() > 1 => {
                for step in ready {
                    self.run(&[step]);
                }
            }
            Err(problem) => {
                if let [step] = ready.as_slice() {
                    self.report(step, problem);
                }
            }
        }
    }

    /// The columns of some steps, in their order; groups that have no row are null.
    fn columns(&mut self, steps: &[&Step]) -> Result<Vec<Column>, String> {
        let Some(first) = steps.first() else { return Ok(Vec::new()) };
        let rows = self.visible_rows(steps)?;
        let group = match (first.level, first.over) {
            (Level::Stage, _) | (Level::Run, Over::Runs) => None,
            (Level::Run, Over::Stages) => Some((RUN, self.rows.runs.height())),
            (Level::Cohort, _) => Some((COHORT, self.rows.workloads.len())),
        };
        let message = |e: PolarsError| first_line(&e.to_string());
        let exprs: Vec<Expr> = steps
            .iter()
            .map(|s| self.expression(s))
            .collect::<PolarsResult<_>>()
            .map_err(message)?;
        let names = steps.iter().map(|s| s.node.0.as_str());
        match group {
            None => {
                let out = rows.lazy().with_columns(exprs).collect().map_err(message)?;
                names.map(|n| out.column(n).cloned().map_err(message)).collect()
            }
            Some((key, groups)) => {
                let out = rows.lazy().group_by_stable([col(key)]).agg(exprs);
                let out = out.collect().map_err(message)?;
                let keys = out.column(key).map_err(message)?.clone();
                names
                    .map(|n| out.column(n).and_then(|c| spread(c, &keys, groups)).map_err(message))
                    .collect()
            }
        }
    }

    /// The rows that some steps see: the columns that they name, metrics included.
    fn visible_rows(&mut self, steps: &[&Step]) -> Result<DataFrame, String> {
        let Some(first) = steps.first() else { return Err("nothing to evaluate".to_owned()) };
        let base = match (first.over, &first.node.1) {
            (Over::Runs, _) => self.rows.runs.clone(),
            (Over::Stages, None) => self.rows.stages.clone(),
            (Over::Stages, Some(gate)) => self.stages_under(gate)?,
        };
        let named: BTreeSet<&String> = steps.iter().flat_map(|s| &s.expression.columns).collect();
        let keys = if first.over == Over::Runs { vec![COHORT] } else { vec![RUN, COHORT] };
        let mut wanted: Vec<&str> = keys;
        wanted.extend(
            named.iter().map(|n| n.as_str()).filter(|n| base.get_column_index(n).is_some()),
        );
        let message = |e: PolarsError| first_line(&e.to_string());
        let mut rows = base.select(wanted).map_err(message)?;
        for node in steps.iter().flat_map(|s| &s.uses) {
            let Some(values) = self.values.get(node) else { continue };
            let level = self.pack.metric(&node.0).map_or(Level::Run, |m| m.level);
            let spread = self.in_rows(values, level, first.over);
            rows.with_column(float_column(&node.0, &spread)).map_err(message)?;
        }
        Ok(rows)
    }

    fn stages_under(&mut self, name: &str) -> Result<DataFrame, String> {
        let Some(gate) = self.pack.gate(name) else { return Err(format!("no gate `{name}`")) };
        let (rows, pack) = (self.rows, self.pack);
        let gated = self.gated.entry(name.to_owned()).or_insert_with(|| {
            rows.gated(pack, gate)
                .map_err(|e| format!("gate `{name}`: {}", first_line(&e.to_string())))
        });
        gated.clone()
    }

    /// The expression of a step, under its name. An aggregate in a row of its own is that of the row's run or cohort;
    /// among the rows of a group, a metric of the group is one value.
    fn expression(&self, step: &Step) -> PolarsResult<Expr> {
        let (within, group) = match (step.level, step.over) {
            (Level::Stage, _) => (Some(RUN), None),
            (Level::Run, Over::Runs) => (Some(COHORT), None),
            (Level::Run, Over::Stages) => (None, Some(Level::Run)),
            (Level::Cohort, _) => (None, Some(Level::Cohort)),
        };
        let expr = with_constants(step.expression.expr.clone(), self.pack).map_expr(|node| {
            let Expr::Column(name) = &node else { return node };
            let used = step.uses.iter().any(|n| n.0 == name.as_str());
            let level = self.pack.metric(name).map(|m| m.level).filter(|_| used);
            if group.is_some() && level >= group { node.first() } else { node }
        });
        let expr = match within.filter(|_| step.expression.aggregates) {
            Some(key) => expr.over([col(key)])?,
            None => expr,
        };
        Ok(expr.alias(step.node.0.as_str()))
    }

    /// The values of a metric in the rows of a view.
    fn in_rows(&self, values: &Values, level: Level, over: Over) -> Values {
        let at = |i: u32| values.get(i as usize).copied().flatten();
        let rows = self.rows;
        match (level, over) {
            (Level::Stage, _) | (Level::Run, Over::Runs) => values.clone(),
            (Level::Run, Over::Stages) => rows.run_of_stage.iter().map(|r| at(*r)).collect(),
            (Level::Cohort, Over::Runs) => rows.cohort_of_run.iter().map(|c| at(*c)).collect(),
            (Level::Cohort, Over::Stages) => {
                let cohort = |run: &u32| rows.cohort_of_run.get(*run as usize).copied();
                rows.run_of_stage.iter().map(|r| cohort(r).and_then(at)).collect()
            }
        }
    }

    /// Keeps the values of a step; those that are no finite numbers become null and are reported.
    fn keep(&mut self, step: &Step, column: &Column) {
        let dtype = column.dtype().clone();
        let numeric = dtype.is_primitive_numeric() || dtype.is_decimal();
        if !(numeric || dtype.is_bool() || dtype.is_null()) {
            let problem = match dtype {
                DataType::List(_) => {
                    "gives a list per row; aggregate it, as in SUM(...) or MAX(...)".to_owned()
                }
                other => format!("gives {other}, not a number"),
            };
            return self.report(step, problem);
        }
        let floats = column.cast(&DataType::Float64);
        let Ok(floats) = floats.as_ref().map_err(|_| ()).and_then(|c| c.f64().map_err(|_| ()))
        else {
            return self.report(step, "its values cannot be read as numbers".to_owned());
        };
        let (mut values, mut wrong) = (Vec::with_capacity(floats.len()), Vec::new());
        for (row, value) in floats.iter().enumerate() {
            let finite = value.filter(|v| v.is_finite());
            if finite.is_none() && value.is_some() {
                wrong.push((row, value.is_some_and(f64::is_nan)));
            }
            values.push(finite);
        }
        if let Some((row, nan)) = wrong.first() {
            let what = if *nan {
                "is not a number (0/0, or a root or logarithm of a negative number)"
            } else {
                "is infinite (a division by zero)"
            };
            let place = self.row_name(step.level, *row);
            let rows = values.len() - self.rows.padding;
            let problem = format!("{what} in {} of {rows} rows, first in {place}", wrong.len());
            self.report(step, problem);
        }
        self.values.insert(step.node.clone(), values);
    }

    fn row_name(&self, level: Level, row: usize) -> String {
        let text = |rows: &DataFrame, column: &str| {
            rows.column(column)
                .ok()
                .and_then(|c| c.get(row).ok())
                .map(|v| v.str_value().into_owned())
        };
        let name = match level {
            Level::Cohort => self.rows.workloads.get(row).map(|w| format!("workload `{w}`")),
            Level::Run => text(&self.rows.runs, "run_id").map(|id| format!("run `{id}`")),
            Level::Stage => text(&self.rows.stages, "run_id").map(|id| {
                let stage = text(&self.rows.stages, "stage").unwrap_or_default();
                format!("stage {stage} of run `{id}`")
            }),
        };
        name.unwrap_or_default()
    }

    fn report(&mut self, step: &Step, problem: String) {
        let Some(metric) = self.pack.metric(&step.node.0) else { return };
        let divides = problem.contains("division by zero");
        self.problems.push(PackProblem {
            file: metric.file.clone(),
            line: metric.line,
            metric: Some(metric.name.clone()),
            problem,
            hint: divides.then(|| "write NULLIF(divisor, 0) to get null there".to_owned()),
        });
    }
}

/// Values of groups at the positions of the groups.
fn spread(values: &Column, keys: &Column, groups: usize) -> PolarsResult<Column> {
    let keys = keys.u32()?;
    let mut rows: Vec<Option<IdxSize>> = vec![None; groups];
    for (row, key) in keys.iter().enumerate() {
        if let Some(slot) = key.and_then(|k| rows.get_mut(k as usize)) {
            *slot = IdxSize::try_from(row).ok();
        }
    }
    values.take(&IdxCa::from_iter(rows))
}

fn internal(source: PolarsError) -> MetricError {
    RollupError::Query { problem: source.to_string(), source }.into()
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_matches('"').to_owned()
}
