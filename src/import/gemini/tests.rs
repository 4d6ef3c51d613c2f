//! Sessions made for a test, and the real one.

use super::super::Imported;
use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use crate::trace::{EndReason, Kind, ToolKind, ToolStatus, UsageQuality};
use serde_json::{Value, json};

fn at(second: u32) -> String {
    format!("2026-03-01T10:00:{second:02}.000Z")
}

fn session(id: &str) -> Value {
    json!({"sessionId": id, "projectHash": "abc", "startTime": at(0), "lastUpdated": at(1),
        "directories": ["/work/thing"]})
}

fn user(id: &str, second: u32, text: &str) -> Value {
    json!({"id": id, "type": "user", "timestamp": at(second), "content": [{"text": text}]})
}

/// Input, output, cached, thoughts, tool.
fn tokens([input, output, cached, thoughts, tool]: [i64; 5]) -> Value {
    json!({"input": input, "output": output, "cached": cached, "thoughts": thoughts,
        "tool": tool, "total": input + output + thoughts + tool})
}

fn reply(id: &str, second: u32, text: &str, counts: [i64; 5]) -> Value {
    json!({"id": id, "type": "gemini", "timestamp": at(second), "content": text,
        "tokens": tokens(counts), "model": "gemini-2.5-pro"})
}

fn document(messages: &[Value]) -> String {
    let mut document = session("s");
    document["messages"] = json!(messages);
    serde_json::to_string_pretty(&document).unwrap()
}

fn lines(records: &[Value]) -> String {
    records.iter().fold(String::new(), |text, r| text + &r.to_string() + "\n")
}

fn one(text: &str) -> Imported {
    let mut runs = import(&[("session-1.json", text)]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn attributes(event: &crate::trace::Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}

fn texts(run: &Imported) -> Vec<&str> {
    run.events.iter().filter_map(|e| e.content.as_deref()).collect()
}

#[test]
fn thoughts_are_extra_output_and_tool_tokens_are_input() {
    let run = one(&document(&[user("u", 1, "go"), reply("a", 3, "hi", [1000, 50, 800, 30, 20])]));
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.input_tokens, call.cache_read_tokens), (Some(1020), Some(800)));
    assert_eq!((call.output_tokens, call.reasoning_tokens), (Some(80), Some(30)));
    assert_eq!((call.total_tokens(), call.reported_total_tokens), (Some(1100), Some(1100)));
    assert_eq!(call.usage_quality, Some(UsageQuality::Final));
    assert_eq!(call.duration_ms, Some(2000.0));
    assert_eq!(attributes(call)["usage"]["thoughts"], 30);
    assert!(run.report.warnings.is_empty());
    assert_eq!((run.run.run_id.as_str(), run.run.workload.as_str()), ("s", "thing"));
    assert_eq!(run.run.model, "gemini-2.5-pro");
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::AgentMessage));
}

#[test]
fn a_total_that_is_no_sum_is_a_warning() {
    let mut odd = reply("a", 3, "hi", [1000, 50, 0, 30, 0]);
    odd["tokens"]["total"] = json!(1050);
    let run = one(&document(&[odd]));
    assert!(run.report.warnings[0].contains("1 messages state a total"));
}

#[test]
fn an_aborted_reply_has_unknown_tokens() {
    let mut aborted = reply("a", 3, "hal", [0; 5]);
    aborted["tokens"] = Value::Null;
    let run = one(&document(&[
        user("u", 1, "go"),
        aborted,
        json!({"id": "i", "type": "info", "timestamp": at(4), "content": "Request cancelled."}),
    ]));
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.input_tokens, call.output_tokens, call.usage_quality), (None, None, None));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Interrupted));
    let run = one(&document(&[reply("a", 3, "text", [100, 0, 0, 0, 0])]));
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].output_tokens, None, "nobody counted it");
}

