//! Traps of mini-swe-agent trajectories, each with a small log, and the real samples.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::{CostSource, EndReason, Event, Kind, ToolStatus, UsageQuality, Usd};
use serde_json::{Value, json};

fn run(document: &Value) -> Imported {
    let mut runs = import(&[("runs/task-1/task-1.traj.json", &document.to_string())]);
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert_eq!(run.report.lost(), 0, "{:?}", run.report);
    run
}

fn attributes(event: &Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}

fn prompt() -> Vec<Value> {
    vec![
        json!({"role": "system", "content": "You are"}),
        json!({"role": "user", "content": "Solve this"}),
    ]
}

fn reply(n: u32, at: f64, cost: f64) -> Value {
    let message = json!({
        "role": "assistant", "content": format!("I look {n}"), "reasoning_content": "hm", "function_call": null,
        "tool_calls": [{"id": format!("call_{n}"), "type": "function",
            "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}}]
    });
    let mut with_extra = message.clone();
    with_extra["extra"] = json!({
        "actions": [{"command": "ls", "tool_call_id": format!("call_{n}")}], "cost": cost, "timestamp": at,
        "response": {
            "id": format!("resp_{n}"), "model": "gpt-5-mini-2025", "created": 1, "object": "chat.completion",
            "choices": [{"finish_reason": "tool_calls", "index": 0, "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 8}}
        }
    });
    with_extra
}

fn result(n: u32, at: f64) -> Value {
    json!({
        "role": "tool", "tool_call_id": format!("call_{n}"), "content": "<returncode>1</returncode>\n<output>\na.py\n</output>",
        "extra": {"raw_output": "a.py\n", "returncode": 1, "timestamp": at}
    })
}

fn exit(status: &str) -> Value {
    json!({"role": "exit", "content": "", "extra": {"exit_status": status, "submission": "the patch"}})
}

fn document(messages: Vec<Value>, cost: f64, calls: i64) -> Value {
    json!({
        "info": {
            "model_stats": {"instance_cost": cost, "api_calls": calls}, "mini_version": "2.2.4",
            "config": {"model": {"model_name": "openai/gpt-5-mini"}}, "exit_status": "Submitted", "submission": "the patch"
        },
        "instance_id": "django__django-1", "trajectory_format": "mini-swe-agent-1.1",
        "messages": prompt().into_iter().chain(messages).collect::<Vec<Value>>()
    })
}

fn usual() -> Value {
    document(
        vec![reply(1, 1010.0, 0.25), result(1, 1011.5), reply(2, 1020.0, 0.5), exit("Submitted")],
        0.75,
        2,
    )
}

#[test]
fn a_reply_has_its_usage_and_a_call_its_exit_code() {
    let run = run(&usual());
    assert_eq!(
        (run.run.workload.as_str(), run.run.model.as_str()),
        ("django__django-1", "openai/gpt-5-mini")
    );
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 2, "no aggregate row beside costs of single calls");
    let first = calls[0];
    assert_eq!((first.input_tokens, first.cache_read_tokens), (Some(100), Some(64)));
    assert_eq!((first.output_tokens, first.reasoning_tokens), (Some(20), Some(8)));
    assert_eq!(first.usage_quality, Some(UsageQuality::Final));
    assert_eq!(
        (first.event_id.as_deref(), first.cost_source),
        (Some("resp_1"), Some(CostSource::Reported))
    );
    assert_eq!(first.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(attributes(first)["reasoning"], "hm");
    assert!(
        !first.attributes.as_ref().unwrap().contains("I look"),
        "the response repeats the message"
    );
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].exit_code, tools[0].tool_status), (Some(1), Some(ToolStatus::Ok)));
    assert_eq!(tools[0].parent_event_id, first.event_id);
    assert_eq!(tools[0].arguments.as_deref(), Some("{\"command\": \"ls\"}"));
    assert_eq!(tools[1].tool_status, Some(ToolStatus::Unknown));
    let end = of_kind(&run, Kind::RunEnd)[0];
    assert_eq!(
        (end.end_reason, attributes(end)["submission"].as_str()),
        (Some(EndReason::Finished), Some("the patch"))
    );
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn the_stamp_of_a_reply_is_taken_after_it() {
    let run = run(&usual());
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(
        (calls[0].ts, calls[0].duration_ms),
        (None, None),
        "nothing says when it was asked for"
    );
    assert_eq!(attributes(calls[0])["replied_at"], "1970-01-01T00:16:50Z");
    assert_eq!(calls[1].ts.unwrap().micros(), 1_011_500_000);
    assert_eq!(calls[1].duration_ms, Some(8500.0));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!((tool.ts.unwrap().micros(), tool.duration_ms), (1_010_000_000, Some(1500.0)));
}

#[test]
fn results_of_several_commands_are_written_together() {
    let mut asked = reply(1, 10.0, 0.1);
    asked["tool_calls"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "call_2", "function": {"name": "bash", "arguments": "{}"}}));
    let run = run(&document(vec![asked, result(1, 15.0), result(2, 15.0)], 0.1, 1));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!(tools.len(), 2);
    assert!(tools.iter().all(|t| t.duration_ms.is_none() && t.content.is_some()));
}

