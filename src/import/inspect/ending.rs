//! The end of a run: the result of its stage, what only the sample as a whole says, and whether its counts agree.

use super::super::ImportError;
use super::super::fields::Fields;
use super::super::stages::StageOutcome;
use super::convert::{Place, Run};
use super::grades::{Grade, end_reason_of, end_reason_of_limit};
use super::texts::Content;
use super::transcript::time;
use super::usage;
use crate::trace::{CostSource, EndReason, Event, Kind, Timestamp, UsageQuality};
use serde_json::Value;

/// What a sample says about its end.
pub(super) struct Ending {
    pub(super) messages: Vec<Value>,
    pub(super) model_usage: Option<Value>,
    pub(super) elapsed_s: Option<f64>,
    pub(super) completed: Option<Timestamp>,
    input: Option<Value>,
    grade: Grade,
    target: Option<Value>,
    limit: Option<String>,
    error: Option<Fields>,
}

impl Ending {
    pub(super) fn of(fields: &mut Fields, messages: Vec<Value>) -> Self {
        let limit = fields.peek("limit").and_then(|l| l.get("type")?.as_str()).map(str::to_owned);
        let (completed, _) = time(fields, "completed_at");
        Self {
            messages,
            model_usage: fields.take("model_usage"),
            elapsed_s: fields.number("total_time").filter(|s| *s >= 0.0),
            completed,
            input: fields.take("input"),
            grade: Grade::of(fields),
            target: fields.take("target"),
            limit,
            error: fields.object("error"),
        }
    }

    /// Why the sample says that it ended; `None` when its last event tells.
    fn reason(&self) -> Option<EndReason> {
        if let Some(limit) = &self.limit {
            return Some(end_reason_of_limit(limit));
        }
        let message = self.error.as_ref()?.peek("message")?.as_str()?;
        Some(end_reason_of(message))
    }
}

impl Run<'_, '_> {
    /// Gives the stage its result, once: before the scorers' own calls, if there are any.
    pub(super) fn close(&mut self) -> Result<(), ImportError> {
        let Some(mut ending) = self.ending.take() else { return Ok(()) };
        let outside = Place::default();
        let last = self.rows.last.clone();
        self.conversation(&mut ending)?;
        // What no call was sent says nothing about the end of the work.
        self.rows.last = last;
        let said = ending.reason();
        if let Some(error) = ending.error.take() {
            let message = error.peek("message").and_then(Value::as_str).unwrap_or_default();
            if !self.errors.contains(message) {
                self.error_row(Event::new(Kind::Error), error, &outside)?;
            }
        }
        if self.tally.counted_calls == 0 {
            self.totals(ending.model_usage.as_ref())?;
        }
        if ending.grade.scores.is_empty() {
            ending.grade = Grade::of_scores(std::mem::take(&mut self.scores));
        }
        let mut rest = Fields::default();
        rest.keep("scores", Value::Object(ending.grade.scores));
        rest.keep("target", ending.target.unwrap_or_default());
        let mut rest = self.texts.resolved(rest);
        let mut result = Event::new(Kind::StageResult);
        result.ts = ending.completed;
        result.elapsed_s = ending.elapsed_s;
        rest.keep("limit", ending.limit.unwrap_or_default());
        let result = self.placed(result, rest, &outside);
        let cut_off = self.last_finish.as_deref() == Some("model_length");
        let outcome = StageOutcome {
            // Results of tools show that there were calls, though the log has none.
            attempted: (self.tally.results_without_calls > 0).then_some(true),
            score: ending.grade.score,
            passed: ending.grade.passed,
            end_reason: said.or(self.stopped).or(cut_off.then_some(EndReason::ContextExceeded)),
            ..StageOutcome::default()
        };
        self.reason = self.rows.close_stage(outcome, result)?;
        self.open = false;
        Ok(())
    }

