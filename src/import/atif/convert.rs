//! Documents to rows: steps in order, sub-agents after the step that started them.

use super::super::fields::Fields;
use super::super::report::Rejected;
use super::super::rows::{Rows, timed};
use super::super::sink::{Sink, send};
use super::super::source::Source;
use super::super::stages::{Last, StageOutcome};
use super::super::tools::tool_kind;
use super::super::{ImportError, ImportReport};
use super::calls::{Group, Reply, groups, repeats_replies};
use super::content::text_of;
use super::document::Document;
use super::facts::facts;
use super::links::{Reference, RunFiles};
use super::metrics::Arithmetic;
use super::restored::restored;
use super::results::{ToolResult, calls_in_tags, calls_of, of_only_call, results_of};
use super::totals::{Sums, compare};
use crate::trace::{Clock, Event, Kind, Timestamp, ToolKind};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Sub-agents of sub-agents that are put where they were started; what is deeper comes at the end.
const DEEPEST: usize = 32;

/// The agent whose steps are read.
#[derive(Debug, Clone, Default)]
struct Agent {
    /// `None` for the main one.
    id: Option<String>,
    name: Option<String>,
    /// What its rows' ids begin with.
    prefix: String,
    path: PathBuf,
    arithmetic: Arithmetic,
    repeats: bool,
    /// The call that started it, until its first row has it.
    parent: Option<String>,
    depth: usize,
}

/// When a step was, and whose word that is.
type When = Option<(Timestamp, Clock)>;

/// A run on its way to its rows.
struct Conversation<'s> {
    rows: Rows<'s>,
    report: ImportReport,
    model: String,
    /// Steps that were read, to know a copy by: what they say, and where.
    seen: HashMap<String, String>,
    /// Sub-agents that no step has referred to yet.
    waiting: Vec<(Option<String>, Option<Document>)>,
    agents: BTreeSet<String>,
    own: Sums,
    all: Sums,
    last: Option<Timestamp>,
    naive: bool,
}

/// Imports one run.
pub(super) fn convert(
    origin: &Source,
    files: &RunFiles,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let mut report = origin.report();
    let first = origin.file()?;
    let mut segments = Vec::new();
    for (at, file) in files.segments.iter().enumerate() {
        match Document::read(file) {
            Ok(document) => segments.push(document),
            Err(error) if at == 0 => return Err(error),
            Err(error) => report.reject(file.name(), 1, error.to_string()),
        }
    }
    if let [document] = segments.as_slice()
        && let Some((run, events)) = restored(document, &mut report)
    {
        return send(sink, run, events, report);
    }
    let mut waiting = Vec::new();
    for (name, file) in &files.subagents {
        match Document::read(file) {
            Ok(document) => waiting.push((Some(name.clone()), Some(document))),
            Err(error) => report.reject(file.name(), 1, error.to_string()),
        }
    }
    let Some(head) = segments.first() else { return Ok(()) };
    let run = facts(head, first, &mut report);
    let all = segments.iter().chain(waiting.iter().filter_map(|(_, d)| d.as_ref()));
    let times: Vec<Timestamp> = all.flat_map(times_of).collect();
    let start = times.iter().min().copied();
    let model = run.model.clone();
    let conversation = Conversation {
        rows: Rows::begin(sink, run, start)?,
        report,
        model,
        seen: HashMap::new(),
        waiting,
        agents: BTreeSet::new(),
        own: Sums::default(),
        all: Sums::default(),
        last: times.iter().max().copied(),
        naive: false,
    };
    conversation.run(segments, start)
}

