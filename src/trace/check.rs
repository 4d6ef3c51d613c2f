//! The rules that every trace keeps, checked row by row.
//!
//! A writer that breaks one of them makes wrong numbers later, so the check names the row. Order-dependent facts
//! (sequence, streaks, one result per stage) are checked here once, so that the rollup may rely on them.

use super::{Event, Kind, RunFacts, TraceError, TraceReader, UsageQuality};
use std::collections::BTreeSet;
use std::path::Path;

/// A row that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Run.
    pub run_id: String,
    /// Row number in the file, from 0.
    pub row: u64,
    /// `seq` of the event.
    pub seq: i64,
    /// What is wrong.
    pub problem: String,
}

/// Checks every row of a trace file. Damage that makes rows unreadable is an error; broken rules are listed.
pub fn check_file(path: &Path) -> Result<Vec<Violation>, TraceError> {
    let mut state = RowCheck::default();
    let mut violations = Vec::new();
    for (row, item) in TraceReader::open(path)?.enumerate() {
        let (run, event) = item?;
        let problems = state.row(&run, &event);
        violations.extend(problems.into_iter().map(|problem| Violation {
            run_id: run.run_id.clone(),
            row: row as u64,
            seq: event.seq,
            problem,
        }));
    }
    Ok(violations)
}

/// Checks rows one after the other, with what must be remembered from the rows before.
#[derive(Debug, Default)]
pub struct RowCheck {
    run: Option<RunFacts>,
    finished_runs: BTreeSet<String>,
    next_seq: i64,
    results: BTreeSet<i64>,
}

impl RowCheck {
    /// The rules that the next row breaks.
    pub fn row(&mut self, run: &RunFacts, event: &Event) -> Vec<String> {
        let mut problems = Vec::new();
        let new_run = self.run.as_ref().is_none_or(|r| r.run_id != run.run_id);
        if new_run {
            if let Some(previous) = self.run.replace(run.clone()) {
                self.finished_runs.insert(previous.run_id);
            }
            if self.finished_runs.contains(&run.run_id) {
                problems.push("the rows of this run do not stand together".to_owned());
            }
            self.next_seq = 0;
            self.results.clear();
        } else if self.run.as_ref() != Some(run) {
            problems.push("run facts differ from those of the row before".to_owned());
        }
        if event.seq != self.next_seq {
            problems.push(format!("seq is {}, expected {}", event.seq, self.next_seq));
        }
        self.next_seq = event.seq.saturating_add(1);
        if event.kind == Kind::StageResult
            && event.stage.is_some_and(|stage| !self.results.insert(stage))
        {
            problems.push("a second stage_result of this stage".to_owned());
        }
        problems.extend(row_problems(event));
        problems
    }
}

/// The rules that one row can break by itself.
fn row_problems(event: &Event) -> Vec<String> {
    let mut problems = Vec::new();
    let mut rule = |holds: bool, problem: String| {
        if !holds {
            problems.push(problem);
        }
    };
    for (name, value) in [
        ("stage", event.stage),
        ("offset_us", event.offset_us),
        ("llm_call_count", event.llm_call_count),
        ("input_tokens", event.input_tokens),
        ("cache_read_tokens", event.cache_read_tokens),
        ("cache_write_tokens", event.cache_write_tokens),
        ("output_tokens", event.output_tokens),
        ("reasoning_tokens", event.reasoning_tokens),
        ("reported_total_tokens", event.reported_total_tokens),
        ("tests_passed", event.tests_passed),
        ("tests_total", event.tests_total),
    ] {
        rule(value.is_none_or(|v| v >= 0), format!("{name} is negative: {}", value.unwrap_or(0)));
    }
    let sum = |a: Option<i64>, b: Option<i64>| a.unwrap_or(0).saturating_add(b.unwrap_or(0));
    let cached = sum(event.cache_read_tokens, event.cache_write_tokens);
    rule(
        event.input_tokens.is_none_or(|input| cached <= input),
        format!(
            "cached tokens ({cached}) exceed input_tokens ({})",
            event.input_tokens.unwrap_or(0)
        ),
    );
    let reasoning = event.reasoning_tokens.unwrap_or(0);
    rule(
        event.output_tokens.is_none_or(|output| reasoning <= output),
        format!(
            "reasoning_tokens ({reasoning}) exceed output_tokens ({})",
            event.output_tokens.unwrap_or(0)
        ),
    );
    let has_tokens = event.total_tokens().is_some_and(|t| t > 0);
    rule(
        !(has_tokens && event.cost_usd.is_some_and(super::Usd::is_zero)),
        "cost_usd is 0 beside tokens: unknown must be null".to_owned(),
    );
    rule(event.cost_usd.is_none_or(|c| c.nanos() >= 0), "cost_usd is negative".to_owned());
    let tool_field =
        event.tool_name.is_some() || event.exit_code.is_some() || event.tool_status.is_some();
    rule(
        event.kind == Kind::ToolCall || !tool_field,
        format!("a {} row has tool columns", event.kind),
    );
    let usage = event.input_tokens.is_some() || event.output_tokens.is_some();
    let may_have_usage =
        event.kind == Kind::LlmCall || event.usage_quality == Some(UsageQuality::Aggregate);
    rule(
        may_have_usage || !usage,
        format!("a {} row has tokens: usage sits on llm_call rows", event.kind),
    );
    rule(
        event.score.is_none_or(|s| (0.0..=100.0).contains(&s)),
        format!("score is outside 0 to 100: {}", event.score.unwrap_or(0.0)),
    );
    rule(
        event.duration_ms.is_none_or(|d| d.is_finite() && d >= 0.0),
        format!("duration_ms is {}", event.duration_ms.unwrap_or(0.0)),
    );
    rule(
        event.stage.is_none() || event.attempt.is_some_and(|a| a >= 1),
        "attempt is missing in a stage".to_owned(),
    );
    rule(
        event.ts.is_some() == event.offset_us.is_some(),
        "ts and offset_us must come together".to_owned(),
    );
    rule(
        event.kind != Kind::ToolCall || event.identical_streak.is_none_or(|s| s >= 1),
        "identical_streak is below 1".to_owned(),
    );
    rule(
        event.kind != Kind::StageResult || event.stage.is_some(),
        "a stage_result without a stage".to_owned(),
    );
    problems
}
