//! Standard errors of a mean: for independent values, for values in clusters, and for paired differences.
//!
//! Stages of one run, or runs on one task, are not independent. Treating them so makes the error too
//! small, often by a factor; clustering asks only that the clusters be independent.

use super::sample::{Sample, SampleError, finite, real, sum};
use super::special::student_t_two_sided;

/// Differences that vary by less than this share of the largest value differ by rounding only.
const ROUNDING: f64 = 1e-12;

/// The standard error of the mean, `sd / √n`, in the unit of the values. `None` when n < 2.
/// Source: textbook, as `scipy.stats.sem`.
pub fn standard_error(sample: &Sample) -> Option<f64> {
    Some(sample.sd()? / real(sample.len()).sqrt())
}

/// The error of a mean over values in clusters, in the unit of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredError {
    /// Values.
    pub n: usize,
    /// Clusters with values; at least 2.
    pub clusters: usize,
    /// The mean of all values.
    pub mean: f64,
    /// The error if all values were independent, `sd / √n`.
    pub independent: f64,
    /// Miller's clustered error; never less than the sandwich.
    pub miller: f64,
    /// The cluster-robust (sandwich) error without small-sample correction.
    pub sandwich: f64,
}

impl ClusteredError {
    /// Degrees of freedom of a t interval: clusters less one. With less than about 30 clusters the normal
    /// quantile is too small.
    pub fn degrees_of_freedom(&self) -> usize {
        self.clusters - 1
    }

    /// Whether clustering makes the error smaller: values of a cluster differ more among themselves than
    /// values at large. With few clusters that is mostly chance, and the independent error the safer one.
    pub fn is_below_independent(&self) -> bool {
        self.miller < self.independent
    }
}

/// The error of the mean when values are correlated within clusters. With `e` a value less the mean of all:
/// Miller `√(SE² + n⁻² Σ_c Σ_i Σ_{j≠i} e_ic e_jc)`, sandwich `n⁻¹ √(Σ_c (Σ_i e_ic)²)`. The first keeps
/// `n (n - 1)` in the variance of single values, the second does not; so Miller² = sandwich² + SE² / n, which is
/// never negative.
///
/// `Ok(None)` when fewer than two clusters have values, or a square overflows; empty clusters do not count.
///
/// Source: E. Miller, "Adding error bars to evals", arXiv 2411.00640 (2024); K.-Y. Liang and S. L. Zeger,
/// "Longitudinal data analysis using generalized linear models", Biometrika 73 (1986), as `statsmodels`
/// `cov_type="cluster"` with `use_correction=False`.
pub fn clustered_standard_error<C: AsRef<[f64]>>(
    clusters: &[C],
) -> Result<Option<ClusteredError>, SampleError> {
    let flat: Vec<f64> = clusters.iter().flat_map(AsRef::as_ref).copied().collect();
    let all = Sample::new(&flat)?;
    let mut groups = Vec::new();
    for cluster in clusters.iter().map(AsRef::as_ref).filter(|c| !c.is_empty()) {
        groups.push(Sample::new(cluster)?);
    }
    let (Some(mean), Some(independent)) = (all.mean(), standard_error(&all)) else {
        return Ok(None);
    };
    if groups.len() < 2 {
        return Ok(None);
    }
    let n = real(all.len());
    let mut squares: Vec<f64> = groups.iter().map(|group| offset(group, mean).powi(2)).collect();
    squares.sort_by(f64::total_cmp);
    let sandwich = sum(squares.into_iter()).sqrt() / n;
    let miller = sandwich.hypot(independent / n.sqrt());
    if !miller.is_finite() {
        return Ok(None);
    }
    let (n, clusters) = (all.len(), groups.len());
    Ok(Some(ClusteredError { n, clusters, mean, independent, miller, sandwich }))
}

/// The sum of a cluster's offsets from the mean of all.
fn offset(group: &Sample, mean: f64) -> f64 {
    sum(group.sorted().iter().map(|x| x - mean))
}

