//! Tokens, costs and times: traps 1, 2, 4, 6, 8, 9 and 10 of the format.

use super::super::usage::{Counted, read};
use super::*;
use crate::trace::{Clock, CostSource, UsageQuality};

fn tokens(raw: Value, old: bool) -> (Option<i64>, Option<i64>, Option<i64>, Option<i64>) {
    let usage = read(&raw, old, true).unwrap().usage;
    (usage.input, usage.cache_read, usage.cache_write, usage.output)
}

fn cached(input: i64, read: i64, write: i64, output: i64, total: i64) -> Value {
    json!({
        "input_tokens": input, "output_tokens": output, "total_tokens": total,
        "input_tokens_cache_read": read, "input_tokens_cache_write": write
    })
}

#[test]
fn the_total_tells_whether_cached_tokens_are_inside() {
    // The browser log of release 0.3.95: 15,235 tokens with 9,088 of the cache in them.
    let inside = cached(15_235, 9_088, 0, 281, 15_516);
    let apart = cached(6_147, 9_088, 0, 281, 15_516);
    for old in [true, false] {
        let known = (Some(15_235), Some(9_088), Some(0), Some(281));
        assert_eq!(tokens(inside.clone(), old), known, "whatever the release");
        assert_eq!(tokens(apart.clone(), old), known);
    }
    let semantics = |raw: &Value| read(raw, false, true).unwrap().semantics;
    assert_eq!(semantics(&inside), Some("inclusive"));
    assert_eq!(semantics(&apart), Some("exclusive"));
    assert_eq!(semantics(&usage(5, 3)), None, "without a cache there is nothing to tell");
}

#[test]
fn written_tokens_may_be_inside_while_read_ones_are_apart() {
    let raw = cached(100, 800, 60, 30, 930);
    assert_eq!(tokens(raw.clone(), false), (Some(900), Some(800), Some(60), Some(30)));
    assert_eq!(read(&raw, false, true).unwrap().semantics, Some("mixed"));
}

#[test]
fn a_total_that_is_no_sum_leaves_it_to_the_release() {
    let raw = cached(1000, 800, 0, 30, 5);
    assert_eq!(tokens(raw.clone(), true).0, Some(1000));
    assert_eq!(tokens(raw.clone(), false).0, Some(1800));
    assert_eq!(read(&raw, false, true).unwrap().semantics, Some("unknown"));
    let call = model(json!([]), said(json!({"content": "x"}), raw), json!({}));
    let run = run_of_events(json!([call]));
    assert_eq!(made::of_kind(&run, Kind::LlmCall)[0].usage_quality, Some(UsageQuality::Estimated));
    assert!(run.report.warnings.iter().any(|w| w.contains("no sum of their counts")));
}

#[test]
fn reasoning_is_in_the_output_unless_the_total_says_that_it_is_beside() {
    let counted = |total: i64| {
        let raw = json!({"input_tokens": 10, "output_tokens": 5, "total_tokens": total, "reasoning_tokens": 4});
        let usage = read(&raw, true, true).unwrap().usage;
        (usage.output, usage.reasoning)
    };
    assert_eq!(counted(15), (Some(5), Some(4)));
    assert_eq!(counted(19), (Some(9), Some(4)));
}

#[test]
fn counts_without_cache_fields_are_what_they_are() {
    // As Bedrock writes them.
    assert_eq!(tokens(usage(40, 2), true), (Some(40), None, None, Some(2)));
    assert_eq!(tokens(usage(40, 2), false), (Some(40), None, None, Some(2)));
}

#[test]
fn zeros_beside_text_and_negative_counts_are_unknown() {
    assert_eq!(read(&usage(0, 0), false, true), None);
    assert_eq!(tokens(usage(40, 0), false).3, None, "something was said");
    assert_eq!(read(&usage(40, 0), false, false).unwrap().usage.output, Some(0));
    assert_eq!(tokens(cached(-3, -1, 0, 5, 5), false), (None, None, None, Some(5)));
    assert_eq!(read(&json!("text"), false, true), None);
    let huge = cached(i64::MAX, i64::MAX, i64::MAX, i64::MAX, i64::MAX);
    assert_eq!(tokens(huge, false).0, Some(i64::MAX));
}

#[test]
fn a_reply_from_the_local_cache_costs_nothing() {
    let output = said(json!({"content": "old"}), usage(500, 20));
    let run = run_of_events(json!([
        model(json!([user("a")]), output.clone(), json!({"cache": "read"})),
        model(json!([user("b")]), output, json!({"cache": "write"})),
    ]));
    let calls = made::of_kind(&run, Kind::LlmCall);
    assert_eq!((calls[0].input_tokens, calls[0].usage_quality), (None, None));
    let kept = attributes(calls[0]);
    assert_eq!(kept["usage"], usage(500, 20), "as it is written");
    assert!(kept["usage_note"].as_str().unwrap().contains("nothing billed"));
    assert_eq!(calls[1].input_tokens, Some(500), "one that is put into the cache was made");
    assert_eq!(made::total(&run, |e| e.output_tokens), Some(20));
}

