//! Draws from a distribution that is known by a few of its quantiles.
//!
//! Between two quantiles values lie as if their logarithms were spread evenly, which suits tokens, times and lengths. Only
//! square roots and integers are used, which every machine computes alike.

use super::Dice;

/// Values below which lie 0, 5, 25, 50, 75, 95 and 100 of a hundred.
pub(super) type Quantiles = [i64; 7];

/// Twentieths of the draws in each segment between two quantiles.
const WIDTHS: [u64; 6] = [1, 4, 5, 5, 4, 1];
const CELLS: usize = 32;

/// A distribution to draw from.
#[derive(Debug)]
pub(super) struct Curve {
    /// Ends of the cells of each segment.
    ends: [[i64; CELLS + 1]; 6],
}

impl Curve {
    pub(super) fn new(quantiles: &Quantiles) -> Self {
        let mut ends = [[0; CELLS + 1]; 6];
        for (segment, pair) in ends.iter_mut().zip(quantiles.array_windows()) {
            *segment = cells(*pair);
        }
        Self { ends }
    }

    pub(super) fn draw(&self, dice: &mut Dice) -> i64 {
        // A fixed-point number from 0 to 20 with 32 bits behind the point.
        let mut at = (dice.roll() >> 32) * 20;
        let mut segment = 0;
        while at >= WIDTHS[segment] << 32 && segment < 5 {
            at -= WIDTHS[segment] << 32;
            segment += 1;
        }
        let within = at / WIDTHS[segment];
        let cell = usize::try_from(within >> 27).unwrap_or_default().min(CELLS - 1);
        let (low, high) = (self.ends[segment][cell], self.ends[segment][cell + 1]);
        let part = i128::from(high - low) * i128::from(within & ((1 << 27) - 1));
        low + i64::try_from(part >> 27).unwrap_or_default()
    }
}

/// Cuts a segment into cells of equal ratio by halving: the middle of two ends is their geometric mean. Zeros are allowed,
/// so the ratio is that of the values plus one.
#[expect(clippy::cast_precision_loss, reason = "quantiles are far below 2^52")]
fn cells([low, high]: [i64; 2]) -> [i64; CELLS + 1] {
    let mut ends = [0.0; CELLS + 1];
    (ends[0], ends[CELLS]) = ((low + 1) as f64, (high + 1) as f64);
    let mut step = CELLS;
    while step > 1 {
        for left in (0..CELLS).step_by(step) {
            ends[left + step / 2] = (ends[left] * ends[left + step]).sqrt();
        }
        step /= 2;
    }
    ends.map(whole)
}

#[expect(clippy::cast_possible_truncation, reason = "quantiles are far below 2^52")]
fn whole(end: f64) -> i64 {
    end.round() as i64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_quantiles_they_came_from() {
        let quantiles = [0, 33, 69, 124, 352, 1832, 12_941];
        let (curve, mut dice) = (Curve::new(&quantiles), Dice::new(3, 3));
        let mut draws: Vec<i64> = (0..100_000).map(|_| curve.draw(&mut dice)).collect();
        draws.sort_unstable();
        for (share, expected) in [(5, 33), (25, 69), (50, 124), (75, 352), (95, 1832)] {
            let found = draws[draws.len() * share / 100];
            assert!((expected * 95..=expected * 105).contains(&(found * 100)), "{share}: {found}");
        }
        assert!(draws[0] >= 0 && draws[99_999] <= 12_941);
    }

    #[test]
    fn a_single_value_is_always_drawn() {
        let curve = Curve::new(&[29; 7]);
        let mut dice = Dice::new(1, 1);
        assert!((0..100).all(|_| curve.draw(&mut dice) == 29));
    }
}
