//! What is checked of a metric, with the codes that packs use to declare what is known.

use std::fmt::Write as _;

/// A property that a metric should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// A better stage score never makes it worse.
    Monotone,
    /// It does not depend on the units of its inputs.
    UnitFree,
    /// It does not depend on which other runs there are.
    CohortFree,
    /// It stays in its range.
    Bounded,
    /// Doing nothing does not win.
    DoNothing,
    /// An unknown input is not taken for zero.
    NullIsNotZero,
}

impl Property {
    /// Every property, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Monotone,
        Self::UnitFree,
        Self::CohortFree,
        Self::Bounded,
        Self::DoNothing,
        Self::NullIsNotZero,
    ];

    /// The code of a metric that does not have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Monotone => "W-MONOTONE",
            Self::UnitFree => "W-UNITS",
            Self::CohortFree => "W-COHORT",
            Self::Bounded => "W-UNBOUNDED",
            Self::DoNothing => "W-DO-NOTHING",
            Self::NullIsNotZero => "W-NULL-ZERO",
        }
    }

    /// What the code means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Monotone => "a higher score of one stage can make the value worse",
            Self::UnitFree => {
                "the value depends on the unit of an input (seconds or minutes, dollars or cents, tokens or thousands), \
                 in another way than its own unit says"
            }
            Self::CohortFree => "the value of a run depends on which other runs are in the table",
            Self::Bounded => {
                "the value leaves its range, or an index without one grows without limit as cost, time or tokens go to 0"
            }
            Self::DoNothing => {
                "a run that leaves every stage at its baseline can beat runs that improve on it"
            }
            Self::NullIsNotZero => "an unknown input counts as if it were zero",
        }
    }
}

/// The codes in Markdown.
pub fn lint_dictionary() -> String {
    let mut out = "| code | meaning |\n|---|---|\n".to_owned();
    for property in Property::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "| `{}` | {} |", property.code(), property.meaning());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_dictionary() {
        let dictionary = lint_dictionary();
        for property in Property::ALL {
            assert_eq!(dictionary.matches(&format!("`{}`", property.code())).count(), 1);
            assert!(!property.meaning().is_empty());
        }
        assert_eq!(dictionary.lines().count(), 2 + Property::ALL.len());
    }
}
