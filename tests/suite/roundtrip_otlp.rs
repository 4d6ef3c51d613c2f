//! Imported, exported and imported again: a run comes back as it was, column by column.

use ramptrace::export::otlp;
use ramptrace::import::{Collected, Imported, Source, find_sources, import_all, jobs};
use ramptrace::trace::{
    Clock, CostSource, EndReason, Event, Kind, RunFacts, StageStatus, Timestamp, ToolKind,
    ToolStatus, UsageQuality, Usd, arguments_hash,
};
use std::path::{Path, PathBuf};

/// A run that went through OTLP.
fn again(run: &RunFacts, events: &[Event]) -> Imported {
    let exported = otlp(run, events.iter().cloned());
    assert!(exported.unexpressed.is_empty(), "{:?}", exported.unexpressed);
    let [(name, document)] = exported.documents.as_slice() else { panic!("one document") };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, document.to_string()).expect("a file");
    let mut runs = import_all(&[path]).expect("a trace");
    assert_eq!(runs.len(), 1);
    let back = runs.remove(0);
    assert!(back.report.balances() && back.report.lost() == 0, "{:?}", back.report);
    back
}

/// No difference is allowed: whatever the conventions cannot say stands under names of ours.
fn assert_same(run: &RunFacts, events: &[Event]) {
    let back = again(run, events);
    assert_eq!(&back.run, run);
    for (before, after) in events.iter().zip(&back.events) {
        let json = |event: &Event| serde_json::to_value(event).expect("JSON");
        assert_eq!(json(after), json(before), "{}", run.run_id);
    }
    assert_eq!(back.events.len(), events.len());
}

fn real(name: &str) -> Option<PathBuf> {
    let root = std::env::var("RAMPTRACE_REAL_DATA").ok()?;
    Some(Path::new(&root).join("samples").join(name))
}

