//! The dot matrix of a specification curve: which combination takes which option.

use std::collections::BTreeSet;

use plotters::style::RGBColor;

use crate::analysis::SpecificationCurve;

use super::area::Area;
use super::canvas::{Anchor, Canvas, Style};
use super::header::{LABEL, MARGIN, NOTE, STRONG};
use super::marker::{self, Marker};
use super::number::real;
use super::palette::{BLACK, BLUE, GREY, GRID, MID_GREY};
use super::stroke::SOLID;
use super::wording::fit;

const ROW: f64 = 9.0;
/// Between two groups; a rule runs through it.
const GROUP_GAP: f64 = 4.0;
const NAME_LIMIT: f64 = 74.0;
const NAME_GAP: f64 = 6.0;
const LABEL_GAP: f64 = 5.0;
/// Reach of a dot where there is room.
const DOT: f64 = 2.0;
/// Part of a column that half a dot takes at most.
const DOT_PART: f64 = 0.42;
/// Columns narrower than this hold bars in place of dots.
const LEAST_DOTTED: f64 = 3.0;
/// Height of such a bar.
const BAR: f64 = 5.0;
/// More runs in first place than this share a row.
const MOST_FIRST: usize = 6;
/// What is said about a choice that is inert.
const INERT: &str = "changes nothing";

/// Rows that belong together.
pub(super) struct Group {
    name: String,
    note: &'static str,
    color: RGBColor,
    rows: Vec<Row>,
}

/// An option, or a run in first place, with the columns that have it.
struct Row {
    label: String,
    is_pack: bool,
    taken: Vec<bool>,
}

impl Group {
    /// A note has a line of its own.
    fn height(&self) -> f64 {
        real(self.rows.len().max(if self.note.is_empty() { 1 } else { 2 })) * ROW
    }
}

/// Who comes first in each combination, and below that what is chosen.
pub(super) fn groups(canvas: &Canvas, data: &SpecificationCurve) -> Vec<Group> {
    let mut groups = vec![first_places(canvas, data)];
    for (index, axis) in data.axes.iter().enumerate() {
        let row = |(option, text): (usize, &String)| Row {
            label: label(canvas, text, option == 0),
            is_pack: option == 0,
            taken: data.specifications.iter().map(|s| s.options[index] == option).collect(),
        };
        groups.push(Group {
            name: name(canvas, &axis.name),
            note: if axis.inert { INERT } else { "" },
            color: if axis.inert { MID_GREY } else { BLACK },
            rows: axis.options.iter().enumerate().map(row).collect(),
        });
    }
    groups.retain(|group| !group.rows.is_empty());
    groups
}

fn name(canvas: &Canvas, text: &str) -> String {
    fit(&canvas.fonts, text, STRONG.size, STRONG.bold, NAME_LIMIT)
}

fn label(canvas: &Canvas, text: &str, bold: bool) -> String {
    fit(&canvas.fonts, text, LABEL.size, bold, canvas.sheet.label_limit())
}

/// The runs in first place, those of the pack first and then the most frequent.
fn first_places(canvas: &Canvas, data: &SpecificationCurve) -> Group {
    let pack: BTreeSet<&String> =
        data.specifications.iter().filter(|s| s.is_default).flat_map(|s| &s.first).collect();
    let all: BTreeSet<&String> = data.specifications.iter().flat_map(|s| &s.first).collect();
    let share = |run: &String| data.specifications.iter().filter(|s| s.first.contains(run)).count();
    let mut order: Vec<(bool, usize, &String)> =
        all.into_iter().map(|run| (!pack.contains(run), usize::MAX - share(run), run)).collect();
    order.sort();
    let shown = if order.len() > MOST_FIRST { MOST_FIRST - 1 } else { order.len() };
    let (named, others) = order.split_at(shown);
    let taken = |runs: &[(bool, usize, &String)]| {
        let has = |first: &Vec<String>| runs.iter().any(|(_, _, run)| first.contains(run));
        data.specifications.iter().map(|s| has(&s.first)).collect()
    };
    let mut rows: Vec<Row> = named
        .iter()
        .map(|run| Row {
            label: label(canvas, run.2, !run.0),
            is_pack: !run.0,
            taken: taken(std::slice::from_ref(run)),
        })
        .collect();
    if !others.is_empty() {
        let label = format!("{} others", others.len());
        rows.push(Row { label, is_pack: false, taken: taken(others) });
    }
    Group { name: "first place".to_owned(), note: "", color: BLUE, rows }
}

