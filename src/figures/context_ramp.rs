//! How the prompt of a run grew, call by call, until the window was full.

use crate::analysis::ContextRamp;

use super::area::Area;
use super::axis::LinearAxis;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_amount, require_finite};
use super::header::{self, AXIS_TITLE, COLUMN, FULL, LABEL, MARGIN, NOTE, WIDE};
use super::legend::{self, Entry};
use super::number::{quantity, real, times};
use super::palette::{BLACK, BLUE, SKY};
use super::ramp_lines::{
    Plot, Unit, amount, draw_cached, draw_compactions, draw_limit, draw_prompts, draw_tick,
    tip_calls,
};
use super::ramp_stages;
use super::ranked::require_between;
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::count;

const PLOT_HEIGHT: f64 = 128.0;
const LEFT: f64 = 37.0;
const RIGHT: f64 = 6.0;
/// Room above the frame for the names of the stages, and for compactions.
const STAGES: f64 = 9.0;
const LANE: f64 = 7.0;
/// More calls than this ask for a wider figure.
const MOST_NARROW: usize = 100;
const MOST_WIDE: usize = 400;
/// No prompt is longer, and the axis has no room for more digits.
const MOST_TOKENS: f64 = 1e10;
/// A limit further above the longest prompt than this many times is off the scale.
const FAR_LIMIT: f64 = 4.0;
/// Room above the limit for its name, as a part of it.
const HEADROOM: f64 = 1.1;
const SAMPLE: (f64, f64) = (14.0, 6.5);

/// Draws the prompt of every call, the part of it that came from a cache, the stages, the limit of
/// the window and where the prompt was cut down.
pub fn draw(data: &ContextRamp, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &ContextRamp, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(
        sheet,
        match data.calls.len() {
            0..=MOST_NARROW => COLUMN,
            count if count <= MOST_WIDE => WIDE,
            _ => FULL,
        },
    )?;
    let title = format!("Context ramp, {}", header::workload(&canvas, &data.label));
    let subtitle = subtitle(&canvas, data);
    let top = header::write(&mut canvas, &title, &subtitle);
    let right = canvas.width - MARGIN;
    let top = legend::write(&mut canvas, &entries(data), (MARGIN, top - 3.0), right) + 2.0;
    let lane = if data.compactions.is_empty() { 0.0 } else { LANE };
    let top = top + STAGES + lane;
    let frame = Area { left: LEFT, top, right: right - RIGHT, bottom: top + PLOT_HEIGHT };
    let unit = unit(data);
    let limit = near_limit(data).map_or(0.0, |limit| limit * HEADROOM);
    let values = [0.0, longest(data).max(1.0), limit].map(|tokens| tokens / unit.tokens);
    let axis = LinearAxis::of(values, frame.bottom, frame.top);
    let slot = frame.width() / real(data.calls.len().max(1));
    let plot = Plot { frame, axis, unit, slot };
    ramp_stages::draw(&mut canvas, &data.calls, frame, top - lane - 2.5);
    draw_cached(&mut canvas, &data.calls, &plot);
    draw_compactions(&mut canvas, data, &plot);
    draw_prompts(&mut canvas, &data.calls, &plot);
    tip_calls(&mut canvas, &data.calls, &plot);
    draw_axes(&mut canvas, &plot);
    if let Some(limit) = near_limit(data) {
        draw_limit(&mut canvas, data, limit, &plot);
    }
    ramp_stages::draw_calls(&mut canvas, data.calls.len(), frame);
    if data.calls.is_empty() {
        let middle = f64::midpoint(frame.left, frame.right);
        let place = (middle, f64::midpoint(frame.top, frame.bottom));
        canvas.text_level("no answered call", place, Anchor::Middle, NOTE);
    }
    let (notes, limit) = (notes(data), canvas.width - 2.0 * MARGIN);
    let below = frame.bottom + 25.0;
    canvas.height = if notes.is_empty() {
        below + 1.0
    } else {
        header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN
    };
    Ok(canvas)
}

