//! Traps of OpenHands before its SDK, each with a small log, and the real sample.

mod forms;

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total};
use super::super::sink::Imported;
use crate::trace::{
    Clock, CostSource, EndReason, Event, Kind, StageStatus, ToolStatus, UsageQuality, Usd,
};
use serde_json::{Value, json};

fn run(instance: &Value) -> Imported {
    let mut runs = import(&[("eval/output.jsonl", &format!("{instance}\n"))]);
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert_eq!(run.report.lost(), 0, "{:?}", run.report);
    run
}

fn attributes(event: &Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}

/// The metadata of a call that a response asked for.
fn asked(response: &str, call: &str, of: u32) -> Value {
    json!({
        "function_name": "execute_bash", "tool_call_id": call, "total_calls_in_response": of,
        "model_response": {"id": response, "created": 1_746_001_974, "model": "served", "object": "chat.completion",
            "choices": [{"finish_reason": "tool_calls", "message": {"role": "assistant", "content": format!("I use {call}"),
                "tool_calls": [{"id": call, "function": {"name": "execute_bash", "arguments": "{\"command\": \"ls\"}"}}]}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 5}}
    })
}

fn action(id: u32, time: &str, response: &str, call: &str) -> Value {
    json!({
        "id": id, "timestamp": format!("2025-04-30T{time}"), "source": "agent", "message": "Running command: ls",
        "action": "run", "args": {"command": "ls", "thought": "I look", "hidden": false, "confirmation_state": "confirmed"},
        "tool_call_metadata": asked(response, call, 1),
        "llm_metrics": {"accumulated_cost": 9.0, "accumulated_token_usage": {"prompt_tokens": 900, "completion_tokens": 90}}
    })
}

fn observation(id: u32, time: &str, cause: u32, code: i64) -> Value {
    json!({
        "id": id, "timestamp": format!("2025-04-30T{time}"), "source": "agent", "cause": cause, "observation": "run",
        "message": "executed", "content": "a.c", "tool_call_metadata": asked("again", "again", 1), "success": code == 0,
        "extras": {"command": "ls", "metadata": {"exit_code": code, "working_dir": "/w"}, "hidden": false}
    })
}

fn prompt() -> Value {
    json!({"id": 1, "timestamp": "2025-04-30T16:32:50.0", "source": "user", "action": "message", "message": "Solve",
        "args": {"content": "Solve", "wait_for_response": false}})
}

fn usage(response: &str, input: i64, output: i64) -> Value {
    json!({"model": "asked", "prompt_tokens": input, "completion_tokens": output, "cache_read_tokens": 4,
        "cache_write_tokens": 0, "context_window": 1000, "response_id": response})
}

fn instance(history: Vec<Value>, metrics: Value) -> Value {
    let mut instance = json!({
        "instance_id": "repo__1", "instruction": "Solve", "test_result": {"git_patch": "diff"}, "error": null,
        "metadata": {"agent_class": "CodeActAgent", "llm_config": {"model": "asked", "api_key": "***", "base_url": "http://h:1/v1"}},
        "history": [], "metrics": {}
    });
    instance["history"] = history.into();
    instance["metrics"] = metrics;
    instance
}

fn usual() -> Value {
    instance(
        vec![
            prompt(),
            action(2, "16:32:57.5", "r1", "c1"),
            observation(3, "16:32:58.0", 2, 2),
            action(4, "16:33:07.5", "r2", "c2"),
            observation(5, "16:33:09.0", 4, 0),
        ],
        json!({
            "accumulated_cost": 0.75, "accumulated_token_usage": {"prompt_tokens": 30, "completion_tokens": 7},
            "costs": [{"model": "asked", "cost": 0.25, "timestamp": 1_746_001_977.0}, {"model": "asked", "cost": 0.5, "timestamp": 1_746_001_987.0}],
            "token_usages": [usage("r1", 10, 3), usage("r2", 20, 4)],
            "response_latencies": [{"model": "asked", "latency": 1.5, "response_id": "r1"}, {"model": "asked", "latency": 2.0, "response_id": "r2"}]
        }),
    )
}

#[test]
fn usage_is_joined_by_response_id() {
    let run = run(&usual());
    assert_eq!((run.run.workload.as_str(), run.run.model.as_str()), ("repo__1", "asked"));
    assert_eq!(run.run.provider.as_deref(), Some("h:1"));
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 2, "no aggregate row beside calls with usage");
    let first = calls[0];
    assert_eq!(
        (first.event_id.as_deref(), first.content.as_deref()),
        (Some("r1"), Some("I use c1"))
    );
    assert_eq!(
        (first.input_tokens, first.output_tokens, first.cache_read_tokens),
        (Some(10), Some(3), Some(4))
    );
    assert_eq!((first.usage_quality, first.context_limit), (Some(UsageQuality::Final), Some(1000)));
    assert_eq!(
        (first.cost_usd, first.cost_source),
        (Usd::from_f64(0.25), Some(CostSource::Reported))
    );
    assert_eq!(first.duration_ms, Some(1500.0));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(
        (tool.tool_name.as_deref(), tool.arguments.as_deref()),
        (Some("execute_bash"), Some("{\"command\": \"ls\"}"))
    );
    assert_eq!(
        (tool.parent_event_id.as_deref(), tool.event_id.as_deref()),
        (Some("r1"), Some("2"))
    );
    assert_eq!((tool.duration_ms, tool.content.as_deref()), (Some(500.0), Some("a.c")));
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
    let stored = run.events.iter().filter_map(|e| e.attributes.as_deref());
    assert!(stored.clone().all(|a| !a.contains("***")), "no keys");
    assert!(
        of_kind(&run, Kind::RunStart)[0].attributes.as_ref().is_some_and(|a| !a.contains("Solve")),
        "said once"
    );
}

