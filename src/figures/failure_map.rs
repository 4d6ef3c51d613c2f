//! Where runs failed and why, as a heatmap.

use std::collections::BTreeMap;

use crate::analysis::{FailureMap, Outcome};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::causes::{self, Look};
use super::error::FigureError;
use super::failure_cells;
use super::failure_checks;
use super::failure_legend;
use super::header::{self, COLUMN, LABEL, MARGIN, NOTE, STRONG};
use super::number::{plain, real};
use super::row_names::{self, Columns, Split};
use super::sheet::Sheet;
use super::svg::Svg;
use super::wording::{count, fit, named};

const ROW: f64 = 12.0;
/// Room for a letter, a clock and a score.
const LEAST_CELL: f64 = 32.0;
const ROOMY_CELL: f64 = 34.0;
const MOST_CELL: f64 = 64.0;
/// Room for a letter alone.
const LEAST_GLYPH: f64 = 9.0;
const MOST_GLYPH: f64 = 14.0;
/// White between two cells.
const GAP: f64 = 0.8;
const LABEL_GAP: f64 = 4.0;
const DEPTH: f64 = 20.0;
/// Room for the heading of the stages.
const HEAD: f64 = 11.0;
/// Room for the counts below the cells.
const FOOT: f64 = 12.0;
const PANEL_GAP: f64 = 6.0;

/// Columns of a panel and the room they take.
#[derive(Debug, Clone, Copy)]
struct Grid {
    left: f64,
    cell: f64,
    per_panel: usize,
    /// Whether cells hold a score, or only a glyph.
    has_scores: bool,
}

/// How each cause is drawn.
type Looks<'a> = BTreeMap<&'a str, Look>;

/// Draws one row per run and one column per stage, with the cause of every failure.
///
/// Stages that do not fit with their scores have a glyph only, and continue in a panel below.
pub fn draw(data: &FailureMap, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &FailureMap, sheet: Sheet) -> Result<Canvas, FigureError> {
    failure_checks::check(data)?;
    let names = data.causes.iter().map(|cause| cause.cause.as_str());
    let all = causes::looks(names.clone());
    let looks: Looks<'_> = names.zip(all.iter().copied()).collect();
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let names: Vec<&String> = data.rows.iter().map(|row| &row.label).collect();
    let counted = canvas.text_width(&data.rows.len().to_string(), LABEL) + 2.0;
    let (split, has_scores) = fitting_split(&canvas, &names, data.stages.len(), counted);
    canvas.width = split.width;
    let left = MARGIN + split.widest + LABEL_GAP;
    let grid = Grid { left, cell: split.cell, per_panel: split.count.max(1), has_scores };
    let title = format!("Failures and their causes, {}", header::workload(&canvas, &data.workload));
    let mut y = header::write(&mut canvas, &title, &subtitle(data));
    if data.rows.is_empty() || data.stages.is_empty() {
        canvas.text_level("no stages of runs", (MARGIN, y + 4.0), Anchor::Start, NOTE);
        y += 14.0;
    } else {
        for first in (0..data.stages.len()).step_by(grid.per_panel) {
            y = draw_panel(&mut canvas, data, (&split.names, &looks), grid, first, y) + PANEL_GAP;
        }
    }
    y = failure_legend::write(&mut canvas, data, &all, y);
    let (notes, limit) = (notes(data, grid), canvas.width - 2.0 * MARGIN);
    if !notes.is_empty() {
        y = header::paragraph(&mut canvas, &notes, (MARGIN, y + 1.0), limit, NOTE);
    }
    canvas.height = y + MARGIN;
    Ok(canvas)
}

/// The narrowest figure that holds all stages with their scores, or else full width with glyphs in
/// even panels; and whether there are scores.
fn fitting_split(canvas: &Canvas, names: &[&String], stages: usize, counted: f64) -> (Split, bool) {
    let scores = Columns {
        count: stages,
        least: LEAST_CELL,
        roomy: ROOMY_CELL,
        most: MOST_CELL,
        others: 2.0 * MARGIN + 2.0 * LABEL_GAP + DEPTH,
        heading: 24.0,
    };
    if let Some(split) = row_names::fitting(canvas, names, scores) {
        return (split, true);
    }
    let least = LEAST_GLYPH.max(counted);
    let glyphs = Columns { least, roomy: least, most: MOST_GLYPH.max(least), ..scores };
    (row_names::panels(canvas, names, glyphs), false)
}

