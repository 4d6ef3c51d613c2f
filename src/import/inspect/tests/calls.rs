//! Messages, model calls and tool calls: traps 3, 5 and 7 of the format.

use super::*;
use crate::trace::{ToolKind, ToolStatus};

#[test]
fn repeated_inputs_and_messages_of_the_sample_are_copies() {
    let system = json!({"role": "system", "content": "be brief", "id": "m0"});
    let ask = json!({"role": "user", "content": "one", "id": "m1"});
    let reply = json!({"role": "assistant", "content": "two", "id": "m2"});
    let more = json!({"role": "user", "content": "three", "id": "m3"});
    let mut one = sample(json!([
        model(
            json!([system, ask]),
            said(json!({"content": "two", "id": "m2"}), usage(1, 1)),
            json!({})
        ),
        model(
            json!([system, ask, reply, more]),
            said(json!({"content": "four", "id": "m4"}), usage(2, 1)),
            json!({})
        ),
    ]));
    // A solver changed the last reply and kept its identifier.
    let changed = json!({"role": "assistant", "content": "four!", "id": "m4"});
    one["messages"] = json!([system, ask, reply, more, changed]);
    let run = run_of(one);
    assert_eq!(texts(&run, Kind::Message), ["be brief", "one", "three"]);
    assert_eq!(texts(&run, Kind::LlmCall), ["two", "four"]);
    assert_eq!(run.report.duplicates["message again: an earlier row holds it"], 3 + 5);
}

#[test]
fn the_same_words_said_again_are_another_message() {
    let reply = json!({"role": "assistant", "content": "no"});
    let run = run_of_events(json!([
        model(json!([user("go on")]), said(json!({"content": "no"}), usage(1, 1)), json!({})),
        model(
            json!([user("go on"), reply, user("go on")]),
            said(json!({"content": "yes"}), usage(1, 1)),
            json!({})
        ),
        model(
            json!([user("go on"), reply, user("go on")]),
            said(json!({"content": "yes"}), usage(1, 1)),
            json!({})
        ),
    ]));
    assert_eq!(texts(&run, Kind::Message), ["go on", "go on"]);
}