#[test]
fn snapshots_on_actions_are_not_added_up() {
    let run = run(&usual());
    assert_eq!(total(&run, |e| e.input_tokens), Some(30));
    assert_eq!(total(&run, |e| e.cost_usd.map(Usd::nanos)), Some(750_000_000));
}

#[test]
fn local_times_are_aligned_by_the_stamps_of_costs() {
    let run = run(&usual());
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(call.clock, Some(Clock::CostEpoch));
    assert_eq!(call.ts.unwrap().to_string(), "2025-04-30T08:32:56Z", "when it was asked for");
}

#[test]
fn without_prices_the_stamps_of_responses_align_and_without_those_nothing_does() {
    let mut instance = usual();
    instance["metrics"]["costs"] = json!([]);
    let aligned = run(&instance);
    let tool = of_kind(&aligned, Kind::ToolCall)[0];
    assert_eq!(
        (tool.clock, tool.ts.unwrap().to_string().as_str()),
        (Some(Clock::CostEpoch), "2025-04-30T08:32:57.500Z")
    );
    for entry in instance["history"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().remove("tool_call_metadata");
    }
    let assumed = run(&instance);
    let tool = of_kind(&assumed, Kind::ToolCall)[0];
    assert_eq!(
        (tool.clock, tool.ts.unwrap().to_string().as_str()),
        (Some(Clock::AssumedUtc), "2025-04-30T16:32:57.500Z")
    );
    assert!(assumed.report.warnings.iter().any(|w| w.contains("no zone")));
}

#[test]
fn several_actions_of_one_response_are_one_call() {
    let mut instance = usual();
    instance["history"][3]["tool_call_metadata"] = asked("r1", "c2", 2);
    instance["metrics"]["token_usages"] = json!([usage("r1", 10, 3)]);
    instance["metrics"]["costs"] = json!([]);
    instance["metrics"]["accumulated_cost"] = json!(0.0);
    instance["metrics"]["response_latencies"] = json!([]);
    let run = run(&instance);
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 1);
    let tools = of_kind(&run, Kind::ToolCall);
    assert!(tools.iter().all(|t| t.parent_event_id.as_deref() == Some("r1")));
    assert_eq!(total(&run, |e| e.input_tokens), Some(10));
}

