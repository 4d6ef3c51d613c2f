//! Cells of a heatmap: colour, score, status mark.

use plotters::style::RGBColor;

use crate::analysis::MatrixCell;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::header::{LABEL, STRONG};
use super::marker::{self, Marker};
use super::number::score;
use super::palette::{BLACK, GREY, MID_GREY, WHITE, cividis};
use super::pattern;
use super::wording::named;

/// Room between the score and the lower edge of its cell.
pub(super) const BELOW_BASELINE: f64 = 2.3;

/// What a cell says besides its score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// The score reaches the gate.
    Pass,
    /// Nothing was handed in.
    NotAttempted,
    /// The stage had no tests to score it by.
    NoTests,
    /// The infrastructure failed.
    Infra,
    /// The stage went on after a failure.
    Recovered,
    /// A status without a mark of its own.
    Other,
    /// The stage is there, its score is not.
    NoScore,
    /// The run has no such stage.
    NoStage,
}

impl Mark {
    /// Every mark, in the order of the legend.
    pub(super) const ALL: [Self; 8] = [
        Self::Pass,
        Self::NotAttempted,
        Self::NoTests,
        Self::Infra,
        Self::Recovered,
        Self::Other,
        Self::NoScore,
        Self::NoStage,
    ];

    /// What the legend says.
    pub(super) fn meaning(self, gate: &str) -> String {
        match self {
            Self::Pass => format!("score ≥ {gate}"),
            Self::NotAttempted => "not attempted".to_owned(),
            Self::NoTests => "no tests".to_owned(),
            Self::Infra => "infrastructure failure".to_owned(),
            Self::Recovered => "recovered".to_owned(),
            Self::Other => "other status".to_owned(),
            Self::NoScore => "no score".to_owned(),
            Self::NoStage => "no such stage".to_owned(),
        }
    }
}

/// The marks a cell carries.
pub(super) fn marks(cell: &MatrixCell, gate: f64) -> Vec<Mark> {
    let mut marks = Vec::new();
    let status = match cell.status.as_deref() {
        None | Some("passed" | "failed") => None,
        Some("not_attempted") => Some(Mark::NotAttempted),
        Some("no_tests") => Some(Mark::NoTests),
        Some("infra") => Some(Mark::Infra),
        Some("recovered") => Some(Mark::Recovered),
        Some(_) => Some(Mark::Other),
    };
    match cell.score {
        // Work that was not handed in cannot pass, whatever score was written down.
        Some(value) if value >= gate && status != Some(Mark::NotAttempted) => {
            marks.push(Mark::Pass);
        }
        Some(_) => {}
        None if cell.status.is_none() => marks.push(Mark::NoStage),
        None => marks.push(Mark::NoScore),
    }
    marks.extend(status);
    marks
}

/// Score and status of a cell, for a tooltip.
pub(super) fn told(cell: &MatrixCell) -> String {
    let value = cell.score.map_or_else(|| "no score".to_owned(), score);
    cell.status.as_ref().map_or(value.clone(), |status| format!("{value}, {}", named(status)))
}

/// Draws a cell into `area`.
pub(super) fn draw(canvas: &mut Canvas, cell: &MatrixCell, gate: f64, area: Area) {
    let marks = marks(cell, gate);
    let is_hatched = marks.contains(&Mark::NotAttempted);
    let ink = match cell.score {
        Some(value) if !is_hatched => {
            let ground = cividis(value / 100.0);
            canvas.block(area, ground);
            canvas.ink_on(ground)
        }
        _ => BLACK,
    };
    if is_hatched {
        hatch(canvas, area);
    } else if marks.contains(&Mark::NoScore) {
        canvas.outline(area.grown(-0.3), MID_GREY, 0.5);
    }
    let has_passed = marks.contains(&Mark::Pass);
    if has_passed {
        canvas.outline(area.grown(-0.4), BLACK, 0.8);
    }
    print(canvas, cell.score, area, ink, has_passed, is_hatched);
    for mark in marks {
        corner(canvas, mark, (area.right - 3.1, area.top + 3.0), ink);
    }
}

/// The score, or a dash, low in the cell so that the corner above stays free for a mark.
fn print(
    canvas: &mut Canvas,
    value: Option<f64>,
    area: Area,
    ink: RGBColor,
    has_passed: bool,
    is_hatched: bool,
) {
    let text = value.map_or_else(|| "–".to_owned(), score);
    let style = Style { color: ink, ..if has_passed { STRONG } else { LABEL } };
    let x = f64::midpoint(area.left, area.right);
    let baseline = area.bottom - BELOW_BASELINE;
    if is_hatched {
        let half = canvas.text_width(&text, style) / 2.0 + 0.8;
        let plate =
            Area { left: x - half, right: x + half, top: baseline - 5.3, bottom: baseline + 0.7 };
        canvas.block(plate, WHITE);
    }
    canvas.text(&text, (x, baseline), Anchor::Middle, style);
}

fn corner(canvas: &mut Canvas, mark: Mark, at: Point, ink: RGBColor) {
    match mark {
        Mark::NoTests => canvas.ring(at, 1.3, ink, 0.7),
        Mark::Infra => marker::draw(canvas, Marker::Triangle, at, 1.6, ink),
        Mark::Recovered => marker::draw(canvas, Marker::Diamond, at, 1.4, ink),
        Mark::Other => marker::draw(canvas, Marker::Square, at, 1.4, ink),
        Mark::Pass | Mark::NotAttempted | Mark::NoScore | Mark::NoStage => {}
    }
}

/// Slanted lines on white with a frame: no shade of the colour bar looks like it.
fn hatch(canvas: &mut Canvas, area: Area) {
    canvas.block(area, WHITE);
    pattern::slanted(canvas, area, MID_GREY, 0.4, 3.0);
    canvas.outline(area.grown(-0.25), GREY, 0.5);
}

/// Draws a mark alone, for the legend.
pub(super) fn sample(canvas: &mut Canvas, mark: Mark, area: Area) {
    let middle = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
    match mark {
        Mark::Pass => canvas.outline(area.grown(-0.4), BLACK, 0.8),
        Mark::NotAttempted => hatch(canvas, area),
        Mark::NoScore | Mark::NoStage => {
            if mark == Mark::NoScore {
                canvas.outline(area.grown(-0.3), MID_GREY, 0.5);
            }
            canvas.text_level("–", middle, Anchor::Middle, LABEL);
        }
        Mark::NoTests | Mark::Infra | Mark::Recovered | Mark::Other => {
            corner(canvas, mark, middle, BLACK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(score: Option<f64>, status: Option<&str>) -> MatrixCell {
        MatrixCell { score, status: status.map(str::to_owned) }
    }

    #[test]
    fn marks_follow_score_and_status() {
        let marks_of = |score, status| marks(&cell(score, status), 60.0);
        assert_eq!(marks_of(Some(60.0), Some("passed")), [Mark::Pass]);
        assert_eq!(marks_of(Some(59.9), Some("failed")), []);
        assert_eq!(marks_of(Some(100.0), Some("not_attempted")), [Mark::NotAttempted]);
        assert_eq!(marks_of(Some(80.0), Some("recovered")), [Mark::Pass, Mark::Recovered]);
        assert_eq!(marks_of(None, Some("infra")), [Mark::NoScore, Mark::Infra]);
        assert_eq!(marks_of(None, None), [Mark::NoStage]);
        assert_eq!(marks_of(Some(0.0), Some("<b>")), [Mark::Other]);
    }
}
