//! One small panel of the trajectories: grid, gate, median, baseline, and the line of a run.

use plotters::style::RGBColor;

use crate::analysis::{Outcome, Trajectory, TrajectoryPoint, TrajectoryRow};

use super::area::{Area, Point};
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas};
use super::header::NOTE;
use super::number::{real, score};
use super::palette::{BLACK, FAINT, GREY, GRID, WHITE};
use super::stroke::{DASHED, DOTTED, Dash, SOLID};
use super::vendors;
use super::wording::named;

/// Width of a run's line.
pub(super) const LINE: f64 = 1.1;
/// Width of the median.
pub(super) const MEDIAN: f64 = 2.2;
/// Width of the baseline.
pub(super) const BASELINE: f64 = 0.8;
/// Width of the gate.
pub(super) const GATE: f64 = 0.5;
/// Scores with a grid line.
pub(super) const GRID_SCORES: [f64; 3] = [0.0, 50.0, 100.0];
/// From the frame to the lowest and the highest score.
const INSET: f64 = 2.0;
/// Stages closer than this have no markers.
const LEAST_SLOT: f64 = 4.0;
/// Where they are closer than this, lines are thin.
const LEAST_LINE_SLOT: f64 = 1.5;
const THIN: f64 = 0.6;
/// A line over stages that were not attempted, where there are no markers, and the white in it.
const HOLLOW: f64 = 1.4;
const HOLLOW_CORE: f64 = 0.6;
/// Reach of a point without neighbours where there are no markers.
const SPOT: f64 = 0.8;

/// Where the stages and scores of a panel lie.
pub(super) struct Panel {
    /// The frame.
    pub(super) frame: Area,
    axis: LinearAxis,
    slot: f64,
}

impl Panel {
    /// The panel in a frame.
    pub(super) fn new(frame: Area, stages: usize) -> Self {
        let axis = LinearAxis::new(0.0, 100.0, frame.bottom - INSET, frame.top + INSET);
        Self { frame, axis, slot: frame.width() / real(stages.max(1)) }
    }

    /// Position of a stage.
    pub(super) fn at(&self, index: usize) -> f64 {
        self.frame.left + (real(index) + 0.5) * self.slot
    }

    /// Height of a score.
    pub(super) fn height(&self, score: f64) -> f64 {
        self.axis.at(score)
    }

    /// Whether stages are too close for markers.
    pub(super) fn is_dense(&self) -> bool {
        self.slot < LEAST_SLOT
    }

    /// Width of a stage.
    pub(super) fn slot(&self) -> f64 {
        self.slot
    }

    fn marker(&self) -> f64 {
        if self.is_dense() { SPOT } else { (self.slot * 0.2).clamp(1.3, 2.0) }
    }

    fn line_width(&self) -> f64 {
        if self.slot < LEAST_LINE_SLOT { THIN } else { LINE }
    }

    /// The stages with a score in unbroken stretches.
    fn stretches(&self, scores: impl Iterator<Item = Option<f64>>) -> Vec<Vec<(usize, Point)>> {
        let mut all = vec![Vec::new()];
        for (index, score) in scores.enumerate() {
            match (score, all.last_mut()) {
                (Some(score), Some(stretch)) => {
                    stretch.push((index, (self.at(index), self.height(score))));
                }
                _ => all.push(Vec::new()),
            }
        }
        all.retain(|stretch| !stretch.is_empty());
        all
    }

    /// Draws a line through scores, with a short bar for a score that has no neighbour.
    fn line(
        &self,
        canvas: &mut Canvas,
        scores: impl Iterator<Item = Option<f64>>,
        look: (RGBColor, f64, Dash),
    ) {
        let (color, width, dash) = look;
        let reach = (self.slot / 2.0).min(3.0);
        for stretch in self.stretches(scores) {
            let path: Vec<Point> = match stretch[..] {
                [(_, (x, y))] => vec![(x - reach, y), (x + reach, y)],
                _ => stretch.into_iter().map(|(_, at)| at).collect(),
            };
            canvas.line(&path, color, width, dash);
        }
    }
}

/// How the baseline is drawn: over very many stages dots would run together.
pub(super) fn baseline_look(is_dense: bool) -> (RGBColor, f64, Dash) {
    if is_dense { (BLACK, 0.4, SOLID) } else { (BLACK, BASELINE, DOTTED) }
}