#[test]
fn tools_hold_their_results_and_say_how_they_ended() {
    let tool = |id: &str, name: &str, status: &str, response: Value| {
        json!({"id": id, "name": name, "args": {"command": "ls"}, "status": status,
            "timestamp": at(9), "result": [{"functionResponse": {"id": id, "name": name,
            "response": response}}], "resultDisplay": "out", "displayName": "Shell"})
    };
    let mut message = reply("a", 3, "", [10, 5, 0, 0, 0]);
    message["toolCalls"] = json!([
        tool("1", "run_shell_command", "success", json!({"output":
            "Command: ls\nOutput: out\nExit Code: 7\nError: (none)\nExit Code: 1\nSignal: 0"})),
        tool("2", "read_file", "error", json!({"error": "no such file"})),
        tool("3", "write_file", "cancelled", json!({"error": "[Operation Cancelled]"})),
        {"id": "4", "name": "glob", "args": {}, "status": "executing", "timestamp": at(4)},
    ]);
    let run =
        one(&document(&[user("u", 1, "go"), message, reply("b", 12, "done", [9, 9, 0, 0, 0])]));
    let tools = of_kind(&run, Kind::ToolCall);
    let seen: Vec<_> = tools.iter().map(|t| (t.tool_status.unwrap(), t.exit_code)).collect();
    assert_eq!(
        seen,
        [
            (ToolStatus::Ok, Some(1)),
            (ToolStatus::Error, None),
            (ToolStatus::Cancelled, None),
            (ToolStatus::Running, None),
        ]
    );
    assert_eq!(tools[0].tool_kind, Some(ToolKind::Shell));
    assert_eq!(tools[0].duration_ms, Some(6000.0), "call to result");
    assert_eq!(tools[1].content.as_deref(), Some("no such file"));
    assert!(tools.iter().all(|t| t.parent_event_id.as_deref() == Some("a")));
    assert!(attributes(tools[0]).get("resultDisplay").is_none(), "it is in the result");
    assert_eq!(attributes(tools[1])["resultDisplay"], "out");
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!((calls[0].content.as_ref(), calls[1].duration_ms), (None, Some(3000.0)));
}

#[test]
fn notes_and_errors() {
    let note = |id: &str, kind: &str, text: &str| json!({"id": id, "type": kind, "timestamp": at(5), "content": text});
    let run = one(&document(&[
        user("u", 1, "go"),
        note("1", "info", "a hint"),
        note("2", "warning", "careful"),
        note("3", "error", "[API Error: quota]"),
        note("4", "error", "broken"),
        note("5", "new", "?"),
    ]));
    let kinds: Vec<_> = run.events.iter().map(|e| (e.kind, e.error_type.as_deref())).collect();
    assert_eq!(
        kinds[3..7],
        [
            (Kind::Message, None),
            (Kind::Message, None),
            (Kind::LlmCall, Some("api_error")),
            (Kind::Error, Some("error")),
        ]
    );
    assert_eq!(run.report.unknown["message new"], 1);
}

#[test]
fn the_last_record_of_a_message_counts() {
    let mut with_tool = reply("a", 3, "hi", [100, 10, 0, 0, 0]);
    with_tool["toolCalls"] =
        json!([{"id": "1", "name": "glob", "status": "success", "result": "x"}]);
    let mut begun = reply("a", 3, "hi", [0; 5]);
    begun["tokens"] = Value::Null;
    let run = one(&lines(&[
        session("s"),
        user("u", 1, "go"),
        begun.clone(),
        reply("a", 3, "hi", [100, 10, 0, 0, 0]),
        with_tool,
        begun,
        json!({"$set": {"lastUpdated": at(9), "summary": "short"}}),
    ]));
    assert_eq!(total(&run, |e| e.input_tokens), Some(100), "counted once");
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 1);
    assert_eq!(of_kind(&run, Kind::ToolCall).len(), 1);
    assert_eq!(run.report.duplicates["another state of a message"], 3);
    assert!(run.report.dup_of[0].dup_of.ends_with("session-1.json:5"), "{:?}", run.report.dup_of);
    assert_eq!(attributes(&run.events[0])["summary"], "short");
}

