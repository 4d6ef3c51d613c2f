//! Numbers to tables.

use super::CliError;
use super::score_tables::metric_column;
use crate::analysis::{Collapse, CostSpread, Frontier};
use crate::metrics::{Level, Metric, Scores};
use crate::report::{Column, Kind, Table, TableError, Value};
use crate::rollup::{Frame, Scalar, ScalarKind, ViewColumn};

impl From<TableError> for CliError {
    fn from(error: TableError) -> Self {
        Self::data(error.to_string())
    }
}

/// The result of a query, with its own column names.
pub(super) fn query_table(frame: &Frame) -> Result<Table, CliError> {
    let columns = frame.names().iter().zip(frame.kinds());
    let columns = columns.map(|(name, kind)| Column::new(name, name, cell_kind(*kind))).collect();
    let mut table = Table::new("query", "", columns)?;
    for row in 0..frame.height() {
        table.push((0..frame.names().len()).map(|c| value(&frame.get(row, c))).collect())?;
    }
    Ok(table)
}

/// A view, with all its columns or some of them in the order wanted.
pub(super) fn view_table(
    name: &str,
    title: &str,
    frame: &Frame,
    view: &[ViewColumn],
    wanted: Option<&[&str]>,
) -> Result<Table, CliError> {
    let named = |name: &&str| view.iter().find(|c| c.name == *name);
    let listed: Vec<&ViewColumn> = match wanted {
        Some(wanted) => wanted.iter().filter_map(named).collect(),
        None => view.iter().collect(),
    };
    let chosen: Vec<(usize, &ViewColumn)> = listed
        .into_iter()
        .filter_map(|c| Some((frame.names().iter().position(|n| n == c.name)?, c)))
        .collect();
    let columns = chosen
        .iter()
        .map(|(i, c)| {
            let kind = frame.kinds().get(*i).map_or(Kind::Text, |k| cell_kind(*k));
            let column = Column::new(c.name, c.label, kind).digits(2);
            // Dollars carry their sign and counts their heading.
            if matches!(c.unit, "s" | "points") { column.unit(c.unit) } else { column }
        })
        .collect();
    let mut table = Table::new(name, title, columns)?;
    for row in 0..frame.height() {
        table.push(chosen.iter().map(|(i, _)| value(&frame.get(row, *i))).collect())?;
    }
    Ok(table)
}

/// The run metrics of a pack, one row per run.
pub(super) fn metric_table(scores: &Scores) -> Result<Table, CliError> {
    metrics_of(scores, scores.shown(Level::Run).collect(), true)
}

/// As [`metric_table`], without run ids.
pub(super) fn metric_summary(scores: &Scores) -> Result<Table, CliError> {
    metrics_of(scores, scores.shown(Level::Run).collect(), false)
}

fn metrics_of(scores: &Scores, metrics: Vec<&Metric>, with_runs: bool) -> Result<Table, CliError> {
    let mut keys = vec![("model", "Model"), ("workload", "Workload")];
    if with_runs {
        keys.push(("run_id", "Run"));
    }
    let mut columns: Vec<Column> =
        keys.iter().map(|(name, label)| Column::new(*name, *label, Kind::Text)).collect();
    columns.extend(metrics.iter().map(|m| metric_column(m)));
    let mut table = Table::new("metrics", format!("Metrics: {}", scores.pack.label), columns)?;
    let runs = &scores.runs;
    let keys: Vec<Vec<Option<&str>>> =
        keys.iter().map(|(name, _)| runs.texts(name)).collect::<Result<_, _>>()?;
    let values: Vec<Vec<Option<f64>>> =
        metrics.iter().map(|m| runs.numbers(&m.name)).collect::<Result<_, _>>()?;
    for row in 0..runs.height() {
        let keys = keys.iter().map(|k| k.get(row).copied().flatten().into());
        let values = values.iter().map(|v| v.get(row).copied().flatten().into());
        table.push(keys.chain(values).collect())?;
    }
    for metric in metrics {
        for warning in &metric.warnings {
            table.note(format!("{} {}: {}", warning.code, metric.label, warning.why));
        }
    }
    Ok(table)
}

