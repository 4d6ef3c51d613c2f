//! Why one side costs more than the other: a product of factors, bridged exactly.
//!
//! LMDI-I (Ang 2004): each factor adds `L(to, from) * ln(to_j / from_j)` dollars, and the amounts add up to the difference.
//! A side of several runs stands as their geometric mean, whose factors are the geometric means of theirs.

use super::factors::{CostFactors, FACTORS};
use crate::stats::{BridgeError, lmdi};

/// A cost bridge between two sides (runs, models, or a run and its cohort).
#[derive(Debug, Clone, PartialEq)]
pub struct CostBridge {
    /// The workload.
    pub workload: String,
    /// Cost basis, e.g. `reported`.
    pub basis: String,
    /// Label of the side the bridge starts at.
    pub from: String,
    /// Label of the side the bridge ends at.
    pub to: String,
    /// Runs of the start; several stand as their geometric mean.
    pub from_runs: usize,
    /// Runs of the end.
    pub to_runs: usize,
    /// Cost per run of the start, in US dollars.
    pub from_usd: f64,
    /// Cost per run of the end.
    pub to_usd: f64,
    /// The factors, in order; their amounts add up to `to_usd - from_usd`.
    pub steps: Vec<BridgeStep>,
}

/// One factor of a bridge.
#[derive(Debug, Clone, PartialEq)]
pub struct BridgeStep {
    /// What it is, e.g. `calls`, `tokens per call`, `list price per token`, `cache`.
    pub label: String,
    /// Unit of the values, e.g. `calls`, `tokens`, `USD per million`, empty for a ratio.
    pub unit: String,
    /// Value at the start.
    pub from_value: f64,
    /// Value at the end.
    pub to_value: f64,
    /// Dollars that the factor adds (negative: saves).
    pub usd: f64,
}

/// One side of a bridge: a label and the factors of its runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Display label.
    pub label: String,
    /// Factors of its runs; one run, or several that stand as their geometric mean.
    pub runs: Vec<CostFactors>,
}

impl CostBridge {
    /// The bridge between two sides. A side without runs is an error.
    pub fn between(
        workload: &str,
        basis: &str,
        from: &Side,
        to: &Side,
    ) -> Result<Self, BridgeError> {
        let (a, b) =
            (from.mean().ok_or(BridgeError::NoFactors)?, to.mean().ok_or(BridgeError::NoFactors)?);
        let bridge = lmdi(&a.values(), &b.values())?;
        let steps = FACTORS
            .iter()
            .zip(a.shown().into_iter().zip(b.shown()))
            .zip(&bridge.effects)
            .map(|(((label, unit), (from_value, to_value)), usd)| BridgeStep {
                label: (*label).to_owned(),
                unit: (*unit).to_owned(),
                from_value,
                to_value,
                usd: *usd,
            })
            .collect();
        Ok(Self {
            workload: workload.to_owned(),
            basis: basis.to_owned(),
            from: from.label.clone(),
            to: to.label.clone(),
            from_runs: from.runs.len(),
            to_runs: to.runs.len(),
            from_usd: bridge.before,
            to_usd: bridge.after,
            steps,
        })
    }
}

impl Side {
    /// The geometric mean of its runs; `None` without runs.
    fn mean(&self) -> Option<CostFactors> {
        let mut logs = [0.0; 4];
        for run in &self.runs {
            for (log, value) in logs.iter_mut().zip(run.values()) {
                *log += value.ln();
            }
        }
        let n = f64::from(u32::try_from(self.runs.len()).ok().filter(|n| *n > 0)?);
        if let [one] = self.runs.as_slice() {
            return Some(one.clone());
        }
        let [calls, tokens_per_call, list_per_token, cache] = logs.map(|log| (log / n).exp());
        Some(CostFactors { calls, tokens_per_call, list_per_token, cache })
    }
}
