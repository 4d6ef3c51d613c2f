//! Trajectories, made and real.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::{Clock, CostSource, EndReason, Event, Kind, ToolStatus, UsageQuality, Usd};
use serde_json::{Value, json};

const ID: &str = "7c7036a0-ab79-4249-b58e-c73f18c2e94c";

fn document(version: &str, agent: &str, steps: &Value) -> Value {
    json!({"schema_version": version, "session_id": ID,
        "agent": {"name": agent, "version": "1", "model_name": "m"}, "steps": steps})
}

fn files(files: &[(&str, Value)]) -> Vec<Imported> {
    let texts: Vec<(&str, String)> = files.iter().map(|(n, v)| (*n, v.to_string())).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (*n, t.as_str())).collect();
    import(&files)
}

fn one(document: Value) -> Imported {
    let mut runs = files(&[("trajectory.json", document)]);
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

fn step(source: &str, message: &str, more: Value) -> Value {
    let mut step = json!({"source": source, "message": message});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

fn metrics(prompt: i64, completion: i64) -> Value {
    json!({"metrics": {"prompt_tokens": prompt, "completion_tokens": completion}})
}

fn calls(run: &Imported) -> Vec<&Event> {
    of_kind(run, Kind::LlmCall)
}

fn attribute(event: &Event, name: &str) -> Value {
    let attributes: Value =
        serde_json::from_str(event.attributes.as_deref().unwrap_or("{}")).unwrap();
    attributes[name].clone()
}

fn warned(run: &Imported, word: &str) -> bool {
    run.report.warnings.iter().any(|w| w.contains(word))
}

#[test]
fn steps_that_repeat_one_reply_are_one_call() {
    let numbers = |creation: i64| {
        json!({"metrics": {"prompt_tokens": 4, "completion_tokens": 9, "cached_tokens": 0,
            "extra": {"cache_creation_input_tokens": creation, "cache_read_input_tokens": 0}}})
    };
    let with_call = |creation: i64, id: &str| {
        let mut step = step("agent", &format!("Executed Bash {id}"), numbers(creation));
        step["tool_calls"] =
            json!([{"tool_call_id": id, "function_name": "Bash", "arguments": {"command": "ls"}}]);
        step["observation"] = json!({"results": [{"source_call_id": id, "content": "a"}]});
        step
    };
    let steps = json!([
        step("user", "do it", json!({})),
        step("agent", "I look", numbers(100)),
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
    let steps = json!([step("agent", "a", metrics(850, 40)), step("agent", "b", metrics(850, 40))]);
    let run = one(document("ATIF-v1.7", "terminus-2", &steps));
    assert_eq!((calls(&run).len(), total(&run, |e| e.input_tokens)), (2, Some(1700)));
}

#[test]
fn segments_are_one_run_and_their_totals_are_not_added() {
    let mut first = document(
        "ATIF-v1.7",
        "terminus-2",
        &json!([
            step("user", "task", json!({})),
            step("agent", "one", metrics(100, 10)),
            step(
                "system",
                "summarised",
                json!({"observation": {"results": [{"subagent_trajectory_ref": [
            {"session_id": "sum-1", "trajectory_path": "/logs/agent/trajectory.summarization-1.json"},
            {"session_id": "sum-2", "trajectory_path": "trajectory.summarization-2.json"}]}]}})
            ),
        ]),
    );
    first["continued_trajectory_ref"] = json!("trajectory.cont-1.json");
    first["final_metrics"] = json!({"total_prompt_tokens": 100, "total_completion_tokens": 10});
    let mut second = document(
        "ATIF-v1.7",
        "terminus-2",
        &json!([
            step("user", "task", json!({"is_copied_context": true})),
            step(
                "agent",
                "not in the first",
                json!({"is_copied_context": true, "metrics": {"prompt_tokens": 999}})
            ),
            step("agent", "two", metrics(200, 20)),
        ]),
    );
    second["final_metrics"] = json!({"total_prompt_tokens": 350, "total_completion_tokens": 35});
    let mut summary = document(
        "ATIF-v1.7",
        "terminus-2-summarizer",
        &json!([step("agent", "sum", metrics(30, 3))]),
    );
    summary["session_id"] = json!("sum-1");
    let runs = files(&[
        ("agent/trajectory.json", first),
        ("agent/trajectory.cont-1.json", second),
        ("agent/trajectory.summarization-1.json", summary),
    ]);
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run.run.run_id, ID);
    assert_eq!(total(run, |e| e.input_tokens), Some(330), "copied steps are not counted again");
    assert_eq!(run.report.duplicates["copied from an earlier document"], 1);
    assert!(run.report.dup_of[0].dup_of.contains("step 1 of"));
    let kept =
        run.events.iter().find(|e| e.content.as_deref() == Some("not in the first")).unwrap();
    assert_eq!((kept.kind, kept.input_tokens), (Kind::Message, None));
    let sub = run.events.iter().find(|e| e.content.as_deref() == Some("sum")).unwrap();
    assert_eq!(attribute(sub, "agent_id"), "sum-1");
    assert_eq!(attribute(sub, "agent_type"), "terminus-2-summarizer");
    assert!(warned(run, "`trajectory.summarization-2.json` is not here"));
    assert!(warned(run, "350 prompt tokens, the calls in the document add up to 330"));
    let end = of_kind(run, Kind::RunEnd)[0];
    assert_eq!(attribute(end, "final_metrics")[0]["total_prompt_tokens"], 100);
    assert_eq!(attribute(end, "final_metrics")[1]["total_prompt_tokens"], 350);
}

#[test]
fn files_of_several_runs_in_one_folder_stay_apart() {
    let text = |message: &str, next: Option<&str>| {
        let mut document =
            document("ATIF-v1.7", "a", &json!([step("agent", message, metrics(1, 1))]));
        document["session_id"] = json!(format!("{message}-0123456789abcdef0"));
        if let Some(next) = next {
            document["continued_trajectory_ref"] = json!(next);
        }
        document
    };
    let runs = files(&[
        ("x.trajectory.json", text("x", Some("trajectory.cont-1.json"))),
        ("x.trajectory.cont-1.json", text("x1", None)),
        ("y.trajectory.json", text("y", None)),
        ("y.trajectory.cont-1.json", text("y1", Some("trajectory.json"))),
        ("z.json", text("z", Some("z.json"))),
    ]);
    let sizes: Vec<usize> = runs.iter().map(|r| calls(r).len()).collect();
    // y and its continuation name each other: nobody is first, and nothing is lost.
    assert_eq!(sizes.iter().sum::<usize>(), 5);
    let x = runs.iter().find(|r| r.run.run_id.starts_with("x-")).unwrap();
    assert_eq!(calls(x).len(), 2);
}

#[test]
fn a_step_may_stand_for_no_call_or_for_several() {
    let steps = json!([
        step(
            "agent",
            "dispatched",
            json!({"llm_call_count": 0, "tool_calls":
            [{"tool_call_id": "d", "function_name": "Task", "arguments": {}}]})
        ),
        step(
            "agent",
            "one",
            json!({"llm_call_count": 1, "metrics": {"prompt_tokens": 5, "completion_tokens": 1}})
        ),
        step(
            "agent",
            "many",
            json!({"llm_call_count": 3, "metrics": {"prompt_tokens": 50, "completion_tokens": 9}})
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
fn sub_agents_inside_the_document_are_rows_of_the_same_run() {
    let mut sub = document(
        "ATIF-v1.8",
        "explorer",
        &json!([step("user", "look", json!({})), step("agent", "seen", metrics(7, 2))]),
    );
    sub["trajectory_id"] = json!("sub-1");
    let mut deeper = document("ATIF-v1.8", "deep", &json!([step("agent", "deep", metrics(1, 1))]));
    deeper["trajectory_id"] = json!("sub-1");
    let mut root = document(
        "ATIF-v1.8",
        "a",
        &json!([
            step(
                "agent",
                "go",
                json!({"metrics": {"prompt_tokens": 10, "completion_tokens": 3},
            "tool_calls": [{"tool_call_id": "t1", "function_name": "Task", "arguments": {}}],
            "observation": {"results": [{"source_call_id": "t1", "content": "done", "subagent_trajectory_ref": [{"trajectory_id": "sub-1"}]}]}})
            ),
            step("agent", "end", metrics(20, 4)),
        ]),
    );
    sub["subagent_trajectories"] = json!([deeper]);
    root["subagent_trajectories"] = json!([sub]);
    root["final_metrics"] = json!({"total_prompt_tokens": 30, "total_completion_tokens": 7});
    let run = one(root);
    let contents: Vec<&str> = calls(&run).iter().filter_map(|c| c.content.as_deref()).collect();
    assert_eq!(
        contents,
        ["go", "seen", "deep", "end"],
        "a sub-agent follows the step that started it"
    );
    let look = run.events.iter().find(|e| e.content.as_deref() == Some("look")).unwrap();
    assert_eq!(attribute(look, "agent_id"), "sub-1");
    let first_of_sub = run.events.iter().find(|e| attribute(e, "agent_id") == "sub-1").unwrap();
    assert_eq!(first_of_sub.parent_event_id.as_deref(), Some("t1"));
    assert_eq!(attribute(calls(&run)[2], "agent_id"), "sub-1-2", "an id is of one agent");
    assert!(
        !warned(&run, "final_metrics"),
        "the totals are those of the agent's own steps: {:?}",
        run.report.warnings
    );
}

#[test]
fn agents_named_by_steps_keep_their_tool_calls_apart() {
    let steps = json!([step(
        "agent",
        "x",
        json!({"extra": {"agent_id": "a93", "is_sidechain": true},
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
fn premium_requests_are_no_dollars() {
    let with = |totals: Value| {
        let mut document = document("ATIF-v1.5", "watson", &json!([step("agent", "x", json!({}))]));
        document["final_metrics"] = totals;
        one(document)
    };
    for totals in [
        json!({"total_cost_usd": 360}),
        json!({"total_cost_usd": 3.5, "extra": {"unit": "premium requests"}}),
        json!({"total_cost_usd": 50.5, "total_prompt_tokens": 1000}),
    ] {
        let run = with(totals.clone());
        assert!(run.events.iter().all(|e| e.cost_usd.is_none()), "{totals}");
        assert!(warned(&run, "is not in dollars"));
        assert_eq!(
            attribute(of_kind(&run, Kind::RunEnd)[0], "final_metrics"),
            totals,
            "kept as it is"
        );
    }
}

#[test]
fn totals_without_numbers_of_steps_are_a_row_of_their_own() {
    let mut document = document(
        "ATIF-v1.6",
        "kimi",
        &json!([step("agent", "x", json!({})), step("agent", "y", json!({}))]),
    );
    document["final_metrics"] = json!({"total_prompt_tokens": 1000, "total_completion_tokens": 50, "total_cached_tokens": 800,
        "total_cost_usd": 0.25, "extra": {"cost_source": "litellm_estimate"}});
    let run = one(document);
    let total = calls(&run)[2];
    assert_eq!(
        (total.llm_call_count, total.usage_quality),
        (Some(0), Some(UsageQuality::Aggregate))
    );
    assert_eq!(
        (total.input_tokens, total.cache_read_tokens, total.output_tokens),
        (Some(1000), Some(800), Some(50))
    );
    assert_eq!(
        (total.cost_usd, total.cost_source),
        (Usd::parse("0.25"), Some(CostSource::ClientEstimate))
    );
    assert_eq!(total.content, None);
}

#[test]
fn a_total_cost_beside_tokens_of_steps_brings_no_tokens() {
    let mut document = document("ATIF-v1.6", "a", &json!([step("agent", "x", metrics(100, 10))]));
    document["final_metrics"] =
        json!({"total_prompt_tokens": 100, "total_completion_tokens": 10, "total_cost_usd": 0.01});
    let run = one(document);
    assert_eq!(total(&run, |e| e.input_tokens), Some(100));
    assert_eq!(
        (calls(&run)[1].cost_usd, calls(&run)[1].cost_source),
        (Usd::parse("0.01"), Some(CostSource::ReportedTotal))
    );
    assert_eq!(run.report.warnings, [] as [&str; 0]);
}

#[test]
fn how_a_call_ended_is_in_extras_or_in_the_text() {
    let ended = |text: &str, of_result: Value, of_step: Value| {
        let steps = json!([step(
            "agent",
            "",
            json!({"extra": of_step,
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
            json!({"tool_calls": [{"function_name": "f", "arguments": "x"}, {"function_name": "g"}],
            "observation": {"results": [{"content": "of f"}, {"content": "of g"}]}})
        ),
        step(
            "agent",
            "b",
            json!({"tool_calls": [{"tool_call_id": "1", "function_name": "f"}, {"tool_call_id": "2", "function_name": "g"}],
            "observation": {"results": [{"content": "the screen"}]}})
        ),
        step(
            "agent",
            "c",
            json!({"observation": {"results": [{"source_call_id": "gone", "content": "late"}, {"source_call_id": "2", "content": "of 2"}]}})
        ),
        step("agent", "d", json!({"tool_calls": [3], "observation": {"results": [4]}})),
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
            json!({
            "observation": {"results": [{"content": "a\n[The command completed with exit code 3.]"}]}})
        ),
        step("agent", "<function=finish>\n<parameter=message>done</parameter>", json!({})),
    ]);
    let run = one(document("ATIF-v1.5", "openhands", &steps));
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!((tools[0].exit_code, tools[0].tool_status), (Some(3), Some(ToolStatus::Ok)));
    assert_eq!(tools[1].tool_name.as_deref(), Some("finish"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
    let other = one(document("ATIF-v1.5", "another", &steps));
    assert!(of_kind(&other, Kind::ToolCall).is_empty(), "other agents may talk of functions");
}

#[test]
fn names_that_are_not_unique_get_a_hash() {
    let with = |id: Value, message: &str| {
        let mut document = document("ATIF-v1.7", "a", &json!([step("agent", message, json!({}))]));
        document["session_id"] = id;
        one(document).run.run_id
    };
    let (a, b) = (with(json!("SESSION"), "a"), with(json!("SESSION"), "b"));
    assert!(a.starts_with("SESSION-") && a.len() == 16 && a != b);
    assert!(with(json!(null), "a").starts_with("trajectory-"));
    assert_eq!(with(json!("cancel-async-tasks__THLazLx"), "a"), "cancel-async-tasks__THLazLx");
}

#[test]
fn other_documents_and_broken_ones_are_refused_with_their_name() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"schema_version": "ATIF-v1.2"}"#,
        r#"{"schema_version": "1.2", "steps": []}"#,
    ] {
        assert!(try_import(&[("t.json", text.as_bytes())]).is_err(), "{text}");
    }
    let deep = format!(r#"{{"schema_version": "ATIF-v1.2", "steps": {}"#, "[".repeat(100_000));
    assert!(try_import(&[("t.json", deep.as_bytes())]).is_err());
    let huge =
        one(document("ATIF-v1.2", "a", &json!([step("agent", &"x".repeat(5 << 20), json!({}))])));
    assert_eq!(calls(&huge).len(), 1);
    let none = one(document("ATIF-v1.2", "a", &json!([])));
    assert_eq!(of_kind(&none, Kind::StageResult)[0].end_reason, Some(EndReason::NotAttempted));
}

#[test]
fn numbers_beyond_all_bounds_do_no_harm() {
    let steps = json!([
        step(
            "agent",
            "x",
            json!({"llm_call_count": -4, "metrics": {"prompt_tokens": i64::MAX, "completion_tokens": i64::MAX, "cached_tokens": -3,
            "cost_usd": 1e300, "extra": {"cache_creation_input_tokens": i64::MAX, "reasoning_tokens": i64::MAX}}})
        ),
        step(
            "agent",
            "x",
            json!({"metrics": {"prompt_tokens": i64::MAX, "completion_tokens": 1e300, "cost_usd": -1}})
        ),
        step(
            "agent",
            "x",
            json!({"metrics": [], "tool_calls": {}, "observation": 3, "extra": 4, "timestamp": 1e18})
        ),
    ]);
    let mut document = document("ATIF-v1.99999999999", "a", &steps);
    document["final_metrics"] = json!({"total_prompt_tokens": -1, "total_cost_usd": 1e308});
    assert_eq!(calls(&one(document)).len(), 3);
}

#[test]
fn a_long_chain_of_sub_agents_ends_in_rows_and_not_in_the_stack() {
    let mut all = Vec::new();
    let names: Vec<String> = (0..300).map(|n| format!("s{n:03}.json")).collect();
    for n in 0..300_usize {
        let next = names.get(n + 1).map_or("none", String::as_str);
        let mut document = document(
            "ATIF-v1.7",
            "a",
            &json!([step(
                "agent",
                &format!("x{n}"),
                json!({"observation":
            {"results": [{"subagent_trajectory_ref": [{"trajectory_path": next}]}]}})
            )]),
        );
        document["session_id"] = json!(format!("{n:016x}"));
        all.push((names[n].as_str(), document));
    }
    let runs = files(&all);
    assert_eq!(runs.iter().map(|r| calls(r).len()).sum::<usize>(), 300);
    assert_eq!(runs.len(), 1);
}

#[test]
fn a_document_of_ours_that_someone_changed_is_read_as_any_other() {
    let mut document = document("ATIF-v1.8", "a", &json!([step("agent", "x", metrics(5, 1))]));
    document["extra"] =
        json!({"ramptrace": {"run": {"run_id": "r", "workload": "w", "model": "m"}, "rows": []}});
    let run = one(document.clone());
    assert!(warned(&run, "changed after ramptrace wrote it"));
    assert_eq!((calls(&run).len(), run.run.run_id.as_str()), (1, ID));
    document["steps"][0]["extra"] =
        json!({"ramptrace": {"seq": 0, "kind": "llm_call", "input_tokens": -5}});
    assert!(warned(&one(document.clone()), "changed"), "rows that break a rule are not taken over");
    document["steps"][0]["extra"] = json!({"ramptrace": {"seq": 0, "kind": "llm_call"}});
    let run = one(document);
    assert_eq!(
        (run.run.run_id.as_str(), run.events.len(), total(&run, |e| e.input_tokens)),
        ("r", 1, Some(5))
    );
}

#[test]
fn the_trajectory_of_a_real_claude_trial() {
    let Some(path) = sample(
        "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF/agent/trajectory.json",
    ) else {
        return;
    };
    let run = &import_at(&path)[0];
    assert_eq!(run.run.run_id, ID);
    assert_eq!((calls(run).len(), of_kind(run, Kind::ToolCall).len()), (11, 12));
    let sums = [
        total(run, |e| e.input_tokens),
        total(run, |e| e.cache_read_tokens),
        total(run, |e| e.cache_write_tokens),
        total(run, |e| e.output_tokens),
    ];
    assert_eq!(sums, [Some(248_649), Some(176_992), Some(71_613), Some(1_632)]);
    assert!(warned(run, "final_metrics says 374965 prompt tokens"));
    let failed: Vec<i64> = run.events.iter().filter_map(|e| e.exit_code).collect();
    assert_eq!(failed, [127]);
    assert_eq!(run.report.lost(), 0);
    assert_eq!(run.report.merged["another step of the same reply"], 13);
}

#[test]
fn the_goldens_of_openhands_and_terminus() {
    let Some(path) = sample("harbor-atif") else { return };
    let runs: Vec<Imported> =
        import_at(&path).into_iter().filter(|r| r.report.format == "atif").collect();
    assert_eq!(runs.len(), 3);
    let of = |agent: &str| {
        runs.iter().filter(|r| r.run.agent.as_deref() == Some(agent)).collect::<Vec<_>>()
    };
    for run in of("openhands") {
        assert_eq!((calls(run).len(), of_kind(run, Kind::ToolCall).len()), (2, 2));
        assert_eq!(
            (total(run, |e| e.input_tokens), total(run, |e| e.output_tokens)),
            (Some(220), Some(80))
        );
        assert_eq!(run.report.lost(), 0);
    }
    let terminus = of("terminus-2")[0];
    assert_eq!(
        (calls(terminus).len(), total(terminus, |e| e.input_tokens)),
        (7, Some(2_252 + 4_250))
    );
    assert!(warned(terminus, "7802 prompt tokens, the calls in the document add up to 6502"));
    assert_eq!(terminus.run.provider.as_deref(), Some("openai"));
    assert_eq!(terminus.report.lost(), 0);
}

#[test]
fn damaged_trajectories_do_no_harm() {
    let Some(folder) = sample("harbor-atif") else { return };
    let names = [
        "meridianlabs-ai_inspect_scout__openhands_hello-world.trajectory.no_function_calling.json",
        "meridianlabs-ai_inspect_scout__terminus_2_hello-world-context-summarization-linear-history.trajectory.cont-1.json",
        "meridianlabs-ai_inspect_scout__terminus_2_hello-world-context-summarization-linear-history.trajectory.json",
    ];
    assert_survives(&names.map(|n| folder.join(n)), 1000);
}
