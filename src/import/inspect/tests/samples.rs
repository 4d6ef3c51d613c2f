//! Real logs: numbers that were read with Inspect itself.

use super::*;
use crate::trace::{EndReason, ToolStatus};

fn runs(name: &str) -> Option<Vec<Imported>> {
    let path = made::sample(&format!("inspect/{name}"))?;
    let runs = made::import_at(&path);
    for run in &runs {
        assert_eq!(run.report.lost(), 0, "{:?}", run.report);
    }
    Some(runs)
}

fn totals(run: &Imported) -> [Option<i64>; 5] {
    [
        made::total(run, |e| e.input_tokens),
        made::total(run, |e| e.cache_read_tokens),
        made::total(run, |e| e.cache_write_tokens),
        made::total(run, |e| e.output_tokens),
        made::total(run, |e| e.reported_total_tokens),
    ]
}

#[test]
fn cached_tokens_apart_in_zstd() {
    let Some(runs) = runs("GENERATED_inspect-0.3.260_mockllm_zstd.eval") else { return };
    assert_eq!(runs.len(), 2);
    for run in &runs {
        assert_eq!(totals(run), [2886, 1860, 1000, 75, 2961].map(Some));
        assert_eq!(run.run.agent.as_deref(), Some("react"));
        assert_eq!(made::of_kind(run, Kind::LlmCall).len(), 3);
        let statuses: Vec<_> =
            made::of_kind(run, Kind::ToolCall).iter().map(|c| c.tool_status.unwrap()).collect();
        assert_eq!(statuses, [ToolStatus::Error, ToolStatus::Ok, ToolStatus::Ok]);
        assert_eq!(made::of_kind(run, Kind::Message).len(), 2);
        let result = made::of_kind(run, Kind::StageResult)[0];
        assert_eq!((result.score, result.end_reason), (Some(100.0), Some(EndReason::Finished)));
        assert!(run.report.warnings.is_empty());
    }
    assert_eq!(runs[0].run.run_id, "9psXn4xpubjBKvWyE8utFL");
    assert_eq!(runs[0].events[4].ts.unwrap().to_string(), "2026-11-22T11:12:14.160308Z");
    assert!(texts(&runs[0], Kind::Message)[1].len() > 100, "the attachment, not its address");
}

#[test]
fn cached_tokens_inside_and_local_times() {
    let name = "UKGovernmentBEIS_inspect_ai__2025-05-12T20-27-36-04-00_browser.json";
    let Some(runs) = runs(name) else { return };
    let run = only(runs);
    assert_eq!(totals(&run), [Some(15_235), Some(9_088), None, Some(281), Some(15_516)]);
    let calls = made::of_kind(&run, Kind::LlmCall);
    assert_eq!(calls.len(), 5);
    assert_eq!(calls[0].ts.unwrap().to_string(), "2025-05-13T00:27:38.462180Z");
    assert_eq!(calls[0].duration_ms, Some(1234.979));
    let tools = made::of_kind(&run, Kind::ToolCall);
    assert_eq!(tools.len(), 4);
    let commands = tools.iter().map(|t| attributes(t)["sandbox"].as_array().unwrap().len());
    assert_eq!(commands.sum::<usize>(), 10);
    assert_eq!(made::of_kind(&run, Kind::Message).len(), 1);
    assert_eq!(made::of_kind(&run, Kind::StageResult)[0].elapsed_s, Some(18.517));
}

#[test]
fn messages_of_a_pool_by_its_first_name() {
    let Some(runs) = runs("UKGovernmentBEIS_inspect_ai__log_message_deduplication.eval") else {
        return;
    };
    let run = only(runs);
    assert_eq!(texts(&run, Kind::Message), ["Guess the number"]);
    assert_eq!(made::of_kind(&run, Kind::LlmCall).len(), 6);
    let codes: Vec<_> = made::of_kind(&run, Kind::ToolCall).iter().map(|c| c.exit_code).collect();
    assert_eq!(codes, [Some(0); 5]);
    assert_eq!(totals(&run), [None; 5], "the model counts nothing");
    assert_eq!(made::of_kind(&run, Kind::StageResult)[0].score, Some(0.0));
}

#[test]
fn logs_of_the_first_releases() {
    if let Some(runs) = runs("UKGovernmentBEIS_inspect_ai__log_formats.eval") {
        let run = only(runs);
        assert_eq!(totals(&run), [Some(66), None, None, Some(2), Some(68)]);
        assert!(texts(&run, Kind::Message)[0].contains("EXERCISE"), "a text behind `tc://`");
        assert_eq!(made::of_kind(&run, Kind::StageResult)[0].score, Some(0.0));
        assert_eq!(run.events[0].ts.unwrap().to_string(), "2024-10-15T16:53:13.264282Z");
        let warnings = &run.report.warnings;
        assert!(warnings.len() == 1 && warnings[0].contains("one time only"), "{warnings:?}");
    }
    if let Some(runs) = runs("UKGovernmentBEIS_inspect_ai__log_streaming.eval") {
        let sums: Vec<_> = runs.iter().map(|r| (r.run.workload.as_str(), totals(r)[4])).collect();
        let expected = [
            ("popularity/1", Some(67)),
            ("popularity/1", Some(68)),
            ("popularity/2", Some(62)),
            ("popularity/2", Some(61)),
        ];
        assert_eq!(sums, expected);
    }
    let name = "UKGovernmentBEIS_inspect_ai__2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval";
    if let Some(runs) = runs(name) {
        assert_eq!(runs.len(), 10);
        assert_eq!(runs.iter().filter_map(|r| totals(r)[4]).sum::<i64>(), 640);
        assert!(runs.iter().all(|r| r.report.warnings.is_empty()));
    }
}

#[test]
fn messages_alone_and_errors_of_tools() {
    let Some(runs) = runs("UKGovernmentBEIS_inspect_ai__log_tool_call_error.json") else { return };
    let run = only(runs);
    let calls = made::of_kind(&run, Kind::ToolCall);
    assert_eq!(calls.len(), 11);
    let of = |status: ToolStatus| calls.iter().filter(|c| c.tool_status == Some(status)).count();
    assert_eq!((of(ToolStatus::Timeout), of(ToolStatus::Denied), of(ToolStatus::Error)), (1, 2, 8));
    assert_eq!(run.report.warnings.len(), 1, "the header counts a token");
}

#[test]
fn damaged_logs_are_runs_or_errors() {
    let names = [
        "UKGovernmentBEIS_inspect_ai__log_formats.eval",
        "UKGovernmentBEIS_inspect_ai__log_message_deduplication.eval",
        "UKGovernmentBEIS_inspect_ai__log_streaming.eval",
        "UKGovernmentBEIS_inspect_ai__log_tool_call_error.json",
        "GENERATED_inspect-0.3.260_mockllm_zstd.eval",
    ];
    let logs: Option<Vec<_>> =
        names.iter().map(|name| made::sample(&format!("inspect/{name}"))).collect();
    if let Some(logs) = logs {
        made::assert_survives(&logs, 1000);
    }
}
