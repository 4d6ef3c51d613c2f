//! Where a bootstrap should read its quantiles when the resampled values are biased or skewed.

use rayon::prelude::*;
use thiserror::Error;

use super::interval::Level;
use super::sample::{Sample, real, sum};
use super::special::{normal_cdf, normal_quantile};

/// Fewest units for which bias and skewness are corrected.
pub const FEWEST_BCA_UNITS: usize = 5;

/// Why the method asked for was not used, or why there is no interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Shortfall {
    /// There is one unit to draw, so nothing can vary: no interval.
    #[error("one unit has no interval")]
    OneUnit,
    /// The statistic was undefined for every resample: no interval.
    #[error("the statistic is undefined for every resample")]
    NothingDefined,
    /// Every resample gave the same value: the interval has no width.
    #[error("every resample gives the same value")]
    AllEqual,
    /// Too few units for bias and skewness: percentile.
    #[error(
        "{units} units; at least {FEWEST_BCA_UNITS} are needed to correct for bias and skewness"
    )]
    TooFewUnits {
        /// Units drawn from.
        units: usize,
    },
    /// All resampled values lie on one side of the point: percentile.
    #[error("all resampled values lie on one side of the estimate")]
    OneSided,
    /// Leaving out one unit changes nothing, or leaves the statistic undefined, or the correction is beyond
    /// its range: percentile.
    #[error("the skewness cannot be told by leaving out one unit at a time")]
    NoAcceleration,
    /// Levels have no one unit to leave out: percentile.
    #[error("drawing in levels leaves no single unit to correct for skewness by")]
    Levels,
}

/// The two levels, in place of both tails, at which to read the quantiles of the resampled values:
/// `Φ(z₀ + (z₀ ± z) / (1 - a (z₀ ± z)))`. `z₀` is `Φ⁻¹` of the share of values below the point, those equal to
/// it counted half; `a` is `Σ u³ / (6 (Σ u²)^(3/2))` with `u` the mean of the statistic without one unit at a
/// time less each.
///
/// Source: B. Efron, "Better bootstrap confidence intervals", JASA 82 (1987), as `scipy.stats.bootstrap`.
pub(super) fn moved_tails<L>(
    point: f64,
    values: &Sample,
    units: usize,
    left_out: &L,
    level: Level,
) -> Result<(f64, f64), Shortfall>
where
    L: Fn(usize) -> Option<f64> + Sync,
{
    if units < FEWEST_BCA_UNITS {
        return Err(Shortfall::TooFewUnits { units });
    }
    let below = values.sorted().partition_point(|value| *value < point);
    let up_to = values.sorted().partition_point(|value| *value <= point);
    let share = real(below + up_to) / (2.0 * real(values.len()));
    let bias = normal_quantile(share).ok_or(Shortfall::OneSided)?;
    let kept: Option<Vec<f64>> = (0..units).into_par_iter().map(left_out).collect();
    let skew = kept.as_deref().and_then(acceleration).ok_or(Shortfall::NoAcceleration)?;
    let moved = |z: f64| {
        let scale = 1.0 - skew * (bias + z);
        (scale > 0.0).then(|| bias + (bias + z) / scale).and_then(normal_cdf)
    };
    moved(-level.z()).zip(moved(level.z())).ok_or(Shortfall::NoAcceleration)
}

/// `None` when all values are equal.
fn acceleration(left_out: &[f64]) -> Option<f64> {
    let sample = Sample::new(left_out).ok().filter(|sample| sample.min() < sample.max())?;
    let mean = sample.mean()?;
    let power = |k: i32| sum(sample.sorted().iter().map(|value| (mean - value).powi(k)));
    let value = power(3) / (6.0 * power(2).powf(1.5));
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tails(values: &[f64], left_out: &[f64]) -> Result<(f64, f64), Shortfall> {
        let sample = Sample::new(values).unwrap();
        moved_tails(2.0, &sample, left_out.len(), &|unit| left_out.get(unit).copied(), Level::P95)
    }

    /// Oracle: `SciPy` 1.17.1 (`scipy.stats.norm`) and `NumPy` 2.4.6, by the formulas.
    #[test]
    fn levels_match_scipy() {
        let skewed = [1.0, 1.5, 2.0, 2.0, 6.0];
        let (low, high) = tails(&[0.0, 1.0, 1.0, 2.0, 3.0, 4.0, 1.0, 1.0], &skewed).unwrap();
        assert!((low - 0.108_410_808_219).abs() < 1e-9, "{low}");
        assert!((high - 0.993_001_644_630).abs() < 1e-9, "{high}");
    }

    #[test]
    fn no_bias_and_no_skew_leave_the_tails_alone() {
        let (low, high) = tails(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert!((low - 0.025).abs() < 1e-9 && (high - 0.975).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_corrected_says_why() {
        let fine = [1.0, 2.0, 3.0];
        assert_eq!(tails(&fine, &[1.0; 4]), Err(Shortfall::TooFewUnits { units: 4 }));
        assert_eq!(tails(&[3.0, 4.0], &[1.0; 5]), Err(Shortfall::OneSided));
        assert_eq!(tails(&fine, &[1.0; 5]), Err(Shortfall::NoAcceleration));
        let sample = Sample::new(&fine).unwrap();
        let hole = |unit: usize| (unit != 3).then_some(1.0);
        let got = moved_tails(2.0, &sample, 5, &hole, Level::P95);
        assert_eq!(got, Err(Shortfall::NoAcceleration));
    }
}
