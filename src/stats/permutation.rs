//! Tests that assume nothing about a distribution: how often would relabelling alone give a mean
//! difference as large?
//!
//! All relabellings are tried when there are few, and seeded random ones otherwise, each from its own
//! stream. Values that tie with the observed difference up to rounding count as at least as large.

use super::draws::Draws;
use super::sample::{Sample, finite, real, sum};

/// Most relabellings that are all tried.
pub(super) const MOST_EXACT: u64 = 100_000;

/// Sums this close, as a share of all absolute values, are equal up to rounding.
const ROUNDING: f64 = 1e-12;

/// A permutation test of a mean difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PermutationTest {
    /// The observed mean difference, in the unit of the values.
    pub difference: f64,
    /// Two-sided p-value: the share of relabellings whose absolute mean difference is at least the observed
    /// one. Random relabellings count the observed one too, so p is never 0.
    pub p: f64,
    /// Whether all relabellings were tried.
    pub exact: bool,
    /// Relabellings tried.
    pub relabellings: u64,
}

/// Tests whether paired differences are centred on 0: under the null each sign is a fair coin. Exact up to
/// 16 differences; p = (hits + 1) / (resamples + 1) beyond. One difference always gives p = 1.
///
/// `None` when there are no differences, the sum overflows, or random signs are needed and `resamples` is 0.
///
/// Source: R. A. Fisher, The Design of Experiments (1935), section 21; the added one: B. Phipson and
/// G. K. Smyth, "Permutation p-values should never be zero", SAGMB 9 (2010).
pub fn sign_flip_test(differences: &Sample, resamples: u32, seed: u64) -> Option<PermutationTest> {
    let values = differences.sorted();
    let difference = differences.mean()?;
    let scale = finite(sum(values.iter().map(|d| d.abs())))?;
    let bar = sum(values.iter().copied()).abs() - ROUNDING * scale;
    let far = |flipped: f64| u64::from(flipped.abs() >= bar);
    let count = u32::try_from(values.len()).ok().and_then(|n| 1_u64.checked_shl(n));
    let (hits, all, exact) = if let Some(all) = count.filter(|&all| all <= MOST_EXACT) {
        let signed = |mask: u64| {
            let flip = |(i, d): (usize, &f64)| if mask >> i & 1 == 1 { -d } else { *d };
            values.iter().enumerate().map(flip).sum::<f64>()
        };
        ((0..all).map(|mask| far(signed(mask))).sum(), all, true)
    } else {
        let draw = |index: u32| {
            let mut draws = Draws::stream(seed, index.into());
            far(values.iter().map(|d| if draws.coin() { -d } else { *d }).sum())
        };
        ((0..resamples).map(draw).sum(), u64::from(resamples), false)
    };
    Some(PermutationTest { difference, p: share(hits, all, exact)?, exact, relabellings: all })
}

/// Tests whether two independent samples have the same distribution, by `mean(a) - mean(b)`: under the null
/// every split of the pooled values into groups of these sizes is equally likely. Exact up to
/// 100,000 splits; p = (hits + 1) / (resamples + 1) beyond.
///
/// `None` when a sample is empty, a sum overflows, or random splits are needed and `resamples` is 0.
///
/// Source: E. J. G. Pitman, "Significance tests which may be applied to samples from any populations",
/// JRSS Supplement 4 (1937); the added one: Phipson and Smyth (2010).
pub fn two_sample_test(
    a: &Sample,
    b: &Sample,
    resamples: u32,
    seed: u64,
) -> Option<PermutationTest> {
    let difference = finite(a.mean()? - b.mean()?)?;
    let mut pooled = [a.sorted(), b.sorted()].concat();
    pooled.sort_by(f64::total_cmp);
    let few = a.len().min(b.len());
    let scale = finite(sum(pooled.iter().map(|x| x.abs())))?;
    let expected = sum(pooled.iter().copied()) * (real(few) / real(pooled.len()));
    // The difference of means is a multiple of how far the smaller group's sum is from its expectation.
    let smaller = if a.len() <= b.len() { a } else { b };
    let bar = (smaller.sum()? - expected).abs() - ROUNDING * scale;
    let far = |total: f64| u64::from((total - expected).abs() >= bar);
    let (hits, all, exact) = if let Some(all) = splits(pooled.len(), few) {
        (Subsets::new(pooled.len(), few).map(|s| far(total(&pooled, &s))).sum(), all, true)
    } else {
        let draw = |index: u32| {
            let mut draws = Draws::stream(seed, index.into());
            let mut rest = pooled.clone();
            for i in 0..few {
                let j = i + draws.below(rest.len() - i);
                rest.swap(i, j);
            }
            far(rest.iter().take(few).sum())
        };
        ((0..resamples).map(draw).sum(), u64::from(resamples), false)
    };
    Some(PermutationTest { difference, p: share(hits, all, exact)?, exact, relabellings: all })
}

#[expect(clippy::cast_precision_loss, reason = "at most 2^32 relabellings are tried")]
fn share(hits: u64, all: u64, exact: bool) -> Option<f64> {
    let own = u64::from(!exact);
    (all > 0).then(|| (hits + own) as f64 / (all + own) as f64)
}

fn total(values: &[f64], indices: &[usize]) -> f64 {
    indices.iter().map(|&i| values[i]).sum()
}

