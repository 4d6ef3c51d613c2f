//! Survival curves against lifelines and hand counts.

use proptest::prelude::*;

use super::interval::{Level, real, wilson};
use super::kaplan_meier::{
    KaplanMeier, Observation, StageCounts, SurvivalError, SurvivalStep, size,
};

fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
}

fn watched(pairs: &[(f64, u8)]) -> Vec<Observation> {
    pairs.iter().map(|&(time, event)| Observation { time, event: event == 1 }).collect()
}

/// At risk, events and censored of each stage.
fn stages(counts: &[[u64; 3]]) -> Vec<StageCounts> {
    let stage = |&[at_risk, events, censored]: &[u64; 3]| StageCounts { at_risk, events, censored };
    counts.iter().map(stage).collect()
}

fn curve(pairs: &[(f64, u8)], level: Level) -> KaplanMeier {
    KaplanMeier::new(&watched(pairs), level).unwrap()
}

fn assert_step(step: &SurvivalStep, survival: f64, sum: f64, low: f64, high: f64) {
    near(step.survival, survival);
    near(step.variance.unwrap(), survival * survival * sum);
    near(step.interval.unwrap().low, low);
    near(step.interval.unwrap().high, high);
}

const SIX: [(f64, u8); 6] = [(1.0, 1), (2.0, 1), (2.0, 0), (3.0, 1), (6.0, 0), (6.0, 0)];

const FIFTEEN: [(f64, u8); 15] = [
    (2.5, 1),
    (4.0, 1),
    (4.0, 1),
    (4.0, 0),
    (6.5, 0),
    (7.0, 1),
    (7.0, 0),
    (9.0, 1),
    (10.0, 1),
    (11.0, 0),
    (13.0, 1),
    (13.0, 1),
    (17.0, 0),
    (20.0, 1),
    (21.0, 0),
];

/// Oracle: `KaplanMeierFitter` of lifelines 0.30.3: survival, Greenwood's sum, default limits.
#[test]
fn curve_matches_lifelines() {
    let six = curve(&SIX, Level::P95);
    assert_step(&six.steps[0], 5.0 / 6.0, 1.0 / 30.0, 0.273_122_849_928, 0.974_712_426_691);
    assert_step(&six.steps[1], 2.0 / 3.0, 1.0 / 12.0, 0.194_616_636_806, 0.904_434_164_323);
    assert_step(&six.steps[2], 4.0 / 9.0, 0.25, 0.066_186_753_146, 0.784_908_367_148);
    assert_step(&six.steps[3], 4.0 / 9.0, 0.25, 0.066_186_753_146, 0.784_908_367_148);
    let table = six.steps.iter().map(|s| (s.at_risk, s.events, s.censored));
    assert_eq!(table.collect::<Vec<_>>(), [(6, 1, 0), (5, 1, 1), (3, 1, 0), (2, 0, 2)]);

    let long = curve(&FIFTEEN, Level::P95);
    assert_eq!(long.steps.len(), 11);
    assert_step(&long.steps[1], 0.8, 1.0 / 60.0, 0.499_823_981_656, 0.930_717_294_054);
    assert_step(&long.steps[4], 0.63, 0.045_634_920_635, 0.318_706_294_523, 0.829_701_270_998);
    assert_step(&long.steps[9], 0.162, 0.702_777_777_778, 0.011_231_723_849, 0.478_059_835_875);
    let narrow = curve(&FIFTEEN, Level::new(0.9).unwrap());
    let step = &narrow.steps[7];
    assert_step(step, 0.324, 0.202_777_777_778, 0.113_667_883_469, 0.557_595_936_780);
}

/// Oracle: `restricted_mean_survival_time` of lifelines 0.30.3.
#[test]
fn restricted_mean_matches_lifelines() {
    let (six, long) = (curve(&SIX, Level::P95), curve(&FIFTEEN, Level::P95));
    near(six.restricted_mean(2.5).unwrap(), 13.0 / 6.0);
    near(six.restricted_mean(6.0).unwrap(), 23.0 / 6.0);
    near(long.restricted_mean(5.0).unwrap(), 4.7);
    near(long.restricted_mean(13.0).unwrap(), 9.99);
    near(long.restricted_mean(21.0).unwrap(), 12.42);
    near(long.restricted_mean(0.0).unwrap(), 0.0);
    assert_eq!(long.restricted_mean(21.5), None);
    assert_eq!(long.restricted_mean(f64::INFINITY), None);
    assert_eq!(long.survival_at(-1.0), None);
    assert_eq!(long.survival_at(1.0), Some(1.0));
}

/// First failures of the 15 RAMP runs (arXiv 2605.27492) with a pass at a score of at least 60, and at 100.
/// Oracle: counting leading passes by hand: 37 at 60, 28 at 100.
#[test]
fn ramp_curves_match_the_count_of_leading_passes() {
    let at_60 = [[15, 0, 0], [15, 3, 0], [12, 8, 0], [4, 0, 0], [4, 3, 0], [1, 0, 0]];
    let at_100 = [[15, 0, 0], [15, 8, 0], [7, 3, 0], [4, 2, 0], [2, 2, 0], [0, 0, 0]];
    for (counts, left, sum) in [
        (at_60, [15.0, 12.0, 4.0, 4.0, 1.0, 1.0], 37.0),
        (at_100, [15.0, 7.0, 4.0, 2.0, 0.0, 0.0], 28.0),
    ] {
        let got = KaplanMeier::from_counts(&stages(&counts), Level::P95).unwrap();
        assert_eq!(got.steps.len(), 6);
        for (step, runs) in got.steps.iter().zip(left) {
            near(step.survival, runs / 15.0);
        }
        near(got.mean_stages_passed().unwrap(), sum / 15.0);
        near(got.steps[1].hazard.unwrap(), 1.0 - left[1] / 15.0);
        near(got.steps[1].variance.unwrap(), left[1] * (15.0 - left[1]) / 3375.0);
    }
}