impl Conversation<'_> {
    fn run(
        mut self,
        mut segments: Vec<Document>,
        start: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let mut run_start = timed(Kind::RunStart, start);
        run_start.attributes = self.head_of(&mut segments);
        self.rows.push(run_start)?;
        self.rows.open_stage(0, start)?;
        let mut totals = Vec::new();
        for (at, mut segment) in segments.into_iter().enumerate() {
            totals.extend(segment.final_metrics.take());
            let prefix = if at == 0 { String::new() } else { format!("cont-{at}/") };
            let agent = Agent { prefix, ..Agent::default() };
            self.document(segment, agent)?;
        }
        while let Some(next) = self.waiting.iter_mut().find(|(_, d)| d.is_some()) {
            if let (name, Some(document)) = (next.0.clone(), next.1.take()) {
                self.subagent(document, name, None, 1)?;
            }
        }
        self.waiting.clear();
        if let Some(latest) = totals.last()
            && let Some(row) = compare(latest, self.own, self.all, &mut self.report)
        {
            self.rows.push(row)?;
        }
        let reason =
            self.rows.close_stage(StageOutcome::default(), timed(Kind::StageResult, self.last))?;
        let mut run_end = timed(Kind::RunEnd, self.last);
        run_end.end_reason = reason;
        let mut attributes = Fields::default();
        let mut totals: Vec<Value> = totals
            .into_iter()
            .map(|t| Value::Object(t.into_pairs().collect::<Map<_, _>>()))
            .collect();
        match (totals.pop(), totals.is_empty()) {
            (Some(only), true) => attributes.keep("final_metrics", only),
            (Some(last), false) => {
                totals.push(last);
                attributes.keep("final_metrics", totals);
            }
            (None, _) => {}
        }
        run_end.attributes = attributes.rest();
        self.rows.end(run_end, self.report)
    }

    /// What the documents say of the run as a whole. What later segments repeat of the first is said once.
    fn head_of(&mut self, segments: &mut [Document]) -> Option<String> {
        let mut attributes = Fields::default();
        for (at, segment) in segments.iter_mut().enumerate() {
            let mut more = std::mem::take(&mut segment.rest);
            for (name, value) in
                [("session_id", &segment.session_id), ("trajectory_id", &segment.trajectory_id)]
            {
                if let Some(value) = value {
                    more.keep(name, value.clone());
                }
            }
            if let Some(version) = segment.agent.text("version") {
                more.keep("agent_version", version);
            }
            for (name, value) in std::mem::take(&mut segment.agent).into_pairs() {
                more.keep(if name == "extra" { "agent_extra" } else { &name }, value);
            }
            for (name, value) in more.into_pairs() {
                if attributes.peek(&name) == Some(&value) {
                    continue;
                }
                let name = if at == 0 { name } else { format!("cont-{at}/{name}") };
                attributes.keep(&name, value);
            }
        }
        attributes.rest()
    }

    /// The steps of one document.
    fn document(&mut self, document: Document, mut agent: Agent) -> Result<(), ImportError> {
        agent.path = document.path;
        agent.name = document.agent_name;
        agent.arithmetic = Arithmetic::of(&document.steps, agent.name.as_deref());
        agent.repeats = repeats_replies(agent.name.as_deref(), document.minor);
        if agent.arithmetic.writes_are_apart() {
            self.report.warn(
                "the document leaves tokens written to a cache out of its prompt tokens; they are counted here",
            );
        }
        let inner = self.waiting.len();
        for value in document.subagents {
            match Document::of(value, &agent.path) {
                Some(sub) => self.waiting.push((sub.trajectory_id.clone(), Some(sub))),
                None => self.report.reject(&agent.path, 1, "a sub-agent that is not a trajectory"),
            }
        }
        for group in groups(document.steps, agent.repeats) {
            self.group(&mut agent, group)?;
        }
        // Its own sub-agents that no step refers to.
        for at in inner..self.waiting.len() {
            let deep = agent.depth >= DEEPEST;
            let Some((name, sub)) = self.waiting.get_mut(at).filter(|_| !deep) else { break };
            if let (name, Some(sub)) = (name.clone(), sub.take()) {
                self.subagent(sub, name, None, agent.depth + 1)?;
            }
        }
        Ok(())
    }

    /// A sub-agent, with its rows marked.
    fn subagent(
        &mut self,
        mut document: Document,
        name: Option<String>,
        parent: Option<String>,
        depth: usize,
    ) -> Result<(), ImportError> {
        let by_file = || name.map(|n| n.trim_end_matches(".json").to_owned());
        let session = document.session_id.clone();
        let wanted = document.trajectory_id.clone().or(session).or_else(by_file);
        let wanted = wanted.unwrap_or_else(|| "subagent".to_owned());
        let mut id = wanted.clone();
        for n in 2.. {
            if self.agents.insert(id.clone()) {
                break;
            }
            id = format!("{wanted}-{n}");
        }
        let mut head = std::mem::take(&mut document.rest);
        head.drop("schema_version");
        if let Some(totals) = document.final_metrics.take() {
            head.keep("final_metrics", Value::Object(totals.into_pairs().collect()));
        }
        for (name, value) in std::mem::take(&mut document.agent).into_pairs() {
            head.keep(if name == "extra" { "agent_extra" } else { &name }, value);
        }
        if let Some(model) = document.agent_model.clone().filter(|m| *m != self.model) {
            head.keep("model", model);
        }
        let agent =
            Agent { prefix: format!("{id}/"), id: Some(id), parent, depth, ..Agent::default() };
        let mut agent = agent;
        agent.name.clone_from(&document.agent_name);
        if let Some(text) = head.rest() {
            let mut row = Event::new(Kind::Message);
            row.role = Some("system".to_owned());
            row.attributes = Some(text);
            self.push(&mut agent, None, row)?;
        }
        self.document(document, agent)
    }

    fn group(&mut self, agent: &mut Agent, group: Group) -> Result<(), ImportError> {
        let mut steps = Vec::new();
        for (n, value) in group {
            let key = key_of(&value);
            let Some(mut step) = Fields::of(value) else {
                self.report.reject(&agent.path, n, "a step that is not an object");
                continue;
            };
            let place = format!("step {n} of {}", agent.path.display());
            if step.peek("step_id").and_then(Value::as_u64) == Some(n as u64) {
                step.drop("step_id");
            }
            if step.flag("is_copied_context") == Some(true) {
                self.copied(agent, n, step, key)?;
                continue;
            }
            if let Some(key) = key {
                self.seen.entry(key).or_insert(place);
            }
            steps.push((n, step));
        }
        let Some((n, first)) = steps.first_mut() else { return Ok(()) };
        let n = *n;
        match first.text("source").as_deref() {
            Some("agent") => self.reply(agent, steps),
            Some(role @ ("user" | "system")) => {
                self.report.used();
                let step = steps.remove(0).1;
                self.message(agent, n, role, step)
            }
            other => {
                let kind = format!("step with the source `{}`", other.unwrap_or("none"));
                self.report.unknown(&kind);
                Ok(())
            }
        }
    }

    /// A step that was copied from an earlier document: once more the same, unless that document is not here.
    fn copied(
        &mut self,
        agent: &mut Agent,
        n: usize,
        mut step: Fields,
        key: Option<String>,
    ) -> Result<(), ImportError> {
        const REASON: &str = "copied from an earlier document";
        match key.as_ref().map(|key| self.seen.get(key)) {
            Some(Some(place)) => {
                let place = place.clone();
                self.report.duplicate(REASON, &agent.path, n, place);
                return Ok(());
            }
            None => {
                self.report.duplicate(REASON, &agent.path, n, "the document before this one");
                return Ok(());
            }
            Some(None) => {}
        }
        if let Some(key) = key {
            self.seen.insert(key, format!("step {n} of {}", agent.path.display()));
        }
        self.report.used();
        let when = self.when(agent, n, &mut step);
        let source = step.text("source").unwrap_or_default();
        let mut row = Event::new(Kind::Message);
        row.event_id = Some(format!("{}step-{n}", agent.prefix));
        row.role = Some(if source == "agent" { "assistant".to_owned() } else { source });
        let (text, parts) = text_of(step.take("message"));
        row.content = text;
        let mut attributes = Fields::default();
        attributes.keep("is_copied_context", true);
        if let Some(parts) = parts {
            attributes.keep("content_parts", parts);
        }
        row.attributes = joined(attributes, step, &mut self.report);
        self.push(agent, when, row)
    }

    fn message(
        &mut self,
        agent: &mut Agent,
        n: usize,
        role: &str,
        mut step: Fields,
    ) -> Result<(), ImportError> {
        let when = self.when(agent, n, &mut step);
        let id = format!("{}step-{n}", agent.prefix);
        let path = agent.path.clone();
        let results = results_of(&mut step, (&path, n), &mut self.report);
        let (text, parts) = text_of(step.take("message"));
        let mut row = Event::new(Kind::Message);
        row.event_id = Some(id.clone());
        row.role = Some(role.to_owned());
        row.content = text;
        let mut attributes = Fields::default();
        if let Some(parts) = parts {
            attributes.keep("content_parts", parts);
        }
        let extra = step.object("extra").unwrap_or_default();
        let more = merged(step, extra);
        row.attributes = joined(attributes, more, &mut self.report);
        self.push(agent, when, row)?;
        self.results(agent, &id, when, results, &mut Vec::new(), &Fields::default())
    }

    /// The steps of one reply: its row, then the calls with their results.
    fn reply(&mut self, agent: &mut Agent, steps: Vec<(usize, Fields)>) -> Result<(), ImportError> {
        let path = agent.path.clone();
        let mut reply = Reply::default();
        let mut parts = Vec::new();
        let mut more = Fields::default();
        let mut id = None;
        for (n, mut step) in steps {
            if id.is_none() {
                self.report.used();
            } else {
                self.report.merge("another step of the same reply");
            }
            id.get_or_insert_with(|| format!("{}step-{n}", agent.prefix));
            let when = self.when(agent, n, &mut step);
            let mut extra = step.object("extra").unwrap_or_default();
            let text = step.peek("message").and_then(Value::as_str).unwrap_or_default().to_owned();
            reply.take(
                &mut step,
                &mut extra,
                when.map(|(ts, _)| ts),
                agent.arithmetic,
                &mut self.report,
            );
            let mut calls =
                calls_of(&mut step, (&path, n), when.map(|(ts, _)| ts), &mut self.report);
            if calls.is_empty() && agent.name.as_deref() == Some("openhands") {
                calls = calls_in_tags(&text, when.map(|(ts, _)| ts));
            }
            if agent.repeats {
                for call in &calls {
                    let name = call.tool_name.as_deref().unwrap_or_default();
                    let id = call.tool_call_id.as_deref().unwrap_or_default();
                    reply.drop_text(&format!("Executed {name} {id}"));
                }
            }
            let of_call = match calls.as_mut_slice() {
                [only] => of_only_call(&mut extra, only, &mut self.report),
                _ => Fields::default(),
            };
            let results = results_of(&mut step, (&path, n), &mut self.report);
            step.drop("source");
            step.drop("model_name");
            for (name, value) in merged(step, extra).into_pairs() {
                if more.peek(&name) != Some(&value) {
                    more.keep(&name, value);
                }
            }
            parts.push((when, calls, of_call, results));
        }
        let Some(id) = id else { return Ok(()) };
        let when = parts.iter().find_map(|(when, ..)| *when);
        let thread = more.text("agent_id").filter(|t| !t.is_empty());
        let outer = agent.id.clone();
        if agent.id.is_none() && thread.is_some() {
            agent.id = thread;
        }
        let row = reply.row(&id, &self.model, more, &mut self.report);
        self.all.add(&row);
        if agent.id.is_none() {
            self.own.add(&row);
        }
        self.push(agent, when, row)?;
        for (when, calls, of_call, results) in parts {
            let mut open = Vec::new();
            let last = calls.last().and_then(|c| c.tool_name.as_deref());
            let finishes = last.map(tool_kind) == Some(ToolKind::Finish);
            for mut call in calls {
                call.parent_event_id = Some(id.clone());
                mark(&mut call, agent, when);
                let thread = agent.id.clone().unwrap_or_default();
                let call_id = call.tool_call_id.clone();
                open.push((call_id, Some(self.rows.call(&thread, call)?)));
            }
            let unanswered = results.is_empty();
            self.results(agent, &id, when, results, &mut open, &of_call)?;
            if unanswered && finishes {
                // Nobody answers a call that ends the run.
                self.rows.last = Last::ToolResult { finish: true };
            }
        }
        agent.id = outer;
        Ok(())
    }

    /// Results to their calls, or to rows of their own; then the sub-agents that they refer to.
    fn results(
        &mut self,
        agent: &mut Agent,
        step_id: &str,
        when: When,
        results: Vec<ToolResult>,
        open: &mut [(Option<String>, Option<super::super::rows::RowId>)],
        of_call: &Fields,
    ) -> Result<(), ImportError> {
        let thread = agent.id.clone().unwrap_or_default();
        let nameless = results.iter().filter(|r| r.call_id.is_none() && r.text.is_some()).count();
        let answered: BTreeSet<String> = results.iter().filter_map(|r| r.call_id.clone()).collect();
        let unanswered = |id: &Option<String>| id.as_ref().is_none_or(|id| !answered.contains(id));
        // As many results without a name as calls without a result belong together, in order.
        let in_order = nameless == open.iter().filter(|(id, _)| unanswered(id)).count();
        let mut started = Vec::new();
        for mut result in results {
            let references = std::mem::take(&mut result.subagents);
            let in_turn = result.call_id.is_none() && in_order && result.text.is_some();
            let call = open.iter_mut().find(|(id, row)| in_turn && unanswered(id) && row.is_some());
            let (named, row) = call.map_or((None, None), |(id, row)| (id.clone(), row.take()));
            let call_id = result.call_id.clone().or(named);
            let mut result = Some(result);
            let report = &mut self.report;
            let fill = |event: &mut Event| {
                if let Some(result) = result.take() {
                    result.fill(event, of_call, report);
                }
            };
            match (&call_id, row) {
                (Some(id), _) => self.rows.answer(&thread, id, fill)?,
                (None, Some(row)) => self.rows.complete(row, fill)?,
                (None, None) => false,
            };
            let left = result.and_then(|r| r.message(when.map(|(ts, _)| ts), &mut self.report));
            if let Some(mut row) = left {
                row.parent_event_id = Some(step_id.to_owned());
                mark(&mut row, agent, when);
                match call_id {
                    Some(_) => self.rows.orphan_result(row)?,
                    None => self.rows.push(row)?,
                }
            }
            started.push((call_id.unwrap_or_else(|| step_id.to_owned()), references));
        }
        for (parent, references) in started {
            for reference in references {
                self.start(agent, &parent, &reference)?;
            }
        }
        Ok(())
    }

    /// A sub-agent that a step refers to, if it is here and its turn has not been.
    fn start(
        &mut self,
        agent: &Agent,
        parent: &str,
        reference: &Reference,
    ) -> Result<(), ImportError> {
        if agent.depth >= DEEPEST {
            return Ok(());
        }
        let fits = |name: &Option<String>, document: &Document| {
            let named = |wanted: &Option<String>| wanted.is_some() && name == wanted;
            let id = reference.id.is_some()
                && (document.trajectory_id == reference.id || document.session_id == reference.id);
            named(&reference.path) || named(&reference.id) || id
        };
        let found = self
            .waiting
            .iter_mut()
            .rev()
            .find(|(name, document)| document.as_ref().is_some_and(|d| fits(name, d)));
        let Some((name, document)) = found else {
            let what = reference.path.as_ref().or(reference.id.as_ref());
            let what = what.map_or("without a name", String::as_str);
            self.report
                .warn(format!("the sub-agent `{what}` is not here; its calls are not counted"));
            return Ok(());
        };
        let (name, Some(document)) = (name.clone(), document.take()) else { return Ok(()) };
        self.subagent(document, name, Some(parent.to_owned()), agent.depth + 1)
    }

    fn push(&mut self, agent: &mut Agent, when: When, mut row: Event) -> Result<(), ImportError> {
        mark(&mut row, agent, when);
        if let Some(parent) = agent.parent.take() {
            row.parent_event_id = Some(parent);
        }
        self.rows.push(row)
    }

    /// Takes a step's time.
    fn when(&mut self, agent: &Agent, n: usize, step: &mut Fields) -> When {
        let value = step.take("timestamp")?;
        let when = time_of(&value);
        match when {
            Some((_, Clock::AssumedUtc)) if !self.naive => {
                self.naive = true;
                self.report.warn("times have no zone and are read as UTC");
            }
            None => {
                let problem = format!("step {n}: not a time: {value}");
                self.report.reject_value(Rejected { path: agent.path.clone(), line: n, problem });
                step.keep("timestamp", value);
            }
            Some(_) => {}
        }
        when
    }
}

