//! The second pass: the spans of a run, trace by trace, through the same mapping as those of a live agent.

use super::super::fields::Fields;
use super::super::rows::{Rows, timed};
use super::super::sink::Sink;
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport};
use super::agents::{Agents, SubAgent};
use super::groups::Group;
use super::index::{Entry, Form, Index};
use super::ours;
use crate::capture::otlp::Counts;
use crate::capture::otlp::genai::{Mapper, has_column, without_texts};
use crate::capture::otlp::spans::Span;
use crate::trace::hexadecimal;
use crate::trace::{Event, Kind, RunFacts, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a trace that is read as a whole; the texts of a longer one are read again when their rows are made.
const WHOLE_TRACE: usize = 32 << 20;
/// Descriptions of a kind that are kept.
const LISTED: usize = 1000;
/// Attributes that the mapping adds itself.
const ADDED: &[&str] = &[
    "span",
    "tool_calls",
    "reasoning",
    "cached_tokens",
    "left_out",
    "usage_from_span",
    "error_message",
];

/// Hands a run to a sink.
pub(super) fn convert(
    index: &Index,
    group: &Group,
    path: &Path,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut report = ImportReport::of("otlp", path);
    report.add(group.account.clone());
    if let Some(run) = ours::facts(index, group) {
        return ours::convert(index, group, &run, report, sink);
    }
    let entries = || group.spans().map(|i| &index.spans[i as usize]);
    let spans_say_it = entries().any(|e| e.form != Form::Log && e.is_of_agent);
    let is_used = |entry: &Entry| entry.form != Form::Log || !spans_say_it;
    let dropped = entries().filter(|e| !is_used(e)).count() as u64;
    report.skip("log record of what a span says", dropped);

    let facts = facts(index, group, path, &mut report)?;
    let start = entries().filter(|e| is_used(e)).filter_map(|e| e.start_ns).min().and_then(time);
    let end = entries().filter(|e| is_used(e)).filter_map(|e| e.end_ns.or(e.start_ns)).max();
    let mut rows = Rows::begin(sink, facts, start)?;
    let mut run_start = timed(Kind::RunStart, start);
    run_start.attributes = Some(description(index, group));
    rows.push(run_start)?;
    rows.open_stage(0, start)?;
    let mut mapper = Mapper::keeping_long_attributes();
    let mut said = Sums::default();
    for trace in &group.traces {
        let used: Vec<&Entry> =
            trace.iter().map(|i| &index.spans[*i as usize]).filter(|e| is_used(e)).collect();
        add_trace(index, &used, &mut mapper, &mut rows, &mut said, &mut report)?;
    }
    said.compare(&mut report);
    account(&mut report, &mapper.counts());
    let reason =
        rows.close_stage(StageOutcome::default(), timed(Kind::StageResult, end.and_then(time)))?;
    let mut run_end = timed(Kind::RunEnd, end.and_then(time));
    run_end.end_reason = reason;
    if !said.agents.is_empty() {
        run_end.attributes = Fields::of(json!({ "agents": said.agents })).and_then(Fields::rest);
    }
    rows.end(run_end, report)
}

/// Adds the rows of a trace.
fn add_trace(
    index: &Index,
    entries: &[&Entry],
    mapper: &mut Mapper,
    rows: &mut Rows<'_>,
    sums: &mut Sums,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let fits = entries.iter().map(|e| e.len).sum::<usize>() <= WHOLE_TRACE;
    let mut places: HashMap<String, &Entry> = HashMap::new();
    let mut spans = Vec::with_capacity(entries.len());
    for entry in entries {
        let span = index.read(entry)?;
        // One without an identifier could not be found again.
        if fits || span.span_id.is_empty() {
            spans.push(span);
        } else {
            places.insert(span.span_id.clone(), entry);
            spans.push(without_texts(span));
        }
    }
    if entries.iter().any(|e| e.form == Form::Log) {
        give_prompts(&mut spans);
    }
    let agents = Agents::of(&spans);
    let said = agents.said(&spans);
    sums.agents.extend(said.agents);
    sums.agents.truncate(LISTED);
    let mut counted = (0, 0);
    let failed: RefCell<Option<ImportError>> = RefCell::new(None);
    // The span whose rows come next, or a wrapper of it, which is of the same agent.
    let current = RefCell::new(String::new());
    let mut whole = |span: &Span| {
        current.borrow_mut().clone_from(&span.span_id);
        let again = index.read(places.get(&span.span_id)?);
        again
            .map_err(|error| {
                failed.borrow_mut().get_or_insert(error);
            })
            .ok()
    };
    let mut known: HashSet<String> = HashSet::new();
    let mut out = |event: Event| {
        if failed.borrow().is_some() {
            return;
        }
        let tokens = (event.input_tokens.unwrap_or(0), event.output_tokens.unwrap_or(0));
        counted = plus(counted, tokens);
        let agent = agents.below(&current.borrow());
        if let Err(error) = add(event, agent, &mut known, rows, report) {
            failed.replace(Some(error));
        }
    };
    mapper.map_each(spans, &mut whole, &mut out);
    if let Some(tokens) = said.tokens {
        sums.said = Some(plus(sums.said.unwrap_or_default(), tokens));
        sums.counted = plus(sums.counted, counted);
    }
    failed.into_inner().map_or(Ok(()), Err)
}

/// What agents say of all that is below them, and what was counted there: input and output tokens.
#[derive(Debug, Default)]
struct Sums {
    agents: Vec<Value>,
    said: Option<(i64, i64)>,
    counted: (i64, i64),
}

impl Sums {
    fn compare(&self, report: &mut ImportReport) {
        if let Some((input, output)) = self.said.filter(|said| *said != self.counted) {
            report.warn(format!(
                "the spans of agents sum up {input} input and {output} output tokens; their calls have {} and {}, which count",
                self.counted.0, self.counted.1
            ));
        }
    }
}

fn plus(a: (i64, i64), b: (i64, i64)) -> (i64, i64) {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}

/// Adds one row.
fn add(
    mut event: Event,
    agent: Option<SubAgent>,
    known: &mut HashSet<String>,
    rows: &mut Rows<'_>,
    report: &mut ImportReport,
) -> Result<(), ImportError> {
    let attributes = event.attributes.take().and_then(|json| serde_json::from_str(&json).ok());
    let mut attributes: Map<String, Value> = attributes.unwrap_or_default();
    let names = attributes.keys().map(String::as_str);
    report.without_column(names.filter(|name| !ADDED.contains(name) && !has_column(name)));
    if let Some(agent) = &agent {
        attributes.insert("agent_id".to_owned(), agent.id.as_str().into());
        if let Some(name) = &agent.name {
            attributes.insert("agent_name".to_owned(), name.as_str().into());
        }
        if known.insert(agent.id.clone()) {
            event.parent_event_id = event.parent_event_id.or_else(|| agent.called_by.clone());
        }
    }
    event.attributes =
        Some(attributes).filter(|a| !a.is_empty()).map(|a| Value::Object(a).to_string());
    if event.kind != Kind::ToolCall {
        return rows.push(event);
    }
    let thread = agent.map_or_else(String::new, |agent| agent.id);
    let row = rows.call(&thread, event)?;
    rows.release(row)
}

/// The prompts of a log, each given to the request after it.
fn give_prompts(spans: &mut [Span]) {
    const MESSAGES: &str = "gen_ai.input.messages";
    spans.sort_by_key(|span| span.start_ns);
    let mut asked: Vec<Value> = Vec::new();
    for span in spans {
        if span.name == "user_prompt" {
            if let Some(Value::Array(messages)) = span.attributes.shift_remove(MESSAGES) {
                asked.extend(messages);
            }
        } else if span.name == "api_request" && !asked.is_empty() {
            span.attributes.insert(MESSAGES.to_owned(), Value::Array(std::mem::take(&mut asked)));
        }
    }
}

/// What became of all spans.
fn account(report: &mut ImportReport, counts: &Counts) {
    for _ in 0..counts.llm_calls + counts.tool_calls + counts.sums_counted {
        report.used();
    }
    for (reason, n) in [
        ("span around a span of the same call", counts.wrappers),
        (
            "span of an agent, a workflow or a step around others",
            counts.around - counts.sums_counted.min(counts.around),
        ),
        ("span that came after what sums it up", counts.late),
    ] {
        for _ in 0..n {
            report.merge(reason);
        }
    }
    report.skip("span of nothing that an agent does", counts.unrelated);
    report.skip("span that came again", counts.repeated);
}

/// What is true of the run.
fn facts(
    index: &Index,
    group: &Group,
    path: &Path,
    report: &mut ImportReport,
) -> Result<RunFacts, ImportError> {
    let mut entries: Vec<(u32, &Entry)> =
        group.spans().map(|i| (i, &index.spans[i as usize])).collect();
    entries.sort_by_key(|(i, e)| (e.start_ns.unwrap_or(u64::MAX), *i));
    let most = |of: fn(&Entry) -> u32| {
        let mut counts: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        for (place, (_, entry)) in entries.iter().enumerate().filter(|(_, (_, e))| of(e) != 0) {
            counts.entry(of(entry)).or_insert((0, usize::MAX - place)).0 += 1;
        }
        // Of equally frequent ones the first.
        let mut counts: Vec<(u32, (usize, usize))> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    };
    let models = most(|e| e.model);
    let model = models.first().map(|(model, _)| index.texts.get(*model).to_owned());
    if model.is_none() {
        report.warn("no span names a model; it is stored as `unknown`");
    }
    if models.len() > 1 {
        let list: Vec<String> =
            models.iter().map(|(m, (n, _))| format!("{} ({n})", index.texts.get(*m))).collect();
        report
            .warn(format!("spans name several models: {}; the run has the first", list.join(", ")));
    }
    let provider = most(|e| e.provider).first().map(|(p, _)| index.texts.get(*p).to_owned());
    let mut services = entries.iter().filter_map(|(_, e)| service(index.resource_of(e)));
    let service = services.next();
    let agents = entries.iter().filter(|(_, e)| e.is_of_agent);
    let agent = agents.filter_map(|(_, e)| index.texts.some(e.agent)).map(str::to_owned).next();
    let agent = agent.or_else(|| service.clone());
    let workload = service.or_else(|| agent.clone()).unwrap_or_else(|| "otlp".to_owned());
    let run_id = match &group.id {
        Some(id) => id.clone(),
        None => format!(
            "{workload}-{}",
            hash_of_file(index, entries.first().map_or(0, |(_, e)| e.file), path)?
        ),
    };
    Ok(RunFacts {
        run_id,
        workload,
        model: model.unwrap_or_else(|| "unknown".to_owned()),
        provider,
        agent,
        protocol: None,
    })
}

/// What a process calls itself, unless it is what SDKs put there when it does not.
fn service(resource: &Map<String, Value>) -> Option<String> {
    let name = resource.get("service.name")?.as_str()?;
    (!name.is_empty() && !name.starts_with("unknown_service")).then(|| name.to_owned())
}

/// What describes the run: the processes, the traces, the models.
fn description(index: &Index, group: &Group) -> String {
    let mut resources: Vec<&Arc<Map<String, Value>>> = Vec::new();
    let mut traces: Vec<&str> = Vec::new();
    let mut models: BTreeMap<&str, u64> = BTreeMap::new();
    for list in &group.traces {
        for (at, i) in list.iter().enumerate() {
            let entry = &index.spans[*i as usize];
            let resource = index.resource_of(entry);
            // Equal ones are the same one in an index.
            let is_known = resources.iter().any(|known| Arc::ptr_eq(known, resource));
            if resources.len() < LISTED && !resource.is_empty() && !is_known {
                resources.push(resource);
            }
            if let (0, Some(trace)) = (at, index.texts.some(entry.trace))
                && traces.len() < LISTED
            {
                traces.push(trace);
            }
            if let Some(model) = index.texts.some(entry.model) {
                *models.entry(model).or_default() += 1;
            }
        }
    }
    let resources: Vec<Value> =
        resources.into_iter().map(|r| Value::Object((**r).clone())).collect();
    json!({ "resources": resources, "traces": traces, "models": models }).to_string()
}

fn hash_of_file(index: &Index, file: u32, path: &Path) -> Result<String, ImportError> {
    let mut stream = index.files[file as usize].open()?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let n = stream.read(&mut buffer).map_err(ImportError::io(path))?;
        if n == 0 {
            break;
        }
        digest.update(&buffer[..n]);
    }
    Ok(hexadecimal(&digest.finalize()[..4]))
}

pub(super) fn time(ns: u64) -> Option<Timestamp> {
    i64::try_from(ns / 1000).ok().map(Timestamp::from_micros)
}
