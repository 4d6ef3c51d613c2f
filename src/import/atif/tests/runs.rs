//! Runs: several documents, sub-agents, totals, names.

use super::super::super::made::{of_kind, total};
use super::logs::{ID, attribute, calls, document, files, metrics, one, step, warned};
use crate::trace::{CostSource, Kind, UsageQuality, Usd};
use serde_json::{Value, json};

#[test]
fn segments_are_one_run_and_their_totals_are_not_added() {
    let mut first = document(
        "ATIF-v1.7",
        "terminus-2",
        &json!([
            step("user", "task", &json!({})),
            step("agent", "one", &metrics(100, 10)),
            step(
                "system",
                "summarised",
                &json!({"observation": {"results": [{"subagent_trajectory_ref": [
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
            step("user", "task", &json!({"is_copied_context": true})),
            step(
                "agent",
                "not in the first",
                &json!({"is_copied_context": true, "metrics": {"prompt_tokens": 999}})
            ),
            step("agent", "two", &metrics(200, 20)),
        ]),
    );
    second["final_metrics"] = json!({"total_prompt_tokens": 350, "total_completion_tokens": 35});
    let mut summary = document(
        "ATIF-v1.7",
        "terminus-2-summarizer",
        &json!([step("agent", "sum", &metrics(30, 3))]),
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
            document("ATIF-v1.7", "a", &json!([step("agent", message, &metrics(1, 1))]));
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
fn sub_agents_inside_the_document_are_rows_of_the_same_run() {
    let mut sub = document(
        "ATIF-v1.8",
        "explorer",
        &json!([step("user", "look", &json!({})), step("agent", "seen", &metrics(7, 2))]),
    );
    sub["trajectory_id"] = json!("sub-1");
    let mut deeper = document("ATIF-v1.8", "deep", &json!([step("agent", "deep", &metrics(1, 1))]));
    deeper["trajectory_id"] = json!("sub-1");
    let mut root = document(
        "ATIF-v1.8",
        "a",
        &json!([
            step(
                "agent",
                "go",
                &json!({"metrics": {"prompt_tokens": 10, "completion_tokens": 3},
            "tool_calls": [{"tool_call_id": "t1", "function_name": "Task", "arguments": {}}],
            "observation": {"results": [{"source_call_id": "t1", "content": "done", "subagent_trajectory_ref": [{"trajectory_id": "sub-1"}]}]}})
            ),
            step("agent", "end", &metrics(20, 4)),
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
fn premium_requests_are_no_dollars() {
    let with = |totals: Value| {
        let mut document =
            document("ATIF-v1.5", "watson", &json!([step("agent", "x", &json!({}))]));
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
        &json!([step("agent", "x", &json!({})), step("agent", "y", &json!({}))]),
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
    let mut document = document("ATIF-v1.6", "a", &json!([step("agent", "x", &metrics(100, 10))]));
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
fn names_that_are_not_unique_get_a_hash() {
    let with = |id: Value, message: &str| {
        let mut document = document("ATIF-v1.7", "a", &json!([step("agent", message, &json!({}))]));
        document["session_id"] = id;
        one(document).run.run_id
    };
    let (a, b) = (with(json!("SESSION"), "a"), with(json!("SESSION"), "b"));
    assert!(a.starts_with("SESSION-") && a.len() == 16 && a != b);
    assert!(with(json!(null), "a").starts_with("trajectory-"));
    assert_eq!(with(json!("cancel-async-tasks__THLazLx"), "a"), "cancel-async-tasks__THLazLx");
}

#[test]
fn a_document_of_ours_that_someone_changed_is_read_as_any_other() {
    let mut document = document("ATIF-v1.8", "a", &json!([step("agent", "x", &metrics(5, 1))]));
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
