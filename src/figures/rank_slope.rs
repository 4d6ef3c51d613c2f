//! Two rankings side by side, with a line for every run from its old place to its new one.

use crate::analysis::{Cause, RankChange, RankComparison, RankedBy};

use super::area::Area;
use super::canvas::{Anchor, Canvas};
use super::error::{FigureError, require_finite};
use super::header::{self, COLUMN, FULL, LABEL, MARGIN, NOTE, STRONG};
use super::legend::{self, Entry};
use super::number::{metric, plain, real};
use super::palette::GREY;
use super::ranked::{self, require_between, require_tau};
use super::sheet::Sheet;
use super::slope_lines::{Course, End, LEAST_MOVE, ends};
use super::stroke::SOLID;
use super::svg::Svg;
use super::wording::{count, fit, named, printable};

/// Height of a place.
const ROW: f64 = 9.6;
/// The lines need this much room.
const LEAST_SLOPES: f64 = 40.0;
/// From the numbers of a side to its marks.
const MARK_GAP: f64 = 7.0;
/// From a mark to the bracket of its tie.
const BRACKET: f64 = 3.6;
/// Between name and value, and between value and rank.
const TEXT_GAP: f64 = 4.0;
const RANK_GAP: f64 = 6.0;
/// Room for the names of the metrics.
const HEAD: f64 = 19.0;
/// The part of their width that names may be shortened to.
const LEAST_NAME: f64 = 0.9;

/// One side: where its lines end, and where its texts stand.
struct Side {
    marks: f64,
    /// Towards the texts.
    outward: f64,
    /// Where ranks end; numbers stand against their right edges.
    rank: f64,
    /// Where values end.
    value: f64,
    /// Where names start or end.
    name: (f64, Anchor),
}

/// Draws the old ranking at the left and the new one at the right.
pub fn draw(data: &RankComparison, sheet: Sheet) -> Result<Svg, FigureError> {
    layout(data, sheet)?.finish()
}

fn layout(data: &RankComparison, sheet: Sheet) -> Result<Canvas, FigureError> {
    check(data)?;
    let mut canvas = Canvas::new(sheet, COLUMN)?;
    let old_numbers = Numbers::of(&canvas, data, &data.old, |row| (row.old_value, row.old_rank));
    let new_numbers = Numbers::of(&canvas, data, &data.new, |row| (row.new_value, row.new_rank));
    let numbers = [&old_numbers, &new_numbers];
    let (width, limit) = fitting_width(&canvas, data, numbers);
    canvas.width = width;
    let title = format!("Ranks by two metrics, {}", header::workload(&canvas, &data.workload));
    let subtitle = subtitle(data);
    let y = header::write(&mut canvas, &title, &subtitle);
    let top = legend::write(&mut canvas, &entries(data), (MARGIN, y - 3.0), width - MARGIN) + 4.0;
    let names: Vec<String> = data
        .rows
        .iter()
        .map(|row| {
            let style = Course::of(row).style();
            fit(&canvas.fonts, &row.label, style.size, style.bold, limit)
        })
        .collect();
    let widths = data.rows.iter().zip(&names);
    let widths = widths.map(|(row, text)| canvas.text_width(text, Course::of(row).style()));
    let name = widths.fold(0.0, f64::max);
    let [left, right] = sides(width, name, numbers);
    let frame = Area {
        left: left.marks,
        top: top + HEAD,
        right: right.marks,
        bottom: top + HEAD + real(data.rows.len().max(1)) * ROW,
    };
    write_heads(&mut canvas, data, frame, top);
    let old = ends(data, |row| (row.old_rank, row.new_rank));
    let new = ends(data, |row| (row.new_rank, row.old_rank));
    draw_lines(&mut canvas, data, frame, [&old, &new]);
    for (side, ends, numbers) in [(&left, &old, &old_numbers), (&right, &new, &new_numbers)] {
        write_side(&mut canvas, data, side, ends, &numbers.values, &names, frame.top);
    }
    if data.rows.is_empty() {
        let middle = (canvas.width / 2.0, frame.top + ROW / 2.0);
        canvas.text_level("no run is ranked by both", middle, Anchor::Middle, NOTE);
    }
    let notes = notes(data, &canvas, [&old, &new]);
    let (limit, below) = (canvas.width - 2.0 * MARGIN, frame.bottom + 4.0);
    canvas.height = header::paragraph(&mut canvas, &notes, (MARGIN, below), limit, NOTE) + MARGIN;
    Ok(canvas)
}

