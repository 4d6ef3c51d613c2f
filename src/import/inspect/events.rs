//! The events of a sample, one by one: which become rows, which are part of one, which are kept, which are not known.

use super::super::ImportError;
use super::super::fields::Fields;
use super::convert::{Place, Run};
use super::grades::class_of;
use super::joins::{Joins, small};
use super::transcript::{Record, Transcript};
use crate::trace::{Clock, EndReason, Event, Kind};
use serde_json::Value;

impl Run<'_, '_> {
    /// An attempt at the sample that an error ended, before the one that the sample tells.
    pub(super) fn failed_attempt(&mut self, retry: Value) -> Result<(), ImportError> {
        let Some(mut retry) = Fields::of(retry) else {
            self.report.reject(self.path, 1, "a retried error that is no object");
            return Ok(());
        };
        let events = retry.array("events").unwrap_or_default();
        self.play(&mut Transcript::of(events))?;
        let message = retry.peek("message").and_then(Value::as_str).unwrap_or_default();
        if self.errors.contains(message) {
            self.report.merge("error: one of its events is the same");
        } else {
            self.report.used();
            self.error_row(Event::new(Kind::Error), retry, &Place::default())?;
        }
        self.errors.clear();
        self.attempt += 1;
        let mut again = Event::new(Kind::StageStart);
        again.attempt = Some(self.attempt);
        self.rows.push(again)
    }

    /// The events of one attempt.
    pub(super) fn play(&mut self, transcript: &mut Transcript) -> Result<(), ImportError> {
        for position in std::mem::take(&mut transcript.broken) {
            self.report.reject(self.path, position, "an event that is no object");
        }
        let clocks = transcript.records.iter().flatten().map(|r| r.clock);
        self.tally.times_without_zone +=
            clocks.filter(|c| *c == Some(Clock::AssumedUtc)).count() as u64;
        self.tool_events.clear();
        self.joins = Joins::of(transcript, self.texts, &mut self.report);
        let inputs = transcript.records.iter().flatten();
        let inputs = inputs.filter_map(|r| r.fields.peek("input")?.as_array()).flatten();
        let of_sample = self.ending.iter().flat_map(|e| &e.messages);
        for message in self.pool.values().chain(inputs).chain(of_sample) {
            self.joins.note(message);
        }
        if self.without_calls
            && let Some(mut ending) = self.ending.take()
        {
            self.conversation(&mut ending)?;
            self.ending = Some(ending);
        }
        for index in 0..transcript.records.len() {
            let record = transcript.records[index].take().or_else(|| self.joins.unclaimed(index));
            if let Some(record) = record {
                self.event(index, record, transcript)?;
            }
        }
        Ok(())
    }

    fn event(
        &mut self,
        index: usize,
        record: Record,
        transcript: &Transcript,
    ) -> Result<(), ImportError> {
        match record.kind.as_str() {
            "model" | "tool" | "error" => {
                if transcript.is_grading(record.span) && self.ending.is_some() {
                    // What scorers do comes after the work of the agent and is no part of the stage.
                    self.close()?;
                }
                let place = self.place(transcript, record.span);
                match record.kind.as_str() {
                    "model" => self.model(record, &place)?,
                    "tool" => self.tool_event(index, record, &place)?,
                    _ => {
                        self.report.used();
                        let event = record.timed(Event::new(Kind::Error));
                        let error = { record.fields }.object("error").unwrap_or_default();
                        self.error_row(event, error, &place)?;
                    }
                }
            }
            "span_begin" | "span_end" | "step" => self.report.merge("structure: the spans of rows"),
            "sample_init" => self.report.skip("start of the sample, which repeats its input", 1),
            "state" => self.report.skip("changes of the state, whose messages have rows", 1),
            "store" => self.report.skip("changes of the store, whose end is kept", 1),
            "score" => self.score(record),
            "approval" | "sandbox" | "subtask" | "sample_limit" | "input" | "info" | "logger"
            | "compaction" | "interrupt" | "branch" | "anchor" | "checkpoint" | "review"
            | "sentinel" | "score_edit" => {
                let by = record.fields.peek("source").and_then(Value::as_str);
                if record.kind == "interrupt" && matches!(by, Some("user_cancel" | "system")) {
                    self.stopped = Some(EndReason::Interrupted);
                }
                self.report.merge("event that is kept with the end of the run");
                self.others.push(small(record, self.texts));
            }
            "" => self.report.reject(self.path, record.position, "an event without a kind"),
            other => self.report.unknown(other),
        }
        Ok(())
    }

    /// The final scores stand in the sample, unless it did not come to its end.
    fn score(&mut self, mut record: Record) {
        if record.fields.peek("intermediate") == Some(&Value::Bool(true)) {
            self.report.merge("event that is kept with the end of the run");
            self.others.push(small(record, self.texts));
            return;
        }
        self.report.merge("score: part of the result");
        let name = record.fields.text("scorer").unwrap_or_else(|| "score".to_owned());
        if let Some(score) = record.fields.take("score") {
            self.scores.entry(name).or_insert(score);
        }
    }

    fn place(&self, transcript: &Transcript, span: Option<usize>) -> Place {
        let agent = transcript.sub_agent(span);
        let call = agent.as_ref().and_then(|a| a.call);
        Place {
            path: transcript.path(span),
            span: transcript.around(span).next().map(|s| s.id.clone()),
            started_by: call.and_then(|call| self.tool_events.get(&call).cloned()),
            agent,
        }
    }

    pub(super) fn error_row(
        &mut self,
        mut event: Event,
        mut error: Fields,
        place: &Place,
    ) -> Result<(), ImportError> {
        error.drop("traceback_ansi");
        error = self.texts.resolved(error);
        let message = error.text("message").unwrap_or_default();
        event.error_type = Some(class_of(&message).unwrap_or("error").to_owned());
        self.errors.insert(message.clone());
        event.content = Some(message);
        self.put(event, error, place)
    }
}
