//! What follows a passed stage, and what follows a failed one.

use crate::stats::TransitionCounts;

/// Pass and fail from one stage to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionMatrix {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Runs.
    pub runs: usize,
    /// All pairs of neighbouring stages together.
    pub pooled: TransitionCounts,
    /// Each pair: the later stage, and its counts.
    pub stages: Vec<(i64, TransitionCounts)>,
    /// What may be read into it, e.g. that it is association.
    pub reading: String,
}
