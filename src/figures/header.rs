//! Text sizes and margins shared by all figures, title, subtitle and notes.

use super::area::Point;
use super::canvas::{Anchor, Canvas, Style};
use super::palette::{BLACK, GREY};
use super::wording::{fit, wrap};

/// A single journal column, 89 mm, in points.
pub(super) const COLUMN: f64 = 252.2;
/// One and a half columns, 120 mm.
pub(super) const WIDE: f64 = 340.1;
/// Two columns, 183 mm.
pub(super) const FULL: f64 = 518.7;
/// Empty border of a figure.
pub(super) const MARGIN: f64 = 4.0;
/// Width limit of a run label in a column.
pub(super) const LABEL_LIMIT: f64 = 104.0;
/// Distance between the lines of running text, in font sizes.
pub(super) const LEADING: f64 = 1.3;

/// Title line.
pub(super) const TITLE: Style = Style { size: 8.0, bold: true, color: BLACK };
/// Axis titles.
pub(super) const AXIS_TITLE: Style = Style { size: 7.0, bold: false, color: BLACK };
/// Labels, ticks and values.
pub(super) const LABEL: Style = Style { size: 6.5, bold: false, color: BLACK };
/// Labels that lead the eye.
pub(super) const STRONG: Style = Style { size: 6.5, bold: true, color: BLACK };
/// Subtitle and notes.
pub(super) const NOTE: Style = Style { size: 6.5, bold: false, color: GREY };

/// Writes title and subtitle and returns where the figure below them starts.
pub(super) fn write(canvas: &mut Canvas, title: &str, subtitle: &str) -> f64 {
    let limit = canvas.width - 2.0 * MARGIN;
    let below = paragraph(canvas, title, (MARGIN, MARGIN), limit, TITLE);
    paragraph(canvas, subtitle, (MARGIN, below + 1.0), limit, NOTE) + 5.0
}

/// Writes wrapped text with its upper left corner at `at` and returns its lower edge.
pub(super) fn paragraph(
    canvas: &mut Canvas,
    text: &str,
    at: Point,
    limit: f64,
    style: Style,
) -> f64 {
    let mut top = at.1;
    for line in wrap(&canvas.fonts, text, style.size, style.bold, limit) {
        canvas.text(&line, (at.0, top + style.size), Anchor::Start, style);
        top += style.size * LEADING;
    }
    top
}

/// A workload name for a title.
pub(super) fn workload(canvas: &Canvas, name: &str) -> String {
    let limit = (canvas.width - 2.0 * MARGIN) * 0.7;
    fit(&canvas.fonts, name, TITLE.size, TITLE.bold, limit)
}

/// Run labels joined for a subtitle; each stays on one line.
pub(super) fn listed(canvas: &Canvas, labels: &[String]) -> String {
    let names: Vec<String> = labels
        .iter()
        .map(|label| {
            fit(&canvas.fonts, label, NOTE.size, NOTE.bold, canvas.sheet.label_limit())
                .replace(' ', "\u{A0}")
        })
        .collect();
    names.join(", ")
}
