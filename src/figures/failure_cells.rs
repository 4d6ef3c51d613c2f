//! Cells of a failure map: the outcome as a glyph, its cause as a colour with a letter.

use plotters::style::RGBColor;

use crate::analysis::{FailureMapCell, Outcome};

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::causes::{self, Look, UNKNOWN, falling, rising};
use super::header::{LABEL, STRONG};
use super::number::{real, score};
use super::palette::{BLACK, BLUE, FAINT, GREY, MID_GREY, PALE, SKY, VERMILLION, WHITE};
use super::stroke::{DASHED, SOLID};
use super::wording::{fit, named};

/// Room for a letter.
pub(super) const TAB: f64 = 8.0;
/// Between a score and the right edge of its cell.
const PAD: f64 = 2.0;
/// Width and step of the crossed lines around a cell without tests.
const BORDER: f64 = 1.7;
const BORDER_STEP: f64 = 2.0;
/// Between the edge of a cell and its letter.
const EDGE: f64 = 1.2;
const CLOCK: f64 = 2.6;
/// Of the sample of a failure.
const FAILED: [RGBColor; 3] = [VERMILLION, SKY, BLUE];
/// Half the width of a dash.
const DASH: f64 = 2.2;

/// Every outcome, in the order of the legend.
pub(super) const OUTCOMES: [Outcome; 6] = [
    Outcome::Passed,
    Outcome::Failed,
    Outcome::NotAttempted,
    Outcome::NoTests,
    Outcome::Infra,
    Outcome::Unscored,
];

/// What the legend says.
pub(super) fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed, in the colour of its cause",
        Outcome::NotAttempted => "not attempted",
        Outcome::NoTests => "no tests ran",
        Outcome::Infra => "ended by infrastructure",
        Outcome::Unscored => "no score",
    }
}

/// Outcome, score and cause of a cell, for a tooltip.
pub(super) fn told(cell: &FailureMapCell) -> String {
    let outcome = match cell.outcome {
        // What its colour means is said by the cause.
        Outcome::Failed => "failed",
        outcome => meaning(outcome),
    };
    let value = cell.score.map_or(String::new(), |value| format!(", score {}", score(value)));
    let cause = cell.cause.as_ref().map_or(String::new(), |cause| format!(", {}", named(cause)));
    format!("{outcome}{value}{cause}")
}

/// Draws a cell with its glyph at the left and its score at the right.
pub(super) fn draw(canvas: &mut Canvas, cell: &FailureMapCell, look: Option<Look>, area: Area) {
    ground(canvas, cell.outcome, look, area);
    let left = Area { right: area.left + TAB, ..area };
    let middle = center(left);
    match (cell.outcome, look) {
        (Outcome::Passed, _) => check(canvas, middle),
        (Outcome::Failed, look) => {
            letter(canvas, look.unwrap_or(UNKNOWN), middle);
        }
        (Outcome::NoTests, Some(look)) => causes::tab(canvas, look, inset(left, BORDER)),
        (Outcome::Infra, Some(look)) => causes::tab(canvas, look, inset(left, EDGE)),
        (_, Some(look)) => causes::tab(canvas, look, inset(left, 0.0)),
        (_, None) => {}
    }
    match cell.outcome {
        Outcome::NotAttempted => {
            dash(canvas, (f64::midpoint(left.right, area.right), middle.1));
        }
        Outcome::Infra => clock(canvas, (left.right + CLOCK + EDGE, middle.1)),
        _ => {}
    }
    let value = cell.score.filter(|_| cell.outcome != Outcome::NotAttempted);
    if let Some(value) = value {
        let face = if cell.outcome == Outcome::Passed { STRONG } else { LABEL };
        let style = Style { color: ink(canvas, cell.outcome, look), ..face };
        let pad = match cell.outcome {
            Outcome::NoTests => PAD + BORDER,
            Outcome::Infra => PAD + EDGE,
            _ => PAD,
        };
        let room = area.right - pad - left.right;
        let text = fit(&canvas.fonts, &score(value), style.size, style.bold, room);
        canvas.text_level(&text, (area.right - pad, middle.1), Anchor::End, style);
    }
}

