//! Columns of events to sums, one stretch of rows of a (run, stage) at a time.
//!
//! Rows of a run stand together, and so do mostly those of a stage: a row costs no look-up, only its stretch does.

use super::runs::{FoldedRun, Runs};
use super::sums::{FACTS, Sums, TOKENS, greater, lesser, lower, raise, raise_float};
use crate::trace::{ColumnBatch, Values, Words};
use std::ops::Range;
use std::sync::Arc;

/// The columns that are read. No long text, nothing that depends on the order of rows.
pub(super) const READ: &[&str] = &[
    "run_id",
    "workload",
    "model",
    "provider",
    "agent",
    "protocol",
    "stage",
    "attempt",
    "ts",
    "offset_us",
    "duration_ms",
    "kind",
    "error_type",
    "usage_quality",
    "llm_call_count",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "reported_total_tokens",
    "cost_usd",
    "tool_kind",
    "tool_status",
    "exit_code",
    "identical_streak",
    "score",
    "stage_status",
    "tests_passed",
    "tests_total",
    "end_reason",
    "elapsed_s",
];

/// What a row is, one bit each.
const LLM: u8 = 1;
const FAILED: u8 = 2;
const TOOL: u8 = 4;
const RESULT: u8 = 8;
const RUN_END: u8 = 16;
const COARSE: u8 = 32;
const ERROR: u8 = 64;
const SHELL: u8 = 128;

