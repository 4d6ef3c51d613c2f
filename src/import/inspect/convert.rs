//! One sample to one run.

use super::super::fields::Fields;
use super::super::rows::{Rows, timed};
use super::super::sink::Sink;
use super::super::{ImportError, ImportReport};
use super::ending::Ending;
use super::header::Header;
use super::joins::Joins;
use super::messages::Seen;
use super::sample::{Pool, Sample};
use super::texts::Texts;
use super::transcript::{SubAgent, Transcript, time};
use crate::trace::{EndReason, Event, Kind, RunFacts, Timestamp};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// The model of a log that names none.
const UNKNOWN: &str = "unknown";

/// Sums over the samples of a log.
#[derive(Debug, Default)]
pub(super) struct Totals {
    tokens: i64,
    samples: u64,
    /// Samples, and events of failed attempts, that are not imported from this log.
    pub(super) left_out: u64,
}

/// The run that is being made of a sample.
pub(super) struct Run<'r, 's> {
    pub(super) rows: Rows<'s>,
    pub(super) report: ImportReport,
    pub(super) header: &'r Header,
    pub(super) path: &'r Path,
    pub(super) texts: &'r Texts,
    pub(super) pool: &'r Pool,
    pub(super) joins: Joins,
    pub(super) seen: Seen,
    /// Rows of tool events, by number of the event.
    pub(super) tool_events: HashMap<usize, String>,
    /// The tools of the latest call, by agent.
    pub(super) tools: HashMap<String, Value>,
    pub(super) tally: Tally,
    /// Why the latest call of the stage ended, and what it said.
    pub(super) last_finish: Option<String>,
    pub(super) last_reply: Option<String>,
    /// There are no model events: replies are told by messages.
    pub(super) without_calls: bool,
    /// Something was asked of the agent.
    pub(super) prompted: bool,
    agents: HashSet<String>,
    pub(super) attempt: i64,
    /// The stage has no result yet.
    pub(super) open: bool,
    /// What the stage ends with, in the attempt that ends it.
    pub(super) ending: Option<Ending>,
    pub(super) reason: Option<EndReason>,
    /// Errors that have rows.
    pub(super) errors: HashSet<String>,
    /// Someone stopped it.
    pub(super) stopped: Option<EndReason>,
    /// Events that are kept with the end of the run.
    pub(super) others: Vec<Value>,
    pub(super) scores: Map<String, Value>,
}

/// What is counted on the way.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Tokens of calls, as they are written.
    pub(super) tokens: i64,
    pub(super) counted_calls: u64,
    pub(super) calls_without_tokens: u64,
    pub(super) unclear_counts: u64,
    pub(super) undated_calls: u64,
    pub(super) results_without_calls: u64,
    pub(super) times_without_zone: u64,
}

/// Where a row stands: its spans, its agent.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) path: Option<String>,
    pub(super) span: Option<String>,
    pub(super) agent: Option<SubAgent>,
    /// The tool call that the agent works for.
    pub(super) started_by: Option<String>,
}

impl Place {
    /// The agent, empty for the first one.
    pub(super) fn thread(&self) -> String {
        self.agent.as_ref().map(|a| a.id.clone()).unwrap_or_default()
    }
}

