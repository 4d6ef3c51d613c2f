//! Aggregates of few runs that one run cannot turn, and effects that need no scale.

use super::sample::{Sample, real, sum};

/// The interquartile mean: the mean of what is left without the lowest and the highest quarter of the values,
/// each rounded down to whole values. With fewer than 4 values nothing is left out. `None` when empty.
///
/// Source: R. Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", arXiv
/// 2108.13264 (2021), as `rliable` and `scipy.stats.trim_mean(x, 0.25)`.
pub fn interquartile_mean(sample: &Sample) -> Option<f64> {
    let cut = sample.len() / 4;
    let kept = sample.sorted().get(cut..sample.len() - cut)?;
    Sample::new(kept).ok()?.mean()
}

/// How a value of one sample compares with a value of another, over all pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Superiority {
    /// Share of pairs in which the first is larger, ties counting half: 0.5 when neither is.
    pub probability: f64,
    /// Cliff's delta: share in which the first is larger less share in which it is smaller, -1 to 1.
    pub delta: f64,
}

/// `P(X > Y) + ½ P(X = Y)` and Cliff's delta, `2P - 1`. `None` when a sample is empty. `O((n + m) log m)`.
///
/// Source: H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18 (1947), as U / nm; N. Cliff,
/// "Dominance statistics", Psychological Bulletin 114 (1993).
pub fn superiority(x: &Sample, y: &Sample) -> Option<Superiority> {
    if x.is_empty() || y.is_empty() {
        return None;
    }
    let others = y.sorted();
    let below = |value: f64| real(others.partition_point(|&other| other < value));
    let above = |value: f64| real(others.len() - others.partition_point(|&other| other <= value));
    let won = sum(x.sorted().iter().map(|&value| below(value)));
    let lost = sum(x.sorted().iter().map(|&value| above(value)));
    let delta = (won - lost) / (real(x.len()) * real(others.len()));
    Some(Superiority { probability: f64::midpoint(1.0, delta), delta })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values).unwrap()
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// Oracle: `scipy.stats.trim_mean(x, 0.25)`, `SciPy` 1.17.1.
    #[test]
    fn interquartile_mean_matches_scipy() {
        let of = |values: &[f64]| interquartile_mean(&sample(values)).unwrap();
        close(of(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]), 3.5);
        close(
            of(&[3.0, 1.0, 4.0, 1.0, 50.0, 9.0, 2.0, -6.0, 7.0, 8.0, 0.5]),
            3.714_285_714_285_714_4,
        );
        close(of(&[1.0, 2.0, 9.0]), 4.0);
        close(of(&[1.0, 2.0, 3.0, 90.0]), 2.5);
        assert_eq!(interquartile_mean(&sample(&[])), None);
    }

    /// Oracle: `scipy.stats.mannwhitneyu(x, y).statistic / (n m)`, `SciPy` 1.17.1.
    #[test]
    fn superiority_matches_scipy() {
        let got = superiority(&sample(&[5.0, 7.0, 9.0]), &sample(&[4.0, 7.0, 6.0])).unwrap();
        close(got.probability, 0.722_222_222_222_222_2);
        close(got.delta, 4.0 / 9.0);
        let got = superiority(&sample(&[1.0, 1.0, 2.0, 8.0]), &sample(&[1.0, 2.0, 2.0])).unwrap();
        close(got.probability, 0.5);
        assert_eq!(superiority(&sample(&[]), &sample(&[1.0])), None);
        assert_eq!(superiority(&sample(&[1.0]), &sample(&[])), None);
    }

    #[test]
    fn signed_zeros_are_ties() {
        let got = superiority(&sample(&[0.0]), &sample(&[-0.0])).unwrap();
        assert_eq!(got, Superiority { probability: 0.5, delta: 0.0 });
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-6_i32..6).prop_map(f64::from), 1..20)
    }

    proptest! {
        #[test]
        fn superiority_is_the_share_of_pairs(x in values(), y in values()) {
            let pairs = x.iter().flat_map(|a| y.iter().map(move |b| (a, b)));
            let won: f64 = pairs.map(|(a, b)| if a > b { 1.0 } else if a < b { 0.0 } else { 0.5 }).sum();
            let got = superiority(&sample(&x), &sample(&y)).unwrap();
            prop_assert!((got.probability - won / (real(x.len()) * real(y.len()))).abs() < 1e-12);
            let back = superiority(&sample(&y), &sample(&x)).unwrap();
            prop_assert!((got.delta + back.delta).abs() < 1e-12);
        }

        #[test]
        fn one_wild_value_in_four_does_not_matter(x in prop::collection::vec(-6.0_f64..6.0, 4..20), wild in 10.0_f64..1e9) {
            let mut far = sample(&x).sorted().to_vec();
            far[x.len() - 1] = wild;
            let (a, b) = (interquartile_mean(&sample(&x)), interquartile_mean(&sample(&far)));
            prop_assert_eq!(a.map(f64::to_bits), b.map(f64::to_bits));
        }
    }
}