#[test]
fn what_is_taken_back_was_spent_all_the_same() {
    let run = one(&lines(&[
        session("s"),
        user("u", 1, "go"),
        reply("a", 2, "wrong", [100, 10, 0, 0, 0]),
        user("v", 3, "no"),
        reply("b", 4, "worse", [200, 20, 0, 0, 0]),
        json!({"$rewindTo": "v"}),
        user("w", 5, "so"),
        reply("c", 6, "right", [300, 30, 0, 0, 0]),
    ]));
    assert_eq!(total(&run, |e| e.input_tokens), Some(600));
    assert_eq!(texts(&run), ["go", "wrong", "no", "worse", "so", "right"]);
    let marked: Vec<_> = run
        .events
        .iter()
        .filter(|e| attributes(e)["taken_back"] == true)
        .filter_map(|e| e.content.as_deref())
        .collect();
    assert_eq!(marked, ["no", "worse"], "the target goes as well");
    let nameless = json!({"type": "user", "timestamp": at(2), "content": "also"});
    let gone = [session("s"), user("u", 1, "go"), nameless, json!({"$rewindTo": "gone"})];
    let run = one(&lines(&gone));
    assert_eq!(attributes(of_kind(&run, Kind::Message)[1])["taken_back"], true);
    assert_eq!(attributes(of_kind(&run, Kind::Message)[0])["taken_back"], true, "all of it");
}

#[test]
fn a_list_that_replaces_all_repeats_what_it_keeps() {
    let run = one(&lines(&[
        session("s"),
        user("u", 1, "go"),
        reply("a", 2, "first", [100, 10, 0, 0, 0]),
        reply("b", 3, "second", [200, 20, 0, 0, 0]),
        json!({"$set": {"messages": [
            user("sum", 4, "what was"),
            {"id": "b", "type": "gemini", "timestamp": at(3), "content": "second"},
        ]}}),
        reply("c", 5, "third", [50, 5, 0, 0, 0]),
    ]));
    assert_eq!(total(&run, |e| e.input_tokens), Some(350));
    assert_eq!(texts(&run), ["go", "first", "second", "what was", "third"]);
    let marked: Vec<_> = run.events.iter().map(|e| attributes(e)["taken_back"] == true).collect();
    assert_eq!(marked, [false, false, true, true, false, false, false, false, false]);
}

#[test]
fn parts_of_a_rewritten_history_are_no_second_results() {
    let tool = json!([{"id": "1", "name": "glob", "status": "success", "result": "all of it"}]);
    let mut asked = reply("a", 2, "I look", [100, 10, 0, 0, 0]);
    asked["toolCalls"] = tool;
    let mut cut = asked.clone();
    cut["toolCalls"][0]["result"] = json!("[cut]");
    let run = one(&lines(&[
        session("s"),
        user("u", 1, "go"),
        asked,
        json!({"$set": {"messages": [
            user("u", 1, "go"),
            cut,
            {"id": "r", "type": "user", "timestamp": at(3),
                "content": [{"functionResponse": {"id": "1", "name": "glob", "response": {}}}]},
        ]}}),
        json!({"id": "b", "type": "gemini", "timestamp": at(4), "content": [
            {"text": "why", "thought": true}, {"text": "done"}, {"functionCall": {"id": "2"}}],
            "tokens": tokens([5, 5, 0, 0, 0])}),
    ]));
    assert_eq!(texts(&run), ["go", "I look", "all of it", "done"]);
    assert_eq!(attributes(of_kind(&run, Kind::LlmCall)[1])["reasoning"], "why");
    assert_eq!(run.report.duplicates["results that stand at their calls"], 1);
    assert!(run.events.iter().all(|e| attributes(e)["taken_back"].is_null()));
}

#[test]
fn a_session_in_two_files_is_one_run() {
    let old = document(&[user("u", 1, "go"), reply("a", 2, "first", [100, 10, 0, 0, 0])]);
    let new = lines(&[
        session("s"),
        user("u", 1, "go"),
        reply("a", 2, "first", [100, 10, 0, 0, 0]),
        reply("b", 3, "second", [200, 20, 0, 0, 0]),
    ]);
    let runs = import(&[("session-1.json", &old), ("session-1.jsonl", &new)]);
    assert_eq!(runs.len(), 1);
    assert_eq!(total(&runs[0], |e| e.input_tokens), Some(300));
    assert_eq!(runs[0].report.duplicates["another state of a message"], 2);
}

