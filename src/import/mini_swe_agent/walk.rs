//! Messages to rows.
//!
//! A reply opens its commands, the messages after it answer them: by call id, or in order. A reply that could not be
//! parsed is not among the messages; the complaint about it stands for it, with its usage in newer versions. Commands
//! that a person typed have no reply before them.

use super::super::content::take_apart;
use super::super::fields::Fields;
use super::super::model_response::Call;
use super::super::rows::Rows;
use super::super::{ImportError, ImportReport};
use super::observation::Observation;
use super::reply::Reply;
use crate::trace::{Event, Kind, Timestamp, Usd};
use serde_json::Value;
use std::collections::VecDeque;

/// What ends the work when a command prints it.
const SUBMITS: [&str; 2] = ["COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT"];

/// The state of the walk.
#[derive(Default)]
pub(super) struct Walk {
    /// Calls that have rows, of which some failed.
    pub(super) calls: i64,
    /// Calls of which no usage is in the log.
    pub(super) unmetered: i64,
    /// What the calls cost, where the log says it of single ones.
    pub(super) cost: Option<Usd>,
    /// The model that answered.
    pub(super) model: Option<String>,
    pub(super) exit_status: Option<String>,
    pub(super) submission: Option<String>,
    /// Whether the last command says that the work is done.
    pub(super) submitted: bool,
    /// What else the last message says.
    pub(super) exit: Fields,
    /// The latest time, if nothing without a time came after it.
    since: Option<Timestamp>,
    /// Call ids of the commands that wait for their results, in order.
    waiting: VecDeque<String>,
    /// Whether the latest reply had one command.
    alone: bool,
    messages: u64,
}

impl Walk {
    /// The rows of one message.
    pub(super) fn message(
        &mut self,
        mut message: Fields,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        self.messages += 1;
        let role = message.peek("role").and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_response = message.peek("object").and_then(Value::as_str) == Some("response");
        if is_response || role == "assistant" {
            report.used();
            return self.reply(Reply::of(message), None, rows, report);
        }
        if Observation::is(&message, !self.waiting.is_empty()) {
            return self.observation(Observation::of(message), rows, report);
        }
        match role.as_str() {
            "exit" => {
                report.used();
                let mut extra = message.object("extra").unwrap_or_default();
                self.exit_status = extra.text("exit_status").or(self.exit_status.take());
                self.submission = extra.text("submission").or(self.submission.take());
                let text = message.take("content").and_then(|content| take_apart(content).0);
                if let Some(text) = text.filter(|t| Some(t) != self.submission.as_ref()) {
                    extra.keep("exit_message", text);
                }
                self.exit = extra;
                Ok(())
            }
            "user" if says_nothing(&message) => {
                // An exception without a text, which version 1 writes where it ends.
                report.skip("empty message", 1);
                Ok(())
            }
            "user" | "system" | "developer" => {
                report.used();
                let mut extra = message.object("extra").unwrap_or_default();
                let interrupt =
                    extra.peek("interrupt_type").and_then(Value::as_str).map(str::to_owned);
                if interrupt.as_deref() == Some("FormatError") {
                    let reply = Reply::behind(&mut extra);
                    self.reply(reply, interrupt, rows, report)?;
                } else {
                    // Nobody knows how long a person took.
                    self.since = None;
                }
                self.prompt(role, message, extra, rows, report)
            }
            other => {
                report.unknown(&format!("message of role `{other}`"));
                Ok(())
            }
        }
    }

    /// The rows of a reply and of its commands. `error` says why the harness could not use it.
    fn reply(
        &mut self,
        mut reply: Reply,
        error: Option<String>,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        self.calls += 1;
        self.model = self.model.take().or_else(|| reply.response.model.clone());
        self.cost =
            [self.cost, reply.cost].into_iter().flatten().reduce(|a, b| [a, b].into_iter().sum());
        let written = reply.written;
        let id = reply.response.id.clone().unwrap_or_else(|| format!("message-{}", self.messages));
        let mut event = reply.row(self.since);
        event.event_id = Some(id.clone());
        if event.input_tokens.is_none() && event.output_tokens.is_none() {
            self.unmetered += 1;
        }
        self.since = written;
        self.waiting.clear();
        let mut rest = std::mem::take(&mut reply.response.rest);
        let commands = if error.is_some() {
            if !reply.response.calls.is_empty() {
                let calls =
                    reply.response.calls.iter().map(|c| c.arguments.clone().unwrap_or_default());
                rest.keep("calls_not_made", calls.collect::<Vec<String>>());
            }
            Vec::new()
        } else {
            commands(&mut reply, event.content.as_deref())
        };
        event.error_type = error;
        event.attributes = rest.rest_counted(report);
        rows.push(event)?;
        self.open(commands, Some(&id), rows)
    }

