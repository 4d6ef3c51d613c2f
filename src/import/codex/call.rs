//! The row of a response: opened by the first of its items, or by its token count, and completed when the turn goes on.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::rows::{RowId, millis_between};
use super::thread::{Run, Thread};
use super::tokens::Counts;
use crate::trace::{Event, Kind, Timestamp, UsageQuality};
use serde_json::Value;

/// A response whose items are coming.
pub(super) struct Call {
    row: RowId,
    pub(super) id: String,
    pub(super) counted: bool,
    items: u64,
    start: Option<Timestamp>,
    /// Whether the row's start is that of the request.
    timed: bool,
    end: Option<Timestamp>,
    texts: Vec<String>,
    reasoning: Vec<String>,
    details: Vec<Value>,
    attributes: Fields,
}

impl Thread<'_> {
    /// A record that becomes part of the open call's row; the first one opens it.
    pub(super) fn part_of_call(
        &mut self,
        run: &mut Run<'_>,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        if self.call.is_some() {
            run.report.merge("item of a response that has a row");
        } else {
            run.report.used();
        }
        self.in_call(run, ts)
    }

    /// Makes sure that a call is open, to which an item belongs.
    pub(super) fn in_call(
        &mut self,
        run: &mut Run<'_>,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        if self.call.is_none() {
            self.open_call(run, ts)?;
        }
        if let Some(call) = &mut self.call {
            call.items += 1;
            call.end = ts.or(call.end);
        }
        Ok(())
    }

    fn open_call(&mut self, run: &mut Run<'_>, ts: Option<Timestamp>) -> Result<(), ImportError> {
        self.calls += 1;
        self.aborted = None;
        let asked = self.input_at.take();
        let start = asked.or(ts);
        let mut event = self.row(run, Kind::LlmCall, start);
        let id = if self.member.thread.is_empty() {
            format!("call-{}", self.calls)
        } else {
            format!("{}/call-{}", self.member.thread, self.calls)
        };
        event.event_id = Some(id.clone());
        event.role = Some("assistant".to_owned());
        event.context_limit = self.window;
        let row = run.rows.hold(event)?;
        self.call = Some(Call {
            row,
            id,
            counted: false,
            items: 0,
            start,
            timed: asked.is_some(),
            end: ts,
            texts: Vec::new(),
            reasoning: Vec::new(),
            details: Vec::new(),
            attributes: Fields::default(),
        });
        Ok(())
    }

    /// Adds text of the assistant to the open call.
    pub(super) fn say(&mut self, text: String) {
        if let Some(call) = &mut self.call {
            call.texts.push(text);
        }
    }

    /// Adds reasoning to the open call.
    pub(super) fn reason(&mut self, text: String) {
        if let Some(call) = &mut self.call {
            call.reasoning.push(text);
        }
    }

    /// Keeps what is left of an item of the open call.
    pub(super) fn detail(&mut self, run: &mut Run<'_>, kind: &str, mut rest: Fields) {
        for name in ["type", "role"] {
            rest.drop(name);
        }
        let Some(rest) = rest.rest_counted(&mut run.report) else { return };
        let Some(call) = &mut self.call else { return };
        if let Ok(Value::Object(rest)) = serde_json::from_str(&rest) {
            let mut detail = serde_json::Map::from_iter([("item".to_owned(), Value::from(kind))]);
            detail.extend(rest);
            call.details.push(Value::Object(detail));
        }
    }

    /// Puts a usage into the open call, or into one of its own when none is open that lacks it.
    pub(super) fn spend(
        &mut self,
        run: &mut Run<'_>,
        counts: Counts,
        notes: Vec<(&str, Option<Value>)>,
        response: Option<String>,
        ts: Option<Timestamp>,
    ) -> Result<(), ImportError> {
        if self.call.as_ref().is_some_and(|call| call.counted) {
            self.close_call(run)?;
        }
        if self.call.is_some() {
            run.report.merge("usage of a response that has a row");
        } else {
            run.report.used();
            self.open_call(run, ts)?;
        }
        let window = self.window;
        let Some(call) = &mut self.call else { return Ok(()) };
        call.counted = true;
        call.end = ts.or(call.end);
        for (name, value) in notes {
            if let Some(value) = value {
                call.attributes.keep(name, value);
            }
        }
        let fill = |event: &mut Event| {
            counts.usage().fill(event, None);
            event.reported_total_tokens = counts.total;
            event.context_limit = window.or(event.context_limit);
            event.response_id = response;
        };
        let known = call.items > 0;
        if !run.rows.amend(call.row, fill) {
            // Its row had to go on before it was complete; what it used is not lost with it.
            let mut event = self.row(run, Kind::LlmCall, ts);
            counts.usage().fill(&mut event, Some(UsageQuality::Aggregate));
            event.llm_call_count = Some(0);
            run.rows.push(event)?;
        }
        // Items of older versions come after the count of their response.
        if known { self.close_call(run) } else { Ok(()) }
    }

    /// Completes the open call.
    pub(super) fn close_call(&mut self, run: &mut Run<'_>) -> Result<(), ImportError> {
        let Some(mut call) = self.call.take() else { return Ok(()) };
        let mut attributes = std::mem::take(&mut call.attributes);
        if !call.reasoning.is_empty() {
            attributes.keep("reasoning", call.reasoning.join("\n\n"));
        }
        if !call.details.is_empty() {
            attributes.keep("items", Value::Array(call.details));
        }
        if let Some(model) = self.model.as_ref().filter(|m| **m != run.model) {
            attributes.keep("model", model.clone());
        }
        self.dress(&mut attributes);
        let (start, end, timed) = (call.start, call.end, call.timed);
        run.rows.amend(call.row, |event| {
            if !call.texts.is_empty() {
                event.content = Some(call.texts.join("\n\n"));
            }
            event.duration_ms = if timed { millis_between(start, end) } else { None };
            event.attributes = attributes.rest();
        });
        run.rows.release(call.row)
    }
}