fn check(data: &RankComparison) -> Result<(), FigureError> {
    require_tau(&data.workload, data.tau_b)?;
    let all = real(data.rows.len());
    for row in &data.rows {
        require_finite("value", &row.label, row.old_value)?;
        require_finite("value", &row.label, row.new_value)?;
        require_between("rank", &row.label, row.old_rank, 1.0, all)?;
        require_between("rank", &row.label, row.new_rank, 1.0, all)?;
        let moved = row.old_rank - row.new_rank;
        require_between("places moved", &row.label, row.places, moved, moved)?;
    }
    Ok(())
}

/// The numbers of one side.
struct Numbers {
    values: Vec<String>,
    /// Widest value, and widest rank.
    value: f64,
    rank: f64,
}

impl Numbers {
    fn of(
        canvas: &Canvas,
        data: &RankComparison,
        by: &RankedBy,
        of: fn(&RankChange) -> (f64, f64),
    ) -> Self {
        let numbers = || data.rows.iter().map(of);
        let values: Vec<String> = numbers().map(|(value, _)| metric(value, by.digits)).collect();
        let widest = |text: &String| canvas.text_width(text, STRONG);
        let rank = numbers().map(|(_, rank)| widest(&plain(rank))).fold(0.0, f64::max);
        Self { value: values.iter().map(widest).fold(0.0, f64::max), values, rank }
    }

    /// Room without the name, from the edge of the figure to the marks.
    fn room(&self) -> f64 {
        MARGIN + TEXT_GAP + self.value + RANK_GAP + self.rank + MARK_GAP
    }
}

/// Width of the figure, and the width limit of names in it: they are rather shortened a little than the figure widened.
fn fitting_width(canvas: &Canvas, data: &RankComparison, sides: [&Numbers; 2]) -> (f64, f64) {
    let wish = canvas.sheet.label_limit();
    let names = data.rows.iter().map(|row| {
        let style = Course::of(row).style();
        let name = fit(&canvas.fonts, &row.label, style.size, style.bold, wish);
        canvas.text_width(&name, style)
    });
    let name = names.fold(0.0, f64::max);
    let fixed = sides.iter().map(|side| side.room()).sum::<f64>() + LEAST_SLOPES;
    let needed = fixed + 2.0 * LEAST_NAME * name;
    let width = canvas.sheet.fitting(needed).unwrap_or_else(|| FULL.max(needed));
    (width, name.min((width - fixed) / 2.0))
}

fn sides(width: f64, name: f64, [old, new]: [&Numbers; 2]) -> [Side; 2] {
    let left = MARGIN + name;
    let value = left + TEXT_GAP + old.value;
    let rank = value + RANK_GAP + old.rank;
    let marks = name + old.room();
    let old = Side { marks, outward: -1.0, rank, value, name: (left, Anchor::End) };
    let right = width - MARGIN - name;
    let value = right - TEXT_GAP;
    let rank = value - new.value - RANK_GAP;
    let marks = width - name - new.room();
    [old, Side { marks, outward: 1.0, rank, value, name: (right, Anchor::Start) }]
}

fn subtitle(data: &RankComparison) -> String {
    let unranked = data.only_new.len() + data.only_old.len();
    let movers = data.rows.iter().filter(|row| Course::of(row) != Course::Level).count();
    let movers = match movers {
        0 => format!("no run moves {} ranks or more", plain(LEAST_MOVE)),
        n => {
            let runs = count(u64::try_from(n).unwrap_or(u64::MAX), "run", "runs");
            format!("in\u{A0}colour: {runs} that move {} ranks or more", plain(LEAST_MOVE))
        }
    };
    [
        ranked::runs(data.rows.len(), unranked),
        data.tau_b.map_or_else(
            || "Kendall τ-b\u{A0}undefined".to_owned(),
            |tau| format!("Kendall τ-b\u{A0}{}, no interval", ranked::tau(Some(tau))),
        ),
        movers,
    ]
    .join(" · ")
}

fn notes(data: &RankComparison, canvas: &Canvas, [old, new]: [&[End]; 2]) -> String {
    let mut parts = Vec::new();
    if [old, new].iter().flat_map(|ends| ends.iter()).any(|end| end.tie.is_some()) {
        parts.push("Tied runs are bracketed and share the mean rank.".to_owned());
    }
    for (only, by) in [(&data.only_old, "old"), (&data.only_new, "new")] {
        if !only.is_empty() {
            let names = header::listed(canvas, only);
            parts.push(format!("Ranked by the {by} metric only, not drawn: {names}."));
        }
    }
    parts.push("Ranks are among the runs that both metrics rank.".to_owned());
    parts.join(" ")
}

