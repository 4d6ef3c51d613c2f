//! Documents to rows: steps in order, sub-agents after the step that started them.

use super::super::fields::Fields;
use super::super::rows::{Rows, timed};
use super::super::sink::{Sink, send};
use super::super::source::Source;
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport};
use super::calls::{groups, repeats_replies};
use super::document::Document;
use super::facts::facts;
use super::links::{Reference, RunFiles};
use super::metrics::Arithmetic;
use super::restored::restored;
use super::times::{When, times_of};
use super::totals::{Sums, compare};
use crate::trace::{Event, Kind, Timestamp};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// Sub-agents of sub-agents that are put where they were started; what is deeper comes at the end.
const DEEPEST: usize = 32;

/// The agent whose steps are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Agent {
    /// `None` for the main one.
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    /// What its rows' ids begin with.
    pub(super) prefix: String,
    pub(super) path: PathBuf,
    pub(super) arithmetic: Arithmetic,
    pub(super) repeats: bool,
    /// The call that started it, until its first row has it.
    pub(super) parent: Option<String>,
    pub(super) depth: usize,
}

/// A run on its way to its rows.
pub(super) struct Conversation<'s> {
    pub(super) rows: Rows<'s>,
    pub(super) report: ImportReport,
    pub(super) model: String,
    /// Steps that were read, to know a copy by: what they say, and where.
    pub(super) seen: HashMap<String, String>,
    /// Sub-agents that no step has referred to yet.
    pub(super) waiting: Vec<(Option<String>, Option<Document>)>,
    pub(super) agents: BTreeSet<String>,
    pub(super) own: Sums,
    pub(super) all: Sums,
    pub(super) last: Option<Timestamp>,
    pub(super) naive: bool,
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
        run_start.attributes = Self::head_of(&mut segments);
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
    fn head_of(segments: &mut [Document]) -> Option<String> {
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

    /// A sub-agent that a step refers to, if it is here and its turn has not been.
    pub(super) fn start(
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

    /// A row of an agent.
    pub(super) fn push(
        &mut self,
        agent: &mut Agent,
        when: When,
        mut row: Event,
    ) -> Result<(), ImportError> {
        mark(&mut row, agent, when);
        if let Some(parent) = agent.parent.take() {
            row.parent_event_id = Some(parent);
        }
        self.rows.push(row)
    }
}

/// Says whose row it is, and when it was.
pub(super) fn mark(row: &mut Event, agent: &Agent, when: When) {
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
