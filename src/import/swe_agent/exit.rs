//! How an attempt ended, from its `exit_status`.
//!
//! `submitted (exit_cost)` is a patch that the harness took when something else had ended the work: what did counts.

use crate::trace::EndReason;

/// Why the agent stopped; `None` when the status does not say.
pub(super) fn end_reason(status: &str) -> Option<EndReason> {
    let cause = status.split_once('(').map_or(status, |(_, rest)| rest.trim_end_matches(')'));
    Some(match cause.trim() {
        // Both `exit` commands end the work by the agent's own will.
        "submitted" | "exit_forfeit" | "exit_command" => EndReason::Finished,
        "exit_cost" | "exit_total_execution_time" => EndReason::Budget,
        "exit_context" => EndReason::ContextExceeded,
        // Requests, or the replies to them, failed again and again.
        "exit_api" | "exit_format" => EndReason::LlmError,
        "exit_command_timeout"
        | "exit_environment_error"
        | "exit_error"
        | "early_exit"
        | "skipped" => EndReason::Unknown,
        _ => return None,
    })
}

/// The cause that the harness wrote in place of a reply, if this step is one of those.
pub(super) fn written_by_harness(
    action: &str,
    thought: &str,
    status: Option<&str>,
) -> Option<String> {
    let action = action.trim();
    if action.starts_with("exit_") && action != "exit_forfeit" && !action.contains(' ') {
        return Some(action.to_owned());
    }
    let exits = thought.starts_with("Exit due to") || thought.starts_with("Exit forced");
    (action.is_empty() && exits).then(|| {
        let cause = status.and_then(|s| s.find("exit_").map(|at| s[at..].trim_end_matches(')')));
        cause.unwrap_or("exit").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_counts_and_not_the_patch_that_was_taken() {
        for (status, reason) in [
            ("submitted", EndReason::Finished),
            ("submitted (exit_cost)", EndReason::Budget),
            ("exit_cost", EndReason::Budget),
            ("submitted (exit_context)", EndReason::ContextExceeded),
            ("submitted (exit_format)", EndReason::LlmError),
            ("exit_api", EndReason::LlmError),
            ("submitted (exit_command_timeout)", EndReason::Unknown),
            ("exit_total_execution_time", EndReason::Budget),
            ("exit_forfeit", EndReason::Finished),
        ] {
            assert_eq!(end_reason(status), Some(reason), "{status}");
        }
        assert_eq!(end_reason("something new"), None);
    }

    #[test]
    fn exits_of_the_harness_are_no_replies() {
        assert_eq!(
            written_by_harness("", "Exit due to cost limit", Some("submitted (exit_cost)")),
            Some("exit_cost".to_owned())
        );
        let old = written_by_harness("exit_context", "Exit due to context window", None);
        assert_eq!(old, Some("exit_context".to_owned()));
        assert_eq!(written_by_harness("exit_forfeit", "I give up", None), None);
        assert_eq!(written_by_harness("ls", "Exit due to me", None), None);
        assert_eq!(written_by_harness("", "", None), None);
    }
}
