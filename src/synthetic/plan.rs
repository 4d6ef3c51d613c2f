//! A run before its events: which model, which stages, how many rows each has and how it ends.
//!
//! How long a run is follows from its plan alone, so that runs can be dealt to files without making them. The context of
//! some models runs out in a stage drawn beforehand; the stages after it are refused at their first call.

use super::published::{
    AGENT_MESSAGE, ATTEMPTED, COARSE, CONTEXT_ENDS, CURVES, FINISHED, FULL_MARKS, INFRA,
    MEAN_SKILL, MODELS, Model, NO_TESTS, PASSED, RECOVERY, RETRIES, STUCK, TESTS, UNPRICED,
};
use super::shape::{ROWS_OF_STAGE, ROWS_OUTSIDE};
use super::{Dice, Shape};
use crate::trace::{EndReason, RunFacts, StageStatus, Timestamp};
use serde_json::json;

/// Start of the first run: when the published ones began.
const FIRST_START_US: i64 = 1_779_009_123_000_000;
/// From the start of a run to that of the next.
const RUN_EVERY_US: i64 = 61_000_000;

/// A run before its events.
#[derive(Debug)]
pub(super) struct RunPlan {
    pub(super) facts: RunFacts,
    pub(super) model: &'static Model,
    pub(super) start: Timestamp,
    pub(super) priced: bool,
    /// Only sums are known, no single events.
    pub(super) coarse: bool,
    pub(super) protocol: Protocol,
    pub(super) stages: Vec<StagePlan>,
    /// For the events: it has thrown the plan already.
    pub(super) dice: Dice,
}

/// What the harness allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Every stage starts from reference artifacts.
    GoldenInputs,
    /// The same, and a failed stage is tried twice.
    Retries,
    /// A failed stage is replaced by the golden one.
    Recovery,
}

/// A stage before its events.
#[derive(Debug, Clone)]
pub(super) struct StagePlan {
    pub(super) rows: i64,
    /// Whether any call in it is answered.
    pub(super) attempted: bool,
    pub(super) end: EndReason,
    pub(super) status: StageStatus,
    /// Hundredths of points.
    pub(super) score: i64,
    pub(super) tests_passed: i64,
    pub(super) tests_total: i64,
}

impl RunPlan {
    pub(super) fn new(shape: &Shape, number: u32) -> Self {
        let mut dice = Dice::new(shape.seed, u64::from(number));
        let model = dice.one_of(MODELS);
        let priced = model.prices.is_some() && !dice.per_mille(UNPRICED);
        let coarse = dice.per_mille(COARSE) && shape.events_per_run.is_none();
        let protocol = match (dice.per_mille(RETRIES), dice.per_mille(RECOVERY)) {
            (true, _) => Protocol::Retries,
            (_, true) => Protocol::Recovery,
            _ => Protocol::GoldenInputs,
        };
        let facts = RunFacts {
            run_id: format!("synthetic-{}-{number:09}-{}", shape.seed, model.name),
            workload: "yatcc".to_owned(),
            model: model.name.to_owned(),
            provider: Some("gateway.example.org".to_owned()),
            agent: Some("openhands".to_owned()),
            protocol: Some(
                match protocol {
                    Protocol::GoldenInputs => "golden-inputs",
                    Protocol::Retries => "golden-inputs+retries",
                    Protocol::Recovery => "recovery",
                }
                .to_owned(),
            ),
        };
        let start =
            Timestamp::from_micros(FIRST_START_US).plus_micros(i64::from(number) * RUN_EVERY_US);
        let stages = stages(shape, model, protocol, &mut dice);
        Self { facts, model, start, priced, coarse, protocol, stages, dice }
    }

    /// Its events, when nothing cuts it off.
    pub(super) fn events(&self) -> i64 {
        if self.coarse {
            return 2 + 2 * i64::try_from(self.stages.len()).unwrap_or_default();
        }
        ROWS_OUTSIDE + self.stages.iter().map(|stage| stage.rows).sum::<i64>()
    }
}

impl RunPlan {
    /// What the harness writes about a run before it begins, as JSON.
    pub(super) fn description(&self) -> String {
        json!({
            "tasks": "0-5", "context_mode": "pipeline", "max_iterations": 500, "image": "workspace:latest", "llm_cache_prompt": 1,
            "prompt_cache_retention": "24h", "max_agent_hours": 5, "container": self.facts.run_id, "request_model": self.model.name,
        })
        .to_string()
    }

    /// What it writes at the end.
    pub(super) fn summary(&self) -> String {
        let short_of_full = self.stages.iter().filter(|stage| stage.score < 10_000).count();
        json!({
            "context_mode": "pipeline", "metrics": {"zero_shot_pass": short_of_full == 0, "prior_non_full_score_count": short_of_full},
            "execution_status": "finished", "container_exit_code": "0",
        })
        .to_string()
    }
}

