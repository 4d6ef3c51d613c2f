//! How far a ranking depends on the choices behind it: a specification curve.

use crate::analysis::{Specification, SpecificationCurve};

use super::area::Area;
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas};
use super::choice_rows::{self, groups, left_room};
use super::error::FigureError;
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::marker::{self, Marker};
use super::number::real;
use super::palette::{BLACK, BLUE, GRID, SHADE, VERMILLION};
use super::ranked::{self, require_length, require_tau};
use super::sheet::Sheet;
use super::stroke::{DASHED, SOLID};
use super::svg::Svg;
use super::wording::{count, named};

const PANEL: f64 = 78.0;
const INSET: f64 = 4.0;
/// Room for the name of the default above the panel.
const HEAD: f64 = 9.0;
/// Room for the axis of the panel.
const LEAST_LEFT: f64 = 38.0;
/// Columns narrower than this ask for a wider figure, up to two columns of a journal.
const LEAST_SLOT: f64 = 5.0;
/// Columns are nowhere narrower than this.
const SLIGHTEST_SLOT: f64 = 1.4;
/// A frame narrower than this asks for a wider figure.
const LEAST_FRAME: f64 = 60.0;
/// Reach of a point where there is room.
const MARKER: f64 = 2.0;
const LEAST_MARKER: f64 = 1.0;
/// The axis holds at least this and perfect agreement.
const LEAST_TAU: f64 = 0.8;
/// Runs in first place that a tooltip names.
const MOST_TOLD: usize = 3;

