//! Traps of SWE-agent trajectories, each with a small log, and the real samples.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::{CostSource, EndReason, Event, Kind, ToolKind, ToolStatus, UsageQuality};
use serde_json::{Value, json};

fn run(document: &Value) -> Imported {
    run_at("runs/instance-1.traj", document)
}

fn run_at(name: &str, document: &Value) -> Imported {
    let mut runs = import(&[(name, &document.to_string())]);
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert_eq!(run.report.lost(), 0, "{:?}", run.report);
    run
}

fn step(action: &str, observation: &str) -> Value {
    json!({
        "action": action, "observation": observation, "response": format!("I try.\n```\n{action}\n```"),
        "thought": "I try.", "state": "{\"working_dir\": \"/repo\"}\n"
    })
}

fn document(stats: Value) -> Value {
    let mut document = json!({
        "environment": "main",
        "trajectory": [step("ls", "a.py"), step("submit", "diff")],
        "history": [
            {"role": "system", "content": "You are", "agent": "main", "message_type": "system_prompt"},
            {"role": "user", "content": "a demonstration of how", "agent": "main", "is_demo": true},
            {"role": "user", "content": "Solve this", "agent": "main", "message_type": "observation"},
            {"role": "assistant", "content": "I try.\n```\nls\n```", "thought": "I try.", "action": "ls", "agent": "main"},
            {"role": "user", "content": "a.py\n(Open file: n/a)", "agent": "main", "message_type": "observation"},
            {"role": "assistant", "content": "I try.\n```\nsubmit\n```", "thought": "I try.", "action": "submit", "agent": "main"}
        ],
        "info": {"exit_status": "submitted", "submission": "the patch"}
    });
    document["info"]["model_stats"] = stats;
    document
}

fn counted() -> Value {
    json!({"instance_cost": 0.25, "tokens_sent": 1000, "tokens_received": 50, "api_calls": 2})
}

fn attributes(event: &Event) -> Value {
    event.attributes.as_deref().map_or(Value::Null, |a| serde_json::from_str(a).unwrap())
}

/// The calls that have rows of their own, and the aggregate rows.
fn calls(run: &Imported) -> (Vec<&Event>, Vec<&Event>) {
    of_kind(run, Kind::LlmCall).into_iter().partition(|e| e.usage_quality.is_none())
}

#[test]
fn a_step_is_a_reply_and_a_call_with_its_result() {
    let run = run(&document(counted()));
    assert_eq!(
        (run.run.workload.as_str(), run.run.agent.as_deref()),
        ("instance-1", Some("swe-agent"))
    );
    assert!(run.run.run_id.starts_with("instance-1-"));
    let (single, _) = calls(&run);
    assert_eq!(single.len(), 2);
    let tools = of_kind(&run, Kind::ToolCall);
    assert_eq!(tools[0].tool_name.as_deref(), Some("bash"));
    assert_eq!(tools[0].arguments.as_deref(), Some("ls"));
    assert_eq!(tools[0].content.as_deref(), Some("a.py"));
    assert_eq!(tools[0].parent_event_id, single[0].event_id);
    assert_eq!(attributes(tools[0])["state"]["working_dir"], "/repo", "parsed");
    assert_eq!((tools[1].tool_kind, tools[1].exit_code), (Some(ToolKind::Finish), None));
    assert!(run.events.iter().all(|e| e.ts.is_none()), "the log has no times");
    let end = of_kind(&run, Kind::RunEnd)[0];
    assert_eq!(end.end_reason, Some(EndReason::Finished));
    assert_eq!(attributes(end)["submission"], "the patch");
    assert_eq!(of_kind(&run, Kind::StageResult)[0].score, None);
    assert_eq!(run.report.merged.values().sum::<u64>(), 3);
}

