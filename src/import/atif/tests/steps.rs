//! Steps: which are calls, what their tool calls and results become.

use super::super::super::made::{of_kind, total};
use super::logs::{attribute, calls, document, metrics, one, step, warned};
use crate::trace::{Clock, EndReason, Kind, ToolStatus, UsageQuality};
use serde_json::{Value, json};

#[test]
fn steps_that_repeat_one_reply_are_one_call() {
    let numbers = |creation: i64| {
        json!({"metrics": {"prompt_tokens": 4, "completion_tokens": 9, "cached_tokens": 0,
            "extra": {"cache_creation_input_tokens": creation, "cache_read_input_tokens": 0}}})
    };
    let with_call = |creation: i64, id: &str| {
        let mut step = step("agent", &format!("Executed Bash {id}"), &numbers(creation));
        step["tool_calls"] =
            json!([{"tool_call_id": id, "function_name": "Bash", "arguments": {"command": "ls"}}]);
        step["observation"] = json!({"results": [{"source_call_id": id, "content": "a"}]});
        step
    };
    let steps = json!([
        step("user", "do it", &json!({})),
        step("agent", "I look", &numbers(100)),
        with_call(100, "t1"),
        with_call(100, "t2"),
        with_call(200, "t3"),
    ]);
    let run = one(document("ATIF-v1.2", "claude-code", &steps));
    assert_eq!(calls(&run).len(), 2);
    assert_eq!(of_kind(&run, Kind::ToolCall).len(), 3);
    assert_eq!(
        calls(&run)[0].content.as_deref(),
        Some("I look"),
        "texts that Harbor made up are gone"
    );
    assert_eq!(calls(&run)[1].content, None);
    assert_eq!(calls(&run)[0].input_tokens, Some(104));
    assert_eq!(run.report.merged["another step of the same reply"], 2);
    let parents: Vec<_> =
        of_kind(&run, Kind::ToolCall).iter().map(|c| c.parent_event_id.clone()).collect();
    assert_eq!(parents, [Some("step-2".into()), Some("step-2".into()), Some("step-5".into())]);
    // Since 1.7 a step is a reply, and other agents may come to the same numbers twice.
    for (version, agent) in [("ATIF-v1.7", "claude-code"), ("ATIF-v1.2", "terminus-2")] {
        assert_eq!(calls(&one(document(version, agent, &steps))).len(), 4, "{version} {agent}");
    }
}

#[test]
fn equal_numbers_of_other_agents_are_calls_of_their_own() {
    let steps =
        json!([step("agent", "a", &metrics(850, 40)), step("agent", "b", &metrics(850, 40))]);
    let run = one(document("ATIF-v1.7", "terminus-2", &steps));
    assert_eq!((calls(&run).len(), total(&run, |e| e.input_tokens)), (2, Some(1700)));
}

#[test]
fn a_step_may_stand_for_no_call_or_for_several() {
    let steps = json!([
        step(
            "agent",
            "dispatched",
            &json!({"llm_call_count": 0, "tool_calls":
            [{"tool_call_id": "d", "function_name": "Task", "arguments": {}}]})
        ),
        step(
            "agent",
            "one",
            &json!({"llm_call_count": 1, "metrics": {"prompt_tokens": 5, "completion_tokens": 1}})
        ),
        step(
            "agent",
            "many",
            &json!({"llm_call_count": 3, "metrics": {"prompt_tokens": 50, "completion_tokens": 9}})
        ),
    ]);
    let run = one(document("ATIF-v1.7", "a", &steps));
    let calls = calls(&run);
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (calls[0].llm_call_count, calls[0].usage_quality),
        (None, Some(UsageQuality::Final))
    );
    assert_eq!(
        (calls[1].llm_call_count, calls[1].usage_quality),
        (Some(3), Some(UsageQuality::Aggregate))
    );
    let message = of_kind(&run, Kind::Message)[0];
    assert_eq!(
        (message.role.as_deref(), message.content.as_deref()),
        (Some("assistant"), Some("dispatched"))
    );
    assert_eq!(of_kind(&run, Kind::ToolCall)[0].parent_event_id, message.event_id);
}

#[test]
fn agents_named_by_steps_keep_their_tool_calls_apart() {
    let steps = json!([step(
        "agent",
        "x",
        &json!({"extra": {"agent_id": "a93", "is_sidechain": true},
        "tool_calls": [{"tool_call_id": "t", "function_name": "Bash", "arguments": {}}],
        "observation": {"results": [{"source_call_id": "t", "content": "y"}]}})
    )]);
    let run = one(document("ATIF-v1.7", "claude-code", &steps));
    assert_eq!(attribute(calls(&run)[0], "agent_id"), "a93");
    let call = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!((attribute(call, "agent_id"), call.content.as_deref()), (json!("a93"), Some("y")));
}

