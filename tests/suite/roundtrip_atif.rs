//! Runs out to ATIF and in again: every column of every row comes back.
//!
//! Three things are not compared, because they are not of the run: `offset_us` is counted anew from the first time stamp
//! (it comes out the same, and is compared), the import report is that of another file, and the name of the file is that
//! of the run. Nothing else may differ.

use ramptrace::export::{Exported, atif};
use ramptrace::import::{Imported, import_all};
use ramptrace::trace::{
    Clock, CostSource, EndReason, Event, Kind, RowCheck, RunFacts, StageStatus, Timestamp,
    ToolKind, ToolStatus, UsageQuality, Usd,
};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Writes the documents of an export to a folder and imports it.
fn back(exported: &Exported) -> Imported {
    let folder = tempfile::tempdir().expect("what the format asks for");
    for (name, document) in &exported.documents {
        std::fs::write(folder.path().join(name), document.to_string())
            .expect("what the format asks for");
    }
    let mut runs = import_all(&[folder.path().to_owned()]).expect("what the format asks for");
    assert_eq!(runs.len(), 1);
    let run = runs.remove(0);
    assert_eq!(run.report.format, "atif");
    assert!(run.report.balances());
    assert_eq!(run.report.warnings, [] as [&str; 0]);
    run
}

/// Every column of every row, and the facts of the run.
fn all_columns(run: &RunFacts, events: &[Event]) -> Vec<Value> {
    let rows = events.iter().map(|e| serde_json::to_value(e).expect("what the format asks for"));
    std::iter::once(serde_json::to_value(run).expect("what the format asks for"))
        .chain(rows)
        .collect()
}

fn assert_round_trip(run: &RunFacts, events: &[Event]) -> Exported {
    let exported = atif(run, events.iter().cloned());
    assert_eq!(exported.documents.len(), 1);
    assert_valid(&exported.documents[0].1);
    let returned = back(&exported);
    let (before, after) = (all_columns(run, events), all_columns(&returned.run, &returned.events));
    for (row, (before, after)) in before.iter().zip(&after).enumerate() {
        assert_eq!(before, after, "row {row} of {}", run.run_id);
    }
    assert_eq!(before.len(), after.len(), "{}", run.run_id);
    let again = atif(&returned.run, returned.events.into_iter());
    assert_eq!(again, exported, "the same run gives the same document");
    exported
}

/// The rules of ATIF 1.8 that its own models check.
fn assert_valid(document: &Value) {
    only(
        document,
        &[
            "schema_version",
            "session_id",
            "trajectory_id",
            "agent",
            "steps",
            "notes",
            "final_metrics",
            "continued_trajectory_ref",
            "extra",
            "subagent_trajectories",
        ],
    );
    assert_eq!(document["schema_version"], "ATIF-v1.8");
    only(&document["agent"], &["name", "version", "model_name", "tool_definitions", "extra"]);
    assert!(document["agent"]["name"].is_string() && document["agent"]["version"].is_string());
    let steps = document["steps"].as_array().expect("what the format asks for");
    assert!(!steps.is_empty());
    for (step, n) in steps.iter().zip(1..) {
        assert_eq!(step["step_id"], n);
        assert_valid_step(step);
    }
    let totals = &document["final_metrics"];
    only(
        totals,
        &[
            "total_prompt_tokens",
            "total_completion_tokens",
            "total_cached_tokens",
            "total_cost_usd",
            "total_steps",
            "extra",
        ],
    );
    assert_eq!(totals["total_steps"], steps.len());
    let subagents = document["subagent_trajectories"].as_array().cloned().unwrap_or_default();
    let mut ids: Vec<&str> = subagents
        .iter()
        .map(|s| s["trajectory_id"].as_str().expect("what the format asks for"))
        .collect();
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids of sub-agents are unique");
    subagents.iter().for_each(assert_valid);
}

