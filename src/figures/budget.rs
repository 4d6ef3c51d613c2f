//! Score, and share of stages passed, that were reached with at most so much of a resource.

use plotters::style::RGBColor;

use crate::analysis::{BudgetCurve, BudgetCurves, BudgetLines, Resource};

use super::area::Area;
use super::axis::{LinearAxis, LogAxis};
use super::budget_lines::{Measure, Plot, Spent, draw_band, draw_curve, draw_mean, draw_tips};
use super::canvas::{Anchor, Canvas, Style};
use super::cost_axis;
use super::error::{FigureError, require_amount, require_finite, require_positive};
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, STRONG};
use super::legend;
use super::line_ends::{self, End, LEAD};
use super::number::{plain, real};
use super::palette::{BLACK, GREY, GRID, WHITE};
use super::ranked::require_between;
use super::sheet::Sheet;
use super::stroke::{DASHED, SOLID};
use super::svg::Svg;
use super::vendors::Vendors;
use super::wording::{count, fit};

/// Heights of the two panels: names stand beside the upper one.
const UPPER: f64 = 130.0;
const LOWER: f64 = 62.0;
const PANEL_GAP: f64 = 9.0;
const LEFT: f64 = 37.0;
const INSET: f64 = 4.0;
/// A frame narrower than this asks for a wider figure.
const LEAST_FRAME: f64 = 120.0;
/// Between two names.
const STEP: f64 = 8.0;
/// More runs than this cannot all be named.
pub(super) const MOST_NAMED: usize = 15;

/// Draws a step line per run and their mean in bold, over a log scale of what was spent; below it the same for the
/// share of stages passed.
pub fn draw(data: &BudgetCurves, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &BudgetCurves, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let limit = canvas.sheet.label_limit();
    let named: Vec<String> = data
        .curves
        .iter()
        .take(MOST_NAMED)
        .map(|curve| fit(&canvas.fonts, &curve.label, LABEL.size, LABEL.bold, limit))
        .collect();
    let mean = format!("mean of {}", data.runs);
    let names = named.iter().map(|name| canvas.text_width(name, LABEL));
    let widest = names.chain([canvas.text_width(&mean, STRONG)]).fold(0.0, f64::max);
    let beside = LEFT + LEAD + widest + MARGIN;
    canvas.width = sheet.fitting(beside + LEAST_FRAME).unwrap_or(FULL);
    let spent = Spent::of(data);
    let title = format!("Score within a budget, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas, &spent);
    let top = header::write(&mut canvas, &title, &subtitle);
    let vendors = Vendors::of(data.curves.iter().map(|c| (c.vendor.as_deref(), c.color)));
    let colors: Vec<RGBColor> =
        data.curves.iter().map(|c| vendors.color(c.vendor.as_deref(), c.color)).collect();
    let edge = canvas.width - MARGIN;
    let entries = vendors.entries(&canvas);
    let top = legend::write(&mut canvas, &entries, (MARGIN, top - 3.0), edge) + 2.0;

    let right = canvas.width - MARGIN - widest - LEAD;
    let upper = Area { left: LEFT, top, right, bottom: top + UPPER };
    let lower_top = upper.bottom + PANEL_GAP;
    let lower = Area { left: LEFT, top: lower_top, right, bottom: lower_top + LOWER };
    let budgets = all_curves(data).flat_map(|curve| &curve.steps).map(|step| step.spent);
    let budgets = budgets.chain([data.most]).filter(|budget| *budget > 0.0);
    let axis = LogAxis::new(budgets.map(|b| b / spent.unit), LEFT + 3.0 * INSET, right - INSET);
    let axis = axis.with_prefix(spent.prefix);
    let whole = Area { bottom: lower.bottom, ..upper };
    cost_axis::draw_titled(&mut canvas, axis, (whole, lower.bottom), INSET, &spent.title);
    // The gap belongs to neither panel.
    let gap = Area { top: upper.bottom + 0.4, bottom: lower.top, ..upper };
    canvas.block(gap, WHITE);
    for (frame, measure) in [(upper, Measure::Score), (lower, Measure::Passed)] {
        let most = all_curves(data).map(|curve| measure.highest(curve));
        let most = most.fold(Measure::whole(), f64::max);
        let linear = LinearAxis::new(0.0, most, frame.bottom - 1.0, frame.top + INSET);
        let plot = Plot { frame, x: axis, y: linear, unit: spent.unit, measure };
        draw_axes(&mut canvas, &plot);
        if let Some(begun) = &data.begun {
            draw_band(&mut canvas, (&data.mean, begun), &plot);
        }
        draw_limit(&mut canvas, data, &plot);
        for (curve, color) in data.curves.iter().zip(&colors).rev() {
            draw_curve(&mut canvas, curve, &plot, *color);
        }
        draw_mean(&mut canvas, &data.mean, &plot);
        draw_tips(&mut canvas, data, &plot, &spent);
        if measure == Measure::Score {
            write_names(&mut canvas, data, &plot, (&named, &colors), &mean);
        }
    }
    let (notes, limit) = (notes(data, &canvas), canvas.width - 2.0 * MARGIN);
    let below = lower.bottom + cost_axis::ROOM;
    let below = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, header::NOTE);
    canvas.height = below + MARGIN;
    Ok(canvas)
}

