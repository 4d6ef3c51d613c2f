//! Measures of a 2x2 table against statsmodels, `SciPy` and hand arithmetic.

use proptest::prelude::*;

use super::interval::Level;
use super::risk::{MOST_EXACT, Ratio, TwoByTwo};

fn table(a: u64, b: u64, c: u64, d: u64) -> TwoByTwo {
    TwoByTwo { exposed_events: a, exposed_rest: b, other_events: c, other_rest: d }
}

fn near(got: f64, expected: f64) {
    assert!((got - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{got} is not {expected}");
}

fn finite(ratio: Option<Ratio>, point: f64, low: f64, high: f64) {
    let ratio = ratio.unwrap();
    near(ratio.point().unwrap(), point);
    near(ratio.interval().unwrap().low, low);
    near(ratio.interval().unwrap().high, high);
}

/// Oracle: `Table2x2` of statsmodels 0.15.0 for the ratios, its `confint_proportions_2indep` with method
/// `newcomb` for the difference, `fisher_exact` and `pearsonr` of `SciPy` 1.17.1.
#[test]
fn measures_match_statsmodels_and_scipy() {
    let one = table(9, 1, 4, 6);
    finite(one.risk_ratio(Level::P95), 2.25, 1.024_523_021_959_3, 4.941_323_807_754_2);
    finite(one.odds_ratio(Level::P95), 13.5, 1.197_348_301_116_7, 152.211_348_886_552_1);
    let difference = one.risk_difference(Level::P95).unwrap();
    near(difference.point, 0.5);
    near(difference.interval.low, 0.081_593_975_427_4);
    near(difference.interval.high, 0.745_936_324_911_0);
    near(one.fisher().unwrap(), 0.057_275_541_795_7);
    near(one.phi().unwrap(), 0.524_142_418_359_1);

    let (two, level) = (table(3, 7, 8, 2), Level::new(0.9).unwrap());
    finite(two.risk_ratio(level), 0.375, 0.162_536_803_609_4, 0.865_188_664_211_5);
    finite(two.odds_ratio(level), 0.107_142_857_142_9, 0.019_069_548_746_1, 0.601_985_500_001_0);
    let difference = two.risk_difference(level).unwrap();
    near(difference.interval.low, -0.717_367_706_407_0);
    near(difference.interval.high, -0.134_066_447_238_0);
    near(two.fisher().unwrap(), 0.069_778_518_694_9);
    near(two.phi().unwrap(), -0.502_518_907_629_6);

    let rare = table(12, 988, 5, 1995);
    finite(rare.risk_ratio(Level::P95), 4.8, 1.695_725_516_863_8, 13.587_104_617_386_1);
    near(rare.fisher().unwrap(), 0.002_815_192_659_4);
    near(table(5, 5, 0, 10).fisher().unwrap(), 0.032_507_739_938_1);
    near(table(0, 10, 4, 6).fisher().unwrap(), 0.086_687_306_501_5);
    let difference = table(0, 10, 4, 6).risk_difference(Level::P95).unwrap();
    near(difference.interval.low, -0.687_326_230_266_3);
    near(difference.interval.high, -0.038_385_820_888_0);
}

/// Failure after failure over all neighbouring stages of the 15 RAMP runs (arXiv 2605.27492; a pass is a
/// score of at least 60). Oracle: as above.
#[test]
fn ramp_stages_fail_twice_as_often_after_a_failure() {
    let ramp = table(35, 3, 15, 22);
    finite(ramp.risk_ratio(Level::P95), 2.271_929_824_561, 1.521_136_260_320, 3.393_295_697_681);
    finite(ramp.odds_ratio(Level::P95), 17.111_111_111_11, 4.438_434_635_503, 65.966_978_789_04);
    near(ramp.phi().unwrap(), 0.546_877_857_643_4);
    near(ramp.population_attributable_fraction().unwrap(), 0.391_891_891_891_9);
    near(ramp.fisher().unwrap() * 1e6, 1.789_248_189_050_8);
}

/// Oracle: hand; 1 - 4/9 = .5556, (.65 - .4)/.65 = .3846, and Levin's form .5 · 1.25 / (1 + .5 · 1.25).
#[test]
fn attributable_fractions_match_hand_arithmetic() {
    let one = table(9, 1, 4, 6);
    near(one.attributable_fraction_exposed().unwrap(), 5.0 / 9.0);
    near(one.population_attributable_fraction().unwrap(), 0.25 / 0.65);
    near(one.population_attributable_fraction().unwrap(), 0.625 / 1.625);
    near(table(2, 8, 4, 6).attributable_fraction_exposed().unwrap(), -1.0);
    near(table(2, 8, 4, 6).population_attributable_fraction().unwrap(), -1.0 / 3.0);
}

/// Oracle: `Table2x2` of statsmodels 0.15.0 on the cells plus 1/2 (its own `shift_zeros` raises only the
/// cells that are 0).
#[test]
fn a_half_in_every_cell_is_flagged() {
    let cases = [
        (table(5, 5, 0, 10), [11.0, 0.688_037_197_827, 175.862_584_729_587, 21.0]),
        (
            table(0, 10, 4, 6),
            [0.111_111_111_111, 0.006_758_932_678, 1.826_572_271_254, 0.068_783_068_783],
        ),
        (
            table(10, 0, 4, 6),
            [2.333_333_333_333, 1.133_658_999_055, 4.802_541_548_193, 30.333_333_333_333],
        ),
    ];
    for (counts, [point, low, high, odds]) in cases {
        let got = counts.display_risk_ratio(Level::P95).unwrap();
        assert!(got.corrected);
        near(got.point, point);
        near(got.interval.unwrap().low, low);
        near(got.interval.unwrap().high, high);
        near(counts.display_odds_ratio(Level::P95).unwrap().point, odds);
    }
    let whole = table(9, 1, 4, 6).display_risk_ratio(Level::P95).unwrap();
    assert!(!whole.corrected);
    near(whole.point, 2.25);
}

#[test]
fn a_ratio_over_nothing_is_infinite() {
    let up = table(5, 5, 0, 10);
    assert_eq!(up.risk_ratio(Level::P95), Some(Ratio::Infinite));
    assert_eq!(up.odds_ratio(Level::P95), Some(Ratio::Infinite));
    assert_eq!(up.risk_ratio(Level::P95).and_then(Ratio::point), None);
    assert_eq!(up.attributable_fraction_exposed(), Some(1.0));
    assert_eq!(up.population_attributable_fraction(), Some(1.0));
    let down = table(0, 10, 4, 6);
    let nought = Some(Ratio::Finite { point: 0.0, interval: None });
    assert_eq!(down.risk_ratio(Level::P95), nought);
    assert_eq!(down.odds_ratio(Level::P95), nought);
    assert_eq!(down.attributable_fraction_exposed(), None);
}

#[test]
fn what_no_count_tells_is_undefined() {
    for one_row in [table(0, 0, 3, 4), table(3, 4, 0, 0), table(0, 0, 0, 0)] {
        assert_eq!(one_row.risk_ratio(Level::P95), None);
        assert_eq!(one_row.odds_ratio(Level::P95), None);
        assert_eq!(one_row.risk_difference(Level::P95), None);
        assert_eq!(one_row.population_attributable_fraction(), None);
        assert_eq!(one_row.phi(), None);
        assert_eq!(one_row.display_risk_ratio(Level::P95), None);
        assert_eq!(one_row.display_odds_ratio(Level::P95), None);
    }
    let never = table(0, 5, 0, 6);
    assert_eq!(never.risk_ratio(Level::P95), None);
    assert_eq!(never.population_attributable_fraction(), None);
    assert_eq!(never.fisher(), Some(1.0));
    assert_eq!(table(0, 0, 0, 0).fisher(), None);
    assert_eq!(table(MOST_EXACT, 1, 0, 0).fisher(), None);
    let always = table(5, 0, 6, 0).risk_ratio(Level::P95);
    assert_eq!(always, Some(Ratio::Finite { point: 1.0, interval: None }));
}

proptest! {
    #[test]
    fn any_counts_give_numbers_or_nothing(a: u64, b: u64, c: u64, d: u64) {
        let t = table(a, b, c, d);
        let mut numbers = vec![t.phi(), t.fisher(), t.attributable_fraction_exposed(), t.population_attributable_fraction()];
        for ratio in [t.risk_ratio(Level::P95), t.odds_ratio(Level::P95)].into_iter().flatten() {
            numbers.push(ratio.point());
            numbers.extend(ratio.interval().map(|i| [Some(i.low), Some(i.high)]).into_iter().flatten());
        }
        prop_assert!(numbers.into_iter().flatten().all(f64::is_finite));
    }

    #[test]
    fn rows_and_columns_change_places(a in 0_u64..30, b in 0_u64..30, c in 0_u64..30, d in 0_u64..30) {
        let (t, turned) = (table(a, b, c, d), table(a, c, b, d));
        prop_assert_eq!(t.odds_ratio(Level::P95).is_some(), turned.odds_ratio(Level::P95).is_some());
        let (p, q) = (t.fisher(), turned.fisher());
        prop_assert!(p.zip(q).is_none_or(|(p, q)| (p - q).abs() < 1e-9 && p > 0.0));
        let swapped = table(c, d, a, b).risk_difference(Level::P95);
        if let (Some(x), Some(y)) = (t.risk_difference(Level::P95), swapped) {
            prop_assert!((x.point + y.point).abs() < 1e-12 && (x.interval.low + y.interval.high).abs() < 1e-12);
            prop_assert!(x.interval.low <= x.point && x.point <= x.interval.high);
        }
    }
}
