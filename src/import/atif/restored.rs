//! Rows that ramptrace wrote into a document, as they were.
//!
//! An export says what the format has words for in its words, and adds under `extra.ramptrace` of each step, call and
//! result the columns that it has none for; rows that are no steps stand under the document's own `extra.ramptrace`. A
//! column that is said twice holds what the `ramptrace` part says; a null there means that the row has none. Should
//! anyone have added a step, or left the document with rows that break a rule, it is read as any other document.

use super::super::ImportReport;
use super::document::Document;
use crate::trace::{Event, RowCheck, RunFacts, Timestamp};
use serde_json::{Map, Value};

/// The name under `extra`.
const EXTRA: &str = "ramptrace";

/// The run as it was exported; `None` for a document of another writer.
pub(super) fn restored(
    document: &Document,
    report: &mut ImportReport,
) -> Option<(RunFacts, Vec<Event>)> {
    let own = document.rest.peek("extra")?.get(EXTRA)?;
    let found = read(own, document);
    match &found {
        Some((_, events)) => events.iter().for_each(|_| report.used()),
        None => report.warn(
            "the document was changed after ramptrace wrote it; it is read as that of another tool",
        ),
    }
    found
}

fn read(own: &Value, document: &Document) -> Option<(RunFacts, Vec<Event>)> {
    let run: RunFacts = serde_json::from_value(own.get("run")?.clone()).ok()?;
    let mut events = Vec::new();
    for row in own.get("rows")?.as_array()? {
        events.push(event(row.as_object()?.clone(), None)?);
    }
    steps(&document.steps, &mut events)?;
    let mut open: Vec<&Value> = document.subagents.iter().collect();
    while let Some(next) = open.pop() {
        steps(next.get("steps")?.as_array()?, &mut events)?;
        if let Some(inner) = next.get("subagent_trajectories") {
            open.extend(inner.as_array()?);
        }
    }
    events.sort_by_key(|e| e.seq);
    // Offsets are counted anew by the sink; the rule is that a row with a time has one.
    for event in &mut events {
        event.offset_us = event.ts.map(|_| 0);
    }
    let mut check = RowCheck::default();
    let named = [&run.run_id, &run.workload, &run.model].iter().all(|text| !text.is_empty());
    let sound = events.iter().all(|e| check.row(&run, e).is_empty());
    (named && sound).then_some((run, events))
}

/// The rows of steps: the step itself, its calls, and results that belong to no call.
fn steps(steps: &[Value], events: &mut Vec<Event>) -> Option<()> {
    for step in steps {
        let mut columns = Map::new();
        copy(step, &mut columns, &[("timestamp", "ts"), ("message", "content")]);
        let role = step.get("source")?.as_str()?;
        columns.insert("role".to_owned(), if role == "agent" { "assistant" } else { role }.into());
        if let Some(metrics) = step.get("metrics") {
            copy(metrics, &mut columns, METRICS);
        }
        let results =
            step.get("observation").and_then(|o| o.get("results")).and_then(Value::as_array);
        let results = results.map(Vec::as_slice).unwrap_or_default();
        if let Some(extra) = step.get("extra").and_then(|e| e.get(EXTRA)) {
            let reasoning = step.get("reasoning_content");
            events.push(event(laid_over(columns.clone(), extra)?, reasoning)?);
        } else if step.get("llm_call_count").and_then(Value::as_u64) != Some(0) {
            // A step that stands for no call may be the place of calls that nobody asked for.
            return None;
        }
        let calls = step.get("tool_calls").and_then(Value::as_array);
        for call in calls.into_iter().flatten() {
            let extra = call.get("extra")?.get(EXTRA)?;
            let mut columns = Map::new();
            copy(
                call,
                &mut columns,
                &[("tool_call_id", "tool_call_id"), ("function_name", "tool_name")],
            );
            columns.insert("arguments".to_owned(), call.get("arguments")?.to_string().into());
            let id = call.get("tool_call_id");
            if let Some(result) = results.iter().find(|r| r.get("source_call_id") == id) {
                copy(result, &mut columns, &[("content", "content")]);
            }
            events.push(event(laid_over(columns, extra)?, None)?);
        }
        for result in results.iter().filter(|r| r.get("source_call_id").is_none_or(Value::is_null))
        {
            let Some(extra) = result.get("extra").and_then(|e| e.get(EXTRA)) else { continue };
            let mut columns = Map::new();
            copy(result, &mut columns, &[("content", "content")]);
            events.push(event(laid_over(columns, extra)?, None)?);
        }
    }
    Some(())
}

/// Fields of the format and the columns that they are.
const METRICS: &[(&str, &str)] = &[
    ("prompt_tokens", "input_tokens"),
    ("cached_tokens", "cache_read_tokens"),
    ("completion_tokens", "output_tokens"),
    ("cost_usd", "cost_usd"),
];

/// Copies what a row has in the format's own words.
fn copy(from: &Value, columns: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (name, column) in names {
        let value = match (*column, from.get(name)) {
            (_, None | Some(Value::Null)) => continue,
            ("ts", Some(text)) => match text.as_str().and_then(Timestamp::parse_zoned) {
                Some(ts) => ts.micros().into(),
                None => continue,
            },
            ("cost_usd", Some(amount)) => amount.to_string().into(),
            (_, Some(value)) => value.clone(),
        };
        columns.insert((*column).to_owned(), value);
    }
}

/// Columns with those that only ramptrace has laid over them.
fn laid_over(mut columns: Map<String, Value>, extra: &Value) -> Option<Map<String, Value>> {
    for (name, value) in extra.as_object()? {
        if value.is_null() {
            columns.shift_remove(name);
        } else {
            columns.insert(name.clone(), value.clone());
        }
    }
    Some(columns)
}

/// A row from its columns. Attributes stand as an object, in which a null is what the step says in its own words.
fn event(mut columns: Map<String, Value>, reasoning: Option<&Value>) -> Option<Event> {
    if let Some(Value::Object(attributes)) = columns.get_mut("attributes") {
        if let (Some(slot @ Value::Null), Some(text)) = (attributes.get_mut("reasoning"), reasoning)
        {
            *slot = text.clone();
        }
        let text = Value::Object(std::mem::take(attributes)).to_string();
        columns.insert("attributes".to_owned(), text.into());
    }
    serde_json::from_value(Value::Object(columns)).ok()
}
