//! Rows to the steps of their agents, in order.
//!
//! A tool call stands in the step of the reply that asked for it. One that nobody asked for gets a step that stands for
//! no call to a model.

use super::super::Exported;
use super::step::{self, Columns};
use crate::trace::{Event, Kind, RunFacts, Usd};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Where a step is: its agent and its position.
type Place = (usize, usize);

/// One agent's steps.
#[derive(Debug, Default)]
pub(super) struct Thread {
    /// `None` for the main one.
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) steps: Vec<Value>,
    pub(super) totals: Totals,
    /// The row that started it.
    pub(super) parent: Option<String>,
}

/// What an agent's steps add up to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Totals {
    pub(super) input: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) cached: Option<i64>,
    pub(super) cost: Option<Usd>,
}

/// The agents of a run.
#[derive(Debug, Default)]
pub(super) struct Threads {
    pub(super) all: Vec<Thread>,
    /// Rows that are no steps.
    pub(super) rows: Vec<Value>,
    /// The version that the run says its agent has.
    pub(super) agent_version: Option<String>,
    by_id: HashMap<String, usize>,
    /// Replies by the id of their row.
    replies: HashMap<(usize, String), Place>,
    /// Rows that may start a sub-agent: the step they are in, and the call if they are one.
    starts: HashMap<String, (Place, Option<String>)>,
}

impl Totals {
    pub(super) fn add(&mut self, more: &Self) {
        for (sum, n) in [
            (&mut self.input, more.input),
            (&mut self.output, more.output),
            (&mut self.cached, more.cached),
        ] {
            if let Some(n) = n {
                *sum = Some(sum.unwrap_or(0).saturating_add(n));
            }
        }
        if let Some(cost) = more.cost {
            self.cost = Some(self.cost.unwrap_or_default() + cost);
        }
    }
}

impl Threads {
    /// Adds a row.
    pub(super) fn add(&mut self, run: &RunFacts, event: &Event, exported: &mut Exported) {
        if self.all.is_empty() {
            self.all.push(Thread { name: run.agent.clone(), ..Thread::default() });
        }
        let attributes = attributes_of(event);
        let thread = self.thread_of(event, attributes.as_ref());
        let totals = Totals {
            input: event.input_tokens,
            output: event.output_tokens,
            cached: event.cache_read_tokens,
            cost: event.cost_usd,
        };
        let role = event.role.as_deref();
        match event.kind {
            // Totals of calls that have steps of their own are no step.
            Kind::LlmCall if event.llm_call_count == Some(0) => {
                self.all[thread].totals.add(&totals);
                self.row(event, exported);
            }
            Kind::LlmCall => {
                self.all[thread].totals.add(&totals);
                self.step(thread, event, "agent", exported);
            }
            Kind::ToolCall => self.tool_call(thread, event, exported),
            Kind::Message if role == Some("tool") && self.answers(thread, event).is_some() => {
                let result = step::result(event, exported);
                let place = self.answers(thread, event);
                self.result(place, result);
            }
            Kind::Message => {
                let source = match role {
                    Some("assistant") => "agent",
                    Some("user") => "user",
                    _ => "system",
                };
                self.step(thread, event, source, exported);
            }
            Kind::Error => self.step(thread, event, "system", exported),
            kind => {
                if kind == Kind::RunStart {
                    let version = attributes.as_ref().and_then(version_of);
                    self.agent_version = self.agent_version.take().or(version);
                }
                self.row(event, exported);
            }
        }
    }

    /// The agent whose row it is.
    fn thread_of(&mut self, event: &Event, attributes: Option<&Map<String, Value>>) -> usize {
        let text = |name: &str| attributes?.get(name)?.as_str();
        let Some(id) = text("agent_id").filter(|id| !id.is_empty()) else { return 0 };
        if let Some(thread) = self.by_id.get(id) {
            return *thread;
        }
        let name = text("agent_type").map(str::to_owned);
        let thread = Thread {
            id: Some(id.to_owned()),
            name,
            parent: event.parent_event_id.clone(),
            ..Thread::default()
        };
        self.all.push(thread);
        let at = self.all.len() - 1;
        self.by_id.insert(id.to_owned(), at);
        self.refer(at);
        at
    }

    /// Has the step that started a sub-agent refer to it.
    fn refer(&mut self, sub: usize) {
        let thread = &self.all[sub];
        let (Some(id), Some(parent)) = (&thread.id, &thread.parent) else { return };
        let Some(((of, at), call)) = self.starts.get(parent).cloned() else { return };
        let reference = json!({ "trajectory_id": id });
        let Some(step) = self.all.get_mut(of).and_then(|t| t.steps.get_mut(at)) else { return };
        let Some(results) = results_of(step) else { return };
        let found = results.iter_mut().find(|r| {
            call.is_some() && r.get("source_call_id").and_then(Value::as_str) == call.as_deref()
        });
        if let Some(result) = found.and_then(Value::as_object_mut) {
            let references = result.entry("subagent_trajectory_ref").or_insert_with(|| json!([]));
            if let Some(references) = references.as_array_mut() {
                references.push(reference);
            }
            return;
        }
        let mut result = json!({ "subagent_trajectory_ref": [reference] });
        if let Some(call) = call {
            result["source_call_id"] = call.into();
        }
        results.push(result);
    }

