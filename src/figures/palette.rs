//! Colours that stay apart for colour-blind readers (Okabe and Ito) and in grey.

use plotters::style::RGBColor;

/// Text and axes.
pub(super) const BLACK: RGBColor = RGBColor(0, 0, 0);
/// Okabe-Ito blue.
pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
/// Okabe-Ito vermillion.
pub(super) const VERMILLION: RGBColor = RGBColor(0xD5, 0x5E, 0x00);
/// Okabe-Ito orange.
pub(super) const ORANGE: RGBColor = RGBColor(0xE6, 0x9F, 0x00);
/// Okabe-Ito bluish green.
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9E, 0x73);
/// Okabe-Ito sky blue.
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xB4, 0xE9);
/// Okabe-Ito yellow.
pub(super) const YELLOW: RGBColor = RGBColor(0xF0, 0xE4, 0x42);
/// Okabe-Ito reddish purple.
pub(super) const PURPLE: RGBColor = RGBColor(0xCC, 0x79, 0xA7);
/// Inside of hollow markers.
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Bars that are no part of a comparison by colour: darker than every other colour in grey.
pub(super) const DARK: RGBColor = RGBColor(0x33, 0x33, 0x33);
/// Text on a light fill: one step off black, so that a theme can tell it from text on the ground.
const ON_LIGHT: RGBColor = RGBColor(1, 1, 1);
/// Text on a dark fill.
const ON_DARK: RGBColor = RGBColor(254, 254, 254);
/// Second-rank text and leader lines.
pub(super) const GREY: RGBColor = RGBColor(0x59, 0x59, 0x59);
/// Outlines of second-rank markers.
pub(super) const MID_GREY: RGBColor = RGBColor(0x80, 0x80, 0x80);
/// Ground of what did not happen: neither white nor a colour.
pub(super) const PALE: RGBColor = RGBColor(0xE4, 0xE4, 0xE4);
/// Outline of what is not there.
pub(super) const FAINT: RGBColor = RGBColor(0xC4, 0xC4, 0xC4);
/// Lines behind the data.
pub(super) const LIGHT_GREY: RGBColor = RGBColor(0xC8, 0xC8, 0xC8);
/// Grid lines.
pub(super) const GRID: RGBColor = RGBColor(0xE2, 0xE2, 0xE2);
/// Ground of every other stage, lighter than all that is drawn on it.
pub(super) const BAND: RGBColor = RGBColor(0xF0, 0xF0, 0xF0);
/// Flat fill behind data, darker than the grid in no place.
pub(super) const SHADE: RGBColor = RGBColor(0xDC, 0xE9, 0xF3);

/// Ten even steps of the cividis colour map: monotone in lightness.
const CIVIDIS: [RGBColor; 10] = [
    RGBColor(0x00, 0x22, 0x4E),
    RGBColor(0x12, 0x35, 0x70),
    RGBColor(0x3B, 0x49, 0x6C),
    RGBColor(0x57, 0x5D, 0x6D),
    RGBColor(0x70, 0x71, 0x73),
    RGBColor(0x8A, 0x86, 0x78),
    RGBColor(0xA5, 0x9C, 0x74),
    RGBColor(0xC3, 0xB3, 0x69),
    RGBColor(0xE1, 0xCC, 0x55),
    RGBColor(0xFE, 0xE8, 0x38),
];

/// The cividis colour of a fraction; fractions outside 0 to 1 take the colour of the nearer end.
pub(super) fn cividis(fraction: f64) -> RGBColor {
    let place = fraction.clamp(0.0, 1.0) * 9.0;
    let mut lower = 0.0;
    for pair in CIVIDIS.windows(2) {
        if place <= lower + 1.0 {
            let part = place - lower;
            let (from, to) = (pair[0], pair[1]);
            return RGBColor(
                mixed(from.0, to.0, part),
                mixed(from.1, to.1, part),
                mixed(from.2, to.2, part),
            );
        }
        lower += 1.0;
    }
    CIVIDIS[9]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of two bytes is a byte"
)]
fn mixed(from: u8, to: u8, part: f64) -> u8 {
    (f64::from(from) + (f64::from(to) - f64::from(from)) * part).round() as u8
}

/// Black or white, whichever stands out more on `ground`.
pub(super) fn ink_on(ground: RGBColor) -> RGBColor {
    // WCAG contrast against black and white is equal at this luminance.
    if luminance(ground) > 0.179 { ON_LIGHT } else { ON_DARK }
}

/// Relative luminance (WCAG 2).
pub(super) fn luminance(color: RGBColor) -> f64 {
    let linear = |byte: u8| {
        let part = f64::from(byte) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cividis_gets_lighter_all_the_way() {
        let steps: Vec<f64> = (0..=100).map(|i| luminance(cividis(f64::from(i) / 100.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] < pair[1] + 1e-12));
        assert_eq!(cividis(-1.0), cividis(0.0));
        assert_eq!(cividis(2.0), CIVIDIS[9]);
    }

    #[test]
    fn ink_has_contrast_on_every_step() {
        for i in 0..=100 {
            let ground = cividis(f64::from(i) / 100.0);
            let (a, b) = (luminance(ground), luminance(ink_on(ground)));
            assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) >= 4.5);
        }
    }
}
