//! Spans, steps and nested events; agents inside of agents; events that are no rows.

use super::*;

fn begin(id: &str, parent: Option<&str>, kind: &str, name: &str) -> Value {
    json!({"event": "span_begin", "id": id, "parent_id": parent, "type": kind, "name": name})
}

fn end(id: &str) -> Value {
    json!({"event": "span_end", "id": id})
}

fn call(text: &str, more: Value) -> Value {
    model(json!([]), said(json!({"content": text}), usage(1, 1)), more)
}

#[test]
fn rows_know_the_spans_they_are_in() {
    let run = run_of_events(json!([
        begin("a", None, "solvers", "solvers"),
        begin("b", Some("a"), "solver", "react"),
        call("new", json!({"span_id": "b"})),
        end("b"),
        end("a"),
        {"event": "step", "action": "begin", "type": "solver", "name": "plan"},
        {"event": "step", "action": "begin", "type": "solver", "name": "generate"},
        call("old", json!({})),
        {"event": "step", "action": "end", "type": "solver", "name": "generate"},
        call("older", json!({})),
        {"event": "step", "action": "end", "type": "solver", "name": "plan"},
        {"event": "step", "action": "end", "type": "solver", "name": "never begun"},
        call("outside", json!({"span_id": "lost"})),
    ]));
    let calls = made::of_kind(&run, Kind::LlmCall);
    let spans: Vec<Value> =
        calls.iter().map(|c| attributes(c).remove("span").unwrap_or_default()).collect();
    assert_eq!(spans, [json!("solvers/react"), json!("plan/generate"), json!("plan"), json!(null)]);
    assert_eq!(attributes(calls[0])["span_id"], "b");
    assert_eq!(run.report.merged["structure: the spans of rows"], 9);
}

#[test]
fn an_agent_that_a_tool_starts_answers_to_its_call() {
    let asked = |text: &str, id: &str, tool: &str| {
        said(json!({"content": text, "tool_calls": [asks(id, tool)]}), usage(1, 1))
    };
    let run = run_of_events(json!([
        begin("main", None, "agent", "react"),
        model(json!([]), asked("main", "c1", "helper"), json!({"span_id": "main"})),
        begin("t1", Some("main"), "tool", "helper"),
        tool("c1", "helper", json!({"span_id": "main", "uuid": "event 1"})),
        begin("sub", Some("t1"), "agent", "helper"),
        model(json!([user("please")]), asked("sub", "c2", "helper"), json!({"span_id": "sub"})),
        // Started before its event, inside of a handoff.
        begin("h", Some("sub"), "handoff", "deep"),
        begin("t2", Some("h"), "tool", "helper"),
        tool("c2", "helper", json!({"span_id": "sub", "uuid": "event 2"})),
        begin("deep", Some("t2"), "agent", "deep"),
        call("deep", json!({"span_id": "deep"})),
        end("deep"),
        call("main again", json!({"span_id": "main"})),
    ]));
    let rows: Vec<_> = run
        .events
        .iter()
        .filter(|e| matches!(e.kind, Kind::LlmCall | Kind::Message))
        .map(|e| {
            let agent = attributes(e).remove("agent_id").unwrap_or_default();
            (e.content.as_deref().unwrap(), agent, e.parent_event_id.as_deref())
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("main", json!(null), None),
            ("please", json!("sub"), Some("event 1")),
            ("sub", json!("sub"), None),
            ("deep", json!("deep"), Some("event 2")),
            ("main again", json!(null), None),
        ]
    );
    let calls = made::of_kind(&run, Kind::ToolCall);
    let streaks: Vec<_> = calls.iter().map(|c| c.identical_streak).collect();
    assert_eq!(streaks, [Some(1), Some(1)], "of different agents");
}

