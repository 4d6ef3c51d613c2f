//! Ranks, how far two rankings agree, and a slope that a few outliers cannot turn.
//!
//! Agreement is `None`, never 0, where a side is tied throughout: there is no order to agree with. It is
//! also `None` for vectors of different length and for values that are not finite.

use std::cmp::Ordering;

use super::quantile::median;
use super::sample::{Sample, finite, real, sum};

/// Ranks from 1, the best; ties share the mean of the ranks they occupy. `O(n log n)`.
///
/// The ranks are in the order of the values. NaN has no place in a ranking and must be left out, and
/// counted, by the caller; here it shares the worst ranks, so that no rank is ever NaN.
///
/// Source: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945), as
/// `scipy.stats.rankdata`.
pub fn mean_ranks(values: &[f64], higher_is_better: bool) -> Vec<f64> {
    let better = |&a: &usize, &b: &usize| {
        let (a, b) = (values[a], values[b]);
        let rising = a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()));
        let either_missing = a.is_nan() || b.is_nan();
        if higher_is_better || either_missing { rising.reverse() } else { rising }
    };
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(better);
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|a, b| better(a, b) == Ordering::Equal) {
        let mean = real(before) + f64::midpoint(1.0, real(tied.len()));
        for &index in tied {
            ranks[index] = mean;
        }
        before += tied.len();
    }
    ranks
}

/// Kendall's tau-b, `(P - Q) / √((P + Q + T)(P + Q + U))`: P pairs in the same order, Q in opposite
/// order, T tied in `y` alone, U tied in `x` alone. -1 to 1. Compares all pairs, `O(n²)`.
///
/// `None` when n < 2 or a side is tied throughout.
///
/// Source: M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33 (1945), as
/// `scipy.stats.kendalltau`.
pub fn kendall_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    let points = points(x, y)?;
    let (mut agreement, mut untied_x, mut untied_y) = (0_i64, 0_i64, 0_i64);
    for (i, a) in points.iter().enumerate() {
        for b in points.iter().take(i) {
            let (dx, dy) = (sign(a.0, b.0), sign(a.1, b.1));
            agreement += dx * dy;
            untied_x += dx.abs();
            untied_y += dy.abs();
        }
    }
    correlation(whole(agreement), whole(untied_x), whole(untied_y))
}

/// Spearman's rho: the correlation of the [`mean_ranks`]. `None` when n < 2 or a side is tied throughout.
/// `O(n log n)`.
///
/// Source: C. Spearman, American Journal of Psychology 15 (1904), as `scipy.stats.spearmanr`.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    points(x, y)?;
    let middle = f64::midpoint(1.0, real(x.len()));
    let centred = |v: &[f64]| -> Vec<f64> {
        mean_ranks(v, true).into_iter().map(|rank| rank - middle).collect()
    };
    // Half-integers: these sums are exact, whatever their order.
    let (x, y) = (centred(x), centred(y));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    correlation(dot(&x, &y), dot(&x, &x), dot(&y, &y))
}

/// Kendall's tau with more weight on the top: a pair counts `1/(1 + r) + 1/(1 + s)`, where r and s
/// are the ranks of its members from 0, the largest value first. The mean of tau ranked by `x`, ties
/// by `y`, and of tau ranked by `y`, ties by `x`. `None` when n < 2 or a side is tied throughout. `O(n²)`.
///
/// Source: S. Vigna, "A weighted correlation index for rankings with ties", WWW 2015, as
/// `scipy.stats.weightedtau` with its defaults (hyperbolic, additive, `rank=True`).
pub fn weighted_tau(x: &[f64], y: &[f64]) -> Option<f64> {
    Some(f64::midpoint(ranked_tau(points(x, y)?)?, ranked_tau(points(y, x)?)?))
}

/// Tau with hyperbolic weights by the first coordinate, ties by the second.
fn ranked_tau(mut points: Vec<(f64, f64)>) -> Option<f64> {
    points.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let (mut agreement, mut untied_x, mut untied_y) = (0.0, 0.0, 0.0);
    for (i, a) in points.iter().enumerate() {
        for (j, b) in points.iter().enumerate().take(i) {
            let weight = 1.0 / real(i + 1) + 1.0 / real(j + 1);
            let (dx, dy) = (whole(sign(a.0, b.0)), whole(sign(a.1, b.1)));
            agreement += weight * dx * dy;
            untied_x += weight * dx.abs();
            untied_y += weight * dy.abs();
        }
    }
    correlation(agreement, untied_x, untied_y)
}