#[test]
fn replies_that_could_not_be_parsed_are_billed_and_missing() {
    let complaint = json!({"role": "user", "content": "No tool calls", "extra": {"interrupt_type": "FormatError"}});
    let messages = vec![
        reply(1, 10.0, 0.25),
        result(1, 11.0),
        complaint.clone(),
        complaint,
        reply(2, 40.0, 0.5),
    ];
    let run = run(&document(messages, 0.75, 5));
    let calls = of_kind(&run, Kind::LlmCall);
    let failed: Vec<_> =
        calls.iter().filter(|c| c.error_type.as_deref() == Some("FormatError")).collect();
    assert_eq!((calls.len(), failed.len()), (4, 2));
    assert!(failed.iter().all(|c| c.usage_quality.is_none() && c.input_tokens.is_none()));
    assert_eq!(calls[3].duration_ms, None, "the requests before it have no times");
    let warned = |text: &str| run.report.warnings.iter().any(|w| w.contains(text));
    assert!(warned("5 calls were made and 4 are in the log"), "{:?}", run.report.warnings);
    assert!(warned("2 of 4 calls have no usage"));
    assert_eq!(of_kind(&run, Kind::Message).len(), 4, "complaints are what the model saw next");
}

#[test]
fn newer_complaints_hold_the_reply_that_they_are_about() {
    let response = reply(7, 0.0, 0.0)["extra"]["response"].clone();
    let complaint = json!({"role": "user", "content": "No tool calls", "extra": {
        "interrupt_type": "FormatError", "response": response, "cost": 0.125, "timestamp": 20.0}});
    let messages = vec![reply(1, 10.0, 0.25), result(1, 11.0), complaint, reply(2, 40.0, 0.5)];
    let run = run(&document(messages, 0.875, 3));
    let failed = of_kind(&run, Kind::LlmCall)[1];
    assert_eq!((failed.input_tokens, failed.content.as_deref()), (Some(100), Some("I look 7")));
    assert_eq!(failed.duration_ms, Some(9000.0));
    assert_eq!(of_kind(&run, Kind::LlmCall)[2].duration_ms, Some(20_000.0));
    assert_eq!(total(&run, |e| e.cost_usd.map(Usd::nanos)), Some(875_000_000));
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn a_total_that_is_not_the_sum_of_its_calls_is_warned_of() {
    let mut document = usual();
    document["info"]["model_stats"]["instance_cost"] = json!(0.9);
    let run = run(&document);
    assert!(run.report.warnings.iter().any(|w| w.contains("instance_cost 0.9 is not the sum")));
    assert_eq!(total(&run, |e| e.cost_usd.map(Usd::nanos)), Some(750_000_000));
    assert_eq!(attributes(of_kind(&run, Kind::RunEnd)[0])["model_stats"]["instance_cost"], 0.9);
}

#[test]
fn more_calls_than_were_counted_are_warned_of() {
    let run = run(&document(vec![reply(1, 10.0, 0.1), result(1, 11.0)], 0.1, 0));
    assert!(run.report.warnings.iter().any(|w| w.contains("api_calls is 0 and 1 calls")));
}

#[test]
fn a_cost_of_zero_is_unknown() {
    let run = run(&document(vec![reply(1, 10.0, 0.0), result(1, 11.0)], 0.0, 1));
    assert_eq!(total(&run, |e| e.cost_usd.map(Usd::nanos)), None);
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 1);
}

