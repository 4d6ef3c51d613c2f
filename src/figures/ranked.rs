//! Words and checks shared by the figures of rankings.

use super::error::FigureError;
use super::wording::count;

/// What a tau-b may miss -1 to 1 by.
const ROUNDING: f64 = 1e-9;
/// Decimals of a tau-b that is close to perfect.
const MOST_DECIMALS: usize = 4;

/// How many runs a figure shows, and of how many when some could not be ranked.
pub(super) fn runs(ranked: usize, unranked: usize) -> String {
    let all = u64::try_from(ranked + unranked).unwrap_or(u64::MAX);
    let all = count(all, "run", "runs");
    if unranked == 0 {
        format!("n\u{A0}=\u{A0}{all}")
    } else {
        format!("n\u{A0}=\u{A0}{ranked} ranked of {all}")
    }
}

/// A tau-b in two decimals, or in as many as tell it from perfect agreement, which reads as `1`.
pub(super) fn tau(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "–".to_owned();
    };
    if 1.0 - value.abs() < ROUNDING {
        return if value > 0.0 { "1" } else { "−1" }.to_owned();
    }
    let mut digits = format!("{:.2}", value.abs());
    for decimals in 3..=MOST_DECIMALS {
        if digits.starts_with('1') {
            digits = format!("{:.decimals$}", value.abs());
        }
    }
    if value < 0.0 && digits != "0.00" { format!("−{digits}") } else { digits }
}

/// The lowest and the highest tau-b, for a subtitle.
pub(super) fn tau_range(values: impl IntoIterator<Item = Option<f64>>) -> String {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.into_iter().flatten() {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return "undefined".to_owned();
    }
    let (low, high) = (tau(Some(low)), tau(Some(high)));
    if low == high { low } else { format!("{low}\u{A0}to\u{A0}{high}") }
}

/// Refuses what is no rank correlation.
pub(super) fn require_tau(label: &str, value: Option<f64>) -> Result<(), FigureError> {
    value.map_or(Ok(()), |tau| require_between("tau-b", label, tau, -1.0, 1.0))
}

/// Refuses numbers outside of a range, the rounding of long sums aside.
pub(super) fn require_between(
    what: &'static str,
    label: &str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<(), FigureError> {
    if (low - ROUNDING..=high + ROUNDING).contains(&value) {
        return Ok(());
    }
    Err(FigureError::Value { what, label: label.to_owned(), value })
}

/// Refuses a list that is shorter or longer than what it belongs to.
pub(super) fn require_length(
    what: &'static str,
    label: &str,
    given: usize,
    expected: usize,
) -> Result<(), FigureError> {
    if given == expected {
        return Ok(());
    }
    let value = super::number::real(given);
    Err(FigureError::Value { what, label: label.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_perfect_agreement_reads_as_one() {
        for (value, text) in [
            (Some(1.0), "1"),
            (Some(0.9989), "0.999"),
            (Some(-0.99999), "−1.0000"),
            (Some(-1.0), "−1"),
            (Some(0.716), "0.72"),
            (Some(-0.25), "−0.25"),
            (Some(-0.001), "0.00"),
            (None, "–"),
        ] {
            assert_eq!(tau(value), text);
        }
        assert_eq!(tau_range([Some(0.5), None, Some(1.0)]), "0.50\u{A0}to\u{A0}1");
        assert_eq!(tau_range([Some(1.0), Some(1.0)]), "1");
        assert_eq!(tau_range([None]), "undefined");
    }

    #[test]
    fn what_is_no_tau_is_refused() {
        assert!(require_tau("a", None).is_ok() && require_tau("a", Some(-1.0)).is_ok());
        for value in [1.1, -1.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(require_tau("a", Some(value)), Err(FigureError::Value { .. })));
        }
        assert!(require_length("moves", "a", 2, 3).is_err());
    }
}
