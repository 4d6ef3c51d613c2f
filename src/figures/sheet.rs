//! The sheet that a figure is drawn on: how wide it is at least, and for paper or for a dark screen.
//!
//! Every figure knows the narrowest width that holds its content without overlaps. A sheet sets a floor under that
//! width and never a ceiling: a figure is rather wider than asked for than unreadable.

use plotters::style::RGBColor;

use super::header::{COLUMN, FULL, LABEL_LIMIT, WIDE};
use super::palette;

/// Where figures are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sheet {
    /// Its width.
    pub width: SheetWidth,
    /// Its colours.
    pub theme: Theme,
}

/// Least width of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SheetWidth {
    /// A journal column: 89 mm.
    #[default]
    Column,
    /// Two journal columns: 183 mm.
    Page,
    /// The layout of two columns, enlarged to a slide of 320 mm.
    Slide,
}

/// Colours of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Black on white.
    #[default]
    Paper,
    /// Light on dark.
    Screen,
}

/// Width of a slide in millimetres.
const SLIDE_MM: f64 = 320.0;
/// Millimetres of a point.
const POINT_MM: f64 = 25.4 / 72.0;

impl Sheet {
    /// The asked width, or more where `needed` points are more.
    pub(super) fn width(self, needed: f64) -> f64 {
        self.least().max(needed)
    }

    /// The usual widths from the asked one on, narrowest first.
    pub(super) fn widths(self) -> impl Iterator<Item = f64> {
        [COLUMN, WIDE, FULL].into_iter().filter(move |width| *width >= self.least())
    }

    /// The narrowest usual width that holds `needed` points.
    pub(super) fn fitting(self, needed: f64) -> Option<f64> {
        self.widths().find(|width| *width >= needed)
    }

    /// Width limit of a run label.
    pub(super) fn label_limit(self) -> f64 {
        if self.width == SheetWidth::Column { LABEL_LIMIT } else { 1.6 * LABEL_LIMIT }
    }

    /// Millimetres per point of the layout.
    pub(super) fn millimetres(self) -> f64 {
        match self.width {
            SheetWidth::Column | SheetWidth::Page => POINT_MM,
            SheetWidth::Slide => SLIDE_MM / FULL,
        }
    }

    fn least(self) -> f64 {
        match self.width {
            SheetWidth::Column => COLUMN,
            SheetWidth::Page | SheetWidth::Slide => FULL,
        }
    }
}

impl Theme {
    /// What a colour of the palette becomes. Fills keep their colours, so that what stands on them stays readable;
    /// the ground, the lines and the text around them change places.
    pub(super) fn ink(self, color: RGBColor) -> RGBColor {
        if self == Self::Paper {
            return color;
        }
        SCREEN.iter().find(|(paper, _)| *paper == color).map_or(color, |(_, screen)| *screen)
    }

    /// What a colour becomes as text: dark hues would vanish on a dark ground.
    pub(super) fn text(self, color: RGBColor) -> RGBColor {
        if self == Self::Paper {
            return color;
        }
        let lit = SCREEN_TEXT.iter().find(|(paper, _)| *paper == color);
        lit.map_or_else(|| self.ink(color), |(_, screen)| *screen)
    }
}

const SCREEN: [(RGBColor, RGBColor); 11] = [
    (palette::WHITE, RGBColor(0x16, 0x19, 0x1D)),
    (palette::BLACK, RGBColor(0xEC, 0xEE, 0xF0)),
    (palette::DARK, RGBColor(0xC9, 0xCD, 0xD2)),
    (palette::GREY, RGBColor(0xA9, 0xB0, 0xB7)),
    (palette::MID_GREY, RGBColor(0x8B, 0x93, 0x9B)),
    (palette::LIGHT_GREY, RGBColor(0x5A, 0x62, 0x6A)),
    (palette::GRID, RGBColor(0x33, 0x39, 0x40)),
    (palette::BAND, RGBColor(0x20, 0x24, 0x29)),
    (palette::SHADE, RGBColor(0x22, 0x30, 0x3C)),
    (palette::PALE, RGBColor(0x2C, 0x32, 0x38)),
    (palette::FAINT, RGBColor(0x45, 0x4C, 0x54)),
];

const SCREEN_TEXT: [(RGBColor, RGBColor); 4] = [
    (palette::BLUE, RGBColor(0x5C, 0xB3, 0xEC)),
    (palette::VERMILLION, RGBColor(0xFF, 0x8A, 0x3D)),
    (palette::GREEN, RGBColor(0x2F, 0xC7, 0x9A)),
    (palette::PURPLE, RGBColor(0xE0, 0x9A, 0xC4)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_a_floor() {
        let page = Sheet { width: SheetWidth::Page, theme: Theme::Paper };
        assert_eq!(Sheet::default().widths().collect::<Vec<_>>(), [COLUMN, WIDE, FULL]);
        assert_eq!(page.widths().collect::<Vec<_>>(), [FULL]);
        assert_eq!(Sheet::default().fitting(300.0), Some(WIDE));
        assert_eq!(page.fitting(300.0), Some(FULL));
        assert_eq!(page.fitting(FULL + 1.0), None);
        assert!((page.width(10.0) - FULL).abs() < 1e-9);
        assert!((page.width(900.0) - 900.0).abs() < 1e-9);
    }

    #[test]
    fn text_on_a_dark_ground_has_contrast() {
        let ground = palette::luminance(Theme::Screen.ink(palette::WHITE));
        for color in [palette::BLACK, palette::GREY, palette::BLUE, palette::VERMILLION] {
            let ink = palette::luminance(Theme::Screen.text(color));
            assert!((ink + 0.05) / (ground + 0.05) >= 4.5, "{color:?}");
        }
    }
}
