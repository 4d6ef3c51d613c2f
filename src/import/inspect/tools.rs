//! Tool calls: asked for by a model, run as an event, answered by a message.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::rows::millis_between;
use super::convert::{Place, Run};
use super::texts::Content;
use super::transcript::{Record, time};
use crate::trace::{Event, Kind, ToolKind, ToolStatus, tool_kind};
use serde_json::Value;

/// A call, and what is known of its execution.
struct Ran<'a> {
    name: String,
    id: Option<String>,
    arguments: Option<Value>,
    /// The call in which the model asked for it.
    asked_in: Option<&'a str>,
    /// Its event, with the number of it.
    event: Option<(usize, Record)>,
    /// What else the model wrote.
    rest: Fields,
}

impl Run<'_, '_> {
    /// A tool call that a model asked for in the call `asked_in`; its event, if there is one, comes after `position`.
    pub(super) fn tool_call(
        &mut self,
        call: Value,
        asked_in: &str,
        place: &Place,
        position: usize,
    ) -> Result<(), ImportError> {
        let Some(mut call) = Fields::of(call) else { return Ok(()) };
        let id = call.text("id");
        let name = call.text("function").unwrap_or_default();
        let arguments = call.take("arguments");
        if call.peek("type").and_then(Value::as_str) == Some("function") {
            call.drop("type");
        }
        // How the viewer shows the arguments.
        call.drop("view");
        let event = id.as_deref().and_then(|id| self.joins.event(id, position));
        let ran = Ran { name, id, arguments, asked_in: Some(asked_in), event, rest: call };
        self.ran(ran, place)
    }

    /// A tool event that no model asked for in this log.
    pub(super) fn tool_event(
        &mut self,
        index: usize,
        mut record: Record,
        place: &Place,
    ) -> Result<(), ImportError> {
        let ran = Ran {
            name: record.fields.text("function").unwrap_or_default(),
            id: record.fields.peek("id").and_then(Value::as_str).map(str::to_owned),
            arguments: record.fields.take("arguments"),
            asked_in: None,
            event: Some((index, record)),
            rest: Fields::default(),
        };
        self.ran(ran, place)
    }

    /// A tool message whose call is not in the log.
    pub(super) fn result_without_call(
        &mut self,
        mut fields: Fields,
        place: &Place,
    ) -> Result<(), ImportError> {
        self.tally.results_without_calls += u64::from(self.open);
        let id = fields.text("tool_call_id");
        let name = fields.text("function");
        let mut event = Event::new(Kind::ToolCall);
        result(&mut event, &mut fields);
        event.event_id = fields.text("id").or_else(|| id.clone());
        if let Some(id) = &id {
            self.seen.call(id);
        }
        event.tool_call_id = id;
        if name.is_none() {
            let event = self.placed(event, fields, place);
            return self.rows.orphan_result(event);
        }
        event.tool_name = name;
        self.call_row(event, fields, place)
    }

    fn ran(&mut self, ran: Ran<'_>, place: &Place) -> Result<(), ImportError> {
        let Ran { name, id, mut arguments, asked_in, event: ran_as, mut rest } = ran;
        if let Some(arguments) = &mut arguments {
            self.texts.resolve(arguments);
        }
        let mut event = Event::new(Kind::ToolCall);
        event.tool_name = Some(name);
        event.parent_event_id = asked_in.map(str::to_owned);
        event.event_id.clone_from(&id);
        if let Some(id) = &id {
            let approvals = self.joins.approvals(id);
            rest.keep("approvals", approvals);
            self.seen.call(id);
        }
        if let Some((index, record)) = ran_as {
            if asked_in.is_some() {
                self.report.merge("tool event: the result of a call");
            } else {
                self.report.used();
            }
            event = record.timed(event);
            let mut fields = self.texts.resolved(record.fields);
            for copy in ["id", "function", "view"] {
                fields.drop(copy);
            }
            if fields.peek("type").and_then(Value::as_str) == Some("function") {
                fields.drop("type");
            }
            if fields.peek("arguments") == arguments.as_ref() {
                fields.drop("arguments");
            }
            if let Some(uuid) = fields.text("uuid") {
                event.event_id = Some(uuid);
            }
            let (completed, _) = time(&mut fields, "completed");
            let working = fields.peek("working_time").and_then(Value::as_f64);
            let worked = working.filter(|s| *s >= 0.0 && *s < 1e9).map(|s| s * 1e3);
            event.duration_ms = millis_between(event.ts, completed).or(worked);
            result(&mut event, &mut fields);
            let sandbox = self.joins.sandbox(index);
            event.exit_code = exit_code(&event, &sandbox);
            fields.keep("sandbox", without_copies(sandbox, event.content.as_deref()));
            if let Some(id) = &event.event_id {
                self.tool_events.insert(index, id.clone());
            }
            for (name, value) in fields.into_pairs() {
                rest.keep(&name, value);
            }
        } else if let Some(message) = id.as_deref().and_then(|id| self.joins.message(id)) {
            let mut message = message;
            self.seen.result(id.as_deref().unwrap_or_default());
            self.texts.resolve(&mut message);
            let mut fields = Fields::of(message).unwrap_or_default();
            result(&mut event, &mut fields);
            for copy in ["role", "tool_call_id", "function"] {
                fields.drop(copy);
            }
            if let Some(message_id) = fields.take("id") {
                fields.keep("message_id", message_id);
            }
            for (name, value) in fields.into_pairs() {
                rest.keep(&name, value);
            }
        }
        event.tool_call_id = id;
        event.arguments = arguments.map(|arguments| match arguments {
            Value::String(text) => text,
            other => other.to_string(),
        });
        self.call_row(event, rest, place)
    }

