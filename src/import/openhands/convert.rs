//! Records to events.
//!
//! One walk over the records, in order. A response id opens one `llm_call` row, whatever number of actions carries
//! it; an action opens a `tool_call` row, which its result completes. Failed requests are `llm_call` rows with an
//! `error_type` and no usage. Stages are closed with the grade that the report holds for them.

use super::super::fields::Fields;
use super::super::naive_clock::{Alignment, Reading};
use super::super::openhands_metrics::millis;
use super::super::ramp::{GOLDEN_INPUTS, WORKLOAD, host};
use super::super::ramp_report::Task;
use super::super::sink::{Sink, send};
use super::super::stages::StageOutcome;
use super::super::{ImportError, ImportReport};
use super::fill::{fill_result, joined_text, merged, message_text, tool_kind};
use super::folder::RunFolder;
use super::grades::Grades;
use super::records::Record;
use super::stages::{Last, context_limit, end_reason, opened_stage};
use super::usage::Usage;
use crate::trace::{
    Clock, EndReason, Event, Kind, RunFacts, Streak, Timestamp, ToolKind, ToolStatus,
    arguments_hash,
};
use std::collections::{HashMap, HashSet};

/// Kinds of records that have a row of their own.
const KINDS: &[&str] = &[
    "SystemPromptEvent",
    "MessageEvent",
    "ActionEvent",
    "ConversationErrorEvent",
    "PauseEvent",
    "InterruptEvent",
];

/// Converts a run that was read whole.
pub(super) fn convert(
    folder: &RunFolder,
    mut grades: Grades,
    usage: Usage,
    records: Vec<Record>,
    mut report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let reported_at = grades.report.as_ref().and_then(|r| r.timestamp);
    let readings: Vec<Reading> = records
        .iter()
        .filter_map(|record| {
            let call = record.response_id.as_deref().and_then(|id| usage.calls.get(id));
            let anchor = call.and_then(|call| call.ended);
            Some(Reading { time: record.time?, zoned: record.zoned, anchor })
        })
        .collect();
    let alignment = Alignment::find(&readings, reported_at);
    if alignment.clock == Clock::AssumedUtc {
        report.warn("event times have no zone and nothing to align them by; they are read as UTC");
    }
    if grades.report.is_none() {
        report.warn("no openhands_report.json: stages have no scores");
    }
    let mut run = run_facts(folder, &grades, &usage)?;
    let mut walk = Walk::new(
        usage,
        alignment,
        grades.report.as_ref().map(|r| r.tasks.clone()).unwrap_or_default(),
    );
    walk.events.push(run_start(&mut grades, &walk.usage));
    for record in records {
        walk.record(record, &mut report);
    }
    walk.end(&mut report);
    if walk.retried {
        run.protocol = run.protocol.map(|p| format!("{p}+retries"));
    }
    walk.events.push(run_end(grades, &walk));
    send(sink, run, walk.events, report)
}

fn run_facts(folder: &RunFolder, grades: &Grades, usage: &Usage) -> Result<RunFacts, ImportError> {
    let report = grades.report.as_ref();
    let folder_name = || folder.path.file_name().map(|n| n.to_string_lossy().into_owned());
    let model =
        grades.model.clone().or_else(|| report.and_then(|r| r.model.clone())).or_else(|| {
            usage.model.as_deref().map(|m| m.rsplit('/').next().unwrap_or(m).to_owned())
        });
    let bad = |problem: &str| ImportError::BadSource {
        path: folder.path.clone(),
        problem: problem.into(),
    };
    Ok(RunFacts {
        run_id: grades
            .run_id
            .clone()
            .or_else(|| report.and_then(|r| r.run_id.clone()))
            .or_else(folder_name)
            .ok_or_else(|| bad("no run id in metadata, report or folder name"))?,
        workload: WORKLOAD.to_owned(),
        model: model.ok_or_else(|| bad("no model in metadata, report or base_state.json"))?,
        provider: grades.api_base.as_deref().or(usage.base_url.as_deref()).map(host),
        agent: Some(
            report.and_then(|r| r.backend.clone()).unwrap_or_else(|| "openhands".to_owned()),
        ),
        protocol: report.is_some().then(|| GOLDEN_INPUTS.to_owned()),
    })
}

