//! What ends it: the share that had an event of each cause, where an event of one cause prevents the others.
//!
//! One minus a Kaplan-Meier curve per cause adds up to more than 1; these shares and the survivors add up to
//! exactly 1. One cause per observation comes in (the primary one), or counts per stage; a step curve per
//! cause goes out.

use super::interval::{Interval, Level, real};
use super::kaplan_meier::{SurvivalError, by_time, check_flow, size};

/// Until when one was watched, and what ended it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ending {
    /// Time of the event, or of the end of watching; at least 0.
    pub time: f64,
    /// The cause, counted from 0; `None` when censored.
    pub cause: Option<usize>,
}

/// One stage of many runs, its events by cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseCounts {
    /// Runs that came to the stage.
    pub at_risk: u64,
    /// Of these, runs with an event of each cause; causes beyond the end have none.
    pub events: Vec<u64>,
    /// Of these, runs censored at it.
    pub censored: u64,
}

/// The share that had an event of one cause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Incidence {
    /// The share, in 0..=1.
    pub point: f64,
    /// Its variance; `None` while the share is 0 and when it is 1.
    pub variance: Option<f64>,
    /// Its log-log interval; `None` while the share is 0 and when it is 1.
    pub interval: Option<Interval>,
}

/// The curves from one time to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidenceStep {
    /// From when; the number of the stage, from 0, when made from counts.
    pub time: f64,
    /// Without an event and watched just before.
    pub at_risk: u64,
    /// Events at this time, by cause.
    pub events: Vec<u64>,
    /// Censored at this time, after its events.
    pub censored: u64,
    /// The share without any event after this time.
    pub survival: f64,
    /// The share with an event up to this time, by cause; with `survival` they sum to 1.
    pub incidence: Vec<Incidence>,
}

/// The cumulative incidence `I_c(t) = Σ S(before) d_c / n` over the times up to `t`, by cause.
#[derive(Debug, Clone, PartialEq)]
pub struct AalenJohansen {
    /// Number of observations.
    pub n: u64,
    /// One step per different time, ascending; empty when nobody was watched. From counts: one per stage, up
    /// to the last that anybody came to, and further if all had an event.
    pub steps: Vec<IncidenceStep>,
}

impl AalenJohansen {
    /// The curves of observations with so many causes; `O(t²)` in different times, for the variance
    /// `Σ (I - I_j)² d/(n (n - d)) + Σ S² d_c (n - d_c)/n³ - 2 Σ (I - I_j) S d_c/n²`, with `S` just before
    /// time `j` and `I_j` after it; the interval is `I^exp(± z SE / (I ln I))`.
    ///
    /// Source: O. O. Aalen and S. Johansen, Scandinavian Journal of Statistics 5 (1978); variance and interval
    /// D. Collett, "Modelling Survival Data in Medical Research", 3rd ed. (2015), p. 411, as lifelines.
    pub fn new(endings: &[Ending], causes: usize, level: Level) -> Result<Self, SurvivalError> {
        for (index, ending) in endings.iter().enumerate() {
            if let Some(cause) = ending.cause.filter(|cause| *cause >= causes) {
                return Err(SurvivalError::Cause { index, cause, causes });
            }
        }
        let mut at_risk = size(endings.len());
        let (mut times, mut stages) = (Vec::new(), Vec::new());
        for (time, ends) in by_time(endings.iter().map(|e| (e.time, e.cause)))? {
            let of = |cause: Option<usize>| size(ends.iter().filter(|e| **e == cause).count());
            let events = (0..causes).map(|cause| of(Some(cause))).collect();
            times.push(time);
            stages.push(CauseCounts { at_risk, events, censored: of(None) });
            at_risk -= size(ends.len());
        }
        Ok(Self::through(&times, &stages, level))
    }

    /// The curves over stages, whose times are their numbers from 0. Each stage must start with what the one
    /// before left. Source: as [`Self::new`].
    pub fn from_counts(stages: &[CauseCounts], level: Level) -> Result<Self, SurvivalError> {
        let left = |s: &CauseCounts| s.events.iter().fold(s.censored, |a, e| a.saturating_add(*e));
        let times = check_flow(stages.iter().map(|s| (s.at_risk, left(s))))?;
        Ok(Self::through(&times, stages, level))
    }

