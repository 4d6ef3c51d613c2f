//! Results to rows of totals, one per model where the result counts models apart.
//!
//! `modelUsage` counts everything the command asked of models and is what its cost was computed from; `usage` may leave
//! calls in the background out. The cost is the client's own estimate, from a price table in which models that it does
//! not know have the prices of others.

use super::super::claude::{counts, usage_of};
use super::super::fields::Fields;
use super::super::usage::Usage;
use crate::trace::{CostSource, Event, Kind, UsageQuality, Usd};
use serde_json::Value;

/// What one model was asked, or all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Total {
    pub(super) model: Option<String>,
    uncached: Option<i64>,
    cache_read: Option<i64>,
    cache_write: Option<i64>,
    output: Option<i64>,
    cost: Option<Usd>,
    context: Option<i64>,
    raw: Value,
}

/// Totals of the results of one session.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Those per model of the result before.
    before: Vec<Total>,
    /// Results of this session go on counting where the one before ended.
    pub(super) cumulative: bool,
}

/// Whether a result has token counts.
pub(super) fn has_tokens(result: &Fields) -> bool {
    let of_all = result.peek("usage").cloned().and_then(Fields::of);
    of_all.is_some_and(|usage| !usage_of(&usage).is_empty())
        || per_model(result).iter().any(|total| !total.usage().is_empty())
}

impl Totals {
    /// The totals of a result, which are taken out of it.
    pub(super) fn take(&mut self, result: &mut Fields) -> Vec<Total> {
        let models = per_model(result);
        let usage = result.take("usage").unwrap_or_default();
        let of_all = Fields::of(usage.clone()).unwrap_or_default();
        let cost = result.take("total_cost_usd").or_else(|| result.take("cost_usd"));
        let cost = cost.as_ref().and_then(amount);
        if models.is_empty() {
            let count = |name: &str| of_all.peek(name).and_then(Value::as_i64);
            return vec![Total {
                uncached: count("input_tokens"),
                cache_read: count("cache_read_input_tokens"),
                cache_write: count("cache_creation_input_tokens"),
                output: count("output_tokens"),
                cost,
                raw: usage,
                ..Total::default()
            }];
        }
        result.drop("modelUsage");
        let own_output = of_all.peek("output_tokens").and_then(Value::as_i64).unwrap_or(0);
        let mut totals = models.clone();
        if self.goes_on(&models, own_output) {
            self.cumulative = true;
            for total in &mut totals {
                if let Some(before) = self.before.iter().find(|b| b.model == total.model) {
                    total.subtract(before);
                }
            }
        }
        self.before = models;
        if totals.iter().all(|total| total.cost.is_none()) && cost.is_some() {
            match totals.as_mut_slice() {
                [only] => only.cost = cost,
                _ => totals.push(Total { cost, ..Total::default() }),
            }
        }
        if !usage.is_null() {
            result.keep("usage", usage);
        }
        totals
    }

    /// Whether counts per model go on from the result before: none is less than it was, and what is new holds the
    /// output that the result counts for itself.
    fn goes_on(&self, models: &[Total], own_output: i64) -> bool {
        let sum = |totals: &[Total]| {
            totals.iter().filter_map(|t| t.output).fold(0_i64, i64::saturating_add)
        };
        !self.before.is_empty()
            && own_output > 0
            && self.before.iter().all(|b| models.iter().any(|m| m.model == b.model && m.holds(b)))
            && sum(models) >= sum(&self.before).saturating_add(own_output)
    }
}

impl Total {
    fn usage(&self) -> Usage {
        counts(self.uncached, self.cache_read, self.cache_write, self.output)
    }

    fn holds(&self, before: &Self) -> bool {
        self.uncached >= before.uncached
            && self.cache_read >= before.cache_read
            && self.cache_write >= before.cache_write
            && self.output >= before.output
            && self.cost >= before.cost
    }

    fn subtract(&mut self, before: &Self) {
        let less =
            |now: Option<i64>, then: Option<i64>| now.map(|n| n.saturating_sub(then.unwrap_or(0)));
        self.uncached = less(self.uncached, before.uncached);
        self.cache_read = less(self.cache_read, before.cache_read);
        self.cache_write = less(self.cache_write, before.cache_write);
        self.output = less(self.output, before.output);
        self.cost = self.cost.and_then(|now| {
            let then = before.cost.unwrap_or_default();
            Usd::from_nanos(i128::from(now.nanos()) - i128::from(then.nanos()))
        });
    }

    /// The row of a total; `None` when it says nothing.
    pub(super) fn row(self, attributes: Fields) -> Option<Event> {
        let mut event = Event::new(Kind::LlmCall);
        self.usage().fill(&mut event, Some(UsageQuality::Aggregate));
        event.cost_usd = self.cost.filter(|cost| cost.nanos() > 0);
        if event.usage_quality.is_none() && event.cost_usd.is_none() {
            return None;
        }
        event.usage_quality = Some(UsageQuality::Aggregate);
        event.cost_source = event.cost_usd.map(|_| CostSource::ClientEstimate);
        event.llm_call_count = Some(0);
        event.context_limit = self.context.filter(|n| *n > 0);
        let mut kept = attributes;
        if let Some(model) = self.model {
            kept.keep("model", model);
            kept.keep("model_usage", self.raw);
        } else {
            kept.keep("usage", self.raw);
        }
        event.attributes = kept.rest();
        Some(event)
    }
}

fn per_model(result: &Fields) -> Vec<Total> {
    let Some(models) = result.peek("modelUsage").and_then(Value::as_object) else {
        return Vec::new();
    };
    let total = |(model, usage): (&String, &Value)| {
        let count = |name: &str| usage.get(name).and_then(Value::as_i64);
        Total {
            model: Some(model.clone()),
            uncached: count("inputTokens"),
            cache_read: count("cacheReadInputTokens"),
            cache_write: count("cacheCreationInputTokens"),
            output: count("outputTokens"),
            cost: usage.get("costUSD").and_then(amount),
            context: count("contextWindow"),
            raw: usage.clone(),
        }
    };
    models.iter().filter(|(_, usage)| usage.is_object()).map(total).collect()
}

/// An amount of money, exactly as it is written.
fn amount(cost: &Value) -> Option<Usd> {
    cost.as_number().and_then(|n| Usd::parse(&n.to_string()))
}
