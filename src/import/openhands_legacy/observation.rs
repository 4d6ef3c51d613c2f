//! What came back from a call, in the row of the call.
//!
//! Exit codes are in the metadata of a command's result, in older logs beside it; -1 stands for a command that goes on.

use super::super::fields::Fields;
use super::super::rows::millis_between;
use super::history::Entry;
use crate::trace::{Event, Timestamp, ToolStatus};
use serde_json::Value;

/// Puts an observation into the row of its call. `ended` is its time.
pub(super) fn fill(event: &mut Event, mut entry: Entry, ended: Option<Timestamp>) -> Fields {
    let mut rest = Fields::of_attributes(event.attributes.take());
    let exit = take_exit_code(&mut entry.fields);
    event.exit_code = exit.filter(|code| *code != -1);
    event.duration_ms = millis_between(event.ts, ended);
    event.content = entry.fields.text("content");
    let text = event.content.as_deref().unwrap_or_default();
    event.tool_status = Some(match entry.kind.as_str() {
        "error" => ToolStatus::Error,
        "user_rejected" => ToolStatus::Denied,
        // Editors say what is wrong in the text alone.
        "read" | "edit" | "write" if text.starts_with("ERROR:") => ToolStatus::Error,
        _ if exit == Some(-1) => ToolStatus::Running,
        _ => ToolStatus::Ok,
    });
    if entry.kind == "error" {
        event.error_type = Some(error_id(&mut entry.fields));
    }
    let action = rest.peek("action").and_then(Value::as_str).map(str::to_owned);
    keep(&mut rest, entry, action.as_deref().or(event.tool_name.as_deref()));
    rest
}

/// The name of an error.
pub(super) fn error_id(fields: &mut Fields) -> String {
    let extras = fields.peek("extras");
    let id = extras
        .and_then(|e| e.get("error_id")?.as_str())
        .or_else(|| fields.peek("error_id")?.as_str());
    id.filter(|id| !id.is_empty()).unwrap_or("agent_error").to_owned()
}

/// Keeps what has no column, without what repeats the action. `expected` is the kind that needs no word.
pub(super) fn keep(rest: &mut Fields, mut entry: Entry, expected: Option<&str>) {
    let mut extras = entry.fields.object("extras").unwrap_or_default();
    for name in ["message", "tool_call_metadata", "command", "success", "command_id"] {
        entry.fields.drop(name);
    }
    extras.drop("command");
    if extras.peek("error_id") == Some(&Value::from("")) {
        extras.drop("error_id");
    }
    if expected != Some(&entry.kind) {
        rest.keep("observation", entry.kind);
    }
    for (name, value) in extras.into_pairs().chain(entry.fields.into_pairs()) {
        rest.keep(&name, value);
    }
}

fn take_exit_code(fields: &mut Fields) -> Option<i64> {
    let mut extras = fields.object("extras").unwrap_or_default();
    let mut metadata = extras.object("metadata");
    let code = metadata.as_mut().and_then(|m| m.int("exit_code"));
    let code = code.or_else(|| extras.int("exit_code")).or_else(|| fields.int("exit_code"));
    if let Some(metadata) = metadata {
        extras.keep("metadata", metadata.into_value());
    }
    fields.keep("extras", extras.into_value());
    code
}