/// The mean difference of pairs, first less second, in their unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Pairs; at least 2.
    pub n: usize,
    /// The mean difference.
    pub mean: f64,
    /// Its standard error; 0 when all differences are equal.
    pub error: f64,
    /// The error if the pairing were ignored, `√(SE_a² + SE_b²)`.
    pub unpaired_error: f64,
    /// The mean in standard errors; `None` when the error is 0.
    pub t: Option<f64>,
    /// Two-sided p-value of `t` with n - 1 degrees of freedom; `None` when `t` is.
    pub p: Option<f64>,
    /// Pearson correlation of the two sides; `None` when a side does not vary.
    pub correlation: Option<f64>,
}

/// The mean of `a - b` over pairs with its standard error and t test. The error equals
/// `√(SE_a² + SE_b² - 2 ρ SE_a SE_b)`: pairing pays by the correlation. The caller aligns the pairs, and
/// reports what had no partner; differences in clusters go to [`clustered_standard_error`].
///
/// `Ok(None)` when there are fewer than 2 pairs or a square overflows.
///
/// Source: Student, "The probable error of a mean", Biometrika 6 (1908), as `scipy.stats.ttest_rel`.
pub fn paired_difference(pairs: &[(f64, f64)]) -> Result<Option<PairedDifference>, SampleError> {
    let a = Sample::new(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>())?;
    let b = Sample::new(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>())?;
    let d: Vec<f64> = pairs.iter().map(|pair| pair.0 - pair.1).collect();
    let Ok(d) = Sample::new(&d) else { return Ok(None) };
    Ok(compare(&d, &a, &b, pearson(pairs, &a, &b)))
}

fn compare(
    differences: &Sample,
    first: &Sample,
    second: &Sample,
    correlation: Option<f64>,
) -> Option<PairedDifference> {
    let n = differences.len();
    let mean = differences.mean()?;
    let error = standard_error(differences)?;
    let unpaired_error = finite(standard_error(first)?.hypot(standard_error(second)?))?;
    let ends = [first.min()?, first.max()?, second.min()?, second.max()?];
    let largest = ends.into_iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    if differences.max()? - differences.min()? <= ROUNDING * largest {
        let (error, t, p) = (0.0, None, None);
        return Some(PairedDifference { n, mean, error, unpaired_error, t, p, correlation });
    }
    let t = finite(mean / error);
    let p = t.and_then(|t| student_t_two_sided(t, real(n - 1)));
    Some(PairedDifference { n, mean, error, unpaired_error, t, p, correlation })
}

