//! One reply and what its action did: a step of the trajectory, the messages of the history that say the same, or both.
//!
//! The step has the action as it was executed, what came back and how long it took; the messages have the tool calls as
//! the model wrote them, reasoning, and what came back as the model was shown it.

use super::super::ImportReport;
use super::super::content::take_apart;
use super::super::fields::Fields;
use super::exit::written_by_harness;
use crate::trace::{Event, Kind, ToolStatus};
use serde_json::Value;

/// Commands of SWE-agent and its challenge tools in replies that are plain text; anything else is typed into a shell.
const COMMANDS: &[&str] = &[
    "connect_exec",
    "connect_sendline",
    "connect_start",
    "connect_stop",
    "create",
    "debug_add_breakpoint",
    "debug_continue",
    "debug_exec",
    "debug_start",
    "debug_step",
    "debug_stop",
    "decompile",
    "disassemble",
    "edit",
    "exit_forfeit",
    "find_file",
    "goto",
    "insert",
    "open",
    "scroll_down",
    "scroll_up",
    "search_dir",
    "search_file",
    "str_replace_editor",
    "submit",
    "undo_edit",
    "view_image",
];

/// A reply with its sources, taken apart into rows.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) step: Option<Fields>,
    /// The reply in the history.
    pub(super) message: Option<Fields>,
    /// What came back, in the history.
    pub(super) shown: Vec<Fields>,
}

/// The rows of a turn.
#[derive(Debug)]
pub(super) struct TurnRows {
    pub(super) reply: Event,
    pub(super) calls: Vec<Event>,
    /// What came back when nothing was called, as the answer to a reply that could not be used.
    pub(super) answer: Option<Event>,
}

impl Turn {
    /// Its rows. `id` is the id of the reply; `status` the exit status of the attempt, if this is its last turn.
    pub(super) fn rows(
        self,
        id: &str,
        status: Option<&str>,
        report: &mut ImportReport,
    ) -> TurnRows {
        let mut step = self.step.unwrap_or_default();
        let mut message = self.message.unwrap_or_default();
        // What the model was sent: the history up to here, once more.
        step.drop("query");
        step.drop("messages");
        let (said, parts) = message.take("content").map(take_apart).unwrap_or_default();
        let mut own = Fields::default();
        if !parts.is_empty() {
            own.keep("content_parts", parts);
        }
        let content = step.text("response").filter(|t| !t.is_empty()).or_else(|| said.clone());
        if let Some(said) = said.filter(|said| Some(said) != content.as_ref()) {
            own.keep("history_content", said);
        }
        let spoken = message.text("thought");
        let thought = step.text("thought").or(spoken).unwrap_or_default();
        let typed = message.text("action");
        let action = step.text("action").or(typed).unwrap_or_default();
        let harness = written_by_harness(&action, &thought, status);
        if !content.as_deref().unwrap_or_default().contains(thought.trim()) {
            own.keep("thought", thought.clone());
        }
        if let Some(reasoning) =
            message.take("thinking_blocks").or_else(|| step.take("thinking_blocks"))
        {
            keep_reasoning(&mut own, reasoning);
        }
        let seconds = step.number("execution_time").filter(|s| (0.0..1e9).contains(s));
        let state = step.take("state").map(parsed);
        let observation = step.text("observation");
        let calls =
            message.array("tool_calls").or_else(|| step.array("tool_calls")).unwrap_or_default();
        for name in ["role", "message_type", "tool_call_ids", "cache_control", "agent"] {
            message.drop(name);
            step.drop(name);
        }
        for (name, value) in message.into_pairs().chain(step.into_pairs()) {
            own.keep(&name, value);
        }
        let mut reply = Event::new(if harness.is_some() { Kind::Error } else { Kind::LlmCall });
        reply.event_id = Some(id.to_owned());
        reply.content = content.filter(|t| !t.is_empty());
        if let Some(cause) = harness {
            reply.error_type = Some(cause);
            for (name, value) in [("observation", observation.map(Value::from)), ("state", state)] {
                if let Some(value) = value {
                    own.keep(name, value);
                }
            }
            reply.attributes = own.rest_counted(report);
            return TurnRows { reply, calls: Vec::new(), answer: None };
        }
        reply.role = Some("assistant".to_owned());
        reply.attributes = own.rest_counted(report);
        let mut rows = TurnRows { reply, calls: Vec::new(), answer: None };
        let mut shown = self.shown.into_iter();
        if calls.is_empty() && action.trim().is_empty() {
            rows.answer = answer(observation, shown.next(), state, report);
            return rows;
        }
        let written = calls.len().max(1);
        let mut calls = calls.into_iter();
        for number in 0..written {
            let mut event = Event::new(Kind::ToolCall);
            event.parent_event_id = Some(id.to_owned());
            event.event_id = Some(format!("{id}-call-{}", number + 1));
            let mut rest = Fields::default();
            if let Some(call) = calls.next().and_then(Fields::of) {
                fill_call(&mut event, call, &mut rest);
            } else {
                event.tool_name = Some(command(&action).to_owned());
                event.arguments = Some(action.clone());
            }
            // A step executes one action.
            let first = number == 0;
            if first && event.arguments.as_deref() != Some(&action) && !action.is_empty() {
                rest.keep("action", action.clone());
            }
            if let Some(state) = state.clone().filter(|_| first) {
                rest.keep("state", state);
            }
            event.duration_ms = seconds.filter(|_| first).map(|s| s * 1e3);
            let seen = shown.next();
            fill_result(&mut event, observation.clone().filter(|_| first), seen, &mut rest);
            event.attributes = rest.rest_counted(report);
            rows.calls.push(event);
        }
        rows
    }
}