fn run_start(grades: &mut Grades, usage: &Usage) -> Event {
    let mut event = Event::new(Kind::RunStart);
    event.ts = grades.started_at;
    event.clock = grades.started_at.map(|_| Clock::Source);
    let mut metadata = std::mem::take(&mut grades.metadata);
    if let Some(model) = &usage.model {
        metadata.keep("request_model", model.as_str());
    }
    event.attributes = metadata.rest();
    event
}

fn run_end(grades: Grades, walk: &Walk) -> Event {
    let mut event = Event::new(Kind::RunEnd);
    let mut rest = Fields::default();
    if let Some(report) = grades.report {
        event.ts = report.timestamp;
        event.clock = event.ts.map(|_| Clock::Source);
        event.elapsed_s = report.elapsed_s;
        event.content = report.error;
        rest = report.rest;
    }
    if let Some(status) = &walk.usage.execution_status {
        rest.keep("execution_status", status.as_str());
    }
    if let Some(code) = grades.exit_code {
        rest.keep("container_exit_code", code);
    }
    event.end_reason = Some(walk.termination.unwrap_or(EndReason::Unknown));
    event.attributes = rest.rest();
    event
}

/// The state of the walk over the records.
struct Walk {
    usage: Usage,
    alignment: Alignment,
    tasks: Vec<Task>,
    events: Vec<Event>,
    stage: Option<i64>,
    attempt: i64,
    answered: u64,
    last: Last,
    last_ts: Option<Timestamp>,
    responses: HashSet<String>,
    open_calls: HashMap<String, usize>,
    streak: Streak,
    retried: bool,
    termination: Option<EndReason>,
}

impl Walk {
    fn new(usage: Usage, alignment: Alignment, tasks: Vec<Task>) -> Self {
        Self {
            usage,
            alignment,
            tasks,
            events: Vec::new(),
            stage: None,
            attempt: 1,
            answered: 0,
            last: Last::Prompt,
            last_ts: None,
            responses: HashSet::new(),
            open_calls: HashMap::new(),
            streak: Streak::default(),
            retried: false,
            termination: None,
        }
    }

    fn record(&mut self, record: Record, report: &mut ImportReport) {
        let ts = self.utc(&record).map(|(ts, _)| ts);
        if !matches!(
            record.kind.as_str(),
            "ObservationEvent" | "UserRejectObservation" | "AgentErrorEvent"
        ) && (record.response_id.is_some() || KINDS.contains(&record.kind.as_str()))
        {
            report.used();
        }
        match (record.kind.as_str(), record.source.as_deref()) {
            ("SystemPromptEvent", _) => self.system_prompt(record),
            ("MessageEvent", Some("agent")) => self.reply(record),
            ("MessageEvent", _) => self.prompt(record),
            ("ActionEvent", _) => self.action(record),
            ("ObservationEvent" | "UserRejectObservation" | "AgentErrorEvent", _) => {
                self.result(record, report);
            }
            ("ConversationErrorEvent", _) => self.conversation_error(record),
            ("PauseEvent" | "InterruptEvent", _) => {
                let mut event = self.event(Kind::Error, &record);
                event.error_type = Some("paused".to_owned());
                event.attributes = record.fields.rest();
                self.events.push(event);
                self.last = Last::Paused;
            }
            _ if record.response_id.is_some() => {
                let mut event = self.llm_call(&record);
                let mut rest = record.fields;
                rest.keep("record_kind", record.kind);
                if let Some(event) = &mut event {
                    event.attributes = merged(event.attributes.take(), rest);
                }
                self.events.extend(event);
            }
            (kind, _) => report.unknown(kind),
        }
        self.last_ts = ts.or(self.last_ts);
    }

    /// The UTC time of a record and how it was obtained.
    fn utc(&self, record: &Record) -> Option<(Timestamp, Clock)> {
        record.time.map(|time| self.alignment.utc(time, record.zoned))
    }

    /// An event at the place and time of a record.
    fn event(&self, kind: Kind, record: &Record) -> Event {
        let mut event = Event::new(kind);
        event.stage = self.stage;
        event.attempt = self.stage.map(|_| self.attempt);
        event.event_id.clone_from(&record.id);
        if let Some((ts, clock)) = self.utc(record) {
            event.ts = Some(ts);
            event.clock = Some(clock);
        }
        event
    }

    fn system_prompt(&mut self, mut record: Record) {
        let mut event = self.event(Kind::Message, &record);
        // It opens a conversation, before the prompt that opens a stage.
        event.stage = None;
        event.attempt = None;
        event.role = Some("system".to_owned());
        event.content = record.fields.object("system_prompt").and_then(|mut p| p.text("text"));
        event.attributes = record.fields.rest();
        self.events.push(event);
    }