/// A straight line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Rise of `y` per unit of `x`.
    pub slope: f64,
    /// `y` at `x = 0`.
    pub intercept: f64,
}

/// The Theil-Sen line: its slope is the median of the slopes of all pairs of points that differ in `x`, its
/// intercept `median(y) - slope · median(x)`. Up to 29 % of the points may be arbitrarily wrong.
///
/// `None` when n < 2, all `x` are equal, or a slope overflows. `O(n² log n)` time and `O(n²)` memory:
/// 400 MB at 10⁴ points.
///
/// Source: P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63
/// (1968), as `scipy.stats.theilslopes`.
pub fn theil_sen(x: &[f64], y: &[f64]) -> Option<Line> {
    let points = points(x, y)?;
    let mut slopes = Vec::new();
    for (i, a) in points.iter().enumerate() {
        let earlier = points.iter().take(i).filter(|b| sign(a.0, b.0) != 0);
        slopes.extend(earlier.map(|b| (a.1 - b.1) / (a.0 - b.0)));
    }
    let slope = median(&Sample::new(&slopes).ok()?)?;
    let middle = |v: &[f64]| median(&Sample::new(v).ok()?);
    Some(Line { slope, intercept: finite(sum([middle(y)?, -slope * middle(x)?].into_iter()))? })
}

/// The points of two vectors of the same length; `None` unless all values are finite. Adding 0 turns
/// -0 into 0, so that the two are tied in every comparison.
fn points(x: &[f64], y: &[f64]) -> Option<Vec<(f64, f64)>> {
    if x.len() != y.len() {
        return None;
    }
    x.iter().zip(y).map(|(&x, &y)| Some((finite(x)? + 0.0, finite(y)? + 0.0))).collect()
}

/// `covariance / √(a · b)`; `None` when a side does not vary.
fn correlation(covariance: f64, a: f64, b: f64) -> Option<f64> {
    if a > 0.0 && b > 0.0 {
        // Equal sides need no root, and perfect agreement is then exactly 1.
        let scale = if a.total_cmp(&b).is_eq() { a } else { a.sqrt() * b.sqrt() };
        Some((covariance / scale).clamp(-1.0, 1.0))
    } else {
        None
    }
}

fn sign(a: f64, b: f64) -> i64 {
    i64::from(a > b) - i64::from(a < b)
}

