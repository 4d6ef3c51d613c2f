//! Cost of every run.

use super::prose::{SINGLE_RUNS, count, dollars, left_out, n_of, name, number};
use crate::analysis::CostSpread;
use crate::figures::{FigureError, Sheet, Svg, draw_spread};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for CostSpread {
    fn figure(&self) -> &'static str {
        "spread"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let lines = if self.rows.len() > 1 {
            " Shaded: between the quartiles (type 7); dashed: the median."
        } else {
            ""
        };
        Words {
            title: format!("Cost per run, {}", name(&self.workload)),
            caption: format!(
                "Each mark is the cost of a run in US dollars on a log scale, cheapest first.{lines} {}; cost basis: \
                 {}.{} {SINGLE_RUNS}",
                n_of(self.rows.len(), "with a known cost", self.unpriced.len()),
                name(&self.basis),
                left_out("Cost unknown", &self.unpriced),
            ),
            alt: alt(self),
        }
    }

    /// Runs of unknown cost are rows of the figure too, without a mark.
    fn data(&self) -> Result<Table, TableError> {
        let named = [("label", Kind::Text), ("cost_usd", Kind::Float)];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            table.push(vec![row.label.as_str().into(), row.cost_usd.into()])?;
        }
        for label in &self.unpriced {
            table.push(vec![label.as_str().into(), Value::Null])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_spread(self, sheet)
    }
}

fn alt(data: &CostSpread) -> String {
    match data.rows.as_slice() {
        [] => "No run has a known cost.".to_owned(),
        [one] => format!("1 run, {}, costs {}.", name(&one.label), dollars(one.cost_usd)),
        [first, .., last] => {
            let mut text = format!(
                "{} cost from {} ({}) to {} ({})",
                count(data.rows.len(), "run"),
                dollars(first.cost_usd),
                name(&first.label),
                dollars(last.cost_usd),
                name(&last.label),
            );
            if let Some(ratio) = data.max_over_min {
                text = format!("{text}, {} times as much", number(ratio));
            }
            if let Some(median) = data.median {
                text = format!("{text}; the median is {}", dollars(median));
            }
            if let Some(sd) = data.geometric_sd {
                text = format!("{text}, the geometric standard deviation {}", number(sd));
            }
            text + "."
        }
    }
}