fn stages(shape: &Shape, model: &Model, protocol: Protocol, dice: &mut Dice) -> Vec<StagePlan> {
    // The stage that uses up the context, for models whose context is known to run out.
    let last = model.context_limit.map(|_| dice.one_of(&CONTEXT_ENDS) * shape.stages / 6);
    let mut rows: Vec<i64> = (0..shape.stages)
        .map(|stage| match last {
            Some(last) if stage > last => ROWS_OF_STAGE,
            _ => {
                let drawn = CURVES.stage_rows[like_published(stage)].draw(dice);
                (drawn * model.pace / 100).max(ROWS_OF_STAGE + 2)
            }
        })
        .collect();
    if let Some(events) = shape.events_per_run {
        stretch(&mut rows, events - ROWS_OUTSIDE);
    }
    let mut stages: Vec<StagePlan> = Vec::new();
    for (stage, rows) in (0..).zip(rows) {
        let attempted = last.is_none_or(|last| stage <= last);
        let end = if last.is_some_and(|last| stage >= last) {
            EndReason::ContextExceeded
        } else {
            end_reason(rows, dice)
        };
        let after_failure = stages.last().is_some_and(|s| s.score < 6000);
        let mut planned = graded(like_published(stage), rows, attempted, end, model, dice);
        if protocol == Protocol::Recovery && after_failure && attempted && planned.tests_total > 0 {
            planned.status = StageStatus::Recovered;
        }
        stages.push(planned);
    }
    stages
}

/// The published stage whose numbers a stage follows: from the sixth on, those of the sixth.
fn like_published(stage: i64) -> usize {
    usize::try_from(stage.min(5)).unwrap_or_default()
}

/// Gives the stages so many rows together, each its share of what is above the least.
fn stretch(rows: &mut [i64], total: i64) {
    let least = ROWS_OF_STAGE * i64::try_from(rows.len()).unwrap_or_default();
    let above: i64 = rows.iter().map(|r| r - ROWS_OF_STAGE).sum();
    let mut rest = total - least;
    for r in rows.iter_mut() {
        let share = i128::from(*r - ROWS_OF_STAGE) * i128::from(total - least);
        let share = i64::try_from(share / i128::from(above.max(1))).unwrap_or_default();
        *r = ROWS_OF_STAGE + share;
        rest -= share;
    }
    // The first stage is always attempted.
    rows[0] += rest;
}

fn end_reason(rows: i64, dice: &mut Dice) -> EndReason {
    let infra = *dice.one_of(&[EndReason::LlmTimeout, EndReason::RateLimited]);
    let end = dice.weighted(&[
        (FINISHED, EndReason::Finished),
        (AGENT_MESSAGE, EndReason::AgentMessage),
        (STUCK, EndReason::Stuck),
        (INFRA, infra),
    ]);
    // With a single call there is no room for a tool call that ends the stage, or for a failure after an answer.
    if rows <= ROWS_OF_STAGE + 1 { EndReason::AgentMessage } else { end }
}

fn graded(
    like: usize,
    rows: i64,
    attempted: bool,
    end: EndReason,
    model: &Model,
    dice: &mut Dice,
) -> StagePlan {
    let infra = matches!(end, EndReason::LlmTimeout | EndReason::RateLimited);
    // The published shares count stages that were never attempted as well.
    let share = PASSED[like] * 1000 / ATTEMPTED[like];
    let chance = if share == 1000 { share } else { share * model.skill / MEAN_SKILL };
    let passed = dice.per_mille(chance) && attempted && !infra;
    let (full, broken) = (dice.per_mille(FULL_MARKS[like]), dice.per_mille(NO_TESTS[like]));
    let total = TESTS[like];
    let least = total * 6 / 10;
    let (tests_passed, tests_total) = match (passed, attempted) {
        (true, _) if full => (total, total),
        (true, _) => (least + 1 + dice.below(total - least - 1), total),
        (false, _) if broken => (0, 0),
        (false, true) if like != 4 => (dice.below(least.max(1)), total),
        (false, _) => (0, total),
    };
    let score = match tests_total {
        0 => 0,
        _ if like == 4 && tests_passed == 0 => CURVES.speed_score.draw(dice),
        _ => tests_passed * 10_000 / tests_total,
    };
    let status = match (passed, attempted) {
        (_, false) => StageStatus::NotAttempted,
        (true, _) => StageStatus::Passed,
        _ if infra => StageStatus::Infra,
        _ if tests_total == 0 => StageStatus::NoTests,
        _ => StageStatus::Failed,
    };
    StagePlan { rows, attempted, end, status, score, tests_passed, tests_total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_the_events_that_were_asked_for() {
        for (stages, events) in [(1, 7), (1, 1_000_000), (6, 27), (6, 28), (6, 5000), (9, 300)] {
            let shape = Shape { stages, events_per_run: Some(events), ..Shape::new(0, 5) };
            shape.check().unwrap();
            for number in 0..50 {
                let plan = RunPlan::new(&shape, number);
                assert_eq!(plan.events(), events);
                assert!(plan.stages.iter().all(|s| s.rows >= ROWS_OF_STAGE), "{plan:?}");
            }
        }
    }

    #[test]
    fn after_the_context_nothing_is_attempted() {
        let shape = Shape::new(0, 5);
        let plans: Vec<RunPlan> = (0..500).map(|n| RunPlan::new(&shape, n)).collect();
        for plan in plans.iter().filter(|p| p.model.context_limit.is_some()) {
            let first = plan.stages.iter().position(|s| s.end == EndReason::ContextExceeded);
            let after = &plan.stages[first.expect("an end") + 1..];
            assert!(after.iter().all(|s| s.rows == ROWS_OF_STAGE && !s.attempted), "{plan:?}");
        }
        assert!(
            plans.iter().any(|p| p.coarse)
                && plans.iter().any(|p| p.protocol == Protocol::Recovery)
        );
    }
}
