//! Messages, tools, endings.

use super::super::super::made::of_kind;
use super::*;
use crate::trace::{EndReason, Event, Kind, ToolKind, ToolStatus};

fn tools(run: &Imported) -> Vec<&Event> {
    of_kind(run, Kind::ToolCall)
}

#[test]
fn one_response_is_one_row_with_its_tool_calls() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        item(
            2,
            &json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": "**why**"}],
            "encrypted_content": "xxxxx"}),
        ),
        reply(3, "I look"),
        call(3, "shell_command", "a", &json!({"command": "ls"})),
        call(3, "shell_command", "b", &json!({"command": "ls"})),
        count(4, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
        output(5, "b", "Exit code: 1\nWall time: 0.5 seconds\nOutput:\nof b"),
        output(6, "a", "Exit code: 0\nWall time: 0.1 seconds\nOutput:\nof a"),
    ]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].content.as_deref(), Some("I look"));
    assert_eq!(attributes(calls[0])["reasoning"], "**why**");
    assert_eq!(attributes(calls[0])["items"][0]["encrypted_characters"], 5);
    assert_eq!(attributes(calls[0])["usage"]["input_tokens"], 10);
    let tools = tools(&run);
    assert_eq!(tools.len(), 2);
    assert!(tools.iter().all(|t| t.parent_event_id == calls[0].event_id));
    assert_eq!((tools[0].exit_code, tools[1].exit_code), (Some(0), Some(1)));
    assert_eq!((tools[1].duration_ms, tools[1].identical_streak), (Some(500.0), Some(2)));
    assert_eq!(tools[0].tool_status, Some(ToolStatus::Ok));
    assert_eq!(run.run.workload, "thing");
    assert_eq!(run.run.provider.as_deref(), Some("openai"));
    assert_eq!(attributes(&run.events[0])["cli_version"], "0.104.0");
}

#[test]
fn texts_that_stand_twice_are_stored_once() {
    let run = import_one(&[
        meta("t"),
        user(1, "go"),
        event(1, &json!({"type": "user_message", "message": "go", "images": []})),
        context(1, "gpt"),
        event(2, &json!({"type": "agent_reasoning", "text": "one"})),
        event(2, &json!({"type": "agent_reasoning", "text": "two"})),
        item(2, &json!({"type": "reasoning", "summary": [{"text": "one"}, {"text": "two"}]})),
        event(3, &json!({"type": "agent_message", "message": "hi"})),
        reply(3, "hi"),
        count(4, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
    ]);
    assert_eq!(run.report.duplicates["event that repeats an item"], 4);
    let said: Vec<_> = run.events.iter().filter_map(|e| e.content.as_deref()).collect();
    assert_eq!(said, ["go", "hi"]);
    assert_eq!(attributes(of_kind(&run, Kind::LlmCall)[0])["reasoning"], "one\n\ntwo");
}

#[test]
fn texts_that_stand_only_as_events_are_not_lost() {
    let run = import_one(&[
        meta("t"),
        event(1, &json!({"type": "user_message", "message": "go"})),
        context(1, "gpt"),
        event(2, &json!({"type": "agent_reasoning", "text": "why"})),
        event(3, &json!({"type": "agent_message", "message": "hi"})),
        event(4, &json!({"type": "task_complete", "last_agent_message": "hi"})),
        event(4, &json!({"type": "task_complete", "duration_ms": 3000})),
    ]);
    let said: Vec<_> = run.events.iter().filter_map(|e| e.content.as_deref()).collect();
    assert_eq!(said, ["go", "hi"]);
    assert_eq!(attributes(of_kind(&run, Kind::LlmCall)[0])["reasoning"], "why");
    assert!(run.report.duplicates.is_empty());
    assert!(run.events.iter().any(|e| attributes(e)["task_complete"]["duration_ms"] == 3000));
}

#[test]
fn what_the_agent_puts_into_the_users_mouth_is_marked() {
    let run = import_one(&[
        meta("t"),
        item(
            1,
            &json!({"type": "message", "role": "developer",
            "content": [{"type": "input_text", "text": "be good"}]}),
        ),
        user(1, "# AGENTS.md instructions for /work\n\n<INSTRUCTIONS>x</INSTRUCTIONS>"),
        user(1, "<environment_context>\n  <cwd>/work</cwd>\n</environment_context>"),
        user(2, "go"),
    ]);
    let messages: Vec<_> =
        of_kind(&run, Kind::Message).into_iter().filter(|e| e.content.is_some()).collect();
    let injected: Vec<_> = messages.iter().map(|e| attributes(e)["injected"].clone()).collect();
    assert_eq!(
        injected,
        [json!(null), json!("agents_md"), json!("environment_context"), json!(null)]
    );
    assert_eq!(messages[0].role.as_deref(), Some("system"));
    assert_eq!(attributes(messages[0])["source_role"], "developer");
    assert_eq!(messages[3].role.as_deref(), Some("user"));
}

#[test]
fn a_long_command_ends_in_a_later_call() {
    let running =
        "Chunk ID: a\nWall time: 1.0 seconds\nProcess running with session ID 42\nOutput:\nx";
    let ended = "Chunk ID: b\nWall time: 2.0 seconds\nProcess exited with code 3\nOutput:\ny";
    let run = import_one(&[
        meta("t"),
        call(1, "exec_command", "a", &json!({"cmd": "make"})),
        output(2, "a", running),
        call(3, "write_stdin", "b", &json!({"session_id": 42, "chars": ""})),
        output(5, "b", ended),
    ]);
    let tools = tools(&run);
    assert_eq!((tools[0].tool_status, tools[0].exit_code), (Some(ToolStatus::Running), None));
    assert_eq!((tools[1].tool_status, tools[1].exit_code), (Some(ToolStatus::Ok), Some(3)));
    assert_eq!(attributes(tools[1])["continues"], "a");
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 2, "without counts, a result ends the response");
}

