//! How a tool call ended, from its result block and from the result that the client keeps for itself.
//!
//! A person who refuses a call and a command that fails are both `is_error`; only the text tells them apart. Exit codes
//! stand in the text alone, and only in newer versions (`Exit code 127`, since 2.1). Of the client's own result, what
//! repeats the content or the arguments is dropped.

use super::super::fields::Fields;
use super::blocks::{Blocks, ToolResult};
use crate::trace::{Event, ToolStatus};
use serde_json::Value;

/// Fields of the client's own result that may repeat the text of the result.
pub(super) const REPEATED: [&str; 4] = ["stdout", "content", "filenames", "result"];

/// Puts a result into the row of its call. `own` is the client's own result (`toolUseResult`), `fields` what the record
/// has beside it.
pub(in super::super) fn fill_result(
    event: &mut Event,
    mut result: ToolResult,
    own: Option<Value>,
    fields: Fields,
) {
    let text = result.text.take().unwrap_or_default();
    let status = status(&text, result.failed, own.as_ref());
    event.tool_status = Some(status);
    if matches!(status, ToolStatus::Error | ToolStatus::Timeout) {
        let said = own.as_ref().and_then(Value::as_str);
        event.exit_code = said.and_then(exit_code).or_else(|| exit_code(&text));
    }
    let mut kept = Fields::of_attributes(event.attributes.take());
    for (name, value) in result.rest.into_pairs().chain(fields.into_pairs()) {
        kept.keep(&name, value);
    }
    if let Some(own) = own.and_then(|own| without_repeats(own, &text, event)) {
        kept.keep("result", own);
    }
    event.attributes = kept.rest();
    event.content = Some(text);
}

fn status(text: &str, failed: Option<bool>, own: Option<&Value>) -> ToolStatus {
    let said = own.and_then(Value::as_str).unwrap_or_default();
    let failed = failed.unwrap_or_else(|| said.starts_with("Error: ") || denied(said));
    let flag = |name: &str| own.and_then(|o| o.get(name)).and_then(Value::as_bool) == Some(true);
    if failed {
        match () {
            () if denied(text) || denied(said) => ToolStatus::Denied,
            () if text.starts_with("[Request interrupted by user") => ToolStatus::Cancelled,
            () if timed_out(text) || timed_out(said) => ToolStatus::Timeout,
            () => ToolStatus::Error,
        }
    } else if flag("interrupted") {
        if timed_out(text) { ToolStatus::Timeout } else { ToolStatus::Cancelled }
    } else if own.is_some_and(|o| {
        o.get("backgroundTaskId").is_some_and(Value::is_string)
            || o.get("status").and_then(Value::as_str) == Some("async_launched")
    }) {
        ToolStatus::Running
    } else {
        ToolStatus::Ok
    }
}

/// Whether a person, a permission rule or a hook refused the call.
fn denied(text: &str) -> bool {
    let text = text.strip_prefix("Error: ").unwrap_or(text);
    let refused = [
        "User rejected tool use",
        "The user doesn't want to proceed",
        "The user doesn't want to take this action",
        "Claude requested permissions to ",
        "Permission to use ",
        "Permission for this ",
    ];
    refused.iter().any(|words| text.starts_with(words))
        || (text.starts_with("PreToolUse:") && text.contains("hook"))
}

fn timed_out(text: &str) -> bool {
    // It stands at the start or at the end of an output of any length.
    let head: String = text.chars().take(200).collect();
    let from = text.char_indices().rev().nth(200).map_or(0, |(at, _)| at);
    [head.as_str(), &text[from..]].iter().any(|part| part.contains("Command timed out after "))
}

/// The exit code at the start of a failed command's text.
fn exit_code(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("Error: ").unwrap_or(text).strip_prefix("Exit code ")?;
    rest.lines().next()?.trim().parse().ok()
}

