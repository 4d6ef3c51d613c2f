//! Intervals of shares and spreads that have no formula: runs are drawn again, since stages of one run are no separate
//! evidence.

use crate::stats::{Bootstrap, BootstrapMethod, BootstrapPlan, Interval, Level, bootstrap};

/// How runs are drawn.
const PLAN: BootstrapPlan =
    BootstrapPlan { method: BootstrapMethod::Bca, level: Level::P95, resamples: 9_999, seed: 2605 };

/// A statistic of runs with its interval, and how that was made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resampled {
    pub(super) point: f64,
    /// `None` with one run, or where nothing varies.
    pub(super) interval: Option<Interval>,
    /// The method, for the basis of a finding.
    pub(super) method: String,
}

/// A statistic of runs, one row each; `None` when it is undefined.
pub(super) fn over_runs<T, F>(rows: &[T], statistic: F) -> Option<Resampled>
where
    T: Clone + Sync,
    F: Fn(&[T]) -> Option<f64> + Sync,
{
    // The plan draws, and rows of their own cannot be empty clusters.
    let found: Bootstrap = bootstrap(rows, statistic, &PLAN).ok()??;
    let interval = found.interval.filter(|i| i.low < i.high);
    let name = match found.method {
        BootstrapMethod::Bca => "BCa bootstrap",
        BootstrapMethod::Percentile => "percentile bootstrap",
    };
    let method = match interval {
        Some(_) => {
            format!("95 %, {name} over runs, {} draws, seed {}", found.resamples, found.seed)
        }
        None if rows.len() == 1 => "n = 1, no interval".to_owned(),
        None => "no interval, since nothing varies between runs".to_owned(),
    };
    Some(Resampled { point: found.point, interval, method })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(rows: &[f64]) -> Option<f64> {
        let n = f64::from(u32::try_from(rows.len()).ok()?);
        Some(rows.iter().sum::<f64>() / n)
    }

    #[test]
    fn one_run_and_equal_runs_have_no_interval() {
        let one = over_runs(&[2.0], mean).unwrap();
        assert_eq!((one.interval, one.method.as_str()), (None, "n = 1, no interval"));
        let equal = over_runs(&[2.0; 6], mean).unwrap();
        assert_eq!(equal.interval, None);
        assert!(equal.method.contains("nothing varies"));
    }

    #[test]
    fn the_method_that_was_used_is_named() {
        let many = over_runs(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0], mean).unwrap();
        assert_eq!(many.method, "95 %, BCa bootstrap over runs, 9999 draws, seed 2605");
        let few = over_runs(&[1.0, 2.0, 9.0], mean).unwrap();
        assert!(few.method.contains("percentile"), "{}", few.method);
        assert_eq!(many, over_runs(&[1.0, 2.0, 3.0, 5.0, 8.0, 13.0], mean).unwrap());
    }
}
