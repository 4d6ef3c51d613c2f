//! How far a recomputed value may be off.

use serde::Deserialize;

/// How far a number may be from the published one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// Half a unit of the last of so many printed decimals.
    Digits(usize),
    /// So much.
    Absolute(f64),
    /// So much of the published number.
    Relative(f64),
}

/// How a value must stand to the published one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Equal, within the tolerance.
    #[default]
    Equal,
    /// Less than it.
    Less,
    /// Not more than it.
    AtMost,
    /// More than it.
    Greater,
    /// Not less than it.
    AtLeast,
}

impl Comparison {
    /// The words of a file.
    pub const WORDS: &[&str] = &["equal", "less", "at_most", "greater", "at_least"];

    /// The sign in front of the published value.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "",
            Self::Less => "< ",
            Self::AtMost => "<= ",
            Self::Greater => "> ",
            Self::AtLeast => ">= ",
        }
    }

    /// Whether a number stands so to the published one.
    pub(super) fn holds(self, number: f64, published: f64, tolerance: Tolerance) -> bool {
        match self {
            Self::Equal => tolerance.covers(number, published),
            Self::Less => number < published,
            Self::AtMost => number <= published,
            Self::Greater => number > published,
            Self::AtLeast => number >= published,
        }
    }
}

impl Tolerance {
    /// Whether a number is near enough. What binary fractions cannot say does not count.
    pub(super) fn covers(self, number: f64, published: f64) -> bool {
        let blur = 1e-12 * published.abs().max(1.0);
        (number - published).abs() <= self.allowed(published) + blur
    }

    fn allowed(self, published: f64) -> f64 {
        match self {
            Self::Digits(digits) => 0.5 * 10_f64.powi(-i32::try_from(digits).unwrap_or(i32::MAX)),
            Self::Absolute(most) => most,
            Self::Relative(share) => share * published.abs(),
        }
    }

    /// Decimals that the published number is shown with.
    pub const fn digits(self) -> usize {
        match self {
            Self::Digits(digits) => digits,
            Self::Absolute(_) | Self::Relative(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_unit_of_the_last_printed_digit_is_near_enough() {
        let two = Tolerance::Digits(2);
        assert!(two.covers(3.984_951, 3.98) && !two.covers(3.984_951, 3.99));
        // The half itself may be rounded either way.
        assert!(two.covers(0.125, 0.12) && two.covers(0.125, 0.13));
        assert!(Tolerance::Digits(0).covers(2525.4, 2525.0));
        assert!(!Tolerance::Digits(0).covers(2692.3, 2525.0));
    }

    #[test]
    fn absolute_and_relative_tolerances() {
        assert!(Tolerance::Absolute(0.0).covers(0.1 + 0.2, 0.3));
        assert!(!Tolerance::Absolute(0.01).covers(1.02, 1.0));
        assert!(Tolerance::Relative(0.1).covers(-109.0, -100.0));
        assert!(!Tolerance::Relative(0.1).covers(111.0, 100.0));
    }

    #[test]
    fn comparisons_take_no_tolerance() {
        let (zero, one) = (Tolerance::Digits(2), 1.0);
        assert!(Comparison::Less.holds(0.99, one, zero) && !Comparison::Less.holds(1.0, one, zero));
        assert!(Comparison::AtMost.holds(1.0, one, zero));
        assert!(Comparison::Greater.holds(1.01, one, zero));
        assert!(!Comparison::AtLeast.holds(0.999, one, zero));
        assert_eq!(Comparison::AtLeast.sign(), ">= ");
    }
}
