//! Sessions written for the test, one trap each, and the real ones.

use super::super::made::{
    assert_survives, import, import_at, of_kind, sample, total, try_import, try_import_at,
};
use super::super::sink::Imported;
use crate::trace::{EndReason, Event, Kind, ToolStatus, UsageQuality, Usd};
use serde_json::{Value, json};

/// A line of session `s` in second `at`.
fn line(uuid: &str, at: u32, more: Value) -> Value {
    let mut line = json!({
        "uuid": uuid, "sessionId": "s", "timestamp": format!("2026-01-01T00:{:02}:{:02}.000Z", at / 60, at % 60),
        "version": "2.1.1", "cwd": "/home/a/project", "gitBranch": "main", "isSidechain": false,
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

fn user(uuid: &str, at: u32, content: impl Into<Value>) -> Value {
    line(uuid, at, json!({"type": "user", "message": {"role": "user", "content": content.into()}}))
}

/// One block of reply `id`, with an output count.
fn reply(uuid: &str, at: u32, id: &str, output: i64, stop: Option<&str>, block: &Value) -> Value {
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

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn tool(id: &str, name: &str, input: Value) -> Value {
    let mut block = json!({"type": "tool_use", "id": id, "name": name});
    block["input"] = input;
    block
}

fn result(uuid: &str, at: u32, id: &str, content: &str, own: &Value) -> Value {
    let mut line =
        user(uuid, at, json!([{"type": "tool_result", "tool_use_id": id, "content": content}]));
    line["toolUseResult"] = own.clone();
    line
}

fn with(mut line: Value, more: Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

fn log(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn run(lines: &[Value]) -> Imported {
    let mut runs = import(&[("s.jsonl", &log(lines))]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn calls(run: &Imported) -> Vec<&Event> {
    of_kind(run, Kind::LlmCall)
}

fn attribute(event: &Event, path: &str) -> Value {
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

/// A main session that starts a sub-agent, and the sub-agent's lines.
fn with_agent() -> (Vec<Value>, Vec<Value>) {
    let agent = json!({"isSidechain": true, "agentId": "ag1"});
    let task = json!({"prompt": "look around", "subagent_type": "Explore"});
    let echoed = reply("b1", 4, "sub1", 8, None, &text("looking"));
    let main = vec![
        user("u1", 0, "do it"),
        reply("a1", 2, "m1", 50, Some("tool_use"), &tool("task1", "Task", task)),
        line(
            "p1",
            4,
            json!({
                "type": "progress", "parentToolUseID": "task1", "toolUseID": "x",
                "data": {"type": "agent_progress", "agentId": "ag1", "message": echoed},
            }),
        ),
        result(
            "r1",
            9,
            "task1",
            "found",
            &json!({
                "status": "completed", "agentId": "ag1", "prompt": "look around", "totalTokens": 5000,
                "usage": {"input_tokens": 3}, "content": [text("found")],
            }),
        ),
        reply("a2", 11, "m2", 20, Some("end_turn"), &text("done")),
    ];
    let sub = vec![
        with(user("s1", 3, "look around"), agent.clone()),
        with(
            reply(
                "s2",
                4,
                "sub1",
                8,
                Some("tool_use"),
                &tool("t1", "Bash", json!({"command": "ls"})),
            ),
            agent.clone(),
        ),
        with(result("s3", 5, "t1", "a b", &json!({})), agent.clone()),
        with(reply("s4", 8, "sub2", 12, Some("end_turn"), &text("found")), agent),
    ];
    (main, sub)
}

#[test]
fn trap_4_the_traffic_of_sub_agents_is_counted_once() {
    let (main, sub) = with_agent();
    for name in [
        "s/subagents/agent-ag1.jsonl",
        "agent-ag1.jsonl",
        "s/subagents/workflows/w/agent-ag1.jsonl",
    ] {
        let runs = import(&[("s.jsonl", &log(&main)), (name, &log(&sub))]);
        assert_eq!(runs.len(), 1, "{name}");
        let run = &runs[0];
        assert_eq!(
            total(run, |e| e.output_tokens),
            Some(50 + 20 + 8 + 12),
            "nothing of the result's usage"
        );
        assert_eq!(run.report.duplicates["echo of a sub-agent"], 1);
        assert_eq!(run.report.dup_of[0].line, 3);
        assert!(run.report.dup_of[0].dup_of.starts_with("sub1 ("), "{:?}", run.report.dup_of);
        let ids: Vec<&str> = run.events.iter().filter_map(|e| e.event_id.as_deref()).collect();
        assert_eq!(ids, ["u1", "m1", "task1", "s1", "sub1", "t1", "sub2", "m2"], "after the call");
        let asked = run.events.iter().find(|e| e.event_id.as_deref() == Some("s1")).unwrap();
        assert_eq!(asked.parent_event_id.as_deref(), Some("task1"));
        assert_eq!(attribute(asked, "/agent_id"), "ag1");
        assert_eq!(attribute(asked, "/agent_type"), "Explore");
        let task = of_kind(run, Kind::ToolCall)[0];
        assert_eq!(attribute(task, "/result/totalTokens"), 5000, "kept, and no usage of the run");
    }
}

#[test]
fn trap_4_inline_sidechains_of_old_versions_are_threads_of_their_own() {
    let side =
        |line: Value, parent: Value| with(line, json!({"isSidechain": true, "parentUuid": parent}));
    let task = |id: &str, prompt: &str| tool(id, "Task", json!({"prompt": prompt}));
    let run = run(&[
        user("u1", 0, "do it"),
        reply("a1", 1, "m1", 50, None, &task("task1", "one")),
        reply("a2", 1, "m1", 50, Some("tool_use"), &task("task2", "two")),
        side(user("x1", 2, "two"), Value::Null),
        side(user("y1", 2, "one"), Value::Null),
        side(
            reply("x2", 3, "sub2", 5, Some("tool_use"), &tool("t", "Bash", json!({}))),
            json!("x1"),
        ),
        side(
            reply("y2", 3, "sub1", 5, Some("tool_use"), &tool("t", "Bash", json!({}))),
            json!("y1"),
        ),
        side(result("y3", 4, "t", "of one", &json!({})), json!("y2")),
        side(result("x3", 5, "t", "of two", &json!({})), json!("x2")),
        result("r1", 6, "task1", "found", &json!({"status": "completed"})),
        result("r2", 6, "task2", "found", &json!({"status": "completed"})),
    ]);
    assert_eq!(total(&run, |e| e.output_tokens), Some(60));
    let event = |id: &str| run.events.iter().find(|e| e.event_id.as_deref() == Some(id)).unwrap();
    assert_eq!(event("x1").parent_event_id.as_deref(), Some("task2"), "by its prompt");
    assert_eq!(event("y1").parent_event_id.as_deref(), Some("task1"));
    let tools = of_kind(&run, Kind::ToolCall);
    let of =
        |parent: &str| tools.iter().find(|t| t.parent_event_id.as_deref() == Some(parent)).unwrap();
    assert_eq!(of("sub1").content.as_deref(), Some("of one"), "ids are the agent's own");
    assert_eq!(of("sub2").content.as_deref(), Some("of two"));
    assert_eq!(attribute(of("sub2"), "/agent_id"), "sidechain-1");
}

#[test]
fn trap_4_a_sub_agent_without_its_session_is_a_run() {
    let (_, sub) = with_agent();
    let runs = import(&[("agent-ag1.jsonl", &log(&sub))]);
    assert_eq!((runs.len(), runs[0].run.run_id.as_str()), (1, "s"));
    assert_eq!(runs[0].run.model, "claude-x");
    let end = of_kind(&runs[0], Kind::RunEnd)[0];
    assert_eq!(end.end_reason, Some(EndReason::AgentMessage));
}

#[test]
fn trap_5_of_a_compaction_only_the_call_counts() {
    let agent = json!({"isSidechain": true, "agentId": "acompact-1"});
    let main = [
        user("u1", 0, "do it"),
        reply("a1", 2, "m1", 50, Some("end_turn"), &text("done")),
        line(
            "c1",
            9,
            json!({
                "type": "system", "subtype": "compact_boundary", "content": "Conversation compacted",
                "compactMetadata": {"trigger": "auto", "preTokens": 50000}, "logicalParentUuid": "a1",
            }),
        ),
        with(user("u2", 10, "The story so far"), json!({"isCompactSummary": true})),
    ];
    let compaction = [
        with(with(user("h1", 1, "<system-reminder>old"), agent.clone()), json!({"isMeta": true})),
        with(result("h2", 2, "t0", "an old result", &json!({})), agent.clone()),
        with(user("h3", 5, "Summarise"), agent.clone()),
        with(reply("h4", 8, "mc", 6, None, &text("The story so far")), agent),
    ];
    let runs = import(&[
        ("s.jsonl", &log(&main)),
        ("s/subagents/agent-acompact-1.jsonl", &log(&compaction)),
    ]);
    let ids: Vec<&str> = runs[0].events.iter().filter_map(|e| e.event_id.as_deref()).collect();
    assert_eq!(ids, ["u1", "m1", "c1", "h3", "mc", "u2"]);
    assert_eq!(runs[0].report.skipped["history copied for a compaction"], 2);
}

#[test]
fn trap_6_copied_prefixes_of_resumed_sessions_are_duplicates() {
    let first = [
        user("u1", 0, "do it"),
        reply("a1", 2, "m1", 50, None, &text("so")),
        reply("a2", 3, "m1", 50, Some("tool_use"), &tool("t1", "Bash", json!({"command": "ls"}))),
        result("r1", 4, "t1", "a b", &json!({"stdout": "a b"})),
        reply("a3", 5, "m2", 20, Some("end_turn"), &text("done")),
    ];
    // The copy has an id of its own; one version also gives its lines new ids.
    let mut second: Vec<Value> =
        first.iter().map(|l| with(l.clone(), json!({"sessionId": "fork"}))).collect();
    second[2]["uuid"] = json!("new2");
    second[3]["uuid"] = json!("new3");
    let own = reply("b1", 60, "m3", 7, Some("end_turn"), &text("more"));
    second.push(with(own, json!({"sessionId": "fork"})));
    // The copy is found first.
    let runs = import(&[("a-fork.jsonl", &log(&second)), ("s.jsonl", &log(&first))]);
    let by_id = |id: &str| runs.iter().find(|r| r.run.run_id == id).unwrap();
    assert_eq!(total(by_id("s"), |e| e.output_tokens), Some(70));
    assert_eq!(total(by_id("fork"), |e| e.output_tokens), Some(7));
    let report = &by_id("fork").report;
    assert_eq!(report.duplicates["line copied from another session"], 3);
    assert_eq!(report.duplicates["call counted elsewhere"], 1);
    assert_eq!(report.duplicates["result of a call that is counted elsewhere"], 1);
    assert!(report.dup_of[1].dup_of.ends_with("s.jsonl:2)"), "{:?}", report.dup_of);
    assert!(of_kind(by_id("fork"), Kind::Error).is_empty(), "no result without a call");
}

#[test]
fn trap_6_a_session_found_twice_is_one_run() {
    let lines =
        log(&[user("u1", 0, "do it"), reply("a1", 2, "m1", 50, Some("end_turn"), &text("so"))]);
    let runs = import(&[("a/s.jsonl", &lines), ("b/s.jsonl", &lines)]);
    assert_eq!(runs.len(), 1);
    assert_eq!(total(&runs[0], |e| e.output_tokens), Some(50));
    assert_eq!(runs[0].report.duplicates["line written again"], 2);
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
    // 11 calls of a sub-agent that were never settled: 28 tokens of output in all, and 6 of a compaction.
    let unsettled = by_id("fa812bfe");
    assert_eq!((calls(unsettled).len(), total(unsettled, |e| e.output_tokens)), (12, Some(34)));
    assert!(calls(unsettled).iter().all(|c| c.usage_quality == Some(UsageQuality::Partial)));
    for run in &runs {
        let broken = run.run.run_id == "edge_cases";
        assert_eq!(run.report.lost() > 0, broken, "{}: {:?}", run.run.run_id, run.report);
    }
    let edge = &by_id("edge_cases").report;
    assert_eq!((edge.rejected_records, edge.unknown.len()), (3, 1));
    assert_eq!(calls(by_id("b3a7bd3c")).len(), 10);
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
