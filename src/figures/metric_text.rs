//! Values and heads of metrics, as profiles and radars write them.

use crate::analysis::{Better, ProfileMetric};

use super::number::{compact, fixed, money};

/// Decimals that a panel has room for.
const MOST_DIGITS: usize = 4;

/// What a value of a metric reads as.
pub(super) struct Cell {
    /// The number, or a dash.
    pub(super) text: String,
    unit: String,
}

impl Cell {
    /// Writes a value with the digits of its metric; none where it is unknown.
    pub(super) fn of(metric: &ProfileMetric, value: Option<f64>) -> Self {
        let Some(value) = value else {
            return Self { text: "–".to_owned(), unit: String::new() };
        };
        let size = value.abs();
        let text = match metric.digits {
            _ if metric.unit == "USD" && size > 0.0 => money(size),
            Some(digits) if size < 1e4 => fixed(size, digits.min(MOST_DIGITS)),
            _ => compact(size),
        };
        // A zero has no sign, whatever it was rounded from.
        let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
        let sign = if value < 0.0 && !is_zero { "−" } else { "" };
        Self { text: format!("{sign}{text}"), unit: metric.unit.clone() }
    }

    /// The number with its unit.
    pub(super) fn with_unit(&self) -> String {
        // Money says its unit itself.
        if self.unit.is_empty() || self.unit == "USD" {
            return self.text.clone();
        }
        format!("{} {}", self.text, self.unit)
    }
}

/// Unit and kind of scale of a metric.
pub(super) fn scale_of(metric: &ProfileMetric) -> String {
    let unit = metric.unit.as_str();
    match (unit.is_empty(), metric.is_log) {
        (_, false) => unit.to_owned(),
        (true, true) => "log scale".to_owned(),
        (false, true) => format!("{unit}, log scale"),
    }
}

/// What is good.
pub(super) const fn direction(better: Better) -> &'static str {
    match better {
        Better::Higher => "higher is better",
        Better::Lower => "lower is better",
        Better::Neither => "no direction",
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_profiles;
    use super::*;

    #[test]
    fn values_read_as_their_metric_wants() {
        let metric = fixture_profiles::profile(1, 1).metrics.remove(0);
        let text = |unit: &str, digits, value| {
            let metric = ProfileMetric { unit: unit.to_owned(), digits, ..metric.clone() };
            Cell::of(&metric, value).with_unit()
        };
        for (unit, digits, value, expected) in [
            ("points", Some(2), Some(87.031_67), "87.03 points"),
            ("points", Some(2), Some(-0.001), "0.00 points"),
            ("index", Some(0), Some(-1.0), "−1 index"),
            ("USD", Some(4), Some(0.046_89), "$0.0469"),
            ("USD", None, Some(-3.5), "−$3.50"),
            ("tokens", Some(0), Some(14_332_378.0), "14.3M tokens"),
            ("s", Some(0), Some(5441.2), "5,441 s"),
            ("", None, Some(0.1234), "0.123"),
            ("", Some(2), None, "–"),
        ] {
            assert_eq!(text(unit, digits, value), expected);
        }
    }
}
