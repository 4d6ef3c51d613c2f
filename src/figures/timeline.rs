//! One run over wall time: when the model answered, tools ran, grading went on, and what was waited for.

use crate::analysis::timeline::{Lane, RunTimeline};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::clock::Unit;
use super::error::{FigureError, require_amount};
use super::header::{self, COLUMN, LABEL, MARGIN, NOTE, STRONG};
use super::legend::{self, Entry};
use super::number::percent;
use super::palette::{GREY, MID_GREY, VERMILLION};
use super::scale::{self, Scale};
use super::sheet::Sheet;
use super::stage_bands::{self, Band};
use super::svg::Svg;
use super::timeline_lanes::{IDLE_OPACITY, Place, ROWS, Row, draw_lane, draw_tips};
use super::timeline_marks;
use super::wording::count;

/// Height of a lane, and of a row of marks.
const LANE: f64 = 17.0;
/// What of a lane its bars fill at most.
const BAR: f64 = 13.0;
/// Room for the names of the stages.
const STAGES: f64 = 9.0;
const LABEL_GAP: f64 = 4.0;
const RIGHT: f64 = 3.0;
/// Grading without room is said on the figure from this part of the run on.
const LEAST_SAID: f64 = 0.01;

/// Draws one lane per activity with the stages behind them, and errors, recoveries and loops above.
///
/// Within half a point of the axis a bar is as high as the part of that time which its lane takes up, so that the ink
/// is right at any number of events.
pub fn draw(data: &RunTimeline, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &RunTimeline, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let unit = Unit::of(seconds(data.length_us));
    let title = format!("Timeline, {}", header::workload(&canvas, &data.label));
    let subtitle = subtitle(data);
    let top = header::write(&mut canvas, &title, &subtitle);
    let right = canvas.width - MARGIN;
    let top = legend::write(&mut canvas, &entries(data), (MARGIN, top - 3.0), right) + 2.0;

    let totals: Vec<String> = ROWS.iter().map(|row| total(data, row, unit)).collect();
    let widths = ROWS.iter().map(|row| canvas.text_width(row.name, STRONG));
    let widths = widths.chain(totals.iter().map(|text| canvas.text_width(text, NOTE)));
    let marks = timeline_marks::rows(data);
    let widths = widths.chain(marks.iter().map(|row| canvas.text_width(&row.name, LABEL)));
    let left = MARGIN + widths.fold(0.0, f64::max) + LABEL_GAP;
    let top = top + STAGES;
    let lanes = top + timeline_marks::height(&marks);
    let bottom = lanes + LANE * 4.0 + 2.0;
    let frame = Area { left, top, right: right - RIGHT, bottom };
    let place = Place { frame, length_us: data.length_us };
    stage_bands::draw(&mut canvas, &bands(data, &place), frame, top - 2.5);
    timeline_marks::draw(&mut canvas, &marks, &place, unit);
    let mut y = lanes;
    for (row, total) in ROWS.iter().zip(&totals) {
        let bars = Area { top: y + LANE - BAR, bottom: y + LANE, ..frame };
        let at = left - LABEL_GAP;
        canvas.text_level(row.name, (at, bars.top + 2.2), Anchor::End, STRONG);
        canvas.text_level(total, (at, bars.bottom - 3.4), Anchor::End, NOTE);
        draw_lane(&mut canvas, data, row, &place, bars);
        y += LANE;
    }
    draw_tips(&mut canvas, data, &place, (lanes, LANE), unit);
    let axis = Scale::of([seconds(data.length_us) / unit.seconds], frame.left, frame.right);
    let is_stage = data.stages.first().is_some_and(|stage| stage.from_us == 0);
    let start = if is_stage { "first stage began" } else { "first event shown" };
    let title = format!("Time since the {start} ({})", unit.name);
    axis.draw(&mut canvas, frame, "", &title, false);
    let below = frame.bottom + scale::ROOM;
    let (notes, limit) = (notes(data, unit), canvas.width - 2.0 * MARGIN);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &RunTimeline) -> Result<(), FigureError> {
    let require = |what, from: i64, to: i64| {
        let is_inside = from >= 0 && from <= to && to <= data.length_us;
        let bad = if to > data.length_us { to } else { from.min(to) };
        if is_inside {
            return Ok(());
        }
        Err(FigureError::Value { what, label: data.label.clone(), value: seconds(bad) })
    };
    require("length in seconds", 1, data.length_us)?;
    for stage in &data.stages {
        require("place of a stage", stage.from_us, stage.to_us)?;
    }
    for span in &data.spans {
        require("place of a span", span.from_us, span.to_us)?;
    }
    for mark in &data.marks {
        require("place of a mark", mark.at_us, mark.at_us)?;
    }
    for stretch in &data.loops {
        require("place of a loop", stretch.from_us, stretch.to_us)?;
    }
    for lane in Lane::ALL {
        require_amount(lane.name(), &data.label, lane.seconds(&data.time))?;
    }
    require_amount("grading without room", &data.label, data.unplaced.grading_s)
}

fn bands(data: &RunTimeline, place: &Place) -> Vec<Band> {
    data.stages
        .iter()
        .map(|stage| Band {
            stage: Some(stage.stage),
            left: place.at(stage.from_us),
            right: place.at(stage.to_us),
        })
        .collect()
}

/// Time of a row, and its share of the time of the stages.
fn total(data: &RunTimeline, row: &Row, unit: Unit) -> String {
    let of = |lanes: &[Lane]| lanes.iter().map(|lane| lane.seconds(&data.time)).sum::<f64>();
    let (own, all) = (of(row.lanes), of(&Lane::ALL));
    let share = if all > 0.0 { format!(", {}", percent(own / all)) } else { String::new() };
    format!("{}\u{A0}{}{share}", unit.write(own), unit.name)
}

