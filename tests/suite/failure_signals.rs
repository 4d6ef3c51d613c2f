//! Process signals of the published runs, and attribution of traces that are small, large or none.

use crate::bad_input::{rewrite, with_column};
use crate::failure::{Published, expected};
use crate::real_data::ramp_or_skip;
use crate::workspace::Workspace;
use arrow::array::{RecordBatch, StringArray};
use ramptrace::analysis::failure::{Cause, FailureRules, attribute_files};
use ramptrace::analysis::process::{Signals, read_signals};
use ramptrace::rollup::query;
use ramptrace::trace::{Event, Kind, RunFacts, Store, TraceWriter};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counts that signals share with the expectation.
fn compare_counts(place: &str, got: &Signals, e: &Value) {
    let repeats = &e["tools"]["repeats"]["args"];
    let r = &got.repeats;
    let count = |n: u64| usize::try_from(n).expect("a small count");
    let pairs = [
        ("max_run", &repeats["max_run"], r.longest_run),
        ("consecutive_repeats", &repeats["consecutive_repeats"], r.consecutive),
        ("max_alternation", &repeats["max_alternation"], r.alternation),
        ("distinct", &repeats["distinct"], r.distinct),
        ("duplicates", &repeats["duplicates"], r.actions - r.distinct),
        ("actions", &e["tools"]["actions"], r.actions),
        ("llm_calls", &e["llm_calls"], count(got.answered)),
        ("null_actions", &e["tools"]["null_actions"], count(got.tools.malformed)),
        ("tool_errors", &e["tools"]["tool_errors"]["total"], count(got.tools.errors)),
    ];
    for (field, expected, got) in pairs {
        assert_eq!(expected.as_u64(), Some(got as u64), "{place} {field}");
    }
    let peak = got.context.map(|c| c.peak);
    let expected = e["max_prompt_tokens"].as_i64().filter(|_| got.answered > 0);
    assert_eq!(peak, expected, "{place} max_prompt_tokens");
    let snowball = got.context.and_then(|c| c.snowball);
    let of = |key: &str| e[key].as_f64().filter(|_| got.answered > 0);
    let wanted = of("prompt_tokens").zip(of("max_prompt_tokens")).map(|(sum, max)| sum / max);
    assert_eq!(snowball.is_some(), wanted.is_some(), "{place}");
    assert!(snowball.zip(wanted).is_none_or(|(a, b)| (a - b).abs() < 1e-9), "{place}");
}

/// `expected/runs.json` and `expected/stages.json` for counts. Slopes by `scipy.stats.theilslopes`, `SciPy` 1.17.1, over
/// the prompts of answered calls; no run ever shortened its context (E1 of the audit's list of signals).
#[test]
fn signals_are_those_of_an_independent_reading() {
    let ramp = ramp_or_skip!();
    let signals = Published::of(&ramp).signals();
    for e in expected(&ramp, "runs.json", "runs") {
        let run = signals.iter().find(|s| s.run.run_id == e["run_id"].as_str().unwrap()).unwrap();
        compare_counts(&run.run.model, &run.whole, &e);
        assert_eq!(e["failed_llm_calls"].as_u64(), Some(run.whole.failed));
    }
    for e in expected(&ramp, "stages.json", "stages") {
        let run = signals.iter().find(|s| s.run.run_id == e["run_id"].as_str().unwrap()).unwrap();
        let stage = e["stage"].as_i64().unwrap();
        compare_counts(&format!("{} T{stage}", run.run.model), &run.stages[&stage], &e);
        let unearned = run.scored_without_an_answer().contains(&stage);
        assert_eq!(Some(!unearned), e["attempted"].as_bool(), "{} T{stage}", run.run.model);
    }
    let slopes = [
        ("deepseek-chat", 563.698_113_207_547_2),
        ("deepseek-reasoner", 1_298.221_343_873_518),
        ("deepseek-v4-flash", 1_542.154_211_956_521_7),
        ("deepseek-v4-pro", 1_062.019_230_769_230_7),
        ("glm-4.6", 846.103_282_051_282_1),
        ("glm-4.7", 661.255_769_410_445_7),
        ("glm-5.1", 828.634_754_990_925_6),
        ("kimi-k2.5", 632.571_428_571_428_6),
        ("qwen3-coder-flash", 661.388_888_888_888_9),
        ("qwen3.5-plus", 1_147.694_117_647_058_9),
        ("qwen3.6-max-preview", 1_105.088_888_888_889),
    ];
    for (model, slope) in slopes {
        let run = signals.iter().find(|s| s.run.model == model).unwrap();
        let context = run.whole.context.unwrap();
        assert!((context.slope.unwrap() - slope).abs() < 1e-6, "{model}: {context:?}");
        assert_eq!(context.compactions, 0, "{model}");
    }
}