/// The times of a document's steps, and of those of the sub-agents inside of it.
fn times_of(document: &Document) -> Vec<Timestamp> {
    let mut times = Vec::new();
    let mut open: Vec<&Value> = document.subagents.iter().collect();
    let mut steps: Vec<&Value> = document.steps.iter().collect();
    while let Some(next) = open.pop() {
        let array = |name: &str| next.get(name).and_then(Value::as_array).into_iter().flatten();
        steps.extend(array("steps"));
        open.extend(array("subagent_trajectories"));
    }
    for step in steps {
        times.extend(step.get("timestamp").and_then(time_of).map(|(ts, _)| ts));
    }
    times
}

/// A time, with or without a zone, or an epoch in seconds or milliseconds.
fn time_of(value: &Value) -> When {
    if let Some(epoch) = value.as_f64() {
        let seconds = if epoch.abs() >= 1e11 { epoch / 1e3 } else { epoch };
        return Timestamp::from_epoch_seconds(seconds).map(|ts| (ts, Clock::Source));
    }
    let text = value.as_str()?.trim().replacen(' ', "T", 1);
    let zoned = Timestamp::parse_zoned(&text).map(|ts| (ts, Clock::Source));
    zoned.or_else(|| Timestamp::parse_naive(&text).map(|ts| (ts, Clock::AssumedUtc)))
}

