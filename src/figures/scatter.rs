//! Layout of the score-cost plane: how large it must be, and where points and labels lie.

use crate::analysis::{Frontier, FrontierPoint};

use super::area::{Area, Point};
use super::axis::{LinearAxis, LogAxis};
use super::canvas::{Canvas, Style};
use super::error::FigureError;
use super::font::{ASCENT, DESCENT};
use super::header::{COLUMN, FULL, LABEL, LABEL_LIMIT, MARGIN, STRONG, WIDE};
use super::labels::place;
use super::number::real;
use super::sheet::Sheet;
use super::spots::{ON_LINE, Obstacles, Placed, Request};
use super::wording::fit;

/// Room between the frame and the outermost points.
pub(super) const INSET: f64 = 7.0;
/// Left edge of the frame.
pub(super) const LEFT: f64 = 34.0;
/// Reach of a point.
pub(super) const MARKER: f64 = 2.3;
/// Above this many runs, only those on the frontier must be labelled.
const MOST_REQUIRED: usize = 30;
/// Longer leader lines than this are hard to follow; a larger figure is tried first.
const LONGEST_LEADER: f64 = 40.0;
/// Names are whole up to this width, where there is room.
const LONGEST_NAME: f64 = 1.6 * LABEL_LIMIT;
/// Sizes tried in turn until every required label has its place: width and plot height.
const SIZES: [(f64, f64); 5] =
    [(COLUMN, 165.0), (WIDE, 200.0), (FULL, 260.0), (FULL, 340.0), (FULL, 440.0)];

/// Points and labels inside a frame whose upper edge is at 0.
pub(super) struct Plot {
    /// Width of the figure.
    pub(super) width: f64,
    /// The frame.
    pub(super) frame: Area,
    /// Costs.
    pub(super) x: LogAxis,
    /// Scores.
    pub(super) y: LinearAxis,
    /// Where the runs lie, in the order of the data.
    pub(super) points: Vec<Point>,
    /// Their labels as drawn.
    pub(super) names: Vec<(String, Style)>,
    /// Where the labels went; `None` for want of room.
    pub(super) placed: Vec<Option<Placed>>,
}

/// The smallest plot in which every required label has its place.
pub(super) fn fitting_plot(data: &Frontier, sheet: Sheet) -> Result<Plot, FigureError> {
    let smallest = if data.points.len() > MOST_REQUIRED { FULL } else { sheet.width(COLUMN) };
    let mut sizes = SIZES.into_iter().filter(|(width, _)| *width >= smallest);
    let mut plot = named_plot(data, sheet, sizes.next().unwrap_or(SIZES[2]))?;
    for size in sizes {
        if is_legible(data, &plot) {
            break;
        }
        plot = named_plot(data, sheet, size)?;
    }
    Ok(plot)
}

/// A plot with whole names, or with shorter ones where more of these find a place.
fn named_plot(data: &Frontier, sheet: Sheet, size: (f64, f64)) -> Result<Plot, FigureError> {
    let missing = |plot: &Plot| plot.placed.iter().filter(|label| label.is_none()).count();
    let whole = sized_plot(data, sheet, size, LONGEST_NAME)?;
    let is_clear = |plot: &Plot| plot.placed.iter().flatten().all(|label| label.cost < ON_LINE);
    if missing(&whole) == 0 && is_clear(&whole) && is_legible(data, &whole) {
        return Ok(whole);
    }
    let short = sized_plot(data, sheet, size, LABEL_LIMIT)?;
    let is_better =
        missing(&short) < missing(&whole) || !is_clear(&whole) || !is_legible(data, &whole);
    Ok(if is_better { short } else { whole })
}

fn is_legible(data: &Frontier, plot: &Plot) -> bool {
    plot.placed.iter().zip(&data.points).all(|(label, point)| {
        label.map_or(!is_required(data, point), |label| {
            label
                .leader
                .is_none_or(|(from, to)| (to.0 - from.0).hypot(to.1 - from.1) <= LONGEST_LEADER)
        })
    })
}

fn is_required(data: &Frontier, point: &FrontierPoint) -> bool {
    data.points.len() <= MOST_REQUIRED || point.on_frontier
}

