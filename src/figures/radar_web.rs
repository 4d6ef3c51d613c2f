//! The web of a radar: its rings and spokes, the key that names them, and the outline of a run.

use plotters::style::RGBColor;

use crate::analysis::{RadarRow, Spoke};

use super::area::Point;
use super::canvas::{Anchor, Canvas, Style};
use super::header::{NOTE, STRONG};
use super::metric_text::Cell;
use super::number::real;
use super::palette::{FAINT, GREY, GRID};
use super::stroke::SOLID;
use super::vendors;
use super::wording::fit;

/// Reach of the key.
pub(super) const KEY: f64 = 30.0;
const RINGS: [f64; 3] = [1.0 / 3.0, 2.0 / 3.0, 1.0];
/// Between the rim and what is written around it.
const GAP: f64 = 5.0;
/// Width limit of what is written at a spoke.
const MOST: f64 = 150.0;
const LINE: f64 = 8.4;
const OPACITY: f64 = 0.22;

/// Where the spokes lie.
pub(super) struct Web {
    /// Where they meet.
    pub(super) center: Point,
    /// From there to the rim.
    pub(super) reach: f64,
    /// How many there are.
    pub(super) spokes: usize,
}

impl Web {
    /// A point of a spoke, 0 at the centre and 1 at the rim; the first spoke points up, the others follow clockwise.
    pub(super) fn at(&self, spoke: usize, scaled: f64) -> Point {
        let angle = std::f64::consts::TAU * real(spoke) / real(self.spokes.max(1));
        let reach = self.reach * scaled;
        (self.center.0 + reach * angle.sin(), self.center.1 - reach * angle.cos())
    }

    fn draw(&self, canvas: &mut Canvas, color: RGBColor) {
        for ring in RINGS {
            let path: Vec<Point> = (0..=self.spokes).map(|spoke| self.at(spoke, ring)).collect();
            canvas.line(&path, color, 0.4, SOLID);
        }
        for spoke in 0..self.spokes {
            canvas.line(&[self.center, self.at(spoke, 1.0)], color, 0.4, SOLID);
        }
    }
}

/// Name of a spoke, and what lies at its centre and at its rim.
fn words(canvas: &Canvas, spoke: &Spoke) -> [(String, Style); 2] {
    let cell = |value| Cell::of(&spoke.metric, Some(value));
    let range = format!("{} to {}", cell(spoke.center).text, cell(spoke.rim).with_unit());
    [(spoke.metric.label.clone(), STRONG), (range, NOTE)]
        .map(|(text, style)| (fit(&canvas.fonts, &text, style.size, style.bold, MOST), style))
}

/// Width of the key with what is written around it.
pub(super) fn key_width(canvas: &Canvas, spokes: &[Spoke]) -> f64 {
    let texts = spokes.iter().flat_map(|spoke| words(canvas, spoke));
    let widest = texts.map(|(text, style)| canvas.text_width(&text, style)).fold(0.0, f64::max);
    2.0 * (KEY + GAP + widest)
}

/// Draws the key around `center` and returns its lower edge.
pub(super) fn draw_key(canvas: &mut Canvas, spokes: &[Spoke], center: Point) -> f64 {
    let web = Web { center, reach: KEY, spokes: spokes.len() };
    web.draw(canvas, FAINT);
    let mut bottom = center.1 + KEY;
    for (index, spoke) in spokes.iter().enumerate() {
        let (x, y) = web.at(index, 1.0 + GAP / KEY);
        let (dx, dy) = (x - center.0, y - center.1);
        let anchor = if dx.abs() < 1.0 {
            Anchor::Middle
        } else if dx > 0.0 {
            Anchor::Start
        } else {
            Anchor::End
        };
        // Above the top, below the bottom, and else beside the end of the spoke.
        let first = if anchor != Anchor::Middle {
            y - LINE / 2.0 + 2.3
        } else if dy < 0.0 {
            y - LINE
        } else {
            y + 5.5
        };
        for (line, (text, style)) in words(canvas, spoke).into_iter().enumerate() {
            let baseline = first + real(line) * LINE;
            canvas.text(&text, (x, baseline), anchor, style);
            bottom = bottom.max(baseline + 3.0);
        }
    }
    bottom
}

/// Draws the outline of a run over a web; it is open at spokes whose value is unknown.
pub(super) fn draw_run(canvas: &mut Canvas, row: &RadarRow, web: &Web, color: RGBColor) {
    web.draw(canvas, GRID);
    let scaled = |spoke: usize| row.scaled.get(spoke % web.spokes.max(1)).copied().flatten();
    let corner = |spoke: usize| Some(web.at(spoke, scaled(spoke)?.clamp(0.0, 1.0)));
    let corners: Vec<Option<Point>> = (0..web.spokes).map(corner).collect();
    if corners.iter().all(Option::is_some) {
        canvas.fill(corners.iter().flatten().copied().collect(), color, OPACITY);
    }
    for spoke in 0..web.spokes {
        if let (Some(from), Some(to)) = (corner(spoke), corner(spoke + 1)) {
            vendors::line(canvas, &[from, to], 0.9, color);
        }
    }
    for (spoke, corner) in corners.iter().enumerate() {
        if let Some(at) = corner {
            vendors::disc(canvas, *at, 1.2, color);
        } else {
            let at = web.at(spoke, 1.0 + 3.5 / web.reach);
            let style = Style { color: GREY, ..NOTE };
            canvas.text_level("–", at, Anchor::Middle, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::Sheet;
    use super::super::{fixture_profiles, svg::Svg};
    use super::*;

    fn drawn(scaled: &[Option<f64>]) -> Svg {
        let mut canvas = Canvas::new(Sheet::default(), 100.0).unwrap();
        canvas.height = 100.0;
        let mut row = fixture_profiles::radar(1, scaled.len()).rows.remove(0);
        row.scaled = scaled.to_vec();
        let web = Web { center: (50.0, 50.0), reach: 30.0, spokes: scaled.len() };
        draw_run(&mut canvas, &row, &web, GREY);
        canvas.finish().unwrap()
    }

    #[test]
    fn spokes_go_clockwise_from_the_top() {
        let web = Web { center: (50.0, 50.0), reach: 10.0, spokes: 4 };
        let near = |a: Point, b: Point| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9;
        assert!(near(web.at(0, 1.0), (50.0, 40.0)) && near(web.at(1, 0.5), (55.0, 50.0)));
        assert!(near(web.at(2, 1.0), (50.0, 60.0)) && near(web.at(4, 1.0), web.at(0, 1.0)));
    }

    #[test]
    fn an_unknown_value_opens_the_outline() {
        let whole = drawn(&[Some(0.5); 5]);
        let open = drawn(&[Some(0.5), None, Some(0.5), Some(-3.0), Some(7.0)]);
        let count = |svg: &Svg, tag: &str| svg.as_str().matches(tag).count();
        assert_eq!((count(&whole, "<polygon"), count(&open, "<polygon")), (1, 0));
        assert_eq!(count(&whole, "<polyline") - count(&open, "<polyline"), 2);
        assert_eq!(count(&open, ">–<"), 1);
        assert_eq!(count(&whole, "<circle") - count(&open, "<circle"), 1);
    }
}
