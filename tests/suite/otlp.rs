//! OTLP/JSON files as real instrumentations and exporters write them: pydantic-ai with two versions of the conventions, and
//! payloads of two coding agents.

use ramptrace::capture::otlp::genai::Mapper;
use ramptrace::capture::otlp::spans::{Span, from_json};
use ramptrace::trace::{Event, Kind, ToolStatus};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The folder of published OTLP files, when `RAMPTRACE_REAL_DATA` names one.
fn samples() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("RAMPTRACE_REAL_DATA")?).join("samples/otlp-genai");
    if !folder.is_dir() {
        return None;
    }
    Some(folder)
}

/// The requests of a file, one after the other.
fn requests(folder: &std::path::Path, name: &str) -> Vec<Vec<Span>> {
    let text = std::fs::read_to_string(folder.join(name)).expect("a sample");
    let documents = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    let spans = documents.map(|document| from_json(document.expect("JSON").to_string().as_bytes()));
    spans.map(|spans| spans.expect("OTLP")).collect()
}

/// The events of requests that are decided on trace by trace, or as they come.
fn events(requests: Vec<Vec<Span>>, at_once: bool) -> Vec<Event> {
    let mut mapper = Mapper::default();
    if !at_once {
        return requests.into_iter().flat_map(|spans| mapper.map(spans)).collect();
    }
    let mut traces: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for span in requests.into_iter().flatten() {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    traces.into_values().flat_map(|spans| mapper.map(spans)).collect()
}

fn sum(events: &[Event], of: impl Fn(&Event) -> Option<i64>) -> i64 {
    events.iter().filter_map(of).sum()
}

#[test]
fn an_agent_of_pydantic_ai_is_counted_once() {
    let Some(folder) = samples() else {
        eprintln!("skipped: RAMPTRACE_REAL_DATA does not name the published OTLP files");
        return;
    };
    for name in [
        "GENERATED_pydantic-ai-1.107_semconv-v1-events.jsonl",
        "GENERATED_pydantic-ai-1.107_semconv-v2-attrs.jsonl",
    ] {
        let requests = requests(&folder, name);
        // What the agents sum up, which no row repeats: the oracle.
        let roots = requests.iter().flatten().filter(|span| span.parent_id.is_none());
        let of_roots = |key: &str| -> i64 {
            roots.clone().filter_map(|span| span.attributes.get(key)?.as_i64()).sum()
        };
        for at_once in [true, false] {
            let events = events(requests.clone(), at_once);
            assert_eq!(
                sum(&events, |e| e.input_tokens),
                of_roots("gen_ai.usage.input_tokens"),
                "{name}"
            );
            assert_eq!(
                sum(&events, |e| e.output_tokens),
                of_roots("gen_ai.usage.output_tokens"),
                "{name}"
            );
            assert_eq!(
                sum(&events, |e| e.cache_read_tokens),
                of_roots("gen_ai.usage.cache_read.input_tokens"),
                "{name}"
            );
            let reasoning = of_roots("gen_ai.usage.details.reasoning_tokens");
            assert_eq!(sum(&events, |e| e.reasoning_tokens), reasoning, "{name}");
            let count = |kind| events.iter().filter(|e| e.kind == kind).count();
            assert_eq!(
                (count(Kind::LlmCall), count(Kind::ToolCall), count(Kind::Error)),
                (5, 4, 0),
                "{name}"
            );
            let messages: Vec<_> = events.iter().filter(|e| e.kind == Kind::Message).collect();
            let mut said: Vec<_> = messages.iter().filter_map(|e| e.content.as_deref()).collect();
            said.sort_unstable();
            assert_eq!(said, ["What is the answer?", "fail please", "sub question"], "{name}");

            let flaky = events
                .iter()
                .find(|e| e.tool_call_id.as_deref() == Some("call_1"))
                .expect("a tool call");
            assert_eq!(flaky.tool_status, Some(ToolStatus::Error));
            assert_eq!(flaky.arguments.as_deref(), Some("{\"x\":1}"));
            assert!(flaky.content.as_deref().is_some_and(|text| text.starts_with("x too small")));
            let asker = events
                .iter()
                .find(|e| e.event_id == flaky.parent_event_id)
                .expect("who asked for it");
            assert_eq!(
                (asker.kind, asker.input_tokens, asker.cache_write_tokens),
                (Kind::LlmCall, Some(1200), Some(1024))
            );
            let last = events.iter().find(|e| e.input_tokens == Some(1500)).expect("the last call");
            assert_eq!(last.content.as_deref(), Some("done: 42"), "{name}");
        }
    }
}

#[test]
fn spans_without_identifiers_are_calls_of_their_own() {
    let Some(folder) = samples() else {
        eprintln!("skipped: RAMPTRACE_REAL_DATA does not name the published OTLP files");
        return;
    };
    for (name, tokens) in [
        ("langwatch_payload_claude_code.json", (187, 53)),
        ("langwatch_payload_cursor.json", (412, 118)),
    ] {
        let events = events(requests(&folder, name), true);
        let calls: Vec<_> =
            events.iter().map(|e| (e.kind, e.input_tokens, e.output_tokens)).collect();
        assert_eq!(calls, [(Kind::LlmCall, Some(tokens.0), Some(tokens.1))], "{name}");
    }
}