/// Imports a sample. `totals` gathers over the samples of the log, the last of which says how they compare with its header.
pub(super) fn import(
    run_id: String,
    mut sample: Sample,
    header: &Header,
    mut report: ImportReport,
    (totals, last): (&mut Totals, bool),
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    report.used();
    for (path, problem) in &sample.broken {
        report.reject(path, 1, problem.as_str());
    }
    for (path, position) in &sample.replaces {
        report.duplicate(
            "sample again: it was requeued, and the last one stands",
            path,
            *position,
            run_id.as_str(),
        );
    }
    report.skip("raw requests, which repeat the messages", sample.raw_requests);
    if !header.ended {
        report.warn("the evaluation had not ended when the log was written");
    }
    let sample_id = sample.id();
    let mut fields = std::mem::take(&mut sample.fields);
    let mut transcript = Transcript::of(std::mem::take(&mut sample.events));
    let (started, _) = time(&mut fields, "started_at");
    let times = transcript.records.iter().flatten().filter_map(|r| r.ts);
    let retries = fields.array("error_retries").unwrap_or_default();
    let earlier = retries.iter().filter_map(|r| r.get("events")?.as_array()).flatten();
    let earlier = earlier.filter_map(|e| Timestamp::parse_zoned(e.get("timestamp")?.as_str()?));
    let start = times.chain(started).chain(earlier).min();
    let facts = facts(run_id, &sample_id, header, &transcript);
    if facts.model == UNKNOWN {
        report.warn("the log names no model; it is stored as `unknown`");
    }
    let ending = Ending::of(&mut fields, std::mem::take(&mut sample.messages));
    let model_usage = ending.model_usage.clone();
    let mut run_end = timed(Kind::RunEnd, ending.completed);
    run_end.elapsed_s = ending.elapsed_s;

    let rows = Rows::begin(sink, facts, start)?;
    let mut run = Run {
        rows,
        report,
        header,
        path: &sample.path,
        texts: &sample.texts,
        pool: &sample.pool,
        joins: Joins::default(),
        seen: Seen::default(),
        tool_events: HashMap::new(),
        tools: HashMap::new(),
        tally: Tally::default(),
        last_finish: None,
        last_reply: None,
        without_calls: !transcript.records.iter().flatten().any(|r| r.kind == "model"),
        prompted: false,
        agents: HashSet::new(),
        attempt: 1,
        open: true,
        ending: None,
        reason: None,
        errors: HashSet::new(),
        stopped: None,
        others: Vec::new(),
        scores: Map::new(),
    };
    run.start(start, &mut fields)?;
    for retry in retries {
        run.failed_attempt(retry)?;
    }
    let before = run.tally.tokens;
    run.ending = Some(ending);
    run.play(&mut transcript)?;
    run.close()?;
    let of_sample = run.tally.tokens.saturating_sub(before);
    run.compare(model_usage.as_ref(), of_sample);
    totals.tokens = totals.tokens.saturating_add(run.tally.tokens);
    totals.samples += 1;
    if let Some(total) =
        header.total_tokens.filter(|t| last && totals.left_out == 0 && *t != totals.tokens)
    {
        let Totals { tokens, samples, .. } = totals;
        run.report.warn(format!(
            "the header of the log counts {total} tokens, the model calls of its {samples} samples {tokens}: the calls are used"
        ));
    }
    run.finish(run_end, fields, model_usage)
}

/// The facts of the run. An evaluation whose agents bring their own models names none; the first call does.
fn facts(run_id: String, sample: &str, header: &Header, transcript: &Transcript) -> RunFacts {
    let first_call = || {
        let mut calls = transcript.records.iter().flatten().filter(|r| r.kind == "model");
        Some(calls.next()?.fields.peek("model")?.as_str()?.to_owned())
    };
    let model = header.model.clone().or_else(first_call).filter(|model| !model.is_empty());
    // Inspect names models by who serves them: `openai/...`.
    let provider = model.as_ref().and_then(|m| Some(m.split_once('/')?.0.to_owned()));
    RunFacts {
        run_id,
        workload: format!("{}/{sample}", header.task),
        model: model.unwrap_or_else(|| UNKNOWN.to_owned()),
        provider: provider.filter(|provider| !provider.is_empty()),
        agent: Some(header.agent.clone()),
        protocol: None,
    }
}

impl Run<'_, '_> {
    fn start(&mut self, start: Option<Timestamp>, fields: &mut Fields) -> Result<(), ImportError> {
        let mut facts = Fields::of(Value::Object(self.header.facts.clone())).unwrap_or_default();
        for name in
            ["id", "epoch", "description", "choices", "sandbox", "files", "setup", "metadata"]
        {
            if let Some(mut value) = fields.take(name) {
                self.texts.resolve(&mut value);
                facts.keep(&format!("sample_{name}"), value);
            }
        }
        fields.drop("uuid");
        let mut event = timed(Kind::RunStart, start);
        event.attributes = facts.rest_counted(&mut self.report);
        self.rows.push(event)?;
        self.rows.open_stage(0, start)
    }

    /// Completes a row with its place and what is left of its record.
    pub(super) fn placed(&mut self, mut event: Event, mut rest: Fields, place: &Place) -> Event {
        if self.open {
            event.attempt = Some(self.attempt);
        }
        if let Some(path) = &place.path {
            rest.keep("span", path.as_str());
        }
        if let Some(id) = place.span.as_ref().filter(|id| place.path.as_ref() != Some(id)) {
            rest.keep("span_id", id.as_str());
        }
        if let Some(agent) = &place.agent {
            rest.keep("agent_id", agent.id.as_str());
            rest.keep("agent_type", agent.name.as_str());
            if self.agents.insert(agent.id.clone()) {
                event.parent_event_id = event.parent_event_id.or_else(|| place.started_by.clone());
            }
        }
        event.attributes = rest.rest_counted(&mut self.report);
        event
    }

    /// Adds a row.
    pub(super) fn put(
        &mut self,
        event: Event,
        rest: Fields,
        place: &Place,
    ) -> Result<(), ImportError> {
        let event = self.placed(event, rest, place);
        self.rows.push(event)
    }
}
