//! What leaving out each model does to the ranks of the others, as a matrix.

use crate::analysis::{CohortPerturbation, PerturbationRow};

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::color_bar;
use super::diverging;
use super::error::{FigureError, require_amount, require_finite};
use super::font::HALF_DIGIT;
use super::header::{self, COLUMN, LABEL, LABEL_LIMIT, MARGIN, NOTE, STRONG};
use super::legend::{self, Entry};
use super::number::{plain, real};
use super::palette::{GRID, MID_GREY, WHITE};
use super::pattern;
use super::ranked::{self, require_between, require_length, require_tau};
use super::row_names::{self, Columns, Split};
use super::sheet::Sheet;
use super::svg::Svg;
use super::wording::{fit, named};

const ROW: f64 = 10.5;
/// Room for an upright name.
const LEAST_CELL: f64 = 10.5;
const ROOMY_CELL: f64 = 14.0;
const MOST_CELL: f64 = 40.0;
/// Heading of the rows.
const HEADING: &str = "Left out";
/// White around the number of a cell.
const CELL_PAD: f64 = 4.0;
/// White between two cells.
const GAP: f64 = 0.6;
const LABEL_GAP: f64 = 4.0;
/// The numbers at the right: agreement, and the largest move.
const TAU: f64 = 24.0;
const LARGEST: f64 = 24.0;
/// Moves below this are none.
const STILL: f64 = 1e-9;
/// Between the lines that cross out a cell.
const HATCH: f64 = 2.6;

/// Where the cells are.
struct Grid {
    left: f64,
    top: f64,
    cell: f64,
}

impl Grid {
    fn area(&self, row: usize, column: usize) -> Area {
        let (x, y) = (self.left + real(column) * self.cell, self.top + real(row) * ROW);
        Area::sized(x, y, self.cell - GAP, ROW - GAP)
    }
}

/// Draws one row per model left out and one column per run: the places that the run moves.
pub fn draw(data: &CohortPerturbation, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &CohortPerturbation, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let names: Vec<&String> = data.rows.iter().map(|row| &row.left_out).collect();
    let split = fitting_split(&canvas, data, &names);
    canvas.width = split.width;
    let left = MARGIN + split.widest + LABEL_GAP;
    let cut = |text: &String| fit(&canvas.fonts, text, LABEL.size, LABEL.bold, LABEL_LIMIT);
    let heads: Vec<String> = data.runs.iter().map(cut).collect();
    let depth = heads.iter().map(|text| canvas.text_width(text, LABEL)).fold(6.5, f64::max);
    let title = format!("Ranks without each model, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let limit = canvas.width - 2.0 * MARGIN;
    let y = if data.rows.is_empty() {
        canvas.text_level("no runs", (MARGIN, top + 6.0), Anchor::Start, NOTE);
        top + 14.0
    } else {
        let grid = Grid { left, top: top + depth + 4.0, cell: split.cell };
        let baseline = grid.top - 3.0;
        canvas.text(HEADING, (left - LABEL_GAP, baseline), Anchor::End, STRONG);
        draw_heads(&mut canvas, &heads, &grid);
        let most = largest(data);
        for (index, (row, name)) in data.rows.iter().zip(&split.names).enumerate() {
            draw_row(&mut canvas, row, (name, &data.runs), &grid, index, most);
        }
        let bottom = grid.top + real(data.rows.len()) * ROW + 5.0;
        write_legend(&mut canvas, most, bottom)
    };
    let notes = notes(data, &canvas);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, y), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &CohortPerturbation) -> Result<(), FigureError> {
    for row in &data.rows {
        require_length("number of moves", &row.left_out, row.moves.len(), data.runs.len())?;
        require_amount("largest move", &row.left_out, row.max_move)?;
        require_tau(&row.left_out, row.tau_b)?;
        for by in row.moves.iter().flatten() {
            require_finite("move", &row.left_out, *by)?;
            require_between("move", &row.left_out, *by, -row.max_move, row.max_move)?;
        }
        let places = real(data.runs.len());
        require_between("largest move", &row.left_out, row.max_move, 0.0, places)?;
    }
    Ok(())
}