fn subtitle(data: &FailureMap) -> String {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    format!(
        "n\u{A0}=\u{A0}{}{} · {} · gate: score\u{A0}≥\u{A0}{} · depth: leading stages that passed",
        count(number(data.rows.len()), "run", "runs"),
        if data.rows.len() > 1 { ", deepest\u{A0}first" } else { "" },
        count(number(data.stages.len()), "stage", "stages"),
        plain(data.gate)
    )
}

fn notes(data: &FailureMap, grid: Grid) -> String {
    let mut parts = Vec::new();
    let is_used = |outcome| data.rows.iter().flat_map(|r| &r.cells).any(|c| c.outcome == outcome);
    if grid.has_scores && is_used(Outcome::NotAttempted) {
        parts.push("Scores of stages that were not attempted are left out.");
    }
    if is_used(Outcome::Failed) {
        parts.insert(0, "Failed: attempted, scored and below the gate.");
    }
    if grid.has_scores && !data.causes.is_empty() {
        parts.push("Letter and colour: the primary cause.");
    }
    if !grid.has_scores {
        parts.push("Scores are left out for want of room, and causes of what did not fail.");
    }
    if !data.causes.is_empty() {
        parts.push("In brackets: stages of runs with the cause.");
    }
    parts.join(" ")
}

