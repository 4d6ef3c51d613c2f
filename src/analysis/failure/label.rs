//! What attribution says: labels with their evidence, failures of stages, and runs.

use super::cause::{Cause, Confidence};
use super::signature::ErrorSignature;
use crate::trace::{EndReason, Kind, RunFacts, StageStatus};

/// An event that proves a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Position of the event in its run.
    pub seq: i64,
    /// What the event is.
    pub kind: Kind,
    /// The part of it that matters, at most 160 characters.
    pub excerpt: String,
}

/// A cause that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The cause.
    pub cause: Cause,
    /// The rule that found it.
    pub rule: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Events that prove it; at least one.
    pub evidence: Vec<Evidence>,
    /// What else is to be said.
    pub note: Option<String>,
}

/// Why a stage that scored below the gate failed.
#[derive(Debug, Clone, PartialEq)]
pub struct StageFailure {
    /// Identifier of the run.
    pub run_id: String,
    /// The model asked for.
    pub model: String,
    /// The staged task set.
    pub workload: String,
    /// Stage index.
    pub stage: i64,
    /// Its score; `None` when it was not graded.
    pub score: Option<f64>,
    /// Its status; `not_attempted` whenever no LLM call was answered in it.
    pub status: Option<StageStatus>,
    /// The cause by precedence.
    pub primary: Label,
    /// Other causes that were found, by precedence.
    pub contributing: Vec<Label>,
    /// The first error of the build, when there was one.
    pub signature: Option<ErrorSignature>,
    /// The model's context window, when the stage ran into it.
    pub context_limit: Option<i64>,
}

impl StageFailure {
    /// Every label, the primary one first.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        std::iter::once(&self.primary).chain(&self.contributing)
    }
}

/// A stage, whatever it scored.
#[derive(Debug, Clone, PartialEq)]
pub struct StageOutcome {
    /// Stage index.
    pub stage: i64,
    /// Its score; `None` when it was not graded.
    pub score: Option<f64>,
    /// Its status; `not_attempted` whenever no LLM call was answered in it.
    pub status: Option<StageStatus>,
    /// Whether an LLM call was answered in it; `None` for sources without single calls.
    pub attempted: Option<bool>,
    /// How it ended, by the trace.
    pub end_reason: Option<EndReason>,
    /// What ended it from outside, if anything did.
    pub ended_by: Option<Label>,
    /// The model's context window, when the stage ran into it.
    pub context_limit: Option<i64>,
    /// The first error of the build, when there was one.
    pub signature: Option<ErrorSignature>,
}

/// A run with its failed stages.
#[derive(Debug, Clone, PartialEq)]
pub struct RunAttribution {
    /// Identity of the run.
    pub run: RunFacts,
    /// Score below which a stage counts as failed.
    pub gate: f64,
    /// Every stage, in order.
    pub stages: Vec<StageOutcome>,
    /// The stages that failed, in order.
    pub failures: Vec<StageFailure>,
}

impl RunAttribution {
    /// The first stage that a cause from outside ended, if one did.
    pub fn first_ended_by(&self, cause: Cause) -> Option<&StageOutcome> {
        self.stages.iter().find(|s| s.ended_by.as_ref().is_some_and(|l| l.cause == cause))
    }
}
