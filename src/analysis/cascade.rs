//! Failure after failure: where it starts, how far it reaches, and whether a failed stage makes the next one likelier to fail.
//!
//! All of it is association. A capable model passes both stages and a weak one fails both, so neighbouring outcomes go
//! together without one causing the other; and where stages got golden inputs, no failure can travel through artifacts.

use super::arms::{ArmComparison, ArmMeasure};
use super::gate_gap::GateGap;
use super::pricing::RunCost;
use super::transition_matrix::TransitionMatrix;
use super::{Cohort, CohortRun};
use crate::stats::{
    Level, PooledRatio, Ratio, RiskDifference, TransitionCounts, Transitions, TwoByTwo,
    odds_ratio_mh, risk_ratio_mh,
};
use crate::trace::Usd;
use std::collections::{BTreeMap, BTreeSet};

/// The cascade statistics of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct Cascade {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// The runs.
    pub runs: Vec<RunCascade>,
    /// Pass and fail from stage to stage.
    pub matrix: TransitionMatrix,
    /// How much likelier a stage fails after a failed one, over all pairs; each run is in it several times.
    pub risk_ratio: Option<Ratio>,
    /// The same as a difference of shares.
    pub risk_difference: Option<RiskDifference>,
    /// The same as a ratio of odds.
    pub odds_ratio: Option<Ratio>,
    /// Share of the failures after a failure that would not be there at the rate after a pass.
    pub attributable_fraction: Option<f64>,
    /// The same share of all failures.
    pub population_fraction: Option<f64>,
    /// Correlation of neighbouring outcomes.
    pub phi: Option<f64>,
    /// The risk ratio within stages (Mantel-Haenszel): what remains when hard stages are not compared with easy ones.
    pub stratified_risk_ratio: Option<PooledRatio>,
    /// The odds ratio within stages.
    pub stratified_odds_ratio: Option<PooledRatio>,
    /// Mean score, and what gates leave of it.
    pub gap: GateGap,
    /// Mean score with recovery less that without, by models that ran both ways; `None` where no model did. One arm alone
    /// shows the gate gap only.
    pub recovery_gain: Option<ArmMeasure>,
    /// What the traces allow to say.
    pub guard: Guard,
}

/// The failures of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunCascade {
    /// Identifier.
    pub run_id: String,
    /// Display label.
    pub label: String,
    /// Pass (true) or fail by stage; `None` without a score.
    pub outcomes: Vec<Option<bool>>,
    /// First stage that failed; `None` when none did.
    pub root: Option<i64>,
    /// Later stages that failed.
    pub blast_radius: Option<usize>,
    /// Failed stages in a row from the root on, itself included.
    pub depth: Option<usize>,
    /// Whether the stage after the root passed; `None` when there is none with a score.
    pub contained: Option<bool>,
    /// Dollars spent on stages after the root, on the basis in use.
    pub cost_after_root: Option<f64>,
    /// The same as a share of the run.
    pub share_after_root: Option<f64>,
}

/// What the harness did with the inputs of later stages, and so what can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The protocols of the runs, with their number.
    pub protocols: Vec<(String, usize)>,
    /// Whether a failure could reach later stages through what it left behind; `None` when the protocol is unknown.
    pub artifacts_propagate: Option<bool>,
    /// The sentence that stands beside every number.
    pub reading: String,
}

impl Cascade {
    /// The cascade of a cohort at a gate; `costs` are those of the runs on the basis in use.
    pub fn of(cohort: &Cohort, gate: f64, costs: &BTreeMap<String, RunCost>) -> Self {
        let runs: Vec<RunCascade> =
            cohort.runs.iter().map(|r| run_cascade(cohort, r, gate, costs)).collect();
        let outcomes: Vec<&Vec<Option<bool>>> = runs.iter().map(|r| &r.outcomes).collect();
        // Every run has one outcome per stage of the cohort, so the rows are even.
        let transitions = Transitions::count(&outcomes)
            .unwrap_or(Transitions { pooled: TransitionCounts::default(), positions: Vec::new() });
        let table: TwoByTwo = transitions.pooled.table();
        let guard = Guard::of(cohort);
        let later = cohort.stages.iter().skip(1).copied();
        Self {
            workload: cohort.workload.clone(),
            gate,
            matrix: TransitionMatrix {
                workload: cohort.workload.clone(),
                gate,
                runs: runs.len(),
                pooled: transitions.pooled,
                stages: later.zip(transitions.positions.iter().copied()).collect(),
                reading: guard.reading.clone(),
            },
            risk_ratio: table.risk_ratio(Level::P95),
            risk_difference: table.risk_difference(Level::P95),
            odds_ratio: table.odds_ratio(Level::P95),
            attributable_fraction: table.attributable_fraction_exposed(),
            population_fraction: table.population_attributable_fraction(),
            phi: transitions.pooled.phi(),
            stratified_risk_ratio: risk_ratio_mh(&transitions.tables(), Level::P95),
            stratified_odds_ratio: odds_ratio_mh(&transitions.tables(), Level::P95),
            gap: GateGap::of(cohort, gate),
            recovery_gain: recovery_gain(cohort, gate),
            guard,
            runs,
        }
    }
}