#[test]
fn a_denial_by_the_sandbox_executed_nothing() {
    let run = import_one(&[
        meta("t"),
        call(1, "shell", "a", &json!({"command": ["ls"]})),
        output(
            2,
            "a",
            "failed in sandbox LinuxSeccomp with execution error: sandbox denied exec \
            error, exit code: 1, stdout: , stderr: no",
        ),
        call(3, "shell", "b", &json!({"command": ["rm"]})),
        output(4, "b", "exec command rejected by user"),
    ]);
    let tools = tools(&run);
    assert_eq!((tools[0].tool_status, tools[0].exit_code), (Some(ToolStatus::Denied), Some(1)));
    assert_eq!((tools[1].tool_status, tools[1].tool_kind), (Some(ToolStatus::Denied), None));
}

#[test]
fn every_kind_of_tool_call() {
    let run = import_one(&[
        meta("t"),
        item(
            1,
            &json!({"type": "custom_tool_call", "status": "completed", "call_id": "p",
            "name": "apply_patch", "input": "*** Begin Patch"}),
        ),
        event(
            2,
            &json!({"type": "patch_apply_end", "call_id": "p", "success": false,
            "stderr": "no", "changes": {"/a": {"type": "add"}}}),
        ),
        item(
            2,
            &json!({"type": "custom_tool_call_output", "call_id": "p",
            "output": "{\"output\":\"no\",\"metadata\":{\"exit_code\":1,\"duration_seconds\":0.0}}"}),
        ),
        item(
            3,
            &json!({"type": "local_shell_call", "call_id": "l", "status": "completed",
            "action": {"type": "exec", "command": ["ls"]}}),
        ),
        item(3, &json!({"type": "function_call_output", "call_id": "l", "output": "x"})),
        item(
            4,
            &json!({"type": "web_search_call", "status": "completed",
            "action": {"type": "search", "query": "q"}}),
        ),
        event(4, &json!({"type": "web_search_end", "call_id": "ws_1", "query": "q"})),
        item(
            5,
            &json!({"type": "function_call", "name": "mcp__files__read", "call_id": "m",
            "arguments": "{}"}),
        ),
        event(
            6,
            &json!({"type": "mcp_tool_call_end", "call_id": "m",
            "invocation": {"server": "files", "tool": "read", "arguments": {}},
            "duration": {"secs": 1, "nanos": 500_000_000}, "result": {"Ok": {"content": [], "isError": true}}}),
        ),
        item(
            6,
            &json!({"type": "function_call_output", "call_id": "m",
            "output": [{"type": "input_text", "text": "no such file"}]}),
        ),
    ]);
    let tools = tools(&run);
    let seen: Vec<_> =
        tools.iter().map(|t| (t.tool_name.as_deref().unwrap(), t.tool_kind.unwrap())).collect();
    assert_eq!(
        seen,
        [
            ("apply_patch", ToolKind::Edit),
            ("local_shell", ToolKind::Shell),
            ("web_search", ToolKind::Search),
            ("mcp__files__read", ToolKind::Edit),
        ]
    );
    assert_eq!((tools[0].tool_status, tools[0].exit_code), (Some(ToolStatus::Error), Some(1)));
    assert_eq!(attributes(tools[0])["changed_files"], json!(["/a"]));
    assert_eq!(tools[0].arguments.as_deref(), Some("*** Begin Patch"));
    assert!(tools[1].arguments.as_deref().unwrap().contains("\"command\":[\"ls\"]"));
    assert_eq!(tools[2].tool_status, Some(ToolStatus::Ok));
    assert_eq!(
        (tools[3].tool_status, tools[3].duration_ms),
        (Some(ToolStatus::Error), Some(1500.0))
    );
    assert_eq!(tools[3].content.as_deref(), Some("no such file"));
    assert_eq!(run.report.unknown.len(), 0, "{:?}", run.report.unknown);
}

