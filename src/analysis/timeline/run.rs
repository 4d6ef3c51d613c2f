//! A finished timeline. All places are microseconds since the first thing on it.

use super::super::TimeUse;
use std::collections::BTreeMap;

/// One run over wall time.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTimeline {
    /// The workload.
    pub workload: String,
    /// Identifier of the run.
    pub run_id: String,
    /// Display label of the run.
    pub label: String,
    /// From the first thing on it to the end of the last.
    pub length_us: i64,
    /// Stages with event times, by start.
    pub stages: Vec<TimelineStage>,
    /// What went on, by lane, then stage and start. Within a stage no two overlap: a moment belongs to the first lane in
    /// the order of [`Lane`] that claims it.
    pub spans: Vec<TimelineSpan>,
    /// Errors and recoveries, by place.
    pub marks: Vec<TimelineMark>,
    /// Stretches of one repeated tool call.
    pub loops: Vec<LoopStretch>,
    /// LLM requests and tool calls of the run, placed or not.
    pub calls: (usize, usize),
    /// Time by activity, as in the time ledger.
    pub time: TimeUse,
    /// What has no place.
    pub unplaced: Unplaced,
}

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineStage {
    /// Index.
    pub stage: i64,
    /// Start of its first event.
    pub from_us: i64,
    /// End of its last event, and of the grading placed after it.
    pub to_us: i64,
}

/// What went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Waiting for an answered LLM call.
    Llm,
    /// A tool at work while no model answered.
    Tool,
    /// A request that got no answer, or the pause before it was tried again.
    Failed,
    /// Grading, and what else the harness reports beyond the events of a stage.
    Grading,
    /// Nothing on record.
    Idle,
}

/// A stretch of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineSpan {
    /// Its lane.
    pub lane: Lane,
    /// Its stage; what happened outside of stages is in no ledger.
    pub stage: Option<i64>,
    /// Start.
    pub from_us: i64,
    /// End.
    pub to_us: i64,
}

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKind {
    /// An LLM request without an answer.
    FailedRequest,
    /// A tool call that ended in an error, a timeout or a refusal.
    ToolError,
    /// Another error.
    Error,
    /// Golden artifacts put in place of a failed stage's.
    Recovery,
}

/// A moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineMark {
    /// What happened.
    pub kind: MarkKind,
    /// Its stage.
    pub stage: Option<i64>,
    /// When it was known.
    pub at_us: i64,
    /// Type of the error, or the tool.
    pub what: String,
}

/// The same tool call several times in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopStretch {
    /// Start of the first call.
    pub from_us: i64,
    /// End of the last.
    pub to_us: i64,
    /// Calls.
    pub calls: i64,
    /// The tool.
    pub tool: String,
}

/// What cannot be drawn where it belongs; it is counted and never placed at zero.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Unplaced {
    /// Calls, errors and recoveries without a time.
    pub untimed: usize,
    /// Calls with a time and without a duration: they hold no time.
    pub unmeasured: usize,
    /// Calls that end before they start, as clocks that disagree make them.
    pub reversed: usize,
    /// Stretches of repeated calls of which no call has a time.
    pub loops: usize,
    /// Calls outside of stages: placed, and in no ledger.
    pub outside: usize,
    /// Seconds of grading that do not fit between the last event of a stage and the next event.
    pub grading_s: f64,
}

/// Calls in a row that make a loop.
pub const LEAST_LOOP: i64 = 3;

impl Lane {
    /// Every lane, in the order in which they claim a moment.
    pub const ALL: [Self; 5] = [Self::Llm, Self::Tool, Self::Failed, Self::Grading, Self::Idle];

    /// Name in figures and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Llm => "LLM calls",
            Self::Tool => "tools",
            Self::Failed => "failed requests",
            Self::Grading => "grading",
            Self::Idle => "idle",
        }
    }

    /// Its seconds in a time ledger.
    pub const fn seconds(self, time: &TimeUse) -> f64 {
        match self {
            Self::Llm => time.llm_s,
            Self::Tool => time.tool_s,
            Self::Failed => time.waiting_s,
            Self::Grading => time.grading_s,
            Self::Idle => time.idle_s,
        }
    }
}

impl MarkKind {
    /// Every kind, in the order of figures.
    pub const ALL: [Self; 4] = [Self::FailedRequest, Self::ToolError, Self::Error, Self::Recovery];

    /// Name of one, and of several.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::FailedRequest => ("failed request", "failed requests"),
            Self::ToolError => ("tool error", "tool errors"),
            Self::Error => ("other error", "other errors"),
            Self::Recovery => ("recovery", "recoveries"),
        }
    }
}

impl RunTimeline {
    /// Microseconds of each lane in each stage, of what is placed.
    pub fn by_stage(&self) -> BTreeMap<(i64, Lane), i64> {
        let mut sums: BTreeMap<(i64, Lane), i64> = BTreeMap::new();
        for span in &self.spans {
            if let Some(stage) = span.stage {
                let sum = sums.entry((stage, span.lane)).or_default();
                *sum = sum.saturating_add(span.to_us - span.from_us);
            }
        }
        sums
    }

    /// Seconds of a lane that are placed, of stages only.
    pub fn placed_s(&self, lane: Lane) -> f64 {
        let spans = self.spans.iter().filter(|s| s.lane == lane && s.stage.is_some());
        let micros: i64 = spans.fold(0, |sum, s| sum.saturating_add(s.to_us - s.from_us));
        super::place::seconds(micros)
    }
}
