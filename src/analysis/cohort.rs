//! The runs of a workload with their scores and costs.

use super::display::DisplayList;
use super::pricing::{Basis, RunCost};
use crate::rollup::{Frame, RollupError};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Runs of one workload, compared with one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Cohort {
    /// The workload.
    pub workload: String,
    /// Cost basis of its runs.
    pub basis: Basis,
    /// Every stage that a run of the cohort has, in order.
    pub stages: Vec<i64>,
    /// Its runs, by model and run id.
    pub runs: Vec<CohortRun>,
}

/// A run of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortRun {
    /// Identifier.
    pub run_id: String,
    /// Model.
    pub model: String,
    /// What the harness allowed.
    pub protocol: Option<String>,
    /// Model, with the run id behind it where the cohort has several runs of the model.
    pub label: String,
    /// Who makes the model, where the display names say so.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor in figures.
    pub color: Option<[u8; 3]>,
    /// Cost in US dollars on the cohort's basis; `None` when unknown.
    pub cost_usd: Option<f64>,
    /// Time the harness reports, in seconds.
    pub elapsed_s: Option<f64>,
    /// Mean stage score; `None` when no stage has one.
    pub mean_score: Option<f64>,
    /// Its stages.
    pub stages: BTreeMap<i64, StageScore>,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageScore {
    /// Score, 0 to 100.
    pub score: Option<f64>,
    /// Stage status.
    pub status: Option<String>,
    /// Why the agent stopped working on it.
    pub end_reason: Option<String>,
    /// Answered LLM calls.
    pub llm_calls: Option<i64>,
    /// Input and output tokens.
    pub total_tokens: Option<i64>,
    /// Reported cost in US dollars.
    pub cost_usd: Option<f64>,
    /// Time that the harness reports, in seconds.
    pub elapsed_s: Option<f64>,
}

impl CohortRun {
    /// Whether a stage has a score, and if so whether it is at or above the gate.
    pub fn passed(&self, stage: i64, gate: f64) -> Option<bool> {
        self.stages.get(&stage)?.score.map(|s| s >= gate)
    }
}

impl Cohort {
    /// The same runs under their display names, in the order of the list.
    #[must_use]
    pub fn named(mut self, list: &DisplayList) -> Self {
        let mut shown: Vec<(usize, CohortRun)> = Vec::new();
        for mut run in self.runs {
            let display = list.model(&run.model);
            // The run id behind a model that has several runs stays.
            let rest = run.label.strip_prefix(run.model.as_str()).unwrap_or_default();
            run.label = format!("{}{rest}", display.name);
            (run.vendor, run.color) = (display.vendor, display.color);
            shown.push((display.place, run));
        }
        shown.sort_by(|a, b| (a.0, &a.1.label).cmp(&(b.0, &b.1.label)));
        self.runs = shown.into_iter().map(|(_, run)| run).collect();
        self
    }

    /// The same runs with costs on another basis.
    #[must_use]
    pub fn repriced(mut self, basis: Basis, costs: &BTreeMap<String, RunCost>) -> Self {
        for run in &mut self.runs {
            run.cost_usd = costs.get(&run.run_id).and_then(|c| c.cost_usd);
        }
        self.basis = basis;
        self
    }
}

