//! Rank lines along a gate: who is coloured, how ties share the room, where the lines run.

use plotters::style::RGBColor;

use crate::analysis::{GateSweep, SweepRow};

use super::area::{Area, Point};
use super::canvas::Canvas;
use super::marker::{self, Marker};
use super::number::real;
use super::palette::{BLACK, BLUE, GREEN, MID_GREY, ORANGE, VERMILLION};
use super::stroke::{DASHED, DOTTED, Dash, SOLID};

/// Height of a rank.
pub(super) const ROW: f64 = 9.0;
/// Reach of a marker.
pub(super) const MARKER: f64 = 1.7;
/// From the frame to its outermost thresholds.
pub(super) const INSET: f64 = 5.0;
/// Ranks between its best and its worst that make a run a mover.
pub(super) const LEAST_MOVE: f64 = 3.0;
/// More lines in colour than this cannot be told apart.
pub(super) const MOST_COLORED: usize = 10;
/// Part of the way to the next threshold on which a line keeps its rank.
const HOLD: f64 = 0.25;
/// Between the lines of tied runs.
const TIE_STEP: f64 = 1.5;
/// Ranks closer than this are tied.
const TIE: f64 = 1e-9;
/// Between two markers of a line.
const MARKER_STEP: f64 = 24.0;
const DASHES: [Dash; 2] = [SOLID, DASHED];
const COLORS: [RGBColor; 5] = [BLUE, VERMILLION, GREEN, BLACK, ORANGE];
const MARKERS: [Marker; 5] =
    [Marker::Disc, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Ring];

/// How the line of a run is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    /// Colour.
    pub(super) color: RGBColor,
    /// Line width.
    pub(super) width: f64,
    dash: Dash,
    /// Point shape; runs that hardly move have none.
    pub(super) marker: Option<Marker>,
    /// Position among the lines in colour.
    turn: usize,
}

const PLAIN: Look = Look { color: MID_GREY, width: 0.6, dash: SOLID, marker: None, turn: 0 };

/// Where thresholds and ranks lie, and the height of each line at each threshold.
pub(super) struct Plot {
    /// The frame.
    pub(super) frame: Area,
    /// Position of each threshold.
    pub(super) xs: Vec<f64>,
    /// Height of each run at each threshold; `None` where it has no rank.
    pub(super) heights: Vec<Vec<Option<f64>>>,
}

/// Height of a rank in a frame.
pub(super) fn rank_at(frame: Area, rank: f64) -> f64 {
    frame.top + (rank - 0.5) * ROW
}

/// Ranks between the best and the worst of a run.
fn reach(row: &SweepRow) -> f64 {
    let ranks = || row.ranks.iter().flatten().copied();
    (ranks().fold(f64::NEG_INFINITY, f64::max) - ranks().fold(f64::INFINITY, f64::min)).max(0.0)
}

/// Number of runs that move.
pub(super) fn movers(data: &GateSweep) -> usize {
    data.rows.iter().filter(|row| reach(row) >= LEAST_MOVE - TIE).count()
}

/// The looks of all runs: those that move most are coloured.
pub(super) fn looks(data: &GateSweep) -> Vec<Look> {
    let mut order: Vec<usize> = (0..data.rows.len()).collect();
    order.sort_by(|a, b| reach(&data.rows[*b]).total_cmp(&reach(&data.rows[*a])));
    let mut chosen: Vec<usize> = order.into_iter().take(movers(data).min(MOST_COLORED)).collect();
    chosen.sort_unstable();
    let mut looks = vec![PLAIN; data.rows.len()];
    for (turn, index) in chosen.into_iter().enumerate() {
        let round = turn / COLORS.len();
        looks[index] = Look {
            color: COLORS[turn % COLORS.len()],
            width: 1.1,
            dash: DASHES[round % DASHES.len()],
            // In the second round every colour has another shape.
            marker: Some(MARKERS[(turn + 2 * round) % MARKERS.len()]),
            turn,
        };
    }
    looks
}

/// Heights of all runs. Tied runs run side by side around the rank they share, in the order in
/// which they come in.
pub(super) fn heights(data: &GateSweep, frame: Area) -> Vec<Vec<Option<f64>>> {
    let mut heights = vec![Vec::new(); data.rows.len()];
    let mut last: Vec<f64> = (0..data.rows.len()).map(|index| frame.top + real(index)).collect();
    for place in 0..data.thresholds.len() {
        let rank_of = |index: usize| data.rows[index].ranks[place];
        let mut present: Vec<(usize, f64)> =
            (0..data.rows.len()).filter_map(|index| Some((index, rank_of(index)?))).collect();
        present.sort_by(|a, b| a.1.total_cmp(&b.1).then(last[a.0].total_cmp(&last[b.0])));
        for row in &mut heights {
            row.push(None);
        }
        for tied in present.chunk_by(|a, b| b.1 - a.1 < TIE) {
            let first = -real(tied.len() - 1) / 2.0;
            for (turn, (index, rank)) in tied.iter().enumerate() {
                let y = rank_at(frame, *rank) + (first + real(turn)) * TIE_STEP;
                heights[*index][place] = Some(y);
                last[*index] = y;
            }
        }
    }
    heights
}

