//! A trial to its run: the trial's facts, its stages with the agent's conversation, its grades.

use super::super::fields::Fields;
use super::super::files::LogFile;
use super::super::formats::IMPORTERS;
use super::super::ramp_report::coarse;
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::StageOutcome;
use super::super::usage::Usage;
use super::super::{ImportError, ImportReport};
use super::RESULT;
use super::grade::{Grade, cause_of, grade};
use super::logs::logs;
use super::relay::{Relay, Sums};
use super::trial::{Phase, Stage, Totals, Trial};
use crate::trace::{CostSource, Event, Kind, RunFacts, StageStatus, UsageQuality, Usd};
use serde_json::{Map, Value};
use std::path::Path;

/// Imports one trial.
pub(super) fn convert(origin: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let of_trial = |f: &&LogFile| f.name().parent() == Some(origin.path.as_path());
    let own = origin.files.iter().find(|f| of_trial(f) && f.file_name() == RESULT);
    let mut trial = Trial::read(match own {
        Some(file) => file,
        None => origin.file()?,
    })?;
    let mut report = origin.report();
    report.used();
    for file in origin.files.iter().filter(of_trial) {
        match file.file_name() {
            RESULT => {}
            "config.json" => {
                report.duplicate(
                    "the trial's configuration",
                    file.name(),
                    1,
                    "`config` of result.json",
                );
            }
            _ => report.skip("file that is no log", 1),
        }
    }
    let facts = RunFacts {
        run_id: trial.name.clone(),
        workload: trial.task.clone(),
        model: trial.model.clone().unwrap_or_default(),
        provider: trial.provider.clone(),
        agent: trial.agent.clone(),
        protocol: None,
    };
    let agent_started = trial.stages.first().and_then(|s| s.agent_execution.started.clone());
    let started = trial.times.started.clone();
    let mut relay = Relay::new(sink, facts, started, agent_started, report);
    relay.attributes = head_of(&mut trial);
    let stages = std::mem::take(&mut trial.stages);
    let mut phases = Map::new();
    let mut reason = None;
    for (index, stage) in (0_i64..).zip(stages) {
        let place = stage.step.as_ref().map(|s| Path::new("steps").join(s)).unwrap_or_default();
        phases.extend(phases_of(&stage));
        reason = of_stage(&mut relay, origin, &place, index, stage)?.or(reason);
    }
    let mut run_end = Event::new(Kind::RunEnd);
    run_end.end_reason = reason;
    run_end.elapsed_s = trial.times.seconds();
    let mut attributes = Fields::default();
    attributes.keep("phases", phases);
    let mut ends = std::mem::take(&mut relay.ends);
    match (ends.pop(), ends.is_empty()) {
        (Some(only), true) => attributes.keep("log", only),
        (Some(last), false) => {
            ends.push(last);
            attributes.keep("logs", ends);
        }
        (None, _) => {}
    }
    run_end.attributes = attributes.rest();
    if relay.logs == 0 {
        run_end = coarse(run_end);
    }
    relay.own(run_end, trial.times.finished.as_deref())?;
    let mut report = std::mem::take(&mut relay.report);
    // The account is that of the trial, whichever logs are part of it.
    origin.format.name().clone_into(&mut report.format);
    relay.end_run(report)
}

