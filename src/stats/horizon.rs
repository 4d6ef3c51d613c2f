//! How long a task may be before it fails too often, under a model of why it fails.
//!
//! Three models: a constant chance of failure per unit of time, a constant chance per step, and a logistic
//! curve in the logarithm of the time a human needs. Only the last is fitted here, and it needs lengths that
//! somebody measured: stages without them support none of these.

use thiserror::Error;

use super::sample::sum;

/// Most steps of the fit; it takes fewer than ten where there is one.
const MOST_STEPS: usize = 100;

/// Why no curve fits.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum HorizonError {
    /// A length is not a positive number, a score not in 0..=1, or a weight not positive.
    #[error("task {task} has {value} as its {field}")]
    Task {
        /// Which task, from 0.
        task: usize,
        /// What is wrong.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// There are no attempts, only passes or only failures.
    #[error("a curve needs passes and failures")]
    OneOutcome,
    /// Some length parts all passes from all failures, so the steepest curve fits best and there is no end to
    /// how steep it is.
    #[error("a length parts all passes from all failures; the fit has no end")]
    Separated,
    /// The fit did not settle.
    #[error("the fit did not settle")]
    Unsettled,
}

/// One attempt at a task of known length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Minutes that a human needs.
    pub minutes: f64,
    /// 0 for a failure, 1 for a pass; a score between counts as so much of each.
    pub score: f64,
    /// How much it counts.
    pub weight: f64,
}

/// `P(pass) = 1 / (1 + exp(-(b₀ + b₁ log₂ minutes)))`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogisticHorizon {
    /// `b₀`, the log odds of a pass at one minute.
    pub intercept: f64,
    /// `b₁`, what one doubling of the length adds to the log odds.
    pub slope: f64,
}

impl LogisticHorizon {
    /// The curve of greatest likelihood, without a penalty that would move it.
    ///
    /// Source: T. Kwa et al., "Measuring AI Ability to Complete Long Tasks", arXiv 2503.14499; by Newton's
    /// method, P. `McCullagh` and J. A. Nelder, "Generalized Linear Models" (1989), 4.4.
    pub fn fit(attempts: &[Attempt]) -> Result<Self, HorizonError> {
        check(attempts)?;
        let (passes, failures) =
            (lengths(attempts, |a| a.score), lengths(attempts, |a| 1.0 - a.score));
        let (passes, failures) = passes.zip(failures).ok_or(HorizonError::OneOutcome)?;
        if passes.1 <= failures.0 || failures.1 <= passes.0 {
            return Err(HorizonError::Separated);
        }
        // Centred lengths keep the equations well conditioned.
        let total = sum(attempts.iter().map(|a| a.weight));
        let middle = sum(attempts.iter().map(|a| a.weight * a.minutes.log2())) / total;
        let (mut level, mut slope) = (0.0, 0.0);
        let mut likelihood = log_likelihood(attempts, middle, level, slope);
        for _ in 0..MOST_STEPS {
            let (up, turn) = step(attempts, middle, level, slope).ok_or(HorizonError::Unsettled)?;
            let mut reach = 1.0;
            let gained = loop {
                let (l, s) = (level + reach * up, slope + reach * turn);
                let next = log_likelihood(attempts, middle, l, s);
                if next >= likelihood || reach < 1e-6 {
                    (level, slope) = (l, s);
                    break next - likelihood;
                }
                reach /= 2.0;
            };
            likelihood += gained;
            if up.abs().max(turn.abs()) <= 1e-10 * (1.0 + level.abs().max(slope.abs())) {
                return Ok(Self { intercept: level - slope * middle, slope });
            }
        }
        Err(HorizonError::Unsettled)
    }

    /// The probability of a pass at a length; `None` unless it is positive and finite.
    pub fn pass_rate(&self, minutes: f64) -> Option<f64> {
        let length = (minutes > 0.0 && minutes.is_finite()).then(|| minutes.log2())?;
        let odds = self.intercept + self.slope * length;
        (!odds.is_nan()).then(|| logistic(odds))
    }

    /// The length at which a share `q` of attempts passes, `2^((ln(q / (1 - q)) - b₀) / b₁)`. `None` unless
    /// `0 < q < 1`, when longer tasks do not fail more often, or when the length is out of range.
    pub fn length_at(&self, q: f64) -> Option<f64> {
        if !(q > 0.0 && q < 1.0 && self.slope < 0.0) {
            return None;
        }
        let length = (((q / (1.0 - q)).ln() - self.intercept) / self.slope).exp2();
        (length > 0.0 && length.is_finite()).then_some(length)
    }
}

