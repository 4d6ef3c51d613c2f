//! The traps of the format, one test each.

use super::super::made::{import, of_kind, total, try_import};
use super::super::sink::Imported;
use crate::trace::{CostSource, Event, Kind, ToolStatus, UsageQuality};
use serde_json::{Map, Value, json};

/// A span of OTLP/JSON: identifiers of two digits, one second long.
pub(super) fn span(trace: &str, id: &str, parent: &str, second: u64, attributes: Value) -> Value {
    let Value::Object(attributes) = attributes else { panic!("no object") };
    json!({
        "traceId": trace.repeat(16), "spanId": id.repeat(8), "parentSpanId": parent.repeat(8), "name": format!("span {id}"),
        "kind": 3, "startTimeUnixNano": format!("{}000000000", 1_700_000_000 + second),
        "endTimeUnixNano": format!("{}000000000", 1_700_000_001 + second), "attributes": listed(attributes), "status": {},
    })
}

fn listed(attributes: Map<String, Value>) -> Vec<Value> {
    let any = |value: Value| match value {
        Value::String(text) => json!({ "stringValue": text }),
        Value::Number(n) if n.is_f64() => json!({ "doubleValue": n }),
        Value::Number(n) => json!({ "intValue": n.to_string() }),
        Value::Bool(flag) => json!({ "boolValue": flag }),
        other => json!({ "stringValue": other.to_string() }),
    };
    attributes.into_iter().map(|(k, v)| json!({ "key": k, "value": any(v) })).collect()
}

pub(super) fn chat(
    trace: &str,
    id: &str,
    parent: &str,
    second: u64,
    input: i64,
    output: i64,
) -> Value {
    span(
        trace,
        id,
        parent,
        second,
        json!({
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": input,
            "gen_ai.usage.output_tokens": output,
        }),
    )
}

pub(super) fn agent(trace: &str, id: &str, parent: &str, second: u64, input: i64) -> Value {
    span(
        trace,
        id,
        parent,
        second,
        json!({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "bot", "gen_ai.usage.input_tokens": input,
        }),
    )
}