#[test]
fn long_texts_stand_among_the_attachments() {
    for (protocol, store) in [("attachment", "attachments"), ("tc", "content")] {
        let refer = |key: &str| format!("{protocol}://{key}");
        let call = json!({"id": "c1", "function": "bash", "arguments": {"cmd": refer("b")}});
        let events = json!([
            model(
                json!([user(&refer("a"))]),
                said(json!({"content": refer("c"), "tool_calls": [call]}), usage(1, 1)),
                json!({"tools": [{"name": "bash", "description": refer("b")}]})
            ),
            tool("c1", "bash", json!({"result": refer("a"), "arguments": {"cmd": refer("b")}})),
        ]);
        let stored = json!({"a": "long a", "b": "long b", "c": "long c"});
        let mut one = sample(json!([]));
        if store == "content" {
            one["transcript"] = json!({"events": events, "content": stored});
            one.as_object_mut().unwrap().remove("events");
        } else {
            one["events"] = events;
            one["attachments"] = stored;
        }
        // The sample itself holds the text, not a reference to it.
        one["messages"] = json!([user("long a"), user(&refer("lost"))]);
        let run = run_of(one);
        assert_eq!(texts(&run, Kind::Message)[0], "long a");
        assert_eq!(texts(&run, Kind::Message).len(), 2);
        assert_eq!(texts(&run, Kind::LlmCall), ["long c"]);
        let call = made::of_kind(&run, Kind::ToolCall)[0];
        assert_eq!(call.arguments.as_deref(), Some(r#"{"cmd":"long b"}"#));
        assert_eq!(call.content.as_deref(), Some("long a"));
        let reply = attributes(made::of_kind(&run, Kind::LlmCall)[0]);
        assert_eq!(reply["tools"][0]["description"], "long b");
        assert!(run.report.warnings.iter().any(|w| w == "1 texts are not among the attachments"));
    }
}

#[test]
fn an_empty_input_refers_to_a_pool() {
    let pool = json!([
        {"role": "system", "content": "be brief", "id": "m0"},
        {"role": "user", "content": "attachment://k", "id": "m1"},
        {"role": "assistant", "content": "two", "id": "m2"},
        {"role": "user", "content": "never sent", "id": "m3"},
        {"role": "user", "content": "last", "id": "m4"}
    ]);
    let events = json!([
        model(
            json!([]),
            said(json!({"content": "two", "id": "m2"}), usage(1, 1)),
            json!({"input_refs": [[0, 2]]})
        ),
        model(
            json!([]),
            said(json!({"content": "x", "id": "m5"}), usage(1, 1)),
            json!({"input_refs": [[0, 3], [4, 5]]})
        ),
        model(
            json!([user("inline")]),
            said(json!({"content": "y"}), usage(1, 1)),
            json!({"input_refs": [[3, 4]]})
        ),
        model(
            json!([]),
            said(json!({"content": "z"}), usage(1, 1)),
            json!({"input_refs": [[9, 4], [0, u64::MAX], "x", [1]]})
        ),
    ]);
    for field in ["events_data", "message_pool"] {
        let mut one = sample(events.clone());
        one["attachments"] = json!({"k": "long"});
        one[field] = match field {
            "events_data" => json!({"messages": pool, "calls": [{"role": "user"}]}),
            _ => pool.clone(),
        };
        let run = run_of(one);
        assert_eq!(
            texts(&run, Kind::Message),
            ["be brief", "long", "last", "inline", "never sent"],
            "{field}"
        );
        assert_eq!(texts(&run, Kind::LlmCall), ["two", "x", "y", "z"]);
    }
}

#[test]
fn retries_and_failures_have_no_tokens() {
    let run = run_of_events(json!([
        model(
            json!([]),
            json!({"model": "", "choices": []}),
            json!({
                "output": {"choices": [{"message": {"role": "assistant", "content": ""}, "stop_reason": "stop"}]},
            "error": "RateLimitError('Error code: 429')", "traceback": "t", "traceback_ansi": "\u{1b}[0mt"
            })
        ),
        model(json!([]), json!({"choices": []}), json!({"error": "Cancelled by limit"})),
        model(
            json!([]),
            json!({"choices": []}),
            json!({"error": "maximum context length is 8192 tokens"})
        ),
        model(
            json!([]),
            said(json!({"content": "x"}), usage(9, 1)),
            json!({"retries": 3, "working_time": 0.25})
        ),
        model(json!([]), json!({"choices": []}), json!({"pending": true})),
    ]));
    let calls = made::of_kind(&run, Kind::LlmCall);
    let errors: Vec<_> = calls.iter().map(|c| c.error_type.as_deref()).collect();
    let expected =
        [Some("RateLimitError"), Some("cancelled"), Some("llm_error"), None, Some("unanswered")];
    assert_eq!(errors, expected);
    assert!(calls.iter().all(|c| c.error_type.is_none() || c.usage_quality.is_none()));
    assert_eq!(calls[0].finish_reason, None, "it did not finish");
    assert_eq!(calls[2].context_limit, Some(8192));
    assert_eq!(attributes(calls[3])["retries"], 3);
    assert_eq!(attributes(calls[3])["working_time"], 0.25);
    assert!(!attributes(calls[0]).contains_key("traceback_ansi"));
}

#[test]
fn a_call_and_its_event_are_one_row() {
    let asked = json!({"content": "", "tool_calls": [asks("c1", "bash"), asks("c2", "python"), asks("c3", "lost")]});
    let sandbox = |code: i64| {
        json!({
            "event": "sandbox", "span_id": "t1", "action": "exec", "cmd": "ls", "result": code, "output": "done   "
        })
    };
    let approval = json!({
        "event": "approval", "message": "m", "call": asks("c1", "bash"), "approver": "human", "decision": "approve"
    });
    let run = run_of_events(json!([
        model(json!([]), said(asked, usage(1, 1)), json!({"uuid": "call"})),
        {"event": "span_begin", "id": "t1", "type": "tool", "name": "bash"},
        approval,
        tool("c1", "bash", json!({"uuid": "e1", "completed": "2026-01-02T03:04:09.5+00:00", "truncated": [9, 5]})),
        sandbox(2),
        {"event": "span_end", "id": "t1"},
        tool("c2", "python", json!({"arguments": {"x": 2}, "working_time": 2.0, "pending": true})),
    ]));
    let calls = made::of_kind(&run, Kind::ToolCall);
    assert_eq!(calls.len(), 3);
    let first = calls[0];
    assert_eq!(
        (first.event_id.as_deref(), first.tool_call_id.as_deref()),
        (Some("e1"), Some("c1"))
    );
    assert_eq!(first.parent_event_id.as_deref(), Some("call"));
    assert_eq!((first.exit_code, first.tool_status), (Some(2), Some(ToolStatus::Ok)));
    assert_eq!(first.duration_ms, Some(1500.0));
    let kept = attributes(first);
    assert_eq!(kept["truncated"], json!([9, 5]));
    assert_eq!(kept["approvals"][0]["approver"], "human");
    assert_eq!(kept["sandbox"][0], json!({"action": "exec", "cmd": "ls", "result": 2}));
    assert_eq!(calls[1].duration_ms, Some(2000.0));
    assert_eq!(calls[1].tool_status, Some(ToolStatus::Running));
    assert_eq!(
        attributes(calls[1])["arguments"],
        json!({"x": 2}),
        "as it ran, not as it was asked for"
    );
    assert_eq!(calls[2].tool_status, Some(ToolStatus::Unknown));
    assert_eq!(calls[2].tool_call_id.as_deref(), Some("c3"));
}

#[test]
fn an_exit_code_is_that_of_the_one_command_of_a_shell() {
    let code = |function: &str, commands: &[i64]| {
        let inner: Vec<Value> = commands
            .iter()
            .map(|code| json!({"event": "sandbox", "action": "exec", "result": code}))
            .collect();
        let run = run_of_events(json!([tool("c", function, json!({"events": inner}))]));
        made::of_kind(&run, Kind::ToolCall)[0].exit_code
    };
    assert_eq!(code("bash", &[3]), Some(3));
    assert_eq!(code("bash", &[0, 3]), None, "which of them");
    assert_eq!(code("web_browser", &[3]), None, "not the tool's own");
}

#[test]
fn errors_of_tools_have_their_status() {
    for (kind, status) in [
        ("timeout", ToolStatus::Timeout),
        ("limit", ToolStatus::Denied),
        ("approval", ToolStatus::Denied),
        ("cancelled", ToolStatus::Cancelled),
        ("parsing", ToolStatus::Error),
        ("permission", ToolStatus::Error),
        ("file_not_found", ToolStatus::Error),
        ("is_a_directory", ToolStatus::Error),
        ("unicode_decode", ToolStatus::Error),
        ("output_limit", ToolStatus::Error),
        ("sandbox_unavailable", ToolStatus::Error),
        ("unknown", ToolStatus::Error),
    ] {
        let error = json!({"result": "", "error": {"type": kind, "message": "why"}});
        let run = run_of_events(json!([tool("c1", "bash", error)]));
        let call = made::of_kind(&run, Kind::ToolCall)[0];
        assert_eq!((call.tool_status, call.error_type.as_deref()), (Some(status), Some(kind)));
        assert_eq!(call.content.as_deref(), Some("why"));
        let denied = status == ToolStatus::Denied;
        assert_eq!(call.tool_kind, (!denied).then_some(ToolKind::Shell), "{kind}");
    }
    let run = run_of_events(json!([tool("c1", "bash", json!({"failed": true}))]));
    assert_eq!(made::of_kind(&run, Kind::ToolCall)[0].tool_status, Some(ToolStatus::Error));
}

#[test]
fn identifiers_of_calls_may_come_again() {
    let turn = |n: i64| {
        let asked = json!({"content": format!("turn {n}"), "tool_calls": [asks("call_0", "bash")]});
        model(json!([]), said(asked, usage(1, 1)), json!({}))
    };
    let run = run_of_events(json!([
        turn(1),
        tool("call_0", "bash", json!({"result": "first"})),
        turn(2),
        tool("call_0", "bash", json!({"result": "second"})),
        tool("call_0", "bash", json!({"result": "of nobody"})),
    ]));
    assert_eq!(texts(&run, Kind::ToolCall), ["first", "second", "of nobody"]);
    let calls = made::of_kind(&run, Kind::ToolCall);
    assert_eq!(calls[1].identical_streak, Some(2));
    assert_eq!(calls[2].parent_event_id, None);
}

#[test]
fn a_call_without_an_event_is_answered_by_a_message() {
    let asked = json!({"content": "", "tool_calls": [asks("c1", "bash")]});
    let answer = json!({
        "role": "tool", "content": "late", "tool_call_id": "c1", "function": "bash", "id": "t",
        "error": {"type": "timeout", "message": "too slow"}
    });
    let run = run_of_events(json!([
        model(json!([user("a")]), said(asked.clone(), usage(1, 1)), json!({})),
        model(
            json!([user("a"), with(asked, json!({"role": "assistant"})), answer]),
            said(json!({"content": "b"}), usage(1, 1)),
            json!({})
        ),
    ]));
    let calls = made::of_kind(&run, Kind::ToolCall);
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (calls[0].content.as_deref(), calls[0].tool_status),
        (Some("late"), Some(ToolStatus::Timeout))
    );
    assert_eq!(attributes(calls[0])["error"], "too slow");
    assert_eq!(run.report.merged["tool message: the result of a call"], 1);
}

#[test]
fn replies_are_told_by_messages_where_there_are_no_events() {
    let mut one = sample(json!([]));
    one["messages"] = json!([
        user("ask"),
        {"role": "assistant", "content": "let me see", "tool_calls": [asks("c1", "submit")]},
        {"role": "tool", "content": "ok", "tool_call_id": "c1", "function": "submit"},
    ]);
    let run = run_of(one.clone());
    let kinds: Vec<&str> = run.events.iter().map(|e| e.kind.as_str()).collect();
    let expected =
        ["run_start", "stage_start", "message", "llm_call", "tool_call", "stage_result", "run_end"];
    assert_eq!(kinds, expected);
    let end = made::of_kind(&run, Kind::StageResult)[0].end_reason;
    assert_eq!(end, Some(crate::trace::EndReason::Finished));
    one["messages"] = json!([
        {"role": "tool", "content": "ok", "tool_call_id": "c1", "function": "bash"},
        {"role": "tool", "content": "ok", "tool_call_id": "c2", "function": "bash"},
        {"role": "tool", "content": "who", "tool_call_id": "c3", "extra": 1},
    ]);
    let run = run_of(one);
    assert_eq!(texts(&run, Kind::Message), ["ask"], "the input, where no message asks");
    assert_eq!(made::of_kind(&run, Kind::ToolCall).len(), 2);
    let orphan = made::of_kind(&run, Kind::Error)[0];
    assert_eq!(orphan.error_type.as_deref(), Some("orphan_tool_result"));
    assert_eq!(attributes(orphan)["extra"], 1);
}

#[test]
fn calls_of_messages_take_their_events() {
    let mut one = sample(json!([
        tool("c1", "bash", json!({"result": "ran"})),
        tool("c9", "bash", json!({}))
    ]));
    one["messages"] = json!([
        user("ask"),
        {"role": "assistant", "content": "so", "tool_calls": [asks("c1", "bash")]},
        {"role": "tool", "content": "ran", "tool_call_id": "c1", "function": "bash"},
    ]);
    let run = run_of(one);
    assert_eq!(texts(&run, Kind::ToolCall), ["ran", "done"]);
    let call = made::of_kind(&run, Kind::ToolCall)[0];
    assert!(call.ts.is_some() && call.parent_event_id.is_some());
}

#[test]
fn content_has_text_reasoning_and_other_parts() {
    let content = json!([
        {"type": "reasoning", "reasoning": "thinking", "signature": "sig", "redacted": false},
        {"type": "reasoning", "reasoning": "encrypted", "summary": "short", "redacted": true},
        {"type": "text", "text": "see"},
        {"type": "image", "image": "data:image/png;base64,AA=="},
        {"type": "text", "text": "this", "citations": [{"url": "u"}]}
    ]);
    let two = json!({
        "model": "m1", "completion": "a copy", "usage": usage(3, 2), "response_id": "resp",
        "choices": [
            {"message": {"role": "assistant", "content": content}, "stop_reason": "max_tokens", "logprobs": {"content": [1]}},
            {"message": {"role": "assistant", "content": "another"}, "stop_reason": "stop"}
        ]
    });
    let raw = json!({"call": {
        "request": {"messages": ["copy"], "model": "m1", "temperature": 0.5, "tools": ["copy"]},
        "response": {"id": "chat-1", "choices": ["copy"], "service_tier": "default"}, "call_refs": [[0, 1]]
    }});
    let run = run_of_events(json!([model(json!([]), two, raw)]));
    let call = made::of_kind(&run, Kind::LlmCall)[0];
    assert_eq!(call.content.as_deref(), Some("see\n[image]\nthis"));
    assert_eq!(call.finish_reason.as_deref(), Some("max_tokens"));
    assert_eq!(
        (call.response_id.as_deref(), call.event_id.as_deref()),
        (Some("resp"), Some("resp"))
    );
    let kept = attributes(call);
    assert_eq!(kept["reasoning"], "thinking\nshort");
    assert_eq!(kept["parts"].as_array().unwrap().len(), 4);
    assert_eq!(kept["choice"]["logprobs"], json!({"content": [1]}));
    assert_eq!(kept["output"]["choices"][0]["message"]["content"], "another");
    assert_eq!(kept["request"], json!({"temperature": 0.5}));
    assert_eq!(kept["response"], json!({"service_tier": "default"}));
    assert!(!call.attributes.as_deref().unwrap().contains("copy"));
}
