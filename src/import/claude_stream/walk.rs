//! The records of a printed stream to rows, one run per session.

use super::super::claude::{
    Blocks, Place, Reply, Talk, Threads, hash_of, last_part, reason_of_failed_request,
    request_error, usage_of,
};
use super::super::fields::Fields;
use super::super::rows::{Rows, timed};
use super::super::sink::Sink;
use super::super::source::Source;
use super::super::stages::{Last, StageOutcome};
use super::super::usage::Usage;
use super::super::{ImportError, ImportReport};
use super::records::{Record, Records};
use super::segments::{Segment, Segments};
use super::totals::Totals;
use crate::trace::{EndReason, Event, Kind, RunFacts, Timestamp, UsageQuality};
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
struct Walk<'f, 's> {
    path: &'f Path,
    segment: &'f Segment,
    model: String,
    talk: Talk<'s>,
    threads: Threads,
    totals: Totals,
    report: ImportReport,
    /// The open replies that have no id of their own, by thread.
    unnamed: BTreeMap<String, String>,
    replies: u64,
    unfinished: u64,
    /// The text of the latest reply of the main agent, by hash.
    said: u64,
    /// What the latest result says of the end.
    end_reason: Option<EndReason>,
    failed: bool,
    elapsed_ms: Option<f64>,
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
    fn thread(&mut self, fields: &mut Fields) -> String {
        let call = fields.text("parent_tool_use_id").unwrap_or_default();
        if !call.is_empty() {
            self.threads.link(&call, &call);
        }
        call
    }

    /// The attributes of a thread's rows; its first row answers the call that started it.
    fn place(&mut self, thread: &str, event: &mut Event) -> Fields {
        let thread = self.threads.get(thread, || None);
        if let Some(call) = thread.started_by.take() {
            event.parent_event_id = Some(call);
        }
        thread.attributes.clone()
    }

    fn assistant(
        &mut self,
        number: usize,
        mut fields: Fields,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let Some(mut message) = fields.object("message") else {
            self.report.reject(self.path, number, "an assistant record without a message");
            return Ok(());
        };
        let thread = self.thread(&mut fields);
        let model = message.text("model");
        let error = fields.text("error");
        if error.is_some() || model.as_deref() == Some("<synthetic>") {
            return self.synthetic(fields, message, &thread, error, time);
        }
        let named = message.text("id").filter(|id| !id.is_empty());
        let first_unnamed = || format!("reply-{number}");
        let id = match &named {
            Some(id) => id.clone(),
            None => self.unnamed.entry(thread.clone()).or_insert_with(first_unnamed).clone(),
        };
        let mut event = timed(Kind::LlmCall, None);
        event.finish_reason = message.text("stop_reason");
        let of_thread = self.place(&thread, &mut event);
        let mut kept = Fields::default();
        let usage = message.take("usage").unwrap_or_default();
        self.fill_usage(&mut event, number, &usage);
        if !usage.is_null() {
            kept.keep("usage", usage);
        }
        if let Some(model) = model.filter(|m| *m != self.model) {
            kept.keep("model", model);
        }
        message.drop("role");
        message.drop("type");
        let blocks = Blocks::of(message.take("content"));
        for call in &blocks.calls {
            self.threads.note_call(call);
        }
        if thread.is_empty() && !blocks.text.is_empty() {
            self.said = hash_of(&blocks.text);
        }
        let mut of_calls = of_thread.clone();
        if let Some(uuid) = fields.text("uuid") {
            of_calls.keep("uuid", uuid.as_str());
            kept.keep("uuid", uuid);
        }
        for (name, value) in message.into_pairs() {
            fields.keep(&name, value);
        }
        fields.count(&mut self.report);
        for more in [fields, of_thread] {
            for (name, value) in more.into_pairs() {
                kept.keep(&name, value);
            }
        }
        let last = self.segment.last_of.get(&hash_of(&id)).is_some_and(|last| *last <= number);
        let unfinished = event.usage_quality == Some(UsageQuality::Placeholder);
        let first = self.talk.say(Reply {
            thread: &thread,
            id: &id,
            event,
            blocks,
            attributes: kept,
            of_calls,
            written: time,
            last,
        })?;
        if first {
            self.report.used();
            self.replies += 1;
            self.unfinished += u64::from(unfinished);
        } else {
            self.report.merge("further record of a reply");
        }
        Ok(())
    }