#[test]
fn calls_of_a_condenser_have_rows_of_their_own() {
    let mut instance = usual();
    let metrics = &mut instance["metrics"];
    metrics["token_usages"].as_array_mut().unwrap().insert(1, usage("condenser", 500, 50));
    metrics["costs"]
        .as_array_mut()
        .unwrap()
        .insert(1, json!({"cost": 0.125, "timestamp": 1_746_001_980.0}));
    metrics["accumulated_cost"] = json!(0.875);
    metrics["accumulated_token_usage"] = json!({"prompt_tokens": 530, "completion_tokens": 57});
    let run = run(&instance);
    let ids: Vec<_> =
        of_kind(&run, Kind::LlmCall).iter().map(|e| e.event_id.clone().unwrap()).collect();
    assert_eq!(ids, ["r1", "condenser", "r2"]);
    let own = of_kind(&run, Kind::LlmCall)[1];
    assert_eq!((own.input_tokens, own.content.as_deref()), (Some(500), None));
    assert_eq!(own.ts.unwrap().to_string(), "2025-04-30T08:33:00Z");
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn a_cost_of_zero_beside_tokens_is_unknown() {
    let mut instance = usual();
    instance["metrics"]["accumulated_cost"] = json!(0.0);
    instance["metrics"]["costs"] =
        json!([{"cost": 0.0, "timestamp": 1.0}, {"cost": 0.0, "timestamp": 2.0}]);
    let run = run(&instance);
    assert_eq!(total(&run, |e| e.cost_usd.map(Usd::nanos)), None);
    assert!(run.report.warnings.iter().any(|w| w.contains("no price")));
}

#[test]
fn costs_that_cannot_be_spread_are_one_row() {
    let mut instance = usual();
    instance["metrics"]["costs"].as_array_mut().unwrap().pop();
    let run = run(&instance);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls.len(), calls[0].cost_usd), (3, None));
    assert_eq!((calls[2].cost_usd, calls[2].llm_call_count), (Usd::from_f64(0.75), Some(0)));
    assert_eq!(calls[2].cost_source, Some(CostSource::ReportedTotal));
    assert!(run.report.warnings.iter().any(|w| w.contains("1 costs for 2 calls")));
}

#[test]
fn totals_that_are_not_the_sum_of_the_calls_are_warned_of() {
    let mut instance = usual();
    instance["metrics"]["accumulated_token_usage"]["prompt_tokens"] = json!(31);
    instance["metrics"]["accumulated_cost"] = json!(0.8);
    let run = run(&instance);
    let warned = |text: &str| run.report.warnings.iter().any(|w| w.contains(text));
    assert!(
        warned("accumulated tokens (31 and 7)") && warned("accumulated cost 0.8"),
        "{:?}",
        run.report.warnings
    );
}

#[test]
fn a_reply_that_could_not_be_parsed_is_the_call_before_its_error() {
    let mut instance = usual();
    let error = json!({"id": 9, "timestamp": "2025-04-30T16:33:03.0", "source": "agent", "observation": "error",
        "content": "Parameter is missing", "extras": {"error_id": ""}});
    instance["history"].as_array_mut().unwrap().insert(3, error);
    let latency = json!({"model": "asked", "latency": 3.0, "response_id": "lost"});
    instance["metrics"]["response_latencies"].as_array_mut().unwrap().insert(1, latency);
    let run = run(&instance);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[1].duration_ms, calls[1].input_tokens), (Some(3000.0), None));
    let error = of_kind(&run, Kind::Error)[0];
    assert_eq!(error.parent_event_id.as_deref(), Some("lost"));
    assert!(error.seq > calls[1].seq && error.seq < calls[2].seq);
    assert_eq!(error.error_type.as_deref(), Some("agent_error"));
}