#[expect(clippy::cast_precision_loss, reason = "pairs of points in memory number far below 2^53")]
fn whole(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("a number");
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    const X: [f64; 8] = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
    const Y: [f64; 8] = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0];

    #[test]
    fn ties_share_the_mean_rank() {
        let values = [10.0, 30.0, 20.0, 30.0, 5.0];
        assert_eq!(mean_ranks(&values, true), [4.0, 1.5, 3.0, 1.5, 5.0]);
        assert_eq!(mean_ranks(&values, false), [2.0, 4.5, 3.0, 4.5, 1.0]);
        assert_eq!(mean_ranks(&[-0.0, 0.0], true), [1.5, 1.5]);
        assert!(mean_ranks(&[], true).is_empty());
    }

    #[test]
    fn nan_shares_the_worst_ranks() {
        let values = [f64::NAN, 1.0, 2.0, -f64::NAN, f64::INFINITY];
        assert_eq!(mean_ranks(&values, true), [4.5, 3.0, 2.0, 4.5, 1.0]);
        assert_eq!(mean_ranks(&values, false), [4.5, 1.0, 2.0, 4.5, 3.0]);
    }

    /// Oracle: `scipy.stats.kendalltau`, `spearmanr` and `weightedtau`, `SciPy` 1.17.1.
    #[test]
    fn agreement_matches_scipy() {
        close(kendall_tau_b(&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]), 0.912_870_929_175_277);
        close(kendall_tau_b(&X, &Y), 0.160_514_470_781_025_63);
        close(spearman(&[1.0, 2.0, 2.0, 4.0], &[1.0, 3.0, 2.0, 4.0]), 0.948_683_298_050_513_9);
        close(spearman(&X, &Y), 0.198_853_681_209_924_67);
        close(weighted_tau(&[4.0, 3.0, 2.0, 1.0], &[3.0, 4.0, 2.0, 1.0]), 0.519_999_999_999_999_8);
        close(weighted_tau(&X, &Y), 0.422_179_168_185_095_15);
        close(
            weighted_tau(&[12.0, 2.0, 1.0, 12.0, 2.0], &[1.0, 4.0, 7.0, 1.0, 0.0]),
            -0.566_949_681_536_827_2,
        );
    }

    /// Oracle: `scipy.stats.theilslopes`, `SciPy` 1.17.1.
    #[test]
    fn the_line_matches_scipy() {
        let line = theil_sen(&[0.0, 1.0, 2.0, 3.0], &[1000.0, 1500.0, 2000.0, 2500.0]).unwrap();
        assert_eq!(line, Line { slope: 500.0, intercept: 1000.0 });
        let x = [0.0, 1.0, 2.0, 4.0, 7.0, 7.0];
        let line = theil_sen(&x, &[1.0, 3.5, 2.0, 9.0, 11.5, 40.0]).unwrap();
        close(Some(line.slope), 1.95);
        close(Some(line.intercept), 0.400_000_000_000_000_36);
    }

    #[test]
    fn nothing_to_order_has_no_agreement() {
        for f in [kendall_tau_b, spearman, weighted_tau] {
            assert_eq!(f(&[], &[]), None);
            assert_eq!(f(&[1.0], &[1.0]), None);
            assert_eq!(f(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
            assert_eq!(f(&[0.0, -0.0], &[1.0, 2.0]), None);
            assert_eq!(f(&[1.0, 2.0], &[1.0]), None);
            assert_eq!(f(&[1.0, f64::NAN], &[1.0, 2.0]), None);
        }
        assert_eq!(theil_sen(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(theil_sen(&[1.0], &[1.0]), None);
        assert_eq!(theil_sen(&[0.0, 1e-300], &[-1e300, 1e300]), None);
    }

    fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((-5_i32..5, -5_i32..5), 2..25)
            .prop_map(|v| v.into_iter().map(|(a, b)| (a.into(), b.into())).collect())
    }

    proptest! {
        #[test]
        fn order_does_not_change_a_bit(points in pairs(), turn in 0_usize..25) {
            let mut moved = points.clone();
            moved.rotate_left(turn % points.len());
            let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let (u, v): (Vec<f64>, Vec<f64>) = moved.into_iter().unzip();
            for f in [kendall_tau_b, spearman, weighted_tau] {
                prop_assert_eq!(f(&x, &y).map(f64::to_bits), f(&u, &v).map(f64::to_bits));
            }
            let bits = |line: Line| (line.slope.to_bits(), line.intercept.to_bits());
            prop_assert_eq!(theil_sen(&x, &y).map(bits), theil_sen(&u, &v).map(bits));
        }

        #[test]
        fn agreement_is_symmetric_and_turns_with_a_side(points in pairs()) {
            let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
            let back: Vec<f64> = y.iter().map(|v| -v).collect();
            for f in [kendall_tau_b, spearman] {
                let Some(t) = f(&x, &y) else { continue };
                prop_assert!((f(&y, &x).unwrap() - t).abs() < 1e-12);
                prop_assert!((f(&x, &back).unwrap() + t).abs() < 1e-12);
            }
            if let Some(t) = weighted_tau(&x, &y) {
                prop_assert!((weighted_tau(&y, &x).unwrap() - t).abs() < 1e-12);
                prop_assert!((weighted_tau(&x, &x).unwrap() - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn ranks_add_up(values in prop::collection::vec(-4_i32..4, 0..30)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let n = real(values.len());
            let total: f64 = mean_ranks(&values, false).iter().sum();
            prop_assert!((total - n * (n + 1.0) / 2.0).abs() < 1e-9);
        }
    }
}
