//! Cumulative incidence: which share of the runs has failed by each stage, and by which cause.

/// Cumulative incidence of the first failure, by cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeIncidence {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Runs.
    pub runs: usize,
    /// The stages, in order.
    pub stages: Vec<i64>,
    /// Runs at risk before each stage.
    pub at_risk: Vec<u64>,
    /// Incidence by cause, the most frequent first; one value per stage, from 0 to 1.
    pub causes: Vec<CauseIncidence>,
    /// Share that has not failed, by stage; with the incidences it adds up to 1.
    pub surviving: Vec<f64>,
    /// Runs whose first failure was of the infrastructure and which are censored there.
    pub censored: u64,
}

/// The incidence of one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseIncidence {
    /// Name of the cause.
    pub cause: String,
    /// Share of the runs that have failed first by it, up to and including each stage.
    pub shares: Vec<f64>,
}
