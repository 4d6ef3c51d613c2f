//! How often each alternative takes each rank when nothing is known about the weights of the criteria.
//!
//! Stochastic multicriteria acceptability analysis: weight vectors are drawn evenly from all that add
//! up to 1, and each draw ranks the alternatives by their weighted sums. The shares are Monte-Carlo
//! estimates with standard error at most `½ / √draws`; the same seed gives the same bits everywhere.

use thiserror::Error;

use super::draws::Draws;
use super::sample::real;

/// Why alternatives cannot be ranked under random weights.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum SmaaError {
    /// No weight vector was asked for.
    #[error("no draws: shares of nothing are undefined")]
    NoDraws,
    /// There is nothing to weigh.
    #[error("no criteria to weigh")]
    NoCriteria,
    /// An alternative lacks a criterion, or has one too many.
    #[error("alternative {alternative} has {got} criteria, the first has {expected}")]
    Uneven {
        /// Which alternative, from 0.
        alternative: usize,
        /// Its number of criteria.
        got: usize,
        /// Criteria of the first alternative.
        expected: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {value} of alternative {alternative}, criterion {criterion} is not finite")]
    NotFinite {
        /// Which alternative, from 0.
        alternative: usize,
        /// Which criterion, from 0.
        criterion: usize,
        /// The value.
        value: f64,
    },
}

/// One alternative under random weights.
#[derive(Debug, Clone, PartialEq)]
pub struct RankShares {
    /// Share of the draws in which it has rank 1, 2, ...; adds up to 1. A tie splits a draw evenly over
    /// the ranks it occupies.
    pub shares: Vec<f64>,
    /// Mean rank; ties share the mean of their ranks.
    pub mean_rank: f64,
    /// Best rank seen, from 1.
    pub best: usize,
    /// Worst rank seen, from 1.
    pub worst: usize,
    /// Mean of the weight vectors that put it first, alone or tied; `None` when none does.
    pub central_weights: Option<Vec<f64>>,
}

/// Ranks alternatives (rows) by weighted sums of their criteria (columns, all higher-is-better and on
/// comparable scales) under `draws` weight vectors from Dirichlet(1, ..., 1). The answer is in the order of
/// the alternatives and does not depend on it; no alternatives give an empty answer.
/// `O(draws · n (criteria + log n))`.
///
/// Source: R. Lahdelma and P. Salminen, "SMAA-2: stochastic multicriteria acceptability analysis for
/// group decision making", Operations Research 49 (2001).
pub fn rank_acceptability(
    values: &[Vec<f64>],
    draws: u32,
    seed: u64,
) -> Result<Vec<RankShares>, SmaaError> {
    let Some(first) = values.first() else { return Ok(Vec::new()) };
    check(values, first.len(), draws)?;
    let mut tallies = vec![Tally::new(values.len(), first.len()); values.len()];
    for draw in 0..draws {
        let weights = Draws::stream(seed, u64::from(draw)).weights(first.len());
        // Adding 0 turns -0 into 0, so that the two are tied.
        let score =
            |row: &Vec<f64>| row.iter().zip(&weights).map(|(x, w)| x * w).sum::<f64>() + 0.0;
        let mut ranking: Vec<(f64, usize)> = values.iter().map(score).zip(0..).collect();
        ranking.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut before = 0;
        for tied in ranking.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            for &(_, index) in tied {
                tallies[index].count(before, before + tied.len(), &weights);
            }
            before += tied.len();
        }
    }
    Ok(tallies.into_iter().map(|tally| tally.shares(f64::from(draws))).collect())
}

fn check(values: &[Vec<f64>], criteria: usize, draws: u32) -> Result<(), SmaaError> {
    if draws == 0 {
        return Err(SmaaError::NoDraws);
    }
    if criteria == 0 {
        return Err(SmaaError::NoCriteria);
    }
    for (alternative, row) in values.iter().enumerate() {
        if row.len() != criteria {
            return Err(SmaaError::Uneven { alternative, got: row.len(), expected: criteria });
        }
        for (criterion, &value) in row.iter().enumerate() {
            if !value.is_finite() {
                return Err(SmaaError::NotFinite { alternative, criterion, value });
            }
        }
    }
    Ok(())
}

/// What the draws so far did to one alternative.
#[derive(Debug, Clone)]
struct Tally {
    /// Draws at each rank.
    ranks: Vec<f64>,
    best: usize,
    worst: usize,
    wins: f64,
    winning_weights: Vec<f64>,
}

impl Tally {
    fn new(alternatives: usize, criteria: usize) -> Self {
        Self {
            ranks: vec![0.0; alternatives],
            best: alternatives,
            worst: 1,
            wins: 0.0,
            winning_weights: vec![0.0; criteria],
        }
    }

    /// Counts a draw that put it at the ranks `from..to`, counted from 0.
    fn count(&mut self, from: usize, to: usize, weights: &[f64]) {
        for rank in &mut self.ranks[from..to] {
            *rank += 1.0 / real(to - from);
        }
        self.best = self.best.min(from + 1);
        self.worst = self.worst.max(to);
        if from == 0 {
            self.wins += 1.0;
            self.winning_weights.iter_mut().zip(weights).for_each(|(sum, w)| *sum += w);
        }
    }

