//! What is known of the events of a stage or of a run, while they are folded.
//!
//! The rules are those of `schemas/rollup.sql`, which says the same to other engines. A run is folded by merging its stages:
//! no sum of `rollup_runs.sql` needs more than that.

use std::sync::Arc;

/// Texts that every row of a run repeats, in the order of [`Sums::facts`].
pub(super) const FACTS: [&str; 5] = ["workload", "model", "provider", "agent", "protocol"];
/// Columns of tokens, in the order of [`Sums::tokens`].
pub(super) const TOKENS: [&str; 6] = [
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "reported_total_tokens",
];

/// A sum, and how many values it has. Sums are held in 128 bits, so that none wraps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) sum: i128,
    pub(super) known: i64,
}

impl Total {
    pub(super) fn add(&mut self, value: i128) {
        self.sum += value;
        self.known += 1;
    }

    fn merge(&mut self, other: Self) {
        self.sum += other.sum;
        self.known += other.known;
    }
}

/// The events of a stage, or of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) facts: [Option<Arc<str>>; 5],
    pub(super) events: i64,
    /// Rows of sources without single events.
    pub(super) coarse: i64,
    pub(super) attempts: Option<i64>,
    pub(super) score: Option<f64>,
    pub(super) stage_status: Option<Arc<str>>,
    pub(super) end_reason: Option<Arc<str>>,
    pub(super) tests_passed: Option<i64>,
    pub(super) tests_total: Option<i64>,
    pub(super) elapsed_s: Option<f64>,
    pub(super) answers: Total,
    pub(super) failures: Total,
    pub(super) tokens: [Total; 6],
    pub(super) cost: Total,
    pub(super) priced_calls: i64,
    pub(super) single_answers: i64,
    pub(super) tool_calls: i64,
    pub(super) tool_errors: i64,
    pub(super) commands: i64,
    pub(super) nonzero_exits: i64,
    pub(super) peak_input_tokens: Option<i64>,
    pub(super) max_identical_run: Option<i64>,
    pub(super) first_ts: Option<i64>,
    pub(super) last_ts: Option<i64>,
    pub(super) first_us: Option<i64>,
    pub(super) end_us: Option<i64>,
    pub(super) llm_us: Total,
    pub(super) tool_us: Total,
}

impl Sums {
    /// Adds the events of another part of the same stage, or of another stage of the same run.
    pub(super) fn merge(&mut self, other: &Self) {
        for (own, fact) in self.facts.iter_mut().zip(&other.facts) {
            if let Some(fact) = fact {
                lesser(own, fact);
            }
        }
        self.events += other.events;
        self.coarse += other.coarse;
        raise(&mut self.attempts, other.attempts);
        raise_float(&mut self.score, other.score);
        greater(&mut self.stage_status, other.stage_status.as_ref());
        greater(&mut self.end_reason, other.end_reason.as_ref());
        raise(&mut self.tests_passed, other.tests_passed);
        raise(&mut self.tests_total, other.tests_total);
        raise_float(&mut self.elapsed_s, other.elapsed_s);
        self.answers.merge(other.answers);
        self.failures.merge(other.failures);
        for (own, tokens) in self.tokens.iter_mut().zip(other.tokens) {
            own.merge(tokens);
        }
        self.cost.merge(other.cost);
        self.priced_calls += other.priced_calls;
        self.single_answers += other.single_answers;
        self.tool_calls += other.tool_calls;
        self.tool_errors += other.tool_errors;
        self.commands += other.commands;
        self.nonzero_exits += other.nonzero_exits;
        raise(&mut self.peak_input_tokens, other.peak_input_tokens);
        raise(&mut self.max_identical_run, other.max_identical_run);
        lower(&mut self.first_ts, other.first_ts);
        raise(&mut self.last_ts, other.last_ts);
        lower(&mut self.first_us, other.first_us);
        raise(&mut self.end_us, other.end_us);
        self.llm_us.merge(other.llm_us);
        self.tool_us.merge(other.tool_us);
    }

