//! Cost of every run on a log axis, one row each.

use crate::analysis::CostSpread;

use super::area::Area;
use super::axis::LogAxis;
use super::canvas::{Anchor, Canvas, Style};
use super::cost_axis;
use super::error::{FigureError, require_finite, require_positive};
use super::header::{self, COLUMN, LABEL, MARGIN, NOTE};
use super::marker::{self, Marker};
use super::number::{factor, money, real};
use super::palette::{BLACK, BLUE, GREY, SHADE};
use super::sheet::Sheet;
use super::stroke::{DASHED, DOTTED, SOLID};
use super::svg::Svg;
use super::wording::{count, fit, named};

const ROW: f64 = 10.0;
const INSET: f64 = 6.0;
const LINE_LABEL: f64 = 9.0;

/// Draws the cost of every run, cheapest first, with median and quartiles; runs of unknown cost
/// are rows without a point.
pub fn draw(data: &CostSpread, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &CostSpread, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let workload = header::workload(&canvas, &data.workload);
    let basis = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &format!("Cost per run, {workload}"), &basis);

    let labels: Vec<String> = data
        .rows
        .iter()
        .map(|row| &row.label)
        .chain(&data.unpriced)
        .map(|label| fit(&canvas.fonts, label, LABEL.size, LABEL.bold, canvas.sheet.label_limit()))
        .collect();
    let values: Vec<String> = data.rows.iter().map(|row| money(row.cost_usd)).collect();
    let label_width = widest(&canvas, &labels);
    let value_width = widest(&canvas, &values);
    // Around a single run there is no spread to show.
    let has_lines = data.rows.len() > 1 && (data.median.is_some() || data.quartiles.is_some());
    let frame = Area {
        left: MARGIN + label_width + 4.0,
        top: top + if has_lines { 2.0 * LINE_LABEL } else { 0.0 },
        right: canvas.width - MARGIN - value_width - 5.0,
        bottom: 0.0,
    };
    let priced_bottom = frame.top + real(data.rows.len()) * ROW + 2.0;
    let unpriced_room = real(data.unpriced.len()) * ROW
        + if data.unpriced.is_empty() || data.rows.is_empty() { 0.0 } else { 3.0 };
    let bottom = priced_bottom + unpriced_room + if labels.is_empty() { 3.0 * ROW } else { 1.0 };
    let frame = Area { bottom, ..frame };
    let shown = data
        .rows
        .iter()
        .map(|row| row.cost_usd)
        .chain(data.median)
        .chain(data.quartiles.map(|q| q.0))
        .chain(data.quartiles.map(|q| q.1));
    let axis = LogAxis::new(shown, frame.left + INSET, frame.right - INSET);

    cost_axis::draw(&mut canvas, axis, frame, priced_bottom, INSET);
    if has_lines {
        let rows = Area { bottom: priced_bottom, ..frame };
        draw_lines(&mut canvas, data, rows, axis);
    }
    draw_rows(&mut canvas, data, &labels, &values, frame, axis);
    draw_unpriced(
        &mut canvas,
        &labels[data.rows.len()..],
        frame,
        priced_bottom,
        data.rows.is_empty(),
    );
    if labels.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no runs", middle, Anchor::Middle, NOTE);
    }
    canvas.height = frame.bottom + cost_axis::ROOM;
    Ok(canvas)
}

fn check(data: &CostSpread) -> Result<(), FigureError> {
    for row in &data.rows {
        require_positive("cost", &row.label, row.cost_usd)?;
    }
    let lines = [
        ("median", data.median),
        ("first quartile", data.quartiles.map(|q| q.0)),
        ("third quartile", data.quartiles.map(|q| q.1)),
        ("maximum over minimum", data.max_over_min),
    ];
    for (what, value) in lines {
        value.map_or(Ok(()), |v| require_positive(what, "all runs", v))?;
    }
    data.geometric_sd.map_or(Ok(()), |v| require_finite("geometric SD", "all runs", v))
}

fn subtitle(data: &CostSpread, canvas: &Canvas) -> String {
    let mut parts = vec![format!(
        "n\u{A0}=\u{A0}{} priced of {}",
        data.rows.len(),
        count(data.runs, "run", "runs")
    )];
    if let Some(ratio) = data.max_over_min {
        parts.push(format!(
            "max/min\u{A0}{} ({:.1}\u{A0}orders of magnitude)",
            factor(ratio),
            ratio.log10()
        ));
    }
    if let Some(sd) = data.geometric_sd {
        parts.push(format!("geometric\u{A0}SD\u{A0}{}", factor(sd)));
    }
    parts
        .push(format!("cost basis: {}", header::listed(canvas, std::slice::from_ref(&data.basis))));
    parts.join(" · ")
}