fn run_cascade(
    cohort: &Cohort,
    run: &CohortRun,
    gate: f64,
    costs: &BTreeMap<String, RunCost>,
) -> RunCascade {
    let outcomes: Vec<Option<bool>> = cohort.stages.iter().map(|s| run.passed(*s, gate)).collect();
    let root = outcomes.iter().position(|o| *o == Some(false));
    let after = root.map(|r| &outcomes[r + 1..]);
    let root_stage = root.and_then(|r| cohort.stages.get(r)).copied();
    // A source without costs by stage says nothing about those after the root.
    let cost = costs.get(&run.run_id).filter(|c| !c.by_stage.is_empty());
    let cost_after_root = root_stage.and_then(|root| {
        let later = cost?.by_stage.iter().filter(|(stage, _)| **stage > root);
        let sums: Option<Vec<f64>> = later.map(|(_, c)| c.map(Usd::to_f64)).collect();
        Some(sums?.iter().sum())
    });
    let total = cost.and_then(|c| c.cost_usd).filter(|c| *c > 0.0);
    RunCascade {
        run_id: run.run_id.clone(),
        label: run.label.clone(),
        root: root_stage,
        blast_radius: after.map(|a| a.iter().filter(|o| **o == Some(false)).count()),
        depth: after.map(|a| 1 + a.iter().take_while(|o| **o == Some(false)).count()),
        contained: after.and_then(|a| a.first().copied().flatten()),
        share_after_root: cost_after_root
            .zip(total)
            .map(|(after, total): (f64, f64)| after / total),
        cost_after_root,
        outcomes,
    }
}

/// The two arms compared: runs in which failed stages were made good for the next, and runs in which nothing was.
fn recovery_gain(cohort: &Cohort, gate: f64) -> Option<ArmMeasure> {
    let arm = |wanted: fn(&str) -> bool| -> BTreeSet<String> {
        let runs = cohort.runs.iter().filter(|r| r.protocol.as_deref().is_some_and(wanted));
        runs.map(|r| r.run_id.clone()).collect()
    };
    let (with, without) = (arm(is_recovered), arm(is_free));
    let arms = ArmComparison::of(cohort, ("with", "without"), &with, &without, gate).ok()?;
    let score = arms.measures.into_iter().next();
    score.filter(|m| !arms.paired_models.is_empty() && m.n > 0)
}

impl Guard {
    fn of(cohort: &Cohort) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for run in &cohort.runs {
            let protocol = run.protocol.clone().unwrap_or_else(|| "unknown".to_owned());
            *counts.entry(protocol).or_default() += 1;
        }
        let artifacts_propagate = if counts.is_empty() || counts.contains_key("unknown") {
            None
        } else if counts.keys().all(|p| is_recovered(p)) {
            Some(false)
        } else {
            Some(true)
        };
        let what = match artifacts_propagate {
            Some(false) => {
                "later stages got golden inputs or recovered ones, so no failure could spread through artifacts; what remains are the \
                 shared build tree, the context and the budget"
            }
            Some(true) => {
                "at least some runs had to build on their own artifacts, so failures could spread through them"
            }
            None => {
                "the protocol is not known for all runs, so the ways in which failures could spread are not known"
            }
        };
        Self {
            protocols: counts.into_iter().collect(),
            artifacts_propagate,
            reading: format!("Association, not effect: {what}."),
        }
    }
}

/// Whether a protocol says that later stages did not have to build on what an earlier one left.
fn is_recovered(protocol: &str) -> bool {
    !is_free(protocol) && (protocol.contains("golden") || protocol.contains("recovery"))
}

/// Whether a protocol says that nothing was put in place of what a failed stage should have made.
fn is_free(protocol: &str) -> bool {
    ["recovery-off", "no-recovery", "free-running"].iter().any(|word| protocol.contains(word))
}
