//! What a record says, put into the row of its event.

use super::super::fields::Fields;
use super::records::Record;
use crate::trace::{Event, ToolKind, ToolStatus};
use serde_json::Value;

/// What a result record says of its call.
pub(super) fn fill_result(event: &mut Event, mut record: Record) {
    let rest = &mut record.fields;
    let mut rejected = false;
    if let Some(error) = rest.text("error") {
        event.content = Some(error);
        event.tool_status = Some(ToolStatus::Error);
        event.error_type = Some("agent_error".to_owned());
    } else if record.kind == "UserRejectObservation" {
        event.content = rest.text("rejection_reason");
        event.tool_status = Some(ToolStatus::Denied);
        rejected = true;
    }
    if let Some(mut observation) = rest.object("observation") {
        event.content = observation.array("content").map(|parts| joined_text(&parts));
        let failed = observation.flag("is_error").unwrap_or(false);
        let timed_out = observation.flag("timeout").unwrap_or(false);
        let exit = observation.int("exit_code");
        // -1 stands for a command that has not ended yet.
        event.exit_code = exit.filter(|code| *code != -1);
        event.tool_status = Some(match (failed, timed_out, exit) {
            (true, _, _) => ToolStatus::Error,
            (_, true, _) => ToolStatus::Timeout,
            (_, _, Some(-1)) => ToolStatus::Running,
            _ => ToolStatus::Ok,
        });
        // The command stands in the arguments of the call already.
        observation.drop("command");
        for (name, value) in observation.into_pairs() {
            rest.keep(&name, value);
        }
    }
    if rejected {
        event.tool_kind = None;
    }
    let attributes = event.attributes.take();
    event.attributes = merged(attributes, record.fields);
}

pub(super) fn tool_kind(action: &Value, name: Option<&str>) -> ToolKind {
    let kind = action.get("kind").and_then(Value::as_str).unwrap_or_default();
    match (kind, name.unwrap_or_default()) {
        ("TerminalAction" | "ExecuteBashAction", _) | (_, "terminal" | "execute_bash" | "bash") => {
            ToolKind::Shell
        }
        ("FileEditorAction" | "StrReplaceEditorAction", _)
        | (_, "file_editor" | "str_replace_editor") => ToolKind::Edit,
        ("FinishAction", _) | (_, "finish") => ToolKind::Finish,
        ("ThinkAction" | "TaskTrackerAction", _) | (_, "think" | "task_tracker") => ToolKind::Plan,
        ("GrepAction" | "GlobAction", _) | (_, "grep" | "glob") => ToolKind::Search,
        _ => ToolKind::Other,
    }
}

/// Takes the text of a message out of its record; its reasoning stays among the rest.
pub(super) fn message_text(fields: &mut Fields) -> Option<String> {
    let mut message = fields.object("llm_message")?;
    message.drop("role");
    let text = message
        .array("content")
        .map(|parts| joined_text(&parts))
        .or_else(|| message.text("content"));
    for (name, value) in message.into_pairs() {
        fields.keep(&name, value);
    }
    text
}

/// The texts of content parts, one after the other.
pub(super) fn joined_text(parts: &[Value]) -> String {
    parts.iter().filter_map(|p| p.get("text").and_then(Value::as_str)).collect()
}

/// Two sets of leftover fields as one.
pub(super) fn merged(attributes: Option<String>, rest: Fields) -> Option<String> {
    let mut all = Fields::of_attributes(attributes);
    for (name, value) in rest.into_pairs() {
        all.keep(&name, value);
    }
    all.rest()
}
