//! What was masked: counts by column and category.

use std::collections::{BTreeMap, BTreeSet};

/// How many masks were put into which column, by category.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    counts: BTreeMap<(&'static str, String), u64>,
}

impl Findings {
    /// Counts one mask.
    pub(super) fn add(&mut self, column: &'static str, category: &str) {
        *self.counts.entry((column, category.to_owned())).or_default() += 1;
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: &Self) {
        for (key, count) in &other.counts {
            *self.counts.entry(key.clone()).or_default() += count;
        }
    }

    /// Whether nothing was masked.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Column, category and number of masks, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str, u64)> {
        self.counts.iter().map(|((column, category), count)| (*column, category.as_str(), *count))
    }

    /// Number of masks by category.
    pub fn by_category(&self) -> BTreeMap<&str, u64> {
        let mut sums = BTreeMap::new();
        for (_, category, count) in self.iter() {
            *sums.entry(category).or_default() += count;
        }
        sums
    }

    /// Number of masks.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The columns that were changed.
    pub fn columns(&self) -> BTreeSet<&'static str> {
        self.counts.keys().map(|(column, _)| *column).collect()
    }
}
