//! What came back from a command: its output, its exit code, and how it ended.
//!
//! Version 2 has the exit code beside the text; version 1 only in it, as `<returncode>N</returncode>`. A command that did
//! not run to its end has the exit code -1, which no command returned.

use super::super::content::take_apart;
use super::super::fields::Fields;
use crate::trace::{Event, Timestamp, ToolStatus};
use serde_json::Value;

/// A message that holds a result.
pub(super) struct Observation {
    /// The call that it answers, if it says so.
    pub(super) call_id: Option<String>,
    /// When it was written: after every command of the reply had ended.
    pub(super) written: Option<Timestamp>,
    text: String,
    exit_code: Option<i64>,
    exception: Option<String>,
    rest: Fields,
}

impl Observation {
    /// Whether a message is the result of a command. `awaited` says that a command waits for one.
    pub(super) fn is(message: &Fields, awaited: bool) -> bool {
        let text = |name: &str| message.peek(name).and_then(Value::as_str);
        let extra =
            |name: &str| message.peek("extra").is_some_and(|extra| extra.get(name).is_some());
        match (text("type"), text("role")) {
            (Some("function_call_output"), _) | (_, Some("tool")) => true,
            (_, Some("user")) if extra("raw_output") || extra("returncode") => true,
            (_, Some("user")) => awaited && !extra("interrupt_type") && !extra("actions"),
            _ => false,
        }
    }

    pub(super) fn of(mut message: Fields) -> Self {
        let mut extra = message.object("extra").unwrap_or_default();
        let call_id = message.text("tool_call_id").or_else(|| message.text("call_id"));
        let content = message.take("content").or_else(|| message.take("output"));
        let (text, parts) = content.map(take_apart).unwrap_or_default();
        let text = text.unwrap_or_default();
        let exception = extra.text("exception_info").filter(|e| !e.is_empty());
        let exit_code = extra.int("returncode").or_else(|| code_in(&text));
        // The text has the output, unless a template cut it short.
        if extra
            .peek("raw_output")
            .and_then(Value::as_str)
            .is_some_and(|raw| text.contains(raw.trim()))
        {
            extra.drop("raw_output");
        }
        let written = extra.peek("timestamp").and_then(Value::as_f64);
        let written = written.and_then(Timestamp::from_epoch_seconds);
        for name in ["role", "type"] {
            message.drop(name);
        }
        if !parts.is_empty() {
            extra.keep("content_parts", parts);
        }
        for (name, value) in message.into_pairs() {
            extra.keep(&name, value);
        }
        Self { call_id, written, text, exit_code, exception, rest: extra }
    }

    /// Puts the result into the row of its call. `alone` says that it was the only command of its reply: only then is the
    /// time to the result its own.
    pub(super) fn fill(mut self, event: &mut Event, alone: bool) -> Fields {
        let duration = super::super::rows::millis_between(event.ts, self.written);
        event.duration_ms = duration.filter(|_| alone);
        if event.duration_ms.is_some() {
            self.rest.drop("timestamp");
        }
        event.tool_status = Some(self.status());
        event.exit_code = self.exit_code.filter(|code| self.exception.is_none() || *code != -1);
        event.content = Some(self.text);
        if let Some(exception) = self.exception {
            self.rest.keep("exception_info", exception);
        }
        self.rest
    }

    /// A result whose call is not in the log.
    pub(super) fn orphan(self, event: &mut Event) -> Fields {
        let mut rest = self.rest;
        event.content = Some(self.text);
        if let Some(code) = self.exit_code {
            rest.keep("returncode", code);
        }
        rest
    }

    fn status(&self) -> ToolStatus {
        let kind = self.rest.peek("exception_type").and_then(Value::as_str).unwrap_or_default();
        match self.exception.as_deref() {
            Some("action was not executed") => ToolStatus::Cancelled,
            Some(text) if text.contains("timed out") || kind.contains("Timeout") => {
                ToolStatus::Timeout
            }
            Some(_) => ToolStatus::Error,
            None if self.text.starts_with("The last command <command>")
                && self.text.contains("timed out and has been killed") =>
            {
                ToolStatus::Timeout
            }
            None => ToolStatus::Ok,
        }
    }
}

/// The exit code in a text that begins with it.
fn code_in(text: &str) -> Option<i64> {
    let (code, _) = text.trim_start().strip_prefix("<returncode>")?.split_once("</returncode>")?;
    code.trim().parse().ok()
}
