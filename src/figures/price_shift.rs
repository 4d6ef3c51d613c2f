//! Every run's cost on two bases: an arrow from one to the other on a log axis, one row each.

use crate::analysis::PriceShift;

use super::area::{Area, Point};
use super::axis::LogAxis;
use super::canvas::{Anchor, Canvas};
use super::cost_axis;
use super::error::{FigureError, require_positive};
use super::header::{self, COLUMN, LABEL, MARGIN, NOTE};
use super::legend::{self, Entry};
use super::marker::{self, Marker};
use super::number::{factor, money, real};
use super::palette::{BLUE, DARK, MID_GREY};
use super::ranked::{require_tau, tau};
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::{count, fit, named};

const ROW: f64 = 10.0;
const INSET: f64 = 6.0;
const RADIUS: f64 = 2.1;
/// Length of an arrow head.
const HEAD: f64 = 3.6;

/// Draws an arrow per run, dearest on the first basis first.
pub fn draw(data: &PriceShift, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &PriceShift, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let workload = header::workload(&canvas, &data.workload);
    let subtitle = subtitle(data, &canvas);
    let title = format!("Cost per run on two bases, {workload}");
    let top = header::write(&mut canvas, &title, &subtitle);
    let limit = canvas.sheet.label_limit();
    let labels: Vec<String> = data
        .rows
        .iter()
        .map(|row| fit(&canvas.fonts, &row.label, LABEL.size, LABEL.bold, limit))
        .collect();
    let ratios: Vec<String> =
        data.rows.iter().map(|row| factor(row.to_usd / row.from_usd)).collect();
    let widest = |texts: &[String]| {
        texts.iter().map(|text| canvas.text_width(text, LABEL)).fold(0.0, f64::max)
    };
    let left = MARGIN + widest(&labels) + 4.0;
    let right = canvas.width - MARGIN - widest(&ratios).max(12.0) - 5.0;
    let entries = entries(data, &canvas);
    let edge = canvas.width - MARGIN;
    let top = legend::write(&mut canvas, &entries, (MARGIN, top - 3.0), edge) + 2.0;
    let bottom = top + real(data.rows.len().max(3)) * ROW + 2.0;
    let frame = Area { left, top, right, bottom };
    let shown = data.rows.iter().flat_map(|row| [row.from_usd, row.to_usd]);
    let axis = LogAxis::new(shown, frame.left + INSET, frame.right - INSET);
    cost_axis::draw(&mut canvas, axis, frame, frame.bottom, INSET);
    if data.rows.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no run has a cost on both bases", middle, Anchor::Middle, NOTE);
    }
    for (index, row) in data.rows.iter().enumerate() {
        let y = frame.top + 1.0 + (real(index) + 0.5) * ROW;
        let (from, to) = ((axis.at(row.from_usd), y), (axis.at(row.to_usd), y));
        canvas.text_level(&labels[index], (frame.left - 4.0, y), Anchor::End, LABEL);
        canvas.text_level(&ratios[index], (canvas.width - MARGIN, y), Anchor::End, LABEL);
        draw_arrow(&mut canvas, from, to);
        let tip =
            format!("{}: {} to {}", named(&row.label), money(row.from_usd), money(row.to_usd));
        let reach = Area { left: from.0.min(to.0), top: y, right: from.0.max(to.0), bottom: y };
        canvas.tip(reach.grown(ROW / 2.0), &tip);
    }
    let notes = notes(data, &canvas);
    let limit = canvas.width - 2.0 * MARGIN;
    let below = frame.bottom + cost_axis::ROOM;
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &PriceShift) -> Result<(), FigureError> {
    for row in &data.rows {
        require_positive("cost", &row.label, row.from_usd)?;
        require_positive("cost", &row.label, row.to_usd)?;
    }
    for ratio in data.max_over_min.iter().flat_map(|(a, b)| [*a, *b]) {
        require_positive("maximum over minimum", "all runs", ratio)?;
    }
    require_tau("all runs", data.tau_b)
}

fn subtitle(data: &PriceShift, canvas: &Canvas) -> String {
    let all = u64::try_from(data.rows.len() + data.unpriced.len()).unwrap_or(u64::MAX);
    let mut parts =
        vec![format!("n\u{A0}=\u{A0}{} of {}", data.rows.len(), count(all, "run", "runs"))];
    if let Some((before, after)) = data.max_over_min {
        let [from, to] = bases(data, canvas);
        parts.push(format!("max/min {} {from}, {} {to}", factor(before), factor(after)));
    }
    parts.push(format!("Kendall tau-b of the two orders {}", tau(data.tau_b)));
    parts.join(" · ")
}

fn bases(data: &PriceShift, canvas: &Canvas) -> [String; 2] {
    [&data.from_basis, &data.to_basis]
        .map(|basis| header::listed(canvas, std::slice::from_ref(basis)))
}

fn notes(data: &PriceShift, canvas: &Canvas) -> String {
    let [from, to] = bases(data, canvas);
    let mut text = format!("Right: {to} cost over {from} cost.");
    if !data.unpriced.is_empty() {
        text.push_str(" Without a cost on both: ");
        text.push_str(&header::listed(canvas, &data.unpriced));
        text.push('.');
    }
    text
}

fn entries(data: &PriceShift, canvas: &Canvas) -> Vec<Entry<'static>> {
    let [from, to] = bases(data, canvas);
    let middle =
        |area: Area| (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
    vec![
        Entry {
            sample: (6.0, 6.0),
            draw: Box::new(move |canvas, area| {
                marker::draw(canvas, Marker::Ring, middle(area), RADIUS, MID_GREY);
            }),
            text: from,
        },
        Entry {
            sample: (14.0, 6.0),
            draw: Box::new(move |canvas, area| {
                let y = f64::midpoint(area.top, area.bottom);
                canvas.line(&[(area.left, y), (area.right - HEAD, y)], DARK, 0.8, SOLID);
                draw_head(canvas, (area.right, y), 1.0);
            }),
            text: to,
        },
    ]
}

/// A ring, and from its edge a line to the tip of an arrow; no line where the two are closer than the head is long.
fn draw_arrow(canvas: &mut Canvas, from: Point, to: Point) {
    let way = to.0 - from.0;
    let direction = if way < 0.0 { -1.0 } else { 1.0 };
    if way.abs() > RADIUS + HEAD {
        let path = [(from.0 + direction * RADIUS, from.1), (to.0 - direction * HEAD, to.1)];
        canvas.line(&path, DARK, 0.8, SOLID);
    }
    marker::draw(canvas, Marker::Ring, from, RADIUS, MID_GREY);
    draw_head(canvas, to, direction);
}

fn draw_head(canvas: &mut Canvas, tip: Point, direction: f64) {
    let back = tip.0 - direction * HEAD;
    canvas.fill(vec![tip, (back, tip.1 - 2.2), (back, tip.1 + 2.2)], BLUE, 1.0);
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 15, 60] {
            let data = fixture::price_shift(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut data = fixture::price_shift(6);
        for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
            row.label = name.to_owned();
        }
        data.workload = fixture::HOSTILE[0].repeat(9);
        data.to_basis = fixture::HOSTILE[1].to_owned();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn costs_without_a_logarithm_are_refused() {
        for cost in [0.0, -1.0, f64::NAN] {
            let mut data = fixture::price_shift(2);
            data.rows[1].to_usd = cost;
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }
}
