//! Groups of shell commands that belong together, such as builds and tests, each told by regular expressions.

use super::bounded::Bounded;
use crate::trace::{Event, ToolKind};
use regex::{RegexSet, RegexSetBuilder};
use serde_json::Value;

/// The most groups that can be told apart in a step.
pub const MOST_GROUPS: usize = 64;
/// Bytes that the compiled expressions of a group may take.
const SIZE_LIMIT: usize = 4 << 20;
/// Names under which tools take a command.
const COMMAND_KEYS: &[&str] = &["command", "cmd", "code", "script", "input"];

/// Named groups of commands.
#[derive(Debug, Clone, Default)]
pub struct CommandGroups {
    groups: Vec<(String, RegexSet)>,
}

impl CommandGroups {
    /// Adds a group; a command belongs to it when one of the patterns is found in it. An error says what is wrong.
    pub fn add(&mut self, name: &str, patterns: &[String]) -> Result<(), String> {
        if self.groups.len() >= MOST_GROUPS {
            return Err(format!("more than {MOST_GROUPS} groups of commands"));
        }
        let set = RegexSetBuilder::new(patterns)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|e| e.to_string())?;
        self.groups.push((name.to_owned(), set));
        Ok(())
    }

    /// Names of the groups, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|(name, _)| name.as_str())
    }

    /// The bit of a group; `None` for a name that is no group.
    pub fn bit(&self, name: &str) -> Option<u64> {
        self.groups.iter().position(|(n, _)| n == name).map(|place| 1 << place)
    }

    /// The bits of the groups that the command of a `tool_call` row belongs to; 0 for anything but a shell command.
    pub fn bits_of(&self, event: &Event) -> u64 {
        let Some(command) = command_of(event) else { return 0 };
        let text = Bounded::of(&command);
        let places = self.groups.iter().enumerate();
        places
            .filter(|(_, (_, set))| set.is_match(&text))
            .fold(0, |bits, (place, _)| bits | 1 << place)
    }
}

/// The command of a shell call: a known key of its arguments, or the arguments as they stand.
fn command_of(event: &Event) -> Option<String> {
    if event.tool_kind != Some(ToolKind::Shell) {
        return None;
    }
    let arguments = event.arguments.as_deref()?;
    let Ok(Value::Object(map)) = serde_json::from_str(arguments) else {
        return Some(arguments.to_owned());
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(" "))
        }
        _ => None,
    };
    COMMAND_KEYS.iter().find_map(|key| text(map.get(*key)?)).or_else(|| Some(arguments.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;

    fn shell(arguments: &str) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.tool_kind = Some(ToolKind::Shell);
        event.arguments = Some(arguments.to_owned());
        event
    }

    #[test]
    fn commands_are_found_under_their_keys() {
        let mut groups = CommandGroups::default();
        groups.add("build", &[r"\bmake\b".to_owned(), r"\bninja\b".to_owned()]).unwrap();
        groups.add("test", &[r"\bctest\b".to_owned()]).unwrap();
        assert_eq!(groups.bits_of(&shell(r#"{"command": "cd x && make -j"}"#)), 1);
        assert_eq!(groups.bits_of(&shell(r#"{"cmd": ["bash", "-c", "ninja && ctest"]}"#)), 3);
        assert_eq!(groups.bits_of(&shell("make {")), 1, "arguments that are not JSON");
        assert_eq!(groups.bits_of(&shell(r#"{"command": "ls"}"#)), 0);
        assert_eq!(groups.bit("test"), Some(2));
        let edit = Event { tool_kind: Some(ToolKind::Edit), ..shell(r#"{"command": "make"}"#) };
        assert_eq!(groups.bits_of(&edit), 0, "an editor's command is none");
    }

    #[test]
    fn patterns_that_are_none_or_too_large_are_refused() {
        let mut groups = CommandGroups::default();
        assert!(groups.add("x", &["(".to_owned()]).is_err());
        assert!(groups.add("x", &[r"(\w{500}){500}".to_owned()]).is_err());
    }
}