fn subtitle(data: &RunTimeline) -> String {
    let counted = |n: usize, one, many| count(u64::try_from(n).unwrap_or(u64::MAX), one, many);
    let mut parts = vec![
        "n\u{A0}=\u{A0}1\u{A0}run".to_owned(),
        counted(data.stages.len(), "stage", "stages"),
        counted(data.calls.0, "LLM request", "LLM requests"),
        counted(data.calls.1, "tool call", "tool calls"),
    ];
    let lost = data.unplaced;
    let mut add = |n: usize, what: &str| {
        if n > 0 {
            parts.push(format!("{} {what}", counted(n, "event", "events")));
        }
    };
    add(lost.untimed, "without a\u{A0}time, not shown");
    add(lost.unmeasured, "without a\u{A0}duration, no\u{A0}time counted");
    add(lost.reversed, "that\u{A0}end before they start, no\u{A0}time counted");
    add(lost.outside, "outside of stages, in no\u{A0}sum");
    if lost.loops > 0 {
        parts.push(format!("{} without a\u{A0}time", counted(lost.loops, "loop", "loops")));
    }
    parts.join(" · ")
}

fn notes(data: &RunTimeline, unit: Unit) -> String {
    let mut text = "A bar is as high as its lane's part of that time. A moment with several activities counts once: \
                    LLM, then tools, then failed requests. Times and shares are of the stages."
        .to_owned();
    if data.time.grading_s > 0.0 {
        text.push_str(" Grading: what the harness reports beyond the last event of a stage.");
    }
    if data.unplaced.grading_s > LEAST_SAID * seconds(data.length_us) {
        let seconds = unit.write(data.unplaced.grading_s);
        text = format!(
            "{text} Of it, {seconds}\u{A0}{} do not fit before the next event and are not drawn.",
            unit.name
        );
    }
    text
}

fn entries(data: &RunTimeline) -> Vec<Entry<'static>> {
    let sample = |lane: Lane| Entry {
        sample: (9.0, 6.5),
        draw: Box::new(move |canvas: &mut Canvas, area: Area| {
            let corners = vec![
                (area.left, area.top),
                (area.right, area.top),
                (area.right, area.bottom),
                (area.left, area.bottom),
            ];
            if lane == Lane::Failed {
                canvas.block(area, VERMILLION);
            } else {
                canvas.fill(corners, MID_GREY, IDLE_OPACITY);
            }
            canvas.outline(area, GREY, 0.3);
        }),
        text: format!("waiting: {}", lane.name()),
    };
    let is_used = |lane: &Lane| data.spans.iter().any(|span| span.lane == *lane);
    [Lane::Failed, Lane::Idle].into_iter().filter(is_used).map(sample).collect()
}

/// Microseconds in seconds.
#[expect(clippy::cast_precision_loss, reason = "what is lost is far less than a line is wide")]
pub(super) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_runs};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (calls, stages) in [(1, 1), (2, 1), (12, 3), (215, 6), (400, 60), (5000, 6)] {
            let data = fixture_runs::timeline(calls, stages);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn thousands_of_events_are_few_shapes() {
        let shapes = |calls| {
            let svg = draw(&fixture_runs::timeline(calls, 6), Sheet::default()).unwrap();
            (svg.as_str().matches("<poly").count(), svg.as_str().len())
        };
        let (few, many) = (shapes(1_000), shapes(50_000));
        assert!(many.0 < 1_000 && many.1 < 200_000, "{many:?}");
        assert!(many.0 < few.0 + 300, "{few:?} {many:?}");
    }

    #[test]
    fn what_has_no_place_is_said() {
        let mut data = fixture_runs::timeline(20, 2);
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(!text.contains("without a") && !text.contains("do not fit"));
        data.unplaced.untimed = 3;
        data.unplaced.unmeasured = 1;
        data.unplaced.loops = 2;
        data.unplaced.grading_s = 75.0;
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let canvas = layout(&data, Sheet::default()).unwrap();
        let all: Vec<&str> = canvas.texts().iter().map(|t| t.text.as_str()).collect();
        let text = all.join(" ");
        for part in [
            "3 events without a time, not shown",
            "1 event without a duration, no time counted",
            "2 loops without a time",
            "do not fit before the next event",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_run_without_errors_or_stages_has_no_rows_for_them() {
        let mut data = fixture_runs::timeline(20, 2);
        data.marks.clear();
        data.loops.clear();
        data.stages.clear();
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(!text.contains("error") && !text.contains(">T0<"));
    }

    #[test]
    fn what_lies_outside_of_the_run_is_refused() {
        let changes: [fn(&mut RunTimeline); 7] = [
            |data| data.length_us = 0,
            |data| data.spans[0].from_us = -1,
            |data| data.spans[0].to_us = data.length_us + 1,
            |data| data.stages[0].to_us = i64::MAX,
            |data| data.marks[0].at_us = -5,
            |data| data.loops[0].to_us = data.loops[0].from_us - 1,
            |data| data.time.idle_s = f64::NAN,
        ];
        for change in changes {
            let mut data = fixture_runs::timeline(40, 2);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_and_lengths_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_runs::timeline(40, 3);
            data.label = name.repeat(9);
            data.stages[1].stage = i64::MIN;
            data.marks[0].what = name.to_owned();
            data.loops[0].tool = name.to_owned();
            fixture::assert_tidy(|sheet| layout(&data, sheet));
            data.length_us = i64::MAX;
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