#[test]
fn the_calls_are_used_where_totals_differ() {
    let call = model(json!([]), said(json!({"content": "x"}), usage(66, 2)), json!({}));
    let mut one = sample(json!([call]));
    one["model_usage"] = json!({"openai/m1": usage(600, 20)});
    let stats = json!({"stats": {"model_usage": {"openai/m1": usage(29_000_000, 1)}}});
    let log = with(with(header("0.3.200"), stats), json!({"samples": [one]}));
    let run = only(made::import(&[("log.json", &log.to_string())]));
    assert_eq!(made::total(&run, |e| e.input_tokens), Some(66));
    let warnings = run.report.warnings.join("\n");
    assert!(warnings.contains("the sample counts 620 tokens, its model calls 68"), "{warnings}");
    assert!(warnings.contains("counts 29000001 tokens, the model calls of its 1 samples 68"));
    let end = attributes(run.events.last().unwrap());
    assert_eq!(end["model_usage"]["openai/m1"]["total_tokens"], 620);
}

#[test]
fn a_sample_without_counted_calls_has_one_row_with_its_totals() {
    let mut one =
        sample(json!([model(json!([]), said(json!({"content": "x"}), json!(null)), json!({}))]));
    one["model_usage"] =
        json!({"openai/m1": cached(100, 800, 0, 30, 930), "openai/m2": usage(7, 1)});
    let run = run_of(one.clone());
    let calls = made::of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[1].input_tokens, calls[1].llm_call_count), (Some(900), Some(0)));
    assert_eq!(calls[1].usage_quality, Some(UsageQuality::Aggregate));
    assert_eq!(attributes(calls[2])["model"], "openai/m2");
    one["events"] = json!([]);
    let run = run_of(one);
    let calls = made::of_kind(&run, Kind::LlmCall);
    assert_eq!((calls.len(), calls[0].llm_call_count), (2, None), "nobody knows how many");
}

#[test]
fn a_call_starts_at_its_timestamp_and_local_times_are_instants() {
    let at = |more: Value| {
        let output = with(said(json!({"content": "x"}), usage(1, 1)), json!({"time": 0.5}));
        let run = run_of_events(json!([model(json!([]), output, more)]));
        let call = made::of_kind(&run, Kind::LlmCall)[0].clone();
        (call.ts.unwrap().to_string(), call.duration_ms, call.clock, run.report.warnings)
    };
    let (ts, duration, clock, warnings) = at(json!({
        "timestamp": "2025-05-12T20:27:38.462180-04:00", "completed": "2025-05-12T20:27:39.697159-04:00",
        "working_time": 1.1
    }));
    assert_eq!(ts, "2025-05-13T00:27:38.462180Z");
    assert_eq!((duration, clock), (Some(1234.979), Some(Clock::Source)), "waiting is part of it");
    assert!(warnings.is_empty());
    let (_, duration, ..) = at(json!({}));
    assert_eq!(duration, Some(500.0), "the time that the provider took, where there is no end");
    let (ts, _, clock, warnings) = at(json!({"timestamp": "2025-05-12T20:27:38"}));
    assert_eq!((ts.as_str(), clock), ("2025-05-12T20:27:38Z", Some(Clock::AssumedUtc)));
    assert_eq!(warnings, ["times without a zone are read as UTC"]);
}

#[test]
fn a_call_of_an_early_log_has_one_time_only() {
    let run = run_of_events(json!([model(
        json!([]),
        said(json!({"content": "x"}), usage(1, 1)),
        json!({})
    )]));
    assert_eq!(made::of_kind(&run, Kind::LlmCall)[0].duration_ms, None);
    assert!(run.report.warnings[0].contains("have one time only"));
}

#[test]
fn costs_are_estimates_from_configured_prices() {
    let cost = |cost: f64| {
        let usage = with(usage(10, 2), json!({"total_cost": cost}));
        let run = run_of_events(json!([model(
            json!([]),
            said(json!({"content": "x"}), usage),
            json!({})
        )]));
        let call = made::of_kind(&run, Kind::LlmCall)[0].clone();
        (call.cost_usd.map(|c| c.to_string()), call.cost_source)
    };
    assert_eq!(cost(0.0125), (Some("0.0125".to_owned()), Some(CostSource::ClientEstimate)));
    assert_eq!(cost(0.0), (None, None), "no price is not no cost");
    let only_cost = json!({"total_cost": 0.5});
    assert!(matches!(read(&only_cost, false, true), Some(Counted { cost: Some(_), .. })));
}

#[test]
fn numbers_that_json_lacks_and_large_ones_are_read() {
    let log = document(json!([with(
        sample(json!([model(
            json!([]),
            said(json!({"content": "x"}), usage(5, 1)),
            json!({"retries": 7})
        )])),
        json!({"scores": {"a": {"value": "NAN"}}, "metadata": {"n": "BIG", "m": "INF"}})
    )]));
    let log = log
        .replace("\"NAN\"", "NaN")
        .replace("\"BIG\"", "92233720368547758080")
        .replace("\"INF\"", "-Infinity");
    let run = only(made::import(&[("log.json", &log)]));
    let result = made::of_kind(&run, Kind::StageResult)[0];
    assert_eq!((result.score, result.passed), (None, None), "a score that is no number is none");
    let start = attributes(&run.events[0]);
    assert_eq!(start["sample_metadata"]["n"].as_f64(), Some(92_233_720_368_547_758_080.0));
    assert_eq!(made::total(&run, |e| e.input_tokens), Some(5));
}
