//! Prompts to stages, and the last records of a stage to the reason it ended.
//!
//! A stage is the window from the user message that opens it to the next one that opens another. RAMP's prompts name
//! the task in their heading (`# Task 3: ...`) and in their last line; any other user message inside a window is a
//! further attempt at the same stage.

use super::super::stages::{context_limit_in, end_reason_of_error};
use crate::trace::EndReason;

/// The stage that a user message opens, if it opens one later than `current`.
pub(super) fn opened_stage(prompt: &str, current: Option<i64>) -> Option<i64> {
    let lines = || prompt.lines().map(str::trim).filter(|l| !l.is_empty());
    let heading = lines().next().filter(|l| l.starts_with('#')).and_then(task_number);
    let stage = lines().next_back().and_then(task_number).or(heading)?;
    (current.is_none_or(|c| stage > c)).then_some(stage)
}

/// The number behind the word `Task` in a line.
fn task_number(line: &str) -> Option<i64> {
    let lower = line.to_ascii_lowercase();
    let (_, rest) = lower.split_once("task")?;
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// What the last record of a stage was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Last {
    /// A prompt, or nothing at all.
    Prompt,
    /// The result of a tool call.
    ToolResult {
        /// Whether the call declared the work finished.
        finish: bool,
    },
    /// A tool call that has no result.
    ToolCall,
    /// A reply without a tool call.
    Reply,
    /// A conversation error.
    Error {
        /// Its code.
        code: String,
        /// Its text.
        detail: String,
    },
    /// A person stopped the conversation.
    Paused,
}

/// Why a stage ended. `stuck_detection` says whether the harness watches for repetition: then a turn that ends on a
/// tool result, with no error, was ended by it. `last_stage` and `status` tell a run that was cut off.
pub(super) fn end_reason(
    last: &Last,
    stuck_detection: bool,
    last_stage: bool,
    status: Option<&str>,
) -> EndReason {
    let cut_off = last_stage && matches!(status, Some("running" | "paused"));
    match last {
        Last::ToolResult { finish: true } => EndReason::Finished,
        Last::Reply => EndReason::AgentMessage,
        Last::Error { code, detail } => end_reason_of_error(code, detail),
        Last::Paused => EndReason::Interrupted,
        Last::Prompt | Last::ToolCall | Last::ToolResult { .. } if cut_off => {
            EndReason::Interrupted
        }
        Last::ToolResult { finish: false } if stuck_detection => EndReason::Stuck,
        Last::Prompt | Last::ToolCall | Last::ToolResult { .. } => EndReason::Unknown,
    }
}

/// The context window named in an error, when it is an error about length.
pub(super) fn context_limit(code: &str, detail: &str) -> Option<i64> {
    (end_reason_of_error(code, detail) == EndReason::ContextExceeded)
        .then(|| context_limit_in(detail))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_open_stages_and_other_messages_do_not() {
        let first = "# Pipeline mode: all tasks\n## Task 0 and more\nplease begin Task 0.\n";
        assert_eq!(opened_stage(first, None), Some(0));
        assert_eq!(opened_stage("# Task 1: lexer\nsome text\n", Some(0)), Some(1));
        assert_eq!(
            opened_stage("# Task 3\nwork on Task 3", Some(3)),
            None,
            "a retry of the same stage"
        );
        assert_eq!(opened_stage("not passed, go on", Some(3)), None);
        assert_eq!(opened_stage("see Task 2 for context\ngo on", Some(3)), None);
        assert_eq!(opened_stage("", None), None);
    }

    #[test]
    fn the_last_record_says_how_a_stage_ended() {
        let stuck = Last::ToolResult { finish: false };
        assert_eq!(end_reason(&stuck, true, false, None), EndReason::Stuck);
        assert_eq!(end_reason(&stuck, false, false, None), EndReason::Unknown);
        assert_eq!(end_reason(&stuck, true, true, Some("running")), EndReason::Interrupted);
        assert_eq!(
            end_reason(&Last::ToolResult { finish: true }, true, true, None),
            EndReason::Finished
        );
        assert_eq!(end_reason(&Last::Reply, true, true, None), EndReason::AgentMessage);
        let timeout = Last::Error { code: "LLMTimeoutError".into(), detail: String::new() };
        assert_eq!(end_reason(&timeout, true, true, None), EndReason::LlmTimeout);
    }
}
