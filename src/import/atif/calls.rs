//! Steps that are one call to a model, and its row.
//!
//! Harbor's reader of Claude Code wrote a step per line of the session before ATIF 1.7, each with the numbers of the whole
//! reply: steps after each other with equal numbers are one reply there. Elsewhere equal numbers are a coincidence.

use super::super::ImportReport;
use super::super::fields::Fields;
use super::super::rows::timed;
use super::content::text_of;
use super::metrics::{Arithmetic, StepMetrics};
use crate::trace::{Event, Kind, Timestamp};
use serde_json::Value;

/// Steps that are one record of the conversation, with their positions in the document, from 1.
pub(super) type Group = Vec<(usize, Value)>;

/// Whether steps repeat the numbers of one reply, as the writer of a document does it.
pub(super) fn repeats_replies(agent: Option<&str>, minor: u32) -> bool {
    agent == Some("claude-code") && minor < 7
}

/// Puts steps together that are one reply.
pub(super) fn groups(steps: Vec<Value>, repeats: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, step) in steps.into_iter().enumerate() {
        match groups.last_mut() {
            Some(group) if repeats && same_reply(group, &step) => group.push((at + 1, step)),
            _ => groups.push(vec![(at + 1, step)]),
        }
    }
    groups
}

fn same_reply(group: &Group, step: &Value) -> bool {
    let numbers = |step: &Value| {
        let agent = step.get("source").and_then(Value::as_str) == Some("agent");
        let cached = step.get("metrics").and_then(|m| m.get("extra")).is_some_and(|extra| {
            extra.get("cache_read_input_tokens").is_some()
                || extra.get("cache_creation_input_tokens").is_some()
        });
        let of_agent = step.get("extra").and_then(|e| e.get("agent_id"));
        (agent && cached).then(|| (step.get("metrics").cloned(), of_agent.cloned()))
    };
    let (last, this) = (group.last().and_then(|(_, s)| numbers(s)), numbers(step));
    last.is_some() && last == this
}

/// What the steps of one reply say, gathered.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) metrics: StepMetrics,
    texts: Vec<String>,
    parts: Vec<Value>,
    reasoning: Vec<String>,
    model: Option<String>,
    calls: Option<i64>,
    finish_reason: Option<String>,
    response_id: Option<String>,
    ts: Option<Timestamp>,
    /// What has no column, of the first step.
    rest: Fields,
}

impl Reply {
    /// Takes what a step says of the reply; what it says of tool calls stays in it.
    pub(super) fn take(
        &mut self,
        step: &mut Fields,
        extra: &mut Fields,
        ts: Option<Timestamp>,
        arithmetic: Arithmetic,
        report: &mut ImportReport,
    ) {
        let (text, parts) = text_of(step.take("message"));
        self.texts.extend(text.filter(|t| !t.is_empty()));
        self.parts.extend(parts);
        self.reasoning.extend(step.text("reasoning_content").filter(|t| !t.is_empty()));
        self.ts = self.ts.or(ts);
        self.model = self.model.take().or_else(|| step.text("model_name"));
        self.calls = self.calls.or_else(|| step.int("llm_call_count"));
        let finish = extra.text("stop_reason").or_else(|| extra.text("finish_reason"));
        self.finish_reason = finish.or_else(|| self.finish_reason.take());
        let id = extra.text("response_id").or_else(|| extra.text("message_id"));
        self.response_id = self.response_id.take().or(id);
        if let Some(metrics) = step.take("metrics").filter(|_| self.metrics.raw.is_none()) {
            self.metrics = arithmetic.read(metrics);
            if let Some(amount) = self.metrics.implausible {
                report.warn(format!("a step's cost of {amount} is not in dollars and is left out"));
            }
        }
        if let Some(effort) = step.take("reasoning_effort") {
            self.rest.keep("reasoning_effort", effort);
        }
    }

    /// Whether a model was called for it.
    pub(super) fn has_call(&self) -> bool {
        self.calls != Some(0)
    }

    /// Drops a text that the writer made up in place of one.
    pub(super) fn drop_text(&mut self, made_up: &str) {
        self.texts.retain(|text| text != made_up);
    }

    /// Its row; `model` is the one of the run.
    pub(super) fn row(
        self,
        id: &str,
        model: &str,
        mut more: Fields,
        report: &mut ImportReport,
    ) -> Event {
        let kind = if self.has_call() { Kind::LlmCall } else { Kind::Message };
        let mut event = timed(kind, self.ts);
        event.event_id = Some(id.to_owned());
        event.role = Some("assistant".to_owned());
        event.content = Some(self.texts.join("\n")).filter(|t| !t.is_empty());
        let mut attributes = Fields::default();
        if kind == Kind::LlmCall {
            event.response_id = self.response_id;
            event.finish_reason = self.finish_reason;
            event.llm_call_count = self.calls.filter(|n| *n > 1);
            self.metrics.fill(&mut event, self.calls);
        } else {
            attributes.keep("llm_call_count", 0);
        }
        if let Some(other) = self.model.filter(|m| m != model) {
            attributes.keep("model", other);
        }
        if !self.reasoning.is_empty() {
            attributes.keep("reasoning", self.reasoning.join("\n\n"));
        }
        if !self.parts.is_empty() {
            attributes.keep("content_parts", self.parts);
        }
        if let Some(raw) = self.metrics.raw {
            attributes.keep("usage", raw);
        }
        for (name, value) in self.rest.into_pairs() {
            more.keep(&name, value);
        }
        event.attributes = super::convert::joined(attributes, more, report);
        event
    }
}
