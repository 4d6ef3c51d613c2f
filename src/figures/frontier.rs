//! Score against cost, with the runs that no other run beats on both.

use crate::analysis::Frontier;

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas};
use super::cost_axis;
use super::error::{FigureError, require_finite, require_positive};
use super::font::ASCENT;
use super::header::{self, AXIS_TITLE, LABEL, MARGIN};
use super::legend::{self, Entry};
use super::marker::{self, Marker};
use super::number::{money, score};
use super::palette::{BLACK, BLUE, GREY, GRID, MID_GREY, VERMILLION, WHITE};
use super::scatter::{INSET, LEFT, MARKER, Plot, fitting_plot, hull, staircase};
use super::sheet::Sheet;
use super::stroke::{DASHED, SOLID};
use super::svg::Svg;
use super::wording::{count, fit, named};

/// Draws score against cost: frontier runs filled and joined by steps, the others hollow.
pub fn draw(data: &Frontier, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &Frontier, sheet: Sheet) -> Result<Canvas, FigureError> {
    for point in &data.points {
        require_positive("cost", &point.label, point.cost_usd)?;
        require_finite("score", &point.label, point.score)?;
    }
    let plot = fitting_plot(data, sheet)?;
    let mut canvas = Canvas::new(sheet, plot.width)?;
    let title = format!("Score against cost, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &plot, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let right = canvas.width - MARGIN;
    let top = legend::write(&mut canvas, &entries(data), (LEFT, top - 3.0), right) + 2.0;

    draw_axes(&mut canvas, data, &plot, top);
    draw_points(&mut canvas, data, &plot, top);
    let frame = plot.frame.lowered(top);
    if data.points.is_empty() {
        let middle =
            (f64::midpoint(frame.left, frame.right), f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no run has both a score and a cost", middle, Anchor::Middle, AXIS_TITLE);
    }
    canvas.height = frame.bottom + cost_axis::ROOM;
    Ok(canvas)
}

fn subtitle(data: &Frontier, plot: &Plot, canvas: &Canvas) -> String {
    let all = data.points.len() + data.unpriced.len();
    let mut parts = vec![
        format!(
            "n\u{A0}=\u{A0}{} priced of {}",
            data.points.len(),
            count(u64::try_from(all).unwrap_or(u64::MAX), "run", "runs")
        ),
        format!("cost basis: {}", header::listed(canvas, std::slice::from_ref(&data.basis))),
    ];
    let unlabelled = plot.placed.iter().filter(|label| label.is_none()).count();
    if unlabelled > 0 {
        parts.push(format!(
            "{unlabelled}\u{A0}of {}\u{A0}points without a label for want of room",
            data.points.len()
        ));
    }
    if !data.unpriced.is_empty() {
        parts.push(format!("unknown cost, not drawn: {}", header::listed(canvas, &data.unpriced)));
    }
    parts.join(" · ")
}

fn entries(data: &Frontier) -> Vec<Entry<'static>> {
    let mut entries = Vec::new();
    if data.points.iter().any(|point| point.on_frontier) {
        entries.push(Entry {
            sample: (18.0, 6.0),
            draw: Box::new(|canvas, area| {
                let y = f64::midpoint(area.top, area.bottom);
                canvas.line(&[(area.left, y), (area.right, y)], BLUE, 1.0, SOLID);
                let middle = (f64::midpoint(area.left, area.right), y);
                marker::draw(canvas, Marker::Disc, middle, MARKER, BLUE);
            }),
            text: "Pareto frontier".to_owned(),
        });
    }
    if data.points.iter().filter(|point| point.on_hull).count() > 1 {
        entries.push(Entry {
            sample: (18.0, 6.0),
            draw: Box::new(|canvas, area| {
                let y = f64::midpoint(area.top, area.bottom);
                canvas.line(&[(area.left, y), (area.right, y)], VERMILLION, 0.7, DASHED);
            }),
            text: "mixtures of two runs".to_owned(),
        });
    }
    if data.points.iter().any(|point| !point.on_frontier) {
        entries.push(Entry {
            sample: (6.0, 6.0),
            draw: Box::new(|canvas, area| {
                let middle =
                    (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom));
                marker::draw(canvas, Marker::Ring, middle, MARKER, MID_GREY);
            }),
            text: "dominated".to_owned(),
        });
    }
    entries
}