    fn prompt(&mut self, mut record: Record) {
        let text = message_text(&mut record.fields);
        let opened = opened_stage(text.as_deref().unwrap_or_default(), self.stage);
        if let Some(stage) = opened {
            self.close_stage(false);
            self.stage = Some(stage);
            self.attempt = 1;
            self.answered = 0;
            self.streak.reset();
        } else if self.stage.is_some() {
            self.attempt += 1;
            self.retried = true;
        }
        if self.stage.is_some() {
            let mut start = self.event(Kind::StageStart, &record);
            start.event_id = None;
            self.events.push(start);
        }
        self.last = Last::Prompt;
        let mut event = self.event(Kind::Message, &record);
        event.role = Some("user".to_owned());
        event.content = text;
        event.attributes = record.fields.rest();
        self.events.push(event);
    }

    /// The row of a record's response; `None` when another record of the same response has opened it.
    fn llm_call(&mut self, record: &Record) -> Option<Event> {
        let mut event = self.event(Kind::LlmCall, record);
        if let Some(response_id) = &record.response_id {
            if !self.responses.insert(response_id.clone()) {
                return None;
            }
            event.event_id = Some(response_id.clone());
            if let Some(call) = self.usage.calls.claim(response_id) {
                call.fill(&mut event);
            }
        }
        event.role = Some("assistant".to_owned());
        self.answered += 1;
        Some(event)
    }

    fn reply(&mut self, mut record: Record) {
        self.last = Last::Reply;
        let content = message_text(&mut record.fields);
        if let Some(mut event) = self.llm_call(&record) {
            event.content = content;
            event.attributes = merged(event.attributes.take(), record.fields);
            self.events.push(event);
        } else {
            let mut event = self.event(Kind::Message, &record);
            event.role = Some("assistant".to_owned());
            event.parent_event_id = record.response_id;
            event.content = content;
            event.attributes = record.fields.rest();
            self.events.push(event);
        }
    }

    fn action(&mut self, mut record: Record) {
        let fields = &mut record.fields;
        let executed = fields.take("action");
        let call = fields.object("tool_call");
        let mut speech = Fields::default();
        for name in ["reasoning_content", "thinking_blocks", "responses_reasoning_item"] {
            if let Some(value) = fields.take(name) {
                speech.keep(name, value);
            }
        }
        let thought = fields.array("thought").map(|parts| joined_text(&parts));
        if let Some(mut event) = self.llm_call(&record) {
            event.content = thought.filter(|t| !t.is_empty());
            event.attributes = merged(event.attributes.take(), speech);
            self.events.push(event);
        }
        let mut event = self.event(Kind::ToolCall, &record);
        event.parent_event_id.clone_from(&record.response_id);
        let fields = &mut record.fields;
        let name = fields.text("tool_name");
        event.tool_call_id = fields.text("tool_call_id");
        event.arguments = call.and_then(|mut c| c.text("arguments"));
        event.tool_kind = executed.as_ref().map(|action| tool_kind(action, name.as_deref()));
        event.tool_status = Some(ToolStatus::Unknown);
        let hash = arguments_hash(event.arguments.as_deref().unwrap_or_default());
        event.arguments_hash = Some(hash);
        event.identical_streak = Some(self.streak.count(name.as_deref().unwrap_or_default(), hash));
        event.tool_name = name;
        event.attributes = record.fields.rest();
        let index = self.events.len();
        for key in [record.id, event.tool_call_id.clone()].into_iter().flatten() {
            self.open_calls.insert(key, index);
        }
        self.events.push(event);
        self.last = Last::ToolCall;
    }

    fn result(&mut self, mut record: Record, report: &mut ImportReport) {
        let action = record.fields.text("action_id");
        let call_id = record.fields.text("tool_call_id");
        let index = action
            .as_ref()
            .and_then(|id| self.open_calls.remove(id))
            .or_else(|| call_id.as_ref().and_then(|id| self.open_calls.get(id).copied()));
        let Some(index) = index else {
            report.warn(format!(
                "{}:{}: the result of a tool call that is not in the log",
                record.path.display(),
                record.line
            ));
            report.used();
            let mut event = self.event(Kind::Error, &record);
            event.error_type = Some("orphan_tool_result".to_owned());
            event.attributes = record.fields.rest();
            self.events.push(event);
            return;
        };
        if let Some(id) = call_id {
            self.open_calls.remove(&id);
        }
        record.fields.drop("tool_name");
        let ended = self.utc(&record).map(|(ts, _)| ts);
        let finish = self.events.get(index).is_some_and(|e| e.tool_kind == Some(ToolKind::Finish));
        if let Some(event) = self.events.get_mut(index) {
            event.duration_ms =
                ended.zip(event.ts).map(|(end, start)| millis(end.micros_since(start)));
            fill_result(event, record);
        }
        report.merge("tool result, in the row of its call");
        self.last = Last::ToolResult { finish };
    }

