//! Token counts, which changed their meaning over time.
//!
//! Since 0.3.184 cached tokens are counted beside the input; before, that depended on the provider, and reasoning was
//! beside the output for some. The total of each count is a sum that tells which: only where no sum fits does the release
//! decide.

use super::super::usage::Usage;
use crate::trace::Usd;
use serde_json::Value;

/// A count that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) usage: Usage,
    /// The total as it is written.
    pub(super) total: Option<i64>,
    /// From prices that the user configured.
    pub(super) cost: Option<Usd>,
    /// Where cached tokens are counted, when there are any: `exclusive` or `inclusive` of the input, `mixed`, or `unknown`
    /// when the total is no sum of the parts.
    pub(super) semantics: Option<&'static str>,
}

/// Reads a count. `old` when the release is from before cached tokens were counted apart, `said` when there is an answer,
/// whose tokens cannot be none.
pub(super) fn read(raw: &Value, old: bool, said: bool) -> Option<Counted> {
    let int = |name: &str| raw.get(name).and_then(whole).filter(|n| *n >= 0);
    let (input, output) = (int("input_tokens"), int("output_tokens"));
    let (cache_read, cache_write) =
        (int("input_tokens_cache_read"), int("input_tokens_cache_write"));
    let (reasoning, total) = (int("reasoning_tokens"), int("total_tokens"));
    let cost = raw.get("total_cost").and_then(Value::as_f64).and_then(Usd::from_f64);
    let cost = cost.filter(|c| c.nanos() > 0);
    let (i, o, r) = (input.unwrap_or(0), output.unwrap_or(0), reasoning.unwrap_or(0));
    let (read, write) = (cache_read.unwrap_or(0), cache_write.unwrap_or(0));
    if [i, o, read, write].iter().all(|n| *n == 0) {
        return (cost.is_some() || total.is_some_and(|t| t > 0)).then(|| Counted {
            total,
            cost,
            ..Counted::default()
        });
    }
    let sum = |parts: &[i64]| parts.iter().fold(0_i64, |a, b| a.saturating_add(*b));
    let apart = Usage::apart(input, cache_read, cache_write, output);
    let inside = Usage::inside(input, cache_read, cache_write, output);
    // One of the two beside the input, the other inside of it.
    let write_inside = Usage::inside(Some(sum(&[i, read])), cache_read, cache_write, output);
    let read_inside = Usage::inside(Some(sum(&[i, write])), cache_read, cache_write, output);
    let readings = [
        (sum(&[i, read, write]), apart, "exclusive"),
        (i, inside, "inclusive"),
        (sum(&[i, read]), write_inside, "mixed"),
        (sum(&[i, write]), read_inside, "mixed"),
    ];
    let fits = |beside: i64| {
        let total = total?;
        let fit = readings.iter().find(|(prompt, ..)| sum(&[*prompt, o, beside]) == total)?;
        Some((fit.1, fit.2, beside))
    };
    let guess = if old { inside } else { apart };
    let (usage, semantics, beside) = fits(0).or_else(|| fits(r)).unwrap_or((guess, "unknown", 0));
    let mut usage =
        if beside > 0 { usage.plus_reasoning(reasoning) } else { usage.with_reasoning(reasoning) };
    // The fields are zero when nobody filled them in.
    usage.input = usage.input.filter(|n| *n > 0);
    usage.output = usage.output.filter(|n| *n > 0 || !said);
    if usage.input.is_none() {
        (usage.cache_read, usage.cache_write) = (None, None);
    }
    let semantics = (read > 0 || write > 0 || semantics == "unknown").then_some(semantics);
    Some(Counted { usage, total, cost, semantics })
}

fn whole(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let of_float = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(of_float))
}
