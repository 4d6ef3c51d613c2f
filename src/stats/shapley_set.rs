//! What each member of a set adds, when the worth of every subset is known.
//!
//! Members join one by one, in every order; a member's value is its mean marginal contribution. The
//! values add up to the worth of the full set less that of the empty one. Here the worth is a table;
//! `shapley` in the decomposition of products computes it from factors.

use thiserror::Error;

use super::sample::{real, sum};

/// Most members of [`shapley_values`], whose table doubles with each.
pub const MOST_PLAYERS: usize = 10;

/// Why a set function has no Shapley values.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum SetFunctionError {
    /// The table does not have one worth for every subset.
    #[error("{values} values are not one for each subset: a power of two is needed")]
    NotPowerOfTwo {
        /// How many values were given.
        values: usize,
    },
    /// Too many members.
    #[error("{players} players; at most {MOST_PLAYERS} can join in every order")]
    TooMany {
        /// How many there are.
        players: usize,
    },
    /// A worth is NaN or infinite.
    #[error("subset {mask:#b} is worth {value}, which is not a finite number")]
    NotFinite {
        /// Which subset: bit i is set when it has member i.
        mask: usize,
        /// Its worth.
        value: f64,
    },
    /// A difference of two worths is beyond the largest float.
    #[error("the difference of two values overflows")]
    Overflow,
}

/// The Shapley value of each of n members, in the order of their bits. `worth[mask]` is the worth of the subset
/// whose members are the bits of `mask`, for all `2^n` subsets, n ≤ 10; the unit is that of the worth.
///
/// `φ_i = Σ_{S ∌ i} |S|! (n - |S| - 1)! / n! · (v(S ∪ i) - v(S))`. The values add up to
/// `v(full) - v(empty)` up to rounding; members with the same contributions get the same bits, and a member
/// that adds nothing anywhere gets 0. A single worth has no members. `O(n 2^n)`.
///
/// Source: L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953).
pub fn shapley_values(worth: &[f64]) -> Result<Vec<f64>, SetFunctionError> {
    if !worth.len().is_power_of_two() {
        return Err(SetFunctionError::NotPowerOfTwo { values: worth.len() });
    }
    let players = worth.len().ilog2() as usize;
    if players > MOST_PLAYERS {
        return Err(SetFunctionError::TooMany { players });
    }
    if let Some((mask, &value)) = worth.iter().enumerate().find(|(_, v)| !v.is_finite()) {
        return Err(SetFunctionError::NotFinite { mask, value });
    }
    let shares = orders_by_size(players);
    (0..players).map(|player| value_of(worth, &shares, player)).collect()
}

/// `s! (n - s - 1)! / n!` for s members already in: `1 / (n C(n - 1, s))`.
fn orders_by_size(players: usize) -> Vec<f64> {
    let mut subsets = 1.0;
    let mut shares = Vec::with_capacity(players);
    for size in 0..players {
        shares.push(1.0 / (real(players) * subsets));
        subsets = subsets * real(players - 1 - size) / real(size + 1);
    }
    shares
}

