//! Which spans a run has, and what is in which.

use super::columns;
use super::span::{Happened, Span, id};
use crate::trace::{Event, Kind, RunFacts, ToolStatus, UsageQuality};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The spans of a run.
pub(super) struct Tree<'r> {
    run: &'r RunFacts,
    /// The first is the run's.
    spans: Vec<Span>,
    stages: HashMap<i64, usize>,
    agents: HashMap<(Option<i64>, String), usize>,
    /// Calls by their `event_id`.
    calls: HashMap<String, usize>,
    /// Messages that wait for the call that they are part of.
    waiting: Vec<Message>,
}

/// A message, and where it belongs.
struct Message {
    event: Event,
    agent: String,
}

impl<'r> Tree<'r> {
    /// The span of a run.
    pub(super) fn of(run: &'r RunFacts) -> Self {
        let mut root = Span { id: id(&["run", &run.run_id], 8), ..Span::default() };
        let agent = run.agent.as_deref().unwrap_or(&run.workload);
        root.name = format!("invoke_agent {agent}");
        root.attributes = about(run, "invoke_agent");
        Self {
            run,
            spans: vec![root],
            stages: HashMap::new(),
            agents: HashMap::new(),
            calls: HashMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, event: Event) {
        let agent = agent_of(&event);
        match event.kind {
            Kind::Message => self.waiting.push(Message { event, agent }),
            Kind::LlmCall => self.add_llm_call(&event, &agent),
            Kind::ToolCall => self.add_tool_call(&event, &agent),
            Kind::Error => self.add_error(&event, &agent),
            Kind::RunStart | Kind::RunEnd => self.happened(0, &event, None),
            Kind::StageStart | Kind::Recovery | Kind::AttemptResult | Kind::StageResult => {
                let stage = self.stage(event.stage);
                self.happened(stage, &event, None);
            }
        }
    }

    /// The spans as OTLP/JSON.
    pub(super) fn into_spans(mut self) -> Vec<Value> {
        for Message { event, agent } in std::mem::take(&mut self.waiting) {
            let around = self.around(&event, &agent);
            self.happened(around, &event, None);
        }
        let trace = id(&["trace", &self.run.run_id], 16);
        let mut before = self.spans.iter().find_map(|span| span.start_ns).unwrap_or(0);
        let ids: Vec<String> = self.spans.iter().map(|span| span.id.clone()).collect();
        let mut spans = Vec::with_capacity(self.spans.len());
        for mut span in self.spans {
            before = span.start_ns.unwrap_or(before);
            if let Some(answer) =
                span.attributes.shift_remove(ANSWER).filter(|a| a.get("parts").is_some())
            {
                set(&mut span.attributes, ANSWER, json!([answer]).to_string());
            }
            let parent = span.parent.and_then(|place| ids.get(place));
            spans.push(span.json(&trace, parent.map(String::as_str), before));
        }
        spans
    }

    fn add_llm_call(&mut self, event: &Event, agent: &str) {
        // A sum over calls that have spans of their own is no call.
        let is_sum =
            event.llm_call_count.is_some() || event.usage_quality == Some(UsageQuality::Aggregate);
        let operation = if is_sum { "invoke_agent" } else { "chat" };
        let attributes = attributes_of(event);
        let of_row =
            ["gen_ai.request.model", "model"].iter().find_map(|n| attributes.get(*n)?.as_str());
        let model = of_row.unwrap_or(&self.run.model);
        let mut span = self.span(event, format!("{operation} {model}"));
        span.is_request = !is_sum;
        span.attributes = about(self.run, operation);
        set(&mut span.attributes, "gen_ai.request.model", model);
        let around = self.around(event, agent);
        let messages = self.messages_for(event.stage, agent);
        if !messages.is_empty() {
            let said: Vec<Value> = messages.iter().map(message).collect();
            set(&mut span.attributes, "gen_ai.input.messages", Value::Array(said).to_string());
        }
        if let Some(reason) = &event.finish_reason {
            set(&mut span.attributes, "gen_ai.response.finish_reasons", json!([reason]));
        }
        let mut said = vec!["finish_reason"];
        let is_failed = event.error_type.is_some();
        let text = event.content.as_deref();
        if is_failed {
            span.error = Some(text.unwrap_or_default().to_owned());
        } else {
            said.push("content");
            // Written as text when the tool calls that it asks for are known.
            let mut answer = Map::new();
            set(&mut answer, "role", "assistant");
            if let Some(reason) = &event.finish_reason {
                set(&mut answer, "finish_reason", reason.as_str());
            }
            let parts = parts(event, &attributes);
            if !parts.is_empty() {
                set(&mut answer, "parts", parts);
            }
            set(&mut span.attributes, ANSWER, answer);
        }
        if is_failed && text.is_some_and(|text| !text.is_empty()) {
            said.push("content");
        }
        let place = self.push(span, around, event, said);
        for (i, event) in messages.iter().enumerate() {
            self.happened(place, event, Some(i));
        }
    }

    fn add_tool_call(&mut self, event: &Event, agent: &str) {
        let name = event.tool_name.as_deref().unwrap_or("unknown");
        let mut span = self.span(event, format!("execute_tool {name}"));
        span.attributes = about(self.run, "execute_tool");
        span.attributes.shift_remove("gen_ai.request.model");
        set(&mut span.attributes, "gen_ai.tool.type", "function");
        let failed = match event.tool_status {
            Some(status @ (ToolStatus::Error | ToolStatus::Denied | ToolStatus::Timeout)) => {
                Some(status.as_str())
            }
            _ => event.error_type.as_deref(),
        };
        if let Some(failed) = failed {
            span.error = Some(failed.to_owned());
            if event.error_type.is_none() {
                set(&mut span.attributes, "error.type", failed);
                set(&mut span.attributes, "ramptrace.no_error_type", true);
            }
        }
        let around = self.around(event, agent);
        if let Some(asker) = event.parent_event_id.as_ref().and_then(|id| self.calls.get(id)) {
            ask(&mut self.spans[*asker].attributes, event);
        }
        self.push(span, around, event, Vec::new());
    }

    fn add_error(&mut self, event: &Event, agent: &str) {
        let name = event.error_type.as_deref().unwrap_or("error");
        let mut span = self.span(event, name.to_owned());
        let text = event.content.as_deref().filter(|text| !text.is_empty());
        span.error = Some(text.unwrap_or_default().to_owned());
        let around = self.around(event, agent);
        let said = if text.is_some() { vec!["content"] } else { Vec::new() };
        self.push(span, around, event, said);
    }

    /// A span as long as a row.
    fn span(&self, event: &Event, name: String) -> Span {
        let start_ns = nanos(event);
        let took = event.duration_ms.and_then(whole_nanos);
        Span {
            id: id(&["row", &self.run.run_id, &event.seq.to_string()], 8),
            name,
            start_ns,
            end_ns: start_ns.and_then(|start| start.checked_add(took.unwrap_or(0))),
            ..Span::default()
        }
    }

    /// Adds the span of a row with its columns, but for those that are said.
    fn push(
        &mut self,
        mut span: Span,
        around: usize,
        event: &Event,
        mut said: Vec<&'static str>,
    ) -> usize {
        said.extend(time_said(event, &mut span.attributes));
        let took = span.start_ns.zip(span.end_ns).map(|(start, end)| end - start);
        let exact = |ms: f64| took.is_some_and(|ns| millis(ns).to_bits() == ms.to_bits());
        match event.duration_ms {
            None => set(&mut span.attributes, "ramptrace.no_duration", true),
            Some(ms) if exact(ms) => said.push("duration_ms"),
            Some(_) => {}
        }
        columns::add(event, &said, &mut span.attributes);
        span.parent = Some(around);
        self.include(around, span.start_ns, span.end_ns);
        self.spans.push(span);
        let place = self.spans.len() - 1;
        if let Some(id) = &event.event_id {
            self.calls.insert(id.clone(), place);
        }
        place
    }

    /// Adds a row that is no span to a span, as an event of it; `index` is the place of its text among the span's messages.
    fn happened(&mut self, place: usize, event: &Event, index: Option<usize>) {
        let mut attributes = Map::new();
        let mut said: Vec<&str> = time_said(event, &mut attributes).into_iter().collect();
        if let Some(index) = index {
            attributes.insert("ramptrace.message".to_owned(), index.into());
            said.extend(["role", "content"]);
            for (absent, mark) in [
                (event.role.is_none(), "ramptrace.no_role"),
                (event.content.is_none(), "ramptrace.no_content"),
            ] {
                if absent {
                    set(&mut attributes, mark, true);
                }
            }
        }
        columns::add(event, &said, &mut attributes);
        let ns = nanos(event);
        self.include(place, ns, None);
        let name = format!("ramptrace.{}", event.kind);
        self.spans[place].events.push(Happened { name, ns, attributes });
    }

    /// Makes a span, and those around it, as long as what is in it. Spans of calls are as long as they are.
    fn include(&mut self, place: usize, start: Option<u64>, end: Option<u64>) {
        let mut place = Some(place);
        while let Some(at) = place {
            let span = &mut self.spans[at];
            if !span.attributes.contains_key("ramptrace.kind") {
                span.include(start, end);
            }
            place = span.parent;
        }
    }

    /// The span of a stage; that of the run outside of stages.
    fn stage(&mut self, stage: Option<i64>) -> usize {
        let Some(stage) = stage else { return 0 };
        if let Some(place) = self.stages.get(&stage) {
            return *place;
        }
        let mut span = Span {
            id: id(&["stage", &self.run.run_id, &stage.to_string()], 8),
            parent: Some(0),
            name: format!("stage {stage}"),
            ..Span::default()
        };
        set(&mut span.attributes, "ramptrace.stage", stage);
        self.spans.push(span);
        self.stages.insert(stage, self.spans.len() - 1);
        self.spans.len() - 1
    }

    /// The span that a row belongs in: that of its stage, or of the agent below it whose row it is.
    fn around(&mut self, event: &Event, agent: &str) -> usize {
        let stage = self.stage(event.stage);
        if agent.is_empty() {
            return stage;
        }
        let key = (event.stage, agent.to_owned());
        if let Some(place) = self.agents.get(&key) {
            return *place;
        }
        let caller = event.parent_event_id.as_ref().and_then(|id| self.calls.get(id)).copied();
        let number = event.stage.map_or_else(String::new, |stage| stage.to_string());
        let mut span = Span {
            id: id(&["agent", &self.run.run_id, &number, agent], 8),
            parent: Some(caller.unwrap_or(stage)),
            name: format!("invoke_agent {agent}"),
            ..Span::default()
        };
        span.attributes = about(self.run, "invoke_agent");
        set(&mut span.attributes, "gen_ai.agent.id", agent);
        self.spans.push(span);
        self.agents.insert(key, self.spans.len() - 1);
        self.spans.len() - 1
    }

    /// The messages that wait for a call of an agent in a stage.
    fn messages_for(&mut self, stage: Option<i64>, agent: &str) -> Vec<Event> {
        let is_for = |m: &mut Message| m.event.stage == stage && m.agent == agent;
        self.waiting.extract_if(.., is_for).map(|m| m.event).collect()
    }
}

/// The attribute of a call's answer.
const ANSWER: &str = "gen_ai.output.messages";

/// What the conventions ask of every span.
fn about(run: &RunFacts, operation: &str) -> Map<String, Value> {
    let mut attributes = Map::new();
    set(&mut attributes, "gen_ai.operation.name", operation);
    set(&mut attributes, "gen_ai.conversation.id", run.run_id.as_str());
    set(&mut attributes, "gen_ai.request.model", run.model.as_str());
    for (name, text) in [("gen_ai.provider.name", &run.provider), ("gen_ai.agent.name", &run.agent)]
    {
        if let Some(text) = text {
            set(&mut attributes, name, text.as_str());
        }
    }
    attributes
}

fn set(attributes: &mut Map<String, Value>, name: &str, value: impl Into<Value>) {
    attributes.insert(name.to_owned(), value.into());
}

/// What a row has in its attributes.
fn attributes_of(event: &Event) -> Map<String, Value> {
    let attributes = event.attributes.as_deref();
    attributes.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The agent below the run's own whose row it is; empty for rows of the run's own.
fn agent_of(event: &Event) -> String {
    let attributes = attributes_of(event);
    attributes.get("agent_id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A message of a request.
fn message(event: &Event) -> Value {
    let text = event.content.as_deref().unwrap_or_default();
    json!({
        "role": event.role.as_deref().unwrap_or("user"),
        "parts": [{ "type": "text", "content": text }],
    })
}

/// The parts of an answer: what was thought, and what was said.
fn parts(event: &Event, attributes: &Map<String, Value>) -> Vec<Value> {
    let thought = attributes.get("reasoning").and_then(Value::as_str);
    let thought = thought.map(|text| json!({ "type": "reasoning", "content": text }));
    let said = event.content.as_deref().map(|text| json!({ "type": "text", "content": text }));
    thought.into_iter().chain(said).collect()
}

/// Adds a tool call to the answer that asks for it.
fn ask(attributes: &mut Map<String, Value>, call: &Event) {
    let arguments = call
        .arguments
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())));
    let part = json!({
        "type": "tool_call",
        "id": call.tool_call_id,
        "name": call.tool_name,
        "arguments": arguments.unwrap_or_default(),
    });
    if let Some(answer) = attributes.get_mut(ANSWER).and_then(Value::as_object_mut)
        && let Some(parts) = answer.entry("parts").or_insert_with(|| json!([])).as_array_mut()
    {
        parts.push(part);
    }
}

/// Nanoseconds of a row's time, if OTLP can say them: 0 says that there are none.
fn nanos(event: &Event) -> Option<u64> {
    u64::try_from(event.ts?.micros()).ok()?.checked_mul(1_000).filter(|ns| *ns > 0)
}

/// The time column, if the span or the event of a span says it; marks what has no time.
fn time_said(event: &Event, attributes: &mut Map<String, Value>) -> Option<&'static str> {
    if event.ts.is_none() {
        set(attributes, "ramptrace.no_ts", true);
    }
    nanos(event).map(|_| "ts")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole_nanos(ms: f64) -> Option<u64> {
    let ns = (ms * 1e6).round();
    (0.0..9e15).contains(&ns).then_some(ns as u64)
}

#[expect(clippy::cast_precision_loss, reason = "the caller checks that nothing is lost")]
fn millis(ns: u64) -> f64 {
    ns as f64 / 1e6
}
