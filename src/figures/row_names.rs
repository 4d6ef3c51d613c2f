//! Names of the rows of a matrix, and the room they leave for its cells.
//!
//! A name is whole wherever the figure is wide enough for it beside roomy cells; the cells share what is left then, and
//! become wider than high in a wide figure.

use super::canvas::Canvas;
use super::header::{FULL, LABEL, LABEL_LIMIT};
use super::number::real;
use super::wording::fit;

/// The longest name that stays whole.
const LONGEST: f64 = 1.6 * LABEL_LIMIT;

/// The columns of a matrix.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    /// How many there are.
    pub(super) count: usize,
    /// Width of a cell, at least.
    pub(super) least: f64,
    /// Width of a cell that is easy to read: names take only what is beyond it.
    pub(super) roomy: f64,
    /// Width of a cell, at most.
    pub(super) most: f64,
    /// Width of all that is neither a name nor a cell.
    pub(super) others: f64,
    /// Room for names, even if all are shorter.
    pub(super) heading: f64,
}

/// Names and cells side by side.
#[derive(Debug, Clone)]
pub(super) struct Split {
    /// Width of the figure.
    pub(super) width: f64,
    /// The names as drawn.
    pub(super) names: Vec<String>,
    /// Room for them.
    pub(super) widest: f64,
    /// Cells side by side.
    pub(super) count: usize,
    /// Width of a cell.
    pub(super) cell: f64,
}

/// The narrowest usual figure that holds all columns; `None` when even the widest does not.
pub(super) fn fitting(canvas: &Canvas, names: &[&String], columns: Columns) -> Option<Split> {
    let splits = canvas.sheet.widths().map(|width| at(canvas, names, columns, width));
    splits.into_iter().find(|split| split.cell >= columns.least)
}

/// Names and cells in a figure of this width, where cells may be too narrow.
pub(super) fn at(canvas: &Canvas, names: &[&String], columns: Columns, width: f64) -> Split {
    let count = real(columns.count.max(1));
    let spare = width - columns.others - count * columns.roomy;
    let limit = spare.clamp(LABEL_LIMIT, LONGEST);
    let cut = |name: &&String| fit(&canvas.fonts, name, LABEL.size, LABEL.bold, limit);
    let names: Vec<String> = names.iter().map(cut).collect();
    let widths = names.iter().map(|name| canvas.text_width(name, LABEL));
    let widest = widths.fold(columns.heading, f64::max);
    let cell = ((width - columns.others - widest) / count).min(columns.most.max(columns.least));
    Split { width, names, widest, count: columns.count, cell }
}

/// The widest usual figure with as few even panels below each other as hold all columns.
pub(super) fn panels(canvas: &Canvas, names: &[&String], columns: Columns) -> Split {
    let room = FULL - columns.others - columns.heading;
    let most = (1..=columns.count).take_while(|n| real(*n) * columns.least <= room).count();
    let mut panels = columns.count.div_ceil(most.max(1)).max(1);
    loop {
        let count = columns.count.div_ceil(panels);
        let split = at(canvas, names, Columns { count, ..columns }, FULL);
        if split.cell >= columns.least || count <= 1 {
            return split;
        }
        panels += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::header::{COLUMN, WIDE};
    use super::super::sheet::{Sheet, SheetWidth};
    use super::*;

    const COLUMNS: Columns =
        Columns { count: 6, least: 19.0, roomy: 24.0, most: 54.0, others: 46.0, heading: 20.0 };

    #[test]
    fn names_come_before_wide_cells_and_cells_before_blanks() {
        let canvas = Canvas::new(Sheet::default(), COLUMN).unwrap();
        let (short, long) = ("glm-4.6".to_owned(), fixture::name(3));
        let split = |name: &String, columns| fitting(&canvas, &[name], columns).unwrap();
        let narrow = split(&short, COLUMNS);
        assert!((narrow.width - COLUMN).abs() < 1e-6 && narrow.cell > COLUMNS.least);
        let wide = split(&long, COLUMNS);
        assert!((wide.width - WIDE).abs() < 1e-6 && wide.names == [long.clone()]);
        assert!((wide.width - COLUMNS.others - wide.widest - 6.0 * wide.cell).abs() < 1e-6);
        // No room for all of the name: the cells keep their least width.
        let tight = split(&long, Columns { count: 9, ..COLUMNS });
        assert!(tight.names[0].contains('…') && tight.cell >= COLUMNS.least);
        assert!(fitting(&canvas, &[&long], Columns { count: 60, ..COLUMNS }).is_none());
        let page = Sheet { width: SheetWidth::Page, ..Sheet::default() };
        let page = Canvas::new(page, COLUMN).unwrap();
        let few = fitting(&page, &[&short], Columns { count: 2, ..COLUMNS }).unwrap();
        assert!((few.width - FULL).abs() < 1e-6 && (few.cell - COLUMNS.most).abs() < 1e-6);
    }

    #[test]
    fn panels_are_even_and_few() {
        let canvas = Canvas::new(Sheet::default(), COLUMN).unwrap();
        let name = fixture::name(3);
        // 518.7 - 46 - 104 points hold 19 cells of 19 points.
        for (count, per_panel) in [(20, 10), (40, 14), (200, 19)] {
            let split = panels(&canvas, &[&name], Columns { count, ..COLUMNS });
            assert_eq!(split.count, per_panel);
            assert!(split.cell >= COLUMNS.least);
        }
        assert_eq!(panels(&canvas, &[], Columns { count: 0, ..COLUMNS }).count, 0);
    }
}