/// Draws what all panels have: grid, gate, median and baseline.
pub(super) fn draw_ground(canvas: &mut Canvas, data: &Trajectory, panel: &Panel) {
    let frame = panel.frame;
    for score in GRID_SCORES {
        let y = panel.height(score);
        canvas.line(&[(frame.left, y), (frame.right, y)], GRID, 0.5, SOLID);
    }
    canvas.line(&[(frame.left, frame.top), (frame.left, frame.bottom)], GREY, 0.5, SOLID);
    canvas.line(&[(frame.left, frame.bottom), (frame.right, frame.bottom)], GREY, 0.5, SOLID);
    // The median of one run is that run.
    if data.rows.len() > 1 {
        panel.line(canvas, data.median.iter().copied(), (FAINT, MEDIAN, SOLID));
    }
    if (0.0..=100.0).contains(&data.gate) {
        let y = panel.height(data.gate);
        canvas.line(&[(frame.left, y), (frame.right, y)], GREY, GATE, DASHED);
    }
    if let Some(baseline) = &data.baseline {
        let look = baseline_look(panel.is_dense());
        panel.line(canvas, baseline.points.iter().map(|p| p.score), look);
    }
}

/// Draws the line of a run, with its markers; stages that were not attempted are hollow.
pub(super) fn draw_run(canvas: &mut Canvas, row: &TrajectoryRow, panel: &Panel, color: RGBColor) {
    let stretches = panel.stretches(row.points.iter().map(|p| p.score));
    if stretches.is_empty() {
        let frame = panel.frame;
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no scores", middle, Anchor::Middle, NOTE);
    }
    let is_hollow = |index: usize| is_hollow(row.points[index]);
    for stretch in stretches {
        let path: Vec<Point> = stretch.iter().map(|(_, at)| *at).collect();
        vendors::line(canvas, &path, panel.line_width(), color);
        if !panel.is_dense() || stretch.len() == 1 {
            for (index, at) in stretch {
                draw_point(canvas, at, panel.marker(), color, is_hollow(index));
            }
            continue;
        }
        for part in stretch.chunk_by(|a, b| is_hollow(a.0) && is_hollow(b.0)) {
            if part.len() > 1 {
                let path: Vec<Point> = part.iter().map(|(_, at)| *at).collect();
                draw_hollow(canvas, &path, color);
            }
        }
    }
}

/// Draws the line over stages that were not attempted, where there are no markers.
pub(super) fn draw_hollow(canvas: &mut Canvas, path: &[Point], color: RGBColor) {
    vendors::line(canvas, path, HOLLOW, color);
    canvas.line(path, WHITE, HOLLOW_CORE, SOLID);
}

/// Whether nobody worked on a stage, whatever its score.
pub(super) fn is_hollow(point: TrajectoryPoint) -> bool {
    point.outcome == Outcome::NotAttempted
}

/// Draws a point, hollow or filled.
pub(super) fn draw_point(
    canvas: &mut Canvas,
    at: Point,
    radius: f64,
    color: RGBColor,
    hollow: bool,
) {
    if hollow {
        vendors::ring(canvas, at, radius + 0.2, color);
    } else {
        vendors::disc(canvas, at, radius, color);
    }
}

/// Says what a viewer says of the points of a run, or of all of it where there are very many.
pub(super) fn tell(canvas: &mut Canvas, data: &Trajectory, row: &TrajectoryRow, panel: &Panel) {
    if panel.is_dense() {
        let mean = row.mean.map_or_else(|| "no scores".to_owned(), |m| format!("mean {m:.1}"));
        canvas.tip(panel.frame, &format!("{}: {mean}", named(&row.label)));
        return;
    }
    for (index, (stage, point)) in data.stages.iter().zip(&row.points).enumerate() {
        let Some(value) = point.score else { continue };
        let remark = if is_hollow(*point) { ", not attempted" } else { "" };
        let area = Area::around((panel.at(index), panel.height(value)), panel.slot.min(6.0) / 2.0);
        canvas.tip(area, &format!("{}, T{stage}: {}{remark}", named(&row.label), score(value)));
    }
}
