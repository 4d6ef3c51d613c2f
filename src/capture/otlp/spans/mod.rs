//! OTLP traces, in protobuf and in JSON, as plain spans.
//!
//! * `span`: a span, whatever it came in
//! * `wire`: the messages of the trace service
//! * `json`: what OTLP/JSON writes otherwise than protobuf's JSON does

mod json;
mod span;
#[cfg(test)]
mod span_tests;
mod wire;

pub use span::{
    Span, SpanEvent, SpanStatus, WireError, attributes_from_json, from_json, from_protobuf,
    span_from_json,
};
