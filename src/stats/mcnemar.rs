//! Whether two configurations differ on the same tasks, when each either passes or fails.
//!
//! Only tasks on which they disagree carry information: if neither is better, each disagreement is a
//! fair coin.

use super::special::binomial_cdf;

/// Outcomes of two configurations on the same tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Tasks with the same outcome on both sides.
    pub agreeing: u64,
    /// Tasks only the first passed.
    pub only_first: u64,
    /// Tasks only the second passed.
    pub only_second: u64,
    /// Exact two-sided p-value; 1 when they never disagree.
    pub p: f64,
}

/// Compares pass (`true`) and fail on the same tasks. `None` when there are no tasks.
///
/// Source: as [`mcnemar_exact`].
pub fn mcnemar(pairs: &[(bool, bool)]) -> Option<McNemar> {
    let count = |wanted: (bool, bool)| pairs.iter().filter(|&&pair| pair == wanted).count() as u64;
    if pairs.is_empty() {
        return None;
    }
    let (only_first, only_second) = (count((true, false)), count((false, true)));
    let agreeing = pairs.len() as u64 - only_first - only_second;
    let p = mcnemar_exact(only_first, only_second)?;
    Some(McNemar { agreeing, only_first, only_second, p })
}

/// The exact two-sided p-value of `b` disagreements one way and `c` the other:
/// `min(1, 2 P(X ≤ min(b, c)))` with X binomial, `b + c` trials, probability ½. 1 when both are 0; `None` when
/// `b + c` overflows.
///
/// Source: Q. `McNemar`, "Note on the sampling error of the difference between correlated proportions",
/// Psychometrika 12 (1947), exact form, as `statsmodels` `mcnemar(exact=True)`.
pub fn mcnemar_exact(b: u64, c: u64) -> Option<f64> {
    let tail = binomial_cdf(b.min(c), b.checked_add(c)?, 0.5)?;
    Some((2.0 * tail).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Oracle: `statsmodels` 0.15.0 `mcnemar([[0, b], [c, 0]], exact=True)`.
    #[test]
    fn p_values_match_statsmodels() {
        for (b, c, expected) in [
            (2, 0, 0.5),
            (5, 1, 0.218_75),
            (12, 3, 0.035_156_25),
            (40, 17, 0.003_201_543_767_450_381_3),
            (0, 60, 1.734_723_475_976_807e-18),
        ] {
            let got = mcnemar_exact(b, c).unwrap();
            assert!((got - expected).abs() <= 1e-9 * expected, "{b}, {c}: {got} is not {expected}");
        }
    }

    #[test]
    fn no_disagreement_is_no_evidence() {
        assert_eq!(mcnemar_exact(0, 0), Some(1.0));
        assert_eq!(mcnemar_exact(4, 4), Some(1.0));
        assert_eq!(mcnemar_exact(u64::MAX, 1), None);
        assert_eq!(mcnemar(&[]), None);
    }

    #[test]
    fn pairs_are_counted_by_side() {
        let got = mcnemar(&[(true, false), (true, true), (false, false), (true, false)]).unwrap();
        assert_eq!((got.agreeing, got.only_first, got.only_second), (2, 2, 0));
        assert!((got.p - 0.5).abs() < 1e-12);
    }

    proptest! {
        /// Every way the coins can fall, one by one.
        #[test]
        fn p_is_the_share_of_coin_tosses_as_lopsided(b in 0_u64..9, c in 0_u64..9) {
            let n = u32::try_from(b + c).unwrap();
            let middle = f64::from(n) / 2.0;
            let off = (f64::from(u32::try_from(b).unwrap()) - middle).abs();
            let hits = (0_u32..1 << n).filter(|s| (f64::from(s.count_ones()) - middle).abs() >= off).count();
            let share = f64::from(u32::try_from(hits).unwrap()) / f64::from(1_u32 << n);
            prop_assert!((mcnemar_exact(b, c).unwrap() - share).abs() < 1e-12);
            prop_assert_eq!(mcnemar_exact(b, c), mcnemar_exact(c, b));
        }
    }
}