#[test]
fn replies_without_an_action_are_joined_by_what_the_run_had_used() {
    let mut instance = usual();
    let said = json!({"id": 6, "timestamp": "2025-04-30T16:33:20.0", "source": "agent", "action": "message",
        "message": "Done", "args": {"content": "Done"},
        "llm_metrics": {"accumulated_token_usage": {"prompt_tokens": 130, "completion_tokens": 17}}});
    instance["history"].as_array_mut().unwrap().push(said.clone());
    let usages = instance["metrics"]["token_usages"].as_array_mut().unwrap();
    usages.push(usage("r3", 100, 10));
    let costs = instance["metrics"]["costs"].as_array_mut().unwrap();
    costs.push(json!({"cost": 0.125, "timestamp": 1_746_002_000.0}));
    let joined = run(&instance);
    let call = of_kind(&joined, Kind::LlmCall)[2];
    assert_eq!(
        (call.event_id.as_deref(), call.content.as_deref(), call.input_tokens),
        (Some("r3"), Some("Done"), Some(100))
    );
    assert_eq!(of_kind(&joined, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
    // Without a snapshot nothing says which call it is: the call and the text are rows, and one call is counted.
    instance["history"][5].as_object_mut().unwrap().remove("llm_metrics");
    let apart = run(&instance);
    assert_eq!(of_kind(&apart, Kind::LlmCall).len(), 3);
    assert!(of_kind(&apart, Kind::Message).iter().any(|m| m.content.as_deref() == Some("Done")));
}

#[test]
fn exit_codes_and_errors_of_results() {
    let mut instance = usual();
    assert_eq!(of_kind(&run(&instance), Kind::ToolCall)[0].exit_code, Some(2));
    instance["history"][2]["extras"]["metadata"]["exit_code"] = json!(-1);
    let running = run(&instance);
    let tool = of_kind(&running, Kind::ToolCall)[0];
    assert_eq!((tool.exit_code, tool.tool_status), (None, Some(ToolStatus::Running)));
    instance["history"][2]["observation"] = json!("error");
    instance["history"][2]["extras"] = json!({"error_id": "TIMEOUT"});
    let failed = run(&instance);
    let tool = of_kind(&failed, Kind::ToolCall)[0];
    assert_eq!(
        (tool.tool_status, tool.error_type.as_deref()),
        (Some(ToolStatus::Error), Some("TIMEOUT"))
    );
    instance["history"][2]["observation"] = json!("edit");
    instance["history"][2]["content"] = json!("ERROR:\nno match");
    let failed = run(&instance);
    assert_eq!(of_kind(&failed, Kind::ToolCall)[0].tool_status, Some(ToolStatus::Error));
}

#[test]
fn a_run_of_which_only_totals_are_left_was_attempted() {
    let mut instance = usual();
    instance["history"] = Value::Null;
    instance["metrics"]["token_usages"] = json!([]);
    instance["metrics"]["response_latencies"] = json!([]);
    instance["metrics"]["costs"] = json!([]);
    let run = run(&instance);
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.input_tokens, call.usage_quality), (Some(30), Some(UsageQuality::Aggregate)));
    assert_eq!((call.cost_usd, call.llm_call_count), (Usd::from_f64(0.75), None));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Unknown));
}

#[test]
fn grades_are_what_the_log_says_of_success() {
    let mut instance = usual();
    assert_eq!(of_kind(&run(&instance), Kind::StageResult)[0].score, None);
    instance["test_result"]["report"] = json!({"resolved": true});
    let graded = run(&instance);
    let result = of_kind(&graded, Kind::StageResult)[0];
    assert_eq!(
        (result.score, result.passed, result.stage_status),
        (Some(100.0), Some(true), Some(StageStatus::Passed))
    );
    assert_eq!(attributes(result)["graded_by"], "test_result.report.resolved");
}