#[test]
fn none_and_all_have_a_wilson_bound_instead_of_an_interval() {
    let counts = stages(&[[15, 0, 0], [15, 8, 0], [7, 3, 0], [4, 2, 0], [2, 2, 0], [0, 0, 0]]);
    let got = KaplanMeier::from_counts(&counts, Level::P95).unwrap();
    let bound = |step: usize| got.steps[step].wilson_bound(Level::P95);
    near(bound(0).unwrap().low, 0.796_116_698_964);
    assert_eq!(bound(1), None);
    for step in [4, 5] {
        near(bound(step).unwrap().high, 0.203_883_301_036);
        assert_eq!(got.steps[step].interval, None);
        assert_eq!(got.steps[step].variance, None);
    }
    assert_eq!(got.steps[0].interval, None);
    assert_eq!(got.steps[5].hazard, None);
    let some_lost = curve(&[(1.0, 0), (2.0, 1), (3.0, 1)], Level::P95);
    assert_eq!(some_lost.steps[2].wilson_bound(Level::P95), wilson(0, 2, Level::P95));
}

#[test]
fn a_curve_ends_where_nobody_is_left() {
    let got = KaplanMeier::from_counts(&stages(&[[2, 1, 1], [0, 0, 0]]), Level::P95).unwrap();
    assert_eq!(got.steps.len(), 1);
    for nobody in [
        KaplanMeier::new(&[], Level::P95),
        KaplanMeier::from_counts(&stages(&[[0, 0, 0]]), Level::P95),
    ] {
        let nobody = nobody.unwrap();
        assert!(nobody.steps.is_empty());
        assert_eq!(nobody.survival_at(0.0), None);
        assert_eq!(nobody.restricted_mean(0.0), None);
        assert_eq!(nobody.mean_stages_passed(), None);
    }
    let all = curve(&[(0.0, 1), (-0.0, 1), (4.0, 1)], Level::P95);
    assert_eq!(all.steps.len(), 2);
    near(all.restricted_mean(100.0).unwrap(), 4.0 / 3.0);
}

#[test]
fn unsound_input_is_refused() {
    for time in [-1.0, f64::NAN, f64::INFINITY] {
        let got = KaplanMeier::new(&watched(&[(1.0, 1), (time, 1)]), Level::P95);
        assert!(matches!(got, Err(SurvivalError::Time { index: 1, .. })));
    }
    let error = SurvivalError::Counts { stage: 1, at_risk: 5, needed: 4 };
    let got = KaplanMeier::from_counts(&stages(&[[6, 1, 1], [5, 1, 0]]), Level::P95);
    assert_eq!(got, Err(error));
    let error = SurvivalError::Counts { stage: 0, at_risk: 1, needed: 2 };
    let got = KaplanMeier::from_counts(&stages(&[[1, 1, 1]]), Level::P95);
    assert_eq!(got, Err(error));
}

fn any_pairs() -> impl Strategy<Value = Vec<(f64, u8)>> {
    let pair = (0_u8..20, 0_u8..2).prop_map(|(time, event)| (f64::from(time), event));
    prop::collection::vec(pair, 1..60)
}

proptest! {
    #[test]
    fn the_curve_falls_inside_its_limits(pairs in any_pairs()) {
        let got = curve(&pairs, Level::P95);
        let mut before = 1.0;
        for step in &got.steps {
            prop_assert!((0.0..=before).contains(&step.survival));
            before = step.survival;
            prop_assert!(step.interval.is_none_or(|i| 0.0 <= i.low && i.low <= step.survival && step.survival <= i.high && i.high <= 1.0));
            prop_assert_eq!(step.interval.is_none(), step.wilson_bound(Level::P95).is_some());
        }
    }

    #[test]
    fn without_censoring_it_is_the_share_still_without_event(pairs in any_pairs(), time in 0_u8..20) {
        let all: Vec<(f64, u8)> = pairs.iter().map(|p| (p.0, 1)).collect();
        let time = f64::from(time);
        let left = real(size(all.iter().filter(|p| p.0 > time).count()));
        let n = real(size(all.len()));
        prop_assert!((curve(&all, Level::P95).survival_at(time).unwrap() - left / n).abs() < 1e-12);
        let mean = all.iter().map(|p| p.0.min(time)).sum::<f64>() / n;
        prop_assert!((curve(&all, Level::P95).restricted_mean(time).unwrap() - mean).abs() < 1e-9);
    }

    #[test]
    fn order_does_not_matter(pairs in any_pairs()) {
        let reversed: Vec<(f64, u8)> = pairs.iter().rev().copied().collect();
        prop_assert_eq!(curve(&pairs, Level::P95), curve(&reversed, Level::P95));
    }
}
