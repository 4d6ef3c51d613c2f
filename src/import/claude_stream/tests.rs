//! Streams written for the test, one trap each, and the real ones.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::{CostSource, EndReason, Event, Kind, ToolStatus, UsageQuality, Usd};
use serde_json::{Value, json};

fn init(session: &str) -> Value {
    json!({
        "type": "system", "subtype": "init", "session_id": session, "model": "model-x", "cwd": "/app/task",
        "tools": ["Bash"], "claude_code_version": "2.1.157", "uuid": format!("i-{session}"),
    })
}

fn reply(id: &str, output: i64, stop: Option<&str>, block: &Value, parent: Option<&str>) -> Value {
    json!({
        "type": "assistant", "session_id": "s", "uuid": format!("u-{id}"), "parent_tool_use_id": parent,
        "message": {
            "id": id, "role": "assistant", "type": "message", "model": "model-x", "content": [block],
            "stop_reason": stop,
            "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": output},
        },
    })
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn tool(id: &str, name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

fn answer(id: &str, content: &str, own: &Value) -> Value {
    json!({
        "type": "user", "session_id": "s", "uuid": format!("r-{id}"), "timestamp": "2026-01-01T00:00:05.000Z",
        "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": content}]},
        "tool_use_result": own,
    })
}

/// A result with what one model was asked.
fn result(cost: &str, output: i64) -> Value {
    let cost: Value = serde_json::from_str(cost).unwrap();
    json!({
        "type": "result", "subtype": "success", "is_error": false, "session_id": "s", "duration_ms": 1500,
        "num_turns": 2, "result": "done", "total_cost_usd": cost, "uuid": format!("end-{output}"),
        "usage": {
            "input_tokens": 44, "cache_read_input_tokens": 1000, "cache_creation_input_tokens": 500,
            "output_tokens": output,
        },
        "modelUsage": {"model-x": {
            "inputTokens": 44, "cacheReadInputTokens": 1000, "cacheCreationInputTokens": 500,
            "outputTokens": output, "costUSD": cost, "contextWindow": 200_000,
        }},
    })
}

fn log(records: &[Value]) -> String {
    records.iter().map(|r| r.to_string() + "\n").collect()
}

fn run(records: &[Value]) -> Imported {
    let mut runs = import(&[("out.txt", &log(records))]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn aggregates(run: &Imported) -> Vec<&Event> {
    let totals = of_kind(run, Kind::LlmCall);
    totals.into_iter().filter(|e| e.usage_quality == Some(UsageQuality::Aggregate)).collect()
}

fn attribute(event: &Event, path: &str) -> Value {
    let attributes: Value =
        event.attributes.as_deref().map(|a| serde_json::from_str(a).unwrap()).unwrap_or_default();
    attributes.pointer(path).cloned().unwrap_or_default()
}

#[test]
fn trap_1_totals_come_from_the_result_and_calls_have_none() {
    let run = run(&[
        init("s"),
        reply("m1", 1, None, &text("so"), None),
        reply("m1", 1, None, &tool("t1", "Bash", &json!({"command": "ls"})), None),
        answer("t1", "a b", &json!({"stdout": "a b"})),
        reply("m2", 5, None, &text("done"), None),
        result("0.25", 25),
    ]);
    assert_eq!(run.run.run_id, "s");
    assert_eq!((run.run.workload.as_str(), run.run.model.as_str()), ("task", "model-x"));
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].input_tokens, calls[0].usage_quality), (None, None));
    assert_eq!(attribute(calls[0], "/usage/output_tokens"), 1, "as it was logged");
    let total = aggregates(&run)[0];
    assert_eq!((total.input_tokens, total.output_tokens), (Some(1544), Some(25)));
    assert_eq!((total.llm_call_count, total.content.as_deref()), (Some(0), None));
    assert_eq!(total.context_limit, Some(200_000));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!((tool.tool_status, tool.content.as_deref()), (Some(ToolStatus::Ok), Some("a b")));
    let end = of_kind(&run, Kind::RunEnd)[0];
    assert_eq!((end.end_reason, end.elapsed_s), (Some(EndReason::AgentMessage), Some(1.5)));
}

