//! The events of a run as they are compared: what was done, without times, ids and long texts.
//!
//! Texts are kept as 64-bit hashes, which are equal when the texts are; who wants to see a difference reads the two events.

use crate::trace::{
    Event, Kind, StageStatus, ToolKind, TraceError, TraceReader, Usd, arguments_hash, visible,
};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// An event as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The number of the event.
    pub seq: i64,
    /// What it is.
    pub kind: Kind,
    /// The stage it belongs to.
    pub stage: Option<i64>,
    /// The attempt at the stage.
    pub attempt: Option<i64>,
    /// What a tool call did, in a word or two: `shell make`, `write_file`.
    pub action: Option<String>,
    /// Whether it failed.
    pub failed: bool,
    /// Tokens, prompt and completion.
    pub tokens: Option<i64>,
    /// What it cost, as the source reports it.
    pub cost: Option<Usd>,
    /// The grade, of results.
    pub score: Option<f64>,
    /// How a stage ended.
    pub status: Option<StageStatus>,
    pub(super) exit_code: Option<i64>,
    pub(super) tool: u64,
    pub(super) arguments: Option<i64>,
    pub(super) role: u64,
    pub(super) text: u64,
    /// The text with every number and id in it the same.
    pub(super) wording: u64,
}

impl Step {
    /// The step of an event.
    pub fn of(event: &Event) -> Self {
        Self {
            seq: event.seq,
            kind: event.kind,
            stage: event.stage,
            attempt: event.stage.and(event.attempt),
            action: (event.kind == Kind::ToolCall).then(|| action(event)),
            failed: super::moment::failed(event),
            tokens: event.total_tokens(),
            cost: event.cost_usd,
            score: event.score,
            status: event.stage_status,
            exit_code: event.exit_code,
            tool: hash(&event.tool_name),
            arguments: event.arguments.as_deref().map(arguments_hash),
            role: hash(&event.role),
            text: hash(&event.content),
            wording: hash(&event.content.as_deref().map(wording)),
        }
    }
}

/// Reads the steps of a run.
pub fn read_steps(reader: TraceReader) -> Result<Vec<Step>, TraceError> {
    reader.map(|item| item.map(|(_, event)| Step::of(&event))).collect()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Digits that tell an id from a number.
const ID: usize = 8;

/// A text in which every number is 0, and so is every hexadecimal id: a time that is left, a folder's name, a UUID.
fn wording(text: &str) -> String {
    let in_id = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !in_id(c)).unwrap_or(rest.len()));
        let has_digit = run.contains(|c: char| c.is_ascii_digit());
        match (has_digit, run.len() >= ID) {
            (false, _) => out.push_str(run),
            (true, true) => out.push('0'),
            (true, false) => {
                for part in run.split_inclusive(|c: char| !c.is_ascii_digit()) {
                    let letter = part.trim_start_matches(|c: char| c.is_ascii_digit());
                    out.push_str(if letter.len() < part.len() { "0" } else { "" });
                    out.push_str(letter);
                }
            }
        }
        let plain = after.find(in_id).unwrap_or(after.len());
        out.push_str(&after[..plain]);
        rest = &after[plain..];
    }
    out
}

/// A tool, and what of it: the program of a shell, the `command` of an editor that has several.
fn action(event: &Event) -> String {
    let tool = event.tool_name.as_deref().unwrap_or("?");
    let arguments = event.arguments.as_deref().unwrap_or_default();
    let typed = match serde_json::from_str::<Value>(arguments) {
        Ok(Value::Object(map)) => {
            let typed = map.get("command").or(map.get("cmd")).cloned();
            typed.map(|typed| match typed {
                Value::String(text) => text,
                // Some shells take a list of words.
                Value::Array(words) => {
                    let words = words.iter().map(|w| w.as_str().unwrap_or_default());
                    let words: Vec<&str> = words.collect();
                    match words.as_slice() {
                        [_, flag, script] if flag.starts_with('-') => (*script).to_owned(),
                        words => words.join(" "),
                    }
                }
                other => other.to_string(),
            })
        }
        _ => None,
    };
    let name = match (event.tool_kind, typed) {
        (Some(ToolKind::Shell), typed) => {
            let program = program(typed.as_deref().unwrap_or(arguments));
            format!("shell {program}").trim_end().to_owned()
        }
        (_, Some(typed)) if !typed.contains(char::is_whitespace) => format!("{tool} {typed}"),
        _ => tool.to_owned(),
    };
    let shown: String = visible(&name).chars().take(60).collect();
    shown
}

/// The program that a command line runs first, but for changes of folder and variables.
fn program(line: &str) -> &str {
    for part in line.split(['\n', ';', '|', '&']) {
        let mut words = part.split_whitespace().skip_while(|word| {
            matches!(*word, "sudo" | "time" | "env" | "(" | "{") || is_assignment(word)
        });
        match words.next() {
            None | Some("cd" | "set" | "export" | "source") => {}
            Some(word) if word.starts_with('#') => {}
            Some(word) => return word.rsplit('/').next().unwrap_or(word),
        }
    }
    line.split_whitespace().next().unwrap_or_default()
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::tool;
    use super::*;

    #[test]
    fn actions_have_names() {
        let name = |tool_name: &str, arguments: &str| {
            Step::of(&tool(tool_name, arguments, 0)).action.unwrap()
        };
        assert_eq!(
            name("bash", r#"{"command":"cd /w && RUST_LOG=x /usr/bin/cargo test | tail"}"#),
            "shell cargo"
        );
        assert_eq!(name("bash", r#"{"command":["bash","-lc","make all"]}"#), "shell make");
        assert_eq!(name("bash", r#"{"command":"cd /w"}"#), "shell cd");
        assert_eq!(name("bash", r#"{"command":""}"#), "shell");
        assert_eq!(name("editor", r#"{"command":"view","path":"a b"}"#), "editor view");
        assert_eq!(name("write_file", r#"{"path":"a"}"#), "write_file");
        assert_eq!(name("bash", "{\"command\":\"\\u001b[2J\"}"), "shell \\x1b[2J");
    }

    #[test]
    fn numbers_and_ids_are_no_wording() {
        assert_eq!(wording("约4小时57分54秒"), wording("约4小时7分3秒"));
        assert_eq!(wording("in /tmp/a-1b2c3d4e/x"), wording("in /tmp/a-00ff00ff9/x"));
        assert_eq!(wording("at 12:30, 2026-05-17"), wording("at 9:00, 2026-11-02"));
        assert_eq!(wording("a deadbeef facade"), "a deadbeef facade", "words stay");
        assert_eq!(wording("a1b22-3"), "a0b0-0");
        assert_ne!(wording("5 tests"), wording("5 texts"));
    }

    #[test]
    fn the_order_of_keys_is_no_difference() {
        let step = |arguments: &str| Step::of(&tool("t", arguments, 0)).arguments;
        assert_eq!(
            step(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#),
            step(r#"{"b":{"d":3,"c":2},"a":1}"#)
        );
        assert_ne!(step(r#"{"a":1}"#), step(r#"{"a":2}"#));
    }
}