fn entries(data: &RankComparison) -> Vec<Entry<'static>> {
    let is_used = |course: &Course| data.rows.iter().any(|row| Course::of(row) == *course);
    Course::ALL
        .into_iter()
        .filter(is_used)
        .map(|course| Entry {
            sample: (18.0, 6.0),
            draw: Box::new(move |canvas: &mut Canvas, area: Area| {
                let y = f64::midpoint(area.top, area.bottom);
                course.draw(canvas, (area.left + 2.0, y), (area.right - 2.0, y));
            }),
            text: course.meaning().to_owned(),
        })
        .collect()
}

/// The names of the metrics above their sides.
fn write_heads(canvas: &mut Canvas, data: &RankComparison, frame: Area, top: f64) {
    let middle = f64::midpoint(frame.left, frame.right);
    let limit = middle - MARGIN - TEXT_GAP;
    let right = canvas.width - MARGIN;
    for (by, x, anchor, turn) in
        [(&data.old, MARGIN, Anchor::Start, "old"), (&data.new, right, Anchor::End, "new")]
    {
        let label = if printable(&by.label).is_empty() { &by.metric } else { &by.label };
        let label = fit(&canvas.fonts, label, STRONG.size, STRONG.bold, limit);
        canvas.text(&label, (x, top + 6.5), anchor, STRONG);
        let unit =
            if printable(&by.unit).is_empty() { String::new() } else { format!(", {}", by.unit) };
        let origin = format!("{turn}: {}{unit}", by.pack);
        let origin = fit(&canvas.fonts, &origin, NOTE.size, NOTE.bold, limit);
        canvas.text(&origin, (x, top + 14.5), anchor, NOTE);
    }
}

fn draw_lines(canvas: &mut Canvas, data: &RankComparison, frame: Area, [old, new]: [&[End]; 2]) {
    let ends = |index: usize| {
        let (old, new) = (height(frame.top, old[index].row()), height(frame.top, new[index].row()));
        [(frame.left, old), (frame.right, new)]
    };
    // Movers over the others, so that no grey line crosses them.
    for is_mover in [false, true] {
        for (index, row) in data.rows.iter().enumerate() {
            let course = Course::of(row);
            if (course != Course::Level) == is_mover {
                let [from, to] = ends(index);
                course.draw(canvas, from, to);
            }
        }
    }
    for (index, row) in data.rows.iter().enumerate() {
        for at in ends(index) {
            canvas.tip(Area::around(at, ROW / 2.0), &told(row, data));
        }
    }
}

/// Middle of a row, counted from 0.
fn height(top: f64, row: f64) -> f64 {
    top + (row + 0.5) * ROW
}

fn told(row: &RankChange, data: &RankComparison) -> String {
    let old = metric(row.old_value, data.old.digits);
    let new = metric(row.new_value, data.new.digits);
    let ranks = (plain(row.old_rank), plain(row.new_rank));
    let cause = |cause: &Cause| format!("{} {:+.1}", cause.name(), cause.places);
    let causes: Vec<String> = row.causes.iter().map(cause).collect();
    let why = if causes.is_empty() { String::new() } else { format!("; {}", causes.join(", ")) };
    format!("{}: rank {} ({old}) to {} ({new}){why}", named(&row.label), ranks.0, ranks.1)
}

fn write_side(
    canvas: &mut Canvas,
    data: &RankComparison,
    side: &Side,
    ends: &[End],
    values: &[String],
    names: &[String],
    top: f64,
) {
    for (index, (row, end)) in data.rows.iter().zip(ends).enumerate() {
        let y = height(top, real(end.place));
        let style = Course::of(row).style();
        canvas.text_level(&names[index], (side.name.0, y), side.name.1, style);
        canvas.text_level(&values[index], (side.value, y), Anchor::End, style);
        let Some(tie) = end.tie else {
            canvas.text_level(&plain(end.rank), (side.rank, y), Anchor::End, style);
            continue;
        };
        // The first of a tie speaks for all of it.
        if tie.first == end.place {
            let rows = [tie.first, tie.last].map(|place| height(top, real(place)));
            let middle = f64::midpoint(rows[0], rows[1]);
            canvas.text_level(&plain(end.rank), (side.rank, middle), Anchor::End, LABEL);
            draw_bracket(canvas, side, rows);
        }
    }
}

