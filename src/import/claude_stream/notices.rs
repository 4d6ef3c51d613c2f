//! Records in which the command speaks of itself: its beginning, notices, results.

use super::super::ImportError;
use super::super::claude::{hash_of, request_error};
use super::super::fields::Fields;
use super::super::rows::timed;
use super::walk::Walk;
use crate::trace::{EndReason, Event, Kind, Timestamp};
use serde_json::Value;

impl Walk<'_, '_> {
    /// The account of the client itself.
    pub(super) fn system(
        &mut self,
        mut fields: Fields,
        time: Option<Timestamp>,
    ) -> Result<(), ImportError> {
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

    pub(super) fn result(&mut self, number: usize, mut fields: Fields) -> Result<(), ImportError> {
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
}