#[test]
fn tools_of_old_logs_hold_their_events() {
    let inner = json!([
        {"event": "step", "action": "begin", "type": "solver", "name": "inner"},
        call("inside", json!({"uuid": "x"})),
        {"event": "subtask", "name": "search", "input": {}, "result": "r", "events": [call("deeper", json!({}))]},
    ]);
    let asked = said(json!({"content": "", "tool_calls": [asks("c1", "agent")]}), usage(1, 1));
    let run = run_of_events(json!([
        model(json!([]), asked, json!({})),
        tool("c1", "agent", json!({"events": inner})),
        call("after", json!({})),
    ]));
    assert_eq!(texts(&run, Kind::LlmCall), ["", "inside", "deeper", "after"]);
    let calls = made::of_kind(&run, Kind::LlmCall);
    assert_eq!(attributes(calls[1])["span"], "agent/inner");
    assert_eq!(attributes(calls[2])["span"], "agent/inner/search");
    assert_eq!(attributes(calls[1])["agent_id"], "c1");
    assert_eq!(calls[1].parent_event_id.as_deref(), Some("c1"));
    assert!(!attributes(calls[3]).contains_key("agent_id"));
    let end = attributes(run.events.last().unwrap());
    assert_eq!(end["events"][0]["result"], "r");
    assert_eq!(end["events"][0].get("events"), None);
}

#[test]
fn spans_in_circles_end() {
    let run = run_of_events(json!([
        begin("a", Some("b"), "solver", "x"),
        begin("b", Some("a"), "agent", "y"),
        begin("c", Some("c"), "tool", "z"),
        call("one", json!({"span_id": "a"})),
        call("two", json!({"span_id": "c"})),
    ]));
    assert_eq!(texts(&run, Kind::LlmCall), ["one", "two"]);
}

#[test]
fn calls_of_scorers_come_after_the_stage() {
    let mut one = sample(json!([
        begin("in", None, "solvers", "solvers"),
        begin("try", Some("in"), "scorer", "check"),
        call("a look ahead", json!({"span_id": "try"})),
        {"event": "score", "score": {"value": "I"}, "intermediate": true, "span_id": "try"},
        call("work", json!({"span_id": "in"})),
        begin("out", None, "scorers", "scorers"),
        begin("judge", Some("out"), "scorer", "judge"),
        model(json!([user("is it good?")]), said(json!({"content": "GRADE: C"}), usage(50, 2)),
            json!({"span_id": "judge", "model": "openai/judge", "role": "grader"})),
        {"event": "score", "score": {"value": "C"}, "scorer": "judge", "span_id": "judge"},
    ]));
    one["scores"] = json!({"judge": {"value": "C"}});
    let run = run_of(one);
    let rows: Vec<_> = run.events.iter().map(|e| (e.kind.as_str(), e.stage)).collect();
    assert_eq!(
        rows[2..],
        [
            ("llm_call", Some(0)),
            ("llm_call", Some(0)),
            ("message", Some(0)),
            ("stage_result", Some(0)),
            ("message", None),
            ("llm_call", None),
            ("run_end", None),
        ],
        "and the input, which nobody repeats, is asked in the stage"
    );
    let judge = attributes(run.events.iter().rfind(|e| e.kind == Kind::LlmCall).unwrap());
    assert_eq!((&judge["model"], &judge["role"]), (&json!("openai/judge"), &json!("grader")));
    assert_eq!(attributes(run.events.last().unwrap())["events"][0]["score"]["value"], "I");
}

#[test]
fn events_without_rows_are_kept_or_counted() {
    let run = run_of_events(json!([
        {"event": "sample_init", "sample": {}, "state": {}},
        {"event": "state", "changes": []},
        {"event": "store", "changes": []},
        {"event": "info", "source": "me", "data": {"a": "attachment://k"}, "timestamp": "2026-01-02T03:04:07-05:00"},
        {"event": "compaction", "type": "trim", "tokens_before": 900, "tokens_after": 100},
        {"event": "input", "input": "yes", "input_ansi": "\u{1b}[1myes"},
        {"event": "sandbox", "action": "write_file", "file": "setup.sh"},
        {"event": "teleport"},
        {"no": "kind"},
        "text",
    ]));
    assert_eq!(run.report.skipped.values().sum::<u64>(), 3);
    let kept = attributes(run.events.last().unwrap());
    assert_eq!(kept["events"].as_array().unwrap().len(), 4);
    assert_eq!(kept["events"][0]["timestamp"], "2026-01-02T08:04:07Z");
    assert_eq!(kept["events"][2], json!({"event": "input", "input": "yes"}));
    assert_eq!(run.report.unknown["teleport"], 1);
    assert_eq!(run.report.rejected_records, 2);
    assert_eq!(run.report.lost(), 3);
}
