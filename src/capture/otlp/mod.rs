//! OpenTelemetry to events: what an agent that has it built in exports over OTLP/HTTP.
//!
//! A span is an LLM call, a tool call, or something around them. Tokens are counted exactly once: where a span sums up
//! others (an agent, a workflow), or wraps the span of the same request (a framework around a client library), the
//! innermost one that has them counts. Logs and metrics are accepted and not used.
//!
//! * `spans`: OTLP in protobuf and JSON, as plain spans
//! * `genai`: spans of one trace to events
//! * `pending`: spans whose trace is not whole yet
//! * `body`: the body of a request, unpacked
//! * `receiver`: the HTTP server
//! * `counts`: what came in, and what became of it
//! * `error`: what can go wrong at the start

mod body;
mod counts;
mod error;
pub mod genai;
mod pending;
mod receiver;
#[cfg(test)]
mod receiver_tests;
pub mod spans;

pub use counts::Counts;
pub use error::OtlpError;
pub use receiver::OtlpReceiver;