fn check(data: &ContextRamp) -> Result<(), FigureError> {
    for call in &data.calls {
        let prompt = amount(call.input_tokens);
        require_between("prompt tokens", &data.label, prompt, 0.0, MOST_TOKENS)?;
        if let Some(cached) = call.cache_read_tokens {
            require_between("cached tokens", &data.label, amount(cached), 0.0, prompt)?;
        }
    }
    if let Some(limit) = data.limit {
        require_between("context limit", &data.label, amount(limit), 1.0, f64::MAX)?;
    }
    for &index in &data.compactions {
        if index == 0 || index >= data.calls.len() {
            let (label, value) = (data.label.clone(), real(index));
            return Err(FigureError::Value { what: "position of a compaction", label, value });
        }
    }
    require_finite("growth per call", &data.label, data.slope.unwrap_or(0.0))?;
    require_amount("snowball factor", &data.label, data.snowball.unwrap_or(0.0))
}

fn longest(data: &ContextRamp) -> f64 {
    data.calls.iter().map(|call| amount(call.input_tokens)).fold(0.0, f64::max)
}

/// The limit, unless the prompts would be flat next to it.
fn near_limit(data: &ContextRamp) -> Option<f64> {
    data.limit.map(amount).filter(|limit| *limit <= FAR_LIMIT * longest(data))
}

fn unit(data: &ContextRamp) -> Unit {
    let most = longest(data).max(near_limit(data).unwrap_or(0.0));
    if most >= 2e6 {
        Unit { tokens: 1e6, title: "Prompt (million tokens)" }
    } else if most >= 1e4 {
        Unit { tokens: 1e3, title: "Prompt (thousand tokens)" }
    } else {
        Unit { tokens: 1.0, title: "Prompt (tokens)" }
    }
}

fn subtitle(canvas: &Canvas, data: &ContextRamp) -> String {
    let calls = u64::try_from(data.calls.len()).unwrap_or(u64::MAX);
    let mut parts = vec![format!("n\u{A0}=\u{A0}{}", count(calls, "call", "calls"))];
    if let Some(slope) = data.slope {
        let sign = if slope < 0.0 { "−" } else { "+" };
        parts.push(format!(
            "growth: {sign}{}\u{A0}tokens per\u{A0}call (Theil–Sen)",
            quantity(slope.abs())
        ));
    }
    if let Some(snowball) = data.snowball {
        let factor = times(snowball);
        parts.push(format!("snowball:\u{A0}{factor} (all\u{A0}prompts over the\u{A0}longest)"));
    }
    parts
        .push(format!("ended:\u{A0}{}", header::listed(canvas, std::slice::from_ref(&data.ended))));
    parts.join(" · ")
}

fn notes(data: &ContextRamp) -> String {
    let mut parts = Vec::new();
    let far = data.limit.filter(|_| !data.calls.is_empty() && near_limit(data).is_none());
    if let Some(limit) = far {
        let limit = quantity(amount(limit));
        parts.push(format!("The window limit of {limit}\u{A0}tokens is off the scale."));
    }
    let unknown = data.calls.iter().filter(|call| call.cache_read_tokens.is_none()).count();
    if unknown > 0 && unknown == data.calls.len() {
        parts.push("The source does not say what came from a cache.".to_owned());
    } else if unknown > 0 {
        let calls = count(u64::try_from(unknown).unwrap_or(u64::MAX), "call", "calls");
        parts.push(format!("What came from a cache is unknown for {calls}."));
    }
    let outside = data.calls.iter().filter(|call| call.stage.is_none()).count();
    if outside > 0 {
        let calls = count(u64::try_from(outside).unwrap_or(u64::MAX), "call", "calls");
        parts.push(format!("Outside of stages: {calls}."));
    }
    parts.join(" ")
}

fn entries(data: &ContextRamp) -> Vec<Entry<'static>> {
    let mut entries = vec![Entry {
        sample: SAMPLE,
        draw: Box::new(|canvas, area| {
            let y = f64::midpoint(area.top, area.bottom);
            canvas.line(&[(area.left, y), (area.right, y)], BLUE, 1.1, SOLID);
        }),
        text: "prompt".to_owned(),
    }];
    if data.calls.iter().any(|call| call.cache_read_tokens.is_some()) {
        entries.push(Entry {
            sample: SAMPLE,
            draw: Box::new(|canvas, area| canvas.block(area, SKY)),
            text: "read from a cache".to_owned(),
        });
    }
    if !data.compactions.is_empty() {
        entries.push(Entry {
            sample: (6.0, SAMPLE.1),
            draw: Box::new(|canvas, area| {
                draw_tick(canvas, f64::midpoint(area.left, area.right), area.bottom);
            }),
            text: "compaction: prompt falls by more than a fifth".to_owned(),
        });
    }
    entries
}

