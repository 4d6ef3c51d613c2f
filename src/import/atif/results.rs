//! Tool calls and their results, as steps hold them.
//!
//! The format has no word for how a call ended: writers say it in `extra`, of the result or of the step, or only in the
//! text. Agents whose models cannot call tools write the call into the message; OpenHands does it in tags.

use super::super::ImportReport;
use super::super::fields::Fields;
use super::super::report::Rejected;
use super::content::text_of;
use super::links::{Reference, of_result};
use crate::trace::{Event, Kind, Timestamp, ToolStatus};
use serde_json::{Map, Value};
use std::path::Path;

/// What Harbor's older readers say of a step's only call in the step's `extra`.
const OF_CALL: &[&str] = &[
    "tool_use_name",
    "tool_result_metadata",
    "metadata",
    "tool_result_is_error",
    "raw_arguments",
    "exit_code",
    "is_error",
];

/// A result, taken apart.
#[derive(Debug, Default)]
pub(super) struct ToolResult {
    pub(super) call_id: Option<String>,
    pub(super) text: Option<String>,
    parts: Option<Value>,
    pub(super) subagents: Vec<Reference>,
    extra: Fields,
    rest: Fields,
}

/// The tool calls of a step, each as a row without its result.
pub(super) fn calls_of(
    step: &mut Fields,
    place: (&Path, usize),
    ts: Option<Timestamp>,
    report: &mut ImportReport,
) -> Vec<Event> {
    let mut rows = Vec::new();
    for call in step.array("tool_calls").unwrap_or_default() {
        let Some(mut call) = Fields::of(call) else {
            rejected(place, "a tool call that is not an object", report);
            continue;
        };
        let mut event = Event::new(Kind::ToolCall);
        event.ts = ts;
        event.tool_call_id = call.text("tool_call_id").filter(|id| !id.is_empty());
        event.event_id.clone_from(&event.tool_call_id);
        event.tool_name = call.text("function_name");
        event.arguments = match call.take("arguments") {
            None => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => Some(other.to_string()),
        };
        let extra = call.object("extra").unwrap_or_default();
        let mut attributes = call;
        for (name, value) in extra.into_pairs() {
            attributes.keep(&name, value);
        }
        drop_repeated_arguments(&mut attributes, event.arguments.as_deref());
        event.attributes = attributes.rest_counted(report);
        rows.push(event);
    }
    rows
}

/// The calls that OpenHands writes into its message in tags.
pub(super) fn calls_in_tags(message: &str, ts: Option<Timestamp>) -> Vec<Event> {
    let mut rows = Vec::new();
    for call in message.split("<function=").skip(1) {
        let Some((name, body)) = call.split_once('>') else { continue };
        let body = body.split("</function>").next().unwrap_or(body);
        let mut arguments = Map::new();
        for parameter in body.split("<parameter=").skip(1) {
            let Some((key, value)) = parameter.split_once('>') else { continue };
            let value = value.rsplit_once("</parameter>").map_or(value, |(value, _)| value);
            arguments.insert(key.trim().to_owned(), value.trim_matches('\n').into());
        }
        let mut event = Event::new(Kind::ToolCall);
        event.ts = ts;
        event.tool_name = Some(name.trim().to_owned());
        event.arguments = Some(Value::Object(arguments).to_string());
        rows.push(event);
    }
    rows
}

/// The results of a step.
pub(super) fn results_of(
    step: &mut Fields,
    place: (&Path, usize),
    report: &mut ImportReport,
) -> Vec<ToolResult> {
    let Some(mut observation) = step.object("observation") else { return Vec::new() };
    let mut results = Vec::new();
    for value in observation.array("results").unwrap_or_default() {
        let subagents = of_result(&value);
        let Some(mut fields) = Fields::of(value) else {
            rejected(place, "a result that is not an object", report);
            continue;
        };
        let (text, parts) = text_of(fields.take("content"));
        results.push(ToolResult {
            call_id: fields.text("source_call_id").filter(|id| !id.is_empty()),
            text,
            parts,
            subagents,
            extra: fields.object("extra").unwrap_or_default(),
            rest: fields,
        });
    }
    for (name, value) in observation.into_pairs() {
        step.keep(&name, value);
    }
    results
}

impl ToolResult {
    /// Puts the result into the row of its call; `step` holds what the step says of its only call.
    pub(super) fn fill(self, event: &mut Event, step: &Fields, report: &mut ImportReport) {
        let (status, exit_code) = self.outcome(step);
        event.tool_status = Some(status);
        event.exit_code = exit_code;
        event.content = self.text;
        let kept = event.attributes.take().and_then(|a| serde_json::from_str(&a).ok());
        let mut attributes = kept.and_then(Fields::of).unwrap_or_default();
        let mut more = self.rest;
        for (name, value) in self.extra.into_pairs() {
            more.keep(&name, value);
        }
        if let Some(parts) = self.parts {
            attributes.keep("content_parts", parts);
        }
        event.attributes = super::convert::joined(attributes, more, report);
    }

    /// The row of a result that belongs to no call: what the agent's surroundings say.
    pub(super) fn message(self, ts: Option<Timestamp>, report: &mut ImportReport) -> Option<Event> {
        let mut attributes = Fields::default();
        if let Some(parts) = self.parts {
            attributes.keep("content_parts", parts);
        }
        let mut more = self.rest;
        if let Some(id) = self.call_id {
            more.keep("source_call_id", id);
        }
        for (name, value) in self.extra.into_pairs() {
            more.keep(&name, value);
        }
        let mut event = super::super::rows::timed(Kind::Message, ts);
        event.role = Some("tool".to_owned());
        event.content = self.text;
        event.attributes = super::convert::joined(attributes, more, report);
        (event.content.is_some() || event.attributes.is_some()).then_some(event)
    }

