//! The sink between the importer of an agent's log and the trace: the conversation goes through, and what the log makes
//! of the run as a whole (facts, stages, grades, beginning and end) gives way to what the trial says.

use super::super::rows::timed;
use super::super::sink::Sink;
use super::super::{ImportError, ImportReport};
use crate::trace::{Clock, EndReason, Event, Kind, RunFacts, Timestamp, Usd};
use serde_json::{Map, Value};

/// What the calls of a stage add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) input: Option<i64>,
    pub(super) cached: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) cost: Option<Usd>,
    /// Answered calls.
    pub(super) answered: u64,
}

/// Hands the rows of logs on as those of one trial.
pub(super) struct Relay<'s> {
    sink: &'s mut dyn Sink,
    pub(super) facts: RunFacts,
    /// The trial's own times, as written.
    started: Option<String>,
    /// The naive time at which the agent began, to be compared with the log's first.
    agent_started: Option<String>,
    pub(super) begun: bool,
    /// A log that has begun, until its first row comes.
    pending: Option<(RunFacts, Option<Timestamp>)>,
    stage: i64,
    /// What ids of rows begin with, in stages after the first.
    prefix: String,
    /// Microseconds to add to the trial's naive times.
    offset: i64,
    pub(super) naive: bool,
    pub(super) attributes: Map<String, Value>,
    /// What logs say of their run's end.
    pub(super) ends: Vec<Value>,
    pub(super) sums: Sums,
    pub(super) end_reason: Option<EndReason>,
    pub(super) last: Option<Timestamp>,
    /// The accounts of the logs.
    pub(super) report: ImportReport,
    /// Runs that logs gave.
    pub(super) logs: u64,
}

impl<'s> Relay<'s> {
    pub(super) fn new(
        sink: &'s mut dyn Sink,
        facts: RunFacts,
        started: Option<String>,
        agent_started: Option<String>,
        report: ImportReport,
    ) -> Self {
        Self {
            sink,
            facts,
            started,
            agent_started,
            begun: false,
            pending: None,
            stage: 0,
            prefix: String::new(),
            offset: 0,
            naive: false,
            attributes: Map::new(),
            ends: Vec::new(),
            sums: Sums::default(),
            end_reason: None,
            last: None,
            report,
            logs: 0,
        }
    }

    /// Opens a stage; the rows that come are its own.
    pub(super) fn open_stage(&mut self, stage: i64, step: Option<&str>) {
        self.stage = stage;
        self.prefix = step.filter(|_| stage > 0).map(|s| format!("{s}/")).unwrap_or_default();
        self.sums = Sums::default();
        self.end_reason = None;
    }

    /// A time of the trial, with its clock.
    pub(super) fn time(&self, text: Option<&str>) -> Option<(Timestamp, Clock)> {
        let text = text?;
        if let Some(ts) = Timestamp::parse_zoned(text) {
            return Some((ts, Clock::Source));
        }
        let clock = if self.offset == 0 { Clock::AssumedUtc } else { Clock::CostEpoch };
        Timestamp::parse_naive(text).map(|ts| (ts.plus_micros(self.offset), clock))
    }

    /// A row of the trial itself.
    pub(super) fn own(&mut self, mut event: Event, at: Option<&str>) -> Result<(), ImportError> {
        if let Some((ts, clock)) = self.time(at) {
            event.ts = Some(ts);
            event.clock = Some(clock);
        }
        self.sink.event(event)
    }

    /// A row of the stage.
    pub(super) fn of_stage(
        &mut self,
        mut event: Event,
        at: Option<&str>,
    ) -> Result<(), ImportError> {
        event.stage = Some(self.stage);
        event.attempt = Some(1);
        self.own(event, at)
    }