fn draw_axes(canvas: &mut Canvas, data: &Frontier, plot: &Plot, down: f64) {
    let frame = plot.frame.lowered(down);
    for tick in plot.y.ticks() {
        let y = tick.at + down;
        canvas.line(&[(frame.left, y), (frame.right, y)], GRID, 0.5, SOLID);
        canvas.text_level(&tick.label, (frame.left - 4.0, y), Anchor::End, LABEL);
    }
    cost_axis::draw(canvas, plot.x, frame, frame.bottom, INSET);
    canvas.line(&[(frame.left, frame.top), (frame.left, frame.bottom)], BLACK, 0.6, SOLID);
    let title =
        fit(&canvas.fonts, &score_title(data), AXIS_TITLE.size, AXIS_TITLE.bold, frame.height());
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright(&title, (MARGIN + 7.0, middle), AXIS_TITLE);
}

/// Label and unit of the score, without two parentheses in a row.
fn score_title(data: &Frontier) -> String {
    if data.score_unit.is_empty() {
        data.score_label.clone()
    } else if data.score_label.contains('(') {
        format!("{}, {}", data.score_label, data.score_unit)
    } else {
        format!("{} ({})", data.score_label, data.score_unit)
    }
}

fn draw_points(canvas: &mut Canvas, data: &Frontier, plot: &Plot, down: f64) {
    let lower = |(x, y): Point| (x, y + down);
    let steps: Vec<Point> =
        staircase(data, &plot.points, plot.frame.right).into_iter().map(lower).collect();
    canvas.line(&steps, BLUE, 1.0, SOLID);
    let mixtures: Vec<Point> = hull(data, &plot.x, &plot.y).into_iter().map(lower).collect();
    canvas.line(&mixtures, VERMILLION, 0.7, DASHED);
    // White behind the words, so that no line runs through them.
    for label in plot.placed.iter().flatten() {
        canvas.block(label.area.lowered(down).grown(-0.4), WHITE);
    }
    for (from, to) in plot.placed.iter().flatten().filter_map(|label| label.leader) {
        canvas.line(&[lower(from), lower(to)], GREY, 0.4, SOLID);
    }
    // Frontier runs last, so that no hollow marker covers one.
    for is_frontier in [false, true] {
        for (point, &at) in data.points.iter().zip(&plot.points) {
            if point.on_frontier == is_frontier {
                let (shape, color) =
                    if is_frontier { (Marker::Disc, BLUE) } else { (Marker::Ring, MID_GREY) };
                marker::draw(canvas, shape, lower(at), MARKER, color);
                let unit = if data.score_unit.is_empty() { "" } else { " " };
                let scored = format!("{}{unit}{}", score(point.score), data.score_unit);
                let (label, cost) = (named(&point.label), money(point.cost_usd));
                let tip = format!("{label}: {scored}, {cost}");
                canvas.tip(Area::around(lower(at), 2.0 * MARKER), &tip);
            }
        }
    }
    for ((name, style), label) in plot.names.iter().zip(&plot.placed) {
        if let Some(label) = label {
            let baseline = label.area.top + ASCENT * style.size + down;
            canvas.text(name, (label.area.left, baseline), Anchor::Start, *style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn runs_at_one_spot_are_tidy() {
        let mut data = fixture::frontier(8);
        for point in &mut data.points {
            point.cost_usd = 1.0;
            point.score = 50.0;
        }
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 15, 60] {
            let data = fixture::frontier(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn no_points_say_why() {
        let mut data = fixture::frontier(0);
        data.unpriced = vec!["a".to_owned()];
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("no run has both a score and a cost"));
        assert!(text.contains("unknown cost, not drawn: a"));
        assert!(!text.contains("<circle"));
    }

    #[test]
    fn hostile_names_are_inert() {
        let mut data = fixture::frontier(6);
        for (point, name) in data.points.iter_mut().zip(fixture::HOSTILE) {
            point.label = name.to_owned();
        }
        data.score_label = fixture::HOSTILE[0].repeat(5);
        data.score_unit = fixture::HOSTILE[1].to_owned();
        data.unpriced = fixture::HOSTILE.map(str::to_owned).to_vec();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }
}
