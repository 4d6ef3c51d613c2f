//! The forms of these logs over the years, and files that are none of them.

use super::super::super::made::{import, of_kind, total, try_import};
use super::{action, attributes, instance, observation, run, usage, usual};
use crate::trace::{CostSource, EndReason, Kind, ToolKind, Usd};
use serde_json::{Value, json};

#[test]
fn flat_events_of_2024_have_no_ids() {
    let run = run(&instance(
        vec![
            json!({"action": "message", "content": "Solve", "wait_for_response": false}),
            json!({"command": "ls", "thought": "I look", "action": "run"}),
            json!({"content": "a.c", "command": "ls", "exit_code": 1, "observation": "run"}),
            json!({"action": "message", "content": "Shall I?", "wait_for_response": true}),
            json!({"action": "message", "content": "Go on", "wait_for_response": false}),
            json!({"thought": "", "action": "finish", "outputs": {}}),
        ],
        json!({"accumulated_cost": 0.5, "costs": [0.25, 0.125, 0.125]}),
    ));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].exit_code, tools[0].content.as_deref()), (Some(1), Some("a.c")));
    assert_eq!(tools[0].arguments.as_deref(), Some("{\"command\":\"ls\"}"));
    assert_eq!(tools[1].tool_kind, Some(ToolKind::Finish));
    let calls = of_kind(&run, Kind::LlmCall);
    let said: Vec<_> = calls.iter().map(|c| c.content.as_deref()).collect();
    assert_eq!(said, [Some("I look"), Some("Shall I?"), None, None]);
    assert_eq!(
        (calls[3].llm_call_count, calls[3].cost_source),
        (Some(0), Some(CostSource::ReportedTotal))
    );
    assert_eq!(calls[3].cost_usd, Usd::from_f64(0.5));
    assert_eq!(of_kind(&run, Kind::Message).len(), 2, "the user speaks twice");
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
}

#[test]
fn pairs_are_an_action_and_its_observation() {
    let run = run(&instance(
        vec![
            json!([{"action": "message", "args": {"content": "Solve"}}, {"observation": "null", "content": "", "extras": {}}]),
            json!([{"action": "run", "args": {"command": "ls", "thought": "I look"}}, {"observation": "run", "content": "a.c", "extras": {"exit_code": 3}}]),
        ],
        json!({"accumulated_cost": 0.5, "costs": [0.25, 0.25]}),
    ));
    let tool = of_kind(&run, Kind::ToolCall)[0];
    assert_eq!((tool.exit_code, tool.content.as_deref()), (Some(3), Some("a.c")));
    assert_eq!(run.report.skipped["observation of nothing"], 1);
    assert_eq!(run.report.records_read, 4);
}

#[test]
fn what_a_delegate_does_is_its_own() {
    let mut instance = usual();
    let history = instance["history"].as_array_mut().unwrap();
    let mut delegation = action(10, "16:32:59.0", "r0", "c0");
    delegation["action"] = json!("delegate");
    delegation["args"] =
        json!({"agent": "BrowsingAgent", "inputs": {"task": "look"}, "thought": ""});
    delegation["tool_call_metadata"]["model_response"]["choices"][0]["message"]["tool_calls"] =
        json!([]);
    history.insert(1, delegation);
    let mut back = observation(11, "16:33:00.0", 0, 0);
    back["observation"] = json!("delegate");
    back.as_object_mut().unwrap().remove("cause");
    back["extras"] = json!({"outputs": {"content": "found"}});
    history.insert(4, back);
    let run = run(&instance);
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!(
        (tools[0].event_id.as_deref(), tools[0].content.as_deref()),
        (Some("10"), Some("a.c"))
    );
    assert_eq!(attributes(tools[1])["agent_id"], "delegate-10");
    assert_eq!(attributes(tools[1])["agent_type"], "BrowsingAgent");
    assert_eq!(attributes(tools[2])["agent_id"], Value::Null);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(
        calls[1].parent_event_id.as_deref(),
        Some("10"),
        "its first row comes of the delegation"
    );
    assert_eq!(
        total(&run, |e| e.output_tokens),
        Some(12),
        "5 of the response, 3 and 4 of the usage"
    );
}

