//! Score reached with at most so much of a resource.

use super::prose::{SINGLE_RUNS, count, dollars, left_out, n_of, name, number};
use crate::analysis::{BudgetCurve, BudgetCurves, BudgetLines, Resource};
use crate::figures::{FigureError, Sheet, Svg, draw_budget};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

impl Plotted for BudgetCurves {
    fn figure(&self) -> &'static str {
        "budget"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn part(&self) -> String {
        self.resource.name().to_owned()
    }

    fn words(&self) -> Words {
        let basis = self
            .basis
            .as_deref()
            .map_or(String::new(), |basis| format!("; cost basis: {}", name(basis)));
        let before = if self.has_baseline { "its baseline" } else { "0" };
        let time = match (self.resource, self.lines) {
            (Resource::Time, BudgetLines::Runs) => {
                " Time is what the harness reports, grading included."
            }
            (Resource::Time, BudgetLines::Models) => {
                " Time is since the first event of a run, grading included."
            }
            _ => "",
        };
        let line = match self.lines {
            BudgetLines::Runs => "run and their mean in bold",
            BudgetLines::Models => "model (the mean of its runs) and the mean of all runs in bold",
        };
        let band = if self.begun.is_some() {
            " Band: up to the mean with the final score of each stage counted from the first call in it on."
        } else {
            ""
        };
        Words {
            title: format!("Score within a budget of {}, {}", self.what(), name(&self.workload)),
            caption: format!(
                "Upper panel: mean over {} of the scores whose results had come in when at most so much was spent, a line \
                 per {line}; a stage without a result by then counts {before}.{band} Lower panel: share of \
                 stages passed. Dots: last result of a run. {}; gate: score of at least {}{basis}. Areas under the curves \
                 (in the data) reach to the dashed line, {}, linearly from 0 and by logarithm from {}, both set by this \
                 cohort unless given.{time}{} {SINGLE_RUNS}",
                count(self.stages, "stage"),
                n_of(self.runs, "drawn", self.left_out.len()),
                number(self.gate),
                self.written(self.most),
                self.written(self.least),
                left_out("Not drawn, spending by stage unknown", &self.left_out),
            ),
            alt: self.alt(),
        }
    }

    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("label", Kind::Text),
            ("stage", Kind::Int),
            ("spent", Kind::Float),
            ("score", Kind::Float),
            ("passed", Kind::Share),
            ("score_area", Kind::Float),
            ("score_area_log", Kind::Float),
            ("passed_area", Kind::Share),
            ("passed_area_log", Kind::Share),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let begun = self.begun.iter().map(|curve| ("mean, stages in work counted", curve));
        let lines = self.curves.iter().chain([&self.mean]).map(|c| (c.label.as_str(), c));
        for (label, curve) in lines.chain(begun) {
            for step in &curve.steps {
                table.push(vec![
                    label.into(),
                    step.stage.into(),
                    step.spent.into(),
                    step.score.into(),
                    step.passed.into(),
                    curve.score.linear.into(),
                    curve.score.log.into(),
                    curve.passed.linear.into(),
                    curve.passed.log.into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_budget(self, sheet)
    }
}

impl BudgetCurves {
    const fn what(&self) -> &'static str {
        match self.resource {
            Resource::Money => "money",
            Resource::Tokens => "tokens",
            Resource::Calls => "LLM calls",
            Resource::Time => "time",
        }
    }

    fn written(&self, amount: f64) -> String {
        match self.resource {
            Resource::Money => dollars(amount),
            Resource::Tokens | Resource::Calls | Resource::Time => {
                format!("{} {}", number(amount), self.resource.unit())
            }
        }
    }

    fn alt(&self) -> String {
        let end = |curve: &BudgetCurve| curve.score.reached;
        // Where the mean first has half of what it ends with.
        let half = self.mean.steps.iter().find(|step| 2.0 * step.score >= end(&self.mean));
        let half = half.map_or(String::new(), |step| {
            format!(", half of it with at most {}", self.written(step.spent))
        });
        let area = |a: &&BudgetCurve, b: &&BudgetCurve| a.score.linear.total_cmp(&b.score.linear);
        let best = self.curves.iter().max_by(area).map_or(String::new(), |curve| {
            let (label, area) = (name(&curve.label), number(curve.score.linear));
            format!(" {label} has the largest area, {area} points on average over budgets.")
        });
        let highest = self.curves.first().map_or(String::new(), |curve| {
            let last = curve.steps.last().map_or(0.0, |step| step.spent);
            let (label, score) = (name(&curve.label), number(end(curve)));
            format!(" {label} ends highest, at {score} points after {}.", self.written(last))
        });
        format!(
            "The mean of {} rises to {} points with {}{half}.{highest}{best}",
            count(self.runs, "run"),
            number(end(&self.mean)),
            self.written(self.most),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::analysis::Resource;
    use crate::figures::fixture_runs;
    use crate::report::Plotted;

    #[test]
    fn words_say_where_half_of_the_score_is_reached() {
        let mut data = fixture_runs::budget(1, 2, Resource::Calls);
        assert_eq!(
            data.words().alt,
            "The mean of 1 run rises to 100 points with 9 LLM calls, half of it with at most 3 LLM calls. \
             vendor00/some-long-model-name-0000-preview ends highest, at 100 points after 9 LLM calls. \
             vendor00/some-long-model-name-0000-preview has the largest area, 50 points on average over budgets."
        );
        data.has_baseline = true;
        assert!(data.words().caption.contains("by then counts its baseline"));
        assert_eq!(data.part(), "calls");
    }
}
