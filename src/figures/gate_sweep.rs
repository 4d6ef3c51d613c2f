//! How a ranking changes with the threshold of a gate.

use crate::analysis::GateSweep;

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_finite};
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::number::{plain, real};
use super::palette::{BLACK, GRID};
use super::ranked::{self, require_between, require_length, require_tau};
use super::sheet::Sheet;
use super::stroke::{DASHED, SOLID};
use super::svg::Svg;
use super::sweep_lines::{
    INSET, LEAST_MOVE, MOST_COLORED, Plot, ROW, draw_line, draw_marks, end, heights, lead, looks,
    movers, rank_at,
};
use super::wording::{count, fit, named};

/// Room for the ranks and their title.
const LEFT: f64 = 26.0;
/// Where lines leave the frame for their labels.
const FAN: f64 = 20.0;
/// Between the end of a line and its label.
const LABEL_GAP: f64 = 4.0;
/// A threshold narrower than this asks for a wider figure.
const LEAST_SLOT: f64 = 7.0;
/// So does a frame narrower than this.
const LEAST_FRAME: f64 = 110.0;
/// Room for the name of the default above the frame.
const HEAD: f64 = 9.0;
/// Rows of an empty frame.
const LEAST_ROWS: usize = 3;
/// More ranks than this are labelled by fives.
const MOST_RANKS: usize = 20;
const TICK_GAP: f64 = 5.0;
/// Of a grid in round numbers, every which value is round as well.
const LABEL_STEPS: [usize; 8] = [1, 2, 5, 10, 20, 50, 100, 200];
const TICK_LIMIT: f64 = 40.0;

