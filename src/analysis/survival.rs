//! How far runs come before their first failure: Kaplan-Meier curves over stages, calls, tokens, dollars or seconds.
//!
//! A run that passes everything is censored at its end, a run without a score at the stage that lacks one. What ended by
//! infrastructure is censored too, or counted as a failure; both curves are worth showing.

use super::{Cohort, CohortRun, StageScore};
use crate::stats::{KaplanMeier, Level, Observation, StageCounts, SurvivalError};

/// What is counted until the first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailureClock {
    /// Stages, by position.
    #[default]
    Stages,
    /// Answered LLM calls.
    Calls,
    /// Input and output tokens.
    Tokens,
    /// US dollars, as reported.
    Usd,
    /// Seconds, as the harness reports.
    Seconds,
}

impl FailureClock {
    /// Name on the command line and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stages => "stages",
            Self::Calls => "calls",
            Self::Tokens => "tokens",
            Self::Usd => "USD",
            Self::Seconds => "seconds",
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    fn read(self, stage: &StageScore) -> Option<f64> {
        match self {
            Self::Stages => Some(1.0),
            Self::Calls => stage.llm_calls.map(|n| n as f64),
            // A stage without a call cost nothing, whether or not the source says so.
            Self::Tokens | Self::Usd if stage.llm_calls == Some(0) => Some(0.0),
            Self::Tokens => stage.total_tokens.map(|n| n as f64),
            Self::Usd => stage.cost_usd,
            Self::Seconds => stage.elapsed_s,
        }
    }
}

/// The survival of some runs.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureCurve {
    /// The workload.
    pub workload: String,
    /// The group of runs, when the cohort was split.
    pub group: Option<String>,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// What is counted.
    pub clock: FailureClock,
    /// Whether what infrastructure ended is censored; otherwise it is a failure.
    pub censors_infra: bool,
    /// Runs in the curve.
    pub runs: usize,
    /// Runs left out because the clock has no reading for a stage on the way.
    pub unread: Vec<String>,
    /// The curve; over stages, step i is the i-th stage.
    pub curve: KaplanMeier,
    /// Stages of the workload, in order.
    pub stages: Vec<i64>,
    /// Mean stages, calls, ... until the first failure within what was watched; `None` when that is unknown.
    pub restricted_mean: Option<f64>,
}

/// How a run's way ends: after how many stages, and whether by a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    /// Stages passed before.
    passed: usize,
    ends: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Failure,
    Censored,
    Complete,
}

impl FailureCurve {
    /// The curve of some runs of a cohort.
    pub fn of(
        cohort: &Cohort,
        runs: &[&CohortRun],
        gate: f64,
        clock: FailureClock,
        censors_infra: bool,
    ) -> Result<Self, SurvivalError> {
        let ways: Vec<Way> = runs.iter().map(|r| way(cohort, r, gate, censors_infra)).collect();
        let mut unread = Vec::new();
        let curve = if clock == FailureClock::Stages {
            KaplanMeier::from_counts(&stage_counts(&ways, cohort.stages.len()), Level::P95)?
        } else {
            let mut observations = Vec::new();
            for (run, way) in runs.iter().zip(&ways) {
                match reading(cohort, run, *way, clock) {
                    Some(time) => {
                        observations.push(Observation { time, event: way.ends == End::Failure });
                    }
                    None => unread.push(run.label.clone()),
                }
            }
            KaplanMeier::new(&observations, Level::P95)?
        };
        let restricted_mean = match clock {
            FailureClock::Stages => curve.mean_stages_passed(),
            _ => curve.steps.last().and_then(|last| curve.restricted_mean(last.time)),
        };
        Ok(Self {
            workload: cohort.workload.clone(),
            group: None,
            gate,
            clock,
            censors_infra,
            runs: runs.len() - unread.len(),
            unread,
            curve,
            stages: cohort.stages.clone(),
            restricted_mean,
        })
    }
}

/// Where the way of a run through the stages ends.
fn way(cohort: &Cohort, run: &CohortRun, gate: f64, censors_infra: bool) -> Way {
    for (passed, stage) in cohort.stages.iter().enumerate() {
        let Some(found) = run.stages.get(stage) else { return Way { passed, ends: End::Censored } };
        let ends = match found.score {
            Some(score) if score >= gate => continue,
            None => End::Censored,
            Some(_) if censors_infra && found.ended_by_infrastructure() => End::Censored,
            Some(_) => End::Failure,
        };
        return Way { passed, ends };
    }
    Way { passed: cohort.stages.len(), ends: End::Complete }
}

