//! Tokens and costs of a span, in the terms of a trace: the input is the whole prompt, cached parts included, and the output
//! the whole completion, reasoning included.
//!
//! The conventions say that `gen_ai.usage.input_tokens` has the cached tokens in it (semantic-conventions pull request 3163),
//! and not every instrumentation keeps to it. A total that is given decides; cached tokens beyond the input can only stand
//! beside it; else the convention holds. What was decided by what is kept with the event.

use super::super::spans::Span;
use super::names::{count, first};
use crate::trace::{CostSource, Event, UsageQuality, Usd};
use serde_json::Value;

pub(super) const INPUT: &[&str] = &[
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt",
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "codex.turn.token_usage.input_tokens",
];
pub(super) const OUTPUT: &[&str] = &[
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion",
    "ai.usage.outputTokens",
    "ai.usage.completionTokens",
    "codex.turn.token_usage.output_tokens",
];
pub(super) const CACHE_READ: &[&str] = &[
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cached_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "ai.usage.cachedInputTokens",
    "codex.turn.token_usage.cached_input_tokens",
];
pub(super) const CACHE_WRITE: &[&str] = &[
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "gen_ai.usage.details.cache_write_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
];
pub(super) const REASONING: &[&str] = &[
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
    "ai.usage.reasoningTokens",
    "codex.turn.token_usage.reasoning_output_tokens",
];
pub(super) const TOTAL: &[&str] = &[
    "gen_ai.usage.total_tokens",
    "llm.usage.total_tokens",
    "llm.token_count.total",
    "ai.usage.totalTokens",
    "codex.turn.token_usage.total_tokens",
];
/// Costs of a call in US dollars.
pub(super) const COST: &[&str] = &["gen_ai.usage.cost", "llm.cost.total", "gen_ai.cost.total_cost"];
/// The same in two parts.
pub(super) const COST_PARTS: [&[&str]; 2] = [
    &["gen_ai.usage.input_cost", "llm.cost.prompt"],
    &["gen_ai.usage.output_cost", "llm.cost.completion"],
];

/// Tokens and costs of a span.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    pub(super) input: Option<i64>,
    pub(super) cache_read: Option<i64>,
    pub(super) cache_write: Option<i64>,
    pub(super) output: Option<i64>,
    pub(super) reasoning: Option<i64>,
    total: Option<i64>,
    cost: Option<Usd>,
    /// Whether cached tokens were in the input as given, and what says so; none without cached tokens.
    pub(super) cached: Option<(bool, &'static str)>,
}

impl Usage {
    pub(super) fn of(span: &Span) -> Self {
        let of = |names| count(span, names);
        let (input, cache_read, cache_write) = (of(INPUT), of(CACHE_READ), of(CACHE_WRITE));
        let (output, reasoning, total) = (of(OUTPUT), of(REASONING), of(TOTAL));
        let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
        let mut usage = Self {
            input,
            cache_read,
            cache_write,
            output,
            reasoning,
            total,
            cost: cost(span),
            cached: None,
        };
        if let Some(input) = input.filter(|_| cached > 0) {
            let (inside, why) = usage.caches_inside(input, cached);
            usage.cached = Some((inside, why));
            usage.input = Some(if inside { input } else { input.saturating_add(cached) });
        }
        if let (Some(output), Some(reasoning)) = (output, reasoning)
            && usage.reasons_beside(output, reasoning)
        {
            usage.output = Some(output.saturating_add(reasoning));
        }
        usage
    }

    fn caches_inside(&self, input: i64, cached: i64) -> (bool, &'static str) {
        if let (Some(total), Some(output)) = (self.total, self.output) {
            if total == input.saturating_add(output) && cached <= input {
                return (true, "total");
            }
            if total == input.saturating_add(cached).saturating_add(output) {
                return (false, "total");
            }
        }
        if cached > input { (false, "more cached than input") } else { (true, "convention") }
    }

    fn reasons_beside(&self, output: i64, reasoning: i64) -> bool {
        let beside = self.input.and_then(|input| input.checked_add(output)?.checked_add(reasoning));
        reasoning > output || (reasoning > 0 && self.total.is_some() && self.total == beside)
    }

    /// Whether there are any tokens to count.
    pub(super) const fn is_known(&self) -> bool {
        self.input.is_some() || self.output.is_some() || self.total.is_some()
    }

    /// Writes them into a row.
    pub(super) fn fill(&self, event: &mut Event, is_sum: bool) {
        event.input_tokens = self.input;
        event.cache_read_tokens = self.cache_read;
        event.cache_write_tokens = self.cache_write;
        event.output_tokens = self.output;
        event.reasoning_tokens = self.reasoning;
        event.reported_total_tokens = self.total;
        event.usage_quality = match (self.input, self.output) {
            _ if !self.is_known() => None,
            _ if is_sum => Some(UsageQuality::Aggregate),
            (Some(_), Some(_)) => Some(UsageQuality::Final),
            _ => Some(UsageQuality::Partial),
        };
        event.cost_usd = self.cost;
        event.cost_source = self.cost.map(|_| CostSource::ClientEstimate);
    }
}

