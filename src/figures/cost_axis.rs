//! The log axis of costs, or of something else that is spent, under a figure.

use super::area::Area;
use super::axis::LogAxis;
use super::canvas::{Anchor, Canvas};
use super::header::{AXIS_TITLE, LABEL};
use super::palette::{BLACK, GRID};
use super::stroke::SOLID;

/// Room under the frame for ticks, labels and title.
pub(super) const ROOM: f64 = 25.0;

/// Draws the axis of costs under `frame`, and grid lines down to `grid_bottom`. Ticks may lie
/// up to `inset` outside the outermost values.
pub(super) fn draw(canvas: &mut Canvas, axis: LogAxis, frame: Area, grid_bottom: f64, inset: f64) {
    draw_titled(canvas, axis, (frame, grid_bottom), inset, "Cost per run (USD, log scale)");
}

/// The same with another title.
pub(super) fn draw_titled(
    canvas: &mut Canvas,
    axis: LogAxis,
    (frame, grid_bottom): (Area, f64),
    inset: f64,
    title: &str,
) {
    let bottom = frame.bottom;
    for x in axis.minor(inset) {
        canvas.line(&[(x, bottom), (x, bottom + 1.5)], BLACK, 0.4, SOLID);
    }
    let fonts = &canvas.fonts;
    let ticks = axis.ticks(inset, |label| fonts.width(label, LABEL.size, LABEL.bold));
    for tick in ticks {
        let x = tick.at;
        canvas.line(&[(x, frame.top), (x, grid_bottom)], GRID, 0.5, SOLID);
        canvas.line(&[(x, bottom), (x, bottom + 3.0)], BLACK, 0.6, SOLID);
        // A label at the edge of the figure moves in.
        let half = canvas.text_width(&tick.label, LABEL) / 2.0;
        let x = x.min(canvas.width - 1.0 - half);
        canvas.text(&tick.label, (x, bottom + 10.0), Anchor::Middle, LABEL);
    }
    canvas.line(&[(frame.left, bottom), (frame.right, bottom)], BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.left, frame.right);
    canvas.text(title, (middle, bottom + 20.0), Anchor::Middle, AXIS_TITLE);
}