/// Row 58 of the audit: glm-4.7 left out `new_str` 28 times. Its four equal calls at the end of T0 are the stuck
/// detector's (protocol notes).
#[test]
fn the_malformed_and_repeated_calls_of_one_run_are_found() {
    let ramp = ramp_or_skip!();
    let published = Published::of(&ramp);
    let frame = query(
        &published.files,
        "SELECT COUNT(*) AS n FROM events WHERE model = 'glm-4.7' AND tool_status = 'error' AND content LIKE '%new_str` is required%'",
    )
    .unwrap();
    assert_eq!(frame.numbers("n").unwrap(), [Some(28.0)]);
    let signals = published.signals();
    let run = signals.iter().find(|s| s.run.model == "glm-4.7").unwrap();
    assert!(run.stages[&0].stuck.is_stuck());
    assert_eq!(run.stages[&0].stuck.same_result.len.max(run.stages[&0].stuck.same_error.len), 4);
    assert_eq!(run.stages[&1].stuck.same_result.len.min(4), 2);
    // Measured against the window that the errors state.
    let share = run.whole.context.unwrap().window_share.unwrap();
    assert!((share - 169_887.0 / 169_984.0).abs() < 1e-12);
}

#[test]
fn a_file_of_several_runs_is_read_run_by_run() {
    let space = Workspace::new();
    let path = space.path("runs.parquet");
    let mut writer = TraceWriter::create(&path).unwrap();
    for id in ["a", "b"] {
        let run = RunFacts {
            run_id: id.into(),
            workload: "w".into(),
            model: "m".into(),
            ..RunFacts::default()
        };
        for (seq, kind) in [(0, Kind::LlmCall), (1, Kind::StageResult)] {
            let event = Event { seq, stage: Some(0), score: Some(5.0), ..Event::new(kind) };
            writer.write(&run, &event).unwrap();
        }
    }
    writer.finish(false).unwrap();
    let rules = FailureRules::built_in().unwrap();
    let runs = attribute_files(std::slice::from_ref(&path), &rules, 60.0).unwrap();
    let found: Vec<(&str, usize)> =
        runs.iter().map(|r| (r.run.run_id.as_str(), r.failures.len())).collect();
    assert_eq!(found, [("a", 1), ("b", 1)]);
    assert_eq!(read_signals(&[path], &rules.commands).unwrap().len(), 2);
}

#[test]
fn traces_without_stages_and_with_hundreds_are_read() {
    let space = Workspace::new();
    let facts = |id: &str| RunFacts {
        run_id: id.to_owned(),
        workload: "w".to_owned(),
        model: "m".to_owned(),
        ..RunFacts::default()
    };
    let event = |seq: i64, stage: Option<i64>, kind: Kind| Event { seq, stage, ..Event::new(kind) };
    let many: Vec<Event> = (0..200)
        .flat_map(|s| {
            [
                event(3 * s, Some(s), Kind::StageStart),
                event(3 * s + 1, Some(s), Kind::LlmCall),
                event(3 * s + 2, Some(s), Kind::StageResult),
            ]
        })
        .collect();
    for (id, events) in [("bare", vec![event(0, None, Kind::RunStart)]), ("many", many)] {
        let sealed = Store::seal(&space.path("store"), &facts(id), &events).unwrap();
        Store::publish(sealed, id, &BTreeMap::new(), false).unwrap();
    }
    let files = Store::open(&space.path("store")).unwrap().files();
    let rules = FailureRules::built_in().unwrap();
    let runs = attribute_files(&files, &rules, 60.0).unwrap();
    let found: Vec<(&str, usize)> =
        runs.iter().map(|r| (r.run.run_id.as_str(), r.failures.len())).collect();
    assert_eq!(found, [("bare", 0), ("many", 200)]);
    assert!(runs[1].failures.iter().all(|f| f.primary.cause == Cause::Interrupted));
    let signals = read_signals(&files, &rules.commands).unwrap();
    assert_eq!(signals[0].whole.context, None);
    assert_eq!(signals[1].stages.len(), 200);
}

#[test]
fn a_trace_with_words_that_are_none_is_an_error() {
    let space = Workspace::new();
    let facts = RunFacts {
        run_id: "r".into(),
        workload: "w".into(),
        model: "m".into(),
        ..RunFacts::default()
    };
    let sealed = Store::seal(&space.path("store"), &facts, &[Event::new(Kind::LlmCall)]).unwrap();
    Store::publish(sealed, "r", &BTreeMap::new(), false).unwrap();
    let files = Store::open(&space.path("store")).unwrap().files();
    let change = |batch: &RecordBatch| {
        let words: Vec<&str> = (0..batch.num_rows()).map(|_| "thought").collect();
        with_column(batch, "kind", Some(Arc::new(StringArray::from(words))))
    };
    rewrite(&files[0], change, None);
    let rules = FailureRules::built_in().unwrap();
    let error = attribute_files(&files, &rules, 60.0).unwrap_err().to_string();
    assert!(error.ends_with("row 0: `thought` is not a kind"), "{error}");
    assert!(read_signals(&files, &rules.commands).is_err());
}

#[test]
fn what_is_no_trace_is_an_error() {
    let space = Workspace::new();
    let path = space.write("x.parquet", b"PAR1 is not enough");
    let rules = FailureRules::built_in().unwrap();
    let error = attribute_files(std::slice::from_ref(&path), &rules, 60.0).unwrap_err();
    assert!(error.to_string().contains("x.parquet"), "{error}");
    assert!(read_signals(&[path], &rules.commands).is_err());
}
