//! What a run has used up so far: a sink that counts on the way to the recorder.

use crate::capture::EventSink;
use crate::capture::pipeline::Budget;
use crate::ledger::{Books, TokenClasses};
use crate::trace::{Event, Kind, RunFacts, Usd};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts what passes.
pub(super) struct Meter {
    sink: Arc<dyn EventSink>,
    run: RunFacts,
    books: Arc<Books>,
    budget: Budget,
    totals: Mutex<Totals>,
}

/// What has been used up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Model calls that were answered.
    pub calls: u64,
    /// Model calls that were not.
    pub failed_calls: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Prompt and completion tokens.
    pub tokens: i64,
    /// Money: as reported, or by the price book.
    pub usd: Usd,
    /// Answered calls whose cost is not known.
    pub unpriced_calls: u64,
    /// How the last model call ended.
    pub last: Option<LastCall>,
}

/// The last model call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCall {
    /// What went wrong.
    pub error_type: Option<String>,
    /// The error's text, or the reply.
    pub content: Option<String>,
    /// Whether it asked for tools.
    pub wants_tools: bool,
}

impl Meter {
    pub(super) fn new(
        sink: Arc<dyn EventSink>,
        run: RunFacts,
        books: Arc<Books>,
        budget: Budget,
    ) -> Self {
        Self { sink, run, books, budget, totals: Mutex::new(Totals::default()) }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, event: &Event) {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        match event.kind {
            Kind::LlmCall => {
                if event.error_type.is_some() {
                    totals.failed_calls += 1;
                } else {
                    totals.calls += 1;
                }
                totals.tokens = totals.tokens.saturating_add(event.total_tokens().unwrap_or(0));
                match self.cost(event) {
                    Some(cost) => totals.usd = totals.usd.checked_add(cost).unwrap_or(totals.usd),
                    None => totals.unpriced_calls += u64::from(event.error_type.is_none()),
                }
                totals.last = Some(LastCall {
                    error_type: event.error_type.clone(),
                    content: event.content.clone(),
                    wants_tools: matches!(
                        event.finish_reason.as_deref(),
                        Some("tool_calls" | "tool_use" | "function_call")
                    ),
                });
            }
            Kind::ToolCall => totals.tool_calls += 1,
            _ => {}
        }
    }

    /// What a call cost: as reported, else by the price book.
    fn cost(&self, event: &Event) -> Option<Usd> {
        event.cost_usd.or_else(|| {
            let provider = self.run.provider.as_deref();
            let price = self.books.find(&self.run.model, provider, event.ts).price()?;
            price.cost(&TokenClasses::from_totals(
                event.input_tokens,
                event.cache_read_tokens,
                event.cache_write_tokens,
                event.output_tokens,
                event.reasoning_tokens,
            )?)
        })
    }
}

impl EventSink for Meter {
    fn record(&self, event: Event) {
        self.count(&event);
        self.sink.record(event);
    }

    fn warn(&self, text: String) {
        self.sink.warn(text);
    }

    fn is_exhausted(&self) -> Option<bool> {
        let limited = self.budget.calls.is_some() || self.budget.usd.is_some();
        limited.then(|| self.totals().exceeds(&self.budget).is_some())
    }
}

impl Totals {
    /// What is used up, in words; `None` when something is left of everything.
    pub(super) fn exceeds(&self, budget: &Budget) -> Option<String> {
        let calls = budget.calls.filter(|most| self.calls >= *most);
        let usd = budget.usd.filter(|most| self.usd >= *most);
        calls.map(|most| format!("{most} calls")).or_else(|| usd.map(|most| format!("{most} USD")))
    }
}
