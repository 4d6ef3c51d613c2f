//! What the bars of a stage ledger are made of, and their legends.

use plotters::style::RGBColor;

use crate::analysis::{StageLedger, StageLedgerRow, TimeUse};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::clock::Unit;
use super::header::LABEL;
use super::legend::Entry;
use super::number::{cost, quantity, real};
use super::palette::{BLUE, GREEN, GREY, MID_GREY, ORANGE, VERMILLION, cividis};
use super::pattern::{self, Pattern};
use super::stacked::{self, Segment};
use super::wording::{fit, named};

/// More stages than this share one entry of the legend.
const MOST_ENTRIES: usize = 12;
/// Part of a total below which what no stage accounts for is rounding.
const ROUNDING: f64 = 1e-6;
/// Width of the colours of many stages in the legend.
const RAMP: f64 = 90.0;
/// What no stage accounts for.
const UNKNOWN: (Pattern, RGBColor) = (Pattern::Hatched, MID_GREY);

/// An activity: name, colour, pattern, seconds.
type Activity = (&'static str, RGBColor, Pattern, fn(&TimeUse) -> f64);

/// In the order of the bars.
const ACTIVITIES: [Activity; 5] = [
    ("LLM calls", BLUE, Pattern::Solid, |time| time.llm_s),
    ("tools", ORANGE, Pattern::Solid, |time| time.tool_s),
    ("failed requests", VERMILLION, Pattern::Hatched, |time| time.waiting_s),
    ("grading", GREEN, Pattern::Striped, |time| time.grading_s),
    ("idle", GREY, Pattern::Hollow, |time| time.idle_s),
];

/// Seconds of each activity.
pub(super) fn parts(time: &TimeUse) -> [f64; 5] {
    ACTIVITIES.map(|(_, _, _, of)| of(time))
}

/// Seconds of all activities together.
pub(super) fn seconds(time: &TimeUse) -> f64 {
    parts(time).iter().sum()
}

/// The unit in which the longest run is a number of few digits.
pub(super) fn unit(data: &StageLedger) -> Unit {
    let times = data.rows.iter().filter_map(|row| row.time.as_ref());
    Unit::of(times.map(seconds).fold(0.0, f64::max))
}

/// Colours from dark to light in the order of the stages.
fn stage_color(index: usize, stages: usize) -> RGBColor {
    cividis(real(index) / real(stages.saturating_sub(1).max(1)))
}

fn stage_name(stage: i64) -> String {
    format!("T{stage}")
}

/// The known stage costs of a row, and what no stage accounts for.
fn segments(data: &StageLedger, row: &StageLedgerRow, total: f64) -> Vec<Segment> {
    let stages = data.stages.iter().zip(&row.stage_usd).enumerate();
    let mut segments: Vec<Segment> = stages
        .filter_map(|(index, (stage, usd))| {
            let color = stage_color(index, data.stages.len());
            let label = stage_name(*stage);
            let tip = |usd| format!("{}, {label}: {}", named(&row.label), cost(usd));
            usd.map(|size| Segment {
                tip: tip(size),
                size,
                color,
                pattern: Pattern::Solid,
                label: label.clone(),
            })
        })
        .collect();
    let rest = total - segments.iter().map(|segment| segment.size).sum::<f64>();
    if rest > ROUNDING * total {
        let (pattern, color) = UNKNOWN;
        let tip = format!("{}, stage unknown: {}", named(&row.label), cost(rest));
        segments.push(Segment { size: rest, color, pattern, label: String::new(), tip });
    }
    segments
}

/// Fills `bar` with the cost of a run by stage, or says why that cannot be done.
pub(super) fn draw_cost(canvas: &mut Canvas, data: &StageLedger, row: &StageLedgerRow, bar: Area) {
    let y = f64::midpoint(bar.top, bar.bottom);
    let Some(total) = row.cost_usd else {
        stacked::remark(canvas, "cost unknown", (bar.left + 3.0, y), Anchor::Start);
        return;
    };
    let segments = segments(data, row, total);
    let whole: f64 = segments.iter().map(|segment| segment.size).sum();
    if whole == 0.0 {
        stacked::remark(canvas, "no cost", (bar.left + 3.0, y), Anchor::Start);
        return;
    }
    stacked::draw(canvas, &segments, whole, bar);
    if row.stage_usd.iter().all(Option::is_none) {
        let middle = (f64::midpoint(bar.left, bar.right), y);
        stacked::remark(canvas, "stages unknown", middle, Anchor::Middle);
    }
}

/// Draws the time of a run from the left end of `panel`; `at` is where a number of seconds ends.
pub(super) fn draw_time(
    canvas: &mut Canvas,
    row: &StageLedgerRow,
    panel: Area,
    at: impl Fn(f64) -> f64,
) {
    let Some(time) = &row.time else {
        let y = f64::midpoint(panel.top, panel.bottom);
        stacked::remark(canvas, "no times", (panel.left + 3.0, y), Anchor::Start);
        return;
    };
    let all = seconds(time);
    if all == 0.0 {
        return;
    }
    let segments: Vec<Segment> = ACTIVITIES
        .iter()
        .map(|(name, color, pattern, of)| Segment {
            size: of(time),
            color: *color,
            pattern: *pattern,
            label: String::new(),
            tip: format!("{}, {name}: {}\u{A0}s", named(&row.label), quantity(of(time))),
        })
        .collect();
    stacked::draw(canvas, &segments, all, Area { right: at(all), ..panel });
}

/// One entry per stage, or one for all of them where they are many; and what is unknown.
pub(super) fn stage_entries(canvas: &Canvas, data: &StageLedger) -> Vec<Entry<'static>> {
    let stages = data.stages.len();
    let name = |stage: &i64| fit(&canvas.fonts, &stage_name(*stage), LABEL.size, LABEL.bold, 60.0);
    let mut entries = Vec::new();
    if stages <= MOST_ENTRIES {
        for (index, stage) in data.stages.iter().enumerate() {
            let color = stage_color(index, stages);
            entries.push(entry(color, Pattern::Solid, name(stage)));
        }
    } else if let [first, .., last] = data.stages.as_slice() {
        entries.push(Entry {
            sample: (RAMP, 7.0),
            draw: Box::new(move |canvas, area| draw_ramp(canvas, stages, area)),
            text: format!("{} to {} ({stages} stages)", name(first), name(last)),
        });
    }
    let has_unknown = data.rows.iter().any(|row| {
        let Some(total) = row.cost_usd else {
            return false;
        };
        segments(data, row, total).iter().any(|segment| segment.pattern != Pattern::Solid)
    });
    if has_unknown {
        let (pattern, color) = UNKNOWN;
        entries.push(entry(color, pattern, "stage unknown".to_owned()));
    }
    entries
}