#[test]
fn a_sub_agent_belongs_to_the_session_that_started_it() {
    let mut starting = reply("a", 2, "", [100, 10, 0, 0, 0]);
    starting["toolCalls"] = json!([{"id": "call-1", "name": "delegate", "agentId": "sub",
        "status": "success", "result": "done"}]);
    let main = lines(&[session("main"), user("u", 1, "go"), starting]);
    let mut about = session("sub");
    about["kind"] = json!("subagent");
    let sub = lines(&[about, user("x", 3, "look"), reply("y", 4, "found", [7, 7, 0, 0, 0])]);
    let runs = import(&[("a/sub.jsonl", &sub), ("b/session-main.jsonl", &main)]);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run.run.run_id, "main");
    assert_eq!(total(run, |e| e.input_tokens), Some(107));
    let first = run.events.iter().find(|e| attributes(e)["agent_id"] == "sub").unwrap();
    assert_eq!(
        (first.parent_event_id.as_deref(), first.content.as_deref()),
        (Some("call-1"), Some("look"))
    );
    let runs = import(&[("main/sub.jsonl", &sub), ("s.jsonl", &lines(&[session("main")]))]);
    assert_eq!(runs.len(), 1, "by the folder that is named after the session");
    let alone = import(&[("sub.jsonl", &sub)]);
    assert!(alone[0].report.warnings[0].contains("sub-agent's"), "{:?}", alone[0].report.warnings);
}

fn printed() -> Vec<Value> {
    let piece = |second: u32, text: &str| json!({"type": "message", "role": "assistant", "content": text, "delta": true, "timestamp": at(second)});
    vec![
        json!({"type": "init", "timestamp": at(0), "session_id": "p", "model": "gemini-2.5-flash"}),
        json!({"type": "message", "role": "user", "content": "go", "timestamp": at(1)}),
        piece(2, "I "),
        piece(3, "look"),
        json!({"type": "tool_use", "tool_name": "glob", "tool_id": "1", "parameters": {"p": "*"}, "timestamp": at(3)}),
        json!({"type": "tool_use", "tool_name": "glob", "tool_id": "2", "parameters": {"p": "*"}, "timestamp": at(3)}),
        json!({"type": "tool_result", "tool_id": "1", "status": "success", "output": "a", "timestamp": at(4)}),
        json!({"type": "tool_result", "tool_id": "2", "status": "error",
            "error": {"type": "x", "message": "no"}, "timestamp": at(5)}),
        json!({"type": "error", "severity": "warning", "message": "loop?", "timestamp": at(5)}),
        piece(7, "done"),
        json!({"type": "result", "status": "success", "timestamp": at(8), "stats": {
            "total_tokens": 1130, "input_tokens": 1000, "output_tokens": 100, "cached": 400,
            "input": 600, "duration_ms": 8000, "tool_calls": 2}}),
    ]
}

#[test]
fn printed_output_has_calls_and_totals() {
    let run = one(&lines(&printed()));
    assert_eq!((run.run.run_id.as_str(), run.run.model.as_str()), ("p", "gemini-2.5-flash"));
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].content.as_deref(), calls[0].duration_ms), (Some("I look"), Some(2000.0)));
    assert_eq!((calls[1].content.as_deref(), calls[1].input_tokens), (Some("done"), None));
    let totals = calls[2];
    assert_eq!(
        (totals.llm_call_count, totals.usage_quality),
        (Some(0), Some(UsageQuality::Aggregate))
    );
    assert_eq!((totals.input_tokens, totals.cache_read_tokens), (Some(1000), Some(400)));
    assert_eq!((totals.output_tokens, totals.reasoning_tokens), (Some(130), Some(30)));
    assert_eq!(totals.content, None);
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].content.as_deref(), tools[1].content.as_deref()), (Some("a"), Some("no")));
    assert_eq!(
        (tools[1].tool_status, tools[1].identical_streak),
        (Some(ToolStatus::Error), Some(2))
    );
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!((result.elapsed_s, result.end_reason), (Some(8.0), Some(EndReason::AgentMessage)));
    assert_eq!(run.report.lost(), 0);
}

