//! One row in the format's words, and the columns that it has none for.
//!
//! What is left over is found by taking away, from all columns of a row, those that a reader gets from the format's own
//! fields. A field that must be there although the row has no such column is marked by a null.

use super::super::Exported;
use crate::trace::{Event, Kind, Timestamp};
use serde_json::{Map, Value, json};

/// The columns of a row.
pub(super) type Columns = Map<String, Value>;

/// The name under `extra`.
pub(super) const EXTRA: &str = "ramptrace";

/// Columns that follow from others and are not written.
const DERIVED: &[&str] = &["offset_us"];
/// Columns that only say where a row is, or what it is: nobody misses them in a trajectory.
const PLACE: &[&str] = &["seq", "kind", "clock", "attempt", "event_id", "parent_event_id", "role"];

/// All columns of a row.
pub(super) fn columns(event: &Event) -> Columns {
    let mut columns = match serde_json::to_value(event) {
        Ok(Value::Object(columns)) => columns,
        _ => Columns::new(),
    };
    for name in DERIVED {
        columns.shift_remove(*name);
    }
    // Attributes are JSON in a text; as an object they can be read, if they come back as the same text.
    if let Some(text) = columns.get("attributes").and_then(Value::as_str)
        && let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(text)
        && serde_json::to_string(&object).is_ok_and(|written| written == text)
    {
        columns.insert("attributes".to_owned(), object);
    }
    columns
}

/// Takes what the format says in its own words out of a row's columns.
pub(super) fn without(mut columns: Columns, native: &Columns) -> Columns {
    for (name, value) in native {
        if columns.get(name) == Some(value) {
            columns.shift_remove(name);
        } else if !columns.contains_key(name) {
            columns.insert(name.clone(), Value::Null);
        }
    }
    columns
}

/// Counts the columns that only ramptrace will understand.
pub(super) fn count(left: &Columns, exported: &mut Exported) {
    for (name, value) in left {
        if !value.is_null() && !PLACE.contains(&name.as_str()) {
            exported.cannot_say(name);
        }
    }
}

/// A time in the format's words: ISO 8601, between the years 1 and 9999.
pub(super) fn time(ts: Option<Timestamp>) -> Option<String> {
    let text = ts?.to_string();
    let plain =
        text.len() >= 20 && text.as_bytes()[0].is_ascii_digit() && !text.starts_with("0000");
    (plain && Timestamp::parse_zoned(&text) == ts).then_some(text)
}

/// A step without its tool calls, with the columns that a reader gets from it.
pub(super) fn step(event: &Event, source: &str, exported: &mut Exported) -> Value {
    let mut native = Columns::new();
    let mut step = Map::new();
    if let Some(text) = time(event.ts) {
        native.insert("ts".to_owned(), event.ts.map(Timestamp::micros).into());
        step.insert("timestamp".to_owned(), text.into());
    }
    step.insert("source".to_owned(), source.into());
    let role = if source == "agent" { "assistant" } else { source };
    native.insert("role".to_owned(), role.into());
    let content = event.content.clone().unwrap_or_default();
    native.insert("content".to_owned(), content.clone().into());
    step.insert("message".to_owned(), content.into());
    let mut all = columns(event);
    if source == "agent" {
        let attributes = all.get_mut("attributes").and_then(Value::as_object_mut);
        if let Some(attributes) = attributes {
            if let Some(model) = attributes.get("model").and_then(Value::as_str) {
                step.insert("model_name".to_owned(), model.into());
            }
            // A call that was never made cannot have thought.
            let called = event.kind == Kind::LlmCall;
            if let Some(slot) = attributes.get_mut("reasoning").filter(|r| called && r.is_string())
            {
                step.insert("reasoning_content".to_owned(), slot.take());
            }
        }
        if event.kind == Kind::LlmCall {
            metrics(event, &mut step, &mut native);
            step.insert(
                "llm_call_count".to_owned(),
                event.llm_call_count.filter(|n| *n > 0).unwrap_or(1).into(),
            );
        } else {
            step.insert("llm_call_count".to_owned(), 0.into());
        }
    }
    let left = without(all, &native);
    count(&left, exported);
    step.insert("extra".to_owned(), json!({ EXTRA: left }));
    Value::Object(step)
}

/// The numbers of a call.
fn metrics(event: &Event, step: &mut Map<String, Value>, native: &mut Columns) {
    let mut metrics = Map::new();
    for (name, column, count) in [
        ("prompt_tokens", "input_tokens", event.input_tokens),
        ("completion_tokens", "output_tokens", event.output_tokens),
        ("cached_tokens", "cache_read_tokens", event.cache_read_tokens),
    ] {
        if let Some(count) = count {
            metrics.insert(name.to_owned(), count.into());
            native.insert(column.to_owned(), count.into());
        }
    }
    if let Some(cost) = event.cost_usd {
        let dollars = json!(cost.to_f64());
        // As text, which is how the column is written; where the float is not exact, the column stands beside it.
        native.insert("cost_usd".to_owned(), dollars.to_string().into());
        metrics.insert("cost_usd".to_owned(), dollars);
    }
    if !metrics.is_empty() {
        step.insert("metrics".to_owned(), metrics.into());
    }
}

/// A tool call and its result.
pub(super) fn tool_call(
    event: &Event,
    id: &str,
    exported: &mut Exported,
) -> (Value, Option<Value>) {
    let mut native = Columns::new();
    let name = event.tool_name.clone().unwrap_or_default();
    native.insert("tool_call_id".to_owned(), id.into());
    native.insert("tool_name".to_owned(), name.clone().into());
    let parsed = event.arguments.as_deref().and_then(|a| serde_json::from_str::<Value>(a).ok());
    let arguments = match parsed {
        Some(object @ Value::Object(_)) => object,
        _ => match &event.arguments {
            Some(text) => {
                exported.cannot_say("arguments that are not a JSON object");
                json!({ "arguments": text })
            }
            None => json!({}),
        },
    };
    native.insert("arguments".to_owned(), arguments.to_string().into());
    let result = event.content.as_ref().map(|content| {
        native.insert("content".to_owned(), content.clone().into());
        json!({ "source_call_id": id, "content": content })
    });
    let left = without(columns(event), &native);
    count(&left, exported);
    let call = json!({
        "tool_call_id": id,
        "function_name": name,
        "arguments": arguments,
        "extra": { EXTRA: left },
    });
    (call, result)
}

/// A message that answers a step without being asked for by a call.
pub(super) fn result(event: &Event, exported: &mut Exported) -> Value {
    let mut native = Columns::new();
    let content = event.content.clone().unwrap_or_default();
    native.insert("content".to_owned(), content.clone().into());
    let left = without(columns(event), &native);
    count(&left, exported);
    json!({ "content": content, "extra": { EXTRA: left } })
}
