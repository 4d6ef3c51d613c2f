//! Whether scores vary between tasks or between repeats of one task, and so which to buy more of.
//!
//! Repeats of one task (or tests inside one stage) resemble each other; the intraclass correlation says
//! how much, and the design effect how many independent values they are worth.

use super::sample::{Sample, SampleError, finite, real, sum};

/// A one-way analysis of variance of repeats within tasks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceComponents {
    /// Tasks with at least one value.
    pub tasks: usize,
    /// Values.
    pub n: usize,
    /// Repeats per task: their number when equal, else `(n - Σ k_i² / n) / (tasks - 1)`.
    pub repeats: f64,
    /// Mean square between tasks.
    pub between: f64,
    /// Mean square within tasks: the variance of a repeat.
    pub within: f64,
    /// `ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW)`, raw: negative when repeats of a task differ more than
    /// tasks do. `None` when all values are equal.
    pub icc: Option<f64>,
}

impl VarianceComponents {
    /// The variance of task means beyond what repeats explain, `max(0, (MSB - MSW) / k)`.
    pub fn task_variance(&self) -> f64 {
        ((self.between - self.within) / self.repeats).max(0.0)
    }

    /// The correlation for display: the raw one, but not below 0.
    pub fn clipped_icc(&self) -> Option<f64> {
        self.icc.map(|icc| icc.max(0.0))
    }
}

/// Splits the variance of `tasks`, each with the values of its repeats, in the squared unit of the values.
///
/// `Ok(None)` when fewer than two tasks have values, no task has a repeat, or a square overflows. Tasks
/// without values do not count.
///
/// Source: P. E. Shrout and J. L. Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979), case
/// 1; for unequal repeats S. R. Searle, Linear Models (1971), section 11.
pub fn variance_components<T: AsRef<[f64]>>(
    tasks: &[T],
) -> Result<Option<VarianceComponents>, SampleError> {
    let all: Vec<f64> = tasks.iter().flat_map(AsRef::as_ref).copied().collect();
    let all = Sample::new(&all)?;
    let mut groups = Vec::new();
    for task in tasks.iter().map(AsRef::as_ref).filter(|task| !task.is_empty()) {
        groups.push(Sample::new(task)?);
    }
    Ok(split(&all, &groups))
}

fn split(all: &Sample, groups: &[Sample]) -> Option<VarianceComponents> {
    let (n, tasks) = (all.len(), groups.len());
    if tasks < 2 || n == tasks {
        return None;
    }
    let grand = all.mean()?;
    let (mut apart, mut inside) = (Vec::with_capacity(tasks), Vec::with_capacity(n));
    for group in groups {
        let mean = group.mean()?;
        apart.push(real(group.len()) * (mean - grand).powi(2));
        inside.extend(group.sorted().iter().map(|x| (x - mean).powi(2)));
    }
    let sizes = sum(groups.iter().map(|group| real(group.len()).powi(2)));
    let repeats = (real(n) - sizes / real(n)) / real(tasks - 1);
    let between = finite(sorted_sum(apart) / real(tasks - 1))?;
    let within = finite(sorted_sum(inside) / real(n - tasks))?;
    let total = finite(between + (repeats - 1.0) * within)?;
    let icc = (all.min()? < all.max()? && total > 0.0).then(|| (between - within) / total);
    Some(VarianceComponents { tasks, n, repeats, between, within, icc })
}

fn sorted_sum(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    sum(values.into_iter())
}

/// How much correlation within clusters of `size` inflates the variance of a mean: `1 + (size - 1) icc`.
/// `None` when `size` is below 1, or the result is not positive, as for a strongly negative correlation.
///
/// Source: L. Kish, Survey Sampling (1965), section 5.4.
pub fn design_effect(size: f64, icc: f64) -> Option<f64> {
    let effect = 1.0 + (size - 1.0) * icc;
    (size >= 1.0 && effect > 0.0).then_some(effect).and_then(finite)
}