/// The sum over sorted terms, so that it does not depend on how members are numbered.
fn value_of(worth: &[f64], shares: &[f64], player: usize) -> Result<f64, SetFunctionError> {
    let bit = 1 << player;
    let without = (0..worth.len()).filter(|mask| mask & bit == 0);
    let mut terms: Vec<f64> = without
        .map(|mask| shares[mask.count_ones() as usize] * (worth[mask | bit] - worth[mask]))
        .collect();
    terms.sort_by(f64::total_cmp);
    let value = sum(terms.into_iter());
    if value.is_finite() { Ok(value) } else { Err(SetFunctionError::Overflow) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Oracle: by hand; two left gloves and one right one are worth 1 per pair: 1/6, 1/6 and 2/3.
    #[test]
    fn the_glove_game_matches_hand_arithmetic() {
        let got = shapley_values(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0]).unwrap();
        for (value, expected) in got.iter().zip([1.0 / 6.0, 1.0 / 6.0, 2.0 / 3.0]) {
            assert!((value - expected).abs() < 1e-12, "{got:?}");
        }
        assert_eq!(shapley_values(&[1.0, 4.0, 3.0, 10.0]), Ok(vec![5.0, 4.0]));
        assert_eq!(shapley_values(&[3.0]), Ok(vec![]));
        assert_eq!(shapley_values(&[3.0, 5.0]), Ok(vec![2.0]));
    }

    #[test]
    fn tables_without_a_meaning_are_refused() {
        assert_eq!(shapley_values(&[]), Err(SetFunctionError::NotPowerOfTwo { values: 0 }));
        assert_eq!(shapley_values(&[1.0; 3]), Err(SetFunctionError::NotPowerOfTwo { values: 3 }));
        assert_eq!(shapley_values(&[1.0; 2048]), Err(SetFunctionError::TooMany { players: 11 }));
        let missing = shapley_values(&[0.0, f64::INFINITY]);
        assert_eq!(missing, Err(SetFunctionError::NotFinite { mask: 1, value: f64::INFINITY }));
        assert_eq!(shapley_values(&[-f64::MAX, f64::MAX]), Err(SetFunctionError::Overflow));
    }

    /// The mean over all orders of joining, one by one.
    fn by_orders(worth: &[f64], players: usize) -> Vec<f64> {
        fn join(worth: &[f64], players: usize, mask: usize, totals: &mut [f64]) -> f64 {
            let out: Vec<usize> = (0..players).filter(|i| mask >> i & 1 == 0).collect();
            if out.is_empty() {
                return 1.0;
            }
            let mut orders = 0.0;
            for i in out {
                let next = mask | 1 << i;
                let below = join(worth, players, next, totals);
                totals[i] += below * (worth[next] - worth[mask]);
                orders += below;
            }
            orders
        }
        let mut totals = vec![0.0; players];
        let orders = join(worth, players, 0, &mut totals);
        totals.iter().map(|t| t / orders).collect()
    }

    fn game() -> impl Strategy<Value = (usize, Vec<f64>)> {
        (1_usize..6).prop_flat_map(|n| (Just(n), prop::collection::vec(-100.0_f64..100.0, 1 << n)))
    }

    proptest! {
        #[test]
        fn values_are_means_over_all_orders((players, worth) in game()) {
            let got = shapley_values(&worth).unwrap();
            for (a, b) in got.iter().zip(by_orders(&worth, players)) {
                prop_assert!((a - b).abs() < 1e-9);
            }
            let gain = worth[worth.len() - 1] - worth[0];
            prop_assert!((got.iter().sum::<f64>() - gain).abs() < 1e-9);
        }

        /// Member 0 is a twin of member 1, and a last member that adds nothing is appended.
        #[test]
        fn twins_are_equal_and_a_dummy_gets_nothing((players, worth) in game()) {
            prop_assume!(players >= 2);
            let swap = |mask: usize| mask & !3 | (mask & 1) << 1 | mask >> 1 & 1;
            let n = worth.len();
            let twin = |mask: usize| worth[mask % n] + worth[swap(mask % n)];
            let got = shapley_values(&(0..2 * n).map(twin).collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(got[0].to_bits(), got[1].to_bits());
            prop_assert_eq!(got[players].to_bits(), 0.0_f64.to_bits());
        }

        #[test]
        fn values_add_with_games((_, worth) in game(), factor in -3.0_f64..3.0) {
            let one = shapley_values(&worth).unwrap();
            let mixed: Vec<f64> = worth.iter().map(|v| factor * v + 7.0).collect();
            for (a, b) in one.iter().zip(shapley_values(&mixed).unwrap()) {
                prop_assert!((a * factor - b).abs() < 1e-9);
            }
        }
    }
}
