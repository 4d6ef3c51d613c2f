//! Cost per run on two bases.

use super::prose::{count, name};
use crate::analysis::PriceShift;
use crate::figures::{FigureError, Sheet, Svg, draw_price_shift};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for PriceShift {
    fn figure(&self) -> &'static str {
        "price_shift"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let [from_basis, to_basis] = [&self.from_basis, &self.to_basis].map(|basis| name(basis));
        let n = count(self.rows.len(), "run");
        let spread = self.max_over_min.map_or_else(
            || "There is no spread to compare.".to_owned(),
            |(from, to)| {
                format!(
                    "The dearest run costs {from:.3} times the cheapest on the basis {from_basis}, {to:.3} times on the \
                     basis {to_basis}."
                )
            },
        );
        let order = self.tau_b.map_or(String::new(), |tau| {
            format!(" Kendall's tau-b of the two orders is {tau:.2}.")
        });
        Words {
            title: format!("Cost per run on two bases, {}", name(&self.workload)),
            caption: format!(
                "Rings: cost on the basis {from_basis}; arrow heads: on the basis {to_basis}; the factor between them \
                 at the right. Log scale. n = {n} with a cost on both, {} without.",
                self.unpriced.len()
            ),
            alt: format!("Arrows of {n}. {spread}{order}"),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("from_basis", Kind::Text),
            ("from_usd", Kind::Float),
            ("to_basis", Kind::Text),
            ("to_usd", Kind::Float),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            table.push(vec![
                row.label.as_str().into(),
                self.from_basis.as_str().into(),
                row.from_usd.into(),
                self.to_basis.as_str().into(),
                row.to_usd.into(),
            ])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_price_shift(self, sheet)
    }
}
