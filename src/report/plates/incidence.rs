//! Which share of the runs has failed by each stage, by the cause of the first failure.

use super::prose::{count, name, percent};
use crate::analysis::CumulativeIncidence;
use crate::figures::{FigureError, Sheet, Svg, draw_incidence};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

/// What the runs that have not failed are called in the data.
const NO_FAILURE: &str = "no failure";
/// Causes that are said in words: the most frequent ones.
const MOST_SAID: usize = 5;

impl Plotted for CumulativeIncidence {
    fn figure(&self) -> &'static str {
        "incidence"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        Words {
            title: format!("First failures by cause, {}", name(&self.workload)),
            caption: format!(
                "At the bottom: share of the runs that passed every stage so far. Above: share whose first failure was at \
                 this or an earlier stage, by cause (cumulative incidence, Aalen-Johansen). Gate: score of at least \
                 {}; n = {}, {} (ended by infrastructure or without a score). Point estimates, without \
                 intervals.",
                self.gate,
                count(self.runs, "run"),
                if self.censored == 1 {
                    "1 censored".to_owned()
                } else {
                    format!("{} censored", self.censored)
                },
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("stage", Kind::Int),
            ("cause", Kind::Text),
            ("share", Kind::Share),
            ("at_risk", Kind::Int),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let layers = std::iter::once((NO_FAILURE, &self.surviving))
            .chain(self.causes.iter().map(|one| (one.cause.as_str(), &one.shares)));
        for (cause, shares) in layers {
            for ((stage, share), at_risk) in self.stages.iter().zip(shares).zip(&self.at_risk) {
                table.push(vec![
                    (*stage).into(),
                    cause.into(),
                    (*share).into(),
                    (*at_risk).into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_incidence(self, sheet)
    }
}

fn alt(data: &CumulativeIncidence) -> String {
    let runs = count(data.runs, "run");
    let (Some(stage), Some(surviving)) = (data.stages.last(), data.surviving.last()) else {
        return format!("No stage; {runs}.");
    };
    let causes: Vec<String> = data
        .causes
        .iter()
        .filter_map(|one| Some((one, *one.shares.last()?)))
        .filter(|(_, share)| *share > 0.0)
        .take(MOST_SAID)
        .map(|(one, share)| format!("{} {}", name(&one.cause), percent(share)))
        .collect();
    let causes = if causes.is_empty() {
        String::new()
    } else {
        format!(" First failures by then: {}.", causes.join(", "))
    };
    format!("By T{stage}, {} of {runs} have not failed.{causes}", percent(*surviving))
}
