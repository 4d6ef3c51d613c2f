//! How many are still without an event, when some were only watched for a while.
//!
//! "Time" is whatever grows towards the event: stages passed, calls, cost. An end from outside (a timeout, an
//! aborted run) is censoring: it is known that no event had come by then, and nothing more. Observations or
//! counts per stage come in; a step curve with its error goes out.

use thiserror::Error;

use super::interval::{Interval, Level, real, wilson};

/// Why there is no curve.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum SurvivalError {
    /// A time is negative, NaN or infinite.
    #[error("time {time} of observation {index} is not a finite number of at least 0")]
    Time {
        /// Which observation, from 0.
        index: usize,
        /// Its time.
        time: f64,
    },
    /// A cause is not one of those counted.
    #[error(
        "observation {index} has cause {cause}; causes are counted from 0 and there are {causes}"
    )]
    Cause {
        /// Which observation, from 0.
        index: usize,
        /// Its cause.
        cause: usize,
        /// How many causes there are.
        causes: usize,
    },
    /// More left a stage than were in it, or the next stage did not start with the rest.
    #[error(
        "stage {stage} has {at_risk} at risk, where the counts before it and its own need {needed}"
    )]
    Counts {
        /// Which stage, from 0.
        stage: usize,
        /// At risk there.
        at_risk: u64,
        /// What the stage before left, or the events and censored of this one.
        needed: u64,
    },
}

/// Until when one was watched, and whether that was the event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Time of the event, or of the end of watching; at least 0.
    pub time: f64,
    /// Whether it ended with the event; otherwise it is censored.
    pub event: bool,
}

/// One stage of many runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageCounts {
    /// Runs that came to the stage.
    pub at_risk: u64,
    /// Of these, runs with the event at it.
    pub events: u64,
    /// Of these, runs censored at it.
    pub censored: u64,
}

/// The curve from one time to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalStep {
    /// From when; the number of the stage, from 0, when the curve was made from counts.
    pub time: f64,
    /// Without an event and watched just before.
    pub at_risk: u64,
    /// Events at this time.
    pub events: u64,
    /// Censored at this time, after its events.
    pub censored: u64,
    /// Events over at risk; `None` when nobody is left.
    pub hazard: Option<f64>,
    /// The share without an event after this time.
    pub survival: f64,
    /// Greenwood's variance; `None` while the share is 1 and when it is 0, where the formula gives 0 or
    /// nothing.
    pub variance: Option<f64>,
    /// The log-log interval; `None` while the share is 1 and when it is 0.
    pub interval: Option<Interval>,
    /// Observations not censored before this time.
    pub known: u64,
}

impl SurvivalStep {
    /// Wilson's interval where the share is 1 or 0 and the log-log interval is undefined: as of that many
    /// survivors, all or none, of those not censored before. `None` in between.
    pub fn wilson_bound(&self, level: Level) -> Option<Interval> {
        if self.survival >= 1.0 {
            wilson(self.known, self.known, level)
        } else if self.survival <= 0.0 {
            wilson(0, self.known, level)
        } else {
            None
        }
    }
}

/// The product-limit estimate `S(t) = Π (1 - d/n)` over the times up to `t` with `d` events of `n` at risk.
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    /// Number of observations.
    pub n: u64,
    /// One step per different time, ascending; empty when nobody was watched. From counts: one per stage, up
    /// to the last that anybody came to, and further if all had the event.
    pub steps: Vec<SurvivalStep>,
}

impl KaplanMeier {
    /// The curve of observations; `O(n log n)`. Variance `S² Σ d / (n (n - d))`, interval
    /// `S^exp(± z √(Σ d / (n (n - d))) / ln S)`.
    ///
    /// Source: E. L. Kaplan and P. Meier, JASA 53 (1958); M. Greenwood, "The natural duration of cancer" (1926);
    /// interval J. D. Kalbfleisch and R. L. Prentice (1980), the default of lifelines.
    pub fn new(observations: &[Observation], level: Level) -> Result<Self, SurvivalError> {
        let endings = observations.iter().map(|o| (o.time, o.event));
        let mut at_risk = size(observations.len());
        let (mut times, mut stages) = (Vec::new(), Vec::new());
        for (time, ends) in by_time(endings)? {
            let events = size(ends.iter().filter(|event| **event).count());
            let censored = size(ends.len()) - events;
            times.push(time);
            stages.push(StageCounts { at_risk, events, censored });
            at_risk -= events + censored;
        }
        Ok(Self::through(&times, &stages, level))
    }

