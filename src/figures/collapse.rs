//! The three pass rates along the stages of a workload.

use crate::analysis::Collapse;

use super::area::{Area, Point};
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas, Style};
use super::curve::{CURVES, Curve, MARKER, Plot, draw_curve, draw_intervals};
use super::error::{FigureError, require_finite};
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG, WIDE};
use super::legend::{self, Entry};
use super::marker;
use super::number::{plain, real};
use super::palette::{BLACK, GREY, GRID};
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;

const PLOT_HEIGHT: f64 = 128.0;
const INSET: f64 = 4.0;
const LEFT: f64 = 37.0;
const LABEL_STEP: f64 = 8.5;
/// More stages than this get bands instead of whiskers, and no markers.
const MOST_WHISKERS: usize = 40;

/// Draws marginal, conditional and survival pass rates with their intervals, and under the axis
/// how many runs the marginal and the conditional rate rest on.
pub fn draw(data: &Collapse, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &Collapse, sheet: Sheet) -> Result<Canvas, FigureError> {
    for point in &data.points {
        for rate in CURVES.iter().filter_map(|curve| (curve.rate)(point)) {
            for value in [rate.point, rate.low, rate.high] {
                require_finite("pass rate", &format!("T{}", point.stage), value)?;
            }
        }
    }
    let mut canvas = Canvas::new(
        sheet,
        match data.points.len() {
            0..=10 => COLUMN,
            11..=20 => WIDE,
            _ => FULL,
        },
    )?;
    let workload = header::workload(&canvas, &data.workload);
    let title = format!("Stage pass rates, {workload}");
    let top = header::write(&mut canvas, &title, &subtitle(data));
    // A label at the end of a line needs a line that reaches the last stage.
    let is_direct = data.points.last().is_some_and(|point| point.conditional.is_some());
    let (top, right_room) = if is_direct {
        let widest =
            CURVES.iter().map(|curve| canvas.text_width(curve.name, STRONG)).fold(0.0, f64::max);
        (top, widest + 12.0)
    } else {
        let right = canvas.width - MARGIN;
        let below = legend::write(&mut canvas, &entries(is_dense(data)), (LEFT, top - 3.0), right);
        (below + 3.0, 2.0)
    };
    let frame = Area {
        left: LEFT,
        top,
        right: canvas.width - MARGIN - right_room,
        bottom: top + PLOT_HEIGHT,
    };
    let plot = Plot {
        frame,
        axis: LinearAxis::new(0.0, 100.0, frame.bottom - INSET, frame.top + INSET),
        slot: frame.width() / real(data.points.len().max(1)),
        is_dense: is_dense(data),
    };
    draw_axes(&mut canvas, &plot);
    for curve in &CURVES {
        draw_intervals(&mut canvas, data, &plot, curve);
    }
    for curve in &CURVES {
        draw_curve(&mut canvas, data, &plot, curve);
    }
    if is_direct {
        draw_end_labels(&mut canvas, data, &plot);
    }
    if data.points.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no stages", middle, Anchor::Middle, NOTE);
    }
    let below = draw_stages(&mut canvas, data, &plot);
    let limit = canvas.width - 2.0 * MARGIN;
    let notes = notes(data);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn is_dense(data: &Collapse) -> bool {
    data.points.len() > MOST_WHISKERS
}

fn subtitle(data: &Collapse) -> String {
    let runs = if data.runs == 1 { "run" } else { "runs" };
    let shape = if is_dense(data) { "bands" } else { "whiskers" };
    format!(
        "n\u{A0}=\u{A0}{} {runs} · gate: score\u{A0}≥\u{A0}{} · {shape}: 95\u{A0}% Wilson intervals",
        data.runs,
        plain(data.gate)
    )
}

fn notes(data: &Collapse) -> String {
    let mut text = "Marginal: passed, of all runs scored at the stage. Conditional: passed, of \
                    the runs at risk, which passed every earlier stage. Survival: passed this and \
                    every earlier stage, of all runs. Counts: runs with a score at the stage, \
                    runs at risk, and how many of these passed."
        .to_owned();
    if data.points.iter().any(|point| point.conditional.is_none()) {
        text.push_str(
            " A dash marks stages with no run at risk, where the conditional rate is undefined.",
        );
    }
    text
}

fn entries(is_dense: bool) -> Vec<Entry<'static>> {
    CURVES
        .iter()
        .map(|curve| Entry {
            sample: (18.0, 6.0),
            draw: Box::new(move |canvas, area| {
                let y = f64::midpoint(area.top, area.bottom);
                canvas.line(&[(area.left, y), (area.right, y)], curve.color, 1.1, curve.dash);
                let middle = (f64::midpoint(area.left, area.right), y);
                if !is_dense {
                    marker::draw(canvas, curve.marker, middle, MARKER, curve.color);
                }
            }),
            text: curve.name.to_owned(),
        })
        .collect()
}