    /// What the sample as a whole says of the conversation: its messages, and its input where nothing else asks.
    pub(super) fn conversation(&mut self, ending: &mut Ending) -> Result<(), ImportError> {
        let messages = std::mem::take(&mut ending.messages);
        let asks = |m: &Value| m.get("role").and_then(Value::as_str) == Some("user");
        if let Some(input) = ending.input.take()
            && !self.prompted
            && !messages.iter().any(asks)
        {
            self.prompt(input)?;
        }
        self.messages_of_sample(&messages)
    }

    /// The input of a sample that has no messages: a text, or messages.
    fn prompt(&mut self, input: Value) -> Result<(), ImportError> {
        if let Value::Array(messages) = input {
            return self.messages_of_sample(&messages);
        }
        let mut input = input;
        self.texts.resolve(&mut input);
        let text = Content::of(input).text;
        if text.is_empty() {
            return Ok(());
        }
        let mut event = Event::new(Kind::Message);
        event.role = Some("user".to_owned());
        event.content = Some(text);
        self.put(event, Fields::default(), &Place::default())
    }

    /// Totals of the sample, where no call has tokens of its own: a row per model.
    fn totals(&mut self, model_usage: Option<&Value>) -> Result<(), ImportError> {
        for (model, raw) in model_usage.and_then(Value::as_object).into_iter().flatten() {
            let Some(counted) = usage::read(raw, self.header.old_counts, true) else { continue };
            let mut event = Event::new(Kind::LlmCall);
            counted.usage.fill(&mut event, Some(UsageQuality::Aggregate));
            event.usage_quality = Some(UsageQuality::Aggregate);
            event.llm_call_count = (self.tally.calls_without_tokens > 0).then_some(0);
            event.reported_total_tokens = counted.total;
            event.cost_usd = counted.cost;
            event.cost_source = counted.cost.map(|_| CostSource::ClientEstimate);
            let mut rest = Fields::default();
            rest.keep("usage", raw.clone());
            if self.header.model.as_ref() != Some(model) {
                rest.keep("model", model.as_str());
            }
            self.put(event, rest, &Place::default())?;
        }
        Ok(())
    }

    /// Compares the sum of the calls with the totals of the sample, and tells what is doubtful.
    pub(super) fn compare(&mut self, model_usage: Option<&Value>, of_calls: i64) {
        let totals = model_usage.and_then(Value::as_object).into_iter().flatten();
        let total =
            totals.filter_map(|(_, u)| u.get("total_tokens")?.as_i64()).reduce(i64::saturating_add);
        if let Some(total) = total.filter(|t| self.tally.counted_calls > 0 && *t != of_calls) {
            self.report.warn(format!(
                "the sample counts {total} tokens, its model calls {of_calls}: the calls are used"
            ));
        }
        if self.tally.times_without_zone > 0 {
            self.report.warn("times without a zone are read as UTC");
        }
        if self.tally.unclear_counts > 0 {
            self.report.warn(format!(
                "{} calls with cached tokens have a total that is no sum of their counts",
                self.tally.unclear_counts
            ));
        }
        if self.tally.undated_calls > 0 {
            self.report.warn(format!(
                "{} model calls have one time only, which in early logs is that of their end",
                self.tally.undated_calls
            ));
        }
        if self.texts.missing() > 0 {
            self.report
                .warn(format!("{} texts are not among the attachments", self.texts.missing()));
        }
    }

    /// Ends the run with what only the sample as a whole says.
    pub(super) fn finish(
        mut self,
        mut run_end: Event,
        mut fields: Fields,
        model_usage: Option<Value>,
    ) -> Result<(), ImportError> {
        // The events by their identifiers, arranged for the viewer.
        fields.drop("timelines");
        // The last reply again, unless a solver made something else of it.
        let output = fields.object("output").and_then(|mut o| o.text("completion"));
        if let Some(answer) = output.filter(|a| self.last_reply.as_ref() != Some(a)) {
            fields.keep("completion", answer);
        }
        let mut fields = self.texts.resolved(fields);
        fields.keep("model_usage", model_usage.unwrap_or_default());
        fields.keep("events", std::mem::take(&mut self.others));
        run_end.end_reason = self.reason;
        run_end.attributes = fields.rest_counted(&mut self.report);
        self.rows.end(run_end, self.report)
    }
}
