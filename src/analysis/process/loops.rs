//! How repetitive a sequence of actions is, as pure functions over anything that can be compared.
//!
//! What an action is, and which actions may be repeated with good reason (builds, tests), is for the caller to say.

use std::collections::{BTreeMap, BTreeSet};

/// A stretch of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// Position of its first item.
    pub start: usize,
    /// Number of items.
    pub len: usize,
}

impl Stretch {
    /// Position behind its last item.
    pub fn end(self) -> usize {
        self.start + self.len
    }

    /// The longer one; the first when they are equally long.
    fn longer(self, other: Self) -> Self {
        if other.len > self.len { other } else { self }
    }
}

/// The longest stretch of equal items, the first of several; empty for no items.
pub fn identical_streak<T: PartialEq>(items: &[T]) -> Stretch {
    periodic(items, 1)
}

/// The longest stretch A, B, A, B, ... of two different items, the first of several; empty below four items.
pub fn alternation<T: PartialEq>(items: &[T]) -> Stretch {
    let mut best = Stretch::default();
    let mut start = 0;
    for i in 0..items.len() {
        let same = |a: usize, b: usize| items.get(a) == items.get(b);
        if i > 0 && same(i, i - 1) {
            start = i;
        } else if i >= start + 2 && !same(i, i - 2) {
            start = i - 1;
        }
        best = best.longer(Stretch { start, len: i + 1 - start });
    }
    if best.len < 4 { Stretch::default() } else { best }
}

/// The longest stretch in which every item equals the one `period` before it.
fn periodic<T: PartialEq>(items: &[T], period: usize) -> Stretch {
    let mut best = Stretch::default();
    let mut start = 0;
    for i in 0..items.len() {
        if i >= start + period && items.get(i) != items.get(i - period) {
            start = i + 1 - period;
        }
        best = best.longer(Stretch { start, len: i + 1 - start });
    }
    best
}

/// `1 - distinct / n`: the share of items that had been there before, anywhere. `None` below two items.
pub fn duplicate_ratio<T: Ord>(items: &[T]) -> Option<f64> {
    ngram_repetition(items, 1).filter(|_| items.len() > 1)
}

/// `1 - distinct / all` over the stretches of `n` items. `None` when there is no such stretch, or `n` is 0.
pub fn ngram_repetition<T: Ord>(items: &[T], n: usize) -> Option<f64> {
    if n == 0 || items.len() < n {
        return None;
    }
    let distinct: BTreeSet<&[T]> = items.windows(n).collect();
    Some(1.0 - real(distinct.len()) / real(items.len() + 1 - n))
}

/// The share of items that equal the one right before them. `None` below two items.
pub fn adjacent_repetition<T: PartialEq>(items: &[T]) -> Option<f64> {
    let pairs = items.len().checked_sub(1).filter(|pairs| *pairs > 0)?;
    let equal = items.windows(2).filter(|w| w.first() == w.get(1)).count();
    Some(real(equal) / real(pairs))
}

/// Shannon entropy of the items in bits: 0 when all are the same. `None` without items.
pub fn action_entropy<T: Ord>(items: &[T]) -> Option<f64> {
    if items.is_empty() {
        return None;
    }
    let mut counts: BTreeMap<&T, usize> = BTreeMap::new();
    for item in items {
        *counts.entry(item).or_default() += 1;
    }
    let share = |count: &usize| real(*count) / real(items.len());
    // Adding 0 turns the -0 of a single item into 0.
    Some(-counts.values().map(|c| share(c) * share(c).log2()).sum::<f64>() + 0.0)
}

#[expect(clippy::cast_precision_loss, reason = "sequences are far shorter than 2^53")]
fn real(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(got: Option<f64>, expected: f64) {
        let got = got.unwrap();
        assert!((got - expected).abs() < 1e-6, "{got} is not {expected}");
    }

    /// The published vector: ABABABCC has .625 duplicates, .428571 bigram and .142857 adjacent repetition, and
    /// 1.561278 bits.
    #[test]
    fn the_reference_sequence_has_its_reference_values() {
        let items = b"ABABABCC";
        close(duplicate_ratio(items), 0.625);
        close(ngram_repetition(items, 2), 0.428_571);
        close(adjacent_repetition(items), 0.142_857);
        close(action_entropy(items), 1.561_278);
        assert_eq!(identical_streak(items), Stretch { start: 6, len: 2 });
        assert_eq!(alternation(items), Stretch { start: 0, len: 6 });
    }

    #[test]
    fn what_is_too_short_has_no_ratio() {
        assert_eq!(duplicate_ratio::<u8>(&[]), None);
        assert_eq!(duplicate_ratio(b"A"), None);
        assert_eq!(adjacent_repetition(b"A"), None);
        assert_eq!(ngram_repetition(b"AB", 3), None);
        assert_eq!(ngram_repetition(b"AB", 0), None);
        assert_eq!(action_entropy::<u8>(&[]), None);
        assert_eq!(action_entropy(b"AAAA").map(f64::to_bits), Some(0.0_f64.to_bits()));
        assert_eq!(identical_streak::<u8>(&[]).len, 0);
        assert_eq!(alternation(b"ABA").len, 0, "below four items");
    }

    #[test]
    fn stretches_are_the_first_of_the_longest() {
        assert_eq!(identical_streak(b"xaaabbb"), Stretch { start: 1, len: 3 });
        assert_eq!(alternation(b"aaaa").len, 0, "one item does not alternate");
        assert_eq!(alternation(b"xABABAByy"), Stretch { start: 1, len: 6 });
        assert_eq!(alternation(b"ABABCBCBC"), Stretch { start: 3, len: 6 });
        assert_eq!(alternation(b"AABAB"), Stretch { start: 1, len: 4 });
    }

    /// A slow reading of the definition.
    fn longest(items: &[u8], fits: impl Fn(&[u8]) -> bool) -> usize {
        let all = (0..items.len()).flat_map(|i| (i + 1..=items.len()).map(move |j| (i, j)));
        all.filter(|(i, j)| fits(&items[*i..*j])).map(|(i, j)| j - i).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn stretches_match_their_definition(items in prop::collection::vec(0_u8..3, 0..24)) {
            let same = longest(&items, |s| s.windows(2).all(|w| w[0] == w[1]));
            prop_assert_eq!(identical_streak(&items).len, same);
            let two = |s: &[u8]| s.len() >= 4 && s[0] != s[1] && s.windows(3).all(|w| w[0] == w[2]);
            prop_assert_eq!(alternation(&items).len, longest(&items, two));
        }
    }
}
