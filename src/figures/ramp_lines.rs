//! The lines of a context ramp: prompts, what of them was cached, cuts, and the limit.

use crate::analysis::{ContextRamp, RampCall};

use super::area::{Area, Point};
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas};
use super::header::LABEL;
use super::marker::{self, Marker};
use super::number::{quantity, real};
use super::palette::{BLACK, BLUE, SKY, VERMILLION};
use super::stroke::{DASHED, DOTTED, SOLID};

/// More calls than this have no points.
const MOST_MARKED: usize = 40;
const MARKER: f64 = 1.6;
/// More compactions than this have no line through the frame.
const MOST_LINES: usize = 12;
const TICK: f64 = 2.6;
/// Half the width of a bar that stands for a call without neighbours, at most.
const BAR: f64 = 3.0;
const LIMIT_GAP: f64 = 3.0;
/// Places that are tried for the name of the limit, from left to right.
const LIMIT_PLACES: usize = 24;

/// What tokens are counted in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// As many tokens are one.
    pub(super) tokens: f64,
    /// Title of the axis.
    pub(super) title: &'static str,
}

/// Where calls and tokens lie.
pub(super) struct Plot {
    /// The frame.
    pub(super) frame: Area,
    /// Tokens, in the unit.
    pub(super) axis: LinearAxis,
    /// What tokens are counted in.
    pub(super) unit: Unit,
    /// Width of a call.
    pub(super) slot: f64,
}

impl Plot {
    fn at(&self, index: usize, tokens: i64) -> Point {
        (self.frame.left + (real(index) + 0.5) * self.slot, self.height(amount(tokens)))
    }

    fn height(&self, tokens: f64) -> f64 {
        self.axis.at(tokens / self.unit.tokens)
    }
}

/// Tokens as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "what is lost is far less than a line is wide")]
pub(super) fn amount(tokens: i64) -> f64 {
    tokens as f64
}

/// The part from a cache, as an area under the line; calls without it are gaps.
pub(super) fn draw_cached(canvas: &mut Canvas, calls: &[RampCall], plot: &Plot) {
    let mut first = 0;
    for stretch in calls.chunk_by(|a, b| is_known(*a) == is_known(*b)) {
        let tops: Vec<Point> = (first..)
            .zip(stretch)
            .filter_map(|(index, call)| Some(plot.at(index, call.cache_read_tokens?)))
            .collect();
        first += stretch.len();
        let (Some(start), Some(end)) = (tops.first().copied(), tops.last().copied()) else {
            continue;
        };
        let bottom = plot.frame.bottom;
        if tops.len() == 1 {
            let half = BAR.min(plot.slot / 2.0);
            let (left, right) = (start.0 - half, start.0 + half);
            canvas.block(Area { left, right, top: start.1, bottom }, SKY);
            continue;
        }
        let mut outline = tops;
        outline.extend([(end.0, bottom), (start.0, bottom)]);
        canvas.fill(outline, SKY, 1.0);
    }
}

fn is_known(call: RampCall) -> bool {
    call.cache_read_tokens.is_some()
}

/// The prompts, as a line.
pub(super) fn draw_prompts(canvas: &mut Canvas, calls: &[RampCall], plot: &Plot) {
    let path: Vec<Point> =
        calls.iter().enumerate().map(|(i, call)| plot.at(i, call.input_tokens)).collect();
    canvas.line(&path, BLUE, 1.1, SOLID);
    if path.len() <= MOST_MARKED {
        for at in path {
            marker::draw(canvas, Marker::Disc, at, MARKER, BLUE);
        }
    }
}

/// Says the size of every prompt, over the whole height of the frame.
pub(super) fn tip_calls(canvas: &mut Canvas, calls: &[RampCall], plot: &Plot) {
    for (index, call) in calls.iter().enumerate() {
        let left = plot.frame.left + real(index) * plot.slot;
        let area = Area { left, right: left + plot.slot, ..plot.frame };
        let stage = call.stage.map_or(String::new(), |stage| format!(", T{stage}"));
        let cached = call
            .cache_read_tokens
            .map_or(String::new(), |tokens| format!(", {} from a cache", quantity(amount(tokens))));
        let prompt = quantity(amount(call.input_tokens));
        canvas.tip(area, &format!("call {}{stage}: {prompt} tokens{cached}", index + 1));
    }
}

/// A tick above the frame for each, and a line through it where there are few.
pub(super) fn draw_compactions(canvas: &mut Canvas, data: &ContextRamp, plot: &Plot) {
    let (top, bottom) = (plot.frame.top, plot.frame.bottom);
    for &index in &data.compactions {
        let (x, _) = plot.at(index, 0);
        if data.compactions.len() <= MOST_LINES {
            canvas.line(&[(x, top), (x, bottom)], VERMILLION, 0.5, DOTTED);
        }
        draw_tick(canvas, x, top - 0.6);
    }
}

/// A triangle that stands on its tip.
pub(super) fn draw_tick(canvas: &mut Canvas, x: f64, bottom: f64) {
    let top = bottom - 2.0 * TICK;
    canvas.fill(vec![(x, bottom), (x - TICK, top), (x + TICK, top)], VERMILLION, 1.0);
}

/// The limit of the window, named above it.
pub(super) fn draw_limit(canvas: &mut Canvas, data: &ContextRamp, limit: f64, plot: &Plot) {
    let (y, frame) = (plot.height(limit), plot.frame);
    canvas.line(&[(frame.left, y), (frame.right, y)], BLACK, 0.8, DASHED);
    let text = format!("window limit {}", quantity(limit));
    let width = canvas.text_width(&text, LABEL);
    let baseline = y - 2.2;
    // At the left, where prompts are short, unless a prompt or the line of a compaction is there.
    let crosses = |left: f64, x: f64| (left - LIMIT_GAP..=left + width + LIMIT_GAP).contains(&x);
    let covers = |left: f64| {
        let has_lines = data.compactions.len() <= MOST_LINES;
        let mut lines = data.compactions.iter().filter(|_| has_lines);
        let mut calls = data.calls.iter().enumerate();
        lines.any(|index| crosses(left, plot.at(*index, 0).0))
            || calls.any(|(index, call)| {
                let (x, y) = plot.at(index, call.input_tokens);
                crosses(left, x) && y < baseline + LIMIT_GAP
            })
    };
    let (start, end) = (frame.left + LIMIT_GAP, frame.right - LIMIT_GAP - width);
    let place = |n: usize| start + (end - start) * real(n) / real(LIMIT_PLACES);
    let left = (0..=LIMIT_PLACES).map(place).find(|left| !covers(*left)).unwrap_or(start);
    canvas.text(&text, (left, baseline), Anchor::Start, LABEL);
}
