//! Trials, made and real.

use super::super::made::{assert_survives, import, import_at, of_kind, sample, total, try_import};
use super::super::sink::Imported;
use crate::trace::{Clock, EndReason, Event, Kind, StageStatus, UsageQuality, Usd};
use serde_json::{Value, json};

const KV_STORE: &str = "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-kv-store-grpc-claude-code-k6/kv-store-grpc__L7ipooF";

/// Names and ids of the tool calls.
fn tool_calls(run: &Imported) -> Vec<(String, String)> {
    let of = |e: &&Event| {
        (e.tool_name.clone().unwrap_or_default(), e.tool_call_id.clone().unwrap_or_default())
    };
    of_kind(run, Kind::ToolCall).iter().map(of).collect()
}

fn tokens(run: &Imported) -> [Option<i64>; 4] {
    [
        total(run, |e| e.input_tokens),
        total(run, |e| e.cache_read_tokens),
        total(run, |e| e.cache_write_tokens),
        total(run, |e| e.output_tokens),
    ]
}

#[test]
fn session_stdout_and_atif_of_one_trial_agree() {
    let Some(trial) = sample(KV_STORE) else { return };
    let agent = trial.join("agent");
    let one = |path: &std::path::Path| {
        let mut runs = import_at(path);
        assert_eq!(runs.len(), 1, "{}", path.display());
        runs.remove(0)
    };
    let session = one(&agent.join("sessions"));
    let stdout = one(&agent.join("claude-code.txt"));
    let atif = one(&agent.join("trajectory.json"));
    let whole = one(&trial);
    // What the result line says: 44 + 176,992 + 71,613 tokens of input, 1,632 of output.
    let truth = [Some(44 + 176_992 + 71_613), Some(176_992), Some(71_613), Some(1_632)];
    for run in [&session, &stdout, &atif, &whole] {
        let what = format!("{} {:?}", run.report.format, run.report.warnings);
        let calls = of_kind(run, Kind::LlmCall);
        let answered = calls.iter().filter(|c| c.llm_call_count != Some(0)).count();
        assert_eq!(answered, 11, "{what}");
        assert_eq!(tool_calls(run), tool_calls(&session), "{what}");
        assert_eq!(tool_calls(run).len(), 12);
        assert_eq!(tokens(run), truth, "{what}");
        assert_eq!(run.report.lost(), 0, "{what}");
    }
    // Harbor counted each step of a reply, and left out what was written to the cache.
    for (run, says) in [(&atif, "final_metrics says 374965"), (&whole, "agent_result says 374965")]
    {
        assert!(
            run.report.warnings.iter().any(|w| w.starts_with(says)),
            "{:?}",
            run.report.warnings
        );
    }
    assert_eq!(whole.report.duplicates["another log of the same conversation"], 2);
}

/// The result of a trial, with some fields laid over it.
fn result(more: &Value) -> Value {
    let mut result = json!({
        "id": "1", "task_name": "hello", "trial_name": "hello__abcdefg", "task_checksum": "c",
        "config": {"agent": {"name": "terminus-2", "model_name": "openai/m"}},
        "agent_info": {"name": "terminus-2", "version": "2.0", "model_info": {"name": "m", "provider": "openai"}},
        "agent_result": {"n_input_tokens": 300, "n_cache_tokens": 0, "n_output_tokens": 30, "cost_usd": null},
        "verifier_result": {"rewards": {"reward": 1.0}}, "exception_info": null,
        "started_at": "2026-06-10T06:00:00Z", "finished_at": "2026-06-10T06:10:00Z",
        "environment_setup": {"started_at": "2026-06-10T06:00:00Z", "finished_at": "2026-06-10T06:00:30Z"},
        "agent_execution": {"started_at": "2026-06-10T06:01:00Z", "finished_at": "2026-06-10T06:05:00Z"},
        "verifier": {"started_at": "2026-06-10T06:05:00Z", "finished_at": "2026-06-10T06:05:45.5Z"},
    });
    result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    result
}

/// A trajectory with two calls.
fn trajectory(tokens: bool) -> Value {
    let step = |at: &str, prompt: i64| {
        let mut step = json!({"source": "agent", "message": "x", "timestamp": at});
        if tokens {
            step["metrics"] = json!({"prompt_tokens": prompt, "completion_tokens": prompt / 10});
        }
        step
    };
    json!({"schema_version": "ATIF-v1.7", "session_id": "s", "agent": {"name": "terminus-2", "version": "2"},
        "steps": [step("2026-06-10T06:01:10Z", 100), step("2026-06-10T06:02:00Z", 200)]})
}