fn draw_axes(canvas: &mut Canvas, plot: &Plot) {
    let frame = plot.frame;
    for tick in plot.axis.ticks() {
        canvas.line(&[(frame.left, tick.at), (frame.right, tick.at)], GRID, 0.5, SOLID);
        canvas.text_level(&tick.label, (frame.left - 4.0, tick.at), Anchor::End, LABEL);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright("Runs passing (%)", (MARGIN + 7.0, middle), AXIS_TITLE);
}

/// Names the curves at their right ends, pushed apart where they would touch.
fn draw_end_labels(canvas: &mut Canvas, data: &Collapse, plot: &Plot) {
    let Some(last) = data.points.last() else {
        return;
    };
    let index = data.points.len() - 1;
    let mut ends: Vec<(Point, &Curve)> = CURVES
        .iter()
        .filter_map(|curve| {
            let rate = (curve.rate)(last)?;
            Some(((plot.at(index, curve.dodge), plot.percent(rate.point)), curve))
        })
        .collect();
    ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let half = LABEL_STEP / 2.0;
    let mut heights: Vec<f64> = Vec::new();
    for ((_, y), _) in &ends {
        let least = heights.last().map_or(plot.frame.top + INSET, |above| above + LABEL_STEP);
        heights.push(y.max(least));
    }
    let mut most = plot.frame.bottom - half;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - LABEL_STEP;
    }
    for ((end, curve), y) in ends.into_iter().zip(heights) {
        let x = plot.frame.right + 9.0;
        let leader = [(end.0 + MARKER + 0.8, end.1), (plot.frame.right + 3.0, y), (x - 1.0, y)];
        canvas.line(&leader, curve.color, 0.4, SOLID);
        let style = Style { color: curve.color, ..STRONG };
        canvas.text_level(curve.name, (x, y), Anchor::Start, style);
    }
}

/// Stage names, and the counts of the marginal and the conditional rate; every n-th stage when
/// all do not fit.
fn draw_stages(canvas: &mut Canvas, data: &Collapse, plot: &Plot) -> f64 {
    let bottom = plot.frame.bottom;
    let columns: Vec<[String; 4]> = data
        .points
        .iter()
        .map(|point| {
            let [risk, passed] =
                point.conditional.map_or(["–".to_owned(), "–".to_owned()], |rate| {
                    [rate.n.to_string(), rate.x.to_string()]
                });
            [format!("T{}", point.stage), point.marginal.n.to_string(), risk, passed]
        })
        .collect();
    let widest =
        columns.iter().flatten().map(|text| canvas.text_width(text, LABEL)).fold(0.0, f64::max);
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000, 10_000, 100_000]
        .into_iter()
        .find(|step| real(*step) * plot.slot >= widest + 3.0)
        .unwrap_or(1_000_000);
    let rows = [bottom + 10.0, bottom + 30.0, bottom + 39.0, bottom + 48.0];
    for (index, column) in columns.iter().enumerate().step_by(step) {
        let x = plot.at(index, 0.0);
        canvas.line(&[(x, bottom), (x, bottom + 2.5)], BLACK, 0.6, SOLID);
        for (text, y) in column.iter().zip(rows) {
            canvas.text(text, (x, y), Anchor::Middle, LABEL);
        }
    }
    let middle = f64::midpoint(plot.frame.left, plot.frame.right);
    canvas.text("Stage", (middle, bottom + 19.0), Anchor::Middle, AXIS_TITLE);
    canvas.line(&[(MARGIN, bottom + 22.5), (plot.frame.right, bottom + 22.5)], GREY, 0.3, SOLID);
    for (name, y) in ["scored", "at risk", "passed"].into_iter().zip(&rows[1..]) {
        canvas.text(name, (MARGIN, *y), Anchor::Start, NOTE);
    }
    bottom + 53.0
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in [(1, 1), (15, 0), (15, 6), (60, 14), (3, 24), (15, 200)] {
            let data = fixture::collapse(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn one_run_says_so() {
        let canvas = layout(&fixture::collapse(1, 6), Sheet::default()).unwrap();
        assert!(canvas.texts().iter().any(|t| t.text.contains("n = 1 run ·")));
    }

    #[test]
    fn counts_stand_below_their_stages() {
        let mut data = fixture::collapse(15, 6);
        data.points[3].marginal = fixture::share(4, 11);
        data.points[3].conditional = Some(fixture::share(5, 7));
        let canvas = layout(&data, Sheet::default()).unwrap();
        let find = |text: &str| canvas.texts().iter().find(|t| t.text == text).unwrap().area;
        let stage = find("T3");
        let middle = f64::midpoint(stage.left, stage.right);
        for (count, name) in [("11", "scored"), ("7", "at risk"), ("5", "passed")] {
            let (count, name) = (find(count), find(name));
            assert!((f64::midpoint(count.left, count.right) - middle).abs() < 1e-6);
            assert!((count.top - name.top).abs() < 1e-6 && count.top > stage.bottom);
        }
    }

    #[test]
    fn nobody_at_risk_is_a_dash() {
        let mut data = fixture::collapse(15, 6);
        data.points[3].conditional = None;
        let canvas = layout(&data, Sheet::default()).unwrap();
        let dashes = canvas.texts().iter().filter(|t| t.text == "–").count();
        assert_eq!(dashes, 2);
    }

    #[test]
    fn end_labels_become_a_legend_when_a_curve_ends_early() {
        let mut data = fixture::collapse(15, 6);
        data.points[5].conditional = None;
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let svg = draw(&data, Sheet::default()).unwrap();
        assert_eq!(svg.as_str().matches(">conditional<").count(), 1);
    }

    #[test]
    fn a_rate_that_is_no_number_is_refused() {
        let mut data = fixture::collapse(15, 2);
        data.points[1].marginal.high = f64::NAN;
        assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture::collapse(15, 6);
            data.workload = name.repeat(9);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
