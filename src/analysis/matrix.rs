//! Scores of every run (rows) in every stage (columns).

use super::Cohort;
use super::cohort::best_first;

/// The score matrix of a cohort.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreMatrix {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Stage indices, the columns.
    pub stages: Vec<i64>,
    /// Rows, best mean score first, then label.
    pub rows: Vec<MatrixRow>,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixRow {
    /// Display label.
    pub label: String,
    /// Mean stage score, `None` when no stage has one.
    pub mean: Option<f64>,
    /// One cell per column of [`ScoreMatrix::stages`].
    pub cells: Vec<MatrixCell>,
}

/// One stage of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixCell {
    /// Score 0..100, `None` when the trace has none.
    pub score: Option<f64>,
    /// Stage status: passed, failed, `not_attempted`, `no_tests`, infra, recovered; `None` when the run has no such stage.
    pub status: Option<String>,
}

impl ScoreMatrix {
    /// The matrix of a cohort at a gate.
    pub fn of(cohort: &Cohort, gate: f64) -> Self {
        let mut rows: Vec<MatrixRow> = cohort
            .runs
            .iter()
            .map(|run| MatrixRow {
                label: run.label.clone(),
                mean: run.mean_score,
                cells: cohort
                    .stages
                    .iter()
                    .map(|stage| {
                        let found = run.stages.get(stage).cloned().unwrap_or_default();
                        MatrixCell { score: found.score, status: found.status }
                    })
                    .collect(),
            })
            .collect();
        rows.sort_by(|a, b| best_first(a.mean, b.mean).then_with(|| a.label.cmp(&b.label)));
        Self { workload: cohort.workload.clone(), gate, stages: cohort.stages.clone(), rows }
    }
}
