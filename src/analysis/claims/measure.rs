//! Statistics that SQL lacks.

use crate::stats::{
    Sample, coefficient_of_variation, geometric_mean, geometric_sd, gini, kendall_tau_b,
    max_over_min, median, orders_of_magnitude, p90_over_p10, pearson, spearman,
};

/// A named statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of words says what they are")]
pub enum Measure {
    Mean,
    Median,
    Sd,
    GeometricMean,
    GeometricSd,
    MaxOverMin,
    OrdersOfMagnitude,
    P90OverP10,
    Gini,
    CoefficientOfVariation,
    Pearson,
    R2,
    Spearman,
    KendallTauB,
    CollapseMarginal,
    CollapseConditional,
    CollapseSurvival,
}

impl Measure {
    /// Every measure: its word, how many expressions it takes, and what it is.
    pub const WORDS: &[(Self, &'static str, usize, &'static str)] = &[
        (Self::Mean, "mean", 1, "arithmetic mean"),
        (Self::Median, "median", 1, "median"),
        (Self::Sd, "sd", 1, "standard deviation (n - 1)"),
        (Self::GeometricMean, "geometric_mean", 1, "geometric mean"),
        (Self::GeometricSd, "geometric_sd", 1, "geometric standard deviation"),
        (Self::MaxOverMin, "max_over_min", 1, "largest over smallest"),
        (Self::OrdersOfMagnitude, "orders_of_magnitude", 1, "log10 of largest over smallest"),
        (Self::P90OverP10, "p90_over_p10", 1, "90 % over 10 % quantile"),
        (Self::Gini, "gini", 1, "Gini coefficient"),
        (Self::CoefficientOfVariation, "coefficient_of_variation", 1, "sd over mean"),
        (Self::Pearson, "pearson", 2, "Pearson's correlation"),
        (Self::R2, "r2", 2, "square of Pearson's correlation"),
        (Self::Spearman, "spearman", 2, "Spearman's rank correlation"),
        (Self::KendallTauB, "kendall_tau_b", 2, "Kendall's tau-b"),
        (
            Self::CollapseMarginal,
            "collapse_marginal",
            0,
            "per stage: passed, of all runs with a score",
        ),
        (
            Self::CollapseConditional,
            "collapse_conditional",
            0,
            "per stage: passed, of those that passed every earlier one",
        ),
        (
            Self::CollapseSurvival,
            "collapse_survival",
            0,
            "per stage: passed this and every earlier one, of all runs",
        ),
    ];

    /// Reads the word of a file.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|w| w.1 == word).map(|w| w.0)
    }

    /// The word of a file.
    pub fn name(self) -> &'static str {
        Self::WORDS.iter().find(|w| w.0 == self).map_or("", |w| w.1)
    }

    /// How many expressions it takes; a collapse takes none.
    pub fn arguments(self) -> usize {
        Self::WORDS.iter().find(|w| w.0 == self).map_or(0, |w| w.2)
    }

    /// The statistic of rows without a missing value; `None` where it is undefined.
    pub(super) fn of(self, columns: &[Vec<f64>]) -> Result<Option<f64>, String> {
        if let [x, y] = columns {
            return Ok(match self {
                Self::Pearson => pearson(x, y),
                Self::R2 => pearson(x, y).map(|r| r * r),
                Self::Spearman => spearman(x, y),
                Self::KendallTauB => kendall_tau_b(x, y),
                _ => None,
            });
        }
        let values = columns.first().map_or(&[][..], Vec::as_slice);
        let sample = Sample::new(values).map_err(|e| e.to_string())?;
        let found = match self {
            Self::Mean => Ok(sample.mean()),
            Self::Median => Ok(median(&sample)),
            Self::Sd => Ok(sample.sd()),
            Self::GeometricMean => geometric_mean(&sample),
            Self::GeometricSd => geometric_sd(&sample),
            Self::MaxOverMin => max_over_min(&sample),
            Self::OrdersOfMagnitude => orders_of_magnitude(&sample),
            Self::P90OverP10 => p90_over_p10(&sample),
            Self::Gini => gini(&sample),
            Self::CoefficientOfVariation => coefficient_of_variation(&sample),
            _ => Ok(None),
        };
        found.map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_word_and_a_value() {
        let (x, y) = (vec![1.0, 2.0, 4.0], vec![3.0, 5.0, 4.0]);
        for (measure, word, arguments, _) in Measure::WORDS {
            assert_eq!(Measure::parse(word), Some(*measure));
            assert_eq!((measure.name(), measure.arguments()), (*word, *arguments));
            let columns = [x.clone(), y.clone()];
            let value = measure.of(&columns[..*arguments]).unwrap();
            assert_eq!(value.is_some(), *arguments > 0, "{word}");
        }
        assert_eq!(Measure::parse("r3"), None);
    }

    #[test]
    fn values_without_a_meaning_are_refused() {
        let costs = [vec![1.0, 0.0]];
        assert!(Measure::MaxOverMin.of(&costs).is_err());
        assert_eq!(Measure::Median.of(&costs), Ok(Some(0.5)));
        assert_eq!(Measure::R2.of(&[vec![1.0, 1.0], vec![1.0, 2.0]]), Ok(None));
    }
}