fn widest(canvas: &Canvas, texts: &[String]) -> f64 {
    texts.iter().map(|text| canvas.text_width(text, LABEL)).fold(0.0, f64::max)
}

/// Quartile band and median line, each labelled in its own line above the rows.
fn draw_lines(canvas: &mut Canvas, data: &CostSpread, rows: Area, axis: LogAxis) {
    if let Some((first, third)) = data.quartiles {
        let (left, right) = (axis.at(first), axis.at(third));
        let band = Area { left, top: rows.top - 1.0, right, bottom: rows.bottom };
        canvas.block(band, SHADE);
        for x in [left, right] {
            canvas.line(&[(x, band.top), (x, band.bottom)], BLUE, 0.4, SOLID);
        }
        let text = format!("IQR {}–{}", money(first), money(third));
        let baseline = rows.top - LINE_LABEL - 2.8;
        line_label(canvas, &text, f64::midpoint(left, right), baseline, LABEL);
    }
    if let Some(median) = data.median {
        let x = axis.at(median);
        canvas.line(&[(x, rows.top - 1.0), (x, rows.bottom)], BLACK, 0.8, DASHED);
        let text = format!("median {}", money(median));
        line_label(canvas, &text, x, rows.top - 2.8, LABEL);
    }
}

/// A text centred on `x`, moved as far as it must be to stay on the canvas.
fn line_label(canvas: &mut Canvas, text: &str, x: f64, baseline: f64, style: Style) {
    let half = canvas.text_width(text, style) / 2.0;
    let x = x.min(canvas.width - MARGIN - half).max(MARGIN + half);
    canvas.text(text, (x, baseline), Anchor::Middle, style);
}

fn draw_rows(
    canvas: &mut Canvas,
    data: &CostSpread,
    labels: &[String],
    values: &[String],
    frame: Area,
    axis: LogAxis,
) {
    let mut y = frame.top + 1.0 + ROW / 2.0;
    for ((row, label), value) in data.rows.iter().zip(labels).zip(values) {
        let x = axis.at(row.cost_usd);
        canvas.text_level(label, (frame.left - 4.0, y), Anchor::End, LABEL);
        canvas.line(&[(frame.left, y), (x, y)], GREY, 0.3, DOTTED);
        marker::draw(canvas, Marker::Disc, (x, y), 2.3, BLUE);
        let reach = Area { left: frame.left, top: y, right: x, bottom: y };
        canvas.tip(reach.grown(ROW / 2.0), &format!("{}: {value}", named(&row.label)));
        let right = canvas.width - MARGIN;
        canvas.text_level(value, (right, y), Anchor::End, LABEL);
        y += ROW;
    }
}

fn draw_unpriced(
    canvas: &mut Canvas,
    labels: &[String],
    frame: Area,
    priced_bottom: f64,
    is_first: bool,
) {
    if labels.is_empty() {
        return;
    }
    let mut y = priced_bottom + ROW / 2.0;
    if !is_first {
        let rule = priced_bottom + 1.0;
        canvas.line(&[(MARGIN, rule), (canvas.width - MARGIN, rule)], GREY, 0.3, SOLID);
        y += 3.0;
    }
    for label in labels {
        canvas.text_level(label, (frame.left - 4.0, y), Anchor::End, LABEL);
        canvas.text_level("cost unknown", (frame.left + 4.0, y), Anchor::Start, NOTE);
        y += ROW;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 15, 60] {
            let data = fixture::spread(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn only_unpriced_runs_are_rows_without_points() {
        let mut data = fixture::spread(0);
        data.runs = 2;
        data.unpriced = vec!["a".to_owned(), "b".to_owned()];
        let svg = draw(&data, Sheet::default()).unwrap();
        assert_eq!(svg.as_str().matches("cost unknown").count(), 2);
        assert!(!svg.as_str().contains("<circle"));
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn numbers_read_as_in_prose() {
        let text = draw(&fixture::spread(15), Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("max/min 2692×"));
        assert!(text.contains("3.4 orders of magnitude"));
        assert!(text.contains("median $1.50"));
        assert!(!text.contains("$0.00<"));
    }

    #[test]
    fn a_cost_of_zero_is_refused() {
        let mut data = fixture::spread(1);
        data.rows[0].cost_usd = 0.0;
        assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut data = fixture::spread(4);
        for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
            row.label = name.to_owned();
        }
        data.workload = fixture::HOSTILE[0].to_owned();
        data.basis = fixture::HOSTILE[1].to_owned();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }
}