fn stage_counts(ways: &[Way], stages: usize) -> Vec<StageCounts> {
    let count = |test: &dyn Fn(&Way) -> bool| ways.iter().filter(|w| test(w)).count() as u64;
    (0..stages)
        .map(|stage| StageCounts {
            at_risk: count(&|w| w.passed >= stage),
            events: count(&|w| w.passed == stage && w.ends == End::Failure),
            censored: count(&|w| w.passed == stage && w.ends == End::Censored),
        })
        .collect()
}

/// What the clock shows at the end of the way; `None` when a stage on it has no reading.
fn reading(cohort: &Cohort, run: &CohortRun, way: Way, clock: FailureClock) -> Option<f64> {
    let stages = cohort.stages.iter().take(way.passed + 1);
    stages.map(|s| run.stages.get(s).and_then(|found| clock.read(found))).sum()
}

#[cfg(test)]
mod tests {
    use super::super::Basis;
    use super::*;
    use std::collections::BTreeMap;

    fn cohort(runs: &[&[(f64, &str, i64)]]) -> Cohort {
        let run = |(i, stages): (usize, &&[(f64, &str, i64)])| CohortRun {
            run_id: format!("r{i}"),
            model: format!("m{i}"),
            protocol: None,
            vendor: None,
            color: None,
            label: format!("m{i}"),
            cost_usd: None,
            elapsed_s: None,
            mean_score: None,
            stages: (0..)
                .zip(stages.iter())
                .map(|(stage, (score, reason, calls))| {
                    let found = StageScore {
                        score: Some(*score),
                        end_reason: Some((*reason).to_owned()),
                        llm_calls: Some(*calls),
                        ..StageScore::default()
                    };
                    (stage, found)
                })
                .collect::<BTreeMap<_, _>>(),
        };
        Cohort {
            workload: "w".to_owned(),
            basis: Basis::Reported,
            stages: (0..3).collect(),
            runs: runs.iter().enumerate().map(run).collect(),
        }
    }

    fn curve(cohort: &Cohort, clock: FailureClock, censors: bool) -> FailureCurve {
        let runs: Vec<&CohortRun> = cohort.runs.iter().collect();
        FailureCurve::of(cohort, &runs, 60.0, clock, censors).unwrap()
    }

    /// By hand: three come to stage 1; one fails there, one times out there; censored, survival is 2/3 and stays.
    #[test]
    fn infrastructure_is_censored_or_counted() {
        let c = cohort(&[
            &[(100.0, "finished", 5), (0.0, "finished", 3), (0.0, "not_attempted", 0)],
            &[(100.0, "finished", 4), (10.0, "llm_timeout", 2), (0.0, "not_attempted", 0)],
            &[(100.0, "finished", 1), (80.0, "finished", 1), (70.0, "finished", 9)],
        ]);
        let survival = |censors| -> Vec<f64> {
            curve(&c, FailureClock::Stages, censors)
                .curve
                .steps
                .iter()
                .map(|s| s.survival)
                .collect()
        };
        let near = |a: Vec<f64>, b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near(survival(true), &[1.0, 2.0 / 3.0, 2.0 / 3.0]));
        assert!(near(survival(false), &[1.0, 1.0 / 3.0, 1.0 / 3.0]));
    }

    #[test]
    fn other_clocks_run_to_the_end_of_the_failing_stage() {
        let c = cohort(&[
            &[(100.0, "finished", 5), (0.0, "finished", 3), (0.0, "not_attempted", 0)],
            &[(100.0, "finished", 1), (80.0, "finished", 1), (70.0, "finished", 9)],
        ]);
        let calls = curve(&c, FailureClock::Calls, true);
        let steps: Vec<(f64, u64, u64)> =
            calls.curve.steps.iter().map(|s| (s.time, s.events, s.censored)).collect();
        assert_eq!(steps, [(8.0, 1, 0), (11.0, 0, 1)]);
        let dollars = curve(&c, FailureClock::Usd, true);
        assert_eq!((dollars.runs, dollars.unread.len()), (0, 2));
    }
}
