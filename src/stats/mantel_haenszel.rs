//! One ratio from tables of several strata, so that a third thing that differs between them cannot make it.
//!
//! Later stages of a pipeline both fail more often and follow more failures; pooling them invents a cascade.
//! One 2x2 table per stratum comes in; the common ratio with its interval goes out. Strata that cannot tell
//! anything are left out and counted.

use super::interval::{Level, real};
use super::risk::{Ratio, TwoByTwo};

/// A ratio common to several strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PooledRatio {
    /// The ratio.
    pub ratio: Ratio,
    /// Strata that it comes from.
    pub used: usize,
    /// Strata without information: an empty row, or nothing that varies.
    pub skipped: usize,
}

/// One stratum: the cells, rows and size.
#[derive(Debug, Clone, Copy)]
struct Stratum {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    exposed: f64,
    others: f64,
    all: f64,
}

impl From<&TwoByTwo> for Stratum {
    fn from(table: &TwoByTwo) -> Self {
        let (a, b) = (real(table.exposed_events), real(table.exposed_rest));
        let (c, d) = (real(table.other_events), real(table.other_rest));
        Self { a, b, c, d, exposed: a + b, others: c + d, all: a + b + c + d }
    }
}

/// The Mantel-Haenszel risk ratio `Σ a n₀/N / Σ c n₁/N` over strata of `n₁` exposed and `n₀` others. The
/// variance of its logarithm is `Σ (m n₁ n₀ - a c N)/N² / (Σ a n₀/N · Σ c n₁/N)` with `m = a + c` events; of
/// one stratum it is Katz's. A stratum needs both rows and an event; `None` when none has them.
///
/// Source: N. Mantel and W. Haenszel, JNCI 22 (1959); variance S. Greenland and J. M. Robins, "Estimation of a
/// common effect parameter from sparse follow-up data", Biometrics 41 (1985).
pub fn risk_ratio_mh(strata: &[TwoByTwo], level: Level) -> Option<PooledRatio> {
    let tells = |s: &Stratum| s.exposed > 0.0 && s.others > 0.0 && s.a + s.c > 0.0;
    let kept: Vec<Stratum> = strata.iter().map(Stratum::from).filter(tells).collect();
    let above: f64 = kept.iter().map(|s| s.a * s.others / s.all).sum();
    let below: f64 = kept.iter().map(|s| s.c * s.exposed / s.all).sum();
    // The same as the formula, without its subtraction.
    let spread = |s: &Stratum| (s.a * s.d * s.exposed + s.b * s.c * s.others) / (s.all * s.all);
    let variance = kept.iter().map(spread).sum::<f64>() / (above * below);
    let ratio = Ratio::of(above, below, variance.sqrt(), level)?;
    Some(PooledRatio { ratio, used: kept.len(), skipped: strata.len() - kept.len() })
}

