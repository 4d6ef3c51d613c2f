//! What `gemini --output-format stream-json` prints: pieces of messages, tool calls, and totals at the end.
//!
//! The tools of a response are printed when it is complete and their results after all of them, so responses can be
//! told apart. Their tokens cannot: they are counted for the whole run only.

use super::super::fields::Fields;
use super::super::files::{LogFile, lenient};
use super::super::rows::{RowId, Rows, millis_between, timed};
use super::super::sink::Sink;
use super::super::stages::StageOutcome;
use super::super::usage::Usage;
use super::super::{ImportError, ImportReport};
use super::messages::run_id;
use super::survey::Run;
use crate::trace::{Event, Kind, RunFacts, Timestamp, ToolStatus, UsageQuality};
use serde_json::Value;
use std::path::Path;

/// Lines that are looked at for the first event.
const LINES: usize = 50;

/// What the first event says.
#[derive(Debug)]
pub(super) struct First {
    pub(super) session: Option<String>,
    pub(super) model: Option<String>,
    pub(super) ts: Option<Timestamp>,
}

/// Whether a line is the first event of printed output.
pub(super) fn is_first(line: &Value) -> bool {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    text("type") == Some("init") && text("session_id").is_some() && text("model").is_some()
}

/// The first event of a file of printed output; `None` of other files.
pub(super) fn first_of(file: &LogFile) -> Result<Option<First>, ImportError> {
    let mut lines = file.lines()?;
    for _ in 0..LINES {
        let Ok(Some(line)) = lines.next_line() else { break };
        let Ok(event) = lenient::<Value>(line.bytes) else { continue };
        if event.get("sessionId").is_some() {
            break;
        }
        if is_first(&event) {
            return Ok(Fields::of(event).map(|event| first(&event)));
        }
    }
    Ok(None)
}

fn first(event: &Fields) -> First {
    let text = |name: &str| {
        let text = event.peek(name).and_then(Value::as_str).filter(|t| !t.is_empty());
        text.map(str::to_owned)
    };
    First {
        session: text("session_id"),
        model: text("model"),
        ts: text("timestamp").and_then(|t| Timestamp::parse_zoned(&t)),
    }
}

/// Imports printed output; the same of a further file is a copy.
pub(super) fn import(
    run: &Run,
    report: ImportReport,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let Some(main) = run.files.first() else { return Ok(()) };
    let facts = RunFacts {
        run_id: run_id(main)?,
        workload: "gemini-cli".to_owned(),
        model: main.model.clone().unwrap_or_else(|| "unknown".to_owned()),
        provider: None,
        agent: Some("gemini-cli".to_owned()),
        protocol: None,
    };
    let mut rows = Rows::begin(sink, facts, main.start)?;
    rows.push(timed(Kind::RunStart, main.start))?;
    rows.open_stage(0, main.start)?;
    let mut output = Output {
        rows,
        report,
        session: main.session.clone(),
        call: None,
        calls: 0,
        input_at: None,
        latest: main.start,
        totals: None,
    };
    for (index, file) in run.files.iter().enumerate() {
        output.file(&file.file, index > 0)?;
    }
    output.end()
}

struct Output<'s> {
    rows: Rows<'s>,
    report: ImportReport,
    session: Option<String>,
    call: Option<Call>,
    calls: i64,
    input_at: Option<Timestamp>,
    latest: Option<Timestamp>,
    totals: Option<Value>,
}

/// A response that is being printed.
struct Call {
    row: RowId,
    id: String,
    text: String,
    start: Option<Timestamp>,
    timed: bool,
    end: Option<Timestamp>,
}