#[test]
fn the_error_of_a_run_says_how_it_ended() {
    for (error, reason) in [
        (
            "RuntimeError: Agent reached maximum iteration in headless mode. Current iteration: 50",
            EndReason::Budget,
        ),
        ("AgentStuckInLoopError: Agent got stuck in a loop", EndReason::Stuck),
        ("litellm.ContextWindowExceededError: too long", EndReason::ContextExceeded),
        ("litellm.Timeout: timed out", EndReason::LlmTimeout),
        ("litellm.BadRequestError: no", EndReason::LlmError),
        ("ValueError: x", EndReason::Unknown),
    ] {
        let mut instance = usual();
        instance["error"] = json!(error);
        let run = run(&instance);
        let end = of_kind(&run, Kind::RunEnd)[0];
        assert_eq!((end.end_reason, end.content.as_deref()), (Some(reason), Some(error)));
    }
}

#[test]
fn the_real_sample() {
    let Some(folder) = sample("openhands-legacy") else { return };
    let runs = import_at(&folder);
    // Counted with a script over the file: calls with usage, calls with a latency alone, actions of the agent, tokens.
    let expected = [
        ("ponylang__ponyc-4595", 23, 0, 23, 565_158, 2_558, EndReason::Finished),
        ("ponylang__ponyc-4593", 33, 1, 33, 410_169, 5_156, EndReason::Finished),
        ("ponylang__ponyc-4588", 49, 1, 49, 938_015, 5_627, EndReason::Budget),
    ];
    assert_eq!(runs.len(), expected.len());
    for (run, (name, metered, lost, tools, input, output, reason)) in runs.iter().zip(expected) {
        assert_eq!(run.report.lost(), 0, "{:?}", run.report);
        assert_eq!(run.run.workload, name);
        assert_eq!(run.run.model, "openai/openrouter-llama-4-maverick");
        assert_eq!(run.run.provider.as_deref(), Some("localhost:2600"));
        let calls = of_kind(run, Kind::LlmCall);
        assert_eq!(
            calls.iter().filter(|c| c.usage_quality == Some(UsageQuality::Final)).count(),
            metered
        );
        assert_eq!(calls.len(), metered + lost);
        assert_eq!(of_kind(run, Kind::Error).len(), lost, "each lost reply has its error");
        assert_eq!(of_kind(run, Kind::ToolCall).len(), tools);
        assert_eq!(
            (total(run, |e| e.input_tokens), total(run, |e| e.output_tokens)),
            (Some(input), Some(output))
        );
        assert_eq!(
            total(run, |e| e.cost_usd.map(Usd::nanos)),
            None,
            "0.0 for a model without a price"
        );
        assert_eq!(of_kind(run, Kind::StageResult)[0].end_reason, Some(reason));
        assert!(
            run.events.iter().filter(|e| e.ts.is_some()).all(|e| e.clock == Some(Clock::CostEpoch))
        );
        assert_eq!(run.report.warnings.len(), 1, "{:?}", run.report.warnings);
    }
    let first = &runs[0];
    let codes: Vec<i64> =
        of_kind(first, Kind::ToolCall).iter().filter_map(|t| t.exit_code).collect();
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 127, 2, 2, 127, 0, 127]);
    let system = of_kind(first, Kind::Message)[0];
    assert_eq!(system.ts.unwrap().to_string(), "2025-04-30T08:32:54.707474Z", "eight hours ahead");
    let failed = of_kind(first, Kind::ToolCall)
        .iter()
        .filter(|t| t.tool_status == Some(ToolStatus::Error))
        .count();
    assert_eq!(failed, 1);
}

#[test]
fn damaged_logs_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("output.jsonl");
    std::fs::write(&made, format!("{}\n{}\n", usual(), usual())).unwrap();
    assert_survives(&[made], 1000);
    if let Some(samples) = sample("openhands-legacy") {
        assert_survives(&[samples.join("OpenHands__multi_swe_bench_example_output.jsonl")], 12);
    }
}
