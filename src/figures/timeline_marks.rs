//! Errors, recoveries and loops of a timeline, one row per kind. Marks too close to be told apart become one.

use plotters::style::RGBColor;

use crate::analysis::timeline::{LEAST_LOOP, LoopStretch, MarkKind, RunTimeline, TimelineMark};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::clock::Unit;
use super::header::LABEL;
use super::marker::{self, Marker};
use super::number::real;
use super::palette::{BLACK, DARK, GREEN, PURPLE, VERMILLION};
use super::pattern::{self, Pattern};
use super::timeline::seconds;
use super::timeline_lanes::Place;
use super::wording::named;

const ROW: f64 = 8.5;
/// Below the last row.
const GAP: f64 = 2.0;
const MARKER: f64 = 2.1;
/// Marks closer than this are one.
const LEAST_STEP: f64 = 4.4;
/// A loop is drawn at least as wide.
const LEAST_WIDTH: f64 = 3.0;
const LOOP_HEIGHT: f64 = 6.0;
/// As many causes are named in a tooltip.
const MOST_NAMED: usize = 5;

/// A row of marks, or of loops.
pub(super) struct MarkRow<'a> {
    /// What it is called, with how many there are.
    pub(super) name: String,
    content: Content<'a>,
}

enum Content<'a> {
    Marks(MarkKind, Vec<&'a TimelineMark>),
    Loops(&'a [LoopStretch]),
}

/// The rows that a run needs.
pub(super) fn rows(data: &RunTimeline) -> Vec<MarkRow<'_>> {
    let mut rows = Vec::new();
    for kind in MarkKind::ALL {
        let own: Vec<&TimelineMark> = data.marks.iter().filter(|mark| mark.kind == kind).collect();
        let (one, many) = kind.names();
        if !own.is_empty() {
            let noun = if own.len() == 1 { one } else { many };
            let name = format!("{} {noun}", own.len());
            rows.push(MarkRow { name, content: Content::Marks(kind, own) });
        }
    }
    if !data.loops.is_empty() {
        let noun = if data.loops.len() == 1 { "loop" } else { "loops" };
        // Three and more calls in a row: said here, where it is seen.
        let name = format!("{} {noun} (≥{LEAST_LOOP}×)", data.loops.len());
        rows.push(MarkRow { name, content: Content::Loops(&data.loops) });
    }
    rows
}

/// Their height.
pub(super) fn height(rows: &[MarkRow<'_>]) -> f64 {
    if rows.is_empty() { 0.0 } else { real(rows.len()) * ROW + GAP }
}

const fn look(kind: MarkKind) -> (Marker, RGBColor) {
    match kind {
        MarkKind::FailedRequest => (Marker::Triangle, VERMILLION),
        MarkKind::ToolError => (Marker::Square, DARK),
        MarkKind::Error => (Marker::Disc, BLACK),
        MarkKind::Recovery => (Marker::Diamond, GREEN),
    }
}

/// Draws the rows from the top of the frame on.
pub(super) fn draw(canvas: &mut Canvas, rows: &[MarkRow<'_>], place: &Place, unit: Unit) {
    let mut y = place.frame.top + ROW / 2.0 + 0.5;
    for row in rows {
        canvas.text_level(&row.name, (place.frame.left - 4.0, y), Anchor::End, LABEL);
        match &row.content {
            Content::Marks(kind, marks) => draw_marks(canvas, *kind, marks, place, y, unit),
            Content::Loops(loops) => draw_loops(canvas, loops, place, y, unit),
        }
        y += ROW;
    }
}

fn draw_marks(
    canvas: &mut Canvas,
    kind: MarkKind,
    marks: &[&TimelineMark],
    place: &Place,
    y: f64,
    unit: Unit,
) {
    let (shape, color) = look(kind);
    let mut rest = marks;
    while let Some(first) = rest.first() {
        let at = (place.at(first.at_us), y);
        let is_near = |mark: &&TimelineMark| place.at(mark.at_us) < at.0 + LEAST_STEP;
        let (near, further) = rest.split_at(rest.partition_point(is_near).max(1));
        rest = further;
        marker::draw(canvas, shape, at, MARKER, color);
        let mut what: Vec<&str> = near.iter().map(|m| m.what.as_str()).collect();
        what.dedup();
        let more = if what.len() > MOST_NAMED { ", …" } else { "" };
        what.truncate(MOST_NAMED);
        let (one, many) = kind.names();
        let noun = if near.len() == 1 { one } else { many };
        let when = unit.write(seconds(first.at_us));
        let what: Vec<String> = what.into_iter().map(named).collect();
        let what = what.join(", ");
        let tip = format!("{} {noun} at {when} {}: {what}{more}", near.len(), unit.name);
        canvas.tip(Area::around(at, 2.0 * MARKER), &tip);
    }
}

fn draw_loops(canvas: &mut Canvas, loops: &[LoopStretch], place: &Place, y: f64, unit: Unit) {
    let reach = |stretch: &LoopStretch| {
        let left = place.at(stretch.from_us).min(place.frame.right - LEAST_WIDTH);
        (left, place.at(stretch.to_us).max(left + LEAST_WIDTH))
    };
    // Loops that touch are one area: thousands of short ones stay few shapes.
    for near in loops.chunk_by(|a, b| reach(b).0 <= reach(a).1) {
        let (left, right) = near
            .iter()
            .map(reach)
            .fold((f64::MAX, 0.0_f64), |all, own| (all.0.min(own.0), all.1.max(own.1)));
        let area = Area { left, top: y - LOOP_HEIGHT / 2.0, right, bottom: y + LOOP_HEIGHT / 2.0 };
        pattern::fill(canvas, area, Pattern::Hatched, PURPLE);
        let longest = near.iter().max_by_key(|stretch| stretch.calls);
        let tips = longest.map(|stretch| {
            let length = unit.write(seconds(stretch.to_us - stretch.from_us));
            let one =
                format!("{} × {} in {length} {}", stretch.calls, named(&stretch.tool), unit.name);
            if near.len() == 1 { one } else { format!("{} loops, longest {one}", near.len()) }
        });
        canvas.tip(area, &tips.unwrap_or_default());
    }
}
