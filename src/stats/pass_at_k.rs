//! Chances of success over several attempts at a task, estimated without bias from n recorded trials.
//!
//! `pass@k` asks whether at least one of k attempts succeeds (what a configuration can do), `pass^k`
//! whether all do (what it can be relied on for). Both count the subsets of k among the recorded
//! trials; `1 - (1 - c/n)^k` and `(c/n)^k` would be biased.

use super::sample::Sample;

/// `c` successes in `n` trials of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials {
    /// Trials.
    pub n: u64,
    /// Successes among them.
    pub c: u64,
}

/// A mean over tasks with the number of tasks it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaskMean {
    /// The mean, each task counting once; `None` when no task has enough trials.
    pub mean: Option<f64>,
    /// Tasks that entered it.
    pub used: usize,
    /// Tasks left out, because they have fewer than k trials (or more successes than trials).
    pub dropped: usize,
}

/// `1 - C(n-c, k) / C(n, k)`: the chance that at least one of `k` trials drawn without replacement
/// succeeded. `None` when `k` is 0, `n < k` or `c > n`.
///
/// Source: M. Chen et al., "Evaluating large language models trained on code", arXiv 2107.03374 (2021).
pub fn pass_at_k(trials: Trials, k: u64) -> Option<f64> {
    none_of(trials.n, trials.c, k).map(|none| 1.0 - none)
}

/// `C(c, k) / C(n, k)`: the chance that all of `k` trials drawn without replacement succeeded. `None`
/// when `k` is 0, `n < k` or `c > n`.
///
/// Source: S. Yao et al., "tau-bench", arXiv 2406.12045 (2024).
pub fn pass_hat_k(trials: Trials, k: u64) -> Option<f64> {
    none_of(trials.n, trials.n.checked_sub(trials.c)?, k)
}

/// The mean of [`pass_at_k`] over tasks.
pub fn mean_pass_at_k(tasks: &[Trials], k: u64) -> TaskMean {
    mean_over_tasks(tasks, |trials| pass_at_k(trials, k))
}

/// The mean of [`pass_hat_k`] over tasks.
pub fn mean_pass_hat_k(tasks: &[Trials], k: u64) -> TaskMean {
    mean_over_tasks(tasks, |trials| pass_hat_k(trials, k))
}

fn mean_over_tasks(tasks: &[Trials], estimate: impl Fn(Trials) -> Option<f64>) -> TaskMean {
    let values: Vec<f64> = tasks.iter().filter_map(|&trials| estimate(trials)).collect();
    let mean = Sample::new(&values).ok().and_then(|sample| sample.mean());
    TaskMean { mean, used: values.len(), dropped: tasks.len() - values.len() }
}

/// `C(n-m, k) / C(n, k)`: the chance that `k` drawn from `n` miss all `m` marked ones. The product has
/// as many factors as the smaller of `k` and `m`, as the two may be exchanged.
fn none_of(n: u64, marked: u64, k: u64) -> Option<f64> {
    if k == 0 || k > n || marked > n {
        return None;
    }
    if k > n - marked {
        return Some(0.0);
    }
    let (few, many) = (k.min(marked), k.max(marked));
    Some((0..few).map(|i| real(n - many - i) / real(n - i)).product())
}

#[expect(clippy::cast_precision_loss, reason = "above 2^53 trials the relative error is 1e-16")]
fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trials(n: u64, c: u64) -> Trials {
        Trials { n, c }
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("a number");
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    /// Oracle: Python's `1 - math.comb(n - c, k) / math.comb(n, k)`.
    #[test]
    fn pass_at_k_matches_binomial_coefficients() {
        for (k, expected) in [(1, 0.6), (2, 0.9), (3, 1.0), (5, 1.0)] {
            close(pass_at_k(trials(5, 3), k), expected);
        }
        close(pass_at_k(trials(200, 13), 10), 0.497_551_114_730_606_1);
        close(pass_at_k(trials(200, 3), 100), 0.876_884_422_110_552_7);
        assert_eq!(pass_at_k(trials(4, 0), 2), Some(0.0));
    }

    /// Oracle: Python's `math.comb(c, k) / math.comb(n, k)`.
    #[test]
    fn pass_hat_k_matches_binomial_coefficients() {
        for (k, expected) in [(1, 0.6), (2, 0.3), (3, 0.1), (4, 0.0)] {
            close(pass_hat_k(trials(5, 3), k), expected);
        }
        close(pass_hat_k(trials(200, 190), 20), 0.339_774_376_236_785_9);
        assert_eq!(pass_hat_k(trials(4, 4), 4), Some(1.0));
    }

    #[test]
    fn fewer_trials_than_attempts_is_undefined() {
        for estimate in [pass_at_k, pass_hat_k] {
            assert_eq!(estimate(trials(2, 1), 3), None);
            assert_eq!(estimate(trials(2, 1), 0), None);
            assert_eq!(estimate(trials(0, 0), 1), None);
            assert_eq!(estimate(trials(2, 3), 1), None);
        }
    }

    #[test]
    fn the_mean_says_which_tasks_it_rests_on() {
        let tasks = [trials(5, 3), trials(1, 1), trials(5, 5), trials(2, 0)];
        let got = mean_pass_at_k(&tasks, 2);
        close(got.mean, 1.9 / 3.0);
        assert_eq!((got.used, got.dropped), (3, 1));
        close(mean_pass_hat_k(&tasks, 2).mean, 1.3 / 3.0);
        assert_eq!(mean_pass_at_k(&tasks, 9), TaskMean { mean: None, used: 0, dropped: 4 });
        assert_eq!(mean_pass_hat_k(&[], 1), TaskMean { mean: None, used: 0, dropped: 0 });
    }

    proptest! {
        /// Every subset of k trials, one by one.
        #[test]
        fn both_are_shares_of_subsets(n in 1_u64..10, c in 0_u64..10, k in 1_u32..10) {
            let c = c.min(n);
            let subsets = (0_u32..1 << n).filter(|s| s.count_ones() == k);
            let won = (1_u32 << c) - 1;
            let (mut any, mut all, mut count) = (0.0, 0.0, 0.0);
            for subset in subsets {
                count += 1.0;
                any += f64::from(subset & won != 0);
                all += f64::from(subset & won == subset);
            }
            let got = (pass_at_k(trials(n, c), k.into()), pass_hat_k(trials(n, c), k.into()));
            if count > 0.0 {
                prop_assert!((got.0.unwrap() - any / count).abs() < 1e-12);
                prop_assert!((got.1.unwrap() - all / count).abs() < 1e-12);
            } else {
                prop_assert_eq!(got, (None, None));
            }
        }
    }
}
