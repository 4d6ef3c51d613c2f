//! Intervals of a share at any confidence level, and what the level means elsewhere.
//!
//! Three two-sided intervals that differ in what they promise: Wilson's is near its level on average,
//! Jeffreys' likewise with equal tails, Clopper and Pearson's never falls below its level and is wider for
//! it. Counts come in; fractions in 0..=1 go out.

use thiserror::Error;

use super::special::{beta_quantile, normal_quantile};

/// Why a number is not a confidence level.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The level is not a fraction between 0 and 1, or so near 1 that no limit can be told from the end.
    #[error("a confidence level must lie between 0 and 1, not {level}")]
    OutOfRange {
        /// What was given.
        level: f64,
    },
}

/// How often an interval is to hold the truth, with the normal quantile that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    share: f64,
    z: f64,
}

impl Level {
    /// 95 %, two-sided.
    pub const P95: Self = Self { share: 0.95, z: 1.959_963_984_540_054 };

    /// A level as a fraction, as 0.95; 0 and 1 themselves are refused.
    pub fn new(level: f64) -> Result<Self, LevelError> {
        let z = normal_quantile((1.0 - level) / 2.0).filter(|_| level > 0.0);
        z.map(|z| Self { share: level, z: -z }).ok_or(LevelError::OutOfRange { level })
    }

    /// The level as a fraction.
    pub fn share(self) -> f64 {
        self.share
    }

    /// The normal quantile with half of the rest above it.
    pub(super) fn z(self) -> f64 {
        self.z
    }

    /// What lies outside on each side.
    pub(super) fn tail(self) -> f64 {
        (1.0 - self.share) / 2.0
    }
}

/// Two finite limits in the unit of what they bound, `low <= high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl Interval {
    /// `exp(log ± z se)`, the interval of a ratio from the standard error of its logarithm. `None` when
    /// the error is 0 (nothing varied, which is not certainty) or a limit is out of range.
    pub(super) fn of_log(log: f64, se: f64, level: Level) -> Option<Self> {
        let (low, high) = ((log - level.z() * se).exp(), (log + level.z() * se).exp());
        (se > 0.0 && low > 0.0 && high.is_finite()).then_some(Self { low, high })
    }

    /// `s^exp(± z se / (s ln s))` for `0 < s < 1`: the log-log interval of a probability, inside 0..=1.
    /// `None` when `s` is 0 or 1 or the error is 0. Source: J. D. Kalbfleisch and R. L. Prentice, "The
    /// Statistical Analysis of Failure Time Data" (1980), 1.3.
    pub(super) fn log_log(s: f64, se: f64, level: Level) -> Option<Self> {
        if !(s > 0.0 && s < 1.0 && se > 0.0 && se.is_finite()) {
            return None;
        }
        let reach = level.z() * se / (s * s.ln().abs());
        Some(Self { low: s.powf(reach.exp()), high: s.powf((-reach).exp()) })
    }
}

/// Wilson's score interval of `x` successes in `n` trials, as [`super::Proportion::wilson`] at any level.
/// Low is exactly 0 when `x` is 0, high exactly 1 when `x` is `n`; `None` when `n` is 0 or `x > n`.
///
/// Source: E. B. Wilson, JASA 22 (1927).
pub fn wilson(x: u64, n: u64, level: Level) -> Option<Interval> {
    if n == 0 || x > n {
        return None;
    }
    let (trials, z2) = (real(n), level.z() * level.z());
    let point = real(x) / trials;
    let scale = 1.0 + z2 / trials;
    let centre = (point + z2 / (2.0 * trials)) / scale;
    let variance = point * (1.0 - point) / trials + z2 / (4.0 * trials * trials);
    let half = level.z() * variance.sqrt() / scale;
    let low = if x == 0 { 0.0 } else { (centre - half).clamp(0.0, point) };
    let high = if x == n { 1.0 } else { (centre + half).clamp(point, 1.0) };
    Some(Interval { low, high })
}