#[test]
fn trap_1_without_a_result_the_input_is_a_placeholder_and_the_output_unknown() {
    let run = run(&[
        init("s"),
        reply("m1", 1, None, &text("so"), None),
        reply("m2", 44, Some("end_turn"), &text("done"), None),
    ]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls[0].input_tokens, calls[0].cache_read_tokens), (Some(100), Some(90)));
    assert_eq!(calls[0].output_tokens, None);
    assert_eq!(calls[0].usage_quality, Some(UsageQuality::Placeholder));
    assert_eq!(calls[1].output_tokens, Some(44), "a reply that has stopped is counted");
    assert_eq!(calls[1].usage_quality, Some(UsageQuality::Final));
    assert!(run.report.warnings[0].starts_with("no result follows 1 of 2 calls"));
}

#[test]
fn trap_1_partial_messages_say_how_a_reply_ended() {
    let part = |event: Value| json!({"type": "stream_event", "session_id": "s", "event": event});
    let run = run(&[
        init("s"),
        part(json!({"type": "message_start", "message": {"id": "m1"}})),
        reply("m1", 1, None, &text("so"), None),
        part(
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 44}}),
        ),
        part(json!({"type": "message_start", "message": {"id": "m2"}})),
        reply("m2", 1, None, &text("and"), None),
    ]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls[0].input_tokens, calls[0].output_tokens), (Some(100), Some(44)));
    assert_eq!(calls[0].finish_reason.as_deref(), Some("end_turn"));
    assert_eq!(calls[0].usage_quality, Some(UsageQuality::Final));
    assert_eq!(calls[1].usage_quality, Some(UsageQuality::Placeholder));
    assert_eq!(run.report.skipped.values().sum::<u64>(), 3);
}

#[test]
fn trap_2_the_cost_is_an_estimate_of_the_client() {
    let run =
        run(&[init("s"), reply("m1", 1, None, &text("done"), None), result("0.57709725", 25)]);
    let total = aggregates(&run)[0];
    assert_eq!(total.cost_usd, Usd::parse("0.57709725"));
    assert_eq!(total.cost_source, Some(CostSource::ClientEstimate));
    let costs: Vec<Usd> = run.events.iter().filter_map(|e| e.cost_usd).collect();
    assert_eq!(costs.len(), 1, "once");
}

#[test]
fn trap_3_several_results_each_count_for_themselves() {
    let once = run(&[
        init("s"),
        reply("m1", 1, None, &text("one"), None),
        result("0.25", 25),
        init("s"),
        reply("m2", 1, None, &text("two"), None),
        result("0.5", 30),
        reply("m3", 1, None, &text("and"), None),
    ]);
    assert_eq!(aggregates(&once).len(), 2);
    assert_eq!(total(&once, |e| e.output_tokens), Some(55));
    assert_eq!(
        once.events.iter().filter_map(|e| e.cost_usd).sum::<Usd>(),
        Usd::parse("0.75").unwrap()
    );
    assert_eq!(of_kind(&once, Kind::RunEnd)[0].elapsed_s, Some(3.0));
    let calls = of_kind(&once, Kind::LlmCall);
    assert_eq!(
        calls.last().unwrap().usage_quality,
        Some(UsageQuality::Placeholder),
        "no result counts it"
    );

    // Counts per model that go on, while the usage beside them is of the one prompt.
    let mut second = result("0.75", 30);
    second["modelUsage"]["model-x"]["outputTokens"] = json!(55);
    second["modelUsage"]["model-x"]["inputTokens"] = json!(88);
    let going_on =
        run(&[init("s"), reply("m1", 1, None, &text("one"), None), result("0.25", 25), second]);
    assert_eq!(total(&going_on, |e| e.output_tokens), Some(55));
    assert_eq!(
        going_on.events.iter().filter_map(|e| e.cost_usd).sum::<Usd>(),
        Usd::parse("0.75").unwrap()
    );
    assert!(going_on.report.warnings[0].contains("counts on"));
}

#[test]
fn trap_3_models_are_totals_of_their_own() {
    let mut end = result("0.5", 30);
    end["modelUsage"]["small"] = json!({"inputTokens": 7, "outputTokens": 3, "costUSD": 0.125});
    let run = run(&[init("s"), reply("m1", 1, None, &text("done"), None), end]);
    let totals = aggregates(&run);
    assert_eq!(attribute(totals[1], "/model"), "small");
    assert_eq!((totals[1].output_tokens, totals[1].cost_usd), (Some(3), Usd::parse("0.125")));
    assert_eq!(attribute(totals[0], "/num_turns"), 2);
    assert_eq!(attribute(totals[1], "/num_turns"), Value::Null, "said once");
}

