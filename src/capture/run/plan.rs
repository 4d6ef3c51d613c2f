//! What is to be recorded, who is told about it, and what came of it.

use super::agent::Agent;
use super::meter::Totals;
use super::recording::Means;
use crate::capture::pipeline::Pipeline;
use crate::trace::{EndReason, Event, StageStatus};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What masks secrets in an event.
pub type Mask = Arc<dyn Fn(&mut Event) + Send + Sync>;

/// A pipeline, who works through it, and where the trace goes.
#[derive(Clone)]
pub struct Plan {
    /// What is asked.
    pub pipeline: Arc<Pipeline>,
    /// Who is asked.
    pub agent: Agent,
    /// The model, by its name in traces; agents are told of it.
    pub model: String,
    /// Who serves it.
    pub provider: Option<String>,
    /// Where it is recorded, and with what.
    pub means: Means,
    /// Further environment variables of the agent.
    pub env: Vec<(String, String)>,
    /// Where workspaces are kept; none when they go with their runs.
    pub keep: Option<PathBuf>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("pipeline", &self.pipeline.name)
            .field("agent", &self.agent.name)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// Something that the user may want to see while a run goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The agent begins an attempt at a stage.
    Working {
        /// Index of the stage.
        stage: usize,
        /// Attempt, from 1.
        attempt: i64,
    },
    /// A stage is being graded.
    Grading {
        /// Index of the stage.
        stage: usize,
    },
    /// A stage has been graded for good.
    Graded(StageReport),
    /// Golden artifacts of a stage were put in place.
    Recovered {
        /// Index of the stage.
        stage: usize,
    },
    /// Time has passed.
    Tick(Totals),
    /// Something is not as it should be; the run goes on.
    Warning(String),
}

/// Who is told. Runs may speak at the same time.
pub trait Observer: Send + Sync {
    /// Something happened in a run.
    fn step(&self, run_id: &str, step: Step);
}

/// What came of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageReport {
    /// Index of the stage.
    pub stage: usize,
    /// Attempts made.
    pub attempts: i64,
    /// Score, 0 to 100.
    pub score: Option<f64>,
    /// Whether it reached its gate.
    pub passed: Option<bool>,
    /// Status.
    pub status: Option<StageStatus>,
    /// Why the agent stopped.
    pub end_reason: EndReason,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// The run.
    pub run_id: String,
    /// Its trace; none when nothing could be kept.
    pub trace: Option<PathBuf>,
    /// Events in it.
    pub events: u64,
    /// Its stages, as far as it came.
    pub stages: Vec<StageReport>,
    /// What it used up.
    pub totals: Totals,
    /// How it ended.
    pub end_reason: EndReason,
    /// Why nothing could be done, where a set-up step failed.
    pub failure: Option<String>,
}
