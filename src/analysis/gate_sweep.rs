//! A ranking recomputed at every threshold of a gate.

use super::ranking::{Question, Ranking, rank, ranked_metric};
use crate::metrics::{MetricError, ParameterValue};

/// Values and ranks of a metric along a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct GateSweep {
    /// The workload.
    pub workload: String,
    /// Label of the metric.
    pub metric: String,
    /// Its unit, empty when it has none.
    pub unit: String,
    /// Name of the parameter that is swept.
    pub parameter: String,
    /// Its value in the pack.
    pub default: f64,
    /// The thresholds, ascending.
    pub thresholds: Vec<f64>,
    /// Kendall's tau-b between the ranking at each threshold and that at the default; `None` when it is undefined.
    pub tau_b: Vec<Option<f64>>,
    /// The runs, best at the default first.
    pub rows: Vec<SweepRow>,
    /// Labels of runs without a value anywhere.
    pub unranked: Vec<String>,
}

/// One run along a gate.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepRow {
    /// Display label.
    pub label: String,
    /// Its value at each threshold.
    pub values: Vec<Option<f64>>,
    /// Its rank at each threshold, 1 is best; ties share the mean rank.
    pub ranks: Vec<Option<f64>>,
}

impl GateSweep {
    /// Ranks at each threshold of a gate parameter, workload by workload. The value of the pack is added to the
    /// thresholds.
    pub fn of(
        question: &Question,
        parameter: &str,
        thresholds: &[f64],
    ) -> Result<Vec<Self>, MetricError> {
        let metric = ranked_metric(question.pack, question.metric)?;
        let default = question.pack.parameters.get(parameter).map(|p| &p.value);
        let Some(ParameterValue::Scalar(default)) = default else {
            return Err(MetricError::Setting {
                problem: format!("`{parameter}` is not a parameter with one number"),
                hint: "a gate that is swept is a parameter such as gate = 60".to_owned(),
            });
        };
        let mut thresholds = thresholds.to_vec();
        thresholds.push(*default);
        thresholds.sort_by(f64::total_cmp);
        thresholds.dedup();
        let mut steps: Vec<Vec<Ranking>> = Vec::new();
        for threshold in &thresholds {
            let mut pack = question.pack.clone();
            pack.set(parameter, ParameterValue::Scalar(*threshold))?;
            steps.push(rank(&Question { pack: &pack, ..question.clone() })?);
        }
        let base = rank(question)?;
        let sweep = |ranking: &Ranking| {
            let at: Vec<Option<&Ranking>> =
                steps.iter().map(|s| s.iter().find(|r| r.workload == ranking.workload)).collect();
            Self {
                workload: ranking.workload.clone(),
                metric: metric.label.clone(),
                unit: metric.unit.clone(),
                parameter: parameter.to_owned(),
                default: *default,
                thresholds: thresholds.clone(),
                tau_b: at.iter().map(|r| r.and_then(|r| ranking.tau_b(r))).collect(),
                rows: ranking.entries.iter().map(|e| row(&e.label, &at)).collect(),
                unranked: ranking.unranked.clone(),
            }
        };
        Ok(base.iter().map(sweep).collect())
    }
}

fn row(label: &str, at: &[Option<&Ranking>]) -> SweepRow {
    let entries: Vec<_> =
        at.iter().map(|r| r.and_then(|r| r.entries.iter().find(|e| e.label == label))).collect();
    SweepRow {
        label: label.to_owned(),
        values: entries.iter().map(|e| e.map(|e| e.value)).collect(),
        ranks: entries.iter().map(|e| e.map(|e| e.rank)).collect(),
    }
}
