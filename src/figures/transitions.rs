//! What follows a passed stage and what follows a failed one, as small matrices.

use crate::analysis::{TransitionCounts, TransitionMatrix};

use plotters::style::RGBColor;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::color_bar;
use super::diverging;
use super::error::{FigureError, require_finite};
use super::header::{self, FULL, LABEL, MARGIN, NOTE, STRONG, TITLE, WIDE};
use super::incidence_layers::percent;
use super::number::{plain, quantity, real};
use super::palette::{GRID, MID_GREY};
use super::sheet::{Sheet, Theme};
use super::svg::Svg;
use super::wording::{count, fit, printable};

/// White between two cells.
const GAP: f64 = 0.8;
/// Room for the heading of a matrix and for the names of its columns.
const HEAD: f64 = 10.0;
const NAMES: f64 = 9.0;
const PANEL_GAP: (f64, f64) = (9.0, 8.0);
/// More pairs of stages than this ask for two columns of a journal.
const MOST_NARROW: usize = 6;
/// Rows of small matrices before the rest is left out.
const MOST_ROWS: usize = 4;
/// Small matrices side by side, at most.
const MOST_COLUMNS: usize = 8;
/// Between the large matrix and the small ones.
const GUTTER: f64 = 12.0;
/// Of the colour bar.
const TICKS: [(f64, &str); 5] =
    [(0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100\u{A0}%")];
/// How much colour the rarest transition has; it grows to all of it at half of the range.
const PALEST: f64 = 0.15;

/// Rows and columns, in the order of the counts.
const NAMED: [&str; 2] = ["passed", "failed"];

/// How large a matrix is.
#[derive(Debug, Clone, Copy)]
struct Size {
    cell: (f64, f64),
    /// Room for the names of the rows.
    names: f64,
    count: Style,
}

const LARGE: Size = Size { cell: (44.0, 30.0), names: 24.5, count: TITLE };
const SMALL: Size = Size { cell: (25.5, 20.0), names: 24.5, count: STRONG };

impl Size {
    fn width(self) -> f64 {
        2.0 * self.cell.0 - GAP
    }

    fn height(self) -> f64 {
        HEAD + NAMES + 2.0 * self.cell.1
    }
}

/// Draws the transitions of all neighbouring stages together, and those into each stage.
///
/// Stages that do not fit are left out, and a note says how many.
pub fn draw(data: &TransitionMatrix, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &TransitionMatrix, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let width = sheet.width(if data.stages.len() <= MOST_NARROW { WIDE } else { FULL });
    let mut canvas = Canvas::new(sheet, width)?;
    let workload = header::workload(&canvas, &data.workload);
    let title = format!("From one stage to the next, {workload}");
    let top = header::write(&mut canvas, &title, &subtitle(data)) + 1.0;
    let at = (MARGIN + LARGE.names, top);
    draw_matrix(&mut canvas, "All stages", &data.pooled, LARGE, at);
    name_rows(&mut canvas, LARGE, at);
    let shown = data.stages.len().min(per_row(width) * MOST_ROWS);
    let left = small_left();
    for (index, (stage, cell)) in data.stages[..shown].iter().enumerate() {
        let (row, column) = (index / per_row(width), index % per_row(width));
        let at = (
            left + real(column) * (SMALL.width() + PANEL_GAP.0),
            top + real(row) * (SMALL.height() + PANEL_GAP.1),
        );
        let name = format!("T{stage}");
        let name = fit(&canvas.fonts, &name, STRONG.size, STRONG.bold, 2.0 * SMALL.cell.0);
        draw_matrix(&mut canvas, &name, cell, SMALL, at);
        if column == 0 {
            name_rows(&mut canvas, SMALL, at);
        }
    }
    let rows = shown.div_ceil(per_row(width));
    let small = real(rows) * (SMALL.height() + PANEL_GAP.1);
    let y = top + small.max(LARGE.height() + PANEL_GAP.1);
    let ticks = TICKS.map(|(fraction, label)| (fraction, label.to_owned()));
    let color = |share| color(sheet.theme, share);
    let y = color_bar::draw(&mut canvas, "Share of row", &ticks, (MARGIN, y), color) + 3.0;
    let limit = canvas.width - 2.0 * MARGIN;
    let reading = printable(&data.reading);
    let y = if reading.is_empty() {
        y
    } else {
        header::paragraph(&mut canvas, &reading, (MARGIN, y), limit, LABEL) + 1.0
    };
    let notes = notes(data, shown);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, y), limit, NOTE) + MARGIN;
    Ok(canvas)
}

