//! Sessions of several files: sub-agents, compactions, copies. One test per trap.

use super::super::made::{import, of_kind, total};
use super::tests::{attribute, line, log, reply, result, run, text, tool, user, with};
use crate::trace::{EndReason, Kind};
use serde_json::{Value, json};

/// A main session that starts a sub-agent, and the sub-agent's lines.
pub(super) fn with_agent() -> (Vec<Value>, Vec<Value>) {
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
