//! History and steps of an attempt to rows.
//!
//! The walk follows the history. Each reply in it takes the step that says the same, and the message after it that shows
//! what came back. Steps without a reply in the history, as in a log without one, are rows of their own.

use super::super::content::take_apart;
use super::super::fields::Fields;
use super::super::rows::Rows;
use super::super::{ImportError, ImportReport};
use super::step::Turn;
use crate::trace::{Event, Kind};
use serde_json::Value;
use std::collections::VecDeque;
use std::path::Path;

/// How many steps may stand before the one that a reply is looked for in.
const SKIPPED_STEPS: usize = 8;

/// The conversation of one attempt.
pub(super) struct Conversation {
    /// From 1.
    pub(super) attempt: i64,
    /// Whether there are several.
    pub(super) one_of_many: bool,
    pub(super) status: Option<String>,
    /// The agent that the first message belongs to.
    agent: Option<String>,
    turns: i64,
    /// Replies that became rows.
    pub(super) replies: i64,
}

impl Conversation {
    pub(super) fn new(attempt: i64, one_of_many: bool, status: Option<String>) -> Self {
        Self { attempt, one_of_many, status, agent: None, turns: 0, replies: 0 }
    }

    /// Walks over an attempt.
    pub(super) fn walk(
        &mut self,
        path: &Path,
        history: Vec<Value>,
        trajectory: Vec<Value>,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        let mut steps = objects(path, trajectory, "step", report);
        for _ in &steps {
            report.used();
        }
        let mut messages = objects(path, history, "message", report);
        while let Some(mut message) = messages.pop_front() {
            let demonstration = message.flag("is_demo").unwrap_or(false)
                || text_is(&message, "message_type", "demonstration");
            if demonstration {
                report.skip("demonstration, which is no part of the run", 1);
                continue;
            }
            let agent = message.peek("agent").and_then(Value::as_str).map(str::to_owned);
            self.agent = self.agent.take().or_else(|| agent.clone());
            match role(&message).as_str() {
                "assistant" => {
                    for step in steps.drain(..matching(&steps, &message).unwrap_or(0)) {
                        self.turn(
                            Turn { step: Some(step), ..Turn::default() },
                            None,
                            false,
                            rows,
                            report,
                        )?;
                    }
                    let step = matching(&steps, &message).and_then(|_| steps.pop_front());
                    if step.is_some() {
                        report.merge("message of the history, in the row of its step");
                    } else {
                        report.used();
                    }
                    let wanted =
                        message.peek("tool_calls").and_then(Value::as_array).map_or(1, Vec::len);
                    let mut shown = Vec::new();
                    while shown.len() < wanted.max(1)
                        && messages.front().is_some_and(is_observation)
                    {
                        report.merge("observation of the history, in the row of its call");
                        shown.extend(messages.pop_front());
                    }
                    let last = steps.is_empty() && messages.is_empty();
                    let turn = Turn { step, message: Some(message), shown };
                    self.turn(turn, agent, last, rows, report)?;
                }
                "system" | "user" | "tool" => {
                    report.used();
                    rows.push(self.prompt(message, agent, report))?;
                }
                other => report.unknown(&format!("message of role `{other}`")),
            }
        }
        while let Some(step) = steps.pop_front() {
            let last = steps.is_empty();
            self.turn(Turn { step: Some(step), ..Turn::default() }, None, last, rows, report)?;
        }
        Ok(())
    }

    /// The rows of a reply and of what its action did.
    fn turn(
        &mut self,
        turn: Turn,
        agent: Option<String>,
        last: bool,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        self.turns += 1;
        let id = if self.one_of_many {
            format!("attempt-{}-step-{}", self.attempt, self.turns)
        } else {
            format!("step-{}", self.turns)
        };
        let other = agent.filter(|agent| Some(agent) != self.agent.as_ref());
        let thread = format!("{} {}", self.attempt, other.as_deref().unwrap_or_default());
        let status = self.status.as_deref().filter(|_| last);
        let built = turn.rows(&id, status, report);
        if built.reply.kind == Kind::LlmCall {
            self.replies += 1;
        }
        rows.push(self.placed(built.reply, other.as_deref()))?;
        for call in built.calls {
            rows.call_with_result(&thread, self.placed(call, other.as_deref()))?;
        }
        if let Some(answer) = built.answer {
            rows.push(self.placed(answer, other.as_deref()))?;
        }
        Ok(())
    }

    /// The row of a system or user message.
    fn prompt(
        &self,
        mut message: Fields,
        agent: Option<String>,
        report: &mut ImportReport,
    ) -> Event {
        let mut event = Event::new(Kind::Message);
        event.role = message.text("role");
        let (text, parts) = message.take("content").map(take_apart).unwrap_or_default();
        event.content = text;
        for name in ["agent", "cache_control"] {
            message.drop(name);
        }
        if !parts.is_empty() {
            message.keep("content_parts", parts);
        }
        event.attributes = message.rest_counted(report);
        let other = agent.filter(|agent| Some(agent) != self.agent.as_ref());
        self.placed(event, other.as_deref())
    }

    /// A row in its attempt, and of its agent where that is not the main one.
    pub(super) fn placed(&self, mut event: Event, agent: Option<&str>) -> Event {
        event.attempt = Some(self.attempt);
        if let Some(agent) = agent {
            let mut rest = Fields::of_attributes(event.attributes.take());
            rest.keep("agent_id", agent);
            event.attributes = rest.rest();
        }
        event
    }
}

/// The objects among some records; anything else is rejected.
fn objects(
    path: &Path,
    items: Vec<Value>,
    what: &str,
    report: &mut ImportReport,
) -> VecDeque<Fields> {
    let mut found = VecDeque::with_capacity(items.len());
    for (position, item) in items.into_iter().enumerate() {
        match Fields::of(item) {
            Some(fields) => found.push_back(fields),
            None => report.reject(path, 1, format!("{what} {} is not an object", position + 1)),
        }
    }
    found
}

/// Which of the next steps is the one of a reply.
fn matching(steps: &VecDeque<Fields>, message: &Fields) -> Option<usize> {
    let text = |fields: &Fields, name| fields.peek(name).and_then(Value::as_str).map(str::to_owned);
    let content = message.peek("content").cloned().and_then(|content| take_apart(content).0);
    let action = text(message, "action").filter(|action| !action.trim().is_empty());
    steps.iter().take(SKIPPED_STEPS).position(|step| {
        let response = text(step, "response");
        content.is_some() && content == response
            || action.is_some() && action == text(step, "action")
    })
}

fn role(message: &Fields) -> String {
    message.peek("role").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn text_is(fields: &Fields, name: &str, text: &str) -> bool {
    fields.peek(name).and_then(Value::as_str) == Some(text)
}

/// Whether a message shows what an action did: what follows a reply, and is no demonstration.
fn is_observation(message: &Fields) -> bool {
    matches!(role(message).as_str(), "tool" | "user")
        && message.peek("is_demo") != Some(&Value::Bool(true))
        && message
            .peek("message_type")
            .and_then(Value::as_str)
            .is_none_or(|kind| kind == "observation")
}