/// The cohorts of a store, by workload, with reported costs, out of its views.
pub fn cohorts(runs: &Frame, stages: &Frame) -> Result<Vec<Cohort>, RollupError> {
    let mut by_run: BTreeMap<String, BTreeMap<i64, StageScore>> = BTreeMap::new();
    let (ids, indices) = (stages.texts("run_id")?, stages.ints("stage")?);
    let (values, statuses) = (stages.numbers("score")?, stages.texts("stage_status")?);
    let (reasons, calls) = (stages.texts("end_reason")?, stages.ints("llm_calls")?);
    let (tokens, costs) = (stages.ints("total_tokens")?, stages.numbers("cost_usd")?);
    let elapsed = stages.numbers("elapsed_s")?;
    for row in 0..stages.height() {
        if let (Some(id), Some(index)) = (ids[row], indices[row]) {
            let stage = StageScore {
                score: values[row],
                status: statuses[row].map(str::to_owned),
                end_reason: reasons[row].map(str::to_owned),
                llm_calls: calls[row],
                total_tokens: tokens[row],
                cost_usd: costs[row],
                elapsed_s: elapsed[row],
            };
            by_run.entry(id.to_owned()).or_default().insert(index, stage);
        }
    }
    let (ids, models, workloads) =
        (runs.texts("run_id")?, runs.texts("model")?, runs.texts("workload")?);
    let (costs, elapsed) = (runs.numbers("cost_usd")?, runs.numbers("elapsed_s")?);
    let (protocols, endings) = (runs.texts("protocol")?, runs.texts("termination")?);
    let mut cohorts: BTreeMap<String, Vec<(String, CohortRun)>> = BTreeMap::new();
    for (row, id) in ids.into_iter().enumerate() {
        let text = |column: &[Option<&str>]| {
            column.get(row).copied().flatten().unwrap_or_default().to_owned()
        };
        let number = |column: &[Option<f64>]| column.get(row).copied().flatten();
        let run_id = id.unwrap_or_default().to_owned();
        let mut stages = by_run.remove(&run_id).unwrap_or_default();
        // How a run ended is how its last attempted stage did: a source may say the one and not the other.
        let attempted = |s: &&mut StageScore| s.llm_calls.is_some_and(|n| n > 0);
        if let Some(last) = stages.values_mut().rev().find(attempted)
            && last.end_reason.is_none()
        {
            last.end_reason = endings.get(row).copied().flatten().map(str::to_owned);
        }
        let model = text(&models);
        let run = CohortRun {
            label: model.clone(),
            model: model.clone(),
            vendor: None,
            color: None,
            protocol: protocols.get(row).copied().flatten().map(str::to_owned),
            cost_usd: number(&costs),
            elapsed_s: number(&elapsed),
            mean_score: mean(stages.values().filter_map(|s| s.score)),
            run_id,
            stages,
        };
        cohorts.entry(text(&workloads)).or_default().push((model, run));
    }
    Ok(cohorts.into_iter().map(|(workload, runs)| cohort(workload, runs)).collect())
}

fn cohort(workload: String, mut runs: Vec<(String, CohortRun)>) -> Cohort {
    runs.sort_by(|a, b| (&a.0, &a.1.run_id).cmp(&(&b.0, &b.1.run_id)));
    let mut per_model: BTreeMap<String, usize> = BTreeMap::new();
    for (model, _) in &runs {
        *per_model.entry(model.clone()).or_default() += 1;
    }
    let runs: Vec<CohortRun> = runs
        .into_iter()
        .map(|(model, mut run)| {
            if per_model.get(&model).is_some_and(|n| *n > 1) {
                run.label = format!("{model} ({})", run.run_id);
            }
            run
        })
        .collect();
    let stages: BTreeSet<i64> = runs.iter().flat_map(|r| r.stages.keys().copied()).collect();
    Cohort { workload, basis: Basis::Reported, stages: stages.into_iter().collect(), runs }
}

/// The mean; `None` of nothing.
pub(super) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0_u32), |(sum, n), v| (sum + v, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

/// The higher value first; what has none comes last.
pub(super) fn best_first(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.total_cmp(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A run `r0`, `r1`, ... per row of stage scores.
    pub(in super::super) fn cohort(scores: &[&[Option<f64>]]) -> Cohort {
        let run = |(index, row): (usize, &&[Option<f64>])| CohortRun {
            run_id: format!("r{index}"),
            label: format!("r{index}"),
            model: format!("r{index}"),
            protocol: None,
            vendor: None,
            color: None,
            cost_usd: None,
            elapsed_s: None,
            mean_score: mean(row.iter().copied().flatten()),
            stages: (0..)
                .zip(row.iter())
                .map(|(stage, score)| {
                    (stage, StageScore { score: *score, ..StageScore::default() })
                })
                .collect(),
        };
        let stages = (0..).take(scores.iter().map(|r| r.len()).max().unwrap_or(0)).collect();
        let runs = scores.iter().enumerate().map(run).collect();
        Cohort { workload: "w".to_owned(), basis: Basis::Reported, stages, runs }
    }

    #[test]
    fn values_come_before_none() {
        let mut values = [None, Some(1.0), Some(3.0), None, Some(2.0)];
        values.sort_by(|a, b| best_first(*a, *b));
        assert_eq!(values, [Some(3.0), Some(2.0), Some(1.0), None, None]);
    }
}
