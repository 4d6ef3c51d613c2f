//! Score against cost, with the runs that no other run beats on both.

use super::prose::{SINGLE_RUNS, count, dollars, left_out, n_of, name, number};
use crate::analysis::{Frontier, FrontierPoint};
use crate::figures::{FigureError, Sheet, Svg, draw_frontier};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for Frontier {
    fn figure(&self) -> &'static str {
        "frontier"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let mixtures = if self.points.iter().filter(|point| point.on_hull).count() > 1 {
            " Dashed: mean cost and mean score of mixtures of two runs."
        } else {
            ""
        };
        let unit = if self.score_unit.is_empty() {
            String::new()
        } else {
            format!(", in {},", name(&self.score_unit))
        };
        Words {
            title: format!("Score against cost, {}", name(&self.workload)),
            caption: format!(
                "Each mark is a run: its {}{unit} against its cost in US dollars on a log scale. Filled and \
                 joined by steps: the Pareto frontier, runs that no other run beats on both.{mixtures} {}; cost basis: \
                 {}.{} {SINGLE_RUNS}",
                name(&self.score_label),
                n_of(self.points.len(), "with score and cost", self.unpriced.len()),
                name(&self.basis),
                left_out("Cost unknown, not drawn", &self.unpriced),
            ),
            alt: alt(self),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("cost_usd", Kind::Float),
            ("score", Kind::Float),
            ("on_frontier", Kind::Bool),
            ("on_hull", Kind::Bool),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for point in &self.points {
            table.push(vec![
                point.label.as_str().into(),
                point.cost_usd.into(),
                point.score.into(),
                point.on_frontier.into(),
                point.on_hull.into(),
            ])?;
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_frontier(self, sheet)
    }
}

fn alt(data: &Frontier) -> String {
    let (cheapest, dearest) = match data.points.as_slice() {
        [] => return "No run has both a score and a cost.".to_owned(),
        [one] => {
            let (label, cost) = (name(&one.label), dollars(one.cost_usd));
            return format!("1 run, {label}, costs {cost} and scores {}.", number(one.score));
        }
        [first, .., last] => (first, last),
    };
    let said = |point: &FrontierPoint| {
        format!("{} ({} for {})", name(&point.label), number(point.score), dollars(point.cost_usd))
    };
    let best: Vec<&FrontierPoint> = data.points.iter().filter(|point| point.on_frontier).collect();
    let frontier = match best.as_slice() {
        [] => "None is on the frontier.".to_owned(),
        [one] => format!("The frontier is {} alone.", said(one)),
        [first, .., last] => {
            format!("{} are on the frontier, from {} to {}.", best.len(), said(first), said(last))
        }
    };
    format!(
        "{} cost from {} to {}. {frontier}",
        count(data.points.len(), "run"),
        dollars(cheapest.cost_usd),
        dollars(dearest.cost_usd),
    )
}
