//! Numbers from a fixed seed: `SplitMix64` of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
//! generators".

/// A generator.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A generator with a seed.
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A position in a list of some length, 0 in an empty one.
    pub(super) fn below(&mut self, length: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % length.max(1)
    }

    /// One of some values.
    pub(super) fn pick(&mut self, values: &[f64]) -> f64 {
        let position = self.below(values.len());
        values.get(position).copied().unwrap_or(0.0)
    }

    /// A number between two, in steps of a hundredth of their distance.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        let step = u32::try_from(self.below(101)).unwrap_or(0);
        low + (high - low) * f64::from(step) / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs for the seed 1234567, as published with the reference implementation.
    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([random.next(), random.next()], expected);
    }

    #[test]
    fn positions_and_numbers_stay_inside() {
        let mut random = Random::new(1);
        for _ in 0..1000 {
            assert!(random.below(7) < 7);
            assert!((2.0..=3.0).contains(&random.between(2.0, 3.0)));
        }
        assert_eq!(random.below(0), 0);
    }
}
