//! Score against cost, and which runs no other run beats on both.

use super::Cohort;
use crate::metrics::{Better, Scores};
use crate::rollup::RollupError;
use std::collections::BTreeMap;

/// The score-cost plane of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Frontier {
    /// The workload.
    pub workload: String,
    /// What the score axis holds, e.g. `PL`.
    pub score_label: String,
    /// Unit of the score, e.g. `points`.
    pub score_unit: String,
    /// Cost basis, e.g. `reported`.
    pub basis: String,
    /// Runs with a score and a cost, by cost, then label.
    pub points: Vec<FrontierPoint>,
    /// Labels of the runs left out because their cost is unknown (never drawn at zero).
    pub unpriced: Vec<String>,
}

/// One run on the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct FrontierPoint {
    /// Display label (model, with the run appended where a model has several).
    pub label: String,
    /// Cost in US dollars, above zero.
    pub cost_usd: f64,
    /// Score.
    pub score: f64,
    /// No other run costs at most as much and scores at least as much, one of them strictly.
    pub on_frontier: bool,
}

/// What the score axis holds: a run metric of which more is better.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreAxis {
    /// Label of the metric.
    pub label: String,
    /// Its unit, empty when it has none.
    pub unit: String,
    /// Its values by run.
    pub values: BTreeMap<String, f64>,
}

impl ScoreAxis {
    /// The metric that ranks runs under a pack; `None` when the pack has none, or one of which less is better.
    pub fn of(scores: &Scores) -> Result<Option<Self>, RollupError> {
        let found = scores.pack.ranking_metric().filter(|m| m.better == Better::Higher);
        let Some(metric) = found.filter(|m| scores.runs.names().contains(&m.name)) else {
            return Ok(None);
        };
        let (ids, values) = (scores.runs.texts("run_id")?, scores.runs.numbers(&metric.name)?);
        let known = ids.into_iter().zip(values).filter_map(|(id, v)| Some((id?.to_owned(), v?)));
        Ok(Some(Self {
            label: metric.label.clone(),
            unit: metric.unit.clone(),
            values: known.collect(),
        }))
    }
}

impl Frontier {
    /// The plane of a cohort: a metric, or without one the mean stage score, against cost.
    pub fn of(cohort: &Cohort, axis: Option<&ScoreAxis>) -> Self {
        let mut points = Vec::new();
        let mut unpriced = Vec::new();
        for run in &cohort.runs {
            let score = match axis {
                Some(axis) => axis.values.get(&run.run_id).copied(),
                None => run.mean_score,
            };
            match (score, run.cost_usd.filter(|c| *c > 0.0)) {
                (Some(score), Some(cost_usd)) => {
                    points.push(FrontierPoint {
                        label: run.label.clone(),
                        cost_usd,
                        score,
                        on_frontier: false,
                    });
                }
                (_, None) => unpriced.push(run.label.clone()),
                (None, Some(_)) => {}
            }
        }
        points
            .sort_by(|a, b| a.cost_usd.total_cmp(&b.cost_usd).then_with(|| a.label.cmp(&b.label)));
        let undominated: Vec<bool> = points
            .iter()
            .map(|p| {
                !points.iter().any(|q| dominates((q.cost_usd, q.score), (p.cost_usd, p.score)))
            })
            .collect();
        for (point, on_frontier) in points.iter_mut().zip(undominated) {
            point.on_frontier = on_frontier;
        }
        Self {
            workload: cohort.workload.clone(),
            score_label: axis.map_or("Mean stage score".to_owned(), |a| a.label.clone()),
            score_unit: axis.map_or("points".to_owned(), |a| a.unit.clone()),
            basis: cohort.basis.name().to_owned(),
            points,
            unpriced,
        }
    }
}

/// Whether one (cost, score) costs at most as much as another and scores at least as much, one of them strictly.
fn dominates(q: (f64, f64), p: (f64, f64)) -> bool {
    q.0 <= p.0 && q.1 >= p.1 && (q.0 < p.0 || q.1 > p.1)
}

#[cfg(test)]
mod tests {
    use super::dominates;

    #[test]
    fn equal_points_do_not_dominate_each_other() {
        assert!(!dominates((1.0, 2.0), (1.0, 2.0)));
        assert!(dominates((1.0, 2.0), (1.0, 1.0)));
        assert!(dominates((0.5, 2.0), (1.0, 2.0)));
        assert!(!dominates((0.5, 1.0), (1.0, 2.0)));
    }
}