#[test]
fn an_interrupted_turn_ends_the_run_so() {
    let begun = [
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        call(2, "shell", "a", &json!({})),
        event(3, &json!({"type": "turn_aborted", "reason": "interrupted"})),
    ];
    let run = import_one(&begun);
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!(result.end_reason, Some(EndReason::Interrupted));
    assert_eq!(tools(&run)[0].tool_status, Some(ToolStatus::Cancelled));
    let mut more = begun.to_vec();
    more.extend([user(4, "go on"), reply(5, "done")]);
    let run = import_one(&more);
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
}

#[test]
fn turns_that_were_rolled_back_stay_and_are_marked() {
    let run = import_one(&[
        meta("t"),
        context(1, "gpt"),
        user(1, "go"),
        reply(2, "wrong"),
        count(3, &usage(10, 0, 1, 0), Some(&usage(10, 0, 1, 0))),
        event(4, &json!({"type": "thread_rolled_back", "num_turns": 1})),
    ]);
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].input_tokens, Some(10), "they were spent");
    let mark = run.events.iter().find(|e| attributes(e)["event"] == "thread_rolled_back").unwrap();
    assert_eq!(attributes(mark)["thread_rolled_back"]["num_turns"], 1);
}

#[test]
fn another_model_is_named_at_its_calls_and_settings_are_kept_once() {
    let run = import_one(&[
        meta("t"),
        context(1, "one"),
        reply(2, "a"),
        context(3, "one"),
        reply(4, "b"),
        context(5, "two"),
        reply(6, "c"),
    ]);
    assert_eq!(run.run.model, "one");
    let models: Vec<_> =
        of_kind(&run, Kind::LlmCall).iter().map(|e| attributes(e)["model"].clone()).collect();
    assert_eq!(models, [json!(null), json!(null), json!("two")]);
    let contexts: Vec<_> = of_kind(&run, Kind::Message)
        .iter()
        .map(|e| attributes(e)["turn_context"].clone())
        .collect();
    assert_eq!(contexts, [json!({"model": "one", "effort": "high"}), json!({"model": "two"})]);
    assert_eq!(run.report.skipped["turn_context as before"], 1);
}

#[test]
fn errors_of_the_turn_are_rows() {
    let run = import_one(&[
        meta("t"),
        user(1, "go"),
        event(2, &json!({"type": "stream_error", "message": "retrying 1/5"})),
        event(3, &json!({"type": "error", "message": "limit", "codex_error_info": "usage_limit"})),
    ]);
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.error_type.as_deref(), call.input_tokens), (Some("stream_error"), None));
    let error = of_kind(&run, Kind::Error)[0];
    assert_eq!(error.error_type.as_deref(), Some("usage_limit"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::NotAttempted));
}

#[test]
fn bare_items_and_the_oldest_document() {
    let bare = [
        json!({"id": "old", "timestamp": "2025-07-01T10:00:00.000Z", "instructions": "be good",
            "git": {"branch": "main"}}),
        json!({"record_type": "state"}),
        json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "go"}]}),
        json!({"type": "function_call", "id": "fc", "name": "shell", "call_id": "a",
            "arguments": "{\"command\":[\"ls\"]}"}),
        json!({"type": "function_call_output", "call_id": "a",
            "output": "{\"output\":\"x\",\"metadata\":{\"exit_code\":0,\"duration_seconds\":0.2}}"}),
        json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "done"}]}),
    ];
    let lines: Vec<String> = bare.iter().map(Value::to_string).collect();
    let run = import_one(&lines);
    assert_eq!((run.run.run_id.as_str(), run.run.model.as_str()), ("old", "unknown"));
    assert!(run.report.warnings[0].contains("names the model"));
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 2);
    assert_eq!(tools(&run)[0].exit_code, Some(0));
    let texts: Vec<_> = run.events.iter().filter_map(|e| e.content.as_deref()).collect();
    assert_eq!(texts, ["be good", "go", "x", "done"]);

    let document = json!({"session": bare[0], "items": bare[2..]});
    for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
        let again = import_one(&[text]);
        assert_eq!(again.run.run_id, "old");
        assert_eq!(again.events.len(), run.events.len());
    }
}