/// The narrowest figure with room for every number.
fn fitting_split(canvas: &Canvas, data: &CohortPerturbation, names: &[&String]) -> Split {
    let moves = data.rows.iter().flat_map(|row| row.moves.iter().flatten());
    let widths = moves.map(|by| canvas.text_width(&signed(*by), LABEL) + CELL_PAD);
    let least = widths.fold(LEAST_CELL, f64::max);
    let columns = Columns {
        count: data.runs.len(),
        least,
        roomy: ROOMY_CELL.max(least),
        most: MOST_CELL,
        others: 2.0 * MARGIN + LABEL_GAP + TAU + LARGEST,
        heading: canvas.text_width(HEADING, STRONG),
    };
    let needed = columns.others + LABEL_LIMIT + real(columns.count) * columns.least;
    row_names::fitting(canvas, names, columns)
        .unwrap_or_else(|| row_names::at(canvas, names, columns, canvas.sheet.width(needed)))
}

fn largest(data: &CohortPerturbation) -> f64 {
    data.rows.iter().map(|row| row.max_move).fold(0.0, f64::max)
}

fn subtitle(data: &CohortPerturbation, canvas: &Canvas) -> String {
    let all = data.rows.len();
    let moving = data.rows.iter().filter(|row| row.max_move > STILL).count();
    let mut parts = vec![
        ranked::runs(data.runs.len(), data.unranked.len()),
        header::listed(canvas, std::slice::from_ref(&data.metric)),
    ];
    if moving > 0 {
        parts.push(format!("{moving}\u{A0}of the {all} models move others when left out"));
        let taus = data.rows.iter().map(|row| row.tau_b);
        parts.push(format!("τ-b\u{A0}{}", ranked::tau_range(taus)));
    } else if all > 0 {
        parts.push("no rank moves, whichever model is left out".to_owned());
    }
    parts.join(" · ")
}

fn notes(data: &CohortPerturbation, canvas: &Canvas) -> String {
    let mut text = "Places that each run moves among those that stay; empty: none. τ-b: agreement \
                    of the ranking of those that stay before and after."
        .to_owned();
    if !data.unranked.is_empty() {
        let names = header::listed(canvas, &data.unranked);
        text = format!("{text} Without a value: {names}.");
    }
    text
}

/// Names of the columns, reading upwards from the cells, and of the numbers at the right.
fn draw_heads(canvas: &mut Canvas, heads: &[String], grid: &Grid) {
    let bottom = grid.top - 3.0;
    for (index, head) in heads.iter().enumerate() {
        let middle = grid.left + real(index) * grid.cell + (grid.cell - GAP) / 2.0;
        let baseline = middle + HALF_DIGIT * LABEL.size;
        let center = bottom - canvas.text_width(head, LABEL) / 2.0;
        canvas.text_upright(head, (baseline, center), LABEL);
    }
    let right = grid.left + real(heads.len()) * grid.cell;
    canvas.text("τ-b", (right + TAU, bottom), Anchor::End, STRONG);
    canvas.text("max", (right + TAU + LARGEST, bottom), Anchor::End, STRONG);
}

fn draw_row(
    canvas: &mut Canvas,
    row: &PerturbationRow,
    (name, runs): (&str, &[String]),
    grid: &Grid,
    index: usize,
    most: f64,
) {
    let middle = grid.top + real(index) * ROW + (ROW - GAP) / 2.0;
    canvas.text_level(name, (grid.left - LABEL_GAP, middle), Anchor::End, LABEL);
    for (column, by) in row.moves.iter().enumerate() {
        let area = grid.area(index, column);
        if let Some((by, run)) = by.zip(runs.get(column)) {
            let places = if by.abs() > STILL { signed(by) } else { "0".to_owned() };
            let (run, model) = (named(run), named(&row.left_out));
            canvas.tip(area, &format!("{run} without {model}: {places} places"));
        }
        match by {
            None => cross_out(canvas, area),
            Some(by) if by.abs() > STILL => draw_move(canvas, *by, by / most, area),
            Some(_) => canvas.outline(area.grown(-0.2), GRID, 0.3),
        }
    }
    let right = grid.left + real(row.moves.len()) * grid.cell;
    let tau = ranked::tau(row.tau_b);
    canvas.text_level(&tau, (right + TAU, middle), Anchor::End, LABEL);
    let largest = plain((row.max_move * 10.0).round() / 10.0);
    canvas.text_level(&largest, (right + TAU + LARGEST, middle), Anchor::End, LABEL);
}

