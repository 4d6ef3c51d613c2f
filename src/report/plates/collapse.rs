//! Pass rates along the stages.

use super::prose::{count, name};
use crate::analysis::{Collapse, Proportion};
use crate::figures::{FigureError, Sheet, Svg, draw_collapse};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for Collapse {
    fn figure(&self) -> &'static str {
        "collapse"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let ends = self.points.first().zip(self.points.last());
        let alt = ends.map_or_else(
            || format!("No stage of {} has a score.", count(self.runs, "run")),
            |(first, last)| {
                format!(
                    "Of {}, {} pass T{} and {} pass T{}; {} pass every stage.",
                    count(self.runs, "run"),
                    of(first.marginal),
                    first.stage,
                    of(last.marginal),
                    last.stage,
                    last.survival.x
                )
            },
        );
        Words {
            title: format!("Stage pass rates, {}", name(&self.workload)),
            caption: format!(
                "Marginal: runs that pass a stage, of those with a score for it. Conditional: of those that passed every \
                 earlier stage. Survival: runs that passed this and every earlier stage, of all. Gate: score of at least \
                 {}; n = {}; 95 % Wilson intervals.",
                self.gate,
                count(self.runs, "run")
            ),
            alt,
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("stage", Kind::Int),
            ("rate", Kind::Text),
            ("passed", Kind::Int),
            ("of", Kind::Int),
            ("share", Kind::Share),
            ("low", Kind::Share),
            ("high", Kind::Share),
        ];
        let mut table = Table::new("collapse", "", columns(&named))?;
        for point in &self.points {
            let rates = [
                ("marginal", Some(point.marginal)),
                ("conditional", point.conditional),
                ("survival", Some(point.survival)),
            ];
            for (name, rate) in rates {
                let Some(rate) = rate else { continue };
                table.push(vec![
                    point.stage.into(),
                    name.into(),
                    rate.x.into(),
                    rate.n.into(),
                    rate.point.into(),
                    rate.low.into(),
                    rate.high.into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_collapse(self, sheet)
    }
}

fn of(rate: Proportion) -> String {
    format!("{} of {}", rate.x, rate.n)
}