/// Room for the names and the options, at the left of the columns.
pub(super) fn left_room(canvas: &Canvas, groups: &[Group]) -> f64 {
    let options = groups.iter().flat_map(|group| &group.rows);
    let widest = options.map(|row| canvas.text_width(&row.label, face(row))).fold(0.0, f64::max);
    options_left(canvas, groups) + widest + LABEL_GAP
}

fn options_left(canvas: &Canvas, groups: &[Group]) -> f64 {
    let names = groups.iter().map(|group| {
        canvas.text_width(&group.name, STRONG).max(canvas.text_width(group.note, NOTE))
    });
    MARGIN + names.fold(0.0, f64::max) + NAME_GAP
}

fn face(row: &Row) -> Style {
    if row.is_pack { STRONG } else { LABEL }
}

/// Height of all groups.
pub(super) fn height(groups: &[Group]) -> f64 {
    groups.iter().map(|group| group.height() + GROUP_GAP).sum()
}

/// Draws the groups below each other; the columns are slots of equal width in `frame`.
pub(super) fn draw(canvas: &mut Canvas, groups: &[Group], frame: Area) {
    let column = options_left(canvas, groups);
    let mut top = frame.top;
    for group in groups {
        let rule = top + GROUP_GAP / 2.0;
        canvas.line(&[(MARGIN, rule), (frame.right, rule)], GREY, 0.3, SOLID);
        top += GROUP_GAP;
        let middle = top + ROW / 2.0;
        canvas.text_level(&group.name, (MARGIN, middle), Anchor::Start, STRONG);
        if !group.note.is_empty() {
            canvas.text_level(group.note, (MARGIN, middle + ROW), Anchor::Start, NOTE);
        }
        for (index, row) in group.rows.iter().enumerate() {
            let y = middle + real(index) * ROW;
            canvas.text_level(&row.label, (column, y), Anchor::Start, face(row));
            canvas.line(&[(frame.left, y), (frame.right, y)], GRID, 0.5, SOLID);
            draw_taken(canvas, &row.taken, y, frame, group.color);
        }
        top += group.height();
    }
}

fn draw_taken(canvas: &mut Canvas, taken: &[bool], y: f64, frame: Area, color: RGBColor) {
    let slot = frame.width() / real(taken.len().max(1));
    let mut index = 0;
    // Neighbours in one bar: between two bars that touch, a seam would shine through.
    for stretch in taken.chunk_by(|a, b| a == b) {
        let (left, width) = (frame.left + real(index) * slot, real(stretch.len()) * slot);
        index += stretch.len();
        if !stretch[0] {
            continue;
        }
        if slot < LEAST_DOTTED {
            canvas.block(Area::sized(left, y - BAR / 2.0, width, BAR), color);
            continue;
        }
        for turn in 0..stretch.len() {
            let x = left + (real(turn) + 0.5) * slot;
            marker::draw(canvas, Marker::Disc, (x, y), DOT.min(slot * DOT_PART), color);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture_ranks;
    use super::super::sheet::Sheet;
    use super::*;

    #[test]
    fn every_column_has_one_option_of_every_choice() {
        let data = fixture_ranks::specification(&[3, 2, 2]);
        let groups = groups(&Canvas::new(Sheet::default(), 300.0).unwrap(), &data);
        assert_eq!(groups.len(), 4);
        for group in &groups[1..] {
            for column in 0..12 {
                assert_eq!(group.rows.iter().filter(|row| row.taken[column]).count(), 1);
            }
        }
    }

    #[test]
    fn many_runs_in_first_place_share_a_row() {
        let mut data = fixture_ranks::specification(&[3, 4]);
        for (index, one) in data.specifications.iter_mut().enumerate() {
            one.first = vec![format!("run {index}")];
        }
        let pack = data.specifications.iter().position(|one| one.is_default).unwrap();
        let rows = first_places(&Canvas::new(Sheet::default(), 300.0).unwrap(), &data).rows;
        assert_eq!(rows.len(), MOST_FIRST);
        assert!(rows[0].is_pack && rows[0].label == format!("run {pack}"));
        assert_eq!(rows[5].label, "7 others");
        assert_eq!(rows[5].taken.iter().filter(|taken| **taken).count(), 7);
    }
}