/// A bracket around tied runs, between the ends of their lines and the rank that they share.
fn draw_bracket(canvas: &mut Canvas, side: &Side, [upper, lower]: [f64; 2]) {
    let reach = ROW * 0.3;
    let x = side.marks + side.outward * BRACKET;
    let tip = x + side.outward * 1.4;
    let path = [(tip, upper - reach), (x, upper - reach), (x, lower + reach), (tip, lower + reach)];
    canvas.line(&path, GREY, 0.5, SOLID);
}

#[cfg(test)]
mod tests {
    use super::super::{fixture, fixture_scores};
    use super::*;

    #[test]
    fn every_size_is_tidy() {
        for runs in [0, 1, 2, 15, 60] {
            let data = fixture_scores::slope(runs);
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }

    #[test]
    fn a_tie_has_one_rank_and_as_many_labels() {
        let data = fixture_scores::slope(15);
        let page = Sheet { width: super::super::SheetWidth::Page, ..Sheet::default() };
        let canvas = layout(&data, page).unwrap();
        let count = |text: &str| canvas.texts().iter().filter(|t| t.text == text).count();
        let tied = data.rows.iter().filter(|row| row.new_value < 1.5).count();
        let rank = plain(data.rows.last().unwrap().new_rank);
        assert!(tied > 1 && rank.ends_with(".5") && count(&rank) == 1);
        for row in &data.rows {
            assert_eq!(count(&row.label), 2, "{}", row.label);
        }
    }

    #[test]
    fn the_subtitle_counts_those_who_move() {
        let mut data = fixture_scores::slope(15);
        for (row, places) in data.rows.iter_mut().zip([3.0, -3.0, 2.5]) {
            (row.old_rank, row.new_rank, row.places) = (7.0 + places, 7.0, places);
        }
        for row in &mut data.rows[3..] {
            (row.old_rank, row.places) = (row.new_rank, 0.0);
        }
        let page = Sheet { width: super::super::SheetWidth::Page, ..Sheet::default() };
        let canvas = layout(&data, page).unwrap();
        let has = |text: &str| canvas.texts().iter().any(|t| t.text.contains(text));
        assert!(has("0.72") && has("2 runs that move 3 ranks or more"));
        assert!(has("moves up") && has("moves down"));
        data.tau_b = None;
        for row in &mut data.rows {
            (row.old_rank, row.places) = (row.new_rank, 0.0);
        }
        let text = draw(&data, Sheet::default()).unwrap().as_str().to_owned();
        assert!(text.contains("undefined") && text.contains("no run moves 3 ranks"));
        assert!(!text.contains("moves up"));
    }

    #[test]
    fn runs_that_one_metric_does_not_rank_are_named() {
        let mut data = fixture_scores::slope(3);
        data.only_old = vec!["glm-4.6".to_owned()];
        data.only_new = vec!["kimi-k2.5".to_owned()];
        let canvas = layout(&data, Sheet::default()).unwrap();
        let texts: Vec<&str> = canvas.texts().iter().map(|t| t.text.as_str()).collect();
        let text = texts.join(" ");
        assert!(text.contains("by the old metric only, not drawn: glm-4.6."));
        assert!(text.contains("by the new metric only, not drawn: kimi-k2.5."));
        assert!(text.contains("n = 3 ranked of 5 runs"));
    }

    #[test]
    fn what_is_no_rank_is_refused() {
        let changes: [fn(&mut RankComparison); 6] = [
            |data| data.tau_b = Some(1.5),
            |data| data.rows[0].old_value = f64::NAN,
            |data| data.rows[0].new_value = f64::INFINITY,
            |data| data.rows[0].old_rank = 0.0,
            |data| data.rows[0].new_rank = 4.0,
            |data| data.rows[0].places += 1.0,
        ];
        for change in changes {
            let mut data = fixture_scores::slope(3);
            change(&mut data);
            assert!(matches!(draw(&data, Sheet::default()), Err(FigureError::Value { .. })));
        }
    }

    #[test]
    fn hostile_names_are_inert() {
        for name in fixture::HOSTILE {
            let mut data = fixture_scores::slope(6);
            for (row, name) in data.rows.iter_mut().zip(fixture::HOSTILE) {
                row.label = name.to_owned();
                (row.old_value, row.new_value) = (-3e22, 2e-300);
            }
            data.workload = name.repeat(9);
            (data.only_old, data.only_new) = (vec![name.repeat(9)], vec![name.to_owned()]);
            for by in [&mut data.old, &mut data.new] {
                (by.label, by.unit, by.pack) = (name.repeat(9), name.repeat(9), name.repeat(9));
                by.digits = Some(usize::MAX);
            }
            fixture::assert_tidy(|sheet| layout(&data, sheet));
        }
    }
}