/// Jeffreys' equal-tailed interval: quantiles of Beta(x + 1/2, n - x + 1/2), with low set to 0 when `x` is
/// 0 and high set to 1 when `x` is `n`. `None` when `n` is 0 or `x > n`.
///
/// Source: L. D. Brown, T. T. Cai and A. `DasGupta`, "Interval estimation for a binomial proportion",
/// Statistical Science 16 (2001), with their limits at the ends.
pub fn jeffreys(x: u64, n: u64, level: Level) -> Option<Interval> {
    let failures = n.checked_sub(x).filter(|_| n > 0)?;
    let (a, b) = (real(x) + 0.5, real(failures) + 0.5);
    let low = if x == 0 { 0.0 } else { beta_quantile(level.tail(), a, b)? };
    let high = if x == n { 1.0 } else { beta_quantile(1.0 - level.tail(), a, b)? };
    Some(Interval { low, high })
}

/// Clopper and Pearson's interval, which holds the truth at least as often as the level says: the
/// quantile of Beta(x, n - x + 1) below, of Beta(x + 1, n - x) above. Low is 0 when `x` is 0, high is 1
/// when `x` is `n`; `None` when `n` is 0 or `x > n`.
///
/// Source: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).
pub fn clopper_pearson(x: u64, n: u64, level: Level) -> Option<Interval> {
    let failures = n.checked_sub(x).filter(|_| n > 0)?;
    let (a, b) = (real(x), real(failures));
    let low = if x == 0 { 0.0 } else { beta_quantile(level.tail(), a, b + 1.0)? };
    let high = if x == n { 1.0 } else { beta_quantile(1.0 - level.tail(), a + 1.0, b)? };
    Some(Interval { low, high })
}

