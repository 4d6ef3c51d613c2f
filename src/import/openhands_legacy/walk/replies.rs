//! Replies, each once: those behind actions, and those of which no action came.
//!
//! A response is one `llm_call`, whatever number of actions it asked for. Calls that the history does not name stand where
//! the usage has them: before the next call that it does name.

use super::super::super::fields::Fields;
use super::super::super::model_response::Response;
use super::super::super::openhands_metrics::Call;
use super::super::super::rows::Rows;
use super::super::super::{ImportError, ImportReport};
use super::super::history::Entry;
use super::Walk;
use crate::trace::{Clock, Event, Kind};

/// The reply that an action came of.
pub(super) struct Parent {
    pub(super) id: Option<String>,
    /// Whether its row was made for this action.
    pub(super) is_new: bool,
}

impl Walk {
    /// The row of the reply behind an action, unless it has one. `said` is its text where no response is logged.
    pub(super) fn reply(
        &mut self,
        entry: &mut Entry,
        said: Option<String>,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<Parent, ImportError> {
        let metadata = entry.fields.peek("tool_call_metadata");
        let response = metadata.and_then(|m| m.get("model_response")).cloned().and_then(Fields::of);
        let Some(id) = entry.response_id.clone() else {
            if !self.calls.all().is_empty() {
                // Its call has a row among those without an action.
                return Ok(Parent { id: None, is_new: false });
            }
            let id = format!("item-{}-reply", entry.position);
            let mut event = self.event(Kind::LlmCall, entry);
            event.event_id = Some(id.clone());
            event.content = said.filter(|text| !text.is_empty());
            self.push_reply(event, rows)?;
            return Ok(Parent { id: Some(id), is_new: true });
        };
        if !self.seen.insert(id.clone()) {
            return Ok(Parent { id: Some(id), is_new: false });
        }
        self.unseen_until(self.calls.place(&id).unwrap_or(0), rows, report)?;
        let mut event = self.event(Kind::LlmCall, entry);
        event.event_id = Some(id.clone());
        event.response_id = Some(id.clone());
        let mut response = response.map(Response::of).unwrap_or_default();
        let mut rest = response.rest;
        if let Some(call) = self.calls.claim(&id) {
            call.fill(&mut event);
            if !call.raw.is_null() {
                report.merge("usage entry, in the row of its call");
            }
        } else {
            response.usage.fill(&mut event, None);
            if let Some(usage) = response.raw_usage.take() {
                rest.keep("usage", usage);
            }
        }
        if let Some(model) = response.model {
            rest.keep("response_model", model);
        }
        event.finish_reason = response.finish_reason;
        event.content = response.text.or(said).filter(|text| !text.is_empty());
        event.attributes = joined(event.attributes.take(), rest).rest();
        self.push_reply(event, rows)?;
        Ok(Parent { id: Some(id), is_new: true })
    }

    /// The rows of the calls before a place in the log that no action came of.
    pub(super) fn unseen_until(
        &mut self,
        place: usize,
        rows: &mut Rows<'_>,
        report: &mut ImportReport,
    ) -> Result<(), ImportError> {
        while self.next < place {
            let Some(call) = self.calls.all().get(self.next) else { break };
            self.next += 1;
            if self.in_history.contains(&call.response_id) {
                continue;
            }
            let event = row_without_action(call);
            if !call.raw.is_null() {
                report.used();
            }
            self.push_reply(event, rows)?;
        }
        Ok(())
    }

    fn push_reply(&mut self, mut event: Event, rows: &mut Rows<'_>) -> Result<(), ImportError> {
        event.role = Some("assistant".to_owned());
        self.replies += 1;
        self.metered += i64::from(event.usage_quality.is_some());
        self.priced += i64::from(event.cost_usd.is_some());
        self.used.0 = self.used.0.saturating_add(event.input_tokens.unwrap_or(0));
        self.used.1 = self.used.1.saturating_add(event.output_tokens.unwrap_or(0));
        rows.push(self.placed(event))
    }
}

/// The row of a call that no action came of: of a condenser, of a delegate, or of a reply that could not be parsed.
fn row_without_action(call: &Call) -> Event {
    let mut event = Event::new(Kind::LlmCall);
    event.event_id = Some(call.response_id.clone()).filter(|id| !id.is_empty());
    event.ts = call.ended;
    call.fill(&mut event);
    if event.ts.is_some() {
        event.clock = Some(Clock::Source);
    }
    let mut rest = Fields::of_attributes(event.attributes.take());
    rest.keep("action", "none in the history");
    event.attributes = rest.rest();
    event
}

fn joined(attributes: Option<String>, rest: Fields) -> Fields {
    let mut all = Fields::of_attributes(attributes);
    for (name, value) in rest.into_pairs() {
        all.keep(&name, value);
    }
    all
}