fn pearson(pairs: &[(f64, f64)], a: &Sample, b: &Sample) -> Option<f64> {
    let (mean_a, mean_b) = (a.mean()?, b.mean()?);
    let mut products: Vec<f64> = pairs.iter().map(|(x, y)| (x - mean_a) * (y - mean_b)).collect();
    products.sort_by(f64::total_cmp);
    let varies = a.min()? < a.max()? && b.min()? < b.max()?;
    let scale = real(pairs.len() - 1) * a.sd()? * b.sd()?;
    if varies { finite((sum(products.into_iter()) / scale).clamp(-1.0, 1.0)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    fn clustered(clusters: &[&[f64]]) -> ClusteredError {
        clustered_standard_error(clusters).unwrap().unwrap()
    }

    /// Oracle: `statsmodels` 0.15.0 `OLS(...).fit(cov_type="cluster", use_correction=False)` for the
    /// sandwich, the triple sum in `NumPy` for Miller's form.
    #[test]
    fn clustered_errors_match_statsmodels() {
        let got = clustered(&[&[1.0, 1.0, 1.0], &[0.0, 0.0, 0.0], &[1.0, 1.0]]);
        close(got.mean, 0.625);
        close(got.independent, 0.182_981_263_677_849_95);
        close(got.miller, 0.296_110_387_536_713_8);
        close(got.sandwich, 0.288_956_906_389_170_7);
        assert_eq!((got.n, got.clusters, got.degrees_of_freedom()), (8, 3, 2));
        let got = clustered(&[&[3.0, 5.5], &[9.0, 7.0, 8.25], &[1.0], &[4.0, 4.5, 2.0, 6.0]]);
        close(got.independent, 0.830_369_730_234_001_7);
        close(got.miller, 1.107_424_439_358_681);
        close(got.sandwich, 1.075_842_692_962_125_9);
    }

    #[test]
    fn opposites_within_clusters_shrink_the_error_and_are_flagged() {
        let got = clustered(&[&[0.0, 1.0, 0.0, 1.0], &[1.0, 0.0, 0.0, 1.0]]);
        close(got.sandwich, 0.0);
        close(got.miller, got.independent / 8.0_f64.sqrt());
        assert!(got.is_below_independent());
        assert!(!clustered(&[&[0.0, 0.0], &[1.0, 1.0]]).is_below_independent());
    }

    #[test]
    fn one_cluster_is_undefined() {
        assert_eq!(clustered_standard_error(&[vec![1.0, 2.0], vec![]]), Ok(None));
        assert_eq!(clustered_standard_error::<Vec<f64>>(&[]), Ok(None));
        assert!(clustered_standard_error(&[[f64::NAN]]).is_err());
        assert_eq!(standard_error(&Sample::new(&[1.0]).unwrap()), None);
    }

    fn pairs(a: &[f64], b: &[f64]) -> Vec<(f64, f64)> {
        a.iter().copied().zip(b.iter().copied()).collect()
    }

    /// Oracle: `scipy.stats.ttest_rel`, `sem` and `pearsonr`, `SciPy` 1.17.1.
    #[test]
    fn paired_difference_matches_scipy() {
        let a = [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0];
        let b = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0];
        let got = paired_difference(&pairs(&a, &b)).unwrap().unwrap();
        close(got.mean, 0.25);
        close(got.error, 0.163_663_417_676_994_27);
        close(got.unpaired_error, 0.249_999_999_999_999_97);
        close(got.t.unwrap(), 1.527_525_231_651_946_8);
        close(got.p.unwrap(), 0.170_470_660_787_053_8);
        close(got.correlation.unwrap(), 0.577_350_269_189_625_8);
    }

    #[test]
    fn equal_differences_have_no_error_and_no_p() {
        let got = paired_difference(&[(0.3, 0.2), (0.2, 0.1), (0.9, 0.8)]).unwrap().unwrap();
        assert_eq!((got.error, got.t, got.p), (0.0, None, None));
        close(got.correlation.unwrap(), 1.0);
        let got = paired_difference(&[(1.0, 1.0), (1.0, 1.0)]).unwrap().unwrap();
        assert_eq!((got.mean, got.error, got.p, got.correlation), (0.0, 0.0, None, None));
        assert_eq!(paired_difference(&[(1.0, 2.0)]), Ok(None));
        assert_eq!(paired_difference(&[]), Ok(None));
        assert!(paired_difference(&[(1.0, f64::NAN)]).is_err());
    }

    proptest! {
        #[test]
        fn singletons_are_independent_values(values in prop::collection::vec(-50.0_f64..50.0, 2..20)) {
            let clusters: Vec<[f64; 1]> = values.iter().map(|&v| [v]).collect();
            let got = clustered_standard_error(&clusters).unwrap().unwrap();
            prop_assert!((got.miller - got.independent).abs() < 1e-9);
        }

        #[test]
        fn order_does_not_change_a_bit(clusters in prop::collection::vec(prop::collection::vec(-50.0_f64..50.0, 0..5), 0..8)) {
            let turned: Vec<Vec<f64>> = clusters.iter().rev().map(|c| c.iter().rev().copied().collect()).collect();
            prop_assert_eq!(clustered_standard_error(&clusters), clustered_standard_error(&turned));
        }

        #[test]
        fn pairing_pays_by_the_correlation(pairs in prop::collection::vec((-9.0_f64..9.0, -9.0_f64..9.0), 2..20)) {
            let got = paired_difference(&pairs).unwrap().unwrap();
            let side = |v: Vec<f64>| standard_error(&Sample::new(&v).unwrap()).unwrap();
            let a = side(pairs.iter().map(|p| p.0).collect());
            let b = side(pairs.iter().map(|p| p.1).collect());
            let rho = got.correlation.unwrap();
            prop_assert!((got.error.powi(2) - (a * a + b * b - 2.0 * rho * a * b)).abs() < 1e-9);
            let turned: Vec<(f64, f64)> = pairs.iter().rev().copied().collect();
            prop_assert_eq!(Some(got), paired_difference(&turned).unwrap());
        }
    }
}