    /// Answered calls; what nobody counted is unknown in a coarse source, and zero elsewhere.
    pub(super) fn llm_calls(&self) -> Option<i128> {
        self.counted(self.answers)
    }

    /// Requests without an answer, likewise.
    pub(super) fn failed_llm_calls(&self) -> Option<i128> {
        self.counted(self.failures)
    }

    fn counted(&self, calls: Total) -> Option<i128> {
        if calls.known > 0 { Some(calls.sum) } else { (self.coarse == 0).then_some(0) }
    }

    /// One of [`TOKENS`] but the last: zero where no call was answered, unknown where no answer says it.
    pub(super) fn tokens(&self, which: usize) -> Option<i128> {
        self.of_answers(self.tokens[which])
    }

    /// Input and output, where both are known.
    pub(super) fn total_tokens(&self) -> Option<i128> {
        Some(self.tokens(0)? + self.tokens(3)?)
    }

    /// A total as sources print it, only where one does.
    pub(super) fn reported_total_tokens(&self) -> Option<i128> {
        let reported = self.tokens[5];
        (reported.known > 0).then_some(reported.sum)
    }

    /// Microseconds that answered calls took.
    pub(super) fn llm_us(&self) -> Option<i128> {
        self.of_answers(self.llm_us)
    }

    fn of_answers(&self, total: Total) -> Option<i128> {
        if total.known > 0 {
            return Some(total.sum);
        }
        (self.coarse == 0 && self.answers.known == 0).then_some(0)
    }

    /// Microseconds that tool calls took.
    pub(super) fn tool_us(&self) -> Option<i128> {
        if self.tool_us.known > 0 {
            return Some(self.tool_us.sum);
        }
        (self.coarse == 0 && self.tool_calls == 0).then_some(0)
    }

    /// Money, in units of a trace, where any is known.
    pub(super) fn cost(&self) -> Option<i128> {
        (self.cost.known > 0).then_some(self.cost.sum)
    }

    /// Answered calls with a cost, in sources that have single calls.
    pub(super) fn priced_calls(&self) -> Option<i64> {
        (self.coarse == 0 || self.single_answers > 0).then_some(self.priced_calls)
    }

    /// A count of tool calls, known where there are rows of them or there can be none.
    pub(super) fn of_tools(&self, count: i64) -> Option<i64> {
        (self.coarse == 0 || self.tool_calls > 0).then_some(count)
    }

    /// The longest repeat of a tool call.
    pub(super) fn max_identical_run(&self) -> Option<i64> {
        let longest = self.max_identical_run.filter(|n| *n > 0);
        longest.or_else(|| (self.coarse == 0 && self.tool_calls == 0).then_some(0))
    }

    /// Microseconds from the start of the first event to the end of the last.
    pub(super) fn wall_us(&self) -> Option<i128> {
        Some(i128::from(self.end_us?) - i128::from(self.first_us?))
    }
}

/// Takes a value that is less than the one at hand.
pub(super) fn lower(own: &mut Option<i64>, value: Option<i64>) {
    if let Some(value) = value {
        *own = Some(own.map_or(value, |own| own.min(value)));
    }
}

/// Takes a value that is greater than the one at hand.
pub(super) fn raise(own: &mut Option<i64>, value: Option<i64>) {
    *own = (*own).max(value);
}

/// Takes a number that is greater than the one at hand; what is no number is passed over.
pub(super) fn raise_float(own: &mut Option<f64>, value: Option<f64>) {
    if let Some(value) = value {
        *own = Some(own.map_or(value, |own| own.max(value)));
    }
}

/// Takes a text that comes before the one at hand.
pub(super) fn lesser(own: &mut Option<Arc<str>>, text: &Arc<str>) {
    let takes = own.as_ref().is_none_or(|own| !Arc::ptr_eq(own, text) && text < own);
    if takes {
        *own = Some(Arc::clone(text));
    }
}

/// Takes a text that comes after the one at hand.
pub(super) fn greater(own: &mut Option<Arc<str>>, text: Option<&Arc<str>>) {
    if text > own.as_ref() {
        *own = text.map(Arc::clone);
    }
}