    /// Adds the row of a call with its result, if that is known.
    fn call_row(
        &mut self,
        mut event: Event,
        rest: Fields,
        place: &Place,
    ) -> Result<(), ImportError> {
        let status = event.tool_status.take();
        // A call is answered by its id, also where it has none.
        let id = event.tool_call_id.clone();
        event.tool_call_id = Some(id.clone().unwrap_or_default());
        let event = self.placed(event, rest, place);
        let row = self.rows.call(&place.thread(), event)?;
        self.rows.amend(row, |event| event.tool_call_id.clone_from(&id));
        match status {
            None => self.rows.release(row),
            Some(status) => {
                let id = id.unwrap_or_default();
                self.rows.answer(&place.thread(), &id, |event| event.tool_status = Some(status))?;
                Ok(())
            }
        }
    }
}

/// Puts a result into a row: its text, how it ended.
fn result(event: &mut Event, fields: &mut Fields) {
    let mut error = fields.object("error").unwrap_or_default();
    let kind = error.text("type");
    let failed = fields.peek("failed") == Some(&Value::Bool(true));
    let pending = fields.peek("pending") == Some(&Value::Bool(true));
    event.tool_status = Some(match kind.as_deref() {
        Some("timeout") => ToolStatus::Timeout,
        Some("limit" | "approval") => ToolStatus::Denied,
        Some("cancelled") => ToolStatus::Cancelled,
        Some(_) => ToolStatus::Error,
        None if failed => ToolStatus::Error,
        None if pending => ToolStatus::Running,
        None => ToolStatus::Ok,
    });
    event.error_type = kind;
    let value = fields.take("result").or_else(|| fields.take("content"));
    let content = Content::of(value.unwrap_or_default());
    fields.keep("parts", content.parts);
    let message = error.text("message");
    if content.text.is_empty() {
        event.content = message;
        return;
    }
    event.content = Some(content.text);
    if let Some(message) = message {
        fields.keep("error", message);
    }
}

/// The exit code of a shell tool that ran one command.
fn exit_code(event: &Event, sandbox: &[Value]) -> Option<i64> {
    let name = event.tool_name.as_deref().unwrap_or_default();
    let runs = sandbox.iter().filter(|s| s.get("action").and_then(Value::as_str) == Some("exec"));
    match runs.collect::<Vec<_>>().as_slice() {
        [run] if tool_kind(name) == ToolKind::Shell => run.get("result")?.as_i64(),
        _ => None,
    }
}

/// The events without outputs that the result of the tool holds as well.
fn without_copies(mut sandbox: Vec<Value>, result: Option<&str>) -> Vec<Value> {
    for event in &mut sandbox {
        let Some(fields) = event.as_object_mut() else { continue };
        let output = fields.get("output").and_then(Value::as_str).map(str::trim);
        if output.is_some_and(|output| result.is_some_and(|r| r.contains(output))) {
            fields.shift_remove("output");
        }
        fields.shift_remove("event");
    }
    sandbox
}