/// The columns of a batch.
struct Columns<'a> {
    /// What every row is.
    is: Vec<u8>,
    facts: [Words<'a>; 5],
    tokens: [Values<'a, i64>; 6],
    attempt: Values<'a, i64>,
    ts: Values<'a, i64>,
    offset_us: Values<'a, i64>,
    duration_ms: Values<'a, f64>,
    llm_call_count: Values<'a, i64>,
    cost: Values<'a, i128>,
    exit_code: Values<'a, i64>,
    identical_streak: Values<'a, i64>,
    score: Values<'a, f64>,
    stage_status: Words<'a>,
    tests_passed: Values<'a, i64>,
    tests_total: Values<'a, i64>,
    end_reason: Words<'a>,
    elapsed_s: Values<'a, f64>,
}

/// Adds the rows of a batch to the runs that they belong to.
pub(super) fn add(batch: &ColumnBatch, runs: &mut Runs) {
    let columns = Columns::of(batch);
    let run_ids = batch.words("run_id");
    let mut stages = vec![-1; batch.rows()];
    batch.ints("stage").each(0..batch.rows(), |row, stage| stages[row] = stage);
    let mut start = 0;
    while start < batch.rows() {
        let (key, stage) = (run_ids.key(start), stages[start]);
        let mut end = start + 1;
        while end < batch.rows() && stages[end] == stage && run_ids.key(end) == key {
            end += 1;
        }
        let run: &mut FoldedRun = runs.at(run_ids.get(start).unwrap_or_default());
        columns.add(start..end, run.stage(stage));
        start = end;
    }
}

impl<'a> Columns<'a> {
    fn of(batch: &'a ColumnBatch) -> Self {
        Self {
            is: kinds_of_rows(batch),
            facts: FACTS.map(|name| batch.words(name)),
            tokens: TOKENS.map(|name| batch.ints(name)),
            attempt: batch.ints("attempt"),
            ts: batch.times("ts"),
            offset_us: batch.ints("offset_us"),
            duration_ms: batch.floats("duration_ms"),
            llm_call_count: batch.ints("llm_call_count"),
            cost: batch.amounts("cost_usd"),
            exit_code: batch.ints("exit_code"),
            identical_streak: batch.ints("identical_streak"),
            score: batch.floats("score"),
            stage_status: batch.words("stage_status"),
            tests_passed: batch.ints("tests_passed"),
            tests_total: batch.ints("tests_total"),
            end_reason: batch.words("end_reason"),
            elapsed_s: batch.floats("elapsed_s"),
        }
    }

    fn add(&self, rows: Range<usize>, sums: &mut Sums) {
        for (column, fact) in self.facts.iter().zip(&mut sums.facts) {
            add_fact(*column, rows.clone(), fact);
        }
        self.count(rows.clone(), sums);
        self.add_tokens(rows.clone(), sums);
        self.add_times(rows.clone(), sums);
        self.add_results(rows.clone(), sums);
        self.attempt.each(rows.clone(), |_, n| raise(&mut sums.attempts, Some(n)));
        let longest = &mut sums.max_identical_run;
        self.identical_streak.each(rows, |_, n| raise(longest, Some(n)));
    }

    /// Rows by what they are.
    fn count(&self, rows: Range<usize>, sums: &mut Sums) {
        sums.events += rows.len().cast_signed() as i64;
        for (row, is) in rows.clone().zip(&self.is[rows.clone()]) {
            let (llm, coarse) = (is & LLM != 0, is & COARSE != 0);
            sums.coarse += i64::from(coarse);
            if llm {
                let calls = if coarse { self.llm_call_count.get(row) } else { Some(1) };
                let answered = is & FAILED == 0;
                let total = if answered { &mut sums.answers } else { &mut sums.failures };
                if let Some(calls) = calls {
                    total.add(calls.into());
                }
                sums.single_answers += i64::from(answered && !coarse);
            }
            let tool = is & TOOL != 0;
            sums.tool_calls += i64::from(tool);
            sums.tool_errors += i64::from(tool && is & ERROR != 0);
            sums.commands += i64::from(tool && is & SHELL != 0);
        }
        self.exit_code.each(rows, |row, code| {
            sums.nonzero_exits += i64::from(code != 0 && self.is[row] & TOOL != 0);
        });
    }

    fn add_tokens(&self, rows: Range<usize>, sums: &mut Sums) {
        for (column, total) in self.tokens.iter().zip(&mut sums.tokens) {
            column.each(rows.clone(), |_, n| total.add(n.into()));
        }
        let peak = &mut sums.peak_input_tokens;
        self.tokens[0].each(rows.clone(), |row, n| {
            if self.is[row] & COARSE == 0 {
                raise(peak, Some(n));
            }
        });
        self.cost.each(rows, |row, amount| {
            sums.cost.add(amount);
            let single_answer = self.is[row] & (LLM | FAILED | COARSE) == LLM;
            sums.priced_calls += i64::from(single_answer);
        });
    }

    fn add_times(&self, rows: Range<usize>, sums: &mut Sums) {
        self.ts.each(rows.clone(), |_, ts| {
            lower(&mut sums.first_ts, Some(ts));
            raise(&mut sums.last_ts, Some(ts));
        });
        self.offset_us.each(rows.clone(), |row, start| {
            lower(&mut sums.first_us, Some(start));
            let duration = self.duration_ms.get(row).map_or(0, microseconds);
            raise(&mut sums.end_us, Some(start.saturating_add(duration)));
        });
        self.duration_ms.each(rows, |row, ms| {
            let is = self.is[row];
            if is & (LLM | FAILED) == LLM {
                sums.llm_us.add(microseconds(ms).into());
            } else if is & TOOL != 0 {
                sums.tool_us.add(microseconds(ms).into());
            }
        });
    }

    /// How a stage or the run ended.
    fn add_results(&self, rows: Range<usize>, sums: &mut Sums) {
        let result = |row: usize| self.is[row] & RESULT != 0;
        let ending = |row: usize| self.is[row] & (RESULT | RUN_END) != 0;
        self.score.each(rows.clone(), |row, n| {
            raise_float(&mut sums.score, Some(n).filter(|_| result(row)));
        });
        self.tests_passed.each(rows.clone(), |row, n| {
            raise(&mut sums.tests_passed, Some(n).filter(|_| result(row)));
        });
        self.tests_total.each(rows.clone(), |row, n| {
            raise(&mut sums.tests_total, Some(n).filter(|_| result(row)));
        });
        self.elapsed_s.each(rows.clone(), |row, n| {
            raise_float(&mut sums.elapsed_s, Some(n).filter(|_| ending(row)));
        });
        self.stage_status.keys().each(rows.clone(), |row, key| {
            if result(row) {
                let status = self.stage_status.word(key).map(Arc::from);
                greater(&mut sums.stage_status, status.as_ref());
            }
        });
        self.end_reason.keys().each(rows, |row, key| {
            if ending(row) {
                let reason = self.end_reason.word(key).map(Arc::from);
                greater(&mut sums.end_reason, reason.as_ref());
            }
        });
    }
}

/// What every row of a batch is.
fn kinds_of_rows(batch: &ColumnBatch) -> Vec<u8> {
    let mut is = vec![0_u8; batch.rows()];
    let mut mark = |column: &str, bit_of: fn(&str) -> u8| {
        let words = batch.words(column);
        let bits = words.map(bit_of);
        words.keys().each(0..batch.rows(), |row, key| {
            let bits = usize::try_from(key).ok().and_then(|key| bits.get(key));
            is[row] |= bits.copied().unwrap_or_default();
        });
    };
    mark("kind", |kind| match kind {
        "llm_call" => LLM,
        "tool_call" => TOOL,
        "stage_result" => RESULT,
        "run_end" => RUN_END,
        _ => 0,
    });
    mark("error_type", |_| FAILED);
    mark("usage_quality", |quality| if quality == "aggregate" { COARSE } else { 0 });
    mark("tool_status", |status| if status == "error" { ERROR } else { 0 });
    mark("tool_kind", |kind| if kind == "shell" { SHELL } else { 0 });
    is
}

/// The first text of a stretch in the order of bytes: most often all are the same.
fn add_fact(column: Words<'_>, rows: Range<usize>, fact: &mut Option<Arc<str>>) {
    let mut last = None;
    column.keys().each(rows, |_, key| {
        if last == Some(key) {
            return;
        }
        last = Some(key);
        let word = column.word(key);
        if let Some(word) = word.filter(|word| fact.as_deref() != Some(word)) {
            lesser(fact, &Arc::from(word));
        }
    });
}

/// Milliseconds as whole microseconds: `FLOOR(ms * 1000.0 + 0.5)`, as the SQL says it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "what no clock shows is cut to the range"
)]
fn microseconds(ms: f64) -> i64 {
    let shifted = ms * 1000.0 + 0.5;
    let cut = shifted as i64;
    cut - i64::from(shifted < cut as f64)
}