/// What the trial says of itself.
fn head_of(trial: &mut Trial) -> Map<String, Value> {
    let mut attributes = std::mem::take(&mut trial.rest);
    for name in ["id", "task_id", "task_checksum"] {
        if let Some(value) = attributes.take(name) {
            attributes.keep(name, value);
        }
    }
    let setup =
        trial.setup.iter().filter_map(|(name, phase)| Some(((*name).to_owned(), phase.value()?)));
    let setup: Map<String, Value> = setup.collect();
    attributes.keep("phases", setup);
    let text = attributes.rest().unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// The phases of a stage, by name.
fn phases_of(stage: &Stage) -> impl Iterator<Item = (String, Value)> {
    let named = |what: &str, phase: &Phase| {
        let name =
            stage.step.as_ref().map_or_else(|| what.to_owned(), |step| format!("{step}/{what}"));
        phase.value().map(|value| (name, value))
    };
    let phases =
        [named("agent_execution", &stage.agent_execution), named("verifier", &stage.verifier)];
    phases.into_iter().flatten()
}

/// One stage: the conversation, totals, the grade.
fn of_stage(
    relay: &mut Relay<'_>,
    origin: &Source,
    place: &Path,
    index: i64,
    stage: Stage,
) -> Result<Option<crate::trace::EndReason>, ImportError> {
    let folder = origin.path.join(place);
    let below = |part: &str| {
        let part = folder.join(part);
        origin.files.iter().filter(move |f| f.name().starts_with(&part))
    };
    let logs = logs(below("agent").cloned().collect())?;
    let step = stage.step.clone();
    let started = stage.agent_execution.started.clone();
    let mut relayed = StageRelay { relay, opened: false, step, started, index };
    let before = relayed.relay.logs;
    let mut source = None;
    let mut copies = Vec::new();
    for of_format in logs.by_format {
        if relayed.relay.logs > before {
            copies.extend(of_format.into_iter().flat_map(|s| s.files));
            continue;
        }
        // One that cannot be read gives way to the next.
        source = of_format.first().map(|s| s.path.display().to_string());
        relayed.read(of_format)?;
    }
    relayed.open()?;
    let relay = relayed.relay;
    let read = relay.logs > before;
    for copy in &copies {
        let source = source.clone().unwrap_or_default();
        relay.report.duplicate("another log of the same conversation", copy.name(), 1, source);
    }
    for other in &logs.others {
        let name = other.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.starts_with("trajectory.") {
            relay.report.reject(other, 1, "a trajectory that cannot be read");
        } else {
            relay.report.skip("file that is no log", 1);
        }
    }
    let verifier: Vec<&LogFile> = below("verifier").collect();
    let grade = grade(stage.rewards.as_ref(), &verifier, &mut relay.report);
    let others = below("artifacts").count() + below("user-agent").count();
    relay.report.skip("file that is no log", others as u64);
    let own_prices = relay.facts.agent.as_deref() == Some("claude-code");
    if let Some(mut row) = totals(&stage.totals, relay.sums, read, &mut relay.report) {
        if own_prices && row.cost_usd.is_some() {
            // What Claude Code says of its cost is its own table's word.
            row.cost_source = Some(CostSource::ClientEstimate);
        }
        relay.add(&row);
        relay.of_stage(row, stage.agent_execution.finished.as_deref())?;
    }
    result(relay, stage, &grade, read)
}

/// The row of a stage's result.
fn result(
    relay: &mut Relay<'_>,
    stage: Stage,
    grade: &Grade,
    read: bool,
) -> Result<Option<crate::trace::EndReason>, ImportError> {
    let tokens = relay.sums.input.is_some() || relay.sums.output.is_some();
    let attempted = match (read, tokens) {
        (true, _) => Some(relay.sums.answered > 0),
        (false, true) => Some(true),
        // No log and no tokens: nobody says whether the agent did anything.
        (false, false) => None,
    };
    let mut attributes = Fields::default();
    if let Some(step) = &stage.step {
        attributes.keep("step", step.clone());
    }
    let mut end_reason = relay.end_reason;
    let mut infra = false;
    let mut message = None;
    if let Some(mut exception) = stage.exception {
        let kind = exception.text("exception_type").unwrap_or_default();
        let started = stage.agent_execution.started.is_some();
        let (cause, reason) = cause_of(&kind, attempted.or(Some(started)));
        end_reason = reason.or(end_reason);
        infra = cause.is_infra();
        message = exception.text("exception_message");
        attributes.keep("failure_cause", cause.word());
        attributes.keep("exception_type", kind);
        for (name, value) in exception.into_pairs() {
            attributes.keep(&name, value);
        }
    }
    if let Some(rewards) = stage.rewards {
        attributes.keep("rewards", Value::Object(rewards.into_pairs().collect()));
    }
    if let Some(tests) = &grade.tests {
        let failed: Vec<Value> = tests.failures().map(Value::from).collect();
        attributes.keep("failed_tests", failed);
        if tests.skipped > 0 {
            attributes.keep("tests_skipped", tests.skipped);
        }
    }
    for (name, value) in stage.totals.rest.into_pairs().chain(stage.rest.into_pairs()) {
        attributes.keep(&name, value);
    }
    let outcome = StageOutcome {
        attempted,
        score: grade.score,
        passed: grade.passed,
        tests_total: grade.tests.as_ref().map(|t| t.total),
        recovered: false,
        end_reason,
    };
    let mut row = Event::new(Kind::StageResult);
    row.score = grade.score;
    row.passed = grade.passed;
    row.tests_passed = grade.tests.as_ref().map(|t| t.passed);
    row.tests_total = grade.tests.as_ref().map(|t| t.total);
    row.end_reason = end_reason.or(match attempted {
        Some(false) => Some(crate::trace::EndReason::NotAttempted),
        _ => Some(crate::trace::EndReason::Unknown),
    });
    row.stage_status = match outcome.status() {
        Some(StageStatus::Failed | StageStatus::NoTests) | None if infra => {
            Some(StageStatus::Infra)
        }
        status => status,
    };
    let phases = [stage.agent_execution.seconds(), stage.verifier.seconds()];
    let seconds = phases.into_iter().flatten().reduce(|a, b| a + b);
    row.elapsed_s = seconds.map(|s| (s * 1e6).round() / 1e6);
    row.content = message;
    row.attributes = attributes.rest();
    if !read {
        row = coarse(row);
    }
    let reason = row.end_reason;
    let finished = stage.verifier.finished.or(stage.agent_execution.finished);
    relay.of_stage(row, finished.as_deref())?;
    Ok(reason)
}

/// Compares Harbor's totals with the calls of the log. Where the log has no numbers, gives the row that holds Harbor's.
fn totals(totals: &Totals, sums: Sums, read: bool, report: &mut ImportReport) -> Option<Event> {
    let counted = sums.input.is_some() || sums.output.is_some();
    if counted {
        for (what, total, sum) in [
            ("input", totals.input, sums.input),
            ("cached", totals.cached, sums.cached),
            ("output", totals.output, sums.output),
        ] {
            if let (Some(total), Some(sum)) = (total, sum)
                && total != sum
            {
                report.warn(format!(
                    "agent_result says {total} {what} tokens, the calls in the log add up to {sum}; the calls are counted"
                ));
            }
        }
    }
    let cost = totals.cost.and_then(Usd::from_f64).filter(|c| c.nanos() > 0);
    if let (Some(total), Some(sum)) = (cost, sums.cost)
        && (total.nanos() - sum.nanos()).abs() > 1000
    {
        report.warn(format!(
            "agent_result says {total} USD, the log's costs add up to {sum} USD; the log is counted"
        ));
    }
    let usage = if counted {
        Usage::default()
    } else {
        Usage::inside(totals.input, totals.cached, None, totals.output)
    };
    let cost = cost.filter(|_| sums.cost.is_none());
    if usage.is_empty() && cost.is_none() {
        return None;
    }
    let mut row = Event::new(Kind::LlmCall);
    usage.fill(&mut row, Some(UsageQuality::Aggregate));
    row.usage_quality = Some(UsageQuality::Aggregate);
    row.llm_call_count = read.then_some(0);
    row.cost_usd = cost;
    row.cost_source = cost.map(|_| CostSource::ReportedTotal);
    Some(row)
}

/// Opens the stage before the first row of its log, or after it when there is none.
struct StageRelay<'r, 's> {
    relay: &'r mut Relay<'s>,
    opened: bool,
    step: Option<String>,
    started: Option<String>,
    index: i64,
}

impl StageRelay<'_, '_> {
    /// Reads logs of one format.
    fn read(&mut self, sources: Vec<Source>) -> Result<(), ImportError> {
        let format = sources.first().map(|s| s.format);
        let Some(importer) = IMPORTERS.iter().find(|i| Some(i.format) == format) else {
            return Ok(());
        };
        for job in (importer.plan)(sources) {
            if let Err(error) = job.and_then(|job| job.import(self)) {
                self.failed(error)?;
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), ImportError> {
        if self.opened {
            return Ok(());
        }
        self.opened = true;
        self.relay.begin_run()?;
        self.relay.open_stage(self.index, self.step.as_deref());
        let mut row = Event::new(Kind::StageStart);
        let step = self.step.as_ref();
        row.attributes = step.map(|step| serde_json::json!({ "step": step }).to_string());
        self.relay.of_stage(row, self.started.as_deref())
    }
}

impl Sink for StageRelay<'_, '_> {
    fn begin(
        &mut self,
        run: RunFacts,
        start: Option<crate::trace::Timestamp>,
    ) -> Result<(), ImportError> {
        self.relay.begin(run, start)
    }

    fn event(&mut self, event: Event) -> Result<(), ImportError> {
        // The run begins with what its first log says of it; then comes the stage.
        if event.kind == Kind::RunStart && !self.relay.begun {
            self.relay.event(event)?;
            return self.open();
        }
        self.open()?;
        self.relay.event(event)
    }

    fn end(&mut self, report: ImportReport) -> Result<(), ImportError> {
        self.relay.end(report)
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.relay.failed(error)
    }
}