/// How many independent values `n` values in clusters of `size` are worth: `n / design effect`.
///
/// Source: Kish (1965), section 5.4.
pub fn effective_size(n: usize, size: f64, icc: f64) -> Option<f64> {
    Some(real(n) / design_effect(size, icc)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    fn components(tasks: &[&[f64]]) -> VarianceComponents {
        variance_components(tasks).unwrap().unwrap()
    }

    /// Oracle: `statsmodels` 0.15.0 `anova_lm` of a one-way layout.
    #[test]
    fn mean_squares_match_statsmodels() {
        let got = components(&[&[1.0, 1.0, 0.0], &[0.0, 0.0, 0.0], &[1.0, 1.0, 1.0]]);
        close(got.between, 0.777_777_777_777_777_8);
        close(got.within, 0.111_111_111_111_111_1);
        close(got.icc.unwrap(), 2.0 / 3.0);
        close(got.repeats, 3.0);
        close(got.task_variance(), 2.0 / 9.0);
        let got = components(&[&[3.0, 5.5], &[9.0, 7.0, 8.25], &[1.0], &[4.0, 4.5, 2.0, 6.0]]);
        close(got.between, 16.234_027_777_777_78);
        close(got.within, 2.225_694_444_444_444);
        close(got.repeats, (10.0 - 30.0 / 10.0) / 3.0);
        assert_eq!((got.tasks, got.n), (4, 10));
    }

    #[test]
    fn a_negative_correlation_is_kept_and_clipped_only_for_display() {
        let got = components(&[&[0.0, 1.0], &[1.0, 0.0]]);
        close(got.icc.unwrap(), -1.0);
        assert_eq!(got.clipped_icc(), Some(0.0));
        close(got.task_variance(), 0.0);
        assert_eq!(design_effect(2.0, -1.0), None);
    }

    /// Oracle: hand; 73 tests with correlation 0.5 are worth 73 / 37 independent ones.
    #[test]
    fn design_effect_matches_hand_arithmetic() {
        close(design_effect(73.0, 0.5).unwrap(), 37.0);
        close(effective_size(73, 73.0, 0.5).unwrap(), 73.0 / 37.0);
        close(design_effect(1.0, 0.9).unwrap(), 1.0);
        assert_eq!(design_effect(0.5, 0.1), None);
        assert_eq!(design_effect(f64::NAN, 0.1), None);
        assert_eq!(effective_size(3, 3.0, f64::NAN), None);
    }

    #[test]
    fn too_little_to_compare_is_undefined() {
        assert_eq!(variance_components(&[vec![1.0, 2.0], vec![]]), Ok(None));
        assert_eq!(variance_components(&[[1.0], [2.0]]), Ok(None));
        assert_eq!(variance_components::<Vec<f64>>(&[]), Ok(None));
        assert!(variance_components(&[[1.0, f64::NAN]]).is_err());
        assert_eq!(components(&[&[0.1, 0.1], &[0.1, 0.1]]).icc, None);
    }

    proptest! {
        #[test]
        fn squares_add_up_and_order_does_not_matter(tasks in prop::collection::vec(prop::collection::vec(-9.0_f64..9.0, 1..5), 2..7)) {
            let turned: Vec<Vec<f64>> = tasks.iter().rev().map(|t| t.iter().rev().copied().collect()).collect();
            prop_assert_eq!(variance_components(&tasks), variance_components(&turned));
            let Some(got) = variance_components(&tasks).unwrap() else { return Ok(()) };
            let spread = Sample::new(&tasks.concat()).unwrap().sd().unwrap().powi(2) * real(got.n - 1);
            let parts = got.between * real(got.tasks - 1) + got.within * real(got.n - got.tasks);
            prop_assert!((parts - spread).abs() < 1e-9 * (1.0 + spread));
            prop_assert!(got.icc.is_none_or(|icc| icc <= 1.0 + 1e-12));
        }
    }
}