/// Draws a cell too narrow for more than one glyph.
pub(super) fn draw_glyph(canvas: &mut Canvas, outcome: Outcome, look: Option<Look>, area: Area) {
    ground(canvas, outcome, look, area);
    let middle = center(area);
    match outcome {
        Outcome::Passed => check(canvas, middle),
        Outcome::Failed => letter(canvas, look.unwrap_or(UNKNOWN), middle),
        Outcome::NotAttempted => dash(canvas, middle),
        Outcome::Infra => clock(canvas, middle),
        Outcome::NoTests | Outcome::Unscored => {}
    }
}

/// A cell for the legend.
pub(super) fn sample(canvas: &mut Canvas, outcome: Outcome, area: Area) {
    if outcome == Outcome::Failed {
        // Several colours: the cause decides which.
        let width = area.width() / real(FAILED.len());
        for (index, color) in FAILED.into_iter().enumerate() {
            let left = area.left + real(index) * width;
            canvas.block(Area { left, right: left + width, ..area }, color);
        }
        return;
    }
    draw_glyph(canvas, outcome, None, area);
}

fn ground(canvas: &mut Canvas, outcome: Outcome, look: Option<Look>, area: Area) {
    match outcome {
        Outcome::Passed => canvas.outline(area.grown(-0.2), MID_GREY, 0.4),
        Outcome::Failed => canvas.block(area, look.unwrap_or(UNKNOWN).color),
        Outcome::NotAttempted => canvas.block(area, PALE),
        Outcome::NoTests => {
            let lines = rising(area, BORDER_STEP).chain(falling(area, BORDER_STEP));
            for line in lines {
                canvas.line(&line, GREY, 0.4, SOLID);
            }
            canvas.block(area.grown(-BORDER), WHITE);
            canvas.outline(area.grown(-0.2), GREY, 0.4);
        }
        Outcome::Infra => {
            let edge = area.grown(-0.3);
            let corners = [
                (edge.left, edge.top),
                (edge.right, edge.top),
                (edge.right, edge.bottom),
                (edge.left, edge.bottom),
                (edge.left, edge.top),
            ];
            canvas.line(&corners, BLACK, 0.6, DASHED);
        }
        Outcome::Unscored => canvas.outline(area.grown(-0.2), FAINT, 0.4),
    }
}

fn ink(canvas: &Canvas, outcome: Outcome, look: Option<Look>) -> RGBColor {
    if outcome == Outcome::Failed { canvas.ink_on(look.unwrap_or(UNKNOWN).color) } else { BLACK }
}

fn letter(canvas: &mut Canvas, look: Look, middle: Point) {
    let style = Style { color: canvas.ink_on(look.color), ..STRONG };
    canvas.text_level(&look.code.to_string(), middle, Anchor::Middle, style);
}

fn check(canvas: &mut Canvas, (x, y): Point) {
    canvas.line(&[(x - 2.2, y), (x - 0.7, y + 1.7), (x + 2.2, y - 2.0)], BLACK, 0.8, SOLID);
}

fn dash(canvas: &mut Canvas, (x, y): Point) {
    canvas.line(&[(x - DASH, y), (x + DASH, y)], GREY, 0.8, SOLID);
}

fn clock(canvas: &mut Canvas, (x, y): Point) {
    canvas.ring((x, y), CLOCK, BLACK, 0.6);
    canvas.line(&[(x, y - 1.8), (x, y), (x + 1.4, y)], BLACK, 0.6, SOLID);
}

fn center(area: Area) -> Point {
    (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom))
}

/// The room of a letter, away from the edges of its cell and nearly as wide.
fn inset(area: Area, by: f64) -> Area {
    let inner = area.grown(-by);
    Area { right: inner.left + TAB - EDGE, ..inner }
}
