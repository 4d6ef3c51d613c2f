//! Two rankings of the same runs side by side, and why they differ.
//!
//! The places that a run moves are shared out over the inputs of the two metrics: each input is set aside in both
//! rankings, alone and together with others, and what is left of the move is noted. The Shapley value of an input is its
//! mean effect over all orders of setting aside; what is left when all are set aside is the formula. The parts add up to
//! the move exactly.

use super::inputs::{Asked, Input};
use super::ranking::{Question, Ranking, rank, ranked_metric};
use crate::metrics::MetricError;
use crate::stats::shapley_values;
use std::collections::{BTreeMap, BTreeSet};

/// Two rankings of a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct RankComparison {
    /// The workload.
    pub workload: String,
    /// The new metric.
    pub new: RankedBy,
    /// The metric it is compared with.
    pub old: RankedBy,
    /// Runs that both rank, by new rank.
    pub rows: Vec<RankChange>,
    /// Kendall's tau-b over these runs; `None` when it is undefined.
    pub tau_b: Option<f64>,
    /// Labels that only the new metric ranks.
    pub only_new: Vec<String>,
    /// Labels that only the old metric ranks.
    pub only_old: Vec<String>,
    /// Model left out when the cohort was set aside.
    pub left_out: Option<String>,
}

/// What a ranking is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedBy {
    /// Pack.
    pub pack: String,
    /// Metric, by name.
    pub metric: String,
    /// Its label.
    pub label: String,
    /// Its unit, empty when it has none.
    pub unit: String,
    /// Decimals shown to people.
    pub digits: Option<usize>,
}

/// One run in two rankings.
#[derive(Debug, Clone, PartialEq)]
pub struct RankChange {
    /// Display label.
    pub label: String,
    /// Value by the new metric.
    pub new_value: f64,
    /// Value by the old metric.
    pub old_value: f64,
    /// Rank by the new metric, among those that both rank.
    pub new_rank: f64,
    /// Rank by the old metric, among those that both rank.
    pub old_rank: f64,
    /// Places moved from the old to the new ranking; up is positive.
    pub places: f64,
    /// What moved it, largest first; the parts add up to `places`. Empty when it did not move.
    pub causes: Vec<Cause>,
}

/// A part of a move.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// The input; `None` is what remains, the formula itself.
    pub input: Option<Input>,
    /// Places moved by it; up is positive.
    pub places: f64,
}

impl Cause {
    /// Name of the input.
    pub fn name(&self) -> &'static str {
        self.input.map_or("formula", Input::name)
    }
}

impl RankComparison {
    /// Compares the rankings that two questions have for answers, workload by workload.
    pub fn between(new: &Question, old: &Question) -> Result<Vec<Self>, MetricError> {
        let (by_new, by_old) = (ranked_by(new)?, ranked_by(old)?);
        let (left, right) = (rank(new)?, rank(old)?);
        let why = Explanation::of(new, old)?;
        let mut found = Vec::new();
        for new in &left {
            let Some(old) = right.iter().find(|r| r.workload == new.workload) else { continue };
            found.push(compare(new, old, &by_new, &by_old, &why));
        }
        Ok(found)
    }
}

fn ranked_by(question: &Question) -> Result<RankedBy, MetricError> {
    let metric = ranked_metric(question.pack, question.metric)?;
    Ok(RankedBy {
        pack: question.pack.name.clone(),
        metric: metric.name.clone(),
        label: metric.label.clone(),
        unit: metric.unit.clone(),
        digits: metric.digits,
    })
}