fn draw_ramp(canvas: &mut Canvas, stages: usize, area: Area) {
    for index in 0..stages {
        // Up to the right end, so that no white shows between two steps.
        let left = area.left + real(index) / real(stages) * area.width();
        canvas.block(Area { left, ..area }, stage_color(index, stages));
    }
    canvas.outline(area, GREY, 0.3);
}

/// The activities that took any time.
pub(super) fn activity_entries(data: &StageLedger) -> Vec<Entry<'static>> {
    let is_used = |of: fn(&TimeUse) -> f64| {
        data.rows.iter().filter_map(|row| row.time.as_ref()).any(|time| of(time) > 0.0)
    };
    ACTIVITIES
        .into_iter()
        .filter(|(_, _, _, of)| is_used(*of))
        .map(|(name, color, pattern, _)| entry(color, pattern, name.to_owned()))
        .collect()
}

fn entry(color: RGBColor, pattern: Pattern, text: String) -> Entry<'static> {
    let draw = move |canvas: &mut Canvas, area: Area| {
        pattern::fill(canvas, area, pattern, color);
        canvas.outline(area, GREY, 0.3);
    };
    Entry { sample: (10.0, 7.0), draw: Box::new(draw), text }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn ledger(costs: &[Option<f64>], total: f64) -> StageLedger {
        let mut data = fixture::stage_ledger(1, costs.len());
        data.rows[0].stage_usd = costs.to_vec();
        data.rows[0].cost_usd = Some(total);
        data
    }

    fn sizes(costs: &[Option<f64>], total: f64) -> Vec<(f64, Pattern)> {
        let data = ledger(costs, total);
        let segments = segments(&data, &data.rows[0], total);
        segments.into_iter().map(|segment| (segment.size, segment.pattern)).collect()
    }

    #[test]
    fn what_no_stage_accounts_for_is_hatched() {
        let (solid, hatched) = (Pattern::Solid, Pattern::Hatched);
        assert_eq!(sizes(&[Some(1.0), Some(3.0)], 4.0), [(1.0, solid), (3.0, solid)]);
        assert_eq!(sizes(&[Some(1.0), None], 4.0), [(1.0, solid), (3.0, hatched)]);
        assert_eq!(sizes(&[None, None], 4.0), [(4.0, hatched)]);
        assert_eq!(sizes(&[Some(3.0), Some(3.0)], 4.0), [(3.0, solid), (3.0, solid)]);
        assert_eq!(sizes(&[Some(1.0), Some(3.0)], 4.000_000_1).len(), 2);
    }

    #[test]
    fn stages_get_lighter_all_the_way() {
        let grey = |index| {
            let color = stage_color(index, 12);
            0.2126 * f64::from(color.0) + 0.7152 * f64::from(color.1) + 0.0722 * f64::from(color.2)
        };
        assert!((1..12).all(|index| grey(index) > grey(index - 1) + 2.0));
        assert_eq!(stage_color(0, 1), cividis(0.0));
    }
}
