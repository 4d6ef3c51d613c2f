//! Where runs failed and why: one cell per run and stage.

use super::Outcome;

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
