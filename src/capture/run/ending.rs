//! How work on a stage ended, and what that makes of its grade.

use super::meter::LastCall;
use super::process::{Cut, Outcome};
use crate::trace::{EndReason, StageStatus};

/// Why the agent stopped. Its own exit code says little: many agents end with 0 after a failed request.
pub(super) fn end_reason(outcome: &Outcome, last: Option<&LastCall>) -> EndReason {
    match outcome.cut {
        Some(Cut::Interrupt | Cut::Now) => return EndReason::Interrupted,
        Some(Cut::Budget | Cut::Time) => return EndReason::Budget,
        None => {}
    }
    match last {
        Some(LastCall { error_type: Some(code), content, .. }) => {
            of_error(code, content.as_deref().unwrap_or_default())
        }
        _ if outcome.exit_code != Some(0) => EndReason::Unknown,
        Some(call) if !call.wants_tools => EndReason::AgentMessage,
        _ => EndReason::Finished,
    }
}

/// The reason of a failed request.
fn of_error(code: &str, text: &str) -> EndReason {
    let (code, text) = (code.to_ascii_lowercase(), text.to_ascii_lowercase());
    let context = ["context length", "context window", "context_length", "prompt is too long"];
    if code.contains("context") || context.iter().any(|words| text.contains(words)) {
        EndReason::ContextExceeded
    } else if code.contains("timeout") {
        EndReason::LlmTimeout
    } else if code.contains("rate") || code == "429" {
        EndReason::RateLimited
    } else {
        EndReason::LlmError
    }
}

/// What is known when the status of a stage is decided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Whether a model call was answered in it, or, where calls cannot be seen, whether the agent ran.
    pub(super) attempted: bool,
    /// Whether its inputs were put in place of those that a failed stage should have made.
    pub(super) recovered: bool,
    /// Whether it reached its gate; none without a grade.
    pub(super) passed: Option<bool>,
    pub(super) tests_total: Option<i64>,
    pub(super) end_reason: EndReason,
}

impl Known {
    /// The status; the first rule that applies decides. `None` for a stage that has no grade.
    pub(super) fn status(self) -> Option<StageStatus> {
        let outside = matches!(self.end_reason, EndReason::LlmTimeout | EndReason::RateLimited);
        let passed = self.passed?;
        Some(match () {
            () if !self.attempted => StageStatus::NotAttempted,
            () if passed && self.recovered => StageStatus::Recovered,
            () if passed => StageStatus::Passed,
            () if outside => StageStatus::Infra,
            () if self.tests_total == Some(0) => StageStatus::NoTests,
            () => StageStatus::Failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn ended(exit_code: Option<i32>, cut: Option<Cut>) -> Outcome {
        Outcome {
            exit_code,
            signal: None,
            cut,
            stdout: String::new(),
            stderr: String::new(),
            stdout_bytes: 0,
            stderr_bytes: 0,
            wall: Duration::ZERO,
            user: Duration::ZERO,
            system: Duration::ZERO,
            max_rss_bytes: 0,
        }
    }

    fn call(error_type: Option<&str>, content: &str, wants_tools: bool) -> LastCall {
        LastCall {
            error_type: error_type.map(str::to_owned),
            content: Some(content.to_owned()),
            wants_tools,
        }
    }

    #[test]
    fn the_last_call_says_more_than_the_exit_code() {
        let zero = ended(Some(0), None);
        for (last, reason) in [
            (None, EndReason::Finished),
            (Some(call(None, "done", false)), EndReason::AgentMessage),
            (Some(call(None, "", true)), EndReason::Finished),
            (Some(call(Some("rate_limit"), "", false)), EndReason::RateLimited),
            (Some(call(Some("timeout"), "", false)), EndReason::LlmTimeout),
            (Some(call(Some("400"), "prompt is too long: 9", false)), EndReason::ContextExceeded),
            (Some(call(Some("server_error"), "", false)), EndReason::LlmError),
        ] {
            assert_eq!(end_reason(&zero, last.as_ref()), reason, "{last:?}");
        }
        let one = ended(Some(1), None);
        assert_eq!(end_reason(&one, Some(&call(None, "x", false))), EndReason::Unknown);
        let cut = ended(None, Some(Cut::Time));
        assert_eq!(end_reason(&cut, Some(&call(Some("timeout"), "", false))), EndReason::Budget);
        assert_eq!(end_reason(&ended(None, Some(Cut::Interrupt)), None), EndReason::Interrupted);
    }

    #[test]
    fn a_zero_is_not_always_a_failure_of_the_model() {
        let base = Known {
            attempted: true,
            recovered: false,
            passed: Some(false),
            tests_total: Some(9),
            end_reason: EndReason::AgentMessage,
        };
        for (known, status) in [
            (base, Some(StageStatus::Failed)),
            (Known { passed: Some(true), ..base }, Some(StageStatus::Passed)),
            (Known { passed: Some(true), recovered: true, ..base }, Some(StageStatus::Recovered)),
            (Known { recovered: true, ..base }, Some(StageStatus::Failed)),
            (Known { tests_total: Some(0), ..base }, Some(StageStatus::NoTests)),
            (Known { attempted: false, ..base }, Some(StageStatus::NotAttempted)),
            (Known { end_reason: EndReason::RateLimited, ..base }, Some(StageStatus::Infra)),
            (Known { passed: None, ..base }, None),
        ] {
            assert_eq!(known.status(), status, "{known:?}");
        }
    }
}