fn draw_move(canvas: &mut Canvas, by: f64, fraction: f64, area: Area) {
    let ground = diverging::shade(canvas.sheet.theme, fraction);
    canvas.block(area, ground);
    let style = Style { color: canvas.ink_on(ground), ..LABEL };
    let place = (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
    canvas.text_level(&signed(by), place, Anchor::Middle, style);
}

/// The mark of a run that was left out.
fn cross_out(canvas: &mut Canvas, area: Area) {
    canvas.block(area, WHITE);
    pattern::slanted(canvas, area, MID_GREY, 0.4, HATCH);
    canvas.outline(area.grown(-0.2), MID_GREY, 0.4);
}

/// `+2`, `−3`, `+0.5`; nothing when it does not move.
fn signed(by: f64) -> String {
    let digits = plain((by.abs() * 10.0).round() / 10.0);
    if by.abs() <= STILL {
        String::new()
    } else if by < 0.0 {
        format!("−{digits}")
    } else {
        format!("+{digits}")
    }
}

fn write_legend(canvas: &mut Canvas, most: f64, top: f64) -> f64 {
    let mut y = top;
    if most > STILL {
        let ticks = [(0.0, signed(-most)), (0.5, "0".to_owned()), (1.0, signed(most))];
        let theme = canvas.sheet.theme;
        y = color_bar::draw(canvas, "Places moved: − down, + up", &ticks, (MARGIN, y), |part| {
            diverging::shade(theme, 2.0 * part - 1.0)
        });
    }
    let entry =
        Entry { sample: (10.0, 8.0), draw: Box::new(cross_out), text: "left out".to_owned() };
    let right = canvas.width - MARGIN;
    legend::write(canvas, &[entry], (MARGIN, y), right) + 2.0
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_ranks};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 2, 15, 60] {
            let data = fixture_ranks::perturbation(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn moves_have_a_sign() {
        for (by, text) in [(2.0, "+2"), (-3.0, "−3"), (0.5, "+0.5"), (0.0, ""), (-0.0, "")] {
            assert_eq!(signed(by), text);
        }
    }

    #[test]
    fn a_ranking_that_never_moves_says_so() {
        let mut data = fixture_ranks::perturbation(4);
        for row in &mut data.rows {
            (row.max_move, row.tau_b) = (0.0, None);
            for by in row.moves.iter_mut().flatten() {
                *by = 0.0;
            }
        }
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("no rank moves") && !text.contains("Places moved:"));
        assert!(text.contains(">left out<"));
    }

    #[test]
    fn several_runs_of_a_model_are_crossed_out() {
        let mut data = fixture_ranks::perturbation(3);
        let marks = |data: &CohortPerturbation| {
            draw(data, Sheet::default()).unwrap().as_str().matches("<polyline").count()
        };
        let before = marks(&data);
        data.rows[0].moves.fill(None);
        assert!(marks(&data) > before);
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn what_is_no_move_is_refused() {
        let changes: [fn(&mut PerturbationRow); 6] = [
            |row| row.moves[0] = Some(f64::NAN),
            |row| (row.moves[0], row.moves[1]) = (Some(2.0), Some(-9.0)),
            |row| row.max_move = f64::INFINITY,
            |row| row.max_move = 1e6,
            |row| row.tau_b = Some(-1.2),
            |row| row.moves.clear(),
        ];
        for change in changes {
            let mut data = fixture_ranks::perturbation(3);
            change(&mut data.rows[1]);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_ranks::perturbation(6);
            for (index, name) in fixture::HOSTILE.into_iter().enumerate() {
                data.rows[index].left_out = name.to_owned();
                data.runs[index] = name.to_owned();
            }
            (data.workload, data.metric) = (name.repeat(9), name.repeat(9));
            data.unranked = vec![name.repeat(5)];
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
