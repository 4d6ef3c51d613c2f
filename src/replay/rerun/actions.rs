//! What a run did to its workspace: shell commands, and files that were written or edited where the arguments say how.

use crate::trace::{Event, Kind, ToolKind, ToolStatus};
use serde_json::Value;

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its event.
    pub seq: i64,
    /// Its stage.
    pub stage: Option<i64>,
    /// The tool.
    pub tool: String,
    /// What it did.
    pub deed: Deed,
    /// The exit code that was recorded.
    pub exit_code: Option<i64>,
    /// The result that was recorded.
    pub result: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// A command, as the arguments of a program.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// As it is shown.
        shown: String,
    },
    /// A file was written whole.
    Write {
        /// Its path.
        path: String,
        /// Its text.
        content: String,
    },
    /// A text of a file was replaced.
    Replace {
        /// Its path.
        path: String,
        /// The text that went.
        old: String,
        /// The text that came.
        new: String,
    },
    /// The arguments do not say what was done.
    Unknown,
}

/// What the events of a run did, in order. Calls that were refused or never ran are left out, and those that only look.
pub fn actions(events: &[Event]) -> Vec<Action> {
    let done = |event: &&Event| {
        event.kind == Kind::ToolCall
            && !matches!(
                event.tool_status,
                Some(ToolStatus::Denied | ToolStatus::Cancelled | ToolStatus::Unknown)
            )
    };
    let acted = events.iter().filter(done).filter_map(|event| {
        let arguments = event.arguments.as_deref().unwrap_or_default();
        let read: Value = serde_json::from_str(arguments).unwrap_or(Value::Null);
        let deed = match event.tool_kind {
            Some(ToolKind::Shell) => command(&read, arguments),
            _ => edit(&read)?,
        };
        Some(Action {
            seq: event.seq,
            stage: event.stage,
            tool: event.tool_name.clone().unwrap_or_default(),
            deed,
            exit_code: event.exit_code,
            result: event.content.clone(),
        })
    });
    acted.collect()
}

fn text(arguments: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| arguments.get(*key)?.as_str()).map(str::to_owned)
}

/// A command line, for a shell, or the list of a program and its arguments.
fn command(arguments: &Value, raw: &str) -> Deed {
    let keys = ["command", "cmd", "script", "input"];
    let list = keys.iter().find_map(|key| arguments.get(*key)?.as_array());
    if let Some(words) = list {
        let argv: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if argv.is_empty() || argv.len() < words.len() {
            return Deed::Unknown;
        }
        let shown = argv.join(" ");
        return Deed::Command { argv, shown };
    }
    let line = match arguments {
        // Tools that take free text have no object.
        Value::Null if !raw.trim().is_empty() => Some(raw.to_owned()),
        Value::String(line) => Some(line.clone()),
        arguments => text(arguments, &keys),
    };
    line.map_or(Deed::Unknown, |line| {
        let argv = vec!["sh".to_owned(), "-c".to_owned(), line.clone()];
        Deed::Command { argv, shown: line }
    })
}

/// A file that was written, or a text of it replaced; `None` for calls that do neither.
fn edit(arguments: &Value) -> Option<Deed> {
    let path = text(arguments, &["path", "file_path", "filename", "file"])?;
    let old = text(arguments, &["old_str", "old_string"]);
    let new = text(arguments, &["new_str", "new_string"]);
    if let (Some(old), Some(new)) = (old.filter(|old| !old.is_empty()), new) {
        return Some(Deed::Replace { path, old, new });
    }
    let content = text(arguments, &["content", "file_text", "contents"])?;
    Some(Deed::Write { path, content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deed(kind: ToolKind, arguments: &str) -> Option<Deed> {
        let mut event = Event::new(Kind::ToolCall);
        event.tool_kind = Some(kind);
        event.arguments = Some(arguments.to_owned());
        event.tool_status = Some(ToolStatus::Ok);
        actions(&[event]).pop().map(|action| action.deed)
    }

    #[test]
    fn commands_and_edits_of_known_agents_are_read() {
        let shell = |arguments: Value| match deed(ToolKind::Shell, &arguments.to_string()) {
            Some(Deed::Command { argv, .. }) => argv.join("|"),
            other => format!("{other:?}"),
        };
        assert_eq!(shell(json!({ "command": "ls -l" })), "sh|-c|ls -l");
        assert_eq!(shell(json!({ "command": ["bash", "-lc", "ls"] })), "bash|-lc|ls");
        assert_eq!(shell(json!({ "command": [3] })), "Some(Unknown)");
        let write = deed(ToolKind::Edit, r#"{"path": "a", "content": "x"}"#);
        assert_eq!(write, Some(Deed::Write { path: "a".into(), content: "x".into() }));
        let replace = r#"{"file_path": "a", "old_string": "x", "new_string": ""}"#;
        assert!(matches!(deed(ToolKind::Edit, replace), Some(Deed::Replace { .. })));
        assert_eq!(deed(ToolKind::Edit, r#"{"path": "a"}"#), None, "it only looks");
        assert_eq!(deed(ToolKind::Edit, "{broken"), None);
    }
}
