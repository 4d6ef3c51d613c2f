//! Scores of every run in every stage.

use super::prose::{count, name, number};
use crate::analysis::{MatrixRow, ScoreMatrix};
use crate::figures::{FigureError, Sheet, Svg, draw_matrix};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for ScoreMatrix {
    fn figure(&self) -> &'static str {
        "matrix"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Stage scores, {}", name(&self.workload)),
            caption: format!(
                "Each cell is the score, 0 to 100, of a run in a stage; lighter is higher. Bold and framed: at least {}, \
                 the gate. Runs by their mean over the stages with a score. n = {}, {}. Cells are single \
                 observations, without intervals.",
                self.gate,
                count(self.rows.len(), "run"),
                count(self.stages.len(), "stage"),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("stage", Kind::Int),
            ("score", Kind::Float),
            ("status", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (stage, cell) in self.stages.iter().zip(&row.cells) {
                table.push(vec![
                    row.label.as_str().into(),
                    (*stage).into(),
                    cell.score.into(),
                    cell.status.as_deref().into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_matrix(self, sheet)
    }
}

fn alt(data: &ScoreMatrix) -> String {
    let scores =
        |row: &MatrixRow| row.cells.iter().filter_map(|cell| cell.score).collect::<Vec<_>>();
    let all: Vec<f64> = data.rows.iter().flat_map(scores).collect();
    if all.is_empty() {
        return format!("No score of {} is known.", count(data.rows.len(), "run"));
    }
    let at_gate = all.iter().filter(|score| **score >= data.gate).count();
    let mut means: Vec<(f64, &str)> =
        data.rows.iter().filter_map(|row| Some((row.mean?, row.label.as_str()))).collect();
    means.sort_by(|a, b| a.0.total_cmp(&b.0));
    let extremes = match means.as_slice() {
        [(low, worst), .., (high, best)] if low < high => format!(
            " The best mean is that of {}, {}; the lowest that of {}, {}.",
            name(best),
            number(*high),
            name(worst),
            number(*low)
        ),
        [(mean, ..), ..] => format!(" The mean is {}.", number(*mean)),
        [] => String::new(),
    };
    format!(
        "Of {} of {} in {}, {at_gate} reach the gate of {}.{extremes}",
        count(all.len(), "score"),
        count(data.rows.len(), "run"),
        count(data.stages.len(), "stage"),
        data.gate,
    )
}
