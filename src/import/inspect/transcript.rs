//! Events in one row, with the spans they are in.
//!
//! New logs name the span of each event, and spans name their parents; older ones put events between the begin and the end
//! of steps; in the oldest, tools and subtasks hold their events. All three become spans.

use super::super::fields::Fields;
use crate::trace::{Clock, Event, Timestamp};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// Spans in spans that are looked at: deeper ones, and circles, end here.
const DEEPEST: usize = 64;

/// The events of a sample.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    /// In order; an event that became part of another one's row is taken out.
    pub(super) records: Vec<Option<Record>>,
    pub(super) spans: Vec<Span>,
    /// Events that are no objects, by position.
    pub(super) broken: Vec<usize>,
    by_id: HashMap<String, usize>,
    read: usize,
}

/// One event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) fields: Fields,
    /// Its place among the events, from 1, in the order in which they are read.
    pub(super) position: usize,
    pub(super) ts: Option<Timestamp>,
    pub(super) clock: Option<Clock>,
    pub(super) span: Option<usize>,
    span_id: Option<String>,
}

/// What events are in.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// The tool event that it belongs to.
    pub(super) call: Option<usize>,
    parent: Option<usize>,
    parent_id: Option<String>,
}

/// An agent that another one started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubAgent {
    pub(super) id: String,
    pub(super) name: String,
    /// The tool event that started it.
    pub(super) call: Option<usize>,
}

impl Transcript {
    /// Reads events.
    pub(super) fn of(events: Vec<Value>) -> Self {
        let mut transcript = Self::default();
        transcript.add(events, None);
        transcript.connect();
        transcript
    }

    fn add(&mut self, events: Vec<Value>, within: Option<usize>) {
        let mut steps: Vec<usize> = Vec::new();
        for event in events {
            self.read += 1;
            let position = self.read;
            let Some(mut fields) = Fields::of(event) else {
                self.broken.push(position);
                continue;
            };
            let kind = fields.text("event").unwrap_or_default();
            let around = steps.last().copied().or(within);
            match kind.as_str() {
                "span_begin" => self.begin_span(&fields, around),
                "step" => self.step(&fields, &mut steps, around),
                _ => {}
            }
            let inner = match kind.as_str() {
                "tool" | "subtask" => fields.array("events").unwrap_or_default(),
                _ => Vec::new(),
            };
            let inside = (!inner.is_empty()).then(|| {
                let name = text(&fields, if kind == "tool" { "function" } else { "name" });
                let id = text(&fields, "id").or_else(|| name.clone()).unwrap_or_default();
                let call = (kind == "tool").then_some(self.records.len());
                let name = name.unwrap_or_default();
                self.span(Span {
                    id,
                    kind: kind.clone(),
                    name,
                    call,
                    parent: around,
                    parent_id: None,
                })
            });
            let (ts, clock) = time(&mut fields, "timestamp");
            let span_id = fields.text("span_id");
            let record = Record { kind, fields, position, ts, clock, span: around, span_id };
            self.records.push(Some(record));
            if inside.is_some() {
                self.add(inner, inside);
            }
        }
    }

    fn span(&mut self, span: Span) -> usize {
        self.spans.push(span);
        self.spans.len() - 1
    }

    fn begin_span(&mut self, fields: &Fields, around: Option<usize>) {
        let Some(id) = text(fields, "id") else { return };
        let span = Span {
            kind: text(fields, "type").unwrap_or_default(),
            name: text(fields, "name").unwrap_or_default(),
            call: None,
            parent: around,
            parent_id: text(fields, "parent_id"),
            id: id.clone(),
        };
        let index = self.span(span);
        self.by_id.entry(id).or_insert(index);
    }

    fn step(&mut self, fields: &Fields, steps: &mut Vec<usize>, around: Option<usize>) {
        let name = text(fields, "name").unwrap_or_default();
        if text(fields, "action").as_deref() == Some("begin") {
            let kind = text(fields, "type").unwrap_or_default();
            let id = name.clone();
            let span = Span { id, kind, name, call: None, parent: around, parent_id: None };
            let index = self.span(span);
            steps.push(index);
        } else if let Some(begun) = steps.iter().rposition(|s| self.spans[*s].name == name) {
            steps.truncate(begun);
        }
    }