/// The time to which a share `q` lasts when the chance of failure per unit of time is constant and half last
/// to `half_life`: `half_life · ln q / ln ½`. `None` unless `0 < q < 1` and the half-life is positive.
///
/// Source: T. Ord, "Is there a half-life for the success rates of AI agents?", arXiv 2505.05115.
pub fn constant_hazard_horizon(half_life: f64, q: f64) -> Option<f64> {
    let sound = q > 0.0 && q < 1.0 && half_life > 0.0 && half_life.is_finite();
    let time = half_life * (-q.log2());
    (sound && time.is_finite()).then_some(time)
}

/// The share that lasts to `time` under a constant hazard, `2^(-time / half_life)`. `None` unless the time is
/// at least 0 and the half-life is positive, both finite. Source: as [`constant_hazard_horizon`].
pub fn constant_hazard_survival(half_life: f64, time: f64) -> Option<f64> {
    let sound = half_life > 0.0 && half_life.is_finite() && time >= 0.0 && time.is_finite();
    sound.then(|| (-time / half_life).exp2())
}

/// Steps after which a share `s` of attempts is still right when each step is right with probability `p`:
/// `ln s / ln p`. `None` unless both lie strictly between 0 and 1: one that never errs has no horizon.
///
/// Source: A. Sinha et al., "The illusion of diminishing returns: measuring long horizon execution in LLMs",
/// arXiv 2509.09677.
pub fn step_horizon(p: f64, s: f64) -> Option<f64> {
    let open = |x: f64| x > 0.0 && x < 1.0;
    (open(p) && open(s)).then(|| s.ln() / p.ln())
}

fn check(attempts: &[Attempt]) -> Result<(), HorizonError> {
    for (task, a) in attempts.iter().enumerate() {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        for (field, value, sound) in [
            ("minutes", a.minutes, positive(a.minutes)),
            ("score", a.score, (0.0..=1.0).contains(&a.score)),
            ("weight", a.weight, positive(a.weight)),
        ] {
            if !sound {
                return Err(HorizonError::Task { task, field, value });
            }
        }
    }
    Ok(())
}

/// The shortest and the longest attempt that counts towards an outcome. Where those of passes and failures do
/// not overlap, no curve is the best: A. Albert and J. A. Anderson, Biometrika 71 (1984).
fn lengths(attempts: &[Attempt], part: fn(&Attempt) -> f64) -> Option<(f64, f64)> {
    let counted = || attempts.iter().filter(|a| part(a) > 0.0).map(|a| a.minutes);
    counted().reduce(f64::min).zip(counted().reduce(f64::max))
}

/// Newton's step of both coefficients; `None` when the equations cannot be solved.
fn step(attempts: &[Attempt], middle: f64, level: f64, slope: f64) -> Option<(f64, f64)> {
    let each = |term: &dyn Fn(f64, f64, &Attempt) -> f64| {
        sum(attempts.iter().map(|a| {
            let x = a.minutes.log2() - middle;
            a.weight * term(x, logistic(level + slope * x), a)
        }))
    };
    let (g0, g1) = (each(&|_, p, a| a.score - p), each(&|x, p, a| x * (a.score - p)));
    let i00 = each(&|_, p, _| p * (1.0 - p));
    let i01 = each(&|x, p, _| x * p * (1.0 - p));
    let i11 = each(&|x, p, _| x * x * p * (1.0 - p));
    let determinant = i00 * i11 - i01 * i01;
    let both = ((i11 * g0 - i01 * g1) / determinant, (i00 * g1 - i01 * g0) / determinant);
    (determinant > 0.0 && both.0.is_finite() && both.1.is_finite()).then_some(both)
}