#[test]
fn imported_traces_come_back() {
    let mut seen = 0;
    for name in ["otlp-genai", "otel-nonotlp"] {
        let Some(path) = real(name) else { return };
        for file in std::fs::read_dir(path).expect("a folder") {
            for run in import_all(&[file.expect("a file").path()]).expect("a trace") {
                assert_same(&run.run, &run.events);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 9);
}

/// Logs of every format that is at hand, the shorter ones.
#[test]
fn logs_of_other_formats_come_back() {
    const LONGEST: u64 = 64 << 10;
    let (Some(samples), Some(ramp)) = (real(""), real("../ramp/runs")) else { return };
    let mut rows = 0;
    for folder in std::fs::read_dir(samples)
        .expect("samples")
        .chain(std::fs::read_dir(ramp).expect("runs").take(2))
    {
        let Ok(found) = find_sources(&[folder.expect("a folder").path()]) else { continue };
        let is_short = |source: &Source| source.path.metadata().is_ok_and(|m| m.len() <= LONGEST);
        let short = found.sources.into_iter().filter(is_short).collect();
        let mut sink = Collected::default();
        for job in jobs(short).into_iter().flatten() {
            // Logs that cannot be imported are a matter of their importers' tests.
            let _ = job.import(&mut sink);
        }
        for run in sink.runs {
            rows += run.events.len();
            assert_same(&run.run, &run.events);
        }
    }
    assert!(rows > 100, "{rows}");
}

/// Other tools know nothing of names of ours: what they count is the same.
#[test]
fn the_conventions_alone_say_what_was_used() {
    let (run, events) = (facts("made"), made(true));
    let document = otlp(&run, events.iter().cloned()).documents[0].1.to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("foreign.json");
    std::fs::write(&path, document.replace("ramptrace.", "foreign.")).expect("a file");
    let back = import_all(&[path]).expect("a trace").remove(0);
    assert_eq!((back.run.run_id.as_str(), back.run.model.as_str()), ("made", "m"));
    let calls = |events: &[Event]| -> Vec<(Option<i64>, Option<String>, Option<String>)> {
        let calls = events.iter().filter(|e| e.kind == Kind::LlmCall && e.llm_call_count.is_none());
        let calls = calls.filter(|e| e.usage_quality != Some(UsageQuality::Aggregate));
        calls.map(|e| (e.input_tokens, e.content.clone(), e.error_type.clone())).collect()
    };
    let mut expected = calls(&events);
    // An empty text is none to others.
    for call in &mut expected {
        call.1 = call.1.take().filter(|text| !text.is_empty());
    }
    assert_eq!(calls(&back.events), expected);
    let names = |events: &[Event]| -> Vec<Option<String>> {
        events.iter().filter(|e| e.kind == Kind::ToolCall).map(|e| e.tool_name.clone()).collect()
    };
    assert_eq!(names(&back.events)[..2], names(&events)[..2]);
}

fn facts(run_id: &str) -> RunFacts {
    RunFacts {
        run_id: run_id.to_owned(),
        workload: "made/up".to_owned(),
        model: "m".to_owned(),
        provider: Some("p".to_owned()),
        agent: None,
        protocol: Some("retries".to_owned()),
    }
}

/// Rows in a stage, numbered; times in seconds.
#[derive(Default)]
struct Made(Vec<Event>);

impl Made {
    fn add(&mut self, kind: Kind, ts: Option<i64>, fill: impl FnOnce(&mut Event)) {
        let mut event = Event::new(kind);
        event.seq = i64::try_from(self.0.len()).expect("a few rows");
        event.ts = ts.map(|s| Timestamp::from_micros(1_700_000_000_000_000 + s * 1_000_000));
        event.clock = ts.map(|_| Clock::AssumedUtc);
        event.offset_us = ts.map(|s| s * 1_000_000);
        if !matches!(kind, Kind::RunStart | Kind::RunEnd) {
            (event.stage, event.attempt) = (Some(0), Some(1));
        }
        fill(&mut event);
        self.0.push(event);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "columns may be empty")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn made(timed: bool) -> Vec<Event> {
    let at = |s: i64| timed.then_some(s);
    let mut rows = Made::default();
    rows.add(Kind::RunStart, at(0), |e| e.attributes = text(r#"{"cwd":"/x","é":[1,2.5]}"#));
    rows.add(Kind::StageStart, at(0), |_| ());
    rows.add(Kind::Message, at(1), |e| (e.role, e.content) = (text("system"), text("Be brief.")));
    rows.add(Kind::Message, None, |e| {
        (e.role, e.content) = (text("user"), text(""));
        e.event_id = text("m1");
        e.attributes = text(r#"{"k":"v"}"#);
    });
    rows.add(Kind::Message, at(1), |e| e.role = None);
    rows.add(Kind::LlmCall, at(2), |e| {
        e.event_id = text("c1");
        e.response_id = text("resp");
        e.duration_ms = Some(1234.567);
        (e.input_tokens, e.cache_read_tokens, e.cache_write_tokens) =
            (Some(100), Some(60), Some(0));
        (e.output_tokens, e.reasoning_tokens) = (Some(20), Some(5));
        e.reported_total_tokens = Some(120);
        e.usage_quality = Some(UsageQuality::Final);
        (e.cost_usd, e.cost_source) = (Usd::parse("0.012345678"), Some(CostSource::Reported));
        (e.finish_reason, e.role) = (text("tool_calls"), text("assistant"));
        e.content = text("I look.\n\"quotes\" \u{1F600}");
        e.context_limit = Some(8192);
        e.attributes = text(r#"{"reasoning":"hm","usage":{"prompt_tokens":100}}"#);
    });
    rows.add(Kind::ToolCall, at(4), |e| {
        (e.event_id, e.parent_event_id) = (text("t1"), text("c1"));
        e.duration_ms = Some(0.1 + 0.2);
        (e.tool_name, e.tool_call_id, e.tool_kind) =
            (text("sh"), text("call"), Some(ToolKind::Shell));
        e.arguments = text("{\"command\": \"ls\"}");
        (e.arguments_hash, e.identical_streak) = (Some(arguments_hash("{}")), Some(1));
        (e.exit_code, e.tool_status, e.content) = (Some(2), Some(ToolStatus::Ok), text("no"));
    });
    rows.add(Kind::ToolCall, at(5), |e| {
        (e.event_id, e.parent_event_id) = (text("t2"), text("c1"));
        (e.tool_name, e.tool_call_id) = (text("task"), text("call2"));
        e.arguments = text("not JSON");
        e.tool_status = Some(ToolStatus::Timeout);
    });
    rows.add(Kind::ToolCall, at(5), |e| {
        e.tool_status = Some(ToolStatus::Error);
        (e.error_type, e.content) = (text("OSError"), text("disk full"));
    });
    // A sub-agent, which the second tool call started.
    let sub = r#"{"agent_id":"a7","agent_type":"explore"}"#;
    rows.add(Kind::Message, at(6), |e| {
        (e.role, e.content, e.attributes) = (text("user"), text("Explore."), text(sub));
        e.parent_event_id = text("t2");
    });
    rows.add(Kind::LlmCall, at(6), |e| {
        (e.event_id, e.attributes) = (text("s1"), text(sub));
        e.content = text("Done.");
        (e.input_tokens, e.usage_quality) = (Some(7), Some(UsageQuality::Partial));
    });
    rows.add(Kind::LlmCall, at(8), |e| {
        (e.error_type, e.content) = (text("rate_limit"), text("slow down"));
        e.duration_ms = Some(0.0);
    });
    rows.add(Kind::LlmCall, at(9), |e| (e.error_type, e.content) = (text("timeout"), text("")));
    rows.add(Kind::Error, at(10), |e| (e.error_type, e.content) = (text("Stuck"), text("again")));
    rows.add(Kind::Error, None, |e| e.content = text(""));
    rows.add(Kind::AttemptResult, at(11), |e| {
        (e.score, e.passed) = (Some(1.0 / 3.0), Some(false));
        e.elapsed_s = Some(1e-300);
    });
    rows.add(Kind::StageStart, at(11), |e| e.attempt = Some(2));
    rows.add(Kind::Message, at(12), |e| e.content = text("nobody answered this"));
    rows.add(Kind::Recovery, at(12), |e| e.attempt = Some(2));
    rows.add(Kind::StageResult, at(13), |e| {
        (e.attempt, e.score, e.passed) = (Some(2), Some(100.0), Some(true));
        (e.tests_passed, e.tests_total) = (Some(3), Some(3));
        (e.stage_status, e.end_reason) = (Some(StageStatus::Recovered), Some(EndReason::Finished));
        e.elapsed_s = Some(12.345_678_901_234_567);
    });
    rows.add(Kind::StageStart, at(14), |e| e.stage = Some(1));
    rows.add(Kind::LlmCall, at(15), |e| {
        e.stage = Some(1);
        (e.llm_call_count, e.usage_quality) = (Some(0), Some(UsageQuality::Aggregate));
        (e.input_tokens, e.output_tokens) = (Some(5000), Some(600));
        (e.cost_usd, e.cost_source) = (Usd::parse("1.5"), Some(CostSource::ReportedTotal));
    });
    rows.add(Kind::StageResult, at(16), |e| {
        (e.stage, e.usage_quality) = (Some(1), Some(UsageQuality::Aggregate));
        e.input_tokens = Some(1);
    });
    rows.add(Kind::RunEnd, at(17), |e| {
        (e.elapsed_s, e.end_reason, e.content) = (Some(17.0), Some(EndReason::Budget), text("end"));
    });
    rows.0
}

#[test]
fn made_runs_come_back() {
    assert_same(&facts("made"), &made(true));
    assert_same(&facts("a run / without times"), &made(false));
    let mut early = made(true);
    for event in &mut early {
        event.ts = event.ts.map(|ts| ts.plus_micros(-1_700_000_000_000_000 - 5_000_000));
    }
    assert_same(&facts("partly before 1970"), &early);
}

#[test]
fn the_same_run_gives_the_same_document() {
    let export = || otlp(&facts("made"), made(true).into_iter()).documents[0].1.to_string();
    assert_eq!(export(), export());
}