#[test]
fn trap_4_an_array_is_a_stream() {
    let records = json!([init("s"), reply("m1", 1, Some("end_turn"), &text("done"), None), {"type": "result", "total_cost_usd": 0.0347, "duration_ms": 10}]);
    for text in [records.to_string(), serde_json::to_string_pretty(&records).unwrap()] {
        let runs = import(&[("turns.json", &text)]);
        assert_eq!(of_kind(&runs[0], Kind::LlmCall)[0].output_tokens, Some(1));
        assert_eq!(aggregates(&runs[0])[0].cost_usd, Usd::parse("0.0347"));
    }
}

#[test]
fn trap_4_dumps_of_the_agent_sdk_have_no_types() {
    let run = run(&[
        json!({"subtype": "init", "data": init("s")}),
        json!({"content": [{"thinking": "hm", "signature": ""}], "model": "model-x", "parent_tool_use_id": null}),
        json!({"content": [{"id": "t1", "name": "Bash", "input": {"command": "ls"}}], "model": "model-x"}),
        json!({"content": [{"tool_use_id": "t1", "content": "a b", "is_error": null}], "parent_tool_use_id": null}),
        json!({"content": [{"text": "done"}], "model": "model-x"}),
        json!({
            "subtype": "success", "duration_ms": 10, "is_error": false, "num_turns": 2, "session_id": "s",
            "total_cost_usd": 0.25, "usage": {"input_tokens": 5, "output_tokens": 7}, "result": "done",
        }),
    ]);
    assert_eq!(run.run.run_id, "s");
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 3, "two replies and the totals");
    assert_eq!(attribute(calls[0], "/reasoning"), "hm");
    assert_eq!(of_kind(&run, Kind::ToolCall)[0].content.as_deref(), Some("a b"));
    assert_eq!(total(&run, |e| e.output_tokens), Some(7));
}

#[test]
fn trap_5_other_output_is_passed_over_and_torn_records_are_rejected() {
    let log = format!(
        "npm warn deprecated\n{}[2026] warning\n{}\n42\n{{\"type\":\"assis",
        log(&[init("s")]),
        reply("m1", 1, None, &text("so"), None)
    );
    let runs = import(&[("out.txt", &log)]);
    let report = &runs[0].report;
    assert_eq!((report.skipped["other output"], report.rejected_records), (3, 1));
    assert_eq!(report.rejected[0].line, 6);
}

#[test]
fn sub_agents_are_named_by_the_call_that_started_them() {
    let task = json!({"prompt": "look", "subagent_type": "Explore"});
    let run = run(&[
        init("s"),
        reply("m1", 1, None, &tool("task1", "Task", &task), None),
        reply("sub1", 1, None, &tool("t1", "Bash", &json!({})), Some("task1")),
        answer("task1", "found", &json!({"status": "completed"})),
        json!({"type": "stream_event", "session_id": "s", "event": {}}),
    ]);
    let sub = of_kind(&run, Kind::LlmCall)[1];
    assert_eq!(sub.parent_event_id.as_deref(), Some("task1"));
    assert_eq!(
        (attribute(sub, "/agent_id"), attribute(sub, "/agent_type")),
        (json!("task1"), json!("Explore"))
    );
    assert_eq!(of_kind(&run, Kind::ToolCall)[1].tool_status, Some(ToolStatus::Unknown));
    assert_eq!(run.report.skipped.values().sum::<u64>(), 1);
}

#[test]
fn the_output_of_several_commands_is_several_runs() {
    let mut other = reply("m2", 1, None, &text("b"), None);
    other["session_id"] = json!("z");
    let runs = import(&[(
        "out.txt",
        &log(&[init("s"), reply("m1", 1, None, &text("a"), None), init("z"), other]),
    )]);
    let ids: Vec<&str> = runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["s", "z"]);
    assert!(runs.iter().all(|r| of_kind(r, Kind::LlmCall).len() == 1));
}

