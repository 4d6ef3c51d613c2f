//! The colours of a heatmap with their numbers.

use plotters::style::RGBColor;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas};
use super::header::{LABEL, STRONG};
use super::palette::BLACK;
use super::stroke::SOLID;

const WIDTH: f64 = 90.0;
const HEIGHT: f64 = 7.0;
/// Steps of colour; finer ones are not seen.
const STEPS: u8 = 90;
/// Between the title and the bar: half of the first number stands there.
const TITLE_GAP: f64 = 10.0;

/// Draws title, bar and ticks from `at` to the right and returns the lower edge. Ticks are
/// fractions of the bar.
pub(super) fn draw(
    canvas: &mut Canvas,
    title: &str,
    ticks: &[(f64, String)],
    at: Point,
    color: impl Fn(f64) -> RGBColor,
) -> f64 {
    canvas.text_level(title, (at.0, at.1 + HEIGHT / 2.0), Anchor::Start, STRONG);
    let left = at.0 + canvas.text_width(title, STRONG) + TITLE_GAP;
    for step in 0..STEPS {
        let from = left + f64::from(step) / f64::from(STEPS) * WIDTH;
        // Up to the right end, so that no white shows between two steps.
        let area = Area::sized(from, at.1, left + WIDTH - from, HEIGHT);
        canvas.block(area, color((f64::from(step) + 0.5) / f64::from(STEPS)));
    }
    let bar = Area::sized(left, at.1, WIDTH, HEIGHT);
    canvas.outline(bar, BLACK, 0.4);
    for (fraction, label) in ticks {
        let x = left + fraction * WIDTH;
        canvas.line(&[(x, bar.bottom), (x, bar.bottom + 2.0)], BLACK, 0.5, SOLID);
        canvas.text(label, (x, bar.bottom + 8.5), Anchor::Middle, LABEL);
    }
    bar.bottom + 11.0
}
