//! What a number of runs could have detected, and how many runs it takes.
//!
//! A comparison that found nothing says little unless it could have found something. All formulas are
//! normal approximations for a two-sided test and neglect a significant result in the wrong direction; numbers
//! of runs come unrounded, so round up.

use std::f64::consts::FRAC_PI_2;

use super::special::{normal_cdf, normal_quantile};

/// Error rates a comparison is planned for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestDesign {
    z_alpha: f64,
    z_power: f64,
}

impl TestDesign {
    /// A two-sided test at level `alpha` that detects the effect with probability `power`. `None` unless both lie
    /// strictly between 0 and 1 and `power` exceeds `alpha / 2`, the power against no effect at all.
    pub fn new(alpha: f64, power: f64) -> Option<Self> {
        let (z_alpha, z_power) = (normal_quantile(1.0 - alpha / 2.0)?, normal_quantile(power)?);
        let sensible = alpha > 0.0 && alpha < 1.0 && z_alpha + z_power > 0.0;
        sensible.then_some(Self { z_alpha, z_power })
    }

    /// The distance, in standard errors, at which the effect must lie: `z_{1-α/2} + z_{power}`.
    fn distance(self) -> f64 {
        self.z_alpha + self.z_power
    }
}

/// Cohen's effect size of two proportions, `|2 asin √p - 2 asin √q|`. `None` unless both lie in 0..=1.
///
/// Source: J. Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), section 6.2.
pub fn cohen_h(p: f64, q: f64) -> Option<f64> {
    Some(2.0 * (angle(p)? - angle(q)?).abs())
}

/// Runs needed in each of two equal arms to tell success rates `p` and `q` apart: `2 (z_{1-α/2} + z_{power})² / h²`.
/// `None` when the rates are equal or not in 0..=1.
///
/// Source: Cohen (1988), section 6.4, as `statsmodels` `NormalIndPower` with `proportion_effectsize`.
pub fn runs_per_arm(p: f64, q: f64, design: TestDesign) -> Option<f64> {
    let h = cohen_h(p, q)?;
    (h > 0.0).then(|| 2.0 * (design.distance() / h).powi(2))
}

/// The chance that `n` and `m` runs tell success rates `p` and `q` apart at two-sided level `alpha`:
/// `Φ(h / √(1/n + 1/m) - z_{1-α/2})`. `None` when an arm is empty or a number is not a probability.
///
/// Source: Cohen (1988), section 6.3.
pub fn power_of(p: f64, q: f64, (n, m): (u64, u64), alpha: f64) -> Option<f64> {
    let critical = normal_quantile(1.0 - alpha / 2.0).filter(|_| alpha < 1.0)?;
    normal_cdf(cohen_h(p, q)? / spread(n, m)? - critical)
}

/// The success rates nearest to a given one that a comparison could tell from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detectable {
    /// The lowest detectable rate above; `None` when not even 1 is far enough.
    pub above: Option<f64>,
    /// The highest detectable rate below; `None` when not even 0 is far enough.
    pub below: Option<f64>,
}

/// What `n` runs at success rate `p` against `m` other runs can detect: [`runs_per_arm`] solved for the other
/// rate, `sin²(asin √p ± h/2)` with `h = (z_{1-α/2} + z_{power}) √(1/n + 1/m)`.
/// `None` when an arm is empty or `p` is not in 0..=1.
///
/// Source: Cohen (1988), section 6.4, inverted.
pub fn detectable_rates(p: f64, (n, m): (u64, u64), design: TestDesign) -> Option<Detectable> {
    let (from, half) = (angle(p)?, design.distance() * spread(n, m)? / 2.0);
    let rate = |angle: f64| angle.sin().powi(2);
    Some(Detectable {
        above: Some(from + half).filter(|&up| up <= FRAC_PI_2).map(rate),
        below: Some(from - half).filter(|&down| down >= 0.0).map(rate),
    })
}

/// Variance of the score difference of two configurations on one question: `ω² + σ_A²/K_A + σ_B²/K_B`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuestionVariance {
    /// `ω²`: how much the true difference varies from question to question,
    /// `Var(x_A) + Var(x_B) - 2 Cov(x_A, x_B)`.
    pub between: f64,
    /// `σ_A²` and `K_A`: variance of repeats of the first configuration within a question, and their number.
    pub first: (f64, u32),
    /// `σ_B²` and `K_B`, the same of the second.
    pub second: (f64, u32),
}

impl QuestionVariance {
    /// The sum; `None` when a variance is negative or not finite, or a number of repeats is 0.
    pub fn total(&self) -> Option<f64> {
        let sane = |v: f64| (v >= 0.0 && v.is_finite()).then_some(v);
        let within = |(v, k): (f64, u32)| (k > 0).then(|| v / f64::from(k)).and_then(sane);
        Some(sane(self.between)? + within(self.first)? + within(self.second)?)
    }
}

/// Questions needed to detect a paired mean difference `delta`:
/// `(z_{1-α/2} + z_{power})² (ω² + σ_A²/K_A + σ_B²/K_B) / δ²`.
/// `None` when `delta` is 0 or not finite, or the variance has no total.
///
/// Source: E. Miller, "Adding error bars to evals", arXiv 2411.00640 (2024), section 5.
pub fn questions_needed(
    variance: &QuestionVariance,
    delta: f64,
    design: TestDesign,
) -> Option<f64> {
    let needed = variance.total()? * (design.distance() / delta).powi(2);
    (delta.is_finite() && needed.is_finite()).then_some(needed)
}

