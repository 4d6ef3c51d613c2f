//! Cumulative incidence: which share of the runs has failed by each stage, and by which cause.

use super::failure::RunAttribution;
use super::failure_map::{primary_causes, words};
use super::{Cohort, CohortRun};
use crate::stats::{AalenJohansen, CauseCounts, Level, SurvivalError};
use std::collections::BTreeMap;

/// Cumulative incidence of the first failure, by cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CumulativeIncidence {
    /// The workload.
    pub workload: String,
    /// Score at or above which a stage counts as passed.
    pub gate: f64,
    /// Runs.
    pub runs: usize,
    /// The stages, in order.
    pub stages: Vec<i64>,
    /// Runs at risk before each stage.
    pub at_risk: Vec<u64>,
    /// Incidence by cause, the most frequent first; one value per stage, from 0 to 1.
    pub causes: Vec<CauseIncidence>,
    /// Share that has not failed, by stage; with the incidences it adds up to 1.
    pub surviving: Vec<f64>,
    /// Runs whose first failure was of the infrastructure and which are censored there.
    pub censored: u64,
}

/// The incidence of one cause.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseIncidence {
    /// Name of the cause.
    pub cause: String,
    /// Share of the runs that have failed first by it, up to and including each stage.
    pub shares: Vec<f64>,
}

impl CumulativeIncidence {
    /// The incidence of a cohort; causes come from the attributed failures of its runs. What infrastructure ended is
    /// censored, as is a run at a stage without a score. `None` for a cohort without stages or runs.
    pub fn of(
        cohort: &Cohort,
        gate: f64,
        attributed: &[RunAttribution],
    ) -> Result<Option<Self>, SurvivalError> {
        let causes = primary_causes(attributed);
        let firsts: Vec<First> = cohort.runs.iter().map(|r| first(cohort, r, gate)).collect();
        let name = |run: &CohortRun, stage: usize| {
            let stage = cohort.stages.get(stage)?;
            let cause = causes.get(&(run.run_id.as_str(), *stage));
            Some(cause.map_or_else(|| "unknown".to_owned(), |c| words(*c)))
        };
        let mut names: BTreeMap<String, u64> = BTreeMap::new();
        for (run, first) in cohort.runs.iter().zip(&firsts) {
            if let First::Failure(stage) = first {
                *names.entry(name(run, *stage).unwrap_or_default()).or_default() += 1;
            }
        }
        let mut names: Vec<(String, u64)> = names.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let names: Vec<String> = names.into_iter().map(|(name, _)| name).collect();
        let counts: Vec<CauseCounts> = (0..cohort.stages.len())
            .map(|stage| {
                let number = |test: &dyn Fn(&First) -> bool| {
                    firsts.iter().filter(|f| test(f)).count() as u64
                };
                let events = names.iter().map(|wanted| {
                    let by_it = |(run, first): (&CohortRun, &First)| {
                        *first == First::Failure(stage) && name(run, stage).as_ref() == Some(wanted)
                    };
                    cohort.runs.iter().zip(&firsts).filter(|pair| by_it(*pair)).count() as u64
                });
                CauseCounts {
                    at_risk: number(&|f| f.reaches(stage)),
                    events: events.collect(),
                    censored: number(&|f| *f == First::Censored(stage)),
                }
            })
            .collect();
        let curves = AalenJohansen::from_counts(&counts, Level::P95)?;
        if curves.steps.is_empty() {
            return Ok(None);
        }
        // After the last run has failed, the curves stay where they are.
        let last = curves.steps.len() - 1;
        let step = |stage: usize| &curves.steps[stage.min(last)];
        let stages = 0..cohort.stages.len();
        Ok(Some(Self {
            workload: cohort.workload.clone(),
            gate,
            runs: cohort.runs.len(),
            stages: cohort.stages.clone(),
            at_risk: counts.iter().map(|c| c.at_risk).collect(),
            causes: names
                .iter()
                .enumerate()
                .map(|(i, cause)| CauseIncidence {
                    cause: cause.clone(),
                    shares: stages.clone().map(|s| step(s).incidence[i].point).collect(),
                })
                .collect(),
            surviving: stages.clone().map(|s| step(s).survival).collect(),
            censored: counts.iter().map(|c| c.censored).sum(),
        }))
    }
}

/// Where a run first fails, or stops being watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Failure(usize),
    Censored(usize),
    Never,
}

impl First {
    fn reaches(self, stage: usize) -> bool {
        match self {
            Self::Failure(at) | Self::Censored(at) => at >= stage,
            Self::Never => true,
        }
    }
}

fn first(cohort: &Cohort, run: &CohortRun, gate: f64) -> First {
    for (position, stage) in cohort.stages.iter().enumerate() {
        match run.stages.get(stage) {
            Some(found) if found.score.is_some_and(|s| s >= gate) => {}
            Some(found) if found.score.is_some() && !found.ended_by_infrastructure() => {
                return First::Failure(position);
            }
            _ => return First::Censored(position),
        }
    }
    First::Never
}
