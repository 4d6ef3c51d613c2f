//! Documents that are broken, huge or made to do harm.

use super::super::super::made::{assert_survives, of_kind, sample, try_import};
use super::logs::{calls, document, files, one, step};
use crate::trace::{EndReason, Kind};
use serde_json::json;

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
        one(document("ATIF-v1.2", "a", &json!([step("agent", &"x".repeat(5 << 20), &json!({}))])));
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
            &json!({"llm_call_count": -4, "metrics": {"prompt_tokens": i64::MAX, "completion_tokens": i64::MAX, "cached_tokens": -3,
            "cost_usd": 1e300, "extra": {"cache_creation_input_tokens": i64::MAX, "reasoning_tokens": i64::MAX}}})
        ),
        step(
            "agent",
            "x",
            &json!({"metrics": {"prompt_tokens": i64::MAX, "completion_tokens": 1e300, "cost_usd": -1}})
        ),
        step(
            "agent",
            "x",
            &json!({"metrics": [], "tool_calls": {}, "observation": 3, "extra": 4, "timestamp": 1e18})
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
                &json!({"observation":
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
fn damaged_trajectories_do_no_harm() {
    let Some(folder) = sample("harbor-atif") else { return };
    let names = [
        "meridianlabs-ai_inspect_scout__openhands_hello-world.trajectory.no_function_calling.json",
        "meridianlabs-ai_inspect_scout__terminus_2_hello-world-context-summarization-linear-history.trajectory.cont-1.json",
        "meridianlabs-ai_inspect_scout__terminus_2_hello-world-context-summarization-linear-history.trajectory.json",
    ];
    assert_survives(&names.map(|n| folder.join(n)), 1000);
}
