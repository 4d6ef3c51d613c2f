//! The lanes of a timeline. Time is cut into slices; a bar is as high as the part of its slice that the lane takes up.

use plotters::style::RGBColor;

use crate::analysis::timeline::{Lane, RunTimeline};

use super::area::{Area, Point};
use super::canvas::Canvas;
use super::clock::Unit;
use super::number::real;
use super::palette::{BLUE, GREEN, GREY, MID_GREY, ORANGE, VERMILLION};
use super::stroke::SOLID;
use super::timeline::seconds;

/// Width of a slice: the finest step that is seen at all.
const SLICE: f64 = 0.5;
/// Steps of height; what is rounded off goes to the next slice, so that the ink of a lane stays right.
const STEP: f64 = 0.1;
/// Stages narrower than this have no tooltip.
const LEAST_TIP: f64 = 1.0;
/// Of the grey of idle time.
pub(super) const IDLE_OPACITY: f64 = 0.45;

/// A row of the figure: activities on top of each other.
pub(super) struct Row {
    /// What it is called.
    pub(super) name: &'static str,
    /// Its activities, lowest first.
    pub(super) lanes: &'static [Lane],
}

/// The rows, from top to bottom.
pub(super) const ROWS: [Row; 4] = [
    Row { name: "LLM calls", lanes: &[Lane::Llm] },
    Row { name: "tools", lanes: &[Lane::Tool] },
    Row { name: "grading", lanes: &[Lane::Grading] },
    Row { name: "waiting", lanes: &[Lane::Failed, Lane::Idle] },
];

/// Where moments lie.
pub(super) struct Place {
    /// The frame.
    pub(super) frame: Area,
    /// Length of the run.
    pub(super) length_us: i64,
}

impl Place {
    /// Position of a moment.
    pub(super) fn at(&self, micros: i64) -> f64 {
        self.frame.left + seconds(micros) / seconds(self.length_us) * self.frame.width()
    }
}

const fn ink(lane: Lane) -> (RGBColor, f64) {
    match lane {
        Lane::Llm => (BLUE, 1.0),
        Lane::Tool => (ORANGE, 1.0),
        Lane::Failed => (VERMILLION, 1.0),
        Lane::Grading => (GREEN, 1.0),
        Lane::Idle => (MID_GREY, IDLE_OPACITY),
    }
}

/// Parts of each slice of a frame that stretches cover, at most all of it.
fn covered(stretches: impl Iterator<Item = (f64, f64)>, frame: Area) -> Vec<f64> {
    let mut slices = Vec::new();
    let mut edge = frame.left;
    while edge < frame.right - 1e-9 {
        slices.push(0.0);
        edge += SLICE;
    }
    for (from, to) in stretches {
        let (from, to) = (from - frame.left, to - frame.left);
        let first = whole(from / SLICE);
        for (index, slice) in slices.iter_mut().enumerate().skip(first) {
            let (left, right) = (real(index) * SLICE, real(index + 1) * SLICE);
            if left >= to {
                break;
            }
            *slice += (to.min(right) - from.max(left)).max(0.0) / SLICE;
        }
    }
    for slice in &mut slices {
        *slice = slice.min(1.0);
    }
    slices
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "float casts saturate, and frames are far smaller than the range"
)]
fn whole(value: f64) -> usize {
    value.max(0.0) as usize
}

/// Heights out of covered parts, in steps, carrying what is rounded off from slice to slice.
fn heights(parts: &[f64], full: f64) -> Vec<f64> {
    let mut rest = 0.0;
    parts
        .iter()
        .map(|part| {
            let wanted = part * full + rest;
            let height = ((wanted / STEP).round() * STEP).clamp(0.0, full);
            rest = if *part > 0.0 { wanted - height } else { rest };
            if *part > 0.0 { height } else { 0.0 }
        })
        .collect()
}

/// Draws the activities of a row into `bars`.
pub(super) fn draw_lane(
    canvas: &mut Canvas,
    data: &RunTimeline,
    row: &Row,
    place: &Place,
    bars: Area,
) {
    let mut floor: Vec<f64> = Vec::new();
    for lane in row.lanes {
        let own = data.spans.iter().filter(|span| span.lane == *lane);
        let parts = covered(own.map(|s| (place.at(s.from_us), place.at(s.to_us))), bars);
        floor.resize(parts.len(), 0.0);
        let own = heights(&parts, bars.height());
        let tops: Vec<f64> =
            own.iter().zip(&floor).map(|(h, f)| (h + f).min(bars.height())).collect();
        draw_area(canvas, (&floor, &tops), bars, ink(*lane));
        floor = tops;
    }
    canvas.line(&[(bars.left, bars.bottom), (bars.right, bars.bottom)], GREY, 0.3, SOLID);
}

