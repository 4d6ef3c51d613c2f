//! How a stage of a run ended, and whether its end says something about the agent.

use super::StageScore;
use crate::trace::{EndReason, StageStatus};

/// How a stage of a run ended, at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Score at or above the gate.
    Passed,
    /// Attempted, and below the gate.
    Failed,
    /// No answered call, whatever the score.
    NotAttempted,
    /// Below the gate, and the grader ran no test.
    NoTests,
    /// Below the gate, and ended by infrastructure.
    Infra,
    /// Without a score.
    Unscored,
}

impl Outcome {
    /// Name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotAttempted => "not_attempted",
            Self::NoTests => "no_tests",
            Self::Infra => "infra",
            Self::Unscored => "unscored",
        }
    }
}

impl StageScore {
    /// How the stage ended. A stage without an answered call was not attempted, whatever its grader found there.
    pub fn outcome(&self, gate: f64) -> Outcome {
        let is = |status: StageStatus| self.status.as_deref() == Some(status.as_str());
        match self.score {
            _ if is(StageStatus::NotAttempted) => Outcome::NotAttempted,
            None => Outcome::Unscored,
            Some(score) if score >= gate => Outcome::Passed,
            Some(_) if self.ended_by_infrastructure() => Outcome::Infra,
            Some(_) if is(StageStatus::NoTests) => Outcome::NoTests,
            Some(_) => Outcome::Failed,
        }
    }

    /// Whether a timeout, a rate limit, another failed request or somebody's hand ended the stage: what would have come of
    /// it is unknown. A full context is the agent's own doing.
    pub fn ended_by_infrastructure(&self) -> bool {
        let infra = [
            EndReason::LlmTimeout,
            EndReason::RateLimited,
            EndReason::LlmError,
            EndReason::Interrupted,
        ];
        self.status.as_deref() == Some(StageStatus::Infra.as_str())
            || infra.iter().any(|r| self.end_reason.as_deref() == Some(r.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(score: Option<f64>, status: &str, reason: &str) -> StageScore {
        StageScore {
            score,
            status: Some(status.to_owned()),
            end_reason: Some(reason.to_owned()),
            ..StageScore::default()
        }
    }

    #[test]
    fn status_and_score_together_make_the_outcome() {
        let outcome = |score, status, reason| stage(score, status, reason).outcome(60.0);
        assert_eq!(outcome(Some(60.0), "passed", "finished"), Outcome::Passed);
        assert_eq!(outcome(Some(59.9), "passed", "finished"), Outcome::Failed);
        assert_eq!(outcome(Some(100.0), "not_attempted", "not_attempted"), Outcome::NotAttempted);
        assert_eq!(outcome(Some(0.0), "no_tests", "finished"), Outcome::NoTests);
        assert_eq!(outcome(Some(48.0), "failed", "llm_timeout"), Outcome::Infra);
        assert_eq!(outcome(Some(90.0), "infra", "llm_timeout"), Outcome::Passed);
        assert_eq!(outcome(Some(0.0), "failed", "context_exceeded"), Outcome::Failed);
        assert_eq!(outcome(None, "failed", "finished"), Outcome::Unscored);
    }
}
