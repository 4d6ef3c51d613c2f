//! Sessions written for the test, one trap each, and the real ones.

use super::super::made::{
    assert_survives, import, import_at, of_kind, sample, total, try_import, try_import_at,
};
use super::super::sink::Imported;
use super::agents_tests::with_agent;
use crate::trace::{EndReason, Event, Kind, ToolStatus, UsageQuality, Usd};
use serde_json::{Value, json};

/// A line of session `s` in second `at`.
#[expect(clippy::needless_pass_by_value, reason = "lines are written in place")]
pub(super) fn line(uuid: &str, at: u32, more: Value) -> Value {
    let mut line = json!({
        "uuid": uuid, "sessionId": "s", "timestamp": format!("2026-01-01T00:{:02}:{:02}.000Z", at / 60, at % 60),
        "version": "2.1.1", "cwd": "/home/a/project", "gitBranch": "main", "isSidechain": false,
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

pub(super) fn user(uuid: &str, at: u32, content: impl Into<Value>) -> Value {
    line(uuid, at, json!({"type": "user", "message": {"role": "user", "content": content.into()}}))
}

/// One block of reply `id`, with an output count.
pub(super) fn reply(
    uuid: &str,
    at: u32,
    id: &str,
    output: i64,
    stop: Option<&str>,
    block: &Value,
) -> Value {
    line(
        uuid,
        at,
        json!({"type": "assistant", "message": {
            "id": id, "role": "assistant", "model": "claude-x", "content": [block], "stop_reason": stop,
            "usage": {
                "input_tokens": 4, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 96,
                "output_tokens": output,
            },
        }}),
    )
}

pub(super) fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

pub(super) fn tool(id: &str, name: &str, input: Value) -> Value {
    let mut block = json!({"type": "tool_use", "id": id, "name": name});
    block["input"] = input;
    block
}

pub(super) fn result(uuid: &str, at: u32, id: &str, content: &str, own: &Value) -> Value {
    let mut line =
        user(uuid, at, json!([{"type": "tool_result", "tool_use_id": id, "content": content}]));
    line["toolUseResult"] = own.clone();
    line
}

#[expect(clippy::needless_pass_by_value, reason = "lines are written in place")]
pub(super) fn with(mut line: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

pub(super) fn log(lines: &[Value]) -> String {
    lines.iter().map(|line| line.to_string() + "\n").collect()
}

pub(super) fn run(lines: &[Value]) -> Imported {
    let mut runs = import(&[("s.jsonl", &log(lines))]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn calls(run: &Imported) -> Vec<&Event> {
    of_kind(run, Kind::LlmCall)
}

pub(super) fn attribute(event: &Event, path: &str) -> Value {
    let attributes: Value =
        event.attributes.as_deref().map(|a| serde_json::from_str(a).unwrap()).unwrap_or_default();
    attributes.pointer(path).cloned().unwrap_or_default()
}

#[test]
fn trap_1_a_call_over_many_lines_is_billed_once() {
    let run = run(&[
        user("u1", 0, "do it"),
        reply(
            "a1",
            3,
            "m1",
            9,
            None,
            &json!({"type": "thinking", "thinking": "hm", "signature": "xx"}),
        ),
        reply("a2", 4, "m1", 9, None, &text("first")),
        reply("a3", 5, "m1", 70, Some("tool_use"), &tool("t1", "Bash", json!({"command": "ls"}))),
        result("r1", 6, "t1", "a b", &json!({"stdout": "a b", "stderr": "", "interrupted": false})),
        reply("a4", 8, "m2", 30, Some("end_turn"), &text("done")),
    ]);
    assert_eq!(total(&run, |e| e.input_tokens), Some(2200));
    assert_eq!(total(&run, |e| e.output_tokens), Some(100), "the largest count of each call");
    let calls = calls(&run);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].content.as_deref(), Some("first"));
    assert_eq!(attribute(calls[0], "/reasoning"), "hm");
    assert_eq!(calls[0].duration_ms, Some(5000.0), "from what it answers to its last line");
    assert_eq!(calls[1].ts.unwrap().to_string(), "2026-01-01T00:00:06Z");
    assert_eq!(calls[1].duration_ms, Some(2000.0));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(tool.parent_event_id.as_deref(), Some("m1"));
    assert_eq!((tool.tool_status, tool.duration_ms), (Some(ToolStatus::Ok), Some(1000.0)));
    assert_eq!(tool.arguments.as_deref(), Some(r#"{"command":"ls"}"#));
    assert_eq!(run.report.merged["further line of a reply"], 2);
}

#[test]
fn trap_1_a_result_between_the_lines_of_a_reply_does_not_split_it() {
    let run = run(&[
        user("u1", 0, "do it"),
        reply("a1", 1, "m1", 50, Some("tool_use"), &tool("t1", "Read", json!({"file_path": "a"}))),
        result("r1", 2, "t1", "of a", &json!({})),
        reply("a2", 3, "m1", 50, Some("tool_use"), &tool("t2", "Read", json!({"file_path": "b"}))),
        result("r2", 4, "t2", "of b", &json!({})),
    ]);
    assert_eq!((calls(&run).len(), of_kind(&run, Kind::ToolCall).len()), (1, 2));
    assert_eq!(calls(&run)[0].duration_ms, Some(3000.0));
}

#[test]
fn trap_2_calls_are_the_same_by_message_id_with_or_without_request_id() {
    let first = reply("a1", 1, "m1", 5, None, &text("a"));
    let second = reply("a2", 2, "m1", 5, Some("end_turn"), &text("b"));
    let run = run(&[first, with(second, json!({"requestId": "req_1"}))]);
    assert_eq!(calls(&run).len(), 1);
    assert_eq!(calls(&run)[0].content.as_deref(), Some("a\n\nb"));
    assert_eq!(attribute(calls(&run)[0], "/requestId"), "req_1");
}

#[test]
fn trap_3_counts_that_no_line_calls_final_are_partial() {
    let run = run(&[
        reply("a1", 1, "m1", 3, None, &text("a long text")),
        reply("a2", 2, "m2", 44, Some("end_turn"), &text("b")),
        reply("a3", 3, "m3", 0, Some("end_turn"), &text("c")),
    ]);
    let quality: Vec<_> = calls(&run).iter().map(|c| c.usage_quality).collect();
    assert_eq!(quality[..2], [Some(UsageQuality::Partial), Some(UsageQuality::Final)]);
    assert_eq!(
        (calls(&run)[2].output_tokens, quality[2]),
        (None, Some(UsageQuality::Partial)),
        "no reply has no tokens"
    );
    assert!(run.report.warnings[0].starts_with("1 of 3 calls"), "{:?}", run.report.warnings);
}

#[test]
fn trap_7_summaries_and_notes_of_the_client_are_marked() {
    let run = run(&[
        with(user("u1", 0, "Caveat: local commands"), json!({"isMeta": true})),
        with(user("u2", 1, "The story so far"), json!({"isCompactSummary": true})),
        json!({"type": "summary", "summary": "A title", "leafUuid": "z"}),
        user("u3", 2, "go on"),
    ]);
    let messages = of_kind(&run, Kind::Message);
    assert_eq!(attribute(messages[0], "/isMeta"), true);
    assert_eq!(attribute(messages[1], "/isCompactSummary"), true);
    assert_eq!(messages[2].attributes, None);
    assert_eq!(attribute(of_kind(&run, Kind::RunEnd)[0], "/titles/0/summary"), "A title");
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::NotAttempted));
}

#[test]
fn trap_8_the_context_is_of_one_call() {
    let run = run(&[
        reply("a1", 1, "m1", 5, Some("end_turn"), &text("a")),
        reply("a2", 2, "m2", 5, Some("end_turn"), &text("b")),
    ]);
    for call in calls(&run) {
        assert_eq!(
            (call.input_tokens, call.cache_read_tokens, call.cache_write_tokens),
            (Some(1100), Some(1000), Some(96))
        );
    }
}

#[test]
fn trap_9_folder_branch_and_version_change_on_the_way() {
    let moved = json!({"cwd": "/home/a/project/sub", "version": "2.1.2", "gitBranch": "fix"});
    let run = run(&[
        user("u1", 0, "do it"),
        with(user("u2", 1, "and that"), moved.clone()),
        with(user("u3", 2, "and this"), moved),
    ]);
    let start = of_kind(&run, Kind::RunStart)[0];
    assert_eq!(run.run.workload, "project");
    assert_eq!(attribute(start, "/version"), "2.1.1");
    assert_eq!(attribute(start, "/versions"), json!(["2.1.1", "2.1.2"]));
    let messages = of_kind(&run, Kind::Message);
    assert_eq!(messages[0].attributes, None);
    assert_eq!(attribute(messages[1], "/cwd"), "/home/a/project/sub");
    assert_eq!(messages[2].attributes, None, "said once");
}

#[test]
fn trap_10_torn_tails_and_unsorted_times() {
    let (main, sub) = with_agent();
    let torn = format!("{}{{\"type\":\"assistant\",\"uuid\":\"z", log(&main));
    let runs = import(&[("s.jsonl", &torn), ("s/subagents/agent-ag1.jsonl", &log(&sub))]);
    assert_eq!((runs[0].report.rejected_records, runs[0].report.rejected[0].line), (1, 6));
    assert_eq!(runs[0].events[0].offset_us, Some(0));
    assert!(runs[0].events.iter().all(|e| e.offset_us.is_none_or(|us| us >= 0)));
    assert_eq!(runs[0].events.last().unwrap().ts.unwrap().to_string(), "2026-01-01T00:00:11Z");
}

#[test]
fn failed_requests_have_no_usage_and_no_model() {
    let failed = line(
        "e1",
        3,
        json!({
            "type": "assistant", "isApiErrorMessage": true,
            "message": {
                "id": "x", "model": "<synthetic>", "role": "assistant", "stop_reason": "stop_sequence",
                "usage": {"input_tokens": 0, "output_tokens": 0},
                "content": [text("API Error: 529 {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}")],
            },
        }),
    );
    let stand_in = line(
        "e2",
        4,
        json!({
            "type": "assistant",
            "message": {"id": "y", "model": "<synthetic>", "role": "assistant", "content": [text("No response requested.")]},
        }),
    );
    let lines =
        [user("u1", 0, "do it"), reply("a1", 1, "m1", 5, None, &text("a")), stand_in, failed];
    let run = run(&lines);
    assert_eq!(run.run.model, "claude-x");
    let calls = calls(&run);
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[1].error_type.as_deref(), Some("overloaded_error"));
    assert_eq!((calls[1].input_tokens, calls[1].usage_quality), (None, None));
    assert_eq!(of_kind(&run, Kind::Message).last().unwrap().role.as_deref(), Some("assistant"));
    assert_eq!(of_kind(&run, Kind::RunEnd)[0].end_reason, Some(EndReason::LlmError));
}

#[test]
fn a_person_may_refuse_or_interrupt() {
    let mut refused = result(
        "r1",
        2,
        "t1",
        "The user doesn't want to proceed with this tool use.",
        &json!("User rejected tool use"),
    );
    refused["message"]["content"][0]["is_error"] = json!(true);
    let run = run(&[
        user("u1", 0, "do it"),
        reply("a1", 1, "m1", 5, Some("tool_use"), &tool("t1", "Bash", json!({}))),
        refused,
        user("u2", 3, "[Request interrupted by user for tool use]"),
    ]);
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!((tool.tool_status, tool.tool_kind), (Some(ToolStatus::Denied), None));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Interrupted));
}

#[test]
fn old_versions_log_cost_and_duration() {
    let old = |uuid: &str, cost: Value| {
        with(
            reply(uuid, 9, "m1", 5, Some("end_turn"), &text("a")),
            json!({"costUSD": cost, "durationMs": 2500}),
        )
    };
    let first = run(&[user("u1", 0, "do it"), old("a1", json!(0.0123)), old("a2", json!(0.0123))]);
    let call = calls(&first)[0];
    assert_eq!((call.cost_usd, call.duration_ms), (Usd::parse("0.0123"), Some(2500.0)));
    assert_eq!(call.ts.unwrap().to_string(), "2026-01-01T00:00:06.500Z");
    assert_eq!(calls(&run(&[old("a1", json!(0))]))[0].cost_usd, None, "0 is unknown");
}

#[test]
fn lines_that_are_no_objects_or_of_unknown_kinds_are_counted() {
    let good = log(&[user("u1", 0, "do it")]);
    let bad = "\"massive error\"\n42\n[1]\n{\"silly\": \"this\"}\n{\"type\":\"new-thing\"}\n";
    let nested = format!("{}\n", "[".repeat(100_000));
    let runs = import(&[("s.jsonl", &format!("{good}{bad}{nested}"))]);
    let report = &runs[0].report;
    assert_eq!((report.records_read, report.rejected_records), (7, 4));
    assert_eq!(report.unknown.keys().collect::<Vec<_>>(), ["line without a type", "new-thing"]);
}

#[test]
fn what_is_no_session_is_not_taken_for_one() {
    let accounting = r#"{"timestamp":"2026-01-01T00:00:00Z","sessionId":"q","message":{"role":"assistant","id":"m","model":"x","usage":{"input_tokens":1,"output_tokens":2}},"costUSD":0.5,"version":"1.0.0"}"#;
    assert_eq!(total(&import(&[("q.jsonl", accounting)])[0], |e| e.output_tokens), Some(2));
    for other in [
        "",
        "{}\n",
        "{\"sessionId\":\"a\",\"messages\":[]}",
        "{\"type\":\"user\",\"session_id\":\"a\"}",
    ] {
        assert!(try_import(&[("other.jsonl", other.as_bytes())]).is_err(), "{other}");
    }
}

#[test]
fn real_sessions_have_the_known_totals() {
    let Some(path) = sample("claude-code") else { return };
    let runs = import_at(&path);
    let by_id = |id: &str| runs.iter().find(|r| r.run.run_id.starts_with(id)).unwrap();
    // Calls, input with cached, output, tool calls: each message id once with the largest of its counts, as a script of
    // a few lines counts them without this importer.
    for (id, llm, input, output, tools) in [
        ("edge_cases", 3, 320, 350, 2),
        // 218 of its own; a made-up id of `edge_cases` is one of its ids as well, with 123 more.
        ("test_session", 5, 218 + 123, 445, 2),
        ("55604662", 1, 25_353, 13, 2),
        ("fa812bfe", 12, 544_051, 34, 25),
        ("d6e0bada", 4, 105_981, 212, 6),
        ("test-session-004", 4, 500, 140, 2),
        ("test-session-003", 2, 110, 27, 0),
        ("test-session-005", 2, 180, 40, 0),
        ("session-partner", 1, 200, 100, 0),
        ("session-clear", 2, 180, 80, 0),
        ("30530d66", 15, 802_193, 4756, 25),
        ("b3a7bd3c", 10, 68_776, 37, 8),
        ("session-alpha", 3, 745, 250, 0),
    ] {
        let run = by_id(id);
        let sums = (total(run, |e| e.input_tokens), total(run, |e| e.output_tokens));
        assert_eq!(sums, (Some(input), Some(output)), "{id}");
        assert_eq!((calls(run).len(), of_kind(run, Kind::ToolCall).len()), (llm, tools), "{id}");
    }
    // A sub-agent whose calls were never settled.
    let unsettled = calls(by_id("fa812bfe"));
    assert!(unsettled.iter().all(|c| c.usage_quality == Some(UsageQuality::Partial)));
    for run in &runs {
        let broken = run.run.run_id == "edge_cases";
        assert_eq!(run.report.lost() > 0, broken, "{}: {:?}", run.run.run_id, run.report);
    }
    let edge = &by_id("edge_cases").report;
    assert_eq!((edge.rejected_records, edge.unknown.len()), (3, 1));
    assert_eq!(
        by_id("session-alpha").events.iter().filter_map(|e| e.cost_usd).sum::<Usd>(),
        Usd::parse("1.02").unwrap()
    );
}

#[test]
fn damaged_sessions_are_survived() {
    let names = [
        "marot_spotter__short.jsonl",
        "microsoft_vscode-copilot-chat__tree",
        "meridianlabs-ai_inspect_scout__agent_session.jsonl",
    ];
    let logs: Vec<_> = names.iter().filter_map(|n| sample(&format!("claude-code/{n}"))).collect();
    if !logs.is_empty() {
        assert_survives(&logs, 1000);
    }
    assert!(try_import_at(std::path::Path::new("/nonexistent")).is_err());
}
