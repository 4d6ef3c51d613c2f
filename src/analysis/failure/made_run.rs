//! A small run for tests, written down event by event.

use super::*;
use crate::trace::{
    EndReason, Event, Kind, RunFacts, StageStatus, Timestamp, ToolKind, ToolStatus,
};

/// A run that is written down event by event.
pub(super) struct Made {
    pub(super) events: Vec<Event>,
    stage: i64,
}

impl Made {
    pub(super) fn new() -> Self {
        Self { events: Vec::new(), stage: 0 }
    }

    pub(super) fn add(mut self, kind: Kind, fill: impl FnOnce(&mut Event)) -> Self {
        let seq = i64::try_from(self.events.len()).unwrap();
        let mut event = Event { seq, stage: Some(self.stage), ..Event::new(kind) };
        event.ts = Some(Timestamp::from_micros(seq * 1_000_000));
        fill(&mut event);
        self.events.push(event);
        self
    }

    pub(super) fn stage(mut self, stage: i64) -> Self {
        self.stage = stage;
        self.add(Kind::StageStart, |_| {})
    }

    pub(super) fn says(self, text: &str) -> Self {
        self.add(Kind::LlmCall, |e| e.content = Some(text.to_owned()))
    }

    pub(super) fn fails(self, code: &str, text: &str) -> Self {
        self.add(Kind::LlmCall, |e| {
            e.error_type = Some(code.to_owned());
            e.content = Some(text.to_owned());
        })
    }

    pub(super) fn runs(self, command: &str, output: &str, code: i64) -> Self {
        self.add(Kind::LlmCall, |_| {}).add(Kind::ToolCall, |e| {
            e.tool_name = Some("terminal".to_owned());
            e.tool_kind = Some(ToolKind::Shell);
            e.arguments = Some(format!("{{\"command\": \"{command}\"}}"));
            e.content = Some(output.to_owned());
            e.exit_code = Some(code);
            e.tool_status = Some(ToolStatus::Ok);
        })
    }

    pub(super) fn malformed(self, n: i64, text: &str) -> Self {
        self.add(Kind::LlmCall, |_| {}).add(Kind::ToolCall, |e| {
            e.tool_name = Some("editor".to_owned());
            e.arguments_hash = Some(n);
            e.content = Some(text.to_owned());
            e.tool_status = Some(ToolStatus::Error);
        })
    }

    pub(super) fn graded(self, score: f64, tests: (i64, i64), reason: EndReason) -> Self {
        self.add(Kind::StageResult, |e| {
            e.score = Some(score);
            (e.tests_passed, e.tests_total) = (Some(tests.0), Some(tests.1));
            e.end_reason = Some(reason);
            e.stage_status = Some(StageStatus::Failed);
        })
    }

    /// Ends the run, outside any stage.
    pub(super) fn run_end(self, reason: EndReason) -> Self {
        self.add(Kind::RunEnd, |e| {
            e.stage = None;
            e.end_reason = Some(reason);
        })
    }

    pub(super) fn attribute_at(&self, gate: f64) -> RunAttribution {
        let rules = FailureRules::built_in().unwrap();
        let run = RunFacts { run_id: "r".to_owned(), model: "m".to_owned(), ..RunFacts::default() };
        let mut attributor = Attributor::new(run, &rules, gate).unwrap();
        for event in &self.events {
            attributor.push(event);
        }
        attributor.finish()
    }

    pub(super) fn attribute(&self) -> RunAttribution {
        self.attribute_at(60.0)
    }

    /// The one failure.
    pub(super) fn failure(&self) -> StageFailure {
        let mut run = self.attribute();
        assert_eq!(run.failures.len(), 1);
        run.failures.remove(0)
    }

    /// Its primary cause and the contributing ones.
    pub(super) fn causes(&self) -> (Cause, Vec<Cause>) {
        let failure = self.failure();
        for label in failure.labels() {
            let seqs: Vec<i64> = label.evidence.iter().map(|e| e.seq).collect();
            assert!(!seqs.is_empty(), "{label:?}");
            assert!(seqs.iter().all(|s| self.events.iter().any(|e| e.seq == *s)), "{label:?}");
        }
        (failure.primary.cause, failure.contributing.iter().map(|l| l.cause).collect())
    }
}
