//! Mean scores re-scored under a gate: what is left of each run when stages count only up to its first failure.
//!
//! The mean over all stages (GCPS) credits every stage by itself; under the gate, stages from the first failed one on are
//! zero (E2E-PRS), or those after it only. Both are rules applied to the scores of one and the same run, so the gap is
//! none between conditions: what a run without recovery would have scored is not in the traces. RAMP (arXiv 2605.27492)
//! gates at T0 to T3 with a score of 99.9.

use super::cohort::{best_first, mean};
use super::{Cohort, CohortRun};
use crate::metrics::{Failing, Gate};

/// What gates leave of the mean scores of a cohort, run by run.
#[derive(Debug, Clone, PartialEq)]
pub struct GateGaps {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage opens its gate.
    pub gate: f64,
    /// Stages that are gates; every stage when `None`.
    pub stages: Option<Vec<i64>>,
    /// Runs with a score for every stage, best mean score first, then label.
    pub rows: Vec<GateGapRow>,
    /// Labels of the others.
    pub unscored: Vec<String>,
    /// The means over these runs.
    pub mean: GateGap,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct GateGapRow {
    /// Display label.
    pub label: String,
    /// Who makes the model.
    pub vendor: Option<String>,
    /// Red, green and blue of the vendor.
    pub color: Option<[u8; 3]>,
    /// Mean stage score (GCPS).
    pub ungated: f64,
    /// The same with every stage from the first failed gate on at zero.
    pub zeroed: f64,
    /// The same with the failing stage kept.
    pub kept: f64,
    /// The first gate that failed; `None` when none did.
    pub failed: Option<i64>,
}

/// What gates leave of the mean score, as means over the runs with all scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateGap {
    /// Runs.
    pub runs: usize,
    /// Mean stage score (GCPS).
    pub ungated: Option<f64>,
    /// The same with every stage from the first failure on at zero.
    pub zeroed: Option<f64>,
    /// The same with the failing stage kept.
    pub kept: Option<f64>,
}

impl GateGaps {
    /// The gaps of a cohort with gates at some stages, or at every stage.
    pub fn of(cohort: &Cohort, gate: f64, stages: Option<&[i64]>) -> Self {
        let (mut rows, mut unscored) = (Vec::new(), Vec::new());
        for run in &cohort.runs {
            match row(cohort, run, gate, stages) {
                Some(row) => rows.push(row),
                None => unscored.push(run.label.clone()),
            }
        }
        let mean = GateGap::over(&rows);
        let best = |a: &GateGapRow, b: &GateGapRow| best_first(Some(a.ungated), Some(b.ungated));
        rows.sort_by(|a, b| best(a, b).then_with(|| a.label.cmp(&b.label)));
        Self {
            workload: cohort.workload.clone(),
            gate,
            stages: stages.map(<[i64]>::to_vec),
            rows,
            unscored,
            mean,
        }
    }
}

impl GateGaps {
    /// The gates in words, e.g. `T0–T3` or `every stage`.
    pub fn gates(&self) -> String {
        let Some(stages) = &self.stages else { return "every stage".to_owned() };
        if stages.is_empty() {
            return "no stage".to_owned();
        }
        let span = |span: &[i64]| match span {
            [] => None,
            [stage] => Some(format!("T{stage}")),
            [first, .., last] => Some(format!("T{first}–T{last}")),
        };
        let spans: Vec<String> =
            stages.chunk_by(|a, b| a.checked_add(1) == Some(*b)).filter_map(span).collect();
        spans.join(", ")
    }
}

impl GateGap {
    /// The means with a gate at every stage.
    pub(super) fn of(cohort: &Cohort, gate: f64) -> Self {
        GateGaps::of(cohort, gate, None).mean
    }

    fn over(rows: &[GateGapRow]) -> Self {
        let column = |of: fn(&GateGapRow) -> f64| mean(rows.iter().map(of));
        Self {
            runs: rows.len(),
            ungated: column(|row| row.ungated),
            zeroed: column(|row| row.zeroed),
            kept: column(|row| row.kept),
        }
    }
}

