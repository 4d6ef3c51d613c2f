//! Scores of every run in every stage, as a heatmap.

use crate::analysis::ScoreMatrix;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_finite};
use super::header::{self, COLUMN, LABEL, MARGIN, NOTE, STRONG};
use super::heat::{self, Mark};
use super::legend::{self, Entry};
use super::number::{plain, real, score};
use super::palette::{BLACK, cividis};
use super::row_names::{self, Columns, Split};
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::{count, fit, named};

const ROW: f64 = 12.0;
/// Room for three digits, a point and a frame.
const LEAST_CELL: f64 = 19.0;
const ROOMY_CELL: f64 = 27.0;
const MOST_CELL: f64 = 64.0;
const GAP: f64 = 0.6;
const MEAN: f64 = 26.0;
const HEAD: f64 = 11.0;
const BAR: f64 = 90.0;

/// Draws one row per run and one column per stage; stages that do not fit side by side continue
/// in a panel below.
pub fn draw(data: &ScoreMatrix, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &ScoreMatrix, sheet: Sheet) -> Result<Canvas, FigureError> {
    for row in &data.rows {
        let scores = row.cells.iter().filter_map(|cell| cell.score);
        for value in scores.chain(row.mean) {
            require_finite("score", &row.label, value)?;
        }
    }
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let names: Vec<&String> = data.rows.iter().map(|row| &row.label).collect();
    let columns = Columns {
        count: data.stages.len(),
        least: LEAST_CELL,
        roomy: ROOMY_CELL,
        most: MOST_CELL,
        others: 2.0 * MARGIN + 4.0 + MEAN + 4.0,
        heading: 20.0,
    };
    // Stages that do not fit side by side continue in panels below each other.
    let grid = row_names::fitting(&canvas, &names, columns);
    let grid = grid.unwrap_or_else(|| row_names::panels(&canvas, &names, columns));
    canvas.width = grid.width;

    let title = format!("Stage scores, {}", header::workload(&canvas, &data.workload));
    let mut y = header::write(&mut canvas, &title, &subtitle(data));
    let chunks: Vec<(usize, &[i64])> = data
        .stages
        .chunks(grid.count.max(1))
        .enumerate()
        .map(|(panel, stages)| (panel * grid.count, stages))
        .collect();
    for (index, (first, stages)) in chunks.iter().enumerate() {
        let is_last = index + 1 == chunks.len();
        y = draw_panel(&mut canvas, data, &grid, *first, stages, y, is_last) + 6.0;
    }
    if data.rows.is_empty() || data.stages.is_empty() {
        canvas.text_level("no scores", (MARGIN, y + 6.0), Anchor::Start, NOTE);
        y += 18.0;
    }
    y = draw_color_bar(&mut canvas, data, (MARGIN, y));
    let right = canvas.width - MARGIN;
    let bottom = legend::write(&mut canvas, &entries(data), (MARGIN, y + 3.0), right);
    canvas.height = bottom + MARGIN;
    Ok(canvas)
}

fn subtitle(data: &ScoreMatrix) -> String {
    format!(
        "n\u{A0}=\u{A0}{} · {} · score 0–100 · bold and framed: score\u{A0}≥\u{A0}{} (gate) · \
         mean: over the stages with a score",
        count(u64::try_from(data.rows.len()).unwrap_or(u64::MAX), "run", "runs"),
        count(u64::try_from(data.stages.len()).unwrap_or(u64::MAX), "stage", "stages"),
        plain(data.gate)
    )
}