    fn through(times: &[f64], stages: &[CauseCounts], level: Level) -> Self {
        let n = stages.first().map_or(0, |s| s.at_risk);
        let causes = stages.iter().map(|s| s.events.len()).max().unwrap_or(0);
        let (mut survival, mut points) = (1.0, vec![0.0; causes]);
        let mut totals = vec![0_u64; causes];
        let mut past: Vec<Vec<Term>> = vec![Vec::new(); causes];
        let mut steps = Vec::with_capacity(stages.len());
        for (&time, stage) in times.iter().zip(stages) {
            if stage.at_risk == 0 && (survival > 0.0 || n == 0) {
                break;
            }
            let mut events = stage.events.clone();
            events.resize(causes, 0);
            let all = real(events.iter().sum());
            let of = real(stage.at_risk);
            if stage.at_risk > 0 {
                for (cause, &count) in events.iter().enumerate() {
                    totals[cause] += count;
                    points[cause] += survival * real(count) / of;
                    let after = points[cause];
                    let own = real(count);
                    past[cause].push(Term { after, before: survival, own, all, of });
                }
                survival *= (of - all) / of;
            }
            // Nobody is left and there was one cause: exactly 1, whatever was lost to rounding.
            let only = totals.iter().filter(|total| **total > 0).count() == 1;
            if survival <= 0.0 && only {
                for (point, _) in points.iter_mut().zip(&totals).filter(|(_, total)| **total > 0) {
                    *point = 1.0;
                }
            }
            let incidence = points.iter().zip(&past).map(|(p, terms)| incidence(*p, terms, level));
            let incidence = incidence.collect();
            let (at_risk, censored) = (stage.at_risk, stage.censored);
            steps.push(IncidenceStep { time, at_risk, events, censored, survival, incidence });
        }
        Self { n, steps }
    }
}

/// One time in the variance of one cause.
#[derive(Debug, Clone, Copy)]
struct Term {
    /// Incidence after it.
    after: f64,
    /// Survival before it.
    before: f64,
    /// Events of the cause.
    own: f64,
    /// Events.
    all: f64,
    /// At risk.
    of: f64,
}

impl Term {
    fn variance(&self, point: f64) -> f64 {
        let Self { after, before, own, all, of } = *self;
        let since = point - after;
        // Where everybody had an event the incidence changes no more.
        let others = if all < of { since * since * all / (of * (of - all)) } else { 0.0 };
        let share = before * own / of;
        others + share * before * (of - own) / (of * of) - 2.0 * since * share / of
    }
}

fn incidence(point: f64, past: &[Term], level: Level) -> Incidence {
    let point = point.clamp(0.0, 1.0);
    let variance: f64 = past.iter().map(|term| term.variance(point)).sum();
    let variance = (point > 0.0 && point < 1.0 && variance > 0.0).then_some(variance);
    let interval = variance.and_then(|v| Interval::log_log(point, v.sqrt(), level));
    Incidence { point, variance, interval }
}

#[cfg(test)]
mod tests {
    use super::super::kaplan_meier::{KaplanMeier, Observation};
    use super::*;
    use proptest::prelude::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    fn stage(at_risk: u64, events: &[u64], censored: u64) -> CauseCounts {
        CauseCounts { at_risk, events: events.to_vec(), censored }
    }

    fn endings(pairs: &[(f64, Option<usize>)]) -> Vec<Ending> {
        pairs.iter().map(|&(time, cause)| Ending { time, cause }).collect()
    }

    /// Oracle: `AalenJohansenFitter` of lifelines 0.30.3, one fit per cause; no two times are equal.
    #[test]
    fn shares_and_limits_match_lifelines() {
        let times = [1.0, 2.0, 3.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 15.0];
        let causes = [1, 2, 0, 1, 1, 2, 0, 1, 2, 0, 1, 0].map(|c: usize| c.checked_sub(1));
        let pairs: Vec<_> = times.into_iter().zip(causes).collect();
        let got = AalenJohansen::new(&endings(&pairs), 2, Level::P95).unwrap();
        let cases = [
            (0, 0, 0.083_333_333_333, 0.006_365_740_741, 0.005_052_835_479, 0.311_070_409_990),
            (3, 0, 0.175_925_925_926, 0.012_843_411_827, 0.027_500_435_309, 0.431_591_671_919),
            (7, 0, 0.379_629_629_630, 0.023_040_028_197, 0.113_576_590_873, 0.649_691_009_615),
            (11, 0, 0.546_296_296_296, 0.029_761_564_548, 0.185_831_228_342, 0.804_766_989_812),
            (1, 1, 0.083_333_333_333, 0.006_365_740_741, 0.005_052_835_479, 0.311_070_409_990),
            (6, 1, 0.175_925_925_926, 0.012_843_411_827, 0.027_500_435_309, 0.431_591_671_919),
            (11, 1, 0.287_037_037_037, 0.020_125_076_208, 0.066_392_142_419, 0.563_044_818_198),
        ];
        for (step, cause, point, variance, low, high) in cases {
            let share = got.steps[step].incidence[cause];
            near(share.point, point);
            near(share.variance.unwrap(), variance);
            near(share.interval.unwrap().low, low);
            near(share.interval.unwrap().high, high);
        }
        assert_eq!(got.steps[0].incidence[1].variance, None);
        assert_eq!(got.n, 12);
    }