/// The gap of a run; `None` unless every stage has a score.
fn row(cohort: &Cohort, run: &CohortRun, gate: f64, stages: Option<&[i64]>) -> Option<GateGapRow> {
    let scores: Option<Vec<(i64, f64)>> =
        cohort.stages.iter().map(|s| Some((*s, run.stages.get(s)?.score?))).collect();
    let scores = scores?;
    let gated = |failing| {
        let rule = Gate { stages: stages.map(<[i64]>::to_vec), ..Gate::everywhere(failing) };
        let passed = scores.iter().map(|(stage, s)| (*stage, Some(*s), Some(*s >= gate)));
        mean(rule.apply(passed).into_iter().flatten())
    };
    let is_gate = |stage: i64| stages.is_none_or(|gates| gates.contains(&stage));
    Some(GateGapRow {
        label: run.label.clone(),
        vendor: run.vendor.clone(),
        color: run.color,
        ungated: mean(scores.iter().map(|s| s.1))?,
        zeroed: gated(Failing::Zero)?,
        kept: gated(Failing::Keep)?,
        failed: scores.iter().find(|(stage, s)| is_gate(*stage) && *s < gate).map(|(s, _)| *s),
    })
}

#[cfg(test)]
mod tests {
    use super::super::cohort::tests::cohort;
    use super::*;

    const EARLY: [i64; 4] = [0, 1, 2, 3];

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 0.005, "{value}, expected {expected}");
    }

    /// The published scores of deepseek-v4-pro: GCPS 87.03, E2E-PRS 50.00 as printed, 63.93 with T3 kept (by hand).
    #[test]
    fn the_published_gap_of_one_run() {
        let scores = [100.0, 100.0, 100.0, 83.56, 38.63, 100.0].map(Some);
        let found = GateGaps::of(&cohort(&[&scores]), 99.9, Some(&EARLY));
        let row = &found.rows[0];
        near(row.ungated, 87.03);
        near(row.zeroed, 50.0);
        near(row.kept, 63.93);
        assert_eq!(row.failed, Some(3));
    }

    #[test]
    fn a_stage_that_is_no_gate_closes_nothing() {
        let scores = [100.0, 100.0, 100.0, 100.0, 48.25, 0.0].map(Some);
        let found = GateGaps::of(&cohort(&[&scores]), 99.9, Some(&EARLY));
        near(found.rows[0].zeroed, 74.71);
        assert_eq!(found.rows[0].failed, None);
        let everywhere = GateGaps::of(&cohort(&[&scores]), 99.9, None);
        near(everywhere.rows[0].zeroed, 66.67);
        near(everywhere.rows[0].kept, 74.71);
        assert_eq!(everywhere.rows[0].failed, Some(4));
    }

    #[test]
    fn gates_have_names() {
        let named = |stages: Option<&[i64]>| GateGaps::of(&cohort(&[]), 60.0, stages).gates();
        assert_eq!(named(None), "every stage");
        assert_eq!(named(Some(&[])), "no stage");
        assert_eq!(named(Some(&EARLY)), "T0–T3");
        assert_eq!(named(Some(&[1, 4, 5, i64::MAX])), format!("T1, T4–T5, T{}", i64::MAX));
    }

    #[test]
    fn runs_without_all_scores_are_named_and_not_in_the_mean() {
        let found = GateGaps::of(
            &cohort(&[&[Some(90.0), None], &[Some(50.0), Some(70.0)], &[Some(80.0), Some(80.0)]]),
            60.0,
            None,
        );
        assert_eq!(found.unscored, ["r0"]);
        let labels: Vec<&str> = found.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["r2", "r1"]);
        // By hand: 80 and 60; 80 and 0; 80 and 25.
        let means = (found.mean.ungated, found.mean.zeroed, found.mean.kept);
        assert_eq!(means, (Some(70.0), Some(40.0), Some(52.5)));
        let nothing = GateGaps::of(&cohort(&[]), 60.0, None);
        assert_eq!((nothing.mean.runs, nothing.mean.zeroed), (0, None));
    }
}