fn log_likelihood(attempts: &[Attempt], middle: f64, level: f64, slope: f64) -> f64 {
    sum(attempts.iter().map(|a| {
        let odds = level + slope * (a.minutes.log2() - middle);
        // ln(1 + e^odds), without overflow.
        let rest = odds.max(0.0) + (-odds.abs()).exp().ln_1p();
        a.weight * (a.score * odds - rest)
    }))
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn near(got: Option<f64>, expected: f64) {
        let got = got.unwrap();
        assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{got} is not {expected}");
    }

    fn attempts(rows: &[(f64, f64, f64)]) -> Vec<Attempt> {
        rows.iter().map(|&(minutes, score, weight)| Attempt { minutes, score, weight }).collect()
    }

    const THIRTEEN: [(f64, f64, f64); 13] = [
        (1.0, 1.0, 1.0),
        (2.0, 1.0, 1.0),
        (4.0, 1.0, 1.0),
        (4.0, 0.75, 2.0),
        (8.0, 1.0, 1.0),
        (15.0, 0.0, 1.0),
        (15.0, 0.5, 1.0),
        (30.0, 1.0, 1.0),
        (60.0, 0.25, 3.0),
        (60.0, 0.0, 1.0),
        (120.0, 1.0, 1.0),
        (240.0, 0.0, 1.0),
        (480.0, 0.0, 1.0),
    ];

    /// Oracle: `GLM` with the binomial family of statsmodels 0.15.0, each score split into a weighted pass and
    /// a weighted failure.
    #[test]
    fn fit_matches_statsmodels() {
        let got = LogisticHorizon::fit(&attempts(&THIRTEEN)).unwrap();
        near(Some(got.intercept), 2.914_323_325_211_8);
        near(Some(got.slope), -0.600_753_993_542_5);
        near(got.length_at(0.5), 28.862_199_990_284);
        near(got.length_at(0.8), 5.830_091_849_890);
        near(got.pass_rate(5.830_091_849_890), 0.8);
    }

    /// Oracle: hand; ln .8 / ln .5 = .32193, ln .99 / ln .5 = .01450, ln .5 / ln .99 = 68.97.
    #[test]
    fn closed_forms_match_hand_arithmetic() {
        near(constant_hazard_horizon(1.0, 0.8), 0.321_928_094_887_4);
        near(constant_hazard_horizon(60.0, 0.99), 60.0 * 0.014_499_569_695_1);
        near(constant_hazard_survival(10.0, 25.0), 0.176_776_695_296_6);
        near(step_horizon(0.99, 0.5), 68.967_563_936_528);
        let curve = LogisticHorizon { intercept: 4.0, slope: -1.0 };
        near(curve.length_at(0.5), 16.0);
        near(curve.length_at(0.8), 6.120_738_103_526);
    }

    #[test]
    fn without_an_end_there_is_no_fit() {
        for none in [&[][..], &[(1.0, 1.0, 1.0), (9.0, 1.0, 1.0)], &[(1.0, 0.0, 1.0)]] {
            assert_eq!(LogisticHorizon::fit(&attempts(none)), Err(HorizonError::OneOutcome));
        }
        let parted = [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (2.0, 0.0, 1.0), (8.0, 0.0, 1.0)];
        for rows in [&parted[..], &[(3.0, 1.0, 1.0), (3.0, 0.0, 1.0)]] {
            assert_eq!(LogisticHorizon::fit(&attempts(rows)), Err(HorizonError::Separated));
        }
    }

    #[test]
    fn arguments_outside_the_domain_are_undefined() {
        for bad in [0.0, 1.0, -1.0, 2.0, f64::NAN] {
            assert_eq!(constant_hazard_horizon(1.0, bad), None);
            assert_eq!(step_horizon(bad, 0.5), None);
            assert_eq!(step_horizon(0.5, bad), None);
            assert_eq!(LogisticHorizon { intercept: 4.0, slope: -1.0 }.length_at(bad), None);
        }
        assert_eq!(constant_hazard_horizon(0.0, 0.5), None);
        assert_eq!(constant_hazard_survival(1.0, -1.0), None);
        let rising = LogisticHorizon { intercept: 0.0, slope: 1.0 };
        assert_eq!(rising.length_at(0.5), None);
        assert_eq!(rising.pass_rate(0.0), None);
        for (rows, field) in [
            ((0.0, 1.0, 1.0), "minutes"),
            ((1.0, 1.5, 1.0), "score"),
            ((1.0, 1.0, f64::NAN), "weight"),
        ] {
            let got = LogisticHorizon::fit(&attempts(&[rows]));
            assert!(matches!(got, Err(HorizonError::Task { task: 0, field: f, .. }) if f == field));
        }
    }

    proptest! {
        #[test]
        fn a_fit_levels_the_residuals(rows in prop::collection::vec((0.1_f64..1e4, 0_u8..=4, 0.5_f64..3.0), 2..30)) {
            let rows: Vec<_> = rows.iter().map(|r| (r.0, f64::from(r.1) / 4.0, r.2)).collect();
            let rows = attempts(&rows);
            if let Ok(curve) = LogisticHorizon::fit(&rows) {
                let residual = |a: &Attempt| a.weight * (a.score - curve.pass_rate(a.minutes).unwrap());
                prop_assert!(sum(rows.iter().map(residual)).abs() < 1e-7);
                prop_assert!(sum(rows.iter().map(|a| residual(a) * a.minutes.log2())).abs() < 1e-6);
            }
        }

        #[test]
        fn horizons_are_where_the_share_is_reached(half_life in 0.1_f64..1e3, q in 0.01_f64..0.99) {
            let time = constant_hazard_horizon(half_life, q).unwrap();
            prop_assert!((constant_hazard_survival(half_life, time).unwrap() - q).abs() < 1e-12);
        }
    }
}
