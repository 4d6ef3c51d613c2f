//! Tool calls that changed something, as far as the trace says.
//!
//! An editor that wrote, a shell command that reads as one that writes, or a build or test that ended well with a result
//! that its command had not given before. A trace holds no snapshots of the workspace, so a script that writes without
//! saying so is not seen; the same change made twice in a row is one.

use crate::analysis::process::{CommandGroups, Step};
use crate::trace::{Event, ToolKind, ToolStatus};
use serde_json::Value;
use std::collections::BTreeSet;

/// Shell commands that write files.
const WRITES: &[&str] = &[
    // A redirection that is neither of a stream by number nor into /dev.
    r"(?:^|[^0-9&>=-])>{1,2}\s*(?:[^\s&>|;)/]|/(?:[^d\s]|d[^e]|de[^v]))",
    r"\b(?:tee|cp|mv|rm|mkdir|rmdir|touch|ln|patch|unzip|truncate|rsync)\s",
    r"\b(?:sed|perl)\b[^|;&]*\s-[a-zA-Z]*i",
    r"\btar\s+-?[a-zA-Z]*x",
    r"\bgit\s+(?:apply|am|checkout|restore|reset|revert|merge|pull|clone|stash|clean|rm|mv)\b",
    r"\b(?:pip[0-9.]*|npm|pnpm|yarn|cargo|apt|apt-get|go)\s+(?:install|add|get)\b",
    r#"\b(?:write_text|write_bytes|writeFile(?:Sync)?)\b|\bopen\([^)]*['"][wax]"#,
];
/// What an editor is told, or called, when it only reads.
const READS: &[&str] = &["view", "read", "list", "open", "show", "find", "search", "grep"];

/// Tells the calls of one run that change something from those that do not.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Builds and tests.
    checks: &'a CommandGroups,
    writes: CommandGroups,
    results: BTreeSet<(u64, u64)>,
    last_change: Option<u64>,
}

impl<'a> Progress<'a> {
    /// A run without calls yet; `checks` are its builds and tests.
    pub fn new(checks: &'a CommandGroups) -> Self {
        let mut writes = CommandGroups::default();
        let patterns: Vec<String> = WRITES.iter().map(|&p| p.to_owned()).collect();
        writes
            .add("write", &patterns)
            .expect("the patterns are constant, and a test compiles them");
        Self { checks, writes, results: BTreeSet::new(), last_change: None }
    }

    /// Whether a `tool_call` row changed something.
    pub fn push(&mut self, event: &Event) -> bool {
        let step = Step::action(event);
        let is_check = self.checks.bits_of(event) != 0;
        let is_new = is_check
            && event.exit_code == Some(0)
            && self.results.insert((step.action, step.result));
        let is_change =
            self.changes(event) && self.last_change.replace(step.action) != Some(step.action);
        is_new || is_change
    }

    fn changes(&self, event: &Event) -> bool {
        if !matches!(event.tool_status, None | Some(ToolStatus::Ok | ToolStatus::Running)) {
            return false;
        }
        match event.tool_kind {
            Some(ToolKind::Edit) => !only_reads(event),
            Some(ToolKind::Shell) => self.writes.bits_of(event) != 0,
            _ => false,
        }
    }
}

/// Whether an editor's call reads, by its command or by the tool's name.
fn only_reads(event: &Event) -> bool {
    let arguments = event.arguments.as_deref().and_then(|a| serde_json::from_str::<Value>(a).ok());
    let command = arguments.as_ref().and_then(|a| a.get("command")?.as_str());
    let name = event.tool_name.as_deref().unwrap_or_default();
    let word = command.unwrap_or(name).to_ascii_lowercase();
    READS.iter().any(|read| word.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| w == *read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;

    fn call(kind: ToolKind, name: &str, arguments: &str) -> Event {
        Event {
            tool_kind: Some(kind),
            tool_name: Some(name.to_owned()),
            tool_status: Some(ToolStatus::Ok),
            arguments: Some(arguments.to_owned()),
            exit_code: Some(0),
            ..Event::new(Kind::ToolCall)
        }
    }

    fn shell(command: &str) -> Event {
        call(ToolKind::Shell, "bash", &serde_json::json!({ "command": command }).to_string())
    }

    fn changed(event: &Event) -> bool {
        Progress::new(&CommandGroups::default()).push(event)
    }

    #[test]
    fn commands_that_write_are_told_from_those_that_read() {
        for command in [
            "echo 1 > a.txt",
            "cat >> src/a.rs <<'EOF'",
            "cat>/workspace/a",
            "sed -i 's/a/b/' f",
            "sed -E -i.bak s/a/b/ f",
            "mkdir -p build && ls",
            "git checkout -- a.c",
            "python3 -c \"open('f', 'w').write('x')\"",
        ] {
            assert!(changed(&shell(command)), "{command}");
        }
        for command in [
            "ls -la",
            "make 2>&1 | tail",
            "grep -n x f 2>/dev/null",
            "cat a > /dev/null",
            "sed -n '1,20p' f",
            "git status && git diff",
            "grep -- '->' src/a.c",
            "echo 'a => b'",
        ] {
            assert!(!changed(&shell(command)), "{command}");
        }
    }

    #[test]
    fn editors_that_look_change_nothing_nor_do_failed_calls() {
        let edit = |name: &str, arguments: &str| call(ToolKind::Edit, name, arguments);
        assert!(changed(&edit("file_editor", r#"{"command": "str_replace"}"#)));
        assert!(!changed(&edit("file_editor", r#"{"command": "view"}"#)));
        assert!(changed(&edit("write_file", r#"{"path": "a"}"#)));
        assert!(!changed(&edit("read_file", r#"{"path": "a"}"#)));
        assert!(changed(&edit("thread_editor", "")), "`read` is a word of its own");
        let failed = Event { tool_status: Some(ToolStatus::Error), ..shell("rm a") };
        assert!(!changed(&failed));
        assert!(!changed(&call(ToolKind::Plan, "write_plan", "")));
    }

    #[test]
    fn the_same_change_again_is_none_and_a_build_must_say_something_new() {
        let mut checks = CommandGroups::default();
        checks.add("build", &["make".to_owned()]).unwrap();
        let mut progress = Progress::new(&checks);
        let calls = [shell("rm a"), shell("rm a"), shell("rm b"), shell("rm a")];
        assert_eq!(calls.map(|c| progress.push(&c)), [true, false, true, true]);
        let build = |said: &str| Event { content: Some(said.to_owned()), ..shell("make") };
        let calls = [build("ok"), build("ok "), build("better"), build("ok")];
        assert_eq!(calls.map(|c| progress.push(&c)), [true, false, true, false]);
        let broken = Event { exit_code: Some(2), ..build("error") };
        assert!(!progress.push(&broken));
    }
}