impl Output<'_> {
    fn file(&mut self, file: &LogFile, copy: bool) -> Result<(), ImportError> {
        let path = file.name();
        let mut lines = file.lines()?;
        let mut number = 0;
        loop {
            let line = match lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.report.reject(path, number + 1, error.to_string());
                    return Ok(());
                }
            };
            number = line.number;
            if copy {
                let origin = "the first file of the session";
                self.report.duplicate("copy of printed output", path, number, origin);
                continue;
            }
            match lenient::<Value>(line.bytes).map(Fields::of) {
                Ok(Some(event)) if !line.cut => self.event(path, number, event)?,
                Ok(_) => self.report.reject(path, number, "not a JSON object"),
                Err(error) => self.report.reject(path, number, error.to_string()),
            }
        }
    }

    fn event(&mut self, path: &Path, line: usize, mut event: Fields) -> Result<(), ImportError> {
        let kind = event.text("type").unwrap_or_default();
        let ts = event.text("timestamp").and_then(|t| Timestamp::parse_zoned(&t));
        self.latest = self.latest.max(ts);
        match kind.as_str() {
            "init" => {
                let again = first(&event);
                if again.session != self.session {
                    let other = again.session.unwrap_or_default();
                    self.report.warn(format!(
                        "{}:{line}: the output of session {other} follows in the same file and is taken for the same run",
                        path.display()
                    ));
                }
                self.report.used();
                Ok(())
            }
            "message" => self.message(event, ts),
            "tool_use" => self.tool_use(event, ts),
            "tool_result" => self.tool_result(event, ts),
            "error" => self.failed(event, ts),
            "result" => self.result(event, ts),
            "" => {
                self.report.reject(path, line, "an event without a type");
                Ok(())
            }
            other => {
                self.report.unknown(other);
                Ok(())
            }
        }
    }

    fn message(&mut self, mut event: Fields, ts: Option<Timestamp>) -> Result<(), ImportError> {
        let text = event.text("content").unwrap_or_default();
        if event.text("role").as_deref() == Some("assistant") {
            if self.call.is_some() {
                self.report.merge("piece of a message that has a row");
            } else {
                self.report.used();
            }
            let call = self.in_call(ts)?;
            call.text.push_str(&text);
            return Ok(());
        }
        self.close_call()?;
        self.input_at = ts;
        self.report.used();
        let mut row = timed(Kind::Message, ts);
        row.role = Some("user".to_owned());
        row.content = Some(text).filter(|text| !text.is_empty());
        row.attributes = event.rest_counted(&mut self.report);
        self.rows.push(row)
    }

    fn in_call(&mut self, ts: Option<Timestamp>) -> Result<&mut Call, ImportError> {
        let open = self.call.take();
        let mut call = if let Some(call) = open {
            call
        } else {
            self.calls += 1;
            let asked = self.input_at.take();
            let start = asked.or(ts);
            let mut row = timed(Kind::LlmCall, start);
            let id = format!("call-{}", self.calls);
            row.event_id = Some(id.clone());
            row.role = Some("assistant".to_owned());
            let row = self.rows.hold(row)?;
            let timed = asked.is_some();
            Call { row, id, text: String::new(), start, timed, end: ts }
        };
        call.end = ts.or(call.end);
        Ok(self.call.insert(call))
    }

    fn close_call(&mut self) -> Result<(), ImportError> {
        let Some(call) = self.call.take() else { return Ok(()) };
        self.rows.amend(call.row, |event| {
            event.content = Some(call.text).filter(|text| !text.is_empty());
            event.duration_ms =
                if call.timed { millis_between(call.start, call.end) } else { None };
        });
        self.rows.release(call.row)
    }

    fn tool_use(&mut self, mut event: Fields, ts: Option<Timestamp>) -> Result<(), ImportError> {
        let parent = self.in_call(ts)?.id.clone();
        self.report.used();
        let mut row = timed(Kind::ToolCall, ts);
        row.tool_name = Some(event.text("tool_name").unwrap_or_default());
        row.tool_call_id = event.text("tool_id").filter(|id| !id.is_empty());
        row.event_id.clone_from(&row.tool_call_id);
        row.parent_event_id = Some(parent);
        row.arguments = event.take("parameters").map(|p| p.to_string());
        row.attributes = event.rest_counted(&mut self.report);
        let named = row.tool_call_id.is_some();
        let row = self.rows.call("", row)?;
        if named { Ok(()) } else { self.rows.release(row) }
    }

    fn tool_result(&mut self, mut event: Fields, ts: Option<Timestamp>) -> Result<(), ImportError> {
        self.close_call()?;
        self.input_at = ts;
        let id = event.text("tool_id").unwrap_or_default();
        let status = match event.text("status").as_deref() {
            Some("success") => ToolStatus::Ok,
            Some("error") => ToolStatus::Error,
            Some("cancelled") => ToolStatus::Cancelled,
            _ => ToolStatus::Unknown,
        };
        let error = event.object("error").unwrap_or_default();
        let said = error.peek("message").and_then(Value::as_str).map(str::to_owned);
        let kind = error.peek("type").and_then(Value::as_str).map(str::to_owned);
        let content = event.text("output").filter(|t| !t.is_empty()).or(said);
        let mut late = Some(content);
        let answered = self.rows.answer("", &id, |row| {
            row.content = late.take().flatten();
            row.tool_status = Some(status);
            row.error_type = kind;
            row.duration_ms = millis_between(row.ts, ts);
        })?;
        if answered {
            self.report.merge("result of a tool call");
            return Ok(());
        }
        self.report.used();
        let mut row = timed(Kind::Error, ts);
        row.tool_call_id = Some(id).filter(|id| !id.is_empty());
        row.content = late.flatten();
        self.rows.orphan_result(row)
    }

    fn failed(&mut self, mut event: Fields, ts: Option<Timestamp>) -> Result<(), ImportError> {
        self.report.used();
        let warning = event.text("severity").as_deref() == Some("warning");
        let mut row = timed(if warning { Kind::Message } else { Kind::Error }, ts);
        if warning {
            row.role = Some("system".to_owned());
            event.keep("message_type", "warning");
        } else {
            self.close_call()?;
            row.error_type = Some("error".to_owned());
        }
        row.content = event.text("message");
        row.attributes = event.rest_counted(&mut self.report);
        self.rows.push(row)
    }

    fn result(&mut self, mut event: Fields, ts: Option<Timestamp>) -> Result<(), ImportError> {
        self.close_call()?;
        self.report.used();
        self.totals = event.take("stats").or(self.totals.take());
        if let Some(mut error) = event.object("error") {
            let mut row = timed(Kind::Error, ts);
            row.error_type = Some(error.text("type").unwrap_or_else(|| "error".to_owned()));
            row.content = error.text("message");
            self.rows.push(row)?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), ImportError> {
        self.close_call()?;
        let mut result = timed(Kind::StageResult, self.latest);
        let last = self.rows.last.clone();
        if let Some(stats) = self.totals.take() {
            let mut fields = Fields::of(stats.clone()).unwrap_or_default();
            result.elapsed_s = fields.number("duration_ms").map(|ms| ms / 1e3);
            let mut row = timed(Kind::LlmCall, self.latest);
            fill_totals(&mut row, &mut fields);
            row.llm_call_count = (self.calls > 0).then_some(0);
            let mut rest = Fields::default();
            rest.keep("usage", stats);
            row.attributes = rest.rest();
            self.rows.push(row)?;
            if self.calls > 0 {
                self.rows.last = last;
            }
        }
        let reason = self.rows.close_stage(StageOutcome::default(), result)?;
        let mut end = timed(Kind::RunEnd, self.latest);
        end.end_reason = reason;
        self.rows.end(end, self.report)
    }
}

/// The totals of a run. Output is that of the candidates; what the total has beyond input and output is thoughts.
fn fill_totals(row: &mut Event, stats: &mut Fields) {
    let mut count = |name: &str| stats.int(name).filter(|n| *n >= 0);
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    let (cached, total) = (count("cached"), count("total_tokens"));
    let thoughts = match (total, input, output) {
        (Some(total), Some(input), Some(output)) => {
            total.checked_sub(input).and_then(|rest| rest.checked_sub(output)).filter(|n| *n >= 0)
        }
        _ => None,
    };
    let said = output.unwrap_or(0) > 0 || thoughts.unwrap_or(0) > 0;
    Usage::inside(input.filter(|n| *n > 0), cached, None, output.filter(|_| said))
        .plus_reasoning(thoughts)
        .fill(row, Some(UsageQuality::Aggregate));
    row.usage_quality = Some(UsageQuality::Aggregate);
    row.reported_total_tokens = total;
}