#[test]
fn limits_and_failed_requests_end_a_run() {
    let mut end = result("0.5", 30);
    end["subtype"] = json!("error_max_turns");
    let stopped = run(&[init("s"), reply("m1", 1, None, &text("a"), None), end]);
    assert_eq!(of_kind(&stopped, Kind::StageResult)[0].end_reason, Some(EndReason::Budget));
    let mut failed = reply("x", 0, None, &text("API Error: rate limited"), None);
    failed["error"] = json!("rate_limit");
    let failed = run(&[init("s"), failed]);
    let call = of_kind(&failed, Kind::LlmCall)[0];
    assert_eq!((call.error_type.as_deref(), call.usage_quality), (Some("rate_limit"), None));
    assert_eq!(of_kind(&failed, Kind::RunEnd)[0].end_reason, Some(EndReason::RateLimited));
}

#[test]
fn what_is_no_stream_is_not_taken_for_one() {
    for other in
        ["", "{}\n", "[]", "[1]", "[{\"type\":\"user\",\"text\":\"a\"}]", "{\"type\":\"result\"}"]
    {
        assert!(try_import(&[("other.json", other.as_bytes())]).is_err(), "{other}");
    }
    let deep = format!("{}\n{}", init("s"), "[".repeat(100_000));
    assert_eq!(import(&[("out.txt", &deep)])[0].report.skipped["other output"], 1);
}

const TRIAL: &str = "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF/agent";

#[test]
fn the_session_and_the_stream_of_a_real_trial_agree() {
    let Some(agent) = sample(TRIAL) else { return };
    let stream = import_at(&agent.join("claude-code.txt")).remove(0);
    let session = import_at(&agent.join("sessions")).remove(0);
    assert_eq!(stream.run.run_id, session.run.run_id);
    assert_eq!(stream.run.model, session.run.model);
    for run in [&stream, &session] {
        assert_eq!(run.report.lost(), 0, "{:?}", run.report);
        assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
    }
    let calls = |run: &Imported| -> Vec<(Option<String>, Option<String>)> {
        let calls = of_kind(run, Kind::LlmCall).into_iter();
        let own = calls.filter(|c| c.usage_quality != Some(UsageQuality::Aggregate));
        own.map(|c| (c.response_id.clone(), c.content.clone())).collect()
    };
    assert_eq!(calls(&stream).len(), 11);
    assert_eq!(calls(&stream), calls(&session));
    let tools = |run: &Imported| -> Vec<_> {
        let tools = of_kind(run, Kind::ToolCall).into_iter();
        tools
            .map(|t| {
                let name = (t.tool_call_id.clone(), t.tool_name.clone(), t.arguments.clone());
                (
                    name,
                    t.arguments_hash,
                    t.identical_streak,
                    t.tool_status,
                    t.exit_code,
                    t.content.clone(),
                )
            })
            .collect()
    };
    assert_eq!(tools(&stream).len(), 12);
    assert_eq!(tools(&stream), tools(&session));
    assert_eq!(tools(&stream)[9].4, Some(127));
    // The session's calls add up to the result of the stream: 44 + 176,992 + 71,613 of input.
    for run in [&stream, &session] {
        assert_eq!(total(run, |e| e.input_tokens), Some(248_649));
        assert_eq!(total(run, |e| e.cache_read_tokens), Some(176_992));
        assert_eq!(total(run, |e| e.cache_write_tokens), Some(71_613));
        assert_eq!(total(run, |e| e.output_tokens), Some(1632));
    }
    assert_eq!(aggregates(&stream)[0].cost_usd, Usd::parse("0.57709725"));
    // The time of the session's calls is what the client measured: 52,137 ms, within a per mille.
    let millis: f64 = of_kind(&session, Kind::LlmCall).iter().filter_map(|c| c.duration_ms).sum();
    assert!((millis - 52_137.0).abs() < 100.0, "{millis}");
}

#[test]
fn real_streams_have_nothing_unknown() {
    let Some(path) = sample("claude-code-stream-json") else { return };
    let runs = import_at(&path);
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.report.lost() == 0));
    assert_eq!(
        total(&runs[0], |e| e.output_tokens),
        Some(75 + 50 + 80 + 60),
        "replies that have stopped"
    );
}

#[test]
fn damaged_streams_are_survived() {
    let Some(path) = sample("claude-code-stream-json") else { return };
    let names = [
        "anthropics_claude-code-action__sample-turns.json",
        "lwhere1314__kv-store-grpc_claude-code.jsonl",
    ];
    assert_survives(&names.map(|name| path.join(name)), 1000);
}