/// Where the cells of the small matrices start.
fn small_left() -> f64 {
    MARGIN + LARGE.names + LARGE.width() + GUTTER + SMALL.names
}

/// Small matrices that fit side by side.
fn per_row(width: f64) -> usize {
    let room = width - MARGIN - small_left() + PANEL_GAP.0;
    let fits = |n: &usize| real(*n) * (SMALL.width() + PANEL_GAP.0) <= room;
    (1..=MOST_COLUMNS).rev().find(fits).unwrap_or(1)
}

fn check(data: &TransitionMatrix) -> Result<(), FigureError> {
    require_finite("gate", &data.workload, data.gate)?;
    let refused = |what, label: String, value: u128| {
        let value = real(usize::try_from(value).unwrap_or(usize::MAX));
        Err(FigureError::Value { what, label, value })
    };
    let runs = data.runs as u128;
    let mut sums = [0; 4];
    for (stage, cell) in &data.stages {
        let counts = counts(cell);
        let all: u128 = counts.iter().sum();
        if all > runs {
            return refused("number of runs", format!("T{stage}"), all);
        }
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let pooled = counts(&data.pooled);
    if pooled != sums {
        return refused("number of transitions", data.workload.clone(), pooled.iter().sum());
    }
    Ok(())
}

/// Row by row: after a pass, then after a failure; each time passes first.
fn counts(cell: &TransitionCounts) -> [u128; 4] {
    [cell.pass_pass, cell.pass_fail, cell.fail_pass, cell.fail_fail].map(u128::from)
}

fn subtitle(data: &TransitionMatrix) -> String {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    format!(
        "n\u{A0}=\u{A0}{} · {} · gate: score\u{A0}≥\u{A0}{} · rows: the stage before, columns: the \
         stage itself",
        count(number(data.runs), "run", "runs"),
        count(number(data.stages.len()), "pair of stages", "pairs of stages")
            .replace(' ', "\u{A0}"),
        plain(data.gate)
    )
}

fn notes(data: &TransitionMatrix, shown: usize) -> String {
    let mut text = "Each cell: runs (in the large matrix: pairs of stages of runs) and their share of the row. \
                    Each matrix is named after the later stage."
        .to_owned();
    if data.pooled.unknown > 0 {
        let pairs = count(data.pooled.unknown, "pair", "pairs");
        text = format!("{text} Not counted: {pairs} with an unknown outcome.");
    }
    let left_out = data.stages.len() - shown;
    if left_out > 0 {
        let all = data.stages.len();
        text = format!("{text} {left_out} of {all} pairs of stages, the last ones, are left out.");
    }
    text
}

/// What is rare is pale.
fn color(theme: Theme, share: f64) -> RGBColor {
    diverging::frequency(theme, share, PALEST + 2.0 * share)
}

/// Draws a matrix whose cells start at `at.0`, with the names of its columns.
fn draw_matrix(canvas: &mut Canvas, title: &str, cell: &TransitionCounts, size: Size, at: Point) {
    let (left, top) = (at.0, at.1 + HEAD + NAMES);
    canvas.text(title, (left + size.width() / 2.0, at.1 + 6.5), Anchor::Middle, STRONG);
    for (column, name) in NAMED.into_iter().enumerate() {
        let center = left + (real(column) + 0.5) * size.cell.0 - GAP / 2.0;
        canvas.text(name, (center, top - 2.5), Anchor::Middle, NOTE);
    }
    let counts = counts(cell);
    for (index, count) in counts.into_iter().enumerate() {
        let (row, column) = (index / 2, index % 2);
        let whole = counts[2 * row] + counts[2 * row + 1];
        let area = Area::sized(
            left + real(column) * size.cell.0,
            top + real(row) * size.cell.1,
            size.cell.0 - GAP,
            size.cell.1 - GAP,
        );
        draw_cell(canvas, count, whole, size, area);
        let (before, after) = (NAMED[row], NAMED[column]);
        let tip = format!("{title}: {before}, then {after}: {count} of {whole}");
        canvas.tip(area, &tip);
    }
}

fn name_rows(canvas: &mut Canvas, size: Size, at: Point) {
    for (row, name) in NAMED.into_iter().enumerate() {
        let middle = at.1 + HEAD + NAMES + (real(row) + 0.5) * size.cell.1 - GAP / 2.0;
        canvas.text_level(name, (at.0 - 2.5, middle), Anchor::End, NOTE);
    }
}

fn draw_cell(canvas: &mut Canvas, count: u128, whole: u128, size: Size, area: Area) {
    let (x, y) = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
    if whole == 0 {
        canvas.outline(area.grown(-0.2), GRID, 0.4);
        canvas.text_level("–", (x, y), Anchor::Middle, NOTE);
        return;
    }
    let number = |n: u128| real(usize::try_from(n).unwrap_or(usize::MAX));
    let share = number(count) / number(whole);
    let ground = color(canvas.sheet.theme, share);
    canvas.block(area, ground);
    canvas.outline(area.grown(-0.2), MID_GREY, 0.4);
    let ink = canvas.ink_on(ground);
    let limit = area.width() - 2.0;
    let text = fit(&canvas.fonts, &quantity(number(count)), size.count.size, true, limit);
    let step = size.cell.1 * 0.2;
    canvas.text_level(&text, (x, y - step), Anchor::Middle, Style { color: ink, ..size.count });
    let style = Style { color: ink, ..LABEL };
    canvas.text_level(&percent(share), (x, y + step), Anchor::Middle, style);
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_failures};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in [(0, 0), (0, 3), (1, 1), (15, 2), (15, 6), (60, 16), (60, 200)] {
            let data = fixture_failures::transitions(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let text = |stages| {
            let data = fixture_failures::transitions(15, stages);
            let canvas = layout(&data, Sheet::default()).unwrap();
            let texts: Vec<&str> = canvas.texts().iter().map(|text| text.text.as_str()).collect();
            texts.join(" ")
        };
        let shown = per_row(FULL) * MOST_ROWS;
        let found = text(200);
        assert!(found.contains(&format!("{} of 199 pairs", 199 - shown)));
        assert!(found.contains(&format!(" T{shown} ")));
        assert!(!found.contains(&format!(" T{} ", shown + 1)));
        assert!(!text(6).contains("left out"));
    }

    #[test]
    fn rows_without_runs_have_no_share() {
        let mut data = fixture_failures::transitions(1, 1);
        let cell = TransitionCounts { pass_pass: 1, ..TransitionCounts::default() };
        (data.pooled, data.stages) = (cell, vec![(1, cell)]);
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert_eq!(text.matches(">–<").count(), 4);
        assert_eq!(text.matches(">100\u{A0}%<").count(), 3);
    }

    #[test]
    fn larger_shares_are_darker() {
        let greens: Vec<u8> =
            (0..=100).map(|i| color(Theme::Paper, f64::from(i) / 100.0).1).collect();
        assert!(greens.is_sorted_by(|a, b| a >= b) && greens[0] < 255);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let changes: [fn(&mut TransitionMatrix); 4] = [
            |data| data.gate = f64::NAN,
            |data| data.pooled.pass_pass += 1,
            |data| data.runs = 3,
            |data| data.stages[0].1.fail_fail = u64::MAX,
        ];
        for change in changes {
            let mut data = fixture_failures::transitions(15, 6);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn large_counts_stay_in_their_cells() {
        let mut data = fixture_failures::transitions(15, 2);
        let most = 1 << 40;
        let (fail_fail, unknown) = (most, u64::MAX);
        let cell =
            TransitionCounts { pass_pass: most, pass_fail: 1, fail_pass: 0, fail_fail, unknown };
        (data.pooled, data.stages, data.runs) = (cell, vec![(1, cell)], usize::MAX);
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_failures::transitions(15, 4);
            for (stage, hostile) in data.stages.iter_mut().zip([i64::MIN, -1, i64::MAX]) {
                stage.0 = hostile;
            }
            (data.workload, data.reading) = (name.repeat(9), name.repeat(30));
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
