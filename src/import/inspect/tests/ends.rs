//! How samples end: scores, limits, errors, attempts; and whose sample it is.

use super::super::grades::{Grade, class_of, end_reason_of};
use super::*;
use crate::trace::{EndReason, StageStatus};

fn result(run: &Imported) -> &Event {
    made::of_kind(run, Kind::StageResult)[0]
}

fn answered(more: Value) -> Value {
    let call = model(json!([]), said(json!({"content": "x"}), usage(1, 1)), json!({}));
    with(sample(json!([call])), more)
}

#[test]
fn scores_become_points() {
    let score = |value: Value| {
        let scores = json!({"first": {"value": value}, "second": {"value": "C"}});
        let Value::Object(scores) = scores else { unreachable!() };
        let grade = Grade::of_scores(scores);
        (grade.score, grade.passed)
    };
    assert_eq!(score(json!("C")), (Some(100.0), Some(true)));
    assert_eq!(score(json!("P")), (Some(50.0), Some(false)));
    for zero in [json!("I"), json!("N"), json!("no"), json!("False"), json!(false), json!(0)] {
        assert_eq!(score(zero), (Some(0.0), Some(false)));
    }
    for full in [json!("yes"), json!("TRUE"), json!(true), json!(1.0), json!("1")] {
        assert_eq!(score(full), (Some(100.0), Some(true)));
    }
    assert_eq!(score(json!(0.25)), (Some(25.0), Some(false)));
    for unclear in [json!("B+"), json!(7), json!(-1), json!({"a": 1}), json!([1]), json!(null)] {
        assert_eq!(score(unclear), (None, None), "a scale that only the scorer knows");
    }
}

#[test]
fn the_first_score_counts_and_all_are_kept() {
    let scores = json!({"b": {"value": "I", "explanation": "attachment://k"}, "a": {"value": "C"}});
    let run = run_of(answered(json!({
        "scores": scores, "total_time": 12.5, "completed_at": "2026-01-02T03:05:00+00:00",
        "attachments": {"k": "wrong"}
    })));
    let row = result(&run);
    assert_eq!((row.score, row.passed), (Some(0.0), Some(false)));
    assert_eq!((row.stage_status, row.elapsed_s), (Some(StageStatus::Failed), Some(12.5)));
    assert_eq!(row.ts.unwrap().to_string(), "2026-01-02T03:05:00Z");
    assert_eq!(attributes(row)["scores"]["b"]["explanation"], "wrong");
    assert_eq!(attributes(row)["scores"]["a"]["value"], "C");
    let run = run_of(answered(json!({"score": {"value": "C"}})));
    assert_eq!(result(&run).score, Some(100.0), "the one score of a log of 2024");
    let run = run_of(answered(json!({})));
    assert_eq!((result(&run).score, result(&run).stage_status), (None, None));
}

#[test]
fn scores_of_a_sample_that_was_cut_off_are_those_of_its_events() {
    let mut one = answered(json!({"scores": null}));
    one["events"].as_array_mut().unwrap().extend([
        json!({"event": "score", "scorer": "match", "score": {"value": 0.5}}),
        json!({"event": "score", "scorer": "other", "score": {"value": 1}}),
    ]);
    assert_eq!(result(&run_of(one)).score, Some(50.0));
}

#[test]
fn limits_and_errors_end_the_work() {
    let reason = |more: Value| result(&run_of(answered(more))).end_reason.unwrap();
    let limit = |kind: &str| reason(json!({"limit": {"type": kind, "limit": 5}}));
    for kind in ["message", "token", "time", "working", "cost", "turn", "custom"] {
        assert_eq!(limit(kind), EndReason::Budget);
    }
    assert_eq!(limit("context"), EndReason::ContextExceeded);
    assert_eq!(limit("operator"), EndReason::Interrupted);
    let error = |message: &str| reason(json!({"error": {"message": message}}));
    assert_eq!(error("CancelledError('Cancelled via scope')"), EndReason::Interrupted);
    assert_eq!(error("APITimeoutError('Request timed out.')"), EndReason::LlmTimeout);
    assert_eq!(error("openai.RateLimitError: 429"), EndReason::RateLimited);
    assert_eq!(error("ValueError('boom')"), EndReason::Unknown);
    assert_eq!(reason(json!({})), EndReason::AgentMessage);
    assert_eq!(end_reason_of("prompt is too long: 9 > 8"), EndReason::ContextExceeded);
    assert_eq!(class_of("no class here: x"), None);

    let mut cut_off = answered(json!({}));
    cut_off["events"][0]["output"]["choices"][0]["stop_reason"] = json!("model_length");
    assert_eq!(result(&run_of(cut_off)).end_reason, Some(EndReason::ContextExceeded));
    let mut stopped = answered(json!({}));
    let interrupt =
        json!({"event": "interrupt", "source": "user_cancel", "interrupted": "generate"});
    stopped["events"].as_array_mut().unwrap().push(interrupt);
    assert_eq!(result(&run_of(stopped)).end_reason, Some(EndReason::Interrupted));
}

