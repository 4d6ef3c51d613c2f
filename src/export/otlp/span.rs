//! A span, and how OTLP/JSON writes it: 64-bit integers as text, identifiers in hexadecimal digits.

use crate::trace::hexadecimal;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// A span that is being built.
#[derive(Debug, Default)]
pub(super) struct Span {
    pub(super) id: String,
    /// The place of the span that it is in.
    pub(super) parent: Option<usize>,
    pub(super) name: String,
    /// Whether it is a request to another process.
    pub(super) is_request: bool,
    pub(super) start_ns: Option<u64>,
    pub(super) end_ns: Option<u64>,
    pub(super) attributes: Map<String, Value>,
    pub(super) events: Vec<Happened>,
    /// What its error says.
    pub(super) error: Option<String>,
}

/// An event of a span.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) name: String,
    pub(super) ns: Option<u64>,
    pub(super) attributes: Map<String, Value>,
}

impl Span {
    /// Makes it last at least from one time to another.
    pub(super) fn include(&mut self, start: Option<u64>, end: Option<u64>) {
        let later = |a: Option<u64>, b: Option<u64>| a.max(b);
        self.start_ns = match (self.start_ns, start) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.end_ns = later(self.end_ns, later(start, end));
    }

    /// As OTLP/JSON. `before` is the time of the span before it, for one without: viewers need one.
    pub(super) fn json(self, trace: &str, parent: Option<&str>, before: u64) -> Value {
        let start = self.start_ns.unwrap_or(before);
        let end = self.end_ns.filter(|end| *end >= start).unwrap_or(start);
        let events: Vec<Value> = self
            .events
            .into_iter()
            .map(|event| {
                let ns = event.ns.unwrap_or(start);
                json!({ "timeUnixNano": ns.to_string(), "name": event.name, "attributes": attributes(&event.attributes) })
            })
            .collect();
        let mut span = json!({
            "traceId": trace,
            "spanId": self.id,
            "name": self.name,
            "kind": if self.is_request { 3 } else { 1 },
            "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": end.to_string(),
            "attributes": attributes(&self.attributes),
        });
        if let Some(parent) = parent {
            span["parentSpanId"] = parent.into();
        }
        if !events.is_empty() {
            span["events"] = Value::Array(events);
        }
        if let Some(message) = self.error {
            span["status"] = json!({ "code": 2, "message": message });
        }
        span
    }
}

fn attributes(attributes: &Map<String, Value>) -> Vec<Value> {
    attributes.iter().map(|(name, value)| attribute(name, value)).collect()
}

/// An attribute.
pub(super) fn attribute(name: &str, value: &Value) -> Value {
    json!({ "key": name, "value": any_value(value) })
}

fn any_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        Value::String(text) => json!({ "stringValue": text }),
        Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
        Value::Array(items) => {
            json!({ "arrayValue": { "values": items.iter().map(any_value).collect::<Vec<_>>() } })
        }
        Value::Object(fields) => json!({ "kvlistValue": { "values": attributes(fields) } }),
    }
}

/// An identifier of so many bytes that follows from texts.
pub(super) fn id(parts: &[&str], bytes: usize) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        // Lengths keep apart what would be the same when joined.
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    hexadecimal(&digest.finalize()[..bytes])
}
