//! Token counts of a rollout: which `token_count` events are calls, and what each call used.
//!
//! The event is sent again whenever rate limits change, its cumulative counter starts over when a session is resumed,
//! and after a compaction it holds an estimate of the context. A call is an event whose cumulative count has changed; it
//! used what `last_token_usage` says, or the difference where that is missing.

use super::super::fields::Fields;
use super::super::usage::Usage;
use serde_json::Value;

/// One vector of counts. Input includes cached tokens and output includes reasoning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct Counts {
    input: Option<i64>,
    cached: Option<i64>,
    cache_write: Option<i64>,
    output: Option<i64>,
    reasoning: Option<i64>,
    pub(in super::super) total: Option<i64>,
}

/// What a `token_count` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// No counts: rate limits only.
    Nothing,
    /// What the event before said.
    Repeated,
    /// A guess at the length of the context, not what a call used.
    Estimate,
    /// A call ended.
    Call(Counts),
}

/// Follows the counter of one thread.
#[derive(Debug, Default)]
pub(super) struct Meter {
    total: Option<Counts>,
    last: Option<Counts>,
    /// What the counter counted, and the sum of what the calls used.
    counted: (i64, i64),
    used: (i64, i64),
    /// Counts whose total is not the sum of input and output.
    pub(super) odd_totals: u64,
}

impl Counts {
    /// Reads a usage object.
    pub(in super::super) fn of(value: &Value) -> Option<Self> {
        let mut fields = Fields::of(value.clone())?;
        let mut count = |name: &str| fields.int(name).filter(|n| *n >= 0);
        let counts = Self {
            input: count("input_tokens"),
            cached: count("cached_input_tokens"),
            cache_write: count("cache_write_input_tokens"),
            output: count("output_tokens"),
            reasoning: count("reasoning_output_tokens"),
            total: count("total_tokens"),
        };
        (counts != Self::default()).then_some(counts)
    }

    /// Whether it counts anything.
    pub(in super::super) fn is_zero(&self) -> bool {
        self.parts() == [0; 5] && self.total.unwrap_or(0) == 0
    }

    /// The counts of a trace. Zero tokens of an answered call are tokens that nobody counted.
    pub(in super::super) fn usage(&self) -> Usage {
        let known = |n: Option<i64>| n.filter(|n| *n > 0);
        Usage::inside(known(self.input), self.cached, self.cache_write, known(self.output))
            .with_reasoning(self.reasoning)
    }

    /// Whether a total is stated that is not input and output.
    pub(super) fn is_odd(&self) -> bool {
        self.total.is_some_and(|total| total != self.sum())
    }

    /// Input and output together.
    pub(in super::super) fn sum(&self) -> i64 {
        self.input.unwrap_or(0).saturating_add(self.output.unwrap_or(0))
    }

    fn parts(&self) -> [i64; 5] {
        [self.input, self.cached, self.cache_write, self.output, self.reasoning]
            .map(Option::unwrap_or_default)
    }

    /// What was added since an earlier state of the counter; `None` when it is not a later state of it.
    pub(in super::super) fn since(&self, earlier: &Self) -> Option<Self> {
        let minus = |now: Option<i64>, then: Option<i64>| match (now, then) {
            (Some(now), then) => now.checked_sub(then.unwrap_or(0)).filter(|n| *n >= 0).map(Some),
            (None, then) => (then.unwrap_or(0) == 0).then_some(None),
        };
        let input = minus(self.input, earlier.input)?;
        let output = minus(self.output, earlier.output)?;
        let total = minus(self.total, earlier.total)?;
        Some(Self {
            input,
            output,
            total,
            // Parts that were reported late, or in another way, are unknown for this call.
            cached: minus(self.cached, earlier.cached).flatten(),
            cache_write: minus(self.cache_write, earlier.cache_write).flatten(),
            reasoning: minus(self.reasoning, earlier.reasoning).flatten(),
        })
    }
}

