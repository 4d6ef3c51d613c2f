//! A ranking recomputed without each model in turn: ranks that change are a property of the cohort, not of the run.

use super::inputs::without_models;
use super::ranking::{Question, Ranking, rank, ranked_metric};
use crate::metrics::MetricError;
use std::collections::BTreeMap;

/// What leaving out each model does to the ranks of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortPerturbation {
    /// The workload.
    pub workload: String,
    /// Label of the metric.
    pub metric: String,
    /// The runs, best first in the whole cohort; columns of the matrix.
    pub runs: Vec<String>,
    /// One row per model left out, by the size of the change, largest first.
    pub rows: Vec<PerturbationRow>,
    /// Labels of runs without a value.
    pub unranked: Vec<String>,
}

/// The ranks of the others without one model.
#[derive(Debug, Clone, PartialEq)]
pub struct PerturbationRow {
    /// The model left out.
    pub left_out: String,
    /// Places that each run of [`CohortPerturbation::runs`] moves among those that stay, positive is up; `None` for the
    /// runs left out.
    pub moves: Vec<Option<f64>>,
    /// Largest move, without its sign.
    pub max_move: f64,
    /// Kendall's tau-b between the ranking of those that stay before and after; `None` when it is undefined.
    pub tau_b: Option<f64>,
}

impl CohortPerturbation {
    /// Leaves out each model in turn, workload by workload.
    pub fn of(question: &Question) -> Result<Vec<Self>, MetricError> {
        let whole = rank(question)?;
        let mut found = Vec::new();
        for ranking in whole {
            let mut models: Vec<&String> = ranking.entries.iter().map(|e| &e.model).collect();
            models.sort_unstable();
            models.dedup();
            let mut rows = Vec::new();
            for model in models {
                rows.push(without(question, &ranking, model)?);
            }
            rows.sort_by(|a, b| {
                b.max_move.total_cmp(&a.max_move).then_with(|| a.left_out.cmp(&b.left_out))
            });
            found.push(Self {
                workload: ranking.workload.clone(),
                metric: ranked_metric(question.pack, question.metric)?.label.clone(),
                runs: ranking.entries.iter().map(|e| e.label.clone()).collect(),
                rows,
                unranked: ranking.unranked,
            });
        }
        Ok(found)
    }
}

fn without(
    question: &Question,
    ranking: &Ranking,
    model: &str,
) -> Result<PerturbationRow, MetricError> {
    let out = BTreeMap::from([(ranking.workload.clone(), model.to_owned())]);
    let rollup = without_models(question.rollup, &out)?;
    let rankings = rank(&Question { rollup: &rollup, ..question.clone() })?;
    let after = rankings.into_iter().find(|r| r.workload == ranking.workload);
    let stay = ranking.among(|e| e.model != model);
    let after = after.map(|a| a.among(|e| stay.rank_of(&e.label).is_some()));
    let moves: Vec<Option<f64>> = ranking
        .entries
        .iter()
        .map(|e| Some(stay.rank_of(&e.label)? - after.as_ref()?.rank_of(&e.label)?))
        .collect();
    Ok(PerturbationRow {
        left_out: model.to_owned(),
        max_move: moves.iter().flatten().fold(0.0, |most, m| m.abs().max(most)),
        moves,
        tau_b: after.and_then(|a| stay.tau_b(&a)),
    })
}