#[test]
fn an_error_has_one_row() {
    let error =
        json!({"message": "ValueError('boom')", "traceback": "t", "traceback_ansi": "\u{1b}"});
    let mut one = answered(json!({"error": error}));
    let run = run_of(one.clone());
    let rows = made::of_kind(&run, Kind::Error);
    assert_eq!((rows.len(), rows[0].error_type.as_deref()), (1, Some("ValueError")));
    assert_eq!(attributes(rows[0]), attributes_of(json!({"traceback": "t"})));
    one["events"].as_array_mut().unwrap().push(json!({"event": "error", "error": error}));
    assert_eq!(made::of_kind(&run_of(one), Kind::Error).len(), 1, "the event is the same error");
}

fn attributes_of(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn attempts_that_failed_are_counted_once_and_before() {
    let call = |text: &str, tokens: i64| {
        model(
            json!([]),
            said(json!({"content": text}), usage(tokens, 1)),
            json!({"completed": "2026-01-02T03:04:07+00:00"}),
        )
    };
    let retry = |n: i64| {
        json!({
            "message": format!("ValueError('boom {n}')"), "traceback": "t", "traceback_ansi": "",
            "events": [call(&format!("try {n}"), 10 * n)]
        })
    };
    let mut one = sample(json!([call("last", 7)]));
    one["error_retries"] = json!([retry(1), retry(2), "text"]);
    one["model_usage"] = json!({"openai/m1": usage(7, 1)});
    let run = run_of(one);
    let rows: Vec<_> = run
        .events
        .iter()
        .filter(|e| {
            matches!(e.kind, Kind::LlmCall | Kind::Error | Kind::StageStart | Kind::StageResult)
        })
        .map(|e| (e.kind.as_str(), e.attempt.unwrap(), e.input_tokens))
        .collect();
    assert_eq!(
        rows,
        [
            ("stage_start", 1, None),
            ("llm_call", 1, Some(10)),
            ("error", 1, None),
            ("stage_start", 2, None),
            ("llm_call", 2, Some(20)),
            ("error", 2, None),
            ("stage_start", 3, None),
            ("llm_call", 3, Some(7)),
            ("stage_result", 3, None),
        ]
    );
    assert!(run.report.warnings.is_empty(), "the totals are those of the last attempt");
    assert_eq!(run.report.rejected_records, 1);
}

#[test]
fn a_run_is_one_sample_of_one_epoch() {
    let run = run_of(answered(json!({"metadata": {"level": 3}, "epoch": 2})));
    assert_eq!((run.run.run_id.as_str(), run.run.workload.as_str()), ("u1", "sums/s1"));
    assert_eq!(
        (run.run.model.as_str(), run.run.provider.as_deref()),
        ("openai/m1", Some("openai"))
    );
    assert_eq!(run.run.agent.as_deref(), Some("inspect"), "no step of the plan is an agent");
    let start = attributes(&run.events[0]);
    assert_eq!(
        (&start["sample_epoch"], &start["sample_metadata"]),
        (&json!(2), &json!({"level": 3}))
    );
    assert_eq!(start["eval"]["packages"], json!({"inspect_ai": "0.3.200"}));
    assert_eq!(start["eval"]["dataset"], json!({"samples": 1}), "without the names of all samples");

    let mut log = with(
        header("0.3.41"),
        json!({"samples": [
            answered(json!({"uuid": null})), answered(json!({"uuid": null, "epoch": 2})),
            answered(json!({"uuid": null, "id": 7}))
        ]}),
    );
    let eval = log["eval"].as_object_mut().unwrap();
    eval.shift_remove("eval_id");
    eval.shift_remove("model");
    eval.insert("solver".to_owned(), json!("my_agent"));
    let runs = made::import(&[("log.json", &log.to_string())]);
    let ids: Vec<&str> = runs.iter().map(|r| r.run.run_id.as_str()).collect();
    assert_eq!(ids, ["run-task-id-s1-1", "run-task-id-s1-2", "run-task-id-7-1"]);
    assert_eq!(runs[0].run.agent.as_deref(), Some("my_agent"));
    assert_eq!(runs[0].run.model, "openai/m1", "of the first call");
    let mut log = with(header("0.3.41"), json!({"samples": [answered(json!({}))]}));
    log["eval"]["model"] = json!("none/none");
    log["plan"] =
        json!({"steps": [{"solver": "use_tools"}, {"solver": "react"}, {"solver": "generate"}]});
    let runs = made::import(&[("log.json", &log.to_string())]);
    assert_eq!(runs[0].run.agent.as_deref(), Some("react"));
    assert_eq!(runs[0].run.model, "openai/m1");
    log["samples"][0]["events"] = json!([]);
    let runs = made::import(&[("log.json", &log.to_string())]);
    assert_eq!((runs[0].run.model.as_str(), runs[0].run.provider.as_deref()), ("unknown", None));
    assert!(runs[0].report.warnings.iter().any(|w| w.contains("names no model")));
}

#[test]
fn an_answer_that_a_solver_made_is_kept() {
    let completion = |text: &str| {
        let run = run_of(answered(json!({"output": {"completion": text, "choices": []}})));
        attributes(run.events.last().unwrap()).remove("completion")
    };
    assert_eq!(completion("x"), None, "the reply again");
    assert_eq!(completion("y"), Some(json!("y")));
}
