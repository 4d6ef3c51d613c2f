//! The three curves of stage collapse: how each is drawn, and where its gaps are.

use plotters::style::RGBColor;

use crate::analysis::Proportion;
use crate::analysis::{Collapse, CollapsePoint};

use super::area::{Area, Point};
use super::axis::LinearAxis;
use super::canvas::Canvas;
use super::marker::{self, Marker};
use super::number::{percent, real};
use super::palette::{BLACK, BLUE, VERMILLION};
use super::stroke::{DASH_DOT, DASHED, Dash, SOLID};

/// Reach of a point.
pub(super) const MARKER: f64 = 2.1;

/// One of the three rates: how it is drawn and where it is read from.
pub(super) struct Curve {
    /// What it is called.
    pub(super) name: &'static str,
    /// Colour.
    pub(super) color: RGBColor,
    /// Line style.
    pub(super) dash: Dash,
    /// Point shape.
    pub(super) marker: Marker,
    /// Steps aside from the middle of a stage, so that whiskers stay apart.
    pub(super) dodge: f64,
    /// Reads the rate; `None` leaves a gap.
    pub(super) rate: fn(&CollapsePoint) -> Option<Proportion>,
}

/// The three rates, in drawing order.
pub(super) const CURVES: [Curve; 3] = [
    Curve {
        name: "marginal",
        color: BLUE,
        dash: SOLID,
        marker: Marker::Disc,
        dodge: -1.0,
        rate: |point| Some(point.marginal),
    },
    Curve {
        name: "conditional",
        color: VERMILLION,
        dash: DASHED,
        marker: Marker::Square,
        dodge: 0.0,
        rate: |point| point.conditional,
    },
    Curve {
        name: "survival",
        color: BLACK,
        dash: DASH_DOT,
        marker: Marker::Triangle,
        dodge: 1.0,
        rate: |point| Some(point.survival),
    },
];

/// Where the stages and the percentages lie.
pub(super) struct Plot {
    /// The frame.
    pub(super) frame: Area,
    /// Percentages.
    pub(super) axis: LinearAxis,
    /// Width of a stage.
    pub(super) slot: f64,
    /// Whether there are too many stages for whiskers and markers.
    pub(super) is_dense: bool,
}

impl Plot {
    /// Position of a stage.
    pub(super) fn at(&self, index: usize, dodge: f64) -> f64 {
        self.frame.left + (real(index) + 0.5) * self.slot + dodge * self.step()
    }

    /// Height of a fraction.
    pub(super) fn percent(&self, fraction: f64) -> f64 {
        self.axis.at(fraction * 100.0)
    }

    /// How far curves step aside within a stage.
    fn step(&self) -> f64 {
        if self.is_dense { 0.0 } else { (self.slot * 0.18).min(5.5) }
    }

    fn marker(&self) -> f64 {
        (self.step() * 0.6).clamp(1.4, MARKER)
    }
}

/// The stages of a curve in unbroken stretches: a stage without a rate is a gap.
fn stretches(data: &Collapse, curve: &Curve) -> Vec<Vec<(usize, Proportion)>> {
    let mut all = vec![Vec::new()];
    for (index, point) in data.points.iter().enumerate() {
        match ((curve.rate)(point), all.last_mut()) {
            (Some(rate), Some(stretch)) => stretch.push((index, rate)),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|stretch| !stretch.is_empty());
    all
}

/// Draws the interval of every stage: whiskers, or a band over many stages.
pub(super) fn draw_intervals(canvas: &mut Canvas, data: &Collapse, plot: &Plot, curve: &Curve) {
    for stretch in stretches(data, curve) {
        if plot.is_dense && stretch.len() > 1 {
            let edge = |value: fn(&Proportion) -> f64| {
                stretch
                    .iter()
                    .map(|(index, rate)| (plot.at(*index, 0.0), plot.percent(value(rate))))
                    .collect::<Vec<Point>>()
            };
            let mut outline = edge(|rate| rate.high);
            outline.extend(edge(|rate| rate.low).into_iter().rev());
            canvas.fill(outline, curve.color, 0.13);
            continue;
        }
        let cap = (plot.step() * 0.4).clamp(0.7, 1.3);
        for (index, rate) in stretch {
            let x = plot.at(index, curve.dodge);
            let (high, low) = (plot.percent(rate.high), plot.percent(rate.low));
            canvas.line(&[(x, high), (x, low)], curve.color, 0.6, SOLID);
            for y in [high, low] {
                canvas.line(&[(x - cap, y), (x + cap, y)], curve.color, 0.6, SOLID);
            }
        }
    }
}

/// Draws the line and its points.
pub(super) fn draw_curve(canvas: &mut Canvas, data: &Collapse, plot: &Plot, curve: &Curve) {
    for stretch in stretches(data, curve) {
        let path: Vec<Point> = stretch
            .iter()
            .map(|(index, rate)| (plot.at(*index, curve.dodge), plot.percent(rate.point)))
            .collect();
        canvas.line(&path, curve.color, 1.1, curve.dash);
        // A lone stage has no line to be seen by.
        if !plot.is_dense || path.len() == 1 {
            for &at in &path {
                marker::draw(canvas, curve.marker, at, plot.marker(), curve.color);
            }
        }
        for ((index, rate), &at) in stretch.iter().zip(&path) {
            let stage = data.points[*index].stage;
            let interval = format!("[{}, {}]", percent(rate.low), percent(rate.high));
            let tip = format!(
                "T{stage}, {}: {} of {}, {} {interval}",
                curve.name,
                rate.x,
                rate.n,
                percent(rate.point)
            );
            canvas.tip(Area::around(at, 2.0 * MARKER), &tip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn nobody_at_risk_is_a_gap() {
        let mut data = fixture::collapse(15, 6);
        data.points[3].conditional = None;
        let indices: Vec<Vec<usize>> = stretches(&data, &CURVES[1])
            .iter()
            .map(|part| part.iter().map(|(index, _)| *index).collect())
            .collect();
        assert_eq!(indices, [vec![0, 1, 2], vec![4, 5]]);
        assert_eq!(stretches(&data, &CURVES[2]).len(), 1);
    }
}