fn sized_plot(
    data: &Frontier,
    sheet: Sheet,
    (width, height): (f64, f64),
    limit: f64,
) -> Result<Plot, FigureError> {
    let canvas = Canvas::new(sheet, width)?;
    let frame = Area { left: LEFT, top: 0.0, right: width - MARGIN - 2.0, bottom: height };
    let costs = data.points.iter().map(|point| point.cost_usd);
    let x = LogAxis::new(costs, frame.left + INSET, frame.right - INSET);
    let (bottom, top) = (frame.bottom - INSET, frame.top + INSET);
    let scores = || data.points.iter().map(|point| point.score);
    let is_percent =
        matches!(data.score_unit.as_str(), "points" | "percent" | "%" | "percentage points")
            && scores().all(|score| (0.0..=100.0).contains(&score));
    let y = if is_percent {
        LinearAxis::new(0.0, 100.0, bottom, top)
    } else {
        LinearAxis::of(scores(), bottom, top)
    };
    let points: Vec<Point> =
        data.points.iter().map(|point| (x.at(point.cost_usd), y.at(point.score))).collect();
    let names: Vec<(String, Style)> = data
        .points
        .iter()
        .map(|point| {
            let style = if point.on_frontier { STRONG } else { LABEL };
            let name = fit(&canvas.fonts, &point.label, style.size, style.bold, limit);
            (name, style)
        })
        .collect();
    let requests: Vec<Request> = data
        .points
        .iter()
        .zip(&points)
        .zip(&names)
        .map(|((point, &at), (name, style))| Request {
            at,
            width: canvas.text_width(name, *style),
            height: (ASCENT + DESCENT) * style.size,
            is_required: is_required(data, point),
        })
        .collect();
    let steps = staircase(data, &points, frame.right);
    let mixtures = hull(data, &x, &y);
    let segments = steps.windows(2).chain(mixtures.windows(2));
    let lines: Vec<(Point, Point)> = segments.map(|pair| (pair[0], pair[1])).collect();
    let placed =
        place(&requests, &Obstacles { frame, marker: MARKER, points: &points, lines: &lines });
    Ok(Plot { width, frame, x, y, points, names, placed })
}

/// The best score that each amount buys: level until the next frontier run, then up.
pub(super) fn staircase(data: &Frontier, points: &[Point], right: f64) -> Vec<Point> {
    let mut corners: Vec<Point> = data
        .points
        .iter()
        .zip(points)
        .filter(|(point, _)| point.on_frontier)
        .map(|(_, at)| *at)
        .collect();
    corners.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let mut path: Vec<Point> = Vec::new();
    for corner in corners {
        if let Some(&before) = path.last() {
            path.push((corner.0, before.1));
        }
        path.push(corner);
    }
    if let Some(&last) = path.last() {
        path.push((right, last.1));
    }
    path
}

/// What mixtures of two neighbouring runs on the hull reach: straight in cost, so bent on the log axis.
pub(super) fn hull(data: &Frontier, x: &LogAxis, y: &LinearAxis) -> Vec<Point> {
    const STEPS: usize = 32;
    let on_hull: Vec<&FrontierPoint> = data.points.iter().filter(|point| point.on_hull).collect();
    let mut path = Vec::new();
    for pair in on_hull.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        // Even steps along the log axis.
        let ratio = to.cost_usd / from.cost_usd;
        for step in 0..=STEPS {
            let cost = from.cost_usd * ratio.powf(real(step) / real(STEPS));
            let share = (cost - from.cost_usd) / (to.cost_usd - from.cost_usd);
            let score = from.score + share * (to.score - from.score);
            path.push((x.at(cost), y.at(score)));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn labels_cover_no_point() {
        let plot = fitting_plot(&fixture::frontier(60), Sheet::default()).unwrap();
        for label in plot.placed.iter().flatten() {
            assert!(plot.frame.contains(&label.area));
            assert!(plot.points.iter().all(|&at| !label.area.overlaps(&Area::around(at, MARKER))));
        }
        let unlabelled = plot.placed.iter().filter(|label| label.is_none()).count();
        assert!(unlabelled < 20, "{unlabelled} points have no label");
    }

    #[test]
    fn runs_at_one_spot_are_all_labelled() {
        let mut data = fixture::frontier(8);
        for point in &mut data.points {
            point.cost_usd = 1.0;
            point.score = 50.0;
        }
        let plot = fitting_plot(&data, Sheet::default()).unwrap();
        assert!(plot.placed.iter().all(Option::is_some));
    }

    #[test]
    fn steps_run_level_then_up() {
        let data = fixture::frontier(15);
        let plot = fitting_plot(&data, Sheet::default()).unwrap();
        let steps = staircase(&data, &plot.points, plot.frame.right);
        for pair in steps.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            assert!(dx >= 0.0 && dy <= 0.0 && (dx < 1e-9 || dy > -1e-9));
        }
    }
}
