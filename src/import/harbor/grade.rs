//! Rewards, tests, and why the agent stopped.
//!
//! Harbor's error policy sorts exceptions by their type: the sandbox, the provider of the model, Harbor itself, the
//! verifier, or the agent that used up what it had. Only the last leaves a reward that measures the agent.

use super::super::ImportReport;
use super::super::fields::Fields;
use super::super::files::LogFile;
use super::super::test_report::TestReport;
use crate::trace::EndReason;
use serde_json::Value;

/// Who or what ended a trial, in Harbor's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Sandbox,
    Provider,
    Harbor,
    Unclassified,
    Exhausted,
    Refused,
    Verifier,
    Cancelled,
}

impl Cause {
    /// Harbor's word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox_failed",
            Self::Provider => "model_provider_failed",
            Self::Harbor => "harbor_failed",
            Self::Unclassified => "unclassified",
            Self::Exhausted => "agent_exhausted_budget",
            Self::Refused => "agent_refused_task",
            Self::Verifier => "verifier_failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the agent had no part in it.
    pub(super) const fn is_infra(self) -> bool {
        matches!(self, Self::Sandbox | Self::Provider | Self::Harbor)
    }
}

/// The cause behind an exception, and why the agent stopped; `None` when the exception says nothing of the agent.
pub(super) fn cause_of(exception: &str, attempted: Option<bool>) -> (Cause, Option<EndReason>) {
    use EndReason as End;
    let interrupted =
        Some(if attempted == Some(false) { End::NotAttempted } else { End::Interrupted });
    match exception {
        "AgentTimeoutError" | "OutputTokenExceededError" | "OutputLengthExceededError" => {
            (Cause::Exhausted, Some(End::Budget))
        }
        "ContextWindowExceededError" | "ContextLengthExceededError" => {
            (Cause::Exhausted, Some(End::ContextExceeded))
        }
        "AgentSafetyRefusalError" => (Cause::Refused, Some(End::AgentMessage)),
        "ContentPolicyViolationError" => (Cause::Refused, Some(End::LlmError)),
        "ApiRateLimitError" | "RateLimitError" | "ApiUsageLimitError" => {
            (Cause::Provider, Some(End::RateLimited))
        }
        "Timeout" | "ApiResponseStalledError" => (Cause::Provider, Some(End::LlmTimeout)),
        "BudgetExceededError" => (Cause::Provider, Some(End::Budget)),
        "ApiError"
        | "ApiInternalServerError"
        | "ApiOverloadedError"
        | "ApiConnectionClosedError"
        | "UnknownApiError"
        | "NetworkConnectionError"
        | "ApiConnectionError"
        | "InternalServerError"
        | "ServiceUnavailableError"
        | "APIConnectionError"
        | "APIError"
        | "BadRequestError"
        | "UnprocessableEntityError"
        | "UnsupportedParamsError"
        | "APIResponseValidationError"
        | "AgentAuthenticationError"
        | "ModelNotFoundError"
        | "ApiProviderResourceNotFoundError"
        | "AuthenticationError"
        | "PermissionDeniedError"
        | "NotFoundError" => (Cause::Provider, Some(End::LlmError)),
        "EnvironmentStartTimeoutError"
        | "SandboxBuildFailedError"
        | "AgentSetupTimeoutError"
        | "HealthcheckError"
        | "SandboxLikelyOutOfMemoryError"
        | "MemoryLimitExceededError"
        | "SSHAccessError"
        | "GKEExecStreamClosedError"
        | "GKEPodNotFoundError"
        | "RuntimeRequestError" => (Cause::Sandbox, interrupted),
        // The agent was done when these were raised.
        "AddTestsDirError" | "DownloadVerifierDirError" => (Cause::Sandbox, None),
        "ServiceOperationsUnsupportedError"
        | "VercelScopeError"
        | "DspyImportError"
        | "MissingExtraError" => (Cause::Harbor, interrupted),
        "RegradeError" => (Cause::Harbor, None),
        "VerifierTimeoutError"
        | "RewardFileNotFoundError"
        | "RewardFileEmptyError"
        | "VerifierOutputParseError" => (Cause::Verifier, None),
        "CancelledError" | "KeyboardInterrupt" => (Cause::Cancelled, Some(End::Interrupted)),
        _ => (Cause::Unclassified, None),
    }
}

/// A stage's grade.
#[derive(Debug, Default)]
pub(super) struct Grade {
    pub(super) score: Option<f64>,
    pub(super) passed: Option<bool>,
    pub(super) tests: Option<TestReport>,
}

/// Reads a stage's grade from its rewards and the verifier's files.
pub(super) fn grade(
    rewards: Option<&Fields>,
    files: &[&LogFile],
    report: &mut ImportReport,
) -> Grade {
    let mut grade = Grade::default();
    let mut reward = rewards.and_then(|r| reward_in(r, report));
    let from_result = reward.is_some();
    for file in files {
        let name = file.file_name();
        if matches!(name, "reward.txt" | "reward.json") {
            let written = reward_of(file);
            match (written, from_result) {
                (Some(_), true) => report.duplicate(
                    "a reward that result.json says",
                    file.name(),
                    1,
                    "result.json",
                ),
                (Some(written), false) => {
                    report.used();
                    reward = reward.or(Some(written));
                }
                (None, _) => report.reject(file.name(), 1, "not a reward"),
            }
            continue;
        }
        match TestReport::read(file) {
            Ok(Some(tests)) if grade.tests.is_none() => {
                report.used();
                grade.tests = Some(tests);
            }
            Ok(Some(_)) => report.duplicate(
                "another report of the tests",
                file.name(),
                1,
                "the tests of this trial",
            ),
            Ok(None) => report.skip("output of the verifier", 1),
            Err(error) => report.reject(file.name(), 1, error.to_string()),
        }
    }
    if let Some(reward) = reward {
        let score = reward * 100.0;
        if (0.0..=100.0).contains(&score) {
            grade.score = Some(score);
        } else {
            report
                .warn(format!("the reward {reward} is not between 0 and 1; the score is left out"));
        }
        grade.passed = Some(reward >= 1.0);
    }
    grade
}

/// The reward by its name, or the only one; several that have other names cannot be made one.
fn reward_in(rewards: &Fields, report: &mut ImportReport) -> Option<f64> {
    let number = |value: &Value| value.as_f64().filter(|n| n.is_finite());
    if let Some(reward) = rewards.peek("reward") {
        return number(reward);
    }
    let all: Vec<(&str, f64)> =
        rewards.pairs().filter_map(|(name, value)| Some((name, number(value)?))).collect();
    match all.as_slice() {
        [] => None,
        [(_, only)] => Some(*only),
        several => {
            let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
            report.warn(format!(
                "there are several rewards ({}) and none is the reward",
                names.join(", ")
            ));
            None
        }
    }
}

/// The reward in a file of the verifier: a number, or an object with one.
fn reward_of(file: &LogFile) -> Option<f64> {
    match file.json().ok()? {
        Value::Number(n) => n.as_f64(),
        Value::Object(map) => map.get("reward").and_then(Value::as_f64),
        _ => None,
    }
}
