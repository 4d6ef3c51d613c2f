//! A success rate as a belief rather than an estimate: for a handful of runs, and for the question "how
//! likely is A better than B?".
//!
//! The prior is uniform, so the answer for no runs is the prior itself and never a division by 0.

use super::sample::sum;
use super::special::{beta_cdf, beta_quantile, ln_beta};

/// The belief about a success rate after `x` successes in `n` runs: Beta(1 + x, 1 + n - x).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatePosterior {
    successes: u64,
    failures: u64,
}

impl RatePosterior {
    /// The posterior under the uniform prior; `None` when `x > n`.
    ///
    /// Source: T. Bayes (1763); for evaluations S. Bowyer et al., arXiv 2503.01747 (2025).
    pub fn new(x: u64, n: u64) -> Option<Self> {
        Some(Self { successes: x, failures: n.checked_sub(x)? })
    }

    /// The two parameters of the beta distribution.
    fn shape(self) -> (f64, f64) {
        (real(self.successes) + 1.0, real(self.failures) + 1.0)
    }

    /// The posterior mean, `(x + 1) / (n + 2)`: Laplace's rule of succession.
    pub fn mean(self) -> f64 {
        let (a, b) = self.shape();
        a / (a + b)
    }

    /// The rate that is exceeded with probability `1 - p`; `None` unless `p` lies in 0..=1.
    pub fn quantile(self, p: f64) -> Option<f64> {
        let (a, b) = self.shape();
        beta_quantile(p, a, b)
    }

    /// The posterior median.
    pub fn median(self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The central interval that holds the rate with probability `level`; `None` unless `0 < level < 1`.
    pub fn interval(self, level: f64) -> Option<(f64, f64)> {
        if !(level > 0.0 && level < 1.0) {
            return None;
        }
        let outside = (1.0 - level) / 2.0;
        Some((self.quantile(outside)?, self.quantile(1.0 - outside)?))
    }

    /// The probability that the rate is above `threshold`; `None` when `threshold` is NaN.
    pub fn probability_above(self, threshold: f64) -> Option<f64> {
        let (a, b) = self.shape();
        beta_cdf(1.0 - threshold, b, a)
    }

    /// The probability that this rate is above another, independent one:
    /// `Σ_{i<α_A} B(α_B + i, β_A + β_B) / ((β_A + i) B(1 + i, β_A) B(α_B, β_B))`. Exact, `O(successes)`.
    ///
    /// Source: E. Miller, "Formulas for Bayesian A/B testing" (2013). The terms are formed as logarithms.
    pub fn probability_better_than(self, other: Self) -> Option<f64> {
        let ((_, b), (other_a, other_b)) = (self.shape(), other.shape());
        let whole = ln_beta(other_a, other_b)?;
        let term = |i: u64| {
            let i = real(i);
            let log = ln_beta(other_a + i, b + other_b)? - (b + i).ln() - ln_beta(1.0 + i, b)?;
            Some((log - whole).exp())
        };
        let terms: Option<Vec<f64>> = (0..=self.successes).map(term).collect();
        Some(sum(terms?.into_iter()).clamp(0.0, 1.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 runs the relative error is 1e-16")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(x: u64, n: u64) -> RatePosterior {
        RatePosterior::new(x, n).unwrap()
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("a number");
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// Oracle: `scipy.stats.beta`, `SciPy` 1.17.1.
    #[test]
    fn posterior_matches_scipy() {
        close(rate(3, 5).median(), 0.578_592_809_309_286_9);
        let (low, high) = rate(3, 5).interval(0.95).unwrap();
        close(Some(low), 0.222_778_095_503_512_13);
        close(Some(high), 0.881_882_751_242_974_8);
        close(rate(0, 15).quantile(0.975), 0.205_907_214_207_822_7);
        close(rate(3, 5).probability_above(0.6), 0.455_680_000_000_000_03);
        close(Some(rate(3, 5).mean()), 4.0 / 7.0);
    }

    /// Oracle: `scipy.integrate.quad` of the density of A times the distribution function of B, `SciPy` 1.17.1.
    #[test]
    fn comparison_matches_integration() {
        close(rate(3, 5).probability_better_than(rate(1, 5)), 0.878_787_878_787_878_5);
        close(rate(12, 15).probability_better_than(rate(9, 15)), 0.873_793_748_287_147);
        close(rate(180, 400).probability_better_than(rate(210, 400)), 0.016_998_670_926_487_457);
        close(rate(0, 3).probability_better_than(rate(2, 2)), 0.028_571_428_571_428_574);
    }

    #[test]
    fn no_runs_leave_the_prior() {
        close(rate(0, 0).median(), 0.5);
        close(rate(0, 0).probability_better_than(rate(0, 0)), 0.5);
        assert_eq!(RatePosterior::new(2, 1), None);
        assert_eq!(rate(1, 2).interval(1.0), None);
        assert_eq!(rate(1, 2).interval(f64::NAN), None);
        assert_eq!(rate(1, 2).probability_above(f64::NAN), None);
        assert_eq!(rate(1, 2).probability_above(1.0), Some(0.0));
    }

    proptest! {
        #[test]
        fn one_of_the_two_is_better(x in 0_u64..60, n in 0_u64..60, y in 0_u64..60, m in 0_u64..60) {
            let (a, b) = (rate(x.min(n), n), rate(y.min(m), m));
            let both = a.probability_better_than(b).unwrap() + b.probability_better_than(a).unwrap();
            prop_assert!((both - 1.0).abs() < 1e-9, "{}", both);
        }

        #[test]
        fn limits_hold_the_median(x in 0_u64..300, n in 0_u64..300, level in 0.01_f64..0.99) {
            let posterior = rate(x.min(n), n);
            let (low, high) = posterior.interval(level).unwrap();
            let median = posterior.median().unwrap();
            prop_assert!(0.0 < low && low < median && median < high && high < 1.0);
            let held = posterior.probability_above(low).unwrap() - posterior.probability_above(high).unwrap();
            prop_assert!((held - level).abs() < 1e-9);
        }
    }
}