/// What a step says, to know its copy by; `None` when it says nothing.
fn key_of(step: &Value) -> Option<String> {
    let message = step.get("message").filter(|m| m.as_str() != Some("") && !m.is_null());
    let calls = step.get("tool_calls").filter(|c| c.as_array().is_some_and(|c| !c.is_empty()));
    if message.is_none() && calls.is_none() {
        return None;
    }
    let source = step.get("source").and_then(Value::as_str).unwrap_or_default();
    let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
    Some(format!("{source}\n{}\n{}", text(message), text(calls)))
}

/// Says whose row it is, and when it was.
fn mark(row: &mut Event, agent: &Agent, when: When) {
    row.ts = row.ts.or(when.map(|(ts, _)| ts));
    row.clock = row.ts.and(when.map(|(_, clock)| clock));
    if let Some(id) = &agent.id {
        let kept = row.attributes.take().and_then(|a| serde_json::from_str::<Map<_, _>>(&a).ok());
        let mut marked = Map::new();
        marked.insert("agent_id".to_owned(), id.clone().into());
        if let Some(name) = &agent.name {
            marked.insert("agent_type".to_owned(), name.clone().into());
        }
        marked.extend(kept.unwrap_or_default());
        row.attributes = Some(Value::Object(marked).to_string());
    }
}

/// The fields of a step, with those of its `extra` in their place.
fn merged(mut step: Fields, extra: Fields) -> Fields {
    for (name, value) in extra.into_pairs() {
        // A name that both have says two things.
        let name = if step.peek(&name).is_some() { format!("extra.{name}") } else { name };
        step.keep(&name, value);
    }
    step
}

/// Attributes of a row: what is known, and what has no column, which is counted.
pub(super) fn joined(mut known: Fields, more: Fields, report: &mut ImportReport) -> Option<String> {
    for (name, value) in more.into_pairs() {
        let empty = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::String(text) => text.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if !empty {
            report.without_column(std::iter::once(name.as_str()));
            known.keep(&name, value);
        }
    }
    known.rest()
}
