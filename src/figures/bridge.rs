//! Why one side costs more than another, factor by factor.

use crate::analysis::CostBridge;

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::error::{FigureError, require_amount, require_finite};
use super::header::{self, COLUMN, LABEL, LABEL_LIMIT, LEADING, MARGIN, NOTE, STRONG, TITLE};
use super::legend::{self, Entry};
use super::number::{cost, quantity, signed_money, times};
use super::palette::{BLACK, BLUE, DARK, GREY, VERMILLION};
use super::pattern::{self, Pattern};
use super::scale::{self, Scale};
use super::sheet::Sheet;
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::{count, fit, named, printable, wrap};

const BAR: f64 = 9.0;
const ROW_GAP: f64 = 6.0;
const ARROW: f64 = 4.0;
/// Lines that a label may take.
const MOST_LINES: usize = 2;
/// Part of the dearest total that the steps may miss the end by: a tenth of a point in print.
const TOLERANCE: f64 = 1e-3;

/// What the bar of a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Total,
    Up,
    Down,
    Flat,
}

/// One bar with what is written to its left and to its right.
struct Row {
    tip: String,
    kind: Kind,
    from: f64,
    to: f64,
    left: Vec<(String, Style)>,
    right: Vec<(String, Style)>,
}

impl Row {
    fn height(&self) -> f64 {
        let lines = [&self.left, &self.right].map(|lines| block_height(lines));
        lines.into_iter().fold(BAR, f64::max) + ROW_GAP
    }
}

