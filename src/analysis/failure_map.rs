//! Where runs failed and why: one cell per run and stage.

use super::failure::{Cause, RunAttribution};
use super::{Cohort, Outcome};
use std::collections::BTreeMap;

/// The failures of a workload's runs.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureMap {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Every stage, in order.
    pub stages: Vec<i64>,
    /// The causes that occur, most frequent first.
    pub causes: Vec<CauseCount>,
    /// The runs, deepest first, then by mean score.
    pub rows: Vec<FailureMapRow>,
}

/// How often a cause is the primary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseCount {
    /// Name of the cause, e.g. `context exhausted`.
    pub cause: String,
    /// Stages of runs that failed by it.
    pub stages: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureMapRow {
    /// Display label.
    pub label: String,
    /// Leading stages that passed.
    pub depth: usize,
    /// Its cells, one per stage of the map.
    pub cells: Vec<FailureMapCell>,
}

/// One run in one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureMapCell {
    /// How it ended.
    pub outcome: Outcome,
    /// Score, when there is one.
    pub score: Option<f64>,
    /// Primary cause of a failure, one of [`FailureMap::causes`]; `None` when it passed or no cause is known.
    pub cause: Option<String>,
}

impl FailureMap {
    /// The map of a cohort; causes come from the attributed failures of its runs.
    pub fn of(cohort: &Cohort, gate: f64, attributed: &[RunAttribution]) -> Self {
        let causes = primary_causes(attributed);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut rows: Vec<(f64, FailureMapRow)> = Vec::new();
        for run in &cohort.runs {
            let mut cells = Vec::new();
            for stage in &cohort.stages {
                let found = run.stages.get(stage);
                let outcome = found.map_or(Outcome::Unscored, |s| s.outcome(gate));
                let cause = causes.get(&(run.run_id.as_str(), *stage));
                let cause = cause.filter(|_| outcome != Outcome::Passed).map(|c| words(*c));
                if let Some(cause) = &cause {
                    *counts.entry(cause.clone()).or_default() += 1;
                }
                cells.push(FailureMapCell { outcome, score: found.and_then(|s| s.score), cause });
            }
            let passed = |stage: &&i64| run.passed(**stage, gate) == Some(true);
            let depth = cohort.stages.iter().take_while(passed).count();
            let row = FailureMapRow { label: run.label.clone(), depth, cells };
            rows.push((run.mean_score.unwrap_or(f64::NEG_INFINITY), row));
        }
        rows.sort_by(|(a, x), (b, y)| {
            y.depth.cmp(&x.depth).then(b.total_cmp(a)).then_with(|| x.label.cmp(&y.label))
        });
        let mut causes: Vec<CauseCount> =
            counts.into_iter().map(|(cause, stages)| CauseCount { cause, stages }).collect();
        causes.sort_by(|a, b| b.stages.cmp(&a.stages).then_with(|| a.cause.cmp(&b.cause)));
        Self {
            workload: cohort.workload.clone(),
            gate,
            stages: cohort.stages.clone(),
            causes,
            rows: rows.into_iter().map(|(_, row)| row).collect(),
        }
    }
}

/// The primary cause of every failed stage.
pub(super) fn primary_causes(attributed: &[RunAttribution]) -> BTreeMap<(&str, i64), Cause> {
    let failures = attributed.iter().flat_map(|r| &r.failures);
    failures.map(|f| ((f.run_id.as_str(), f.stage), f.primary.cause)).collect()
}

/// A cause as people read it.
pub(super) fn words(cause: Cause) -> String {
    cause.as_str().replace('_', " ")
}