fn version_1() -> Value {
    let mut document = document(
        vec![
            json!({"role": "assistant", "content": "THOUGHT\n\n```bash\nls\n```"}),
            json!({"role": "user", "content": "<returncode>2</returncode>\n<output>\nno\n</output>"}),
            json!({"role": "assistant", "content": "```bash\nls\n```\nand\n```bash\npwd\n```"}),
            json!({"role": "user", "content": "EXACTLY ONE action"}),
            json!({"role": "assistant", "content": "```bash\nsleep 100\n```"}),
            json!({"role": "user", "content": "The last command <command>sleep 100</command> timed out and has been killed."}),
            json!({"role": "user", "content": ""}),
        ],
        0.5,
        3,
    );
    document["trajectory_format"] = json!("mini-swe-agent-1");
    document["info"]["exit_status"] = json!("LimitsExceeded");
    document
}

#[test]
fn version_1_has_its_cost_as_a_whole() {
    let run = run(&version_1());
    let (total, single): (Vec<_>, Vec<_>) =
        of_kind(&run, Kind::LlmCall).into_iter().partition(|c| c.usage_quality.is_some());
    assert_eq!((single.len(), total.len()), (3, 1));
    assert_eq!(total[0].cost_source, Some(CostSource::ReportedTotal));
    assert_eq!((total[0].llm_call_count, total[0].input_tokens), (Some(0), None));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Budget));
}

#[test]
fn version_1_has_exit_codes_in_its_texts() {
    let run = run(&version_1());
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!(tools.len(), 2, "two blocks are a mistake, and nothing was executed");
    assert_eq!((tools[0].arguments.as_deref(), tools[0].exit_code), (Some("ls"), Some(2)));
    assert_eq!((tools[1].tool_status, tools[1].exit_code), (Some(ToolStatus::Timeout), None));
    assert_eq!(run.report.skipped["empty message"], 1);
}

#[test]
fn a_command_that_did_not_end_has_no_exit_code() {
    let mut timeout = result(1, 40.0);
    timeout["extra"]["returncode"] = json!(-1);
    timeout["extra"]["exception_info"] = json!("Command 'ls' timed out after 30 seconds");
    let mut skipped = result(2, 60.0);
    skipped["extra"]["exception_info"] = json!("action was not executed");
    skipped["extra"]["returncode"] = json!(-1);
    let run =
        run(&document(vec![reply(1, 10.0, 0.1), timeout, reply(2, 50.0, 0.1), skipped], 0.2, 2));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].tool_status, tools[0].exit_code), (Some(ToolStatus::Timeout), None));
    assert_eq!((tools[1].tool_status, tools[1].exit_code), (Some(ToolStatus::Cancelled), None));
}

#[test]
fn messages_may_be_objects_of_the_responses_api() {
    let response = json!({
        "object": "response", "id": "r1", "model": "gpt-5", "status": "completed",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look"}]},
            {"type": "function_call", "call_id": "c1", "name": "bash", "arguments": "{\"command\": \"ls\"}"}
        ],
        "usage": {"input_tokens": 50, "input_tokens_details": {"cached_tokens": 10}, "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 59},
        "extra": {"actions": [{"command": "ls", "tool_call_id": "c1"}], "cost": 0.5, "timestamp": 10.0}
    });
    let output = json!({"type": "function_call_output", "call_id": "c1", "output": "a.py",
        "extra": {"raw_output": "a.py", "returncode": 0, "timestamp": 12.0}});
    let run = run(&document(vec![response, output], 0.5, 1));
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(
        (call.input_tokens, call.cache_read_tokens, call.reasoning_tokens),
        (Some(50), Some(10), Some(4))
    );
    assert_eq!(
        (call.content.as_deref(), call.response_id.as_deref()),
        (Some("I look"), Some("r1"))
    );
    assert_eq!(attributes(call)["reasoning"], "hm");
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!(
        (tool.content.as_deref(), tool.exit_code, tool.duration_ms),
        (Some("a.py"), Some(0), Some(2000.0))
    );
}

#[test]
fn commands_of_a_person_have_no_reply() {
    let typed = json!({"role": "user", "content": "User command: ls", "extra": {"actions": [{"command": "ls"}]}});
    let seen = json!({"role": "user", "content": "a.py", "extra": {"raw_output": "a.py", "returncode": 0, "timestamp": 5.0}});
    let run = run(&document(vec![typed, seen, reply(1, 9.0, 0.1)], 0.1, 1));
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 1);
    assert_eq!(of_kind(&run, Kind::ToolCall)[0].content.as_deref(), Some("a.py"));
}