/// One-sided upper limit of a rate of which `n` trials showed nothing: `-ln(1 - level) / n`, at most 1.
/// At 95 % that is 2.996 / n, known as 3 / n. Never below the exact `1 - (1 - level)^(1/n)`. `None` when
/// `n` is 0.
///
/// Source: J. A. Hanley and A. Lippman-Hand, "If nothing goes wrong, is everything all right?",
/// JAMA 249 (1983).
pub fn rule_of_three(n: u64, level: Level) -> Option<f64> {
    (n > 0).then(|| (-(-level.share()).ln_1p() / real(n)).min(1.0))
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 the relative error is 1e-16")]
pub(super) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::super::Proportion;
    use super::super::special::binomial_cdf;
    use super::*;
    use proptest::prelude::*;

    type Method = fn(u64, u64, Level) -> Option<Interval>;

    fn level(share: f64) -> Level {
        Level::new(share).unwrap()
    }

    fn assert_limits(method: Method, cases: &[(u64, u64, f64, f64, f64)]) {
        for &(x, n, share, low, high) in cases {
            let got = method(x, n, level(share)).unwrap();
            let off = (got.low - low).abs().max((got.high - high).abs());
            assert!(off < 1e-9, "{x}/{n} at {share}: {got:?} is not {low}, {high}");
        }
    }

    /// Oracle: `proportion_confint` of statsmodels 0.15.0, methods `wilson`, `jeffreys` and `beta`; its
    /// Jeffreys limits at 0 of n and n of n are replaced by 0 and 1.
    #[test]
    fn limits_match_statsmodels() {
        let wilson_cases = [
            (3, 15, 0.95, 0.070_475_493_469_8, 0.451_854_487_151_7),
            (0, 15, 0.95, 0.0, 0.203_883_301_035_8),
            (1, 1, 0.95, 0.206_549_314_377_2, 1.0),
            (7, 20, 0.90, 0.202_260_040_056_8, 0.533_487_311_151_5),
            (500, 1000, 0.99, 0.459_407_005_212_1, 0.540_592_994_787_9),
            (1, 40, 0.80, 0.007_508_144_578_2, 0.079_959_836_446_1),
        ];
        assert_limits(wilson, &wilson_cases);
        let jeffreys_cases = [
            (3, 15, 0.95, 0.059_770_968_376_9, 0.443_635_461_674_2),
            (0, 15, 0.95, 0.0, 0.151_816_662_114_4),
            (15, 15, 0.95, 0.848_183_337_885_6, 1.0),
            (1, 1, 0.95, 0.146_746_316_309_6, 1.0),
            (7, 20, 0.90, 0.196_952_705_132_4, 0.533_165_321_234_3),
            (500, 1000, 0.99, 0.459_350_160_630_1, 0.540_649_839_369_9),
            (1, 40, 0.80, 0.007_323_939_954_6, 0.075_627_039_619_5),
        ];
        assert_limits(jeffreys, &jeffreys_cases);
        let exact_cases = [
            (3, 15, 0.95, 0.043_312_005_105_8, 0.480_891_133_806_9),
            (0, 15, 0.95, 0.0, 0.218_019_360_910_5),
            (15, 15, 0.95, 0.781_980_639_089_5, 1.0),
            (1, 1, 0.95, 0.025, 1.0),
            (7, 20, 0.90, 0.177_310_917_574_4, 0.558_034_511_315_5),
            (500, 1000, 0.99, 0.458_852_553_307_0, 0.541_147_446_693_0),
            (1, 40, 0.80, 0.002_630_546_923_3, 0.093_797_102_995_3),
        ];
        assert_limits(clopper_pearson, &exact_cases);
    }

    /// Oracle: hand; -ln 0.05 = 2.995732, -ln 0.01 = 4.605170.
    #[test]
    fn nothing_in_n_trials_bounds_the_rate_by_three_over_n() {
        assert!((rule_of_three(15, Level::P95).unwrap() - 2.995_732_274 / 15.0).abs() < 1e-9);
        assert!((rule_of_three(15, level(0.99)).unwrap() - 4.605_170_186 / 15.0).abs() < 1e-9);
        assert_eq!(rule_of_three(2, Level::P95), Some(1.0));
        assert_eq!(rule_of_three(0, Level::P95), None);
    }

    #[test]
    fn a_level_is_a_fraction_between_0_and_1() {
        for bad in [0.0, 1.0, -0.5, 95.0, f64::NAN, f64::INFINITY] {
            assert!(Level::new(bad).is_err());
        }
        assert!((level(0.95).z() - Level::P95.z()).abs() < 1e-12);
        assert!((level(0.95).share() - 0.95).abs() < 1e-15);
    }

    #[test]
    fn no_trials_or_too_many_successes_is_undefined() {
        for method in [wilson as Method, jeffreys, clopper_pearson] {
            assert_eq!(method(0, 0, Level::P95), None);
            assert_eq!(method(3, 2, Level::P95), None);
        }
    }

    fn counts() -> impl Strategy<Value = (u64, u64)> {
        (1_u64..300).prop_flat_map(|n| (0..=n, Just(n)))
    }

    proptest! {
        #[test]
        fn limits_lie_inside_mirror_and_widen_with_the_level((x, n) in counts(), share in 0.5_f64..0.99) {
            for method in [wilson as Method, jeffreys, clopper_pearson] {
                let got = method(x, n, level(share)).unwrap();
                prop_assert!(0.0 <= got.low && got.low < got.high && got.high <= 1.0);
                let mirror = method(n - x, n, level(share)).unwrap();
                prop_assert!((got.low - (1.0 - mirror.high)).abs() < 1e-9);
                let wider = method(x, n, level(share + 0.005)).unwrap();
                prop_assert!(wider.low <= got.low && got.high <= wider.high);
            }
        }

        #[test]
        fn wilson_at_95_percent_is_that_of_a_proportion((x, n) in counts()) {
            let (got, expected) = (wilson(x, n, Level::P95).unwrap(), Proportion::wilson(x, n).unwrap());
            prop_assert!((got.low - expected.low).abs() < 1e-12 && (got.high - expected.high).abs() < 1e-12);
        }

        #[test]
        fn exact_limits_leave_half_of_the_rest_outside((x, n) in counts(), share in 0.5_f64..0.99) {
            let got = clopper_pearson(x, n, level(share)).unwrap();
            let half = (1.0 - share) / 2.0;
            prop_assert!(x == n || (binomial_cdf(x, n, got.high).unwrap() - half).abs() < 1e-9);
            prop_assert!(x == 0 || (1.0 - binomial_cdf(x - 1, n, got.low).unwrap() - half).abs() < 1e-9);
        }

        #[test]
        fn three_over_n_never_falls_below_the_exact_limit(n in 1_u64..1000, share in 0.5_f64..0.999) {
            let exact = 1.0 - (1.0 - share).powf(1.0 / real(n));
            prop_assert!(rule_of_three(n, level(share)).unwrap() >= exact - 1e-12);
        }
    }
}