#[test]
fn totals_are_one_aggregate_row_and_a_local_estimate() {
    let run = run(&document(counted()));
    let (single, aggregate) = calls(&run);
    assert!(single.iter().all(|e| e.input_tokens.is_none() && e.cost_usd.is_none()));
    let [row] = aggregate.as_slice() else { panic!("{aggregate:?}") };
    assert_eq!(row.usage_quality, Some(UsageQuality::Aggregate));
    assert_eq!((row.input_tokens, row.output_tokens), (Some(1000), Some(50)));
    assert_eq!(row.cost_source, Some(CostSource::ReportedTotal));
    assert_eq!((row.llm_call_count, row.content.as_deref()), (Some(0), None));
    assert!(attributes(row)["token_counts"].as_str().unwrap().contains("estimate"));
    assert_eq!(attributes(row)["usage"]["tokens_sent"], 1000);
}

#[test]
fn the_demonstration_is_no_part_of_the_run() {
    let run = run(&document(counted()));
    assert_eq!(run.report.skipped["demonstration, which is no part of the run"], 1);
    assert!(run.events.iter().all(|e| e.content.as_deref() != Some("a demonstration of how")));
    let prompts: Vec<_> =
        of_kind(&run, Kind::Message).iter().map(|e| e.role.clone().unwrap()).collect();
    assert_eq!(prompts, ["system", "user"]);
}

#[test]
fn zeros_of_a_replay_are_unknown() {
    let run = run(&document(
        json!({"instance_cost": 0, "tokens_sent": 0, "tokens_received": 0, "api_calls": 2}),
    ));
    assert!(calls(&run).1.is_empty());
    assert!(
        run.report.warnings.iter().any(|w| w.contains("no tokens and no costs beside 2 calls"))
    );
    assert_eq!(attributes(of_kind(&run, Kind::RunEnd)[0])["model_stats"]["api_calls"], 2);
}

#[test]
fn a_cost_of_zero_beside_tokens_is_unknown() {
    let run = run(&document(
        json!({"instance_cost": 0.0, "tokens_sent": 10, "tokens_received": 5, "api_calls": 2}),
    ));
    assert_eq!(calls(&run).1[0].cost_usd, None);
    assert!(run.report.warnings.iter().any(|w| w.contains("no price")));
}

#[test]
fn calls_that_were_asked_again_are_counted_and_warned_of() {
    let mut stats = counted();
    stats["api_calls"] = json!(7);
    let run = run(&document(stats));
    assert_eq!(calls(&run).1[0].llm_call_count, Some(5));
    assert!(
        run.report.warnings.iter().any(|w| w.contains("7 calls were made and 2 are in the log"))
    );
}

#[test]
fn what_the_model_was_sent_is_not_stored_again() {
    let mut document = document(counted());
    for (name, index) in [("query", 0), ("messages", 1)] {
        document["trajectory"][index][name] =
            json!([{"role": "user", "content": "the whole context"}]);
    }
    let run = run(&document);
    let stored = run.events.iter().any(|e| {
        [&e.content, &e.attributes].into_iter().flatten().any(|t| t.contains("the whole context"))
    });
    assert!(!stored);
}

