//! Spots for a label around its point, and how well it would read there.

use super::area::{Area, Point, segments_cross};
use super::number::real;

/// Gaps between point and label that are tried, in points.
const DISTANCES: [f64; 13] =
    [1.5, 4.0, 7.0, 11.0, 16.0, 22.0, 30.0, 40.0, 52.0, 66.0, 84.0, 106.0, 135.0];
const DIRECTIONS: usize = 24;
/// Closer than this, a label seems to belong to a point.
const AMBIGUOUS: f64 = 6.0;
/// From this gap on a leader line ties the label to its point.
const LEADER_FROM: f64 = 3.5;
/// Empty room around a label.
pub(super) const CLEARANCE: f64 = 0.8;
/// More points than this within the reach are a throng.
const THRONG: usize = 4;
const THRONG_REACH: f64 = 9.0;
/// A label that may be left out is left out rather than put further away than this.
const FAR: f64 = 60.0;
/// Cost of a label on a line: worse than any free spot, better than none.
pub(super) const ON_LINE: f64 = 400.0;

/// A label to be placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// The point it names.
    pub(super) at: Point,
    /// Width of the label.
    pub(super) width: f64,
    /// Height of the label.
    pub(super) height: f64,
    /// Placed before labels that may be left out, and further away if it must be.
    pub(super) is_required: bool,
}

/// Where a label went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    /// The room of the label.
    pub(super) area: Area,
    /// The line from the point to the label, when they are apart.
    pub(super) leader: Option<(Point, Point)>,
    /// The cheaper, the better it reads.
    pub(super) cost: f64,
}

/// What labels must keep clear of.
pub(super) struct Obstacles<'a> {
    /// No label leaves it.
    pub(super) frame: Area,
    /// Reach of a point's marker.
    pub(super) marker: f64,
    /// Every drawn point, labelled or not.
    pub(super) points: &'a [Point],
    /// Lines that labels avoid where they can.
    pub(super) lines: &'a [(Point, Point)],
}

/// Every place a label may take, cheapest first.
pub(super) fn spots(request: &Request, obstacles: &Obstacles<'_>) -> Vec<Placed> {
    let neighbours =
        obstacles.points.iter().filter(|point| is_near(**point, request.at, THRONG_REACH)).count();
    // Labels close to a throng of points shut in all others, so these start further out.
    let least = if neighbours > THRONG { (real(neighbours) * 3.0).min(40.0) } else { 0.0 };
    let most = if request.is_required { f64::INFINITY } else { FAR };
    let mut spots = Vec::new();
    for gap in DISTANCES.into_iter().filter(|gap| (least..=most).contains(gap)) {
        for step in 0..DIRECTIONS {
            let spot = candidate(request, gap, step, obstacles);
            if let Some(cost) = cost(&spot, gap, step, request, obstacles) {
                spots.push(Placed { cost, ..spot });
            }
        }
    }
    spots.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    spots
}

/// The label in one direction from its point, touching it but for `gap`.
fn candidate(request: &Request, gap: f64, step: usize, obstacles: &Obstacles<'_>) -> Placed {
    let angle = real(step) / real(DIRECTIONS) * std::f64::consts::TAU;
    let (dx, dy) = (angle.cos(), -angle.sin());
    let reach = obstacles.marker + gap;
    let anchor = (request.at.0 + dx * reach, request.at.1 + dy * reach);
    let area = Area::sized(
        anchor.0 + (dx - 1.0) * request.width / 2.0,
        anchor.1 + (dy - 1.0) * request.height / 2.0,
        request.width,
        request.height,
    );
    let target = area.nearest(request.at);
    let (tx, ty) = (target.0 - request.at.0, target.1 - request.at.1);
    let distance = tx.hypot(ty);
    let leader = (distance - obstacles.marker >= LEADER_FROM).then(|| {
        let part = obstacles.marker / distance;
        let edge = (request.at.0 + tx * part, request.at.1 + ty * part);
        (edge, target)
    });
    Placed { area, leader, cost: 0.0 }
}

/// Cost of a label by itself, or `None` when it would cover a point or the frame.
fn cost(
    label: &Placed,
    gap: f64,
    step: usize,
    request: &Request,
    obstacles: &Obstacles<'_>,
) -> Option<f64> {
    let area = label.area.grown(CLEARANCE);
    if !obstacles.frame.contains(&area) {
        return None;
    }
    let mut cost = gap + direction_cost(step);
    for &point in obstacles.points {
        let marker = Area::around(point, obstacles.marker);
        if area.overlaps(&marker) {
            return None;
        }
        if is_near(point, request.at, 0.05) {
            continue;
        }
        if label.leader.is_some_and(|l| marker.is_crossed_by(l)) {
            cost += 40.0;
        }
        // A label beside a foreign point reads as the name of that point.
        let (x, y) = label.area.nearest(point);
        let distance = (point.0 - x).hypot(point.1 - y) - obstacles.marker;
        cost += (AMBIGUOUS - distance).max(0.0) * 3.0;
    }
    let tie = (request.at, label.area.nearest(request.at));
    for &line in obstacles.lines {
        if area.is_crossed_by(line) {
            cost += ON_LINE;
        }
        if segments_cross(tie, line) {
            cost += 12.0;
        }
    }
    Some(cost)
}

fn is_near(a: Point, b: Point, reach: f64) -> bool {
    (a.0 - b.0).abs() < reach && (a.1 - b.1).abs() < reach
}

/// Beside the point reads best, then above and below, then slanted.
fn direction_cost(step: usize) -> f64 {
    match step {
        0 => 0.0,
        12 => 0.6,
        6 => 0.8,
        18 => 0.9,
        1 | 2 | 22 | 23 => 1.2,
        10 | 11 | 13 | 14 => 1.5,
        _ => 2.0,
    }
}
