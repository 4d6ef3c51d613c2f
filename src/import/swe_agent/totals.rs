//! The model statistics of an attempt, as one aggregate row.
//!
//! `tokens_sent` and `tokens_received` are counted by a local tokenizer over the text of messages, without the arguments of
//! tool calls, reasoning or caches; `instance_cost` comes from the usage that the API reported. Calls that were asked
//! again are in `api_calls` and nowhere else. Zeros beside calls stand for what was not counted: a replay, or no price.

use super::super::ImportReport;
use super::super::fields::Fields;
use super::super::usage::Usage;
use crate::trace::{CostSource, Event, Kind, UsageQuality, Usd};
use serde_json::Value;

/// The statistics of an attempt, of all attempts, or of their reviewer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) calls: Option<i64>,
    pub(super) cost: Option<Usd>,
    sent: Option<i64>,
    received: Option<i64>,
}

impl Totals {
    /// Reads a `model_stats` object.
    pub(super) fn of(stats: &Value) -> Self {
        let mut fields = Fields::of(stats.clone()).unwrap_or_default();
        Self {
            calls: fields.int("api_calls").filter(|n| *n >= 0),
            cost: fields.number("instance_cost").and_then(Usd::from_f64).filter(|c| c.nanos() > 0),
            sent: fields.int("tokens_sent").filter(|n| *n > 0),
            received: fields.int("tokens_received").filter(|n| *n > 0),
        }
    }

    /// The row of it; `None` when neither tokens nor costs were counted. `visible` calls have rows of their own.
    pub(super) fn row(self, stats: Value, visible: i64) -> Option<Event> {
        let usage = Usage::inside(self.sent, None, None, self.received);
        if usage.is_empty() && self.cost.is_none() {
            return None;
        }
        let mut event = Event::new(Kind::LlmCall);
        usage.fill(&mut event, Some(UsageQuality::Aggregate));
        event.usage_quality = Some(UsageQuality::Aggregate);
        event.llm_call_count =
            Some(self.calls.map_or(0, |calls| calls.saturating_sub(visible).max(0)));
        event.cost_usd = self.cost;
        event.cost_source = self.cost.map(|_| CostSource::ReportedTotal);
        let mut rest = Fields::default();
        rest.keep("usage", stats);
        if !usage.is_empty() {
            rest.keep("token_counts", "a local tokenizer's estimate over the text of messages");
        }
        event.attributes = rest.rest();
        Some(event)
    }

    /// Warns of what the statistics do not tell. `of` names whose they are.
    pub(super) fn warn(self, of: &str, visible: i64, report: &mut ImportReport) {
        let calls = self.calls.unwrap_or(0);
        if calls > visible {
            report.warn(format!(
                "{of}: {calls} calls were made and {visible} are in the log; the others were asked again after replies that could not be used"
            ));
        }
        let nothing = self.sent.is_none() && self.received.is_none() && self.cost.is_none();
        if nothing && calls.max(visible) > 0 {
            report.warn(format!(
                "{of}: no tokens and no costs beside {} calls, as in a replay or a demonstration; they are unknown",
                calls.max(visible)
            ));
        } else if self.cost.is_none() && !nothing {
            report.warn(format!(
                "{of}: a cost of 0 beside tokens: the model has no price; it is unknown"
            ));
        }
    }
}