fn tool(trace: &str, id: &str, parent: &str, second: u64, name: &str) -> Value {
    span(
        trace,
        id,
        parent,
        second,
        json!({ "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name }),
    )
}

fn with(mut span: Value, name: &str, value: &str) -> Value {
    let attribute = json!({ "key": name, "value": { "stringValue": value } });
    span["attributes"].as_array_mut().unwrap().push(attribute);
    span
}

fn part(spans: &[Value]) -> Value {
    let service = json!([{ "key": "service.name", "value": { "stringValue": "svc" } }]);
    json!({ "resource": { "attributes": service }, "scopeSpans": [{ "scope": { "name": "lib" }, "spans": spans }] })
}

pub(super) fn request(spans: &[Value]) -> Value {
    json!({ "resourceSpans": [part(spans)] })
}

/// Imports files that must be one run.
pub(super) fn one(files: &[(&str, String)]) -> Imported {
    let mut runs = all(files);
    assert_eq!(runs.len(), 1, "{:?}", runs.iter().map(|r| &r.run.run_id).collect::<Vec<_>>());
    runs.remove(0)
}

fn all(files: &[(&str, String)]) -> Vec<Imported> {
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    import(&files)
}

fn input(run: &Imported) -> Option<i64> {
    total(run, |e| e.input_tokens)
}

fn attributes(event: &Event) -> Value {
    serde_json::from_str(event.attributes.as_deref().unwrap()).unwrap()
}

fn conversation() -> Vec<Value> {
    vec![
        chat("aa", "01", "09", 1, 10, 2),
        tool("aa", "02", "09", 2, "sh"),
        chat("aa", "03", "09", 3, 20, 3),
        agent("aa", "09", "", 0, 30),
    ]
}

#[test]
fn trap_1_sums_of_agents_are_not_counted_again() {
    let run = one(&[("t.jsonl", request(&conversation()).to_string())]);
    assert_eq!((input(&run), total(&run, |e| e.output_tokens)), (Some(30), Some(5)));
    assert_eq!(run.report.merged["span of an agent, a workflow or a step around others"], 1);
    // A trace without a call below has only the sum.
    let run = one(&[("t.jsonl", request(&[agent("aa", "09", "", 0, 30)]).to_string())]);
    let [call] = of_kind(&run, Kind::LlmCall)[..] else { panic!("one row") };
    assert_eq!((call.input_tokens, call.usage_quality), (Some(30), Some(UsageQuality::Aggregate)));
}

#[test]
fn trap_2_containers_of_every_kind_say_the_same() {
    let expected = one(&[("t.jsonl", request(&conversation()).to_string())]).events;
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let each = |wrap: &dyn Fn(&[Value]) -> String| {
        conversation()
            .iter()
            .map(|span| wrap(std::slice::from_ref(span)))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let names =
        request(&conversation()).to_string().replace("\"kind\":3", "\"kind\":\"SPAN_KIND_CLIENT\"");
    let names = names.replace("\"status\":{}", "\"status\":{\"code\":\"STATUS_CODE_UNSET\"}");
    let numbers = request(&conversation()).to_string();
    let numbers = numbers
        .replace("\"intValue\":\"10\"", "\"intValue\":10")
        .replace("\"1700000001000000000\"", "1700000001000000000");
    let scope_last = json!({ "resourceSpans": [{
        "scopeSpans": [{ "spans": conversation(), "scope": { "name": "lib" } }],
        "resource": part(&[])["resource"],
    }] });
    for (what, text) in [
        ("a request", request(&conversation()).to_string()),
        ("a request over many lines", pretty(&request(&conversation()))),
        ("a request per line", each(&|s| request(s).to_string())),
        ("requests over many lines", each(&|s| pretty(&request(s)))),
        ("requests without line breaks", each(&|s| request(s).to_string()).replace('\n', "")),
        ("bare parts over many lines", each(&|s| pretty(&part(s)))),
        ("bare parts per line", each(&|s| part(s).to_string())),
        (
            "an array of requests",
            format!("[{}]", each(&|s| request(s).to_string()).replace('\n', ",\n")),
        ),
        (
            "an array of parts",
            format!("[{}]", each(&|s| pretty(&part(s))).replace("}\n{", "},\n{")),
        ),
        ("batches", pretty(&json!({ "batches": [part(&conversation())] }))),
        ("a byte order mark", format!("\u{feff}{}", request(&conversation()))),
        ("record separators", each(&|s| format!("\u{1e}{}", request(s)))),
        ("names of enumerations", names),
        ("numbers", numbers),
        ("descriptions at the end", scope_last.to_string()),
    ] {
        let run = one(&[("t.txt", text)]);
        let json = |events: &[Event]| serde_json::to_value(events).unwrap();
        let mut events = json(&run.events);
        if what == "descriptions at the end" {
            // The name of the instrumentation is not known when a span is read.
            events = json(&expected);
            assert_eq!((run.events.len(), run.run.workload.as_str()), (expected.len(), "svc"));
        }
        assert_eq!(events, json(&expected), "{what}");
        assert_eq!(run.report.lost(), 0, "{what}");
    }
}

#[test]
fn trap_3_premium_requests_are_no_dollars() {
    let mut call = chat("aa", "01", "", 1, 10, 2);
    call["attributes"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "key": "github.copilot.cost", "value": { "doubleValue": 3.0 } }));
    let run = one(&[("t.jsonl", request(&[call]).to_string())]);
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(
        (call.cost_usd, attributes(call)["github.copilot.cost"].as_f64()),
        (None, Some(3.0))
    );
}

#[test]
fn trap_4_cached_tokens_that_are_not_given_are_not_zero() {
    let cached = with(chat("aa", "02", "", 2, 10, 2), "gen_ai.usage.cache_read.input_tokens", "0");
    let run = one(&[("t.jsonl", request(&[chat("aa", "01", "", 1, 10, 2), cached]).to_string())]);
    let read: Vec<_> = of_kind(&run, Kind::LlmCall).iter().map(|e| e.cache_read_tokens).collect();
    assert_eq!(read, [None, Some(0)]);
}

#[test]
fn trap_5_spans_come_in_any_order_and_file_and_more_than_once() {
    let expected = one(&[("t.jsonl", request(&conversation()).to_string())]).events;
    let spans = conversation();
    let lines = |spans: &[&Value]| -> String {
        spans.iter().map(|s| request(&[(*s).clone()]).to_string() + "\n").collect()
    };
    let run = one(&[
        ("1.jsonl", lines(&[&spans[3], &spans[2]])),
        ("2.jsonl", lines(&[&spans[2], &spans[0]])),
        ("3.jsonl", lines(&[&spans[1], &spans[0], &spans[3]])),
    ]);
    let json = |events: &[Event]| serde_json::to_value(events).unwrap();
    assert_eq!(json(&run.events), json(&expected));
    assert_eq!(run.report.duplicates["span that came again"], 3);
    assert!(run.report.dup_of[0].dup_of.contains("1.jsonl:2"), "{:?}", run.report.dup_of);
    // A killed run has no root: its children are a run all the same.
    let run = one(&[("t.jsonl", lines(&[&spans[0], &spans[1], &spans[2]]))]);
    assert_eq!((input(&run), of_kind(&run, Kind::ToolCall).len()), (Some(30), 1));
    // A span that was exported before it ended says less than the same when it had.
    let mut open = chat("aa", "01", "09", 1, 1, 1);
    open.as_object_mut().unwrap().shift_remove("endTimeUnixNano");
    let run = one(&[("t.jsonl", lines(&[&open, &spans[0]]))]);
    assert_eq!(input(&run), Some(10));
}

#[test]
fn trap_6_a_conversation_has_many_traces() {
    let of = |span: Value, talk: &str| with(span, "gen_ai.conversation.id", talk);
    let lines: Vec<String> = [
        vec![chat("bb", "01", "09", 11, 20, 2), of(agent("bb", "09", "", 10, 20), "talk")],
        vec![of(chat("aa", "01", "09", 1, 10, 2), "talk"), agent("aa", "09", "", 0, 10)],
        vec![with(chat("cc", "01", "", 5, 7, 2), "session.id", "other")],
        vec![chat("dd", "01", "", 6, 8, 2)],
    ]
    .iter()
    .map(|spans| request(spans).to_string())
    .collect();
    let runs = all(&[("t.jsonl", lines.join("\n"))]);
    let found: Vec<_> = runs.iter().map(|run| (run.run.run_id.as_str(), input(run))).collect();
    let alone = "dd".repeat(16);
    let mut expected = vec![("talk", Some(30)), ("other", Some(7)), (alone.as_str(), Some(8))];
    let mut sorted = found.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let talk = runs.iter().find(|run| run.run.run_id == "talk").unwrap();
    let calls: Vec<_> = of_kind(talk, Kind::LlmCall).iter().map(|e| e.input_tokens).collect();
    assert_eq!(calls, [Some(10), Some(20)], "the earlier trace first");
    assert_eq!(attributes(&talk.events[0])["traces"], json!(["aa".repeat(16), "bb".repeat(16)]));
}

#[test]
fn trap_7_texts_may_be_absent_or_cut_off() {
    let messages = r#"[{"role":"user","parts":[{"type":"text","content":"Li"#;
    let cut = with(chat("aa", "01", "", 1, 10, 2), "gen_ai.input.messages", messages);
    let run = one(&[("t.jsonl", request(&[cut, chat("aa", "02", "", 2, 5, 1)]).to_string())]);
    let [said] = of_kind(&run, Kind::Message)[..] else { panic!("one message") };
    assert_eq!(said.content.as_deref(), Some(messages), "as it stands");
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls.len(), calls[1].content.as_deref(), input(&run)), (2, None, Some(15)));
}