fn trial(result: &Value, others: &[(&str, Value)]) -> Imported {
    let mut files = vec![("job/hello__abcdefg/result.json".to_owned(), result.to_string())];
    for (name, contents) in others {
        let text = contents.as_str().map_or_else(|| contents.to_string(), str::to_owned);
        files.push((format!("job/hello__abcdefg/{name}"), text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let mut runs = import(&files);
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert_eq!(run.report.format, "harbor");
    run
}

fn stage_result(run: &Imported) -> &Event {
    of_kind(run, Kind::StageResult)[0]
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
fn a_trial_is_its_result_with_the_conversation_of_its_log() {
    let ctrf = json!({"results": {"tool": {"name": "pytest"}, "summary": {"tests": 3, "passed": 3, "failed": 0}, "tests": []}});
    let run = trial(
        &result(&json!({})),
        &[
            ("agent/trajectory.json", trajectory(true)),
            ("agent/setup.log", json!("hello")),
            ("config.json", json!({})),
            ("trial.log", json!("hello")),
            ("artifacts/manifest.json", json!([])),
            ("verifier/ctrf.json", ctrf),
            ("verifier/reward.txt", json!("1")),
            ("verifier/test-stdout.txt", json!("ok")),
        ],
    );
    let facts = &run.run;
    assert_eq!(
        (facts.run_id.as_str(), facts.workload.as_str(), facts.model.as_str()),
        ("hello__abcdefg", "hello", "m")
    );
    assert_eq!(
        (facts.provider.as_deref(), facts.agent.as_deref()),
        (Some("openai"), Some("terminus-2"))
    );
    let kinds: Vec<Kind> = run.events.iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::RunStart,
            Kind::StageStart,
            Kind::LlmCall,
            Kind::LlmCall,
            Kind::StageResult,
            Kind::RunEnd
        ]
    );
    let graded = stage_result(&run);
    assert_eq!(
        (graded.score, graded.passed, graded.tests_passed, graded.tests_total),
        (Some(100.0), Some(true), Some(3), Some(3))
    );
    assert_eq!(
        (graded.stage_status, graded.end_reason, graded.elapsed_s),
        (Some(StageStatus::Passed), Some(EndReason::AgentMessage), Some(285.5))
    );
    let (start, end) = (&run.events[0], &run.events[5]);
    assert_eq!(attribute(start, "phases")["environment_setup"]["seconds"], 30.0);
    assert_eq!(attribute(start, "log")["schema_version"], "ATIF-v1.7");
    assert_eq!(attribute(end, "phases")["verifier"]["seconds"], 45.5);
    assert_eq!((end.elapsed_s, end.end_reason), (Some(600.0), Some(EndReason::AgentMessage)));
    assert_eq!(
        run.report.warnings,
        [] as [&str; 0],
        "the trial names the model, which its log does not"
    );
    assert_eq!(run.report.skipped["file that is no log"], 3);
    assert_eq!(run.report.skipped["output of the verifier"], 1);
    assert_eq!(run.report.lost(), 0);
}

#[test]
fn totals_that_differ_from_the_calls_are_told_and_not_counted() {
    let run = trial(
        &result(
            &json!({"agent_result": {"n_input_tokens": 999, "n_cache_tokens": 1, "n_output_tokens": 30, "cost_usd": 0.5}}),
        ),
        &[("agent/trajectory.json", trajectory(true))],
    );
    assert!(warned(&run, "agent_result says 999 input tokens, the calls in the log add up to 300"));
    assert_eq!(
        (total(&run, |e| e.input_tokens), total(&run, |e| e.output_tokens)),
        (Some(300), Some(30))
    );
    let cost = of_kind(&run, Kind::LlmCall)[2];
    assert_eq!(
        (cost.cost_usd, cost.llm_call_count, cost.input_tokens),
        (Usd::parse("0.5"), Some(0), None)
    );
}

#[test]
fn a_zero_beside_tokens_is_unknown_and_so_is_null() {
    let run = trial(
        &result(
            &json!({"agent_result": {"n_input_tokens": 273_023, "n_output_tokens": 0, "cost_usd": 0.0}}),
        ),
        &[],
    );
    let call = of_kind(&run, Kind::LlmCall)[0];
    assert_eq!((call.input_tokens, call.output_tokens, call.cost_usd), (Some(273_023), None, None));
    assert_eq!((call.usage_quality, call.llm_call_count), (Some(UsageQuality::Aggregate), None));
    assert_eq!(stage_result(&run).stage_status, Some(StageStatus::Passed));
    let null = trial(&result(&json!({"agent_result": null})), &[]);
    assert!(of_kind(&null, Kind::LlmCall).is_empty());
    assert_eq!(
        stage_result(&null).usage_quality,
        Some(UsageQuality::Aggregate),
        "what is not counted is not zero"
    );
    assert_eq!(stage_result(&null).score, Some(100.0));
}

#[test]
fn totals_of_a_log_without_numbers_are_a_row_of_their_own() {
    let run = trial(&result(&json!({})), &[("agent/trajectory.json", trajectory(false))]);
    let calls = of_kind(&run, Kind::LlmCall);
    assert_eq!(
        (calls.len(), calls[2].llm_call_count, calls[2].input_tokens),
        (3, Some(0), Some(300))
    );
    assert_eq!(total(&run, |e| e.input_tokens), Some(300));
}

#[test]
fn a_job_is_no_trial() {
    let job = json!({"id": "j", "n_total_trials": 1, "stats": {"n_trials": 1}, "started_at": "2026-06-10T14:32:01.035157"});
    let trial = result(&json!({}));
    let files = [
        ("job/result.json", job.to_string()),
        ("job/config.json", "{}".to_owned()),
        ("job/t/result.json", trial.to_string()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (*n, t.as_str())).collect();
    let runs = import(&files);
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].report.records_read, 1);
    assert!(try_import(&[("result.json", job.to_string().as_bytes())]).is_err());
    // What Terminal-Bench 1.x wrote has another shape: no trial is made of it.
    let old = json!({"id": "1", "n_resolved": 1, "accuracy": 1.0, "results": [{
        "trial_name": "t.1-of-1", "task_id": "t", "is_resolved": true, "failure_mode": "unset",
        "total_input_tokens": 10, "total_output_tokens": 2}]});
    let of_task = old["results"][0].clone();
    for document in [old, of_task] {
        assert!(try_import(&[("results.json", document.to_string().as_bytes())]).is_err());
    }
}

#[test]
fn naive_times_are_aligned_by_the_log() {
    let naive = |offset: u32| {
        let at = |minute: u32| format!("2026-06-10T{:02}:{minute:02}:00.5", 6 + offset);
        json!({"started_at": at(0), "finished_at": at(10), "environment_setup": null,
            "agent_execution": {"started_at": at(1), "finished_at": at(5)},
            "verifier": {"started_at": at(5), "finished_at": at(6)}})
    };
    let run = trial(&result(&naive(8)), &[("agent/trajectory.json", trajectory(true))]);
    let start = &run.events[0];
    assert_eq!(
        (start.ts.unwrap().to_string().as_str(), start.clock),
        ("2026-06-10T06:00:00.500Z", Some(Clock::CostEpoch))
    );
    assert!(warned(&run, "480 minutes from UTC"), "{:?}", run.report.warnings);
    assert_eq!(run.events.last().unwrap().elapsed_s, Some(600.0));
    let utc = trial(&result(&naive(0)), &[("agent/trajectory.json", trajectory(true))]);
    assert_eq!(utc.events[0].clock, Some(Clock::AssumedUtc));
    assert!(warned(&utc, "shows that they are UTC"));
    let alone = trial(&result(&naive(8)), &[]);
    assert_eq!(alone.events[0].ts.unwrap().to_string(), "2026-06-10T14:00:00.500Z");
    assert!(warned(&alone, "read as UTC"));
}

#[test]
fn exceptions_say_who_ended_a_trial() {
    let ended = |exception: &str, log: bool, reward: Value| {
        let more = json!({"exception_info": {"exception_type": exception, "exception_message": "m", "exception_traceback": "t"},
            "verifier_result": reward, "agent_result": null});
        let logs: &[(&str, Value)] = &[("agent/trajectory.json", trajectory(true))];
        let run = trial(&result(&more), if log { logs } else { &[] });
        let graded = stage_result(&run);
        assert_eq!(
            (graded.content.as_deref(), attribute(graded, "exception_type")),
            (Some("m"), json!(exception))
        );
        (
            attribute(graded, "failure_cause").as_str().unwrap().to_owned(),
            graded.end_reason.unwrap(),
            graded.stage_status,
        )
    };
    let zero = json!({"rewards": {"reward": 0.0}});
    let of = |cause: &str, reason, status| (cause.to_owned(), reason, status);
    assert_eq!(
        ended("AgentTimeoutError", true, zero.clone()),
        of("agent_exhausted_budget", EndReason::Budget, Some(StageStatus::Failed))
    );
    assert_eq!(
        ended("ContextWindowExceededError", true, zero.clone()),
        of("agent_exhausted_budget", EndReason::ContextExceeded, Some(StageStatus::Failed))
    );
    assert_eq!(
        ended("RateLimitError", true, zero.clone()),
        of("model_provider_failed", EndReason::RateLimited, Some(StageStatus::Infra))
    );
    assert_eq!(
        ended("ApiOverloadedError", true, zero.clone()),
        of("model_provider_failed", EndReason::LlmError, Some(StageStatus::Infra))
    );
    assert_eq!(
        ended("SandboxLikelyOutOfMemoryError", true, json!(null)),
        of("sandbox_failed", EndReason::Interrupted, Some(StageStatus::Infra))
    );
    assert_eq!(
        ended("VerifierTimeoutError", true, json!(null)),
        of("verifier_failed", EndReason::AgentMessage, None)
    );
    assert_eq!(
        ended("CancelledError", true, json!(null)),
        of("cancelled", EndReason::Interrupted, None)
    );
    assert_eq!(
        ended("SomethingElse", true, zero),
        of("unclassified", EndReason::AgentMessage, Some(StageStatus::Failed))
    );
}

#[test]
fn rewards_are_scores_where_they_can_be() {
    let graded = |rewards: Value, file: &str| {
        let files: &[(&str, Value)] =
            &[("agent/trajectory.json", trajectory(true)), ("verifier/reward.txt", json!(file))];
        let run = trial(&result(&json!({"verifier_result": rewards})), files);
        (stage_result(&run).score, stage_result(&run).passed, run)
    };
    let (score, passed, _) = graded(json!({"rewards": {"reward": 0.25}}), "0.25");
    assert_eq!((score, passed), (Some(25.0), Some(false)));
    let (score, passed, run) = graded(json!({"rewards": {"reward": 7.5}}), "7.5");
    assert_eq!((score, passed, warned(&run, "not between 0 and 1")), (None, Some(true), true));
    let (score, _, run) = graded(json!({"rewards": {"a": 1.0, "b": 0.0}}), "x");
    assert_eq!((score, warned(&run, "several rewards (a, b)")), (None, true));
    assert_eq!(run.report.rejected_records, 1, "a reward file without a number");
    let (score, _, run) = graded(json!(null), "1\n");
    assert_eq!(
        (score, run.report.duplicates.contains_key("a reward that result.json says")),
        (Some(100.0), false)
    );
}

#[test]
fn steps_of_a_task_are_stages() {
    let step = |name: &str, reward: f64, from: u32| {
        json!({"step_name": name,
        "agent_result": {"n_input_tokens": 300, "n_output_tokens": 30},
        "verifier_result": {"rewards": {"reward": reward}},
        "agent_execution": {"started_at": format!("2026-06-10T06:0{from}:00Z"), "finished_at": format!("2026-06-10T06:0{}:00Z", from + 1)},
        "verifier": {"started_at": format!("2026-06-10T06:0{}:00Z", from + 1), "finished_at": format!("2026-06-10T06:0{}:30Z", from + 1)}})
    };
    let junit =
        r#"<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>"#;
    let run = trial(
        &result(
            &json!({"agent_result": null, "verifier_result": null, "agent_execution": null, "verifier": null,
            "step_results": [step("build", 1.0, 1), step("extend", 0.5, 3), step("never", 0.0, 5)]}),
        ),
        &[
            ("steps/build/agent/trajectory.json", trajectory(true)),
            ("steps/extend/agent/trajectory.json", trajectory(true)),
            ("steps/extend/verifier/junit.xml", json!(junit)),
        ],
    );
    let graded = of_kind(&run, Kind::StageResult);
    let scores: Vec<_> =
        graded.iter().map(|g| (g.stage, g.score, g.tests_passed, attribute(g, "step"))).collect();
    assert_eq!(
        scores,
        [
            (Some(0), Some(100.0), None, json!("build")),
            (Some(1), Some(50.0), Some(1), json!("extend")),
            (Some(2), Some(0.0), None, json!("never"))
        ]
    );
    assert_eq!(attribute(graded[1], "failed_tests"), json!(["b"]));
    let of_stage = |stage| {
        run.events.iter().filter(|e| e.kind == Kind::LlmCall && e.stage == Some(stage)).count()
    };
    assert_eq!([of_stage(0), of_stage(1), of_stage(2)], [2, 2, 1], "the last has only its totals");
    assert_eq!(total(&run, |e| e.input_tokens), Some(900));
    let ids: Vec<_> =
        of_kind(&run, Kind::LlmCall).iter().filter_map(|c| c.event_id.clone()).collect();
    assert_eq!(ids, ["step-1", "step-2", "extend/step-1", "extend/step-2"]);
    assert_eq!(graded[0].elapsed_s, Some(90.0));
    assert_eq!(
        attribute(run.events.last().unwrap(), "phases")["extend/agent_execution"]["seconds"],
        60.0
    );
}

#[test]
fn broken_logs_and_reports_cost_no_grade() {
    let run = trial(
        &result(&json!({})),
        &[
            ("agent/trajectory.json", json!(r#"{"schema_version": "ATIF-v1.7", "steps": [1, 2]}"#)),
            ("verifier/ctrf.json", json!(r#"{"results": {"tests": ["#)),
            ("verifier/junit.xml", json!("<testsuite><a></testsuite>")),
        ],
    );
    assert_eq!((stage_result(&run).score, run.report.rejected_records), (Some(100.0), 4));
    assert_eq!(total(&run, |e| e.input_tokens), Some(300), "Harbor's totals are left");
    let none = result(&json!({"trial_name": ""}));
    assert!(try_import(&[("result.json", none.to_string().as_bytes())]).is_err());
}

#[test]
fn real_trials_with_a_stub_for_a_log() {
    let Some(job) = sample(
        "harbor-atif/lwhere1314_Harness-TrajecDebug__trials/tb21-cancel-async-tasks-kimicode-4x_with",
    ) else {
        return;
    };
    let runs = import_at(&job);
    assert_eq!(runs.len(), 4);
    for run in &runs {
        let graded = stage_result(run);
        assert_eq!(
            (graded.score, graded.tests_passed, graded.tests_total),
            (Some(100.0), Some(6), Some(6))
        );
        assert_eq!(
            (run.run.model.as_str(), run.run.agent.as_deref()),
            ("kimi-for-coding", Some("kimi-code"))
        );
        assert_eq!(total(run, |e| e.input_tokens), None, "nobody counted");
        assert!(
            attribute(graded, "metadata")["kimi_return_code"].is_i64(),
            "the agent's exit and its reward are two things"
        );
        assert_eq!(run.report.lost(), 0);
    }
}

#[test]
fn damaged_trials_do_no_harm() {
    let Some(trials) = sample("harbor-atif/lwhere1314_Harness-TrajecDebug__trials") else { return };
    let kimi = trials.join("tb21-cancel-async-tasks-kimicode-4x_with");
    assert_survives(
        &[kimi.join("cancel-async-tasks__THLazLx"), kimi.join("cancel-async-tasks__kzDD3Dp")],
        940,
    );
    assert_survives(&[trials.join("tb21-kv-store-grpc-claude-code-k6")], 60);
}

#[test]
fn the_best_log_that_can_be_read_is_read() {
    let Some(whole) = sample(KV_STORE) else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["result.json", "agent/claude-code.txt", "agent/trajectory.json"] {
        let copy = folder.path().join(name);
        std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
        std::fs::write(copy, std::fs::read(whole.join(name)).unwrap()).unwrap();
    }
    let stdout = import_at(folder.path()).remove(0);
    assert_eq!(tokens(&stdout)[0], Some(248_649));
    assert_eq!(stdout.report.duplicates["another log of the same conversation"], 1);
    assert!(stdout.report.dup_of.iter().any(|d| d.dup_of.ends_with("claude-code.txt")));
    std::fs::remove_file(folder.path().join("agent/claude-code.txt")).unwrap();
    let atif = import_at(folder.path()).remove(0);
    assert_eq!(tokens(&atif)[0], Some(248_649));
    assert_eq!(tool_calls(&atif), tool_calls(&stdout));
    let broken = r#"{"schema_version": "ATIF-v1.7", "steps": [{"source": "agent"}]"#;
    std::fs::write(folder.path().join("agent/trajectory.json"), broken).unwrap();
    let coarse = import_at(folder.path()).remove(0);
    assert_eq!(tokens(&coarse)[0], Some(374_965), "nothing else is left but what Harbor counted");
    assert_eq!(coarse.report.rejected_records, 1, "a torn trajectory is a loss");
}
