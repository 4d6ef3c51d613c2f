//! Token counts as each API has them, as a trace has them: totals, with their parts.
//!
//! OpenAI's input counts contain what was read from and written to the cache, and its output counts the reasoning (types
//! `CompletionUsage` and `ResponseUsage` of its Python client); Anthropic's `input_tokens` is what is left beside both cache
//! counts (type `Usage` of its client). Some providers behind OpenAI's API leave the reasoning out of the completion, which
//! their own total gives away. Counts that contradict their whole stay in the raw usage alone.

use super::route::Api;
use crate::trace::{CostSource, Event, UsageQuality, Usd};
use serde_json::Value;

/// What was known when a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// The counts at its end.
    Final,
    /// Only those that were sent before it began.
    Placeholder,
}

/// Puts the usage of a reply into its event. `None`: the provider sent none.
pub(super) fn fill(event: &mut Event, api: Api, usage: Option<&Value>, known: Known) {
    let Some(usage) = usage else {
        event.usage_quality = Some(UsageQuality::Partial);
        return;
    };
    match api {
        Api::Chat => chat(event, usage),
        Api::Responses => responses(event, usage),
        Api::Messages => messages(event, usage),
    }
    drop_contradictions(event);
    event.reported_total_tokens = count(usage, "total_tokens");
    let complete = event.input_tokens.is_some() && event.output_tokens.is_some();
    event.usage_quality = Some(match known {
        Known::Placeholder => UsageQuality::Placeholder,
        Known::Final if complete => UsageQuality::Final,
        Known::Final => UsageQuality::Partial,
    });
    let cost = usage.get("cost").and_then(Value::as_f64).and_then(Usd::from_f64);
    let has_tokens = event.total_tokens().is_some_and(|tokens| tokens > 0);
    // A free call beside tokens is one whose price is not known.
    let cost = cost.filter(|usd| usd.nanos() >= 0 && !(usd.is_zero() && has_tokens));
    event.cost_usd = cost;
    event.cost_source = cost.map(|_| CostSource::Reported);
}

fn chat(event: &mut Event, usage: &Value) {
    let prompt = usage.get("prompt_tokens_details").unwrap_or(&Value::Null);
    let completion = usage.get("completion_tokens_details").unwrap_or(&Value::Null);
    let first = |counts: [Option<i64>; 4]| counts.into_iter().flatten().next();
    event.input_tokens = count(usage, "prompt_tokens");
    event.cache_read_tokens = first([
        count(prompt, "cached_tokens"),
        count(usage, "prompt_cache_hit_tokens"),
        count(usage, "cache_read_input_tokens"),
        count(usage, "cached_tokens"),
    ]);
    event.cache_write_tokens = first([
        count(prompt, "cache_write_tokens"),
        count(usage, "cache_creation_input_tokens"),
        count(prompt, "cache_creation_tokens"),
        None,
    ]);
    event.output_tokens = count(usage, "completion_tokens");
    event.reasoning_tokens = count(completion, "reasoning_tokens");
    let total = count(usage, "total_tokens");
    if let (Some(input), Some(output), Some(reasoning)) =
        (event.input_tokens, event.output_tokens, event.reasoning_tokens)
    {
        let outside = output.checked_add(reasoning);
        let whole = outside.and_then(|output| output.checked_add(input));
        if reasoning > 0 && whole.is_some() && whole == total {
            event.output_tokens = outside;
        }
    }
}

fn responses(event: &mut Event, usage: &Value) {
    let input = usage.get("input_tokens_details").unwrap_or(&Value::Null);
    let output = usage.get("output_tokens_details").unwrap_or(&Value::Null);
    event.input_tokens = count(usage, "input_tokens");
    event.cache_read_tokens = count(input, "cached_tokens");
    event.cache_write_tokens = count(input, "cache_write_tokens");
    event.output_tokens = count(usage, "output_tokens");
    event.reasoning_tokens = count(output, "reasoning_tokens");
}

