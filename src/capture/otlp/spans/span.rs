//! A span as the rest of the receiver sees it: identifiers as text, attributes as JSON.

use super::wire::{AnyValue, Content, KeyValue, Resource, TraceRequest, WireSpan};
use crate::trace::hexadecimal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::{Map, Value};
use std::sync::Arc;
use thiserror::Error;

/// One span.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Trace that it belongs to, in hexadecimal digits; empty when it names none.
    pub trace_id: String,
    /// Its identifier within the trace; empty when it has none.
    pub span_id: String,
    /// The span that it is part of; none for the root of a trace.
    pub parent_id: Option<String>,
    /// What it is called.
    pub name: String,
    /// Nanoseconds since the epoch at which it began.
    pub start_ns: Option<u64>,
    /// Nanoseconds since the epoch at which it ended.
    pub end_ns: Option<u64>,
    /// What is known of it.
    pub attributes: Map<String, Value>,
    /// What happened in it.
    pub events: Vec<SpanEvent>,
    /// How it ended.
    pub status: SpanStatus,
    /// What its status says, empty when nothing.
    pub status_message: String,
    /// The instrumentation that made it, empty when unknown.
    pub scope: String,
    /// What is known of the process that it is from.
    pub resource: Arc<Map<String, Value>>,
}

/// Something that happened in a span.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanEvent {
    /// What it is called.
    pub name: String,
    /// Nanoseconds since the epoch at which it happened.
    pub time_ns: Option<u64>,
    /// What is known of it.
    pub attributes: Map<String, Value>,
}

/// How a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanStatus {
    /// It does not say.
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

/// A request that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no OTLP traces: {problem}")]
pub struct WireError {
    problem: String,
}

/// The spans of a request in protobuf.
pub fn from_protobuf(bytes: &[u8]) -> Result<Vec<Span>, WireError> {
    let request = TraceRequest::decode(bytes);
    request.map(spans).map_err(|e| WireError { problem: e.to_string() })
}

/// The spans of a request in JSON.
pub fn from_json(bytes: &[u8]) -> Result<Vec<Span>, WireError> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(WireError { problem: "not a JSON object".to_owned() });
    }
    let request = serde_json::from_slice::<TraceRequest>(bytes);
    request.map(spans).map_err(|e| WireError { problem: e.to_string() })
}

/// One span in JSON by itself, of which the instrumentation and the resource stand elsewhere.
pub fn span_from_json(
    bytes: &[u8],
    scope: &str,
    resource: &Arc<Map<String, Value>>,
) -> Result<Span, WireError> {
    let span = serde_json::from_slice::<WireSpan>(bytes);
    span.map(|span| plain(span, scope, resource)).map_err(|e| WireError { problem: e.to_string() })
}

/// The attributes of an object in JSON that has a list of them, such as a resource or a record of a log.
pub fn attributes_from_json(bytes: &[u8]) -> Result<Map<String, Value>, WireError> {
    let holder = serde_json::from_slice::<Resource>(bytes);
    holder.map(|h| object(h.attributes)).map_err(|e| WireError { problem: e.to_string() })
}

fn spans(request: TraceRequest) -> Vec<Span> {
    let mut found = Vec::new();
    for of_resource in request.resource_spans {
        let attributes = of_resource.resource.unwrap_or_default().attributes;
        let resource = Arc::new(object(attributes));
        for of_scope in of_resource.scope_spans {
            let scope = of_scope.scope.unwrap_or_default().name;
            found.extend(of_scope.spans.into_iter().map(|span| plain(span, &scope, &resource)));
        }
    }
    found
}

fn plain(span: WireSpan, scope: &str, resource: &Arc<Map<String, Value>>) -> Span {
    let status = span.status.unwrap_or_default();
    let event = |event: super::wire::WireEvent| SpanEvent {
        name: event.name,
        time_ns: Some(event.time_unix_nano).filter(|ns| *ns > 0),
        attributes: object(event.attributes),
    };
    Span {
        trace_id: id(&span.trace_id),
        span_id: id(&span.span_id),
        parent_id: Some(id(&span.parent_span_id)).filter(|id| !id.is_empty()),
        name: span.name,
        start_ns: Some(span.start_time_unix_nano).filter(|ns| *ns > 0),
        end_ns: Some(span.end_time_unix_nano).filter(|ns| *ns > 0),
        attributes: object(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        status: match status.code {
            1 => SpanStatus::Ok,
            2 => SpanStatus::Error,
            _ => SpanStatus::Unset,
        },
        status_message: status.message,
        scope: scope.to_owned(),
        resource: Arc::clone(resource),
    }
}

/// An identifier in hexadecimal digits. One of zeros is none.
fn id(bytes: &[u8]) -> String {
    if bytes.iter().all(|b| *b == 0) {
        return String::new();
    }
    hexadecimal(bytes)
}

/// Attributes by name; of two with the same name the last.
fn object(attributes: Vec<KeyValue>) -> Map<String, Value> {
    attributes.into_iter().map(|a| (a.key, a.value.map_or(Value::Null, json_value))).collect()
}

fn json_value(value: AnyValue) -> Value {
    match value.content {
        None => Value::Null,
        Some(Content::Text(text)) => Value::String(text),
        Some(Content::Bool(flag)) => Value::Bool(flag),
        Some(Content::Int(int)) => Value::from(int),
        // JSON has no infinity.
        Some(Content::Double(double)) => serde_json::Number::from_f64(double)
            .map_or_else(|| Value::String(double.to_string()), Value::Number),
        Some(Content::Array(array)) => array.values.into_iter().map(json_value).collect(),
        Some(Content::List(list)) => Value::Object(object(list.values)),
        Some(Content::Bytes(bytes)) => Value::String(STANDARD.encode(bytes)),
    }
}
