//! The stages of a run behind and above its calls, and the numbers of the calls below.

use crate::analysis::RampCall;

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::header::{AXIS_TITLE, LABEL};
use super::number::{quantity, real};
use super::palette::BLACK;
use super::stage_bands::{self, Band};
use super::stroke::SOLID;

const LABEL_GAP: f64 = 6.0;
/// Steps between numbered calls.
const STEPS: [usize; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/// Calls in a row that belong to one stage, each a band.
fn bands(calls: &[RampCall], frame: Area) -> Vec<Band> {
    let slot = frame.width() / real(calls.len().max(1));
    let mut bands = Vec::new();
    let mut first = 0;
    for stretch in calls.chunk_by(|a, b| a.stage == b.stage) {
        let left = frame.left + real(first) * slot;
        first += stretch.len();
        let right = frame.left + real(first) * slot;
        bands.push(Band { stage: stretch[0].stage, left, right });
    }
    bands
}

/// Shades every other stage of `frame` and names stages above it.
pub(super) fn draw(canvas: &mut Canvas, calls: &[RampCall], frame: Area, baseline: f64) {
    stage_bands::draw(canvas, &bands(calls, frame), frame, baseline);
}

/// Numbers the calls below `frame`.
pub(super) fn draw_calls(canvas: &mut Canvas, calls: usize, frame: Area) {
    let (bottom, slot) = (frame.bottom, frame.width() / real(calls.max(1)));
    let widest = canvas.text_width(&quantity(real(calls)), LABEL);
    let step = STEPS.into_iter().find(|step| real(*step) * slot >= widest + LABEL_GAP);
    let step = step.unwrap_or(calls.max(1));
    for number in (step..=calls).step_by(step) {
        let x = frame.left + (real(number) - 0.5) * slot;
        canvas.line(&[(x, bottom), (x, bottom + 2.5)], BLACK, 0.6, SOLID);
        let text = quantity(real(number));
        let x = x.min(canvas.width - 1.0 - canvas.text_width(&text, LABEL) / 2.0);
        canvas.text(&text, (x, bottom + 10.0), Anchor::Middle, LABEL);
    }
    let middle = f64::midpoint(frame.left, frame.right);
    canvas.text("Call", (middle, bottom + 19.5), Anchor::Middle, AXIS_TITLE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_comes_back_is_a_band_of_its_own() {
        let call = |stage| RampCall { stage, input_tokens: 1, cache_read_tokens: None };
        let calls = [Some(0), Some(0), Some(1), Some(0), None].map(call);
        let bands = bands(&calls, Area::sized(0.0, 0.0, 50.0, 10.0));
        let stages: Vec<Option<i64>> = bands.iter().map(|band| band.stage).collect();
        assert_eq!(stages, [Some(0), Some(1), Some(0), None]);
        assert!((bands[0].right - 20.0).abs() < 1e-9 && (bands[3].right - 50.0).abs() < 1e-9);
    }
}
