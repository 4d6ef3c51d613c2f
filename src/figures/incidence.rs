//! Which share of the runs has failed by each stage, stacked by the cause of the first failure.

use crate::analysis::CumulativeIncidence;

use super::area::Area;
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_amount, require_finite};
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::incidence_layers::{Layer, ROUNDING, draw_layers, layers, sample, write_legend};
use super::number::{percent, plain, real};
use super::palette::{BLACK, GREY};
use super::ranked::{require_between, require_length};
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::count;

const PLOT_HEIGHT: f64 = 128.0;
const INSET: f64 = 4.0;
const LEFT: f64 = 37.0;
/// A frame narrower than this asks for a wider figure, and so does a stage.
const LEAST_FRAME: f64 = 118.0;
const LEAST_SLOT: f64 = 11.0;
/// Names wider than this go into a legend.
const MOST_LABEL: f64 = 112.0;
const LABEL_STEP: f64 = 9.5;
/// Between the frame and the samples of the labels.
const LABEL_GAP: f64 = 10.0;
const SAMPLE: (f64, f64) = (8.0, 6.5);
const SAMPLE_GAP: f64 = 3.0;
const STEPS: [usize; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/// Draws the runs that have not failed, and above them those that have, by cause.
pub fn draw(data: &CumulativeIncidence, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &CumulativeIncidence, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let layers = layers(&canvas, data);
    let widest = layers.iter().map(|layer| canvas.text_width(&layer.label, STRONG));
    let widest = widest.fold(0.0, f64::max);
    let is_direct = !data.stages.is_empty()
        && widest <= MOST_LABEL
        && real(layers.len()) * LABEL_STEP <= PLOT_HEIGHT;
    let right_room =
        if is_direct { LABEL_GAP + SAMPLE.0 + SAMPLE_GAP + widest + MARGIN } else { MARGIN + 2.0 };
    let needed = LEFT + LEAST_FRAME.max(real(data.stages.len()) * LEAST_SLOT) + right_room;
    canvas.width = sheet.fitting(needed).unwrap_or(FULL);
    let title = format!("First failures by cause, {}", header::workload(&canvas, &data.workload));
    let mut top = header::write(&mut canvas, &title, &subtitle(data));
    if !is_direct && !data.stages.is_empty() {
        top = write_legend(&mut canvas, &layers, top - 3.0) + 4.0;
    }
    let right = canvas.width - right_room;
    let frame = Area { left: LEFT, top, right, bottom: top + PLOT_HEIGHT };
    let axis = LinearAxis::new(0.0, 100.0, frame.bottom, frame.top + INSET);
    draw_layers(&mut canvas, &layers, axis, frame);
    tip_layers(&mut canvas, data, &layers, axis, frame);
    draw_axis(&mut canvas, axis, frame);
    if is_direct {
        draw_labels(&mut canvas, &layers, axis, frame);
    }
    if data.stages.is_empty() {
        let middle = f64::midpoint(frame.left, frame.right);
        let place = (middle, f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no stages", place, Anchor::Middle, NOTE);
    }
    let below = draw_stages(&mut canvas, data, frame);
    let limit = canvas.width - 2.0 * MARGIN;
    let notes = notes(data);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &CumulativeIncidence) -> Result<(), FigureError> {
    let stages = data.stages.len();
    require_finite("gate", &data.workload, data.gate)?;
    require_length("number of stages at risk", &data.workload, data.at_risk.len(), stages)?;
    require_length("number of shares", "surviving", data.surviving.len(), stages)?;
    for cause in &data.causes {
        require_length("number of shares", &cause.cause, cause.shares.len(), stages)?;
        for pair in cause.shares.windows(2) {
            // A run that has failed stays so.
            require_amount("rise of a share", &cause.cause, pair[1] - pair[0] + ROUNDING)?;
        }
    }
    for index in 0..stages {
        let label = format!("T{}", data.stages[index]);
        let shares = || data.causes.iter().map(|cause| cause.shares[index]);
        for share in shares().chain([data.surviving[index]]) {
            require_between("share", &label, share, 0.0, 1.0 + ROUNDING)?;
        }
        let all = shares().sum::<f64>() + data.surviving[index];
        require_between("sum of shares", &label, all, 1.0 - ROUNDING, 1.0 + ROUNDING)?;
    }
    let runs = u64::try_from(data.runs).unwrap_or(u64::MAX);
    let mut before = runs;
    for &at_risk in &data.at_risk {
        if at_risk > before {
            let (label, value) = (data.workload.clone(), counted(at_risk));
            return Err(FigureError::Value { what: "number of runs at risk", label, value });
        }
        before = at_risk;
    }
    if data.censored > runs {
        let (label, value) = (data.workload.clone(), counted(data.censored));
        return Err(FigureError::Value { what: "number of censored runs", label, value });
    }
    Ok(())
}

fn counted(n: u64) -> f64 {
    real(usize::try_from(n).unwrap_or(usize::MAX))
}

fn subtitle(data: &CumulativeIncidence) -> String {
    let runs = u64::try_from(data.runs).unwrap_or(u64::MAX);
    format!(
        "n\u{A0}=\u{A0}{} · gate: score\u{A0}≥\u{A0}{} · censored: {}",
        count(runs, "run", "runs"),
        plain(data.gate),
        count(data.censored, "run", "runs")
    )
}

fn notes(data: &CumulativeIncidence) -> String {
    let mut text = "By cause: share whose first failure was at this or an earlier stage. No \
                    failure: share that passed every stage so far."
        .to_owned();
    if data.censored > 0 {
        text.push_str(
            " Censored: ended by infrastructure, or without a score, before a failure; at risk \
             until then.",
        );
    }
    text
}

/// Says the share of every layer at every stage.
fn tip_layers(
    canvas: &mut Canvas,
    data: &CumulativeIncidence,
    layers: &[Layer],
    axis: LinearAxis,
    frame: Area,
) {
    let slot = frame.width() / real(data.stages.len().max(1));
    for layer in layers {
        for (index, ((low, high), stage)) in layer.ends.iter().zip(&data.stages).enumerate() {
            if high - low > ROUNDING {
                let (top, height) =
                    (axis.at(high * 100.0), axis.at(low * 100.0) - axis.at(high * 100.0));
                let area = Area::sized(frame.left + real(index) * slot, top, slot, height);
                canvas.tip(area, &format!("T{stage}, {}: {}", layer.name, percent(high - low)));
            }
        }
    }
}

fn draw_axis(canvas: &mut Canvas, axis: LinearAxis, frame: Area) {
    for tick in axis.ticks() {
        canvas.line(&[(frame.left - 2.5, tick.at), (frame.left, tick.at)], BLACK, 0.6, SOLID);
        canvas.text_level(&tick.label, (frame.left - 4.0, tick.at), Anchor::End, LABEL);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright("Runs (%)", (MARGIN + 7.0, middle), AXIS_TITLE);
}

/// Names the layers at their right ends, pushed apart where they would touch.
fn draw_labels(canvas: &mut Canvas, layers: &[Layer], axis: LinearAxis, frame: Area) {
    // From the top down.
    let ends: Vec<(&Layer, f64)> = layers
        .iter()
        .rev()
        .filter_map(|layer| {
            let (low, high) = *layer.ends.last()?;
            Some((layer, axis.at(f64::midpoint(low, high) * 100.0)))
        })
        .collect();
    let wanted: Vec<f64> = ends.iter().map(|(_, y)| *y).collect();
    let (top, bottom) = (frame.top + LABEL_STEP / 2.0, frame.bottom - LABEL_STEP / 2.0 + 2.0);
    for ((layer, from), y) in ends.into_iter().zip(pushed_apart(&wanted, top, bottom)) {
        let left = frame.right + LABEL_GAP;
        let leader = [(frame.right + 0.5, from), (left - 3.5, y), (left - 1.0, y)];
        canvas.line(&leader, GREY, 0.4, SOLID);
        let area = Area::sized(left, y - SAMPLE.1 / 2.0, SAMPLE.0, SAMPLE.1);
        sample(canvas, layer.look, area);
        let style = if layer.is_survivors { STRONG } else { LABEL };
        canvas.text_level(&layer.label, (area.right + SAMPLE_GAP, y), Anchor::Start, style);
    }
}

/// Heights at least a line apart, as close as can be to the wanted ones, which fall.
fn pushed_apart(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut heights: Vec<f64> = Vec::new();
    for y in wanted {
        let least = heights.last().map_or(top, |above| above + LABEL_STEP);
        heights.push(y.max(least));
    }
    let mut most = bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - LABEL_STEP;
    }
    heights
}

/// Stage names and runs at risk; every n-th when all do not fit.
fn draw_stages(canvas: &mut Canvas, data: &CumulativeIncidence, frame: Area) -> f64 {
    let bottom = frame.bottom;
    let slot = frame.width() / real(data.stages.len().max(1));
    let columns: Vec<[String; 2]> = data
        .stages
        .iter()
        .zip(&data.at_risk)
        .map(|(stage, at_risk)| [format!("T{stage}"), at_risk.to_string()])
        .collect();
    let widest =
        columns.iter().flatten().map(|text| canvas.text_width(text, LABEL)).fold(0.0, f64::max);
    let step = STEPS.into_iter().find(|step| real(*step) * slot >= widest + 3.0);
    let step = step.unwrap_or(data.stages.len().max(1));
    for (index, column) in columns.iter().enumerate().step_by(step) {
        let x = frame.left + (real(index) + 0.5) * slot;
        canvas.line(&[(x, bottom), (x, bottom + 2.5)], BLACK, 0.6, SOLID);
        for (text, y) in column.iter().zip([bottom + 10.0, bottom + 30.0]) {
            let half = canvas.text_width(text, LABEL) / 2.0;
            let x = x.min(canvas.width - 1.0 - half);
            canvas.text(text, (x, y), Anchor::Middle, LABEL);
        }
    }
    let middle = f64::midpoint(frame.left, frame.right);
    canvas.text("Stage", (middle, bottom + 19.0), Anchor::Middle, AXIS_TITLE);
    canvas.line(&[(MARGIN, bottom + 22.5), (frame.right, bottom + 22.5)], GREY, 0.3, SOLID);
    canvas.text("at risk", (MARGIN, bottom + 30.0), Anchor::Start, NOTE);
    bottom + 35.0
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_failures};
    use super::*;
    use crate::analysis::CauseIncidence;

    #[test]
    fn every_size_is_tidy() {
        for (runs, stages) in [(0, 0), (0, 3), (1, 1), (15, 6), (60, 6), (15, 30), (60, 200)] {
            let data = fixture_failures::incidence(runs, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn long_names_go_into_a_legend() {
        let mut data = fixture_failures::incidence(15, 6);
        let is_direct = |data: &CumulativeIncidence| {
            let canvas = layout(data, Sheet::default()).unwrap();
            let texts = canvas.texts();
            let at = |start: &str| texts.iter().find(|t| t.text.starts_with(start)).unwrap().area;
            at("no failure").left > at("Stage").right
        };
        assert!(is_direct(&data));
        data.causes[0].cause = fixture::name(3);
        assert!(!is_direct(&data));
        fixture::assert_tidy(|sheet| layout(&data, sheet));
    }

    #[test]
    fn causes_after_the_eighth_are_one() {
        let mut data = fixture_failures::incidence(1, 2);
        data.surviving = vec![0.2, 0.0];
        let cause = |index| CauseIncidence { cause: format!("c{index}"), shares: vec![0.08, 0.1] };
        data.causes = (0..10).map(cause).collect();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains(">2 other causes 20\u{A0}%<") && !text.contains(">c8"));
    }

    #[test]
    fn labels_keep_their_order_and_distance() {
        let heights = pushed_apart(&[10.0, 11.0, 90.0, 90.0, 90.0], 10.0, 95.0);
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= LABEL_STEP - 1e-9));
        assert!(heights[0] >= 10.0 && heights[4] <= 95.0);
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let changes: [fn(&mut CumulativeIncidence); 9] = [
            |data| data.gate = f64::INFINITY,
            |data| data.surviving[2] = f64::NAN,
            |data| data.surviving[2] += 0.1,
            |data| data.causes[0].shares[1] = -0.1,
            |data| data.causes[0].shares.truncate(5),
            |data| data.at_risk.truncate(5),
            |data| data.at_risk[1] = 99,
            |data| data.censored = 16,
            |data| {
                let back = data.causes[0].shares[5];
                data.causes[0].shares[5] = 0.0;
                data.surviving[5] += back;
            },
        ];
        for change in changes {
            let mut data = fixture_failures::incidence(15, 6);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            for times in [1, 9] {
                let mut data = fixture_failures::incidence(15, 6);
                data.stages = vec![i64::MIN, -1, 0, 7, 1 << 40, i64::MAX];
                data.causes[0].cause = name.repeat(times);
                data.workload = name.repeat(9);
                fixture::assert_tidy(|sheet| layout(&data, sheet));
            }
        }
    }
}