/// Draws the agreement of every combination with the ranking of the pack, lowest first, and
/// beneath it who comes first and which options each combination takes.
pub fn draw(data: &SpecificationCurve, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &SpecificationCurve, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let groups = groups(&canvas, data);
    let left = left_room(&canvas, &groups).max(LEAST_LEFT);
    canvas.width = fitting_width(sheet, left, data.specifications.len());
    let title =
        format!("Agreement under other choices, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle) + HEAD;
    let right = canvas.width - MARGIN;
    let frame = Area { left, top, right, bottom: top + PANEL };
    let matrix = Area { top: frame.bottom + 4.0, ..frame };
    let bottom = matrix.top + choice_rows::height(&groups);
    draw_undefined(&mut canvas, data, frame);
    let axis = axis(data, frame);
    draw_axis(&mut canvas, axis, frame);
    draw_default(&mut canvas, data, Area { bottom, ..frame });
    choice_rows::draw(&mut canvas, &groups, Area { bottom, ..matrix });
    draw_points(&mut canvas, data, axis, frame);
    if data.specifications.is_empty() {
        let middle = f64::midpoint(frame.left, frame.right);
        let place = (middle, f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no combinations", place, Anchor::Middle, NOTE);
    }
    let (notes, limit) = (notes(data), canvas.width - 2.0 * MARGIN);
    canvas.height =
        header::paragraph(&mut canvas, &notes, (MARGIN, bottom + 3.0), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &SpecificationCurve) -> Result<(), FigureError> {
    for one in &data.specifications {
        require_tau("specification", one.tau_b)?;
        require_length("number of options", "specification", one.options.len(), data.axes.len())?;
        for (option, axis) in one.options.iter().zip(&data.axes) {
            if *option >= axis.options.len() {
                let (label, value) = (axis.name.clone(), real(*option));
                return Err(FigureError::Value { what: "option", label, value });
            }
        }
    }
    if data.possible < data.specifications.len() {
        let (label, value) = (data.metric.clone(), real(data.possible));
        return Err(FigureError::Value { what: "number of combinations", label, value });
    }
    Ok(())
}

/// The narrowest figure with room for every column.
fn fitting_width(sheet: Sheet, left: f64, columns: usize) -> f64 {
    let needed = |slot: f64| left + LEAST_FRAME.max(real(columns) * slot) + MARGIN;
    let roomy = sheet.fitting(needed(LEAST_SLOT));
    roomy.unwrap_or_else(|| FULL.max(needed(SLIGHTEST_SLOT)))
}

fn subtitle(data: &SpecificationCurve, canvas: &Canvas) -> String {
    let all = data.specifications.len();
    let n = count(u64::try_from(all).unwrap_or(u64::MAX), "combination", "combinations");
    let mut parts = vec![
        if data.possible > all {
            format!("n\u{A0}=\u{A0}{n} of {} possible", data.possible)
        } else {
            format!("n\u{A0}=\u{A0}{n}")
        },
        header::listed(canvas, std::slice::from_ref(&data.metric)),
        format!("τ-b\u{A0}{}", ranked::tau_range(data.specifications.iter().map(|s| s.tau_b))),
    ];
    if let Some(pack) = data.specifications.iter().find(|s| s.is_default) {
        let changed =
            data.specifications.iter().filter(|s| !is_same(&s.first, &pack.first)).count();
        parts.push(if changed == 0 {
            "first place never differs".to_owned()
        } else {
            format!("first place differs in\u{A0}{changed}")
        });
    }
    parts.join(" · ")
}

fn is_same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|label| other.contains(label))
}

fn notes(data: &SpecificationCurve) -> String {
    let mut text = "Each column is one combination of choices; τ-b: agreement of its ranking with \
                    that of the pack as it is. Bold: the pack’s own options and first place."
        .to_owned();
    if data.specifications.iter().any(|s| s.tau_b.is_none()) {
        text.push_str(" Shaded: τ-b is undefined.");
    }
    text
}

fn axis(data: &SpecificationCurve, frame: Area) -> LinearAxis {
    let taus = data.specifications.iter().filter_map(|s| s.tau_b);
    let values = taus.chain([LEAST_TAU, 1.0]);
    LinearAxis::of(values, frame.bottom - INSET, frame.top + INSET)
}

fn draw_axis(canvas: &mut Canvas, axis: LinearAxis, frame: Area) {
    let mut widest = 0.0;
    for tick in axis.ticks() {
        let label = tick.label.replace('-', "−");
        canvas.line(&[(frame.left, tick.at), (frame.right, tick.at)], GRID, 0.5, SOLID);
        canvas.text_level(&label, (frame.left - 4.0, tick.at), Anchor::End, LABEL);
        widest = canvas.text_width(&label, LABEL).max(widest);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    let x = frame.left - 4.0 - widest - 6.0;
    canvas.text_upright("τ-b with the pack", (x, middle), AXIS_TITLE);
}

fn slot(data: &SpecificationCurve, frame: Area) -> f64 {
    frame.width() / real(data.specifications.len().max(1))
}

/// Shades the columns that have no point.
fn draw_undefined(canvas: &mut Canvas, data: &SpecificationCurve, frame: Area) {
    let slot = slot(data, frame);
    for (index, _) in data.specifications.iter().enumerate().filter(|(_, s)| s.tau_b.is_none()) {
        let left = frame.left + real(index) * slot;
        canvas.block(Area { left, right: left + slot, ..frame }, SHADE);
    }
}

/// A line through panel and matrix, named above.
fn draw_default(canvas: &mut Canvas, data: &SpecificationCurve, whole: Area) {
    let Some(index) = data.specifications.iter().position(|s| s.is_default) else {
        return;
    };
    let x = whole.left + (real(index) + 0.5) * slot(data, whole);
    canvas.line(&[(x, whole.top - 1.5), (x, whole.bottom)], VERMILLION, 0.7, DASHED);
    let text = "the pack as it is";
    let half = canvas.text_width(text, STRONG) / 2.0;
    let middle = x.min(canvas.width - MARGIN - half);
    canvas.text(text, (middle, whole.top - 3.5), Anchor::Middle, STRONG);
}

fn draw_points(canvas: &mut Canvas, data: &SpecificationCurve, axis: LinearAxis, frame: Area) {
    let slot = slot(data, frame);
    let radius = (slot * 0.45).clamp(LEAST_MARKER, MARKER);
    let at = |index: usize, one: &Specification| {
        Some((frame.left + (real(index) + 0.5) * slot, axis.at(one.tau_b?)))
    };
    // The default last, so that no other point covers it.
    for is_default in [false, true] {
        for (index, one) in data.specifications.iter().enumerate() {
            if let Some(place) = at(index, one).filter(|_| one.is_default == is_default) {
                if is_default {
                    marker::draw(canvas, Marker::Diamond, place, MARKER * 1.3, VERMILLION);
                } else {
                    marker::draw(canvas, Marker::Disc, place, radius, BLUE);
                }
                canvas.tip(Area::around(place, MARKER.max(slot / 2.0)), &told(data, one));
            }
        }
    }
}

/// A combination in words.
fn told(data: &SpecificationCurve, one: &Specification) -> String {
    let chosen = data.axes.iter().zip(&one.options);
    let choices: Vec<String> = chosen
        .map(|(axis, option)| format!("{} {}", named(&axis.name), named(&axis.options[*option])))
        .collect();
    let first: Vec<String> = one.first.iter().take(MOST_TOLD).map(|run| named(run)).collect();
    let more = if one.first.len() > MOST_TOLD { " and others" } else { "" };
    format!(
        "τ-b {}, first: {}{more}; {}",
        ranked::tau(one.tau_b),
        first.join(", "),
        choices.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_ranks};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for sizes in [&[][..], &[1], &[4], &[3, 2, 2], &[4, 4, 2, 2], &[4, 4, 4, 4], &[4; 5]] {
            let data = fixture_ranks::specification(sizes);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
        let mut data = fixture_ranks::specification(&[3, 2]);
        data.specifications.clear();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn width_follows_the_combinations() {
        let width = |sizes: &[usize]| {
            layout(&fixture_ranks::specification(sizes), Sheet::default()).unwrap().width
        };
        assert!((width(&[3]) - COLUMN).abs() < 1e-6);
        assert!((width(&[4, 4, 4, 4]) - FULL).abs() < 1e-6);
    }

    #[test]
    fn inert_choices_and_the_default_are_marked() {
        let text = draw(&fixture_ranks::specification(&[3, 2, 2, 2]), Sheet::default())
            .unwrap()
            .as_str()
            .to_owned();
        assert_eq!(text.matches(">changes nothing<").count(), 1);
        assert_eq!(text.matches(">the pack as it is<").count(), 1);
        assert_eq!(text.matches("<polygon").count(), 1);
    }

    #[test]
    fn what_is_undefined_or_was_left_out_is_said() {
        let mut data = fixture_ranks::specification(&[3, 2]);
        data.specifications[0].tau_b = None;
        data.possible = 900;
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("n = 6 combinations of 900 possible"));
        assert!(text.contains("undefined"));
        for one in &mut data.specifications {
            (one.tau_b, one.is_default) = (None, false);
            one.first.clear();
        }
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn what_breaks_the_contract_is_refused() {
        let changes: [fn(&mut SpecificationCurve); 5] = [
            |data| data.specifications[1].tau_b = Some(f64::NAN),
            |data| data.specifications[1].tau_b = Some(1.01),
            |data| data.specifications[1].options[0] = 7,
            |data| data.specifications[1].options.push(0),
            |data| data.possible = 1,
        ];
        for change in changes {
            let mut data = fixture_ranks::specification(&[3, 2]);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_ranks::specification(&[4, 2, 2, 2]);
            (data.workload, data.metric) = (name.repeat(9), name.repeat(9));
            for axis in &mut data.axes {
                axis.name = name.repeat(3);
                axis.options.fill(name.repeat(3));
            }
            for (one, name) in data.specifications.iter_mut().zip(fixture::HOSTILE) {
                one.first = vec![name.to_owned()];
            }
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
