//! Stages of a run as bands behind what happened in them, with their names above.

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::header::STRONG;
use super::palette::BAND;

/// Empty room between two names.
const NAME_GAP: f64 = 3.0;

/// Where a stage lies, or what is in none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Band {
    /// The stage.
    pub(super) stage: Option<i64>,
    /// Left edge.
    pub(super) left: f64,
    /// Right edge.
    pub(super) right: f64,
}

/// Shades every other stage of `frame` and names stages above it, wide ones first; names without
/// room are left out.
pub(super) fn draw(canvas: &mut Canvas, bands: &[Band], frame: Area, baseline: f64) {
    for band in bands.iter().skip(1).step_by(2) {
        canvas.block(Area { left: band.left, right: band.right, ..frame }, BAND);
    }
    let names: Vec<String> =
        bands.iter().map(|b| b.stage.map_or_else(|| "–".to_owned(), |s| format!("T{s}"))).collect();
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for is_wide in [true, false] {
        for (band, name) in bands.iter().zip(&names) {
            let width = canvas.text_width(name, STRONG);
            // A name moves in from the edges of the frame.
            let (least, most) = (frame.left + width / 2.0, frame.right - width / 2.0);
            let middle = f64::midpoint(band.left, band.right).min(most + 1.0).max(least - 1.0);
            let (left, right) = (middle - width / 2.0, middle + width / 2.0);
            let is_free = taken.iter().all(|(l, r)| right + NAME_GAP <= *l || r + NAME_GAP <= left);
            let fits = width + 1.0 <= band.right - band.left;
            let is_inside = left >= frame.left - NAME_GAP && right <= frame.right + NAME_GAP;
            let may_stand = fits || (band.stage.is_some() && is_inside);
            if fits == is_wide && may_stand && is_free {
                canvas.text(name, (middle, baseline), Anchor::Middle, STRONG);
                taken.push((left, right));
            }
        }
    }
}
