//! Small runs for the tests of this module, written to real trace files.

use super::recording::Recording;
use crate::trace::{Event, Kind, RunFacts, Store, ToolKind, ToolStatus, TraceWriter, Usd};
use tempfile::TempDir;

/// A trace file that goes with the test.
pub(super) struct Trace {
    folder: TempDir,
}

impl Trace {
    pub(super) fn of(runs: &[(&str, Vec<Event>)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = TraceWriter::create(&folder.path().join("t.parquet")).unwrap();
        for (run_id, events) in runs {
            let facts = RunFacts {
                run_id: (*run_id).to_owned(),
                workload: "w".to_owned(),
                model: "m".to_owned(),
                ..RunFacts::default()
            };
            for (seq, event) in events.iter().enumerate() {
                let event = Event { seq: i64::try_from(seq).unwrap(), ..event.clone() };
                writer.write(&facts, &event).unwrap();
            }
        }
        writer.finish(false).unwrap();
        Self { folder }
    }

    pub(super) fn open_run(&self, run_id: &str) -> Recording {
        Recording::open(Store::open(self.folder.path()).unwrap().find(run_id).unwrap()).unwrap()
    }

    pub(super) fn open(&self) -> Recording {
        self.open_run("r")
    }
}

/// A trace with one run `r`.
pub(super) fn trace(events: Vec<Event>) -> Trace {
    Trace::of(&[("r", events)])
}

/// Tool calls, ten milliseconds apart, one in a hundred of which fails.
pub(super) fn run_of(events: usize) -> Vec<Event> {
    let one = |n: usize| {
        let mut event = tool("bash", &format!("{{\"command\":\"step {n}\"}}"), 0);
        event.content = Some(format!("result {n}"));
        event.offset_us = i64::try_from(n).ok().map(|n| n * 10_000);
        event.exit_code = Some(i64::from(n % 100 == 99));
        event
    };
    (0..events).map(one).collect()
}

pub(super) fn long(events: usize) -> Trace {
    trace(run_of(events))
}

pub(super) fn tool(name: &str, arguments: &str, exit_code: i64) -> Event {
    let mut event = Event::new(Kind::ToolCall);
    event.tool_name = Some(name.to_owned());
    event.tool_kind = Some(if name == "bash" { ToolKind::Shell } else { ToolKind::Edit });
    event.tool_status = Some(ToolStatus::Ok);
    event.arguments = Some(arguments.to_owned());
    event.exit_code = Some(exit_code);
    event
}

pub(super) fn said(kind: Kind, role: &str, text: &str) -> Event {
    let mut event = Event::new(kind);
    (event.role, event.content) = (Some(role.to_owned()), Some(text.to_owned()));
    event
}

/// A run of two stages: the first passes, the second fails and is recovered. One event a second.
pub(super) fn two_stages() -> Vec<Event> {
    let mut events = vec![Event::new(Kind::RunStart)];
    for stage in 0..2 {
        let mut of_stage = vec![
            said(Kind::StageStart, "user", &format!("Stage {stage}: do it.")),
            said(Kind::Message, "user", &format!("Stage {stage}: do it.")),
            said(Kind::LlmCall, "assistant", "I look around."),
            tool("bash", r#"{"command":"ls -l\ncat a.txt"}"#, 0),
            said(Kind::LlmCall, "assistant", "Now I run the tests."),
            tool("bash", r#"{"command":"make test"}"#, stage),
            Event::new(Kind::StageResult),
        ];
        for (call, event) in of_stage.iter_mut().filter(|e| e.kind == Kind::LlmCall).enumerate() {
            let n = i64::try_from(call).unwrap() + 2 * stage;
            (event.input_tokens, event.output_tokens) = (Some(1_000 * (n + 1)), Some(10));
            event.cost_usd = Usd::parse("0.001");
        }
        let result = of_stage.last_mut().unwrap();
        result.score = Some(if stage == 0 { 100.0 } else { 40.0 });
        result.passed = Some(stage == 0);
        for event in &mut of_stage {
            (event.stage, event.attempt) = (Some(stage), Some(1));
        }
        events.extend(of_stage);
    }
    let mut recovery = Event::new(Kind::Recovery);
    recovery.stage = Some(1);
    events.push(recovery);
    events.push(Event::new(Kind::RunEnd));
    for (second, event) in (0..).zip(&mut events) {
        event.offset_us = Some(second * 1_000_000);
        if matches!(event.kind, Kind::LlmCall | Kind::ToolCall) {
            event.duration_ms = Some(500.0);
        }
    }
    events
}
