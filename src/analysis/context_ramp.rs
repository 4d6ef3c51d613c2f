//! How the prompt of a run grew, call by call.

use super::RunCalls;
use super::process::Signals;

/// The prompt sizes of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextRamp {
    /// The workload.
    pub workload: String,
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

impl ContextRamp {
    /// The ramp of a run; `None` below two calls with known prompts. Rows that sum up calls are left out.
    pub fn of(run: &RunCalls, label: &str, ended: &str, signals: Option<&Signals>) -> Option<Self> {
        let single = run.calls.iter().filter(|c| !c.aggregate);
        let calls: Vec<RampCall> = single
            .filter_map(|call| {
                let tokens = call.tokens?;
                Some(RampCall {
                    stage: call.stage,
                    input_tokens: tokens.input(),
                    cache_read_tokens: (!tokens.cache_assumed()).then(|| tokens.cache_read()),
                })
            })
            .collect();
        if calls.len() < 2 {
            return None;
        }
        let shorter = |w: &[RampCall; 2]| {
            i128::from(w[1].input_tokens) * 5 < i128::from(w[0].input_tokens) * 4
        };
        let falls = calls.array_windows().enumerate().filter(|(_, w)| shorter(w));
        let context = signals.and_then(|s| s.context.as_ref());
        Some(Self {
            workload: run.workload.clone(),
            label: label.to_owned(),
            compactions: falls.map(|(i, _)| i + 1).collect(),
            limit: context.and_then(|c| c.limit),
            slope: context.and_then(|c| c.slope),
            snowball: context.and_then(|c| c.snowball),
            ended: ended.to_owned(),
            calls,
        })
    }
}
