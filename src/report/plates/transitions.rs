//! What follows a passed stage, and what follows a failed one.

use super::prose::{count, name, percent};
use crate::analysis::{TransitionCounts, TransitionMatrix};
use crate::figures::{FigureError, Sheet, Svg, draw_transitions};
use crate::report::plate::columns;
use crate::report::{Kind, Plotted, Table, TableError, Value, Words};

impl Plotted for TransitionMatrix {
    fn figure(&self) -> &'static str {
        "transitions"
    }

    fn workload(&self) -> &str {
        &self.workload
    }

    fn words(&self) -> Words {
        let unknown = if self.pooled.unknown > 0 {
            format!(" Not counted: {} with an unknown outcome.", count(self.pooled.unknown, "pair"))
        } else {
            String::new()
        };
        let reading = if self.reading.trim().is_empty() {
            String::new()
        } else {
            format!(" {}", self.reading)
        };
        Words {
            title: format!("From one stage to the next, {}", name(&self.workload)),
            caption: format!(
                "Rows: whether a run passed a stage; columns: whether it passed the next one. Each cell: pairs of stages of \
                 runs, and their share of the row, which is also the colour. Large: all pairs; small: those into each stage. \
                 Gate: score of at least {}; n = {}, {} of stages.{unknown} Shares are without intervals.{reading}",
                self.gate,
                count(self.runs, "run"),
                count(self.stages.len(), "pair"),
            ),
            alt: alt(self),
        }
    }

    /// All pairs together have no stage.
    fn data(&self) -> Result<Table, TableError> {
        let named = [
            ("stage", Kind::Int),
            ("before", Kind::Text),
            ("after", Kind::Text),
            ("pairs", Kind::Int),
            ("share", Kind::Share),
        ];
        let mut table = Table::new(self.figure(), "", columns(&named))?;
        let all = std::iter::once((None, &self.pooled));
        for (stage, counts) in all.chain(self.stages.iter().map(|(stage, c)| (Some(*stage), c))) {
            for (before, [passed, failed]) in rows(counts) {
                for (after, pairs) in [("passed", passed), ("failed", failed)] {
                    let share = share(pairs, passed, failed);
                    table.push(vec![
                        stage.into(),
                        before.into(),
                        after.into(),
                        pairs.into(),
                        Value::from(share),
                    ])?;
                }
            }
        }
        Ok(table)
    }

    fn draw(&self, sheet: Sheet) -> Result<Svg, FigureError> {
        draw_transitions(self, sheet)
    }
}

/// After a pass and after a failure: what passed and what failed.
fn rows(counts: &TransitionCounts) -> [(&'static str, [u64; 2]); 2] {
    [
        ("passed", [counts.pass_pass, counts.pass_fail]),
        ("failed", [counts.fail_pass, counts.fail_fail]),
    ]
}

/// The share of a row; `None` of an empty one.
#[expect(clippy::cast_precision_loss, reason = "counts of runs are far below 2^53")]
fn share(pairs: u64, passed: u64, failed: u64) -> Option<f64> {
    let whole = u128::from(passed) + u128::from(failed);
    (whole > 0).then(|| pairs as f64 / whole as f64)
}

fn alt(data: &TransitionMatrix) -> String {
    let said = rows(&data.pooled).map(|(before, [passed, failed])| {
        let noun = if before == "passed" { "pass" } else { "failure" };
        share(passed, passed, failed).map_or_else(
            || format!("No stage comes after a {noun}."),
            |share| {
                let all = u128::from(passed) + u128::from(failed);
                format!("After a {noun}, {passed} of {all} next stages pass ({}).", percent(share))
            },
        )
    });
    format!("{}: {}", count(data.runs, "run"), said.join(" "))
}
