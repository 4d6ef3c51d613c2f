//! P-values of many comparisons, adjusted for there being many.
//!
//! Holm bounds the chance of even one false claim: for tables that say "A beats B". Benjamini and Hochberg
//! bound the expected share of false claims: for scans over stages and metrics. The family is what is
//! passed in; comparisons without a p-value must be left out, and counted, by the caller.

use thiserror::Error;

use super::sample::real;

/// Why p-values cannot be adjusted.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum MultiplicityError {
    /// A value is not a probability.
    #[error("p-value {value} at position {index} is not between 0 and 1")]
    NotProbability {
        /// Position in the input, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
}

/// Holm's adjusted p-values, in the order of the input: with the p-values in ascending order,
/// `max_{j ≤ i} min(1, (m - j + 1) p_j)`. Controls the family-wise error rate under any dependence.
///
/// Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
/// Statistics 6 (1979), as `statsmodels` `multipletests(method="holm")`.
pub fn holm(p: &[f64]) -> Result<Vec<f64>, MultiplicityError> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut most = 0.0_f64;
    for (position, &index) in order.iter().enumerate() {
        most = most.max((real(p.len() - position) * p[index]).min(1.0));
        adjusted[index] = most;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's adjusted p-values, in the order of the input: with the p-values in ascending
/// order, `min_{j ≥ i} min(1, m p_j / j)`. Controls the false discovery rate of independent or positively
/// dependent tests.
///
/// Source: Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995), as
/// `scipy.stats.false_discovery_control`.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>, MultiplicityError> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (position, &index) in order.iter().enumerate().rev() {
        least = least.min(p[index] * real(p.len()) / real(position + 1));
        adjusted[index] = least;
    }
    Ok(adjusted)
}

/// Positions by ascending p-value.
fn ascending(p: &[f64]) -> Result<Vec<usize>, MultiplicityError> {
    if let Some((index, &value)) = p.iter().enumerate().find(|(_, v)| !(0.0..=1.0).contains(*v)) {
        return Err(MultiplicityError::NotProbability { index, value });
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (a, b) in got.iter().zip(expected) {
            assert!((a - b).abs() < 1e-12, "{got:?} is not {expected:?}");
        }
    }

    const P: [f64; 7] = [0.01, 0.9, 0.04, 0.03, 0.04, 0.005, 0.31];

    /// Oracle: `statsmodels` 0.15.0 `multipletests(method="holm")`.
    #[test]
    fn holm_matches_statsmodels() {
        close(&holm(&[0.01, 0.04, 0.03, 0.005]).unwrap(), &[0.03, 0.06, 0.06, 0.02]);
        close(&holm(&P).unwrap(), &[0.06, 0.9, 0.16, 0.15, 0.16, 0.035, 0.62]);
    }

    /// Oracle: `scipy.stats.false_discovery_control`, `SciPy` 1.17.1.
    #[test]
    fn benjamini_hochberg_matches_scipy() {
        let got = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]).unwrap();
        close(&got, &[0.02, 0.04, 0.04, 0.02]);
        close(
            &benjamini_hochberg(&P).unwrap(),
            &[
                0.035,
                0.9,
                0.055_999_999_999_999_994,
                0.055_999_999_999_999_994,
                0.055_999_999_999_999_994,
                0.035,
                0.361_666_666_666_666_7,
            ],
        );
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for adjust in [holm, benjamini_hochberg] {
            for bad in [f64::NAN, -0.1, 1.1] {
                let Err(MultiplicityError::NotProbability { index: 1, .. }) = adjust(&[0.5, bad])
                else {
                    panic!("{bad} was accepted");
                };
            }
            assert_eq!(adjust(&[]), Ok(vec![]));
            assert_eq!(adjust(&[0.2]), Ok(vec![0.2]));
        }
    }

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_only_raises(p in prop::collection::vec(0.0_f64..=1.0, 1..30)) {
            let (strict, mild) = (holm(&p).unwrap(), benjamini_hochberg(&p).unwrap());
            for i in 0..p.len() {
                prop_assert!(p[i] <= mild[i] + 1e-15 && mild[i] <= strict[i] + 1e-15 && strict[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || strict[i] <= strict[j] && mild[i] <= mild[j]);
                }
            }
        }

        #[test]
        fn order_of_input_does_not_matter(p in prop::collection::vec(0.0_f64..=1.0, 1..30)) {
            let reversed: Vec<f64> = p.iter().rev().copied().collect();
            for adjust in [holm, benjamini_hochberg] {
                let mut got = adjust(&reversed).unwrap();
                got.reverse();
                prop_assert_eq!(got, adjust(&p).unwrap());
            }
        }
    }
}
