//! Spans that are not OTLP: one object each, with attributes as an object, and what they are told by.
//!
//! * the file exporter of Copilot CLI, and JSON of the JavaScript SDK: `traceId`, times as `[seconds, nanoseconds]`
//! * the console exporter of the Python SDK: `context.trace_id` as `0x...`, times in ISO 8601
//! * any-agent: the same with identifiers as integers of up to 128 bits, times in nanoseconds
//!
//! Whatever has a name, attributes, an identifier and a start is read, in any mixture of these.

use super::super::files::lenient;
use crate::capture::otlp::spans::{Span, SpanEvent, SpanStatus};
use crate::trace::Timestamp;
use serde_json::Value;
use std::sync::Arc;

/// What an object is that is no span: the message for those who find it rejected.
pub(super) const NO_SPAN: &str = "neither OTLP/JSON (`resourceSpans`, `scopeSpans`) nor a span of an SDK's console or \
     file exporter (a name, attributes, trace and span identifiers, a start)";

/// The span that an object is.
pub(super) fn span(bytes: &[u8]) -> Result<Span, String> {
    let value: Value =
        lenient(&long_integers_as_text(bytes)).map_err(|e| format!("not valid JSON: {e}"))?;
    of(&value).ok_or_else(|| NO_SPAN.to_owned())
}

fn of(value: &Value) -> Option<Span> {
    let fields = value.as_object()?;
    let get = |names: &[&str]| names.iter().find_map(|n| fields.get(*n)).filter(|v| !v.is_null());
    let context = ["context", "spanContext", "_spanContext"].iter().find_map(|n| fields.get(*n));
    let of_context = |names: &[&str]| {
        let found = names.iter().find_map(|n| context?.get(*n));
        found.or_else(|| get(names))
    };
    let Value::Object(attributes) = unmarked(get(&["attributes"])?.clone()) else { return None };
    let start_ns = nanos(get(&["startTime", "start_time", "startTimeUnixNano", "timestamp"])?)?;
    let trace_id = id(of_context(&["traceId", "trace_id"])?, 32)?;
    let span_id = of_context(&["spanId", "span_id"]).or_else(|| get(&["id"]))?;
    let parent = get(&["parentSpanId", "parent_id", "parentId"]).or_else(|| {
        let parent = get(&["parent", "parentSpanContext"])?;
        ["span_id", "spanId"].iter().find_map(|n| parent.get(*n))
    });
    let duration = || match get(&["duration"])? {
        // The console exporter for JavaScript counts microseconds.
        Value::Number(micros) => micros.as_u64()?.checked_mul(1_000),
        parts => nanos(parts),
    };
    let end_ns = get(&["endTime", "end_time", "endTimeUnixNano"]).and_then(nanos);
    let end_ns = end_ns.or_else(|| start_ns.checked_add(duration()?));
    let (status, status_message) = status(get(&["status"]));
    let scope =
        ["instrumentationScope", "instrumentation_scope", "instrumentationLibrary", "scope"];
    let named = |value: &Value| Some(value.get("name")?.as_str()?.to_owned());
    let resource = get(&["resource"]).and_then(|r| r.get("attributes").or(Some(r)));
    Some(Span {
        trace_id,
        span_id: id(span_id, 16)?,
        parent_id: parent.and_then(|parent| id(parent, 16)).filter(|id| !id.is_empty()),
        name: get(&["name"])?.as_str()?.to_owned(),
        start_ns: Some(start_ns).filter(|ns| *ns > 0),
        end_ns,
        attributes,
        events: get(&["events"]).and_then(Value::as_array).map(|e| events(e)).unwrap_or_default(),
        status,
        status_message,
        scope: get(&scope).and_then(named).unwrap_or_default(),
        resource: Arc::new(resource.and_then(Value::as_object).cloned().unwrap_or_default()),
    })
}

fn events(events: &[Value]) -> Vec<SpanEvent> {
    let event = |event: &Value| {
        let time = ["time", "timestamp", "timeUnixNano"].iter().find_map(|n| event.get(*n));
        Some(SpanEvent {
            name: event.get("name")?.as_str()?.to_owned(),
            time_ns: time.and_then(nanos),
            attributes: event
                .get("attributes")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        })
    };
    events.iter().filter_map(event).collect()
}