fn draw_panel(
    canvas: &mut Canvas,
    data: &ScoreMatrix,
    grid: &Split,
    first: usize,
    stages: &[i64],
    top: f64,
    is_last: bool,
) -> f64 {
    let left = MARGIN + grid.widest + 4.0;
    let body = top + HEAD;
    for (index, stage) in stages.iter().enumerate() {
        let x = left + (real(index) + 0.5) * grid.cell;
        let limit = grid.cell - 1.0;
        let text = fit(&canvas.fonts, &format!("T{stage}"), LABEL.size, true, limit);
        canvas.text(&text, (x, top + 8.0), Anchor::Middle, STRONG);
    }
    let mean_x = left + real(stages.len()) * grid.cell + 4.0 + MEAN;
    if is_last {
        canvas.text("mean", (mean_x, top + 8.0), Anchor::End, STRONG);
    }
    for (index, (row, label)) in data.rows.iter().zip(&grid.names).enumerate() {
        let y = body + real(index) * ROW;
        let baseline = y + ROW - GAP - heat::BELOW_BASELINE;
        canvas.text(label, (left - 4.0, baseline), Anchor::End, LABEL);
        for (column, cell) in row.cells.iter().skip(first).take(stages.len()).enumerate() {
            let x = left + real(column) * grid.cell;
            let area = Area::sized(x, y, grid.cell - GAP, ROW - GAP);
            heat::draw(canvas, cell, data.gate, area);
            let stage = stages[column];
            canvas.tip(area, &format!("{}, T{stage}: {}", named(&row.label), heat::told(cell)));
        }
        if is_last {
            let mean = row.mean.map_or_else(|| "–".to_owned(), |v| format!("{v:.1}"));
            canvas.text(&mean, (mean_x, baseline), Anchor::End, LABEL);
        }
    }
    body + real(data.rows.len()) * ROW
}

/// The colours with their scores, and the gate.
fn draw_color_bar(canvas: &mut Canvas, data: &ScoreMatrix, at: Point) -> f64 {
    let title = "Score";
    canvas.text_level(title, (at.0, at.1 + 3.5), Anchor::Start, STRONG);
    let left = at.0 + canvas.text_width(title, STRONG) + 10.0;
    let steps = 90_u8;
    for step in 0..steps {
        let from = left + f64::from(step) / f64::from(steps) * BAR;
        // Up to the right end, so that no white shows between two steps.
        let area = Area::sized(from, at.1, left + BAR - from, 7.0);
        canvas.block(area, cividis((f64::from(step) + 0.5) / f64::from(steps)));
    }
    let bar = Area::sized(left, at.1, BAR, 7.0);
    canvas.outline(bar, BLACK, 0.4);
    for tick in [0_u8, 25, 50, 75, 100] {
        let x = left + f64::from(tick) / 100.0 * BAR;
        canvas.line(&[(x, bar.bottom), (x, bar.bottom + 2.0)], BLACK, 0.5, SOLID);
        let place = (x, bar.bottom + 8.5);
        canvas.text(&score(f64::from(tick)), place, Anchor::Middle, LABEL);
    }
    if (0.0..=100.0).contains(&data.gate) {
        let x = left + data.gate / 100.0 * BAR;
        let ink = canvas.ink_on(cividis(data.gate / 100.0));
        canvas.line(&[(x, bar.top), (x, bar.bottom)], ink, 0.8, SOLID);
    }
    bar.bottom + 11.0
}

fn entries(data: &ScoreMatrix) -> Vec<Entry<'static>> {
    let used: Vec<Mark> = data
        .rows
        .iter()
        .flat_map(|row| &row.cells)
        .flat_map(|cell| heat::marks(cell, data.gate))
        .collect();
    let gate = plain(data.gate);
    Mark::ALL
        .into_iter()
        .filter(|mark| used.contains(mark))
        .map(|mark| Entry {
            sample: (10.0, 8.0),
            draw: Box::new(move |canvas, area| heat::sample(canvas, mark, area)),
            text: mark.meaning(&gate),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in [(0, 0), (1, 1), (1, 6), (15, 6), (60, 6), (15, 16), (3, 200)] {
            let data = fixture::matrix(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn height_grows_with_the_rows() {
        let height = |runs| layout(&fixture::matrix(runs, 6), Sheet::default()).unwrap().height;
        assert!((height(60) - height(15) - 45.0 * ROW).abs() < 1e-6);
    }

    #[test]
    fn legend_names_only_what_is_there() {
        let mut data = fixture::matrix(1, 2);
        for cell in &mut data.rows[0].cells {
            cell.score = Some(10.0);
            cell.status = Some("failed".to_owned());
        }
        data.rows[0].cells[1].status = Some("not_attempted".to_owned());
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("not attempted") && !text.contains("recovered"));
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut data = fixture::matrix(6, 3);
        for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
            row.label = name.to_owned();
            row.cells[0].status = Some(name.to_owned());
        }
        data.workload = fixture::HOSTILE[2].to_owned();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }
}