#[test]
fn totals_without_calls_stand_for_calls_nobody_knows() {
    let printed = printed();
    let run = one(&lines(&[printed[0].clone(), printed[10].clone()]));
    assert_eq!(of_kind(&run, Kind::LlmCall)[0].llm_call_count, None);
}

#[test]
fn printed_output_of_a_session_with_a_file_is_counted_once() {
    let file =
        lines(&[session("p"), user("u", 1, "go"), reply("a", 2, "hi", [1000, 130, 0, 0, 0])]);
    let runs = import(&[("a.jsonl", &lines(&printed())), ("b.jsonl", &file)]);
    assert_eq!(runs.len(), 1);
    assert_eq!(total(&runs[0], |e| e.input_tokens), Some(1000));
    assert_eq!(runs[0].report.duplicates["output of a session that has a file"], 11);
}

#[test]
fn the_sample() {
    let Some(path) = sample("gemini-cli/lanegrid_agtrace__gemini_session.json") else { return };
    let run = import_at(&path).remove(0);
    assert_eq!(run.run.run_id, "f0a689a6-b0ac-407f-afcc-4fafa9e14e8a");
    assert_eq!(run.run.model, "gemini-2.5-flash");
    assert_eq!(of_kind(&run, Kind::LlmCall).len(), 7);
    let sums: Vec<_> = [
        total(&run, |e| e.input_tokens),
        total(&run, |e| e.cache_read_tokens),
        total(&run, |e| e.output_tokens),
        total(&run, |e| e.reasoning_tokens),
        total(&run, |e| e.reported_total_tokens),
    ]
    .into();
    assert_eq!(sums, [Some(67_273), Some(43_377), Some(677), Some(377), Some(67_950)]);
    let codes: Vec<_> = of_kind(&run, Kind::ToolCall).iter().map(|t| t.exit_code).collect();
    assert_eq!(codes, [Some(0), None, Some(0), Some(1), Some(0)]);
    assert_eq!(run.report.lost(), 0);
    assert!(run.report.warnings.is_empty(), "{:?}", run.report.warnings);
}

#[test]
fn damaged_sessions_are_runs_or_errors() {
    let Some(path) = sample("gemini-cli/lanegrid_agtrace__gemini_session.json") else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let lined = lines(&[
        session("s"),
        user("u", 1, "go"),
        reply("a", 2, "x", [9, 9, 0, 0, 0]),
        json!({"$rewindTo": "a"}),
        json!({"$set": {"messages": [user("v", 3, "y")]}}),
    ]);
    let paths = [path, made("lines.jsonl", &lined), made("printed.jsonl", &lines(&printed()))];
    assert_survives(&paths, 1000);
}

#[test]
fn broken_sessions() {
    for text in ["", "{}\n", "[]", "{\"sessionId\": \"s\"}"] {
        assert!(try_import(&[("s.json", text.as_bytes())]).is_err(), "{text:?}");
    }
    let torn = "{\"sessionId\": \"s\",\n \"projectHash\": \"h\",\n \"messages\": [{\"id\": ";
    assert!(try_import(&[("s.json", torn.as_bytes())]).is_err(), "a document is whole or nothing");
    let text = format!(
        "{}\n{}\n7\n{{\"a\": 1}}\n{{\"torn\n{}\n",
        session("s"),
        "[".repeat(100_000),
        user("u", 1, "go")
    );
    let run = import(&[("s.jsonl", &text)]).remove(0);
    assert_eq!((run.report.rejected_records, run.report.unknown.len()), (3, 1));
    assert_eq!(run.report.warnings.len(), 1, "no model is named");
}