#[test]
fn the_resolver_writes_an_issue_in_place_of_an_instance() {
    let mut resolved = usual();
    let object = resolved.as_object_mut().unwrap();
    for name in ["instance_id", "metadata", "test_result"] {
        object.remove(name);
    }
    object.insert(
        "issue".to_owned(),
        json!({"owner": "o", "repo": "r", "number": 7, "title": "Bug"}),
    );
    object.insert("git_patch".to_owned(), json!("diff"));
    object.insert("success".to_owned(), json!(false));
    object.insert("result_explanation".to_owned(), json!("It does not work"));
    let run = run(&resolved);
    assert_eq!((run.run.workload.as_str(), run.run.model.as_str()), ("o-r-7", "asked"));
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!((result.score, result.passed), (Some(0.0), Some(false)));
    assert_eq!(
        attributes(of_kind(&run, Kind::RunEnd)[0])["result_explanation"],
        "It does not work"
    );
}

#[test]
fn one_bad_line_does_not_stop_the_others() {
    let lines = format!("{}\n{{\"instance_id\": \n{{\"a\": 1}}\n\n{}\n", usual(), usual());
    let collected = try_import(&[("output.jsonl", lines.as_bytes())]).unwrap();
    assert_eq!(collected.runs.len(), 2);
    let failed: Vec<String> = collected.failed.iter().map(ToString::to_string).collect();
    assert_eq!(failed.len(), 2);
    assert!(failed[0].contains("output.jsonl:2: not valid JSON"), "{failed:?}");
    assert!(failed[1].contains("output.jsonl:3: not a run"), "{failed:?}");
}

#[test]
fn a_stream_that_breaks_off_keeps_the_runs_before_it() {
    let mut lines = format!("{}\n", usual()).into_bytes();
    // What compresses badly, so that the cut is behind the first run.
    let noise: String = (0..200_000u32)
        .map(|n| char::from(b'a' + (n.wrapping_mul(2_654_435_761) >> 27) as u8 % 26))
        .collect();
    lines.extend(format!("{{\"instance_id\": \"{noise}\"}}\n").into_bytes());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &lines).unwrap();
    let mut packed = packed.finish().unwrap();
    packed.truncate(packed.len() * 3 / 4);
    let collected = try_import(&[("output.jsonl.gz", &packed)]).unwrap();
    assert_eq!(collected.runs.len(), 1);
    assert!(
        collected.failed[0].to_string().contains("output.jsonl.gz:2: the file breaks off"),
        "{:?}",
        collected.failed
    );
}

#[test]
fn an_exported_event_stream_is_a_run() {
    let events = usual()["history"].clone();
    let run =
        import(&[("session.json", &serde_json::to_string_pretty(&events).unwrap())]).remove(0);
    assert_eq!((run.run.workload.as_str(), run.run.model.as_str()), ("session", "served"));
    assert_eq!(total(&run, |e| e.input_tokens), Some(10), "from the responses");
    assert_eq!(of_kind(&run, Kind::ToolCall).len(), 2);
}

#[test]
fn broken_files_are_errors_or_rejects() {
    for text in ["", "{}", &"[".repeat(100_000), "[{\"id\": 1}]"] {
        assert!(try_import(&[("output.jsonl", text.as_bytes())]).is_err(), "{text:.20}");
    }
    let mut odd = usual();
    odd["history"] = json!([5, {}, {"action": "run"}, {"observation": "run", "cause": 99}, [[]], {"action": {"a": 1}}]);
    odd["metrics"] = json!({"token_usages": [7, usage("x", -5, -1)], "costs": ["a", null], "response_latencies": [3]});
    let run = import(&[("output.jsonl", &odd.to_string())]).remove(0);
    assert_eq!(run.report.rejected_records, 4);
    assert!(run.report.rejected[0].problem.contains("item 1 of `history`"));
    let mut huge = usual();
    huge["history"][2]["content"] = json!("x".repeat(5 << 20));
    assert_eq!(self::run(&huge).report.lost(), 0);
}