    fn shares(self, draws: f64) -> RankShares {
        let shares: Vec<f64> = self.ranks.iter().map(|count| count / draws).collect();
        let mean_rank = shares.iter().enumerate().map(|(rank, p)| real(rank + 1) * p).sum();
        let wins = self.wins;
        let central_weights = (wins > 0.0)
            .then(|| self.winning_weights.into_iter().map(|total| total / wins).collect());
        RankShares { shares, mean_rank, best: self.best, worst: self.worst, central_weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Shares for two criteria, exactly: between neighbouring weights of the first at which two scores
    /// cross, the ranking is constant.
    fn exact_shares(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut cuts = vec![0.0, 1.0];
        for a in rows {
            for b in rows {
                let (rise, start) = ((a[0] - a[1]) - (b[0] - b[1]), a[1] - b[1]);
                let crossing = -start / rise;
                if (0.0..1.0).contains(&crossing) {
                    cuts.push(crossing);
                }
            }
        }
        cuts.sort_by(f64::total_cmp);
        let mut shares = vec![vec![0.0; rows.len()]; rows.len()];
        for piece in cuts.windows(2) {
            let t = f64::midpoint(piece[0], piece[1]);
            let score = |row: &Vec<f64>| t * row[0] + (1.0 - t) * row[1];
            for (i, row) in rows.iter().enumerate() {
                let rank = rows.iter().filter(|other| score(other) > score(row)).count();
                shares[i][rank] += piece[1] - piece[0];
            }
        }
        shares
    }

    fn corners() -> Vec<Vec<f64>> {
        vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![0.6, 0.6]]
    }

    /// Oracle: by hand; A wins where its weight is above 0.6, B where it is below 0.4.
    #[test]
    fn corners_and_compromise_match_the_closed_form() {
        let exact = exact_shares(&corners());
        for (row, first) in exact.iter().zip([0.4, 0.4, 0.2]) {
            assert!((row[0] - first).abs() < 1e-12, "{row:?}");
        }
        let got = rank_acceptability(&corners(), 40_000, 1).unwrap();
        for (row, expected) in got.iter().zip(&exact) {
            for (share, p) in row.shares.iter().zip(expected) {
                assert!((share - p).abs() < 0.01, "{share} is not {p}");
            }
        }
        let centre = got[0].central_weights.as_ref().unwrap();
        assert!((centre[0] - 0.8).abs() < 0.005 && (centre[1] - 0.2).abs() < 0.005);
        assert_eq!((got[2].best, got[2].worst), (1, 2));
        assert!((got[2].mean_rank - 1.8).abs() < 0.01);
    }

    #[test]
    fn ties_split_a_draw_and_count_as_wins_for_each() {
        let got = rank_acceptability(&[vec![2.0, 1.0], vec![2.0, 1.0], vec![0.0, 0.0]], 50, 3);
        let got = got.unwrap();
        assert_eq!(got[0], got[1]);
        assert_eq!(got[0].shares, [0.5, 0.5, 0.0]);
        assert_eq!((got[0].mean_rank, got[0].best, got[0].worst), (1.5, 1, 2));
        assert!(got[0].central_weights.is_some());
        assert_eq!(got[2].central_weights, None);
        assert_eq!((got[2].best, got[2].worst), (3, 3));
    }

    #[test]
    fn one_criterion_leaves_nothing_to_chance() {
        let got = rank_acceptability(&[vec![1.0], vec![3.0]], 7, 0).unwrap();
        assert_eq!(got[0].shares, [0.0, 1.0]);
        assert_eq!(got[1].central_weights, Some(vec![1.0]));
        assert_eq!(rank_acceptability(&[], 7, 0), Ok(vec![]));
    }

    #[test]
    fn input_without_a_meaning_is_refused() {
        assert_eq!(rank_acceptability(&corners(), 0, 1), Err(SmaaError::NoDraws));
        assert_eq!(rank_acceptability(&[vec![]], 1, 1), Err(SmaaError::NoCriteria));
        let uneven = rank_acceptability(&[vec![1.0, 2.0], vec![1.0]], 1, 1);
        assert_eq!(uneven, Err(SmaaError::Uneven { alternative: 1, got: 1, expected: 2 }));
        let missing = rank_acceptability(&[vec![1.0, f64::NAN]], 1, 1);
        assert!(matches!(missing, Err(SmaaError::NotFinite { criterion: 1, .. })));
    }

    /// Oracle: the same draws from `ChaCha8` in plain Python; they depend on neither machine nor threads.
    #[test]
    fn a_seed_fixes_every_bit() {
        let got = rank_acceptability(&corners(), 1000, 42).unwrap();
        assert_eq!(got, rank_acceptability(&corners(), 1000, 42).unwrap());
        assert_ne!(got, rank_acceptability(&corners(), 1000, 43).unwrap());
        let firsts: Vec<f64> = got.iter().map(|row| row.shares[0]).collect();
        assert_eq!(firsts, [0.397, 0.414, 0.189]);
    }

    fn two_criteria() -> impl Strategy<Value = Vec<Vec<f64>>> {
        prop::collection::vec(prop::collection::vec(-5.0_f64..5.0, 2), 2..6)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn shares_match_the_closed_form(rows in two_criteria(), seed: u64) {
            let got = rank_acceptability(&rows, 4000, seed).unwrap();
            for (row, expected) in got.iter().zip(exact_shares(&rows)) {
                prop_assert!((row.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                for (share, p) in row.shares.iter().zip(expected) {
                    prop_assert!((share - p).abs() < 0.045, "{} is not {}", share, p);
                }
            }
        }

        #[test]
        fn order_of_alternatives_does_not_change_a_bit(rows in two_criteria(), seed: u64) {
            let mut got = rank_acceptability(&rows, 100, seed).unwrap();
            got.reverse();
            let reversed: Vec<Vec<f64>> = rows.into_iter().rev().collect();
            prop_assert_eq!(got, rank_acceptability(&reversed, 100, seed).unwrap());
        }
    }
}
