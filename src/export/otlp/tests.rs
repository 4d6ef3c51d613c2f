//! What another tool finds in an exported trace.

use super::otlp;
use crate::trace::{Event, Kind, RunFacts, Timestamp, ToolStatus, UsageQuality};
use serde_json::{Value, json};

fn spans(events: Vec<Event>) -> Vec<Value> {
    let run = RunFacts {
        run_id: "r/1".to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        provider: Some("openai".to_owned()),
        agent: Some("codex".to_owned()),
        protocol: None,
    };
    let exported = otlp(&run, events.into_iter());
    let [(name, document)] = exported.documents.as_slice() else { panic!("one document") };
    assert_eq!(name, "r%2F1.otlp.json");
    document["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone()
}

fn row(seq: i64, kind: Kind, second: Option<i64>) -> Event {
    let mut event = Event::new(kind);
    event.seq = seq;
    event.ts = second.map(|s| Timestamp::from_micros(s * 1_000_000));
    (event.stage, event.attempt) = (Some(0), Some(1));
    event
}

fn named<'s>(spans: &'s [Value], name: &str) -> &'s Value {
    spans
        .iter()
        .find(|span| span["name"] == name)
        .unwrap_or_else(|| panic!("no {name}: {spans:#?}"))
}

/// The value of an attribute, without the name of its type.
fn attribute(span: &Value, name: &str) -> Value {
    let list = span["attributes"].as_array().unwrap();
    let found = list.iter().find(|a| a["key"] == name);
    found.map_or(Value::Null, |a| a["value"].as_object().unwrap().values().next().unwrap().clone())
}