    /// The rows of commands that begin now.
    fn open(
        &mut self,
        commands: Vec<Event>,
        parent: Option<&str>,
        rows: &mut Rows<'_>,
    ) -> Result<(), ImportError> {
        self.alone = commands.len() == 1;
        for (number, mut event) in (1..).zip(commands) {
            event.parent_event_id = parent.map(str::to_owned);
            event.ts = self.since.filter(|_| number == 1);
            let event_id = format!("message-{}-call-{number}", self.messages);
            let call_id = event.tool_call_id.get_or_insert_with(|| event_id.clone()).clone();
            event.event_id = Some(event_id);
            let typed = event.arguments.as_deref().unwrap_or_default();
            self.submitted = SUBMITS.iter().any(|mark| typed.contains(mark));
            rows.call("", event)?;
            self.waiting.push_back(call_id);
        }
        Ok(())
    }

    fn observation(
        &mut self,
        observation: Observation,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        self.since = observation.written;
        let call_id = match &observation.call_id {
            Some(id) => Some(id.clone()),
            None => self.waiting.front().cloned(),
        };
        if let Some(id) = &call_id {
            self.waiting.retain(|waiting| waiting != id);
        }
        let alone = self.alone;
        let mut pending = Some(observation);
        let answered = rows.answer("", call_id.as_deref().unwrap_or_default(), |event| {
            if let Some(observation) = pending.take() {
                let rest = observation.fill(event, alone);
                event.attributes = rest.rest_counted(report);
            }
        })?;
        if answered {
            report.merge("result, in the row of its call");
        } else if let Some(observation) = pending {
            report.used();
            let mut event = Event::new(Kind::Error);
            event.tool_call_id = call_id;
            let rest = observation.orphan(&mut event);
            event.attributes = rest.rest_counted(report);
            rows.orphan_result(event)?;
        }
        Ok(())
    }

    /// The row of a prompt, and of the commands in it when a person typed them.
    fn prompt(
        &mut self,
        role: String,
        mut message: Fields,
        mut extra: Fields,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let (text, parts) = message.take("content").map(take_apart).unwrap_or_default();
        self.waiting.clear();
        let typed: Vec<Event> = extra
            .array("actions")
            .unwrap_or_default()
            .into_iter()
            .filter_map(Fields::of)
            .map(|mut action| command_row(action.text("command")))
            .collect();
        for name in ["role", "type"] {
            message.drop(name);
        }
        if !parts.is_empty() {
            extra.keep("content_parts", parts);
        }
        for (name, value) in message.into_pairs() {
            extra.keep(&name, value);
        }
        let mut event = Event::new(Kind::Message);
        event.event_id = Some(format!("message-{}-text", self.messages));
        event.role = Some(role);
        event.content = text;
        event.attributes = extra.rest_counted(report);
        let parent = event.event_id.clone();
        rows.push(event)?;
        self.open(typed, parent.as_deref(), rows)
    }
}

fn says_nothing(message: &Fields) -> bool {
    message.peek("content").and_then(Value::as_str) == Some("") && message.peek("extra").is_none()
}

/// The commands of a reply: the tool calls as the model wrote them, else the actions that the harness took from its text,
/// else the one block of commands in it.
fn commands(reply: &mut Reply, text: Option<&str>) -> Vec<Event> {
    if !reply.response.calls.is_empty() {
        let row = |call: Call| {
            let mut event = Event::new(Kind::ToolCall);
            event.tool_call_id = call.id;
            event.tool_name = call.name.or_else(|| Some("bash".to_owned()));
            event.arguments = call.arguments;
            event
        };
        return std::mem::take(&mut reply.response.calls).into_iter().map(row).collect();
    }
    if !reply.actions.is_empty() {
        let actions = std::mem::take(&mut reply.actions);
        return actions.into_iter().map(|mut action| command_row(action.text("command"))).collect();
    }
    let block = text.and_then(|text| command(&Value::from(text)));
    block.map(|block| command_row(Some(block))).into_iter().collect()
}

fn command_row(command: Option<String>) -> Event {
    let mut event = Event::new(Kind::ToolCall);
    event.tool_name = Some("bash".to_owned());
    event.arguments = command;
    event
}

/// The one block of commands in a text; several are a mistake of the model, and nothing was executed.
pub(super) fn command(content: &Value) -> Option<String> {
    let text = take_apart(content.clone()).0?;
    let blocks = |mark: &str| {
        let mut found = text.split(mark).skip(1).filter_map(|rest| {
            let rest = rest.strip_prefix('\r').unwrap_or(rest);
            Some(rest.trim_start_matches([' ', '\t']).strip_prefix('\n')?.split_once("\n```")?.0)
        });
        let first = found.next();
        first.filter(|_| found.next().is_none()).map(|block| block.trim().to_owned())
    };
    blocks("```mswea_bash_command").or_else(|| blocks("```bash"))
}
