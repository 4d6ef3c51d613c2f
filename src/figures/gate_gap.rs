//! The mean score of every run as it is, and what a gate leaves of it, one row each.

use plotters::style::RGBColor;

use crate::analysis::{GateGap, GateGapRow, GateGaps};

use super::area::{Area, Point};
use super::canvas::{Anchor, Canvas, Style};
use super::error::{FigureError, require_finite};
use super::header::{self, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::legend::{self, Entry};
use super::number::{plain, real, score};
use super::palette::{BLACK, BLUE, DARK, GREY};
use super::ranked::require_between;
use super::scale::{self, Scale};
use super::sheet::Sheet;
use super::stroke::{DOTTED, SOLID};
use super::svg::Svg;
use super::vendors::{self, Vendors};
use super::wording::{count, fit, named};

const ROW: f64 = 10.0;
const HEAD: f64 = 11.0;
/// Reach of the mark of a mean as it is, and of the one under the gate.
const DISC: f64 = 2.1;
const RING: f64 = 2.4;
/// Reach of the inner mark where the two are at one place.
const CORE: f64 = 1.3;
/// Half the height of the tick of the variant.
const TICK: f64 = 3.3;
const LINE: f64 = 1.0;
/// A frame narrower than this asks for a wider figure.
const LEAST_FRAME: f64 = 84.0;
/// From the frame to 0 and to 100.
const INSET: f64 = 4.0;
const COLUMN_GAP: f64 = 6.0;
const LABEL_GAP: f64 = 4.0;
/// The label of the means of all runs.
const SUMMARY: &str = "mean";
/// Means closer than this are one.
const SAME: f64 = 1e-9;
/// The numbers at the right.
const HEADS: [&str; 3] = ["GCPS", "E2E-PRS", "gap"];

/// Three means of one run, or of all.
#[derive(Debug, Clone, Copy)]
struct Means {
    ungated: f64,
    zeroed: f64,
    kept: f64,
}

impl Means {
    fn of(row: &GateGapRow) -> Self {
        Self { ungated: row.ungated, zeroed: row.zeroed, kept: row.kept }
    }

    fn of_all(mean: GateGap) -> Option<Self> {
        Some(Self { ungated: mean.ungated?, zeroed: mean.zeroed?, kept: mean.kept? })
    }

    fn check(self, label: &str) -> Result<(), FigureError> {
        require_between("mean score", label, self.ungated, 0.0, 100.0)?;
        require_between("mean score, failing stage kept", label, self.kept, 0.0, self.ungated)?;
        require_between("mean score under the gate", label, self.zeroed, 0.0, self.kept)
    }

    fn texts(self) -> [String; 3] {
        [self.ungated, self.zeroed, self.ungated - self.zeroed].map(|value| format!("{value:.1}"))
    }
}

/// Where the rows and the numbers are.
struct Plot {
    frame: Area,
    scale: Scale,
    /// Right edges of the numbers.
    numbers: [f64; 3],
}

/// Draws two marks per run, joined by a line, best mean score first, and the means of all runs below.
pub fn draw(data: &GateGaps, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &GateGaps, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let labels: Vec<String> = data
        .rows
        .iter()
        .map(|row| {
            fit(&canvas.fonts, &row.label, LABEL.size, LABEL.bold, canvas.sheet.label_limit())
        })
        .collect();
    canvas.width = fitting_width(&canvas, &labels);
    let title = format!("Mean score under a gate, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data);
    let y = header::write(&mut canvas, &title, &subtitle);
    let vendors = Vendors::of(data.rows.iter().map(|row| (row.vendor.as_deref(), row.color)));
    let right = canvas.width - MARGIN;
    let y = legend::write(&mut canvas, &entries(&vendors), (MARGIN, y - 3.0), right);
    let makers = vendors.entries(&canvas);
    let top = legend::write(&mut canvas, &makers, (MARGIN, y), right) + 2.0;
    let summary = Means::of_all(data.mean).filter(|_| data.rows.len() > 1);
    let rows = data.rows.len().max(1);
    let bottom = top + HEAD + real(rows) * ROW + if summary.is_some() { ROW + 3.0 } else { 0.0 };
    let plot = plot(&canvas, &labels, Area { left: 0.0, top: top + HEAD, right, bottom });
    for (head, x) in HEADS.into_iter().zip(plot.numbers) {
        canvas.text(head, (x, top + 6.5), Anchor::End, STRONG);
    }
    plot.scale.draw(&mut canvas, plot.frame, "", "Mean stage score", true);
    for (index, (row, label)) in data.rows.iter().zip(&labels).enumerate() {
        let y = plot.frame.top + (real(index) + 0.5) * ROW;
        let color = vendors.color(row.vendor.as_deref(), row.color);
        draw_row(&mut canvas, &plot, y, (label, LABEL), Means::of(row), color);
        let area = Area { top: y - ROW / 2.0, bottom: y + ROW / 2.0, ..plot.frame };
        canvas.tip(area, &told(row));
    }
    if let Some(summary) = summary {
        let rule = plot.frame.bottom - ROW - 1.5;
        canvas.line(&[(MARGIN, rule), (right, rule)], GREY, 0.4, SOLID);
        let y = plot.frame.bottom - ROW / 2.0;
        draw_row(&mut canvas, &plot, y, (SUMMARY, STRONG), summary, BLACK);
    }
    if data.rows.is_empty() {
        let middle = f64::midpoint(plot.frame.left, plot.frame.right);
        let place = (middle, plot.frame.top + ROW / 2.0);
        canvas.text_level("no run has every score", place, Anchor::Middle, NOTE);
    }
    let (notes, limit) = (notes(data, &canvas), canvas.width - 2.0 * MARGIN);
    let below = plot.frame.bottom + scale::ROOM;
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &GateGaps) -> Result<(), FigureError> {
    require_finite("gate", &data.workload, data.gate)?;
    for row in &data.rows {
        Means::of(row).check(&row.label)?;
    }
    Means::of_all(data.mean).map_or(Ok(()), |means| means.check("all runs"))
}

/// Room for the labels, and for each of the numbers.
fn rooms(canvas: &Canvas, labels: &[String]) -> (f64, [f64; 3]) {
    let least = canvas.text_width(SUMMARY, STRONG);
    let label = labels.iter().map(|text| canvas.text_width(text, LABEL)).fold(least, f64::max);
    let widest = canvas.text_width("100.0", STRONG);
    let number = |head| canvas.text_width(head, STRONG).max(widest) + COLUMN_GAP;
    (MARGIN + label + LABEL_GAP, HEADS.map(number))
}

fn fitting_width(canvas: &Canvas, labels: &[String]) -> f64 {
    let (label, numbers) = rooms(canvas, labels);
    let needed = label + LEAST_FRAME + numbers.iter().sum::<f64>() + MARGIN;
    canvas.sheet.fitting(needed).unwrap_or(FULL)
}

/// The frame between the labels and the numbers of `whole`.
fn plot(canvas: &Canvas, labels: &[String], whole: Area) -> Plot {
    let (left, [ungated, zeroed, gap]) = rooms(canvas, labels);
    let numbers = [whole.right - gap - zeroed, whole.right - gap, whole.right];
    let right = numbers[0] - ungated;
    let scale = Scale::of([100.0], left + INSET, right - INSET);
    Plot { frame: Area { left, right, ..whole }, scale, numbers }
}

fn subtitle(data: &GateGaps) -> String {
    [
        runs(data),
        format!("gate at {}: score\u{A0}≥\u{A0}{}", data.gates(), plain(data.gate)),
        "a rule applied to the same scores, not another condition".to_owned(),
        "one run each: no intervals".to_owned(),
    ]
    .join(" · ")
}

fn runs(data: &GateGaps) -> String {
    let all = u64::try_from(data.rows.len() + data.unscored.len()).unwrap_or(u64::MAX);
    let all = count(all, "run", "runs");
    if data.unscored.is_empty() {
        format!("n\u{A0}=\u{A0}{all}")
    } else {
        format!("n\u{A0}=\u{A0}{} of {all}", data.rows.len())
    }
}

fn notes(data: &GateGaps, canvas: &Canvas) -> String {
    let mut text = "Gap: GCPS less E2E-PRS.".to_owned();
    if !data.unscored.is_empty() {
        let names = header::listed(canvas, &data.unscored);
        text = format!("{text} Without a score for every stage, not drawn: {names}.");
    }
    text
}

fn told(row: &GateGapRow) -> String {
    let [ungated, zeroed, kept] = [row.ungated, row.zeroed, row.kept].map(score);
    let failed = row
        .failed
        .map_or_else(|| "no gate failed".to_owned(), |stage| format!("T{stage} fails first"));
    format!(
        "{}: {ungated}, under the gate {zeroed} ({kept} with it kept), {failed}",
        named(&row.label)
    )
}

/// Draws a mark.
type Mark = fn(&mut Canvas, Point, f64, RGBColor);

fn entries(vendors: &Vendors) -> Vec<Entry<'static>> {
    let color = if vendors.are_known() { DARK } else { BLUE };
    let mark = |draw: Mark, radius: f64, text: &str| Entry {
        sample: (2.0 * RING, 2.0 * RING),
        draw: Box::new(move |canvas: &mut Canvas, area: Area| {
            draw(canvas, middle(area), radius, color);
        }),
        text: text.to_owned(),
    };
    let tick = Entry {
        sample: (2.0 * RING, 2.0 * TICK),
        draw: Box::new(move |canvas: &mut Canvas, area: Area| {
            draw_tick(canvas, middle(area), color);
        }),
        text: "failed stage itself kept".to_owned(),
    };
    vec![
        mark(vendors::disc, DISC, "all stages (GCPS)"),
        mark(vendors::ring, RING, "zero from the first failed stage on (E2E-PRS)"),
        tick,
    ]
}

fn middle(area: Area) -> Point {
    (f64::midpoint(area.left, area.right), f64::midpoint(area.top, area.bottom))
}

fn draw_tick(canvas: &mut Canvas, (x, y): Point, color: RGBColor) {
    vendors::line(canvas, &[(x, y - TICK), (x, y + TICK)], LINE, color);
}

fn draw_row(
    canvas: &mut Canvas,
    plot: &Plot,
    y: f64,
    (label, style): (&str, Style),
    means: Means,
    color: RGBColor,
) {
    let at = |value: f64| (plot.scale.at(value), y);
    let (disc, ring) = (at(means.ungated), at(means.zeroed));
    canvas.text_level(label, (plot.frame.left - LABEL_GAP, y), Anchor::End, style);
    canvas.line(&[(plot.frame.left, y), ring], GREY, 0.3, DOTTED);
    vendors::line(canvas, &[ring, disc], LINE, color);
    draw_tick(canvas, at(means.kept), color);
    vendors::ring(canvas, ring, RING, color);
    let is_same = means.ungated - means.zeroed < SAME;
    vendors::disc(canvas, disc, if is_same { CORE } else { DISC }, color);
    for (text, x) in means.texts().iter().zip(plot.numbers) {
        canvas.text_level(text, (x, y), Anchor::End, style);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_scores};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 2, 15, 60] {
            let data = fixture_scores::gate_gaps(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn numbers_stand_in_the_row_of_their_run() {
        let data = fixture_scores::gate_gaps(15);
        let canvas = layout(&data, Sheet::default()).unwrap();
        let find = |text: &str| canvas.texts().iter().find(|t| t.text == text).unwrap().area;
        let label = find("deepseek-v4-pro");
        // By hand from the six published scores: 522.19 / 6, and 383.56 / 6 up to T3.
        for (number, head) in [("87.0", "GCPS"), ("63.9", "E2E-PRS"), ("23.1", "gap")] {
            let (number, head) = (find(number), find(head));
            assert!((number.top - label.top).abs() < 1e-6);
            assert!((number.right - head.right).abs() < 1e-6);
        }
    }

    #[test]
    fn the_means_of_all_come_last_and_only_where_there_are_several() {
        let text = |runs| {
            let data = fixture_scores::gate_gaps(runs);
            draw(&data, Sheet::default()).unwrap().as_str().to_owned()
        };
        assert!(text(2).contains(">mean<") && !text(1).contains(">mean<"));
    }

    #[test]
    fn runs_without_all_scores_are_named() {
        let mut data = fixture_scores::gate_gaps(0);
        data.unscored = vec!["glm-4.6".to_owned()];
        data.stages = Some(vec![0, 1, 2, 3]);
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("no run has every score") && text.contains("glm-4.6"));
        assert!(text.contains("n = 0 of 1 run") && text.contains("gate at T0–T3"));
    }

    #[test]
    fn what_no_gate_leaves_is_refused() {
        let changes: [fn(&mut GateGaps); 5] = [
            |data| data.gate = f64::INFINITY,
            |data| data.rows[0].ungated = f64::NAN,
            |data| data.rows[0].ungated = 101.0,
            |data| data.rows[0].zeroed = data.rows[0].kept + 1.0,
            |data| data.mean.kept = data.mean.ungated.map(|mean| mean + 1.0),
        ];
        for change in changes {
            let mut data = fixture_scores::gate_gaps(3);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_scores::gate_gaps(6);
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
                row.vendor = Some(name.repeat(9));
            }
            data.workload = name.repeat(9);
            data.unscored = vec![name.repeat(9)];
            data.stages = Some((0..300).step_by(2).collect());
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
