//! Colours of numbers in cells: around zero, vermillion below and blue above; of shares, the more the further from the
//! ground.
//!
//! What is close to nothing has nearly the colour of the ground, which is white on paper and dark on a screen.

use plotters::style::RGBColor;

use super::palette::{BLUE, VERMILLION, WHITE, cividis};
use super::sheet::Theme;

/// How much colour the number closest to zero has: next to the ground it must be seen.
const LEAST: f64 = 0.22;

/// The colour of a fraction from -1 to 1; zero is the ground.
pub(super) fn shade(theme: Theme, fraction: f64) -> RGBColor {
    let end = if fraction < 0.0 { VERMILLION } else { BLUE };
    let part = fraction.abs().min(1.0);
    let part = if part > 0.0 { LEAST + (1.0 - LEAST) * part } else { 0.0 };
    tint(theme, end, part)
}

/// The colour of a share, dark on paper and light on a screen where it is large; `part` is how much of it is mixed with
/// the ground.
pub(super) fn frequency(theme: Theme, share: f64, part: f64) -> RGBColor {
    let place = if theme == Theme::Paper { 1.0 - share } else { share };
    tint(theme, cividis(place), part.min(1.0))
}

/// A colour mixed with the ground; a `part` of 1 is the colour itself.
fn tint(theme: Theme, color: RGBColor, part: f64) -> RGBColor {
    let ground = theme.ink(WHITE);
    RGBColor(
        mixed(ground.0, color.0, part),
        mixed(ground.1, color.1, part),
        mixed(ground.2, color.2, part),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of two bytes is a byte"
)]
fn mixed(ground: u8, color: u8, part: f64) -> u8 {
    (f64::from(ground) + (f64::from(color) - f64::from(ground)) * part).round() as u8
}

#[cfg(test)]
mod tests {
    use super::super::palette::luminance;
    use super::*;

    #[test]
    fn ends_are_pure_and_zero_is_the_ground() {
        for theme in [Theme::Paper, Theme::Screen] {
            assert_eq!(shade(theme, 1.0), BLUE);
            assert_eq!(shade(theme, -7.0), VERMILLION);
            assert_eq!(shade(theme, 0.0), theme.ink(WHITE));
            assert_ne!(shade(theme, 0.001), theme.ink(WHITE));
        }
        assert!(shade(Theme::Paper, 0.3).0 > shade(Theme::Paper, 0.6).0);
    }

    #[test]
    fn larger_shares_are_further_from_the_ground() {
        for theme in [Theme::Paper, Theme::Screen] {
            let ground = luminance(theme.ink(WHITE));
            let color = |i| frequency(theme, f64::from(i) / 100.0, 0.35 + f64::from(i) / 15.0);
            let far: Vec<f64> = (0..=100).map(|i| (luminance(color(i)) - ground).abs()).collect();
            assert!(far.is_sorted_by(|a, b| *a <= b + 1e-3) && far[100] > 0.5, "{far:?}");
        }
    }
}
