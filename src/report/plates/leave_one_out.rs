//! Ranks without each model in turn.

use super::prose::{count, left_out, n_of, name, number, range};
use crate::analysis::CohortPerturbation;
use crate::figures::{FigureError, Sheet, Svg, draw_perturbation};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for CohortPerturbation {
    fn figure(&self) -> &'static str {
        "leave_one_out"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Ranks without each model, {}", name(&self.workload)),
            caption: format!(
                "Each cell is the number of places that a run (column) moves among those that stay when a model (row) is \
                 left out: + up, - down, empty none, hatched left out itself. Ranked by {}. {}.{} Tau-b: Kendall's \
                 agreement of the ranking of those that stay before and after, {}. Every model is left out in turn; \
                 there are no intervals.",
                name(&self.metric),
                n_of(self.runs.len(), "ranked", self.unranked.len()),
                left_out("Without a value", &self.unranked),
                range(self.rows.iter().map(|row| row.tau_b)),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("left_out", Kind::Text),
            ("label", Kind::Text),
            ("places", Kind::Float),
            ("tau_b", Kind::Float),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (label, places) in self.runs.iter().zip(&row.moves) {
                table.push(vec![
                    row.left_out.as_str().into(),
                    label.as_str().into(),
                    (*places).into(),
                    row.tau_b.into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_perturbation(self, sheet)
    }
}

fn alt(data: &CohortPerturbation) -> String {
    let runs = count(data.runs.len(), "run");
    let moving = data.rows.iter().filter(|row| row.max_move > 0.0).count();
    let most = data.rows.iter().max_by(|a, b| a.max_move.total_cmp(&b.max_move));
    match most.filter(|row| row.max_move > 0.0) {
        Some(row) => format!(
            "{runs}: {moving} of {} move others when left out, at most {}, without {}.",
            count(data.rows.len(), "model"),
            count(number(row.max_move), "place"),
            name(&row.left_out),
        ),
        None => format!("{runs}: no rank moves, whichever model is left out."),
    }
}
