//! Tool calls of a message, which hold their results, to rows.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::rows::{millis_between, timed};
use super::messages::Reading;
use crate::trace::{Kind, Timestamp, ToolStatus};
use serde_json::Value;

impl Reading<'_> {
    /// Adds the row of a tool call and gives the time of its result.
    pub(super) fn tool(
        &mut self,
        call: Value,
        parent: Option<&str>,
        asked: Option<Timestamp>,
    ) -> Result<Option<Timestamp>, ImportError> {
        let Some(mut call) = Fields::of(call) else { return Ok(None) };
        let mut event = timed(Kind::ToolCall, asked);
        let id = call.text("id").filter(|id| !id.is_empty());
        event.event_id.clone_from(&id);
        event.tool_call_id.clone_from(&id);
        event.parent_event_id = parent.map(str::to_owned);
        event.tool_name = Some(call.text("name").unwrap_or_default());
        event.arguments = call.take("args").map(|args| args.to_string());
        let time = call.text("timestamp");
        let ended = time.as_deref().and_then(Timestamp::parse_zoned);
        let status = call.text("status");
        let content = call.take("result").and_then(result_text);
        let shown = call.peek("resultDisplay").and_then(Value::as_str);
        if shown.is_some_and(|shown| content.as_deref().is_some_and(|c| c.contains(shown))) {
            call.drop("resultDisplay");
        }
        let shell = event.tool_name.as_deref() == Some("run_shell_command");
        let call = call.counted(&mut self.report);
        self.dress(&mut event, call);
        let thread = self.agent.clone();
        let row = self.rows.call(&thread, event)?;
        let status = match status.as_deref() {
            Some("success") => ToolStatus::Ok,
            Some("error") => ToolStatus::Error,
            Some("cancelled") => ToolStatus::Cancelled,
            Some("executing") => ToolStatus::Running,
            _ => ToolStatus::Unknown,
        };
        let exit_code = content.as_deref().filter(|_| shell).and_then(exit_code);
        if status == ToolStatus::Unknown && content.is_none() {
            self.rows.release(row)?;
            return Ok(ended);
        }
        let answered = |event: &mut crate::trace::Event| {
            event.content = content;
            event.exit_code = exit_code;
            event.tool_status = Some(status);
            event.duration_ms = millis_between(asked, ended);
        };
        if let Some(id) = &id {
            self.rows.answer(&thread, id, answered)?;
        } else {
            self.rows.amend(row, answered);
            self.rows.release(row)?;
        }
        Ok(ended)
    }
}

/// The text of a result: what the function responded, or its error.
fn result_text(result: Value) -> Option<String> {
    let parts = match result {
        Value::Array(parts) => parts,
        Value::String(text) => return Some(text),
        other => vec![other],
    };
    let texts: Vec<String> = parts
        .into_iter()
        .filter_map(|part| {
            let response = part.get("functionResponse").and_then(|f| f.get("response"));
            match (response, part.get("text").and_then(Value::as_str), part.as_str()) {
                (Some(response), ..) => {
                    let said = response.get("output").or_else(|| response.get("error"));
                    Some(match said {
                        Some(Value::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                        None => response.to_string(),
                    })
                }
                (None, Some(text), _) | (None, None, Some(text)) => Some(text.to_owned()),
                // What is no text of the result, such as a picture, is only named.
                (None, None, None) => part.as_object()?.keys().next().map(|k| format!("[{k}]")),
            }
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The exit code that the shell tool writes below a command's output.
fn exit_code(text: &str) -> Option<i64> {
    let mut codes = text.lines().rev().filter_map(|line| line.strip_prefix("Exit Code: "));
    codes.next().and_then(|code| code.trim().parse().ok())
}

/// The content of a message, taken apart.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    /// Texts that are thoughts.
    pub(super) thoughts: Vec<String>,
    /// It holds results of tools, which stand at their calls.
    pub(super) results: bool,
    /// Parts that are no text and no tool's.
    pub(super) others: Option<Value>,
}

impl Content {
    /// Takes content apart, text or parts. Calls and results of tools stand in the message's own list.
    pub(super) fn of(content: Option<Value>) -> Self {
        let parts = match content {
            None => return Self::default(),
            Some(Value::String(text)) => {
                return Self { text: Some(text).filter(|t| !t.is_empty()), ..Self::default() };
            }
            Some(Value::Array(parts)) => parts,
            Some(other) => vec![other],
        };
        let mut content = Self::default();
        let (mut texts, mut others) = (String::new(), Vec::new());
        for part in parts {
            let text = part.as_str().or_else(|| part.get("text").and_then(Value::as_str));
            let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
            match text {
                Some(text) if thought => content.thoughts.push(text.to_owned()),
                Some(text) => texts.push_str(text),
                None if part.get("functionResponse").is_some() => content.results = true,
                None if part.get("functionCall").is_some() => {}
                None => others.push(part),
            }
        }
        content.text = Some(texts).filter(|t| !t.is_empty());
        content.others = (!others.is_empty()).then_some(Value::Array(others));
        content
    }
}