/// Puts a tool call as the model wrote it into its row.
fn fill_call(event: &mut Event, mut call: Fields, rest: &mut Fields) {
    event.tool_call_id = call.text("id").filter(|id| !id.is_empty());
    call.drop("type");
    if let Some(mut function) = call.object("function") {
        event.tool_name = function.text("name");
        event.arguments = function
            .text("arguments")
            .or_else(|| function.take("arguments").map(|arguments| arguments.to_string()));
        for (name, value) in function.into_pairs() {
            rest.keep(&name, value);
        }
    }
    for (name, value) in call.into_pairs() {
        rest.keep(&name, value);
    }
}

/// Puts what came back into the row of its call. What the model was shown is the same in the words of a template, and is
/// kept where it is something else.
fn fill_result(
    event: &mut Event,
    observation: Option<String>,
    shown: Option<Fields>,
    rest: &mut Fields,
) {
    let (seen, parts) =
        shown.and_then(|mut s| s.take("content")).map(take_apart).unwrap_or_default();
    if !parts.is_empty() {
        rest.keep("shown_parts", parts);
    }
    match (observation, seen) {
        (Some(observation), Some(seen)) => {
            if observation.trim().is_empty() || !seen.contains(observation.trim()) {
                rest.keep("shown", seen);
            }
            event.content = Some(observation);
        }
        (observation, seen) => event.content = observation.or(seen),
    }
    event.tool_status = event.content.as_deref().map(status);
}

/// What the harness says in place of a result; there are no exit codes.
fn status(observation: &str) -> ToolStatus {
    let observation = observation.trim_start();
    if observation.starts_with("The command '")
        && observation.contains("was cancelled because it took more than")
        || observation.starts_with("EXECUTION TIMED OUT")
    {
        ToolStatus::Timeout
    } else if observation.starts_with("Interactive operation '")
        || observation.starts_with("Operation '")
    {
        ToolStatus::Denied
    } else if observation
        .starts_with("Your bash command contained syntax errors and was NOT executed")
    {
        ToolStatus::Error
    } else {
        ToolStatus::Ok
    }
}

/// What came back to a reply that called nothing.
fn answer(
    observation: Option<String>,
    shown: Option<Fields>,
    state: Option<Value>,
    report: &mut ImportReport,
) -> Option<Event> {
    let mut event = Event::new(Kind::ToolCall);
    let mut rest = Fields::default();
    if let Some(state) = state {
        rest.keep("state", state);
    }
    fill_result(&mut event, observation, shown, &mut rest);
    let content = event.content.filter(|text| !text.trim().is_empty())?;
    let mut message = Event::new(Kind::Message);
    message.role = Some("user".to_owned());
    message.content = Some(content);
    message.attributes = rest.rest_counted(report);
    Some(message)
}

/// The tool that a plain text action names.
fn command(action: &str) -> &str {
    let first = action.split_whitespace().next().unwrap_or_default();
    if COMMANDS.contains(&first) { first } else { "bash" }
}

/// The text of reasoning blocks; blocks of another form stay as they are.
fn keep_reasoning(rest: &mut Fields, blocks: Value) {
    let texts: Vec<&str> = blocks
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|block| block.get("thinking").and_then(Value::as_str))
        .collect();
    if texts.is_empty() {
        rest.keep("thinking_blocks", blocks);
    } else {
        rest.keep("reasoning", texts.join("\n"));
    }
}

/// The state after an action, which older versions write as JSON text.
fn parsed(state: Value) -> Value {
    let object = state.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    object.filter(Value::is_object).unwrap_or(state)
}