/// The line of a run in unbroken stretches: it keeps its height around each threshold and slants
/// in between.
fn stretches(plot: &Plot, row: usize) -> Vec<Vec<Point>> {
    let mut all = vec![Vec::new()];
    for (place, (x, y)) in plot.xs.iter().zip(&plot.heights[row]).enumerate() {
        let (Some(y), Some(stretch)) = (y, all.last_mut()) else {
            all.push(Vec::new());
            continue;
        };
        let before = place.checked_sub(1).map(|place| plot.xs[place]);
        let left = before.map_or(plot.frame.left, |before| x - (x - before) * HOLD);
        let after = plot.xs.get(place + 1);
        let right = after.map_or(plot.frame.right, |after| x + (after - x) * HOLD);
        stretch.extend([(left, *y), (right, *y)]);
    }
    all.retain(|stretch| !stretch.is_empty());
    all
}

/// Where the line of a run ends, and whether it does so at the right edge.
pub(super) fn end(plot: &Plot, row: usize) -> Option<(Point, bool)> {
    let at = stretches(plot, row).last()?.last().copied()?;
    let is_whole = plot.heights[row].last().is_some_and(Option::is_some);
    Some((at, is_whole))
}

/// Draws the line of a run.
pub(super) fn draw_line(canvas: &mut Canvas, plot: &Plot, row: usize, look: Look) {
    for stretch in stretches(plot, row) {
        canvas.line(&stretch, look.color, look.width, look.dash);
    }
}

/// Draws the markers of a run, after all lines, so that none is covered.
pub(super) fn draw_marks(canvas: &mut Canvas, plot: &Plot, row: usize, look: Look) {
    let Some(shape) = look.marker else {
        return;
    };
    let slot = plot.frame.width() / real(plot.xs.len().max(1));
    let step = (1..=plot.xs.len()).find(|step| real(*step) * slot >= MARKER_STEP);
    let step = step.unwrap_or(plot.xs.len().max(1));
    for (place, (x, y)) in plot.xs.iter().zip(&plot.heights[row]).enumerate() {
        // Lines take turns, so that tied runs do not cover each other's markers.
        if let Some(y) = y
            && place % step == look.turn % step
        {
            marker::draw(canvas, shape, (*x, *y), MARKER, look.color);
        }
    }
}

/// Leads from the end of a line to its label: dotted where the run has no last rank.
pub(super) fn lead(canvas: &mut Canvas, end: (Point, bool), to: Point, look: Look) {
    let (from, is_whole) = end;
    let (dash, width) = if is_whole { (look.dash, look.width) } else { (DOTTED, 0.5) };
    canvas.line(&[from, to], look.color, width, dash);
    if let Some(shape) = look.marker {
        marker::draw(canvas, shape, to, MARKER, look.color);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_ranks;
    use super::*;

    const FRAME: Area = Area { left: 0.0, top: 0.0, right: 100.0, bottom: 200.0 };

    fn plot(data: &GateSweep) -> Plot {
        let slot = 90.0 / real(data.thresholds.len());
        let xs = (0..data.thresholds.len()).map(|place| 5.0 + real(place) * slot).collect();
        Plot { frame: FRAME, xs, heights: heights(data, FRAME) }
    }

    #[test]
    fn tied_runs_run_side_by_side() {
        let mut data = fixture_ranks::gate_sweep(3, 2);
        for row in &mut data.rows {
            row.ranks = vec![Some(2.0); 2];
        }
        let middle = rank_at(FRAME, 2.0);
        let heights: Vec<f64> = heights(&data, FRAME).iter().map(|row| row[1].unwrap()).collect();
        assert_eq!(heights, [middle - TIE_STEP, middle, middle + TIE_STEP]);
    }

    #[test]
    fn a_missing_rank_is_a_gap() {
        let mut data = fixture_ranks::gate_sweep(2, 5);
        data.rows[0].ranks = vec![Some(1.0), None, Some(1.0), Some(1.0), None];
        let plot = plot(&data);
        let lengths: Vec<usize> = stretches(&plot, 0).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 4]);
        assert!(matches!(end(&plot, 0), Some((_, false))));
        data.rows[0].ranks = vec![None; 5];
        let plot = Plot { heights: heights(&data, FRAME), ..plot };
        assert!(end(&plot, 0).is_none());
    }

    #[test]
    fn those_that_move_most_are_coloured_each_in_a_look_of_its_own() {
        let mut data = fixture_ranks::gate_sweep(15, 2);
        for (index, row) in data.rows.iter_mut().enumerate() {
            row.ranks = vec![Some(1.0), Some(if index < 3 { 3.9 } else { 4.0 })];
        }
        assert_eq!(movers(&data), 12);
        let looks = looks(&data);
        let colored: Vec<Look> = looks.into_iter().filter(|look| look.marker.is_some()).collect();
        assert_eq!(colored.len(), MOST_COLORED);
        for (index, one) in colored.iter().enumerate() {
            for other in &colored[index + 1..] {
                assert!((one.color, one.dash) != (other.color, other.dash));
                assert!((one.marker, one.dash) != (other.marker, other.dash));
            }
        }
    }
}
