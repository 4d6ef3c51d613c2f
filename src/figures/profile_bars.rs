//! The bars and dots of a profile.

use plotters::style::RGBColor;

use crate::analysis::ProfileMetric;

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::header::{LABEL, NOTE, STRONG};
use super::metric_text::Cell;
use super::palette::GREY;
use super::profile::VALUE_GAP;
use super::stroke::{DOTTED, SOLID};
use super::vendors;

/// Of a row, what its bar takes.
const THICKNESS: f64 = 5.6;
const DOT: f64 = 2.1;
/// Room left of the smallest dot, so that it has a stem.
const LEAST_STEM: f64 = 5.0;

/// Where the values of a metric lie.
pub(super) struct Bars {
    low: f64,
    high: f64,
    is_log: bool,
    frame: Area,
}

impl Bars {
    /// A linear scale from zero or below it, or a log scale over the range.
    pub(super) fn of(metric: &ProfileMetric, frame: Area) -> Self {
        let (low, high) = metric.range.unwrap_or((0.0, 1.0));
        let (low, high) =
            if metric.is_log { (low.log10(), high.log10()) } else { (low.min(0.0), high.max(0.0)) };
        // Values that are all zero end at zero, whatever the scale.
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, is_log: metric.is_log, frame }
    }

    /// Position of a value.
    pub(super) fn at(&self, value: f64) -> f64 {
        let Area { left, right, .. } = self.frame;
        let (value, left, right) = if self.is_log {
            (value.log10(), left + LEAST_STEM, right - DOT)
        } else {
            (value, left, right)
        };
        left + (value - self.low) / (self.high - self.low) * (right - left)
    }

    /// Position of zero, where there is one.
    pub(super) fn zero(&self) -> Option<f64> {
        (!self.is_log).then(|| self.at(0.0))
    }
}

/// Draws a value into its row with its number behind it; what is unknown is a dash.
pub(super) fn draw_value(
    canvas: &mut Canvas,
    bars: &Bars,
    row: Area,
    (value, color): (Option<f64>, RGBColor),
    (cell, is_best): (&Cell, bool),
) {
    let y = f64::midpoint(row.top, row.bottom);
    let Some(value) = value else {
        let left = bars.zero().unwrap_or(row.left).max(row.left);
        canvas.text_level("–", (left + VALUE_GAP, y), Anchor::Start, NOTE);
        return;
    };
    let x = bars.at(value);
    let end = if let Some(zero) = bars.zero() {
        let (left, right) = (x.min(zero), x.max(zero));
        let bar = Area { left, right, top: y - THICKNESS / 2.0, bottom: y + THICKNESS / 2.0 };
        draw_bar(canvas, bar, color);
        right
    } else {
        canvas.line(&[(row.left, y), (x, y)], GREY, 0.4, DOTTED);
        vendors::disc(canvas, (x, y), DOT, color);
        x + DOT
    };
    let style: Style = if is_best { STRONG } else { LABEL };
    canvas.text_level(&cell.text, (end + VALUE_GAP, y), Anchor::Start, style);
}

fn draw_bar(canvas: &mut Canvas, bar: Area, color: RGBColor) {
    canvas.block(bar, color);
    if bar.width() > 1.0 && vendors::edge(color) != color {
        let outline = bar.grown(-0.2);
        canvas.outline(outline, vendors::edge(color), 0.4);
    }
    // A value of zero is a mark too.
    if bar.width() < 0.2 {
        canvas.line(&[(bar.left, bar.top), (bar.left, bar.bottom)], color, 0.8, SOLID);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_profiles;
    use super::*;

    const FRAME: Area = Area { left: 10.0, top: 0.0, right: 110.0, bottom: 9.0 };

    #[test]
    fn bars_start_at_zero_and_dots_do_not() {
        let mut metric = fixture_profiles::profile(2, 1).metrics.remove(0);
        metric.range = Some((20.0, 80.0));
        let bars = Bars::of(&metric, FRAME);
        assert_eq!((bars.zero(), bars.at(80.0), bars.at(20.0)), (Some(10.0), 110.0, 35.0));
        metric.range = Some((-25.0, 75.0));
        let bars = Bars::of(&metric, FRAME);
        assert_eq!((bars.zero(), bars.at(-25.0)), (Some(35.0), 10.0));
        (metric.range, metric.is_log) = (Some((0.1, 1000.0)), true);
        let bars = Bars::of(&metric, FRAME);
        assert_eq!((bars.zero(), bars.at(0.1), bars.at(1000.0)), (None, 15.0, 107.9));
        assert!((bars.at(10.0) - 61.45).abs() < 1e-9, "the middle by logarithm");
    }
}