/// Fills what lies between two step lines, stretch by stretch.
fn draw_area(
    canvas: &mut Canvas,
    (floor, tops): (&[f64], &[f64]),
    bars: Area,
    (color, opacity): (RGBColor, f64),
) {
    let is_filled = |index: &usize| tops[*index] > floor[*index];
    let edge = |index: usize| (bars.left + real(index) * SLICE).min(bars.right);
    let mut first = 0;
    while first < tops.len() {
        if !is_filled(&first) {
            first += 1;
            continue;
        }
        let end = (first..tops.len()).find(|i| !is_filled(i)).unwrap_or(tops.len());
        let mut outline = steps(&tops[first..end], first, bars, edge);
        outline.extend(steps(&floor[first..end], first, bars, edge).into_iter().rev());
        canvas.fill(outline, color, opacity);
        first = end;
    }
}

/// A step line over slices, with points only where the height changes.
fn steps(heights: &[f64], first: usize, bars: Area, edge: impl Fn(usize) -> f64) -> Vec<Point> {
    let mut path = Vec::new();
    let mut index = first;
    for level in heights.chunk_by(|a, b| (a - b).abs() < STEP / 2.0) {
        let y = bars.bottom - level[0];
        path.push((edge(index), y));
        index += level.len();
        path.push((edge(index), y));
    }
    path
}

/// What a pointer learns: time of each lane in each stage that is wide enough to be pointed at.
pub(super) fn draw_tips(
    canvas: &mut Canvas,
    data: &RunTimeline,
    place: &Place,
    (top, step): (f64, f64),
    unit: Unit,
) {
    let by_stage = data.by_stage();
    for stage in &data.stages {
        let (left, right) = (place.at(stage.from_us), place.at(stage.to_us));
        if right - left < LEAST_TIP {
            continue;
        }
        for (index, row) in ROWS.iter().enumerate() {
            let area = Area::sized(left, top + real(index) * step, right - left, step);
            let parts: Vec<String> = row
                .lanes
                .iter()
                .map(|lane| {
                    let micros = by_stage.get(&(stage.stage, *lane)).copied().unwrap_or(0);
                    format!("{} {} {}", lane.name(), unit.write(seconds(micros)), unit.name)
                })
                .collect();
            canvas.tip(area, &format!("T{}: {}", stage.stage, parts.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_runs;
    use super::*;

    const FRAME: Area = Area { left: 10.0, top: 0.0, right: 210.0, bottom: 13.0 };

    #[test]
    fn slices_are_covered_by_parts() {
        let parts = covered([(10.0, 10.75), (11.2, 11.3), (209.9, 300.0)].into_iter(), FRAME);
        assert_eq!(parts.len(), 400);
        let expected = [1.0, 0.5, 0.6, 0.2];
        let shown = [parts[0], parts[1], parts[2], parts[399]];
        // 11.2 to 11.3 lies in the third slice, 11.0 to 11.5: a fifth of it.
        let expected = [expected[0], expected[1], 0.2, expected[3]];
        for (part, expected) in shown.iter().zip(expected) {
            assert!((part - expected).abs() < 1e-9, "{shown:?}");
        }
    }

    /// Oracle: the seconds of the ledger. The ink of a lane is its share of the whole, whatever the number of spans.
    #[test]
    fn ink_is_time() {
        for calls in [3, 215, 5_000, 50_000] {
            let data = fixture_runs::timeline(calls, 6);
            let place = Place { frame: FRAME, length_us: data.length_us };
            for lane in Lane::ALL {
                let own = data.spans.iter().filter(|span| span.lane == lane);
                let stretches = own.map(|s| (place.at(s.from_us), place.at(s.to_us)));
                let heights = heights(&covered(stretches, FRAME), FRAME.height());
                let ink = heights.iter().sum::<f64>() / FRAME.height() / 400.0;
                let share = data.placed_s(lane) / seconds(data.length_us);
                assert!((ink - share).abs() < 2e-3, "{calls} {lane:?}: {ink} {share}");
            }
        }
    }

    #[test]
    fn steps_have_points_only_where_heights_change() {
        let edge = |index: usize| real(index);
        let path = steps(&[1.0, 1.0, 2.0], 4, FRAME, edge);
        assert_eq!(path, [(4.0, 12.0), (6.0, 12.0), (6.0, 11.0), (7.0, 11.0)]);
    }
}