#[test]
fn times_and_messages_may_be_missing() {
    let steps = json!([{"source": "user"}, {"source": "agent", "timestamp": "2026-01-26T02:02:52.046663"},
        {"source": "agent", "timestamp": "soon"}, {"source": "robot"}, 7, {"message": "nobody's"}]);
    let run = one(document("ATIF-v1.5", "watson", &steps));
    assert_eq!(calls(&run).len(), 2);
    assert_eq!((calls(&run)[0].clock, calls(&run)[1].ts), (Some(Clock::AssumedUtc), None));
    assert!(warned(&run, "no zone"));
    assert_eq!(attribute(calls(&run)[1], "timestamp"), "soon");
    assert_eq!(run.report.unknown["step with the source `robot`"], 1);
    assert_eq!(run.report.unknown["step with the source `none`"], 1);
    assert_eq!((run.report.rejected_records, run.report.rejected_values), (1, 1));
}

#[test]
fn how_a_call_ended_is_in_extras_or_in_the_text() {
    let ended = |text: &str, of_result: Value, of_step: Value| {
        let steps = json!([step(
            "agent",
            "",
            &json!({"extra": of_step,
            "tool_calls": [{"tool_call_id": "t", "function_name": "Bash", "arguments": {"command": "x"}, "extra": {"timeout": 3}}],
            "observation": {"results": [{"source_call_id": "t", "content": text, "extra": of_result}]}})
        )]);
        let run = one(document("ATIF-v1.7", "claude-code", &steps));
        let call = of_kind(&run, Kind::ToolCall)[0].clone();
        assert_eq!(attribute(&call, "timeout"), 3);
        (call.tool_status.unwrap(), call.exit_code)
    };
    assert_eq!(ended("ok", json!({}), json!({})), (ToolStatus::Ok, None));
    assert_eq!(ended("x", json!({"exit_code": 2}), json!({})), (ToolStatus::Ok, Some(2)));
    assert_eq!(ended("x", json!({"is_error": true}), json!({})), (ToolStatus::Error, None));
    assert_eq!(
        ended("Exit code 127\nno", json!({"tool_result_is_error": true}), json!({})).1,
        Some(127)
    );
    assert_eq!(
        ended("x", json!({}), json!({"tool_result_is_error": true})),
        (ToolStatus::Error, None)
    );
    assert_eq!(
        ended("x", json!({"tool_result_metadata": {"is_error": true}}), json!({})),
        (ToolStatus::Error, None)
    );
    let refused = "The user doesn't want to proceed with this tool use.";
    assert_eq!(ended(refused, json!({"is_error": true}), json!({})), (ToolStatus::Denied, None));
    assert_eq!(ended(refused, json!({}), json!({})), (ToolStatus::Ok, None));
    assert_eq!(ended("x", json!({"status": "timed_out"}), json!({})), (ToolStatus::Timeout, None));
}

#[test]
fn results_without_a_name_go_to_calls_in_order_or_to_nobody() {
    let steps = json!([
        step(
            "agent",
            "a",
            &json!({"tool_calls": [{"function_name": "f", "arguments": "x"}, {"function_name": "g"}],
            "observation": {"results": [{"content": "of f"}, {"content": "of g"}]}})
        ),
        step(
            "agent",
            "b",
            &json!({"tool_calls": [{"tool_call_id": "1", "function_name": "f"}, {"tool_call_id": "2", "function_name": "g"}],
            "observation": {"results": [{"content": "the screen"}]}})
        ),
        step(
            "agent",
            "c",
            &json!({"observation": {"results": [{"source_call_id": "gone", "content": "late"}, {"source_call_id": "2", "content": "of 2"}]}})
        ),
        step("agent", "d", &json!({"tool_calls": [3], "observation": {"results": [4]}})),
    ]);
    let run = one(document("ATIF-v1.7", "terminus-2", &steps));
    let contents: Vec<Option<&str>> =
        of_kind(&run, Kind::ToolCall).iter().map(|c| c.content.as_deref()).collect();
    assert_eq!(contents, [Some("of f"), Some("of g"), None, Some("of 2")]);
    let said = of_kind(&run, Kind::Message);
    assert_eq!(
        (said[0].role.as_deref(), said[0].content.as_deref()),
        (Some("tool"), Some("the screen"))
    );
    let orphan = of_kind(&run, Kind::Error)[0];
    assert_eq!(
        (orphan.error_type.as_deref(), orphan.content.as_deref()),
        (Some("orphan_tool_result"), Some("late"))
    );
    assert_eq!(run.report.rejected_values, 2);
}

#[test]
fn openhands_writes_calls_into_its_message() {
    let steps = json!([
        step(
            "agent",
            "<function=execute_bash>\n<parameter=command>ls</parameter>\n</function>",
            &json!({
            "observation": {"results": [{"content": "a\n[The command completed with exit code 3.]"}]}})
        ),
        step("agent", "<function=finish>\n<parameter=message>done</parameter>", &json!({})),
    ]);
    let run = one(document("ATIF-v1.5", "openhands", &steps));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].exit_code, tools[0].tool_status), (Some(3), Some(ToolStatus::Ok)));
    assert_eq!(tools[1].tool_name.as_deref(), Some("finish"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
    let other = one(document("ATIF-v1.5", "another", &steps));
    assert!(of_kind(&other, Kind::ToolCall).is_empty(), "other agents may talk of functions");
}
