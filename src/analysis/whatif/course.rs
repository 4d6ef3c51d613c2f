//! A run as the moments that a limit can fall on: what each cost, when it ended, what it was.
//!
//! The moments stand in the order of the trace. A moment without a time of its own ends with the one before it; a grade
//! without one ends when its stage had begun and taken as long as the harness reports.

use super::progress::Progress;
use crate::analysis::calls::{LlmCall, RunCalls};
use crate::analysis::process::CommandGroups;
use crate::trace::{Event, Kind, RunFacts, ToolStatus};
use std::collections::BTreeMap;

/// A run, event by event.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Its identity and its answered calls.
    pub calls: RunCalls,
    /// Its events, in order.
    pub moments: Vec<Moment>,
    /// Whether every call of it has a time.
    pub timed: bool,
}

/// An event, reduced to what a limit looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Position in the run.
    pub seq: i64,
    /// Stage, when it is in one.
    pub stage: Option<i64>,
    /// When it, and everything before it, had ended, in microseconds since the first event.
    pub end_us: i64,
    /// What happened.
    pub deed: Deed,
}

/// What happened at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deed {
    /// An answered LLM call, by its place among the calls of the run.
    Call(usize),
    /// A request without an answer.
    FailedRequest,
    /// A tool call.
    Tool {
        /// How many times in a row this same call has now been made.
        streak: i64,
        /// Whether it ended in an error of the tool.
        error: bool,
        /// Whether it changed something, as far as the trace says.
        change: bool,
    },
    /// A grade.
    Grade {
        /// Score, 0 to 100.
        score: Option<f64>,
        /// Whether it is the last of its stage.
        last: bool,
    },
    /// Anything else.
    Other,
}

impl Course {
    /// Final score of every graded stage, with the place of its grade.
    pub fn results(&self) -> BTreeMap<i64, (usize, Option<f64>)> {
        let graded = self.moments.iter().enumerate().filter_map(|(at, moment)| {
            let Deed::Grade { score, last: true } = moment.deed else { return None };
            Some((moment.stage?, (at, score)))
        });
        graded.collect()
    }

    /// Mean of the final scores; `None` when there is none.
    pub fn score(&self) -> Option<f64> {
        crate::analysis::cohort::mean(self.results().into_values().filter_map(|(_, score)| score))
    }

    /// The answered call of a moment.
    pub fn call(&self, moment: &Moment) -> Option<&LlmCall> {
        let Deed::Call(place) = moment.deed else { return None };
        self.calls.calls.get(place)
    }
}

/// Collects the course of one run from its events, in order.
#[derive(Debug)]
pub struct CourseCollector<'a> {
    course: Course,
    progress: Progress<'a>,
    first_us: Option<i64>,
    end_us: i64,
    stage_starts: BTreeMap<i64, i64>,
}

impl<'a> CourseCollector<'a> {
    /// A run without events yet; `checks` are builds and tests.
    pub fn new(run: RunFacts, checks: &'a CommandGroups) -> Self {
        let calls = RunCalls {
            run_id: run.run_id,
            workload: run.workload,
            model: run.model,
            provider: run.provider,
            started_at: None,
            calls: Vec::new(),
        };
        Self {
            course: Course { calls, moments: Vec::new(), timed: true },
            progress: Progress::new(checks),
            first_us: None,
            end_us: 0,
            stage_starts: BTreeMap::new(),
        }
    }

    /// The run that is collected.
    pub fn run_id(&self) -> &str {
        &self.course.calls.run_id
    }

    /// Looks at the next event.
    pub fn push(&mut self, event: &Event) {
        let calls = &mut self.course.calls;
        calls.started_at = match (calls.started_at, event.ts) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.take_time(event);
        let deed = match event.kind {
            Kind::LlmCall if event.error_type.is_none() => {
                let calls = &mut self.course.calls.calls;
                calls.push(LlmCall::of(event));
                Deed::Call(calls.len() - 1)
            }
            Kind::LlmCall => Deed::FailedRequest,
            Kind::ToolCall => Deed::Tool {
                streak: event.identical_streak.unwrap_or(1),
                error: event.tool_status == Some(ToolStatus::Error),
                change: self.progress.push(event),
            },
            Kind::AttemptResult | Kind::StageResult => Deed::Grade {
                score: event.score.filter(|s| s.is_finite()),
                last: event.kind == Kind::StageResult,
            },
            _ => Deed::Other,
        };
        let (seq, stage, end_us) = (event.seq, event.stage, self.end_us);
        self.course.moments.push(Moment { seq, stage, end_us, deed });
    }