#[test]
fn attempts_are_counted_and_the_root_that_repeats_one_is_not() {
    let attempt = |cost: f64| {
        let stats = json!({"instance_cost": cost, "tokens_sent": 100, "tokens_received": 10, "api_calls": 2});
        let mut attempt = document(stats);
        attempt["info"]["exit_status"] = json!("submitted (exit_cost)");
        attempt
    };
    let mut root = attempt(0.5);
    root["info"]["exit_status"] = json!("submitted");
    root["info"]["model_stats"] =
        json!({"instance_cost": 1.75, "tokens_sent": 260, "tokens_received": 25, "api_calls": 7});
    root["info"]["rloop_model_stats"] =
        json!({"instance_cost": 0.25, "tokens_sent": 60, "tokens_received": 5, "api_calls": 3});
    root["info"]["best_attempt_idx"] = json!(1);
    root["attempts"] = json!([attempt(1.0), attempt(0.5)]);
    let run = run(&root);
    assert!(run.report.warnings.iter().all(|w| !w.contains("sum")), "{:?}", run.report.warnings);
    let (single, aggregate) = calls(&run);
    assert_eq!((single.len(), aggregate.len()), (4, 3), "two attempts and the reviewer");
    assert_eq!(total(&run, |e| e.input_tokens), Some(260));
    assert_eq!(total(&run, |e| e.cost_usd.map(crate::trace::Usd::nanos)), Some(1_750_000_000));
    assert_eq!(total(&run, |e| e.llm_call_count), Some(3), "only the reviewer's have no rows");
    let attempts: Vec<_> = single.iter().map(|e| e.attempt.unwrap()).collect();
    assert_eq!(attempts, [1, 1, 2, 2]);
    assert_eq!(of_kind(&run, Kind::StageStart).len(), 2);
    let graded = of_kind(&run, Kind::AttemptResult);
    assert_eq!((graded.len(), graded[0].end_reason), (1, Some(EndReason::Budget)));
    let result = of_kind(&run, Kind::StageResult)[0];
    assert_eq!((result.attempt, result.end_reason), (Some(2), Some(EndReason::Finished)));
    assert_eq!(run.report.duplicates.values().sum::<u64>(), 8, "2 steps and 6 messages");
    assert_eq!(attributes(of_kind(&run, Kind::RunEnd)[0])["best_attempt_idx"], 1);
    let mut wrong = root.clone();
    wrong["info"]["model_stats"]["instance_cost"] = json!(2.5);
    let run = self::run(&wrong);
    assert!(run.report.warnings.iter().any(|w| w.contains("is not the sum")));
}

#[test]
fn the_exit_status_says_how_it_ended() {
    for (status, reason) in [
        (json!("submitted (exit_cost)"), EndReason::Budget),
        (json!("exit_context"), EndReason::ContextExceeded),
        (json!("early_exit"), EndReason::Unknown),
        (Value::Null, EndReason::Finished),
    ] {
        let mut document = document(counted());
        document["info"]["exit_status"] = status.clone();
        let run = run(&document);
        let result = of_kind(&run, Kind::StageResult)[0];
        assert_eq!(result.end_reason, Some(reason), "{status}");
        assert_eq!(attributes(of_kind(&run, Kind::RunEnd)[0])["exit_status"], status);
    }
}

#[test]
fn a_log_that_breaks_off_does_not_say_how_it_ended() {
    let mut document = document(counted());
    document["info"].as_object_mut().unwrap().remove("exit_status");
    document["trajectory"].as_array_mut().unwrap().pop();
    document["history"].as_array_mut().unwrap().truncate(5);
    let reason = of_kind(&run(&document), Kind::StageResult)[0].end_reason;
    assert_eq!(reason, Some(EndReason::Unknown), "the aggregate row is no reply");
    document["trajectory"] = json!([]);
    document["history"].as_array_mut().unwrap().truncate(3);
    let reason = of_kind(&run(&document), Kind::StageResult)[0].end_reason;
    assert_eq!(reason, Some(EndReason::NotAttempted));
}

#[test]
fn an_exit_of_the_harness_is_no_reply() {
    let mut document = document(counted());
    let exit = json!({
        "action": "", "observation": "Exited (autosubmitted)", "response": "Exit due to cost limit",
        "thought": "Exit due to cost limit", "execution_time": 0.0, "state": {}
    });
    document["trajectory"][1] = exit;
    document["history"][5] = json!({
        "role": "assistant", "content": "Exit due to cost limit", "thought": "Exit due to cost limit",
        "action": "", "agent": "main", "message_type": "action"
    });
    document["info"]["exit_status"] = json!("submitted (exit_cost)");
    let run = run(&document);
    assert_eq!(calls(&run).0.len(), 1);
    let error = of_kind(&run, Kind::Error)[0];
    assert_eq!(error.error_type.as_deref(), Some("exit_cost"));
    assert_eq!(attributes(error)["observation"], "Exited (autosubmitted)");
}

