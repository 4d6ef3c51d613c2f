//! Several run metrics of a pack side by side, model by model.

use super::cohort::Cohort;
use super::profile_metrics::{chosen, metric_of};
use crate::metrics::{Better, MetricError, Scores};
use std::collections::BTreeMap;

/// Metrics of a cohort's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The workload.
    pub workload: String,
    /// The pack.
    pub pack: String,
    /// Cost basis of metrics that look at money.
    pub basis: String,
    /// Label of the metric that the rows are ordered by; `None` for the order of the cohort.
    pub ranked_by: Option<String>,
    /// The metrics, in the order of the pack or of the question.
    pub metrics: Vec<ProfileMetric>,
    /// The runs, best first, then those without a value of the ranking metric.
    pub rows: Vec<ProfileRow>,
}

/// A metric of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileMetric {
    /// Its name in the pack, or that of a column of the view `runs`.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its unit, empty when it has none.
    pub unit: String,
    /// Which direction is good.
    pub better: Better,
    /// Decimals shown to people.
    pub digits: Option<usize>,
    /// Whether its values are money, tokens or time that lie at least a factor of ten apart.
    pub is_log: bool,
    /// Smallest and largest value; `None` without a value.
    pub range: Option<(f64, f64)>,
}

/// A run of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRow {
    /// Display label.
    pub label: String,
    /// Who makes the model.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor.
    pub color: Option<[u8; 3]>,
    /// Its values in the order of the metrics; `None` when unknown.
    pub values: Vec<Option<f64>>,
}

/// Metrics of a profile that nobody chose.
pub const MOST_METRICS: usize = 8;
/// Units that are shown on a log scale, where values lie far apart.
const SPENT: [&str; 3] = ["USD", "tokens", "s"];
/// How far apart.
const LOG_FROM: f64 = 10.0;

impl ProfileMetric {
    /// The best value in the cohort, when the metric has a direction.
    pub fn best(&self) -> Option<f64> {
        let (least, most) = self.range?;
        match self.better {
            Better::Higher => Some(most),
            Better::Lower => Some(least),
            Better::Neither => None,
        }
    }
}

impl Profile {
    /// The first metrics of a pack that are of runs, shown, with a direction, and known of some run. `scores` are those
    /// of the store on the cohort's cost basis. `None` when no run has any.
    pub fn of(cohort: &Cohort, scores: &Scores) -> Result<Option<Self>, MetricError> {
        let mut metrics = Vec::new();
        for metric in chosen(scores) {
            if metrics.len() == MOST_METRICS {
                break;
            }
            let column = column(cohort, scores, &metric.name)?;
            if column.iter().any(Option::is_some) {
                metrics.push((metric, column));
            }
        }
        Self::from_columns(cohort, scores, metrics)
    }

    /// Named metrics of a pack, hidden ones too, or columns of the view `runs`.
    pub fn with(
        cohort: &Cohort,
        scores: &Scores,
        names: &[&str],
    ) -> Result<Option<Self>, MetricError> {
        let metrics = names.iter().map(|name| {
            let metric = metric_of(scores, name)?;
            let column = column(cohort, scores, &metric.name)?;
            Ok((metric, column))
        });
        Self::from_columns(cohort, scores, metrics.collect::<Result<_, MetricError>>()?)
    }

    fn from_columns(
        cohort: &Cohort,
        scores: &Scores,
        columns: Vec<(ProfileMetric, Vec<Option<f64>>)>,
    ) -> Result<Option<Self>, MetricError> {
        if columns.iter().all(|(_, values)| values.iter().all(Option::is_none)) {
            return Ok(None);
        }
        let ranking = scores.pack.ranking_metric();
        let ranking = ranking.filter(|m| scores.runs.names().contains(&m.name));
        let ranks = match ranking {
            Some(metric) => column(cohort, scores, &metric.name)?,
            None => vec![None; cohort.runs.len()],
        };
        let is_lower = ranking.is_some_and(|metric| metric.better == Better::Lower);
        let mut order: Vec<usize> = (0..cohort.runs.len()).collect();
        order.sort_by(|&a, &b| match (ranks[a], ranks[b]) {
            (Some(x), Some(y)) if is_lower => x.total_cmp(&y),
            (Some(x), Some(y)) => y.total_cmp(&x),
            (x, y) => y.is_some().cmp(&x.is_some()),
        });
        let rows = order.into_iter().map(|row| ProfileRow {
            label: cohort.runs[row].label.clone(),
            vendor: cohort.runs[row].vendor.clone(),
            color: cohort.runs[row].color,
            values: columns.iter().map(|(_, values)| values[row]).collect(),
        });
        Ok(Some(Self {
            workload: cohort.workload.clone(),
            pack: scores.pack.label.clone(),
            basis: cohort.basis.name().to_owned(),
            ranked_by: ranking.map(|metric| metric.label.clone()),
            rows: rows.collect(),
            metrics: columns.into_iter().map(|(metric, values)| scaled(metric, &values)).collect(),
        }))
    }
}

/// A metric with what its values say about its scale.
fn scaled(metric: ProfileMetric, values: &[Option<f64>]) -> ProfileMetric {
    let range = values.iter().flatten().fold(None, |range: Option<(f64, f64)>, value| {
        Some(range.map_or((*value, *value), |(low, high)| (low.min(*value), high.max(*value))))
    });
    let is_far = range.is_some_and(|(low, high)| low > 0.0 && high / low >= LOG_FROM);
    ProfileMetric { is_log: is_far && SPENT.contains(&metric.unit.as_str()), range, ..metric }
}

/// The values of a metric, in the order of the cohort's runs.
fn column(cohort: &Cohort, scores: &Scores, name: &str) -> Result<Vec<Option<f64>>, MetricError> {
    let (ids, values) = (scores.runs.texts("run_id")?, scores.runs.numbers(name)?);
    let known: BTreeMap<&str, f64> =
        ids.into_iter().zip(values).filter_map(|(id, value)| Some((id?, value?))).collect();
    Ok(cohort.runs.iter().map(|run| known.get(run.run_id.as_str()).copied()).collect())
}