/// The client's own result without what the content or the arguments say already; `None` when nothing is left.
fn without_repeats(own: Value, text: &str, event: &Event) -> Option<Value> {
    let mut fields = match own {
        Value::String(said) => {
            let repeats = said == text || said.strip_prefix("Error: ") == Some(text);
            return (!repeats && !said.is_empty()).then_some(Value::String(said));
        }
        Value::Object(map) => Fields::of(Value::Object(map)).unwrap_or_default(),
        other => return Some(other),
    };
    let repeated = |value: &Value| match value {
        Value::String(s) => s.trim() == text.trim(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            text.lines().eq(items.iter().filter_map(Value::as_str))
        }
        _ => false,
    };
    for name in REPEATED {
        if fields.peek(name).is_some_and(repeated) {
            fields.drop(name);
        }
    }
    let of_arguments: &[&str] = match event.tool_name.as_deref().unwrap_or_default() {
        "Edit" | "MultiEdit" => &["oldString", "newString", "edits", "replaceAll", "filePath"],
        "Write" => &["content", "filePath"],
        "TodoWrite" => &["newTodos"],
        "Task" | "Agent" => {
            if let Some(content) = fields.take("content") {
                // A copy of the blocks of the result, up to the agent's id that the latter ends with.
                let copy = Blocks::of(Some(content.clone())).text;
                if !text.starts_with(&copy) {
                    fields.keep("content", content);
                }
            }
            &["prompt"]
        }
        _ => &[],
    };
    for name in of_arguments {
        fields.drop(name);
    }
    // A file as it was read; the content has it with line numbers.
    if let (Some(mut file), false) = (fields.object("file"), text.is_empty()) {
        if file.peek("content").is_some_and(Value::is_string) {
            file.drop("content");
        }
        fields.keep("file", file.into_value());
    }
    let left = fields.into_value();
    left.as_object().is_some_and(|map| !map.is_empty()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;
    use serde_json::json;

    fn filled(name: &str, text: &str, failed: Option<bool>, own: Value) -> Event {
        let mut event = Event::new(Kind::ToolCall);
        event.tool_name = Some(name.to_owned());
        let result = ToolResult {
            call_id: "t".into(),
            text: Some(text.into()),
            failed,
            rest: Fields::default(),
        };
        fill_result(&mut event, result, (!own.is_null()).then_some(own), Fields::default());
        event
    }

    #[test]
    fn a_refusal_is_no_failure() {
        for (text, own) in [
            (
                "The user doesn't want to proceed with this tool use.",
                json!("User rejected tool use"),
            ),
            (
                "The user doesn't want to proceed with this.",
                json!("Error: The user doesn't want to proceed with this."),
            ),
            ("Permission to use Bash has been denied.", json!(null)),
        ] {
            assert_eq!(filled("Bash", text, Some(true), own).tool_status, Some(ToolStatus::Denied));
        }
        let told = filled("Read", "The user doesn't want to proceed", Some(false), json!(null));
        assert_eq!(told.tool_status, Some(ToolStatus::Ok), "the text of a file");
    }

    #[test]
    fn exit_codes_stand_in_the_text_of_failures_only() {
        let own = json!("Error: Exit code 127\nno such command");
        let event = filled("Bash", "Exit code 127\nno such command", Some(true), own);
        assert_eq!((event.exit_code, event.tool_status), (Some(127), Some(ToolStatus::Error)));
        assert_eq!(event.attributes, None, "the client's text repeats the content");
        let old = filled("Bash", "no such command", Some(true), json!("Error: no such command"));
        assert_eq!((old.exit_code, old.tool_status), (None, Some(ToolStatus::Error)));
        let printed = filled("Bash", "Exit code 3", Some(false), json!(null));
        assert_eq!((printed.exit_code, printed.tool_status), (None, Some(ToolStatus::Ok)));
    }

    #[test]
    fn commands_that_run_on_time_out_or_are_stopped() {
        let status = |text: &str, failed, own| filled("Bash", text, failed, own).tool_status;
        let running = json!({"stdout": "", "backgroundTaskId": "b1"});
        assert_eq!(status("Command running", None, running), Some(ToolStatus::Running));
        let stopped = json!({"stdout": "a", "interrupted": true});
        assert_eq!(status("a", None, stopped), Some(ToolStatus::Cancelled));
        let late = "Exit code 143\nCommand timed out after 2m 0.0s";
        assert_eq!(status(late, Some(true), json!(null)), Some(ToolStatus::Timeout));
    }

    #[test]
    fn what_repeats_is_dropped_and_the_rest_kept() {
        let own = json!({"stdout": "a\n", "stderr": "b", "interrupted": false});
        let event = filled("Bash", "a", None, own);
        assert_eq!(
            event.attributes.as_deref(),
            Some(r#"{"result":{"stderr":"b","interrupted":false}}"#)
        );
        let own = json!({"type": "text", "file": {"filePath": "x", "content": "a", "numLines": 1}});
        let event = filled("Read", "1\ta", None, own);
        assert_eq!(
            event.attributes.as_deref(),
            Some(r#"{"result":{"type":"text","file":{"filePath":"x","numLines":1}}}"#)
        );
    }
}