/// The three curves of each cohort, stage by stage.
pub(super) fn collapse_table(collapses: &[Collapse]) -> Result<Table, CliError> {
    let share = |name: &str, label: &str| Column::new(name, label, Kind::Share).digits(1);
    let count = |name: &str, label: &str| Column::new(name, label, Kind::Int);
    let mut table = Table::new(
        "collapse",
        "Stage collapse, with 95 % Wilson intervals",
        vec![
            Column::new("workload", "Workload", Kind::Text),
            Column::new("stage", "Stage", Kind::Int),
            Column::new("gate", "Gate", Kind::Float).unit("points"),
            count("scored", "Scored"),
            count("passed", "Passed"),
            share("marginal", "Marginal"),
            share("marginal_low", "low"),
            share("marginal_high", "high"),
            count("at_risk", "At risk"),
            count("passed_at_risk", "Passed of these"),
            share("conditional", "Conditional"),
            share("conditional_low", "low"),
            share("conditional_high", "high"),
            count("runs", "Runs"),
            share("survival", "Survival"),
            share("survival_low", "low"),
            share("survival_high", "high"),
        ],
    )?;
    for collapse in collapses {
        for p in &collapse.points {
            let conditional =
                |f: fn(&crate::stats::Proportion) -> f64| p.conditional.as_ref().map(f).into();
            table.push(vec![
                collapse.workload.as_str().into(),
                p.stage.into(),
                collapse.gate.into(),
                p.marginal.n.into(),
                p.marginal.x.into(),
                p.marginal.point.into(),
                p.marginal.low.into(),
                p.marginal.high.into(),
                p.conditional.map_or(0, |c| c.n).into(),
                p.survival.x.into(),
                conditional(|c| c.point),
                conditional(|c| c.low),
                conditional(|c| c.high),
                p.survival.n.into(),
                p.survival.point.into(),
                p.survival.low.into(),
                p.survival.high.into(),
            ])?;
        }
    }
    table.note("marginal: passed, of the runs scored; conditional: of those that passed every earlier stage; survival: this and every earlier stage, of all runs");
    Ok(table)
}

/// Cost and score of each run, and whether it is on the Pareto frontier.
pub(super) fn frontier_table(frontiers: &[Frontier]) -> Result<Table, CliError> {
    let mut table = Table::new(
        "frontier",
        "Score against cost",
        vec![
            Column::new("workload", "Workload", Kind::Text),
            Column::new("run", "Run", Kind::Text),
            Column::new("basis", "Basis", Kind::Text),
            Column::new("cost_usd", "Cost", Kind::Float).unit("USD").digits(4),
            Column::new("score", "Score", Kind::Float).digits(2),
            Column::new("score_metric", "Scored by", Kind::Text),
            Column::new("on_frontier", "On frontier", Kind::Bool),
        ],
    )?;
    for frontier in frontiers {
        for p in &frontier.points {
            table.push(vec![
                frontier.workload.as_str().into(),
                p.label.as_str().into(),
                frontier.basis.as_str().into(),
                p.cost_usd.into(),
                p.score.into(),
                frontier.score_label.as_str().into(),
                p.on_frontier.into(),
            ])?;
        }
        note_unpriced(&mut table, &frontier.workload, &frontier.unpriced);
    }
    Ok(table)
}

/// How far the costs, and the times, of each cohort lie apart.
pub(super) fn spread_table(spreads: &[(CostSpread, Option<f64>)]) -> Result<Table, CliError> {
    let usd = |name: &str, label: &str| Column::new(name, label, Kind::Float).unit("USD").digits(4);
    let mut table = Table::new(
        "spread",
        "Cost spread",
        vec![
            Column::new("workload", "Workload", Kind::Text),
            Column::new("basis", "Basis", Kind::Text),
            Column::new("runs", "Runs", Kind::Int),
            Column::new("priced", "Priced", Kind::Int),
            usd("min_usd", "Min"),
            usd("q1_usd", "Q1"),
            usd("median_usd", "Median"),
            usd("q3_usd", "Q3"),
            usd("max_usd", "Max"),
            Column::new("max_over_min", "Max/min", Kind::Float).digits(0),
            Column::new("geometric_sd", "Geometric SD", Kind::Float).digits(2),
            Column::new("time_max_over_min", "Time max/min", Kind::Float).digits(1),
        ],
    )?;
    for (spread, time) in spreads {
        let cost = |row: Option<&crate::analysis::SpreadRow>| row.map(|r| r.cost_usd).into();
        table.push(vec![
            spread.workload.as_str().into(),
            spread.basis.as_str().into(),
            spread.runs.into(),
            (spread.rows.len() as u64).into(),
            cost(spread.rows.first()),
            spread.quartiles.map(|q| q.0).into(),
            spread.median.into(),
            spread.quartiles.map(|q| q.1).into(),
            cost(spread.rows.last()),
            spread.max_over_min.into(),
            spread.geometric_sd.into(),
            (*time).into(),
        ])?;
        note_unpriced(&mut table, &spread.workload, &spread.unpriced);
    }
    Ok(table)
}

fn note_unpriced(table: &mut Table, workload: &str, unpriced: &[String]) {
    if !unpriced.is_empty() {
        table.note(format!("{workload}: cost unknown for {}", unpriced.join(", ")));
    }
}

fn cell_kind(kind: ScalarKind) -> Kind {
    match kind {
        ScalarKind::Text => Kind::Text,
        ScalarKind::Int => Kind::Int,
        ScalarKind::Float => Kind::Float,
        ScalarKind::Bool => Kind::Bool,
        ScalarKind::Money => Kind::Money,
        ScalarKind::Time => Kind::Timestamp,
    }
}

fn value(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Text(text) => text.as_str().into(),
        Scalar::Int(int) => (*int).into(),
        Scalar::Float(float) => (*float).into(),
        Scalar::Bool(flag) => (*flag).into(),
        Scalar::Money(amount) => Value::usd(amount.nanos()),
        Scalar::Time(time) => Value::Timestamp(time.micros()),
    }
}