/// Draws the stages from `first` on and returns the lower edge.
fn draw_panel(
    canvas: &mut Canvas,
    data: &FailureMap,
    (labels, looks): (&[String], &Looks<'_>),
    grid: Grid,
    first: usize,
    top: f64,
) -> f64 {
    let last = data.stages.len().min(first + grid.per_panel);
    let is_end = last == data.stages.len();
    draw_heads(canvas, &data.stages[first..last], grid, top + 8.0);
    let depth = grid.left + real(last - first) * grid.cell + LABEL_GAP + DEPTH;
    if is_end {
        canvas.text("depth", (depth, top + 8.0), Anchor::End, STRONG);
    }
    for (index, (row, label)) in data.rows.iter().zip(labels).enumerate() {
        let y = top + HEAD + real(index) * ROW;
        let middle = y + (ROW - GAP) / 2.0;
        canvas.text_level(label, (grid.left - LABEL_GAP, middle), Anchor::End, LABEL);
        for (column, cell) in row.cells[first..last].iter().enumerate() {
            let x = grid.left + real(column) * grid.cell;
            let area = Area::sized(x, y, grid.cell - GAP, ROW - GAP);
            let look = cell.cause.as_deref().and_then(|cause| looks.get(cause).copied());
            let stage = data.stages[first + column];
            let told = failure_cells::told(cell);
            canvas.tip(area, &format!("{}, T{stage}: {told}", named(&row.label)));
            if grid.has_scores {
                failure_cells::draw(canvas, cell, look, area);
            } else {
                failure_cells::draw_glyph(canvas, cell.outcome, look, area);
            }
        }
        if is_end {
            canvas.text_level(&row.depth.to_string(), (depth, middle), Anchor::End, LABEL);
        }
    }
    let bottom = top + HEAD + real(data.rows.len()) * ROW;
    draw_counts(canvas, data, grid, (first, last), bottom + 8.0);
    bottom + FOOT
}

/// Stage names; every n-th when all do not fit.
fn draw_heads(canvas: &mut Canvas, stages: &[i64], grid: Grid, baseline: f64) {
    let names: Vec<String> = stages.iter().map(|stage| format!("T{stage}")).collect();
    let limit = grid.cell.max(LEAST_CELL) - 2.0;
    let names: Vec<String> = names
        .iter()
        .map(|name| fit(&canvas.fonts, name, STRONG.size, STRONG.bold, limit))
        .collect();
    let widest = names.iter().map(|name| canvas.text_width(name, STRONG)).fold(0.0, f64::max);
    let step = [1, 2, 5].into_iter().find(|step| real(*step) * grid.cell >= widest + 2.0);
    for (index, name) in names.iter().enumerate().step_by(step.unwrap_or(10)) {
        let x = grid.left + real(index) * grid.cell + (grid.cell - GAP) / 2.0;
        canvas.text(name, (x, baseline), Anchor::Middle, STRONG);
    }
}

/// How many runs failed in each stage.
fn draw_counts(
    canvas: &mut Canvas,
    data: &FailureMap,
    grid: Grid,
    (first, last): (usize, usize),
    baseline: f64,
) {
    canvas.text("failed", (grid.left - LABEL_GAP, baseline), Anchor::End, STRONG);
    for (column, stage) in (first..last).enumerate() {
        let cells = data.rows.iter().filter_map(|row| row.cells.get(stage));
        let failed = cells.filter(|cell| cell.outcome == Outcome::Failed).count();
        let x = grid.left + real(column) * grid.cell + (grid.cell - GAP) / 2.0;
        canvas.text(&failed.to_string(), (x, baseline), Anchor::Middle, LABEL);
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::TextBox;
    use super::super::{fixture, fixture_failures};
    use super::*;
    use crate::analysis::{CauseCount, FailureMapCell};

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in
            [(0, 0), (0, 6), (2, 0), (1, 1), (15, 6), (60, 6), (15, 30), (60, 200), (1, 200)]
        {
            let data = fixture_failures::map(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_was_not_attempted_has_no_score() {
        let mut data = fixture_failures::map(1, 1);
        data.rows[0].cells[0].score = Some(77.25);
        (data.gate, data.rows[0].cells[0].outcome) = (60.0, Outcome::Passed);
        assert!(draw(&data, Sheet::default()).unwrap().as_str().contains(">77.2<"));
        (data.rows[0].depth, data.rows[0].cells[0].outcome) = (0, Outcome::NotAttempted);
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(!text.contains(">77.2<") && text.contains(">not attempted<"));
        assert!(!text.contains(">passed<"));
    }

    #[test]
    fn counts_are_of_failures_alone() {
        let data = fixture_failures::map(15, 6);
        let canvas = layout(&data, Sheet::default()).unwrap();
        let is_foot = |text: &&TextBox| text.text == "failed";
        let foot = canvas.texts().iter().find(is_foot).unwrap().area;
        let counts = canvas.texts().iter().filter(|t| (t.area.top - foot.top).abs() < 0.1).skip(1);
        let counts: Vec<&str> = counts.map(|text| text.text.as_str()).collect();
        let failed = |stage: usize| {
            let outcomes = data.rows.iter().map(|row| row.cells[stage].outcome);
            outcomes.filter(|outcome| *outcome == Outcome::Failed).count().to_string()
        };
        assert_eq!(counts, (0..6).map(failed).collect::<Vec<_>>());
    }

    #[test]
    fn causes_after_the_eighth_are_one() {
        let mut data = fixture_failures::map(1, 12);
        data.rows[0].depth = 0;
        for (index, cell) in data.rows[0].cells.iter_mut().enumerate() {
            let cause = Some(format!("cause {}", index.min(10)));
            *cell = FailureMapCell { outcome: Outcome::Failed, score: Some(1.0), cause };
        }
        let count = |index| CauseCount {
            cause: format!("cause {index}"),
            stages: if index == 10 { 2 } else { 1 },
        };
        data.causes = (0..=10).rev().map(count).collect();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains(">3 other causes (3)<") && text.contains(">cause 10 (2)<"));
        assert_eq!(text.matches(">+<").count(), 4);
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_failures::map(6, 6);
            data.stages = vec![i64::MIN, -1, 0, 7, 1 << 40, i64::MAX];
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
            }
            let old = data.causes[0].cause.clone();
            data.causes[0].cause = name.repeat(9);
            for cell in data.rows.iter_mut().flat_map(|row| &mut row.cells) {
                if cell.cause.as_ref() == Some(&old) {
                    cell.cause = Some(name.repeat(9));
                }
            }
            data.workload = name.repeat(9);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
