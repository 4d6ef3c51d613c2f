//! Colours of runs by the vendor of their model, and the legend that names them.
//!
//! Runs are always named as well, so that nothing rests on the colour. Where no vendor is known all runs are blue; where
//! some are, the others are grey, since blue may be a vendor. Colours that would vanish on white get a dark edge.

use plotters::style::RGBColor;

use super::area::{Area, Point};
use super::canvas::Canvas;
use super::header::LABEL;
use super::legend::Entry;
use super::marker::{self, Marker};
use super::palette::{BLUE, GREY, MID_GREY, luminance};
use super::stroke::SOLID;
use super::wording::fit;

const RADIUS: f64 = 2.2;
/// What runs without a vendor are called among others.
const OTHERS: &str = "other";
/// Colours with more luminance than this get an edge.
const LIGHTEST: f64 = 0.6;
const EDGE: f64 = 0.4;

/// The vendors of a figure.
pub(super) struct Vendors {
    /// In the order in which they come.
    named: Vec<(String, RGBColor)>,
    has_others: bool,
}

impl Vendors {
    /// The vendors of runs, given as name and colour.
    pub(super) fn of<'a>(runs: impl Iterator<Item = (Option<&'a str>, Option<[u8; 3]>)>) -> Self {
        let mut vendors = Self { named: Vec::new(), has_others: false };
        for (name, color) in runs {
            let (Some(name), Some([red, green, blue])) = (name, color) else {
                vendors.has_others = true;
                continue;
            };
            let vendor = (name.to_owned(), RGBColor(red, green, blue));
            if !vendors.named.contains(&vendor) {
                vendors.named.push(vendor);
            }
        }
        vendors
    }

    /// Whether runs differ in colour.
    pub(super) fn are_known(&self) -> bool {
        !self.named.is_empty()
    }

    /// The colour of a run.
    pub(super) fn color(&self, name: Option<&str>, color: Option<[u8; 3]>) -> RGBColor {
        match color.filter(|_| name.is_some()) {
            Some([red, green, blue]) => RGBColor(red, green, blue),
            None if self.are_known() => MID_GREY,
            None => BLUE,
        }
    }

    /// A legend entry for each.
    pub(super) fn entries(&self, canvas: &Canvas) -> Vec<Entry<'static>> {
        let others = (self.are_known() && self.has_others).then(|| (OTHERS.to_owned(), MID_GREY));
        let limit = canvas.sheet.label_limit();
        let entry = |(name, color): (String, RGBColor)| Entry {
            sample: (2.0 * RADIUS, 2.0 * RADIUS),
            draw: Box::new(move |canvas, area: Area| {
                let middle =
                    (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
                disc(canvas, middle, RADIUS, color);
            }),
            text: fit(&canvas.fonts, &name, LABEL.size, LABEL.bold, limit),
        };
        self.named.iter().cloned().chain(others).map(entry).collect()
    }
}

/// The colour of edges.
pub(super) fn edge(color: RGBColor) -> RGBColor {
    if luminance(color) > LIGHTEST { GREY } else { color }
}

/// Draws a line.
pub(super) fn line(canvas: &mut Canvas, path: &[Point], width: f64, color: RGBColor) {
    if edge(color) != color {
        canvas.line(path, edge(color), width + 2.0 * EDGE, SOLID);
    }
    canvas.line(path, color, width, SOLID);
}

/// Draws a filled point.
pub(super) fn disc(canvas: &mut Canvas, at: Point, radius: f64, color: RGBColor) {
    marker::draw(canvas, Marker::Disc, at, radius, edge(color));
    if edge(color) != color {
        marker::draw(canvas, Marker::Disc, at, radius - EDGE, color);
    }
}

/// Draws a hollow point.
pub(super) fn ring(canvas: &mut Canvas, at: Point, radius: f64, color: RGBColor) {
    marker::draw(canvas, Marker::Ring, at, radius, edge(color));
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Sheet;
    use super::*;

    const SKY: [u8; 3] = [0x56, 0xB4, 0xE9];

    #[test]
    fn vendors_are_named_once_and_the_rest_is_grey_among_them() {
        let runs =
            [(Some("a"), Some(SKY)), (None, None), (Some("a"), Some(SKY)), (Some("b"), None)];
        let vendors = Vendors::of(runs.into_iter());
        let canvas = Canvas::new(Sheet::default(), 100.0).unwrap();
        let texts: Vec<String> = vendors.entries(&canvas).into_iter().map(|e| e.text).collect();
        assert_eq!(texts, ["a", OTHERS]);
        assert_eq!(vendors.color(Some("a"), Some(SKY)), RGBColor(0x56, 0xB4, 0xE9));
        assert_eq!(vendors.color(Some("b"), None), MID_GREY);
    }

    #[test]
    fn without_vendors_there_is_no_legend() {
        let vendors = Vendors::of([(None, None)].into_iter());
        let canvas = Canvas::new(Sheet::default(), 100.0).unwrap();
        assert!(vendors.entries(&canvas).is_empty() && !vendors.are_known());
        assert_eq!(vendors.color(None, None), BLUE);
    }
}
