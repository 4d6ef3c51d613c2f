//! Output made for a test, and the real one.

use super::super::Imported;
use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use crate::trace::{EndReason, Kind, ToolKind, ToolStatus, UsageQuality};
use serde_json::{Value, json};

fn lines(events: &[Value]) -> String {
    events.iter().fold(String::new(), |text, e| text + &e.to_string() + "\n")
}

fn started(thread: &str) -> Value {
    json!({"type": "thread.started", "thread_id": thread})
}

fn said(id: &str, text: &str) -> Value {
    json!({"type": "item.completed", "item": {"id": id, "type": "agent_message", "text": text}})
}

fn used(input: i64, cached: i64, output: i64) -> Value {
    json!({"type": "turn.completed", "usage": {"input_tokens": input,
        "cached_input_tokens": cached, "output_tokens": output}})
}

fn one(events: &[Value]) -> Imported {
    let mut runs = import(&[("out.jsonl", &lines(events))]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn attributes(event: &crate::trace::Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}

fn tokens(run: &Imported) -> (Option<i64>, Option<i64>, Option<i64>) {
    let sum = |column| total(run, column);
    (sum(|e| e.input_tokens), sum(|e| e.cache_read_tokens), sum(|e| e.output_tokens))
}

#[test]
fn usage_belongs_to_a_turn_of_which_nobody_knows_the_calls() {
    let run = one(&[
        started("t"),
        json!({"type": "turn.started"}),
        json!({"type": "item.completed", "item": {"id": "item_0", "type": "reasoning", "text": "why"}}),
        said("item_1", "hi"),
        used(2946, 0, 7),
    ]);
    let turn = of_kind(&run, Kind::LlmCall);
    assert_eq!(turn.len(), 1);
    assert_eq!(turn[0].usage_quality, Some(UsageQuality::Aggregate));
    assert_eq!(turn[0].llm_call_count, None);
    assert_eq!(turn[0].content.as_deref(), Some("hi"));
    assert_eq!(attributes(turn[0])["reasoning"], "why");
    assert_eq!((run.run.run_id.as_str(), run.run.model.as_str()), ("t", "unknown"));
    assert_eq!(run.report.warnings.len(), 1);
    assert!(run.events.iter().all(|e| e.ts.is_none()), "there are no times");
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
}

#[test]
fn usage_is_that_of_the_thread_so_far() {
    let run = one(&[
        started("t"),
        said("item_0", "a"),
        used(1000, 100, 10),
        said("item_1", "b"),
        used(2500, 600, 25),
        // The thread is resumed by another process; its ids begin again.
        started("t"),
        said("item_0", "c"),
        used(4000, 600, 30),
    ]);
    let turns: Vec<_> =
        of_kind(&run, Kind::LlmCall).iter().map(|e| (e.input_tokens, e.output_tokens)).collect();
    assert_eq!(turns, [(Some(1000), Some(10)), (Some(1500), Some(15)), (Some(1500), Some(5))]);
    assert_eq!(tokens(&run), (Some(4000), Some(600), Some(30)));
}

#[test]
fn processes_in_several_files_are_put_in_order() {
    let later = lines(&[started("t"), said("item_0", "b"), used(2500, 0, 25)]);
    let first = lines(&[started("t"), said("item_0", "a"), used(1000, 0, 10)]);
    let runs = import(&[("a.jsonl", &later), ("b.jsonl", &first), ("copy.jsonl", &first)]);
    assert_eq!(runs.len(), 1);
    assert_eq!(tokens(&runs[0]).0, Some(2500));
    let texts: Vec<_> = runs[0].events.iter().filter_map(|e| e.content.as_deref()).collect();
    assert_eq!(texts, ["a", "b"]);
    assert_eq!(runs[0].report.duplicates["copy of a process's output"], 3);
}

#[test]
fn a_counter_that_starts_over_is_a_new_start() {
    let run = one(&[started("t"), used(1000, 0, 10), started("t"), used(300, 0, 5)]);
    assert_eq!(tokens(&run), (Some(1300), Some(0), Some(15)));
}

#[test]
fn several_threads_of_a_file_are_several_runs() {
    let text = lines(&[
        json!({"type": "error", "message": "before anything"}),
        started("a"),
        used(10, 0, 1),
        started("b"),
        used(20, 0, 2),
    ]);
    let runs = import(&[("out.txt", &text)]);
    let seen: Vec<_> =
        runs.iter().map(|r| (r.run.run_id.as_str(), tokens(r).0, r.report.records_read)).collect();
    assert_eq!(seen, [("a", Some(10), 3), ("b", Some(20), 2)]);
}

#[test]
fn commands_and_other_tools() {
    let item = |when: &str, item: Value| json!({"type": format!("item.{when}"), "item": item});
    let run = one(&[
        started("t"),
        item(
            "started",
            json!({"id": "1", "type": "command_execution", "command": "bash -lc ls",
            "aggregated_output": "", "status": "in_progress"}),
        ),
        item(
            "completed",
            json!({"id": "1", "type": "command_execution", "command": "bash -lc ls",
            "aggregated_output": "a\n", "exit_code": 2, "status": "failed"}),
        ),
        item(
            "completed",
            json!({"id": "2", "type": "command_execution", "command": "rm -rf /",
            "aggregated_output": "rejected", "exit_code": -1, "status": "declined"}),
        ),
        item(
            "completed",
            json!({"id": "3", "type": "file_change",
            "changes": [{"path": "/a", "kind": "add"}], "status": "completed"}),
        ),
        item(
            "completed",
            json!({"id": "4", "type": "mcp_tool_call", "server": "files",
            "tool": "read_file", "arguments": {"path": "/a"}, "status": "failed",
            "error": {"message": "no such file"}}),
        ),
        item(
            "started",
            json!({"id": "5", "type": "todo_list", "items": [{"text": "x", "completed": false}]}),
        ),
        item(
            "updated",
            json!({"id": "5", "type": "todo_list", "items": [{"text": "x", "completed": true}]}),
        ),
        item(
            "started",
            json!({"id": "6", "type": "command_execution", "command": "sleep 9",
            "aggregated_output": "", "status": "in_progress"}),
        ),
        item(
            "completed",
            json!({"id": "7", "type": "error", "message": "Model metadata not found"}),
        ),
        said("8", "done"),
        used(10, 0, 1),
    ]);
    let tools = of_kind(&run, Kind::ToolCall);
    let seen: Vec<_> = tools.iter().map(|t| (t.exit_code, t.tool_status.unwrap())).collect();
    assert_eq!(
        seen,
        [
            (Some(2), ToolStatus::Ok),
            (None, ToolStatus::Denied),
            (None, ToolStatus::Ok),
            (None, ToolStatus::Error),
            (None, ToolStatus::Unknown),
            (None, ToolStatus::Unknown),
        ]
    );
    assert_eq!(tools[0].content.as_deref(), Some("a\n"));
    assert_eq!(tools[0].arguments.as_deref(), Some(r#"{"command":"bash -lc ls"}"#));
    assert_eq!(tools[1].tool_kind, None, "nothing was executed");
    assert_eq!(tools[2].tool_kind, Some(ToolKind::Edit));
    assert_eq!(tools[3].tool_name.as_deref(), Some("mcp__files__read_file"));
    assert_eq!(tools[3].content.as_deref(), Some("no such file"));
    assert!(tools[4].content.as_deref().unwrap().contains("true"), "the list as it was last");
    assert!(tools.iter().all(|t| t.parent_event_id.as_deref() == Some("turn-1")));
    assert_eq!(
        of_kind(&run, Kind::Message)[0].content.as_deref(),
        Some("Model metadata not found")
    );
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
}

#[test]
fn a_turn_that_failed() {
    let run = one(&[
        started("t"),
        json!({"type": "turn.started"}),
        json!({"type": "error", "message": "Reconnecting... 1/5"}),
        json!({"type": "error", "message": "exceeded retry limit, last status: 429"}),
        json!({"type": "turn.failed", "error": {"message": "exceeded retry limit, last status: 429"}}),
    ]);
    let errors: Vec<_> =
        run.events.iter().filter_map(|e| Some((e.kind, e.error_type.as_deref()?))).collect();
    assert_eq!(errors, [(Kind::LlmCall, "stream_error"), (Kind::LlmCall, "error")]);
    assert_eq!(run.report.duplicates["error that is said twice"], 1);
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!(result.end_reason, Some(EndReason::NotAttempted), "no call was answered");
    let run = one(&[
        started("t"),
        said("0", "a"),
        json!({"type": "turn.failed", "error": {"message": "stream timed out"}}),
    ]);
    assert_eq!(of_kind(&run, Kind::Error)[0].error_type.as_deref(), Some("turn_failed"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::LlmTimeout));
}

#[test]
fn older_names() {
    let run = one(&[
        json!({"type": "session.created", "session_id": "old", "model": "gpt-5"}),
        json!({"type": "item.completed", "item": {"id": "item_0", "item_type": "reasoning", "text": "why"}}),
        json!({"type": "item.completed", "item": {"id": "item_1", "item_type": "assistant_message", "text": "hi"}}),
    ]);
    assert_eq!((run.run.run_id.as_str(), run.run.model.as_str()), ("old", "gpt-5"));
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].content.as_deref(), Some("hi"));
    assert_eq!(run.report.lost(), 0);
    assert!(run.report.warnings.is_empty());
}

#[test]
fn newer_usage_has_more_parts() {
    let run = one(&[
        started("t"),
        json!({"type": "turn.completed", "usage": {
        "input_tokens": 100, "cached_input_tokens": 40, "cache_write_input_tokens": 20,
        "output_tokens": 50, "reasoning_output_tokens": 30}}),
    ]);
    let turn = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((turn.input_tokens, turn.cache_write_tokens), (Some(100), Some(20)));
    assert_eq!((turn.output_tokens, turn.reasoning_tokens), (Some(50), Some(30)));
}

#[test]
fn the_samples() {
    let Some(folder) = sample("codex-exec-json") else { return };
    let runs = import_at(&folder);
    let seen: Vec<_> = runs.iter().map(|r| (r.run.run_id.as_str(), tokens(r))).collect();
    assert_eq!(
        seen,
        [
            ("019a2d7a-41c4-78b1-b7cc-a45d62a89cd5", (Some(2946), Some(0), Some(7))),
            ("019a2d7a-6455-7170-a661-c6d8b94c630a", (Some(6040), Some(4992), Some(129))),
            ("019a2d7a-8e1c-7111-b1a6-8cec551a55a0", (Some(6008), Some(4096), Some(51))),
        ]
    );
    assert!(runs.iter().all(|r| r.report.lost() == 0 && r.report.warnings.len() == 1));
    assert_eq!(of_kind(&runs[1], Kind::ToolCall)[0].exit_code, Some(0));
    let changed = of_kind(&runs[2], Kind::ToolCall)[0];
    assert_eq!(
        (changed.tool_name.as_deref(), changed.tool_status),
        (Some("file_change"), Some(ToolStatus::Ok))
    );
}

#[test]
fn damaged_output_is_a_run_or_an_error() {
    let Some(folder) = sample("codex-exec-json") else { return };
    let names = [
        "jnarowski_agentcmd__stream-output-1.jsonl",
        "jnarowski_agentcmd__stream-output-2.jsonl",
        "jnarowski_agentcmd__stream-output-3.jsonl",
    ];
    assert_survives(&names.map(|name| folder.join(name)), 1000);
}

#[test]
fn bad_lines_are_counted_and_the_rest_is_read() {
    let deep = "[".repeat(100_000);
    let text = format!(
        "warning: on stderr\n{}\n{deep}\n7\n{{}}\n{}\n{}\n{}",
        started("t"),
        json!({"type": "new.kind"}),
        json!({"type": "item.completed", "item": {"id": "0", "type": "new_item"}}),
        used(-5, i64::MAX, i64::MAX),
    );
    let run = import(&[("out.jsonl", &text)]).remove(0);
    assert_eq!((run.report.rejected_records, run.report.unknown.len()), (4, 2));
    for text in ["", "{}\n", "{\"type\":\"session.created\",\"session\":{}}\n"] {
        assert!(try_import(&[("out.jsonl", text.as_bytes())]).is_err(), "{text:?}");
    }
}

#[test]
fn a_turn_too_long_to_be_held_keeps_its_usage() {
    let long = "x".repeat(1 << 20);
    let mut events = vec![started("t"), said("0", "begin")];
    events.extend((0..40).map(|n| {
        json!({"type": "item.completed", "item": {"id": format!("c{n}"),
        "type": "command_execution", "command": "c", "aggregated_output": long, "exit_code": 0,
        "status": "completed"}})
    }));
    events.push(used(100, 0, 10));
    let run = one(&events);
    assert_eq!(tokens(&run), (Some(100), Some(0), Some(10)));
    let turns = of_kind(&run, Kind::LlmCall);
    assert_eq!((turns.len(), turns[1].llm_call_count), (2, Some(0)));
}
