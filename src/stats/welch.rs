//! Means with intervals by Student's t: of one sample, and of the difference of two with unequal variances.

use super::sample::real;
use super::special::{student_t_quantile, student_t_two_sided};
use super::{Interval, Sample};

/// The 95 % interval of a mean, `mean ± t(0.975, n - 1) s / √n`, in the unit of the values. `None` below two values.
///
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), as `scipy.stats.t.interval`.
pub fn mean_interval(sample: &Sample) -> Option<Interval> {
    let (variance, df) = variance_of_mean(sample)?;
    around(sample.mean()?, student_t_quantile(0.975, df)? * variance.sqrt())
}

/// The difference of the means of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// First mean less second, in the unit of the values.
    pub difference: f64,
    /// Its 95 % interval; a point when neither sample varies.
    pub interval: Interval,
    /// Two-sided p-value; when neither sample varies, 1 for equal means and 0 otherwise.
    pub p: f64,
}

/// Welch's t test. `None` below two values in a sample.
///
/// Source: B. L. Welch, "The generalization of Student's problem", Biometrika 34 (1947), as
/// `scipy.stats.ttest_ind(equal_var=False)`.
pub fn welch(a: &Sample, b: &Sample) -> Option<Welch> {
    let ((va, da), (vb, db)) = (variance_of_mean(a)?, variance_of_mean(b)?);
    let (difference, variance) = (a.mean()? - b.mean()?, va + vb);
    if variance <= 0.0 {
        let p = if difference.total_cmp(&0.0).is_eq() { 1.0 } else { 0.0 };
        return Some(Welch { difference, interval: around(difference, 0.0)?, p });
    }
    let df = variance.powi(2) / (va.powi(2) / da + vb.powi(2) / db);
    let half = student_t_quantile(0.975, df)? * variance.sqrt();
    let p = student_t_two_sided(difference / variance.sqrt(), df)?;
    Some(Welch { difference, interval: around(difference, half)?, p })
}

fn variance_of_mean(sample: &Sample) -> Option<(f64, f64)> {
    Some((sample.sd()?.powi(2) / real(sample.len()), real(sample.len()) - 1.0))
}

fn around(middle: f64, half: f64) -> Option<Interval> {
    let (low, high) = (middle - half, middle + half);
    (low.is_finite() && high.is_finite()).then_some(Interval { low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values).unwrap()
    }

    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9 * wanted.abs().max(1.0), "{found} is not {wanted}");
    }

    /// Oracle: `scipy.stats.ttest_ind([80, 84, 79], [70, 75, 77, 71], equal_var=False)`, scipy 1.17.1.
    #[test]
    fn welch_agrees_with_scipy() {
        let found =
            welch(&sample(&[80.0, 84.0, 79.0]), &sample(&[70.0, 75.0, 77.0, 71.0])).unwrap();
        close(found.difference, 7.75);
        close(found.interval.low, 1.939_199_158_020_39);
        close(found.interval.high, 13.560_800_841_979_61);
        close(found.p, 0.018_802_066_443_821_895);
    }

    /// Oracle: `scipy.stats.t.interval(0.95, 2, loc=mean, scale=sem)` of 75, 90, 95, scipy 1.17.1.
    #[test]
    fn the_interval_of_a_mean_agrees_with_scipy() {
        let found = mean_interval(&sample(&[75.0, 90.0, 95.0])).unwrap();
        close(found.low, 60.810_941_603_955_36);
        close(found.high, 112.522_391_729_377_98);
    }

    #[test]
    fn one_value_says_nothing_about_spread() {
        assert_eq!(mean_interval(&sample(&[3.0])), None);
        assert_eq!(welch(&sample(&[3.0]), &sample(&[1.0, 2.0])), None);
        assert_eq!(welch(&sample(&[1.0, 2.0]), &sample(&[3.0])), None);
    }

    #[test]
    fn without_variance_the_interval_is_a_point() {
        let (two, three) = (sample(&[2.0, 2.0]), sample(&[3.0, 3.0]));
        let point = |at: f64| Interval { low: at, high: at };
        assert_eq!(
            welch(&two, &two),
            Some(Welch { difference: 0.0, interval: point(0.0), p: 1.0 })
        );
        assert_eq!(
            welch(&three, &two),
            Some(Welch { difference: 1.0, interval: point(1.0), p: 0.0 })
        );
    }
}
