//! Rows that a run could have: stages with scores and tests, and what they took.

use crate::rollup::MadeRun;
use std::collections::BTreeMap;

/// Scores around which definitions change: nothing, half, both sides of the usual mark, and of a full score.
pub(super) const SCORES: [f64; 7] = [0.0, 50.0, 59.0, 60.0, 80.0, 99.0, 100.0];

/// What the stages of RAMP score when nothing is done (arXiv 2605.27492).
pub(super) const RAMP_BASELINE: [f64; 6] = [100.0, 17.64, 20.55, 1.37, 35.1, 0.0];

/// What stages score when nothing is done, where a case does not say.
pub(super) const SOME_BASELINE: [f64; 6] = [10.0, 35.0, 20.0, 5.0, 40.0, 15.0];

/// What a stage took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Answered calls.
    pub(super) calls: f64,
    /// Dollars.
    pub(super) cost: f64,
    /// Seconds.
    pub(super) seconds: f64,
    /// Input and output tokens; in multiples of 8000, so that thousands of any class are whole.
    pub(super) tokens: f64,
}

/// What tests say of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tests {
    /// Not counted.
    Unknown,
    /// As many of 20 passed as the score says.
    AsScored,
    /// All of 20 passed.
    All,
}

impl Effort {
    pub(super) const NONE: Self = Self { calls: 0.0, cost: 0.0, seconds: 0.0, tokens: 0.0 };
    pub(super) const SINGLE_CALL: Self =
        Self { calls: 1.0, cost: 0.001, seconds: 5.0, tokens: 800.0 };
    pub(super) const CHEAP: Self =
        Self { calls: 8.0, cost: 0.0625, seconds: 150.0, tokens: 80_000.0 };
    pub(super) const TYPICAL: Self =
        Self { calls: 40.0, cost: 4.0, seconds: 900.0, tokens: 2_400_000.0 };
    pub(super) const DEAR: Self =
        Self { calls: 200.0, cost: 24.5, seconds: 3000.0, tokens: 40_000_000.0 };
    pub(super) const EXTREME: Self =
        Self { calls: 1e6, cost: 1e6, seconds: 1e7, tokens: 8_000_000_000.0 };
    /// What a run could take that does something.
    pub(super) const SERIOUS: [Self; 3] = [Self::CHEAP, Self::TYPICAL, Self::DEAR];
}

/// A run with the same effort in every stage.
pub(super) fn run(name: &str, scores: &[f64], tests: Tests, effort: Effort) -> MadeRun {
    run_with(name, scores, tests, |_| effort)
}

/// A run with an effort for each stage.
pub(super) fn run_with(
    name: &str,
    scores: &[f64],
    tests: Tests,
    effort: impl Fn(usize) -> Effort,
) -> MadeRun {
    let mut numbers: BTreeMap<&'static str, f64> = BTreeMap::new();
    let mut stages = Vec::with_capacity(scores.len());
    for ((index, position), score) in (0_i64..).zip(0..).zip(scores) {
        let mut row = effort_row(effort(position));
        for (name, value) in &row {
            let total = numbers.entry(*name).or_insert(0.0);
            let largest = matches!(*name, "peak_input_tokens" | "max_identical_run");
            *total = if largest { total.max(*value) } else { *total + value };
        }
        row.insert("score", *score);
        row.insert("attempts", 1.0);
        match tests {
            Tests::Unknown => {}
            Tests::AsScored => {
                row.extend([("tests_passed", (score / 5.0).floor()), ("tests_total", 20.0)]);
            }
            Tests::All => row.extend([("tests_passed", 20.0), ("tests_total", 20.0)]),
        }
        stages.push((index, row));
    }
    numbers.insert("stages", f64::from(u32::try_from(scores.len()).unwrap_or(u32::MAX)));
    let events = numbers.get("llm_calls").map_or(0.0, |calls| calls * 3.0);
    numbers.insert("events", events);
    MadeRun {
        run_id: name.to_owned(),
        workload: String::new(),
        model: name.to_owned(),
        numbers,
        stages,
    }
}

/// The columns that the views have in common.
fn effort_row(effort: Effort) -> BTreeMap<&'static str, f64> {
    let Effort { calls, cost, seconds, tokens } = effort;
    [
        ("llm_calls", calls),
        ("failed_llm_calls", 0.0),
        ("input_tokens", tokens * 0.75),
        ("cache_read_tokens", tokens * 0.5),
        ("cache_write_tokens", tokens * 0.125),
        ("output_tokens", tokens * 0.25),
        ("reasoning_tokens", tokens * 0.125),
        ("total_tokens", tokens),
        ("reported_total_tokens", tokens * 1.75),
        ("priced_calls", calls),
        ("cost_usd", cost),
        ("tool_calls", calls * 2.0),
        ("tool_errors", (calls / 4.0).floor()),
        ("commands", calls),
        ("nonzero_exits", (calls / 8.0).floor()),
        ("peak_input_tokens", tokens * 0.125),
        ("max_identical_run", calls.min(3.0)),
        ("wall_s", seconds),
        ("elapsed_s", seconds * 1.125),
        ("llm_s", seconds * 0.5),
        ("tool_s", seconds * 0.25),
    ]
    .into()
}

/// Every table of scores with some number of stages.
pub(super) fn every(stages: usize, scores: &[f64]) -> Vec<Vec<f64>> {
    let mut tables: Vec<Vec<f64>> = vec![Vec::new()];
    for _ in 0..stages {
        let longer = |t: &Vec<f64>| {
            scores.iter().map(|s| [t.as_slice(), &[*s]].concat()).collect::<Vec<_>>()
        };
        tables = tables.iter().flat_map(longer).collect();
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollup::{RUN_COLUMNS, STAGE_COLUMNS};
    use crate::trace::ColumnType;

    #[test]
    fn every_numeric_column_has_a_value() {
        let run = run("r", &[50.0, 100.0], Tests::AsScored, Effort::TYPICAL);
        let numeric = |ty| !matches!(ty, ColumnType::Text | ColumnType::Time);
        for column in RUN_COLUMNS.iter().filter(|c| numeric(c.ty)) {
            assert!(run.numbers.contains_key(column.name), "runs.{}", column.name);
        }
        for column in STAGE_COLUMNS.iter().filter(|c| numeric(c.ty) && c.name != "stage") {
            assert!(run.stages[1].1.contains_key(column.name), "stages.{}", column.name);
        }
        assert_eq!(run.numbers["cost_usd"].to_bits(), 8.0_f64.to_bits());
        assert_eq!(run.stages[0].1["tests_passed"].to_bits(), 10.0_f64.to_bits());
    }

    #[test]
    fn tables_are_enumerated_in_full() {
        assert_eq!(every(2, &[0.0, 1.0]).len(), 4);
        assert_eq!(every(3, &SCORES).len(), 343);
    }
}