    /// Looks up what spans and events refer to.
    fn connect(&mut self) {
        for index in 0..self.spans.len() {
            let parent = self.spans[index].parent_id.as_ref().and_then(|id| self.by_id.get(id));
            if let Some(parent) = parent.filter(|p| **p != index) {
                self.spans[index].parent = Some(*parent);
            }
        }
        let mut tools: HashMap<String, VecDeque<usize>> = HashMap::new();
        for (index, span) in self.spans.iter().enumerate() {
            if span.kind == "tool" && span.call.is_none() {
                tools.entry(span.name.clone()).or_default().push_back(index);
            }
        }
        for index in 0..self.records.len() {
            let Some(record) = &mut self.records[index] else { continue };
            if let Some(span) = record.span_id.as_ref().and_then(|id| self.by_id.get(id)) {
                record.span = Some(*span);
            }
            if record.kind == "tool" {
                self.connect_tool(index, &mut tools);
            }
        }
    }

    /// Finds the span of a tool event. It stands before the event or after it, inside of the event's own span, and does
    /// not name the event: the first span of a tool belongs to its first event, and so on.
    fn connect_tool(&mut self, event: usize, tools: &mut HashMap<String, VecDeque<usize>>) {
        let Some(record) = &self.records[event] else { return };
        let of_agent = text(&record.fields, "agent_span_id");
        let of_agent = of_agent.and_then(|id| self.by_id.get(&id).copied());
        let name = text(&record.fields, "function").unwrap_or_default();
        let waiting = tools.get_mut(&name);
        let of_tool = waiting.and_then(|waiting| {
            let inside = |span: &usize| match record.span {
                Some(outer) => self.indices_around(Some(*span)).any(|index| index == outer),
                None => true,
            };
            let at = waiting.iter().position(inside)?;
            waiting.remove(at)
        });
        for span in of_tool.into_iter().chain(of_agent) {
            self.spans[span].call.get_or_insert(event);
        }
    }

    fn indices_around(&self, span: Option<usize>) -> impl Iterator<Item = usize> {
        let outer = |index: &usize| self.spans.get(*index).and_then(|s| s.parent);
        std::iter::successors(span, outer).take(DEEPEST)
    }

    /// The span and what it is in, from the inside to the outside.
    pub(super) fn around(&self, span: Option<usize>) -> impl Iterator<Item = &Span> {
        self.indices_around(span).filter_map(|index| self.spans.get(index))
    }

    /// Names of the spans, from the outside to the inside: `solvers/react/add`.
    pub(super) fn path(&self, span: Option<usize>) -> Option<String> {
        let mut names: Vec<&str> = self.around(span).map(|s| s.name.as_str()).collect();
        names.reverse();
        (!names.is_empty()).then(|| names.join("/"))
    }

    /// Whether the span is part of the grading that follows the agent's work.
    pub(super) fn is_grading(&self, span: Option<usize>) -> bool {
        self.around(span).last().is_some_and(|s| matches!(s.kind.as_str(), "scorers" | "scorer"))
    }

    /// The agent that works in the span, unless it is the first one: an agent inside of an agent or of a tool, or whatever
    /// calls a model inside of a tool.
    pub(super) fn sub_agent(&self, span: Option<usize>) -> Option<SubAgent> {
        let spans: Vec<&Span> = self.around(span).collect();
        let holds_agents = |s: &&Span| matches!(s.kind.as_str(), "tool" | "agent");
        let inner = spans.iter().position(|s| {
            s.kind == "tool"
                || (s.kind == "agent"
                    && spans
                        .iter()
                        .skip_while(|o| !std::ptr::eq(**o, *s))
                        .skip(1)
                        .any(holds_agents))
        })?;
        let call = spans[inner..].iter().find_map(|s| s.call);
        let Span { id, name, .. } = spans[inner];
        Some(SubAgent { id: id.clone(), name: name.clone(), call })
    }

    /// The tool event in whose span the event is.
    pub(super) fn tool_around(&self, span: Option<usize>) -> Option<usize> {
        self.around(span).find(|s| s.kind == "tool").and_then(|s| s.call)
    }
}

impl Record {
    /// A row with the time of the event.
    pub(super) fn timed(&self, mut event: Event) -> Event {
        event.ts = self.ts;
        event.clock = self.clock;
        event
    }
}

/// Takes a time, and how it was read. One without a zone is read as UTC.
pub(super) fn time(fields: &mut Fields, name: &str) -> (Option<Timestamp>, Option<Clock>) {
    let Some(text) = fields.text(name) else { return (None, None) };
    if let Some(ts) = Timestamp::parse_zoned(&text) {
        return (Some(ts), Some(Clock::Source));
    }
    if let Some(ts) = Timestamp::parse_naive(&text) {
        return (Some(ts), Some(Clock::AssumedUtc));
    }
    fields.keep(name, text);
    (None, None)
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    fields.peek(name).and_then(Value::as_str).map(str::to_owned)
}