/// Status codes are numbers, or names in any case.
fn status(status: Option<&Value>) -> (SpanStatus, String) {
    let Some(status) = status else { return (SpanStatus::Unset, String::new()) };
    let code =
        ["code", "status_code", "statusCode"].iter().find_map(|n| status.get(*n)).unwrap_or(status);
    let word = code.as_str().unwrap_or_default().to_ascii_lowercase();
    let word = word.rsplit(['.', '_']).next().unwrap_or_default();
    let code = match (code.as_i64(), word) {
        (Some(2), _) | (_, "error") => SpanStatus::Error,
        (Some(1), _) | (_, "ok") => SpanStatus::Ok,
        _ => SpanStatus::Unset,
    };
    let message = ["message", "description"].iter().find_map(|n| status.get(*n)?.as_str());
    (code, message.unwrap_or_default().to_owned())
}

/// An identifier in `digits` hexadecimal digits: from digits, with `0x` before them or not, or from an integer, which
/// stands here as a text when it is long. One of another kind stays as it is.
fn id(value: &Value, digits: usize) -> Option<String> {
    let text = match value {
        Value::Number(number) => return Some(padded(u128::from(number.as_u64()?), digits)),
        Value::String(text) => text,
        _ => return None,
    };
    if let Some(long) = text.strip_prefix(LONG) {
        return Some(long.parse().map_or_else(|_| text.clone(), |n: u128| padded(n, digits)));
    }
    let hex = text.strip_prefix("0x").unwrap_or(text);
    if hex.bytes().all(|b| b == b'0') {
        return Some(String::new());
    }
    Some(hex.to_ascii_lowercase())
}

fn padded(number: u128, digits: usize) -> String {
    if number == 0 { String::new() } else { format!("{number:0digits$x}") }
}

/// Nanoseconds since the epoch: `[seconds, nanoseconds]`, ISO 8601, or a number whose size tells its unit.
fn nanos(value: &Value) -> Option<u64> {
    match value {
        Value::Array(parts) => {
            let [seconds, nanos] = parts.as_slice() else { return None };
            seconds.as_u64()?.checked_mul(1_000_000_000)?.checked_add(nanos.as_u64()?)
        }
        Value::Number(number) => {
            let number = number.as_u64()?;
            // 10^17 ns, µs and ms are in 1973, 5138 and beyond: no unit is taken for another.
            Some(match number {
                100_000_000_000_000_000.. => number,
                100_000_000_000_000.. => number.saturating_mul(1_000),
                100_000_000_000.. => number.saturating_mul(1_000_000),
                _ => number,
            })
        }
        Value::String(text) => {
            let number = text.strip_prefix(LONG).unwrap_or(text).parse().ok();
            let of_time = || u64::try_from(Timestamp::parse_zoned(text)?.micros()).ok();
            number.or_else(|| of_time()?.checked_mul(1_000))
        }
        _ => None,
    }
}

/// Marks a text that was an integer.
const LONG: &str = "\u{1}";
/// Digits of an integer that JSON readers still hold exactly.
const EXACT_DIGITS: usize = 18;

/// The JSON with integers of more digits than 64 bits hold as texts.
fn long_integers_as_text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut at = 0;
    let mut in_text = false;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let is_number =
            matches!(out.last(), Some(b':' | b',' | b'[' | b' ' | b'\n' | b'\r' | b'\t'));
        if !in_text
            && digits > EXACT_DIGITS
            && is_number
            && !matches!(rest.get(digits), Some(b'.' | b'e' | b'E'))
        {
            out.extend_from_slice(b"\"\\u0001");
            out.extend_from_slice(&rest[..digits]);
            out.push(b'"');
            at += digits;
            continue;
        }
        match rest[0] {
            b'"' => in_text = !in_text,
            b'\\' if in_text => {
                out.push(b'\\');
                at += 1;
            }
            _ => {}
        }
        out.extend(bytes.get(at));
        at += 1;
    }
    out
}

