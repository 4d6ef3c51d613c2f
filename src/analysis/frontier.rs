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
    /// On the upper hull of cost and score: no mixture of two other runs scores more on average for the same mean cost.
    pub on_hull: bool,
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
                        on_hull: false,
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
        for index in hull(&points) {
            points[index].on_hull = true;
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

/// The frontier points on the upper convex hull, cheapest first (monotone chain, Andrew 1979).
fn hull(points: &[FrontierPoint]) -> Vec<usize> {
    let mut chain: Vec<usize> = Vec::new();
    let at = |i: usize| (points[i].cost_usd, points[i].score);
    // Of equal points one is enough.
    let mut frontier: Vec<usize> = (0..points.len()).filter(|i| points[*i].on_frontier).collect();
    frontier.dedup_by(|b, a| at(*a) == at(*b));
    for next in frontier {
        while let [.., before, last] = chain[..] {
            let (p, q, r) = (at(before), at(last), at(next));
            let turn = (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
            if turn < 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(next);
    }
    chain
}

/// Whether one (cost, score) costs at most as much as another and scores at least as much, one of them strictly.
fn dominates(q: (f64, f64), p: (f64, f64)) -> bool {
    q.0 <= p.0 && q.1 >= p.1 && (q.0 < p.0 || q.1 > p.1)
}

#[cfg(test)]
mod tests {
    use super::{FrontierPoint, dominates, hull};

    #[test]
    fn the_hull_leaves_out_what_mixtures_beat() {
        let point = |cost_usd: f64, score: f64, on_frontier: bool| FrontierPoint {
            label: String::new(),
            cost_usd,
            score,
            on_frontier,
            on_hull: false,
        };
        // Half of the first and half of the third cost 5.5 and score 50: more than the second, for less.
        let points = [
            point(1.0, 10.0, true),
            point(6.0, 40.0, true),
            point(7.0, 5.0, false),
            point(10.0, 90.0, true),
            point(20.0, 100.0, true),
        ];
        assert_eq!(hull(&points), [0, 3, 4]);
        assert_eq!(hull(&points[..1]), [0]);
        assert!(hull(&[]).is_empty());
    }

    #[test]
    fn equal_points_do_not_dominate_each_other() {
        assert!(!dominates((1.0, 2.0), (1.0, 2.0)));
        assert!(dominates((1.0, 2.0), (1.0, 1.0)));
        assert!(dominates((0.5, 2.0), (1.0, 2.0)));
        assert!(!dominates((0.5, 1.0), (1.0, 2.0)));
    }
}