/// Draws the rank of every run along the thresholds, best on top, with the runs that move most in
/// colour and a name at the end of every line.
pub fn draw(data: &GateSweep, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &GateSweep, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    // As wide as in bold, which movers are written in.
    let names: Vec<String> = data
        .rows
        .iter()
        .map(|row| {
            fit(&canvas.fonts, &row.label, STRONG.size, STRONG.bold, canvas.sheet.label_limit())
        })
        .collect();
    let label = names.iter().map(|text| canvas.text_width(text, STRONG)).fold(0.0, f64::max);
    let right_room = FAN + LABEL_GAP + label + MARGIN;
    canvas.width = fitting_width(sheet, data.thresholds.len(), right_room);
    let title = format!("Ranks along the gate, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle) + HEAD;
    let rows = data.rows.len().max(LEAST_ROWS);
    let right = canvas.width - right_room;
    let frame = Area { left: LEFT, top, right, bottom: top + real(rows) * ROW };
    let (xs, default) = positions(data, frame);
    let plot = Plot { frame, xs, heights: heights(data, frame) };
    let is_empty = data.rows.is_empty() || data.thresholds.is_empty();
    draw_ranks(&mut canvas, if is_empty { 0 } else { data.rows.len() }, frame);
    draw_thresholds(&mut canvas, data, &plot);
    if is_empty {
        let middle = f64::midpoint(frame.left, frame.right);
        let place = (middle, f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no ranks", place, Anchor::Middle, NOTE);
    } else {
        draw_default(&mut canvas, data, frame, default);
    }
    draw_runs(&mut canvas, data, &plot, &names);
    let (notes, limit) = (notes(data, &canvas), canvas.width - 2.0 * MARGIN);
    let below = frame.bottom + 26.0;
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &GateSweep) -> Result<(), FigureError> {
    require_finite("default", &data.parameter, data.default)?;
    let ends = [data.thresholds.first(), data.thresholds.last()];
    let span = ends.into_iter().flatten().map(|end| (end - data.default).abs()).sum();
    require_finite("range of thresholds", &data.parameter, span)?;
    let mut before = f64::NEG_INFINITY;
    for &threshold in &data.thresholds {
        require_finite("threshold", &data.parameter, threshold)?;
        require_between("threshold", &data.parameter, threshold, before, f64::MAX)?;
        before = threshold;
    }
    let thresholds = data.thresholds.len();
    require_length("number of tau-b", &data.parameter, data.tau_b.len(), thresholds)?;
    for tau in &data.tau_b {
        require_tau(&data.parameter, *tau)?;
    }
    for row in &data.rows {
        require_length("number of ranks", &row.label, row.ranks.len(), thresholds)?;
        for rank in row.ranks.iter().flatten() {
            require_between("rank", &row.label, *rank, 1.0, real(data.rows.len()))?;
        }
    }
    Ok(())
}

/// The narrowest figure with room for the thresholds.
fn fitting_width(sheet: Sheet, thresholds: usize, right_room: f64) -> f64 {
    let needed = LEFT + LEAST_FRAME.max(real(thresholds) * LEAST_SLOT) + right_room;
    sheet.fitting(needed).unwrap_or(FULL)
}

/// Where the thresholds and the default are.
fn positions(data: &GateSweep, frame: Area) -> (Vec<f64>, f64) {
    let values = || data.thresholds.iter().copied().chain([data.default]);
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    let (from, to) = (frame.left + INSET, frame.right - INSET);
    let at = |value: f64| {
        if high > low {
            from + (value - low) / (high - low) * (to - from)
        } else {
            f64::midpoint(from, to)
        }
    };
    (data.thresholds.iter().map(|threshold| at(*threshold)).collect(), at(data.default))
}

fn subtitle(data: &GateSweep, canvas: &Canvas) -> String {
    let named = |name: &String| header::listed(canvas, std::slice::from_ref(name));
    let mut parts = vec![
        ranked::runs(data.rows.len(), data.unranked.len()),
        named(&data.metric),
        format!("threshold: {}", named(&data.parameter)),
        format!("τ-b with the default: {}", ranked::tau_range(data.tau_b.iter().copied())),
    ];
    let apart = format!("ranks differ by {}\u{A0}or\u{A0}more", plain(LEAST_MOVE));
    parts.push(match movers(data) {
        0 => format!("no run's {apart}"),
        movers if movers > MOST_COLORED => {
            format!("in\u{A0}colour: the {MOST_COLORED} that move most of {movers} whose {apart}")
        }
        movers => {
            let movers = count(u64::try_from(movers).unwrap_or(u64::MAX), "run", "runs");
            format!("in\u{A0}colour: {movers} whose {apart}")
        }
    });
    parts.join(" · ")
}

fn notes(data: &GateSweep, canvas: &Canvas) -> String {
    let mut text = "Ranks hold at the ticks; slants only join them.".to_owned();
    if data.rows.len() > 1 {
        text.push_str(" Tied runs share the mean rank and run side by side.");
    }
    if data.rows.iter().any(|row| row.ranks.last().is_some_and(Option::is_none)) {
        text.push_str(" Dotted: no rank from there on.");
    }
    if !data.unranked.is_empty() {
        let names = header::listed(canvas, &data.unranked);
        text = format!("{text} Without a value anywhere: {names}.");
    }
    text
}

fn draw_ranks(canvas: &mut Canvas, ranks: usize, frame: Area) {
    let is_shown = |rank: &usize| ranks <= MOST_RANKS || *rank == 1 || rank.is_multiple_of(5);
    for rank in (1..=ranks).filter(is_shown) {
        let y = rank_at(frame, real(rank));
        canvas.line(&[(frame.left, y), (frame.right, y)], GRID, 0.4, SOLID);
        canvas.text_level(&rank.to_string(), (frame.left - 4.0, y), Anchor::End, LABEL);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright("Rank", (MARGIN + 7.0, middle), AXIS_TITLE);
}

/// Every which threshold is labelled, and the first of these; the default is one of them.
fn label_step(canvas: &Canvas, data: &GateSweep, plot: &Plot, labels: &[String]) -> (usize, usize) {
    let half = |index: usize| canvas.text_width(&labels[index], LABEL) / 2.0;
    let is_default = |value: &f64| value.total_cmp(&data.default).is_eq();
    let default = data.thresholds.iter().position(is_default).unwrap_or(0);
    let all = labels.len().max(1);
    let has_room = |step: &usize| {
        let shown: Vec<usize> = (default % step..labels.len()).step_by(*step).collect();
        shown.windows(2).all(|pair| {
            let room = plot.xs[pair[1]] - plot.xs[pair[0]];
            room >= half(pair[0]) + half(pair[1]) + TICK_GAP
        })
    };
    let step = LABEL_STEPS.into_iter().find(has_room).unwrap_or(all);
    (step, default % step)
}

/// Ticks at all thresholds, labels where there is room, and the title.
fn draw_thresholds(canvas: &mut Canvas, data: &GateSweep, plot: &Plot) {
    let bottom = plot.frame.bottom;
    let labels: Vec<String> = data
        .thresholds
        .iter()
        .map(|value| fit(&canvas.fonts, &plain(*value), LABEL.size, LABEL.bold, TICK_LIMIT))
        .collect();
    let (step, first) = label_step(canvas, data, plot, &labels);
    for (index, (x, label)) in plot.xs.iter().zip(&labels).enumerate() {
        let is_labelled = index % step == first;
        let depth = if is_labelled { 3.0 } else { 1.5 };
        canvas.line(&[(*x, bottom), (*x, bottom + depth)], BLACK, 0.5, SOLID);
        if is_labelled {
            canvas.text(label, (*x, bottom + 10.0), Anchor::Middle, LABEL);
        }
    }
    let limit = canvas.width - 2.0 * MARGIN;
    let title = fit(&canvas.fonts, &data.parameter, AXIS_TITLE.size, AXIS_TITLE.bold, limit);
    let half = canvas.text_width(&title, AXIS_TITLE) / 2.0;
    let middle = f64::midpoint(plot.frame.left, plot.frame.right).max(MARGIN + half);
    let middle = middle.min(canvas.width - MARGIN - half);
    canvas.text(&title, (middle, bottom + 20.0), Anchor::Middle, AXIS_TITLE);
}

/// The line of the default, named above.
fn draw_default(canvas: &mut Canvas, data: &GateSweep, frame: Area, default: f64) {
    canvas.line(&[(default, frame.top - 1.5), (default, frame.bottom)], BLACK, 0.7, DASHED);
    let text = format!("default {}", plain(data.default));
    let text = fit(&canvas.fonts, &text, LABEL.size, LABEL.bold, canvas.width - 2.0 * MARGIN);
    let half = canvas.text_width(&text, LABEL) / 2.0;
    let x = default.min(canvas.width - MARGIN - half).max(MARGIN + half);
    canvas.text(&text, (x, frame.top - 3.5), Anchor::Middle, LABEL);
}

/// Draws grey lines below coloured ones, and names every line in the order in which they end.
fn draw_runs(canvas: &mut Canvas, data: &GateSweep, plot: &Plot, names: &[String]) {
    let looks = looks(data);
    for is_mover in [false, true] {
        for (row, look) in looks.iter().enumerate() {
            if look.marker.is_some() == is_mover {
                draw_line(canvas, plot, row, *look);
            }
        }
    }
    for (row, look) in looks.iter().enumerate() {
        draw_marks(canvas, plot, row, *look);
    }
    tip_ranks(canvas, data, plot);
    let ends: Vec<_> = (0..data.rows.len()).map(|row| end(plot, row)).collect();
    // Lines that end early come last, and then those that are nowhere.
    let key =
        |row: &usize| ends[*row].map_or((2, 0.0), |((_, y), is_whole)| (u8::from(!is_whole), y));
    let mut order: Vec<usize> = (0..data.rows.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    for (slot, row) in order.into_iter().enumerate() {
        let to = (plot.frame.right + FAN, rank_at(plot.frame, real(slot + 1)));
        if let Some(end) = ends[row] {
            lead(canvas, end, to, looks[row]);
        }
        let style = if looks[row].marker.is_some() { STRONG } else { NOTE };
        canvas.text_level(&names[row], (to.0 + LABEL_GAP, to.1), Anchor::Start, style);
    }
}

/// Says the rank of every run at every threshold.
fn tip_ranks(canvas: &mut Canvas, data: &GateSweep, plot: &Plot) {
    let unit = if data.unit.is_empty() { String::new() } else { format!(" {}", named(&data.unit)) };
    for (row, heights) in data.rows.iter().zip(&plot.heights) {
        let label = named(&row.label);
        for (place, (x, y)) in plot.xs.iter().zip(heights).enumerate() {
            let (Some(y), Some(rank)) = (y, row.ranks[place]) else { continue };
            let value = row.values.get(place).copied().flatten();
            let value = value.map_or(String::new(), |v| format!(", {}{unit}", plain(v)));
            let threshold = plain(data.thresholds[place]);
            let tip = format!("{label} at {threshold}: rank {}{value}", plain(rank));
            canvas.tip(Area::around((*x, *y), ROW / 3.0), &tip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_ranks};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, thresholds) in
            [(0, 0), (0, 5), (3, 0), (1, 1), (1, 10), (15, 20), (15, 100), (60, 20)]
        {
            let data = fixture_ranks::gate_sweep(runs, thresholds);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn labels_stand_in_the_order_of_the_last_ranks() {
        let mut data = fixture_ranks::gate_sweep(3, 2);
        for (row, last) in data.rows.iter_mut().zip([Some(3.0), None, Some(1.0)]) {
            row.ranks[1] = last;
        }
        let canvas = layout(&data, Sheet::default()).unwrap();
        let height = |index: usize| {
            let label = &data.rows[index].label;
            canvas.texts().iter().find(|text| text.text == *label).unwrap().area.top
        };
        assert!(height(2) < height(0) && height(0) < height(1));
    }

    #[test]
    fn runs_without_ranks_are_named() {
        let mut data = fixture_ranks::gate_sweep(2, 5);
        data.rows[1].ranks = vec![None; 5];
        data.tau_b = vec![None; 5];
        data.unranked = vec!["glm-4.6".to_owned()];
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("undefined"));
        assert!(text.contains("glm-4.6") && text.contains(&data.rows[1].label));
    }

    #[test]
    fn a_default_off_the_grid_is_drawn() {
        for default in [-50.0, 61.5, 400.0] {
            let mut data = fixture_ranks::gate_sweep(5, 9);
            data.default = default;
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_has_no_place_is_refused() {
        let changes: [fn(&mut GateSweep); 7] = [
            |data| data.default = f64::NAN,
            |data| data.thresholds[1] = f64::INFINITY,
            |data| data.thresholds.swap(0, 2),
            |data| data.thresholds = vec![-f64::MAX, 0.0, f64::MAX],
            |data| data.rows[0].ranks[0] = Some(0.0),
            |data| data.rows[0].ranks = vec![Some(1.0)],
            |data| data.tau_b[0] = Some(1.5),
        ];
        for change in changes {
            let mut data = fixture_ranks::gate_sweep(4, 3);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_ranks::gate_sweep(6, 5);
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
            }
            (data.workload, data.metric) = (name.repeat(9), name.repeat(9));
            (data.parameter, data.unranked) = (name.repeat(9), vec![name.to_owned()]);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
