//! Token counts and costs of a step.
//!
//! By the specification `prompt_tokens` holds every prompt token and `cached_tokens` is a part of it. Writers differ in
//! what they do with tokens written to a cache, which have no field of their own: some count them in, some leave them
//! out. One step with fewer prompt tokens than cached ones shows what a document does.

use super::super::fields::Fields;
use super::super::usage::Usage;
use crate::trace::{CostSource, Event, UsageQuality, Usd};
use serde_json::Value;

/// Names under which writers keep tokens written to a cache.
const CACHE_WRITES: &[&str] =
    &["cache_creation_input_tokens", "cache_write_tokens", "cache_write_input_tokens"];
/// Names under which writers keep tokens spent on reasoning, which are a part of the completion.
const REASONING: &[&str] = &["reasoning_tokens", "reasoning_output_tokens", "thoughts_tokens"];

/// How a document counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Arithmetic {
    /// Tokens written to a cache are not in `prompt_tokens`.
    writes_apart: bool,
}

/// What a step's numbers say.
#[derive(Debug, Default)]
pub(super) struct StepMetrics {
    pub(super) usage: Usage,
    pub(super) cost: Option<Usd>,
    pub(super) cost_source: Option<CostSource>,
    /// A cost that cannot be dollars.
    pub(super) implausible: Option<f64>,
    /// The numbers as they stand.
    pub(super) raw: Option<Value>,
}

impl Arithmetic {
    /// Reads from a document's steps how it counts.
    pub(super) fn of(steps: &[Value], agent: Option<&str>) -> Self {
        let evidence = steps.iter().filter_map(|s| s.get("metrics")).any(|metrics| {
            let count = |name: &str| metrics.get(name).and_then(Value::as_i64);
            let write = metrics.get("extra").and_then(|e| named(e, CACHE_WRITES)).unwrap_or(0);
            let cached = count("cached_tokens").unwrap_or(0).max(0);
            count("prompt_tokens").is_some_and(|prompt| prompt < cached.saturating_add(write))
        });
        // Harbor's reader of opencode adds cache reads to the prompt, and no writes.
        Self { writes_apart: evidence || agent == Some("opencode") }
    }

    /// Whether tokens written to a cache were found beside the prompt tokens.
    pub(super) fn writes_are_apart(self) -> bool {
        self.writes_apart
    }

    /// Reads a step's numbers.
    pub(super) fn read(self, metrics: Value) -> StepMetrics {
        let Some(mut fields) = Fields::of(metrics.clone()) else {
            return StepMetrics { raw: Some(metrics), ..StepMetrics::default() };
        };
        let extra = fields.take("extra").unwrap_or_default();
        let write = named(&extra, CACHE_WRITES);
        let cached = fields.int("cached_tokens");
        let prompt = fields.int("prompt_tokens").filter(|n| *n >= 0);
        // Zero beside other tokens is a number that nobody counted.
        let output = fields.int("completion_tokens").filter(|n| *n > 0);
        let usage = if self.writes_apart {
            let read = cached.unwrap_or(0).max(0);
            match prompt {
                Some(prompt) if read <= prompt => {
                    Usage::apart(Some(prompt - read), cached, write, output)
                }
                prompt => Usage::apart(prompt, cached, write, output),
            }
        } else {
            Usage::inside(prompt, cached, write, output)
        };
        // So is a prompt of none.
        let counted = usage.input.is_some_and(|n| n > 0);
        let usage = if counted { usage } else { Usage::inside(None, None, None, output) };
        let usage = usage.with_reasoning(named(&extra, REASONING));
        let amount = fields.number("cost_usd").filter(|c| *c > 0.0);
        let tokens = usage.input.unwrap_or(0).saturating_add(usage.output.unwrap_or(0));
        let plausible = amount.filter(|c| is_plausible(*c, tokens));
        let estimated = extra
            .get("cost_source")
            .and_then(Value::as_str)
            .is_some_and(|source| source.contains("estimate"));
        let cost = plausible.and_then(Usd::from_f64).filter(|c| c.nanos() > 0);
        StepMetrics {
            usage,
            cost,
            cost_source: cost
                .map(|_| if estimated { CostSource::ClientEstimate } else { CostSource::Reported }),
            implausible: if plausible.is_none() { amount } else { None },
            raw: Some(metrics),
        }
    }
}

impl StepMetrics {
    /// Puts the numbers into a row that stands for `calls` calls.
    pub(super) fn fill(&self, event: &mut Event, calls: Option<i64>) {
        let several = calls.is_some_and(|n| n > 1);
        self.usage.fill(event, several.then_some(UsageQuality::Aggregate));
        event.cost_usd = self.cost;
        event.cost_source = self.cost_source;
    }
}

/// Whether an amount can be the cost of so many tokens in dollars: no model costs 1000 dollars per million. Without
/// tokens, whole numbers are units of a subscription.
pub(super) fn is_plausible(dollars: f64, tokens: i64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "a bound, not an account")]
    let most = tokens as f64 * 1e-3;
    if tokens > 0 { dollars <= most } else { dollars.fract() > 0.0 }
}

fn named(extra: &Value, names: &[&str]) -> Option<i64> {
    names.iter().find_map(|name| extra.get(name)?.as_i64()).filter(|n| *n >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_with_fewer_prompt_tokens_than_cached_ones_shows_how_a_document_counts() {
        let apart = json!({"metrics": {"prompt_tokens": 4, "completion_tokens": 352, "cached_tokens": 0,
            "extra": {"cache_creation_input_tokens": 19830}}});
        let inside = json!({"metrics": {"prompt_tokens": 19834, "completion_tokens": 352, "cached_tokens": 0,
            "extra": {"cache_creation_input_tokens": 19830}}});
        for step in [apart, inside] {
            let arithmetic = Arithmetic::of(std::slice::from_ref(&step), None);
            let read = arithmetic.read(step["metrics"].clone());
            assert_eq!(read.usage.input, Some(19_834));
            assert_eq!(read.usage.cache_write, Some(19_830));
            assert_eq!(read.usage.output, Some(352));
        }
    }

    #[test]
    fn a_zero_beside_tokens_is_unknown() {
        let read = Arithmetic::default()
            .read(json!({"prompt_tokens": 100, "completion_tokens": 0, "cost_usd": 0.0}));
        assert_eq!((read.usage.input, read.usage.output, read.cost), (Some(100), None, None));
        let read = Arithmetic::default().read(json!({"prompt_tokens": 0, "completion_tokens": 7}));
        assert_eq!((read.usage.input, read.usage.output), (None, Some(7)));
    }

    #[test]
    fn what_costs_a_thousand_dollars_per_million_tokens_is_no_cost() {
        let read = Arithmetic::default()
            .read(json!({"prompt_tokens": 900, "completion_tokens": 100, "cost_usd": 1.5}));
        assert_eq!((read.cost, read.implausible), (None, Some(1.5)));
        let read = Arithmetic::default().read(
            json!({"prompt_tokens": 900, "completion_tokens": 100, "cost_usd": 0.5, "extra": {"cost_source": "litellm_estimate"}}));
        assert_eq!(read.cost_source, Some(CostSource::ClientEstimate));
        assert!(!is_plausible(360.0, 0) && is_plausible(0.25, 0));
    }
}
