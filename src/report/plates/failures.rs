//! Where runs failed and why.

use super::prose::{count, name};
use crate::analysis::{FailureMap, Outcome};
use crate::figures::{FigureError, Sheet, Svg, draw_failure_map};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Words};

/// Causes that are said in words: the most frequent ones.
const MOST_SAID: usize = 5;
const OUTCOMES: [(Outcome, &str); 6] = [
    (Outcome::Passed, "passed"),
    (Outcome::Failed, "failed"),
    (Outcome::NotAttempted, "not attempted"),
    (Outcome::NoTests, "without tests"),
    (Outcome::Infra, "ended by infrastructure"),
    (Outcome::Unscored, "without a score"),
];

impl Plotted for FailureMap {
    fn figure(&self) -> &'static str {
        "failures"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        Words {
            title: format!("Failures and their causes, {}", name(&self.workload)),
            caption: format!(
                "Each cell is a stage of a run and how it ended; a check: passed, a score of at least {}, the gate. Colour \
                 and letter: the primary cause, found by rules in the trace; in brackets: stages of runs with the \
                 cause. Depth: leading stages that passed; the deepest runs come first. n = {}, {}. Counts are of \
                 the runs observed, without intervals.",
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
            ("outcome", Kind::Text),
            ("score", Kind::Float),
            ("cause", Kind::Text),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        for row in &self.rows {
            for (stage, cell) in self.stages.iter().zip(&row.cells) {
                table.push(vec![
                    row.label.as_str().into(),
                    (*stage).into(),
                    cell.outcome.name().into(),
                    cell.score.into(),
                    cell.cause.as_deref().into(),
                ])?;
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_failure_map(self, sheet)
    }
}

fn alt(data: &FailureMap) -> String {
    let number = |wanted: Outcome| {
        data.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.outcome == wanted).count()
    };
    let ended: Vec<String> = OUTCOMES
        .iter()
        .map(|(outcome, said)| (number(*outcome), said))
        .filter(|(n, _)| *n > 0)
        .map(|(n, said)| format!("{n} {said}"))
        .collect();
    let runs = count(data.rows.len(), "run");
    if ended.is_empty() {
        return format!("No stage; {runs}.");
    }
    let cells: usize = data.rows.iter().map(|row| row.cells.len()).sum();
    let mut text = format!("Of {} of {runs}: {}.", count(cells, "stage"), ended.join(", "));
    let causes: Vec<String> = data
        .causes
        .iter()
        .take(MOST_SAID)
        .map(|one| format!("{} ({})", name(&one.cause), one.stages))
        .collect();
    if !causes.is_empty() {
        text = format!("{text} Most frequent causes: {}.", causes.join(", "));
    }
    if let Some(deepest) = data.rows.first().filter(|row| row.depth > 0) {
        let passed = count(deepest.depth, "leading stage");
        text = format!("{text} The deepest run, {}, passes {passed}.", name(&deepest.label));
    }
    text
}