    /// A row that is a step.
    fn step(&mut self, thread: usize, event: &Event, source: &str, exported: &mut Exported) {
        let step = step::step(event, source, exported);
        self.push(thread, event, step, source == "agent");
    }

    fn push(&mut self, thread: usize, event: &Event, step: Value, replies: bool) {
        let of = &mut self.all[thread];
        of.steps.push(step);
        let place = (thread, of.steps.len() - 1);
        if let Some(id) = &event.event_id {
            if replies {
                self.replies.insert((thread, id.clone()), place);
            }
            self.starts.insert(id.clone(), (place, None));
        }
    }

    /// A row that is no step.
    fn row(&mut self, event: &Event, exported: &mut Exported) {
        let columns = step::columns(event);
        exported.cannot_say(&format!("{} rows", event.kind));
        self.rows.push(Value::Object(columns));
    }

    fn tool_call(&mut self, thread: usize, event: &Event, exported: &mut Exported) {
        let asked = event.parent_event_id.as_ref();
        let asked = asked.and_then(|id| self.replies.get(&(thread, id.clone())).copied());
        // Without a word on who asked, the reply before it did; a reply that is not the last is asked for its calls too.
        let place =
            asked.or_else(|| self.last_reply(thread).filter(|_| event.parent_event_id.is_none()));
        let place = place.unwrap_or_else(|| {
            let mut step = Map::new();
            if let Some(text) = step::time(event.ts) {
                step.insert("timestamp".to_owned(), text.into());
            }
            step.insert("source".to_owned(), "agent".into());
            step.insert("message".to_owned(), "".into());
            step.insert("llm_call_count".to_owned(), 0.into());
            let of = &mut self.all[thread];
            of.steps.push(Value::Object(step));
            (thread, of.steps.len() - 1)
        });
        let Some(step) = self.all.get_mut(place.0).and_then(|t| t.steps.get_mut(place.1)) else {
            return;
        };
        let Some(step) = step.as_object_mut() else { return };
        let calls = step.entry("tool_calls").or_insert_with(|| json!([]));
        let Some(calls) = calls.as_array_mut() else { return };
        let id = call_id(event, calls);
        let (call, result) = step::tool_call(event, &id, exported);
        calls.push(call);
        if let Some(result) = result {
            self.result(Some(place), result);
        }
        if let Some(own) = &event.event_id {
            self.starts.insert(own.clone(), (place, Some(id)));
        }
    }

    /// The latest step of an agent, if a model or the agent itself gave it.
    fn last_reply(&self, thread: usize) -> Option<Place> {
        let steps = &self.all.get(thread)?.steps;
        let last = steps.last()?;
        (last.get("source")?.as_str()? == "agent").then(|| (thread, steps.len() - 1))
    }

    /// The step that a message without a call answers: the latest, which must have come from the agent.
    fn answers(&self, thread: usize, event: &Event) -> Option<Place> {
        let place = self.last_reply(thread)?;
        let named = event.parent_event_id.as_ref();
        let meant = named.is_none_or(|id| self.replies.get(&(thread, id.clone())) == Some(&place));
        meant.then_some(place)
    }

    fn result(&mut self, place: Option<Place>, result: Value) {
        let Some((thread, at)) = place else { return };
        let step = self.all.get_mut(thread).and_then(|t| t.steps.get_mut(at));
        if let Some(results) = step.and_then(results_of) {
            results.push(result);
        }
    }
}

/// The id of a call in its step: its own, if no other call there has it.
fn call_id(event: &Event, calls: &[Value]) -> String {
    let taken = |id: &str| calls.iter().any(|c| c["tool_call_id"].as_str() == Some(id));
    let own = event.tool_call_id.clone().filter(|id| !id.is_empty());
    let wanted = own.unwrap_or_else(|| format!("call-{}", event.seq));
    let mut id = wanted.clone();
    for n in 2.. {
        if !taken(&id) {
            break;
        }
        id = format!("{wanted}-{n}");
    }
    id
}

/// The results of a step, which gets a list if it has none.
fn results_of(step: &mut Value) -> Option<&mut Vec<Value>> {
    let observation = step.as_object_mut()?.entry("observation");
    observation.or_insert_with(|| json!({ "results": [] })).get_mut("results")?.as_array_mut()
}

fn attributes_of(event: &Event) -> Option<Columns> {
    match serde_json::from_str(event.attributes.as_deref()?).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

fn version_of(attributes: &Map<String, Value>) -> Option<String> {
    let names = ["agent_version", "claude_code_version", "cli_version", "version"];
    names.iter().find_map(|name| attributes.get(*name)?.as_str().map(str::to_owned))
}