/// `C(n, k)`, when it is at most [`MOST_EXACT`].
fn splits(n: usize, k: usize) -> Option<u64> {
    let mut count = 1_u64;
    for i in 0..k as u64 {
        count = count.checked_mul(n as u64 - i)? / (i + 1);
        if count > MOST_EXACT {
            return None;
        }
    }
    Some(count)
}

/// All subsets of `k` of `0..n`, in lexicographic order.
struct Subsets {
    n: usize,
    next: Option<Vec<usize>>,
}

impl Subsets {
    fn new(n: usize, k: usize) -> Self {
        Self { n, next: Some((0..k).collect()) }
    }
}

impl Iterator for Subsets {
    type Item = Vec<usize>;

    fn next(&mut self) -> Option<Vec<usize>> {
        let current = self.next.take()?;
        let k = current.len();
        self.next = (0..k).rev().find(|&i| current[i] < self.n - k + i).map(|i| {
            let mut after = current.clone();
            let start = after[i] + 1;
            after[i..].iter_mut().zip(start..).for_each(|(place, value)| *place = value);
            after
        });
        Some(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values).unwrap()
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    const D: [f64; 8] = [0.3, -0.1, 0.5, 0.2, 0.0, 0.7, -0.2, 0.4];
    const A: [f64; 4] = [1.83, 0.5, 1.62, 2.48];
    const B: [f64; 6] = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29];

    /// Oracle: `scipy.stats.permutation_test` of the absolute mean, `permutation_type="samples"` and
    /// `"independent"`, `alternative="greater"`, `n_resamples=inf`, `SciPy` 1.17.1.
    #[test]
    fn exact_p_values_match_scipy() {
        let got = sign_flip_test(&sample(&D), 0, 0).unwrap();
        close(got.p, 0.109_375);
        close(got.difference, 0.225);
        assert_eq!((got.exact, got.relabellings), (true, 256));
        let got = two_sample_test(&sample(&A), &sample(&B), 0, 0).unwrap();
        close(got.p, 0.257_142_857_142_857_1);
        assert_eq!((got.exact, got.relabellings), (true, 210));
    }

    /// Oracle: exact p-values of the same data by `SciPy` 1.17.1 (all 2¹⁸ signs and all 293 930 splits).
    #[test]
    fn random_p_values_come_close_to_the_exact_ones() {
        let d: Vec<f64> = (0..18).map(|i| f64::from(i * 37 % 19) - 6.5).collect();
        let got = sign_flip_test(&sample(&d), 10_000, 5).unwrap();
        assert!(!got.exact && (got.p - 0.037_971_496_582_031_25).abs() < 0.02, "{got:?}");
        let a: Vec<f64> = (0..9).map(|i| f64::from(i * 37 % 19)).collect();
        let b: Vec<f64> = (0..12).map(|i| f64::from(i * 53 % 23) + 1.0).collect();
        let got = two_sample_test(&sample(&a), &sample(&b), 10_000, 5).unwrap();
        assert!(!got.exact && (got.p - 0.471_969_516_551_559_9).abs() < 0.02, "{got:?}");
        assert_eq!(Some(got), two_sample_test(&sample(&a), &sample(&b), 10_000, 5));
        assert_ne!(Some(got), two_sample_test(&sample(&a), &sample(&b), 10_000, 6));
    }

    #[test]
    fn nothing_to_relabel_is_undefined() {
        let (none, many) = (sample(&[]), sample(&[1.0; 20]));
        assert_eq!(sign_flip_test(&none, 10, 0), None);
        assert_eq!(sign_flip_test(&many, 0, 0), None);
        assert_eq!(two_sample_test(&none, &many, 10, 0), None);
        assert_eq!(two_sample_test(&many, &many, 0, 0), None);
        assert!(sign_flip_test(&many, 9, 0).unwrap().p > 0.09);
    }

    #[test]
    fn equal_values_are_no_evidence() {
        close(sign_flip_test(&sample(&[0.0; 4]), 0, 0).unwrap().p, 1.0);
        close(sign_flip_test(&sample(&[3.0]), 0, 0).unwrap().p, 1.0);
        let same = sample(&[0.1, 0.1, 0.1]);
        close(two_sample_test(&same, &same, 0, 0).unwrap().p, 1.0);
    }

    #[test]
    fn subsets_are_all_there_once() {
        let subsets: Vec<Vec<usize>> = Subsets::new(6, 3).collect();
        assert_eq!(subsets.len(), 20);
        assert!(subsets.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(splits(6, 3), Some(20));
        assert_eq!(splits(100, 50), None);
    }

    proptest! {
        #[test]
        fn sides_and_signs_do_not_matter(a in prop::collection::vec(-9.0_f64..9.0, 1..7), b in prop::collection::vec(-9.0_f64..9.0, 1..7)) {
            let (one, two) = (sample(&a), sample(&b));
            let there = two_sample_test(&one, &two, 0, 0).unwrap();
            let back = two_sample_test(&two, &one, 0, 0).unwrap();
            prop_assert!((there.p - back.p).abs() < 1e-12 && there.p > 0.0 && there.p <= 1.0);
            let negative: Vec<f64> = a.iter().map(|d| -d).collect();
            let (plus, minus) = (sign_flip_test(&one, 0, 0).unwrap(), sign_flip_test(&sample(&negative), 0, 0).unwrap());
            prop_assert!((plus.p - minus.p).abs() < 1e-12);
        }
    }
}