    /// Tokens of a call that no result counts.
    fn fill_usage(&self, event: &mut Event, number: usize, usage: &Value) {
        let counted_later = self.segment.last_total.is_some_and(|total| total > number);
        let Some(fields) = Fields::of(usage.clone()).filter(|_| !counted_later) else { return };
        let usage = usage_of(&fields);
        if event.finish_reason.is_some() {
            usage.fill(event, None);
        } else {
            let known = Usage { output: None, ..usage };
            known.fill(event, Some(UsageQuality::Placeholder));
        }
    }

    fn synthetic(
        &mut self,
        mut fields: Fields,
        mut message: Fields,
        thread: &str,
        error: Option<String>,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let text = Blocks::of(message.take("content")).text;
        let failed = error.is_some() || text.starts_with("API Error");
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, time);
        let of_thread = self.place(thread, &mut event);
        event.event_id = fields.text("uuid");
        event.role = Some("assistant".to_owned());
        if failed {
            let word = error.filter(|e| e != "unknown");
            event.error_type = Some(word.unwrap_or_else(|| request_error(&text)));
        } else {
            fields.keep("synthetic", true);
        }
        event.content = (!text.is_empty()).then_some(text);
        for (name, value) in of_thread.into_pairs() {
            fields.keep(&name, value);
        }
        event.attributes = fields.rest_counted(&mut self.report);
        self.report.used();
        self.talk.rows.push(event)
    }

    fn user(
        &mut self,
        number: usize,
        mut fields: Fields,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        let thread = self.thread(&mut fields);
        if let Some(id) = self.unnamed.remove(&thread) {
            self.talk.close(&id)?;
        }
        let mut message = fields.object("message").unwrap_or_default();
        let mut blocks = Blocks::of(message.take("content"));
        message.drop("role");
        let results = std::mem::take(&mut blocks.results);
        let place = Place { path: self.path, line: number };
        let mut own = fields.take("tool_use_result");
        let mut answers = Vec::new();
        if !blocks.is_empty() || results.is_empty() {
            let mut words = std::mem::take(&mut fields);
            let mut event = timed(Kind::Message, time);
            let of_thread = self.place(&thread, &mut event);
            event.event_id = words.text("uuid");
            event.role = Some("user".to_owned());
            event.content = (!blocks.text.is_empty()).then_some(blocks.text);
            for (name, value) in message.into_pairs() {
                words.keep(&name, value);
            }
            if results.is_empty() {
                if let Some(own) = own.take() {
                    words.keep("tool_use_result", own);
                }
            }
            words.count(&mut self.report);
            if !blocks.others.is_empty() {
                words.keep("blocks", blocks.others);
            }
            for (name, value) in of_thread.into_pairs() {
                words.keep(&name, value);
            }
            event.attributes = words.rest();
            self.talk.rows.push(event)?;
            if results.is_empty() {
                self.report.used();
                return Ok(());
            }
        }
        fields.drop("uuid");
        fields.count(&mut self.report);
        for result in results {
            let id = result.call_id.clone();
            let rest = std::mem::take(&mut fields);
            answers.push((self.talk.answer(&thread, result, own.take(), rest, time)?, id));
        }
        if let Some((answer, id)) = answers.into_iter().max_by_key(|(answer, _)| answer.weight()) {
            answer.account(&mut self.report, place, &id);
        }
        Ok(())
    }

    /// The account of the client itself.
    fn system(&mut self, mut fields: Fields, time: Option<Timestamp>) -> Result<(), ImportError> {
        let subtype = fields.peek("subtype").and_then(Value::as_str).unwrap_or_default().to_owned();
        match subtype.as_str() {
            "init" => return self.init(fields),
            "hook_started" | "hook_progress" | "task_progress" | "thinking_tokens" | "status" => {
                self.report.skip("sign of life of the command", 1);
                return Ok(());
            }
            _ => {}
        }
        let failed = matches!(subtype.as_str(), "api_retry" | "api_error");
        let mut event = timed(if failed { Kind::LlmCall } else { Kind::Message }, time);
        event.event_id = fields.text("uuid");
        event.content = fields.text("content");
        if failed {
            let error = fields.peek("error").map(Value::to_string).unwrap_or_default();
            event.error_type = Some(request_error(&error));
        } else {
            event.role = Some("system".to_owned());
        }
        event.attributes = fields.rest_counted(&mut self.report);
        self.report.used();
        self.talk.rows.push(event)
    }

    /// The first `init` is the beginning of the run; a later one tells what has changed.
    fn init(&mut self, fields: Fields) -> Result<(), ImportError> {
        let mut changed = Fields::default();
        for (name, value) in fields.into_pairs() {
            let same = self.segment.init.peek(&name) == Some(&value);
            if !same && !value.is_null() && name != "uuid" {
                changed.keep(&name, value);
            }
        }
        self.report.used();
        let Some(changes) = changed.rest() else { return Ok(()) };
        let mut event = Event::new(Kind::Message);
        event.role = Some("system".to_owned());
        event.attributes = Some(changes);
        self.talk.rows.push(event)
    }

    fn result(&mut self, number: usize, mut fields: Fields) -> Result<(), ImportError> {
        for (_, id) in std::mem::take(&mut self.unnamed) {
            self.talk.close(&id)?;
        }
        let subtype = fields.peek("subtype").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.failed = fields.peek("is_error").and_then(Value::as_bool) == Some(true);
        self.end_reason = match subtype.as_str() {
            "error_max_turns" | "error_max_budget_usd" => Some(EndReason::Budget),
            _ => None,
        };
        if let Some(ms) = fields.peek("duration_ms").and_then(Value::as_f64).filter(|ms| *ms >= 0.0)
        {
            self.elapsed_ms = Some(self.elapsed_ms.unwrap_or(0.0) + ms);
        }
        let repeats = fields.peek("result").and_then(Value::as_str).map(|text| hash_of(&text));
        if repeats == Some(self.said) {
            fields.drop("result");
        }
        let totals = self.totals.take(&mut fields);
        fields.count(&mut self.report);
        let id = fields.text("uuid").unwrap_or_else(|| format!("result-{number}"));
        let mut rest = Some(fields);
        let last = self.talk.rows.last.clone();
        for total in totals {
            let of_model = total.model.clone();
            let taken = rest.take();
            let Some(mut event) = total.row(taken.clone().unwrap_or_default()) else {
                rest = taken;
                continue;
            };
            event.event_id = Some(match of_model {
                Some(model) => format!("{id}/{model}"),
                None => id.clone(),
            });
            self.talk.rows.push(event)?;
        }
        if let Some(rest) = rest {
            // A result without totals still says how it went.
            let mut event = Event::new(Kind::Message);
            event.event_id = Some(id);
            event.role = Some("system".to_owned());
            event.attributes = rest.rest();
            self.talk.rows.push(event)?;
        }
        self.talk.rows.last = last;
        self.report.used();
        Ok(())
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
    use sha2::{Digest, Sha256};
    use std::io::Read;
    let file = source.file()?;
    let mut hasher = Sha256::new();
    let mut reader = file.open()?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let n = reader.read(&mut buffer).map_err(ImportError::io(file.name()))?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
    }
    let hash: String = hasher.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
    Ok(if nth == 0 {
        format!("{}-{hash}", file.stem())
    } else {
        format!("{}-{hash}-{nth}", file.stem())
    })
}
