//! How a stage ended: its status, and why the agent stopped.

use crate::trace::{EndReason, StageStatus};

/// The score at and above which a stage counts as passed, where the source does not say: RAMP's.
pub(super) const PASS_MARK: f64 = 60.0;

/// What a stage's latest record was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Last {
    /// Something was asked of the agent.
    Prompt,
    /// It answered, and asked for no tool.
    Reply,
    /// It asked for a tool.
    ToolCall,
    /// It got a result; `finish` when the tool is the one that declares the work done.
    ToolResult { finish: bool },
    /// A request or something else failed.
    Error { code: String, detail: String },
}

impl Last {
    /// Why the agent stopped, if this was the last of it.
    pub(super) fn end_reason(&self) -> EndReason {
        match self {
            Self::Reply => EndReason::AgentMessage,
            Self::ToolResult { finish: true } => EndReason::Finished,
            Self::Error { code, detail } => end_reason_of_error(code, detail),
            Self::Prompt | Self::ToolCall | Self::ToolResult { finish: false } => {
                EndReason::Unknown
            }
        }
    }
}

/// What is known of a stage when its status is decided.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StageOutcome {
    /// Whether an LLM call was answered in it; `None` when the source does not say.
    pub(super) attempted: Option<bool>,
    /// Score, 0 to 100.
    pub(super) score: Option<f64>,
    /// Whether the source calls it passed.
    pub(super) passed: Option<bool>,
    /// Tests that ran.
    pub(super) tests_total: Option<i64>,
    /// Scored after golden artifacts were put in place.
    pub(super) recovered: bool,
    /// How the agent's work on it ended.
    pub(super) end_reason: Option<EndReason>,
}

impl StageOutcome {
    /// The status; the first rule that applies decides. `None` when there is neither a score nor a sign of an attempt.
    pub(super) fn status(self) -> Option<StageStatus> {
        let passed = self.passed.or_else(|| self.score.map(|s| s >= PASS_MARK));
        let infra = matches!(self.end_reason, Some(EndReason::LlmTimeout | EndReason::RateLimited));
        Some(match () {
            () if self.attempted == Some(false) => StageStatus::NotAttempted,
            () if self.recovered => StageStatus::Recovered,
            () if passed == Some(true) => StageStatus::Passed,
            () if infra => StageStatus::Infra,
            () if self.tests_total == Some(0) => StageStatus::NoTests,
            () if passed == Some(false) => StageStatus::Failed,
            () => return None,
        })
    }
}

/// The reason for an ending, from an error code and its text.
pub(super) fn end_reason_of_error(code: &str, detail: &str) -> EndReason {
    let code = code.to_ascii_lowercase();
    let detail = detail.to_ascii_lowercase();
    let context = [
        "input length should be",
        "context length",
        "context window",
        "contextwindowexceed",
        "prompt is too long",
    ];
    if code.contains("contextwindow") || context.iter().any(|c| detail.contains(c)) {
        EndReason::ContextExceeded
    } else if code.contains("timeout") {
        EndReason::LlmTimeout
    } else if code.contains("ratelimit") {
        EndReason::RateLimited
    } else if code.contains("maxiterations") || code.contains("budget") {
        EndReason::Budget
    } else if code.contains("stuck") {
        EndReason::Stuck
    } else if code.starts_with("llm") {
        EndReason::LlmError
    } else {
        EndReason::Unknown
    }
}

/// The context window that an error message states: `[1, 169984]`, `maximum context length is 131072 tokens`.
pub(super) fn context_limit_in(detail: &str) -> Option<i64> {
    let after = |marker: &str| detail.find(marker).map(|i| &detail[i + marker.len()..]);
    let number = |text: &str| {
        let digits: String = text
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == ',')
            .filter(|c| *c != ',')
            .collect();
        digits.parse::<i64>().ok().filter(|n| *n > 0)
    };
    if let Some(range) = after("input length should be [") {
        return range.split_once(", ").and_then(|(_, upper)| number(upper));
    }
    let rest = after("maximum context length is ").or_else(|| after("context window of "))?;
    number(rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_messages() {
        let range = "Error: Range of input length should be [1, 169984] (request id)";
        assert_eq!(context_limit_in(range), Some(169_984));
        assert_eq!(context_limit_in("maximum context length is 131,072 tokens"), Some(131_072));
        assert_eq!(context_limit_in("timed out after 300 seconds"), None);
        assert_eq!(end_reason_of_error("LLMBadRequestError", range), EndReason::ContextExceeded);
        assert_eq!(end_reason_of_error("LLMTimeoutError", "timed out"), EndReason::LlmTimeout);
        assert_eq!(end_reason_of_error("MaxIterationsReached", ""), EndReason::Budget);
        assert_eq!(end_reason_of_error("LLMBadRequestError", "bad schema"), EndReason::LlmError);
        assert_eq!(end_reason_of_error("RuntimeError", ""), EndReason::Unknown);
    }

    #[test]
    fn status_separates_failures_of_the_model_from_others() {
        let base =
            StageOutcome { attempted: Some(true), score: Some(0.0), ..StageOutcome::default() };
        assert_eq!(base.status(), Some(StageStatus::Failed));
        assert_eq!(StageOutcome { score: Some(60.0), ..base }.status(), Some(StageStatus::Passed));
        assert_eq!(
            StageOutcome { tests_total: Some(0), ..base }.status(),
            Some(StageStatus::NoTests)
        );
        let timeout =
            StageOutcome { end_reason: Some(EndReason::LlmTimeout), tests_total: Some(12), ..base };
        assert_eq!(timeout.status(), Some(StageStatus::Infra));
        let unattempted = StageOutcome { attempted: Some(false), score: Some(100.0), ..base };
        assert_eq!(unattempted.status(), Some(StageStatus::NotAttempted), "whatever it scored");
        assert_eq!(StageOutcome { recovered: true, ..base }.status(), Some(StageStatus::Recovered));
        assert_eq!(StageOutcome::default().status(), None);
    }
}