    /// How the call ended, and the exit code where there is one.
    fn outcome(&self, step: &Fields) -> (ToolStatus, Option<i64>) {
        let of = |name: &str| self.extra.peek(name).or_else(|| step.peek(name));
        let metadata = of("tool_result_metadata");
        let of_metadata = |name: &str| metadata.and_then(|m| m.get(name));
        let failed =
            ["tool_result_is_error", "is_error"].iter().find_map(|name| of(name)?.as_bool());
        let failed = failed.or_else(|| of_metadata("is_error")?.as_bool());
        let text = self.text.as_deref().unwrap_or_default();
        let exit_code = ["exit_code", "exitCode", "returncode"]
            .iter()
            .find_map(|name| of(name).or_else(|| of_metadata(name))?.as_i64())
            .or_else(|| exit_code_in(text, failed == Some(true)));
        let refused = [
            "The user doesn't want to proceed",
            "User rejected tool use",
            "Error: The user doesn't want to proceed",
        ];
        let word = of("status").and_then(Value::as_str).map(str::to_ascii_lowercase);
        let status = match word.as_deref() {
            Some("denied" | "declined" | "rejected") => ToolStatus::Denied,
            Some("timeout" | "timed_out") => ToolStatus::Timeout,
            Some("cancelled" | "canceled" | "interrupted") => ToolStatus::Cancelled,
            _ if failed == Some(true) && refused.iter().any(|r| text.starts_with(r)) => {
                ToolStatus::Denied
            }
            // A command that ends with a code other than 0 was executed: the tool did its work.
            _ if failed == Some(true) && exit_code.is_some() => ToolStatus::Ok,
            Some("error" | "failed" | "failure") => ToolStatus::Error,
            _ if failed == Some(true) => ToolStatus::Error,
            _ => ToolStatus::Ok,
        };
        (status, exit_code)
    }
}

/// The exit code in a text, as Claude Code (for commands that failed) and OpenHands write it.
fn exit_code_in(text: &str, failed: bool) -> Option<i64> {
    let number = |rest: &str, end: char| rest.split(end).next()?.trim().parse::<i64>().ok();
    if let Some(rest) = text.strip_prefix("Exit code ").filter(|_| failed) {
        return number(rest, '\n');
    }
    let marker = "[The command completed with exit code ";
    let at = text.rfind(marker)?;
    number(&text[at + marker.len()..], '.')
}

/// Drops what Harbor says twice of a call's arguments.
fn drop_repeated_arguments(attributes: &mut Fields, arguments: Option<&str>) {
    if attributes.peek("raw_arguments").map(Value::to_string).as_deref() == arguments {
        attributes.drop("raw_arguments");
    }
}

/// What a step says of its only call, out of the step's `extra`: it goes to the row of the call, and is given back.
pub(super) fn of_only_call(
    extra: &mut Fields,
    call: &mut Event,
    report: &mut ImportReport,
) -> Fields {
    let mut said = Fields::default();
    for name in OF_CALL {
        if let Some(value) = extra.take(name) {
            said.keep(name, value);
        }
    }
    // Harbor says some of it twice.
    if said.peek("metadata") == said.peek("tool_result_metadata") {
        said.drop("metadata");
    }
    if said.peek("tool_use_name").and_then(Value::as_str) == call.tool_name.as_deref() {
        said.drop("tool_use_name");
    }
    drop_repeated_arguments(&mut said, call.arguments.as_deref());
    let kept = call.attributes.take().and_then(|a| serde_json::from_str(&a).ok());
    let known = kept.and_then(Fields::of).unwrap_or_default();
    let mut more = Fields::default();
    for name in OF_CALL {
        if let Some(value) = said.peek(name) {
            more.keep(name, value.clone());
        }
    }
    call.attributes = super::convert::joined(known, more, report);
    said
}

fn rejected((path, line): (&Path, usize), problem: &str, report: &mut ImportReport) {
    let problem = format!("step {line}: {problem}");
    report.reject_value(Rejected { path: path.to_owned(), line, problem });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_tags_may_lack_its_end() {
        let text = "I look.\n<function=execute_bash>\n<parameter=command>\nls <parameters>\n</parameter>\n<parameter=timeout>5</parameter>";
        let calls = calls_in_tags(text, None);
        assert_eq!(calls.len(), 1);
        assert_eq!(calls[0].tool_name.as_deref(), Some("execute_bash"));
        assert_eq!(
            calls[0].arguments.as_deref(),
            Some(r#"{"command":"ls <parameters>","timeout":"5"}"#)
        );
        assert!(calls_in_tags("<function", None).is_empty());
    }

    #[test]
    fn exit_codes_are_read_only_where_a_writer_puts_them() {
        assert_eq!(exit_code_in("Exit code 127\nno pgrep", true), Some(127));
        assert_eq!(exit_code_in("Exit code 127\nno pgrep", false), None);
        assert_eq!(
            exit_code_in("x\n[The command completed with exit code -1.]\n[dir]", false),
            Some(-1)
        );
        assert_eq!(exit_code_in("exit code 3", true), None);
    }
}
