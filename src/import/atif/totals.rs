//! The totals of a document beside the sum of its steps.
//!
//! `final_metrics` of a document that continues another one counts from the beginning of the run, and some writers count
//! sub-agents in: the totals of documents are compared, and never added.

use super::super::ImportReport;
use super::super::fields::Fields;
use super::super::usage::Usage;
use super::metrics::is_plausible;
use crate::trace::{CostSource, Event, Kind, UsageQuality, Usd};
use serde_json::Value;

/// What the rows of calls add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    input: Option<i64>,
    output: Option<i64>,
    cached: Option<i64>,
    cost: Option<Usd>,
}

impl Sums {
    /// Adds a row.
    pub(super) fn add(&mut self, event: &Event) {
        let plus = |sum: &mut Option<i64>, n: Option<i64>| {
            if let Some(n) = n {
                *sum = Some(sum.unwrap_or(0).saturating_add(n));
            }
        };
        plus(&mut self.input, event.input_tokens);
        plus(&mut self.output, event.output_tokens);
        plus(&mut self.cached, event.cache_read_tokens);
        if let Some(cost) = event.cost_usd {
            self.cost = Some(self.cost.unwrap_or_default() + cost);
        }
    }
}

/// Compares the totals with the sums of the agent's own steps and of all, sub-agents included. Where the steps say nothing,
/// gives the row that holds the totals.
pub(super) fn compare(
    totals: &Fields,
    own: Sums,
    all: Sums,
    report: &mut ImportReport,
) -> Option<Event> {
    let count = |name: &str| totals.peek(name).and_then(Value::as_i64).filter(|n| *n > 0);
    let (input, output) = (count("total_prompt_tokens"), count("total_completion_tokens"));
    let cached = count("total_cached_tokens");
    for (what, total, own, all) in [
        ("prompt", input, own.input, all.input),
        ("completion", output, own.output, all.output),
        ("cached", cached, own.cached, all.cached),
    ] {
        if let (Some(total), Some(sum)) = (total, all)
            && total != sum
            && own != Some(total)
        {
            report.warn(format!(
                "final_metrics says {total} {what} tokens, the calls in the document add up to {sum}; the calls are counted"
            ));
        }
    }
    let amount = totals.peek("total_cost_usd").and_then(Value::as_f64).filter(|c| *c > 0.0);
    let tokens = [input, output, all.input, all.output].into_iter().flatten();
    let dollars = amount.filter(|c| {
        let plausible =
            !in_other_units(totals) && is_plausible(*c, tokens.fold(0, i64::saturating_add));
        if !plausible {
            report.warn(format!("a total cost of {c} is not in dollars and is left out"));
        }
        plausible
    });
    let cost = dollars.and_then(Usd::from_f64).filter(|c| c.nanos() > 0);
    if let (Some(total), Some(sum)) = (cost, all.cost)
        && (total.nanos() - sum.nanos()).abs() > 1000
        && own.cost.is_none_or(|own| (total.nanos() - own.nanos()).abs() > 1000)
    {
        report.warn(format!(
            "final_metrics says {total} USD, the calls in the document add up to {sum} USD; the calls are counted"
        ));
    }
    let usage = match (all.input, all.output) {
        (None, None) => Usage::inside(input, cached, None, output),
        _ => Usage::default(),
    };
    let cost = cost.filter(|_| all.cost.is_none());
    if usage.is_empty() && cost.is_none() {
        return None;
    }
    let mut row = Event::new(Kind::LlmCall);
    usage.fill(&mut row, Some(UsageQuality::Aggregate));
    row.usage_quality = Some(UsageQuality::Aggregate);
    row.llm_call_count = Some(0);
    row.cost_usd = cost;
    row.cost_source = cost.map(|_| {
        let source =
            totals.peek("extra").and_then(|e| e.get("cost_source")).and_then(Value::as_str);
        if source.is_some_and(|s| s.contains("estimate")) {
            CostSource::ClientEstimate
        } else {
            CostSource::ReportedTotal
        }
    });
    Some(row)
}

/// Whether a document says that its cost is in units of a subscription.
fn in_other_units(totals: &Fields) -> bool {
    totals.peek("extra").is_some_and(|e| e.to_string().to_ascii_lowercase().contains("premium"))
}
