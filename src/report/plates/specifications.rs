//! Agreement of a ranking with itself under other choices.

use super::prose::{count, name, names, range, tau};
use crate::analysis::{Specification, SpecificationCurve};
use crate::figures::{FigureError, Sheet, Svg, draw_specification};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for SpecificationCurve {
    fn figure(&self) -> &'static str {
        "specifications"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let all = self.specifications.len();
        let of = if self.possible > all {
            format!(" of {} possible", self.possible)
        } else {
            String::new()
        };
        let choices = self.axes.iter().map(|axis| &axis.name);
        Words {
            title: format!("Agreement under other choices, {}", name(&self.workload)),
            caption: format!(
                "Each column is a combination of choices ({}), lowest agreement first. Above: Kendall's tau-b of its \
                 ranking by {} with that of the pack as it is (diamond). Below: who comes first, and which option the \
                 combination takes; bold: the pack's own. n = {}{of}. Combinations are computed, not sampled: there are no intervals.",
                names(choices),
                name(&self.metric),
                count(all, "combination"),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("combination", Kind::Int),
            ("default", Kind::Bool),
            ("tau_b", Kind::Float),
            ("first", Kind::Text),
            ("choices", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for (index, one) in self.specifications.iter().enumerate() {
            let chosen = self.axes.iter().zip(&one.options);
            let choices: Vec<String> = chosen
                .filter_map(|(axis, o)| Some(format!("{} = {}", axis.name, axis.options.get(*o)?)))
                .collect();
            table.push(vec![
                (index + 1).into(),
                one.is_default.into(),
                one.tau_b.into(),
                one.first.join(", ").into(),
                choices.join("; ").into(),
            ])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_specification(self, sheet)
    }
}

fn alt(data: &SpecificationCurve) -> String {
    let all = &data.specifications;
    if all.is_empty() {
        return "No combination of choices.".to_owned();
    }
    let mut text = format!(
        "Over {}, tau-b is {}.",
        count(all.len(), "combination"),
        range(all.iter().map(|one| one.tau_b))
    );
    if let Some(pack) = all.iter().find(|one| one.is_default) {
        let differs = |one: &&Specification| {
            one.first.len() != pack.first.len()
                || !one.first.iter().all(|run| pack.first.contains(run))
        };
        let changed = all.iter().filter(differs).count();
        text = format!(
            "{text} First in the pack as it is: {}; first place differs in {changed}.",
            names(&pack.first)
        );
    }
    if let Some(least) = all.iter().find(|one| one.tau_b.is_some() && !one.is_default) {
        text = format!(
            "{text} First under the choices that agree least: {} (tau-b {}).",
            names(&least.first),
            tau(least.tau_b)
        );
    }
    let inert: Vec<&String> =
        data.axes.iter().filter(|axis| axis.inert).map(|axis| &axis.name).collect();
    if !inert.is_empty() {
        text = format!("{text} Changes nothing: {}.", names(inert));
    }
    text
}