fn compare(
    new: &Ranking,
    old: &Ranking,
    by_new: &RankedBy,
    by_old: &RankedBy,
    why: &Explanation,
) -> RankComparison {
    let only = |a: &Ranking, b: &Ranking| -> Vec<String> {
        let alone = a.entries.iter().filter(|e| b.rank_of(&e.label).is_none());
        alone.map(|e| e.label.clone()).collect()
    };
    let (only_new, only_old) = (only(new, old), only(old, new));
    let shared_new = new.among(|e| old.rank_of(&e.label).is_some());
    let shared_old = old.among(|e| new.rank_of(&e.label).is_some());
    let mut rows = Vec::new();
    for entry in &shared_new.entries {
        let before = shared_old.entries.iter().find(|e| e.label == entry.label);
        let Some(before) = before else { continue };
        let places = before.rank - entry.rank;
        let moved = places.abs() > 1e-9;
        rows.push(RankChange {
            label: entry.label.clone(),
            new_value: entry.value,
            old_value: before.value,
            new_rank: entry.rank,
            old_rank: before.rank,
            places,
            causes: if moved {
                why.causes(&new.workload, &entry.label, places)
            } else {
                Vec::new()
            },
        });
    }
    RankComparison {
        workload: new.workload.clone(),
        tau_b: shared_new.tau_b(&shared_old),
        new: by_new.clone(),
        old: by_old.clone(),
        rows,
        only_new,
        only_old,
        left_out: why.left_out.get(&new.workload).cloned(),
    }
}

/// The moves that remain when inputs are set aside.
struct Explanation {
    inputs: Vec<Input>,
    /// Moves by workload and label, one map per subset of the inputs.
    moves: Vec<BTreeMap<(String, String), f64>>,
    left_out: BTreeMap<String, String>,
}

impl Explanation {
    fn of(new: &Question, old: &Question) -> Result<Self, MetricError> {
        let (new, old) = (Asked::of(new.clone()), Asked::of(old.clone()));
        let inputs: Vec<Input> = new.inputs.union(&old.inputs).copied().collect();
        let mut left_out = old.most_influential()?;
        for (workload, model) in new.most_influential()? {
            left_out.entry(workload).or_insert(model);
        }
        let gate = new.gate().or_else(|| old.gate());
        let mut moves = Vec::new();
        for mask in 0_u32..1 << inputs.len() {
            let aside: BTreeSet<Input> = (0..)
                .zip(&inputs)
                .filter(|(bit, _)| mask & (1 << bit) != 0)
                .map(|(_, i)| *i)
                .collect();
            let after = new.without(&aside, gate, &left_out)?;
            let before = old.without(&aside, gate, &left_out)?;
            moves.push(moves_between(&before, &after));
        }
        Ok(Self { inputs, moves, left_out })
    }

    fn causes(&self, workload: &str, label: &str, places: f64) -> Vec<Cause> {
        let key = (workload.to_owned(), label.to_owned());
        // A run that the cohort is without has no move there: it keeps the move that it had with it.
        let cohort = self.inputs.iter().position(|i| *i == Input::Cohort);
        let at = |mask: usize| {
            let with_cohort = cohort.map_or(mask, |bit| mask & !(1 << bit));
            let found = self.moves[mask].get(&key).or_else(|| self.moves[with_cohort].get(&key));
            found.copied().unwrap_or(places)
        };
        let left: Vec<f64> = (0..self.moves.len()).map(at).collect();
        let mut causes: Vec<Cause> = match shapley_values(&left) {
            Ok(effects) => {
                let effect =
                    |(input, effect): (&Input, f64)| Cause { input: Some(*input), places: -effect };
                self.inputs.iter().zip(effects).map(effect).collect()
            }
            Err(_) => Vec::new(),
        };
        let explained: f64 = causes.iter().map(|c| c.places).sum();
        causes.push(Cause { input: None, places: places - explained });
        causes.retain(|c| c.places.abs() > 1e-9);
        causes.sort_by(|a, b| {
            b.places.abs().total_cmp(&a.places.abs()).then_with(|| a.input.cmp(&b.input))
        });
        causes
    }
}

/// The places that each run moves from one set of rankings to another, among those that both rank.
fn moves_between(before: &[Ranking], after: &[Ranking]) -> BTreeMap<(String, String), f64> {
    let mut moves = BTreeMap::new();
    for after in after {
        let Some(before) = before.iter().find(|r| r.workload == after.workload) else { continue };
        let shared_after = after.among(|e| before.rank_of(&e.label).is_some());
        let shared_before = before.among(|e| after.rank_of(&e.label).is_some());
        for entry in &shared_after.entries {
            if let Some(rank) = shared_before.rank_of(&entry.label) {
                moves.insert((after.workload.clone(), entry.label.clone()), rank - entry.rank);
            }
        }
    }
    moves
}
