//! Random numbers that are the same everywhere: `ChaCha8`, one stream per draw.
//!
//! A draw takes its numbers from the stream with its own index, so the result depends on the seed
//! alone, not on how draws are spread over threads or on how many numbers the draw before consumed.
//! Only integer arithmetic and exact scaling are used: logarithms differ between systems in the last bit.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The random numbers of one draw.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The stream of the draw at `index` under `seed`.
    pub(super) fn stream(seed: u64, index: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(index);
        Self(generator)
    }

    /// A fair coin.
    pub(super) fn coin(&mut self) -> bool {
        self.0.next_u32() & 1 == 1
    }

    /// A multiple of 2⁻⁵³ in `0..1`, each equally likely.
    pub(super) fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
        let whole = (self.0.next_u64() >> 11) as f64;
        whole / 9_007_199_254_740_992.0
    }

    /// A whole number in `0..count`, each equally likely; 0 when `count` is 0 or 1.
    /// Source: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019).
    pub(super) fn below(&mut self, count: usize) -> usize {
        let count = count as u64;
        if count < 2 {
            return 0;
        }
        let unfair = count.wrapping_neg() % count;
        loop {
            let product = u128::from(self.0.next_u64()) * u128::from(count);
            #[expect(clippy::cast_possible_truncation, reason = "the low half is what is meant")]
            let low = product as u64;
            if low >= unfair {
                #[expect(clippy::cast_possible_truncation, reason = "below `count`, a usize")]
                return (product >> 64) as usize;
            }
        }
    }

    /// Weights that add up to 1, each vector of `count` equally likely: Dirichlet(1, ..., 1), as the gaps
    /// between sorted uniform numbers. Source: L. Devroye, Non-Uniform Random Variate Generation
    /// (1986), chapter V, theorem 2.1.
    pub(super) fn weights(&mut self, count: usize) -> Vec<f64> {
        let mut cuts: Vec<f64> = (1..count).map(|_| self.unit()).collect();
        cuts.sort_by(f64::total_cmp);
        let ends = cuts.iter().copied().chain((count > 0).then_some(1.0));
        let mut last = 0.0;
        ends.map(|cut| cut - std::mem::replace(&mut last, cut)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: eight rounds of the block function of RFC 8439 in plain Python, key and nonce 0.
    #[test]
    fn the_generator_is_chacha8() {
        let mut plain = ChaCha8Rng::from_seed([0; 32]);
        let first: Vec<u32> = (0..4).map(|_| plain.next_u32()).collect();
        assert_eq!(first, [0x2fef_003e, 0xd640_5f89, 0xe8b8_5b7f, 0xa1a5_091f]);
    }

    /// Oracle: the same Python, the key filled by PCG32 from the seed, the stream in the last two words.
    #[test]
    fn numbers_are_fixed_by_seed_and_stream() {
        let of = |seed, index| {
            let mut draws = Draws::stream(seed, index);
            [draws.below(1000), draws.below(1000), draws.below(1000), draws.below(1000)]
        };
        assert_eq!(of(7, 0), [157, 167, 704, 726]);
        assert_eq!(of(7, 1), [992, 9, 721, 528]);
        assert_ne!(of(8, 0), of(7, 0));
    }

    #[test]
    fn numbers_spread_evenly() {
        let mut counts = [0_u32; 6];
        let (mut heads, mut total) = (0_u32, 0.0);
        for index in 0..6000 {
            let mut draws = Draws::stream(1, index);
            counts[draws.below(6)] += 1;
            heads += u32::from(draws.coin());
            let unit = draws.unit();
            assert!((0.0..1.0).contains(&unit));
            total += unit;
        }
        assert!(counts.iter().all(|&n| n.abs_diff(1000) < 120), "{counts:?}");
        assert!(heads.abs_diff(3000) < 160, "{heads}");
        assert!((total / 6000.0 - 0.5_f64).abs() < 0.015, "{total}");
    }

    /// Oracle: a Dirichlet(1, 1, 1) weight has mean 1/3 and variance 1/18.
    #[test]
    fn weights_have_the_moments_of_the_flat_dirichlet() {
        let (mut mean, mut squares) = (0.0, 0.0);
        for index in 0..20_000 {
            let weights = Draws::stream(3, index).weights(3);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(weights.iter().all(|&w| w >= 0.0));
            mean += weights[1] / 20_000.0;
            squares += weights[1] * weights[1] / 20_000.0;
        }
        assert!((mean - 1.0 / 3.0).abs() < 0.006, "{mean}");
        assert!((squares - mean * mean - 1.0 / 18.0).abs() < 0.002, "{squares}");
        assert_eq!(Draws::stream(3, 0).weights(1), [1.0]);
        assert!(Draws::stream(3, 0).weights(0).is_empty());
    }
}
