//! What belongs to a tool call: its event, commands in the sandbox, approvals, and results that only messages have.

use super::super::ImportReport;
use super::texts::Texts;
use super::transcript::{Record, Transcript};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet, VecDeque};

/// What belongs to tool calls, to be taken when their rows are made.
#[derive(Debug, Default)]
pub(super) struct Joins {
    /// Tool events, by number.
    records: HashMap<usize, Record>,
    /// Their numbers by call id. An id may come again: providers number the calls of a reply.
    events: HashMap<String, VecDeque<usize>>,
    /// What was done in the sandbox, by tool event.
    sandbox: HashMap<usize, Vec<Value>>,
    /// Decisions by call id.
    approvals: HashMap<String, Vec<Value>>,
    /// Tool messages by call id.
    messages: HashMap<String, VecDeque<Value>>,
    known_messages: HashSet<(String, Option<String>)>,
}

impl Joins {
    /// Takes what belongs to tool calls out of a transcript.
    pub(super) fn of(
        transcript: &mut Transcript,
        texts: &Texts,
        report: &mut ImportReport,
    ) -> Self {
        let mut joins = Self::default();
        let mut made: HashSet<String> = HashSet::new();
        for (index, record) in transcript.records.iter().enumerate() {
            let Some(record) = record else { continue };
            match record.kind.as_str() {
                "tool" => {
                    if let Some(id) = record.fields.peek("id").and_then(Value::as_str) {
                        joins.events.entry(id.to_owned()).or_default().push_back(index);
                        made.insert(id.to_owned());
                    }
                }
                "model" => made.extend(
                    calls_of(record).filter_map(|c| c.get("id")?.as_str()).map(str::to_owned),
                ),
                _ => {}
            }
        }
        for index in 0..transcript.records.len() {
            let Some(record) = &transcript.records[index] else { continue };
            if record.kind == "tool" {
                joins
                    .records
                    .extend(transcript.records[index].take().map(|record| (index, record)));
                continue;
            }
            let call = match record.kind.as_str() {
                "approval" => approved(record).filter(|id| made.contains(*id)).map(str::to_owned),
                _ => None,
            };
            let tool = match record.kind.as_str() {
                "sandbox" => transcript.tool_around(record.span),
                _ => None,
            };
            if call.is_none() && tool.is_none() {
                continue;
            }
            let Some(mut record) = transcript.records[index].take() else { continue };
            report.merge("part of a tool call: what it did in the sandbox, who approved it");
            if record.kind == "approval" {
                // The reply and the call have rows.
                for copy in ["message", "call", "view"] {
                    record.fields.drop(copy);
                }
            }
            let value = small(record, texts);
            if let Some(tool) = tool {
                joins.sandbox.entry(tool).or_default().push(value);
            } else if let Some(call) = call {
                joins.approvals.entry(call).or_default().push(value);
            }
        }
        joins
    }

    /// Keeps a tool message, for a call that has no event.
    pub(super) fn note(&mut self, message: &Value) {
        let text = |name: &str| message.get(name).and_then(Value::as_str);
        if text("role") != Some("tool") {
            return;
        }
        let Some(call) = text("tool_call_id") else { return };
        let seen = (call.to_owned(), text("id").map(str::to_owned));
        if !self.events.contains_key(call) && self.known_messages.insert(seen) {
            self.messages.entry(call.to_owned()).or_default().push_back(message.clone());
        }
    }

    /// The event of a call that the model makes at `position`; it comes later.
    pub(super) fn event(&mut self, call: &str, position: usize) -> Option<(usize, Record)> {
        let events = self.events.get_mut(call)?;
        let records = &self.records;
        let later = |index: &usize| records.get(index).is_some_and(|r| r.position > position);
        let index = events.remove(events.iter().position(later)?)?;
        Some((index, self.records.remove(&index)?))
    }

    /// The tool event of this number, unless a call took it.
    pub(super) fn unclaimed(&mut self, event: usize) -> Option<Record> {
        self.records.remove(&event)
    }

    /// The message with the result of a call.
    pub(super) fn message(&mut self, call: &str) -> Option<Value> {
        self.messages.get_mut(call)?.pop_front()
    }

    /// What a tool did in the sandbox.
    pub(super) fn sandbox(&mut self, event: usize) -> Vec<Value> {
        self.sandbox.remove(&event).unwrap_or_default()
    }

    /// Who said what to a call.
    pub(super) fn approvals(&mut self, call: &str) -> Vec<Value> {
        self.approvals.remove(call).unwrap_or_default()
    }
}

/// The tool calls in the output of a model event.
fn calls_of(record: &Record) -> impl Iterator<Item = &Value> {
    let choices = record.fields.peek("output").and_then(|o| o.get("choices")?.as_array());
    let first = choices.and_then(|choices| choices.first());
    first.and_then(|c| c.get("message")?.get("tool_calls")?.as_array()).into_iter().flatten()
}

fn approved(record: &Record) -> Option<&str> {
    record.fields.peek("call")?.get("id")?.as_str()
}

/// An event that is kept as it is, beside a row: without what the row says, and without colours.
pub(super) fn small(record: Record, texts: &Texts) -> Value {
    let Record { kind, mut fields, ts, .. } = record;
    for copy in ["span_id", "input_ansi", "traceback_ansi"] {
        fields.drop(copy);
    }
    let mut value = Map::from_iter([("event".to_owned(), Value::String(kind))]);
    if let Some(ts) = ts {
        value.insert("timestamp".to_owned(), Value::String(ts.to_string()));
    }
    value.extend(fields.into_pairs().filter(|(_, v)| !v.is_null()));
    let mut value = Value::Object(value);
    texts.resolve(&mut value);
    value
}