#[test]
fn trap_8_identifiers_in_base64_are_the_same_spans() {
    let hex = request(&[chat("aa", "01", "", 1, 10, 2)]).to_string();
    // 16 bytes of aa and 8 of 01, as Python's MessageToJson writes them.
    let base64 = hex
        .replace(&"aa".repeat(16), "qqqqqqqqqqqqqqqqqqqqqg==")
        .replace(&"01".repeat(8), "AQEBAQEBAQE=");
    assert_ne!(hex, base64);
    let run = one(&[("a.jsonl", hex), ("b.jsonl", base64)]);
    assert_eq!(
        (run.run.run_id, run.report.duplicates["span that came again"]),
        ("aa".repeat(16), 1)
    );
}

#[test]
fn trap_9_spans_that_are_not_otlp_are_read_or_refused_by_name() {
    let attributes = json!({ "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2 });
    let copilot = json!({
        "type": "span", "traceId": "aa".repeat(16), "spanId": "01".repeat(8), "name": "chat m", "startTime": [1_700_000_000, 5],
        "endTime": [1_700_000_001, 5], "attributes": attributes, "status": { "code": 0 }, "resource": { "attributes": { "service.name": "github-copilot" } },
    });
    let python = json!({
        "name": "chat m", "context": { "trace_id": format!("0x{}", "aa".repeat(16)), "span_id": "0x0202020202020202", "trace_state": "[]" },
        "kind": "SpanKind.CLIENT", "parent_id": null, "start_time": "2023-11-14T22:13:20.000000Z", "end_time": "2023-11-14T22:13:21.000000Z",
        "status": { "status_code": "UNSET" }, "attributes": attributes, "events": [], "links": [], "resource": { "attributes": {}, "schema_url": "" },
    });
    let other = json!({ "type": "metric", "name": "tokens", "value": 3 });
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let run = one(&[
        ("copilot.jsonl", format!("{copilot}\n{other}\n{{\n")),
        ("console.txt", format!("{}\n{}\n", pretty(&python), pretty(&copilot))),
    ]);
    assert_eq!((run.run.run_id.clone(), input(&run)), ("aa".repeat(16), Some(20)));
    assert_eq!(
        (run.run.workload.as_str(), run.report.duplicates["span that came again"]),
        ("github-copilot", 1)
    );
    let problems: Vec<_> =
        run.report.rejected.iter().map(|r| (r.line, r.problem.as_str())).collect();
    assert_eq!(problems, [(2, super::flat::NO_SPAN), (3, "the file ends in it")]);
    let of_one = json!({ "spans": [python], "final_output": "x" });
    assert_eq!(input(&one(&[("trace.json", pretty(&of_one))])), Some(10));
}

fn log(name: &str, second: u64, given: Value) -> Value {
    let Value::Object(mut given) = given else { panic!("no object") };
    given.insert("session.id".to_owned(), "s1".into());
    given.insert("event.name".to_owned(), name.into());
    json!({
        "timeUnixNano": format!("{}000000000", 1_700_000_000 + second),
        "body": { "stringValue": format!("claude_code.{name}") }, "attributes": listed(given),
    })
}

fn logs() -> Value {
    let records = json!([
        log("user_prompt", 1, json!({ "prompt": "Do it.", "prompt_length": "6" })),
        log(
            "api_request",
            4,
            json!({
                "model": "claude-x", "input_tokens": "10", "cache_read_tokens": 100, "cache_creation_tokens": "0",
                "output_tokens": 20, "cost_usd": "0.0125", "duration_ms": "2000", "request_id": "req_1",
            })
        ),
        log(
            "tool_result",
            5,
            json!({ "tool_name": "Bash", "success": "false", "duration_ms": 500, "error": "no" })
        ),
        log(
            "api_error",
            6,
            json!({ "model": "claude-x", "error": "Overloaded", "status_code": "529" })
        ),
        log("tool_decision", 5, json!({ "decision": "accept" })),
    ]);
    json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": [{ "logRecords": records }] }] })
}

#[test]
fn trap_10_requests_that_stand_in_logs_are_read_from_there() {
    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [{ "name": "a" }, { "name": "b" }] }] }] });
    let run = one(&[("t.jsonl", format!("{}\n{metrics}\n", logs()))]);
    assert_eq!((run.run.run_id.as_str(), run.run.model.as_str()), ("s1", "claude-x"));
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(
        (call.input_tokens, call.cache_read_tokens, call.output_tokens),
        (Some(110), Some(100), Some(20))
    );
    assert_eq!(call.cost_usd.unwrap().to_string(), "0.0125");
    assert_eq!(
        (call.cost_source, call.response_id.as_deref()),
        (Some(CostSource::ClientEstimate), Some("req_1"))
    );
    assert_eq!(
        (call.ts.unwrap().micros(), call.duration_ms),
        (1_700_000_002_000_000, Some(2000.0))
    );
    assert_eq!(of_kind(&run, Kind::Message)[0].content.as_deref(), Some("Do it."));
    let ran = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(
        (ran.tool_name.as_deref(), ran.tool_status),
        (Some("Bash"), Some(ToolStatus::Error))
    );
    let failed = of_kind(&run, Kind::LlmCall)[1];
    assert_eq!((failed.error_type.as_deref(), failed.input_tokens), (Some("overloaded"), None));
    assert_eq!(
        (run.report.skipped["metric"], run.report.skipped["log record tool_decision"]),
        (2, 1)
    );
    // Spans of the same session say it as well, and count.
    let spans = request(&[with(chat("aa", "01", "", 1, 10, 2), "session.id", "s1")]);
    let run = one(&[("t.jsonl", format!("{}\n{spans}\n", logs()))]);
    assert_eq!((input(&run), run.report.skipped["log record of what a span says"]), (Some(10), 4));
    // Metrics alone are no run.
    let failed =
        try_import(&[("m.jsonl", metrics.to_string().as_bytes())]).unwrap_err().to_string();
    assert!(failed.contains("no spans of an agent (metric: 2)"), "{failed}");
}

#[test]
fn trap_11_cached_tokens_beside_the_input_are_put_into_it() {
    let old = with(chat("aa", "01", "", 1, 10, 2), "gen_ai.usage.cache_read_input_tokens", "500");
    let run = one(&[("t.jsonl", request(&[old]).to_string())]);
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.input_tokens, call.cache_read_tokens), (Some(510), Some(500)));
    assert_eq!(attributes(call)["cached_tokens"]["told_by"], "more cached than input");
}