    /// Oracle: hand. Without censoring the share is that of a multinomial, whose variance is `I (1 - I) / n`.
    #[test]
    fn ten_runs_in_two_stages_match_hand_arithmetic() {
        let stages = [stage(10, &[2, 1], 0), stage(7, &[3], 0)];
        let got = AalenJohansen::from_counts(&stages, Level::P95).unwrap();
        let last = &got.steps[1];
        near(last.survival, 0.4);
        near(last.incidence[0].point, 0.5);
        near(last.incidence[1].point, 0.1);
        near(last.incidence[0].variance.unwrap(), 0.025);
        near(last.incidence[1].variance.unwrap(), 0.009);
        assert_eq!(last.events, [3, 0]);
    }

    #[test]
    fn one_cause_of_everything_has_share_1_and_no_interval() {
        let stages =
            [stage(7, &[1, 0], 0), stage(6, &[2, 0], 1), stage(3, &[3, 0], 0), stage(0, &[], 0)];
        let got = AalenJohansen::from_counts(&stages, Level::P95).unwrap();
        assert_eq!(got.steps.len(), 4);
        for step in &got.steps[2..] {
            assert_eq!(step.incidence[0], Incidence { point: 1.0, variance: None, interval: None });
            assert_eq!(step.incidence[1], Incidence { point: 0.0, variance: None, interval: None });
        }
    }

    #[test]
    fn unsound_input_is_refused() {
        let error = SurvivalError::Cause { index: 0, cause: 2, causes: 2 };
        assert_eq!(AalenJohansen::new(&endings(&[(1.0, Some(2))]), 2, Level::P95), Err(error));
        let negative = AalenJohansen::new(&endings(&[(-1.0, None)]), 2, Level::P95);
        assert!(matches!(negative, Err(SurvivalError::Time { index: 0, .. })));
        let error = SurvivalError::Counts { stage: 1, at_risk: 8, needed: 7 };
        let stages = [stage(10, &[3], 0), stage(8, &[1], 0)];
        assert_eq!(AalenJohansen::from_counts(&stages, Level::P95), Err(error));
        let error = SurvivalError::Counts { stage: 0, at_risk: 2, needed: 3 };
        assert_eq!(AalenJohansen::from_counts(&[stage(2, &[1, 1], 1)], Level::P95), Err(error));
        assert!(AalenJohansen::new(&[], 2, Level::P95).unwrap().steps.is_empty());
    }

    fn any_endings() -> impl Strategy<Value = Vec<Ending>> {
        let ending = (0_u8..12, prop::option::weighted(0.7, 0_usize..3));
        let ending = ending.prop_map(|(time, cause)| Ending { time: f64::from(time), cause });
        prop::collection::vec(ending, 1..60)
    }

    proptest! {
        #[test]
        fn shares_and_survivors_sum_to_one(ends in any_endings()) {
            let got = AalenJohansen::new(&ends, 3, Level::P95).unwrap();
            let watched: Vec<Observation> = ends.iter().map(|e| Observation { time: e.time, event: e.cause.is_some() }).collect();
            let curve = KaplanMeier::new(&watched, Level::P95).unwrap();
            for (step, plain) in got.steps.iter().zip(&curve.steps) {
                let total: f64 = step.incidence.iter().map(|i| i.point).sum();
                prop_assert!((total + step.survival - 1.0).abs() < 1e-12);
                prop_assert!((step.survival - plain.survival).abs() < 1e-12);
                for share in &step.incidence {
                    prop_assert!(share.interval.is_none_or(|i| i.low <= share.point && share.point <= i.high));
                }
            }
        }

        #[test]
        fn with_one_cause_it_is_one_minus_the_survival(ends in any_endings()) {
            let one: Vec<Ending> = ends.iter().map(|e| Ending { cause: e.cause.map(|_| 0), ..*e }).collect();
            let got = AalenJohansen::new(&one, 1, Level::P95).unwrap();
            let watched: Vec<Observation> = ends.iter().map(|e| Observation { time: e.time, event: e.cause.is_some() }).collect();
            let curve = KaplanMeier::new(&watched, Level::P95).unwrap();
            for (step, plain) in got.steps.iter().zip(&curve.steps) {
                prop_assert_eq!(step.incidence[0].variance.is_some(), plain.variance.is_some());
                let gap = step.incidence[0].variance.zip(plain.variance).map_or(0.0, |(a, b)| (a - b).abs());
                prop_assert!(gap < 1e-9, "{} apart", gap);
            }
        }

        #[test]
        fn without_censoring_the_variance_is_multinomial(ends in any_endings()) {
            let all: Vec<Ending> = ends.iter().map(|e| Ending { cause: e.cause.or(Some(0)), ..*e }).collect();
            let got = AalenJohansen::new(&all, 3, Level::P95).unwrap();
            for share in got.steps.iter().flat_map(|s| &s.incidence) {
                let expected = share.point * (1.0 - share.point) / real(got.n);
                prop_assert!(share.variance.is_none_or(|v| (v - expected).abs() < 1e-12));
            }
        }
    }
}