fn draw_axes(canvas: &mut Canvas, plot: &Plot) {
    let frame = plot.frame;
    for tick in plot.axis.ticks() {
        canvas.line(&[(frame.left - 2.5, tick.at), (frame.left, tick.at)], BLACK, 0.6, SOLID);
        canvas.text_level(&tick.label, (frame.left - 4.0, tick.at), Anchor::End, LABEL);
    }
    let corner = [(frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom)];
    canvas.line(&corner, BLACK, 0.6, SOLID);
    let middle = f64::midpoint(frame.top, frame.bottom);
    canvas.text_upright(plot.unit.title, (MARGIN + 7.0, middle), AXIS_TITLE);
}

#[cfg(test)]
mod tests {
    use super::super::canvas::TextBox;
    use super::super::{fixture, fixture_failures};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for (calls, stages, every) in [
            (0, 0, None),
            (1, 1, None),
            (2, 0, None),
            (12, 2, Some(5)),
            (215, 6, None),
            (300, 6, Some(70)),
            (400, 200, None),
            (5000, 30, Some(180)),
        ] {
            let data = fixture_failures::ramp(calls, stages, every);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn a_limit_far_above_is_a_note() {
        let mut data = fixture_failures::ramp(50, 3, None);
        assert!(draw(&data, Sheet::default()).unwrap().as_str().contains(">window limit 131,072<"));
        data.limit = Some(10_000_000);
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(!text.contains(">window limit 1") && text.contains("10,000,000 tokens is off"));
        (data.limit, data.slope, data.snowball) = (None, None, None);
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        assert!(!draw(&data, Sheet::default()).unwrap().as_str().contains("limit"));
    }

    #[test]
    fn the_name_of_the_limit_keeps_clear_of_lines() {
        let data = fixture_failures::ramp(300, 6, None);
        let few = ContextRamp { compactions: vec![10, 200], ..data };
        let canvas = layout(&few, Sheet::default()).unwrap();
        let name = |t: &&TextBox| t.text.starts_with("window limit");
        let name = canvas.texts().iter().find(name).unwrap().area;
        let slot = (canvas.width - MARGIN - RIGHT - LEFT) / 300.0;
        for index in few.compactions {
            let x = LEFT + (real(index) + 0.5) * slot;
            assert!(!(name.left..=name.right).contains(&x), "{index} at {x} in {name:?}");
        }
    }

    #[test]
    fn unknown_caches_are_gaps() {
        let mut data = fixture_failures::ramp(60, 3, None);
        let areas = |data: &ContextRamp| {
            draw(data, Sheet::default()).unwrap().as_str().matches("<polygon").count()
        };
        assert_eq!(areas(&data), 1);
        data.calls[30].cache_read_tokens = None;
        assert_eq!(areas(&data), 2);
        assert!(draw(&data, Sheet::default()).unwrap().as_str().contains("unknown for 1 call."));
        for call in &mut data.calls {
            call.cache_read_tokens = None;
        }
        assert_eq!(areas(&data), 0);
        assert!(draw(&data, Sheet::default()).unwrap().as_str().contains("does not say"));
    }

    #[test]
    fn what_has_no_place_is_refused() {
        let changes: [fn(&mut ContextRamp); 9] = [
            |data| data.calls[2].input_tokens = i64::MAX,
            |data| data.calls[2].input_tokens = -1,
            |data| data.calls[2].cache_read_tokens = Some(i64::MAX),
            |data| data.calls[2].cache_read_tokens = Some(-1),
            |data| data.limit = Some(0),
            |data| data.compactions = vec![9],
            |data| data.compactions = vec![0],
            |data| data.slope = Some(f64::NAN),
            |data| data.snowball = Some(f64::INFINITY),
        ];
        for change in changes {
            let mut data = fixture_failures::ramp(9, 2, None);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn extreme_numbers_stay_on_the_canvas() {
        let mut data = fixture_failures::ramp(9, 2, None);
        for tokens in [0, 1, 10_000_000_000] {
            for call in &mut data.calls {
                (call.input_tokens, call.cache_read_tokens) = (tokens, Some(tokens));
            }
            for limit in [1, 39_000_000_000, i64::MAX] {
                (data.limit, data.slope) = (Some(limit), Some(-1e300));
                fixture::assert_tidy(|sheet| layout(&data, sheet));
            }
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_failures::ramp(40, 3, Some(9));
            data.calls[5].stage = Some(i64::MIN);
            (data.label, data.ended) = (name.repeat(9), name.repeat(9));
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