/// The cost of a call. A zero beside tokens says that no price was known.
fn cost(span: &Span) -> Option<Usd> {
    let of = |names: &[&str]| {
        let dollars = match first(span, names)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        Usd::from_f64(dollars).filter(|usd| usd.nanos() >= 0)
    };
    let parts = || {
        let [input, output] = COST_PARTS.map(of);
        input?.checked_add(output?)
    };
    of(COST).or_else(parts).filter(|usd| !usd.is_zero())
}

#[cfg(test)]
mod tests {
    use super::super::super::spans::from_json;
    use super::*;

    fn usage(counts: &[(&str, i64)]) -> Usage {
        let attributes: Vec<_> = counts
            .iter()
            .map(|(key, value)| serde_json::json!({ "key": key, "value": { "intValue": value.to_string() } }))
            .collect();
        let request = serde_json::json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "attributes": attributes }] }] }] });
        Usage::of(&from_json(request.to_string().as_bytes()).unwrap()[0])
    }

    #[test]
    fn old_and_new_names_say_the_same() {
        let expected = usage(&[
            ("gen_ai.usage.input_tokens", 100),
            ("gen_ai.usage.output_tokens", 20),
            ("gen_ai.usage.cache_read.input_tokens", 60),
            ("gen_ai.usage.cache_creation.input_tokens", 10),
            ("gen_ai.usage.reasoning.output_tokens", 5),
        ]);
        assert_eq!((expected.input, expected.output), (Some(100), Some(20)));
        assert_eq!(
            (expected.cache_read, expected.cache_write, expected.reasoning),
            (Some(60), Some(10), Some(5))
        );
        let names = |i: usize, lists: [&'static [&'static str]; 5]| {
            lists.map(|names| names[i.min(names.len() - 1)])
        };
        for i in 0..8 {
            let [input, output, read, write, reasoning] =
                names(i, [INPUT, OUTPUT, CACHE_READ, CACHE_WRITE, REASONING]);
            let found =
                usage(&[(input, 100), (output, 20), (read, 60), (write, 10), (reasoning, 5)]);
            assert_eq!(found, expected, "{input} {output} {read} {write} {reasoning}");
        }
    }

    #[test]
    fn cached_tokens_are_in_the_input_or_are_put_there() {
        let of = |input, read, write, output, total: Option<i64>| {
            let mut counts = vec![
                ("gen_ai.usage.input_tokens", input),
                ("gen_ai.usage.cache_read.input_tokens", read),
                ("gen_ai.usage.cache_creation.input_tokens", write),
                ("gen_ai.usage.output_tokens", output),
            ];
            counts.extend(total.map(|total| ("gen_ai.usage.total_tokens", total)));
            let usage = usage(&counts);
            (usage.input.unwrap(), usage.cached.map(|c| c.1))
        };
        assert_eq!(of(100, 60, 10, 20, None), (100, Some("convention")));
        assert_eq!(of(100, 60, 10, 20, Some(120)), (100, Some("total")));
        assert_eq!(of(100, 60, 10, 20, Some(190)), (170, Some("total")));
        assert_eq!(of(30, 60, 10, 20, None), (100, Some("more cached than input")));
        assert_eq!(of(100, 0, 0, 20, None), (100, None));
        // A total that fits neither reading decides nothing.
        assert_eq!(of(100, 60, 10, 20, Some(7)), (100, Some("convention")));
        assert_eq!(of(i64::MAX, i64::MAX, 1, i64::MAX, Some(1)).0, i64::MAX);
    }

    #[test]
    fn reasoning_is_in_the_output_or_is_put_there() {
        let of = |output, reasoning, total: Option<i64>| {
            let mut counts = vec![
                ("llm.token_count.prompt", 100),
                ("llm.token_count.completion", output),
                ("llm.token_count.completion_details.reasoning", reasoning),
            ];
            counts.extend(total.map(|total| ("llm.token_count.total", total)));
            usage(&counts).output.unwrap()
        };
        assert_eq!(of(20, 5, None), 20);
        assert_eq!(of(20, 5, Some(120)), 20);
        assert_eq!(of(20, 5, Some(125)), 25);
        assert_eq!(of(3, 5, None), 8);
    }

    #[test]
    fn missing_is_not_zero() {
        let none = usage(&[]);
        assert_eq!(none, Usage::default());
        assert!(!none.is_known());
        let mut event = Event::new(crate::trace::Kind::LlmCall);
        usage(&[("gen_ai.usage.output_tokens", 3), ("gen_ai.usage.input_tokens", -3)])
            .fill(&mut event, false);
        assert_eq!((event.input_tokens, event.output_tokens), (None, Some(3)));
        assert_eq!(event.usage_quality, Some(UsageQuality::Partial));
        assert_eq!((event.cost_usd, event.cost_source), (None, None));
    }
}
