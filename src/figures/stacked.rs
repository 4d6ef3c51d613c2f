//! Stacked bars.

use plotters::style::RGBColor;

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::header::{LABEL, NOTE};
use super::number::percent;
use super::palette::{GREY, WHITE};
use super::pattern::{self, Pattern};

/// White between two segments.
const GAP: f64 = 0.4;
/// Segments narrower than this touch: gaps would be most of what is seen.
const LEAST_GAPPED: f64 = 2.0;

/// One part of a bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Segment {
    /// Its size, in the unit of the whole.
    pub(super) size: f64,
    /// Its colour.
    pub(super) color: RGBColor,
    /// Its pattern.
    pub(super) pattern: Pattern,
    /// Written inside where there is room.
    pub(super) label: String,
    /// What a viewer says of it.
    pub(super) tip: String,
}

/// Fills `bar`, which stands for `whole`, with the segments from left to right.
pub(super) fn draw(canvas: &mut Canvas, segments: &[Segment], whole: f64, bar: Area) {
    let mut before = 0.0;
    for segment in segments.iter().filter(|segment| segment.size > 0.0) {
        let at = |value: f64| bar.left + (value / whole).min(1.0) * bar.width();
        let (left, right) = (at(before), at(before + segment.size));
        before += segment.size;
        let is_last = right > bar.right - GAP;
        let gap = if right - left < LEAST_GAPPED || is_last { 0.0 } else { GAP };
        let area = Area { left, right: right - gap, ..bar };
        pattern::fill(canvas, area, segment.pattern, segment.color);
        let share = percent(segment.size / whole);
        canvas.tip(area, &format!("{}, {share}", segment.tip));
        let room = area.width() - 2.0;
        if segment.pattern == Pattern::Solid && canvas.text_width(&segment.label, LABEL) <= room {
            let middle =
                (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
            let style = Style { color: canvas.ink_on(segment.color), ..LABEL };
            canvas.text_level(&segment.label, middle, Anchor::Middle, style);
        }
    }
    canvas.outline(bar, GREY, 0.3);
}

/// A text in place of a bar or on one, on white so that no line runs through it. The white is lower
/// than a bar, whose outline stays whole.
pub(super) fn remark(canvas: &mut Canvas, text: &str, at: (f64, f64), anchor: Anchor) {
    let width = canvas.text_width(text, NOTE);
    let left = if anchor == Anchor::Middle { at.0 - width / 2.0 } else { at.0 };
    let plate = Area::sized(left - 1.0, at.1 - 3.4, width + 2.0, 6.8);
    canvas.block(plate, WHITE);
    canvas.text_level(text, at, anchor, NOTE);
}
