//! How a tool call ended, read from the text that the agent sends back as its result.
//!
//! No API has a field for an exit code; agents write it into the text, each in its own way. Only forms that an agent is
//! known to write are read, only where it writes them (the first lines or the last one), and only of tools that may have
//! run a command: a file may hold the same words.

use crate::trace::{Event, ToolKind, ToolStatus};
use serde_json::Value;

/// Lines at the beginning among which a header may stand.
const HEADER_LINES: usize = 6;

/// How a tool call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Outcome {
    pub(in crate::capture) exit_code: Option<i64>,
    pub(in crate::capture) status: ToolStatus,
}

impl Outcome {
    /// Reads the text of a result.
    pub(in crate::capture) fn read(text: &str, failed: bool, kind: ToolKind) -> Self {
        let text = text.trim();
        let first = text.lines().next().unwrap_or_default();
        let last = text.lines().next_back().unwrap_or_default().trim();
        let command = matches!(kind, ToolKind::Shell | ToolKind::Other);
        let code = if command { exit_code(text, first, last) } else { None };
        let running =
            command && header(text).any(|line| line.starts_with("Process running with session ID"));
        let status = match () {
            () if running || code == Some(-1) => ToolStatus::Running,
            () if failed && is_denied(first) => ToolStatus::Denied,
            () if command && [first, last].into_iter().any(is_timeout) => ToolStatus::Timeout,
            () if failed => ToolStatus::Error,
            () => ToolStatus::Ok,
        };
        // -1 stands for a command that has not ended.
        Self { exit_code: code.filter(|code| *code != -1), status }
    }

    pub(in crate::capture) fn fill(self, event: &mut Event) {
        event.exit_code = self.exit_code;
        event.tool_status = Some(self.status);
    }
}

fn exit_code(text: &str, first: &str, last: &str) -> Option<i64> {
    if text.starts_with('{') {
        return from_json(text);
    }
    // mini-swe-agent
    if let Some(rest) = text.strip_prefix("<returncode>") {
        return rest.split_once("</returncode>")?.0.trim().parse().ok();
    }
    // Codex CLI, Claude Code, Gemini CLI and many small agents; the same line at the end.
    let line = |line: &str| {
        let lower = line.to_ascii_lowercase();
        let rest = lower.strip_prefix("exit code")?;
        rest.trim_start_matches(':').trim().parse().ok()
    };
    // OpenHands
    let sentence = |line: &str| {
        let line = line.strip_prefix('[')?.strip_suffix(']')?.trim_end_matches('.');
        let rest = line.strip_prefix("The command completed with exit code ");
        rest.or_else(|| line.strip_prefix("Command finished with exit code "))?.trim().parse().ok()
    };
    // Codex CLI's long-lived shells.
    let process = || {
        header(text)
            .find_map(|line| line.strip_prefix("Process exited with code ")?.trim().parse().ok())
    };
    // Gemini CLI puts the line before that of the signal.
    let near_end =
        || text.lines().rev().take(4).find_map(|l| line(l.strip_prefix("Exit Code:").map(|_| l)?));
    line(first).or_else(|| line(last)).or_else(|| sentence(last)).or_else(process).or_else(near_end)
}

/// The lines before the output.
fn header(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take(HEADER_LINES).take_while(|line| !line.starts_with("Output:"))
}

/// `{"output": ..., "metadata": {"exit_code": 0}}` as Codex CLI had it, or the code at the top.
fn from_json(text: &str) -> Option<i64> {
    let value: Value = serde_json::from_str(text).ok()?;
    let code = |value: &Value| {
        ["exit_code", "exitCode", "returncode", "return_code"]
            .iter()
            .find_map(|key| value.get(*key)?.as_i64())
    };
    code(&value).or_else(|| code(value.get("metadata")?))
}

/// Codex CLI and Claude Code begin or end with these words.
fn is_timeout(line: &str) -> bool {
    line.to_ascii_lowercase().starts_with("command timed out")
}

/// Claude Code's words for a call that the user or a rule refused.
fn is_denied(line: &str) -> bool {
    line.starts_with("The user doesn't want to")
        || line.starts_with("Permission to use ")
        || line.starts_with("Permission for this ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(text: &str) -> (Option<i64>, ToolStatus) {
        let outcome = Outcome::read(text, false, ToolKind::Shell);
        (outcome.exit_code, outcome.status)
    }

    #[test]
    fn the_forms_of_known_agents_are_read() {
        for (text, code) in [
            ("<returncode>2</returncode>\n<output>\nno such file\n</output>", 2),
            ("Exit code: 0\nWall time: 0.1 seconds\nOutput:\nhello", 0),
            ("Exit code 127\nbash: nope: command not found", 127),
            ("Chunk ID: ab\nWall time: 0.5 seconds\nProcess exited with code 101\nOutput:\nx", 101),
            (r#"{"output":"hi\n","metadata":{"exit_code":3,"duration_seconds":0.1}}"#, 3),
            (r#"{"returncode":1,"output":""}"#, 1),
            ("total 0\n[The command completed with exit code 1.]", 1),
            ("a\n[Command finished with exit code 0]", 0),
            (
                "Command: ls\nDirectory: (root)\nOutput: a\nExit Code: 4\nSignal: (none)\nProcess Group PGID: 1",
                4,
            ),
            ("some output\nexit code: 9\n", 9),
        ] {
            assert_eq!(shell(text), (Some(code), ToolStatus::Ok), "{text}");
        }
    }

    #[test]
    fn other_texts_have_no_exit_code() {
        for text in [
            "",
            "the exit code: 3 was seen",
            "line\nexit code: 3 in the middle\nline",
            "Exit code: many",
            "<returncode>x</returncode>",
            "{\"exit_code\": \"3\"}",
            "Output:\nProcess exited with code 7",
            "{broken",
        ] {
            assert_eq!(shell(text), (None, ToolStatus::Ok), "{text}");
        }
        let file = Outcome::read("exit code: 3\n", false, ToolKind::Edit);
        assert_eq!(file.exit_code, None, "a file that was read");
    }

    #[test]
    fn states_are_told_apart() {
        let failed = |text| Outcome::read(text, true, ToolKind::Shell);
        assert_eq!(
            failed("Exit code 1\noops"),
            Outcome { exit_code: Some(1), status: ToolStatus::Error }
        );
        assert_eq!(
            failed("The user doesn't want to proceed with this tool use.").status,
            ToolStatus::Denied
        );
        assert_eq!(failed("Command timed out after 2m 0.0s").status, ToolStatus::Timeout);
        assert_eq!(
            shell("Process running with session ID 3\nOutput:\n"),
            (None, ToolStatus::Running)
        );
        assert_eq!(shell("exit code: -1"), (None, ToolStatus::Running));
    }
}