    /// Begins the run, if that was not done: with what the first log knows of it, when there is one.
    pub(super) fn begin_run(&mut self) -> Result<(), ImportError> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let (known, start) = match self.pending.take() {
            Some((facts, start)) => (Some(facts), start),
            None => (None, None),
        };
        self.align(start);
        let given = |fact: fn(&RunFacts) -> Option<&String>| known.as_ref().and_then(fact).cloned();
        if self.facts.model.is_empty() {
            let model = given(|f| Some(&f.model)).filter(|m| m != "unknown");
            self.facts.model = model.unwrap_or_else(|| {
                self.report
                    .warn("neither the trial nor a log names the model; it is stored as `unknown`");
                "unknown".to_owned()
            });
        }
        self.facts.provider = self.facts.provider.take().or_else(|| given(|f| f.provider.as_ref()));
        self.facts.agent = self.facts.agent.take().or_else(|| given(|f| f.agent.as_ref()));
        let own = self.time(self.started.as_deref()).map(|(ts, _)| ts);
        self.sink.begin(self.facts.clone(), own.into_iter().chain(start).min())?;
        let mut row = Event::new(Kind::RunStart);
        let attributes = std::mem::take(&mut self.attributes);
        row.attributes = (!attributes.is_empty()).then(|| Value::Object(attributes).to_string());
        let started = self.started.clone();
        self.own(row, started.as_deref())
    }

    /// Finds how far the trial's clock is from UTC, when its times have no zone: a log begins some minutes after the agent
    /// was started, and zones differ by quarters of an hour.
    fn align(&mut self, log: Option<Timestamp>) {
        const QUARTER: i64 = 900_000_000;
        const SOON: i64 = 600_000_000;
        let naive = |text: &Option<String>| text.as_deref().and_then(Timestamp::parse_naive);
        self.naive = naive(&self.started).is_some() || naive(&self.agent_started).is_some();
        if !self.naive {
            return;
        }
        let between = log.zip(naive(&self.agent_started)).map(|(log, own)| log.micros_since(own));
        let offset = between.filter(|b| b.rem_euclid(QUARTER) < SOON && b.abs() < 60 * QUARTER);
        self.offset = offset.map_or(0, |b| b.div_euclid(QUARTER) * QUARTER);
        self.report.warn(match (offset, self.offset) {
            (None, _) => "the trial's times have no zone and are read as UTC".to_owned(),
            (Some(_), 0) => {
                "the trial's times have no zone; the log shows that they are UTC".to_owned()
            }
            (Some(_), offset) => format!(
                "the trial's times have no zone; the log shows that they are {} minutes from UTC",
                -offset / 60_000_000
            ),
        });
    }

    /// Adds to the sums of the stage.
    pub(super) fn add(&mut self, event: &Event) {
        if event.kind != Kind::LlmCall {
            return;
        }
        let sums = &mut self.sums;
        let plus = |sum: &mut Option<i64>, n: Option<i64>| {
            if let Some(n) = n {
                *sum = Some(sum.unwrap_or(0).saturating_add(n));
            }
        };
        plus(&mut sums.input, event.input_tokens);
        plus(&mut sums.cached, event.cache_read_tokens);
        plus(&mut sums.output, event.output_tokens);
        if let Some(cost) = event.cost_usd {
            sums.cost = Some(sums.cost.unwrap_or_default() + cost);
        }
        if event.error_type.is_none() && event.llm_call_count != Some(0) {
            sums.answered += 1;
        }
    }

    /// Ends the run.
    pub(super) fn end_run(self, report: ImportReport) -> Result<(), ImportError> {
        self.sink.end(report)
    }
}

/// The attributes of a row, as a value.
fn attributes_of(event: &Event) -> Option<Value> {
    event.attributes.as_deref().and_then(|a| serde_json::from_str(a).ok())
}

impl Sink for Relay<'_> {
    fn begin(&mut self, run: RunFacts, start: Option<Timestamp>) -> Result<(), ImportError> {
        self.logs += 1;
        self.pending = Some((run, start));
        Ok(())
    }

    fn event(&mut self, mut event: Event) -> Result<(), ImportError> {
        match event.kind {
            Kind::RunStart => {
                let Some(of_log) = attributes_of(&event) else { return self.begin_run() };
                if !self.begun {
                    self.attributes.insert("log".to_owned(), of_log);
                    return self.begin_run();
                }
                // What a later log says of itself has its place in the stage.
                let mut row = timed(Kind::Message, event.ts);
                row.clock = event.clock;
                row.role = Some("system".to_owned());
                row.attributes = Some(serde_json::json!({ "log": of_log }).to_string());
                return self.of_stage(row, None);
            }
            Kind::StageStart => return Ok(()),
            Kind::StageResult => {
                self.end_reason = event.end_reason.or(self.end_reason);
                self.ends.extend(attributes_of(&event));
                return Ok(());
            }
            Kind::RunEnd => {
                self.ends.extend(attributes_of(&event));
                return Ok(());
            }
            _ => {}
        }
        self.add(&event);
        self.last = event.ts.max(self.last);
        if !self.prefix.is_empty() {
            for id in [&mut event.event_id, &mut event.parent_event_id].into_iter().flatten() {
                id.insert_str(0, &self.prefix);
            }
        }
        self.of_stage(event, None)
    }

    fn end(&mut self, mut report: ImportReport) -> Result<(), ImportError> {
        if self.facts.model != "unknown" {
            // The trial knows what its log does not.
            report.warnings.retain(|w| !w.contains("stored as `unknown`"));
        }
        self.report.add(report);
        Ok(())
    }

    fn failed(&mut self, error: ImportError) -> Result<(), ImportError> {
        self.report.warn(format!("a log of the trial could not be read: {error}"));
        Ok(())
    }
}