fn assert_valid_step(step: &Value) {
    only(
        step,
        &[
            "step_id",
            "timestamp",
            "source",
            "model_name",
            "reasoning_effort",
            "message",
            "reasoning_content",
            "tool_calls",
            "observation",
            "metrics",
            "is_copied_context",
            "llm_call_count",
            "extra",
        ],
    );
    let source = step["source"].as_str().expect("what the format asks for");
    assert!(["agent", "user", "system"].contains(&source));
    assert!(step["message"].is_string());
    let time = step["timestamp"].as_str();
    assert!(time.is_none_or(|t| Timestamp::parse_zoned(t).is_some()));
    if source != "agent" {
        for field in
            ["model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"]
        {
            assert!(step[field].is_null(), "{field} is only the agent's");
        }
    }
    if step["llm_call_count"] == 0 {
        assert!(step["metrics"].is_null() && step["reasoning_content"].is_null());
    }
    if let Some(metrics) = step.get("metrics") {
        only(
            metrics,
            &["prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "extra"],
        );
    }
    let mut ids = Vec::new();
    for call in step["tool_calls"].as_array().into_iter().flatten() {
        only(call, &["tool_call_id", "function_name", "arguments", "extra"]);
        assert!(call["arguments"].is_object() && call["function_name"].is_string());
        ids.push(call["tool_call_id"].as_str().expect("what the format asks for"));
    }
    for result in step["observation"]["results"].as_array().into_iter().flatten() {
        only(result, &["source_call_id", "content", "subagent_trajectory_ref", "extra"]);
        let of = result["source_call_id"].as_str();
        assert!(of.is_none_or(|id| ids.contains(&id)), "a result of no call: {of:?}");
        for reference in result["subagent_trajectory_ref"].as_array().into_iter().flatten() {
            assert!(reference["trajectory_id"].is_string());
        }
    }
}

fn only(value: &Value, fields: &[&str]) {
    for name in value.as_object().expect("what the format asks for").keys() {
        assert!(fields.contains(&name.as_str()), "`{name}` is no field of the format");
    }
}

#[test]
fn real_runs_come_back_as_they_were() {
    let Ok(root) = std::env::var("RAMPTRACE_REAL_DATA") else {
        eprintln!("skipped: RAMPTRACE_REAL_DATA is not set");
        return;
    };
    let mut files: Vec<PathBuf> = Vec::new();
    list(&Path::new(&root).join("samples"), &mut files);
    let mut exported = 0;
    // Each file alone, so that one that no importer knows does not stand in the way; and the trials as folders.
    files.push(Path::new(&root).join("samples/harbor-atif"));
    for path in files {
        let Ok(runs) = import_all(std::slice::from_ref(&path)) else { continue };
        for run in runs {
            assert_round_trip(&run.run, &run.events);
            exported += 1;
        }
    }
    assert!(exported >= 12, "{exported} runs");
}

fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in std::fs::read_dir(path).expect("what the format asks for") {
            list(&entry.expect("what the format asks for").path(), files);
        }
    } else {
        files.push(path.to_owned());
    }
}

fn facts() -> RunFacts {
    RunFacts {
        run_id: "../odd name/1".into(),
        workload: "yatcc".into(),
        model: "m".into(),
        provider: Some("p".into()),
        agent: Some("a".into()),
        protocol: Some("recovery".into()),
    }
}

/// Numbers the rows, gives them offsets, and holds them to the rules of a trace.
fn finished(mut events: Vec<Event>) -> Vec<Event> {
    let start = events.iter().filter_map(|e| e.ts).min();
    let mut check = RowCheck::default();
    for (seq, event) in (0..).zip(&mut events) {
        event.seq = seq;
        event.offset_us = event.ts.zip(start).map(|(ts, start)| ts.micros_since(start));
        let problems = check.row(&facts(), event);
        assert!(problems.is_empty(), "the test's own run: {problems:?}");
    }
    events
}

fn event(kind: Kind, fill: impl FnOnce(&mut Event)) -> Event {
    let mut event = Event::new(kind);
    event.stage = Some(0);
    event.attempt = Some(1);
    fill(&mut event);
    event
}