    /// The curve over stages, whose times are their numbers from 0. Each stage must start with what the one
    /// before left: `at_risk - events - censored`. Source: as [`Self::new`].
    pub fn from_counts(stages: &[StageCounts], level: Level) -> Result<Self, SurvivalError> {
        let flows = stages.iter().map(|s| (s.at_risk, s.events.saturating_add(s.censored)));
        let times = check_flow(flows)?;
        Ok(Self::through(&times, stages, level))
    }

    fn through(times: &[f64], stages: &[StageCounts], level: Level) -> Self {
        let n = stages.first().map_or(0, |s| s.at_risk);
        let (mut survival, mut sum, mut events, mut known) = (1.0, 0.0, 0, n);
        let mut steps = Vec::with_capacity(stages.len());
        for (&time, stage) in times.iter().zip(stages) {
            if stage.at_risk == 0 && (survival > 0.0 || n == 0) {
                break;
            }
            let (d, of) = (real(stage.events), real(stage.at_risk));
            let left = real(stage.at_risk - stage.events);
            if stage.at_risk > 0 {
                survival *= left / of;
                sum += d / (of * left);
            }
            events += stage.events;
            let inside = events > 0 && survival > 0.0;
            let variance = inside.then_some(survival * survival * sum);
            steps.push(SurvivalStep {
                time,
                at_risk: stage.at_risk,
                events: stage.events,
                censored: stage.censored,
                hazard: (stage.at_risk > 0).then(|| d / of),
                survival,
                variance,
                interval: variance.and_then(|v| Interval::log_log(survival, v.sqrt(), level)),
                known,
            });
            known -= stage.censored;
        }
        Self { n, steps }
    }

    /// The share without an event after `time`. `None` before 0, without observations, and after the last
    /// time unless the share has come to 0: nobody was watched there.
    pub fn survival_at(&self, time: f64) -> Option<f64> {
        let last = self.steps.last()?;
        if time.is_nan() || time < 0.0 || (time > last.time && last.survival > 0.0) {
            return None;
        }
        Some(self.steps.iter().rev().find(|s| s.time <= time).map_or(1.0, |s| s.survival))
    }

    /// The mean time without an event up to a horizon, the area below the curve from 0 to it. `None` where
    /// [`Self::survival_at`] is, or when the horizon is infinite.
    ///
    /// Source: P. Royston and M. K. B. Parmar, "Restricted mean survival time", BMC Medical Research
    /// Methodology 13 (2013).
    pub fn restricted_mean(&self, horizon: f64) -> Option<f64> {
        self.survival_at(horizon).filter(|_| horizon.is_finite())?;
        let (mut area, mut from, mut height) = (0.0, 0.0, 1.0);
        for step in self.steps.iter().take_while(|s| s.time < horizon) {
            area += height * (step.time - from);
            (from, height) = (step.time, step.survival);
        }
        Some(area + height * (horizon - from))
    }

    /// The mean number of stages passed before the first event, `Σ S` over the steps of a curve made by
    /// [`Self::from_counts`]. `None` without observations.
    pub fn mean_stages_passed(&self) -> Option<f64> {
        (!self.steps.is_empty()).then(|| self.steps.iter().map(|s| s.survival).sum())
    }
}

/// Groups what ended at the same time, ascending.
pub(super) fn by_time<E>(
    endings: impl Iterator<Item = (f64, E)>,
) -> Result<Vec<(f64, Vec<E>)>, SurvivalError> {
    let mut sorted = Vec::new();
    for (index, (time, end)) in endings.enumerate() {
        if !(time >= 0.0 && time.is_finite()) {
            return Err(SurvivalError::Time { index, time });
        }
        // Adding 0 makes -0 equal to 0.
        sorted.push((time + 0.0, end));
    }
    sorted.sort_by(|x, y| x.0.total_cmp(&y.0));
    let mut groups: Vec<(f64, Vec<E>)> = Vec::new();
    for (time, end) in sorted {
        match groups.last_mut() {
            Some((last, ends)) if time <= *last => ends.push(end),
            _ => groups.push((time, vec![end])),
        }
    }
    Ok(groups)
}

/// Refuses stages, as (at risk, left), of which one does not start with what the one before kept; their numbers.
pub(super) fn check_flow(
    stages: impl Iterator<Item = (u64, u64)>,
) -> Result<Vec<f64>, SurvivalError> {
    let mut times = Vec::new();
    let mut kept = None;
    for (stage, (at_risk, left)) in stages.enumerate() {
        if let Some(needed) = kept.filter(|kept| *kept != at_risk) {
            return Err(SurvivalError::Counts { stage, at_risk, needed });
        }
        kept = at_risk.checked_sub(left);
        if kept.is_none() {
            return Err(SurvivalError::Counts { stage, at_risk, needed: left });
        }
        times.push(real(size(stage)));
    }
    Ok(times)
}

pub(super) fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
