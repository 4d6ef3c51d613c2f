//! How far two raters agree on nominal categories beyond what chance would give.

use std::collections::{BTreeMap, BTreeSet};

/// Cohen's kappa with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kappa {
    /// Items that both raters put into a category.
    pub n: u64,
    /// Share of items on which they agree.
    pub observed: f64,
    /// Share on which raters with the same category shares would agree by chance.
    pub expected: f64,
    /// `(observed - expected) / (1 - expected)`: 1 is perfect, 0 is chance, negative is worse than chance.
    pub kappa: f64,
}

/// Cohen's kappa of two raters over the same items, as pairs of categories. `None` without items, and when both put
/// every item into one and the same category: chance alone then explains full agreement. `O(n log n)`.
///
/// Source: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
/// (1960), unweighted, as `sklearn.metrics.cohen_kappa_score`.
pub fn cohen_kappa<T: Ord>(pairs: &[(T, T)]) -> Option<Kappa> {
    if pairs.is_empty() {
        return None;
    }
    let table = ConfusionMatrix::of(pairs);
    let n = pairs.len() as u64;
    let agreed = pairs.iter().filter(|(a, b)| a == b).count() as u64;
    // Exact in integers: n² of chance agreement.
    let by_chance: u128 =
        table.row_totals().iter().zip(table.column_totals()).map(|(r, c)| wide(*r) * wide(c)).sum();
    let squared = wide(n) * wide(n);
    if by_chance == squared {
        return None;
    }
    let kappa = (real(wide(agreed) * wide(n)) - real(by_chance)) / real(squared - by_chance);
    let observed = real(wide(agreed)) / real(wide(n));
    Some(Kappa { n, observed, expected: real(by_chance) / real(squared), kappa })
}

/// How often each category of the first rater met each category of the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix<T> {
    /// Categories that either rater used, in order.
    pub categories: Vec<T>,
    /// Counts: a row per category of the first rater, a column per category of the second.
    pub counts: Vec<Vec<u64>>,
}

impl<'a, T: Ord> ConfusionMatrix<&'a T> {
    /// Counts pairs of categories.
    pub fn of(pairs: &'a [(T, T)]) -> Self {
        let categories: BTreeSet<&T> = pairs.iter().flat_map(|(a, b)| [a, b]).collect();
        let place: BTreeMap<&T, usize> =
            categories.iter().enumerate().map(|(i, c)| (*c, i)).collect();
        let mut counts = vec![vec![0; categories.len()]; categories.len()];
        for (a, b) in pairs {
            let cell = place.get(a).zip(place.get(b));
            if let Some(count) =
                cell.and_then(|(row, column)| counts.get_mut(*row)?.get_mut(*column))
            {
                *count += 1;
            }
        }
        Self { categories: categories.into_iter().collect(), counts }
    }
}

impl<T> ConfusionMatrix<T> {
    /// Items per category of the first rater.
    pub fn row_totals(&self) -> Vec<u64> {
        self.counts.iter().map(|row| row.iter().sum()).collect()
    }

    /// Items per category of the second rater.
    pub fn column_totals(&self) -> Vec<u64> {
        let column = |i: usize| self.counts.iter().filter_map(|row| row.get(i)).sum();
        (0..self.categories.len()).map(column).collect()
    }
}

fn wide(count: u64) -> u128 {
    u128::from(count)
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 the relative error is 1e-16")]
fn real(count: u128) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(a: &str, b: &str) -> Vec<(char, char)> {
        a.chars().zip(b.chars()).collect()
    }

    /// Oracle: `sklearn.metrics.cohen_kappa_score`, scikit-learn 1.9.1.
    #[test]
    fn kappa_matches_sklearn() {
        for (a, b, expected) in [
            ("aabbccabca", "abbbccabac", 0.552_238_805_970_149_2),
            ("wxyzwxyzwwxz", "wxyzwxyyzwxw", 0.663_551_401_869_158_4),
            ("abc", "bca", -0.5),
            ("aaab", "aaaa", 0.0),
        ] {
            let got = cohen_kappa(&pairs(a, b)).unwrap();
            assert!((got.kappa - expected).abs() < 1e-12, "{a} {b}: {got:?}");
        }
        assert_eq!(cohen_kappa(&pairs("aaaa", "aaaa")), None, "sklearn: nan");
        assert_eq!(cohen_kappa::<char>(&[]), None);
    }

    /// Cohen's own kind of table: 20 both yes, 5 and 10 apart, 15 both no: 0.7 observed, 0.5 by chance.
    #[test]
    fn kappa_is_made_of_observed_and_expected_agreement() {
        let mut table = pairs(&"y".repeat(20), &"y".repeat(20));
        table.extend(pairs(&"y".repeat(5), &"n".repeat(5)));
        table.extend(pairs(&"n".repeat(10), &"y".repeat(10)));
        table.extend(pairs(&"n".repeat(15), &"n".repeat(15)));
        let got = cohen_kappa(&table).unwrap();
        for (value, expected) in [(got.observed, 0.7), (got.expected, 0.5), (got.kappa, 0.4)] {
            assert!((value - expected).abs() < 1e-12, "{got:?}");
        }
        let counts = ConfusionMatrix::of(&table);
        assert_eq!(counts.categories, [&'n', &'y']);
        assert_eq!(counts.counts, [[15, 10], [5, 20]]);
    }

    proptest! {
        #[test]
        fn raters_may_change_places(codes in prop::collection::vec((0_u8..4, 0_u8..4), 1..40)) {
            let turned: Vec<(u8, u8)> = codes.iter().map(|(a, b)| (*b, *a)).collect();
            let (one, other) = (cohen_kappa(&codes), cohen_kappa(&turned));
            prop_assert_eq!(one, other);
            prop_assert!(one.is_none_or(|k| k.kappa <= 1.0 && k.kappa >= -1.0));
        }
    }
}