#[test]
fn the_exit_status_says_how_it_ended() {
    for (status, reason) in [
        ("Submitted", EndReason::Finished),
        ("LimitsExceeded", EndReason::Budget),
        ("TimeExceeded", EndReason::Budget),
        ("RepeatedFormatError", EndReason::LlmError),
        ("ContextWindowExceededError", EndReason::ContextExceeded),
        ("RateLimitError", EndReason::RateLimited),
        ("KeyboardInterrupt", EndReason::Interrupted),
        ("ValueError", EndReason::Unknown),
    ] {
        let mut document = document(vec![reply(1, 1.0, 0.1), result(1, 2.0), exit(status)], 0.1, 1);
        document["info"]["exit_status"] = Value::Null;
        let run = run(&document);
        assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(reason), "{status}");
    }
}

#[test]
fn lists_of_messages_of_others_are_not_taken() {
    let list = |asks: &str, sees: &str| {
        json!([
            {"role": "system", "content": "You are"}, {"role": "assistant", "content": asks},
            {"role": "user", "content": sees}
        ])
        .to_string()
    };
    let own = list(
        "```mswea_bash_command\necho COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n```",
        "<returncode>0</returncode>",
    );
    let run = import(&[("a.traj.json", &own)]).remove(0);
    assert_eq!((run.run.workload.as_str(), run.run.model.as_str()), ("a", "unknown"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
    for other in [
        list("hello", "hi"),
        list("```bash\nls\n```", "fine"),
        list("hello", "<returncode>0</returncode>"),
    ] {
        assert!(try_import(&[("a.traj.json", other.as_bytes())]).is_err(), "{other}");
    }
    let chat = json!({"messages": prompt(), "info": {}}).to_string();
    assert!(try_import(&[("a.json", chat.as_bytes())]).is_err());
}

#[test]
fn broken_documents_are_errors_or_rejects() {
    let odd = document(
        vec![json!(5), json!({"role": "robot"}), result(9, 1e300), reply(1, -1.0, f64::MAX)],
        -1.0,
        -5,
    );
    let run = import(&[("x.traj.json", &odd.to_string())]).remove(0);
    assert_eq!((run.report.rejected_records, run.report.unknown.len()), (1, 1));
    assert_eq!(of_kind(&run, Kind::Error)[0].error_type.as_deref(), Some("orphan_tool_result"));
    for text in ["", "{}", &"[".repeat(100_000), "[]", "[1]"] {
        assert!(try_import(&[("x.traj.json", text.as_bytes())]).is_err(), "{text:.20}");
    }
    let mut huge = usual();
    huge["messages"][1]["content"] = json!("x".repeat(5 << 20));
    assert_eq!(self::run(&huge).report.lost(), 0);
}

#[test]
fn the_real_samples() {
    let Some(folder) = sample("mini-swe-agent") else { return };
    let runs = import_at(&folder);
    let shape = |run: &Imported| {
        assert_eq!(run.report.lost(), 0, "{:?}", run.report);
        (
            of_kind(run, Kind::LlmCall).len(),
            of_kind(run, Kind::ToolCall).len(),
            of_kind(run, Kind::Message).len(),
        )
    };
    let find = |name: &str| runs.iter().find(|r| r.run.workload.contains(name)).unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(shape(find("local")), (2, 2, 2));
    let tools = of_kind(find("local"), Kind::ToolCall);
    assert_eq!(
        (tools[0].arguments.as_deref(), tools[0].exit_code),
        (Some("echo 'hello world'"), Some(0))
    );
    assert_eq!(of_kind(find("local"), Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
    let issue = find("github_issue");
    assert_eq!(shape(issue).0, shape(issue).1);
    assert_eq!(
        issue.report.records_read,
        issue.report.records_used + issue.report.merged.values().sum::<u64>()
    );
}

#[test]
fn damaged_logs_are_survived() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.traj.json");
    std::fs::write(&made, usual().to_string()).unwrap();
    let mut logs = vec![made];
    if let Some(samples) = sample("mini-swe-agent") {
        logs.push(samples.join("SWE-agent_mini-swe-agent__local.traj.json"));
    }
    assert_survives(&logs, 1000);
}
