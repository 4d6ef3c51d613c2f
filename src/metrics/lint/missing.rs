//! An unknown input is not taken for zero.
//!
//! Every stage of a table has the same score. A mean that leaves unknown stages out is then what it was, and differs from
//! one with a zero in their place; a sum that skips them does not.

use super::case::Case;
use super::property::Property;
use super::sample::{Effort, Tests, run};
use super::search::Check;
use super::subject::{Subject, differ, from_to};
use crate::rollup::{MadeRun, RUN_COLUMNS, STAGE_COLUMNS, View};
use std::collections::BTreeSet;

/// The check.
#[derive(Debug)]
pub(super) struct NullIsNotZero {
    inputs: Vec<Input>,
}

/// Columns that are unknown together.
#[derive(Debug)]
struct Input {
    what: &'static str,
    view: View,
    columns: Vec<&'static str>,
}

impl NullIsNotZero {
    /// The check of the inputs that metrics look at.
    pub(super) fn new(subjects: &[Subject]) -> Self {
        let read = |view: View| -> BTreeSet<&str> {
            let columns = |s: &Subject| match view {
                View::Stages => s.reads.stages.clone(),
                View::Runs => s.reads.runs.clone(),
            };
            let all = if view == View::Stages { STAGE_COLUMNS } else { RUN_COLUMNS };
            let named: BTreeSet<String> = subjects.iter().flat_map(columns).collect();
            all.iter().map(|c| c.name).filter(|c| named.contains(*c)).collect()
        };
        let mut inputs = Vec::new();
        for (view, all) in [(View::Stages, STAGE_COLUMNS), (View::Runs, RUN_COLUMNS)] {
            let read = read(view);
            for column in all.iter().filter(|c| read.contains(c.name)) {
                match column.name {
                    "tests_passed" | "tests_total" => {}
                    name => inputs.push(Input { what: name, view, columns: vec![name] }),
                }
            }
            for (what, unit) in
                [("test counts", "tests"), ("every token count", "tokens"), ("every time", "s")]
            {
                let columns: Vec<&str> =
                    all.iter().filter(|c| c.unit == unit).map(|c| c.name).collect();
                if columns.iter().any(|c| read.contains(c)) {
                    inputs.push(Input { what, view, columns });
                }
            }
        }
        Self { inputs }
    }
}

impl Check for NullIsNotZero {
    fn property(&self) -> Property {
        Property::NullIsNotZero
    }

    fn applies(&self, _: &Subject) -> bool {
        true
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for stages in 1..=3 {
            for (score, tests) in
                [(100.0, Tests::All), (80.0, Tests::AsScored), (50.0, Tests::AsScored)]
            {
                let original = run("run", &vec![score; stages], tests, Effort::TYPICAL);
                for input in &self.inputs {
                    let places = if input.view == View::Runs { 1 } else { stages };
                    cases.extend((0..places).filter_map(|stage| input.case(&original, stage)));
                }
            }
        }
        cases
    }

    fn may_simplify(&self) -> bool {
        false
    }

    fn broken(&self, _: &Subject, case: &Case, values: &[Vec<Option<f64>>]) -> Option<String> {
        let [original, null, zero] = values else { return None };
        let original = (*original.first()?)?;
        let (null, zero) = ((*null.first()?)?, (*zero.first()?)?);
        (differ(original, zero) && !differ(null, zero))
            .then(|| format!("{}: {}, as with 0", case.what, from_to(Some(original), Some(null))))
    }
}

impl Input {
    /// A run, the same without an input, and with 0 for it; nothing where the run does not have it.
    fn case(&self, run: &MadeRun, stage: usize) -> Option<Case> {
        let set = |name: &str, value: Option<f64>| {
            let mut run = run.clone();
            name.clone_into(&mut run.run_id);
            let row = match self.view {
                View::Runs => &mut run.numbers,
                View::Stages => &mut run.stages.get_mut(stage)?.1,
            };
            for column in &self.columns {
                let before = row.remove(column);
                if let Some(value) = value.filter(|_| before.is_some()) {
                    row.insert(*column, value);
                }
            }
            Some(run)
        };
        let row = match self.view {
            View::Runs => &run.numbers,
            View::Stages => &run.stages.get(stage)?.1,
        };
        let place = match self.view {
            View::Runs => "of the run".to_owned(),
            View::Stages => format!("of stage {stage}"),
        };
        let known: Vec<f64> = self.columns.iter().filter_map(|c| row.get(c).copied()).collect();
        let from = match known.as_slice() {
            [] => return None,
            [one] => format!("from {one} "),
            _ => String::new(),
        };
        let what = format!("{} {place} {from}to null", self.what);
        let tables =
            vec![vec![run.clone()], vec![set("null", None)?], vec![set("zero", Some(0.0))?]];
        Some(Case::new(tables, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::lint::search::report;

    #[test]
    fn means_leave_out_and_sums_take_for_zero() {
        let report = report(
            "",
            &[
                ("mean", "sql = \"AVG(score)\""),
                ("passes", "sql = \"SUM(CASE WHEN score >= 60 THEN 1 ELSE 0 END)\""),
                ("guarded", "sql = \"CASE WHEN COUNT(score) = COUNT(*) THEN SUM(score) END\""),
                ("tests", "sql = \"SUM(tests_passed)\""),
                ("rate", "sql = \"AVG(CAST(tests_passed AS DOUBLE) / NULLIF(tests_total, 0))\""),
                ("spent", "over = \"runs\"\nunit = \"USD\"\nsql = \"cost_usd\""),
                ("spent_or_0", "over = \"runs\"\nunit = \"USD\"\nsql = \"COALESCE(cost_usd, 0)\""),
                (
                    "tokens_or_0",
                    "over = \"runs\"\nunit = \"tokens\"\nsql = \"COALESCE(total_tokens, input_tokens, 0)\"",
                ),
            ],
        );
        let found: Vec<(&str, &str)> = report
            .findings
            .iter()
            .filter(|f| f.property == Property::NullIsNotZero)
            .map(|f| (f.metric.as_str(), f.message.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("passes", "score of stage 0 from 100 to null: 1 -> 0, as with 0"),
                ("tests", "test counts of stage 0 to null: 40 -> 20, as with 0"),
                ("spent_or_0", "cost_usd of the run from 4 to null: 4 -> 0, as with 0"),
                ("tokens_or_0", "every token count of the run to null: 2400000 -> 0, as with 0"),
            ]
        );
        let passes = &report.finding("passes", Property::NullIsNotZero).unwrap().counter_example;
        assert_eq!(passes.before[0].scores(), [Some(100.0)]);
        assert_eq!(passes.after[0].scores(), [None]);
        assert_eq!(passes.after[1].scores(), [Some(0.0)]);
        assert_eq!((passes.after[0].value, passes.after[1].value), (Some(0.0), Some(0.0)));
    }
}
