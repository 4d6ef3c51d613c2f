//! A span as an event.

use super::super::spans::{Span, SpanStatus};
use super::long::LongAttributes;
use super::messages::{Said, Talk};
use super::names::{
    self, FINISH_REASON, RESPONSE_ID, TOOL_ARGUMENTS, TOOL_CALL_ID, TOOL_NAME, TOOL_RESULT, is_text,
};
use super::tool_calls::OpenCall;
use super::usage::Usage;
use crate::capture::proxy::{Failure, Outcome};
use crate::trace::{Clock, Event, Kind, Timestamp, ToolKind, tool_kind};
use serde_json::{Map, Value, json};

/// `error_type` of an error that has no better name.
const UNNAMED_ERROR: &str = "_OTHER";

/// A message that is new.
pub(super) fn message(span: &Span, said: &Said) -> Event {
    let mut event = at_start(Kind::Message, span);
    event.role = Some(if said.role == "developer" { "system" } else { &said.role }.to_owned());
    event.content = Some(said.text.clone());
    event
}

/// One LLM call, or the sum of several.
/// `usage_from` is the span whose tokens it has, when these are not its own.
pub(super) fn llm_call(
    span: &Span,
    usage: &Usage,
    talk: &Talk,
    is_sum: bool,
    usage_from: Option<&Span>,
    long: &mut LongAttributes,
) -> Event {
    let mut event = timed(Kind::LlmCall, span);
    event.response_id = names::text(span, RESPONSE_ID);
    event.finish_reason = names::text(span, FINISH_REASON)
        .or_else(|| talk.output.iter().find_map(|said| said.finish_reason.clone()));
    event.role = Some("assistant".to_owned());
    event.content = talk.answer();
    usage.fill(&mut event, is_sum);
    let mut error = error(span);
    // An error of a call that was answered is one of whoever used the answer.
    let unanswered = talk.output.is_empty() && !usage.is_known();
    if let Some(error) = error.take_if(|_| unanswered) {
        (event.error_type, event.context_limit) = failed_call(span, &error);
        event.content = error.message;
    }
    let mut extra = extra(span, error, long);
    let asked: Vec<Value> = talk
        .asked()
        .map(|asked| json!({ "id": asked.id, "name": asked.name, "arguments": asked.arguments }))
        .collect();
    if !asked.is_empty() {
        extra.insert("tool_calls".to_owned(), Value::Array(asked));
    }
    let thought: Vec<&str> =
        talk.output.iter().map(|s| s.reasoning.as_str()).filter(|t| !t.is_empty()).collect();
    if !thought.is_empty() {
        extra.insert("reasoning".to_owned(), Value::String(thought.join("\n")));
    }
    if let Some(from) = usage_from {
        extra.insert("usage_from_span".to_owned(), Value::from(from.span_id.as_str()));
    }
    if let Some((inside, why)) = usage.cached {
        let told = json!({ "in_input_as_given": inside, "told_by": why });
        extra.insert("cached_tokens".to_owned(), told);
    }
    event.attributes = Some(Value::Object(extra).to_string());
    event
}

/// Why a call got no answer, in the words that are the same for all providers, where they fit; and the context window, when
/// the message states it.
fn failed_call(span: &Span, error: &Wrong) -> (Option<String>, Option<i64>) {
    let status = names::count(span, &["http.response.status_code", "http.status_code"]);
    let status = status.or_else(|| error.kind.parse().ok());
    // `openai.RateLimitError` has the words of `rate_limit_error`.
    let mut words = String::new();
    for c in error.kind.chars() {
        if c.is_ascii_uppercase() && words.ends_with(|last: char| last.is_ascii_lowercase()) {
            words.push('_');
        }
        words.push(c);
    }
    let failure =
        Failure::of_error(&json!({ "type": words, "code": status, "message": error.message }));
    let is_guess = failure.error_type == "server_error" && status.is_none_or(|status| status < 500);
    let kind = if is_guess { error.kind.clone() } else { failure.error_type };
    (Some(kind), failure.context_limit)
}

/// One tool call.
pub(super) fn tool_call(span: &Span, asker: Option<&str>, long: &mut LongAttributes) -> Event {
    let mut event = timed(Kind::ToolCall, span);
    event.parent_event_id = asker.map(str::to_owned);
    event.tool_name = tool_name(span);
    event.tool_kind = event.tool_name.as_deref().map(tool_kind);
    event.tool_call_id = tool_call_id(span);
    event.arguments = names::text(span, TOOL_ARGUMENTS);
    event.content = names::text(span, TOOL_RESULT);
    let error = error(span);
    if let Some(error) = &error {
        event.error_type = Some(error.kind.clone());
        event.content = event.content.or_else(|| error.message.clone());
    }
    fill_outcome(&mut event, error.is_some());
    event.attributes = Some(Value::Object(extra(span, error, long)).to_string());
    event
}

