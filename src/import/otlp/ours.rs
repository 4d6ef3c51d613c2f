//! Runs that ramptrace itself exported: each row comes back as it was.
//!
//! Columns that the GenAI conventions have a name for stand under it; all others under `ramptrace.<column>`, which also wins
//! over the former. Rows that are no spans are events of the span around them.

use super::super::sink::Sink;
use super::super::{ImportError, ImportReport};
use super::convert::time;
use super::groups::Group;
use super::index::{Entry, Index};
use crate::capture::otlp::spans::{Span, SpanEvent};
use crate::trace::{COLUMNS, ColumnType, Event, Kind, RowCheck, RunFacts, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

const PREFIX: &str = "ramptrace.";

/// Columns by the names that the conventions have for them.
const NAMES: &[(&str, &str)] = &[
    ("gen_ai.response.id", "response_id"),
    ("gen_ai.usage.input_tokens", "input_tokens"),
    ("gen_ai.usage.cache_read.input_tokens", "cache_read_tokens"),
    ("gen_ai.usage.cache_creation.input_tokens", "cache_write_tokens"),
    ("gen_ai.usage.output_tokens", "output_tokens"),
    ("gen_ai.usage.reasoning.output_tokens", "reasoning_tokens"),
    ("gen_ai.tool.name", "tool_name"),
    ("gen_ai.tool.call.id", "tool_call_id"),
    ("gen_ai.tool.call.arguments", "arguments"),
    ("gen_ai.tool.call.result", "content"),
    ("error.type", "error_type"),
];

/// The place in the run of a span's first row.
pub(super) fn first_seq(span: &Span) -> Option<i64> {
    let of_events = span.events.iter().filter_map(|event| seq(&event.attributes));
    of_events.chain(seq(&span.attributes)).min()
}

fn seq(attributes: &Map<String, Value>) -> Option<i64> {
    attributes.get("ramptrace.seq")?.as_i64()
}

/// The facts of a run, if all its spans are ramptrace's.
pub(super) fn facts(index: &Index, group: &Group) -> Option<RunFacts> {
    let mut found: Option<RunFacts> = None;
    for i in group.spans() {
        let resource = index.resource_of(&index.spans[i as usize]);
        let text = |name: &str| {
            let text = resource.get(&format!("{PREFIX}{name}"))?.as_str()?;
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let facts = RunFacts {
            run_id: text("run_id")?,
            workload: text("workload")?,
            model: text("model")?,
            provider: text("provider"),
            agent: text("agent"),
            protocol: text("protocol"),
        };
        if found.as_ref().is_some_and(|known| *known != facts) {
            return None;
        }
        found = Some(facts);
    }
    found
}

/// Hands the run to a sink.
pub(super) fn convert(
    index: &Index,
    group: &Group,
    run: &RunFacts,
    mut report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut entries: Vec<&Entry> = group.spans().map(|i| &index.spans[i as usize]).collect();
    entries.sort_by_key(|e| (e.seq, e.file, e.place.offset));
    let start = entries.iter().find_map(|e| {
        let micros = index.resource_of(e).get("ramptrace.start_us")?.as_i64()?;
        Some(Timestamp::from_micros(micros))
    });
    sink.begin(run.clone(), start)?;
    let mut waiting: BTreeMap<(i64, u64), Event> = BTreeMap::new();
    let mut number = 0;
    let mut graded = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let path = index.files[entry.file as usize].name();
        if entry.seq.is_none() {
            report.merge("span around others");
            continue;
        }
        let span = index.read(entry)?;
        let mut problems = Vec::new();
        for row in rows_of(&span) {
            let kept = row.and_then(|event| sound(run, event, &mut graded));
            match kept {
                Ok(event) => {
                    number += 1;
                    waiting.insert((event.seq, number), event);
                }
                Err(problem) => problems.push(problem),
            }
        }
        match problems.first() {
            None => report.used(),
            Some(problem) => report.reject(path, entry.place.line, problem),
        }
        let next = entries.get(at + 1).and_then(|entry| entry.seq).unwrap_or(i64::MAX);
        while let Some(first) = waiting.first_entry().filter(|first| first.key().0 < next) {
            sink.event(first.remove())?;
        }
    }
    for event in waiting.into_values() {
        sink.event(event)?;
    }
    sink.end(report)
}

/// The row, if it keeps the rules of a trace.
fn sound(run: &RunFacts, mut event: Event, graded: &mut BTreeSet<i64>) -> Result<Event, String> {
    let seq = event.seq;
    (event.seq, event.offset_us) = (0, event.ts.map(|_| 0));
    if let Some(problem) = RowCheck::default().row(run, &event).into_iter().next() {
        return Err(problem);
    }
    if event.kind == Kind::StageResult && event.stage.is_some_and(|stage| !graded.insert(stage)) {
        return Err("a second stage_result of this stage".to_owned());
    }
    (event.seq, event.offset_us) = (seq, None);
    Ok(event)
}

/// The rows of a span: itself, if it is one, and its events.
fn rows_of(span: &Span) -> Vec<Result<Event, String>> {
    let input = messages(span, "gen_ai.input.messages");
    let of_span = seq(&span.attributes).map(|_| row_of(span));
    let of_events = span.events.iter().filter(|event| seq(&event.attributes).is_some());
    of_span.into_iter().chain(of_events.map(|event| row_of_event(event, &input))).collect()
}

fn row_of(span: &Span) -> Result<Event, String> {
    let mut columns = columns(&span.attributes);
    let is = |kind: &str| columns.get("kind").is_some_and(|k| k == kind);
    let is_call = is("llm_call");
    let is_failed = is("error") || is_call && columns.contains_key("error_type");
    if is_call {
        let said = messages(span, "gen_ai.output.messages");
        add(&mut columns, "content", said.first().and_then(text_of));
        let reasons = span.attributes.get("gen_ai.response.finish_reasons");
        add(&mut columns, "finish_reason", reasons.and_then(|reasons| reasons.get(0)).cloned());
    }
    if is_failed && !span.status_message.is_empty() {
        add(&mut columns, "content", Some(span.status_message.as_str().into()));
    }
    add_time(&mut columns, &span.attributes, span.start_ns);
    let took = span.end_ns.zip(span.start_ns).and_then(|(end, start)| end.checked_sub(start));
    let took = took.filter(|_| !has(&span.attributes, "no_duration"));
    add(&mut columns, "duration_ms", took.map(|ns| millis(ns).into()));
    event(columns)
}

/// The row that an event of a span is; of a message, the text stands among those of the span.
fn row_of_event(happened: &SpanEvent, input: &[Value]) -> Result<Event, String> {
    let attributes = &happened.attributes;
    let mut columns = columns(attributes);
    let place = columns.shift_remove("message").and_then(|i| usize::try_from(i.as_u64()?).ok());
    if let Some(said) = place.and_then(|place| input.get(place)) {
        let role = said.get("role").cloned().filter(|_| !has(attributes, "no_role"));
        add(&mut columns, "role", role);
        add(&mut columns, "content", text_of(said).filter(|_| !has(attributes, "no_content")));
    }
    add_time(&mut columns, attributes, happened.time_ns);
    event(columns)
}

fn add_time(columns: &mut Map<String, Value>, attributes: &Map<String, Value>, ns: Option<u64>) {
    let ts = ns.filter(|_| !has(attributes, "no_ts")).and_then(time);
    add(columns, "ts", ts.map(|ts| ts.micros().into()));
}

fn has(attributes: &Map<String, Value>, mark: &str) -> bool {
    attributes.contains_key(&format!("{PREFIX}{mark}"))
}

/// The columns that stand in attributes under either name.
fn columns(attributes: &Map<String, Value>) -> Map<String, Value> {
    let mut columns = Map::new();
    for (name, column) in NAMES {
        if !has(attributes, &format!("no_{column}")) {
            add(&mut columns, column, attributes.get(*name).cloned());
        }
    }
    for (name, value) in attributes {
        if let Some(column) = name.strip_prefix(PREFIX).filter(|name| !name.starts_with("no_")) {
            columns.insert(column.to_owned(), value.clone());
        }
    }
    columns
}

fn add(columns: &mut Map<String, Value>, column: &str, value: Option<Value>) {
    if let Some(value) = value.filter(|_| !columns.contains_key(column)) {
        columns.insert(column.to_owned(), value);
    }
}

/// A row from its columns.
fn event(mut columns: Map<String, Value>) -> Result<Event, String> {
    for column in COLUMNS.iter().filter(|column| column.ty == ColumnType::Float) {
        // A row in JSON has numbers with a fraction as texts.
        if let Some(number) = columns.get(column.name).and_then(Value::as_f64) {
            columns.insert(column.name.to_owned(), format!("{number:?}").into());
        }
    }
    serde_json::from_value(Value::Object(columns)).map_err(|e| e.to_string())
}

fn messages(span: &Span, name: &str) -> Vec<Value> {
    let messages = span.attributes.get(name).and_then(Value::as_str);
    messages.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// The text of a message's first part.
fn text_of(message: &Value) -> Option<Value> {
    message.get("parts")?.as_array()?.iter().find(|p| p["type"] == "text")?.get("content").cloned()
}

#[expect(clippy::cast_precision_loss, reason = "what is not exact is exported as a column")]
fn millis(ns: u64) -> f64 {
    ns as f64 / 1e6
}