/// Draws a waterfall from one cost to the other, one bar per factor.
pub fn draw(data: &CostBridge, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &CostBridge, sheet: Sheet) -> Result<Canvas, FigureError> {
    let levels = levels(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let title = title(data, &canvas);
    let subtitle = subtitle(data, &canvas);
    let top = header::write(&mut canvas, &title, &subtitle);
    let rows = rows(data, &levels, &canvas);
    let widest = |lines: fn(&Row) -> &Vec<(String, Style)>| {
        let lines = rows.iter().flat_map(lines);
        lines.map(|(text, style)| canvas.text_width(text, *style)).fold(20.0, f64::max)
    };
    let frame = Area {
        left: MARGIN + widest(|row| &row.left) + 5.0,
        top: top - 1.0,
        right: canvas.width - MARGIN - widest(|row| &row.right) - 6.0,
        bottom: top + rows.iter().map(Row::height).sum::<f64>(),
    };
    let scale = Scale::of(rows.iter().flat_map(|row| [row.from, row.to]), frame.left, frame.right);
    scale.draw(&mut canvas, frame, "$", "Cost per run (USD)", true);
    draw_rows(&mut canvas, &rows, frame, scale);
    let zero = scale.at(0.0);
    canvas.line(&[(zero, frame.top), (zero, frame.bottom)], BLACK, 0.6, SOLID);
    let right = canvas.width - MARGIN;
    let below = frame.bottom + scale::ROOM;
    canvas.height = legend::write(&mut canvas, &entries(&rows), (MARGIN, below), right) + MARGIN;
    Ok(canvas)
}

/// The cost after each step, the first being the start. Refuses what has no place on the axis,
/// and steps that do not lead to the end.
fn levels(data: &CostBridge) -> Result<Vec<f64>, FigureError> {
    require_amount("cost", &data.from, data.from_usd)?;
    require_amount("cost", &data.to, data.to_usd)?;
    let mut levels = vec![data.from_usd];
    let mut level = data.from_usd;
    for step in &data.steps {
        require_finite("dollars", &step.label, step.usd)?;
        require_amount("value", &step.label, step.from_value)?;
        require_amount("value", &step.label, step.to_value)?;
        level += step.usd;
        require_finite("cost", &step.label, level)?;
        levels.push(level);
    }
    let (low, high) =
        levels.iter().fold((0.0_f64, data.to_usd), |(l, h), v| (l.min(*v), h.max(*v)));
    require_finite("range of costs", &data.to, high - low)?;
    if (level - data.to_usd).abs() > TOLERANCE * (high - low) {
        return Err(FigureError::Value {
            what: "sum of the steps",
            label: data.to.clone(),
            value: level,
        });
    }
    Ok(levels)
}

fn title(data: &CostBridge, canvas: &Canvas) -> String {
    let limit = canvas.width - 2.0 * MARGIN;
    let [from, to] =
        [&data.from, &data.to].map(|name| fit(&canvas.fonts, name, TITLE.size, TITLE.bold, limit));
    let relation = if cost(data.from_usd) == cost(data.to_usd) {
        "as much as"
    } else if data.to_usd > data.from_usd {
        "more than"
    } else {
        "less than"
    };
    format!("Why {to} costs {relation} {from}")
}

fn subtitle(data: &CostBridge, canvas: &Canvas) -> String {
    let listed = |text: &String| header::listed(canvas, std::slice::from_ref(text));
    let n = if data.from_runs == 1 && data.to_runs == 1 {
        "n\u{A0}=\u{A0}1\u{A0}run a\u{A0}side".to_owned()
    } else {
        let [from, to] = [data.from_runs, data.to_runs]
            .map(|n| count(u64::try_from(n).unwrap_or(u64::MAX), "run", "runs"));
        format!("n\u{A0}=\u{A0}{from} and {to}, their geometric means")
    };
    format!(
        "{}\u{A0}→\u{A0}{}\u{A0}per\u{A0}run · {n} · workload: {} · cost\u{A0}basis: {} · \
         LMDI-I:\u{A0}steps\u{A0}add\u{A0}up\u{A0}exactly · \
         ×:\u{A0}end\u{A0}value\u{A0}over\u{A0}start\u{A0}value",
        cost(data.from_usd),
        cost(data.to_usd),
        listed(&data.workload),
        listed(&data.basis)
    )
}

fn rows(data: &CostBridge, levels: &[f64], canvas: &Canvas) -> Vec<Row> {
    let total = |label: &str, usd: f64| format!("{}: {}", named(label), cost(usd));
    let mut rows = vec![Row {
        tip: total(&data.from, data.from_usd),
        kind: Kind::Total,
        from: 0.0,
        to: data.from_usd,
        left: label(canvas, &data.from, STRONG),
        right: vec![(cost(data.from_usd), STRONG)],
    }];
    for (step, pair) in data.steps.iter().zip(levels.windows(2)) {
        let mut left = label(canvas, &step.label, LABEL);
        left.extend(values(canvas, step.from_value, step.to_value, &step.unit));
        let mut right = vec![(signed_money(step.usd), LABEL)];
        right.extend(ratio(step.from_value, step.to_value));
        let kind = if step.usd > 0.0 {
            Kind::Up
        } else if step.usd < 0.0 {
            Kind::Down
        } else {
            Kind::Flat
        };
        let tip = format!(
            "{}: {}, {} to {} {}",
            named(&step.label),
            signed_money(step.usd),
            quantity(step.from_value),
            quantity(step.to_value),
            if step.unit.is_empty() { "(ratio)".to_owned() } else { named(&step.unit) }
        );
        rows.push(Row { tip, kind, from: pair[0], to: pair[1], left, right });
    }
    let mut right = vec![(cost(data.to_usd), STRONG)];
    right.extend(ratio(data.from_usd, data.to_usd));
    let left = label(canvas, &data.to, STRONG);
    let tip = total(&data.to, data.to_usd);
    rows.push(Row { tip, kind: Kind::Total, from: 0.0, to: data.to_usd, left, right });
    rows
}

/// The name of a row.
fn label(canvas: &Canvas, text: &str, style: Style) -> Vec<(String, Style)> {
    let text = printable(text);
    lines(canvas, if text.is_empty() { "(no name)" } else { &text }, style)
}

/// `69 → 380 calls`, numbers on one line.
fn values(canvas: &Canvas, from: f64, to: f64, unit: &str) -> Vec<(String, Style)> {
    let unit = printable(unit);
    let unit = if unit.is_empty() { "(ratio)" } else { &unit };
    lines(canvas, &format!("{}\u{A0}→\u{A0}{} {unit}", quantity(from), quantity(to)), NOTE)
}

/// A text in at most two lines, the second shortened in its middle.
fn lines(canvas: &Canvas, text: &str, style: Style) -> Vec<(String, Style)> {
    let (fonts, size, bold) = (&canvas.fonts, style.size, style.bold);
    let mut lines = wrap(fonts, text, size, bold, LABEL_LIMIT);
    if lines.len() > MOST_LINES {
        let rest = lines.split_off(MOST_LINES - 1).join(" ");
        lines.push(fit(fonts, &rest, size, bold, LABEL_LIMIT));
    }
    lines.into_iter().map(|line| (line, style)).collect()
}

/// End over start, where its logarithm is defined.
fn ratio(from: f64, to: f64) -> Option<(String, Style)> {
    let ratio = to / from;
    (ratio.is_normal() && ratio > 0.0).then(|| (times(ratio), NOTE))
}

fn block_height(lines: &[(String, Style)]) -> f64 {
    lines.iter().map(|(_, style)| style.size * LEADING).sum()
}

fn draw_rows(canvas: &mut Canvas, rows: &[Row], frame: Area, scale: Scale) {
    let mut top = frame.top + 1.0;
    let mut before: Option<f64> = None;
    for row in rows {
        let middle = top + row.height() / 2.0;
        let x = scale.at(row.to);
        if let Some(bottom) = before {
            // The start of a step is where the last one ended; a total starts at zero.
            let x = if row.kind == Kind::Total { x } else { scale.at(row.from) };
            canvas.line(&[(x, bottom), (x, middle - BAR / 2.0)], GREY, 0.4, SOLID);
        }
        let bar = Area {
            left: scale.at(row.from).min(x),
            top: middle - BAR / 2.0,
            right: scale.at(row.from).max(x),
            bottom: middle + BAR / 2.0,
        };
        draw_bar(canvas, row.kind, bar);
        canvas.tip(bar.grown(1.0), &row.tip);
        before = Some(bar.bottom);
        write_lines(canvas, &row.left, (frame.left - 5.0, middle));
        write_lines(canvas, &row.right, (canvas.width - MARGIN, middle));
        top += row.height();
    }
}

/// Lines that end at `at.0`, together centred on the height `at.1`.
fn write_lines(canvas: &mut Canvas, lines: &[(String, Style)], at: (f64, f64)) {
    let mut top = at.1 - block_height(lines) / 2.0;
    for (text, style) in lines {
        let height = style.size * LEADING;
        canvas.text_level(text, (at.0, top + height / 2.0), Anchor::End, *style);
        top += height;
    }
}

/// A total is a plain bar; a step is an arrow that points to where it ends, solid when it adds
/// and hatched when it saves.
fn draw_bar(canvas: &mut Canvas, kind: Kind, bar: Area) {
    let (color, pattern) = match kind {
        Kind::Total => (DARK, Pattern::Solid),
        Kind::Up => (VERMILLION, Pattern::Solid),
        Kind::Down => (BLUE, Pattern::Hatched),
        Kind::Flat => (BLACK, Pattern::Solid),
    };
    if bar.width() < 0.8 {
        let x = f64::midpoint(bar.left, bar.right);
        canvas.line(&[(x, bar.top), (x, bar.bottom)], color, 0.8, SOLID);
        return;
    }
    if kind == Kind::Total {
        canvas.block(bar, color);
        return;
    }
    let head = ARROW.min(bar.width());
    let middle = f64::midpoint(bar.top, bar.bottom);
    if kind == Kind::Up {
        let neck = bar.right - head;
        let (upper, lower) = ((neck, bar.top), (neck, bar.bottom));
        let (tip, tail) = ((bar.right, middle), [(bar.left, bar.bottom), (bar.left, bar.top)]);
        canvas.fill([&[upper, tip, lower], &tail[..]].concat(), color, 1.0);
        return;
    }
    let neck = bar.left + head;
    let body = Area { left: neck, ..bar };
    if body.width() > 0.2 {
        pattern::fill(canvas, body, pattern, color);
    }
    canvas.fill(vec![(neck, bar.top), (bar.left, middle), (neck, bar.bottom)], color, 1.0);
}

fn entries(rows: &[Row]) -> Vec<Entry<'static>> {
    [(Kind::Up, "adds cost"), (Kind::Down, "saves cost")]
        .into_iter()
        .filter(|(kind, _)| rows.iter().any(|row| row.kind == *kind))
        .map(|(kind, text)| Entry {
            sample: (14.0, 7.0),
            draw: Box::new(move |canvas, area| draw_bar(canvas, kind, area)),
            text: text.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for steps in 0..=8 {
            let data = fixture::bridge(steps);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn long_labels_are_tidy() {
        let mut data = fixture::bridge(8);
        (data.from, data.to) = (fixture::name(1).repeat(3), "many words ".repeat(30));
        for step in &mut data.steps {
            step.label = "a factor with a long description ".repeat(4);
            step.unit = "US dollars per million tokens of context".to_owned();
            (step.from_value, step.to_value) = (123_456_789.0, 987_654_321.0);
        }
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        let svg = draw(&data, Sheet::default()).unwrap();
        assert_eq!(svg.as_str().matches("123,456,789 → 987,654,321").count(), 8);
    }

    #[test]
    fn numbers_read_as_in_prose() {
        let text = draw(&fixture::bridge(4), Sheet::default()).unwrap().as_str().to_owned();
        for part in [
            "Why claude-opus-4-7 costs more than",
            "$0.0469 → $126.24 per run · n = 1 run a side",
            ">+$27.3<",
            ">×5.51<",
            ">69 → 380 calls<",
            ">28,537 → 306,494 tokens<",
            ">0.102 → 5.04 USD per million<",
            ">−$1.63<",
            ">0.237 → 0.215 (ratio)<",
            ">×2,692<",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_ratio_needs_both_values() {
        let mut data = fixture::bridge(1);
        for (from, to, shown) in [(0.0, 3.0, 0), (3.0, 0.0, 0), (0.0, 0.0, 0), (2.0, 3.0, 1)] {
            (data.steps[0].from_value, data.steps[0].to_value) = (from, to);
            let svg = draw(&data, Sheet::default()).unwrap();
            assert_eq!(svg.as_str().matches(">×1.50<").count(), shown);
            assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf"));
        }
    }

    #[test]
    fn equal_and_zero_totals_are_tidy() {
        for (from, to) in [(0.0, 0.0), (3.0, 3.0), (0.0, 5.0), (5.0, 0.0), (1e-9, 1e9)] {
            let mut data = fixture::bridge(3);
            (data.from_usd, data.to_usd) = (from, to);
            // Down below zero, far up, and to the end.
            for (step, usd) in data.steps.iter_mut().zip([-7.0, 11.0, to - from - 4.0]) {
                step.usd = usd;
            }
            fixture::assert_tidy(|sheet| layout(&data, sheet));
            let svg = draw(&data, Sheet::default()).unwrap();
            assert_eq!(svg.as_str().contains("as much as"), cost(from) == cost(to));
        }
        let mut data = fixture::bridge(1);
        (data.from_usd, data.to_usd, data.steps[0].usd) = (0.0, 0.0, 0.0);
        fixture::assert_tidy(|sheet| layout(&data, sheet));
        assert!(!draw(&data, Sheet::default()).unwrap().as_str().contains("$0.00"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let changes: [fn(&mut CostBridge); 8] = [
            |data| data.from_usd = f64::NAN,
            |data| data.to_usd = f64::INFINITY,
            |data| data.from_usd = -1.0,
            |data| data.steps[1].usd = f64::NAN,
            |data| data.steps[1].from_value = -1.0,
            |data| data.steps[1].to_value = f64::INFINITY,
            |data| data.steps[1].usd = f64::MAX,
            |data| data.steps[1].usd += 5.0,
        ];
        for change in changes {
            let mut data = fixture::bridge(4);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture::bridge(2);
            for text in [&mut data.workload, &mut data.basis, &mut data.from, &mut data.to] {
                *text = name.to_owned();
            }
            (data.steps[0].label, data.steps[1].unit) = (name.to_owned(), name.to_owned());
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
