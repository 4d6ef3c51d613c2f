//! Distribution functions, in one place so that the crate behind them is named once.
//!
//! Arguments outside the domain give `None`; no result is NaN. Quantiles of the beta and of Student's
//! distribution are found by bisection over the floats themselves, which ends after 64 steps for any
//! shape, where Newton steps can circle for ever.

mod incomplete_beta;

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::beta::ln_beta as raw_ln_beta;
use statrs::function::gamma::gamma_ur;

use self::incomplete_beta::incomplete_beta;

/// `Φ(x)`, the probability that a standard normal variable is at most `x`. `None` when `x` is NaN.
/// Source: by definition, `½ erfc(-x/√2)`.
pub fn normal_cdf(x: f64) -> Option<f64> {
    (!x.is_nan()).then(|| Normal::standard().cdf(x))
}

/// `Φ⁻¹(p)` for `0 < p < 1`; `None` at and beyond the ends, where it is infinite or undefined.
pub fn normal_quantile(p: f64) -> Option<f64> {
    open_unit(p).then(|| Normal::standard().inverse_cdf(p)).and_then(number)
}

/// The probability that Student's t with `df > 0` degrees of freedom is at most `t`.
/// Source: M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.1.
pub fn student_t_cdf(t: f64, df: f64) -> Option<f64> {
    let outside = student_t_two_sided(t, df)? / 2.0;
    Some(if t > 0.0 { 1.0 - outside } else { outside })
}

/// `P(|T| ≥ |t|)` for Student's t with `df > 0` degrees of freedom: `I_{df/(df+t²)}(df/2, 1/2)`.
/// Exact in the far tail, where one minus the CDF is not. Source: Abramowitz and Stegun, 26.7.1.
pub fn student_t_two_sided(t: f64, df: f64) -> Option<f64> {
    if t.is_infinite() {
        return positive(df).then_some(0.0);
    }
    let whole = df + t * t;
    if !positive(df) || whole.is_nan() {
        return None;
    }
    incomplete_beta((df / whole, t / whole * t), df / 2.0, 0.5)
}

/// The `p` quantile of Student's t with `df > 0` degrees of freedom, `0 < p < 1`.
/// Source: Abramowitz and Stegun, 26.7.1, solved for t.
pub fn student_t_quantile(p: f64, df: f64) -> Option<f64> {
    if !open_unit(p) || !positive(df) {
        return None;
    }
    let outside = 2.0 * p.min(1.0 - p);
    let squared = if outside < 0.5 {
        let x = beta_quantile(outside, df / 2.0, 0.5)?;
        df * (1.0 - x) / x
    } else {
        let y = beta_quantile(1.0 - outside, 0.5, df / 2.0)?;
        df * y / (1.0 - y)
    };
    number(if p < 0.5 { -squared.sqrt() } else { squared.sqrt() })
}

/// The regularised incomplete beta function `I_x(a, b)`: the probability that a Beta(a, b) variable is
/// at most `x`. `None` unless `a, b > 0`, both finite, and `x` is a number.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> Option<f64> {
    if x.is_nan() || !positive(a) || !positive(b) {
        return None;
    }
    let x = x.clamp(0.0, 1.0);
    incomplete_beta((x, 1.0 - x), a, b)
}

/// The smallest `x` with `I_x(a, b) ≥ p`, for `0 ≤ p ≤ 1` and `a, b > 0`. Source: bisection of
/// [`beta_cdf`]; floats of one sign are ordered as their bit patterns are.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) || !positive(a) || !positive(b) {
        return None;
    }
    let (mut low, mut high) = (0.0_f64.to_bits(), 1.0_f64.to_bits());
    while low < high {
        let middle = low + (high - low) / 2;
        if beta_cdf(f64::from_bits(middle), a, b)? >= p {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(f64::from_bits(low))
}

/// `ln B(a, b)` for `a, b > 0`.
pub fn ln_beta(a: f64, b: f64) -> Option<f64> {
    if positive(a) && positive(b) { number(raw_ln_beta(a, b)) } else { None }
}

/// The probability of at most `k` successes in `n` trials that each succeed with probability `p`.
/// `None` unless `0 ≤ p ≤ 1`. Source: Abramowitz and Stegun, 26.5.24.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&p) {
        return None;
    }
    if k >= n { Some(1.0) } else { beta_cdf(1.0 - p, real(n - k), real(k) + 1.0) }
}

