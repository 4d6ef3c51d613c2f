//! Which metrics a profile shows.

use super::profile::ProfileMetric;
use crate::metrics::{Better, Level, Metric, MetricError, Scores};
use crate::rollup::{RUN_COLUMNS, ViewColumn};
use crate::trace::ColumnType;

/// Units of which less is better: those of what is spent.
const SPENT: [&str; 4] = ["USD", "tokens", "s", "calls"];

/// The metrics of a pack that a profile shows when nobody chose: of runs, shown, with a direction, and computed.
pub(super) fn chosen(scores: &Scores) -> Vec<ProfileMetric> {
    let directed = scores.shown(Level::Run).filter(|metric| metric.better != Better::Neither);
    directed.map(of_metric).collect()
}

/// A run metric of a pack, or a column of numbers of the view `runs`.
pub(super) fn metric_of(scores: &Scores, name: &str) -> Result<ProfileMetric, MetricError> {
    if let Some(metric) = scores.pack.metric(name).filter(|m| m.level == Level::Run) {
        if scores.runs.names().contains(&metric.name) {
            return Ok(of_metric(metric));
        }
        let problem = scores.problems.iter().find(|p| p.metric.as_deref() == Some(name));
        return Err(problem.cloned().map_or_else(
            || MetricError::Setting {
                problem: format!("`{name}` could not be computed"),
                hint: "`ramptrace score STORE --pack PACK` says why".to_owned(),
            },
            MetricError::from,
        ));
    }
    let is_number =
        |c: &&ViewColumn| matches!(c.ty, ColumnType::Int | ColumnType::Float | ColumnType::Money);
    let column = RUN_COLUMNS.iter().filter(is_number).find(|column| column.name == name);
    column.map(of_column).ok_or_else(|| {
        let known: Vec<&str> = scores.shown(Level::Run).map(|m| m.name.as_str()).collect();
        MetricError::Setting {
            problem: format!("the pack `{}` has no run metric `{name}`", scores.pack.name),
            hint: format!(
                "its run metrics are {}; columns of the view `runs` such as elapsed_s will do too",
                known.join(", ")
            ),
        }
    })
}

fn of_metric(metric: &Metric) -> ProfileMetric {
    ProfileMetric {
        name: metric.name.clone(),
        label: if metric.label.is_empty() { metric.name.clone() } else { metric.label.clone() },
        unit: metric.unit.clone(),
        better: metric.better,
        digits: metric.digits,
        is_log: false,
        range: None,
    }
}

fn of_column(column: &ViewColumn) -> ProfileMetric {
    let is_spent = SPENT.contains(&column.unit);
    ProfileMetric {
        name: column.name.to_owned(),
        label: column.label.to_owned(),
        unit: column.unit.to_owned(),
        better: if is_spent { Better::Lower } else { Better::Neither },
        digits: None,
        is_log: false,
        range: None,
    }
}
