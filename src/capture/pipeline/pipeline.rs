//! What a pipeline says.

use super::score::ScoreParser;
use crate::trace::Usd;
use std::path::PathBuf;
use std::time::Duration;

/// A staged workload: what is asked, in what order, and how it is graded.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// Name of the workload in traces.
    pub name: String,
    /// The folder of the file; its paths are below it.
    pub folder: PathBuf,
    /// Template of the workspace, copied fresh for each run; an empty folder when there is none.
    pub workspace: Option<PathBuf>,
    /// Shell command run once in a fresh workspace.
    pub setup: Option<String>,
    /// What is done about a failed stage.
    pub recovery: Recovery,
    /// What the agent remembers.
    pub conversation: Conversation,
    /// Further attempts at a stage after a failed grade.
    pub retries: u32,
    /// What is asked then; `{score}`, `{gate}`, `{tests_passed}`, `{tests_total}` and `{output}` are filled in.
    pub retry_prompt: String,
    /// What a run may use up.
    pub budget: Budget,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// What is done about a failed stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing: later stages build on what it left.
    Never,
    /// Its golden artifacts are put in place.
    OnFailure,
    /// The golden artifacts of every earlier stage are put in place before each stage, whether it failed or not.
    GoldenInputs,
}

impl Recovery {
    /// Words of the pipeline file, with their meaning.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("never", Self::Never),
        ("on-failure", Self::OnFailure),
        ("golden-inputs", Self::GoldenInputs),
    ];

    /// The word of the pipeline file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnFailure => "on-failure",
            Self::GoldenInputs => "golden-inputs",
        }
    }
}

/// What the agent remembers from stage to stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversation {
    /// One conversation through all stages.
    Run,
    /// A new one for each stage.
    Stage,
}

impl Conversation {
    /// Words of the pipeline file, with their meaning.
    pub const WORDS: &'static [(&'static str, Self)] =
        &[("run", Self::Run), ("stage", Self::Stage)];
}

/// What a run may use up; nothing is limited that is not named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Time of the agent, grading not included.
    pub time: Option<Duration>,
    /// Money.
    pub usd: Option<Usd>,
    /// Answered model calls.
    pub calls: Option<u64>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Short name (`T1`).
    pub name: String,
    /// What it is about.
    pub title: Option<String>,
    /// What the agent is asked.
    pub prompt: String,
    /// Shell command run in the workspace before the agent.
    pub setup: Option<String>,
    /// Shell command that grades the workspace; a stage without one has no score.
    pub grade: Option<String>,
    /// Longest time that the grader may take.
    pub grade_time: Duration,
    /// From what the grader leaves to a score.
    pub score: ScoreParser,
    /// The score below which the stage has failed.
    pub gate: f64,
    /// Share of the stage in weighted scores.
    pub weight: f64,
    /// Longest time that the agent may take for one attempt.
    pub time: Option<Duration>,
    /// Paths in the workspace that it hands on.
    pub artifacts: Vec<PathBuf>,
    /// What is put in their place in a recovery.
    pub golden: Vec<Golden>,
}

/// A golden artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Golden {
    /// File or folder below the pipeline's folder.
    pub from: PathBuf,
    /// Where it goes in the workspace.
    pub to: PathBuf,
}

impl Pipeline {
    /// What the harness allowed, in the words of the trace.
    pub fn protocol(&self) -> String {
        let base = match self.recovery {
            Recovery::Never => "recovery-off",
            Recovery::OnFailure => "recovery",
            Recovery::GoldenInputs => "golden-inputs",
        };
        if self.retries > 0 { format!("{base}+retries") } else { base.to_owned() }
    }
}
