//! The records of a printed stream to rows, one run per session.

use super::super::claude::{Talk, Threads, last_part, reason_of_failed_request};
use super::super::fields::Fields;
use super::super::rows::Rows;
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::{Last, StageOutcome};
use super::super::{ImportError, ImportReport, run_id};
use super::records::{Record, Records};
use super::segments::{Segment, Segments};
use super::totals::Totals;
use crate::trace::{EndReason, Event, Kind, RunFacts, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Imports the sessions of a file.
pub(super) fn import(source: &Source, sink: &mut dyn Sink) -> Result<(), ImportError> {
    let file = source.file()?;
    let mut segments = Segments::default();
    let mut records = Records::of(file)?;
    while let Some((number, record)) = records.next()? {
        segments.add(number, &record);
    }
    let mut records = Records::of(file)?;
    let mut next = records.next()?;
    for (n, segment) in segments.0.iter().enumerate() {
        let end = segments.0.get(n + 1).map(|after| after.first);
        let mut walk = Walk::begin(source, segment, n, sink)?;
        while let Some((number, record)) = next {
            if end.is_some_and(|end| number >= end) {
                next = Some((number, record));
                break;
            }
            walk.record(number, record)?;
            next = records.next()?;
        }
        walk.end()?;
    }
    Ok(())
}

/// The walk through the records of one session.
pub(super) struct Walk<'f, 's> {
    pub(super) path: &'f Path,
    pub(super) segment: &'f Segment,
    pub(super) model: String,
    pub(super) talk: Talk<'s>,
    pub(super) threads: Threads,
    pub(super) totals: Totals,
    pub(super) report: ImportReport,
    /// The open replies that have no id of their own, by thread.
    pub(super) unnamed: BTreeMap<String, String>,
    pub(super) replies: u64,
    pub(super) unfinished: u64,
    /// The text of the latest reply of the main agent, by hash.
    pub(super) said: u64,
    /// What the latest result says of the end.
    pub(super) end_reason: Option<EndReason>,
    pub(super) failed: bool,
    pub(super) elapsed_ms: Option<f64>,
}

impl<'f, 's> Walk<'f, 's> {
    fn begin(
        source: &'f Source,
        segment: &'f Segment,
        nth: usize,
        sink: &'s mut dyn Sink,
    ) -> Result<Self, ImportError> {
        let mut report = source.report();
        let mut init = segment.init.clone();
        let model = init.text("model").or_else(|| segment.model.clone());
        if model.is_none() {
            report.warn("no record names a model; it is stored as `unknown`");
        }
        let model = model.unwrap_or_else(|| "unknown".to_owned());
        let cwd = init.peek("cwd").and_then(Value::as_str);
        let workload = cwd.and_then(last_part).unwrap_or("claude-stream").to_owned();
        let run_id = match &segment.session {
            Some(session) => session.clone(),
            None => unnamed_run(source, nth)?,
        };
        for repeated in ["type", "subtype", "session_id", "uuid"] {
            init.drop(repeated);
        }
        init.count(&mut report);
        let run = RunFacts {
            run_id,
            workload,
            model: model.clone(),
            provider: None,
            agent: Some("claude-code".to_owned()),
            protocol: None,
        };
        let mut rows = Rows::begin(sink, run, segment.start)?;
        let mut start = Event::new(Kind::RunStart);
        start.attributes = init.rest();
        rows.push(start)?;
        rows.open_stage(0, None)?;
        Ok(Self {
            path: source.file()?.name(),
            segment,
            model,
            talk: Talk::on(rows),
            threads: Threads::default(),
            totals: Totals::default(),
            report,
            unnamed: BTreeMap::new(),
            replies: 0,
            unfinished: 0,
            said: 0,
            end_reason: None,
            failed: false,
            elapsed_ms: None,
        })
    }

    fn record(&mut self, number: usize, record: Record) -> Result<(), ImportError> {
        let mut fields = match record {
            Record::Object(fields) => fields,
            Record::Noise => {
                self.report.skip("other output", 1);
                return Ok(());
            }
            Record::Broken(problem) => {
                self.report.reject(self.path, number, problem);
                return Ok(());
            }
        };
        let kind = fields.text("type").unwrap_or_default();
        if fields.peek("session_id").and_then(Value::as_str) == self.segment.session.as_deref() {
            fields.drop("session_id");
        }
        let stamp = fields.text("timestamp");
        let time = stamp.as_deref().and_then(Timestamp::parse_zoned);
        if let (Some(stamp), None) = (stamp, time) {
            fields.keep("timestamp", stamp);
        }
        match kind.as_str() {
            "assistant" => self.assistant(number, fields, time),
            "user" => self.user(number, fields, time),
            "system" => self.system(fields, time),
            "result" => self.result(number, fields),
            "stream_event" => {
                self.report.skip("part of a reply, which follows as a whole", 1);
                Ok(())
            }
            "tool_progress"
            | "keep_alive"
            | "auth_status"
            | "control_request"
            | "control_response"
            | "control_cancel_request"
            | "rate_limit_event"
            | "tool_use_summary"
            | "prompt_suggestion" => {
                self.report.skip("sign of life of the command", 1);
                Ok(())
            }
            "" => {
                self.report.unknown("record without a type");
                Ok(())
            }
            kind => {
                self.report.unknown(kind);
                Ok(())
            }
        }
    }

    /// The agent that a record belongs to: a sub-agent is named by the call that started it.
    pub(super) fn thread(&mut self, fields: &mut Fields) -> String {
        let call = fields.text("parent_tool_use_id").unwrap_or_default();
        if !call.is_empty() {
            self.threads.link(&call, &call);
        }
        call
    }

    /// The attributes of a thread's rows; its first row answers the call that started it.
    pub(super) fn place(&mut self, thread: &str, event: &mut Event) -> Fields {
        let thread = self.threads.get(thread, || None);
        if let Some(call) = thread.started_by.take() {
            event.parent_event_id = Some(call);
        }
        thread.attributes.clone()
    }

    fn end(mut self) -> Result<(), ImportError> {
        if self.unfinished > 0 {
            self.report.warn(format!(
                "no result follows {} of {} calls: their input is what was known when the reply began, their output is \
                 unknown",
                self.unfinished, self.replies
            ));
        }
        if self.totals.cumulative {
            self.report.warn(
                "each result counts on from the one before; the rows of totals hold what each adds",
            );
        }
        let reason = match &self.talk.rows.last {
            _ if self.end_reason.is_some() => self.end_reason,
            Last::Error { code, detail } => Some(reason_of_failed_request(code, detail)),
            _ if self.failed => Some(EndReason::Unknown),
            _ => None,
        };
        let outcome = StageOutcome { end_reason: reason, ..StageOutcome::default() };
        let elapsed_s = self.elapsed_ms.map(|ms| ms / 1e3);
        let mut result = Event::new(Kind::StageResult);
        result.elapsed_s = elapsed_s;
        let reason = self.talk.rows.close_stage(outcome, result)?;
        let mut end = Event::new(Kind::RunEnd);
        end.elapsed_s = elapsed_s;
        end.end_reason = reason;
        self.talk.rows.end(end, self.report)
    }
}

/// A name for a run that has none.
fn unnamed_run(source: &Source, nth: usize) -> Result<String, ImportError> {
    let name = run_id::of_file(source.file()?)?;
    Ok(if nth == 0 { name } else { format!("{name}-{nth}") })
}