impl Meter {
    /// Reads the `info` of a `token_count`.
    pub(super) fn read(&mut self, info: Option<&Value>) -> Reading {
        let part = |name: &str| info.and_then(|i| i.get(name)).and_then(Counts::of);
        let (total, last) = (part("total_token_usage"), part("last_token_usage"));
        let (before, last_before) = (self.total, self.last);
        match (total, last) {
            (None, None) => return Reading::Nothing,
            (Some(total), _) if before == Some(total) => return Reading::Repeated,
            (None, Some(last)) if last_before == Some(last) => return Reading::Repeated,
            _ => {}
        }
        self.total = total.or(before);
        self.last = last;
        let added = total.and_then(|total| match before {
            None => None,
            Some(before) => total.since(&before),
        });
        let guess = last.is_some_and(|last| last.parts() == [0; 5]);
        let used = match (last, added, total) {
            // The counter itself knows of a call that the guess has covered up.
            (Some(_), Some(added), _) if guess && added.sum() > 0 => added,
            (Some(_), ..) if guess => return Reading::Estimate,
            (Some(last), ..) => last,
            (None, Some(added), _) => added,
            // The counter begins, or begins anew.
            (None, None, Some(total)) => total,
            (None, None, None) => return Reading::Nothing,
        };
        if used.is_zero() {
            return Reading::Estimate;
        }
        self.odd_totals += u64::from(used.is_odd());
        if total.is_some() {
            let counted = added.unwrap_or(used);
            add(&mut self.counted, &counted);
            add(&mut self.used, &used);
        }
        Reading::Call(used)
    }

    /// What the counter counted and the sum of the calls, where they differ: (input, output) of each.
    pub(super) fn difference(&self) -> Option<((i64, i64), (i64, i64))> {
        (self.counted != self.used).then_some((self.counted, self.used))
    }
}

fn add(sum: &mut (i64, i64), counts: &Counts) {
    sum.0 = sum.0.saturating_add(counts.input.unwrap_or(0));
    sum.1 = sum.1.saturating_add(counts.output.unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn info(total: (i64, i64), last: Option<(i64, i64)>) -> Value {
        let usage = |(input, output): (i64, i64)| {
            json!({"input_tokens": input, "cached_input_tokens": 0, "output_tokens": output,
                "reasoning_output_tokens": 0, "total_tokens": input + output})
        };
        let mut info = json!({"total_token_usage": usage(total)});
        if let Some(last) = last {
            info["last_token_usage"] = usage(last);
        }
        info
    }

    fn used(reading: Reading) -> Option<(i64, i64)> {
        match reading {
            Reading::Call(c) => Some((c.input.unwrap(), c.output.unwrap())),
            _ => None,
        }
    }

    #[test]
    fn a_counter_that_starts_over_goes_on_from_its_new_start() {
        // The numbers of a 0.40.0 rollout that was resumed: 1 363 408 before, 37 543 after, 1 400 951 in truth.
        let mut meter = Meter::default();
        let total: i64 = [
            info((1_000_000, 408), Some((1_000_000, 408))),
            info((1_363_000, 408), Some((363_000, 0))),
            info((37_000, 543), Some((37_000, 543))),
            info((37_000, 543), Some((37_000, 543))),
        ]
        .iter()
        .filter_map(|i| used(meter.read(Some(i))))
        .map(|(input, output)| input + output)
        .sum();
        assert_eq!(total, 1_400_951);
        assert_eq!(meter.difference(), None);
    }

    #[test]
    fn without_the_last_usage_the_difference_counts() {
        let mut meter = Meter::default();
        assert_eq!(used(meter.read(Some(&info((1000, 200), None)))), Some((1000, 200)));
        assert_eq!(used(meter.read(Some(&info((1600, 450), None)))), Some((600, 250)));
        assert_eq!(used(meter.read(Some(&info((50, 5), None)))), Some((50, 5)), "it starts over");
    }

    #[test]
    fn a_sum_that_is_not_that_of_the_counter_is_seen() {
        let mut meter = Meter::default();
        meter.read(Some(&info((1000, 200), Some((1000, 200)))));
        meter.read(Some(&info((3000, 300), Some((900, 50)))));
        assert_eq!(meter.difference(), Some(((3000, 300), (1900, 250))));
    }
}
