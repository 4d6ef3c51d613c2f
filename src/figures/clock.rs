//! Lengths of time in the unit that makes them short.

use super::number::{quantity, real};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    /// Its symbol.
    pub(super) name: &'static str,
    /// Seconds in it.
    pub(super) seconds: f64,
    decimals: usize,
}

impl Unit {
    /// The unit in which so many seconds, the most there are, are a number of few digits.
    pub(super) fn of(longest: f64) -> Self {
        if longest <= 120.0 && longest > 0.0 {
            Self { name: "s", seconds: 1.0, decimals: 1 }
        } else if longest <= 3.0 * 3600.0 {
            Self { name: "min", seconds: 60.0, decimals: 1 }
        } else {
            Self { name: "h", seconds: 3600.0, decimals: 2 }
        }
    }

    /// Seconds in this unit, without its symbol and always in as many decimals; some time never reads as none.
    pub(super) fn write(self, seconds: f64) -> String {
        let all = seconds / self.seconds;
        let decimals = self.decimals;
        let least = 0.1_f64.powf(real(decimals));
        if all > 0.0 && all < least / 2.0 {
            return format!("<{least:.decimals$}");
        }
        if all < 1e6 { format!("{all:.decimals$}") } else { quantity(all) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_longest_run() {
        for (longest, name, text) in [
            (0.0, "min", "0.0"),
            (90.0, "s", "90.0"),
            (600.0, "min", "10.0"),
            (40_000.0, "h", "11.11"),
            (1e300, "h", "2.78e296"),
        ] {
            let unit = Unit::of(longest);
            assert_eq!((unit.name, unit.write(longest)), (name, text.to_owned()));
        }
        assert_eq!(Unit::of(40_000.0).write(2.0), "<0.01");
    }
}