/// The Mantel-Haenszel odds ratio `Σ ad/N / Σ bc/N`, with the variance of its logarithm of Robins, Breslow
/// and Greenland; of one stratum it is Woolf's. A stratum needs both rows, an event and a non-event; `None`
/// when none has them.
///
/// Source: N. Mantel and W. Haenszel, JNCI 22 (1959); variance J. Robins, N. Breslow and S. Greenland,
/// Biometrics 42 (1986).
pub fn odds_ratio_mh(strata: &[TwoByTwo], level: Level) -> Option<PooledRatio> {
    let tells =
        |s: &Stratum| s.exposed > 0.0 && s.others > 0.0 && s.a + s.c > 0.0 && s.b + s.d > 0.0;
    let kept: Vec<Stratum> = strata.iter().map(Stratum::from).filter(tells).collect();
    let over = |term: fn(&Stratum) -> f64| kept.iter().map(term).sum::<f64>();
    let above = over(|s| s.a * s.d / s.all);
    let below = over(|s| s.b * s.c / s.all);
    let (concordant, discordant) = (above * above, below * below);
    let variance = over(|s| (s.a + s.d) * s.a * s.d / (s.all * s.all)) / (2.0 * concordant)
        + over(|s| ((s.a + s.d) * s.b * s.c + (s.b + s.c) * s.a * s.d) / (s.all * s.all))
            / (2.0 * above * below)
        + over(|s| (s.b + s.c) * s.b * s.c / (s.all * s.all)) / (2.0 * discordant);
    let ratio = Ratio::of(above, below, variance.sqrt(), level)?;
    Some(PooledRatio { ratio, used: kept.len(), skipped: strata.len() - kept.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tables(cells: &[[u64; 4]]) -> Vec<TwoByTwo> {
        let table = |[a, b, c, d]: &[u64; 4]| TwoByTwo {
            exposed_events: *a,
            exposed_rest: *b,
            other_events: *c,
            other_rest: *d,
        };
        cells.iter().map(table).collect()
    }

    fn assert_ratio(got: Option<PooledRatio>, point: f64, low: f64, high: f64) {
        let got = got.unwrap();
        let limits = got.ratio.interval().unwrap();
        let off = (got.ratio.point().unwrap() - point).abs().max((limits.low - low).abs());
        assert!(off.max((limits.high - high).abs()) < 1e-8 * high, "{got:?} is not {point}");
    }

    /// Tuberculosis after BCG vaccination: G. A. Colditz et al., JAMA 271 (1994), 13 trials.
    const BCG: [[u64; 4]; 13] = [
        [4, 119, 11, 128],
        [6, 300, 29, 274],
        [3, 228, 11, 209],
        [62, 13_536, 248, 12_619],
        [33, 5036, 47, 5761],
        [180, 1361, 372, 1079],
        [8, 2537, 10, 619],
        [505, 87_886, 499, 87_892],
        [29, 7470, 45, 7232],
        [17, 1699, 65, 1600],
        [186, 50_448, 141, 27_197],
        [5, 2493, 3, 2338],
        [27, 16_886, 29, 17_825],
    ];

    /// Failure after failure, stage by stage from the first, of the 15 RAMP runs (arXiv 2605.27492; a pass is
    /// a score of at least 60). All passed the first stage, so its table has no exposed.
    const RAMP: [[u64; 4]; 5] =
        [[0, 0, 3, 12], [2, 1, 8, 4], [10, 0, 1, 4], [11, 0, 3, 1], [12, 2, 0, 1]];

    /// Oracle: Greenland and Robins' formula in `NumPy` 2.4.6, which gives the log risk ratio -0.4537 with
    /// standard error 0.0393, as printed for these trials in the manual of metafor (`rma.mh`).
    #[test]
    fn risk_ratio_matches_greenland_and_robins() {
        let got = risk_ratio_mh(&tables(&BCG), Level::P95);
        assert_ratio(got, 0.635_267_185_077_8, 0.588_128_729_691_4, 0.686_183_782_670_1);
        assert_eq!(got.map(|g| (g.used, g.skipped)), Some((13, 0)));
        let ramp = risk_ratio_mh(&tables(&RAMP), Level::P95);
        assert_ratio(ramp, 1.940_298_507_462_7, 1.067_706_915_332_4, 3.526_022_210_776_8);
        assert_eq!(ramp.map(|g| (g.used, g.skipped)), Some((4, 1)));
    }

    /// Oracle: `StratifiedTable` of statsmodels 0.15.0, which also gives the two risk ratios above.
    #[test]
    fn odds_ratio_matches_statsmodels() {
        let got = odds_ratio_mh(&tables(&BCG), Level::P95);
        assert_ratio(got, 0.622_874_024_573_5, 0.574_770_322_480_1, 0.675_003_623_733_3);
        let ramp = odds_ratio_mh(&tables(&RAMP), Level::P95);
        assert_ratio(ramp, 8.875, 1.468_652_685_809_1, 53.631_212_989_345_4);
    }

    #[test]
    fn strata_without_information_are_skipped_and_counted() {
        let idle = [[0, 0, 5, 5], [3, 4, 0, 0], [0, 6, 0, 7], [8, 0, 9, 0], [0, 0, 0, 0]];
        assert_eq!(risk_ratio_mh(&tables(&idle[..3]), Level::P95), None);
        assert_eq!(odds_ratio_mh(&tables(&idle), Level::P95), None);
        assert_eq!(risk_ratio_mh(&[], Level::P95), None);
        let all = [&RAMP[1..], &idle[..3]].concat();
        let (with, without) = (
            risk_ratio_mh(&tables(&all), Level::P95).unwrap(),
            risk_ratio_mh(&tables(&RAMP[1..]), Level::P95).unwrap(),
        );
        assert_eq!(with.ratio, without.ratio);
        assert_eq!((with.used, with.skipped), (4, 3));
    }

    #[test]
    fn nothing_below_the_line_is_infinite_and_nothing_above_is_0() {
        let up = tables(&[[5, 5, 0, 10], [2, 8, 0, 3]]);
        assert_eq!(risk_ratio_mh(&up, Level::P95).unwrap().ratio, Ratio::Infinite);
        let down = tables(&[[0, 10, 5, 5]]);
        let nought = Ratio::Finite { point: 0.0, interval: None };
        assert_eq!(risk_ratio_mh(&down, Level::P95).unwrap().ratio, nought);
        assert_eq!(odds_ratio_mh(&down, Level::P95).unwrap().ratio, nought);
        let always = risk_ratio_mh(&tables(&[[8, 0, 9, 0]]), Level::P95).unwrap().ratio;
        assert_eq!(always, Ratio::Finite { point: 1.0, interval: None });
    }

    proptest! {
        #[test]
        fn one_stratum_is_its_own_ratio(a in 1_u64..50, b in 1_u64..50, c in 1_u64..50, d in 1_u64..50) {
            let table = tables(&[[a, b, c, d]]);
            for (pooled, single) in [
                (risk_ratio_mh(&table, Level::P95), table[0].risk_ratio(Level::P95)),
                (odds_ratio_mh(&table, Level::P95), table[0].odds_ratio(Level::P95)),
            ] {
                let (pooled, single) = (pooled.unwrap().ratio, single.unwrap());
                let (p, s) = (pooled.interval().unwrap(), single.interval().unwrap());
                prop_assert!((pooled.point().unwrap() / single.point().unwrap() - 1.0).abs() < 1e-9);
                prop_assert!((p.low / s.low - 1.0).abs() < 1e-9 && (p.high / s.high - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn equal_strata_keep_their_ratio(a in 1_u64..20, b in 1_u64..20, c in 1_u64..20, d in 1_u64..20, k in 2_usize..6) {
            let table = [a, b, c, d];
            let once = risk_ratio_mh(&tables(&[table]), Level::P95).unwrap().ratio;
            let often = risk_ratio_mh(&tables(&vec![table; k]), Level::P95).unwrap().ratio;
            prop_assert!((once.point().unwrap() - often.point().unwrap()).abs() < 1e-9);
            prop_assert!(often.interval().unwrap().low > once.interval().unwrap().low);
        }
    }
}