fn messages(event: &mut Event, usage: &Value) {
    let (read, write) =
        (count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens"));
    let beside = count(usage, "input_tokens");
    event.input_tokens = beside
        .and_then(|tokens| tokens.checked_add(read.unwrap_or(0))?.checked_add(write.unwrap_or(0)));
    event.cache_read_tokens = read;
    event.cache_write_tokens = write;
    event.output_tokens = count(usage, "output_tokens");
    let output = usage.get("output_tokens_details").unwrap_or(&Value::Null);
    event.reasoning_tokens = count(output, "thinking_tokens");
}

/// Parts that are larger than their whole are none.
fn drop_contradictions(event: &mut Event) {
    let (read, write) =
        (event.cache_read_tokens.unwrap_or(0), event.cache_write_tokens.unwrap_or(0));
    if event.input_tokens.is_some_and(|input| read.saturating_add(write) > input) {
        event.cache_write_tokens = None;
        event.cache_read_tokens =
            event.cache_read_tokens.filter(|_| Some(read) <= event.input_tokens);
    }
    event.reasoning_tokens = event
        .reasoning_tokens
        .filter(|reasoning| event.output_tokens.is_none_or(|o| *reasoning <= o));
}

fn count(usage: &Value, name: &str) -> Option<i64> {
    let value = usage.get(name)?;
    // Some gateways write whole numbers as floats.
    let whole =
        |float: f64| (float.fract() == 0.0 && float.abs() < 1e15).then(|| format!("{float:.0}"));
    let count = value.as_i64().or_else(|| whole(value.as_f64()?)?.parse().ok());
    count.filter(|count| *count >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;
    use serde_json::json;

    fn filled(api: Api, usage: &Value) -> Event {
        let mut event = Event::new(Kind::LlmCall);
        fill(&mut event, api, Some(usage), Known::Final);
        event
    }

    fn tokens(event: &Event) -> [Option<i64>; 5] {
        [
            event.input_tokens,
            event.cache_read_tokens,
            event.cache_write_tokens,
            event.output_tokens,
            event.reasoning_tokens,
        ]
    }

    /// The example of OpenAI's prompt caching guide.
    #[test]
    fn openai_counts_contain_their_parts() {
        let usage = json!({
            "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0}
        });
        let event = filled(Api::Chat, &usage);
        assert_eq!(tokens(&event), [Some(2006), Some(1920), None, Some(300), Some(0)]);
        assert_eq!(event.reported_total_tokens, Some(2306));
        assert_eq!(event.usage_quality, Some(UsageQuality::Final));
    }

    /// The example of OpenAI's reasoning guide.
    #[test]
    fn responses_count_reasoning_inside_the_output() {
        let usage = json!({
            "input_tokens": 75, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1186, "output_tokens_details": {"reasoning_tokens": 1024},
            "total_tokens": 1261
        });
        let event = filled(Api::Responses, &usage);
        assert_eq!(tokens(&event), [Some(75), Some(0), None, Some(1186), Some(1024)]);
    }

    /// Anthropic's prompt caching guide: what was read from and written to the cache counts beside the input; its example
    /// is 100 000 + 0 + 50.
    #[test]
    fn anthropic_counts_stand_beside_the_cache() {
        let usage = json!({
            "input_tokens": 50, "cache_read_input_tokens": 100_000,
            "cache_creation_input_tokens": 0, "output_tokens": 503,
            "output_tokens_details": {"thinking_tokens": 100}
        });
        let event = filled(Api::Messages, &usage);
        assert_eq!(tokens(&event), [Some(100_050), Some(100_000), Some(0), Some(503), Some(100)]);
        let plain = filled(Api::Messages, &json!({"input_tokens": 25, "output_tokens": 15}));
        assert_eq!(tokens(&plain), [Some(25), None, None, Some(15), None]);
    }

    #[test]
    fn reasoning_outside_the_completion_is_added() {
        let usage = json!({
            "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94}
        });
        assert_eq!(tokens(&filled(Api::Chat, &usage)), [Some(32), None, None, Some(103), Some(94)]);
    }

    #[test]
    fn missing_is_null_and_parts_beyond_their_whole_are_left_out() {
        let mut event = Event::new(Kind::LlmCall);
        fill(&mut event, Api::Chat, None, Known::Final);
        assert_eq!((tokens(&event), event.usage_quality), ([None; 5], Some(UsageQuality::Partial)));
        let usage = json!({
            "prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 5},
            "completion_tokens": null, "completion_tokens_details": {"reasoning_tokens": -3}
        });
        let event = filled(Api::Chat, &usage);
        assert_eq!(tokens(&event), [Some(10), Some(8), None, None, None]);
        assert_eq!(event.usage_quality, Some(UsageQuality::Partial));
        let hostile = json!({"input_tokens": i64::MAX, "cache_read_input_tokens": i64::MAX, "output_tokens": 1e300});
        assert_eq!(tokens(&filled(Api::Messages, &hostile))[0], None);
    }

    #[test]
    fn a_reported_cost_counts_and_zero_beside_tokens_does_not() {
        let usage = |cost: f64| json!({"prompt_tokens": 194, "completion_tokens": 2, "cost": cost});
        let event = filled(Api::Chat, &usage(0.95));
        assert_eq!(event.cost_usd, Usd::parse("0.95"));
        assert_eq!(event.cost_source, Some(CostSource::Reported));
        let event = filled(Api::Chat, &usage(0.0));
        assert_eq!((event.cost_usd, event.cost_source), (None, None));
    }
}
