//! What a run had spent when the result of each of its stages came in.
//!
//! Money and tokens are summed call by call, in order; a call outside of stages belongs to the stage before it. Calls
//! and seconds are those of the stages. Stages are serial: a result comes in after all work on its stage.

use super::calls::{LlmCall, RunCalls};
use super::cohort::{CohortRun, StageScore};
use super::pricing::{Basis, counts, price_call};
use crate::ledger::Books;
use std::collections::BTreeMap;

/// Something that can be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// US dollars, on a basis.
    Money,
    /// Input and output tokens.
    Tokens,
    /// Answered LLM calls.
    Calls,
    /// Seconds that the harness reports, grading included.
    Time,
}

impl Resource {
    /// Every resource.
    pub const ALL: [Self; 4] = [Self::Money, Self::Tokens, Self::Calls, Self::Time];

    /// Name in tables and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Money => "cost",
            Self::Tokens => "tokens",
            Self::Calls => "calls",
            Self::Time => "time",
        }
    }

    /// Its unit.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Money => "USD",
            Self::Tokens => "tokens",
            Self::Calls => "LLM calls",
            Self::Time => "s",
        }
    }
}

/// What a run had spent by the result of each stage, by stage; `None` when that is unknown for a stage with a score.
pub(super) fn spent_by_stage(
    run: &CohortRun,
    calls: Option<&RunCalls>,
    resource: Resource,
    (basis, books): (Basis, &Books),
) -> Option<BTreeMap<i64, f64>> {
    let money = |call: &LlmCall| {
        let price = price_call(calls?, call, basis, books).ok()?;
        Some(i128::from(price.nanos()))
    };
    let tokens = |call: &LlmCall| {
        let tokens = call.tokens?;
        Some(i128::from(tokens.input()) + i128::from(tokens.output()))
    };
    let per_stage = match resource {
        Resource::Money => summed(run, calls?, money, 1e9)?,
        Resource::Tokens => summed(run, calls?, tokens, 1.0)?,
        Resource::Calls => reported(run, |stage| Some(real(i128::from(stage.llm_calls?))))?,
        Resource::Time => reported(run, |stage| stage.elapsed_s)?,
    };
    let mut so_far = 0.0;
    let cumulated = run.stages.keys().map(|stage| {
        so_far += per_stage.get(stage).copied().unwrap_or(0.0);
        (*stage, so_far)
    });
    Some(cumulated.collect())
}

/// Amounts of calls by stage, so many to a unit. `None` when there is no call, and when one is unknown or below zero, or stands for calls of several stages.
fn summed(
    run: &CohortRun,
    calls: &RunCalls,
    amount: impl Fn(&LlmCall) -> Option<i128>,
    per_unit: f64,
) -> Option<BTreeMap<i64, f64>> {
    let mut stage = *run.stages.keys().next()?;
    let mut sums: BTreeMap<i64, i128> = BTreeMap::new();
    for call in calls.calls.iter().filter(|call| counts(call)) {
        if call.aggregate && call.stage.is_none() {
            return None;
        }
        stage = call.stage.unwrap_or(stage);
        *sums.entry(stage).or_default() += amount(call).filter(|amount| *amount >= 0)?;
    }
    let whole = sums.into_iter().map(|(stage, sum)| (stage, real(sum) / per_unit));
    Some(whole.collect()).filter(|sums: &BTreeMap<i64, f64>| !sums.is_empty())
}

/// Amounts of stages up to the last one with a score. `None` when one of them is unknown or below zero.
fn reported(
    run: &CohortRun,
    amount: impl Fn(&StageScore) -> Option<f64>,
) -> Option<BTreeMap<i64, f64>> {
    let (last, _) = run.stages.iter().rev().find(|(_, stage)| stage.score.is_some())?;
    let known = run.stages.range(..=last).map(|(index, stage)| {
        Some((*index, amount(stage).filter(|amount| amount.is_finite() && *amount >= 0.0)?))
    });
    known.collect()
}

#[expect(clippy::cast_precision_loss, reason = "what is lost is far less than a line is wide")]
fn real(count: i128) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::TokenClasses;
    use crate::trace::Usd;

    fn call(stage: Option<i64>, cents: i64, tokens: Option<i64>) -> LlmCall {
        LlmCall {
            seq: 0,
            stage,
            ts: None,
            tokens: tokens
                .and_then(|n| TokenClasses::from_totals(Some(n), Some(n / 2), None, Some(n), None)),
            cost: Usd::from_nanos(i128::from(cents) * 10_000_000),
            logged: true,
            count: Some(1),
            aggregate: false,
        }
    }

    fn spent(resource: Resource, calls: Vec<LlmCall>) -> Option<Vec<f64>> {
        let stage = |elapsed_s| StageScore {
            score: Some(50.0),
            llm_calls: Some(2),
            elapsed_s,
            ..StageScore::default()
        };
        let run = CohortRun {
            run_id: "r".to_owned(),
            model: "m".to_owned(),
            protocol: None,
            label: "m".to_owned(),
            vendor: None,
            color: None,
            cost_usd: None,
            elapsed_s: None,
            mean_score: None,
            stages: BTreeMap::from([
                (0, stage(Some(10.0))),
                (1, stage(Some(5.0))),
                (2, StageScore { score: None, ..stage(None) }),
            ]),
        };
        let calls = RunCalls {
            run_id: "r".to_owned(),
            workload: "w".to_owned(),
            model: "m".to_owned(),
            provider: None,
            started_at: None,
            calls,
        };
        let priced = (Basis::Reported, &Books::default());
        Some(spent_by_stage(&run, Some(&calls), resource, priced)?.into_values().collect())
    }

    #[test]
    fn calls_are_summed_up_to_each_stage_those_outside_of_stages_with_the_stage_before() {
        let calls = || {
            vec![
                call(None, 1, Some(10)),
                call(Some(0), 10, Some(100)),
                call(None, 2, Some(20)),
                call(Some(1), 30, Some(300)),
                call(None, 4, Some(40)),
            ]
        };
        let money = spent(Resource::Money, calls()).unwrap();
        let expected = [0.13, 0.47, 0.47];
        assert!(money.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{money:?}");
        // Input and output, each once: cached tokens are a part of the input.
        assert_eq!(spent(Resource::Tokens, calls()).unwrap(), [260.0, 940.0, 940.0]);
        assert_eq!(spent(Resource::Calls, Vec::new()).unwrap(), [2.0, 4.0, 4.0]);
        assert_eq!(spent(Resource::Time, Vec::new()).unwrap(), [10.0, 15.0, 15.0]);
    }

    #[test]
    fn one_unknown_amount_makes_all_of_them_unknown() {
        let with = |odd: LlmCall| vec![call(Some(0), 10, Some(100)), odd];
        let unpriced = LlmCall { cost: None, ..call(Some(1), 0, Some(1)) };
        assert_eq!(spent(Resource::Money, with(unpriced)), None);
        assert_eq!(spent(Resource::Money, with(call(Some(1), -1, Some(1)))), None);
        assert_eq!(spent(Resource::Tokens, with(call(Some(1), 1, None))), None);
        let total = LlmCall { aggregate: true, ..call(None, 5, Some(5)) };
        assert_eq!(spent(Resource::Money, with(total)), None, "a total belongs to no stage");
        assert_eq!(spent(Resource::Money, Vec::new()), None);
        let of_stage = LlmCall { aggregate: true, ..call(Some(1), 5, Some(5)) };
        assert!(spent(Resource::Money, with(of_stage)).is_some());
    }
}