#[test]
fn every_column_that_the_format_lacks_comes_back() {
    let ts = |n: i64| Some(Timestamp::from_micros(1_780_000_000_000_000 + n));
    let rows = vec![
        event(Kind::RunStart, |e| {
            (e.stage, e.attempt, e.ts) = (None, None, ts(0));
            e.attributes = Some(r#"{"agent_version":"3.1", "spaced":  1}"#.into());
        }),
        event(Kind::StageStart, |_| ()),
        event(Kind::Message, |e| (e.role, e.content) = (Some("user".into()), Some("do it".into()))),
        event(Kind::Message, |e| e.role = Some("developer".into())),
        event(Kind::LlmCall, |e| {
            (e.event_id, e.response_id, e.ts) = (Some("c1".into()), Some("msg_1".into()), ts(5));
            (e.role, e.content) = (Some("assistant".into()), Some(String::new()));
            (e.input_tokens, e.cache_read_tokens, e.cache_write_tokens) =
                (Some(100), Some(50), Some(20));
            (e.output_tokens, e.reasoning_tokens) = (Some(9), Some(4));
            e.reported_total_tokens = Some(109);
            (e.usage_quality, e.clock) = (Some(UsageQuality::Placeholder), Some(Clock::CostEpoch));
            (e.cost_usd, e.cost_source) =
                (Usd::parse("123456789.123456789"), Some(CostSource::Imputed));
            (e.finish_reason, e.context_limit) = (Some("tool_use".into()), Some(200_000));
            e.duration_ms = Some(0.1 + 0.2);
            e.attributes = Some(r#"{"usage":{"a":1},"reasoning":"hm","model":"other"}"#.into());
        }),
        event(Kind::ToolCall, |e| {
            (e.parent_event_id, e.event_id) = (Some("c1".into()), Some("t1".into()));
            (e.tool_name, e.tool_kind, e.tool_call_id) =
                (Some("Bash".into()), Some(ToolKind::Shell), Some("t1".into()));
            e.arguments = Some(r#"{ "command": "ls" }"#.into());
            (e.exit_code, e.tool_status) = (Some(-7), Some(ToolStatus::Timeout));
            (e.arguments_hash, e.identical_streak) = (Some(i64::MIN), Some(3));
            e.content = Some("out\u{1}\u{fffd}".into());
        }),
        event(Kind::ToolCall, |e| {
            // The same id again, arguments that are not JSON, no result.
            (e.parent_event_id, e.tool_call_id) = (Some("c1".into()), Some("t1".into()));
            (e.tool_name, e.arguments) = (Some("Raw".into()), Some("not json {".into()));
            e.identical_streak = Some(1);
        }),
        event(Kind::ToolCall, |e| {
            (e.tool_status, e.identical_streak) = (Some(ToolStatus::Unknown), Some(1));
        }),
        event(Kind::Message, |e| {
            (e.role, e.content) = (Some("tool".into()), Some("said by nobody".into()));
        }),
        event(Kind::LlmCall, |e| {
            e.parent_event_id = Some("t1".into());
            e.attributes = Some(r#"{"agent_id":"sub","agent_type":"explorer"}"#.into());
            (e.cost_usd, e.input_tokens) = (Usd::parse("0.5"), Some(7));
        }),
        event(Kind::LlmCall, |e| {
            e.error_type = Some("timeout".into());
            e.attributes = Some(r#"{"agent_id":"sub"}"#.into());
        }),
        event(Kind::LlmCall, |e| {
            (e.llm_call_count, e.input_tokens, e.usage_quality) =
                (Some(12), Some(1), Some(UsageQuality::Aggregate));
        }),
        event(Kind::LlmCall, |e| {
            (e.llm_call_count, e.cost_usd) = (Some(0), Usd::parse("1.25"));
            e.attributes = Some("[1]".into());
        }),
        event(Kind::ToolCall, |e| {
            // Asked for by a call that is not in the run.
            (e.parent_event_id, e.tool_name) = (Some("gone".into()), Some("X".into()));
            e.identical_streak = Some(1);
        }),
        event(Kind::Error, |e| {
            (e.error_type, e.content) = (Some("orphan_tool_result".into()), Some("late".into()));
        }),
        event(Kind::AttemptResult, |e| (e.score, e.passed) = (Some(12.5), Some(false))),
        event(Kind::Recovery, |_| ()),
        event(Kind::StageResult, |e| {
            (e.score, e.passed, e.tests_passed, e.tests_total) =
                (Some(100.0 / 3.0), Some(true), Some(1), Some(3));
            (e.stage_status, e.end_reason) = (Some(StageStatus::Recovered), Some(EndReason::Stuck));
            e.elapsed_s = Some(f64::MIN_POSITIVE);
        }),
        event(Kind::RunEnd, |e| {
            (e.stage, e.attempt, e.ts) = (None, None, Some(Timestamp::from_micros(i64::MAX)));
        }),
    ];
    let exported = assert_round_trip(&facts(), &finished(rows));
    let (name, document) = &exported.documents[0];
    assert_eq!(name, "_odd_name_1.trajectory.json");
    let call = &document["steps"][2];
    assert_eq!(call["metrics"]["prompt_tokens"], 100);
    assert_eq!(call["reasoning_content"], "hm");
    assert_eq!(call["model_name"], "other");
    assert_eq!(call["tool_calls"][0]["arguments"]["command"], "ls");
    assert_eq!(call["tool_calls"][1]["tool_call_id"], "t1-2");
    assert_eq!(call["observation"]["results"][0]["source_call_id"], "t1");
    assert_eq!(
        call["observation"]["results"][0]["subagent_trajectory_ref"][0]["trajectory_id"],
        "sub"
    );
    assert_eq!(document["subagent_trajectories"][0]["agent"]["name"], "explorer");
    assert_eq!(document["agent"]["version"], "3.1");
    // Costs of sub-agents are part of the total by the specification; tokens are those of the agent itself.
    assert_eq!(document["final_metrics"]["total_prompt_tokens"], 101);
    assert_eq!(document["final_metrics"]["total_cost_usd"], 123_456_790.873_456_79);
    for (what, times) in [
        ("exit_code", 1),
        ("tool_status", 2),
        ("duration_ms", 1),
        ("stage_result rows", 1),
        ("arguments that are not a JSON object", 1),
    ] {
        assert_eq!(exported.unexpressed.get(what), Some(&times), "{what}");
    }
}

#[test]
fn an_empty_run_and_one_without_a_conversation_come_back() {
    assert_round_trip(&facts(), &[]);
    let unknown = RunFacts { model: "unknown".into(), agent: None, ..facts() };
    assert_round_trip(
        &unknown,
        &finished(vec![event(Kind::RunStart, |e| (e.stage, e.attempt) = (None, None))]),
    );
}

#[test]
fn runs_of_any_shape_come_back() {
    let mut state = 260_527_492_u64;
    let mut random = |below: u32| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap() % below
    };
    let pick = |n: u32| usize::try_from(n).unwrap();
    for _ in 0..400 {
        let mut rows = Vec::new();
        for _ in 0..random(14) {
            let kind = [
                Kind::Message,
                Kind::LlmCall,
                Kind::ToolCall,
                Kind::Error,
                Kind::StageStart,
                Kind::RunEnd,
            ][pick(random(6))];
            let mut row = event(kind, |_| ());
            let id = |n: u32| Some(format!("e{n}")).filter(|_| n > 0);
            row.event_id = id(random(5));
            row.parent_event_id = id(random(5));
            row.ts = Some(random(1 << 30))
                .filter(|n| n % 3 > 0)
                .map(|n| Timestamp::from_micros(i64::from(n) << 9));
            row.role = [None, Some("user"), Some("assistant"), Some("tool"), Some("system")]
                [pick(random(5))]
            .map(str::to_owned);
            row.content =
                [None, Some(""), Some("text"), Some("{}")][pick(random(4))].map(str::to_owned);
            row.attributes = [
                None,
                Some(r#"{"agent_id":"s1"}"#),
                Some(r#"{"agent_id":"s2","reasoning":"r"}"#),
                Some(r#"{"reasoning":null,"agent_id":""}"#),
                Some("plain"),
                Some(r#"{"reasoning":7}"#),
            ][pick(random(6))]
            .map(str::to_owned);
            row.arguments = [None, Some("{}"), Some(r#"{"a": 1}"#), Some("null"), Some("")]
                [pick(random(5))]
            .map(str::to_owned);
            if kind == Kind::ToolCall {
                row.tool_call_id = id(random(3));
                row.tool_name = id(random(3));
                row.exit_code = Some(i64::from(random(3))).filter(|n| *n > 0);
            }
            if kind == Kind::LlmCall {
                row.llm_call_count = Some(i64::from(random(4))).filter(|n| *n < 3);
                row.output_tokens = Some(i64::from(random(4))).filter(|n| *n < 3);
                row.input_tokens = Some(i64::from(random(4))).filter(|n| *n < 3);
                let nanos = i128::from(random(1 << 31)) * i128::from(random(1 << 28)) + 1;
                row.cost_usd = Usd::from_nanos(nanos).filter(|_| random(2) > 0);
            }
            rows.push(row);
        }
        assert_round_trip(&facts(), &finished(rows));
    }
}