/// Every line, the mean and the edge of its band.
fn all_curves(data: &BudgetCurves) -> impl Iterator<Item = &BudgetCurve> {
    data.curves.iter().chain([&data.mean]).chain(&data.begun)
}

fn check(data: &BudgetCurves) -> Result<(), FigureError> {
    require_positive("largest budget", "all runs", data.most)?;
    for curve in all_curves(data) {
        require_finite("score", &curve.label, curve.start.0)?;
        let mut before = 0.0;
        for step in &curve.steps {
            require_amount("budget", &curve.label, step.spent)?;
            require_between("budget", &curve.label, step.spent, before, f64::MAX)?;
            require_between("mean score", &curve.label, step.score, -100.0, 200.0)?;
            require_between("share of stages passed", &curve.label, step.passed, 0.0, 1.0)?;
            before = step.spent;
        }
    }
    Ok(())
}

fn subtitle(data: &BudgetCurves, canvas: &Canvas, spent: &Spent) -> String {
    let all = data.runs + data.left_out.len();
    let runs = count(u64::try_from(all).unwrap_or(u64::MAX), "run", "runs");
    let mut parts = vec![if data.left_out.is_empty() {
        format!("n\u{A0}=\u{A0}{runs}")
    } else {
        format!("n\u{A0}=\u{A0}{} of {runs}", data.runs)
    }];
    if data.lines == BudgetLines::Models {
        parts.push("a\u{A0}line per model".to_owned());
    }
    if let Some(basis) = &data.basis {
        let basis = header::listed(canvas, std::slice::from_ref(basis));
        parts.push(format!("cost basis: {basis}"));
    }
    parts.push(format!("gate: score\u{A0}≥\u{A0}{}", plain(data.gate)));
    let before = if data.has_baseline { "the\u{A0}baseline" } else { "0" };
    parts.push(format!("a\u{A0}stage without a\u{A0}result yet counts {before}"));
    parts.push(format!("dashed: largest budget, {}", spent.written(data.most)));
    if data.curves.len() > MOST_NAMED {
        parts.push(format!(
            "named: the {MOST_NAMED}\u{A0}of\u{A0}{} that end highest",
            data.curves.len()
        ));
    }
    parts.push("no\u{A0}intervals".to_owned());
    parts.join(" · ")
}

fn notes(data: &BudgetCurves, canvas: &Canvas) -> String {
    let mut text = "Lines step up when the result of a stage comes in; dots mark the last result of a run, after which \
                    its score stays. Stages are serial."
        .to_owned();
    if data.begun.is_some() {
        text.push_str(" Band: up to the mean with stages in work at their final score.");
    }
    match (data.resource, data.lines) {
        (Resource::Time, BudgetLines::Runs) => {
            text.push_str(" Time as the harness reports it, grading included.");
        }
        (Resource::Time, BudgetLines::Models) => {
            text.push_str(" Time since the first event of a run, grading included.");
        }
        _ => {}
    }
    if !data.left_out.is_empty() {
        let names = header::listed(canvas, &data.left_out);
        text = format!("{text} Not drawn, {} by stage unknown: {names}.", data.resource.name());
    }
    text
}