#[test]
fn a_history_alone_is_a_run() {
    let call = |id: &str, name: &str| {
        json!({"role": "assistant", "content": "I call", "agent": "main", "message_type": "action",
            "tool_calls": [{"id": id, "type": "function", "function": {"name": name, "arguments": "{\"a\": 1}"}}]})
    };
    let run = run(&json!({"history": [
        {"role": "system", "content": "You are", "agent": "main", "message_type": "system_prompt"},
        call("c", "bash"),
        {"role": "tool", "content": "done", "tool_call_ids": ["c"], "agent": "main", "message_type": "observation"},
        call("c", "submit"),
        {"role": "tool", "content": [{"type": "text", "text": "sent"}], "agent": "main", "message_type": "observation"}
    ]}));
    let tools = of_kind(&run, Kind::ToolCall);
    let seen: Vec<_> = tools.iter().map(|e| e.content.as_deref().unwrap()).collect();
    assert_eq!(seen, ["done", "sent"], "equal call ids stay apart");
    assert_eq!(tools[0].arguments.as_deref(), Some("{\"a\": 1}"));
    assert_eq!(of_kind(&run, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
}

#[test]
fn the_model_is_in_the_configuration_or_in_the_name_of_the_folder() {
    let mut document = document(counted());
    assert_eq!(run(&document).run.model, "unknown");
    assert!(run(&document).report.warnings.iter().any(|w| w.contains("which model")));
    let old = "gpt4__swe-bench-dev__default__t-0.00__p-0.95__c-3.00__install-1/x.traj";
    assert_eq!(run_at(old, &document).run.model, "gpt4");
    let new = "default__claude-3-7__t-0.00__p-1.00__c-2.00___test/x/x.traj";
    assert_eq!(run_at(new, &document).run.model, "claude-3-7");
    let config =
        json!({"agent": {"model": {"name": "gpt-4o"}}, "problem_statement": {"id": "a__b-1"}});
    document["replay_config"] = json!(config.to_string());
    let read = run(&document);
    assert_eq!((read.run.model.as_str(), read.run.workload.as_str()), ("gpt-4o", "a__b-1"));
    let start = of_kind(&read, Kind::RunStart)[0];
    assert_eq!(attributes(start)["replay_config"]["agent"]["model"]["name"], "gpt-4o");
    let retry = json!({"agent": {"type": "retry", "agent_configs": [{"model": {"name": "o1"}}]}});
    document["replay_config"] = json!(retry.to_string());
    assert_eq!(run(&document).run.model, "o1");
}

#[test]
fn what_the_harness_says_in_place_of_a_result() {
    let mut document = document(counted());
    let cancelled = "The command 'ls' was cancelled because it took more than 30 seconds.";
    let observations = [
        (cancelled, ToolStatus::Timeout),
        ("Interactive operation 'vim' is not supported by this environment.", ToolStatus::Denied),
        ("Your bash command contained syntax errors and was NOT executed. ", ToolStatus::Error),
        ("", ToolStatus::Ok),
    ];
    for (text, status) in observations {
        document["trajectory"][0]["observation"] = json!(text);
        let run = run(&document);
        assert_eq!(of_kind(&run, Kind::ToolCall)[0].tool_status, Some(status), "{text}");
    }
}

#[test]
fn steps_without_a_history_and_with_gaps_in_it_are_all_rows() {
    let mut document = document(counted());
    document["history"].as_array_mut().unwrap().remove(3);
    let run = self::run(&document);
    assert_eq!(calls(&run).0.len(), 2, "the first step has no reply in the history");
    document.as_object_mut().unwrap().remove("history");
    let run = self::run(&document);
    assert_eq!(calls(&run).0.len(), 2);
    assert_eq!(of_kind(&run, Kind::ToolCall)[1].content.as_deref(), Some("diff"));
}

#[test]
fn broken_documents_are_errors_or_rejects() {
    let rejects = json!({
        "trajectory": [7, step("ls", "a")], "history": [null], "info": 5, "attempts": {}
    });
    let run = import(&[("x.traj", &rejects.to_string())]).remove(0);
    assert_eq!(run.report.rejected_records, 2);
    assert_eq!(of_kind(&run, Kind::ToolCall).len(), 1);
    for text in ["", "{}", &"[".repeat(100_000), "{\"history\": [], \"trajectory\": []"] {
        assert!(try_import(&[("x.traj", text.as_bytes())]).is_err(), "{text:.20}");
    }
    let huge = json!({"trajectory": [step("ls", &"x".repeat(5 << 20))], "history": []}).to_string();
    assert_eq!(import(&[("x.traj", &huge)]).len(), 1);
    let numbers = document(
        json!({"instance_cost": 1e300, "tokens_sent": i64::MAX, "tokens_received": -4, "api_calls": -1}),
    );
    assert_eq!(run_at("x.traj", &numbers).report.lost(), 0);
}

#[test]
fn the_real_samples() {
    let Some(folder) = sample("swe-agent") else { return };
    let runs = import_at(&folder);
    assert_eq!(runs.len(), 3);
    for run in &runs {
        assert_eq!(run.report.lost(), 0, "{:?}", run.report);
    }
    let find = |name: &str| {
        runs.iter().find(|r| r.report.source.to_string_lossy().contains(name)).unwrap()
    };
    let shape = |name| {
        let run = find(name);
        let (single, aggregate) = calls(run);
        let tools = of_kind(run, Kind::ToolCall).len();
        (single.len(), tools, aggregate.len(), of_kind(run, Kind::Message).len())
    };
    // gpt4, version 0.x: 12 steps, one demonstration among 26 messages.
    assert_eq!(shape("pydicom"), (12, 12, 1, 2));
    let gpt4 = find("pydicom");
    let total = calls(gpt4).1[0];
    assert_eq!((total.input_tokens, total.output_tokens), (Some(122_612), Some(1_369)));
    assert_eq!(total.cost_usd.unwrap().to_string(), "1.26719");
    assert_eq!(total.llm_call_count, Some(0));
    assert_eq!(gpt4.report.skipped.values().sum::<u64>(), 1);
    assert_eq!(of_kind(gpt4, Kind::StageResult)[0].end_reason, Some(EndReason::Finished));
    // A replay, version 1.x: 11 calls, nothing counted.
    assert_eq!(shape("marshmallow"), (11, 11, 0, 2));
    let replay = find("marshmallow");
    assert_eq!(replay.run.model, "gpt-4o");
    assert_eq!(replay.run.workload, "marshmallow-code__marshmallow-1867");
    let tools = of_kind(replay, Kind::ToolCall);
    assert_eq!(tools[0].tool_name.as_deref(), Some("create"));
    assert_eq!(tools[0].arguments.as_deref(), Some("{\"filename\":\"reproduce.py\"}"));
    let first = tools[0].duration_ms.unwrap();
    assert!((first - 239.636_835_998_680_9).abs() < 1e-9, "{first}");
    // A demonstration of a challenge: 7 steps, no call counted.
    assert_eq!(shape("warmup"), (7, 7, 0, 2));
    assert_eq!(
        of_kind(find("warmup"), Kind::ToolCall)[0].tool_name.as_deref(),
        Some("disassemble")
    );
}

#[test]
fn damaged_samples_are_survived() {
    let Some(folder) = sample("swe-agent") else { return };
    assert_survives(
        &[folder.join("SWE-agent__trajectories_demonstrations_ctf_pwn_warmup.traj")],
        1000,
    );
}
