//! Bare RAMP reports: the stage results of one run, without its conversation.
//!
//! The same file stands in every RAMP run folder, so its parser is shared with the `openhands` importer. A task that
//! appears again with `resurrected` was graded again after golden artifacts had been put in place.

use super::fields::Fields;
use super::files::LogFile;
use super::formats::{Importer, no_folders};
use super::look::{Field, Look};
use super::ramp::WORKLOAD;
use super::sink::{Sink, send};
use super::source::{Source, each};
use super::stages::StageOutcome;
use super::{Format, ImportError};
use crate::trace::{Clock, EndReason, Event, Kind, RunFacts, Timestamp, UsageQuality};
use serde_json::Value;

/// A parsed report.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) run_id: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) model: Option<String>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) elapsed_s: Option<f64>,
    pub(super) error: Option<String>,
    pub(super) tasks: Vec<Task>,
    /// Everything else.
    pub(super) rest: Fields,
}

/// One graded task.
#[derive(Debug, Clone, Default)]
pub(super) struct Task {
    pub(super) stage: i64,
    score: Option<f64>,
    passed: Option<bool>,
    tests_total: Option<i64>,
    tests_passed: Option<i64>,
    elapsed_s: Option<f64>,
    recovered: bool,
    error: Option<String>,
    rest: Option<String>,
}

/// How bare reports are recognised and read: one object with a benchmark and tasks.
pub(super) const fn importer(format: Format) -> Importer {
    Importer { format, claim: no_folders, recognises, plan: |sources| each(sources, import) }
}

fn recognises(look: &Look<'_>) -> bool {
    look.text().contains("\"benchmark\"")
        && look.outline().is_some_and(|o| {
            !o.is_array && o.has("benchmark") && o.field("tasks") == Some(&Field::Array)
        })
}

impl Report {
    /// Reads a report.
    pub(super) fn read(file: &LogFile) -> Result<Self, ImportError> {
        let value = file.json()?;
        let bad =
            |problem: String| ImportError::BadSource { path: file.name().to_owned(), problem };
        let mut fields = Fields::of(value).ok_or_else(|| bad("not a JSON object".into()))?;
        let tasks = fields.array("tasks").ok_or_else(|| bad("no `tasks`".into()))?;
        let tasks = tasks
            .into_iter()
            .enumerate()
            .map(|(i, task)| {
                Task::parse(task).ok_or_else(|| bad(format!("task {i} has no `task_id`")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            run_id: fields.text("run_id"),
            backend: fields.text("agent_backend"),
            model: fields.text("agent_model"),
            timestamp: fields.text("timestamp").and_then(|t| Timestamp::parse_zoned(&t)),
            elapsed_s: fields.number("total_elapsed_seconds"),
            error: fields.text("_error"),
            tasks,
            rest: fields,
        })
    }
}

impl Task {
    fn parse(value: Value) -> Option<Self> {
        let mut fields = Fields::of(value)?;
        let stage = fields.int("task_id").filter(|s| *s >= 0)?;
        let max = fields.number("max_score").filter(|m| *m > 0.0).unwrap_or(100.0);
        // Multiplying first keeps scores out of 100 as they are.
        let score = fields.number("score").map(|s| s * 100.0 / max);
        fields.drop("backend");
        Some(Self {
            stage,
            score: score.filter(|s| (0.0..=100.0).contains(s)),
            passed: fields.flag("passed"),
            tests_total: fields.int("test_count"),
            tests_passed: fields.int("passed_count"),
            elapsed_s: fields.number("elapsed_seconds"),
            recovered: fields.flag("resurrected").unwrap_or(false),
            error: fields.text("error"),
            rest: fields.rest(),
        })
    }

    /// The result rows of a stage: an `attempt_result` for each grade but the last, a `recovery` before a grade that
    /// followed one, and the `stage_result`. `known` says what the conversation shows of the stage.
    pub(super) fn results(graded: &[Self], stage: i64, known: StageOutcome) -> Vec<Event> {
        let mut events = Vec::new();
        for (i, task) in graded.iter().enumerate() {
            let attempt = i64::try_from(i + 1).ok();
            if task.recovered {
                let mut event = Event::new(Kind::Recovery);
                event.stage = Some(stage);
                event.attempt = attempt;
                events.push(event);
            }
            let last = i + 1 == graded.len();
            let mut event = Event::new(if last { Kind::StageResult } else { Kind::AttemptResult });
            event.stage = Some(stage);
            event.attempt = attempt;
            event.score = task.score;
            event.passed = task.passed;
            event.tests_total = task.tests_total;
            event.tests_passed = task.tests_passed;
            event.elapsed_s = task.elapsed_s;
            event.end_reason = known.end_reason;
            event.stage_status = StageOutcome {
                score: task.score,
                passed: task.passed,
                tests_total: task.tests_total,
                recovered: task.recovered,
                ..known
            }
            .status();
            event.content.clone_from(&task.error);
            event.attributes.clone_from(&task.rest);
            events.push(event);
        }
        events
    }
}

/// Imports a bare report.
fn import(origin: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let source = Report::read(origin.file()?)?;
    let backend = source.backend.clone().unwrap_or_else(|| "unknown".to_owned());
    let mut report = origin.report();
    for _ in &source.tasks {
        report.used();
    }
    if source.model.is_none() {
        report.warn("the report names no model; it is stored as `unknown`");
    }
    let model = source.model.clone().unwrap_or_else(|| "unknown".to_owned());
    let when = source.timestamp.map_or_else(|| "undated".to_owned(), |t| t.to_string());
    let recovered = source.tasks.iter().any(|t| t.recovered);
    let run = RunFacts {
        run_id: source.run_id.clone().unwrap_or_else(|| format!("{backend}-{model}-{when}")),
        workload: WORKLOAD.to_owned(),
        model,
        provider: None,
        agent: Some(backend),
        protocol: recovered.then(|| "recovery".to_owned()),
    };
    let mut events = vec![Event::new(Kind::RunStart)];
    let mut stages: Vec<i64> = source.tasks.iter().map(|t| t.stage).collect();
    stages.sort_unstable();
    stages.dedup();
    for stage in stages {
        let graded: Vec<Task> = source.tasks.iter().filter(|t| t.stage == stage).cloned().collect();
        let mut start = Event::new(Kind::StageStart);
        start.stage = Some(stage);
        start.attempt = Some(1);
        events.push(start);
        events
            .extend(Task::results(&graded, stage, StageOutcome::default()).into_iter().map(coarse));
    }
    let mut end = Event::new(Kind::RunEnd);
    end.ts = source.timestamp;
    end.clock = end.ts.map(|_| Clock::Source);
    end.elapsed_s = source.elapsed_s;
    end.end_reason = Some(EndReason::Unknown);
    end.content = source.error;
    end.attributes = source.rest.rest();
    events.push(coarse(end));
    send(sink, run, events, report)
}

/// Marks a result row of a source without single calls: what it does not count is unknown, not zero.
pub(super) fn coarse(mut event: Event) -> Event {
    if matches!(event.kind, Kind::StageResult | Kind::RunEnd) {
        event.usage_quality = Some(UsageQuality::Aggregate);
    }
    event
}
