//! Names at the right ends of lines, pushed apart where they would touch.

use plotters::style::RGBColor;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::stroke::SOLID;

/// Between the frame and a name, for the line that leads to it.
pub(super) const LEAD: f64 = 11.0;

/// The end of a line.
pub(super) struct End<'a> {
    /// Where the line ends.
    pub(super) at: Point,
    /// Its name, as wide as it may be.
    pub(super) name: &'a str,
    /// How the name looks.
    pub(super) style: Style,
    /// Colour of the line.
    pub(super) color: RGBColor,
}

/// Heights as near to the wanted ones as possible, `step` apart and between `top` and `bottom`; wanted ones come from
/// top to bottom, and no more of them than there is room for.
pub(super) fn apart(wanted: &[f64], step: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut heights: Vec<f64> = Vec::with_capacity(wanted.len());
    for y in wanted {
        let least = heights.last().map_or(top, |above| above + step);
        heights.push(y.max(least));
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - step;
    }
    heights
}

/// Writes the names to the right of `frame`, those of upper ends first, `step` apart.
pub(super) fn write(canvas: &mut Canvas, mut ends: Vec<End<'_>>, frame: Area, step: f64) {
    ends.sort_by(|a, b| a.at.1.total_cmp(&b.at.1));
    let wanted: Vec<f64> = ends.iter().map(|end| end.at.1).collect();
    let half = step / 2.0;
    let heights = apart(&wanted, step, frame.top + half, frame.bottom - half);
    for (end, y) in ends.into_iter().zip(heights) {
        let x = frame.right + LEAD;
        let way = [end.at, (frame.right + 2.5, end.at.1), (x - 3.0, y), (x - 1.0, y)];
        canvas.line(&way, end.color, 0.4, SOLID);
        canvas.text_level(end.name, (x, y), Anchor::Start, end.style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_within_their_bounds() {
        assert_eq!(apart(&[10.0, 11.0, 50.0], 8.0, 0.0, 100.0), [10.0, 18.0, 50.0]);
        assert_eq!(apart(&[98.0, 99.0], 8.0, 0.0, 100.0), [92.0, 100.0]);
        assert_eq!(apart(&[5.0; 3], 8.0, 4.0, 20.0), [4.0, 12.0, 20.0]);
        assert!(apart(&[], 8.0, 0.0, 1.0).is_empty());
    }
}
