//! How the prompt of a run grew, call by call.

/// The prompt sizes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextRamp {
    /// Display label of the run.
    pub label: String,
    /// Its answered calls, in order.
    pub calls: Vec<RampCall>,
    /// Context limit in tokens, when the trace names one.
    pub limit: Option<i64>,
    /// Positions in `calls` at which the prompt fell by more than a fifth.
    pub compactions: Vec<usize>,
    /// Growth in tokens per call (Theil-Sen), when there are two calls.
    pub slope: Option<f64>,
    /// Sum of all prompts over the longest one.
    pub snowball: Option<f64>,
    /// How the run ended, e.g. `context_exceeded`.
    pub ended: String,
}

/// One call of a ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RampCall {
    /// Stage, `None` outside stages.
    pub stage: Option<i64>,
    /// Prompt tokens, cached ones included.
    pub input_tokens: i64,
    /// Part of them that was read from a cache, when the source says.
    pub cache_read_tokens: Option<i64>,
}
