//! How often each run takes each rank under random weights.

use super::prose::{count, left_out, n_of, name, names, number, percent};
use crate::analysis::{AcceptabilityRow, RankAcceptability};
use crate::figures::{FigureError, Sheet, Svg, draw_acceptability};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for RankAcceptability {
    fn figure(&self) -> &'static str {
        "rank_acceptability"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        // A share of independent draws has a variance of at most a quarter.
        let error = 0.5 / f64::from(self.samples.max(1)).sqrt();
        Words {
            title: format!("Ranks under random weights, {}", name(&self.workload)),
            caption: format!(
                "Each cell is the share of {} in which a run takes a rank, printed from 0.05 on; bold: the most frequent. \
                 Random weights of {} (uniform on the simplex, seed {}). Runs by mean rank. {}.{} A tie splits a draw \
                 evenly. Shares are of simulated weights; their standard error is at most {} percentage \
                 points.",
                count(self.samples, "draw"),
                names(&self.criteria),
                self.seed,
                n_of(self.rows.len(), "ranked", self.unranked.len()),
                left_out("Not ranked, for want of one of these", &self.unranked),
                number(100.0 * error),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [("label", Kind::Text), ("rank", Kind::Int), ("share", Kind::Share)];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (index, share) in row.shares.iter().enumerate() {
                table.push(vec![row.label.as_str().into(), (index + 1).into(), (*share).into()])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_acceptability(self, sheet)
    }
}

fn alt(data: &RankAcceptability) -> String {
    let first = |row: &AcceptabilityRow| row.shares.first().copied().unwrap_or(0.0);
    let mut leaders: Vec<&AcceptabilityRow> =
        data.rows.iter().filter(|row| first(row) > 0.0).collect();
    leaders.sort_by(|a, b| first(b).total_cmp(&first(a)));
    let (Some(leader), Some(last)) = (leaders.first(), data.rows.last()) else {
        return "No run is ranked.".to_owned();
    };
    format!(
        "Runs that ever come first: {} of {}, most often {}, in {} of the draws. The lowest mean rank is that of {}, {}.",
        leaders.len(),
        data.rows.len(),
        name(&leader.label),
        percent(first(leader)),
        name(&last.label),
        number(last.mean_rank),
    )
}
