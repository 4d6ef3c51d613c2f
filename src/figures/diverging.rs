//! Colours of numbers around zero: vermillion below, white at zero, blue above.

use plotters::style::RGBColor;

use super::palette::{BLUE, VERMILLION};

/// How much colour the number closest to zero has: next to white it must be seen.
const LEAST: f64 = 0.22;

/// The colour of a fraction from -1 to 1; zero is white.
pub(super) fn shade(fraction: f64) -> RGBColor {
    let end = if fraction < 0.0 { VERMILLION } else { BLUE };
    let part = fraction.abs().min(1.0);
    let part = if part > 0.0 { LEAST + (1.0 - LEAST) * part } else { 0.0 };
    tint(end, part)
}

/// A colour mixed with white; a `part` of 1 is the colour itself.
pub(super) fn tint(color: RGBColor, part: f64) -> RGBColor {
    RGBColor(tinted(color.0, part), tinted(color.1, part), tinted(color.2, part))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of two bytes is a byte"
)]
fn tinted(byte: u8, part: f64) -> u8 {
    (255.0 + (f64::from(byte) - 255.0) * part).round() as u8
}

#[cfg(test)]
mod tests {
    use super::super::palette::WHITE;
    use super::*;

    #[test]
    fn ends_are_pure_and_zero_is_white() {
        assert_eq!(shade(1.0), BLUE);
        assert_eq!(shade(-7.0), VERMILLION);
        assert_eq!(shade(0.0), WHITE);
        assert_ne!(shade(0.001), WHITE);
        assert!(shade(0.3).0 > shade(0.6).0);
    }
}