    fn take_time(&mut self, event: &Event) {
        let length = event.duration_ms.filter(|d| d.is_finite() && *d >= 0.0).map_or(0, micros);
        let Some(start) = event.offset_us else {
            if matches!(event.kind, Kind::LlmCall | Kind::ToolCall) {
                self.course.timed = false;
            }
            if event.kind == Kind::StageResult
                && let Some(began) = event.stage.and_then(|s| self.stage_starts.get(&s))
                && let Some(took) = event.elapsed_s.filter(|s| s.is_finite() && *s >= 0.0)
            {
                self.end_us = self.end_us.max(began.saturating_add(micros(took * 1000.0)));
            }
            return;
        };
        let start = start.saturating_sub(*self.first_us.get_or_insert(start));
        if let (Kind::StageStart, Some(stage)) = (event.kind, event.stage) {
            self.stage_starts.entry(stage).or_insert(start);
        }
        self.end_us = self.end_us.max(start.saturating_add(length));
    }

    /// The run.
    pub fn finish(self) -> Course {
        self.course
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast saturates, and so far no run takes 2^63 microseconds"
)]
fn micros(milliseconds: f64) -> i64 {
    (milliseconds * 1000.0).round() as i64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::trace::{ToolKind, Usd};

    /// The course of events.
    pub(in super::super) fn course(events: &[Event]) -> Course {
        let checks = CommandGroups::default();
        let mut collector = CourseCollector::new(RunFacts::default(), &checks);
        for (seq, event) in (0..).zip(events) {
            collector.push(&Event { seq, ..event.clone() });
        }
        collector.finish()
    }

    /// A call of so many cents and tokens in a stage, that takes a second.
    pub(in super::super) fn call(stage: i64, cents: i64, tokens: i64) -> Event {
        Event {
            stage: Some(stage),
            duration_ms: Some(1000.0),
            cost_usd: Usd::from_nanos(i128::from(cents) * 10_000_000),
            input_tokens: Some(tokens),
            output_tokens: Some(0),
            ..Event::new(Kind::LlmCall)
        }
    }

    /// A tool call in a stage.
    pub(in super::super) fn tool(stage: i64, streak: i64, status: ToolStatus) -> Event {
        Event {
            stage: Some(stage),
            identical_streak: Some(streak),
            tool_status: Some(status),
            tool_kind: Some(ToolKind::Search),
            ..Event::new(Kind::ToolCall)
        }
    }

    /// The final grade of a stage.
    pub(in super::super) fn grade(stage: i64, score: f64) -> Event {
        Event { stage: Some(stage), score: Some(score), ..Event::new(Kind::StageResult) }
    }

    /// The grade of an attempt that was not the last.
    pub(in super::super) fn attempt(stage: i64, score: f64) -> Event {
        Event { kind: Kind::AttemptResult, ..grade(stage, score) }
    }

    #[test]
    fn times_never_run_back_and_grades_without_one_take_what_is_reported() {
        let at = |s: i64, event: Event| Event { offset_us: Some(s * 1_000_000), ..event };
        let start = Event { stage: Some(0), ..Event::new(Kind::StageStart) };
        let found = course(&[
            at(100, Event::new(Kind::RunStart)),
            at(110, start),
            at(111, call(0, 1, 10)),
            at(112, Event { duration_ms: None, ..tool(0, 1, ToolStatus::Ok) }),
            Event { elapsed_s: Some(9.5), ..grade(0, 50.0) },
            Event::new(Kind::RunEnd),
        ]);
        let ends: Vec<i64> = found.moments.iter().map(|m| m.end_us / 100_000).collect();
        assert_eq!(ends, [0, 100, 120, 120, 195, 195], "in tenths of seconds");
        assert!(found.timed);
        assert!(!course(&[call(0, 1, 1)]).timed);
    }

    #[test]
    fn a_run_is_its_calls_its_grades_and_their_order() {
        let failed = Event { error_type: Some("Timeout".to_owned()), ..call(0, 0, 0) };
        let found = course(&[
            call(0, 1, 10),
            failed,
            attempt(0, 20.0),
            call(0, 2, 10),
            grade(0, 80.0),
            grade(1, 0.0),
        ]);
        let deeds: Vec<Deed> = found.moments.iter().map(|m| m.deed).collect();
        assert_eq!(deeds[..2], [Deed::Call(0), Deed::FailedRequest]);
        assert_eq!(deeds[3], Deed::Call(1));
        assert_eq!(found.calls.calls.len(), 2);
        assert_eq!(found.results(), BTreeMap::from([(0, (4, Some(80.0))), (1, (5, Some(0.0)))]));
        assert_eq!(found.score(), Some(40.0));
        assert_eq!(course(&[]).score(), None);
    }
}