/// One tool call that has no span: asked for in one answer, and answered in the request of `next`.
pub(super) fn answered_call(call: &OpenCall, result: String, next: &Span) -> Event {
    let mut event = at(Kind::ToolCall, call.asked_ns);
    event.duration_ms = match (call.asked_ns, next.start_ns) {
        (Some(asked), Some(answered)) => answered.checked_sub(asked).map(millis),
        _ => None,
    };
    event.parent_event_id = Some(call.asker.clone()).filter(|id| !id.is_empty());
    event.tool_name.clone_from(&call.asked.name);
    event.tool_kind = event.tool_name.as_deref().map(tool_kind);
    event.tool_call_id.clone_from(&call.asked.id);
    event.arguments.clone_from(&call.asked.arguments);
    event.content = Some(result).filter(|text| !text.is_empty());
    fill_outcome(&mut event, false);
    event
}

/// How a tool call ended, by what its result says.
fn fill_outcome(event: &mut Event, failed: bool) {
    let text = event.content.as_deref().unwrap_or_default();
    let kind = event.tool_kind.unwrap_or(ToolKind::Other);
    Outcome::read(text, failed, kind).fill(event);
}

/// The error of an agent or a workflow in which nothing else failed.
pub(super) fn failure(span: &Span, long: &mut LongAttributes) -> Event {
    let error = error(span);
    let mut event = at_end(Kind::Error, span);
    event.error_type =
        Some(error.as_ref().map_or(UNNAMED_ERROR.to_owned(), |error| error.kind.clone()));
    event.content = error.as_ref().and_then(|error| error.message.clone());
    event.attributes = Some(Value::Object(extra(span, error, long)).to_string());
    event
}

pub(super) fn tool_name(span: &Span) -> Option<String> {
    let entity = || names::text(span, &["traceloop.entity.name"]);
    let named = || span.name.strip_prefix("execute_tool ").map(str::to_owned);
    let name = names::text(span, TOOL_NAME).or_else(entity).or_else(named);
    name.or_else(|| Some(span.name.clone())).filter(|name| !name.is_empty())
}

pub(super) fn tool_call_id(span: &Span) -> Option<String> {
    names::text(span, TOOL_CALL_ID)
}

fn at_start(kind: Kind, span: &Span) -> Event {
    at(kind, span.start_ns)
}

fn at_end(kind: Kind, span: &Span) -> Event {
    at(kind, span.end_ns.or(span.start_ns))
}

fn at(kind: Kind, ns: Option<u64>) -> Event {
    let mut event = Event::new(kind);
    event.ts = ns.and_then(|ns| i64::try_from(ns / 1000).ok()).map(Timestamp::from_micros);
    event.clock = event.ts.map(|_| Clock::Source);
    event
}

/// An event that takes as long as its span.
fn timed(kind: Kind, span: &Span) -> Event {
    let mut event = at_start(kind, span);
    event.event_id = Some(span.span_id.clone()).filter(|id| !id.is_empty());
    event.duration_ms = match (span.start_ns, span.end_ns) {
        (Some(start), Some(end)) => end.checked_sub(start).map(millis),
        _ => None,
    };
    event
}

/// Milliseconds, to the microsecond.
#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 microseconds")]
fn millis(ns: u64) -> f64 {
    (ns / 1000) as f64 / 1e3
}

/// What went wrong in a span.
struct Wrong {
    kind: String,
    message: Option<String>,
}

fn error(span: &Span) -> Option<Wrong> {
    if span.status != SpanStatus::Error {
        return None;
    }
    let exception = span.events.iter().rev().find(|event| event.name == "exception");
    let of_exception = |name: &str| {
        let text = exception?.attributes.get(name)?.as_str()?;
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    let kind = names::text(span, &["error.type"]).or_else(|| of_exception("exception.type"));
    let status = Some(span.status_message.clone()).filter(|text| !text.is_empty());
    Some(Wrong {
        kind: kind.unwrap_or_else(|| UNNAMED_ERROR.to_owned()),
        message: of_exception("exception.message").or(status),
    })
}

/// What a trace has no column for: attributes but for texts, which have their columns, and for long ones, of which the
/// names are kept.
fn extra(span: &Span, error: Option<Wrong>, long: &mut LongAttributes) -> Map<String, Value> {
    let mut extra = Map::new();
    let mut left_out = Vec::new();
    for (name, value) in &span.attributes {
        if is_text(name)
            || TOOL_ARGUMENTS.contains(&name.as_str())
            || TOOL_RESULT.contains(&name.as_str())
        {
            continue;
        }
        long.keep(name, value, &mut extra, &mut left_out);
    }
    if !left_out.is_empty() {
        extra.insert("left_out".to_owned(), Value::Array(left_out));
    }
    if let Some(message) = error.and_then(|error| error.message) {
        extra.insert("error_message".to_owned(), Value::String(message));
    }
    let service = span.resource.get("service.name").and_then(Value::as_str);
    let mut place = Map::new();
    for (name, text) in [
        ("trace_id", Some(span.trace_id.as_str())),
        ("parent_span_id", span.parent_id.as_deref()),
        ("name", Some(span.name.as_str())),
        ("scope", Some(span.scope.as_str())),
        ("service", service),
    ] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            place.insert(name.to_owned(), Value::from(text));
        }
    }
    extra.insert("span".to_owned(), Value::Object(place));
    extra
}