/// The probability that a chi-squared variable with `df > 0` degrees of freedom exceeds `x`.
/// Source: Abramowitz and Stegun, 26.4.19.
pub fn chi_squared_survival(x: f64, df: f64) -> Option<f64> {
    if x.is_nan() || !positive(df) {
        return None;
    }
    if x <= 0.0 {
        return Some(1.0);
    }
    if x.is_infinite() { Some(0.0) } else { number(gamma_ur(df / 2.0, x / 2.0)) }
}

fn open_unit(p: f64) -> bool {
    p > 0.0 && p < 1.0
}

fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn number(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 trials the relative error is 1e-16")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("a number");
        let off = (got - expected).abs();
        assert!(off <= 1e-9 * expected.abs(), "{got} is not {expected}");
    }

    /// Oracle: `scipy.stats.norm`, `t`, `beta`, `binom`, `chi2`, and `scipy.special.betaln`, `SciPy` 1.17.1.
    #[test]
    fn functions_match_scipy() {
        for (a, expected) in [
            (-8.0, 6.220_960_574_271_74e-16),
            (-1.5, 0.066_807_201_268_858_07),
            (0.3, 0.617_911_422_188_952_6),
            (3.0, 0.998_650_101_968_369_9),
        ] {
            close(normal_cdf(a), expected);
        }
        for (a, expected) in [
            (1e-10, -6.361_340_902_404_056),
            (0.025, -1.959_963_984_540_054_5),
            (0.3, -0.524_400_512_708_040_9),
            (0.8, 0.841_621_233_572_914_3),
            (0.999, 3.090_232_306_167_813),
        ] {
            close(normal_quantile(a), expected);
        }
        for (a, b, expected) in [
            (-1.527_525_231_651_946_5, 7.0, 0.085_235_330_393_526_9),
            (0.2, 1.0, 0.562_832_958_189_001),
            (2.5, 3.5, 0.962_152_678_095_255),
            (1.0, 200.0, 0.840_740_576_045_126_6),
        ] {
            close(student_t_cdf(a, b), expected);
        }
        for (a, b, expected) in [
            (1.527_525_231_651_946_5, 7.0, 0.170_470_660_787_053_8),
            (-40.0, 5.0, 1.841_196_217_177_295_4e-07),
            (0.001, 2.0, 0.999_292_893_395_590_1),
            (1_000_000.0, 9.0, 5.091_794_074_026_567e-51),
        ] {
            close(student_t_two_sided(a, b), expected);
        }
        for (a, b, expected) in [
            (0.975, 1.0, 12.706_204_736_174_694),
            (0.975, 14.0, 2.144_786_687_917_804),
            (0.51, 3.0, 0.027_211_467_049_117_997),
            (0.001, 2.5, -13.822_193_110_865_964),
            (0.4, 10_000.0, -0.253_353_843_445_727),
        ] {
            close(student_t_quantile(a, b), expected);
        }
        for (a, b, c, expected) in [
            (0.2, 0.5, 0.5, 0.295_167_235_300_866_5),
            (0.3, 4.0, 3.0, 0.070_469_999_999_999_98),
            (0.999, 30.0, 0.5, 0.807_237_306_159_536_9),
            (0.01, 1.0, 1000.0, 0.999_956_828_752_589_3),
            (0.5, 5000.0, 5100.0, 0.840_152_870_812_138_1),
        ] {
            close(beta_cdf(a, b, c), expected);
        }
        for (a, b, c, expected) in [
            (0.5, 4.0, 3.0, 0.578_592_809_309_286_9),
            (0.025, 4.0, 3.0, 0.222_778_095_503_512_13),
            (0.025, 3.0, 13.0, 0.043_312_005_105_836_6),
            (0.975, 0.5, 15.5, 0.151_816_662_114_397_65),
            (0.025, 0.5, 15.5, 3.219_414_432_372_688e-05),
            (0.5, 5000.0, 5100.0, 0.495_049_178_172_205_1),
            (0.01, 0.1, 0.1, 8.869_280_655_550_208e-18),
        ] {
            close(beta_quantile(a, b, c), expected);
        }
        for (a, b, c, expected) in [
            (0, 2, 0.5, 0.25),
            (3, 15, 0.2, 0.648_162_104_573_951_6),
            (40, 100, 0.5, 0.028_443_966_820_490_444),
        ] {
            close(binomial_cdf(a, b, c), expected);
        }
        for (a, b, expected) in [
            (3.84, 1.0, 0.050_043_521_248_705_19),
            (10.0, 4.0, 0.040_427_681_994_512_79),
            (100.0, 3.0, 1.554_159_431_389_602_6e-21),
        ] {
            close(chi_squared_survival(a, b), expected);
        }
        for (a, b, expected) in [
            (4.0, 3.0, -4.094_344_562_222_1),
            (0.5, 0.5, 1.144_729_885_849_4),
            (100.0, 2000.0, -403.390_988_274_230_04),
        ] {
            close(ln_beta(a, b), expected);
        }
    }

    /// Oracle: `mpmath` 1.4.1, `betainc` with 50 digits.
    #[test]
    fn tails_of_many_degrees_of_freedom_match_mpmath() {
        close(student_t_two_sided(1.3, 1e7), 0.193_600_999_135_018_2);
        close(student_t_two_sided(10.0, 1e6), 1.527_861_076_817_825e-23);
    }

    #[test]
    fn arguments_outside_the_domain_are_undefined() {
        for p in [0.0, 1.0, -0.1, 1.1, f64::NAN] {
            assert_eq!(normal_quantile(p), None);
            assert_eq!(student_t_quantile(p, 3.0), None);
        }
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(student_t_cdf(1.0, bad), None);
            assert_eq!(beta_cdf(0.5, bad, 1.0), None);
            assert_eq!(beta_quantile(0.5, 1.0, bad), None);
            assert_eq!(chi_squared_survival(1.0, bad), None);
            assert_eq!(ln_beta(bad, 1.0), None);
        }
        assert_eq!(normal_cdf(f64::NAN), None);
        assert_eq!(student_t_cdf(f64::NAN, 2.0), None);
        assert_eq!(binomial_cdf(1, 2, 1.5), None);
        assert_eq!(beta_quantile(f64::NAN, 1.0, 1.0), None);
    }

    #[test]
    fn the_ends_are_exact() {
        assert_eq!(beta_quantile(0.0, 2.0, 3.0), Some(0.0));
        assert_eq!(beta_cdf(1.0, 2.0, 3.0), Some(1.0));
        assert_eq!(binomial_cdf(5, 5, 0.3), Some(1.0));
        assert_eq!(binomial_cdf(0, 0, 0.3), Some(1.0));
        assert_eq!(student_t_two_sided(f64::NEG_INFINITY, 2.0), Some(0.0));
        assert_eq!(chi_squared_survival(-1.0, 2.0), Some(1.0));
        assert_eq!(normal_cdf(f64::NEG_INFINITY), Some(0.0));
    }

    proptest! {
        #[test]
        fn quantiles_invert_the_distribution(p in 0.001_f64..0.999, a in 0.1_f64..200.0, b in 0.1_f64..200.0) {
            let x = beta_quantile(p, a, b).unwrap();
            prop_assert!(x > 0.999_999 || (beta_cdf(x, a, b).unwrap() - p).abs() < 1e-9);
            let t = student_t_quantile(p, a).unwrap();
            prop_assert!((student_t_cdf(t, a).unwrap() - p).abs() < 1e-9);
            let z = normal_quantile(p).unwrap();
            prop_assert!((normal_cdf(z).unwrap() - p).abs() < 1e-9);
        }

        #[test]
        fn binomial_is_the_sum_of_its_terms(n in 1_u32..40, k in 0_u32..40, p in 0.01_f64..0.99) {
            let mut term = (1.0 - p).powi(i32::try_from(n).unwrap());
            let mut total = 0.0;
            for i in 0..=k.min(n) {
                total += term;
                term *= f64::from(n - i) / f64::from(i + 1) * p / (1.0 - p);
            }
            prop_assert!((binomial_cdf(u64::from(k), u64::from(n), p).unwrap() - total).abs() < 1e-9);
        }

        #[test]
        fn any_argument_gives_a_number_or_nothing(x: f64, a: f64, b: f64) {
            for value in [normal_cdf(x), normal_quantile(x), student_t_cdf(x, a), student_t_quantile(x, a), beta_cdf(x, a, b), beta_quantile(x, a, b), ln_beta(a, b), chi_squared_survival(x, a)] {
                prop_assert!(value.is_none_or(f64::is_finite));
            }
        }
    }
}