    fn conversation_error(&mut self, mut record: Record) {
        let code = record.fields.text("code").unwrap_or_else(|| "unknown".to_owned());
        let detail = record.fields.text("detail").unwrap_or_default();
        let is_request = code.starts_with("LLM");
        let mut event = self.event(if is_request { Kind::LlmCall } else { Kind::Error }, &record);
        if let (true, Some(end), Some(start)) = (is_request, event.ts, self.last_ts) {
            // The request was sent after the event before it; it waited until the error was written.
            event.ts = Some(start);
            event.duration_ms = Some(millis(end.micros_since(start)));
        }
        event.context_limit = context_limit(&code, &detail);
        event.error_type = Some(code.clone());
        event.content = Some(detail.clone());
        event.attributes = record.fields.rest();
        self.events.push(event);
        self.last = Last::Error { code, detail };
    }

    /// Ends the current stage, if there is one, with its grade.
    fn close_stage(&mut self, last_stage: bool) {
        let Some(stage) = self.stage else { return };
        let reason = end_reason(
            &self.last,
            self.usage.stuck_detection,
            last_stage,
            self.usage.execution_status.as_deref(),
        );
        let attempted = self.answered > 0;
        if attempted {
            self.termination = Some(reason);
        }
        let graded: Vec<Task> = self.tasks.iter().filter(|t| t.stage == stage).cloned().collect();
        let known = StageOutcome {
            attempted: Some(attempted),
            end_reason: Some(reason),
            ..StageOutcome::default()
        };
        let mut results = Task::results(&graded, stage, known);
        if results.is_empty() {
            let mut event = Event::new(Kind::StageResult);
            event.stage = Some(stage);
            event.stage_status = known.status();
            event.end_reason = Some(reason);
            results.push(event);
        }
        for event in &mut results {
            event.attempt = Some(self.attempt);
        }
        self.events.append(&mut results);
    }

    /// Ends the run: the last stage, stages that were graded without a prompt, and usage without a record.
    fn end(&mut self, report: &mut ImportReport) {
        self.close_stage(true);
        let seen: HashSet<i64> = self.events.iter().filter_map(|e| e.stage).collect();
        let unseen: HashSet<i64> =
            self.tasks.iter().map(|t| t.stage).filter(|s| !seen.contains(s)).collect();
        let mut unseen: Vec<i64> = unseen.into_iter().collect();
        unseen.sort_unstable();
        for stage in unseen {
            let graded: Vec<Task> =
                self.tasks.iter().filter(|t| t.stage == stage).cloned().collect();
            let known = StageOutcome {
                attempted: Some(false),
                end_reason: Some(EndReason::NotAttempted),
                ..StageOutcome::default()
            };
            self.events.extend(Task::results(&graded, stage, known));
        }
        let used = self.usage.calls.all().iter().filter(|c| c.used).count();
        for _ in 0..used {
            report.merge("usage entry, in the row of its call");
        }
        let unused = self.usage.calls.all().len() - used;
        if unused > 0 {
            report.warn(format!(
                "{unused} calls of base_state.json have no record in the conversation"
            ));
        }
        let starts: Vec<(Timestamp, i64)> = self
            .events
            .iter()
            .filter(|e| e.kind == Kind::StageStart)
            .filter_map(|e| Some((e.ts?, e.stage?)))
            .collect();
        for call in self.usage.calls.all().iter().filter(|c| !c.used) {
            report.used();
            let mut event = Event::new(Kind::LlmCall);
            let open =
                |t: Timestamp| starts.iter().rev().find(|(start, _)| *start <= t).map(|(_, s)| *s);
            event.stage = call.ended.and_then(open);
            event.attempt = event.stage.map(|_| 1);
            event.ts = call.ended;
            event.clock = event.ts.map(|_| Clock::Source);
            event.event_id = Some(call.response_id.clone()).filter(|id| !id.is_empty());
            call.fill(&mut event);
            self.events.push(event);
        }
    }
}