fn draw_axes(canvas: &mut Canvas, plot: &Plot) {
    let frame = plot.frame;
    for tick in plot.y.ticks() {
        let y = tick.at;
        canvas.line(&[(frame.left, y), (frame.right, y)], GRID, 0.5, SOLID);
        canvas.text_level(&tick.label, (frame.left - 4.0, y), Anchor::End, LABEL);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright(plot.measure.title(), (MARGIN + 7.0, middle), AXIS_TITLE);
}

/// The largest budget, where the areas under the curves end.
fn draw_limit(canvas: &mut Canvas, data: &BudgetCurves, plot: &Plot) {
    let x = plot.at(data.most);
    canvas.line(&[(x, plot.frame.top), (x, plot.frame.bottom)], GREY, 0.6, DASHED);
}

fn write_names(
    canvas: &mut Canvas,
    data: &BudgetCurves,
    plot: &Plot,
    (named, colors): (&[String], &[RGBColor]),
    mean: &str,
) {
    let end = |curve: &BudgetCurve| (plot.frame.right, plot.end(curve).1);
    let mut ends: Vec<End<'_>> = data
        .curves
        .iter()
        .zip(named)
        .zip(colors)
        .map(|((curve, name), color)| End { at: end(curve), name, style: LABEL, color: *color })
        .collect();
    let style = Style { color: BLACK, ..STRONG };
    ends.push(End { at: end(&data.mean), name: mean, style, color: BLACK });
    let least = real(ends.len()) * STEP;
    let frame = Area { bottom: plot.frame.bottom.max(plot.frame.top + least), ..plot.frame };
    line_ends::write(canvas, ends, frame, STEP);
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_runs};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for resource in Resource::ALL {
            for (runs, stages) in [(1, 1), (2, 6), (15, 6), (60, 12)] {
                for make in [fixture_runs::budget, fixture_runs::event_budget] {
                    let data = make(runs, stages, resource);
                    fixture::assert_tidy(|sheet| layout(&data, sheet));
                }
            }
        }
    }

    #[test]
    fn as_many_runs_are_named_as_fit() {
        let text = |runs| {
            let data = fixture_runs::budget(runs, 6, Resource::Money);
            let canvas = layout(&data, Sheet::default()).unwrap();
            canvas.texts().iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ")
        };
        assert!(text(15).contains("mean of 15") && !text(15).contains("named:"));
        assert!(text(60).contains("named: the 15 of 60 that end highest"));
    }

    #[test]
    fn conventions_and_what_is_left_out_are_said() {
        let mut data = fixture_runs::budget(3, 6, Resource::Money);
        let text = |data: &BudgetCurves| {
            let canvas = layout(data, Sheet::default()).unwrap();
            canvas.texts().iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ")
        };
        assert!(text(&data).contains("result yet counts 0"));
        data.has_baseline = true;
        data.left_out = vec!["glm-4.6".to_owned()];
        let text = text(&data);
        assert!(text.contains("counts the baseline") && text.contains("n = 3 of 4 runs"));
        assert!(text.contains("cost by stage unknown: glm-4.6."));
        let events = fixture_runs::event_budget(3, 6, Resource::Time);
        let canvas = layout(&events, Sheet::default()).unwrap();
        let text = canvas.texts().iter().map(|t| t.text.clone()).collect::<Vec<_>>().join(" ");
        assert!(text.contains("n = 6 runs") && text.contains("a line per model"), "{text}");
        assert!(text.contains("Band:") && text.contains("since the first event"), "{text}");
    }

    #[test]
    fn free_results_and_extreme_budgets_stay_on_the_canvas() {
        let mut data = fixture_runs::budget(2, 3, Resource::Tokens);
        data.curves[0].steps[0].spent = 0.0;
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        for most in [1e-200, 1e200] {
            data.most = most;
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let changes: [fn(&mut BudgetCurves); 8] = [
            |data| data.most = 0.0,
            |data| data.most = f64::NAN,
            |data| data.curves[0].start.0 = f64::NAN,
            |data| data.curves[0].steps[1].spent = 0.0,
            |data| data.curves[0].steps[0].spent = -1.0,
            |data| data.mean.steps[0].score = f64::INFINITY,
            |data| data.mean.steps[0].passed = 1.5,
            |data| data.begun = Some(BudgetCurve { start: (f64::NAN, 0.0), ..data.mean.clone() }),
        ];
        for change in changes {
            let mut data = fixture_runs::budget(2, 3, Resource::Money);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_runs::budget(4, 3, Resource::Money);
            (data.workload, data.basis) = (name.repeat(9), Some(name.to_owned()));
            data.curves.iter_mut().for_each(|curve| name.clone_into(&mut curve.label));
            data.left_out = vec![name.repeat(9); 3];
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