/// The smallest paired mean difference that `n` questions detect: [`questions_needed`] solved for `delta`.
/// `None` when `n` is 0 or the variance has no total.
///
/// Source: Miller (2024), section 5, inverted.
pub fn detectable_difference(
    variance: &QuestionVariance,
    n: u64,
    design: TestDesign,
) -> Option<f64> {
    (n > 0).then_some(design.distance() * (variance.total()? / real(n)).sqrt())
}

/// `asin √p`, on whose scale proportions have a variance of `1 / 4n` whatever they are.
fn angle(p: f64) -> Option<f64> {
    (0.0..=1.0).contains(&p).then(|| p.sqrt().asin())
}

/// `√(1/n + 1/m)`.
fn spread(n: u64, m: u64) -> Option<f64> {
    (n > 0 && m > 0).then(|| real(n).recip().sqrt().hypot(real(m).recip().sqrt()))
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 runs the relative error is 1e-16")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn design() -> TestDesign {
        TestDesign::new(0.05, 0.8).unwrap()
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("a number");
        assert!((got - expected).abs() < 1e-6 * expected, "{got} is not {expected}");
    }

    /// Oracle: `statsmodels` 0.15.0 `NormalIndPower` at level 0.025, `alternative="larger"`, on
    /// `proportion_effectsize`; its solver stops within a relative 3e-8.
    #[test]
    fn proportions_match_statsmodels() {
        close(Some(design().distance()), 2.801_585_218_112_968_3);
        close(cohen_h(0.2, 0.4), 0.442_143_188_002_953_7);
        close(runs_per_arm(0.2, 0.4, design()), 80.299_308_097_784_33);
        close(runs_per_arm(0.95, 0.5, TestDesign::new(0.01, 0.9).unwrap()), 23.733_279_848_972_98);
        close(power_of(0.2, 0.4, (15, 40), 0.05), 0.308_673_766_827_965_4);
    }

    /// Oracle: `statsmodels` 0.15.0 `NormalIndPower().solve_power` for the effect size, mapped back by
    /// `sin²`.
    #[test]
    fn detectable_rates_match_statsmodels() {
        let got = detectable_rates(0.4, (15, 40), design()).unwrap();
        close(got.above, 0.801_343_529_764_296_2);
        close(got.below, 0.066_392_909_780_175_59);
        let got = detectable_rates(0.6, (3, 3), design()).unwrap();
        assert_eq!(got, Detectable { above: None, below: None });
    }

    /// Oracle: hand; 2.801585² · 0.25 / 0.03² = 2180.24.
    #[test]
    fn questions_match_hand_arithmetic() {
        let variance = QuestionVariance { between: 0.05, first: (0.4, 4), second: (0.2, 2) };
        let needed = questions_needed(&variance, 0.03, design()).unwrap();
        assert!((needed - 2180.2).abs() < 0.1, "{needed}");
        close(questions_needed(&variance, -0.03, design()), needed);
        let delta = detectable_difference(&variance, 2180, design()).unwrap();
        assert!((delta - 0.03).abs() < 1e-5, "{delta}");
        let exact = QuestionVariance { between: 0.0, first: (0.0, 1), second: (0.0, 1) };
        assert_eq!(questions_needed(&exact, 0.1, design()), Some(0.0));
    }

    #[test]
    fn plans_without_a_meaning_are_undefined() {
        for (alpha, power) in [(0.0, 0.8), (1.0, 0.8), (0.05, 1.0), (f64::NAN, 0.8), (0.05, 0.01)] {
            assert_eq!(TestDesign::new(alpha, power), None);
        }
        assert_eq!(runs_per_arm(0.3, 0.3, design()), None);
        assert_eq!(runs_per_arm(0.3, 1.3, design()), None);
        assert_eq!(power_of(0.3, 0.4, (0, 4), 0.05), None);
        assert_eq!(detectable_rates(0.3, (4, 0), design()), None);
        let variance = QuestionVariance { between: 0.1, first: (0.1, 0), second: (0.1, 1) };
        assert_eq!(questions_needed(&variance, 0.1, design()), None);
        let variance = QuestionVariance { first: (0.1, 1), ..variance };
        assert_eq!(questions_needed(&variance, 0.0, design()), None);
        assert_eq!(detectable_difference(&variance, 0, design()), None);
        let variance = QuestionVariance { between: -0.1, ..variance };
        assert_eq!(variance.total(), None);
    }

    proptest! {
        #[test]
        fn what_is_detectable_is_detected_as_often_as_planned(p in 0.0_f64..=1.0, n in 1_u64..500, m in 1_u64..500, power in 0.5_f64..0.99) {
            let got = detectable_rates(p, (n, m), TestDesign::new(0.05, power).unwrap()).unwrap();
            for q in [got.above, got.below].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&q));
                prop_assert!((power_of(p, q, (n, m), 0.05).unwrap() - power).abs() < 1e-6);
            }
        }
    }
}