/// A value in which long integers are plain texts.
fn unmarked(value: Value) -> Value {
    match value {
        Value::String(text) => {
            Value::String(text.strip_prefix(LONG).map_or(text.clone(), str::to_owned))
        }
        Value::Array(items) => items.into_iter().map(unmarked).collect(),
        Value::Object(fields) => fields.into_iter().map(|(k, v)| (k, unmarked(v))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: &Value) -> Span {
        span(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_same_span_of_three_exporters() {
        let attributes = json!({ "gen_ai.operation.name": "chat" });
        let js = read(&json!({
            "type": "span", "traceId": "0000000000000000000000000000000b", "spanId": "000000000000000c",
            "parentSpanId": "000000000000000d", "name": "chat m", "kind": 2, "startTime": [1_758_026_593, 210_770_000],
            "endTime": [1_758_026_593, 449_611_000], "attributes": attributes, "status": { "code": 2, "message": "no" },
            "instrumentationScope": { "name": "lib" }, "resource": { "attributes": { "service.name": "s" } },
            "events": [{ "name": "e", "time": [1_758_026_593, 0], "attributes": { "a": 1 } }],
        }));
        let python = read(&json!({
            "name": "chat m", "context": { "trace_id": "0x0000000000000000000000000000000b", "span_id": "0x000000000000000c" },
            "kind": "SpanKind.CLIENT", "parent_id": "0x000000000000000d", "start_time": "2025-09-16T12:43:13.210770Z",
            "end_time": "2025-09-16T12:43:13.449611Z", "status": { "status_code": "ERROR", "description": "no" },
            "attributes": attributes, "scope": { "name": "lib" }, "resource": { "attributes": { "service.name": "s" } },
            "events": [{ "name": "e", "timestamp": "2025-09-16T12:43:13Z", "attributes": { "a": 1 } }],
        }));
        let any_agent = read(&json!({
            "name": "chat m", "context": { "trace_id": 11, "span_id": 12 }, "parent": { "trace_id": 11, "span_id": 13 },
            "start_time": 1_758_026_593_210_770_000_u64, "end_time": 1_758_026_593_449_611_000_u64,
            "status": { "status_code": "error", "description": "no" }, "attributes": attributes,
            "instrumentation_scope": { "name": "lib" }, "resource": { "attributes": { "service.name": "s" } },
            "events": [{ "name": "e", "timestamp": 1_758_026_593_000_000_000_u64, "attributes": { "a": 1 } }],
        }));
        assert_eq!(js.start_ns, Some(1_758_026_593_210_770_000));
        assert_eq!(js.parent_id.as_deref(), Some("000000000000000d"));
        assert_eq!((js.status, js.status_message.as_str()), (SpanStatus::Error, "no"));
        assert_eq!(js.events[0].time_ns, Some(1_758_026_593_000_000_000));
        assert_eq!(python, js);
        assert_eq!(any_agent, js);
    }

    #[test]
    fn identifiers_of_128_bits_are_exact() {
        // The numbers are those of any-agent's tests/assets/OPENAI_trace.json.
        let text = r#"{"name":"n","context":{"trace_id": 100927429609276267646756448943279827607,"span_id":12324293800750531911},
            "start_time":1758026593210770000,"attributes":{"t":"a 100927429609276267646756448943279827607 \" 12324293800750531911"}}"#;
        let span = span(text.as_bytes()).unwrap();
        assert_eq!(
            span.trace_id,
            format!("{:032x}", 100_927_429_609_276_267_646_756_448_943_279_827_607_u128)
        );
        assert_eq!(span.span_id, format!("{:016x}", 12_324_293_800_750_531_911_u64));
        assert_eq!(span.start_ns, Some(1_758_026_593_210_770_000));
        assert_eq!(
            span.attributes["t"],
            "a 100927429609276267646756448943279827607 \" 12324293800750531911"
        );
    }

    #[test]
    fn what_is_no_span_is_said_to_be_none() {
        for value in
            [json!({}), json!([1]), json!({ "name": "x", "attributes": {}, "startTime": [1, 2] })]
        {
            assert_eq!(span(value.to_string().as_bytes()).unwrap_err(), NO_SPAN);
        }
        assert!(span(b"{").unwrap_err().starts_with("not valid JSON"));
        let odd = json!({ "name": "x", "attributes": {}, "traceId": "?", "spanId": -1, "startTime": [u64::MAX, 1] });
        assert!(span(odd.to_string().as_bytes()).is_err());
    }
}