fn conversation() -> Vec<Event> {
    let mut asked = row(1, Kind::Message, Some(1));
    (asked.role, asked.content) = (Some("user".to_owned()), Some("List.".to_owned()));
    let mut call = row(2, Kind::LlmCall, Some(2));
    (call.event_id, call.duration_ms) = (Some("c".to_owned()), Some(1500.0));
    (call.content, call.finish_reason) =
        (Some("I look.".to_owned()), Some("tool_calls".to_owned()));
    (call.input_tokens, call.cache_read_tokens, call.output_tokens) = (Some(10), Some(4), Some(2));
    call.attributes = Some(r#"{"reasoning":"hm","model":"m-mini"}"#.to_owned());
    let mut tool = row(3, Kind::ToolCall, Some(4));
    (tool.event_id, tool.parent_event_id) = (Some("t".to_owned()), Some("c".to_owned()));
    (tool.tool_name, tool.tool_call_id) = (Some("sh".to_owned()), Some("call".to_owned()));
    (tool.arguments, tool.content) = (Some(r#"{"x":1}"#.to_owned()), Some("no".to_owned()));
    tool.tool_status = Some(ToolStatus::Timeout);
    let mut below = row(4, Kind::LlmCall, Some(5));
    below.parent_event_id = Some("t".to_owned());
    below.attributes = Some(r#"{"agent_id":"sub"}"#.to_owned());
    let mut failed = row(5, Kind::LlmCall, None);
    (failed.error_type, failed.content) = (Some("timeout".to_owned()), Some("too slow".to_owned()));
    vec![row(0, Kind::StageStart, Some(1)), asked, call, tool, below, failed]
}

#[test]
fn calls_have_the_names_of_the_conventions() {
    let spans = spans(conversation());
    let call = spans.iter().find(|s| attribute(s, "gen_ai.usage.input_tokens") == "10").unwrap();
    assert_eq!((&call["name"], &call["kind"]), (&json!("chat m-mini"), &json!(3)));
    for (name, value) in [
        ("gen_ai.operation.name", json!("chat")),
        ("gen_ai.provider.name", json!("openai")),
        ("gen_ai.request.model", json!("m-mini")),
        ("gen_ai.conversation.id", json!("r/1")),
        ("gen_ai.agent.name", json!("codex")),
        ("gen_ai.usage.cache_read.input_tokens", json!("4")),
        ("gen_ai.usage.output_tokens", json!("2")),
        ("gen_ai.usage.reasoning.output_tokens", Value::Null),
    ] {
        assert_eq!(attribute(call, name), value, "{name}");
    }
    assert_eq!(
        attribute(call, "gen_ai.response.finish_reasons")["values"][0]["stringValue"],
        "tool_calls"
    );
    assert_eq!(
        (&call["startTimeUnixNano"], &call["endTimeUnixNano"]),
        (&json!("2000000000"), &json!("3500000000"))
    );
    let read = |name: &str| -> Value {
        serde_json::from_str(attribute(call, name).as_str().unwrap()).unwrap()
    };
    assert_eq!(
        read("gen_ai.input.messages"),
        json!([{ "role": "user", "parts": [{ "type": "text", "content": "List." }] }])
    );
    let answer = json!([{ "role": "assistant", "finish_reason": "tool_calls", "parts": [
        { "type": "reasoning", "content": "hm" },
        { "type": "text", "content": "I look." },
        { "type": "tool_call", "id": "call", "name": "sh", "arguments": { "x": 1 } },
    ] }]);
    assert_eq!(read("gen_ai.output.messages"), answer);

    let tool = named(&spans, "execute_tool sh");
    assert_eq!(attribute(tool, "gen_ai.tool.call.arguments"), r#"{"x":1}"#);
    assert_eq!(attribute(tool, "gen_ai.tool.call.result"), "no");
    assert_eq!(attribute(tool, "error.type"), "timeout");
    assert_eq!(tool["status"], json!({ "code": 2, "message": "timeout" }));
    let failed = spans.iter().find(|s| s["status"]["message"] == "too slow").unwrap();
    assert_eq!(attribute(failed, "error.type"), "timeout");
}

#[test]
fn stages_and_agents_are_around_their_calls() {
    let spans = spans(conversation());
    let (root, stage) = (named(&spans, "invoke_agent codex"), named(&spans, "stage 0"));
    assert_eq!((&root["parentSpanId"], &stage["parentSpanId"]), (&Value::Null, &root["spanId"]));
    assert_eq!(
        (&root["startTimeUnixNano"], &root["endTimeUnixNano"]),
        (&json!("1000000000"), &json!("5000000000"))
    );
    let (tool, agent) = (named(&spans, "execute_tool sh"), named(&spans, "invoke_agent sub"));
    assert_eq!(
        (&tool["parentSpanId"], &agent["parentSpanId"]),
        (&stage["spanId"], &tool["spanId"])
    );
    assert_eq!(spans.iter().filter(|s| s["parentSpanId"] == agent["spanId"]).count(), 1);
    let ids: std::collections::BTreeSet<&str> =
        spans.iter().map(|s| s["spanId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), spans.len());
    assert!(
        spans
            .iter()
            .all(|s| s["traceId"] == root["traceId"] && s["traceId"].as_str().unwrap().len() == 32)
    );
}

#[test]
fn a_sum_is_no_call() {
    let mut sum = row(0, Kind::LlmCall, None);
    (sum.llm_call_count, sum.usage_quality) = (Some(0), Some(UsageQuality::Aggregate));
    sum.input_tokens = Some(99);
    let spans = spans(vec![sum]);
    let sum = spans.iter().find(|s| attribute(s, "gen_ai.usage.input_tokens") == "99").unwrap();
    assert_eq!(attribute(sum, "gen_ai.operation.name"), "invoke_agent");
}

#[test]
fn what_has_no_time_stands_at_the_time_before() {
    let spans = spans(conversation());
    let failed = spans.iter().find(|s| s["status"]["message"] == "too slow").unwrap();
    assert_eq!(failed["startTimeUnixNano"], "5000000000");
    assert_eq!(attribute(failed, "ramptrace.no_ts"), true);
}
