//! A figure as a paper needs it: the picture, the words under it, and the numbers in it.
//!
//! What can be drawn implements [`Plotted`], one file per figure in `plates`. The catalogue, `ramptrace figure`,
//! `analyze` and the HTML report all go through it, so that a figure has the same title, caption, text for readers who
//! cannot see it and data wherever it appears.

use super::column::{Column, Kind};
use super::{Format, Options, Table, TableError, inert, latex, markdown, render};
use crate::figures::{FigureError, Sheet, Svg};
use thiserror::Error;

/// Why a figure could not be made.
#[derive(Debug, Error)]
pub enum PlateError {
    /// Its numbers cannot be drawn.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// Its numbers are no table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Finished numbers that can be drawn.
pub trait Plotted: Send + Sync {
    /// Name in the catalogue, e.g. `collapse`.
    fn figure(&self) -> &'static str;

    /// The workload it shows.
    fn workload(&self) -> &str;

    /// What tells it from the other figures of its name and workload, e.g. a run; empty for the only one.
    fn part(&self) -> String {
        String::new()
    }

    /// Its words.
    fn words(&self) -> Words;

    /// Its numbers, a row per mark.
    fn data(&self) -> Result<Table, TableError>;

    /// Its picture.
    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError>;
}

/// What is written under a figure and said in place of it. Plain text; no markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One line, without a full stop.
    pub title: String,
    /// What the marks mean, n, gate, basis and interval method, in sentences.
    pub caption: String,
    /// What there is to see, for readers who cannot: the shape and the extremes, in sentences.
    pub alt: String,
}

impl Words {
    /// The same on one line each, with nothing that acts on its surroundings.
    fn inert(self) -> Self {
        let Self { title, caption, alt } = self;
        let [title, caption, alt] = [title, caption, alt].map(|text| inert::visible(&text));
        Self { title, caption, alt }
    }
}

/// A drawn figure.
#[derive(Debug, Clone)]
pub struct Plate {
    /// Name in the catalogue.
    pub figure: &'static str,
    /// The workload it shows.
    pub workload: String,
    /// What tells it from others of its name and workload; empty for the only one.
    pub part: String,
    /// Its words.
    pub words: Words,
    /// Its picture, with the alternative text in it.
    pub svg: Svg,
    /// Its numbers.
    pub data: Table,
}

impl Plate {
    /// Draws finished numbers.
    pub fn of(data: &dyn Plotted, sheet: Sheet) -> Result<Self, PlateError> {
        let words = data.words().inert();
        Ok(Self {
            figure: data.figure(),
            workload: data.workload().to_owned(),
            part: data.part(),
            svg: data.draw(sheet)?.described(&words.alt),
            data: data.data()?,
            words,
        })
    }

    /// Its numbers as CSV.
    pub fn csv(&self) -> String {
        render(&self.data, Format::Csv, &Options::default())
    }

    /// Caption and alternative text as Markdown, with the picture at `image`.
    pub fn markdown(&self, image: &str) -> String {
        let line = markdown::escape;
        let Words { title, caption, alt } = &self.words;
        format!("![{}]({image})\n\n**{}.** {}\n", line(alt), line(title), line(caption))
    }

    /// Its file name without extension: figure and part, with characters that file systems dislike as `_`.
    pub fn stem(&self) -> String {
        let joint = if self.part.is_empty() { "" } else { "_" };
        let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
        format!("{}{joint}{}", self.figure, self.part)
            .chars()
            .map(safe)
            .take(LONGEST_STEM)
            .collect()
    }

    /// A LaTeX figure with the picture at `image`.
    pub fn latex(&self, image: &str) -> String {
        let Words { title, caption, alt } = &self.words;
        let place = if self.svg.width_mm() > COLUMN_MM { "figure*" } else { "figure" };
        let path = image.rsplit_once('.').map_or(image, |(path, _)| path);
        let label = path.strip_prefix("figures/").unwrap_or(path).replace('/', "-");
        let width = format!("{:.1}mm", self.svg.width_mm());
        format!(
            "% {}\n\\begin{{{place}}}\n  \\centering\n  \\includegraphics[width=\\ifdim{width}>\\linewidth\\linewidth\\else{width}\\fi]{{{image}}}\n  \
             \\caption{{\\textbf{{{}.}} {}}}\n  \\label{{fig:{label}}}\n\\end{{{place}}}\n",
            inert::visible(alt),
            latex::escape(title),
            latex::escape(caption),
        )
    }
}

/// Characters of a file name.
const LONGEST_STEM: usize = 100;
/// Wider figures span two columns of a paper.
const COLUMN_MM: f64 = 90.0;

/// Columns of a figure's numbers: their names are their headings.
pub(super) fn columns(named: &[(&str, Kind)]) -> Vec<Column> {
    named.iter().map(|(name, kind)| Column::new(*name, *name, *kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Collapse;

    fn plate(workload: &str) -> Plate {
        let data =
            Collapse { workload: workload.to_owned(), gate: 60.0, runs: 0, points: Vec::new() };
        Plate::of(&data, Sheet::default()).unwrap()
    }

    #[test]
    fn words_are_escaped_for_each_markup() {
        let plate = plate("a_b & [c] \u{202e}");
        assert!(plate.latex("f/collapse.pdf").contains(r"a\_b \& {[}c]"));
        assert!(plate.latex("f/collapse.pdf").contains(r"\label{fig:f-collapse}"));
        assert!(plate.markdown("collapse.svg").contains(r"a_b \& \[c\]"));
        assert!(plate.svg.as_str().starts_with("<svg role=\"img\" aria-label=\""));
        assert!(
            !plate.latex("x").contains('\u{202e}') && !plate.markdown("x").contains('\u{202e}')
        );
    }

    #[test]
    fn names_of_files_are_safe() {
        let mut plate = plate("w");
        plate.part = "../../etc\\x y".to_owned();
        assert_eq!(plate.stem(), "collapse_______etc_x_y");
    }
}
