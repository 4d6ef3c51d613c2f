//! Records of logs that say what a span would: Claude Code exports its requests and tool calls as events of the OpenTelemetry
//! logs protocol (`claude_code.api_request`), and spans of them not at all or only when asked to.
//!
//! Names of events and attributes are those of Claude Code's documentation on monitoring. Token counts are Anthropic's: the
//! input is what was not cached.

use super::super::files::lenient;
use crate::capture::otlp::spans::{Span, attributes_from_json, span_from_json};
use crate::trace::hexadecimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a record is.
pub(super) enum Record {
    /// One that says what a span would.
    Span,
    /// Another, by its name.
    Other(String),
}

/// Tells what a record is.
pub(super) fn kind(bytes: &[u8]) -> Record {
    let record: Value = lenient(bytes).unwrap_or_default();
    let name = name(&record, &attributes_from_json(bytes).unwrap_or_default());
    match name.as_str() {
        "api_request" | "api_error" | "tool_result" | "user_prompt" => Record::Span,
        "" => Record::Other("without a name".to_owned()),
        _ => Record::Other(name.chars().take(80).collect()),
    }
}

/// The name of a record's event without the `claude_code.` that only its body has; of others with all of it.
fn name(record: &Value, attributes: &Map<String, Value>) -> String {
    let of_body =
        record.get("body").and_then(|body| body.get("stringValue")).and_then(Value::as_str);
    let of_claude = of_body.and_then(|body| body.strip_prefix("claude_code."));
    let name = of_claude
        .or_else(|| record.get("eventName")?.as_str())
        .or_else(|| attributes.get("event.name")?.as_str());
    name.unwrap_or_default().to_owned()
}

/// The span that a record stands for. It has no trace of its own: its session is one.
pub(super) fn span(
    bytes: &[u8],
    scope: &str,
    resource: &Arc<Map<String, Value>>,
) -> Result<Span, String> {
    let record: Value = lenient(bytes).map_err(|e| format!("not valid JSON: {e}"))?;
    let mut given = attributes_from_json(bytes).map_err(|e| e.to_string())?;
    let name = name(&record, &given);
    let mut span = span_from_json(b"{}", scope, resource).map_err(|e| e.to_string())?;
    let nanos = |name: &str| match record.get(name)? {
        Value::String(text) => text.parse::<u64>().ok(),
        other => other.as_u64(),
    };
    span.end_ns = nanos("timeUnixNano")
        .filter(|ns| *ns > 0)
        .or_else(|| nanos("observedTimeUnixNano"))
        .filter(|ns| *ns > 0);
    let took =
        count(&given, "duration_ms").and_then(|ms| u64::try_from(ms).ok()?.checked_mul(1_000_000));
    span.start_ns = span.end_ns.map(|end| end.saturating_sub(took.unwrap_or(0)));
    let session = given.get("session.id").and_then(Value::as_str).unwrap_or_default();
    if !session.is_empty() {
        span.trace_id = id(&[b"claude-code session", session.as_bytes()], 16);
    }
    span.span_id = id(&[b"claude-code record", bytes], 8);
    span.name.clone_from(&name);
    given.shift_remove("event.name");
    span.attributes = match name.as_str() {
        "tool_result" => tool_call(given, &mut span),
        "user_prompt" => prompt(given),
        _ => request(given, &mut span),
    };
    Ok(span)
}

fn request(mut given: Map<String, Value>, span: &mut Span) -> Map<String, Value> {
    let [uncached, read, write, output] =
        ["input_tokens", "cache_read_tokens", "cache_creation_tokens", "output_tokens"].map(
            |name| {
                let tokens = count(&given, name);
                given.shift_remove(name);
                tokens
            },
        );
    let input =
        uncached.map(|n| n.saturating_add(read.unwrap_or(0)).saturating_add(write.unwrap_or(0)));
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
    set("gen_ai.operation.name", "chat".into());
    set("gen_ai.provider.name", "anthropic".into());
    for (name, tokens) in [
        ("gen_ai.usage.input_tokens", input),
        ("gen_ai.usage.cache_read.input_tokens", read),
        ("gen_ai.usage.cache_creation.input_tokens", write),
        ("gen_ai.usage.output_tokens", output),
    ] {
        if let Some(tokens) = tokens {
            set(name, tokens.into());
        }
    }
    for (from, to) in [
        ("model", "gen_ai.request.model"),
        ("request_id", "gen_ai.response.id"),
        ("cost_usd", "gen_ai.usage.cost"),
    ] {
        if let Some(value) = given.shift_remove(from) {
            set(to, value);
        }
    }
    if let Some(error) = given.shift_remove("error") {
        fail(span, &error);
        let status = given.shift_remove("status_code");
        set(
            "error.type",
            status.filter(|s| !s.is_null()).map_or_else(|| "_OTHER".into(), |s| text(&s).into()),
        );
    }
    attributes.extend(given);
    attributes
}

fn tool_call(mut given: Map<String, Value>, span: &mut Span) -> Map<String, Value> {
    let mut attributes = Map::new();
    let mut set = |name: &str, value: Value| attributes.insert(name.to_owned(), value);
    set("gen_ai.operation.name", "execute_tool".into());
    let names = [
        ("tool_name", "gen_ai.tool.name"),
        ("tool_use_id", "gen_ai.tool.call.id"),
        ("tool_input", "gen_ai.tool.call.arguments"),
        ("tool_parameters", "gen_ai.tool.call.arguments"),
    ];
    for (from, to) in names {
        if let Some(value) = given.shift_remove(from) {
            set(to, value);
        }
    }
    let error = given.shift_remove("error");
    if given.get("success").is_some_and(|success| text(success) == "false") || error.is_some() {
        fail(span, &error.unwrap_or_default());
    }
    attributes.extend(given);
    attributes
}

/// A prompt is no call: it is what the next one is asked.
fn prompt(mut given: Map<String, Value>) -> Map<String, Value> {
    let prompt = given.shift_remove("prompt").map(|prompt| text(&prompt)).unwrap_or_default();
    let mut attributes = Map::new();
    attributes.insert("gen_ai.operation.name".to_owned(), "user_prompt".into());
    let messages = json!([{ "role": "user", "parts": [{ "type": "text", "content": prompt }] }]);
    attributes.insert("gen_ai.input.messages".to_owned(), messages);
    attributes.extend(given);
    attributes
}

fn fail(span: &mut Span, error: &Value) {
    span.status = crate::capture::otlp::spans::SpanStatus::Error;
    span.status_message = text(error);
}

/// A text, or the JSON of another value.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A count, which Claude Code may write as a text.
fn count(attributes: &Map<String, Value>, name: &str) -> Option<i64> {
    match attributes.get(name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// An identifier of so many bytes that follows from others.
fn id(parts: &[&[u8]], bytes: usize) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    hexadecimal(&digest.finalize()[..bytes])
}
